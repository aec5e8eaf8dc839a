// SPDX-License-Identifier: GPL-3.0-or-later
//! Between GVariant values and their text.
//!
//! Invariant: `canonical` of a parsed text parses back to the same value for the same key.

use gio::SettingsSchemaKey;
use glib::{Variant, VariantTy};

/// A value as text, without type annotation.
pub(crate) fn canonical(value: &Variant) -> String {
    value.print(false).into()
}

/// Reads text as a value of a key and checks that the key allows it.
pub(crate) fn parse(key: &SettingsSchemaKey, text: &str) -> Result<Variant, String> {
    let wanted = key.value_type();
    let value = match Variant::parse(Some(&wanted), text) {
        Ok(value) => value,
        // As gsettings(1): a string whose quotes were forgotten is that string.
        Err(_) if wanted == VariantTy::STRING && !text.trim_start().starts_with(['\'', '"']) => Variant::from(text),
        Err(_) => return Err(format!("‘{text}’ is no value of type {}", wanted.as_str())),
    };
    if key.range_check(&value) {
        return Ok(value);
    }
    Err(match allowed(key) {
        Some(allowed) => format!("{} is not allowed; allowed is {allowed}", canonical(&value)),
        None => format!("{} is not allowed", canonical(&value)),
    })
}

/// The values a key allows, where the schema limits them: `one of ['a', 'b']`, `1 to 9`.
fn allowed(key: &SettingsSchemaKey) -> Option<String> {
    let range = key.range();
    let kind: String = range.child_value(0).get()?;
    let limits = range.child_value(1).as_variant()?;
    match kind.as_str() {
        "enum" | "flags" => Some(format!("one of {}", canonical(&limits))),
        "range" => Some(format!("{} to {}", canonical(&limits.child_value(0)), canonical(&limits.child_value(1)))),
        _ => None,
    }
}

/// The schema's one line about a key.
pub(crate) fn summary(key: &SettingsSchemaKey) -> Option<String> {
    let summary = key.summary()?;
    let line = summary.split_whitespace().collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then_some(line)
}
