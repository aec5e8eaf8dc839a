#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The sample computer is what its README says, by the tools that own each part, and bkt sees exactly
# the differences it was made with.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export BKT_BIND=$dir
"$BKT_SRC/dev" sample "$dir/sample"
root=$dir/sample/root

tool() { # COMMAND…: as the sample's person, where rpm, dnf and flatpak are
  # shellcheck disable=SC1091
  (. "$dir/sample/env" && cd "$dir/sample/setup" && root_exec build "$BKT_SRC/lab/lib/headless.sh" "$@")
}
lines() { "$@" | grep . | tr '\t' ' ' | LC_ALL=C sort | paste -sd' '; }
units() { tool systemctl --root="$root" list-unit-files --output=json | jq -r '.[] | "\(.unit_file)=\(.state)"'; }
drift() { tool "${CARGO_TARGET_DIR:-$BKT_SRC/target}/debug/bkt" --root "$root" -C "$dir/sample/setup" drift --json | jq -cS '[.items[] | {id, shape}] | sort_by(.id)'; }
apps() { tool env FLATPAK_SYSTEM_DIR="$root/var/lib/flatpak" flatpak list --app --columns=application,installation; }

check_is "rpm knows what is installed" \
  "bkt-lab-base bluez-lab cups-lab htop nano powertop sshd-lab tuned tuned-profiles" \
  lines tool rpm --root "$root" -qa --qf '%{name}\n'
check_is "dnf knows what a person chose" "bluez-lab cups-lab htop nano powertop sshd-lab tuned" \
  lines tool dnf -q -C '--disablerepo=*' --installroot "$root" repoquery --userinstalled --qf '%{name}'
check_is "units are in known states" \
  "bluetooth-lab.service=enabled cups-lab.service=enabled sshd-lab.service=masked tuned.service=enabled" lines units
check_is "flatpak has apps in both scopes" \
  "com.github.tchx84.Flatseal user org.gnome.Boxes user org.gnome.Calculator system org.gnome.Maps user" \
  lines apps
check_is "a setting is what the person chose" "'24h'" tool gsettings get org.gnome.desktop.interface clock-format
check_is "the setup is a clean repository" "" tool git status --porcelain
check_is "bkt finds exactly the known differences" "$(jq -cS 'sort_by(.id)' "$dir/sample/expected.json")" drift
check_is "twice the same" "$(jq -cS 'sort_by(.id)' "$dir/sample/expected.json")" drift
check "and changes nothing by looking" test -z "$(cd "$dir/sample/setup" && git status --porcelain)"
done_with_checks
