#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Brings POTFILES.in, bkt.pot and every translation up to date with the program. Run it after changing
# a sentence: ./dev shell po/update.sh
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

po/sources.sh >"$work/POTFILES.in"
cmp -s "$work/POTFILES.in" po/POTFILES.in || cp "$work/POTFILES.in" po/POTFILES.in
po/template.sh "$work/bkt.pot"
dateless() { sed '/^"POT-Creation-Date:/d' "$1"; }
if ! diff -q <(dateless "$work/bkt.pot") <(dateless po/bkt.pot 2>/dev/null) >/dev/null; then
  cp "$work/bkt.pot" po/bkt.pot
fi
while read -r language; do
  po/tool msgmerge --quiet --update --backup=none --no-fuzzy-matching "po/$language.po" po/bkt.pot
  printf '%s: ' "$language"
  po/tool msgfmt --check --statistics --output-file=/dev/null "po/$language.po"
done < <(grep -v '^#' po/LINGUAS)
