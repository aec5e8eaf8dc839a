# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# storage CONF GRAPH [IMAGES]: buildah's containers and images are in GRAPH from here on, which can use the images of
# the storage IMAGES without writing to it.
storage() {
  mkdir -p "$1"
  {
    printf '[storage]\ndriver = "overlay"\nrunroot = "%s/run"\ngraphroot = "%s"\n' "$1" "$2"
    [ -z "${3:-}" ] || printf '[storage.options]\nadditionalimagestores = ["%s"]\n' "$3"
  } >"$1/storage.conf"
  echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$1/policy.json"
  export CONTAINERS_STORAGE_CONF=$1/storage.conf BUILDAH_ISOLATION=chroot
}
