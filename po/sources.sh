#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Prints POTFILES.in as it should be: every file of the program that has sentences to translate.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
echo "# Written by po/update.sh: every file with sentences to translate."
git ls-files -z --cached --others --exclude-standard -- \
  'app/src/*.rs' 'cli/src/*.rs' 'core/src/*.rs' 'core/gio/src/*.rs' 'helper/src/*.rs' 'helper/api/src/*.rs' \
  'data/*.desktop.in' 'data/*.metainfo.xml.in' 'data/*.gschema.xml' 'data/*.policy' 'data/*.policy.in' 'data/*.ui' |
  xargs -0 grep -lsE 'gettext *\(|^\[Desktop Entry\]|<component|<schemalist gettext-domain|<policyconfig|translatable="(yes|true)"' |
  grep -vx core/src/i18n.rs | LC_ALL=C sort -u
