#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The package-mode lab host is a real one: dnf, systemd, polkit and a reboot do what they do on Fedora.
. "$(dirname "$(readlink -f "$0")")/../lib/all.sh"

HOST=package-host-test
on() { host_exec "$HOST" "$@"; }
sam() { host_user "$HOST" sam "$@"; }
boot_id() { on cat /proc/sys/kernel/random/boot_id; }

package_host "$HOST"
check_is "the host is up" running on systemctl is-system-running
check_is "nothing on it failed" "" on systemctl --failed --quiet --no-legend
check "the kernel arguments are the host's own" on grep -q BOOT_IMAGE /proc/cmdline
check_is "the base is no one's choice" "" on dnf --quiet repoquery --userinstalled
check "dnf installs" on dnf --quiet --assumeyes install htop tuned
check_is "what it installed runs" "htop 3.4.1-1" on htop
check_is "dnf knows who chose what" "htop-0:3.4.1-1.noarch|tuned-0:2.26.0-1.noarch" \
  on sh -c "dnf --quiet repoquery --userinstalled | paste -sd'|'"
check_is "an installed service follows the presets" disabled on systemctl is-enabled tuned.service
check "dnf upgrades" on dnf --quiet --assumeyes --enablerepo=lab-updates upgrade htop
check_is "to the new release" "htop 3.4.1-2" on htop
check "dnf removes" on dnf --quiet --assumeyes remove htop
check_is "a refusing package is refused" 1 on sh -c 'dnf --quiet --assumeyes install lab-broken >/dev/null 2>&1; echo $?'
check "a unit can be masked" on systemctl mask tuned.service
check "the session bus of sam answers" sam busctl --user --no-pager list
check "sam installs a Flatpak app" sam sh -c \
  'flatpak remote-add --user lab /usr/lib/bkt-lab/repos/flatpak/lab.flatpakrepo && flatpak install --user --noninteractive lab org.gnome.Boxes//stable'
check_is "polkit refuses sam without one" 2 \
  sam sh -c 'pkcheck --action-id org.freedesktop.systemd1.manage-units --process $$ >/dev/null 2>&1; echo $?'
check "polkit allows root" on sh -c 'pkcheck --action-id org.freedesktop.systemd1.manage-units --process $$'

before=$(boot_id)
host_reboot "$HOST"
after=$(boot_id)
check "a reboot has a new boot id" [ ${#after} = 36 -a "$after" != "$before" ]
check_is "and keeps what is masked" masked on systemctl is-enabled tuned.service
check_is "and what is installed" tuned on rpm -q --qf '%{name}' tuned
check_is "and the app of sam" org.gnome.Boxes sam flatpak list --user --app --columns=application
host_stop "$HOST"
check_is "and powers off" 0 host_wait "$HOST"
done_with_checks
