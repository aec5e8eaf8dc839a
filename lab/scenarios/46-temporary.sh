#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# On an atomic host: a package installed on this computer alone is there at once, ends at the restart, is told as
# gone, and can still be kept, by a pull request that tells all about it; what is the person's own stays.
. "$(dirname "$(readlink -f "$0")")/../atomic/all.sh"

HOST=temporary-test-$$ # two runs at once do not meet
DISK=$BKT_CACHE/disks/$HOST
on() { host_exec "$HOST" "$@"; }

work=$(mktemp -d)
finish() {
  hosts_end
  rm -rf "$work" "${BKT_LAB:?}/$HOST"
  atomic_remove "$DISK"
}
trap finish EXIT

"$BKT_SRC/dev" cargo build --quiet -p bkt-cli -p bkt-helper --bins
tree=$work/bucket
install -D -t "$tree/usr/libexec" "$BKT_SRC"/target/debug/{bkt-helper,bkt-executor}
install -D -t "$tree/usr/bin" "$BKT_SRC/target/debug/bkt"
install -D -m 644 -t "$tree/usr/lib/systemd/system" "$BKT_SRC"/systemd/system/{bkt-helper.service,bkt-executor@.service}
install -D -m 644 -t "$tree/usr/share/dbus-1/system.d" "$BKT_SRC/data/dbus/org.bkt.Helper1.conf"
install -D -m 644 -t "$tree/usr/share/dbus-1/system-services" "$BKT_SRC/data/dbus/org.bkt.Helper1.service"
install -D -m 644 -t "$tree/usr/share/polkit-1/actions" "$BKT_SRC/data/polkit/org.bkt.helper.policy"
atomic_init "$DISK"
atomic_build "$work/tree" --install "$tree"
atomic_commit "$DISK" "$work/tree" "$ATOMIC_IMAGE" v1
atomic_deploy "$DISK" "$ATOMIC_IMAGE"
atomic_boot "$HOST" "$DISK"

# shellcheck disable=SC2016
on sh -c 'mkdir -p /root/setup/manifests
printf "FROM x\nRUN bootc container lint\n" >/root/setup/Containerfile
cd /root/setup && bkt -C . containerfile adopt SYSTEM_PACKAGES --yes &&
git init -q --bare --initial-branch=main /root/origin.git && git init -q --initial-branch=main . &&
git config --global user.name Sam && git config --global user.email sam@example.org &&
git add . && git commit -qm Begin && git remote add origin /root/origin.git && git push -q -u origin main' >/dev/null 2>&1
bkt() { on bkt -C /root/setup "$@"; }
exits() { # ARGS…: the exit code of bkt, whose words are shown when it is not the wanted one
  local code=0
  bkt "$@" >"$work/said" 2>&1 || code=$?
  echo "$code"
  [ "$code" = 0 ] || cat "$work/said" >&2
}
bkt_code() {
  local code=0
  bkt "$@" >/dev/null 2>&1 || code=$?
  echo "$code"
}
changes() { bkt drift --json | jq -r '[.items[].id] | sort | join(" ")'; }
local_items() { bkt local list --json | jq -c '[.items[] | [.id, .standing]]'; }

check_is "a package is installed on this computer alone" 0 exits dnf install htop --here-only --yes
check_is "at once" htop on rpm -q --qf '%{name}' htop
check_is "a command of the host, too" 0 exits shim add nmcli --here-only --yes
check_is "what a restart takes away is told from what stays" \
  '[["pkg:htop","ends-at-restart"],["shim:nmcli","stays"]]' local_items
check_is "neither wants a decision" "" changes
check "status says when it ends" grep -q 'until the next restart' <(bkt status 2>/dev/null)
start=$(on cat /proc/sys/kernel/random/boot_id)
atomic_reboot "$HOST"

check_is "after the restart it is not there" "package htop is not installed" on rpm -q htop
check_is "and told as gone" '[["pkg:htop","gone"],["shim:nmcli","stays"]]' local_items
check "status says so" grep -q 'Gone since the last restart' <(bkt status 2>/dev/null)
is_so() { on sh -c 'cat /root/.local/share/bkt/ephemeral.json; git -C /root/setup status --porcelain; git -C /root/origin.git for-each-ref'; }
on sh -c 'printf "#!/bin/sh\necho not today >&2\nexit 1\n" >/root/origin.git/hooks/pre-receive; chmod +x /root/origin.git/hooks/pre-receive'
was=$(is_so)
check_is "a pull request that is refused" 1 bkt_code local commit pkg:htop --pr --yes
check_is "leaves setup, records and branches as they were" "$was" is_so
on rm /root/origin.git/hooks/pre-receive
check_is "it can still be kept" 0 exits local commit pkg:htop --pr --reason 'Needed to look at load.' --yes
pushed() { on git -C /root/origin.git log -1 --format=%B bkt/add-htop; }
check "the branch says why" grep -qx 'Needed to look at load.' <(pushed)
check "when, and in which start of the computer" grep -q "^  - Changed on one computer on 2.*, in its start $start\$" <(pushed)
check "by which command" grep -q '^  - By `bkt dnf install htop --here-only --yes`$' <(pushed)
check "and what became of it" grep -qx '  - Gone since the last restart' <(pushed)
check_is "manifest and recipe are in it" "Containerfile manifests/system-packages.json" \
  on sh -c 'git -C /root/origin.git diff --name-only main bkt/add-htop | paste -sd" "'
check_is "for the next image" '["htop"]' on jq -c .packages /root/setup/manifests/system-packages.json
check_is "and is then no longer here alone" '[["shim:nmcli","stays"]]' local_items
check_is "the rest can be forgotten" 0 exits local clear --yes
check_is "and is a change like any other" "pkg:htop shim:nmcli" changes
host_stop "$HOST"
done_with_checks
