# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What builds specs into packages, the same bytes each time: `rpms DIR SPEC…`, in a HOME of its own that is $work.
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
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
