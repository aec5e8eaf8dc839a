// SPDX-License-Identifier: GPL-3.0-or-later
//! Files of `/etc` that belong to one machine or are written by a tool, and those that hold secrets.
//!
//! Invariant: what is listed here is no difference by itself and is never restored; asked for by name, it is shown.

use crate::ignore;

/// What a computer writes itself, below `/etc`: nobody's choice. What systemd links there to turn units on is told as
/// the state of the units.
const STATE: [&str; 65] = [
    ".bkt-*",
    "*.lock",
    "*.rpmnew",
    "*.rpmorig",
    "*.rpmsave",
    "*~",
    ".pwd.lock",
    ".updated",
    "NetworkManager/system-connections/*",
    "X11/xorg.conf.d/00-keyboard.conf",
    "adjtime",
    "alternatives/*",
    "blkid.tab*",
    "crypttab",
    "cups/*",
    "default/grub",
    "dnf/modules.d/*",
    "fstab",
    "fwupd/fwupd.conf",
    "group",
    "group-",
    "grub2*.cfg",
    "gshadow",
    "gshadow-",
    "hostname",
    "ipsec.secrets",
    "iscsi/initiatorname.iscsi",
    "kernel/cmdline",
    "krb5.keytab",
    "ld.so.cache",
    "locale.conf",
    "localtime",
    "lvm/archive/*",
    "lvm/backup/*",
    "lvm/devices/*",
    "machine-id",
    "machine-info",
    "mdadm.conf",
    "modprobe.d/tuned.conf",
    "mtab",
    "multipath/*",
    "nvme/host*",
    "ostree/*",
    "passwd",
    "passwd-",
    "pki/ca-trust/extracted/*",
    "resolv.conf",
    "rpm-ostreed.conf.d/*.tmp",
    "selinux/targeted/*",
    "shadow",
    "shadow-",
    "ssh/ssh_host_*",
    "subgid",
    "subgid-",
    "subuid",
    "subuid-",
    "sysconfig/network-scripts/*",
    "systemd/system/*.requires/*",
    "systemd/system/*.wants/*",
    "systemd/user/*.requires/*",
    "systemd/user/*.wants/*",
    "tuned/*",
    "udev/hwdb.bin",
    "vconsole.conf",
    "yum.repos.d/_copr:*",
];

/// What says who may sign in, who may do what, and whose packages are trusted: an older one, or the image's, could let
/// in whom an administrator keeps out.
const SIGN_IN: [&str; 12] = [
    "authselect/*",
    "dnf/protected.d/*",
    "login.defs",
    "nsswitch.conf",
    "pam.d/*",
    "pki/rpm-gpg/*",
    "polkit-1/*",
    "security/*",
    "ssh/sshd_config*",
    "sudo.conf",
    "sudoers*",
    "sssd/*",
];

/// What holds keys and passwords, whatever it looks like.
const SECRETS: [&str; 14] = [
    "NetworkManager/system-connections/*",
    "cups/subscriptions.conf*",
    "gshadow*",
    "ipsec.secrets",
    "krb5.keytab",
    "openvpn/*",
    "pki/tls/private/*",
    "ppp/*secrets",
    "samba/*.tdb",
    "shadow*",
    "ssh/ssh_host_*key",
    "swanctl/private/*",
    "wireguard/*",
    "wpa_supplicant/*",
];

/// Whether a file below `/etc` is the machine's own.
#[must_use]
pub fn is_state(place: &str) -> bool {
    STATE.iter().any(|pattern| ignore::matches(pattern, place))
}

/// Whether a file below `/etc` says who may sign in or do what.
#[must_use]
pub fn is_of_sign_in(place: &str) -> bool {
    SIGN_IN.iter().any(|pattern| ignore::matches(pattern, place))
}

/// Whether a link below `/etc` is the state of a unit: masked, or known by another name.
pub(super) fn is_unit_link(place: &str) -> bool {
    let below = ["systemd/system/", "systemd/user/"].iter().find_map(|folder| place.strip_prefix(folder));
    below.is_some_and(|name| !name.contains('/'))
}

/// Whether a file below `/etc` is known to hold secrets.
#[must_use]
pub fn is_secret(place: &str) -> bool {
    SECRETS.iter().any(|pattern| ignore::matches(pattern, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_writes_is_told_from_what_a_person_does() {
        for place in
            ["machine-id", "shadow", "shadow-", "ssh/ssh_host_ed25519_key", "fstab", "a/x.lock", "cups/printers.conf"]
        {
            assert!(is_state(place), "{place}");
        }
        for place in
            ["ssh/sshd_config", "systemd/system/a.service", "sudoers.d/mine", "shadow.d/x", "keyd/default.conf"]
        {
            assert!(!is_state(place), "{place}");
        }
        assert!(
            is_state("systemd/system/multi-user.target.wants/a.service") && is_unit_link("systemd/system/a.service")
        );
        assert!(!is_state("systemd/system/a.service.d/b.conf") && !is_unit_link("systemd/system/a.service.d/b.conf"));
        for place in
            ["sudoers", "sudoers.d/mine", "pam.d/sudo", "ssh/sshd_config.d/50.conf", "polkit-1/rules.d/a.rules"]
        {
            assert!(is_of_sign_in(place) && !is_state(place), "{place}");
        }
        assert!(!is_of_sign_in("ssh/ssh_config") && !is_of_sign_in("security.conf"));
        assert!(is_secret("NetworkManager/system-connections/home.nmconnection") && is_secret("wireguard/wg0.conf"));
        assert!(!is_secret("ssh/ssh_host_ed25519_key.pub") && !is_secret("ssh/sshd_config"));
    }
}
