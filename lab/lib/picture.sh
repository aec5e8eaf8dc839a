#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# picture.sh FILE.png COMMAND…: starts a window and saves what it shows once it has stopped changing;
# ends the window. Runs inside headless.sh, in the build root.
set -euo pipefail
file=$1
shift
"$@" &
window=$!
trap 'kill "$window" 2>/dev/null; wait "$window" 2>/dev/null || true' EXIT

# --sync waits for the window itself
id=$(timeout 60 xdotool search --sync --onlyvisible --pid "$window" | tail -n 1) || {
  echo "picture: no window within a minute from $1" >&2
  exit 1
}
shot() { import -window "$id" "$1"; }
# the same twice in a row: everything that had to load is there
last='' same=0
for ((i = 0; i < 60 && same < 3; i++)); do
  shot "$file"
  now=$(sha256sum <"$file")
  if [ "$now" = "$last" ]; then same=$((same + 1)); else same=0; fi
  last=$now
  sleep 0.3
done
