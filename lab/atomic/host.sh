# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A booted lab host, whatever it was booted from: running things in it, waiting for it to end.
# State of host NAME is below $BKT_LAB/NAME: pid (nspawn), leader (its PID 1), rc (how it ended), log.

host_exec() { # NAME COMMAND…: as root inside the host
  local name=$1
  shift
  nsenter -t "$(cat "$BKT_LAB/$name/leader")" -a -- \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root \
    /bin/sh -c 'cd /; exec "$@"' sh "$@"
}

host_user() { # NAME USER COMMAND…: as a person inside the host, with their session bus
  local name=$1 user=$2 id
  shift 2
  id=$(host_exec "$name" id -u "$user") || return 1
  host_exec "$name" runuser -u "$user" -- env HOME="/var/home/$user" USER="$user" LOGNAME="$user" \
    XDG_RUNTIME_DIR="/run/user/$id" DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$id/bus" "$@"
}

host_alive() { # NAME
  [ -f "$BKT_LAB/$1/pid" ] && [ ! -f "$BKT_LAB/$1/rc" ] && kill -0 "$(cat "$BKT_LAB/$1/pid")" 2>/dev/null
}

# host_wait NAME: blocks until the host has ended and prints how: 133 reboot, 0 power off.
host_wait() {
  local state=$BKT_LAB/$1
  tail --pid="$(cat "$state/pid")" -f /dev/null
  cat "$state/rc"
}

# host_stop NAME: powers the host off, by force if it will not.
host_stop() {
  local state=$BKT_LAB/$1 pid
  [ -f "$state/pid" ] || return 0
  pid=$(cat "$state/pid")
  if host_alive "$1"; then
    host_exec "$1" systemctl --no-block poweroff >/dev/null 2>&1 || kill -KILL "$(cat "$state/leader")" || true
    timeout 60 tail --pid="$pid" -f /dev/null || kill -KILL "$(cat "$state/leader")" || true
    tail --pid="$pid" -f /dev/null
  fi
  rm -f "$state/pid" "$state/leader"
}

# host_start NAME NSPAWN-ARGS…: boots with the given nspawn arguments and waits until systemd says
# the host is up. The log of the console is $BKT_LAB/NAME/log.
host_start() {
  local name=$1 state=$BKT_LAB/$1 listener leader line
  shift
  mkdir -p "$state"
  rm -f "$state"/{pid,leader,rc,notify}
  coproc LISTENER { exec python3 "$BKT_SRC/lab/atomic/ready.py" "$state/notify"; }
  # shellcheck disable=SC2153
  listener=$LISTENER_PID
  exec {line}<&"${LISTENER[0]}"
  read -r -u "$line" leader
  (
    trap '' INT
    rc=0
    NOTIFY_SOCKET=$state/notify SYSTEMD_LOG_LEVEL=notice systemd-nspawn -q --boot --notify-ready=yes \
      --console=read-only --register=no --keep-unit -M "$name" "$@" </dev/null >>"$state/log" 2>&1 || rc=$?
    echo "$rc" >"$state/rc"
    [ ! -S "$state/notify" ] || python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"LAB_GONE=1", sys.argv[1])' "$state/notify"
  ) &
  echo $! >"$state/pid"
  if read -r -u "$line" leader; then echo "$leader" >"$state/leader"; fi
  exec {line}<&-
  wait "$listener" || {
    tail -n 20 "$state/log" >&2
    die "the lab host $name did not boot; the whole log is $state/log"
  }
}
