// SPDX-License-Identifier: GPL-3.0-or-later
//! The state a plan was worked out from.
//!
//! Invariant: a run starts only when every precondition on its side still holds; otherwise the plan is
//! stale, names what changed, and nothing has happened.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::compare::Comparison;
use crate::deployment::System;
use crate::digest::sha256;
use crate::domain::etc::{EtcPath, Side};
use crate::domain::{self, Look};
use crate::files;
use crate::host::{Host, HostError, SettingQuery, SettingReading};
use crate::item::{Domain, ItemId};
use crate::manifest::{Declaration, Manifest};
use crate::name::{CoprProject, FlatpakId, KernelArgument, RemoteName, SettingKey, UnitName};
use crate::problem::Problem;
use crate::setup::Setup;
use crate::tree::{self, Tree, TreePath};
use crate::value::{FlatpakSource, RemoteSource, Scope, UnitState, Value};

use super::step::{Action, Step};

/// What must still be so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preconditions {
    /// The running deployment, `package-mode` where there are none.
    pub deployment: String,
    /// Every version of the system on this computer, when a step changes which one the next start uses.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub deployments: BTreeSet<String>,
    /// The one the next start was to use, where the person could tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The digest of all installed packages, when a step changes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpmdb: Option<String>,
    /// Whether packages could come from each COPR project a step changes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub coprs: BTreeMap<CoprProject, bool>,
    /// The state of every unit a step changes; `null` where there was no such unit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub units: BTreeMap<UnitName, Option<UnitState>>,
    /// Whether each unit that a step starts or stops ran.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub running: BTreeMap<UnitName, bool>,
    /// Whether each kernel argument a step changes was set for the next start.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kernel_arguments: BTreeMap<KernelArgument, bool>,
    /// The value of every setting a step changes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<SettingKey, String>,
    /// The value of every item of the person's own that a step changes, in its JSON form; `null` where it was not there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub own: BTreeMap<ItemId, Option<Json>>,
    /// The installations of every Flatpak application a step changes, as `user/ID` and `system/ID`: each with its
    /// remote, its branch, the commit it is held at and its overrides. Empty where there was none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flatpaks: BTreeMap<String, Vec<FlatpakSource>>,
    /// Every Flatpak remote for everyone that a step changes; `null` where there was none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub remotes: BTreeMap<RemoteName, Option<RemoteSource>>,
    /// What every file of `/etc` that a step changes was; `null` where it was not there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub etc: BTreeMap<EtcPath, Option<Side>>,
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
    /// A version of the system came or went, or another one is the next.
    #[error("the versions of the system on this computer changed")]
    Versions,
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
    /// Those of steps that change which version of the system the next start uses.
    #[must_use]
    pub fn of_image(system: &System) -> Self {
        Self {
            deployment: system.deployment_id().to_owned(),
            deployments: ids(system),
            next: system.next.clone(),
            ..Self::default()
        }
    }

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
                // They change what the next start uses.
                Action::LayerPackage { .. }
                | Action::UnlayerPackage { .. }
                | Action::ResetBasePackage { .. }
                | Action::RemoveBasePackage { .. } => {
                    let image = Self::of_image(&comparison.system);
                    (preconditions.deployments, preconditions.next) = (image.deployments, image.next);
                }
                Action::EnableCopr { project } | Action::DisableCopr { project } => {
                    let enabled = matches!(value(&step.item), Some(Value::Copr(state)) if state.enabled);
                    preconditions.coprs.insert(project.clone(), enabled);
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
                    let installed = seen.map(|seen| domain::flatpak::seen(seen, id, *scope)).unwrap_or_default();
                    preconditions.flatpaks.insert(flatpak_key(id, *scope), installed);
                }
                // What runs is no item: whoever asks for it looks first ([`Preconditions::running`]).
                // Neither are versions of the system ([`Preconditions::of_image`]).
                Action::UnlockSystem {}
                | Action::StartUnit { .. }
                | Action::StopUnit { .. }
                | Action::RestartUnit { .. }
                | Action::ReloadUnits {}
                | Action::UpgradeSystem {}
                | Action::SwitchSystem { .. }
                | Action::RollBackSystem {}
                | Action::ResetSystem {} => {}
                Action::AddRemote { name, .. } | Action::RemoveRemote { name } => {
                    let remote = match value(&step.item) {
                        Some(Value::Remote(remote)) => Some(remote),
                        _ => None,
                    };
                    preconditions.remotes.insert(name.clone(), remote);
                }
                Action::RestoreEtc { path, .. } => {
                    let here = match value(&step.item) {
                        Some(Value::Etc(seen)) => seen.here,
                        _ => None,
                    };
                    preconditions.etc.insert(path.clone(), here);
                }
                Action::SetOwn { .. } => {
                    let value = value(&step.item).map(|value| serde_json::json!(value));
                    preconditions.own.insert(step.item.clone(), value);
                }
                Action::WriteManifest { .. } => {
                    let file = step.manifest().map(|manifest| manifest.file(&step.item.key));
                    if let Some(file) = file.filter(|file| !preconditions.files.contains_key(file)) {
                        let hash = file_hash(&setup.directory, &file)?;
                        preconditions.files.insert(file, hash);
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
            Action::EnableCopr { project } | Action::DisableCopr { project } => self.coprs.contains_key(project),
            Action::SetUnit { unit, .. } | Action::UnmaskUnit { unit } => self.units.contains_key(unit),
            Action::AddKernelArgument { argument } | Action::RemoveKernelArgument { argument } => {
                self.kernel_arguments.contains_key(argument)
            }
            Action::InstallFlatpak { id, source: FlatpakSource { scope, .. } }
            | Action::RemoveFlatpak { id, scope, .. } => self.flatpaks.contains_key(&flatpak_key(id, *scope)),
            Action::AddRemote { name, .. } | Action::RemoveRemote { name } => self.remotes.contains_key(name),
            Action::StartUnit { unit } | Action::StopUnit { unit } | Action::RestartUnit { unit } => {
                self.running.contains_key(unit)
            }
            Action::LayerPackage { .. }
            | Action::UnlayerPackage { .. }
            | Action::ResetBasePackage { .. }
            | Action::RemoveBasePackage { .. }
            | Action::UpgradeSystem {}
            | Action::SwitchSystem { .. }
            | Action::RollBackSystem {}
            | Action::ResetSystem {} => !self.deployments.is_empty(),
            Action::RestoreEtc { path, .. } => self.etc.contains_key(path),
            Action::UnlockSystem {}
            | Action::ReloadUnits {}
            | Action::SetSetting { .. }
            | Action::SetOwn { .. }
            | Action::WriteManifest { .. } => true,
        }
    }

    fn check_flatpaks(&self, host: &dyn Host, scope: Scope) -> Result<(), Stale> {
        let prefix = format!("{}/", scope.as_str());
        let mut expected = self.flatpaks.iter().filter_map(|(key, were)| Some((key.strip_prefix(&prefix)?, were)));
        let Some(first) = expected.next() else { return Ok(()) };
        let now = domain::flatpak::installed(host, scope).map_err(|problem| Stale::Unreadable(problem.message))?;
        let is_other = |(id, were): &(&str, &Vec<FlatpakSource>)| now.get(*id).map_or(&[][..], Vec::as_slice) != *were;
        match std::iter::once(first).chain(expected).find(is_other) {
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
        let is_next = self.next.as_ref().is_none_or(|next| system.next.as_ref() == Some(next));
        if !self.deployments.is_empty() && (ids(&system) != self.deployments || !is_next) {
            return Err(Stale::Versions);
        }
        if let Some(expected) = &self.rpmdb
            && domain::pkg::installed(host)?.1 != *expected
        {
            return Err(Stale::Packages);
        }
        if !self.coprs.is_empty() {
            let enabled = domain::copr::enabled(host)?;
            if let Some((project, _)) = self.coprs.iter().find(|(project, was)| enabled.contains_key(*project) != **was)
            {
                return Err(Stale::Item(ItemId::new(Domain::Copr, project.as_str())));
            }
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
        if !self.running.is_empty() {
            let now = domain::unit::run::active(host, self.running.keys())
                .map_err(|problem| Stale::Unreadable(problem.message))?;
            if let Some((unit, _)) = self.running.iter().find(|(unit, expected)| now.get(*unit) != Some(*expected)) {
                return Err(Stale::Item(ItemId::new(Domain::Unit, unit.as_str())));
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
        for (path, expected) in &self.etc {
            let now = domain::etc::here(host, path).map_err(|problem| Stale::Unreadable(problem.message))?;
            if now != *expected {
                return Err(Stale::Item(ItemId::new(Domain::Etc, path.as_str())));
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
            if !file_hash(setup, file).is_ok_and(|hash| hash == *expected) {
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

/// The names of every version of the system.
fn ids(system: &System) -> BTreeSet<String> {
    system.deployments().map(|(_, deployment)| deployment.id.clone()).collect()
}

fn flatpak_key(id: &FlatpakId, scope: Scope) -> String {
    format!("{}/{id}", scope.as_str())
}

/// The digest of a manifest, or of what a file of a tree is.
fn file_hash(setup: &Path, file: &str) -> std::io::Result<String> {
    if Manifest::ALL.iter().any(|manifest| manifest.path() == file) {
        return Ok(files::read(&setup.join(file))?.map_or_else(String::new, |text| sha256(text.as_bytes())));
    }
    let refused = || std::io::Error::other("no file of the setup that is written here");
    let place = |tree: &Tree| file.strip_prefix(tree.path())?.strip_prefix('/')?.parse::<TreePath>().ok();
    let (tree, place) = Tree::ALL.iter().find_map(|tree| Some((tree, place(tree)?))).ok_or_else(refused)?;
    let state = tree::look(&tree::disk(), &setup.join(tree.path()), &place)
        .map_err(|problem| std::io::Error::other(problem.message))?;
    Ok(state.map_or_else(String::new, |state| sha256(serde_json::json!(state).to_string().as_bytes())))
}
