# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The base of every atomic tree: the host root with the lab's rpm database, the person sam and the
# shape ostree deploys, committed once into a cached repository. Each version of an image is this
# commit plus a small overlay, so that it costs seconds.

# atomic_base: prints the directory with repo/ (ref `base`), var/ (the first /var) and layer/ (what
# differs from the host root, before it is given ostree's shape).
atomic_base() {
  local root
  need_root "making an atomic tree"
  need_debs systemd-nspawn:systemd-container jq
  root=$(readlink -f "$(root_path host)") || return 1
  root_path build >/dev/null || return 1
  lab_repos >/dev/null || return 1
  cached "atomic-$(atomic_base_key)-${root##*-}" unshare -m bash "$BKT_SRC/lab/atomic/make.sh" "$root"
}

atomic_base_key() {
  hash_of "$BKT_SRC/lab/atomic/make.sh" "$BKT_SRC/lab/atomic/files" "$BKT_SRC/lab/packages" \
    "$BKT_SRC/lab/lib/repos.sh" "$BKT_SRC/lab/sample/root/usr/lib/os-release"
}

# lab_run PROGRAM ARGS…: a program built for the host root, run in place on this machine, so that
# paths and hard links between trees are the machine's own.
lab_run() {
  local root
  root=$(root_path host) || return 1
  "$root/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" "$@"
}

lab_ostree() { lab_run "$(root_path host)/usr/bin/ostree" "$@"; }
