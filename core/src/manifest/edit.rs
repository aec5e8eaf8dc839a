// SPDX-License-Identifier: GPL-3.0-or-later
//! Editing manifests entry by entry.
//!
//! Invariant: an edit changes the one entry it is about. Order, comments, unknown fields, indentation and
//! the final newline (or its absence) stay as they were; a list that was sorted stays sorted.

mod parts;

use std::collections::BTreeMap;

use jsonc_parser::ast::{self, Object};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, parse_to_ast};
use serde_json::Value as Json;

use self::parts::{Parts, Style, quoted};
use super::place::{Edit, Entry, Fields, Identity};
use super::{Manifest, dialect};
use crate::domain;
use crate::item::ItemId;
use crate::value::Value;

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
/// See [`apply`].
pub fn edited(manifest: Manifest, text: &str, item: &ItemId, value: Option<&Value>) -> Result<String, EditError> {
    apply(manifest, text, [(item, value)])
}

/// The text of a manifest with items set to values or taken out: parsed once, written once, however many.
/// Of two edits of one entry the later one counts, but one that sets it more than one that takes it out.
///
/// # Errors
/// The text cannot be parsed or does not have the manifest's shape, or an item cannot have its value.
pub fn apply<'e>(
    manifest: Manifest,
    text: &str,
    edits: impl IntoIterator<Item = (&'e ItemId, Option<&'e Value>)>,
) -> Result<String, EditError> {
    let mut places = Vec::new();
    for (item, value) in edits {
        let here = domain::kind(item.domain).places_in(manifest, &item.key, value);
        places.extend(here.ok_or_else(|| EditError::Value(item.clone()))?);
    }
    apply_places(manifest.path(), text, places)
}

/// The text of a file of the setup with entries put in or taken out.
///
/// # Errors
/// The text cannot be parsed or does not have the shape the entries need.
pub(crate) fn apply_places(file: &'static str, text: &str, places: Vec<Edit>) -> Result<String, EditError> {
    let mut wanted = Node::default();
    places.into_iter().for_each(|edit| wanted.put(edit));
    let broken = |reason: String| EditError::Broken { file, reason };
    let text = if text.trim().is_empty() { "{\n}\n" } else { text };
    let parsed =
        parse_to_ast(text, &CollectOptions::default(), &dialect()).map_err(|error| broken(error.to_string()))?;
    let Some(ast::Value::Object(root)) = &parsed.value else { return Err(broken("it is not an object".to_owned())) };
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut top = Level { text, object: root, parts: Parts::object(text, root), indent: String::new() };
    let step = top.parts.inner_indent(&Style { newline, step: "  ".to_owned() }, "", true);
    let style = Style { newline, step };
    top.edit(&style, &wanted).map_err(|reason| broken(reason.to_string()))?;
    if !top.parts.is_changed() {
        return Ok(text.to_owned());
    }
    Ok([&text[..root.range.start], &top.parts.write(&style, ""), &text[root.range.end..]].concat())
}

/// The edits of the lists and objects below one field, or of this one.
#[derive(Debug, Default)]
struct Node {
    below: BTreeMap<&'static str, Self>,
    edits: Edits,
}

/// One edit per entry.
type Edits = BTreeMap<Identity, Edit>;

impl Node {
    fn put(&mut self, edit: Edit) {
        let node = edit.path.iter().fold(self, |node, field| node.below.entry(field).or_default());
        let id = edit.entry.identity();
        if edit.there || node.edits.get(&id).is_none_or(|known| !known.there) {
            node.edits.insert(id, edit);
        }
    }

    /// Whether the field holds an object, not a list.
    fn is_object(&self) -> bool {
        self.edits.values().all(|edit| edit.entry.spelling().is_some())
    }
}

/// A field that is not what it should be.
#[derive(Debug, thiserror::Error)]
enum Shape {
    #[error("‘{0}’ is not a list")]
    List(&'static str),
    #[error("‘{0}’ is not an object")]
    Object(&'static str),
}

/// An object being edited.
struct Level<'t, 'o> {
    text: &'t str,
    object: &'o Object<'t>,
    parts: Parts<'t>,
    /// Of the line it begins on.
    indent: String,
}

impl<'t, 'o> Level<'t, 'o> {
    fn edit(&mut self, style: &Style, node: &Node) -> Result<(), Shape> {
        self.properties(style, &node.edits);
        for (name, node) in &node.below {
            if node.is_object() {
                self.object(style, name, |object| object.edit(style, node))?;
            } else {
                self.list(style, name, &node.edits)?;
            }
        }
        Ok(())
    }

    fn field(&self, name: &str) -> Option<(usize, &'o ast::Value<'t>)> {
        let n = self.object.properties.iter().position(|property| property.name.as_str() == name)?;
        Some((n, &self.object.properties[n].value))
    }

    /// Writes a field back, or begins it.
    fn put(&mut self, name: &str, parts: Parts<'t>, style: &Style, indent: &str) {
        if parts.is_changed() {
            let value = parts.write(style, indent);
            match self.field(name) {
                Some((n, _)) => self.parts.set(n, value),
                None => self.parts.insert(self.parts.len(), Some(name), value),
            }
        }
    }

    /// Edits the list in a field.
    fn list(&mut self, style: &Style, name: &'static str, edits: &Edits) -> Result<(), Shape> {
        let (mut parts, elements) = match self.field(name) {
            None => (Parts::empty(['[', ']']), [].as_slice()),
            Some((_, ast::Value::Array(list))) => (Parts::list(self.text, list), list.elements.as_slice()),
            Some(_) => return Err(Shape::List(name)),
        };
        let indent = self.parts.inner_indent(style, &self.indent, self.field(name).is_none());
        let inner = parts.inner_indent(style, &indent, true);
        let here = identities(elements, edits);
        let is_meant = |n: usize, entry: &Entry| elements.get(n).is_none_or(|element| is_meant(element, entry));
        merge(&mut parts, here, edits, is_meant, |at, entry| match (entry, at.and_then(|n| elements.get(n))) {
            (Entry::Object(fields), Some(ast::Value::Object(object))) => {
                Some((None, with_fields(self.text, object, fields, style, &inner)))
            }
            (Entry::Object(fields), Some(_)) if !fields.says_more() => None,
            (Entry::Object(fields), _) => Some((None, new_entry(fields, style, &inner))),
            (Entry::Word(word), None) => Some((None, quoted(word))),
            (Entry::Word(_), Some(_)) | (Entry::Property { .. } | Entry::Member { .. }, _) => None,
        });
        self.put(name, parts, style, &indent);
        Ok(())
    }

    /// Edits the object in a field.
    fn object(
        &mut self,
        style: &Style,
        name: &'static str,
        edit: impl FnOnce(&mut Level<'t, '_>) -> Result<(), Shape>,
    ) -> Result<(), Shape> {
        let indent = self.parts.inner_indent(style, &self.indent, self.field(name).is_none());
        let nothing = Object { range: self.object.range, properties: Vec::new() };
        let (object, parts) = match self.field(name) {
            None => (&nothing, Parts::empty(['{', '}'])),
            Some((_, ast::Value::Object(object))) => (object, Parts::object(self.text, object)),
            Some(_) => return Err(Shape::Object(name)),
        };
        let mut level = Level { text: self.text, object, parts, indent: indent.clone() };
        edit(&mut level)?;
        let parts = level.parts;
        self.put(name, parts, style, &indent);
        Ok(())
    }

    /// Edits the properties of this object.
    fn properties(&mut self, style: &Style, edits: &Edits) {
        let Some(spelling) = edits.values().next().and_then(|edit| edit.entry.spelling()) else { return };
        let names = self.object.properties.iter().map(|property| property.name.as_str());
        let here = vec![names.map(|name| Some(vec![Some(spelling(name))])).collect()];
        let inner = self.parts.inner_indent(style, &self.indent, true);
        merge(
            &mut self.parts,
            here,
            edits,
            |_, _| true,
            |at, entry| match entry {
                Entry::Property { name, value, .. } => {
                    let same = at.and_then(|n| self.object.properties.get(n));
                    let same = same.is_some_and(|property| is(self.text, &property.value, value));
                    (!same).then(|| (at.is_none().then(|| name.clone()), spelled(value, style, &inner)))
                }
                Entry::Member { name, fields } => match at.and_then(|n| self.object.properties.get(n)) {
                    Some(property) => match &property.value {
                        ast::Value::Object(object) => {
                            Some((None, with_fields(self.text, object, fields, style, &inner)))
                        }
                        _ => Some((None, new_entry(fields, style, &inner))),
                    },
                    None => Some((Some(name.clone()), new_entry(fields, style, &inner))),
                },
                Entry::Word(_) | Entry::Object(_) => None,
            },
        );
    }
}

/// The identity of an element of a list whose entries are like `example`.
fn identity(element: &ast::Value<'_>, example: &Entry) -> Option<Identity> {
    match (element, example) {
        (ast::Value::Object(object), Entry::Object(fields)) => {
            let id = fields.identity(|field| string(object, field));
            id.first()?.as_ref()?;
            Some(id)
        }
        (ast::Value::StringLit(word), Entry::Object(fields)) if fields.or_word => {
            let first = fields.id.first()?.0;
            Some(fields.identity(|field| (field == first).then(|| word.value.to_string())))
        }
        (ast::Value::StringLit(word), Entry::Word(_)) => Some(vec![Some(word.value.to_string())]),
        _ => None,
    }
}

/// The identities of elements, once for each set of fields that edits tell entries apart by.
fn identities(elements: &[ast::Value<'_>], edits: &Edits) -> Vec<Vec<Option<Identity>>> {
    let mut examples: BTreeMap<Vec<&str>, &Entry> = BTreeMap::new();
    for entry in edits.values().map(|edit| &edit.entry) {
        let fields = match entry {
            Entry::Object(fields) => fields.id.iter().map(|(field, _)| *field).collect(),
            Entry::Word(_) | Entry::Property { .. } | Entry::Member { .. } => Vec::new(),
        };
        examples.entry(fields).or_insert(entry);
    }
    let of = |example: &Entry| elements.iter().map(|element| identity(element, example)).collect();
    examples.into_values().map(of).collect()
}

/// Whether an element is no other than an entry with its identity.
fn is_meant(element: &ast::Value<'_>, entry: &Entry) -> bool {
    let Entry::Object(Fields { apart: Some(apart), fields, .. }) = entry else { return true };
    let wanted = fields.iter().find(|(name, _)| name == apart).and_then(|(_, value)| value.as_ref()?.as_str());
    let here = element.as_object().and_then(|object| string(object, apart));
    here.as_deref() == wanted
}

/// A property's name, where there is one, and a value.
type Written = (Option<String>, String);

/// Brings edits into parts: those that are `here` in place, new ones in order where the parts were sorted, else
/// at the end. `write` gives the value of a part by its number, or of a new one; `None` leaves it alone.
fn merge(
    parts: &mut Parts<'_>,
    here: Vec<Vec<Option<Identity>>>,
    edits: &Edits,
    is_meant: impl Fn(usize, &Entry) -> bool,
    write: impl Fn(Option<usize>, &Entry) -> Option<Written>,
) {
    let order = |id: &Identity| id.iter().flatten().cloned().collect::<Vec<_>>().join(".");
    let (mut numbers, mut keys) = (Vec::new(), Vec::new());
    let mut index: BTreeMap<Identity, Vec<usize>> = BTreeMap::new();
    for (way, here) in here.into_iter().enumerate() {
        for (n, id) in here.into_iter().enumerate().filter_map(|(n, known)| Some((n, known?))) {
            if way == 0 {
                numbers.push(n);
                keys.push(order(&id));
            }
            index.entry(id).or_default().push(n);
        }
    }
    let sorted = keys.is_sorted();
    let mut new = Vec::new();
    for (id, edit) in edits {
        // All with its identity, as an item may be listed twice, but those that are another item only where it is not there.
        let known = index.get(id).map(|known| {
            let any = known.iter().any(|n| is_meant(*n, &edit.entry));
            known.iter().filter(|n| !any || is_meant(**n, &edit.entry)).collect::<Vec<_>>()
        });
        match (known, edit.there) {
            (Some(known), false) => known.into_iter().for_each(|n| parts.remove(*n)),
            (Some(known), true) => {
                for n in known {
                    if let Some((_, text)) = write(Some(*n), &edit.entry) {
                        parts.set(*n, text);
                    }
                }
            }
            (None, true) => new.extend(write(None, &edit.entry).map(|written| (order(id), written))),
            (None, false) => {}
        }
    }
    new.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (key, (name, value)) in new {
        let place = if sorted { keys.partition_point(|known| *known < key) } else { keys.len() };
        parts.insert(numbers.get(place).copied().unwrap_or(parts.len()), name.as_deref(), value);
    }
}

fn string(object: &Object<'_>, field: &str) -> Option<String> {
    Some(object.get(field)?.value.as_string_lit()?.value.to_string())
}

/// Whether a value of the text is this one already.
fn is(text: &str, here: &ast::Value<'_>, value: &Json) -> bool {
    let range = here.range();
    serde_json::from_str::<Json>(&text[range.start..range.end]).is_ok_and(|here| here == *value)
}

/// An entry of a list with fields set or taken out.
fn with_fields(text: &str, entry: &Object<'_>, fields: &Fields, style: &Style, indent: &str) -> String {
    let mut parts = Parts::entry(text, entry);
    let inner = parts.inner_indent(style, indent, true);
    for (field, value) in &fields.fields {
        let known = entry.properties.iter().position(|property| property.name.as_str() == *field);
        let default = fields.id.iter().find(|(name, _)| name == field).and_then(|(_, default)| *default);
        match (known, value) {
            (Some(n), Some(value)) if !is(text, &entry.properties[n].value, value) => {
                let here = &entry.properties[n].value;
                let after = nested(text, here, value, style, &inner);
                if after != text[here.start()..here.end()] {
                    parts.set(n, after);
                }
            }
            (Some(n), None) => parts.remove(n),
            // What a missing field means need not be written.
            (None, Some(value)) if default.is_none() || value.as_str() != default => {
                parts.insert(parts.len(), Some(field), spelled(value, style, &inner));
            }
            _ => {}
        }
    }
    parts.write(style, indent)
}

/// What a field of an entry becomes. An object in which fields are `null` is merged with the one that is there: those
/// are taken out, the others set, and what else it has stays. Any other value replaces the old one.
fn nested(text: &str, here: &ast::Value<'_>, value: &Json, style: &Style, indent: &str) -> String {
    let (ast::Value::Object(object), Json::Object(fields)) = (here, value) else {
        return spelled(value, style, indent);
    };
    if !fields.values().any(Json::is_null) {
        return spelled(value, style, indent);
    }
    let mut parts = Parts::entry(text, object);
    let inner = parts.inner_indent(style, indent, true);
    for (name, value) in fields {
        let known = object.properties.iter().position(|property| property.name.as_str() == name);
        match known {
            // A field that is null there says the same.
            Some(n) if is(text, &object.properties[n].value, value) => {}
            Some(n) if value.is_null() => parts.remove(n),
            Some(n) => parts.set(n, spelled(value, style, &inner)),
            None if value.is_null() => {}
            None => parts.insert(parts.len(), Some(name), spelled(value, style, &inner)),
        }
    }
    parts.write(style, indent)
}

/// A new entry of a list.
fn new_entry(fields: &Fields, style: &Style, indent: &str) -> String {
    if fields.or_word
        && !fields.says_more()
        && let Some(Some(word)) = fields.own_identity().first()
    {
        return quoted(word);
    }
    let mut parts = Parts::empty(['{', '}']);
    let inner = format!("{indent}{}", style.step);
    for (field, value) in &fields.fields {
        if let Some(value) = value {
            parts.insert(0, Some(field), spelled(value, style, &inner));
        }
    }
    parts.write(style, indent)
}

/// A value as manifests spell it: lists of words on one line, objects with one field on each.
fn spelled(value: &Json, style: &Style, indent: &str) -> String {
    let inner = format!("{indent}{}", style.step);
    let broken = |parts: Vec<String>, [open, close]: [char; 2]| {
        let lines: Vec<String> = parts.into_iter().map(|part| format!("{}{inner}{part}", style.newline)).collect();
        format!("{open}{}{}{indent}{close}", lines.join(","), style.newline)
    };
    match value {
        Json::Array(list) if list.iter().any(|entry| entry.is_object() || entry.is_array()) => {
            broken(list.iter().map(|entry| spelled(entry, style, &inner)).collect(), ['[', ']'])
        }
        Json::Array(list) => format!("[{}]", list.iter().map(Json::to_string).collect::<Vec<_>>().join(", ")),
        Json::Object(fields) if !fields.is_empty() => {
            let field =
                |(name, value): (&String, &Json)| format!("{}: {}", quoted(name), spelled(value, style, &inner));
            broken(fields.iter().filter(|(_, value)| !value.is_null()).map(field).collect(), ['{', '}'])
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Domain;
    use crate::value::{ExtensionState, FlatpakSource, Scope, UnitState};

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
    fn many_flatpaks_are_edited_at_once_in_order_and_in_place() {
        let text = "{\r\n\t\"apps\": [\r\n\t\t{\"id\": \"org.b.B\", \"remote\": \"lab\", \"scope\": \"user\", \"overrides\": {}},\r\n\t\t{\"id\": \"org.d.D\"},\r\n\t],\r\n}\r\n";
        let source = |branch: Option<&str>| {
            let branch = branch.map(|branch| branch.parse().unwrap());
            let source = FlatpakSource::new("lab".parse().unwrap(), Scope::User, branch);
            Value::Flatpak(FlatpakSource { overrides: None, ..source })
        };
        let (plain, beta) = (source(None), source(Some("beta")));
        let items: Vec<ItemId> = ["org.c.C", "org.b.B", "org.d.D"].map(|id| ItemId::new(Domain::Flatpak, id)).into();
        let values = [Some(&plain), Some(&beta), None];
        let after = apply(Manifest::FlatpakApps, text, items.iter().zip(values)).unwrap();
        let new = "{\r\n\t\t\t\"id\": \"org.c.C\",\r\n\t\t\t\"remote\": \"lab\",\r\n\t\t\t\"scope\": \"user\"\r\n\t\t}";
        let expected = text.replace("{}}", "{}, \"branch\": \"beta\"}").replace("{\"id\": \"org.d.D\"}", new);
        assert_eq!(after, expected);
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
    fn an_item_that_is_listed_twice_is_edited_wherever_it_stands() {
        let text = r#"{"extensions": ["a@b", {"id": "a@b", "enabled": true}, "c@d"]}"#;
        let gone = edit(Manifest::GnomeExtensions, text, "ext:a@b", None);
        assert_eq!(gone, r#"{"extensions": ["c@d"]}"#);
        let off = edit(Manifest::GnomeExtensions, text, "ext:a@b", Some(Value::Extension(ExtensionState::Disabled)));
        let off: serde_json::Value = serde_json::from_str(&off).unwrap();
        let entry = serde_json::json!({"id": "a@b", "enabled": false});
        assert_eq!(off["extensions"], serde_json::json!([entry.clone(), entry, "c@d"]));

        let text = r#"{"apps": [{"id": "org.a.A"}, {"id": "org.a.A", "remote": "flathub", "scope": "system"}]}"#;
        assert_eq!(edit(Manifest::FlatpakApps, text, "flatpak:org.a.A", None), r#"{"apps": []}"#);
        // Another branch is another item, even beside one that takes any.
        let text = r#"{"apps": [{"id": "org.a.A"}, {"id": "org.a.A", "branch": "beta"}]}"#;
        let beta = edit(Manifest::FlatpakApps, text, "flatpak:org.a.A", None);
        assert_eq!(beta, r#"{"apps": [{"id": "org.a.A", "branch": "beta"}]}"#);
        assert_eq!(edit(Manifest::FlatpakApps, &beta, "flatpak:org.a.A", None), r#"{"apps": []}"#);
    }

    #[test]
    fn a_broken_manifest_is_not_edited() {
        let item = "pkg:htop".parse().unwrap();
        assert!(edited(Manifest::SystemPackages, "{", &item, Some(&Value::Present)).is_err());
        assert!(edited(Manifest::SystemPackages, "[]", &item, Some(&Value::Present)).is_err());
    }
}
