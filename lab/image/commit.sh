#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# commit.sh HOST-ROOT SYSROOT IMAGE VERSION: what bootc does with a pulled image: its /etc becomes /usr/etc, what it has
# in /var and in what exists only while a computer runs stays behind, and all else is a commit. Runs where IMAGE is.
set -euo pipefail
host_root=$1 sys=$2 image=$3 version=$4
. "$BKT_SRC/lab/lib/common.sh"
root_path() { printf '%s\n' "$host_root"; }
. "$BKT_SRC/lab/atomic/base.sh"
. "$BKT_SRC/lab/atomic/sysroot.sh"
container=$(buildah from --pull-never "$image")
tree=$(buildah mount "$container")
cp -aT "$tree/etc" "$tree/usr/etc"
rm -rf "$tree/etc"
for part in var run tmp; do find "$tree/$part" -mindepth 1 -delete; done
digest=$(buildah inspect --type image --format '{{.FromImageDigest}}' "$image")
lab_ostree commit --repo="$sys/ostree/repo" -b "$(atomic_ref "$image")" --no-bindings --bootable --fsync=false \
  --tree=dir="$tree" --add-metadata-string=version="$version" --add-metadata-string=ostree.manifest-digest="$digest"
buildah rm "$container" >/dev/null
