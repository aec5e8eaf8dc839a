#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# real.sh DIR: makes a sample computer at DIR as large as a real one: 2,500 rpms (installed by dnf, 60 of them by
# a person), 80 Flatpaks, 20 extensions, 500 settings, 400 units, nearly all as the setup says. Runs in the build root.
set -euo pipefail
. "$BKT_SRC/lab/lib/common.sh"
. "$BKT_SRC/lab/lib/repos.sh"
dir=$1 root=$1/root manifests=$1/setup/manifests
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=/dev/null
HOME=$dir/home XDG_CONFIG_HOME=$HOME/.config XDG_DATA_HOME=$HOME/.local/share XDG_STATE_HOME=$HOME/.local/state
export HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME=$work/cache DCONF_PROFILE=$dir/dconf-profile
export GSETTINGS_BACKEND=dconf XDG_RUNTIME_DIR=$work FLATPAK_SYSTEM_DIR=$root/var/lib/flatpak

edit() { # MANIFEST FILTER [ARGS…]
  jq "$2" "$manifests/$1.json" "${@:3}" >"$work/new" && cp "$work/new" "$manifests/$1.json"
}

# Packages: one source with 2,490 subpackages of 40 files each, as many as Fedora's have in the middle.
{
  printf '%s\n' 'Name: real' 'Version: 1.0' 'Release: 1' 'Summary: Packages of a real-size computer' \
    'License: CC0-1.0' 'BuildArch: noarch' '%description' 'A package.'
  for n in $(seq 2490); do
    name=$([ "$n" -le 60 ] && echo "chosen-$n" || echo "part-$n")
    printf '%%package -n %s\nSummary: Package %s\n' "$name" "$n"
    # What is not chosen came along with something.
    [ "$n" -gt 60 ] || seq -f "Requires: part-%.0f" $((n * 40 + 21)) $((n * 40 + 60 > 2490 ? 2490 : n * 40 + 60))
    printf '%%description -n %s\nOne of many.\n%%files -n %s\n' "$name" "$name"
    for file in $(seq 40); do printf '%%ghost /usr/share/%s/file-%s\n' "$name" "$file"; done
  done
} >"$work/real.spec"
rpmbuild --quiet -bb --define "_topdir $work/top" --define "_rpmdir $work/rpm" --define '_binary_payload w0.gzdio' \
  "$work/real.spec"
createrepo_c --quiet "$work/rpm"
printf '[real]\nname=Real\nbaseurl=file://%s\ngpgcheck=0\n' "$work/rpm" >"$root/etc/yum.repos.d/real.repo"
chosen=$(seq -f 'chosen-%.0f' 60)
# shellcheck disable=SC2086
lab_dnf "$root" install $chosen >/dev/null
rm -rf "$root/etc/yum.repos.d/real.repo" "$root/var/cache/dnf" "$root"/var/log/* "$root/var/lib/dnf/repos"
edit system-packages '.packages += ($names | split("\n"))' --arg names "$chosen"

# Units: a quarter each enabled, disabled, masked by a person, and left as they are.
mkdir -p "$root/usr/lib/systemd/system"
for n in $(seq 400); do
  printf '[Unit]\nDescription=Unit %s\n[Service]\nExecStart=/usr/bin/true\n[Install]\nWantedBy=multi-user.target\n' \
    "$n" >"$root/usr/lib/systemd/system/real-$n.service"
done
mapfile -t units < <(seq -f 'real-%.0f.service' 400)
systemctl --quiet --root="$root" enable "${units[@]:0:100}"
systemctl --quiet --root="$root" mask "${units[@]:100:100}"
edit systemd-services '.services += ($ARGS.positional | to_entries
  | map({key: .value, value: (if .key < 100 then "enabled" elif .key < 200 then "masked" else "disabled" end)}) | from_entries)' \
  --args "${units[@]}"

# Settings: those there are, with the values they have, then some of a schema with as many keys as ./dev bench grows to.
# GNOME Shell's schema has its lists of extensions.
schemas=$root/usr/share/glib-2.0/schemas
{
  echo '<schemalist><schema id="org.gnome.shell" path="/org/gnome/shell/">'
  printf '<key name="%s-extensions" type="as"><default>[]</default></key>' enabled disabled
  echo '<key name="disable-user-extensions" type="b"><default>false</default></key></schema>'
  echo '<schema id="org.bkt.real" path="/org/bkt/real/">'
  seq -f '<key name="key-%.0f" type="s"><default>"as it is"</default></key>' 0 9999
  echo '</schema></schemalist>'
} >"$schemas/org.bkt.real.gschema.xml"
glib-compile-schemas "$schemas"
export GSETTINGS_SCHEMA_DIR=$schemas
mapfile -t relocatable < <(gsettings list-relocatable-schemas)
jq -Rn --slurpfile old "$manifests/gsettings.json" --args '
  ($old[0].settings | map({key: "\(.schema) \(.key)", value: 1}) | from_entries) as $known
  | [inputs | capture("^(?<schema>[^ ]+) (?<key>[^ ]+) (?<value>.*)$")]
  | unique | map(select($known["\(.schema) \(.key)"] or IN(.schema; $ARGS.positional[], "org.gnome.shell") | not))
  | sort_by(.schema == "org.bkt.real") | .[:500 - ($old[0].settings | length)]' \
  "${relocatable[@]}" \
  < <(dbus-run-session -- gsettings list-recursively) >"$work/settings"
edit gsettings '.settings += $more[0]' --slurpfile more "$work/settings"

# Extensions, as a person installs them.
for n in $(seq 20); do
  uuid=real-$n@bkt.invalid
  mkdir -p "$XDG_DATA_HOME/gnome-shell/extensions/$uuid"
  printf '{"uuid": "%s", "name": "Real %s", "description": "One of many", "shell-version": ["48"], "version": 1}\n' \
    "$uuid" "$n" >"$XDG_DATA_HOME/gnome-shell/extensions/$uuid/metadata.json"
  echo 'export default class {}' >"$XDG_DATA_HOME/gnome-shell/extensions/$uuid/extension.js"
done
mapfile -t uuids < <(seq -f 'real-%.0f@bkt.invalid' 20)
dbus-run-session -- gsettings set org.gnome.shell enabled-extensions "[$(printf "'%s', " "${uuids[@]}" | sed 's/, $//')]"
edit gnome-extensions '.extensions += $ARGS.positional' --args "${uuids[@]}"

# Flatpaks: 76 apps beside the sample's four.
export GNUPGHOME=$work/gpg
arch=$(flatpak --default-arch)
ostree init --repo="$work/flatpaks" --mode=archive
mapfile -t apps < <(seq -f 'org.example.Real%.0f' 76)
runtime=$work/runtime
mkdir -p "$runtime/usr" "$runtime/files"
printf '[Runtime]\nname=org.example.Platform\nruntime=org.example.Platform/%s/1\nsdk=org.example.Platform/%s/1\n' \
  "$arch" "$arch" >"$runtime/metadata"
flatpak build-export --runtime --disable-sandbox "$work/flatpaks" "$runtime" 1 >/dev/null
for app in "${apps[@]}"; do
  at=$work/app/$app
  mkdir -p "$at/files/share/applications" "$at/export/share/applications"
  printf '[Application]\nname=%s\nruntime=org.example.Platform/%s/1\nsdk=org.example.Platform/%s/1\ncommand=run\n' \
    "$app" "$arch" "$arch" >"$at/metadata"
  printf '[Desktop Entry]\nType=Application\nName=%s\nExec=run\n' "$app" |
    tee "$at/files/share/applications/$app.desktop" >"$at/export/share/applications/$app.desktop"
  flatpak build-export --disable-sandbox "$work/flatpaks" "$at" stable >/dev/null
done
flatpak build-update-repo "$work/flatpaks" >/dev/null
dbus-run-session -- bash -euo pipefail -s "$work/flatpaks" "${apps[@]}" <<'END'
flatpak remote-add --user --no-gpg-verify real "file://$1"
flatpak install --user --noninteractive real "${@:2}" 2>&1 | grep -v bwrap
END
edit flatpak-apps '.apps += ($ARGS.positional | map({id: ., remote: "real", scope: "user"}))' --args "${apps[@]}"
rpm --root "$root" -qa >/dev/null
git -C "$dir/setup" commit --quiet --all -m 'As much as a real computer has'
