#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# systemd accepts every unit without a word, and the presets name units that exist.
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
. lab/lib/scenario.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Copies that start a program every machine has: Bucket itself need not be installed.
for kind in system user; do
  mkdir "$work/$kind"
  for unit in systemd/"$kind"/*.*; do
    [ ! -f "$unit" ] || sed -E 's,^(Exec[A-Za-z]+=)/usr/(bin|libexec)/bkt[a-z-]*,\1/usr/bin/true,' "$unit" \
      >"$work/$kind/${unit##*/}"
  done
done

verify() { # KIND UNIT
  local out
  out=$(XDG_RUNTIME_DIR=$work SYSTEMD_UNIT_PATH=$work/$1: \
    systemd-analyze verify "--$1" --man=no --recursive-errors=no "$work/$1/${2##*/}" 2>&1)
  [ -z "$out" ] || { echo "$out" && false; }
}
starts_bucket() { # UNIT: every program it starts is one that meson installs
  ! grep -hE '^Exec[A-Za-z]+=/' "$1" | grep -vE '=/usr/(bin/(bkt|bkt-gui)|libexec/(bkt-helper|bkt-executor))( |$)'
}
preset_units_exist() { # KIND
  local unit
  while read -r unit; do
    [ -f "systemd/$1/$unit" ] || { echo "$unit is enabled by preset but missing" && return 1; }
    grep -q '^\[Install\]' "systemd/$1/$unit" || { echo "$unit has nothing to enable" && return 1; }
  done < <(sed -n 's/^enable //p' "systemd/$1-preset/80-bkt.preset")
}

for kind in system user; do
  for unit in systemd/"$kind"/*.*; do
    [ -f "$unit" ] || continue
    check "$unit" verify "$kind" "$unit"
    check "$unit starts Bucket's programs" starts_bucket "$unit"
  done
  check "$kind presets" preset_units_exist "$kind"
done
done_with_checks
