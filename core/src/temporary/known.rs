// SPDX-License-Identifier: GPL-3.0-or-later
//! The words of `ephemeral.json`, as older versions of the command chose them.
//!
//! Invariant: what is written with these words is read back as the same item.

use serde_json::{Map, Value as Json};

use crate::item::{Domain, ItemId};
use crate::value::Value;

/// The words that are not the ids of domains.
const WORDS: [(&str, &str); 3] = [("extension", "ext"), ("dnf", "pkg"), ("app-image", "appimage")];

/// The file's word for a kind of item.
pub(super) fn word(domain: Domain) -> String {
    let found = WORDS.iter().find(|(_, id)| *id == domain.id());
    found.map_or(domain.id(), |(word, _)| *word).to_owned()
}

/// The item that two words of the file name.
pub(super) fn item(word: &str, identifier: &str) -> Option<ItemId> {
    let id = WORDS.iter().find(|(known, _)| *known == word).map_or(word, |(_, id)| *id);
    let domain: Domain = id.parse().ok()?;
    let key = match domain {
        Domain::Gsetting if !identifier.contains('/') => {
            let (schema, key) = identifier.rsplit_once('.')?;
            format!("{schema}/{key}")
        }
        _ => identifier.to_owned(),
    };
    format!("{domain}:{key}").parse().ok()
}

/// The file's name of an item.
pub(super) fn identifier(item: &ItemId) -> String {
    match item.domain {
        Domain::Gsetting => item.key.replacen('/', ".", usize::from(!item.key.contains(':'))),
        _ => item.key.clone(),
    }
}

/// What older versions look for beside the name.
pub(super) fn metadata(value: Option<&Value>) -> Map<String, Json> {
    let pairs: Vec<(&str, String)> = match value {
        Some(Value::Setting(text)) => vec![("value", text.clone())],
        Some(Value::Flatpak(source)) => {
            vec![("remote", source.remote.to_string()), ("scope", source.scope.as_str().to_owned())]
        }
        Some(Value::Command(command)) => vec![("host", command.to_string())],
        _ => Vec::new(),
    };
    pairs.into_iter().map(|(name, text)| (name.to_owned(), Json::from(text))).collect()
}
