// SPDX-License-Identifier: GPL-3.0-or-later
//! What of a setup is not committed: items of manifests one by one, other files as a whole.
//!
//! Invariant: every difference of the setup from the last commit is in exactly one entry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value as Json;

use super::status::{File, Kind, Status};
use super::{Repository, RepositoryError};
use crate::domain;
use crate::files;
use crate::i18n::{fill, gettext, ngettext};
use crate::item::{Domain, ItemId};
use crate::manifest::edit;
use crate::manifest::{Declaration, Declarations, Manifest, Reader};
use crate::recipe::file::{self as recipe};
use crate::setup::Setup;
use crate::value::Value;

/// Something that differs from the last commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// What a manifest says of an item.
    Item {
        /// The item.
        item: ItemId,
        /// Which manifest.
        manifest: Manifest,
        /// What the commit says; `None` where it does not mention the item.
        before: Option<Box<Declaration>>,
        /// What the file says now.
        after: Option<Box<Declaration>>,
    },
    /// A file, or what in a manifest is about no item.
    File {
        /// Its path inside the setup.
        path: String,
        /// How it differs.
        kind: Kind,
    },
}

/// What was done to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    /// It was not there.
    Add,
    /// It says something else.
    Change,
    /// It is gone.
    Remove,
}

impl Entry {
    /// The file it stands in, inside the setup.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Item { manifest, .. } => manifest.path(),
            Self::File { path, .. } => path,
        }
    }

    /// What it is called on a command line: the item's id, or the file's path.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Item { item, .. } => item.to_string(),
            Self::File { path, .. } => path.clone(),
        }
    }

    /// What was done to it.
    #[must_use]
    pub const fn deed(&self) -> Deed {
        match self {
            Self::Item { before: None, .. } | Self::File { kind: Kind::New, .. } => Deed::Add,
            Self::Item { after: None, .. } | Self::File { kind: Kind::Gone, .. } => Deed::Remove,
            Self::Item { .. } | Self::File { .. } => Deed::Change,
        }
    }

    /// What it is called in a sentence.
    fn name(&self) -> &str {
        match self {
            Self::Item { item, .. } => &item.key,
            Self::File { path, .. } => path,
        }
    }

    /// `Add htop`: one line that says what the commit does.
    #[must_use]
    pub fn sentence(&self) -> String {
        sentence(self.deed(), self.name())
    }

    /// The value it has now, as its item would show it.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Item { after: Some(after), .. } => after.value.as_ref(),
            _ => None,
        }
    }

    /// The kind of item, where it is one.
    #[must_use]
    pub const fn domain(&self) -> Option<Domain> {
        match self {
            Self::Item { item, .. } => Some(item.domain),
            Self::File { .. } => None,
        }
    }

    /// Whether it is the setup's own: what Bucket writes. Other files of the repository are committed when they
    /// are named.
    #[must_use]
    pub fn is_own(&self) -> bool {
        match self {
            Self::Item { .. } => true,
            Self::File { path, .. } => is_own(path),
        }
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id())?;
        map.serialize_entry("file", self.path())?;
        map.serialize_entry("change", &self.deed())?;
        map.serialize_entry("kind", &self.domain())?;
        map.end()
    }
}

/// Whether Bucket writes such a file.
fn is_own(path: &str) -> bool {
    let top = path.split_once('/').map_or(path, |(top, _)| top);
    matches!(top, "manifests" | "skel" | "system" | "upstream" | ".changelog")
        || recipe::is_recipe(path)
        || matches!(path, "CHANGELOG.md" | ".bktignore")
}

fn sentence(deed: Deed, name: &str) -> String {
    let words = match deed {
        Deed::Add => gettext("Add {name}"),
        Deed::Change => gettext("Change {name}"),
        Deed::Remove => gettext("Remove {name}"),
    };
    fill(&words, &[("name", name)])
}

/// How many names a title has at most.
const NAMED: usize = 3;

/// The entries that are worth a word: what is drafted in the changelog tells of the others, and counts where it is alone.
#[must_use]
pub fn told(entries: &[Entry]) -> Vec<&Entry> {
    let told: Vec<&Entry> = entries.iter().filter(|entry| !entry.path().starts_with(".changelog/")).collect();
    if told.is_empty() { entries.iter().collect() } else { told }
}

/// A title for a commit of some entries.
#[must_use]
pub fn title(entries: &[Entry]) -> String {
    let entries = told(entries);
    let deeds: BTreeSet<Deed> = entries.iter().map(|entry| entry.deed()).collect();
    match (entries.as_slice(), deeds.first()) {
        (few, Some(deed)) if deeds.len() == 1 && few.len() <= NAMED => {
            sentence(*deed, &few.iter().map(|entry| entry.name()).collect::<Vec<_>>().join(", "))
        }
        (many, _) => fill(
            &ngettext("Change {count} entry", "Change {count} entries", u32::try_from(many.len()).unwrap_or(u32::MAX)),
            &[("count", &many.len().to_string())],
        ),
    }
}

/// What a commit or pull request of some entries says below its title, each with what is known besides.
#[must_use]
pub fn list(entries: &[Entry], notes: &Notes) -> String {
    let mut out = String::new();
    for entry in told(entries) {
        out.push_str(&format!("- {} ({})\n", entry.sentence(), entry.id()));
        let known = notes.get(&entry.id()).into_iter().flatten();
        known.for_each(|note| out.push_str(&format!("  - {note}\n")));
    }
    out
}

/// What is known of entries besides, by id.
pub type Notes = BTreeMap<String, Vec<String>>;

impl Repository<'_> {
    /// What of the setup is not committed.
    ///
    /// # Errors
    /// git fails, or a file cannot be read.
    pub fn entries(&self, status: &Status) -> Result<Vec<Entry>, RepositoryError> {
        let mut entries = Vec::new();
        let mut recipes = Vec::new();
        for file in &status.files {
            let Some(path) = file.path.strip_prefix(self.prefix) else { continue };
            let manifest =
                Manifest::ALL.into_iter().find(|manifest| manifest.tree().is_none() && manifest.path() == path);
            match manifest {
                Some(manifest) if file.kind != Kind::Unmerged => entries.extend(self.items(status, manifest, file)?),
                _ if recipe::is_recipe(path) => recipes.push((path, file)),
                _ => entries.push(Entry::File { path: path.to_owned(), kind: file.kind }),
            }
        }
        // The sections that follow the manifests go along with the entries; any other edit is one of its own.
        for (path, file) in recipes {
            if !self.follows(status, path) {
                entries.push(Entry::File { path: path.to_owned(), kind: file.kind });
            }
        }
        Ok(entries)
    }

    /// Entries that a branch of ours says the same of already: there is a pull request of them, or can be. By the
    /// entry's id, the branch.
    ///
    /// # Errors
    /// git fails.
    pub fn proposed(&self, entries: &[Entry]) -> Result<BTreeMap<String, String>, RepositoryError> {
        let mut proposed = BTreeMap::new();
        if entries.is_empty() {
            return Ok(proposed);
        }
        let branches = self.git(["for-each-ref", "--format=%(refname:short)", "refs/heads/bkt/"])?;
        for branch in branches.lines() {
            let mut known: BTreeMap<Manifest, Option<Vec<(Domain, Declarations)>>> = BTreeMap::new();
            for entry in entries {
                let is_there = match entry {
                    Entry::Item { item, manifest, after, .. } => {
                        if !known.contains_key(manifest) {
                            let text = self.shown(branch, &format!("{}{}", self.prefix, manifest.path()))?;
                            known.insert(*manifest, declared(*manifest, &text.unwrap_or_default()));
                        }
                        let there = known.get(manifest).and_then(Option::as_ref);
                        let there = there.and_then(|all| all.iter().find(|(domain, _)| *domain == item.domain));
                        there.is_some_and(|(_, there)| {
                            there.get(&item.key).map(|it| &it.value) == after.as_ref().map(|it| &it.value)
                        })
                    }
                    // What was committed of it follows the manifests committed with it.
                    Entry::File { path, kind: Kind::New | Kind::Changed } if recipe::is_recipe(path) => {
                        let there = self.shown(branch, &format!("{}{path}", self.prefix))?;
                        let here = read(&self.setup().join(path))?;
                        let setup = Setup::load(&self.setup()).ok();
                        let in_step = |text: Option<String>| self.in_step(setup.as_ref()?, &text?, branch);
                        let here = in_step(here);
                        here.is_some() && here == in_step(there)
                    }
                    Entry::File { path, kind: Kind::New | Kind::Changed } => {
                        let here = self.ask(["hash-object", "--", &format!("{}{path}", self.prefix)])?;
                        let there = format!("{branch}:{}{path}", self.prefix);
                        here.is_some() && here == self.ask(["rev-parse", "--verify", "--quiet", &there])?
                    }
                    Entry::File { .. } => false,
                };
                if is_there {
                    proposed.entry(entry.id()).or_insert_with(|| branch.to_owned());
                }
            }
        }
        Ok(proposed)
    }

    /// What a manifest's two texts say differently.
    fn items(&self, status: &Status, manifest: Manifest, file: &File) -> Result<Vec<Entry>, RepositoryError> {
        let before = self.committed(status, manifest.path())?.unwrap_or_default();
        let path = self.setup().join(manifest.path());
        let after = read(&path)?.unwrap_or_default();
        Ok(told_apart(manifest, &before, &after, file.kind))
    }

    /// What a file of the setup says in the last commit.
    fn committed(&self, status: &Status, path: &str) -> Result<Option<String>, RepositoryError> {
        match &status.head {
            Some(head) => self.shown(head, &format!("{}{path}", self.prefix)),
            None => Ok(None),
        }
    }

    /// Whether the recipe differs from the commit only in what follows the manifests, or is to follow them.
    pub(super) fn follows(&self, status: &Status, path: &str) -> bool {
        let follows = || {
            let head = status.head.as_deref()?;
            let before = self.committed(status, path).ok()??;
            let setup = Setup::load(&self.setup()).ok()?;
            let now = recipe::read(&setup.directory).ok().filter(|recipe| recipe.name == path)?;
            Some(self.in_step(&setup, &before, head)? == self.in_step(&setup, &now.text, head)?)
        };
        follows().unwrap_or(false)
    }

    /// A recipe brought in step with a setup, but for the sections that were edited by hand; `commit` is the one whose
    /// manifests it may have been made from.
    pub(super) fn in_step(&self, setup: &Setup, text: &str, commit: &str) -> Option<String> {
        let synced = crate::recipe::synced(setup, text, false).ok()?;
        if synced.left.is_empty() {
            return Some(synced.text);
        }
        // Sections that an older version made have no digest, and are known by the manifests of their time.
        let mut texts = BTreeMap::new();
        for manifest in Manifest::ALL.into_iter().filter(|manifest| manifest.tree().is_none()) {
            let text = self.shown(commit, &format!("{}{}", self.prefix, manifest.path())).ok()?;
            texts.insert(manifest.path(), text.unwrap_or_else(|| "{}".to_owned()));
        }
        let then = Setup::load_as(&setup.directory, texts).ok()?;
        let ours = recipe::unedited(&then, text);
        Some(crate::recipe::synced_with(setup, text, |section| ours.contains(&section)).ok()?.text)
    }
}

/// Reads a text file of the setup.
pub(crate) fn read(path: &Path) -> Result<Option<String>, RepositoryError> {
    files::read(path).map_err(|source| RepositoryError::File { path: path.to_owned(), source })
}

/// What a manifest says, by domain; `None` where it cannot be read.
pub(super) fn declared(manifest: Manifest, text: &str) -> Option<Vec<(Domain, Declarations)>> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let of = |domain: &Domain| Some((*domain, Reader::read(manifest, *domain, text).ok()?.declarations));
    manifest.domains().iter().map(of).collect()
}

fn boxed(declaration: Option<&Declaration>) -> Option<Box<Declaration>> {
    declaration.cloned().map(Box::new)
}

/// What two texts of a manifest say differently: items, and the file itself where there is more to it, or where one of
/// the texts cannot be read. `kind` is what became of the file.
pub(crate) fn told_apart(manifest: Manifest, before: &str, after: &str, kind: Kind) -> Vec<Entry> {
    let whole = || Entry::File { path: manifest.path().to_owned(), kind };
    let (Some(old), Some(new)) = (declared(manifest, before), declared(manifest, after)) else {
        return vec![whole()];
    };
    let entries = differences(manifest, &old, &new);
    // What is left when the items are taken over is an entry, too.
    let rest = pick(manifest, before, &entries).is_none_or(|picked| !same(&picked, after));
    entries.into_iter().chain(rest.then(whole)).collect()
}

/// Whether a text of a manifest says of an entry what it says now; `now` is the manifest's text, for what is no item.
pub(crate) fn says(manifest: Manifest, text: &str, entry: &Entry, now: &str) -> bool {
    match entry {
        Entry::Item { item, after, .. } => declared(manifest, text).is_some_and(|all| {
            let there = all.iter().find(|(domain, _)| *domain == item.domain);
            there.and_then(|(_, there)| there.get(&item.key)).map(|it| &it.value) == after.as_ref().map(|it| &it.value)
        }),
        Entry::File { .. } => same(text, now),
    }
}

fn differences(manifest: Manifest, old: &[(Domain, Declarations)], new: &[(Domain, Declarations)]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for ((domain, old), (_, new)) in old.iter().zip(new) {
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let (before, after) = (old.get(key), new.get(key));
            if before.map(|it| &it.value) != after.map(|it| &it.value) {
                let item = ItemId::new(*domain, key);
                entries.push(Entry::Item { item, manifest, before: boxed(before), after: boxed(after) });
            }
        }
    }
    entries
}

/// A manifest's committed text with some entries taken over; `None` where those cannot be written alone.
pub(super) fn pick(manifest: Manifest, before: &str, entries: &[Entry]) -> Option<String> {
    let values = entries.iter().filter_map(|entry| match entry {
        Entry::Item { item, after, .. } => {
            Some((item, after.as_ref().and_then(|after| domain::kind(item.domain).written(after))))
        }
        Entry::File { .. } => None,
    });
    let values: Vec<_> = values.collect();
    edit::apply(manifest, before, values.iter().map(|(item, value)| (*item, value.as_ref()))).ok()
}

/// A manifest with the changes of two sides; `None` where both changed one item in another way, or where there is more to
/// it than items.
pub(super) fn merged(manifest: Manifest, base: &str, ours: &str, theirs: &str) -> Option<String> {
    let (old, here, there) = (declared(manifest, base)?, declared(manifest, ours)?, declared(manifest, theirs)?);
    let changed = differences(manifest, &old, &here);
    same(&pick(manifest, base, &changed)?, ours).then_some(())?;
    let mut ahead = Vec::new();
    for entry in changed {
        let Entry::Item { item, before, after, .. } = &entry else { continue };
        let theirs = there.iter().find(|(domain, _)| *domain == item.domain)?.1.get(&item.key).map(|it| &it.value);
        if theirs == before.as_ref().map(|it| &it.value) {
            ahead.push(entry);
        } else if theirs != after.as_ref().map(|it| &it.value) {
            return None;
        }
    }
    let text = pick(manifest, theirs, &ahead)?;
    let now = declared(manifest, &text)?;
    // Nothing but these items may have changed.
    (differences(manifest, &there, &now).len() == ahead.len()).then_some(text)
}

/// Whether two texts of a manifest say the same, in whatever order.
fn same(one: &str, other: &str) -> bool {
    let data = |text: &str| jsonc_parser::parse_to_serde_value(text, &crate::manifest::dialect()).ok().map(sorted);
    one == other || data(one) == data(other)
}

fn sorted(value: Json) -> Json {
    match value {
        Json::Array(list) => {
            let mut list: Vec<Json> = list.into_iter().map(sorted).collect();
            list.sort_by_cached_key(Json::to_string);
            Json::Array(list)
        }
        Json::Object(fields) => fields.into_iter().map(|(name, value)| (name, sorted(value))).collect(),
        other => other,
    }
}
