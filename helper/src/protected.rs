// SPDX-License-Identifier: GPL-3.0-or-later
//! What a plan may not touch: units without which the computer does not start, nobody can sign in, or the helper
//! itself is gone, and files of `/etc` that say who may sign in and what the computer is.
//!
//! Invariant: the broker and the executor ask here independently.

use bkt_core::domain::etc;
use bkt_core::name::UnitName;
use bkt_core::plan::{Action, Plan};
use bkt_core::value::UnitState;

/// Whether a unit may not get this state.
#[must_use]
pub fn refuses(unit: &str, state: UnitState) -> bool {
    unit.parse::<UnitName>().map_or(true, |unit| match state {
        UnitState::Enabled => unit.takes_computer_over(),
        _ => unit.keeps_computer_usable(),
    })
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
    let is_of_sign_in = path.strip_prefix("/etc/").is_some_and(etc::is_of_sign_in);
    !is_below || is_of_sign_in || FILES.iter().any(|pattern| is_listed(pattern))
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
        Action::StartUnit { unit } | Action::RestartUnit { unit } if refuses(unit.as_str(), UnitState::Enabled) => {
            Some(unit.as_str())
        }
        Action::AddKernelArgument { argument } | Action::RemoveKernelArgument { argument } if argument.gives_root() => {
            Some(argument.as_str())
        }
        Action::AddRemote { remote, .. } if remote.url.is_local_description() => Some(remote.url.as_str()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use bkt_core::compare::{Effect, Origin};
    use bkt_core::item::{Domain, ItemId};
    use bkt_core::plan::{Preconditions, Step};

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
        assert!(refuses("sddm.service", UnitState::Masked) && refuses("var.mount", UnitState::Disabled));
        assert!(!refuses("tuned.service", UnitState::Masked) && !refuses("tmp.mount", UnitState::Masked));
        for unit in
            ["debug-shell.service", "reboot.target", "rescue.service", "runlevel6.target", "systemd-poweroff.service"]
        {
            assert!(refuses(unit, UnitState::Enabled), "{unit}");
        }
    }

    #[test]
    fn a_description_of_a_remote_is_not_read_for_a_caller() {
        let plan = |url: &str| {
            let remote = serde_json::json!({"url": url, "scope": "system"});
            let remote = serde_json::from_value(remote).unwrap();
            let action = Action::AddRemote { name: "lab".parse().unwrap(), remote };
            let item = ItemId::new(Domain::Remote, "lab");
            let step = Step::apply(item, action, Effect::Now, Origin::New);
            Plan::new(Preconditions::default(), vec![step], Vec::new())
        };
        let local = plan("file:///home/u/x.flatpakrepo");
        assert_eq!(first_in(&local), Some("file:///home/u/x.flatpakrepo"));
        assert_eq!(first_in(&plan("https://dl.flathub.org/repo/flathub.flatpakrepo")), None);
        assert_eq!(first_in(&plan("file:///srv/repo")), None);
    }

    #[test]
    fn who_may_sign_in_and_what_the_computer_is_stays() {
        for path in [
            "/etc/passwd",
            "/etc/shadow-",
            "/etc/fstab",
            "/etc/machine-id",
            "/etc/ssh/ssh_host_ed25519_key",
            "/etc/ssh/sshd_config",
            "/etc/sudoers.d/mine",
            "/etc/pam.d/sudo",
            "/etc/polkit-1/rules.d/10-deny.rules",
            "/etc/../usr/x",
            "/etc//x",
            "/usr/etc/x",
            "/etc/",
        ] {
            assert!(keeps(path), "{path}");
        }
        for path in ["/etc/ssh/ssh_config", "/etc/a b.conf", "/etc/hostnames"] {
            assert!(!keeps(path), "{path}");
        }
    }
}
