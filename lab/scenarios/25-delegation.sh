#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bkt in a container does its work on the host, once, with arguments, folder, streams, signals and exit code intact:
# the real flatpak-spawn and the real session helper, between a toolbox (a mount namespace of its own) and its host.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"

HOST=delegation-test-$$ # two runs at once do not meet
on() { host_exec "$HOST" "$@"; }
sam() { host_user "$HOST" sam "$@"; }
toolbox() { sam toolbox "$@"; }

tree=$(mktemp -d)
finish() {
  hosts_end
  rm -rf "$tree" "${BKT_LAB:?}/$HOST"
}
trap finish EXIT

"$BKT_SRC/dev" cargo build --quiet -p bkt-cli --bins
install -D -t "$tree/usr/bin" "$BKT_SRC/target/debug/bkt"
install -D "$BKT_SRC/target/debug/bkt" "$tree/usr/lib/bkt-lab/toolbox-bkt"
install -D "$BKT_SRC/lab/delegation/toolbox.sh" "$tree/usr/bin/toolbox"
install -D "$BKT_SRC/lab/delegation/recorder.sh" "$tree/usr/local/bin/bkt"
install -D -t "$tree/usr/lib/bkt-lab" "$BKT_SRC/lab/delegation/terminal.py"
package_host "$HOST" "$tree"
sam mkdir -p "a folder" setup/manifests repository/manifests

# The recorder stands where the host's bkt is found first. It does what follows `ignore --`.
recorded() { sam sh -c 'cat ~/recorded/'"$1"; }
runs() { sam sh -c 'wc -l <~/recorded/runs; rm ~/recorded/runs'; }

sam sh -c 'cd "/home/sam/a folder" && NO_COLOR=1 TERM=vt220 SECRET=1 PATH=/usr/local/bin:/usr/bin:/only-here toolbox bkt ignore -- \
  "two  words" "" "it'"'"'s \"\$HOME\" \\ *" --leading -x "größe 日本" "line
break" --env=A=B'
check_is "the arguments arrive as they were typed" \
  $'ignore|--|two  words||it\'s "$HOME" \\ *|--leading|-x|größe 日本|line\nbreak|--env=A=B|' \
  sam sh -c "tr '\\0' '|' <~/recorded/arguments"
check_is "in the same folder" "/home/sam/a folder" recorded folder
check_is "once" 1 runs
check_is "with what decides how it speaks" "BKT_DELEGATED=1|NO_COLOR=1|TERM=vt220" \
  sam sh -c "grep -E '^(BKT_|NO_COLOR|TERM)' ~/recorded/environment | sort | paste -sd'|'"
check_is "and nothing of the container" "" sam sh -c "grep -E 'SECRET|only-here' ~/recorded/environment"

for code in 0 1 2 3 7 130; do
  check_is "exit code $code" "$code" sam sh -c "toolbox bkt ignore -- exit $code; echo \$?"
done
check_is "a program that a signal ends" 143 sam sh -c 'toolbox bkt ignore -- die; echo $?'
check_is "standard output and error stay apart" "out/err" \
  sam sh -c 'toolbox bkt ignore -- both >/tmp/out 2>/tmp/err; echo "$(cat /tmp/out)/$(cat /tmp/err)"'
check_is "standard input arrives" "one|two" sam sh -c 'printf "one\ntwo" | toolbox bkt ignore -- cat | paste -sd"|"'
check_is "600 KB in each direction" "$(seq 100000 | sha256sum)" sam sh -c 'seq 100000 | toolbox bkt ignore -- cat | sha256sum'
sam rm -f /home/sam/recorded/runs
check_is "a command of more than five seconds" "done 3" sam sh -c 'echo $(toolbox bkt ignore -- slow; echo $?)'
check_is "runs once" 1 runs

# shellcheck disable=SC2016
signalled='coproc bkt ignore -- wait; pid=$COPROC_PID; exec 3<&"${COPROC[0]}"; read -r _ <&3; kill -$1 $pid; cat <&3; wait $pid; echo $?'
for signal in INT TERM HUP; do
  check_is "SIG$signal reaches it, and its answer comes back" "$signal|3" \
    sam sh -c "toolbox bash -c '$signalled' bash $signal 2>/dev/null | paste -sd'|'"
done
check_is "when flatpak-spawn is gone it is interrupted" INT sam sh -c \
  "mkfifo /tmp/end; (END=/tmp/end toolbox bash -c '$signalled' bash KILL >/dev/null 2>&1 &); timeout 60 cat /tmp/end; rm /tmp/end"
check_is "on a terminal it has that terminal, and Ctrl-C" "terminal 24 100|INT|3" \
  sam sh -c "toolbox python3 /usr/lib/bkt-lab/terminal.py bkt ignore -- terminal | paste -sd'|'"

# How a Flatpak's window runs tools (core/src/host/spawned.rs): what did not start is told apart without its words.
spawned() { sam sh -c "toolbox flatpak-spawn --host --watch-bus --directory=/ --env=LC_ALL=C.UTF-8 --env=LANGUAGE= \
  env PATH=/usr/sbin:/usr/bin $1 2>&1; echo \$?"; }
check_is "a tool of the host runs in the fixed locale" $'/ C.UTF-8\n4' spawned "sh -c 'echo \$PWD \$LC_ALL; exit 4'"
check_is "a missing one is 127 and env's" $'env: \u2018no-such-tool\u2019: No such file or directory\n127' spawned no-such-tool

# What is refused, each with exit code 6, and without a run.
sam rm -f /home/sam/recorded/runs
refused() { # NAME WORDS COMMAND…
  check_is "$1" "6 $2" sam sh -c 'said=$('"$3"' 2>&1); echo "$? $(echo "$said" | head -n 1)"'
}
refused "a folder the host has not is refused" "bkt: the host has no folder /only-here" \
  'toolbox sh -c "cd /only-here && bkt status"'
refused "what was handed over once is not again" "bkt: this command came from a container and is in a container again" \
  'toolbox env BKT_DELEGATED=1 bkt status'
refused "a container without flatpak-spawn" "bkt: this is a container, and without flatpak-spawn it cannot reach the host" \
  'WITHOUT_SPAWN=1 toolbox bkt status'
refused "a container without a session bus" "bkt: the host does not answer: Can't find bus: Could not connect: No such file or directory" \
  'toolbox env DBUS_SESSION_BUS_ADDRESS=unix:path=/none bkt status'
sam systemctl --user mask --runtime --now --quiet flatpak-session-helper.service
check_is "a host without a session helper" "6 host_unreachable" \
  sam sh -c 'said=$(toolbox bkt status --json); echo "$? $(echo "$said" | jq -r .error.code)"'
sam systemctl --user unmask --runtime --quiet flatpak-session-helper.service
check_is "nothing of this ran" "" sam sh -c 'cat ~/recorded/runs 2>/dev/null'

# The real bkt on the host.
on rm /usr/local/bin/bkt
sam sh -c 'tee setup/manifests/systemd-services.json repository/manifests/systemd-services.json >/dev/null' <<<'{"services": {"cups-lab.service": "enabled", "dbus.service": "masked"}}'
sam git init -q repository
difference() { sam sh -c "$1 bkt drift check --json | jq 'del(.generated_at)'"; }
check "the host's answer is the container's" [ "$(difference toolbox)" = "$(difference "")" ]
check_is "and its exit code" 3 sam sh -c 'toolbox bkt drift check -q; echo $?'
setup='bkt status --json | jq -r .setup.path'
check_is "the setup is the one around the folder" /home/sam/repository sam sh -c "cd repository/manifests && toolbox $setup"
check_is "-C is from there, too" /home/sam/setup sam sh -c "cd repository && toolbox bkt -C ../setup status --json | jq -r .setup.path"
check_is "BKT_REPO is passed on" /home/sam/repository sam sh -c "BKT_REPO=repository toolbox $setup"
for mark in /run/.containerenv /.flatpak-info; do
  check_is "$mark is a container, too" 3 sam sh -c "MARK=$mark toolbox bkt drift check -q; echo \$?"
done
check_is "a distrobox as well" 3 sam sh -c "CONTAINER_ID=box MARK= toolbox bkt drift check -q; echo \$?"
kind() { sam sh -c "toolbox $1 bkt $2 status --json | jq -r .host.kind"; }
check_is "the host is looked at" package kind "" ""
check_is "with --no-delegate the container" container kind "" --no-delegate
check_is "with BKT_FORCE_HOST, too" container kind "env BKT_FORCE_HOST=1" ""
check "completions need no host" sam sh -c 'WITHOUT_SPAWN=1 toolbox bkt completions bash'
check "a directory given with --root neither" sam sh -c 'WITHOUT_SPAWN=1 toolbox bkt --root /usr -C /home/sam/setup status'
refused "a dry run is the host's" "bkt: the host has no folder /only-here" 'toolbox sh -c "cd /only-here && bkt apply -n"'
on touch /run/.containerenv
refused "a host that is a container does not hand over again" \
  "bkt: this command came from a container and is in a container again" "toolbox bkt status"
on rm /run/.containerenv /usr/bin/bkt
refused "a host without bkt" "bkt: bkt is not installed on the host, only in this container" "toolbox bkt status"
done_with_checks
