#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# headless.sh COMMAND…: runs COMMAND with a session bus, a runtime directory and an X display of its
# own, all gone afterwards. Returns COMMAND's exit code.
set -uo pipefail
run=$(mktemp -d)
x="" bus=""
end() {
  [ -z "$x" ] || kill "$x" 2>/dev/null
  [ -z "$bus" ] || kill "$bus" 2>/dev/null
  rm -rf "$run"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

export XDG_RUNTIME_DIR=$run GDK_BACKEND=x11 GTK_A11Y=${GTK_A11Y:-none} GSK_RENDERER=cairo LIBGL_ALWAYS_SOFTWARE=1 NO_AT_BRIDGE=1
unset WAYLAND_DISPLAY
# GNOME's font is made from Inter; without a settings daemon GTK would take the first one it finds.
mkdir "$run/gtk-4.0"
printf '[Settings]\ngtk-font-name=Inter 11\n' >"$run/gtk-4.0/settings.ini"
export XDG_CONFIG_DIRS=$run:/etc/xdg
mkfifo "$run/display"
Xvfb -displayfd 3 -screen 0 1280x900x24 -nolisten tcp -noreset 3>"$run/display" 2>"$run/x.log" &
x=$!
read -r number <"$run/display" || {
  cat "$run/x.log" >&2
  exit 1
}
export DISPLAY=:$number DBUS_SESSION_BUS_ADDRESS=unix:path=$run/bus
# the daemon says its process id once it listens
bus=$(dbus-daemon --session --address="$DBUS_SESSION_BUS_ADDRESS" --fork --print-pid 2>"$run/bus.log") || {
  cat "$run/bus.log" >&2
  exit 1
}
"$@"
