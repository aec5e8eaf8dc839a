// SPDX-License-Identifier: GPL-3.0-or-later
//! What a plan may not touch: units without which the computer does not start, nobody can sign in, or the helper
//! itself is gone, and files of `/etc` that say who may sign in and what the computer is.
//!
//! Invariant: the broker and the executor ask here independently.

use bkt_core::name::UnitName;
use bkt_core::plan::{Action, Plan};
use bkt_core::value::UnitState;

/// Whether a unit may not get this state.
#[must_use]
pub fn refuses(unit: &str, state: UnitState) -> bool {
    state != UnitState::Enabled && unit.parse::<UnitName>().map_or(true, |unit| unit.keeps_computer_usable())
}

/// Files of `/etc` that are never put back; a trailing `*` stands for the rest of a name.
const FILES: [&str; 17] = [
    "/etc/.bkt-*",
    "/etc/.pwd.lock",
    "/etc/crypttab",
    "/etc/fstab",
    "/etc/group*",
    "/etc/gshadow*",
    "/etc/hostname",
    "/etc/krb5.keytab",
    "/etc/machine-id",
    "/etc/mtab",
    "/etc/ostree/*",
    "/etc/passwd*",
    "/etc/resolv.conf",
    "/etc/shadow*",
    "/etc/ssh/ssh_host_*",
    "/etc/subgid*",
    "/etc/subuid*",
];

/// Whether a file of `/etc` may not be put back.
#[must_use]
pub fn keeps(path: &str) -> bool {
    let is_below = path.starts_with("/etc/") && !path.split('/').skip(1).any(|part| matches!(part, "" | "." | ".."));
    let is_listed = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => path == pattern,
    };
    !is_below || FILES.iter().any(|pattern| is_listed(pattern))
}

/// The first unit or file of a plan that may not be changed so.
#[must_use]
pub fn first_in(plan: &Plan) -> Option<&str> {
    plan.admin_steps().find_map(|(_, step)| match &step.action {
        Action::RestoreEtc { path, .. } if keeps(path.as_str()) => Some(path.as_str()),
        Action::SetUnit { unit, state } if refuses(unit.as_str(), *state) => Some(unit.as_str()),
        Action::StopUnit { unit } | Action::RestartUnit { unit } if refuses(unit.as_str(), UnitState::Disabled) => {
            Some(unit.as_str())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_the_computer_usable_stays_on() {
        for unit in ["dbus.service", "dbus-broker.service", "polkit.service", "systemd-logind.service", "gdm3.service"]
        {
            assert!(refuses(unit, UnitState::Masked), "{unit}");
            assert!(refuses(unit, UnitState::Disabled), "{unit}");
            assert!(!refuses(unit, UnitState::Enabled), "{unit}");
        }
        assert!(refuses("multi-user.target", UnitState::Masked));
        assert!(refuses("bkt-helper.service", UnitState::Masked));
        assert!(!refuses("tuned.service", UnitState::Masked));
    }

    #[test]
    fn who_may_sign_in_and_what_the_computer_is_stays() {
        for path in [
            "/etc/passwd",
            "/etc/shadow-",
            "/etc/fstab",
            "/etc/machine-id",
            "/etc/ssh/ssh_host_ed25519_key",
            "/etc/../usr/x",
            "/etc//x",
            "/usr/etc/x",
            "/etc/",
        ] {
            assert!(keeps(path), "{path}");
        }
        for path in ["/etc/ssh/sshd_config", "/etc/a b.conf", "/etc/hostnames"] {
            assert!(!keeps(path), "{path}");
        }
    }
}
