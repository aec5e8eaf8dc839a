#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# inside.sh DIR IMAGES COPR COMMAND…: COMMAND with the storage of DIR, the images of the storage IMAGES, and the Copr in
# the only network there is (copr.py). Runs in the boxes root, in namespaces of its own.
set -euo pipefail
. "$BKT_SRC/lab/image/storage.sh"
dir=$1
storage "$dir/conf" "$dir/store" "$2"
{
  cat /etc/hosts
  echo "127.0.0.1 copr.fedorainfracloud.org"
} >"$dir/hosts"
mount --bind "$dir/hosts" /etc/hosts
exec python3 "$BKT_SRC/lab/lib/copr.py" "$3" "$dir/certificate" "${@:4}"
