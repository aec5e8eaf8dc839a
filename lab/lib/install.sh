# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Bucket as meson installs it, to be laid over a lab host.

# installed_tree: prints target/install, brought up to date first.
installed_tree() {
  local log=$BKT_SRC/target/install.log
  mkdir -p "$BKT_SRC/target"
  (root_exec build "$BKT_SRC/lab/checks/meson.sh") >"$log" 2>&1 || {
    grep -v '^PASS' "$log" | tail -n 20 >&2
    die "Bucket could not be installed; the whole log is $log"
  }
  printf '%s\n' "$BKT_SRC/target/install"
}

# recipe_tree OUT: Bucket as a recipe puts it into an image: installed, its units preset, the settings
# schemas compiled together with the host's.
recipe_tree() {
  local out=$1 schemas=$1/usr/share/glib-2.0/schemas host
  cp -rT "$(installed_tree)" "$out" || return 1
  host=$(readlink -f "$(root_path host)") || return 1
  cp "$host"/usr/share/glib-2.0/schemas/*.{xml,override} "$schemas/"
  (root_exec build glib-compile-schemas "$schemas") &&
    (root_exec build systemctl --quiet --root="$out" preset bkt-first-boot.service) &&
    (root_exec build systemctl --quiet --root="$out" --global preset bkt-first-boot.service bkt-check.timer)
}
