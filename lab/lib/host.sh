# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A booted lab host, whatever it was booted from: start, run things in it, reboot, end.
# State of host NAME is in $BKT_LAB/NAME: leader (its PID 1), rc (how it ended), log (its console),
# args (how to boot it again). Every wait is for an event: a notification, a lock, a bus reply.

hosts=()

# host_boot NAME DIR [NSPAWN-ARGS…]: boots DIR and returns when systemd in it says it is up. If
# $BKT_LAB/NAME/layers exists, DIR is an overlay of them that only this host sees.
host_boot() {
  local name=$1 state=$BKT_LAB/$1 reader leader
  mkdir -p "$state"
  printf '%s\n' "${@:2}" >"$state/args"
  rm -f "$state"/{leader,rc,notify}
  hosts+=("$name")
  coproc LISTENER { exec python3 "$BKT_SRC/lab/lib/ready.py" "$state/notify"; }
  exec {reader}<&"${LISTENER[0]}"
  read -r -u "$reader" _ # it listens
  LOCK_FD=${scenario_lock:-} setsid bash "$BKT_SRC/lab/lib/boot.sh" "$state" "$@" </dev/null >>"$state/log" 2>&1 &
  read -r -u "$reader" leader && echo "$leader" >"$state/leader"
  # shellcheck disable=SC2154
  read -r -u "$reader" _ || true # end of file: up, or gone
  exec {reader}<&-
  if ! host_alive "$name"; then
    tail -n 20 "$state/log" >&2
    die "the lab host $name did not boot; the whole log is $state/log"
  fi
  host_exec "$name" systemctl is-system-running --wait >/dev/null || true
}

host_alive() { # NAME
  [ -f "$BKT_LAB/$1/leader" ] && ! flock --nonblock "$BKT_LAB/$1/lock" true
}

# host_exec NAME COMMAND…: as root inside, with a clean environment.
host_exec() {
  local leader
  leader=$(cat "$BKT_LAB/$1/leader") || die "the lab host $1 is not running"
  nsenter -t "$leader" -a -- \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root TERM="${TERM:-dumb}" \
    /bin/sh -c 'cd /; exec "$@"' sh "${@:2}"
}

# host_user NAME USER COMMAND…: as a person inside, with their session bus.
host_user() {
  local id home
  IFS=: read -r _ _ id _ _ home _ < <(host_exec "$1" getent passwd "$2") || die "no user $2 in the lab host $1"
  host_exec "$1" runuser -u "$2" -- env HOME="$home" USER="$2" LOGNAME="$2" XDG_RUNTIME_DIR="/run/user/$id" \
    DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$id/bus" /bin/sh -c 'cd; exec "$@"' sh "${@:3}"
}

# host_wait NAME: waits until the host has ended and prints how: 133 rebooting, 0 powered off.
host_wait() {
  flock "$BKT_LAB/$1/lock" true
  cat "$BKT_LAB/$1/rc"
}

# host_reboot NAME: reboots from inside; host_rebooted NAME: only waits for a reboot asked for inside.
host_reboot() {
  host_exec "$1" systemctl --no-block reboot
  host_rebooted "$1"
}
host_rebooted() {
  local rc args
  rc=$(host_wait "$1")
  [ "$rc" = 133 ] || die "the lab host $1 ended with $rc instead of rebooting; its log is $BKT_LAB/$1/log"
  mapfile -t args <"$BKT_LAB/$1/args"
  host_boot "$1" "${args[@]}"
}

# host_stop NAME: powers off, by force if it will not within a minute and a half.
host_stop() {
  local state=$BKT_LAB/$1
  host_alive "$1" || return 0
  host_exec "$1" systemctl --no-block poweroff >/dev/null 2>&1 || true
  flock --timeout 90 "$state/lock" true || host_kill "$1"
}
host_kill() {
  kill -KILL "$(cat "$BKT_LAB/$1/leader")" 2>/dev/null || true
  flock "$BKT_LAB/$1/lock" true
}

# Whatever ends the script, its hosts end with it.
hosts_end() {
  local name
  for name in "${hosts[@]}"; do ! host_alive "$name" || host_kill "$name"; done
}
trap hosts_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
