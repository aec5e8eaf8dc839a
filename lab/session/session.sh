# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A real GNOME Shell in a booted lab host, headless, on the user's own bus. Everything waits for
# what it needs (a bus name, a property), never for a time.

SESSION_JS=$BKT_SRC/lab/session/shell.js

# session_start NAME USER [WIDTHxHEIGHT]: returns when the Shell says it has started (sd_notify, as
# its own unit has it), with the overview closed, nothing in the tray and no animations.
session_start() {
  local name=$1 user=$2 size=${3:-1280x800} id
  id=$(host_exec "$name" id -u "$user") || return 1
  host_exec "$name" systemctl start "user@$id.service" || return 1
  session_login "$name" "$user" || return 1
  host_user "$name" "$user" systemd-run --user --quiet --collect --unit=bkt-session \
    --property=Type=notify --property=NotifyAccess=main \
    --setenv=XDG_CURRENT_DESKTOP=GNOME --setenv=XDG_SESSION_TYPE=wayland --setenv=XDG_SESSION_DESKTOP=gnome \
    gnome-shell --headless --virtual-monitor "$size" --no-x11 --unsafe-mode
  host_user "$name" "$user" systemctl --user set-environment XDG_CURRENT_DESKTOP=GNOME \
    XDG_SESSION_TYPE=wayland WAYLAND_DISPLAY=wayland-0
  host_user "$name" "$user" dbus-update-activation-environment XDG_CURRENT_DESKTOP=GNOME \
    XDG_SESSION_TYPE=wayland WAYLAND_DISPLAY=wayland-0
  session_eval "$name" "$user" "$(cat "$SESSION_JS"); settle()" >/dev/null || return 1
  # what a session manager does once the Shell is up; units of the session start now
  host_user "$name" "$user" systemd-run --user --quiet --unit=bkt-session-up --property=Type=oneshot \
    --property=RemainAfterExit=yes --property=Wants=graphical-session.target true
}

# session_login NAME USER: a logind session of that person's own on seat0, as a display manager opens one.
# polkit's agent and `allow_active` need it.
session_login() {
  host_exec "$1" systemctl is-active --quiet bkt-login && return
  host_exec "$1" systemd-run --quiet --collect --unit=bkt-login --uid="$2" --property=PAMName=login \
    --property=Type=exec --setenv=XDG_SESSION_TYPE=wayland --setenv=XDG_SESSION_CLASS=user \
    --setenv=XDG_SESSION_DESKTOP=gnome --setenv=XDG_SEAT=seat0 sleep infinity
}

# session_run NAME USER UNIT COMMAND…: starts a program in the session, as a click on its icon does.
session_run() {
  host_user "$1" "$2" systemd-run --user --quiet --collect --unit="$3" --expand-environment=no "${@:4}"
}

# session_press NAME USER APP ARGS…: uses a window through its accessibility tree (press.py).
session_press() {
  host_exec "$1" sh -c 'cat >/run/bkt-press.py' <"$BKT_SRC/lab/session/press.py"
  host_user "$1" "$2" python3 /run/bkt-press.py "${@:3}"
}

# session_authenticate NAME USER PASSWORD [FILE.png]: waits for the authentication dialog, takes its picture,
# types the password and prints what the dialog asked.
session_authenticate() {
  local name=$1 user=$2 password=$3 file=${4:-}
  session_eval "$name" "$user" "$(cat "$SESSION_JS"); asked()" || return 1
  [ -z "$file" ] || session_shot "$name" "$user" "$file" || return 1
  session_eval "$name" "$user" "$(cat "$SESSION_JS"); answer($(jq -n --arg p "$password" '$p'))" >/dev/null
}

# session_stop NAME USER
session_stop() { host_user "$1" "$2" systemctl --user stop bkt-session; }

# session_eval NAME USER JS: the JSON value of an expression inside the Shell; fails if it throws.
session_eval() {
  local name=$1 user=$2 js=$3
  host_user "$name" "$user" busctl --user --timeout=90 --json=short call org.gnome.Shell /org/gnome/Shell org.gnome.Shell Eval s "$js" |
    jq -r 'if .data[0] then .data[1] else "Shell: \(.data[1])\n" | halt_error end'
}

# session_shot NAME USER FILE.png: the whole screen, once it has settled.
session_shot() {
  local name=$1 user=$2 file=$3 id inside
  id=$(host_exec "$name" id -u "$user") || return 1
  inside=/run/user/$id/bkt-shot.png
  host_user "$name" "$user" busctl --user --timeout=90 --quiet call org.gnome.Shell.Screenshot \
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
