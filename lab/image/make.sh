#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# make.sh TREE OUT: makes OUT/store, a container storage that has a tree as the image localhost/lab/tree: that of an
# atomic host, brought into the shape such images have (/etc in its place), or one that has it (dnf.sh). Runs in the
# boxes root; TREE is used up.
set -euo pipefail
tree=$1 out=$2
mkdir -p "$tree/var/tmp"
chmod 1777 "$tree/var/tmp"
[ ! -e "$tree/usr/etc" ] || mv "$tree/usr/etc" "$tree/etc"
# dnf4's own `copr`, which the roots have not; some other plugins of that package do not work on Debian
plugins=/usr/lib/python3/dist-packages
if [ -e "$tree$plugins/dnf" ]; then
  mkdir -p "$tree/etc/dnf/plugins/copr.d" "$tree$plugins/dnf-plugins"
  cp "$plugins/dnf-plugins/copr.py" "$tree$plugins/dnf-plugins/"
  cp -r "$plugins/dnfpluginscore" "$tree$plugins/"
  cp /etc/dnf/plugins/copr.conf "$tree/etc/dnf/plugins/"
fi
. "$BKT_SRC/lab/image/storage.sh"
storage "$out/conf" "$out/store"
container=$(buildah from scratch)
mounted=$(buildah mount "$container")
cp -a "$tree/." "$mounted"
buildah commit --quiet --rm "$container" localhost/lab/tree
