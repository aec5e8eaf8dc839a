#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SECURITY.md holds: the trusted parts are no larger than their budgets, and every test it names is there.
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
. lab/lib/scenario.sh

lines() { # PATH…: neither blank, comment nor test
  find "$@" -name '*.rs' ! -name 'tests.rs' -exec awk 'FNR == 1 { test = 0 } /^#\[cfg\(test\)\]/ { test = 1 }
    !test && NF && !/^ *\/\// { n++ } END { print n + 0 }' {} +
}
budgets=0
while IFS=$'\t' read -r paths budget; do
  budgets=$((budgets + 1))
  existing=()
  for path in $paths; do [ ! -e "$path" ] || existing+=("$path"); done
  count=$(lines "${existing[@]}")
  check "$paths: $count lines of at most $budget" test "$count" -le "$budget" -a "$count" -gt 0
done < <(sed -nE 's/^\| `([^`]*)`:.* \| ([0-9]+) \|$/\1\t\2/p' SECURITY.md)
check "three parts have a budget" test "$budgets" = 3

rows=0
there() { # TEST: a test's name, or what a scenario says
  case $1 in
    *' '*) grep -rqF "$1" lab/scenarios helper/examples ;;
    *) grep -rqE "fn $1\(" helper core --include='*.rs' ;;
  esac
}
while IFS= read -r row; do
  rows=$((rows + 1))
  kind=$(cut -d'|' -f2 <<<"$row" | cut -d' ' -f2)
  while IFS= read -r name; do
    case $name in '' | nobody) continue ;; esac
    check "$kind fails by $name" there "$name"
  done < <(cut -d'|' -f4 <<<"$row" | grep -o '`[^`]*`' | tr -d '`')
done < <(grep -E '^\| [A-F][0-9]+ ' SECURITY.md)
check "every kind of mistake has a row" test "$rows" -ge 33
done_with_checks
