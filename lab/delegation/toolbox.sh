#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# toolbox COMMAND…: a command in a container as toolbox makes them: a system of its own, the host's home, session
# bus and processes. MARK is the file that says so; WITHOUT_SPAWN leaves flatpak-spawn out.
set -euo pipefail
exec {empty}</dev/null
spawn=(--ro-bind /usr/libexec/flatpak-xdg-utils/flatpak-spawn /usr/local/bin/flatpak-spawn)
mark=${MARK-/run/.toolboxenv}
[ -z "${WITHOUT_SPAWN:-}" ] || spawn=()
exec bwrap --ro-bind /usr /usr --ro-bind /etc /etc --dev-bind /dev /dev --bind /proc /proc --bind /home /home --bind /tmp /tmp \
  --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
  --tmpfs /run --bind "$XDG_RUNTIME_DIR" "$XDG_RUNTIME_DIR" --dir /only-here ${mark:+--file "$empty" "$mark"} \
  --tmpfs /usr/local/bin --ro-bind /usr/lib/bkt-lab/toolbox-bkt /usr/local/bin/bkt "${spawn[@]}" "$@"
