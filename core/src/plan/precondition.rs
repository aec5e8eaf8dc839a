// SPDX-License-Identifier: GPL-3.0-or-later
//! The state a plan was worked out from.
//!
//! Invariant: a run starts only when every precondition on its side still holds; otherwise the plan is
//! stale, names what changed, and nothing has happened.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::compare::Comparison;
use crate::deployment::System;
use crate::digest::sha256;
use crate::domain::{self, Look};
use crate::files;
use crate::host::{Host, HostError, SettingQuery, SettingReading};
use crate::item::{Domain, ItemId};
use crate::manifest::{Declaration, Manifest};
use crate::name::{FlatpakId, KernelArgument, RemoteName, SettingKey, UnitName};
use crate::problem::Problem;
use crate::setup::Setup;
use crate::value::{FlatpakSource, RemoteSource, Scope, UnitState, Value};

use super::step::{Action, Step};

/// What must still be so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preconditions {
    /// The running deployment, `package-mode` where there are none.
    pub deployment: String,
    /// The digest of all installed packages, when a step changes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpmdb: Option<String>,
    /// The state of every unit a step changes; `null` where there was no such unit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub units: BTreeMap<UnitName, Option<UnitState>>,
    /// Whether each kernel argument a step changes was set for the next start.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kernel_arguments: BTreeMap<KernelArgument, bool>,
    /// The value of every setting a step changes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<SettingKey, String>,
    /// The value of every item of the person's own that a step changes, in its JSON form; `null` where it was not there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub own: BTreeMap<ItemId, Option<Json>>,
    /// Which Flatpak applications a step changes were installed, as `user/ID` and `system/ID`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flatpaks: BTreeMap<String, bool>,
    /// Every Flatpak remote for everyone that a step changes; `null` where there was none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub remotes: BTreeMap<RemoteName, Option<RemoteSource>>,
    /// The SHA-256 of every manifest a step writes, empty where there was none; paths inside the setup.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
}

/// What changed since the plan was made, or why that could not be told.
#[derive(Debug, thiserror::Error)]
pub enum Stale {
    /// Another deployment runs now.
    #[error("another system version is running")]
    Deployment,
    /// Packages were installed or removed.
    #[error("packages were installed or removed")]
    Packages,
    /// An item has another value.
    #[error("{0} changed")]
    Item(ItemId),
    /// A manifest was edited.
    #[error("{0} was edited")]
    File(String),
    /// The state could not be read.
    #[error("the state of this computer could not be read: {0}")]
    Unreadable(String),
}

impl From<HostError> for Stale {
    fn from(error: HostError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl Preconditions {
    /// The preconditions of some steps, from the comparison they were decided on.
    pub(super) fn of(comparison: &Comparison, setup: &Setup, steps: &[Step]) -> std::io::Result<Self> {
        let mut preconditions = Self { deployment: comparison.system.deployment_id().to_owned(), ..Self::default() };
        let value = |item: &ItemId| {
            comparison
                .observed
                .get(&item.domain)
                .and_then(|seen| seen.entries.get(&item.key))
                .and_then(|seen| seen.value.clone())
        };
        for step in steps {
            match &step.action {
                Action::InstallPackage { .. } | Action::RemovePackage { .. } => {
                    preconditions.rpmdb = comparison.observed.get(&Domain::Pkg).and_then(|seen| seen.cookie.clone());
                }
                Action::SetUnit { unit, .. } | Action::UnmaskUnit { unit } => {
                    let state = match value(&step.item) {
                        Some(Value::Unit(state)) => Some(state),
                        _ => None,
                    };
                    preconditions.units.insert(unit.clone(), state);
                }
                Action::AddKernelArgument { argument } | Action::RemoveKernelArgument { argument } => {
                    preconditions.kernel_arguments.insert(argument.clone(), value(&step.item).is_some());
                }
                Action::SetSetting { key, .. } => {
                    if let Some(Value::Setting(text)) = value(&step.item) {
                        preconditions.settings.insert(key.clone(), text);
                    }
                }
                Action::InstallFlatpak { id, source: FlatpakSource { scope, .. } }
                | Action::RemoveFlatpak { id, scope, .. } => {
                    let seen = comparison.observed.get(&Domain::Flatpak);
                    let is_there = seen.is_some_and(|seen| domain::flatpak::has(seen, id, *scope));
                    preconditions.flatpaks.insert(flatpak_key(id, *scope), is_there);
                }
                Action::UnlockSystem {} => {}
                Action::AddRemote { name, .. } | Action::RemoveRemote { name } => {
                    let remote = match value(&step.item) {
                        Some(Value::Remote(remote)) => Some(remote),
                        _ => None,
                    };
                    preconditions.remotes.insert(name.clone(), remote);
                }
                Action::SetOwn { .. } => {
                    let value = value(&step.item).map(|value| serde_json::json!(value));
                    preconditions.own.insert(step.item.clone(), value);
                }
                Action::WriteManifest { .. } => {
                    if let Some(manifest) = step.manifest()
                        && !preconditions.files.contains_key(manifest.path())
                    {
                        let hash = file_hash(&setup.directory.join(manifest.path()))?;
                        preconditions.files.insert(manifest.path().to_owned(), hash);
                    }
                }
            }
        }
        Ok(preconditions)
    }

    /// Whether the state an action was worked out from is here; an administrator step without it is refused.
    pub(super) fn cover(&self, action: &Action) -> bool {
        match action {
            Action::InstallPackage { .. } | Action::RemovePackage { .. } => self.rpmdb.is_some(),
            Action::SetUnit { unit, .. } | Action::UnmaskUnit { unit } => self.units.contains_key(unit),
            Action::AddKernelArgument { argument } | Action::RemoveKernelArgument { argument } => {
                self.kernel_arguments.contains_key(argument)
            }
            Action::InstallFlatpak { id, source: FlatpakSource { scope, .. } }
            | Action::RemoveFlatpak { id, scope, .. } => self.flatpaks.contains_key(&flatpak_key(id, *scope)),
            Action::AddRemote { name, .. } | Action::RemoveRemote { name } => self.remotes.contains_key(name),
            Action::UnlockSystem {}
            | Action::SetSetting { .. }
            | Action::SetOwn { .. }
            | Action::WriteManifest { .. } => true,
        }
    }

    fn check_flatpaks(&self, host: &dyn Host, scope: Scope) -> Result<(), Stale> {
        let prefix = format!("{}/", scope.as_str());
        let mut expected = self.flatpaks.iter().filter_map(|(key, there)| Some((key.strip_prefix(&prefix)?, *there)));
        let Some(first) = expected.next() else { return Ok(()) };
        let installed = domain::flatpak::installed(host, scope)?;
        match std::iter::once(first).chain(expected).find(|(id, there)| installed.contains(*id) != *there) {
            Some((id, _)) => Err(Stale::Item(ItemId::new(Domain::Flatpak, id))),
            None => Ok(()),
        }
    }

    fn check_own(&self, host: &dyn Host) -> Result<(), Stale> {
        let groups: Vec<_> = self.own.iter().collect();
        let mut system = None;
        for group in groups.chunk_by(|(a, _), (b, _)| a.domain == b.domain) {
            let system = system.get_or_insert_with(|| System::probe(host));
            let now = own_values(host, system, group.iter().map(|(item, _)| *item))
                .map_err(|problem| Stale::Unreadable(problem.message))?;
            if let Some((item, _)) =
                group.iter().find(|(item, expected)| now.get(*item).cloned().flatten() != **expected)
            {
                return Err(Stale::Item((*item).clone()));
            }
        }
        Ok(())
    }

    /// Checks the administrator's side: deployment, packages, units, kernel arguments, system Flatpaks.
    ///
    /// # Errors
    /// The first thing that is no longer as it was.
    pub fn check_system(&self, host: &dyn Host) -> Result<(), Stale> {
        let system = System::probe(host);
        if system.deployment_id() != self.deployment {
            return Err(Stale::Deployment);
        }
        if let Some(expected) = &self.rpmdb
            && domain::pkg::installed(host)?.1 != *expected
        {
            return Err(Stale::Packages);
        }
        if !self.units.is_empty() {
            let states =
                domain::unit::states(host, self.units.keys()).map_err(|problem| Stale::Unreadable(problem.message))?;
            for (unit, expected) in &self.units {
                if states.get(unit).copied() != *expected {
                    return Err(Stale::Item(ItemId::new(Domain::Unit, unit.as_str())));
                }
            }
        }
        if !self.kernel_arguments.is_empty() {
            let next = domain::karg::next_start(host, system.kind)?;
            for (argument, expected) in &self.kernel_arguments {
                if next.contains(argument) != *expected {
                    return Err(Stale::Item(ItemId::new(Domain::Karg, argument.as_str())));
                }
            }
        }
        if !self.remotes.is_empty() {
            let now = domain::remote::of_system(host).map_err(|problem| Stale::Unreadable(problem.message))?;
            if let Some((name, _)) = self.remotes.iter().find(|(name, expected)| now.get(*name) != expected.as_ref()) {
                return Err(Stale::Item(ItemId::new(Domain::Remote, name.as_str())));
            }
        }
        self.check_flatpaks(host, Scope::System)
    }

    /// Checks the person's side: settings, Flatpaks, manifests of the setup.
    ///
    /// # Errors
    /// The first thing that is no longer as it was.
    pub fn check_user(&self, host: &dyn Host, setup: &Path) -> Result<(), Stale> {
        let queries: Vec<_> =
            self.settings.keys().map(|key| SettingQuery { key: key.clone(), declared: None }).collect();
        if !queries.is_empty() {
            let readings = host.settings().read(&queries)?;
            for ((key, expected), reading) in self.settings.iter().zip(readings) {
                if !matches!(&reading, SettingReading::Read { current, .. } if current == expected) {
                    return Err(Stale::Item(ItemId::new(Domain::Gsetting, key.as_str())));
                }
            }
        }
        self.check_flatpaks(host, Scope::User)?;
        self.check_own(host)?;
        for (file, expected) in &self.files {
            let known = Manifest::ALL.iter().any(|manifest| manifest.path() == file);
            if !known || !file_hash(&setup.join(file)).is_ok_and(|hash| hash == *expected) {
                return Err(Stale::File(file.clone()));
            }
        }
        Ok(())
    }
}

/// What items of one domain are now, in JSON form, all from one reading; `None` for those that are not there.
///
/// # Errors
/// The domain cannot be read.
pub(crate) fn own_values<'i>(
    host: &dyn Host,
    system: &System,
    items: impl IntoIterator<Item = &'i ItemId>,
) -> Result<BTreeMap<ItemId, Option<Json>>, Problem> {
    let items: Vec<&ItemId> = items.into_iter().collect();
    let Some(first) = items.first() else { return Ok(BTreeMap::new()) };
    let kind = domain::kind(first.domain);
    let asked = |item: &&ItemId| (item.key.clone(), Declaration { value: None, manifest: kind.manifest(), line: 0 });
    let declared = items.iter().map(asked).collect();
    let seen = kind.observe(&Look { host, system, declared: &declared })?;
    let value = |item: &ItemId| {
        seen.entries.get(&item.key).and_then(|seen| seen.value.as_ref()).map(|value| serde_json::json!(value))
    };
    Ok(items.into_iter().map(|item| (item.clone(), value(item))).collect())
}

fn flatpak_key(id: &FlatpakId, scope: Scope) -> String {
    format!("{}/{id}", scope.as_str())
}

fn file_hash(path: &Path) -> std::io::Result<String> {
    Ok(files::read(path)?.map_or_else(String::new, |text| sha256(text.as_bytes())))
}
