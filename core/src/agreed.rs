// SPDX-License-Identifier: GPL-3.0-or-later
//! What setup and computer last had in common, item by item: the base of the three-way comparison.
//!
//! For a domain compared before, an item that is not in the store was on neither side then, unless it
//! differed already at the first comparison; those are kept as *open* and stay "not compared before".
//!
//! Invariant: the store only ever says what was seen equal, so a freshly pulled setup change never looks
//! like something the person did on the computer.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files;
use crate::item::{Domain, ItemId};
use crate::value::Value;

/// The last common value of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Never compared, or different ever since it was.
    Unknown,
    /// On neither side.
    Absent,
    /// Both sides had this value.
    Value(Value),
}

/// The stored agreements of one setup with one computer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    domains: BTreeMap<Domain, Agreements>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Agreements {
    values: BTreeMap<String, serde_json::Value>,
    open: BTreeSet<String>,
}

impl Agreed {
    /// The base of an item.
    #[must_use]
    pub fn base(&self, item: &ItemId) -> Base {
        let Some(agreements) = self.domains.get(&item.domain) else { return Base::Unknown };
        if agreements.open.contains(&item.key) {
            return Base::Unknown;
        }
        match agreements.values.get(&item.key) {
            None => Base::Absent,
            Some(json) => Value::from_json(item.domain, json).map_or(Base::Unknown, Base::Value),
        }
    }

    /// The items of a domain that both sides had when they last agreed.
    pub fn items(&self, domain: Domain) -> impl Iterator<Item = ItemId> {
        let agreements = self.domains.get(&domain).into_iter();
        agreements.flat_map(move |agreements| agreements.values.keys().map(move |key| ItemId::new(domain, key)))
    }

    /// Forgets that both sides had an item.
    pub fn forget(&mut self, item: &ItemId) {
        if let Some(agreements) = self.domains.get_mut(&item.domain) {
            agreements.values.remove(&item.key);
        }
    }

    /// What it says of some items alone.
    pub(crate) fn of<'i>(&self, items: impl IntoIterator<Item = &'i ItemId>) -> Self {
        let mut some = Self::default();
        for item in items {
            let Some(known) = self.domains.get(&item.domain) else { continue };
            let agreements = some.domains.entry(item.domain).or_default();
            if let Some(value) = known.values.get(&item.key) {
                agreements.values.insert(item.key.clone(), value.clone());
            }
            if known.open.contains(&item.key) {
                agreements.open.insert(item.key.clone());
            }
        }
        some
    }

    /// Takes over what an earlier state said of an item.
    pub(crate) fn take_over(&mut self, earlier: &Self, item: &ItemId) {
        let known = earlier.domains.get(&item.domain);
        let Some(agreements) = self.domains.get_mut(&item.domain) else { return };
        match known.and_then(|known| known.values.get(&item.key)) {
            Some(value) => agreements.values.insert(item.key.clone(), value.clone()),
            None => agreements.values.remove(&item.key),
        };
        // What was never compared before differed at the first look.
        if known.is_none_or(|known| known.open.contains(&item.key)) {
            agreements.open.insert(item.key.clone());
        }
    }

    /// Takes in one complete comparison of a domain: `equal` items with their common value, and the keys that differ.
    pub fn record(&mut self, domain: Domain, equal: &BTreeMap<String, Value>, differing: &BTreeSet<String>) {
        let first = !self.domains.contains_key(&domain);
        let agreements = self.domains.entry(domain).or_default();
        agreements.values.retain(|key, _| differing.contains(key));
        agreements.values.extend(equal.iter().map(|(key, value)| (key.clone(), serde_json::json!(value))));
        if first {
            agreements.open.clone_from(differing);
        } else {
            agreements.open.retain(|key| differing.contains(key));
        }
    }
}

/// Where agreements are kept.
#[derive(Debug, Clone)]
pub struct AgreedStore {
    path: PathBuf,
}

impl AgreedStore {
    /// The store for one setup (and one root, if not the running system) in a state directory.
    #[must_use]
    pub fn new(state: &Path, setup: &Path, root: Option<&Path>) -> Self {
        let setup = setup.canonicalize().unwrap_or_else(|_| setup.to_owned());
        let mut name = setup.display().to_string();
        if let Some(root) = root {
            name.push('\n');
            name.push_str(&root.display().to_string());
        }
        let digest = crate::digest::sha256(name.as_bytes());
        Self { path: state.join("agreed").join(format!("{}.json", &digest[..16])) }
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the store. One that cannot be understood counts as empty: everything is then "not compared before".
    ///
    /// # Errors
    /// The file is there but cannot be read.
    pub fn load(&self) -> io::Result<Agreed> {
        let text = files::read(&self.path)?.unwrap_or_default();
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Changes the store under its lock; it is written only when something changed.
    ///
    /// # Errors
    /// It cannot be locked, read or replaced; the old one stays.
    pub fn update(&self, change: impl FnOnce(&mut Agreed)) -> io::Result<Agreed> {
        let directory = self.path.parent().unwrap_or_else(|| Path::new("."));
        std::fs::create_dir_all(directory)?;
        let _lock = files::lock(directory)?;
        let before = self.load()?;
        let mut after = before.clone();
        change(&mut after);
        if after != before {
            let mut text = serde_json::to_string(&after)?;
            text.push('\n');
            files::replace(&self.path, text.as_bytes())?;
        }
        Ok(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn what_differed_at_the_first_look_stays_unknown_until_it_agreed_once() {
        let mut agreed = Agreed::default();
        let htop = ItemId::new(Domain::Pkg, "htop");
        assert_eq!(agreed.base(&htop), Base::Unknown);
        agreed.record(Domain::Pkg, &BTreeMap::new(), &keys(&["htop"]));
        assert_eq!(agreed.base(&htop), Base::Unknown);
        assert_eq!(agreed.base(&ItemId::new(Domain::Pkg, "nano")), Base::Absent);
        let equal = BTreeMap::from([("htop".to_owned(), Value::Present)]);
        agreed.record(Domain::Pkg, &equal, &keys(&[]));
        agreed.record(Domain::Pkg, &BTreeMap::new(), &keys(&["htop"]));
        assert_eq!(agreed.base(&htop), Base::Value(Value::Present));
        agreed.record(Domain::Pkg, &BTreeMap::new(), &keys(&[]));
        assert_eq!(agreed.base(&htop), Base::Absent);
    }

    #[test]
    fn a_store_survives_being_written_and_a_damaged_one_counts_as_empty() {
        let dir = tempfile::tempdir().unwrap();
        let store = AgreedStore::new(dir.path(), dir.path(), None);
        let equal = BTreeMap::from([("tuned.service".to_owned(), Value::Unit(crate::value::UnitState::Masked))]);
        let written = store.update(|agreed| agreed.record(Domain::Unit, &equal, &keys(&[]))).unwrap();
        assert_eq!(store.load().unwrap(), written);
        files::replace(&store.path, b"{\"dom").unwrap();
        assert_eq!(store.load().unwrap(), Agreed::default());
    }
}
