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
install -D -m 644 "$BKT_SRC/lab/lib/typed.py" "$tree/usr/lib/bkt-lab/typed.py"
unit() { install -D -m 644 /dev/stdin "$tree/usr/lib/systemd/system/$1"; } # NAME: from standard input
printf '[Unit]\nDescription=Sleeps\n[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n' | unit lab-sleeps.service
printf '[Service]\nType=oneshot\nExecStart=/bin/false\n' | unit lab-fails.service
mkdir -p "$tree/usr/share/bkt/setup/manifests"
echo '{"packages": ["htop", "tuned"]}' >"$tree/usr/share/bkt/setup/manifests/system-packages.json"
echo '{"services": {"tuned.service": "masked"}}' >"$tree/usr/share/bkt/setup/manifests/systemd-services.json"
# dnf's own `copr`, and projects in a network of its own
(BKT_BIND=$tree root_exec boxes sh -euc 'plugins=usr/lib/python3/dist-packages
  mkdir -p "$1/etc/dnf/plugins" "$1/$plugins/dnf-plugins"
  cp "/$plugins/dnf-plugins/copr.py" "$1/$plugins/dnf-plugins/"
  cp -r "/$plugins/dnfpluginscore" "$1/$plugins/"
  cp -r /etc/dnf/plugins/copr.* "$1/etc/dnf/plugins/"' sh "$tree")
mkdir "$tree/copr"
copr_certificate "$tree/copr"
install -D -m 644 "$tree/copr/lab.pem" "$tree/etc/ssl/certs/ca-certificates.crt"
install -D -m 600 "$tree/copr/certificate" "$tree/usr/lib/bkt-lab/copr.certificate"
rm -r "$tree/copr"
mkdir -p "$tree/usr/lib/ssl"
ln -s /etc/ssl/certs/ca-certificates.crt "$tree/usr/lib/ssl/cert.pem"
install -D -m 644 "$BKT_SRC/lab/lib/copr.py" "$tree/usr/lib/bkt-lab/copr.py"
package_host "$HOST" "$tree"

# the system's half of the first boot
on systemctl start --wait bkt-first-boot.service
check_is "the first boot installs what the setup asks for" "htop|tuned|masked" on sh -c \
  "(rpm -q --qf '%{name}\n' htop tuned; systemctl is-enabled tuned.service) | paste -sd'|'"
check_is "and says so in the journal" 3 on sh -c "journalctl -u bkt-first-boot -o cat | grep -c '^\[./3\] done'"
on dnf -qy remove htop >/dev/null
on systemctl start --wait bkt-first-boot.service
check_is "once: what is removed afterwards stays away" "package htop is not installed" on rpm -q htop

# a person
on cp -a /usr/share/bkt/setup /home/sam/setup
on chown -R sam: /home/sam/setup
refused="Nothing was changed. Administrator permission was not given. 4"
check_is "a script without permission changes nothing" "$refused" sam sh -c \
  "(bkt apply pkg:htop --yes --quiet; echo \$?) | paste -sd' '"
check_is "and needs --yes at all" "2" sam sh -c 'bkt apply pkg:htop 2>/dev/null; echo $?'
check "nothing was installed" on sh -c '! rpm -q htop'
typed() { # [QUESTION=ANSWER]… -- COMMAND…: on a terminal of sam's own session
  on systemd-run --quiet --collect --wait --pipe --uid=sam -p PAMName=login -p WorkingDirectory=/home/sam -- \
    python3 /usr/lib/bkt-lab/typed.py "$@"
}
agreed() { typed "?]=y" Password:=lab -- bkt "$@"; }
said=$(agreed apply pkg:htop) || true
check "polkit asks on the terminal, naming what is approved" grep -q 'Bucket wants to change this computer: install' <<<"$said"
check_is "with the password it is installed" htop on rpm -q --qf '%{name}' htop
check_is "and recorded" '[1,"done"]' sam sh -c 'bkt log --json | jq -c "[.runs[0].operations | length, .[0].state]" | head -n 1'

# services, now
shown() { sam sh -c "bkt admin systemctl status $1 --json | jq -r '.units[0] | \"\(.active) \(.state) \(.setup)\"'"; }
check_is "a person may look at a service" "inactive disabled null" shown lab-sleeps
said=$(agreed admin systemctl start lab-sleeps) || true
check "starting it is asked for" grep -q 'Bucket wants to change this computer: start or stop 1 service' <<<"$said"
check_is "and done" "active disabled null" shown lab-sleeps
check_is "a second time there is nothing to do" "Nothing to do: it is so already." sam bkt admin systemctl start lab-sleeps
before=$(on systemctl show --value --property=MainPID lab-sleeps)
check "it is started anew" agreed admin systemctl restart lab-sleeps
check "as another process" on sh -c "[ \$(systemctl show --value --property=MainPID lab-sleeps) != $before ]"
check "it is stopped" agreed admin systemctl stop lab-sleeps
check_is "and no longer runs" "inactive disabled null" shown lab-sleeps
check_is "without permission nothing is started" "not_authorized 4 inactive" sh -c 'echo "$1" "$2"' sh \
  "$(sam sh -c 'bkt admin systemctl start lab-sleeps --yes --json 2>/dev/null | jq -r ".error | \"\(.code) \(.exit)\""')" \
  "$(on systemctl is-active lab-sleeps)"
check "a service is enabled and started, here and in the setup" agreed admin systemctl enable lab-sleeps --now
check_is "at once" "active enabled enabled (manifests/systemd-services.json)" shown lab-sleeps
check_is "and written down" enabled sam sh -c "jq -r '.services[\"lab-sleeps.service\"]' setup/manifests/systemd-services.json"
check "it is disabled and stopped" agreed admin systemctl disable lab-sleeps --now
check_is "at once" "inactive disabled disabled (manifests/systemd-services.json)" shown lab-sleeps
said=$(agreed admin systemctl start lab-fails) || true
check "one that fails says where to look" grep -q 'See why: journalctl -b -u lab-fails.service' <<<"$said"
check "and is not said to be applied again" sh -c '! echo "$1" | grep -q "bkt apply"' sh "$said"
check_is "a computer of packages has no image to update" "not_possible 6" on sh -c \
  'bkt admin bootc upgrade --yes --json 2>/dev/null | jq -r ".error | \"\(.code) \(.exit)\""'

# Copr, by dnf's own `copr`
on sh -c 'echo 127.0.0.1 copr.fedorainfracloud.org >>/etc/hosts'
on systemd-run --quiet --unit=lab-copr python3 /usr/lib/bkt-lab/copr.py \
  /usr/lib/bkt-lab/repos/copr /usr/lib/bkt-lab/copr.certificate sleep infinity
check "the projects are there" on timeout 60 bash -c 'until (: <>/dev/tcp/127.0.0.1/443) 2>/dev/null; do sleep 0.1; done'
projects() { sam bkt copr list --json | jq -r '[.items[] | "\(.id) \(.setup.enabled) \(.computer.enabled)"] | join(", ")'; }
switches() { on sh -c 'grep -hE "^(\[|enabled=|gpgcheck=)" "/etc/yum.repos.d/_copr:copr.fedorainfracloud.org:lab:$1.repo"' sh "$1" | paste -sd' '; }
tools="[copr:copr.fedorainfracloud.org:lab:tools] gpgcheck=1 enabled"
needs="[copr:copr.fedorainfracloud.org:lab:needs] gpgcheck=1 enabled=1 [coprdep:needs_lab_invalid_repo] gpgcheck=0 enabled"
said=$(agreed copr add lab/tools) || true
check "adding a project is asked for" grep -q 'Bucket wants to change this computer: change 1 source of packages' <<<"$said"
check_is "and done, here and in the setup" "copr:lab/tools true true" projects
check_is "with its signatures checked" "$tools=1" switches tools
check "a package comes from it" agreed dnf install starship
check_is "and is signed by the project" "Bucket lab project" on sh -c \
  'rpm -q gpg-pubkey --qf "%{summary}\n" | sed -n "s/ <.*//p" | tail -n 1'
check "a project that needs a repository which is not its own is added" agreed copr add lab/needs
check_is "alone: what nobody signs and nobody asked for stays off" "$needs=0" switches needs
check "a project is turned off" agreed copr disable lab/tools
check_is "and stays in the setup" "copr:lab/needs true true, copr:lab/tools false false" projects
check_is "as dnf does it" "$tools=0" switches tools
check "another is taken out" agreed copr remove lab/needs
check_is "of both" "copr:lab/tools false false" projects
said=$(agreed copr add lab/nosuch) || true
check "one that is not there fails with dnf's words" grep -q 'Project lab/nosuch does not exist' <<<"$said"
check_is "and the setup is as it was" "copr:lab/tools false false" projects

# without the helper
on rm /usr/share/dbus-1/system-services/org.bkt.Helper1.service
on systemctl stop bkt-helper.service
on systemctl reload dbus
on dnf -qy remove htop >/dev/null
check_is "without the helper nothing is changed" "helper_missing 6" sam sh -c \
  'bkt apply pkg:htop --yes --json | jq -r "\"\(.error.code) \(.error.exit)\""'
check "and doctor says so" sam sh -c 'bkt doctor | grep -q "^FAIL.*Helper"'
done_with_checks
