#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# systemd accepts every unit without a word, and the presets name units that exist.
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
. lab/lib/scenario.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The units as installed, in a root where the programs they start exist.
mkdir -p "$work/root/usr/bin" "$work/root/usr/libexec"
for program in bin/bkt bin/bkt-gui libexec/bkt-helper libexec/bkt-executor; do
  install -m 755 /bin/true "$work/root/usr/$program"
done
for kind in system user; do
  mkdir -p "$work/root/usr/lib/systemd/$kind"
  for unit in systemd/"$kind"/*.*; do
    [ ! -f "$unit" ] || cp "$unit" "$work/root/usr/lib/systemd/$kind/"
  done
  # shellcheck disable=SC2046
  cp -rn --no-preserve=ownership $(find "/usr/lib/systemd/$kind" -mindepth 1 -maxdepth 1 -name '*.*') \
    "$work/root/usr/lib/systemd/$kind/"
done

verify() { # KIND UNIT
  local out
  out=$(XDG_RUNTIME_DIR=$work systemd-analyze verify "--$1" --root="$work/root" --man=no --recursive-errors=no "$2" 2>&1)
  [ -z "$out" ] || { echo "$out" && false; }
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
    [ ! -f "$unit" ] || check "$unit" verify "$kind" "$work/root/usr/lib/systemd/$kind/${unit##*/}"
  done
  check "$kind presets" preset_units_exist "$kind"
done
done_with_checks
