// SPDX-License-Identifier: GPL-3.0-or-later
//! Flatpak applications: declared in `flatpak-apps.json`, observed by one `flatpak list` and flatpak's own files.
//!
//! An application may be there for everyone and for the person, and in more than one branch: each is an item of its
//! own, and [`key`] says what it is called. An entry may name the commit it is held at, which is a commit and a mask
//! here, and overrides, which are what a person changed about its permissions. A setup may name the beginning of a commit
//! alone, as older ones do; any commit that begins so is meant.
//!
//! Invariant: one call lists both scopes; runtimes are dependencies and never items.

mod basis;
mod bring;
mod installed;
pub mod key;
pub mod overrides;
pub mod pick;
mod words;

use std::collections::BTreeMap;

use jsonc_parser::ast::{self, Object};
use serde_json::Value as Json;

use crate::compare::{Change, Privilege};
use crate::deployment::HostKind;
use crate::host::{Host, HostError, Invocation};
use crate::manifest::place::{Edit, Entry, Fields};
use crate::manifest::{Declaration, Declarations, Manifest, ManifestError, ManifestErrorKind, Reader, named};
use crate::name::{FlatpakId, OverrideOption};
use crate::problem::Problem;
use crate::value::{FlatpakSource, Scope, Value};

use super::{Actions, Kind, Look, Observation};
use crate::plan::Action;

pub(crate) use basis::ask;
pub(crate) use bring::{bring, is_installed, is_so, remove};
pub use bring::{commit, commits};
pub(crate) use installed::installed;
use key::of;
pub use key::{Key, id_of};
pub use overrides::Overrides;
pub use pick::Found;
pub(crate) use words::sentence;

/// Reads `{"apps": [{"id", "remote", "scope", "branch"?, "commit"?, "overrides"?}]}`.
pub(crate) fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    reader.know(root, &["apps"]);
    let mut entries = Vec::new();
    reader.each(reader.list(root, "apps")?, named(&["id"]), |reader, value| {
        let entry = reader.entry("apps", value)?;
        reader.know(entry, &["id", "remote", "scope", "branch", "commit", "overrides"]);
        let id: FlatpakId = reader.name(entry, reader.needed(entry, "apps", "id")?)?;
        let source = FlatpakSource {
            remote: reader.name(entry, reader.string_field(entry, "remote")?.unwrap_or("flathub"))?,
            scope: scope_field(reader, entry)?,
            branch: reader.string_field(entry, "branch")?.map(|text| reader.name(entry, text)).transpose()?,
            commit: reader.string_field(entry, "commit")?.map(|text| reader.name(entry, text)).transpose()?,
            overrides: overrides_field(reader, entry, &id),
        };
        entries.push((entry, id, source));
        Ok(())
    });
    let mut by_id: BTreeMap<&FlatpakId, Vec<&FlatpakSource>> = BTreeMap::new();
    for (_, id, source) in &entries {
        by_id.entry(id).or_default().push(source);
    }
    let mut declarations = Declarations::new();
    for (entry, id, source) in &entries {
        let is_other = |at: &&FlatpakSource| at.scope != source.scope || at.branch != source.branch;
        let others = by_id.get(id).into_iter().flatten().copied().filter(is_other);
        let key = key::among(id.as_str(), source, others);
        if let Err(error) = reader.declare(&mut declarations, *entry, &key, Some(Value::Flatpak(source.clone()))) {
            reader.fault(Some(key), error);
        }
    }
    Ok(declarations)
}

/// The scope of an entry; what names none is for everyone.
pub(super) fn scope_field(reader: &Reader, entry: &Object<'_>) -> Result<Scope, ManifestError> {
    match reader.string_field(entry, "scope")? {
        None | Some("system") => Ok(Scope::System),
        Some("user") => Ok(Scope::User),
        Some(other) => {
            let message = format!("scope ‘{}’ is not system or user", other.escape_debug());
            Err(reader.error(entry, ManifestErrorKind::Value(message)))
        }
    }
}

/// The overrides of an entry; `None` where one is not understood: then none is compared, applied or rewritten.
fn overrides_field(reader: &mut Reader, entry: &Object<'_>, id: &FlatpakId) -> Option<Overrides> {
    let value = match entry.get("overrides").map(|property| &property.value) {
        None | Some(ast::Value::NullKeyword(_)) => return Some(Overrides::default()),
        Some(value) => value,
    };
    let words = value.as_array().map_or(&[][..], |list| &list.elements);
    let option = |word: &ast::Value<'_>| word.as_string_lit()?.value.parse::<OverrideOption>().ok();
    let options: Vec<_> = words.iter().map(option).collect();
    if value.as_array().is_some() && options.len() <= overrides::MOST && options.iter().all(Option::is_some) {
        return Some(options.into_iter().flatten().collect());
    }
    let wrong = words.iter().zip(&options).find(|(_, option)| option.is_none());
    let wrong = wrong.and_then(|(word, _)| Some(word.as_string_lit()?.value.escape_debug().to_string()));
    let what = wrong.unwrap_or_else(|| "overrides".to_owned());
    reader.warn(value, format!("‘{what}’ is not understood, so the overrides of ‘{id}’ are kept but not used"));
    None
}

/// A question about both scopes, but not about a system installation that is not there: flatpak would make one.
pub(super) fn of_what_is_there(host: &dyn Host, question: Invocation) -> Result<Invocation, HostError> {
    let is_there = host.root().is_none() || !host.list(&host.at("/var/lib/flatpak/repo"))?.is_empty();
    Ok(if is_there { question } else { question.arg("--user") })
}

/// The environment that points flatpak at a root's system installation; the user's follows HOME.
pub(crate) fn invocation<I: IntoIterator<Item = S>, S: Into<String>>(host: &dyn Host, args: I) -> Invocation {
    let invocation = Invocation::new("flatpak", args);
    match host.root() {
        Some(_) => invocation.env("FLATPAK_SYSTEM_DIR", host.at("/var/lib/flatpak").display().to_string()),
        None => invocation,
    }
}

pub(super) const fn scope_option(scope: Scope) -> &'static str {
    match scope {
        Scope::System => "--system",
        Scope::User => "--user",
    }
}

/// The installations of an application for a scope that an observation has.
pub(crate) fn seen(seen: &Observation, id: &FlatpakId, scope: Scope) -> Vec<FlatpakSource> {
    let of_it = seen.entries.iter().filter(|(key, _)| id_of(key) == id.as_str());
    let of_it = of_it.filter_map(|(_, observed)| of(observed.value.as_ref()));
    let mut sources: Vec<FlatpakSource> = of_it.filter(|source| source.scope == scope).cloned().collect();
    sources.sort_by(|a, b| a.branch.cmp(&b.branch));
    sources
}

/// Flatpak applications.
#[derive(Debug)]
pub(super) struct Applications;

impl Kind for Applications {
    fn manifest(&self) -> Manifest {
        Manifest::FlatpakApps
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared(reader, root)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        installed::observe(look.host, look.declared)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        serde_json::from_value(json.clone()).ok().map(Value::Flatpak)
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let source = match value {
            None => None,
            value => Some(of(value)?),
        };
        let key = Key::parse(key);
        let text = |text: &str| Some(Json::from(text));
        let scope = source.map(|source| source.scope).or(key.scope);
        let branch = source.and_then(|source| source.branch.as_ref()).map(|branch| branch.as_str()).or(key.branch);
        let mut fields = vec![
            ("id", text(key.id)),
            ("remote", source.and_then(|source| text(source.remote.as_str()))),
            ("scope", scope.and_then(|scope| text(scope.as_str()))),
            ("branch", branch.and_then(text)),
            ("commit", source.and_then(|source| source.commit.as_ref()).and_then(|commit| text(commit.as_str()))),
        ];
        // What is not understood stays as it is written.
        if let Some(overrides) = source.map_or(Some(&Overrides::default()), |source| source.overrides.as_ref()) {
            fields.push(("overrides", (!overrides.is_empty()).then(|| serde_json::json!(overrides))));
        }
        // The key says how much of an entry it takes to tell it from the others.
        let id: &[_] = match (key.scope, key.branch) {
            (None, None) => &[("id", None)],
            (Some(_), None) => &[("id", None), ("scope", Some("system"))],
            (None, Some(_)) => &[("id", None), ("branch", None)],
            (Some(_), Some(_)) => &[("id", None), ("scope", Some("system")), ("branch", None)],
        };
        let entry = Fields { id, fields, or_word: false, apart: Some("branch") };
        Some(vec![Edit { path: &["apps"], entry: Entry::Object(entry), there: value.is_some() }])
    }

    fn said<'d>(&self, declared: &'d Declarations, key: &str, value: Option<&Value>) -> Option<&'d Declaration> {
        key::said(declared, key, value)
    }

    fn plain<'k>(&self, key: &'k str) -> &'k str {
        id_of(key)
    }

    fn qualified(&self, key: &str, value: &Value) -> String {
        let parts = Key::parse(key);
        Key { scope: of(Some(value)).map(|source| source.scope), ..parts }.to_string()
    }

    fn privilege(&self, value: Option<&Value>) -> Privilege {
        match of(value) {
            Some(source) if source.scope == Scope::User => Privilege::User,
            _ => Privilege::Admin,
        }
    }

    fn at_first_boot(&self, _system: HostKind, _part: Privilege) -> bool {
        true
    }

    /// Permissions that the setup does not mention may be the person's own.
    fn takes_away(&self, change: &Change) -> bool {
        let (Some(wanted), Some(here)) = (of(change.setup.as_ref()), of(change.computer.as_ref())) else {
            return false;
        };
        wanted.overrides.as_ref().is_some_and(Overrides::is_empty) && !wanted.may_as(here)
    }

    fn actions(&self, change: &Change, _system: HostKind) -> Actions {
        let id: FlatpakId = match id_of(&change.id.key).parse() {
            Ok(id) => id,
            Err(error) => return Ok(Err(error)),
        };
        let mut actions = Vec::new();
        let (wanted, here) = (of(change.setup.as_ref()), of(change.computer.as_ref()));
        // Another remote for the same branch and scope is one reinstallation; anything else leaves the old one to remove.
        let stays = wanted.zip(here).is_some_and(|(wanted, here)| {
            wanted.scope == here.scope && (wanted.branch.is_none() || wanted.branch == here.branch)
        });
        if let Some(source) = wanted {
            // The branch that is here, so that no other one comes beside it.
            let here = here.filter(|_| stays).and_then(|here| here.branch.clone());
            let source = FlatpakSource { branch: source.branch.clone().or(here), ..source.clone() };
            actions.push(Action::InstallFlatpak { id: id.clone(), source });
        }
        if let Some(old) = here.filter(|_| !stays) {
            actions.push(Action::RemoveFlatpak { id, scope: old.scope, branch: old.branch.clone() });
        }
        Ok(Ok(actions))
    }

    fn captured(&self, change: &Change) -> Option<Value> {
        let Some(here) = of(change.computer.as_ref()) else { return change.computer.clone() };
        let declared = of(change.setup.as_ref());
        let mut source = here.clone();
        // A branch is written where the setup names it, or where it tells this one from another.
        let names_branch = declared.map_or(Key::parse(&change.id.key).branch.is_some(), |said| said.branch.is_some());
        source.branch = source.branch.filter(|_| names_branch);
        if let Some(declared) = declared {
            if declared.is_held_as(here) {
                source.commit = declared.commit.clone();
            }
            if declared.may_as(here) {
                source.overrides = declared.overrides.clone();
            }
        }
        Some(Value::Flatpak(source))
    }
}

#[cfg(test)]
mod tests;
