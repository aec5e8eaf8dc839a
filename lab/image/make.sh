#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# make.sh TREE OUT: makes OUT/store, a container storage that has the tree of an atomic host as the image
# localhost/lab/tree, in the shape such images have: /etc in its place, and nothing in /var. Runs in the boxes root;
# TREE is used up.
set -euo pipefail
tree=$1 out=$2
mv "$tree/usr/etc" "$tree/etc"
mkdir -p "$tree/var/tmp"
chmod 1777 "$tree/var/tmp"
# dnf's own `copr`, which the host root has not; some other plugins of that package do not work on Debian
plugins=/usr/lib/python3/dist-packages
mkdir -p "$tree/etc/dnf/plugins/copr.d" "$tree$plugins/dnf-plugins"
cp "$plugins/dnf-plugins/copr.py" "$tree$plugins/dnf-plugins/"
cp -r "$plugins/dnfpluginscore" "$tree$plugins/"
cp /etc/dnf/plugins/copr.conf "$tree/etc/dnf/plugins/"
. "$BKT_SRC/lab/image/storage.sh"
storage "$out/conf" "$out/store"
container=$(buildah from scratch)
mounted=$(buildah mount "$container")
cp -a "$tree/." "$mounted"
buildah commit --quiet --rm "$container" localhost/lab/tree
