#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# crash-truth.sh BEFORE ITEM…: on a lab host, what the newest job says of its steps against what is. Prints the job's state
# and one word per step, `as-said` or `NOT-AS-SAID:item:state`; `unsaid` for a step without an end. Where the newest job
# is the one from BEFORE the run was cut off before it had a job (`none`), and nothing may be done.
before=$1
shift
id=$(submit history | jq -r '.[0].id')
ended=$(submit history | jq -r '.[0].state')
[ "$id" != "$before" ] || ended=none
[ "$ended" = none ] || submit events "/org/bkt/Helper1/job/$id" 0 >/run/lab-events
said() {
  [ "$ended" != none ] || { echo skipped; return; }
  jq -Rr --arg item "$1" 'fromjson? | select(.type == "operation" and .item == $item and .state != "running") | .state' /run/lab-events | tail -n 1
}
is() { # ITEM: whether it is so
  case $1 in
  pkg:*) rpm -q "${1#pkg:}" >/dev/null 2>&1 ;;
  unit:*) [ "$(systemctl is-enabled "${1#unit:}" 2>/dev/null)" = enabled ] ;;
  karg:*) grep -qw "${1#karg:}" /boot/loader/entries/*.conf ;;
  esac
}
words=""
for item in "$@"; do
  state=$(said "$item")
  case $state in
  done | waiting) is "$item" && word=as-said || word=NOT-AS-SAID:$item:$state ;;
  failed | skipped) is "$item" && word=NOT-AS-SAID:$item:$state || word=as-said ;;
  *) word=unsaid ;;
  esac
  words="$words $word"
done
echo "$ended$words"
