#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The helper under abuse: random calls of everything it has, as root and as nobody; many refused calls at once; calls
# that are far too large. It stays up and small, does nothing it should not, and answers honest callers.
# ./dev fuzz bus and ./dev load do the same for longer.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"
. "$BKT_SRC/lab/lib/helper.sh"
. "$BKT_SRC/lab/lib/abuse.sh"

HOST=abuse-test-$$
PLAN=/run/lab-plan
COUNT=/run/lab-count
trap helper_host_end EXIT
abuse_host
before=$(traces)

for user in root nobody; do
  check "random calls as $user are all answered" fuzz_as $user 1 600
  check_is "and did nothing, as $user" "$before" traces
done
outcomes() { jq -cs 'map(.outcomes | keys) | add | unique' <<<"$1"; }
refused=$(refused_by_all 10)
check_is "64 connections are refused by polkit" '["InteractionRequired"]' outcomes "$refused"
check_is "each time" 640 jq -s 'map(.micros | length) | add' <<<"$refused"
one=$(as nobody load refused 64 10 $PLAN)
check_is "64 connections of one user are refused, most by the quota" \
  '["InteractionRequired","LimitsExceeded"]' outcomes "$one"
honest=$(meanwhile as nobody load refused 64 40 $PLAN)
check_is "an honest caller is answered meanwhile" '["answered"]' outcomes "$honest"
honest=$(meanwhile as nobody load large 8 4)
# Where the helper's queue at the bus is full, the bus refuses; of what it took, nothing stays unanswered.
check "and while others send calls that are far too large, by the bus if not by the helper: $(jq -c .outcomes <<<"$honest")" \
  jq -e '.outcomes | keys - ["answered", "LimitsExceeded"] == [] and .answered > 0' <<<"$honest"
peak=$(memory)
check "with at most 192 MiB of memory, ever: $peak" test "$peak" -le 192
check_is "nothing was done all the while" "$before" traces
check "the helper never fell over" healthy
done_with_checks
