#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# make.sh DIR REPOS: a sample computer at DIR: root/, home/, setup/ and expected.json, which lists how
# root and home differ from setup. Everything is written by the tool that owns it. Runs in the build root.
set -euo pipefail
. "$BKT_SRC/lab/lib/common.sh"
. "$BKT_SRC/lab/lib/repos.sh"
dir=$1 repos=$2
root=$dir/root
umask 022
files() { # copies lab/sample/$1 to $2
  mkdir -p "$2"
  cp -rT "$BKT_SRC/lab/sample/$1" "$2"
}

files root "$root"
mkdir -p "$root"/{usr/bin,var/lib,run,tmp}
add_repos "$root" "$repos"

# rpm, with dnf's own record of what a person chose
lab_dnf "$root" install bkt-lab-base
lab_dnf "$root" mark remove bkt-lab-base
lab_dnf "$root" install htop tuned cups-lab sshd-lab bluez-lab nano powertop
rm -rf "$root"/var/cache/dnf "$root"/var/log/* "$root"/var/lib/dnf/repos
# who asks rpm and dnf for the first time leaves files behind; later looks change nothing
rpm --root "$root" -qa >/dev/null
lab_dnf "$root" --disablerepo='*' repoquery --userinstalled >/dev/null

# units: first what the packages' scriptlets do, then what a person did
systemctl --quiet --root="$root" preset tuned.service cups-lab.service sshd-lab.service bluetooth-lab.service
systemctl --quiet --root="$root" enable tuned.service cups-lab.service bluetooth-lab.service
systemctl --quiet --root="$root" mask sshd-lab.service

# settings
mkdir -p "$root/usr/share/glib-2.0"
cp -a /usr/share/glib-2.0/schemas "$root/usr/share/glib-2.0/"

# what belongs to the person, in their home
mkdir -p "$dir"/home/.config "$dir"/home/.local/{share,state} "$dir"/home/.cache
echo 'user-db:user' >"$dir/dconf-profile"
export HOME=$dir/home DCONF_PROFILE=$dir/dconf-profile GSETTINGS_BACKEND=dconf
export XDG_CONFIG_HOME=$HOME/.config XDG_DATA_HOME=$HOME/.local/share XDG_CACHE_HOME=$HOME/.cache
export XDG_RUNTIME_DIR=$dir/runtime FLATPAK_SYSTEM_DIR=$root/var/lib/flatpak
mkdir -m 700 "$XDG_RUNTIME_DIR"
dbus-run-session -- bash -euo pipefail <<'END'
gsettings set org.gnome.desktop.interface clock-format 24h
gsettings set org.gnome.desktop.interface color-scheme prefer-dark
gsettings set org.gnome.desktop.interface enable-hot-corners false
END
for scope in system user; do
  flatpak remote-add "--$scope" lab "$repos/flatpak/lab.flatpakrepo"
done
install() { flatpak install "--$1" --noninteractive lab "${@:2}" 2>&1 | grep -v bwrap || return "${PIPESTATUS[0]}"; }
install system org.gnome.Calculator//stable
install user org.gnome.Boxes//stable org.gnome.Maps//stable com.github.tchx84.Flatseal//stable
rm -rf "$XDG_RUNTIME_DIR" "$HOME/.cache"
mkdir "$HOME/.cache"

# the setup, as a person keeps it
files setup "$dir/setup"
sed -i "s|@REPO@|file://$repos/flatpak/repo|" "$dir/setup/manifests/flatpak-remotes.json"
cp "$BKT_SRC/lab/sample/expected.json" "$dir/"
cat >"$HOME/.gitconfig" <<'END'
[user]
	name = Sam Sample
	email = sam@bkt.invalid
[init]
	defaultBranch = main
END
cd "$dir/setup"
export GIT_AUTHOR_DATE='2026-01-05T09:00:00Z' GIT_COMMITTER_DATE='2026-01-05T09:00:00Z'
git init --quiet
git add .
git commit --quiet -m 'Describe my computer'
