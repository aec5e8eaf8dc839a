// SPDX-License-Identifier: GPL-3.0-or-later
//! From the name a person types to the installations and entries that it is about.
//!
//! Invariant: an application is never taken for another installation of the same one.

use std::collections::BTreeSet;

use crate::domain::{Kind, Observation};
use crate::manifest::Declarations;
use crate::name::BranchName;
use crate::value::{FlatpakSource, Scope, Value};

use super::key::{self, Key, of};
use super::{Applications, id_of};

/// One application, on one side or on both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its item key.
    pub key: String,
    /// What the setup says.
    pub setup: Option<FlatpakSource>,
    /// What is here.
    pub here: Option<FlatpakSource>,
}

impl Found {
    /// What it is to be when only a part of it changes: what the setup says, else what is here.
    #[must_use]
    pub fn value(&self) -> Option<FlatpakSource> {
        let names_branch = Key::parse(&self.key).branch.is_some();
        let here = self
            .here
            .clone()
            .map(|here| FlatpakSource { branch: here.branch.clone().filter(|_| names_branch), ..here });
        self.setup.clone().or(here)
    }

    fn is_at(&self, scope: Option<Scope>, branch: Option<&BranchName>) -> bool {
        let fits = |source: &FlatpakSource| {
            let same_branch = branch.is_none_or(|branch| source.branch.as_ref() == Some(branch));
            scope.is_none_or(|scope| scope == source.scope) && same_branch
        };
        self.setup.as_ref().is_some_and(fits) || self.here.as_ref().is_some_and(fits)
    }
}

/// Everything the setup and the computer have of an application, which a key may name more exactly.
#[must_use]
pub fn find(
    declared: &Declarations,
    seen: Option<&Observation>,
    name: &str,
    scope: Option<Scope>,
    branch: Option<&BranchName>,
) -> Vec<Found> {
    let id = id_of(name);
    let here = seen.map(|seen| &seen.entries);
    let keys: BTreeSet<&String> = declared.keys().chain(here.into_iter().flat_map(|here| here.keys())).collect();
    let found = keys.into_iter().filter(|key| id_of(key) == id).map(|key| Found {
        key: key.clone(),
        setup: declared.get(key).and_then(|said| of(said.value.as_ref())).cloned(),
        here: here.and_then(|here| of(here.get(key)?.value.as_ref())).cloned(),
    });
    let all: Vec<Found> = found.filter(|found| found.setup.is_some() || found.here.is_some()).collect();
    let fits: Vec<Found> = all.iter().filter(|found| found.is_at(scope, branch)).cloned().collect();
    match fits.iter().find(|found| found.key == name && (name != id || scope.is_none() && branch.is_none())) {
        // A name that is an item's own names that item, unless it is the plain one of several.
        Some(found) if name != id || all.len() == 1 => vec![found.clone()],
        _ if name != id => {
            let parts = Key::parse(name);
            fits.into_iter().filter(|found| found.value().is_some_and(|value| parts.covers(&value))).collect()
        }
        _ => fits,
    }
}

/// The key that names one of several whatever else is done to the others.
#[must_use]
pub fn named(found: &Found, of: &[Found]) -> String {
    match found.setup.as_ref().or(found.here.as_ref()) {
        Some(source) if of.len() > 1 => Applications.qualified(&found.key, &Value::Flatpak(source.clone())),
        _ => found.key.clone(),
    }
}

/// The item that adding an application is about, and its value: an entry for this scope and branch changes, what is
/// here already is taken as it is, anything else is new. `None` where it could be one of several.
#[must_use]
pub fn added(all: &[Found], id: &str, asked: &FlatpakSource) -> Option<(String, FlatpakSource)> {
    let fits = |source: &FlatpakSource, any: bool| {
        let branch = asked.branch.is_none() || source.branch == asked.branch || any && source.branch.is_none();
        source.scope == asked.scope && branch
    };
    let mut written: Vec<(&Found, &FlatpakSource)> = all
        .iter()
        .filter_map(|found| Some((found, found.setup.as_ref()?)))
        .filter(|(_, said)| fits(said, true))
        .collect();
    written.sort_by_key(|(_, said)| said.branch != asked.branch);
    let is_exact = |said: &FlatpakSource| said.branch == asked.branch;
    if let [(_, one), (_, other), ..] = written.as_slice()
        && is_exact(one) == is_exact(other)
    {
        return None;
    }
    if let Some((found, said)) = written.first() {
        let branch = asked.branch.clone().or_else(|| said.branch.clone());
        let value = FlatpakSource { remote: asked.remote.clone(), branch, ..(*said).clone() };
        return Some((found.key.clone(), value));
    }
    let mut here: Vec<(&Found, &FlatpakSource)> = all
        .iter()
        .filter_map(|found| Some((found, found.here.as_ref()?)))
        .filter(|(_, here)| fits(here, false))
        .collect();
    // An entry that asks for another branch or scope already stands for what is here.
    here.retain(|(found, _)| found.setup.is_none());
    if here.len() > 1 && !here.iter().any(|(found, _)| found.key == id) {
        return None;
    }
    here.sort_by_key(|(found, _)| found.key != id);
    if let Some((found, here)) = here.first() {
        let branch = found.value().and_then(|value| value.branch).or_else(|| asked.branch.clone());
        let value = FlatpakSource { remote: asked.remote.clone(), branch, ..(*here).clone() };
        return Some((found.key.clone(), value));
    }
    let others = all.iter().flat_map(|found| found.setup.iter().chain(&found.here));
    Some((key::among(id, asked, others), asked.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Option<FlatpakSource> {
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let scope = if words.next()? == "user" { Scope::User } else { Scope::System };
        let branch = words.next().map(|branch| branch.parse().unwrap());
        Some(FlatpakSource::new("lab".parse().unwrap(), scope, branch))
    }

    fn found(all: &[(&str, &str, &str)]) -> Vec<Found> {
        let one = |(key, setup, here): &(&str, &str, &str)| Found {
            key: (*key).to_owned(),
            setup: source(setup),
            here: source(here),
        };
        all.iter().map(one).collect()
    }

    fn added_as(all: &[(&str, &str, &str)], asked: &str) -> Option<String> {
        let (key, value) = added(&found(all), "a.b.C", &source(asked).unwrap())?;
        Some(format!("{key} = {value}"))
    }

    #[test]
    fn adding_changes_the_entry_it_is_about_and_no_other() {
        let is = |all: &[(&str, &str, &str)], asked: &str, expected: &str| {
            assert_eq!(added_as(all, asked).as_deref(), Some(expected), "{all:?} {asked}");
        };
        is(&[], "user", "a.b.C = lab (user)");
        is(&[("a.b.C", "user", "user stable")], "system", "system/a.b.C = lab (system)");
        is(&[("a.b.C", "user", "user stable")], "user beta", "a.b.C = lab (user, beta)");
        is(&[("a.b.C", "user stable", "user stable")], "user beta", "a.b.C//beta = lab (user, beta)");
        is(&[("a.b.C", "user stable", "")], "user", "a.b.C = lab (user, stable)");
        is(&[("a.b.C", "", "user stable")], "user", "a.b.C = lab (user)");
        is(&[("a.b.C", "", "user stable")], "user beta", "a.b.C//beta = lab (user, beta)");
        is(&[("a.b.C", "", "system stable")], "user", "user/a.b.C = lab (user)");
        is(
            &[("a.b.C", "", "user stable"), ("system/a.b.C", "", "system stable")],
            "system",
            "system/a.b.C = lab (system)",
        );
        let both = [("a.b.C//beta", "user beta", ""), ("a.b.C//stable", "user stable", "")];
        assert_eq!(added_as(&both, "user"), None);
        is(&both, "user beta", "a.b.C//beta = lab (user, beta)");
    }

    #[test]
    fn a_plain_name_means_all_of_them_and_a_longer_one_the_one() {
        let value = |text: &str| source(text).map(Value::Flatpak);
        let said = |text: &str| crate::manifest::Declaration {
            value: value(text),
            manifest: crate::manifest::Manifest::FlatpakApps,
            line: 0,
        };
        let declared =
            Declarations::from([("system/a.b.C".to_owned(), said("system")), ("user/a.b.C".to_owned(), said("user"))]);
        let keys = |name: &str, scope| -> Vec<String> {
            find(&declared, None, name, scope, None).into_iter().map(|found| found.key).collect()
        };
        assert_eq!(keys("a.b.C", None), ["system/a.b.C", "user/a.b.C"]);
        assert_eq!(keys("a.b.C", Some(Scope::User)), ["user/a.b.C"]);
        assert_eq!(keys("user/a.b.C", None), ["user/a.b.C"]);
        assert!(keys("a.b.D", None).is_empty() && keys("user/a.b.C", Some(Scope::System)).is_empty());
        let all = find(&declared, None, "a.b.C", None, None);
        assert_eq!(named(&all[0], &all), "system/a.b.C");
    }
}
