#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# boot.sh STATE NAME DIR [NSPAWN-ARGS…]: one boot of a lab host, the background half of host_boot.
# Holds STATE/lock as long as the host lives, so that its end can be waited for.
set -uo pipefail
state=$1 name=$2 dir=$3
shift 3

[ -z "${LOCK_FD:-}" ] || exec {LOCK_FD}>&- # a host must not outlive its script's lock
exec 9>"$state/lock"
flock 9

# A control group of its own: hosts that boot side by side would otherwise share theirs, and one
# would wait for the services of the other to end.
groups=()
while read -r mount; do
  group=$mount/bkt-lab-$name-$$
  mkdir "$group" 2>/dev/null && groups+=("$group")
done < <(findmnt -n -t cgroup2,cgroup -o TARGET,OPTIONS | awk '$1 ~ /(cgroup|unified|systemd)$/ { print $1 }')

boot() {
  local group
  for group in "${groups[@]}"; do echo "$BASHPID" >"$group/cgroup.procs"; done
  if [ -f "$state/layers" ]; then
    # an overlay in a namespace of its own: nothing to unmount when the host is gone
    mkdir -p "$dir" "$state/upper" "$state/work"
    set -- unshare -m sh -c 'mount -t overlay lab -o "$1" "$2" && shift 2 && exec "$@"' sh \
      "lowerdir=$(cat "$state/layers"),upperdir=$state/upper,workdir=$state/work" "$dir" "$@"
  fi
  NOTIFY_SOCKET=$state/notify SYSTEMD_LOG_LEVEL=notice SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec "$@"
}
(boot systemd-nspawn -q -D "$dir" --boot --notify-ready=yes --console=read-only \
  --register=no --keep-unit -M "$name" "$@" 9>&-)
echo $? >"$state/rc"

for group in "${groups[@]}"; do find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; done
[ ! -S "$state/notify" ] || python3 - "$state/notify" <<'EOP'
import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"LAB_GONE=1", sys.argv[1])
EOP
