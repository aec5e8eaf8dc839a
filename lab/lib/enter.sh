#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# enter.sh ROOT COMMAND…: the second half of root_exec, already inside a private mount namespace.
set -euo pipefail
root=$1
shift

bind() {
  [ -e "$1" ] || return 0
  if [ -d "$1" ]; then mkdir -p "$root$1"; else [ -e "$root$1" ] || install -D /dev/null "$root$1"; fi
  mount "${2:---bind}" "$1" "$root$1"
}
# podman wants its root to be a mount
[ -z "${BKT_ROOT_IS_MOUNT:-}" ] || mount --bind "$root" "$root"
for path in /proc /sys /dev; do bind "$path" --rbind; done
for path in /tmp /var/tmp /etc/resolv.conf /etc/ssl /etc/pki /etc/hosts \
  "${CARGO_HOME:-$HOME/.cargo}" "${RUSTUP_HOME:-$HOME/.rustup}" "${XDG_RUNTIME_DIR:-}" \
  "$BKT_CACHE" "$BKT_SRC" "$(git -C "$BKT_SRC" rev-parse --path-format=absolute --git-common-dir)" \
  ${BKT_BIND:-}; do
  [ -z "$path" ] || bind "$path"
done

export PATH="$BKT_CACHE/tools/bin:${CARGO_HOME:-$HOME/.cargo}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export BKT_IN_ROOT=1 LANG=C.UTF-8
exec chroot "$root" /bin/sh -c 'cd "$0" 2>/dev/null || cd /; exec "$@"' "$PWD" "$@"
