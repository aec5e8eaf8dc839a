# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What sam did on the computer of ./dev run: a setup in git, settings and apps of their own.
set -euo pipefail
sed -i 's|@REPO@|file:///usr/lib/bkt-lab/repos/flatpak/repo|' setup/manifests/flatpak-remotes.json
git config --global user.name 'Sam Lab'
git config --global user.email sam@bkt.invalid
git -C setup init --quiet --initial-branch=main
git -C setup add .
git -C setup commit --quiet --message='Describe my computer'
gsettings set org.gnome.desktop.interface clock-format 24h
gsettings set org.gnome.desktop.interface color-scheme prefer-dark
flatpak remote-add --user lab /usr/lib/bkt-lab/repos/flatpak/lab.flatpakrepo
flatpak install --user --noninteractive lab \
  org.gnome.Boxes//stable org.gnome.Maps//stable com.github.tchx84.Flatseal//stable >/dev/null
