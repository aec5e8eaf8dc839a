#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every write of a run, in turn: the disk is full there, it fails, the executor is asked to stop, or it is killed. Each
# run ends, and what it says of each step is so. BKT_KINDS=all has all four at each write (./dev crash), else one. Where
# what a tool says cannot be written, the tool goes on.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"
. "$BKT_SRC/lab/lib/helper.sh"

HOST=write-errors-$$
# shellcheck disable=SC2034
PLAN=/run/lab-plan
trap helper_host_end EXIT
helper_host
STEPS=(enable:lab-one.service karg:lab.write=1 enable:lab-two.service)
ITEMS=(unit:lab-one.service karg:lab.write=1 unit:lab-two.service)
KINDS=(error=ENOSPC error=EIO signal=SIGTERM signal=SIGKILL)

# The first executor after /run/lab-inject was written runs with that fault; one that looks up afterwards does not.
on sh -c 'cat >/usr/bin/lab-executor && chmod +x /usr/bin/lab-executor' <<'END'
#!/bin/sh
[ -e /run/lab-inject ] || exec /usr/libexec/bkt-executor "$1"
fault=$(cat /run/lab-inject) && rm /run/lab-inject
job=/var/lib/bkt/jobs/$1
# strace looks at the first name of a rename alone; the tools' own renames may fail as well.
case $fault in rename*) only= ;; *) only="-P $job/events.jsonl -P $job/job.json" ;; esac
# shellcheck disable=SC2086
exec strace -f -qq -o /run/lab-fault $only -e "trace=${fault%%:*}" -e inject="$fault" /usr/libexec/bkt-executor "$1"
END
on mkdir -p /etc/systemd/system/bkt-executor@.service.d
on sh -c 'cat >/etc/systemd/system/bkt-executor@.service.d/lab.conf' <<'END'
[Service]
SystemCallFilter=
ExecStart=
ExecStart=/usr/bin/lab-executor %i
END
for unit in lab-one lab-two; do
  printf '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n' |
    on sh -c "cat >/etc/systemd/system/$unit.service"
done
on sh -c 'cat >/usr/bin/crash-truth && chmod +x /usr/bin/crash-truth' <"$BKT_SRC/lab/lib/crash-truth.sh"
on systemctl daemon-reload

run() { # FAULT: prints whether it came to pass, the job's state, and a word for each step
  on sh -s "$1" "${STEPS[*]}" "${ITEMS[*]}" <<'END'
systemctl --quiet disable lab-one.service lab-two.service
sed -i "s/ lab.write=1//" /boot/loader/entries/*.conf /etc/kernel/cmdline 2>/dev/null
newest=$(submit history | jq -r '.[0].id')
submit plan $2 >/run/lab-plan
printf %s "$1" >/run/lab-inject
rm -f /run/lab-fault
timeout 60 submit apply </run/lab-plan >/dev/null 2>&1
timeout 60 sh -c 'until submit status | jq -e "[.jobs[].state] | any(IN(\"pending\", \"running\")) | not" >/dev/null; do sleep 0.1; done'
grep -qE 'INJECTED|--- SIG(TERM|KILL)|killed by SIGKILL' /run/lab-fault && printf 'met ' || printf 'not-met '
crash-truth "$newest" $3
END
}
said() { # NAME FAULT
  words=$(run "$2")
  met=${words%% *}
  [ "$met" = not-met ] ||
    check "$1: the job ended and each step is as it says" \
      bash -c '[[ $1 =~ ^met\ (none|done|partial|failed|interrupted|stopped)(\ as-said){3}$ ]] || { echo "$1"; false; }' bash "$words"
}
tried=0
for call in write fdatasync rename renameat renameat2; do
  for ((n = 1; n <= 40; n++)); do
    kinds=("${KINDS[@]}")
    [ "${BKT_KINDS:-}" = all ] || kinds=("${KINDS[tried % 4]}")
    for kind in "${kinds[@]}"; do said "$kind at $call $n" "$call:$kind:when=$n"; done
    [ "$met" = met ] || break
    tried=$((tried + 1))
  done
done
check "there were writes to fail: $tried" test "$tried" -ge 16
# A disk that is full from the second line on, while dnf is in the middle: what it says is lost, it is not ended for that.
# Nor is the record of the end written, so another executor looks up what is so.
STEPS=(install:htop)
ITEMS=(pkg:htop)
check_is "what a tool says and cannot be written ends no transaction" "met done as-said" run write:error=ENOSPC:when=2+
check_is "and is noted once" 1 on sh -c 'journalctl -o cat | grep -c "some of what its tools say is left out"'
STEPS=(enable:lab-one.service karg:lab.write=1 enable:lab-two.service)
ITEMS=(unit:lab-one.service karg:lab.write=1 unit:lab-two.service)
check_is "without a fault all is done" "not-met done as-said as-said as-said" run write:error=EIO:when=1000
done_with_checks
