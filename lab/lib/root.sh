# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Debian roots that carry what the machine lacks: `build` compiles and tests, `host` is booted.
# `dnf5` has what trixie lacks, dnf5 and rpm 6; `dnf4` a dnf4 that reads groups of packages, on which trixie's ends with a fault. `boxes` has distrobox, podman, buildah and a registry. lab/lib/KIND.packages lists their packages; root_exec runs a
# command in one.

suite_of() { if [[ $1 = dnf[45] ]]; then echo forky; else echo trixie; fi; }

root_path() {
  local list=$BKT_SRC/lab/lib/$1.packages suite dir key
  suite=$(suite_of "$1")
  key=$({ echo "$suite"; cat "$list"; } | sha256sum | cut -c1-12)
  [ -d "$BKT_CACHE/$1-$key" ] || note "making the $1 root: about two minutes, once"
  dir=$(cached "$1-$key" make_root "$list" "$suite") || return 1
  [ "$(readlink "$BKT_CACHE/$1")" = "$1-$key" ] || ln -sfn "$1-$key" "$BKT_CACHE/$1"
  printf '%s\n' "$dir"
}

make_root() { # LIST SUITE DIR
  need_root "making the build root"
  need_debs mmdebstrap systemd-nspawn:systemd-container
  mmdebstrap --variant=minbase --include="$(paste -sd, "$1")" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --customize-hook='mkdir -p "$1/usr/lib/rpm/macros.d"' \
    --customize-hook="copy-in $BKT_SRC/lab/lib/macros.bkt /usr/lib/rpm/macros.d" \
    --customize-hook='[ ! -e "$1/usr/bin/dnf5" ] || ln -s dnf5 "$1/usr/bin/dnf"' \
    --aptopt='Acquire::Check-Valid-Until "false"' \
    "$2" "$3"
}

need_root() {
  [ "$(id -u)" = 0 ] || die "$1 needs root: run it again as root (sudo -E ./dev …)"
}

# need_debs COMMAND[:PACKAGE]…: installs what is missing, by apt.
need_debs() {
  local want missing=()
  for want; do command -v "${want%:*}" >/dev/null || missing+=("${want#*:}"); done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || die "please install ${missing[*]}, then run this again"
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# root_exec KIND COMMAND…: replaces this process by COMMAND inside the root, in a mount namespace of
# its own, with the checkout, the cache, /tmp and the Rust toolchain at the paths they have outside.
root_exec() {
  local root
  root=$(root_path "$1") || exit 1
  shift
  need_root "entering the build root"
  exec unshare -m /bin/bash "$BKT_SRC/lab/lib/enter.sh" "$root" "$@"
}
