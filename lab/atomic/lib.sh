# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The atomic lab host: source this file and use the atomic_*, host_* and session_* functions.
# Nothing here touches the machine outside $BKT_CACHE, $BKT_LAB and the trees given as arguments.

: "${BKT_SRC:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
for part in lib/common lib/root atomic/base atomic/tree atomic/sysroot atomic/host atomic/boot session/session; do
  # shellcheck source=/dev/null
  . "$BKT_SRC/lab/$part.sh"
done
unset part

# lab_run PROGRAM ARGS…: a program built for the host root, run in place on this machine, so that
# paths and hard links between trees are the machine's own.
lab_run() {
  local root
  root=$(root_path host) || return 1
  "$root/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" "$@"
}

lab_ostree() { lab_run "$(root_path host)/usr/bin/ostree" "$@"; }
