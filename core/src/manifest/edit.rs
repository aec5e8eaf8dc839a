// SPDX-License-Identifier: GPL-3.0-or-later
//! Editing manifests entry by entry.
//!
//! Invariant: an edit changes the one entry it is about. Order, comments, unknown fields, indentation and
//! the final newline (or its absence) stay as they were; a list that was sorted stays sorted.

mod parts;
mod wanted;

use std::collections::BTreeMap;

use jsonc_parser::ast::{self, Object};
use jsonc_parser::{CollectOptions, parse_to_ast};

use self::parts::{Parts, Style, quoted};
use self::wanted::{Changes, Wanted};
use super::{Manifest, dialect};
use crate::item::ItemId;
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
    let mut wanted = Wanted::default();
    for (item, value) in edits {
        wanted.take(item, value)?;
    }
    let broken = |reason: String| EditError::Broken { file: manifest.path(), reason };
    let text = if text.trim().is_empty() { "{\n}\n" } else { text };
    let parsed =
        parse_to_ast(text, &CollectOptions::default(), &dialect()).map_err(|error| broken(error.to_string()))?;
    let Some(ast::Value::Object(root)) = &parsed.value else { return Err(broken("it is not an object".to_owned())) };
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut top = Level { text, object: root, parts: Parts::object(text, root), indent: String::new() };
    let step = top.parts.inner_indent(&Style { newline, step: "  ".to_owned() }, "", true);
    let style = Style { newline, step };
    top.edit(&style, wanted).map_err(|reason| broken(reason.to_string()))?;
    if !top.parts.is_changed() {
        return Ok(text.to_owned());
    }
    Ok([&text[..root.range.start], &top.parts.write(&style, ""), &text[root.range.end..]].concat())
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
    fn edit(&mut self, style: &Style, wanted: Wanted<'_>) -> Result<(), Shape> {
        let text = self.text;
        self.words(style, "packages", wanted.packages)?;
        if !wanted.arguments.is_empty() {
            // What is to be there is not to be removed; what is not to be there is only no longer added.
            let back = wanted.arguments.iter().filter_map(|(word, there)| there.map(|()| (*word, None))).collect();
            self.object(style, "kargs", |kargs| {
                kargs.words(style, "append", wanted.arguments)?;
                kargs.words(style, "remove", back)
            })?;
        }
        if !wanted.units.is_empty() {
            self.object(style, "services", |services| {
                services.units(wanted.units);
                Ok(())
            })?;
        }
        self.list(style, "settings", wanted.settings, |list, indent, entries, settings| {
            let order = |(schema, key, _): &(String, String, Option<String>)| format!("{schema}.{key}");
            let settings = settings.into_iter().map(|(key, value)| {
                let id = (key.schema().to_owned(), key.key().to_owned(), key.path().map(str::to_owned));
                (id, value)
            });
            let here = entries.iter().map(|entry| {
                let id = entry.and_then(setting_id)?;
                Some((id.clone(), order(&id)))
            });
            let fields = |(schema, key, path): &(String, String, Option<String>), value: &&str| {
                let path = path.as_deref();
                [("schema", Some(schema.as_str())), ("path", path), ("key", Some(key)), ("value", Some(*value))]
                    .map(|(field, value)| (field, value.map(str::to_owned)))
                    .to_vec()
            };
            merge(list, here.collect(), settings.collect(), order, |at, id, value| match at {
                Some(n) => entries[n].map(|entry| with_fields(text, entry, fields(id, value), style, indent)),
                None => Some(new_entry(fields(id, value), style, indent)),
            });
        })?;
        self.list(style, "apps", wanted.flatpaks, |list, indent, entries, flatpaks| {
            let here = entries.iter().map(|entry| twice(string((*entry)?, "id")?)).collect();
            let flatpaks = flatpaks.into_iter().map(|(id, source)| (id.to_owned(), source)).collect();
            let fields = |id: &String, source: &&FlatpakSource| {
                vec![
                    ("id", Some(id.clone())),
                    ("remote", Some(source.remote.to_string())),
                    ("scope", Some(source.scope.as_str().to_owned())),
                    ("branch", source.branch.as_ref().map(ToString::to_string)),
                    ("commit", source.commit.as_ref().map(ToString::to_string)),
                ]
            };
            merge(list, here, flatpaks, String::clone, |at, id, source| match at {
                Some(n) => entries[n].map(|entry| with_fields(text, entry, fields(id, source), style, indent)),
                None => Some(new_entry(fields(id, source), style, indent)),
            });
        })
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

    /// Edits the list in a field, given its entries that are objects and the indentation of new ones.
    fn list<I, W>(
        &mut self,
        style: &Style,
        name: &'static str,
        changes: Changes<I, W>,
        edit: impl FnOnce(&mut Parts<'t>, &str, &[Option<&'o Object<'t>>], Changes<I, W>),
    ) -> Result<(), Shape> {
        if changes.is_empty() {
            return Ok(());
        }
        let (mut parts, elements) = match self.field(name) {
            None => (Parts::empty(['[', ']']), [].as_slice()),
            Some((_, ast::Value::Array(list))) => (Parts::list(self.text, list), list.elements.as_slice()),
            Some(_) => return Err(Shape::List(name)),
        };
        let entries: Vec<Option<&Object<'t>>> = elements.iter().map(ast::Value::as_object).collect();
        let indent = self.parts.inner_indent(style, &self.indent, self.field(name).is_none());
        let inner = parts.inner_indent(style, &indent, true);
        edit(&mut parts, &inner, &entries, changes);
        self.put(name, parts, style, &indent);
        Ok(())
    }

    /// Edits the list of words in a field.
    fn words(&mut self, style: &Style, name: &'static str, changes: Changes<&str, ()>) -> Result<(), Shape> {
        let elements = match self.field(name) {
            Some((_, ast::Value::Array(list))) => list.elements.as_slice(),
            _ => &[],
        };
        let here = elements.iter().map(|word| twice(word.as_string_lit()?.value.to_string())).collect();
        self.list(style, name, changes, |list, _, _, changes| {
            let changes = changes.into_iter().map(|(word, there)| (word.to_owned(), there)).collect();
            merge(list, here, changes, String::clone, |at, word, ()| at.is_none().then(|| (None, quoted(word))));
        })
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

    /// Sets states in an object of units.
    fn units(&mut self, units: Changes<&str, UnitState>) {
        // Existing setups may name a service without its suffix.
        let full = |name: &str| if name.contains('.') { name.to_owned() } else { format!("{name}.service") };
        let names = self.object.properties.iter().map(|property| property.name.as_str());
        let here = names.map(|name| Some((full(name), name.to_owned()))).collect();
        let units = units.into_iter().map(|(unit, state)| (unit.to_owned(), state)).collect();
        merge(&mut self.parts, here, units, String::clone, |at, unit, state| {
            Some((at.is_none().then(|| unit.clone()), quoted(state.as_str())))
        });
    }
}

/// A property's name, where there is one, and a value.
type Written = (Option<String>, String);

/// Brings changes into parts: those that are `here`, with what they are sorted by, in place; new ones in order
/// where the parts were sorted, else at the end. `write` gives the value of a part by its number, or of a new one; `None` leaves a part alone.
fn merge<I: Ord, W>(
    parts: &mut Parts<'_>,
    here: Vec<Option<(I, String)>>,
    changes: Changes<I, W>,
    order: impl Fn(&I) -> String,
    write: impl Fn(Option<usize>, &I, &W) -> Option<Written>,
) {
    let (mut numbers, mut keys) = (Vec::new(), Vec::new());
    let mut index: BTreeMap<I, Vec<usize>> = BTreeMap::new();
    for (n, (id, key)) in here.into_iter().enumerate().filter_map(|(n, known)| Some((n, known?))) {
        index.entry(id).or_default().push(n);
        numbers.push(n);
        keys.push(key);
    }
    let sorted = keys.is_sorted();
    let mut new = Vec::new();
    for (id, change) in &changes {
        match (index.get(id), change) {
            (Some(known), None) => known.iter().for_each(|n| parts.remove(*n)),
            (Some(known), Some(value)) => {
                for n in known {
                    if let Some((_, text)) = write(Some(*n), id, value) {
                        parts.set(*n, text);
                    }
                }
            }
            (None, Some(value)) => new.extend(write(None, id, value).map(|written| (order(id), written))),
            (None, None) => {}
        }
    }
    new.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (key, (name, value)) in new {
        let place = if sorted { keys.partition_point(|known| *known < key) } else { keys.len() };
        parts.insert(numbers.get(place).copied().unwrap_or(parts.len()), name.as_deref(), value);
    }
}

fn twice(id: String) -> Option<(String, String)> {
    Some((id.clone(), id))
}

type Fields = Vec<(&'static str, Option<String>)>;

fn string(object: &Object<'_>, field: &str) -> Option<String> {
    Some(object.get(field)?.value.as_string_lit()?.value.to_string())
}

fn setting_id(entry: &Object<'_>) -> Option<(String, String, Option<String>)> {
    Some((string(entry, "schema")?, string(entry, "key")?, string(entry, "path")))
}

/// An entry of a list with fields set or taken out.
fn with_fields(text: &str, entry: &Object<'_>, fields: Fields, style: &Style, indent: &str) -> Written {
    let mut parts = Parts::entry(text, entry);
    for (field, value) in fields {
        let known = entry.properties.iter().position(|property| property.name.as_str() == field);
        match (known, value) {
            (Some(n), Some(value)) if string(entry, field).as_ref() != Some(&value) => parts.set(n, quoted(&value)),
            (Some(n), None) => parts.remove(n),
            (None, Some(value)) => parts.insert(parts.len(), Some(field), quoted(&value)),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    (None, parts.write(style, indent))
}

/// A new entry of a list.
fn new_entry(fields: Fields, style: &Style, indent: &str) -> Written {
    let mut parts = Parts::empty(['{', '}']);
    for (field, value) in fields {
        if let Some(value) = value {
            parts.insert(0, Some(field), quoted(&value));
        }
    }
    (None, parts.write(style, indent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Domain;
    use crate::value::Scope;

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
            Value::Flatpak(FlatpakSource { remote: "lab".parse().unwrap(), scope: Scope::User, branch, commit: None })
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
    fn a_broken_manifest_is_not_edited() {
        let item = "pkg:htop".parse().unwrap();
        assert!(edited(Manifest::SystemPackages, "{", &item, Some(&Value::Present)).is_err());
        assert!(edited(Manifest::SystemPackages, "[]", &item, Some(&Value::Present)).is_err());
    }
}
