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
        Action::InstallPackage { .. } | Action::UnlockSystem {} => Some(action::PACKAGES_INSTALL),
        Action::RemovePackage { .. } => Some(action::PACKAGES_REMOVE),
        Action::SetUnit { .. } | Action::UnmaskUnit { .. } => Some(action::SERVICES),
        Action::AddKernelArgument { .. } | Action::RemoveKernelArgument { .. } => Some(action::BOOT_ARGUMENTS),
        Action::InstallFlatpak { .. }
        | Action::RemoveFlatpak { .. }
        | Action::AddRemote { .. }
        | Action::RemoveRemote { .. } => Some(action::SYSTEM_FLATPAKS),
        // The person's own steps: never the administrator's, and the executor refuses them.
        Action::SetSetting { .. } | Action::SetOwn { .. } | Action::WriteManifest { .. } => None,
    }
}
