// SPDX-License-Identifier: GPL-3.0-or-later
//! Reading `distrobox.json`: `{"containers": {NAME: {"image", …}}}`.
//!
//! Invariant: every field that distrobox could use is read, and every other one named and kept.

use jsonc_parser::ast::{self, Object};
use jsonc_parser::common::Ranged;
use serde_json::{Map, Value as Json};

use crate::manifest::{Declarations, ManifestError, ManifestErrorKind, Reader, property};
use crate::name::BoxName;
use crate::value::{Bins, BoxSource, Value, Words};

pub(super) fn read(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    reader.know(root, &["containers"]);
    let mut declarations = Declarations::new();
    let Some(containers) = reader.object(root, "containers")? else { return Ok(declarations) };
    reader.each(
        &containers.properties,
        |entry| Some(property(entry).0.to_owned()),
        |reader, entry| {
            let (name, value) = property(entry);
            let name: BoxName = reader.name(entry, name)?;
            let object = value.as_object().ok_or_else(|| reader.wrong_type(name.as_str(), "an object", value))?;
            let source = source(reader, object)?;
            reader.declare(&mut declarations, entry, name.as_str(), Some(Value::Box(Box::new(source))))
        },
    );
    Ok(declarations)
}

fn source(reader: &mut Reader, object: &Object<'_>) -> Result<BoxSource, ManifestError> {
    reader.know(object, &BoxSource::FIELDS);
    let image = reader.string_field(object, "image")?;
    let env = match reader.object(object, "env")? {
        None => None,
        Some(env) => {
            let variable = |entry| {
                let (name, value) = property(entry);
                Ok((name.to_owned(), text(reader, value, reader.string("env", value)?)?))
            };
            Some(env.properties.iter().map(variable).collect::<Result<_, _>>()?)
        }
    };
    Ok(BoxSource {
        image: image.map(|image| reader.name(object, image)).transpose()?,
        packages: words(reader, object, "packages")?,
        exported_apps: words(reader, object, "exported_apps")?,
        init_hooks: words(reader, object, "init_hooks")?,
        pre_init_hooks: words(reader, object, "pre_init_hooks")?,
        volume: words(reader, object, "volume")?,
        pull: truth(reader, object, "pull")?,
        init: truth(reader, object, "init")?,
        root: truth(reader, object, "root")?,
        path: words(reader, object, "path")?,
        env,
        additional_flags: words(reader, object, "additional_flags")?,
        bins: bins(reader, object)?,
        ..BoxSource::default()
    })
}

fn bins(reader: &mut Reader, object: &Object<'_>) -> Result<Option<Bins>, ManifestError> {
    const KNOWN: [&str; 4] = ["from", "also", "exclude", "to"];
    let Some(bins) = reader.object(object, "bins")? else { return Ok(None) };
    reader.know(bins, &KNOWN);
    let others = bins.properties.iter().map(property).filter(|(name, _)| !KNOWN.contains(name));
    Ok(Some(Bins {
        from: words(reader, bins, "from")?,
        also: words(reader, bins, "also")?,
        exclude: words(reader, bins, "exclude")?,
        to: reader.string_field(bins, "to")?.map(str::to_owned),
        other: others.map(|(name, value)| (name.to_owned(), json(value))).collect(),
    }))
}

fn words(reader: &Reader, object: &Object<'_>, field: &str) -> Result<Words, ManifestError> {
    if object.get(field).is_none_or(|property| matches!(property.value, ast::Value::NullKeyword(_))) {
        return Ok(None);
    }
    let word = |element| text(reader, element, reader.string(field, element)?);
    reader.list(object, field)?.iter().map(word).collect::<Result<_, _>>().map(Some)
}

/// Text a command line can hold.
fn text(reader: &Reader, at: &impl Ranged, text: &str) -> Result<String, ManifestError> {
    if text.len() > 1 << 16 || text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        let message = "it holds a control character, or is too long".to_owned();
        return Err(reader.error(at, ManifestErrorKind::Value(message)));
    }
    Ok(text.to_owned())
}

fn truth(reader: &Reader, object: &Object<'_>, field: &str) -> Result<Option<bool>, ManifestError> {
    match object.get(field).map(|property| &property.value) {
        None | Some(ast::Value::NullKeyword(_)) => Ok(None),
        Some(ast::Value::BooleanLit(truth)) => Ok(Some(truth.value)),
        Some(other) => Err(reader.wrong_type(field, "true or false", other)),
    }
}

/// A value that is kept as it is.
fn json(value: &ast::Value<'_>) -> Json {
    match value {
        ast::Value::StringLit(text) => Json::from(text.value.as_ref()),
        ast::Value::NumberLit(number) => serde_json::from_str(number.value).unwrap_or(Json::Null),
        ast::Value::BooleanLit(truth) => Json::from(truth.value),
        ast::Value::NullKeyword(_) => Json::Null,
        ast::Value::Array(list) => list.elements.iter().map(json).collect(),
        ast::Value::Object(object) => {
            let fields = object.properties.iter().map(property);
            Json::Object(fields.map(|(name, value)| (name.to_owned(), json(value))).collect::<Map<_, _>>())
        }
    }
}
