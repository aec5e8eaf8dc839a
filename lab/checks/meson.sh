#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# meson installs Bucket into target/install, which scenarios lay over a lab host. It compiles into the
# target/ that cargo already filled, so nothing is built twice.
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
. lab/lib/scenario.sh
build=target/meson install=target/install

configure() {
  meson setup "$build" --reconfigure --prefix=/usr --libexecdir=libexec --buildtype=debug \
    -Dcargo_target_dir="$PWD/target" ||
    meson setup "$build" --wipe --prefix=/usr --libexecdir=libexec --buildtype=debug \
      -Dcargo_target_dir="$PWD/target"
}
install_afresh() {
  local out
  rm -rf "$install"
  out=$(meson install -C "$build" --quiet --destdir "$PWD/$install" 2>&1) ||
    { grep -E '^error|^FAILED|^  *-->' <<<"$out" | tail -n 5 && false; }
}
is_program() { [ -x "$install$1" ] && "$install$1" --version | grep -q "$(sed -n 's/^version = //p' Cargo.toml | tr -d '"')"; }
is_program_of_a_bus() { [ -x "$install$1" ]; }
is_there() { [ -s "$install$1" ]; }
is_translated() { grep -q '\[de\]\|xml:lang="de"' "$install$1"; }
# Whatever was added to the source folders is installed under its own name.
all_of() { # FOLDER PATTERN WHERE
  local file
  for file in "$1"/$2; do
    [ ! -f "$file" ] || is_there "$3/$(basename "$file" .in)" || { echo "$file is not installed" && return 1; }
  done
}
no_place_left_open() { ! grep -rnE '@[a-z]+dir@' "$install/usr/lib" "$install/usr/share"; }
nothing_else() { # the folders an image may carry, and no /usr/etc
  ! find "$install" -type f | sed "s|^$install||" |
    grep -vE '^/usr/(bin|libexec)/bkt|^/usr/lib/(systemd|tmpfiles\.d|sysusers\.d)/|^/usr/share/'
}
is_complete_for() { grep -q drift "$install/usr/share/$1"; }

check "meson configures" configure
check "meson installs" install_afresh
[ "$failed" = 0 ] || exit 1
check "bkt runs" is_program /usr/bin/bkt
check "bkt-gui is a program" is_program_of_a_bus /usr/bin/bkt-gui
check "bkt-helper is a program" is_program_of_a_bus /usr/libexec/bkt-helper
check "bkt-executor is a program" is_program_of_a_bus /usr/libexec/bkt-executor
for kind in system user system-preset user-preset; do
  check "units: $kind" all_of "systemd/$kind" '*.*' "/usr/lib/systemd/$kind"
done
check "session bus activation" all_of data/dbus-session '*.service' /usr/share/dbus-1/services
check "system bus activation" all_of data/dbus '*.service' /usr/share/dbus-1/system-services
check "system bus policy" all_of data/dbus '*.conf' /usr/share/dbus-1/system.d
check "polkit actions" all_of data/polkit '*.policy*' /usr/share/polkit-1/actions
check "recipes of just" all_of data/just '*.just' /usr/share/bkt
check "settings schema" all_of data '*.gschema.xml' /usr/share/glib-2.0/schemas
check "icons" all_of data/icons/hicolor/scalable/apps '*.svg' /usr/share/icons/hicolor/scalable/apps
check "desktop entry is translated" is_translated /usr/share/applications/org.bkt.Bucket.desktop
check "metainfo is translated" is_translated /usr/share/metainfo/org.bkt.Bucket.metainfo.xml
while read -r language; do
  check "$language is installed" is_there "/usr/share/locale/$language/LC_MESSAGES/bkt.mo"
done < <(grep -v '^#' po/LINGUAS)
check "bash completes" is_complete_for bash-completion/completions/bkt
check "every command has a manual page" is_there /usr/share/man/man1/bkt-gsetting-unset.1
check "zsh completes" is_complete_for zsh/site-functions/_bkt
check "fish completes" is_complete_for fish/vendor_completions.d/bkt.fish
check "no path is left open" no_place_left_open
check "nothing is installed elsewhere" nothing_else
check "meson test" meson test -C "$build" --no-rebuild --quiet
done_with_checks
