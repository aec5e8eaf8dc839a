# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Building images as a person's CI does: buildah, a base image with dnf and the lab's repository, and a Copr.
# `. "$(dirname "$0")/../image/all.sh"`; everything of an atomic host comes with it.
. "$(dirname "${BASH_SOURCE[0]}")/../atomic/all.sh"

# The image a lab recipe begins with.
IMAGE_BASE=registry.lab/base:44

# image_tree [dnf4 | dnf5 | build]: prints the directory whose store/ has as an image the base tree of atomic hosts, or
# that of the root of that name.
image_tree() {
  local kind=${1:-} base parts=("$BKT_SRC/lab/image/make.sh" "$BKT_SRC/lab/image/storage.sh")
  if [ -n "$kind" ]; then
    base=$(readlink -f "$(root_path "$kind")") && lab_repos >/dev/null || return 1
    parts+=("$BKT_SRC/lab/image/dnf.sh" "$BKT_SRC/lab/packages" "$BKT_SRC/lab/lib/repos.sh" "$BKT_SRC/lab/sample/root/usr/lib/os-release")
  else
    base=$(atomic_base) || return 1
  fi
  root_path boxes >/dev/null || return 1
  base=$(basename "$base")
  cached "image-$(hash_of "${parts[@]}")-${base#atomic-}" image_make_tree "$kind" "$BKT_CACHE/$base"
}

image_make_tree() { # KIND BASE OUT
  if [ -n "$1" ]; then
    unshare -m bash "$BKT_SRC/lab/image/dnf.sh" "$2" "$3/tree"
  else
    lab_ostree checkout --repo="$2/repo" base "$3/tree"
  fi &&
    (BKT_ROOT_IS_MOUNT=1 root_exec boxes bash "$BKT_SRC/lab/image/make.sh" "$3/tree" "$3") &&
    remove_tree "$3/tree" && remove_tree "$3/conf"
}

# image_init DIR [KIND]: an empty storage for images in DIR, with $IMAGE_BASE, which has the stand-ins of this checkout,
# and the Copr's certificate. DIR belongs on the file system of $BKT_CACHE.
image_init() {
  local dir=$1 standins
  IMAGE_TREE=$(image_tree "${2:-}") && standins=$(atomic_standins) || return 1
  ATOMIC_STANDINS=$standins
  remove_tree "$dir"
  mkdir -p "$dir/base"
  copr_certificate "$dir" || return 1
  cp "$dir/lab.pem" "$dir/base/"
  cp "$standins"/{bootc,rpm-ostree} "$dir/base/"
  cat >"$dir/base/Containerfile" <<'END'
FROM localhost/lab/tree
COPY bootc rpm-ostree /usr/bin/
COPY lab.pem /etc/ssl/certs/ca-certificates.crt
RUN mkdir -p /usr/lib/ssl && ln -sf /etc/ssl/certs/ca-certificates.crt /usr/lib/ssl/cert.pem
# a build may not do what this asks for, and an image of Fedora does not have it
RUN rm -f /usr/lib/*/rpm-plugins/unshare.so
END
  image_build "$dir" "$IMAGE_BASE" "$dir/base"
}

# image_in DIR COMMAND…: COMMAND where buildah is, with the storage of DIR and no network but the Copr.
image_in() {
  local copr
  copr=$(lab_repos)/copr || return 1
  (BKT_ROOT_IS_MOUNT=1 BKT_BIND="$1 ${BKT_BIND:-}" root_exec boxes unshare -nm --propagation unchanged \
    bash "$BKT_SRC/lab/image/inside.sh" "$1" "$IMAGE_TREE/store" "$copr" "${@:2}")
}

# image_build DIR IMAGE CONTEXT [OPTION…]: the Containerfile in CONTEXT, as it is.
image_build() {
  local ulimits
  ulimits=$(ulimit -Hn):$(ulimit -Hn)
  image_in "$1" buildah build --network host --layers=false --ulimit "nofile=$ulimits" \
    --ulimit "nproc=$(ulimit -Hu):$(ulimit -Hu)" --tag "$2" "${@:4}" "$3"
}

# image_commit DIR SYSROOT IMAGE VERSION: publishes the built IMAGE to the disk at SYSROOT, whole and in ostree's shape.
image_commit() {
  local root
  root=$(readlink -f "$(root_path host)") || return 1
  BKT_BIND=$2 image_in "$1" bash "$BKT_SRC/lab/image/commit.sh" "$root" "${@:2}"
}

# image_look DIR IMAGE PROGRAM: a shell's PROGRAM in the root of the built IMAGE, which it may change for itself.
image_look() {
  image_in "$1" bash -euc 'container=$(buildah from --pull-never "$1")
    cd "$(buildah mount "$container")"
    bash -c "$2" || :
    buildah rm "$container" >/dev/null' bash "$2" "$3"
}
