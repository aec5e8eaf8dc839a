# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A disk of an atomic host: an ostree sysroot with its repository, deployments, /var and boot
# entries, all made by the real ostree. An image NAME:TAG is the ref images/NAME/TAG in that
# repository; what a registry would say of it is in the commit's metadata.

# The image a lab host follows unless told otherwise.
ATOMIC_IMAGE=registry.lab/atomic:latest

# atomic_init SYSROOT: an empty disk with the base tree's objects and the first /var. It belongs on
# the file system of $BKT_CACHE, where objects are shared by hard links.
atomic_init() {
  local sys=$1 base
  base=$(atomic_base) || return 1
  ATOMIC_STANDINS=$(atomic_standins) || return 1
  atomic_remove "$sys"
  mkdir -p "$sys"
  lab_ostree admin init-fs --modern "$sys" || return 1
  lab_ostree admin stateroot-init --sysroot="$sys" default >/dev/null
  lab_ostree config --repo="$sys/ostree/repo" set sysroot.bootloader none
  lab_ostree config --repo="$sys/ostree/repo" set sysroot.readonly true
  lab_ostree config --repo="$sys/ostree/repo" set core.fsync false
  lab_ostree pull-local --repo="$sys/ostree/repo" "$base/repo" base >/dev/null || return 1
  cp -a "$base/var/." "$sys/ostree/deploy/default/var/"
}

# atomic_remove SYSROOT: deployments are immutable directories, which plain rm cannot remove.
atomic_remove() {
  [ ! -d "$1/ostree/deploy" ] || chattr -i "$1"/ostree/deploy/*/deploy/*/ 2>/dev/null || true
  remove_tree "$1"
}

# atomic_ref IMAGE: the ref that stands for the image NAME:TAG.
atomic_ref() { printf 'images/%s\n' "${1/://}"; }

# atomic_commit SYSROOT TREE IMAGE VERSION: publishes base + TREE as the newest IMAGE. TREE may be
# removed afterwards; a running host sees the image at once, as a registry would show it.
atomic_commit() {
  local sys=$1 tree=$2 image=$3 version=$4 digest
  digest=$(printf '%s %s %s' "$image" "$version" "$(date +%s%N)" | sha256sum | cut -d' ' -f1)
  lab_ostree commit --repo="$sys/ostree/repo" -b "$(atomic_ref "$image")" --no-bindings --bootable --fsync=false \
    --tree=ref=base --tree=dir="$tree" \
    --add-metadata-string=version="$version" \
    --add-metadata-string=ostree.manifest-digest="sha256:$digest" >/dev/null
}

# atomic_deploy SYSROOT IMAGE [--karg NAME=VALUE]…: installs IMAGE as `bootc install` does, with the
# kernel arguments the image asks for, as the next boot.
atomic_deploy() {
  local sys=$1 image=$2 ref standins work option
  local -a wanted kargs=(--karg-append=root=LABEL=lab --karg-append=rw)
  shift 2
  ref=$(atomic_ref "$image")
  standins=${ATOMIC_STANDINS:-$(atomic_standins)} || return 1
  work=$(mktemp -d)
  lab_ostree checkout --repo="$sys/ostree/repo" -U --subpath=/usr/lib/bootc "$ref" "$work/bootc" || return 1
  lab_run "$standins/bootc" container inspect --json --kargs-dir "$work/bootc/kargs.d" >"$work/inspect" || return 1
  mapfile -t wanted < <(jq -r '.kargs[]' "$work/inspect")
  for option in "${wanted[@]}"; do kargs+=(--karg-append="$option"); done
  while [ $# -gt 0 ]; do
    kargs+=(--karg-append="$2")
    shift 2
  done
  printf '[origin]\ncontainer-image-reference=ostree-unverified-image:docker://%s\n' "$image" >"$work/origin"
  lab_ostree admin deploy --sysroot="$sys" --os=default --no-merge --karg-none "${kargs[@]}" \
    --origin-file="$work/origin" "$ref" >/dev/null || return 1
  rm -rf "$work"
}
