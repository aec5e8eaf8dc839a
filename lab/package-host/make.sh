#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# make.sh HOST-ROOT LAYER: what turns the plain host root into the package-mode host, as the upper
# layer of an overlay. Runs in a mount namespace of its own.
set -euo pipefail
. "$BKT_SRC/lab/lib/common.sh"
. "$BKT_SRC/lab/lib/root.sh"
. "$BKT_SRC/lab/lib/repos.sh"
root=$1 layer=$2
work=$layer.work merged=$layer.merged
mkdir -p "$work" "$merged"
mount -t overlay lab -o "lowerdir=$root,upperdir=$layer,workdir=$work" "$merged"
mount -t proc proc "$merged/proc"
mount --bind /dev "$merged/dev"

cp "$BKT_SRC/lab/sample/root/usr/lib/os-release" "$merged/usr/lib/os-release"
rm -f "$merged/etc/hostname" "$merged/etc/machine-id"
: >"$merged/etc/machine-id"
mkdir -p "$merged/var/log/journal" # so that a host that is gone still has its journal
cp -r "$BKT_SRC/lab/package-host/files/." "$merged/"

add_repos "$merged"
chroot "$merged" /bin/sh -eux <<'END'
groupadd --system wheel
useradd --create-home --uid 1000 --shell /bin/bash --comment 'Sam Lab' --groups sudo,wheel sam
echo sam:lab | chpasswd
mkdir -p /var/lib/systemd/linger
touch /var/lib/systemd/linger/sam
dnf --quiet --assumeyes install bkt-lab-base
dnf --quiet --assumeyes mark remove bkt-lab-base
rm -rf /var/cache/dnf /var/log/dnf* /var/log/hawkey.log
# what Debian enables would be a person's choice to the presets of Fedora
systemctl list-unit-files --no-legend --state=enabled | sed -E 's/^([^ ]+).*/enable \1/' >/usr/lib/systemd/system-preset/70-lab-base.preset
END
umount -l "$merged/dev" "$merged/proc"
umount "$merged"
rm -rf "$work" "$merged"
