# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A disk of an atomic host: an ostree sysroot with its repository, deployments, /var and boot
# entries, all made by the real ostree. An "image" NAME:TAG is the ref images/NAME/TAG in that
# repository; what a registry would say of it is in the commit's metadata.

# The image a lab host follows unless told otherwise.
ATOMIC_IMAGE=registry.lab/atomic:latest

# atomic_init SYSROOT: an empty disk with the base tree's objects and the first /var.
atomic_init() {
  local sys=$1 base
  base=$(atomic_base) || return 1
  mkdir -p "$sys"
  lab_ostree admin init-fs --modern "$sys"
  lab_ostree admin stateroot-init --sysroot="$sys" default >/dev/null
  lab_ostree config --repo="$sys/ostree/repo" set sysroot.bootloader none
  lab_ostree config --repo="$sys/ostree/repo" set sysroot.readonly true
  lab_ostree config --repo="$sys/ostree/repo" set core.fsync false
  lab_ostree pull-local --repo="$sys/ostree/repo" "$base/repo" base >/dev/null
  cp -a "$base/var/." "$sys/ostree/deploy/default/var/"
}

# atomic_ref IMAGE: the ref that stands for the image NAME:TAG.
atomic_ref() { printf 'images/%s\n' "${1/://}"; }

# atomic_commit SYSROOT TREE IMAGE VERSION: publishes base + TREE as the newest IMAGE.
atomic_commit() {
  local sys=$1 tree=$2 image=$3 version=$4 ref digest
  ref=$(atomic_ref "$image")
  digest=$(printf '%s %s %s' "$image" "$version" "$(date +%s%N)" | sha256sum | cut -d' ' -f1)
  lab_ostree commit --repo="$sys/ostree/repo" -b "$ref" --no-bindings --bootable --fsync=false \
    --tree=ref=base --tree=dir="$tree" \
    --add-metadata-string=version="$version" \
    --add-metadata-string=ostree.manifest-digest="sha256:$digest" >/dev/null
}

# atomic_deploy SYSROOT IMAGE [--karg NAME=VALUE]…: installs IMAGE as `bootc install` does, its own
# kargs.d first, as the next boot.
atomic_deploy() {
  local sys=$1 image=$2 ref work standins option
  local -a options kargs=(--karg-append=root=LABEL=lab --karg-append=rw)
  shift 2
  ref=$(atomic_ref "$image")
  work=$(mktemp -d)
  lab_ostree checkout --repo="$sys/ostree/repo" -U --subpath=/usr/lib/bootc "$ref" "$work/bootc"
  standins=$(atomic_standins) || return 1
  lab_run "$standins/bootc" container inspect --json --kargs-dir "$work/bootc/kargs.d" >"$work/inspect" || return 1
  mapfile -t options < <(jq -r '.kargs[]' "$work/inspect")
  for option in "${options[@]}"; do kargs+=(--karg-append="$option"); done
  while [ $# -gt 0 ]; do
    kargs+=(--karg-append="$2")
    shift 2
  done
  printf '[origin]\ncontainer-image-reference=ostree-unverified-image:docker://%s\n' "$image" >"$work/origin"
  lab_ostree admin deploy --sysroot="$sys" --os=default --no-merge --karg-none "${kargs[@]}" \
    --origin-file="$work/origin" "$ref" >/dev/null
  rm -rf "$work"
}

# atomic_layer SYSROOT PACKAGE…: marks the next boot as having layered packages (host kind B), the
# way rpm-ostree's origin file does.
atomic_layer() {
  local sys=$1 origin
  shift
  origin=$(atomic_default "$sys" | jq -r .deployment).origin
  printf '\n[packages]\nrequested=%s\n' "$(printf '%s;' "$@")" >>"$origin"
}

# atomic_default SYSROOT: what a boot loader would choose: the entry with the highest version, as
# {options, deployment}.
atomic_default() {
  local sys=$1 entry best='' version=-1 this options link
  for entry in "$sys"/boot/loader/entries/*.conf; do
    this=$(sed -n 's/^version //p' "$entry")
    if [ "$this" -gt "$version" ]; then version=$this best=$entry; fi
  done
  [ -n "$best" ] || return 1
  options=$(sed -n 's/^options //p' "$best")
  link=$(printf '%s\n' "$options" | tr ' ' '\n' | sed -n 's/^ostree=//p')
  jq -n --arg options "$options" --arg deployment "$(readlink -f "$sys$link")" '{$options, $deployment}'
}
