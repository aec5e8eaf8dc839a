# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# How scenarios say what they found: one PASS, FAIL or SKIP line each, failures with what was seen.

failed=0

# check NAME COMMAND…: PASS if COMMAND succeeds, else FAIL with the end of its output.
check() {
  local name=$1 out
  shift
  if out=$("$@" 2>&1); then
    printf 'PASS %s\n' "$name"
  else
    failed=1
    printf 'FAIL %s: %s\n' "$name" "$(tail -n 5 <<<"$out" | paste -sd'|')"
  fi
}

# check_is NAME WANT COMMAND…: PASS if COMMAND prints exactly WANT, whatever its exit code.
check_is() {
  local name=$1 want=$2 out
  shift 2
  out=$("$@" 2>&1) || true
  if [ "$out" = "$want" ]; then
    printf 'PASS %s\n' "$name"
  else
    failed=1
    printf 'FAIL %s: wanted "%s", got "%s"\n' "$name" "$want" "$(paste -sd'|' <<<"$out")"
  fi
}

skip() { printf 'SKIP %s: %s\n' "$1" "$2"; } # NAME WHY

# done_with_checks: the exit code of the scenario.
done_with_checks() { return "$failed"; }
