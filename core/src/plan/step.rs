// SPDX-License-Identifier: GPL-3.0-or-later
//! Steps: the closed set of things a plan can do.
//!
//! Invariant: what a step does follows from its [`Action`] alone; item, privilege, effect and the values
//! shown are checked against it when a plan is read.

use serde::{Deserialize, Serialize};

use crate::compare::{Effect, Origin, Privilege};
use crate::item::{Domain, ItemId};
use crate::manifest::Manifest;
use crate::name::{BranchName, FlatpakId, KernelArgument, PackageName, RemoteName, SettingKey, UnitName};
use crate::value::{FlatpakSource, RemoteSource, Scope, UnitState, Value};

/// Which side a step changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The computer.
    Apply,
    /// The setup.
    Capture,
}

/// When a running step can be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// At any time; nothing is left half done.
    Safe,
    /// After this step.
    AfterStep,
    /// Not while it runs.
    No,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Installs a package from the enabled repositories.
    InstallPackage {
        /// Which.
        name: PackageName,
    },
    /// Removes a package.
    RemovePackage {
        /// Which.
        name: PackageName,
    },
    /// Makes the system's programs changeable until the next restart (bootc-usr-overlay(8)), for packages that are
    /// tried at once on an image.
    UnlockSystem {},
    /// Sets the state of a unit file.
    SetUnit {
        /// Which.
        unit: UnitName,
        /// The state afterwards.
        state: UnitState,
    },
    /// Takes back the masking of a unit; its state is then what it was before.
    UnmaskUnit {
        /// Which.
        unit: UnitName,
    },
    /// Adds a kernel argument for the next start.
    AddKernelArgument {
        /// Which.
        argument: KernelArgument,
    },
    /// Removes a kernel argument for the next start.
    RemoveKernelArgument {
        /// Which.
        argument: KernelArgument,
    },
    /// Sets a setting.
    SetSetting {
        /// Which key.
        key: SettingKey,
        /// The value as GVariant text.
        value: String,
    },
    /// Installs a Flatpak application.
    InstallFlatpak {
        /// Which.
        id: FlatpakId,
        /// From where and for whom.
        source: FlatpakSource,
    },
    /// Removes a Flatpak application, keeping its data.
    RemoveFlatpak {
        /// Which.
        id: FlatpakId,
        /// For whom.
        scope: Scope,
        /// Which branch of it, where more than one may be installed.
        branch: Option<BranchName>,
    },
    /// Adds a Flatpak remote for everyone, or changes the one of that name.
    AddRemote {
        /// Which.
        name: RemoteName,
        /// What it is to be.
        remote: RemoteSource,
    },
    /// Removes a Flatpak remote for everyone, if nothing came from it.
    RemoveRemote {
        /// Which.
        name: RemoteName,
    },
    /// Brings an item of the person's own to a value, in the way of its domain.
    SetOwn {
        /// The value afterwards, in its JSON form; `null` takes the item away.
        value: Option<serde_json::Value>,
    },
    /// Writes the item's value into its manifest, or takes it out.
    WriteManifest {
        /// The value afterwards, in its JSON form; `null` takes the entry out.
        value: Option<serde_json::Value>,
    },
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The item it is about.
    pub item: ItemId,
    /// Which side it changes.
    pub direction: Direction,
    /// What it does.
    pub action: Action,
    /// The value before, as shown.
    pub from: Option<serde_json::Value>,
    /// The value afterwards, as shown.
    pub to: Option<serde_json::Value>,
    /// When it becomes real.
    pub effect: Effect,
    /// Who may do it.
    pub privilege: Privilege,
    /// Whether it can be undone.
    pub reversible: bool,
    /// When it can be stopped.
    pub stop: Stop,
    /// Why it is in the plan; for words only.
    pub reason: Origin,
}

impl Step {
    /// A step that changes the computer.
    #[must_use]
    pub fn apply(item: ItemId, action: Action, effect: Effect, reason: Origin) -> Self {
        let (privilege, stop, to) = (action.privilege(), action.stop(), action.result());
        Self {
            item,
            direction: Direction::Apply,
            action,
            from: None,
            to,
            effect,
            privilege,
            reversible: true,
            stop,
            reason,
        }
    }

    /// A step that changes the setup.
    #[must_use]
    pub fn capture(item: ItemId, value: Option<&Value>, reason: Origin) -> Self {
        let action = Action::WriteManifest { value: value.map(|value| serde_json::json!(value)) };
        Self { direction: Direction::Capture, ..Self::apply(item, action, Effect::Now, reason) }
    }

    /// The step with the value it starts from, as shown.
    #[must_use]
    pub fn from(mut self, value: Option<&Value>) -> Self {
        self.from = value.map(|value| serde_json::json!(value));
        self
    }

    /// The manifest a capture writes.
    #[must_use]
    pub fn manifest(&self) -> Option<Manifest> {
        (self.direction == Direction::Capture).then(|| Manifest::of(self.item.domain))
    }

    /// When in a run this step's kind comes: setup files, what the person may do, then the administrator's
    /// part: units that go, packages that go, packages that come, units that come (a package may bring its
    /// unit), and kernel arguments last, because they prepare the next start.
    #[must_use]
    pub fn phase(&self) -> u8 {
        match (&self.action, self.privilege) {
            (Action::WriteManifest { .. }, _) => 0,
            // The new one comes before the old one goes, so that a failed download takes nothing away.
            (Action::RemoveFlatpak { .. }, Privilege::User) => 2,
            // A remote is there before what comes from it, and goes after it.
            (Action::SetOwn { value: None }, Privilege::User) if self.item.domain == Domain::Remote => 3,
            (_, Privilege::User) => 1,
            (Action::SetUnit { state: UnitState::Disabled | UnitState::Masked, .. }, _) => 4,
            (Action::UnlockSystem {}, _) => 5,
            (Action::RemovePackage { .. }, _) => 6,
            (Action::InstallPackage { .. }, _) => 7,
            (Action::SetUnit { .. } | Action::UnmaskUnit { .. }, _) => 8,
            (Action::AddRemote { .. }, _) => 9,
            (Action::InstallFlatpak { .. } | Action::SetSetting { .. } | Action::SetOwn { .. }, _) => 10,
            (Action::RemoveFlatpak { .. }, _) => 11,
            (Action::RemoveRemote { .. }, _) => 12,
            (Action::RemoveKernelArgument { .. } | Action::AddKernelArgument { .. }, _) => 13,
        }
    }

    /// Checks that item, privilege and values agree with the action.
    ///
    /// # Errors
    /// Which part does not.
    pub fn check(&self) -> Result<(), &'static str> {
        let item = match &self.action {
            Action::InstallPackage { name } | Action::RemovePackage { name } => (Domain::Pkg, name.as_str()),
            Action::UnlockSystem {} => match self.item.domain {
                Domain::Pkg => (Domain::Pkg, self.item.key.as_str()),
                _ => return Err("only packages are tried at once"),
            },
            Action::SetUnit { unit, state } => {
                if *state != UnitState::Enabled && unit.keeps_computer_usable() {
                    return Err("this unit keeps the computer usable and is never turned off");
                }
                (Domain::Unit, unit.as_str())
            }
            Action::UnmaskUnit { unit } => (Domain::Unit, unit.as_str()),
            Action::AddKernelArgument { argument } | Action::RemoveKernelArgument { argument } => {
                if argument.is_essential() {
                    return Err("this kernel argument belongs to the boot loader and is never changed");
                }
                (Domain::Karg, argument.as_str())
            }
            Action::SetSetting { key, .. } => (Domain::Gsetting, key.as_str()),
            Action::InstallFlatpak { id, .. } | Action::RemoveFlatpak { id, .. } => (Domain::Flatpak, id.as_str()),
            Action::AddRemote { name, remote } => {
                if remote.scope != Scope::System {
                    return Err("the administrator adds remotes for everyone only");
                }
                (Domain::Remote, name.as_str())
            }
            Action::RemoveRemote { name } => (Domain::Remote, name.as_str()),
            Action::SetOwn { value } => {
                let kind = crate::domain::kind(self.item.domain);
                if !kind.is_own() {
                    return Err("such items are not the person's to change in this way");
                }
                if value.as_ref().is_some_and(|value| kind.value(value).is_none()) {
                    return Err("the value does not fit the item");
                }
                (self.item.domain, self.item.key.as_str())
            }
            Action::WriteManifest { value } => {
                if self.direction != Direction::Capture {
                    return Err("only a capture writes the setup");
                }
                if value.as_ref().is_some_and(|value| Value::from_json(self.item.domain, value).is_none()) {
                    return Err("the value does not fit the item");
                }
                (self.item.domain, self.item.key.as_str())
            }
        };
        let key = match self.item.domain {
            Domain::Flatpak if !matches!(self.action, Action::WriteManifest { .. } | Action::SetOwn { .. }) => {
                crate::domain::flatpak::id_of(&self.item.key)
            }
            Domain::Remote if matches!(self.action, Action::AddRemote { .. } | Action::RemoveRemote { .. }) => {
                crate::domain::remote::name_of(&self.item.key)
            }
            _ => self.item.key.as_str(),
        };
        if (self.item.domain, key) != item {
            return Err("the item is not the one the action changes");
        }
        if self.privilege != self.action.privilege() || self.stop != self.action.stop() {
            return Err("the privilege is not the one the action needs");
        }
        if matches!(self.action, Action::WriteManifest { .. }) != (self.direction == Direction::Capture) {
            return Err("the direction is not the one the action has");
        }
        if self.from.as_ref().is_some_and(|value| Value::from_json(self.item.domain, value).is_none()) {
            return Err("a value shown does not fit the item");
        }
        if self.to != self.action.result() || self.effect != self.action.effect() {
            return Err("what is shown is not what the action does");
        }
        Ok(())
    }
}

impl Action {
    /// Who may do it.
    #[must_use]
    pub fn privilege(&self) -> Privilege {
        match self {
            Self::SetSetting { .. } | Self::SetOwn { .. } | Self::WriteManifest { .. } => Privilege::User,
            Self::InstallFlatpak { source: FlatpakSource { scope: Scope::User, .. }, .. }
            | Self::RemoveFlatpak { scope: Scope::User, .. } => Privilege::User,
            Self::InstallPackage { .. }
            | Self::RemovePackage { .. }
            | Self::UnlockSystem {}
            | Self::SetUnit { .. }
            | Self::UnmaskUnit { .. }
            | Self::AddKernelArgument { .. }
            | Self::RemoveKernelArgument { .. }
            | Self::InstallFlatpak { .. }
            | Self::RemoveFlatpak { .. }
            | Self::AddRemote { .. }
            | Self::RemoveRemote { .. } => Privilege::Admin,
        }
    }

    /// The item's value afterwards, in its JSON form; `None` when it is then gone or what it was before.
    #[must_use]
    pub fn result(&self) -> Option<serde_json::Value> {
        let value = match self {
            Self::InstallPackage { .. } | Self::AddKernelArgument { .. } => Value::Present,
            Self::SetUnit { state, .. } => Value::Unit(*state),
            Self::SetSetting { value, .. } => Value::Setting(value.clone()),
            Self::InstallFlatpak { source, .. } => Value::Flatpak(source.clone()),
            Self::AddRemote { remote, .. } => Value::Remote(remote.clone()),
            Self::WriteManifest { value } | Self::SetOwn { value } => return value.clone(),
            Self::RemovePackage { .. }
            | Self::UnlockSystem {}
            | Self::UnmaskUnit { .. }
            | Self::RemoveKernelArgument { .. }
            | Self::RemoveFlatpak { .. }
            | Self::RemoveRemote { .. } => return None,
        };
        Some(serde_json::json!(value))
    }

    /// When it becomes real.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        match self {
            Self::AddKernelArgument { .. } | Self::RemoveKernelArgument { .. } => Effect::Restart,
            _ => Effect::Now,
        }
    }

    /// When it can be stopped.
    #[must_use]
    pub fn stop(&self) -> Stop {
        match self {
            Self::InstallPackage { .. } | Self::RemovePackage { .. } => Stop::No,
            Self::SetSetting { .. } | Self::WriteManifest { .. } => Stop::Safe,
            _ => Stop::AfterStep,
        }
    }
}
