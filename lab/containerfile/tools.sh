#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# tools.sh OUT: a dnf repository in OUT with the names of what Bucket is built with. Runs in the build root.
set -euo pipefail
. "$BKT_SRC/lab/packages/rpms.sh"
rpms "$1" "$BKT_SRC/lab/containerfile/tools.spec"
createrepo_c --quiet "$1"
