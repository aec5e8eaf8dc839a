# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# One version of the lab's image: what differs from the base tree. Layers are laid out as the host
# is (usr/…, and etc/… which becomes usr/etc); later ones win.

# atomic_build OUT_TREE [--packages "NAME…"] [--overlay DIR]… [--install DIR] [--setup DIR] [--without-rpm-ostree]
#   --packages  installs them with dnf from the lab's repository, as a RUN line of a recipe does
#   --install   a DESTDIR tree, as `meson install --destdir target/install` leaves it
#   --setup     a setup, baked at /usr/share/bkt/setup
atomic_build() {
  local out=$1 standins commands=(bootc rpm-ostree)
  shift
  standins=${ATOMIC_STANDINS:-$(atomic_standins)} || return 1
  remove_tree "$out"
  mkdir -p "$out/usr/bin"
  while [ $# -gt 0 ]; do
    case $1 in
      --packages) atomic_packages "$out" "$2" || return 1 ;;
      --overlay | --install) cp -rT --no-dereference --preserve=mode,links,timestamps "$2" "$out" ;;
      --setup)
        mkdir -p "$out/usr/share/bkt/setup"
        cp -rT --no-dereference --preserve=mode,links "$2" "$out/usr/share/bkt/setup"
        ;;
      --without-rpm-ostree)
        commands=(bootc)
        shift
        continue
        ;;
      *) die "atomic_build: unknown option $1" ;;
    esac
    shift 2
  done
  install -m 755 "${commands[@]/#/$standins/}" "$out/usr/bin/"
  if [ -d "$out/etc" ]; then
    mkdir -p "$out/usr/etc"
    cp -aT "$out/etc" "$out/usr/etc"
    rm -rf "$out/etc"
  fi
  [ ! -e "$out/usr/local" ] || die "atomic_build: /usr/local is in /var on an atomic host; install below /usr"
  rm -rf "$out/var" "$out/run" "$out/tmp"
  chown -hR root:root "$out"
}

# atomic_packages OUT_TREE "NAME…": dnf in a throw-away overlay of the base; what it wrote becomes part of the tree.
atomic_packages() {
  local out=$1 names=$2 base root work
  base=$(atomic_base) || return 1
  root=$(readlink -f "$(root_path host)") || return 1
  work=$(mktemp -d "$BKT_CACHE/packages.XXXXXX")
  mkdir "$work"/{upper,work,merged}
  # shellcheck disable=SC2086
  unshare -m sh -euc 'base=$1 root=$2 work=$3
    shift 3
    mount -t overlay lab -o "lowerdir=$base/layer:$root,upperdir=$work/upper,workdir=$work/work" "$work/merged"
    mount -t proc proc "$work/merged/proc"
    mount --bind /dev "$work/merged/dev"
    chroot "$work/merged" dnf --quiet --assumeyes install "$@"' sh "$base" "$root" "$work" $names >&2 || return 1
  find "$work/upper" -type c -delete
  rm -rf "$work/upper/var"
  cp -rT --no-dereference --preserve=mode,links,timestamps "$work/upper" "$out"
  remove_tree "$work"
}

# atomic_standins: prints the directory that has the bootc and rpm-ostree stand-ins, freshly built.
# $ATOMIC_STANDINS names it once they are.
atomic_standins() {
  (cd "$BKT_SRC" && ./dev cargo build --quiet -p bkt-standins >&2) || return 1
  printf '%s\n' "$BKT_SRC/target/debug"
}
