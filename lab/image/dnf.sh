#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# dnf.sh ROOT TREE: a root with dnf as the tree of a bootc image of Fedora: its name, the lab's rpm database and
# repositories, and nothing in /var. Runs in a mount namespace of its own; ROOT is never written.
set -euo pipefail
. "$BKT_SRC/lab/lib/common.sh"
. "$BKT_SRC/lab/lib/root.sh"
. "$BKT_SRC/lab/lib/repos.sh"
root=$1 tree=$2
mkdir -p "$tree"
cp -aT --one-file-system "$root" "$tree"
rm -f "$tree/etc/os-release"
ln -s ../usr/lib/os-release "$tree/etc/os-release"
cp "$BKT_SRC/lab/sample/root/usr/lib/os-release" "$tree/usr/lib/os-release"
: >"$tree/etc/resolv.conf"
add_repos "$tree"
mount -t proc proc "$tree/proc"
mount --bind /dev "$tree/dev"
chroot "$tree" dnf --quiet --assumeyes install bkt-lab-base
umount -l "$tree/dev" "$tree/proc"
for folder in boot dev proc run sys tmp var; do find "${tree:?}/$folder" -xdev -mindepth 1 -delete; done
kernel=$tree/usr/lib/modules/6.17.8-300.fc44.x86_64
mkdir -p "$kernel"
echo kernel >"$kernel/vmlinuz"
