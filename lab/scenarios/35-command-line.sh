#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bkt on a real host: the first boot once, a person on a terminal who is asked for their password by polkit,
# scripts that are refused, and a host without the helper.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"

HOST=command-line-test-$$ # two runs at once do not meet
on() { host_exec "$HOST" "$@"; }
sam() { host_user "$HOST" sam "$@"; }

tree=$(mktemp -d)
finish() {
  hosts_end
  rm -rf "$tree" "${BKT_LAB:?}/$HOST"
}
trap finish EXIT

"$BKT_SRC/dev" cargo build --quiet -p bkt-cli -p bkt-helper --bins
install -D -t "$tree/usr/libexec" "$BKT_SRC"/target/debug/{bkt-helper,bkt-executor}
install -D -t "$tree/usr/bin" "$BKT_SRC/target/debug/bkt"
install -D -m 644 -t "$tree/usr/lib/systemd/system" "$BKT_SRC"/systemd/system/*.service
install -D -m 644 -t "$tree/usr/share/dbus-1/system.d" "$BKT_SRC/data/dbus/org.bkt.Helper1.conf"
install -D -m 644 -t "$tree/usr/share/dbus-1/system-services" "$BKT_SRC/data/dbus/org.bkt.Helper1.service"
install -D -m 644 -t "$tree/usr/share/polkit-1/actions" "$BKT_SRC/data/polkit/org.bkt.helper.policy"
mkdir -p "$tree/usr/share/bkt/setup/manifests"
echo '{"packages": ["htop", "tuned"]}' >"$tree/usr/share/bkt/setup/manifests/system-packages.json"
echo '{"services": {"tuned.service": "masked"}}' >"$tree/usr/share/bkt/setup/manifests/systemd-services.json"
package_host "$HOST" "$tree"

# the system's half of the first boot
on systemctl start bkt-first-boot.service
check_is "the first boot installs what the setup asks for" "htop|tuned|masked" on sh -c \
  "(rpm -q --qf '%{name}\n' htop tuned; systemctl is-enabled tuned.service) | paste -sd'|'"
check_is "and says so in the journal" 3 on sh -c "journalctl -u bkt-first-boot -o cat | grep -c '^\[./3\] done'"
on dnf -qy remove htop >/dev/null
on systemctl restart bkt-first-boot.service
check_is "once: what is removed afterwards stays away" "package htop is not installed" on rpm -q htop

# a person
on cp -a /usr/share/bkt/setup /home/sam/setup
on chown -R sam: /home/sam/setup
refused="Nothing was changed. Administrator permission was not given. 4"
check_is "a script without permission changes nothing" "$refused" sam sh -c \
  "(bkt apply pkg:htop --yes --quiet; echo \$?) | paste -sd' '"
check_is "and needs --yes at all" "2" sam sh -c 'bkt apply pkg:htop 2>/dev/null; echo $?'
check "nothing was installed" on sh -c '! rpm -q htop'
terminal() { # INPUT ARGS…: bkt on a terminal of sam's own session
  on sh -c "($1) | script -qec 'systemd-run --quiet --pty --uid=sam -p PAMName=login -p WorkingDirectory=/home/sam bkt ${*:2}' /dev/null"
}
# polkit's agent throws away what is typed before it asks, so the password comes well after its question.
said=$(terminal "echo y; sleep 5; echo lab; sleep 5" apply pkg:htop) || true
check "polkit asks on the terminal, naming what is approved" grep -q 'Bucket wants to change this computer: install' <<<"$said"
check_is "with the password it is installed" htop on rpm -q --qf '%{name}' htop
check_is "and recorded" '[1,"done"]' sam sh -c 'bkt log --json | jq -c "[.runs[0].operations | length, .[0].state]" | head -n 1'

# without the helper
on rm /usr/share/dbus-1/system-services/org.bkt.Helper1.service
on systemctl stop bkt-helper.service
on systemctl reload dbus
on dnf -qy remove htop >/dev/null
check_is "without the helper nothing is changed" "helper_missing 6" sam sh -c \
  'bkt apply pkg:htop --yes --json | jq -r "\"\(.error.code) \(.error.exit)\""'
check "and doctor says so" sam sh -c 'bkt doctor | grep -q "^FAIL.*Helper"'
done_with_checks
