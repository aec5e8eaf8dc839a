#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The template is current, every file with sentences is listed, and every translation is sound.
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
. lab/lib/scenario.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

template_is_current() {
  po/template.sh "$work/bkt.pot" &&
    diff <(sed '/^"POT-Creation-Date:/d' po/bkt.pot) <(sed '/^"POT-Creation-Date:/d' "$work/bkt.pot") |
    sed -n '/^[<>] msg/p' >"$work/different"
  [ ! -s "$work/different" ] || { cat "$work/different" && echo "run ./dev shell po/update.sh" && false; }
}
nothing_is_unseen() { grep '\.rs$' po/POTFILES.in | xargs po/unseen.py po/bkt.pot; }
catalogue_is_sound() { # LANGUAGE
  po/tool msgfmt --check --output-file=/dev/null "po/$1.po"
}
# What xgettext cannot see is never translated: a call takes the sentence itself. Only helpers that are
# keywords in xgettext.args (count, counted, number) may pass on `one, many`.
calls_name_their_sentence() {
  local file bad=0
  while read -r file; do
    grep -HnE '\bn?p?gettext\((format!|&|[a-z_]+[,)])' "$file" | grep -v 'ngettext(one, many,' && bad=1
    if grep -q 'ngettext(one, many,' "$file"; then
      grep -qE '(let|fn) (count|counted|number)\b' "$file" || { echo "$file: name the helper count, counted or number" && bad=1; }
    fi
  done < <(grep '\.rs$' po/POTFILES.in)
  [ "$bad" = 0 ]
}

check "POTFILES.in lists every file with sentences" diff po/POTFILES.in <(po/sources.sh)
check "bkt.pot is current" template_is_current
check "no sentence is unseen" nothing_is_unseen
check "gettext is called with sentences" calls_name_their_sentence
while read -r language; do
  check "$language is sound" catalogue_is_sound "$language"
done < <(grep -v '^#' po/LINGUAS)
done_with_checks
