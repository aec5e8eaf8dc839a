# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What every part of ./dev and the lab shares: where things live and how they speak.

: "${BKT_SRC:=$(git rev-parse --show-toplevel)}"
: "${BKT_CACHE:=/var/cache/bkt-dev}" # roots, repositories and tools: remade when missing
: "${BKT_LAB:=/var/tmp/bkt-lab}"     # state of booted hosts
export BKT_SRC BKT_CACHE BKT_LAB

note() { if [ -t 2 ]; then printf '\033[2m· %s\033[0m\n' "$*" >&2; else printf '· %s\n' "$*" >&2; fi; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# hash_of FILE|DIR…: twelve digits that change when names, modes or contents below do.
hash_of() {
  find "$@" -type f -printf '%p %m\n' | LC_ALL=C sort | sed "s|^$BKT_SRC/||" |
    { tee /dev/fd/3 | cut -d' ' -f1 | (cd "$BKT_SRC" && xargs -r cat); } 3>&1 | sha256sum | cut -c1-12
}

# cached NAME COMMAND…: prints $BKT_CACHE/NAME, first made by `COMMAND… TEMPDIR` if missing.
# Two runs never make the same thing twice, and nobody sees it half made.
cached() {
  local name=$1 dir=$BKT_CACHE/$1
  shift
  if [ ! -d "$dir" ]; then
    mkdir -p "$BKT_CACHE/log"
    (
      flock 9
      [ -d "$dir" ] && exit 0
      remove_tree "$dir.new"
      mkdir "$dir.new"
      if ! "$@" "$dir.new" >"$BKT_CACHE/log/$name" 2>&1; then
        tail -n 20 "$BKT_CACHE/log/$name" >&2
        die "could not make $name; the whole log is $BKT_CACHE/log/$name"
      fi
      mv "$dir.new" "$dir"
    ) 9>"$BKT_CACHE/.$name.lock" || return 1
  fi
  printf '%s\n' "$dir"
}

# remove_tree DIR: rm -rf that never follows a mount.
remove_tree() {
  [ ! -e "$1" ] || rm -rf --one-file-system -- "$1"
}
