# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# One version of the lab's image: what differs from the base tree. An overlay is a directory laid
# out as the host is (usr/…, etc/… which becomes usr/etc); later overlays win.

# atomic_build OUT_TREE [--overlay DIR]… [--install DIR] [--setup DIR]
#   --install DIR  a DESTDIR tree, as `meson install` leaves in target/install
#   --setup DIR    a setup, baked at /usr/share/bkt/setup
atomic_build() {
  local out=$1 standins
  shift
  standins=$(atomic_standins) || return 1
  remove_tree "$out"
  mkdir -p "$out/usr/bin"
  install -m 755 "$standins/bootc" "$standins/rpm-ostree" "$out/usr/bin/"
  while [ $# -gt 0 ]; do
    case $1 in
      --overlay | --install) cp -a "$2/." "$out/" ;;
      --setup)
        mkdir -p "$out/usr/share/bkt/setup"
        cp -a "$2/." "$out/usr/share/bkt/setup/"
        ;;
      *) die "atomic_build: unknown option $1" ;;
    esac
    shift 2
  done
  if [ -d "$out/etc" ]; then
    mkdir -p "$out/usr/etc"
    cp -a "$out/etc/." "$out/usr/etc/"
    rm -rf "$out/etc"
  fi
  if [ -d "$out/usr/local" ]; then die "atomic_build: /usr/local is a link into /var on an atomic host"; fi
  rm -rf "$out/var" "$out/run"
  chown -R root:root "$out"
}

# atomic_standins: builds the bootc and rpm-ostree stand-ins, prints the directory that has them.
atomic_standins() {
  (cd "$BKT_SRC" && ./dev cargo build --quiet -p bkt-standins >&2) || return 1
  printf '%s\n' "${BKT_STANDINS:-$BKT_SRC/target/debug}"
}
