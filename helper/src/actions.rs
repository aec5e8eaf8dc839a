// SPDX-License-Identifier: GPL-3.0-or-later
//! Which permissions a plan needs.
//!
//! Invariant: every kind of administrator step maps to one polkit action; a new kind does not compile
//! until it is listed here.

use std::collections::BTreeSet;

use bkt_core::plan::{Action, Plan};
use bkt_helper_api::action;

/// The polkit actions of a plan's administrator steps, without the one for the plan as a whole.
#[must_use]
pub fn needed(plan: &Plan) -> BTreeSet<&'static str> {
    plan.admin_steps().filter_map(|(_, step)| of(&step.action)).collect()
}

const fn of(step: &Action) -> Option<&'static str> {
    match step {
        Action::InstallPackage { .. }
        | Action::LayerPackage { .. }
        | Action::ResetBasePackage { .. }
        | Action::UnlockSystem {} => Some(action::PACKAGES_INSTALL),
        Action::EnableCopr { .. } | Action::DisableCopr { .. } => Some(action::SOFTWARE_SOURCES),
        Action::RemovePackage { .. } | Action::UnlayerPackage { .. } | Action::RemoveBasePackage { .. } => {
            Some(action::PACKAGES_REMOVE)
        }
        Action::SetUnit { .. }
        | Action::UnmaskUnit { .. }
        | Action::StartUnit { .. }
        | Action::StopUnit { .. }
        | Action::RestartUnit { .. }
        | Action::ReloadUnits {} => Some(action::SERVICES),
        Action::UpgradeSystem {} | Action::SwitchSystem { .. } | Action::RollBackSystem {} | Action::ResetSystem {} => {
            Some(action::SYSTEM_IMAGE)
        }
        Action::RestoreEtc { .. } => Some(action::SYSTEM_FILES),
        Action::AddKernelArgument { .. } | Action::RemoveKernelArgument { .. } => Some(action::BOOT_ARGUMENTS),
        Action::InstallFlatpak { .. }
        | Action::RemoveFlatpak { .. }
        | Action::AddRemote { .. }
        | Action::RemoveRemote { .. } => Some(action::SYSTEM_FLATPAKS),
        // The person's own steps: never the administrator's, and the executor refuses them.
        Action::SetSetting { .. } | Action::SetOwn { .. } | Action::WriteManifest { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use bkt_core::compare::{Effect, Origin};
    use bkt_core::item::{Domain, ItemId};
    use bkt_core::plan::{Preconditions, Step};
    use serde_json::json;

    use super::*;

    /// The permissions of a plan with one step.
    fn of_step(domain: Domain, key: &str, action: serde_json::Value) -> BTreeSet<&'static str> {
        let action: Action = serde_json::from_value(action).unwrap();
        let step = Step::apply(ItemId::new(domain, key), action, Effect::Now, Origin::New);
        needed(&Plan::new(Preconditions::default(), vec![step], Vec::new()))
    }

    #[test]
    fn everything_about_flatpak_for_everyone_takes_its_own_permission_and_the_persons_own_takes_none() {
        let remote = |scope: &str| json!({"url": "https://x.example/x.flatpakrepo", "scope": scope});
        let app = |scope: &str| json!({"remote": "lab", "scope": scope, "commit": "1".repeat(64), "overrides": ["--filesystem=home"]});
        let flatpaks = BTreeSet::from([action::SYSTEM_FLATPAKS]);
        for (domain, key, step) in [
            (Domain::Remote, "lab", json!({"do": "add-remote", "name": "lab", "remote": remote("system")})),
            (Domain::Remote, "lab", json!({"do": "remove-remote", "name": "lab"})),
            (Domain::Flatpak, "a.b.C", json!({"do": "install-flatpak", "id": "a.b.C", "source": app("system")})),
            (
                Domain::Flatpak,
                "a.b.C",
                json!({"do": "remove-flatpak", "id": "a.b.C", "scope": "system", "branch": null}),
            ),
        ] {
            assert_eq!(of_step(domain, key, step.clone()), flatpaks, "{step}");
        }
        let own = json!({"do": "install-flatpak", "id": "a.b.C", "source": app("user")});
        assert_eq!(of_step(Domain::Flatpak, "a.b.C", own), BTreeSet::new());
        // A person's own remote is none of the helper's.
        let step = json!({"do": "add-remote", "name": "lab", "remote": remote("user")});
        let action: Action = serde_json::from_value(step).unwrap();
        let step = Step::apply(ItemId::new(Domain::Remote, "lab"), action, Effect::Now, Origin::New);
        assert!(Plan::new(Preconditions::default(), vec![step], Vec::new()).check().is_err());
    }

    #[test]
    fn restoring_a_file_of_etc_takes_its_own_permission() {
        let side = json!({"file": {"sha256": "1".repeat(64)}, "mode": "0644"});
        for to in [side, json!(null)] {
            let step = json!({"do": "restore-etc", "path": "/etc/a.conf", "to": to});
            assert_eq!(of_step(Domain::Etc, "/etc/a.conf", step), BTreeSet::from([action::SYSTEM_FILES]));
        }
    }
}
