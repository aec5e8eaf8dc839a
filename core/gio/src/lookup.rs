// SPDX-License-Identifier: GPL-3.0-or-later
//! Finding a schema and opening it at its path.
//!
//! Invariant: `gio::Settings` is made only for a schema that exists and a path that fits it.

use std::path::Path;

use bkt_core::host::HostError;

/// The schemas of one source with the database their values are in.
pub(crate) struct Schemas {
    source: Option<gio::SettingsSchemaSource>,
    backend: Option<gio::SettingsBackend>,
}

/// Why a schema cannot be opened.
#[derive(Debug, Clone)]
pub(crate) enum Unusable {
    /// It is not installed.
    NoSchema,
    /// It needs a path, or does not take the one given.
    Path(String),
}

impl Schemas {
    /// Opens the schemas of a directory, or of this computer.
    pub(crate) fn open(directory: Option<&Path>, backend: Option<gio::SettingsBackend>) -> Result<Self, HostError> {
        let source = match directory {
            None => gio::SettingsSchemaSource::default(),
            // A computer without any compiled schema is one on which every schema is missing.
            Some(directory) if !directory.join("gschemas.compiled").exists() => None,
            Some(directory) => {
                let source = gio::SettingsSchemaSource::from_directory(directory, None, false);
                Some(source.map_err(|error| HostError::Failed {
                    program: "gsettings".to_owned(),
                    reason: format!("{}: {}", directory.display(), error.message()),
                })?)
            }
        };
        Ok(Self { source, backend })
    }

    /// Finds a schema and opens it.
    pub(crate) fn lookup(
        &self,
        id: &str,
        path: Option<&str>,
    ) -> Result<(gio::SettingsSchema, gio::Settings), Unusable> {
        let schema = self.source.as_ref().and_then(|source| source.lookup(id, true)).ok_or(Unusable::NoSchema)?;
        match (schema.path(), path) {
            (None, None) => return Err(Unusable::Path(format!("the schema {id} needs a path"))),
            (Some(fixed), Some(path)) if fixed != path => {
                return Err(Unusable::Path(format!("the schema {id} is always at {fixed}")));
            }
            _ => {}
        }
        let settings = gio::Settings::new_full(&schema, self.backend.as_ref(), path);
        Ok((schema, settings))
    }
}
