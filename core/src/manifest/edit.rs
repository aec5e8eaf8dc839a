// SPDX-License-Identifier: GPL-3.0-or-later
//! Editing manifests entry by entry.
//!
//! Invariant: an edit changes the one entry it is about. Order, comments, unknown fields, indentation and
//! the final newline (or its absence) stay as they were; a list that was sorted stays sorted.

use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};

use super::{Manifest, dialect};
use crate::item::{Domain, ItemId};
use crate::name::SettingKey;
use crate::value::{FlatpakSource, UnitState, Value};

/// Why a manifest was not edited; it is then untouched.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The text is not a manifest to begin with.
    #[error("{file} cannot be edited: {reason}")]
    Broken {
        /// The manifest's path inside the setup.
        file: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The value is none the manifest can hold.
    #[error("{0} cannot be written to the setup")]
    Value(ItemId),
    /// The file could not be locked, read or replaced.
    #[error("{file}: {source}")]
    File {
        /// The manifest's path inside the setup.
        file: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// The text of a manifest with one item set to a value, or taken out.
///
/// # Errors
/// The text cannot be parsed or does not have the manifest's shape.
pub fn edited(manifest: Manifest, text: &str, item: &ItemId, value: Option<&Value>) -> Result<String, EditError> {
    let broken = |reason: &str| EditError::Broken { file: manifest.path(), reason: reason.to_owned() };
    let fresh = text.trim().is_empty();
    let root = CstRootNode::parse(if fresh { "{\n}\n" } else { text }, &dialect())
        .map_err(|error| broken(&error.to_string()))?;
    let object = root.object_value().ok_or_else(|| broken("it is not an object"))?;
    let list_of = |object: &CstObject, name: &str| {
        object.array_value_or_create(name).ok_or_else(|| broken(&format!("‘{name}’ is not a list")))
    };
    match (item.domain, value) {
        (Domain::Pkg, Some(Value::Present)) => add_word(&list_of(&object, "packages")?, &item.key),
        (Domain::Pkg, None) => remove_word(&list_of(&object, "packages")?, &item.key),
        (Domain::Karg, value) => {
            let kargs = object.object_value_or_create("kargs").ok_or_else(|| broken("‘kargs’ is not an object"))?;
            let (append, remove) = (list_of(&kargs, "append")?, list_of(&kargs, "remove")?);
            match value {
                Some(Value::Present) => {
                    remove_word(&remove, &item.key);
                    add_word(&append, &item.key);
                }
                None => remove_word(&append, &item.key),
                Some(_) => return Err(EditError::Value(item.clone())),
            }
        }
        (Domain::Unit, value) => {
            let services =
                object.object_value_or_create("services").ok_or_else(|| broken("‘services’ is not an object"))?;
            match value {
                Some(Value::Unit(state)) => set_unit(&services, &item.key, *state),
                None => {
                    if let Some(property) = services.get(&item.key) {
                        property.remove();
                    }
                }
                Some(_) => return Err(EditError::Value(item.clone())),
            }
        }
        (Domain::Gsetting, value) => {
            let key: SettingKey = item.key.parse().map_err(|_| EditError::Value(item.clone()))?;
            let list = list_of(&object, "settings")?;
            match value {
                Some(Value::Setting(text)) => set_setting(&list, &key, text),
                None => remove_entry(&list, |entry| is_setting(entry, &key)),
                Some(_) => return Err(EditError::Value(item.clone())),
            }
        }
        (Domain::Flatpak, value) => {
            let id = crate::domain::flatpak::id_of(&item.key);
            let list = list_of(&object, "apps")?;
            match value {
                Some(Value::Flatpak(source)) => set_flatpak(&list, id, source),
                None => remove_entry(&list, |entry| string(entry, "id").as_deref() == Some(id)),
                Some(_) => return Err(EditError::Value(item.clone())),
            }
        }
        (Domain::Pkg, Some(_)) => return Err(EditError::Value(item.clone())),
    }
    Ok(root.to_string())
}

fn text_value(text: &str) -> CstInputValue {
    CstInputValue::String(text.to_owned())
}

fn word(node: &CstNode) -> Option<String> {
    node.as_string_lit().and_then(|literal| literal.decoded_value().ok())
}

fn string(object: &CstObject, field: &str) -> Option<String> {
    object.get(field).and_then(|property| property.value()).as_ref().and_then(word)
}

/// Where a new entry belongs: in order where the list is sorted, else at the end.
fn place(keys: &[String], new: &str) -> usize {
    if keys.is_sorted() { keys.partition_point(|key| key.as_str() < new) } else { keys.len() }
}

fn add_word(list: &CstArray, text: &str) {
    let words: Vec<String> = list.elements().iter().filter_map(word).collect();
    if words.iter().any(|known| known == text) {
        return;
    }
    list.ensure_multiline();
    list.insert(place(&words, text), text_value(text));
}

fn remove_word(list: &CstArray, text: &str) {
    for element in list.elements() {
        if word(&element).as_deref() == Some(text) {
            element.remove();
        }
    }
}

fn remove_entry(list: &CstArray, is: impl Fn(&CstObject) -> bool) {
    for element in list.elements() {
        if element.as_object().is_some_and(|object| is(&object)) {
            element.remove();
        }
    }
}

fn set_unit(services: &CstObject, unit: &str, state: UnitState) {
    let value = text_value(state.as_str());
    // Existing setups may name a service without its suffix.
    let short = unit.strip_suffix(".service").unwrap_or(unit);
    if let Some(property) = services.get(unit).or_else(|| services.get(short)) {
        property.set_value(value);
        return;
    }
    let names: Vec<String> = services.properties().iter().filter_map(|property| property.decoded_name()).collect();
    services.insert(place(&names, unit), unit, value);
}

fn is_setting(entry: &CstObject, key: &SettingKey) -> bool {
    string(entry, "schema").as_deref() == Some(key.schema())
        && string(entry, "key").as_deref() == Some(key.key())
        && string(entry, "path").as_deref() == key.path()
}

fn set_setting(list: &CstArray, key: &SettingKey, text: &str) {
    let entries: Vec<CstObject> = list.elements().iter().filter_map(CstNode::as_object).collect();
    if let Some(property) = entries.iter().find(|entry| is_setting(entry, key)).and_then(|entry| entry.get("value")) {
        property.set_value(text_value(text));
        return;
    }
    let order = |entry: &CstObject| {
        format!("{}.{}", string(entry, "schema").unwrap_or_default(), string(entry, "key").unwrap_or_default())
    };
    let keys: Vec<String> = entries.iter().map(order).collect();
    let mut fields = vec![("schema".to_owned(), text_value(key.schema()))];
    fields.extend(key.path().map(|path| ("path".to_owned(), text_value(path))));
    fields.push(("key".to_owned(), text_value(key.key())));
    fields.push(("value".to_owned(), text_value(text)));
    insert_entry(list, place(&keys, &format!("{}.{}", key.schema(), key.key())), fields);
}

fn set_flatpak(list: &CstArray, id: &str, source: &FlatpakSource) {
    let fields = [
        ("remote", Some(source.remote.as_str())),
        ("scope", Some(source.scope.as_str())),
        ("branch", source.branch.as_ref().map(|branch| branch.as_str())),
        ("commit", source.commit.as_ref().map(|commit| commit.as_str())),
    ];
    let entries: Vec<CstObject> = list.elements().iter().filter_map(CstNode::as_object).collect();
    if let Some(entry) = entries.iter().find(|entry| string(entry, "id").as_deref() == Some(id)) {
        for (field, value) in fields {
            match (entry.get(field), value) {
                (Some(property), Some(value)) => property.set_value(text_value(value)),
                (Some(property), None) => property.remove(),
                (None, Some(value)) => {
                    entry.append(field, text_value(value));
                }
                (None, None) => {}
            }
        }
        return;
    }
    let ids: Vec<String> = entries.iter().map(|entry| string(entry, "id").unwrap_or_default()).collect();
    let mut all = vec![("id".to_owned(), text_value(id))];
    all.extend(fields.into_iter().filter_map(|(field, value)| Some((field.to_owned(), text_value(value?)))));
    insert_entry(list, place(&ids, id), all);
}

fn insert_entry(list: &CstArray, at: usize, fields: Vec<(String, CstInputValue)>) {
    list.ensure_multiline();
    let entry = list.insert(at, CstInputValue::Object(fields));
    if let Some(object) = entry.as_object() {
        object.ensure_multiline();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(manifest: Manifest, text: &str, item: &str, value: Option<Value>) -> String {
        edited(manifest, text, &item.parse().unwrap(), value.as_ref()).unwrap()
    }

    #[test]
    fn one_added_package_is_one_added_line() {
        let text = "{\n  // mine\n  \"packages\": [\n    \"bat\",\n    \"nano\"\n  ],\n  \"later\": {\"x\":1}\n}";
        let after = edit(Manifest::SystemPackages, text, "pkg:htop", Some(Value::Present));
        assert_eq!(after, text.replace("\"bat\",\n", "\"bat\",\n    \"htop\",\n"));
        assert_eq!(edit(Manifest::SystemPackages, &after, "pkg:htop", None), text);
    }

    #[test]
    fn a_setting_changes_in_place_and_keeps_its_comment() {
        let text = "{\n  \"settings\": [\n    {\"schema\": \"org.a\", \"key\": \"x\", \"value\": \"1\", \"comment\": \"why\"}\n  ]\n}\n";
        let after = edit(Manifest::Gsettings, text, "gsetting:org.a/x", Some(Value::Setting("2".into())));
        assert_eq!(after, text.replace("\"value\": \"1\"", "\"value\": \"2\""));
    }

    #[test]
    fn a_missing_manifest_is_begun() {
        let after = edit(Manifest::SystemdServices, "", "unit:tuned.service", Some(Value::Unit(UnitState::Masked)));
        assert_eq!(after, "{\n  \"services\": {\n    \"tuned.service\": \"masked\"\n  }\n}\n");
    }

    #[test]
    fn an_argument_is_never_in_both_lists() {
        let text = "{\"kargs\": {\"append\": [], \"remove\": [\"quiet\"]}}\n";
        let after = edit(Manifest::SystemConfig, text, "karg:quiet", Some(Value::Present));
        let json: serde_json::Value = serde_json::from_str(&after).unwrap();
        assert_eq!(json["kargs"], serde_json::json!({"append": ["quiet"], "remove": []}));
    }

    #[test]
    fn a_broken_manifest_is_not_edited() {
        let item = "pkg:htop".parse().unwrap();
        assert!(edited(Manifest::SystemPackages, "{", &item, Some(&Value::Present)).is_err());
        assert!(edited(Manifest::SystemPackages, "[]", &item, Some(&Value::Present)).is_err());
    }
}
