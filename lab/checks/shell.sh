#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every shell script passes shellcheck.
set -euo pipefail
cd "$BKT_SRC"
# SC1090, SC1091: sourced by computed path; SC2016: programs quoted for another shell;
# SC2034, SC2154: sourced pieces share names; SC2115: set -u catches it;
# SC2119, SC2120: arguments that are optional
git ls-files -z --cached --others --exclude-standard -- dev .ci/run '*.sh' |
  xargs -0 shellcheck -e SC1090,SC1091,SC2016,SC2034,SC2115,SC2119,SC2120,SC2154
