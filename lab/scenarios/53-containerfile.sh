#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Bucket's own Containerfile is built as it is, by real buildah, dnf and meson, and makes of a base what the BUCKET section
# of a recipe makes of it with the published files. Fedora's images are not to be had here: their names are given to the
# tree of the build root, and cargo hands over what it compiled before, unless BKT_COMPILE is set.
. "$(dirname "$(readlink -f "$0")")/../image/all.sh"

IMAGES=$BKT_CACHE/disks/containerfile-$$.images
work=$(mktemp -d)
finish() {
  rm -rf "$work"
  remove_tree "$IMAGES"
}
trap finish EXIT
export TMPDIR=$work # where buildah keeps the caches that a build mounts
quietly() { "$@" >"$work/log" 2>&1 || { tail -n 20 "$work/log" && false; }; }
look() { image_look "$IMAGES" "$1" "$2"; }

"$BKT_SRC/dev" cargo build --quiet --workspace
installed=$(installed_tree)
target=${CARGO_TARGET_DIR:-$BKT_SRC/target}
if [ -n "${BKT_COMPILE:-}" ]; then
  volumes=(--volume "${CARGO_HOME:-$HOME/.cargo}:/lab/cargo" --volume "${RUSTUP_HOME:-$HOME/.rustup}:/lab/rustup")
else
  volumes=(--volume "$target/debug:/lab/debug:ro")
fi
build() { quietly image_build "$IMAGES" "$1" "$BKT_SRC" --layers=true --pull=never "${volumes[@]}" "${@:2}"; }

# The base images, by the names the Containerfile has for them
image_init "$IMAGES" build >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }
mkdir -p "$work/fedora/tools" "$work/ublue"
(root_exec build bash "$BKT_SRC/lab/containerfile/tools.sh" "$work/fedora/tools")
cp "$BKT_SRC/lab/containerfile/cargo" "$work/fedora/"
printf '[tools]\nname=Tools\nbaseurl=file:///usr/lib/bkt-lab/tools\ngpgcheck=0\n' >"$work/fedora/tools.repo"
cat >"$work/fedora/Containerfile" <<CONTAINERFILE
FROM $IMAGE_BASE
COPY cargo /usr/bin/
COPY tools.repo /etc/yum.repos.d/
COPY tools /usr/lib/bkt-lab/tools
CONTAINERFILE
cat >"$work/ublue/Containerfile" <<CONTAINERFILE
FROM $IMAGE_BASE
RUN mkdir -p /usr/share/ublue-os/just && echo "# mine" > /usr/share/ublue-os/just/60-custom.just
CONTAINERFILE
quietly image_build "$IMAGES" quay.io/fedora/fedora:43 "$work/fedora"
quietly image_build "$IMAGES" registry.lab/ublue:43 "$work/ublue"
image_in "$IMAGES" buildah tag "$IMAGE_BASE" quay.io/fedora/fedora-silverblue:43

published=ghcr.io/bkt/bucket:$(sed -n 's/^version = "\(.*\)\.[^.]*"$/\1/p' "$BKT_SRC/Cargo.toml" | head -n 1)
check "the stage that builds does, and its tests pass" build "$published" --target files
[ "$failed" = 0 ] || exit 1
# alike NAME IMAGE PROGRAM: what the shell's PROGRAM says of the installed files it says of those in IMAGE.
alike() {
  (cd "$installed" && eval "$3") >"$work/here"
  look "$2" "$3" >"$work/there"
  check "$1" sh -c 'test -s "$1" && diff "$1" "$2"' sh "$work/here" "$work/there"
}
alike "what a release publishes are the files that are tested everywhere else, and nothing else" "$published" \
  'find . -mindepth 1 -printf "%P %m %y %l\n" | LC_ALL=C sort'
# the programs are others where they are compiled anew
others=${BKT_COMPILE:+! -path './usr/bin/*' ! -path './usr/libexec/*'}
alike "with the same in them" "$published" "set -f; find . -type f $others -exec sha256sum {} + | LC_ALL=C sort"

check "it is built to the end" build localhost/my-desktop
check_is "the lint has nothing to object to" "Checks passed: 7" \
  sh -c 'sed -n "s/^Checks passed:/&/p; s/^Lint warning:/&/p" "$1"' sh "$work/log"
my() { look localhost/my-desktop "$1"; }
check_is "bkt runs in it" "$("$BKT_SRC/dev" shell "$target/debug/bkt" --version)" my 'chroot . bkt --version'
check_is "what the base lacks was installed" "git-core libadwaita" my 'chroot . rpm -q git-core libadwaita --qf "%{name}\n" | paste -sd" "'
check_is "its units are as its presets say" "enabled | enabled enabled" \
  my 'echo $(chroot . systemctl is-enabled bkt-first-boot.service 2>/dev/null) "|" $(chroot . systemctl --global is-enabled bkt-first-boot.service bkt-check.timer 2>/dev/null)'
check_is "its settings have a schema" org.bkt.Bucket my 'grep -ao "org\.bkt\.Bucket" usr/share/glib-2.0/schemas/gschemas.compiled | sort -u'
check_is "neither tools nor sources are in it" "" my 'ls -d src build install usr/lib/bkt-lab/tools 2>/dev/null'
check_is "nothing is left in what an image must not fill" "" \
  my 'find run tmp var -mindepth 1 ! -type d; find run tmp -mindepth 1 ! -empty; find var -mindepth 2'
check "and so it is on another base" build localhost/ublue --build-arg BASE=registry.lab/ublue:43
check_is "whose ujust is told, once" '# mine||import? "/usr/share/bkt/bkt.just"' \
  look localhost/ublue 'paste -sd"|" usr/share/ublue-os/just/60-custom.just'

# A setup's own recipe
setup=$work/setup
mkdir -p "$setup/manifests"
printf 'FROM %s\nRUN bootc container lint\n' "$IMAGE_BASE" >"$setup/Containerfile"
check "a recipe gets the section" "$BKT_SRC/dev" shell "$target/debug/bkt" -C "$setup" containerfile adopt BUCKET --yes
check "and copies what was published" quietly image_build "$IMAGES" localhost/recipe "$setup" --pull=never
files='find . -xdev \( -path ./usr/lib/sysimage -o -path ./var -o -path ./proc -o -path ./sys -o -path ./dev -o -path ./run \) -prune -o \
  -type f -exec sha256sum {} + | LC_ALL=C sort'
look localhost/recipe "$files" >"$work/recipe"
my "$files" >"$work/mine"
check "it makes the same of the base" sh -c 'grep -q " \./usr/bin/bkt$" "$1" && diff "$1" "$2"' sh "$work/recipe" "$work/mine"
done_with_checks
