#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# build.sh DIR: builds every spec into an rpm repository at DIR. Runs in the build root.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

rpms() {
  rpmbuild --quiet -bb --define "_topdir $work" --define "_rpmdir $1" \
    --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
    --define 'source_date_epoch_from_changelog 0' --define 'use_source_date_epoch_as_buildtime 1' \
    "${@:2}"
}
# --load would be forgotten when rpmbuild starts over for noarch; ~/.rpmmacros is not
cp "$here/macros" "$work/.rpmmacros"
export HOME=$work SOURCE_DATE_EPOCH=1760000000
rpms "$1" "$here"/specs/*.spec
rpms "$1/updates" --define 'lab_release 2' "$here/specs/htop.spec"
createrepo_c --quiet "$1/updates"
createrepo_c --quiet --excludes 'updates/*' "$1"
