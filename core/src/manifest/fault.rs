// SPDX-License-Identifier: GPL-3.0-or-later
//! Entries that cannot be read: each is told of by itself, and the others of its manifest are used.
//!
//! Invariant: a fault never hides an entry that can be read, and is never taken for an item that is not declared.

use jsonc_parser::ast::{self, Object};
use jsonc_parser::common::Ranged;

use super::{Declarations, Manifest, ManifestError, Reader, Warning};
use crate::item::Domain;
use crate::problem::Problem;

/// An entry that cannot be read; it stays in its manifest as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What it says it is about, as far as that can be told; never empty.
    pub key: String,
    /// What is wrong, and where.
    pub error: ManifestError,
}

impl Fault {
    /// The same for people, with the next step.
    #[must_use]
    pub fn problem(&self, domain: Domain) -> Problem {
        let problem = Problem::from(&self.error);
        match crate::domain::kind(domain).advice(&self.key) {
            Some(advice) => problem.hinted(advice),
            None => problem,
        }
    }
}

/// What a manifest says of one domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// What can be read.
    pub declarations: Declarations,
    /// What is kept but not used.
    pub warnings: Vec<Warning>,
    /// The entries that cannot be read.
    pub faults: Vec<Fault>,
}

impl Reader {
    /// Reads what can be read of one domain out of a manifest's text.
    ///
    /// # Errors
    /// The text is not JSON of the manifest's shape.
    pub fn read(manifest: Manifest, domain: Domain, text: &str) -> Result<Read, ManifestError> {
        let mut reader = Self::new(manifest, manifest.path(), text);
        let parsed = reader.parse(text)?;
        let Some(root) = reader.root(&parsed)? else { return Ok(Read::default()) };
        let declarations = crate::domain::kind(domain).declared(&mut reader, root)?;
        Ok(Read { declarations, warnings: reader.warnings, faults: reader.faults })
    }

    /// The same for whoever can do nothing with a part of it.
    ///
    /// # Errors
    /// The text is not JSON of the manifest's shape, or an entry names something no tool would accept.
    pub fn declarations(
        manifest: Manifest,
        domain: Domain,
        text: &str,
    ) -> Result<(Declarations, Vec<Warning>), ManifestError> {
        let Read { declarations, warnings, faults } = Self::read(manifest, domain, text)?;
        match faults.into_iter().next() {
            None => Ok((declarations, warnings)),
            Some(fault) => Err(fault.error),
        }
    }

    /// Reads entries one by one; one that cannot be read is a fault, called what `key` makes of it.
    pub fn each<'o, E: Ranged>(
        &mut self,
        entries: &'o [E],
        key: impl Fn(&E) -> Option<String>,
        mut read: impl FnMut(&mut Self, &'o E) -> Result<(), ManifestError>,
    ) {
        for entry in entries {
            if let Err(error) = read(self, entry) {
                self.fault(key(entry), error);
            }
        }
    }

    /// Notes an entry that cannot be read.
    pub fn fault(&mut self, key: Option<String>, error: ManifestError) {
        let key = key.map(|key| key.chars().filter(|c| !c.is_control()).take(200).collect::<String>());
        let key = key.filter(|key| !key.trim().is_empty()).unwrap_or_else(|| format!("line {}", error.line));
        self.faults.push(Fault { key, error });
    }
}

/// What an entry calls itself: the word it is, or its fields of these names with slashes between them.
pub(crate) fn named<'f>(fields: &'f [&'f str]) -> impl Fn(&ast::Value<'_>) -> Option<String> + 'f {
    let field = |object: &Object<'_>, field: &str| Some(object.get(field)?.value.as_string_lit()?.value.to_string());
    move |value| match value {
        ast::Value::StringLit(text) => Some(text.value.to_string()),
        ast::Value::Object(object) => {
            let words: Option<Vec<String>> = fields.iter().map(|name| field(object, name)).collect();
            words.filter(|words| !words.is_empty()).map(|words| words.join("/"))
        }
        _ => None,
    }
}
