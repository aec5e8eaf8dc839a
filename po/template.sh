#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# template.sh FILE: extracts the sentences of POTFILES.in into FILE, a POT.
set -euo pipefail
file=$(realpath "$1")
cd "$(dirname "$(readlink -f "$0")")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# xgettext looks into view!{…} but not into relm4::view!{…}, so it reads copies without the path.
while read -r source; do
  mkdir -p "$work/$(dirname "$source")"
  case $source in
    *.rs) sed -E 's/\b([a-z_0-9]+::)+([a-z_0-9]+!)/\2/g' "$source" >"$work/$source" ;;
    *) cp "$source" "$work/$source" ;;
  esac
done < <(grep -v '^#' po/POTFILES.in)

export GETTEXTDATADIRS=$PWD/po
mapfile -t args <po/xgettext.args
po/tool xgettext "${args[@]}" --directory="$work" --files-from=po/POTFILES.in --output="$file" --package-name=bucket \
  --copyright-holder='The Bucket Contributors' --msgid-bugs-address=https://github.com/bkt/bucket/issues \
  2> >(grep -v "fallback ITS rule file" >&2)
