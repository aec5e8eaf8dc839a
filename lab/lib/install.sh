# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Bucket as meson installs it, to be laid over a lab host.

# installed_tree: prints target/install, brought up to date first.
installed_tree() {
  local log=$BKT_SRC/target/install.log
  mkdir -p "$BKT_SRC/target"
  (root_exec build "$BKT_SRC/lab/checks/meson.sh") >"$log" 2>&1 || {
    grep -v '^PASS' "$log" | tail -n 20 >&2
    die "Bucket could not be installed; the whole log is $log"
  }
  printf '%s\n' "$BKT_SRC/target/install"
}
