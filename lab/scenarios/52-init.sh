#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From an atomic computer without a setup to one of its own: the image that runs, pinned, and what is not the image's.
. "$(dirname "$(readlink -f "$0")")/../atomic/all.sh"

HOST=init-test-$$ # two runs at once do not meet
DISK=$BKT_CACHE/disks/$HOST
on() { host_exec "$HOST" "$@"; }
sam() { host_user "$HOST" sam "$@"; }

work=$(mktemp -d)
finish() {
  hosts_end
  rm -rf "$work" "${BKT_LAB:?}/$HOST"
  atomic_remove "$DISK"
}
trap finish EXIT

"$BKT_SRC/dev" cargo build --quiet -p bkt-cli --bins
mkdir -p "$work/image/usr/lib/bootc/kargs.d"
install -D -t "$work/image/usr/bin" "$BKT_SRC/target/debug/bkt"
echo 'kargs = ["quiet", "lab.image=1"]' >"$work/image/usr/lib/bootc/kargs.d/10-lab.toml"
atomic_init "$DISK"
atomic_build "$work/tree" --overlay "$work/image"
atomic_commit "$DISK" "$work/tree" "$ATOMIC_IMAGE" v1
atomic_deploy "$DISK" "$ATOMIC_IMAGE" --karg lab.local=1
atomic_boot "$HOST" "$DISK"
check_is "the host is up" running on systemctl is-system-running

digest() { on bootc status --format=json --format-version=1 | jq -r .status.booted.image.imageDigest; }
planned() { sam bkt init -n --json | jq -cr "$1"; }
differing() { sam bkt drift --json | jq -cr '[.items[].id | select(startswith("etc:") | not)]'; }

check "there is no setup" grep -q "bkt init" <<<"$(sam bkt status 2>&1)"
check "a setting is changed" sam gsettings set org.gnome.desktop.interface clock-format 12h
check_is "the image that runs is built on, this very build of it" "$ATOMIC_IMAGE@$(digest) true" \
  planned '"\(.base.image) \(.base.pinned)"'
check_is "of kernel arguments only this computer's own is taken" '["karg:lab.local=1"]' \
  planned '[.items[] | select(startswith("karg:"))]'
check_is "of packages none: they are the image's" '[]' planned '[.items[] | select(startswith("pkg:"))]'
check_is "the setting is" '["gsetting:org.gnome.desktop.interface/clock-format"]' \
  planned '[.items[] | select(endswith("clock-format"))]'
check_is "planning writes nothing" "" sam sh -c 'ls -d setup 2>/dev/null || true'

check_is "without a name there is no commit, and no setup" "1 no" \
  sam sh -c 'git config --global user.useConfigOnly true; bkt init -y >/dev/null 2>&1; echo $? $(test -e setup && echo yes || echo no)'
sam git config --global user.name Sam
sam git config --global user.email sam@lab.example
check "it is written" sam bkt init -y
check_is "with one commit and nothing beside it" "Begin the setup of this computer|" \
  sam sh -c 'cd setup && echo "$(git log --format=%s)|$(git status --porcelain)"'
check_is "and nothing is left of making it" "" sam sh -c 'ls -d .bkt-init-* .local/state/bkt/init-* 2>/dev/null || true'
check_is "the computer is what it says" '[]' differing
check_is "the recipe is in step with it" 0 sam sh -c 'bkt containerfile check >/dev/null 2>&1; echo $?'
check_is "and builds on the image" "FROM $ATOMIC_IMAGE@$(digest)" sam grep '^FROM ' setup/Containerfile
check "a change here is a change to capture" sam gsettings set org.gnome.desktop.interface clock-format 24h
check_is "and is known to be this computer's" "computer-changed capture" \
  sam sh -c 'bkt drift --json | jq -r ".items[] | select(.key | endswith(\"clock-format\")) | \"\(.origin) \(.suggestion)\""'
check_is "again it is opened" "Opened the setup in ~/setup" sam sh -c 'bkt init 2>/dev/null | cut -d, -f1'
host_stop "$HOST"
check_is "the host powers off" 0 host_wait "$HOST"
done_with_checks
