#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# build.sh DIR: builds every spec into an rpm repository at DIR. Runs in the build root.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/rpms.sh"
rpms "$1" "$here"/specs/*.spec
rpms "$1/updates" --define 'lab_release 2' "$here/specs/htop.spec"
createrepo_c --quiet "$1/updates"
createrepo_c --quiet --excludes 'updates/*' --groupfile "$here/comps.xml" "$1"
