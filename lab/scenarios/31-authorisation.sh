#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Who may do what, with the real bus, the real polkit and real sessions: every member as every subject under every
# policy; what happens while polkit asks; and, by strace, that nothing is opened or executed before its yes.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"
. "$BKT_SRC/lab/lib/helper.sh"

HOST=authorisation-test-$$
PLAN=/run/lab-plan
COUNT=/run/lab-count
error=org.bkt.Helper1.Error
helper_host
trap helper_host_end EXIT

# ---- the matrix

on useradd --create-home --groups sudo ann
on useradd --create-home pat
on touch $COUNT
root_applies reload:systemd >/dev/null
roots=0:$(on sh -c 'echo /org/bkt/Helper1/job/$(submit status | jq -r .jobs[0].id)')
make_plan start:lab-count.service

policy() { # NAME: what polkit is told, from now on
  local body=
  on systemctl unmask --runtime --quiet polkit.service
  case $1 in
    yes) body='return polkit.Result.YES;' ;;
    no) body='return polkit.Result.NO;' ;;
    ask) body='return polkit.Result.AUTH_ADMIN;' ;;
    active-administrators) body='if (s.active && s.local && s.isInGroup("sudo")) return polkit.Result.YES;' ;;
  esac
  on sh -c 'cat >/etc/polkit-1/rules.d/00-lab.rules' <<<"polkit.addRule(function(a, s) {
    if (a.id.indexOf('org.bkt.helper.') == 0) { $body } });"
  if [ "$1" = masked ]; then
    on systemctl mask --runtime --quiet --now polkit.service
  else
    on systemctl restart polkit.service
  fi
}
# came_in USER HOW COMMAND…: as that user, from the seat, from afar, or as a service
came_in() {
  local seat=()
  case $2 in
    seat) seat=(--setenv=XDG_SEAT=seat0 --setenv=XDG_SESSION_TYPE=wayland) ;;
    afar) seat=(--setenv=XDG_SESSION_TYPE=tty) ;;
    service) on runuser -u "$1" -- "${@:3}" && return ;;
  esac
  on systemd-run --quiet --collect --wait --pipe --uid="$1" --property=PAMName=login \
    --setenv=XDG_SESSION_CLASS=user "${seat[@]}" "${@:3}"
}
check_is "an administrator at the seat is active and local" "seat0 yes" came_in sam seat \
  sh -c 'loginctl show-session "$XDG_SESSION_ID" -p Active -p Seat --value | paste -sd" "'
check_is "one from afar has no seat" "" came_in ann afar sh -c 'loginctl show-session "$XDG_SESSION_ID" -p Seat --value'

policy yes
as sam sh -c "submit apply --quiet <$PLAN" >/dev/null
sams=1000:$(on sh -c 'echo /org/bkt/Helper1/job/$(submit history | jq -r "map(select(.uid == 1000))[0].id")')
try() { # SUBJECT POLICY USER HOW
  local out
  if out=$(came_in "$3" "$4" matrix "$1" "$2" $PLAN $COUNT "$roots" "$sams" 2>&1) && grep -q '^\(PASS\|FAIL\)' <<<"$out"; then
    grep '^\(PASS\|FAIL\)' <<<"$out"
    ! grep -q '^FAIL' <<<"$out" || failed=1
  else
    check "$1, policy $2" sh -c 'echo "$1"; false' sh "$out"
  fi
}
for policy in yes no ask active-administrators masked; do
  policy $policy
  try root $policy root service
  try administrator-active $policy sam seat
  try administrator-remote $policy ann afar
  try user-active $policy pat seat
  try user $policy pat service
  try nobody $policy nobody service
  # A caller who is gone before the helper looks at the call, whoever it was.
  before=$(on wc -l $COUNT)
  on submit status >/dev/null # it is up
  on systemctl kill --signal=STOP bkt-helper.service
  for user in root sam nobody; do as $user sh -c "timeout --signal=KILL 1 submit apply <$PLAN" >/dev/null 2>&1 || true; done
  on systemctl kill --signal=CONT bkt-helper.service
  on submit status >/dev/null # it has looked at what came before
  check_is "a caller who vanished, policy $policy: nothing runs" "$before" on wc -l $COUNT
done
on rm /etc/polkit-1/rules.d/00-lab.rules
on systemctl unmask --runtime --quiet polkit.service
on gpasswd --delete ann sudo >/dev/null # so that there is no question whose password it is

# ---- while polkit asks

dialog() { on python3 /usr/lib/bkt-lab/dialog.py "$@"; } # USER PASSWORD PLAN [COMMAND]
OTHER=/run/lab-other-plan
on sh -c "submit plan start:lab-sleeps.service >$OTHER && chmod 644 $OTHER"
counted() { on wc -l $COUNT; }
nothing_ran() { check_is "$1: nothing ran" "$before" counted; }
before=$(counted)
out=$(dialog sam wrong $PLAN "runuser -u sam submit apply <$OTHER | cut -d: -f1; runuser -u sam submit apply <$PLAN | cut -d: -f1")
check_is "another plan, and the same again, wait for no second dialog" "$error.Busy $error.Busy" \
  bash -c 'grep -o "$1[A-Za-z.]*" <<<"$2" | head -n 2 | paste -sd" "' bash "$error" "$out"
nothing_ran "after a wrong password"
check_is "nor the other one" inactive on systemctl is-active lab-sleeps.service
dialog sam lab $PLAN 'kill -KILL $SUBMIT' >/dev/null
nothing_ran "a caller who goes while it asks, and then the right password"
dialog sam lab $PLAN 'pkill -KILL pkttyagent' >/dev/null
nothing_ran "an agent that goes while it asks"
dialog sam lab $PLAN 'systemctl restart polkit.service' >/dev/null
nothing_ran "a polkit that is restarted while it asks"
dialog sam lab $PLAN 'systemctl kill --signal=KILL bkt-helper.service' >/dev/null
nothing_ran "a helper that is killed while it asks"
on sh -c "submit plan install:nano >$OTHER"
check "a state that changes while it asks makes the plan out of date" grep '"plan_stale"' \
  <(dialog sam lab $OTHER 'dnf --quiet --assumeyes install powertop')
check_is "and nothing is installed" "package nano is not installed" on rpm -q nano
dialog sam lab $PLAN >/dev/null
check_is "the right password alone runs it once" $((${before%% *} + 1)) sh -c 'echo "${1%% *}"' sh "$(counted)"

# ---- strace: the helper and systemd, from the call to the yes

trace() { # NAME PID ARGS…: begins to write /run/lab-trace-NAME
  on sh -c 'name=$1 pid=$2; shift 2; strace -f -ttt -s 4096 -o /run/lab-trace-$name -p $pid "$@" 2>/run/lab-strace-$name &
    timeout 30 sh -c "until grep -qs attached /run/lab-strace-$name; do sleep 0.05; done"' sh "$@"
}
traced() { # NAME COMMAND…: with the helper and PID 1 watched
  local name=$1
  on submit status >/dev/null
  trace "$name-helper" "$(on systemctl show --value --property=MainPID bkt-helper.service)"
  trace "$name-systemd" 1 -e trace=execve,execveat
  "${@:2}" >/dev/null 2>&1 || true
  on sh -c 'pkill -INT -x strace; while pgrep -x strace >/dev/null; do sleep 0.05; done'
}
quiet_before_yes() { # NAME CALLS
  on python3 /usr/lib/bkt-lab/before_yes.py "/run/lab-trace-$1-helper" "/run/lab-trace-$1-systemd" "$2"
}
traced refused as nobody sh -c "submit apply --quiet <$PLAN"
check "a refused plan opens and executes nothing" quiet_before_yes refused refused
traced declined dialog sam wrong $PLAN
check "a declined one neither" quiet_before_yes declined refused
traced agreed dialog sam lab $PLAN
check "an approved one nothing before polkit's yes, and its executor after it" quiet_before_yes agreed agreed
done_with_checks
