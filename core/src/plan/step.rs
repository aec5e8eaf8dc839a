// SPDX-License-Identifier: GPL-3.0-or-later
//! Steps: the closed set of things a plan can do.
//!
//! Invariant: what a step does follows from its [`Action`] alone; item, privilege, effect and the values
//! shown are checked against it when a plan is read.

use serde::{Deserialize, Serialize};

use crate::compare::{Effect, Origin, Privilege};
use crate::domain::Observed;
use crate::domain::etc::{self, EtcPath, Side};
use crate::domain::flatpak::Key;
use crate::item::{Domain, ItemId};
use crate::manifest::Manifest;
use crate::name::{
    BranchName, CoprProject, FlatpakId, KernelArgument, PackageName, RemoteName, SettingKey, SystemImage, UnitName,
};
use crate::value::{CoprState, FlatpakSource, PackageOverride, RemoteSource, Scope, UnitState, Value};

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
    /// Layers a package on the image, from the next start on (rpm-ostree(1), install).
    LayerPackage {
        /// Which.
        name: PackageName,
    },
    /// Takes a layered package out, from the next start on (rpm-ostree(1), uninstall).
    UnlayerPackage {
        /// Which.
        name: PackageName,
    },
    /// Makes a package of the image again what the image has, where it was taken out or replaced here, from the next start
    /// on (rpm-ostree(1), override reset).
    ResetBasePackage {
        /// Which.
        name: PackageName,
    },
    /// Takes a package out of the image here, from the next start on (rpm-ostree(1), override remove).
    RemoveBasePackage {
        /// Which.
        name: PackageName,
    },
    /// Makes the system's programs changeable until the next restart (bootc-usr-overlay(8)), for packages that are
    /// tried at once on an image.
    UnlockSystem {},
    /// Adds the repository of a COPR project, whose packages are checked against the project's key.
    EnableCopr {
        /// Which.
        project: CoprProject,
    },
    /// Turns the repository of a COPR project off; what came from it stays.
    DisableCopr {
        /// Which.
        project: CoprProject,
    },
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
    /// Starts a unit now.
    StartUnit {
        /// Which.
        unit: UnitName,
    },
    /// Stops a unit now.
    StopUnit {
        /// Which.
        unit: UnitName,
    },
    /// Stops a unit, if it runs, and starts it.
    RestartUnit {
        /// Which.
        unit: UnitName,
    },
    /// Lets systemd read its unit files again; the item is `unit:systemd`.
    ReloadUnits {},
    /// Prepares the newest version of the image this computer follows for the next start; the item is `pkg:@image`.
    UpgradeSystem {},
    /// Has this computer follow another image from the next start on; the item is `pkg:@image`.
    SwitchSystem {
        /// Which.
        image: SystemImage,
        /// Whether its signature must be one that this computer's container policy accepts.
        signed: bool,
    },
    /// Has the next start use the version before this one; the item is `pkg:@image`.
    RollBackSystem {},
    /// Takes out what rpm-ostree layered on the image, replaced or removed in it; the item is `pkg:@image`.
    ResetSystem {},
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
    /// Sets a setting, or resets it to its default.
    SetSetting {
        /// Which key.
        key: SettingKey,
        /// The value as GVariant text; `null` is the default.
        value: Option<String>,
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
    /// Makes a file of `/etc` what the image has there, or what an earlier step of this kind found there.
    RestoreEtc {
        /// Which.
        path: EtcPath,
        /// What it is to be; `null` takes away one that is the image's.
        to: Option<Side>,
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
        /// Which manifest, where it is not the one such items are written to as a rule.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<Manifest>,
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
    /// Whether that is the default, which nobody had chosen: undoing the step resets the item.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_default: bool,
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
        let reversible = !action.is_momentary();
        let (direction, from, from_default) = (Direction::Apply, None, false);
        Self { item, direction, action, from, from_default, to, effect, privilege, reversible, stop, reason }
    }

    /// A step that changes the setup.
    #[must_use]
    pub fn capture(item: ItemId, value: Option<&Value>, reason: Origin) -> Self {
        let action = Action::WriteManifest { value: value.map(|value| serde_json::json!(value)), file: None };
        Self { direction: Direction::Capture, ..Self::apply(item, action, Effect::Now, reason) }
    }

    /// The step with the value it starts from, as shown.
    #[must_use]
    pub fn from(mut self, value: Option<&Value>) -> Self {
        self.from = value.map(|value| serde_json::json!(value));
        self.reversible = self.can_be_undone();
        self
    }

    /// The step, which also says whether nobody had chosen the value it starts from. Only a setting can be reset.
    #[must_use]
    pub fn from_seen(mut self, value: Option<&Value>, seen: Option<&Observed>) -> Self {
        let is_setting = matches!(self.action, Action::SetSetting { .. });
        self.from_default = is_setting && seen.is_some_and(|seen| seen.by_default);
        self.from(value)
    }

    /// The capture, written to one of the manifests that hold such items.
    #[must_use]
    pub fn into_manifest(mut self, manifest: Manifest) -> Self {
        if let Action::WriteManifest { file, .. } = &mut self.action {
            *file = Some(manifest).filter(|manifest| *manifest != Manifest::of(self.item.domain));
        }
        self
    }

    /// Whether nothing is lost that undoing it would not bring back.
    fn can_be_undone(&self) -> bool {
        let kind = crate::domain::kind(self.item.domain);
        let value = |json: Option<&serde_json::Value>| json.and_then(|json| kind.value(json));
        match &self.action {
            Action::SetOwn { value: to } => {
                kind.is_reversible(value(self.from.as_ref()).as_ref(), value(to.as_ref()).as_ref())
            }
            // The version that was put in its place may be nowhere to be had.
            Action::ResetBasePackage { .. } => {
                value(self.from.as_ref()) != Some(Value::Override(PackageOverride::Replaced))
            }
            _ => true,
        }
    }

    /// The manifest a capture writes.
    #[must_use]
    pub fn manifest(&self) -> Option<Manifest> {
        match self.action {
            Action::WriteManifest { file: Some(file), .. } => Some(file),
            _ => (self.direction == Direction::Capture).then(|| Manifest::of(self.item.domain)),
        }
    }

    /// When in a run this step's kind comes: setup files, what the person may do, then the administrator's
    /// part: units that go, packages that go, packages that come, units that come (a package may bring its
    /// unit), the system's image, what is layered on it, and kernel arguments last, because they are added to what the next start uses.
    #[must_use]
    pub fn phase(&self) -> u8 {
        match (&self.action, self.privilege) {
            (Action::WriteManifest { .. }, _) => 0,
            // The new one comes before the old one goes, so that a failed download takes nothing away.
            (Action::RemoveFlatpak { .. }, Privilege::User) => 2,
            // A remote is there before what comes from it, and goes after it.
            (Action::SetOwn { value: None }, Privilege::User) if self.item.domain == Domain::Remote => 3,
            // So is a tap.
            (Action::SetOwn { value }, Privilege::User) if self.item.domain == Domain::Brew => {
                match (crate::domain::brew::is_tap(&self.item.key), value) {
                    (true, None) => 3,
                    (false, Some(_)) => 2,
                    _ => 1,
                }
            }
            (_, Privilege::User) => 1,
            (Action::SetUnit { state: UnitState::Disabled | UnitState::Masked, .. } | Action::StopUnit { .. }, _) => 4,
            // What packages come from is settled before they come.
            (Action::UnlockSystem {} | Action::EnableCopr { .. } | Action::DisableCopr { .. }, _) => 5,
            // A repository, or what a unit reads when it starts, may be among them.
            (Action::RestoreEtc { .. }, _) => 5,
            (Action::RemovePackage { .. }, _) => 6,
            (Action::InstallPackage { .. }, _) => 7,
            // In one plan a unit is enabled, then started: steps of one phase and item keep the order they came in.
            (Action::SetUnit { .. } | Action::UnmaskUnit { .. } | Action::ReloadUnits {}, _) => 8,
            (Action::StartUnit { .. } | Action::RestartUnit { .. }, _) => 8,
            (Action::AddRemote { .. }, _) => 9,
            (Action::InstallFlatpak { .. } | Action::SetSetting { .. } | Action::SetOwn { .. }, _) => 10,
            (Action::RemoveFlatpak { .. }, _) => 11,
            (Action::RemoveRemote { .. }, _) => 12,
            (Action::UpgradeSystem {} | Action::SwitchSystem { .. }, _) => 13,
            (Action::RollBackSystem {} | Action::ResetSystem {}, _) => 13,
            (Action::ResetBasePackage { .. }, _) => 14,
            (Action::RemoveBasePackage { .. }, _) => 15,
            (Action::LayerPackage { .. } | Action::UnlayerPackage { .. }, _) => 16,
            (Action::RemoveKernelArgument { .. } | Action::AddKernelArgument { .. }, _) => 17,
        }
    }

    /// Checks that item, privilege and values agree with the action.
    ///
    /// # Errors
    /// Which part does not.
    pub fn check(&self) -> Result<(), &'static str> {
        let item = match &self.action {
            Action::InstallPackage { name }
            | Action::RemovePackage { name }
            | Action::LayerPackage { name }
            | Action::UnlayerPackage { name }
            | Action::ResetBasePackage { name }
            | Action::RemoveBasePackage { name } => (Domain::Pkg, name.as_str()),
            Action::EnableCopr { project } | Action::DisableCopr { project } => (Domain::Copr, project.as_str()),
            Action::UnlockSystem {} => match self.item.domain {
                Domain::Pkg => (Domain::Pkg, self.item.key.as_str()),
                _ => return Err("only packages are tried at once"),
            },
            Action::SetUnit { unit, state } => {
                if *state != UnitState::Enabled && unit.keeps_computer_usable() {
                    return Err("this unit keeps the computer usable and is never turned off");
                }
                if *state == UnitState::Enabled && unit.takes_computer_over() {
                    return Err("this unit takes the computer over and is never turned on");
                }
                (Domain::Unit, unit.as_str())
            }
            Action::StopUnit { unit } | Action::RestartUnit { unit } if unit.keeps_computer_usable() => {
                return Err("this unit keeps the computer usable and is never stopped");
            }
            Action::StartUnit { unit } | Action::RestartUnit { unit } if unit.takes_computer_over() => {
                return Err("this unit takes the computer over and is never started");
            }
            Action::UnmaskUnit { unit }
            | Action::StartUnit { unit }
            | Action::StopUnit { unit }
            | Action::RestartUnit { unit } => (Domain::Unit, unit.as_str()),
            Action::ReloadUnits {} => (Domain::Unit, ALL_UNITS),
            Action::UpgradeSystem {}
            | Action::SwitchSystem { .. }
            | Action::RollBackSystem {}
            | Action::ResetSystem {} => (Domain::Pkg, SYSTEM_IMAGE),
            Action::AddKernelArgument { argument } | Action::RemoveKernelArgument { argument } => {
                if argument.is_essential() {
                    return Err("this kernel argument belongs to the boot loader and is never changed");
                }
                if argument.gives_root() {
                    return Err("this kernel argument can give root away and is never changed on one computer");
                }
                (Domain::Karg, argument.as_str())
            }
            Action::SetSetting { key, .. } => (Domain::Gsetting, key.as_str()),
            Action::InstallFlatpak { id, source: FlatpakSource { scope, .. } }
            | Action::RemoveFlatpak { id, scope, .. } => {
                if Key::parse(&self.item.key).scope.is_some_and(|named| named != *scope) {
                    return Err("the item is for another scope than the action changes");
                }
                (Domain::Flatpak, id.as_str())
            }
            Action::AddRemote { name, remote } => {
                if remote.scope != Scope::System {
                    return Err("the administrator adds remotes for everyone only");
                }
                (Domain::Remote, name.as_str())
            }
            Action::RemoveRemote { name } => (Domain::Remote, name.as_str()),
            Action::RestoreEtc { path, to } => {
                if etc::is_state(path.place().as_str()) {
                    return Err("this file belongs to the machine and is never restored");
                }
                if etc::is_of_sign_in(path.place().as_str()) {
                    return Err("this file says who may sign in and do what, and is never restored");
                }
                if !to.as_ref().is_none_or(Side::is_sound) {
                    return Err("a file has permissions and a link has none");
                }
                (Domain::Etc, path.as_str())
            }
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
            Action::WriteManifest { value, file } => {
                let is_another = |file: &Manifest| {
                    *file != Manifest::of(self.item.domain) && file.domains().contains(&self.item.domain)
                };
                if !file.as_ref().is_none_or(is_another) {
                    return Err("the manifest is not one for such items");
                }
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
        if self.reversible && !self.can_be_undone() {
            return Err("it cannot be undone");
        }
        if self.to != self.action.result() || self.effect != self.action.effect() {
            return Err("what is shown is not what the action does");
        }
        Ok(())
    }
}

/// The item of [`Action::ReloadUnits`], which is about all units.
pub const ALL_UNITS: &str = "systemd";

/// The item of what is done to the system's image as a whole; no package is called so.
pub const SYSTEM_IMAGE: &str = "@image";

impl Action {
    /// Whether it is over when it is done: it sets nothing that could be set back. What a new version of the system
    /// changed is taken back by going to the one before, which is asked for by name.
    #[must_use]
    pub const fn is_momentary(&self) -> bool {
        matches!(self, Self::StartUnit { .. } | Self::StopUnit { .. } | Self::RestartUnit { .. } | Self::ReloadUnits {})
            || self.is_of_image()
    }

    /// Whether it changes which version of the system the next start uses.
    #[must_use]
    pub const fn is_of_image(&self) -> bool {
        matches!(
            self,
            Self::UpgradeSystem {} | Self::SwitchSystem { .. } | Self::RollBackSystem {} | Self::ResetSystem {}
        )
    }

    /// Who may do it.
    #[must_use]
    pub fn privilege(&self) -> Privilege {
        match self {
            Self::SetSetting { .. } | Self::SetOwn { .. } | Self::WriteManifest { .. } => Privilege::User,
            Self::InstallFlatpak { source: FlatpakSource { scope: Scope::User, .. }, .. }
            | Self::RemoveFlatpak { scope: Scope::User, .. } => Privilege::User,
            Self::InstallPackage { .. }
            | Self::LayerPackage { .. }
            | Self::UnlayerPackage { .. }
            | Self::ResetBasePackage { .. }
            | Self::RemoveBasePackage { .. }
            | Self::RemovePackage { .. }
            | Self::UnlockSystem {}
            | Self::EnableCopr { .. }
            | Self::DisableCopr { .. }
            | Self::SetUnit { .. }
            | Self::UnmaskUnit { .. }
            | Self::StartUnit { .. }
            | Self::StopUnit { .. }
            | Self::RestartUnit { .. }
            | Self::ReloadUnits {}
            | Self::UpgradeSystem {}
            | Self::SwitchSystem { .. }
            | Self::RollBackSystem {}
            | Self::ResetSystem {}
            | Self::AddKernelArgument { .. }
            | Self::RemoveKernelArgument { .. }
            | Self::InstallFlatpak { .. }
            | Self::RemoveFlatpak { .. }
            | Self::RestoreEtc { .. }
            | Self::AddRemote { .. }
            | Self::RemoveRemote { .. } => Privilege::Admin,
        }
    }

    /// The item's value afterwards, in its JSON form; `None` when it is then gone or what it was before.
    #[must_use]
    pub fn result(&self) -> Option<serde_json::Value> {
        let value = match self {
            Self::InstallPackage { .. } | Self::LayerPackage { .. } | Self::ResetBasePackage { .. } => Value::Present,
            Self::AddKernelArgument { .. } => Value::Present,
            Self::RemoveBasePackage { .. } => Value::Override(PackageOverride::Removed),
            Self::EnableCopr { .. } => Value::Copr(CoprState::CHECKED),
            Self::SetUnit { state, .. } => Value::Unit(*state),
            Self::SetSetting { value: Some(value), .. } => Value::Setting(value.clone()),
            Self::InstallFlatpak { source, .. } => Value::Flatpak(source.clone()),
            Self::AddRemote { remote, .. } => Value::Remote(remote.clone()),
            Self::RestoreEtc { to: Some(to), .. } => Value::File(to.file.clone()),
            Self::WriteManifest { value, .. } | Self::SetOwn { value } => return value.clone(),
            Self::RemovePackage { .. }
            | Self::UnlayerPackage { .. }
            | Self::SetSetting { value: None, .. }
            | Self::RestoreEtc { to: None, .. }
            | Self::UnlockSystem {}
            | Self::DisableCopr { .. }
            | Self::UnmaskUnit { .. }
            | Self::StartUnit { .. }
            | Self::StopUnit { .. }
            | Self::RestartUnit { .. }
            | Self::ReloadUnits {}
            | Self::UpgradeSystem {}
            | Self::SwitchSystem { .. }
            | Self::RollBackSystem {}
            | Self::ResetSystem {}
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
            Self::LayerPackage { .. } | Self::UnlayerPackage { .. } => Effect::Restart,
            Self::ResetBasePackage { .. } | Self::RemoveBasePackage { .. } => Effect::Restart,
            _ if self.is_of_image() => Effect::Restart,
            _ => Effect::Now,
        }
    }

    /// When it can be stopped.
    #[must_use]
    pub fn stop(&self) -> Stop {
        match self {
            Self::InstallPackage { .. } | Self::RemovePackage { .. } => Stop::No,
            Self::LayerPackage { .. } | Self::UnlayerPackage { .. } => Stop::No,
            Self::ResetBasePackage { .. } | Self::RemoveBasePackage { .. } => Stop::No,
            Self::SetSetting { .. } | Self::WriteManifest { .. } => Stop::Safe,
            _ => Stop::AfterStep,
        }
    }
}
