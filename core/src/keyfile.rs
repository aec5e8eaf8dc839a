// SPDX-License-Identifier: GPL-3.0-or-later
//! The key files of GLib: groups in brackets, `key=value` lines. ostree's origins and several daemons use them.
//!
//! Invariant: what is no group and no assignment is skipped; a later assignment wins.

use std::collections::BTreeMap;

/// A key file as text, by group and key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Keyfile(BTreeMap<String, BTreeMap<String, String>>);

impl Keyfile {
    /// Reads the text of one.
    pub(crate) fn parse(text: &str) -> Self {
        let mut groups: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut group = String::new();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                name.clone_into(&mut group);
                groups.entry(group.clone()).or_default();
            } else if let Some((key, value)) = line.split_once('=') {
                groups.entry(group.clone()).or_default().insert(key.trim().to_owned(), value.trim().to_owned());
            }
        }
        Self(groups)
    }

    /// Whether a group is there, be it empty.
    pub(crate) fn has_group(&self, group: &str) -> bool {
        self.0.contains_key(group)
    }

    /// The groups, by name.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The value of a key.
    pub(crate) fn get(&self, group: &str, key: &str) -> Option<&str> {
        self.0.get(group)?.get(key).map(String::as_str)
    }

    /// Every key with its group and value.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.0.iter().flat_map(|(group, keys)| {
            keys.iter().map(move |(key, value)| (group.as_str(), key.as_str(), value.as_str()))
        })
    }

    /// The words of a list, which semicolons end.
    pub(crate) fn list(&self, group: &str, key: &str) -> Vec<String> {
        let words = self.get(group, key).unwrap_or_default().split(';').map(str::trim);
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_keys_and_lists() {
        let file =
            Keyfile::parse("# a note\nstray=1\n[origin]\nrefspec = fedora:x\n\n[packages]\nrequested=htop;tmux;\n");
        assert_eq!(file.get("origin", "refspec"), Some("fedora:x"));
        assert_eq!(file.list("packages", "requested"), ["htop", "tmux"]);
        assert!(file.has_group("packages") && !file.has_group("overrides"));
        assert!(file.list("packages", "nothing").is_empty());
    }
}
