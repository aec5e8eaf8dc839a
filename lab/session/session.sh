# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A real GNOME Shell in a booted lab host, headless, on the user's own bus. Everything waits for
# what it needs (a bus name, a property), never for a time.

SESSION_JS=$BKT_SRC/lab/session/notifications.js

# session_start NAME USER [WIDTHxHEIGHT]: returns when the Shell says it has started (sd_notify, as
# its own unit has it), with the overview closed, nothing in the tray and no animations.
session_start() {
  local name=$1 user=$2 size=${3:-1280x800} id
  id=$(host_exec "$name" id -u "$user") || return 1
  host_exec "$name" systemctl start "user@$id.service" || return 1
  host_user "$name" "$user" systemd-run --user --quiet --collect --unit=bkt-session \
    --property=Type=notify --property=NotifyAccess=main \
    --setenv=XDG_CURRENT_DESKTOP=GNOME --setenv=XDG_SESSION_TYPE=wayland --setenv=XDG_SESSION_DESKTOP=gnome \
    gnome-shell --headless --virtual-monitor "$size" --no-x11 --unsafe-mode
  host_user "$name" "$user" systemctl --user set-environment XDG_CURRENT_DESKTOP=GNOME \
    XDG_SESSION_TYPE=wayland WAYLAND_DISPLAY=wayland-0
  host_user "$name" "$user" dbus-update-activation-environment XDG_CURRENT_DESKTOP=GNOME \
    XDG_SESSION_TYPE=wayland WAYLAND_DISPLAY=wayland-0
  session_eval "$name" "$user" "$(cat "$SESSION_JS"); settle()" >/dev/null
}

# session_stop NAME USER
session_stop() { host_user "$1" "$2" systemctl --user stop bkt-session; }

# session_eval NAME USER JS: the JSON value of an expression inside the Shell; fails if it throws.
session_eval() {
  local name=$1 user=$2 js=$3
  host_user "$name" "$user" busctl --user --json=short call org.gnome.Shell /org/gnome/Shell org.gnome.Shell Eval s "$js" |
    jq -r 'if .data[0] then .data[1] else "Shell: \(.data[1])\n" | halt_error end'
}

# session_shot NAME USER FILE.png: the whole screen, once it has settled.
session_shot() {
  local name=$1 user=$2 file=$3 id inside
  id=$(host_exec "$name" id -u "$user") || return 1
  inside=/run/user/$id/bkt-shot.png
  host_user "$name" "$user" busctl --user --quiet call org.gnome.Shell.Screenshot \
    /org/gnome/Shell/Screenshot org.gnome.Shell.Screenshot Screenshot bbs false false "$inside" || return 1
  mkdir -p "$(dirname "$file")"
  host_exec "$name" cat "$inside" >"$file"
}

# session_notifications NAME USER: what the message tray holds, as JSON.
session_notifications() { session_eval "$1" "$2" "$(cat "$SESSION_JS"); list()"; }

# session_click_notification NAME USER INDEX [BUTTON]: as a click on it, or on the button so labelled.
session_click_notification() {
  local name=$1 user=$2 index=$3 button=${4:-}
  session_eval "$name" "$user" "$(cat "$SESSION_JS"); click($index, $(jq -n --arg button "$button" '$button'))" >/dev/null
}
