#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Stands for the host's bkt: writes down how it was called, then does what the third word says.
mkdir -p ~/recorded
echo run >>~/recorded/runs
printf '%s\0' "$@" >~/recorded/arguments
pwd >~/recorded/folder
env >~/recorded/environment

# until a signal comes; says which, and ends with 3
await() {
  local signal
  for signal in INT TERM HUP; do
    # shellcheck disable=SC2064
    trap "kill \$! 2>/dev/null; echo $signal; [ ! -p /tmp/end ] || echo $signal >/tmp/end; exit 3" "$signal"
  done
  tail -f /dev/null &
  echo ready
  wait
}

case $3 in
  exit) exit "$4" ;;
  die) kill -TERM $$ ;;
  both) echo out && echo err >&2 ;;
  cat) cat ;;
  slow) sleep 6 && echo "done" && exit 3 ;;
  wait) await ;;
  terminal) [ ! -t 0 ] || [ ! -t 1 ] || [ ! -t 2 ] || echo "terminal $(stty size)" && await ;;
esac
