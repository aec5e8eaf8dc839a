// SPDX-License-Identifier: GPL-3.0-or-later
//! Between GVariant values and their text.
//!
//! Invariant: `canonical` of a parsed text parses back to the same value for the same key.

use bkt_core::host::settings::{Allowed, SettingError};
use gio::SettingsSchemaKey;
use glib::{Variant, VariantTy};

/// A value as text, without type annotation.
pub(crate) fn canonical(value: &Variant) -> String {
    value.print(false).into()
}

/// Reads text as a value of a key and checks that the key allows it.
pub(crate) fn parse(key: &SettingsSchemaKey, text: &str) -> Result<Variant, SettingError> {
    let wanted = key.value_type();
    let value = match Variant::parse(Some(&wanted), text) {
        Ok(value) => value,
        // As gsettings(1): a string whose quotes were forgotten is that string.
        Err(_) if wanted == VariantTy::STRING && !text.trim_start().starts_with(['\'', '"']) => Variant::from(text),
        Err(_) => {
            let wanted = format!("{} (type {})", meaning(wanted.as_str()), wanted.as_str());
            return Err(SettingError::Type { text: text.to_owned(), wanted });
        }
    };
    if key.range_check(&value) {
        return Ok(value);
    }
    let value = canonical(&value);
    Err(match allowed(key) {
        Some(allowed) => SettingError::Range { value, allowed },
        None => SettingError::Type { text: value, wanted: meaning(wanted.as_str()).to_owned() },
    })
}

/// What a GVariant type is for people.
fn meaning(kind: &str) -> &'static str {
    match kind {
        "b" => "true or false",
        "y" | "q" | "u" | "t" => "a whole number from 0",
        "n" | "i" | "x" | "h" => "a whole number",
        "d" => "a number",
        "s" | "o" | "g" => "a text",
        "as" => "a list of texts, as ['a', 'b'],",
        _ if kind.starts_with("a{") => "a dictionary",
        _ if kind.starts_with('a') => "a list",
        _ => "a value of the right form",
    }
}

/// The values a key allows, where the schema limits them.
pub(crate) fn allowed(key: &SettingsSchemaKey) -> Option<Allowed> {
    let range = key.range();
    let kind: String = range.child_value(0).get()?;
    let limits = range.child_value(1).as_variant()?;
    let words = || limits.iter().map(|word| canonical(&word)).collect();
    match kind.as_str() {
        "enum" => Some(Allowed::OneOf(words())),
        "flags" => Some(Allowed::AnyOf(words())),
        "range" => Some(Allowed::Between(canonical(&limits.child_value(0)), canonical(&limits.child_value(1)))),
        _ => None,
    }
}

fn one_line(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then_some(line)
}

/// The schema's one line about a key.
pub(crate) fn summary(key: &SettingsSchemaKey) -> Option<String> {
    one_line(&key.summary()?)
}

/// What else the schema says about a key, as one paragraph.
pub(crate) fn description(key: &SettingsSchemaKey) -> Option<String> {
    one_line(&key.description()?)
}
