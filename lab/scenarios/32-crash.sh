#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A run that is cut off, at any time and by anything, ends with what it says of each step being so: the executor is
# killed, all below it, the broker with it, or the whole computer. BKT_ROUNDS is how often (./dev crash).
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"

HOST=crash-test-$$
ROUNDS=${BKT_ROUNDS:-6}
on() { host_exec "$HOST" "$@"; }

tree=$(mktemp -d)
finish() {
  hosts_end
  rm -rf "$tree" "${BKT_LAB:?}/$HOST"
}
trap finish EXIT

"$BKT_SRC/dev" cargo build --quiet -p bkt-helper --bins --examples
install -D -t "$tree/usr/libexec" "$BKT_SRC"/target/debug/{bkt-helper,bkt-executor}
install -D "$BKT_SRC/target/debug/examples/submit" "$tree/usr/bin/submit"
install -D "$BKT_SRC/lab/lib/crash-truth.sh" "$tree/usr/bin/crash-truth"
install -D -m 644 -t "$tree/usr/lib/systemd/system" "$BKT_SRC"/systemd/system/bkt-{helper,executor@}.service
install -D -m 644 -t "$tree/usr/share/dbus-1/system.d" "$BKT_SRC/data/dbus/org.bkt.Helper1.conf"
install -D -m 644 -t "$tree/usr/share/dbus-1/system-services" "$BKT_SRC/data/dbus/org.bkt.Helper1.service"
install -D -m 644 -t "$tree/usr/share/polkit-1/actions" "$BKT_SRC/data/polkit/org.bkt.helper.policy"
package_host "$HOST" "$tree"

STEPS=(install:htop install:tuned enable:tuned.service karg:lab.crash=1)
ITEMS=(pkg:htop pkg:tuned unit:tuned.service karg:lab.crash=1)
before() { # everything as it was before the run
  on sh -c 'dnf --quiet --assumeyes remove htop tuned >/dev/null 2>&1
    sed -i "s/ lab.crash=1//" /boot/loader/entries/*.conf /etc/kernel/cmdline 2>/dev/null; true'
}
begin() { # the run, in the background
  newest=$(on sh -c 'submit history | jq -r ".[0].id"')
  on sh -c "submit plan ${STEPS[*]} >/run/lab-plan"
  on sh -c 'submit apply </run/lab-plan' >"$tree/run" 2>&1 &
  client=$!
}
# The truth, once the job has an end.
truth() {
  on timeout 60 sh -c 'until submit status | jq -e "[.jobs[].state] | any(IN(\"pending\", \"running\")) | not" >/dev/null; do sleep 0.1; done'
  on crash-truth "$newest" "${ITEMS[@]}"
}
declare -A ends
judge() { # NAME: whether every word of the truth is so
  local words
  words=$(truth)
  ends[${words%% *}]=$((${ends[${words%% *}]:-0} + 1))
  check "$1: the job ended (${words%% *}) and each step is as it says" \
    bash -c '[[ $1 =~ ^(none|done|partial|failed|interrupted)(\ as-said){4}$ ]] || { echo "$1"; false; }' bash "$words"
}

before
start=$(date +%s%N)
begin
wait "$client" || true
whole=$((($(date +%s%N) - start) / 1000000)) # milliseconds
judge "not cut off"

for ((round = 1; round <= ROUNDS; round++)); do
  before
  begin
  # spread over the whole run
  delay=$((whole * round / (ROUNDS + 1)))
  sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))" # the time of the cut is what is tried
  case $((round % 3)) in
  0) what="the executor and all below it" && on systemctl kill --signal=KILL 'bkt-executor@*.service' ;;
  1) what="the executor alone" && on systemctl kill --kill-whom=main --signal=KILL 'bkt-executor@*.service' ;;
  2) what="executor and broker" && on systemctl kill --signal=KILL 'bkt-executor@*.service' bkt-helper.service ;;
  esac 2>/dev/null || true
  wait "$client" || true
  judge "$what killed after $delay ms"
done

before
begin
sleep "$(printf '%d.%03d' $((whole / 2000)) $((whole / 2 % 1000)))" # as above
mapfile -t arguments <"$BKT_LAB/$HOST/args"
# Without power nothing writes any more, not even that the bus is gone.
on pkill -STOP bkt-executor || true
host_kill "$HOST"
wait "$client" || true
host_boot "$HOST" "${arguments[@]}"
judge "the computer cut off after $((whole / 2)) ms"
check_is "a job that was cut off is not run again" 0 on sh -c \
  'systemctl list-units --no-legend "bkt-executor@*" | wc -l'
for state in "${!ends[@]}"; do echo "$state ${ends[$state]}"; done | sort >"$tree/ends"
cat "$tree/ends" >&2
done_with_checks
