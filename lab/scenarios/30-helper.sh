#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The helper on a real host: dnf and systemd do what an approved plan says, polkit is asked, everything
# else is refused, and a job outlives the helper.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"

HOST=helper-test-$$ # two runs at once do not meet
PLAN=/run/lab-plan
JOB_DIR=/var/lib/bkt/jobs
on() { host_exec "$HOST" "$@"; }
as() { host_exec "$HOST" runuser -u "$1" -- "${@:2}"; }

tree=$(mktemp -d)
finish() {
  hosts_end
  mkdir -p "$BKT_SRC/target/test"
  cp "$BKT_LAB/$HOST/log" "$BKT_SRC/target/test/30-helper-console.log" || true
  rm -rf "$tree" "${BKT_LAB:?}/$HOST"
}
trap finish EXIT

"$BKT_SRC/dev" cargo build --quiet -p bkt-helper --bins --examples
install -D -t "$tree/usr/libexec" "$BKT_SRC"/target/debug/{bkt-helper,bkt-executor}
install -D "$BKT_SRC/target/debug/examples/submit" "$tree/usr/bin/submit"
install -D -m 644 "$BKT_SRC/lab/lib/dialog.py" "$tree/usr/lib/bkt-lab/dialog.py"
install -D -m 644 -t "$tree/usr/lib/systemd/system" "$BKT_SRC"/systemd/system/bkt-{helper,executor@}.service
install -D -m 644 -t "$tree/usr/share/dbus-1/system.d" "$BKT_SRC/data/dbus/org.bkt.Helper1.conf"
install -D -m 644 -t "$tree/usr/share/dbus-1/system-services" "$BKT_SRC/data/dbus/org.bkt.Helper1.service"
install -D -m 644 -t "$tree/usr/share/polkit-1/actions" "$BKT_SRC/data/polkit/org.bkt.helper.policy"
unit() { install -D -m 644 /dev/stdin "$tree/usr/lib/systemd/system/$1"; } # NAME: from standard input
printf '[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n' | unit lab-sleeps.service
printf '[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo once >/run/lab-once"\n' | unit lab-once.service
printf '[Service]\nType=oneshot\nExecStart=/bin/false\n' | unit lab-fails.service
package_host "$HOST" "$tree"

make_plan() { on sh -c "submit plan $* >$PLAN && chmod 644 $PLAN"; } # ITEM…: from the state of now
apply() { on sh -c "submit apply $* <$PLAN"; }                         # as root
last() { tail -n 1; }
root_applies() { make_plan "$@" && apply | last; }
refused() { as "$1" sh -c "submit apply ${*:2} <$PLAN" | cut -d: -f1; } # USER ARGS…: the error's name
error=org.bkt.Helper1.Error

check_is "the helper starts by itself and is idle" '{"version":"0.1.0","jobs":[],"interrupted":[]}' on submit status

# root, whom polkit always allows
check_is "a package is installed" "state done" root_applies install:htop
check_is "by dnf" htop on rpm -q --qf '%{name}' htop
check_is "a package is removed and two come, in one plan" "state done" root_applies remove:htop install:tuned install:nano
check_is "all three" 'package htop is not installed|nano|tuned' on sh -c "rpm -q --qf '%{name}\n' htop nano tuned | paste -sd'|'"
for step in enable:enabled mask:masked disable:disabled; do
  check_is "a unit gets ${step#*:}" "state done" root_applies "${step%:*}:tuned.service"
  check_is "for systemd too" "${step#*:}" on systemctl is-enabled tuned.service
done
for step in start:active restart:active stop:inactive; do
  check_is "a unit is told to ${step%:*}" "state done" root_applies "${step%:*}:lab-sleeps.service"
  check_is "and systemd is done with it" "${step#*:}" on systemctl is-active lab-sleeps.service
done
check_is "a unit that is enabled and started in one plan" "state done" root_applies enable:lab-sleeps.service start:lab-sleeps.service
check_is "is both" "enabled active" on sh -c \
  'echo $(systemctl is-enabled lab-sleeps.service) $(systemctl is-active lab-sleeps.service)'
check_is "a unit that does its work and ends was started" "state done" root_applies start:lab-once.service
check_is "and did it" once on cat /run/lab-once
check_is "a unit that fails fails its step" "state failed" root_applies start:lab-fails.service
check "which says what to look at" grep '"unit_job_failed".*journalctl -b -u lab-fails.service' \
  <(make_plan start:lab-fails.service && apply; true)
check_is "unit files can be read again" "state done" root_applies reload:systemd
make_plan stop:lab-sleeps.service
on systemctl stop lab-sleeps.service
check "a plan to stop what no longer runs is out of date" grep '"plan_stale".*unit:lab-sleeps.service changed' <(apply; true)
check_is "a kernel argument is added" "state done" root_applies karg:lab.test=1
check "to the boot entry" on grep -rqw lab.test=1 /boot/loader/entries
check_is "a second value of the same key is another argument" "state done" root_applies karg:console=tty0 karg:console=ttyS0
check_is "both are there" 2 on sh -c 'grep -o "console=tty[^ ]*" /boot/loader/entries/*.conf | sort -u | wc -l'
check_is "and one of them goes" "state done" root_applies no-karg:console=tty0
check_is "alone" console=ttyS0 on sh -c 'grep -oh "console=tty[^ ]*" /boot/loader/entries/*.conf | sort -u'
on sh -c 'mkdir -p /usr/etc/lab /etc/lab; echo image >/usr/etc/lab/a.conf; echo mine >/etc/lab/a.conf; chmod 600 /etc/lab/a.conf'
check_is "a file of /etc is restored from the image" "state done" root_applies restore:/etc/lab/a.conf
check_is "with its content, permissions and owner" "image 644 root" on sh -c \
  'echo $(cat /etc/lab/a.conf) $(stat -c "%a %U" /etc/lab/a.conf)'
check_is "what was there is kept, for root alone" "600 mine" on sh -c \
  'echo $(stat -c %a /var/lib/bkt/etc/*) $(tail -n 1 /var/lib/bkt/etc/*)'
check_is "the journal names the steps of a job" 2 on sh -c \
  "journalctl -o json --output-fields=MESSAGE_ID,ITEM ITEM=pkg:nano | jq -s length"

# what fails
root_applies install:lab-broken >/dev/null
check_is "a package that cannot be installed fails the job" failed on sh -c 'submit history | jq -r .[0].state'
check_is "and is not there" "package lab-broken is not installed" on rpm -q lab-broken

# sam has no polkit agent here; nobody is nobody
make_plan install:strace
check_is "sam without a dialog is told it needs one" "$error.InteractionRequired" refused sam --quiet
check_is "sam without an agent is refused" "$error.NotAuthorized" refused sam
check_is "nobody is refused" "$error.InteractionRequired" refused nobody --quiet
check_is "nobody is refused with a dialog too" "$error.NotAuthorized" refused nobody
check_is "sam may look at what a plan needs" '["org.bkt.helper.packages-install"]' \
  as sam sh -c "submit preview <$PLAN | jq -c .actions"
check_is "nothing ran" "package strace is not installed" on rpm -q strace
check_is "and sam has no jobs" '[]' as sam sh -c 'submit status | jq -c .jobs'
job=$(on sh -c "submit status | jq -r .jobs[0].id")
check_is "sam sees no job of root's" "$error.UnknownJob" \
  as sam sh -c "submit events /org/bkt/Helper1/job/$job 0 | tail -n 1 | cut -d: -f1"
check_is "and may not list them" 1 as sam sh -c \
  'busctl introspect org.bkt.Helper1 /org/bkt/Helper1/job >/dev/null 2>&1; echo $?'

good=$(on sh -c "submit preview <$PLAN | jq -r .sha256")
# sam with an agent: a terminal, and the password of an administrator
dialog() { # PASSWORD: applies the plan as sam, answering what polkit asks
  on python3 /usr/lib/bkt-lab/dialog.py sam "$1" $PLAN
}
check "a dialog says what is approved" grep -F "Bucket wants to change this computer: install 1 package (plan ${good:0:12})" \
  <(dialog wrong)
check_is "a wrong password is a no" "package strace is not installed" on rpm -q strace
check_is "the right one is a yes" "state done" sh -c 'tail -n 1 | tr -d "\r"' < <(dialog lab)
check_is "for this plan" strace on rpm -q --qf '%{name}' strace
make_plan remove:strace
check_is "and for no other" "$error.InteractionRequired" refused sam --quiet
check_is "sam has a job of its own now" 'done' as sam sh -c 'submit status | jq -r .jobs[0].state'
on dnf --quiet --assumeyes remove strace >/dev/null
make_plan install:strace

# plans that are not what they should be
good=$(on sh -c "submit preview <$PLAN | jq -r .sha256")
hash=$(on sha256sum $PLAN | cut -c1-64)
check_is "a wrong hash is refused" "$error.InvalidPlan: the plan is not the one that was reviewed: its hash differs" \
  apply --sha256 "$hash"
spoil() { # SED-SCRIPT ARGS…: what is said to a changed plan
  on sh -c "sed '$1' $PLAN | submit apply ${*:2}"
}
check_is "a changed byte is refused" "$error.InvalidPlan: the plan is not the one that was reviewed: its hash differs" \
  spoil 's/strace/stracf/' --sha256 "$good"
check "an unknown step is refused" grep "InvalidPlan: the plan cannot be read: unknown variant" \
  <(spoil 's/install-package/run-command/')
check "a package named -y is refused" grep "InvalidPlan: .*‘-y’ is not a valid package name" \
  <(spoil 's/"strace"/"-y"/')
check "a package named a;b is refused" grep "InvalidPlan: .*‘a;b’ is not a valid package name" \
  <(spoil 's/"strace"/"a;b"/')
check "a second command is refused" grep "InvalidPlan: .*unknown field" <(spoil 's/"steps"/"run":"sh","steps"/')
on sh -c 'echo mine >/etc/lab/a.conf'
make_plan restore:/etc/lab/a.conf
check_is "a file of /etc takes its own permission" '["org.bkt.helper.system-files"]' \
  as sam sh -c "submit preview <$PLAN | jq -c .actions"
check_is "which sam does not have" "$error.InteractionRequired" refused sam --quiet
check "a path out of /etc is refused" grep "InvalidPlan: .*is not a valid path of a file of /etc" \
  <(spoil 's|/etc/lab/|/etc/../lab/|g')
on sh -c 'mv /etc/lab /run/lab-moved; ln -s /run/lab-moved /etc/lab'
check "a folder that became a link is not followed" grep '"plan_stale".*symbolic link' <(apply; true)
check_is "and nothing behind it changed" mine on cat /run/lab-moved/a.conf
on sh -c 'rm /etc/lab; mv /run/lab-moved /etc/lab; cp /etc/passwd /usr/etc/'
make_plan restore:/etc/passwd
check "the accounts are never restored" grep "InvalidPlan: .*belongs to the machine and is never restored" <(apply || true)
make_plan mask:dbus.service
check "a unit the computer needs is never masked" \
  grep "InvalidPlan: .*this unit keeps the computer usable and is never turned off" <(apply || true)
for verb in stop restart; do
  make_plan $verb:dbus.service
  check "nor told to $verb" grep "InvalidPlan: .*this unit keeps the computer usable and is never stopped" <(apply || true)
done
make_plan start:lab-once.service
check_is "sam may not start a unit without permission" "$error.InteractionRequired" refused sam --quiet
make_plan install:strace
on dnf --quiet --assumeyes install powertop >/dev/null
check "a plan from before something changed is out of date" grep '"plan_stale".*packages were installed or removed' \
  <(apply; true)
check_is "and installs nothing" "package strace is not installed" on rpm -q strace

# a job and its helper's death
on mkfifo /run/lab-slow
make_plan install:lab-slow
apply >"$tree/slow" &
client=$!
wait_for() { timeout 60 sh -c "tail -n +1 -F '$1' 2>/dev/null | grep -q -m 1 '$2'"; } # FILE TEXT
check "a slow job begins" wait_for "$tree/slow" '"running"'
held='systemd-inhibit --list --no-legend --no-pager | grep -q "Bucket.*shutdown.*block"'
check "a shutdown is held off meanwhile" on timeout 60 sh -c "until $held; do sleep 0.2; done"
check_is "meanwhile another plan is refused" "$error.Busy: another change of this computer is running; try again when it is done" \
  on sh -c "submit plan install:ripgrep | submit apply"
owner='busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetNameOwner s org.bkt.Helper1 2>&1'
dying=$(on sh -c "$owner")
on systemctl kill --signal=KILL bkt-helper.service
check "the helper is gone" on timeout 60 sh -c "while [ \"\$($owner)\" = '$dying' ]; do sleep 0.1; done"
check_is "the executor goes on" activating on sh -c "systemctl show --value --property=ActiveState 'bkt-executor@*'"
check_is "a new helper knows the job" running on sh -c 'submit status | jq -r .jobs[0].state'
on sh -c 'echo go >/run/lab-slow'
wait "$client" || true
check_is "and tells its end to the old client" "state done" last <"$tree/slow"
check "and a shutdown no longer waits" on sh -c "! $held"
check_is "the package is there" lab-slow on rpm -q --qf '%{name}' lab-slow
job=$(sed -n 's/^job //p' "$tree/slow" | head -n 1)
check_is "a late client gets every event" "$(grep -c '^{' "$tree/slow")" on sh -c "submit events $job 0 | grep -c '^{'"

# being stopped: by a person, and by systemd
slow_job() { # NAME ITEM…: begins it
  on rm -f /run/lab-slow
  on dnf --quiet --assumeyes remove lab-slow >/dev/null 2>&1 || true
  on systemctl disable --quiet tuned.service
  on mkfifo /run/lab-slow
  make_plan install:lab-slow "${@:2}"
  apply >"$tree/$1" &
  client=$!
}
go_on() {
  on sh -c 'echo go >/run/lab-slow'
  wait "$client" || true
}
slow_job stopped enable:tuned.service
check "a job of two steps begins" wait_for "$tree/stopped" '"running"'
check "it can be asked to stop" on submit cancel "$(sed -n 's/^job //p' "$tree/stopped")"
go_on
check_is "it stops before its next step" "state partial" last <"$tree/stopped"
check "which is skipped" grep -q '"tuned.service\|unit:tuned.service","state":"skipped","problem":{"code":"stopped"' "$tree/stopped"
check_is "and not done" disabled on systemctl is-enabled tuned.service
slow_job terminated enable:tuned.service
check "another begins" wait_for "$tree/terminated" '"running"'
on systemctl stop --no-block 'bkt-executor@*.service'
go_on
check_is "systemd's stop lets the step end, too" "state partial" last <"$tree/terminated"
check_is "which is done" lab-slow on rpm -q --qf '%{name}' lab-slow

# an executor that dies
slow_job killed
check "a job to be killed begins" wait_for "$tree/killed" '"running"'
on systemctl kill --signal=KILL 'bkt-executor@*.service'
wait "$client" || true
check "of a killed executor's job another one looks up what became of it" grep -q '^state \(done\|failed\)$' "$tree/killed"
there=$(on sh -c 'rpm -q lab-slow >/dev/null && echo done || echo failed')
check_is "which is so" "state $there" last <"$tree/killed"
check_is "and nothing is unknown" '[]' on sh -c 'submit status | jq -c .interrupted'

# what leaves nothing to see when it is cut off
printf '[Service]\nType=oneshot\nExecStart=/bin/sleep infinity\n' | on sh -c 'cat >/run/systemd/system/lab-waits.service; systemctl daemon-reload'
make_plan start:lab-waits.service
apply >"$tree/unknown" &
client=$!
check "a unit that takes its time is started" wait_for "$tree/unknown" '"running"'
on systemctl kill --signal=KILL 'bkt-executor@*.service'
wait "$client" || true
check "of that nobody can know" grep -q '"unit:lab-waits.service","state":"failed","problem":{"code":"interrupted_unknown"' "$tree/unknown"
check_is "and the helper says which step that is" '[1]' on sh -c 'submit status | jq -c .interrupted[0].steps'
on systemctl stop lab-waits.service
check_is "a finished job cannot be run again" 65 on sh -c \
  "systemctl start bkt-executor@\$(submit history | jq -r .[0].id) 2>/dev/null; journalctl -o json -n 400 |
   jq -r 'select(.EXIT_STATUS == \"65\") | .EXIT_STATUS' | tail -n 1"

check_is "the records are root's alone" "700 root" on stat -c '%a %U' $JOB_DIR
check "the broker's exposure is at most 1.0" on systemd-analyze security --threshold=10 --no-pager bkt-helper.service
check "the executor's exposure is at most 6.5" on systemd-analyze security --threshold=65 --no-pager bkt-executor@x.service
check_is "the helper takes little memory" yes on sh -c \
  'submit status >/dev/null; p=$(systemctl show --value --property=MainPID bkt-helper); awk "/^RssAnon/ {print \$2 <= 10240 ? \"yes\" : \$2}" /proc/$p/status'
check_is "nothing was denied to the helper by its own sandbox" "" on sh -c \
  'journalctl -u bkt-helper --grep "(?i)permission denied|operation not permitted" --quiet --no-pager -o cat'
done_with_checks
