# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The kinds of atomic host that differ in what their deployment says of itself. atomic_deploy makes
# the plain kind (follows a container image); these change the next boot into another, as its origin
# file would be on such a host. A host without rpm-ostree is `atomic_build … --without-rpm-ostree`.

# atomic_layer SYSROOT PACKAGE…: with layered packages: bootc calls it incompatible.
atomic_layer() {
  printf '\n[packages]\nrequested=%s\n' "$(printf '%s;' "${@:2}")" >>"$(atomic_origin "$1")"
}

# atomic_follow_remote SYSROOT: follows an ostree remote, not a container image, as stock Silverblue.
atomic_follow_remote() {
  printf '[origin]\nrefspec=fedora:fedora/44/x86_64/silverblue\n' >"$(atomic_origin "$1")"
}

atomic_origin() {
  local deployment
  deployment=$(atomic_default "$1" | jq -r .deployment) || return 1
  printf '%s.origin\n' "$deployment"
}
