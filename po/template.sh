#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# template.sh FILE: extracts the sentences of POTFILES.in into FILE, a POT.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
export GETTEXTDATADIRS=$PWD/po
mapfile -t args <po/xgettext.args
po/tool xgettext "${args[@]}" --files-from=po/POTFILES.in --output="$1" --package-name=bucket \
  --copyright-holder='The Bucket Contributors' --msgid-bugs-address=https://github.com/bkt/bucket/issues \
  2> >(grep -v "fallback ITS rule file" >&2)
