#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# cargo.sh CARGO SOURCE TARGET PROFILE OUTPUT…: builds the workspace once and copies the named programs
# to where meson expects them. cargo decides what is out of date.
set -eu
cargo=$1 source=$2 target=$3 profile=$4
shift 4
CARGO_TARGET_DIR=$target "$cargo" build --manifest-path "$source/Cargo.toml" --locked --workspace \
  --exclude bkt-standins --profile "$profile"
[ "$profile" = dev ] && folder=debug || folder=$profile
for output; do
  built=$target/$folder/${output##*/}
  cmp -s "$built" "$output" || cp --preserve=mode "$built" "$output"
done
