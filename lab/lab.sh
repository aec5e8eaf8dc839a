# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# ./dev lab [package|atomic] [TREE…]: boots a lab host with GNOME Shell, opens a shell in it as sam (password
# lab, administrator; `exit` powers it off), and leaves a picture of its screen in target/lab/.
# Each TREE is laid over its / first, as `DESTDIR=TREE meson install` writes one.
kind=package
case ${1:-} in package | atomic) kind=$1 && shift ;; esac
# shellcheck source=/dev/null
. "$BKT_SRC/lab/atomic/all.sh"

name=dev-$kind
if [ "$kind" = package ]; then
  package_host "$name" "$@"
else
  disk=$BKT_CACHE/disks/$name
  trap 'hosts_end; atomic_remove "$disk"' EXIT
  atomic_init "$disk"
  trees=()
  for tree; do trees+=(--install "$tree"); done
  atomic_build "$BKT_LAB/$name-tree" "${trees[@]}"
  atomic_commit "$disk" "$BKT_LAB/$name-tree" "$ATOMIC_IMAGE" v1
  atomic_deploy "$disk" "$ATOMIC_IMAGE"
  atomic_boot "$name" "$disk"
fi
session_start "$name" sam
# the picture wants the panel, which slides in when the Shell has finished starting
session_eval "$name" sam \
  'while (Main.layoutManager._startingUp) imports.gi.GLib.MainContext.default().iteration(true); true' >/dev/null
picture=target/lab/$kind.png
session_shot "$name" sam "$BKT_SRC/$picture"
note "booted; its screen is in $picture; \`exit\` powers it off"
host_user "$name" sam /bin/bash -l || true
host_stop "$name"
