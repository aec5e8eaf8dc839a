// SPDX-License-Identifier: GPL-3.0-or-later
//! What is taken over of a recipe of another kind, and what is not.
//!
//! Invariant: everything such a recipe names ends in exactly one of the two lists; what is taken passed the same
//! newtype that a manifest's reader checks it with.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use serde_json::json;

use super::StartError;
use crate::i18n::{fill, gettext};
use crate::item::{Domain, ItemId};
use crate::manifest::Manifest;
use crate::manifest::edit::{EditError, apply_places};
use crate::manifest::place::{Edit, Entry};
use crate::name::{
    CoprProject, ExtensionId, FlatpakId, GroupName, KernelArgument, NameError, PackageName, RemoteName, SettingKey,
    UnitName,
};
use crate::run::user::edit_manifest;
use crate::value::{CoprState, Scope, UnitState, Value};

/// Where most Flatpaks come from.
pub(super) const FLATHUB: (&str, &str) = ("flathub", "https://dl.flathub.org/repo/flathub.flatpakrepo");

/// Something that stays where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// Where it stands.
    pub at: String,
    /// What it is.
    pub what: String,
    /// Why.
    pub why: String,
}

/// Something that is in a manifest now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// What it is.
    pub item: ItemId,
    /// Where it stood.
    pub at: String,
}

/// A recipe of another kind on its way into manifests.
#[derive(Debug, Default)]
pub(super) struct Takeover {
    items: BTreeMap<Manifest, Vec<(ItemId, Value)>>,
    groups: Vec<GroupName>,
    excluded: Vec<PackageName>,
    pub(super) taken: Vec<Taken>,
    pub(super) left: Vec<NotTaken>,
}

impl Takeover {
    /// Leaves something where it is.
    pub(super) fn leave(&mut self, at: &str, what: impl Into<String>, why: impl Into<String>) {
        let what: String = what.into().split_whitespace().collect::<Vec<_>>().join(" ");
        let what = if what.chars().count() > 100 { what.chars().take(99).chain(['…']).collect() } else { what };
        self.left.push(NotTaken { at: at.to_owned(), what, why: why.into() });
    }

    fn take(&mut self, at: &str, manifest: Manifest, item: ItemId, value: Value) {
        let items = self.items.entry(manifest).or_default();
        if let Some(known) = items.iter_mut().find(|(known, _)| *known == item) {
            known.1 = value;
            return;
        }
        items.push((item.clone(), value));
        self.taken.push(Taken { item, at: at.to_owned() });
    }

    /// A name of the right form, or it is left.
    fn named<N: FromStr<Err = NameError>>(&mut self, at: &str, text: &str) -> Option<N> {
        match text.parse() {
            Ok(name) => Some(name),
            Err(error) => {
                self.leave(at, text, error.reason);
                None
            }
        }
    }

    /// A package by name; one that is a file or an address cannot be declared.
    pub(super) fn package(&mut self, at: &str, text: &str) {
        if let Some(group) = text.strip_prefix('@') {
            return self.group(at, group);
        }
        if text.contains('/') {
            return self.leave(at, text, gettext("a package is declared by its name, not by a file or an address"));
        }
        let Some(name) = self.named::<PackageName>(at, text) else { return };
        self.take(at, Manifest::SystemPackages, ItemId::new(Domain::Pkg, name.as_str()), Value::Present);
    }

    /// A group of packages.
    pub(super) fn group(&mut self, at: &str, text: &str) {
        let text = text.trim_start_matches('@');
        if let Some(name) = self.named::<GroupName>(at, text)
            && !self.groups.contains(&name)
        {
            self.groups.push(name);
        }
    }

    /// A package that is not to come along with others.
    pub(super) fn exclude(&mut self, at: &str, text: &str) {
        if let Some(name) = self.named::<PackageName>(at, text)
            && !self.excluded.contains(&name)
        {
            self.excluded.push(name);
        }
    }

    /// A COPR project.
    pub(super) fn copr(&mut self, at: &str, text: &str) {
        let Some(project) = self.named::<CoprProject>(at, text) else { return };
        let item = ItemId::new(Domain::Copr, project.as_str());
        self.take(at, Manifest::SystemPackages, item, Value::Copr(CoprState::CHECKED));
    }

    /// The state of a unit in the image; without an ending it is a service.
    pub(super) fn unit(&mut self, at: &str, text: &str, state: UnitState) {
        let full = if text.contains('.') { text.to_owned() } else { format!("{text}.service") };
        let Some(name) = self.named::<UnitName>(at, &full) else { return };
        self.take(at, Manifest::SystemConfig, ItemId::new(Domain::Unit, name.as_str()), Value::Unit(state));
    }

    /// A kernel argument of the image.
    pub(super) fn argument(&mut self, at: &str, text: &str) {
        let Some(argument) = self.named::<KernelArgument>(at, text) else { return };
        if argument.is_essential() {
            return self.leave(at, text, gettext("it says how a computer finds and starts its system"));
        }
        self.take(at, Manifest::SystemConfig, ItemId::new(Domain::Karg, argument.as_str()), Value::Present);
    }

    /// Where Flatpaks come from.
    pub(super) fn remote(&mut self, at: &str, name: &str, url: &str, scope: Scope) {
        let value = Value::from_json(Domain::Remote, &json!({"url": url, "scope": scope.as_str()}));
        let item = self.apart(Domain::Remote, Manifest::FlatpakRemotes, name, scope);
        match value.filter(|_| name.parse::<RemoteName>().is_ok()) {
            Some(value) => self.take(at, Manifest::FlatpakRemotes, item, value),
            None => self.leave(at, format!("{name} {url}"), gettext("it is no address of a Flatpak remote")),
        }
    }

    /// A Flatpak application.
    pub(super) fn flatpak(&mut self, at: &str, text: &str, remote: &str, scope: Scope) {
        // A whole reference names the branch last: app/ID/ARCH/BRANCH.
        let parts: Vec<&str> = text.split('/').collect();
        let (id, branch) = match parts.as_slice() {
            ["app", id, _, branch] => (*id, Some(*branch)),
            [id] => (*id, None),
            _ => return self.leave(at, text, gettext("it is no application")),
        };
        let Some(id) = self.named::<FlatpakId>(at, id) else { return };
        let mut source = json!({"remote": remote, "scope": scope.as_str()});
        if let Some(branch) = branch {
            source["branch"] = json!(branch);
        }
        let item = self.apart(Domain::Flatpak, Manifest::FlatpakApps, id.as_str(), scope);
        match Value::from_json(Domain::Flatpak, &source) {
            Some(value) => self.take(at, Manifest::FlatpakApps, item, value),
            None => self.leave(at, text, gettext("it is no application")),
        }
    }

    /// The item of a name that may be there for everyone and for one person: the first has the plain name.
    fn apart(&self, domain: Domain, manifest: Manifest, name: &str, scope: Scope) -> ItemId {
        let plain = ItemId::new(domain, name);
        let known = self.items.get(&manifest).and_then(|items| items.iter().find(|(item, _)| *item == plain));
        let other = match known {
            Some((_, Value::Flatpak(source))) => source.scope != scope,
            Some((_, Value::Remote(source))) => source.scope != scope,
            _ => false,
        };
        if other { ItemId::new(domain, format!("{}/{name}", scope.as_str())) } else { plain }
    }

    /// An extension of GNOME Shell, which is known by its UUID.
    pub(super) fn extension(&mut self, at: &str, text: &str) {
        if !text.contains('@') {
            let why =
                gettext("an extension is declared by its UUID: find it with ‘bkt ext list’ where it is installed");
            return self.leave(at, text, why);
        }
        let Some(uuid) = self.named::<ExtensionId>(at, text) else { return };
        let item = ItemId::new(Domain::Ext, uuid.as_str());
        self.take(at, Manifest::GnomeExtensions, item, Value::Extension(crate::value::ExtensionState::Enabled));
    }

    /// A setting, with its value as GVariant text.
    pub(super) fn setting(&mut self, at: &str, schema: &str, key: &str, value: &str) {
        let Some(name) = self.named::<SettingKey>(at, &format!("{schema}/{key}")) else { return };
        let item = ItemId::new(Domain::Gsetting, name.as_str());
        self.take(at, Manifest::Gsettings, item, Value::Setting(value.to_owned()));
    }

    /// Writes what was taken into the manifests of a folder.
    pub(super) fn write(&self, folder: &Path) -> Result<(), StartError> {
        for (manifest, items) in &self.items {
            edit_manifest(folder, *manifest, items.iter().map(|(item, value)| (item, Some(value.clone()))))?;
        }
        let word = |path: &'static [&'static str], word: &str| {
            let entry = Entry::Word(word.to_owned());
            Edit { path, entry, there: true }
        };
        let groups = self.groups.iter().map(|group| word(&["groups"], group.as_str()));
        let excluded = self.excluded.iter().map(|name| word(&["excluded"], name.as_str()));
        let edits: Vec<Edit> = groups.chain(excluded).collect();
        if edits.is_empty() {
            return Ok(());
        }
        let file = Manifest::SystemPackages.path();
        let path = folder.join(file);
        let failed = |source| StartError::Manifest(EditError::File { file, source });
        let before = crate::files::read(&path).map_err(failed)?.unwrap_or_default();
        let text = apply_places(file, &before, edits)?;
        crate::files::replace(&path, text.as_bytes()).map_err(failed)
    }

    /// How many groups and exclusions were taken, which are no items.
    pub(super) fn groups(&self) -> impl Iterator<Item = String> {
        self.groups.iter().map(|group| format!("@{group}"))
    }
}

/// Why a kind of instruction is left.
pub(super) fn no_such(kind: &str) -> String {
    fill(&gettext("Bucket has nothing like ‘{kind}’"), &[("kind", kind)])
}
