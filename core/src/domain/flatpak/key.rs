// SPDX-License-Identifier: GPL-3.0-or-later
//! What one installation of an application is called: `ID` where there is one, else `[system/|user/]ID[//BRANCH]`
//! with as much as tells it from the others.
//!
//! Invariant: each installation and each entry of a setup has a name of its own, and an installation has the name of
//! the entry that asks for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::{Declaration, Declarations};
use crate::value::{FlatpakSource, Scope, Value};

/// The parts of an item key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'k> {
    /// For whom, where the key says so.
    pub scope: Option<Scope>,
    /// The application.
    pub id: &'k str,
    /// Its branch, where the key says so.
    pub branch: Option<&'k str>,
}

impl<'k> Key<'k> {
    /// Takes a key apart.
    #[must_use]
    pub fn parse(key: &'k str) -> Self {
        let scoped = |scope: Scope| Some((Some(scope), key.strip_prefix(scope.as_str())?.strip_prefix('/')?));
        let (scope, rest) = scoped(Scope::System).or_else(|| scoped(Scope::User)).unwrap_or((None, key));
        let (id, branch) = rest.split_once("//").map_or((rest, None), |(id, branch)| (id, Some(branch)));
        Self { scope, id, branch }
    }

    /// Whether it may name an installation of this kind.
    #[must_use]
    pub fn covers(&self, source: &FlatpakSource) -> bool {
        let here = source.branch.as_ref().map(crate::name::BranchName::as_str);
        self.scope.is_none_or(|scope| scope == source.scope) && (self.branch.is_none() || self.branch == here)
    }
}

impl std::fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(scope) = self.scope {
            write!(f, "{}/", scope.as_str())?;
        }
        f.write_str(self.id)?;
        self.branch.map_or(Ok(()), |branch| write!(f, "//{branch}"))
    }
}

/// The application id in an item key.
#[must_use]
pub fn id_of(key: &str) -> &str {
    Key::parse(key).id
}

pub(super) fn of(value: Option<&Value>) -> Option<&FlatpakSource> {
    match value {
        Some(Value::Flatpak(source)) => Some(source),
        _ => None,
    }
}

fn branch(source: &FlatpakSource) -> Option<&str> {
    source.branch.as_ref().map(crate::name::BranchName::as_str)
}

/// What an installation is called beside others of the same application.
#[must_use]
pub fn among<'o>(id: &str, source: &FlatpakSource, others: impl Iterator<Item = &'o FlatpakSource>) -> String {
    let (mut scope, mut same) = (None, None);
    for other in others {
        if other.scope == source.scope {
            same = branch(source);
        } else {
            scope = Some(source.scope);
        }
    }
    Key { scope, id, branch: same }.to_string()
}

/// The names of the installations of one application: those the setup asks for first, each by the name it has there.
pub(super) fn names(id: &str, rows: &[&FlatpakSource], declared: &[(&str, &Declaration)]) -> Vec<String> {
    let mut names: BTreeMap<usize, String> = BTreeMap::new();
    let mut free: BTreeSet<&str> = declared.iter().map(|(key, _)| *key).collect();
    let wanted = |declaration: &Declaration| of(declaration.value.as_ref()).cloned();
    let exact = |key: &str, wanted: Option<&FlatpakSource>, row: &FlatpakSource| {
        let names_it = Key::parse(key).covers(row);
        match wanted {
            // Entries that name a branch choose before those that take any, and those of the same remote first.
            Some(wanted) if wanted.branch.is_some() => (wanted.scope == row.scope && wanted.branch == row.branch)
                .then_some(u8::from(wanted.remote != row.remote)),
            Some(wanted) => {
                (wanted.scope == row.scope && names_it).then_some(2 + u8::from(wanted.remote != row.remote))
            }
            None => names_it.then_some(4),
        }
    };
    // One that asks for another branch or scope is about the one that is there, unless there is one for each.
    let other = |key: &str, wanted: Option<&FlatpakSource>, row: &FlatpakSource| {
        let (key, wanted) = (Key::parse(key), wanted?);
        let is_moved = key.scope.is_none_or(|scope| scope == row.scope) && key.branch.is_none();
        is_moved.then_some(5 + u8::from(wanted.scope != row.scope))
    };
    for round in [&exact as &dyn Fn(&str, Option<&FlatpakSource>, &FlatpakSource) -> Option<u8>, &other] {
        let mut pairs: Vec<(u8, usize, &str)> = Vec::new();
        for (key, declaration) in declared.iter().filter(|(key, _)| free.contains(key)) {
            let wanted = wanted(declaration);
            let fits = |(n, row): (usize, &&FlatpakSource)| Some((round(key, wanted.as_ref(), row)?, n, *key));
            pairs.extend(rows.iter().enumerate().filter(|(n, _)| !names.contains_key(n)).filter_map(fits));
        }
        pairs.sort_unstable();
        for (_, n, key) in pairs {
            if !names.contains_key(&n) && free.remove(key) {
                names.insert(n, key.to_owned());
            }
        }
    }
    let mut taken: BTreeSet<String> = declared.iter().map(|(key, _)| (*key).to_owned()).collect();
    let asked: Vec<FlatpakSource> = declared.iter().filter_map(|(_, declaration)| wanted(declaration)).collect();
    for (n, row) in rows.iter().enumerate() {
        if names.contains_key(&n) {
            continue;
        }
        let others = rows.iter().enumerate().filter(|(other, _)| *other != n).map(|(_, row)| *row);
        let name = match taken.is_empty() {
            true => id.to_owned(),
            false => among(id, row, others.chain(&asked)),
        };
        let whole = || Key { scope: Some(row.scope), id, branch: branch(row) }.to_string();
        let name = if taken.contains(&name) { whole() } else { name };
        taken.insert(name.clone());
        names.insert(n, name);
    }
    names.into_values().collect()
}

/// The entry of a setup that an item is, whatever its name is there now.
pub(super) fn said<'d>(declared: &'d Declarations, key: &str, value: Option<&Value>) -> Option<&'d Declaration> {
    let parts = Key::parse(key);
    let mut entries = declared.iter().filter(|(other, _)| id_of(other) == parts.id);
    if let Some(value) = of(value) {
        let is_it = |said: &FlatpakSource| said.scope == value.scope && said.branch == value.branch;
        let found = entries.clone().find(|(_, said)| of(said.value.as_ref()).is_some_and(is_it));
        return found.map(|(_, said)| said).or_else(|| declared.get(key));
    }
    let covered = |said: &Declaration| of(said.value.as_ref()).is_some_and(|source| parts.covers(source));
    declared.get(key).or_else(|| entries.find(|(_, said)| covered(said)).map(|(_, said)| said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn source(text: &str) -> FlatpakSource {
        let mut words = text.split(' ');
        let scope = if words.next() == Some("user") { Scope::User } else { Scope::System };
        let branch = words.next().map(|branch| branch.parse().unwrap());
        FlatpakSource::new(words.next().unwrap_or("lab").parse().unwrap(), scope, branch)
    }

    fn named(rows: &[&str], declared: &[(&str, Option<&str>)]) -> Vec<String> {
        let rows: Vec<FlatpakSource> = rows.iter().map(|row| source(row)).collect();
        let declaration = |value: &Option<&str>| Declaration {
            value: value.map(|value| Value::Flatpak(source(value))),
            manifest: Manifest::FlatpakApps,
            line: 0,
        };
        let declared: Vec<(&str, Declaration)> =
            declared.iter().map(|(key, value)| (*key, declaration(value))).collect();
        let declared: Vec<(&str, &Declaration)> = declared.iter().map(|(key, said)| (*key, said)).collect();
        names("a.b.C", &rows.iter().collect::<Vec<_>>(), &declared)
    }

    #[test]
    fn keys_are_taken_apart_and_put_together() {
        for text in ["a.b.C", "user/a.b.C", "system/a.b.C//beta", "a.b.C//beta"] {
            assert_eq!(Key::parse(text).to_string(), text);
        }
        assert_eq!(
            Key::parse("system/a.b.C//beta"),
            Key { scope: Some(Scope::System), id: "a.b.C", branch: Some("beta") }
        );
    }

    #[test]
    fn one_installation_has_the_plain_name_and_others_say_what_they_are() {
        assert_eq!(named(&["user stable"], &[]), ["a.b.C"]);
        assert_eq!(named(&["user stable", "system stable"], &[]), ["a.b.C", "system/a.b.C"]);
        assert_eq!(named(&["user beta", "user stable"], &[]), ["a.b.C", "a.b.C//stable"]);
        assert_eq!(
            named(&["user beta", "user stable", "system beta", "system stable"], &[]),
            ["a.b.C", "user/a.b.C//stable", "system/a.b.C//beta", "system/a.b.C//stable"]
        );
    }

    #[test]
    fn an_installation_has_the_name_of_the_entry_that_asks_for_it() {
        let plain = |value: &'static str| [("a.b.C", Some(value))];
        assert_eq!(named(&["user stable", "system stable"], &plain("system")), ["user/a.b.C", "a.b.C"]);
        assert_eq!(named(&["user beta", "user stable"], &plain("user stable")), ["a.b.C//beta", "a.b.C"]);
        // Another branch or scope of the only one asked for is that one, changed.
        assert_eq!(named(&["user stable"], &plain("user beta")), ["a.b.C"]);
        assert_eq!(named(&["system stable"], &plain("user")), ["a.b.C"]);
        assert_eq!(named(&["user beta lab", "user stable next"], &plain("user")), ["a.b.C", "a.b.C//stable"]);
        let both = [("system/a.b.C", Some("system")), ("user/a.b.C", Some("user"))];
        assert_eq!(named(&["user stable", "system stable"], &both), ["user/a.b.C", "system/a.b.C"]);
        assert_eq!(named(&["system stable"], &both), ["system/a.b.C"]);
        assert_eq!(named(&["user beta", "user stable"], &both), ["user/a.b.C", "user/a.b.C//stable"]);
        let branches = [("a.b.C//beta", Some("user beta")), ("a.b.C//stable", Some("user stable"))];
        assert_eq!(named(&["user master", "user stable"], &branches), ["a.b.C//master", "a.b.C//stable"]);
    }

    #[test]
    fn what_is_wished_away_is_the_one_that_its_name_says() {
        assert_eq!(named(&["user stable", "system stable"], &[("system/a.b.C", None)]), ["user/a.b.C", "system/a.b.C"]);
        let declared = [("a.b.C", Some("user")), ("system/a.b.C", None)];
        assert_eq!(named(&["user stable", "system stable"], &declared), ["a.b.C", "system/a.b.C"]);
    }
}
