#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What Bucket writes into a recipe of packages, groups, exclusions and Coprs makes an image by real buildah, on a base
# with dnf4 and on one with dnf5, both with rpm 6. The rest of a recipe is built by 48-image-build, whose base has a dnf4
# that ends with a fault when it reads any group.
. "$(dirname "$(readlink -f "$0")")/../image/all.sh"

IMAGES=$BKT_CACHE/disks/image-dnf-$$.images
work=$(mktemp -d)
finish() {
  rm -rf "$work"
  remove_tree "$IMAGES"
}
trap finish EXIT
setup=$work/setup image=registry.lab/mine:44
"$BKT_SRC/dev" cargo build --quiet -p bkt-cli
bkt_program=${CARGO_TARGET_DIR:-$BKT_SRC/target}/debug/bkt
bkt() { (BKT_BIND=$work root_exec build env HOME="$work" BKT_FORCE_HOST=1 "$bkt_program" -C "$setup" "$@"); }
quietly() { "$@" >"$work/log" 2>&1 || { tail -n 20 "$work/log" && false; }; }

mkdir -p "$setup/manifests"
cat >"$setup/manifests/system-packages.json" <<'MANIFEST'
{
  "packages": ["nano", "starship"],
  "groups": ["@lab-tools"],
  "excluded": ["powertop", "tuned"],
  "copr_repos": ["lab/tools", "lab/needs"]
}
MANIFEST
printf 'FROM %s\nRUN bootc container lint\n' "$IMAGE_BASE" >"$setup/Containerfile"
check "the sections of packages and Coprs are inserted" bkt containerfile adopt SYSTEM_PACKAGES COPR_REPOS --yes

base() { image_look "$IMAGES" "$IMAGE_BASE" "$1"; }
look() { image_look "$IMAGES" "$image" "$1"; }
for dnf in dnf4 dnf5; do
  image_init "$IMAGES" "$dnf" >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }
  check_is "the base has $dnf and rpm 6" "$dnf rpm6" \
    base 'echo dnf$(chroot . dnf --version 2>/dev/null | grep -oE "[0-9]+\.[0-9]+" | head -n 1 | cut -c1) rpm$(chroot . rpm --version | grep -oE "[0-9]" | head -n 1)'
  check_is "the group alone would bring what is excluded, and what that needs" "htop tuned tuned-profiles" \
    base 'chroot . dnf --assumeno install @lab-tools 2>/dev/null | grep -oE "^ *(htop|strace|tuned(-profiles)?) " | sort | echo $(cat)'
  check "the recipe is built with $dnf" quietly image_build "$IMAGES" "$image" "$setup"
  check_is "the lint has nothing to object to" "Checks passed: 7" \
    sh -c 'sed -n "/RUN bootc container lint/,/^COMMIT/p" "$1" | sed "1d;\$d"' sh "$work/log"
  check_is "the group's members are in it, neither the excluded one and what it alone needs, nor an optional one" \
    "htop nano starship | package powertop is not installed package strace is not installed package tuned is not installed package tuned-profiles is not installed" \
    look 'chroot . rpm -q htop nano starship --qf "%{name} " && echo "|" $(chroot . rpm -q powertop strace tuned tuned-profiles)'
  # what dnf4 knows of it is in /var, which no image keeps
  [ "$dnf" = dnf4 ] || check_is "$dnf knows that the group brought its member" "htop Group nano User starship User" \
    look 'chroot . dnf -q "--disablerepo=*" repoquery --installed --qf "%{name} %{reason}\n" htop nano starship | sort | echo $(cat)'
  check_is "it runs" "htop 3.4.1-1" look 'chroot . htop'
  check_is "the Copr's key is the only one rpm was given" 1 look 'chroot . rpm -q gpg-pubkey | wc -l'
  check_is "both Coprs and the repository one of them needs are off" "enabled=0 enabled=0 enabled=0" \
    look 'echo $(grep -h ^enabled= etc/yum.repos.d/_copr*)'
  check_is "nothing is left in what an image must not fill" "" \
    look 'find run tmp var -mindepth 1 ! -type d; find run tmp -mindepth 1 ! -empty; find var -mindepth 2'
done
done_with_checks
