#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# inside.sh DIR COMMAND…: runs COMMAND in a network of its own, in which there is only GitHub (github.py). Runs in
# the build root, in a mount namespace that is private already.
set -euo pipefail
dir=$1
shift
{
  cat /etc/hosts
  echo "127.0.0.1 github.localhost api.github.localhost"
} >"$dir/hosts"
mount --bind "$dir/hosts" /etc/hosts
exec python3 "$(dirname "$0")/github.py" "$dir" "$@"
