#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Extensions by name in a real GNOME Shell: turned on and off, written down, captured, refused where they are made
# for another version or cannot be fetched.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"
. "$BKT_SRC/lab/session/session.sh"

HOST=extensions-test-$$ # two runs at once do not meet
on() { host_exec "$HOST" "$@"; }
sam() { host_user "$HOST" sam "$@"; }

tree=$(mktemp -d)
finish() {
  hosts_end
  rm -rf "$tree" "${BKT_LAB:?}/$HOST"
}
trap finish EXIT

extension() { # ID VERSIONS
  mkdir -p "$tree/usr/share/gnome-shell/extensions/$1"
  echo "{\"uuid\": \"$1\", \"name\": \"Lab\", \"description\": \"Lab\", \"shell-version\": $2}" \
    >"$tree/usr/share/gnome-shell/extensions/$1/metadata.json"
  echo 'export default class { enable() {} disable() {} }' >"$tree/usr/share/gnome-shell/extensions/$1/extension.js"
}
"$BKT_SRC/dev" cargo build --quiet -p bkt-cli --bins
install -D -t "$tree/usr/bin" "$BKT_SRC/target/debug/bkt"
extension hello@bkt.lab '["45", "46", "47", "48", "49"]'
extension old@bkt.lab '["3.36"]'
package_host "$HOST" "$tree"

manifest=setup/manifests/gnome-extensions.json
sam sh -c "mkdir -p setup/manifests && printf '{\n  \"extensions\": []\n}\n' >$manifest"
# An entry that says no more than its id is the id.
written() { sam jq -c '[.extensions[] | if (keys? // []) == ["id"] then .id else . end] | sort_by(tostring)' "$manifest"; }
state() { # ID: 1 is on, 2 is off
  sam busctl --user --json=short call org.gnome.Shell /org/gnome/Shell org.gnome.Shell.Extensions GetExtensionInfo s "$1" |
    jq '.data[0].state.data'
}
exits() { # ARGS…: the exit code of bkt
  sam sh -c 'bkt "$@" >said 2>&1; echo $?' sh "$@"
}

check "signing in starts GNOME" session_start "$HOST" sam
check_is "one that is not installed is not turned on" 6 exits ext enable helo@bkt.lab
check "and its likely name is said" sam grep -q 'Did you mean hello@bkt.lab?' said
check_is "one that is installed is turned on" 0 exits ext enable hello@bkt.lab
check_is "in the Shell" 1 state hello@bkt.lab
check_is "and in the setup" '["hello@bkt.lab"]' written
check_is "listed as such" "hello@bkt.lab  enabled" sam sh -c 'bkt ext list 2>/dev/null | grep hello'
check_is "and off again" 0 exits extension disable hello@bkt.lab
check_is "in the Shell" 2 state hello@bkt.lab
check_is "and in the setup" '[{"id":"hello@bkt.lab","enabled":false}]' written
check_is "which can be undone" 0 exits undo --yes
check_is "in the Shell" 1 state hello@bkt.lab
check_is "and in the setup" '["hello@bkt.lab"]' written

menu=apps-menu@gnome-shell-extensions.gcampax.github.com
check "another one is turned on by hand" sam gnome-extensions enable "$menu"
check_is "which is a change" "ext:$menu" sam sh -c "bkt drift --json | jq -r '.items[].id'"
check_is "that can be captured" 0 exits capture "ext:$menu" --yes
check_is "into the setup" "[\"$menu\",\"hello@bkt.lab\"]" written
check_is "so that all matches" "[]" sam sh -c "bkt drift --json | jq -c .items"

before=$(written)
check_is "one made for another version is refused" 6 exits ext add old@bkt.lab
check "for that reason" sam grep -q 'old@bkt.lab is made for GNOME 3.36' said
check_is "one that cannot be fetched is not installed" 1 exits ext add nowhere@bkt.lab
check "for that reason" sam grep -q 'extensions.gnome.org' said
check_is "neither is left in the setup" "$before" written
check_is "unless it is only written down" 0 exits ext add old@bkt.lab --setup-only
check_is "and then it is not taken for a change" '["ext:old@bkt.lab"]' sam sh -c "bkt drift --json | jq -c '[.unknown[].item | select(. != null)]'"

check_is "removing turns it off" 0 exits ext remove hello@bkt.lab
check_is "in the Shell" 2 state hello@bkt.lab
check_is "and twice is nothing to do" "Nothing to do: it is so already." sam sh -c 'bkt ext remove hello@bkt.lab 2>/dev/null'
done_with_checks
