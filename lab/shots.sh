# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# ./dev shots: pictures of every page, wide, narrow and dark, into target/shots/.
. "$BKT_SRC/lab/sample.sh"

out=$BKT_SRC/target/shots
(inside cargo build --quiet -p bkt-app) || die "the window does not build: the errors are above"
rm -rf "$out"
sample "$out/sample"
inside "$BKT_SRC/lab/lib/headless.sh" "$BKT_SRC/lab/shots/take.sh" \
  "${CARGO_TARGET_DIR:-$BKT_SRC/target}/debug/bkt-gui" "$out/sample" "$out"
