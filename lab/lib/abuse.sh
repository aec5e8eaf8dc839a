# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The helper under abuse, on a lab host of lab/lib/helper.sh: scenario 32 at CI size, ./dev load and ./dev fuzz bus at
# release size. Uses HOST, PLAN and COUNT.

# abuse_host [CARGO-ARGS…]: boots it, lets every call through the bus policy, so that the helper itself has to refuse
# it, and makes sixteen ordinary users.
abuse_host() {
  helper_host "$@"
  on sh -c 'cat >/etc/dbus-1/system.d/zz-lab-open.conf' <<'END'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><policy context="mandatory"><allow send_destination="org.bkt.Helper1"/></policy></busconfig>
END
  on systemctl reload dbus.service
  on sh -c 'for n in $(seq 16); do useradd user$n; done; touch $0' "$COUNT"
  root_applies reload:systemd >/dev/null
  make_plan start:lab-count.service
}

# traces: what privileged work leaves behind.
traces() {
  on sh -c 'submit history | jq length; cat $0; rpm -qa | sort | sha256sum; journalctl -q -u "bkt-executor@*" -o cat _PID=1 | wc -l
    systemctl list-unit-files --no-legend | sha256sum; cat /boot/loader/entries/* | sha256sum' "$COUNT"
}
# healthy: what a crash of the helper would leave in the journal.
healthy() {
  on sh -c '! journalctl -q -u bkt-helper.service --grep "panicked|Main process exited|watchdog|oom" -o cat'
}
jobs_there() { on sh -c 'submit history | jq -r ".[].id" | head -n 3 | sed "s,^,/org/bkt/Helper1/job/,"'; }
fuzz_as() { # USER SEED CALLS|SECONDSs
  # shellcheck disable=SC2046
  as "$1" python3 /usr/lib/bkt-lab/fuzz_bus.py "$2" "$3" "$PLAN" $(jobs_there)
}

# refused_by_all CALLS: 64 connections of sixteen users, each refused that often by polkit; a line for each user.
refused_by_all() {
  on sh -c 'for n in $(seq 16); do runuser -u user$n -- load refused 4 '"$1"' $0 & done; wait' "$PLAN"
}
# meanwhile COMMAND…: prints how an honest caller fares while COMMAND runs.
meanwhile() {
  on rm -f /run/lab-enough
  as sam load honest /run/lab-enough &
  local honest=$!
  "$@" >/dev/null
  on touch /run/lab-enough
  wait "$honest"
}
# memory: how many MiB of it the helper had at once, ever.
memory() {
  on sh -c 'awk "/^VmHWM/ {print int(\$2 / 1024) + 1}" /proc/$(systemctl show --value -p MainPID bkt-helper.service)/status'
}
