#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# copr.sh DIR: builds lab/packages/copr into DIR as Copr publishes a project: signed packages, the metadata of their
# repository, and the project's own throw-away key. Runs in the build root.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/rpms.sh"
export GNUPGHOME=$work/gpg
trap 'gpgconf --kill all; rm -rf "$work"' EXIT

mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key 'Bucket lab project <lab@bkt.invalid>' rsa2048 sign never
rpms "$1" "$here"/copr/*.spec
rpmsign --addsign --define '_gpg_name lab@bkt.invalid' "$1"/*.rpm >/dev/null
gpg --armor --export >"$1/pubkey.gpg"
createrepo_c --quiet "$1"
