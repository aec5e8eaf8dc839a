#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# list.sh DIR PATTERN…: the files of DIR that match, so that a new unit or policy needs no second entry in meson.
set -eu
cd "$1" 2>/dev/null || exit 0
shift
for pattern; do
  for file in $pattern; do
    [ ! -f "$file" ] || echo "$file"
  done
done
