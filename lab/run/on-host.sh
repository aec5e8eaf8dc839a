#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# on-host.sh TREE OUT [--no-window]: Bucket, installed from TREE on a booted computer with GNOME, as the person
# sam uses it: status, plan, run through the helper after GNOME asked for the password, status. Pictures
# go to OUT. Exit code 75: there is no host to boot here.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"
. "$BKT_SRC/lab/session/session.sh"
. "$BKT_SRC/lab/run/show.sh"
tree=$1 out=$2 no_window=${3:-}
dialog=$out/authentication.png
[ -z "$no_window" ] || dialog=

HOST=run
booted=
finish() {
  local rc=$?
  hosts_end
  [ -n "$booted" ] || exit 75
  exit "$rc"
}
trap finish EXIT
on() { host_exec "$HOST" "$@"; }
sam() { host_user "$HOST" sam "$@"; }

# As from a terminal of the session: polkit knows a person by the session their program belongs to.
show() {
  local rc=0 color=()
  [ ! -t 1 ] || color=(--color=always)
  show_command "$@"
  sam systemd-run --user --quiet --pipe --wait --collect bkt "${color[@]}" "$@" || rc=$?
  [ "$rc" = 0 ] || [ "$rc" = 3 ] || die "bkt $1 ended with $rc: see above"
}
picture() { # NAME TEXT ARGS…: opens the window, waits until it shows TEXT, takes its picture and closes it
  [ -z "$no_window" ] || return 0
  session_run "$HOST" sam bkt-window bkt-gui "${@:3}"
  session_press "$HOST" sam bkt-gui --see "$2" 2> >(grep -v -e dbind-WARNING -e '^$' >&2)
  session_shot "$HOST" sam "$out/$1.png"
  sam systemctl --user stop bkt-window
}

note "booting the sample computer"
need_debs jq python3
package_host "$HOST" "$tree" "$BKT_SRC/lab/run/files"
booted=1
tar -C "$BKT_SRC/lab/sample" -c setup | sam tar -x
sam bash -s <"$BKT_SRC/lab/run/sam.sh"
on bash -s <"$BKT_SRC/lab/run/administrator.sh"
session_start "$HOST" sam

show status
show plan show --apply '*'
picture window "Changes to Decide"
picture changes "Flatpak Apps" --page changes

show apply --all --yes &
run=$!
asked=$(session_authenticate "$HOST" sam lab "$dialog")
note "GNOME asks sam: $asked"
wait "$run"
show status
picture window-after "Everything Matches"
host_stop "$HOST"
