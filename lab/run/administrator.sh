# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What an administrator did on the computer of ./dev run, as lab/sample/make.sh has it; its kernel arguments are
# those it was booted with (files/).
set -euo pipefail
dnf --quiet --assumeyes install htop tuned cups-lab sshd-lab bluez-lab nano powertop >/dev/null
systemctl --quiet enable tuned.service cups-lab.service bluetooth-lab.service
systemctl --quiet mask sshd-lab.service
flatpak remote-add --system lab /usr/lib/bkt-lab/repos/flatpak/lab.flatpakrepo
flatpak install --system --noninteractive lab org.gnome.Calculator//stable >/dev/null
