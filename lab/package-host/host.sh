# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The package-mode lab host: the host root, the lab's repositories, a real rpm database and the
# person sam (password lab, administrator), booted with a disk of its own that lasts until it is reset.

# package_host NAME [TREE…]: boots it; each TREE (made with DESTDIR) is laid over / first.
package_host() {
  local name=$1 state=$BKT_LAB/$1 root layer repos tree
  need_root "booting a lab host"
  need_debs systemd-nspawn:systemd-container
  root=$(readlink -f "$(root_path host)") && repos=$(lab_repos) || return 1
  root_path build >/dev/null || return 1
  layer=$(cached "package-host-$(hash_of "$BKT_SRC/lab/package-host" "$BKT_SRC/lab/packages")-${root##*-}" \
    unshare -m bash "$BKT_SRC/lab/package-host/make.sh" "$root") || return 1
  package_host_reset "$name"
  mkdir -p "$state/tree"
  for tree in "${@:2}"; do cp -rT --no-dereference --preserve=mode,links "$tree" "$state/tree"; done
  echo "$state/tree:$layer:$root" >"$state/layers"
  host_boot "$name" "$state/merged" --private-network --bind-ro=/usr/lib/bkt-lab/cmdline:/proc/cmdline
}

# package_host_reset NAME: forgets everything that happened on it.
package_host_reset() {
  ! host_alive "$1" || host_kill "$1" # left behind by a script that was killed
  remove_tree "$BKT_LAB/$1"
}
