// SPDX-License-Identifier: GPL-3.0-or-later
//! Finding a schema and opening it at its path.
//!
//! Invariant: `gio::Settings` is made only for a schema that exists and a path that fits it.

use std::collections::BTreeMap;
use std::path::Path;

use bkt_core::domain::gsetting::places::INSTANCES;
use bkt_core::host::HostError;
use bkt_core::host::settings::SettingError;
use bkt_core::name::{SchemaName, SettingKey};
use gio::prelude::SettingsExt;

/// The schemas of one source with the database their values are in.
pub(crate) struct Schemas {
    source: Option<gio::SettingsSchemaSource>,
    backend: Option<gio::SettingsBackend>,
}

/// A schema, opened at its path.
pub(crate) struct Opened {
    pub(crate) name: SchemaName,
    pub(crate) schema: gio::SettingsSchema,
    pub(crate) settings: gio::Settings,
}

impl Opened {
    /// Whether the schema has a key.
    ///
    /// # Errors
    /// It has not; the error says which one was probably meant.
    pub(crate) fn has(&self, key: &str) -> Result<(), SettingError> {
        if self.schema.has_key(key) {
            return Ok(());
        }
        let similar = similar(key, self.schema.list_keys().iter().map(glib::GString::as_str));
        Err(SettingError::NoKey { schema: self.name.id().to_owned(), key: key.to_owned(), similar })
    }

    /// Its keys by name, with the names this program uses for them.
    pub(crate) fn keys(&self) -> BTreeMap<String, SettingKey> {
        let keys = self.schema.list_keys();
        keys.iter().filter_map(|key| Some((key.to_string(), self.name.key(key).ok()?))).collect()
    }
}

/// The name nearest to a mistyped one.
fn similar<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let scored = names.map(|name| (strsim::normalized_damerau_levenshtein(name, wanted), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.7).then(|| best.1.to_owned())
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
    pub(crate) fn lookup(&self, id: &str, path: Option<&str>) -> Result<Opened, SettingError> {
        let Some(schema) = self.source.as_ref().and_then(|source| source.lookup(id, true)) else {
            let (fixed, movable) = self.list();
            let similar = similar(id, fixed.iter().chain(&movable).map(glib::GString::as_str));
            return Err(SettingError::NoSchema { schema: id.to_owned(), similar });
        };
        match (schema.path(), path) {
            (None, None) => return Err(SettingError::NeedsPath(id.to_owned())),
            (Some(fixed), Some(path)) if fixed != path => {
                return Err(SettingError::OtherPath { schema: id.to_owned(), path: fixed.into() });
            }
            _ => {}
        }
        let named = path.map_or_else(|| id.to_owned(), |path| format!("{id}:{path}"));
        let name = named.parse().map_err(|_| SettingError::NoSchema { schema: named, similar: None })?;
        let settings = gio::Settings::new_full(&schema, self.backend.as_ref(), path);
        Ok(Opened { name, schema, settings })
    }

    fn list(&self) -> (Vec<glib::GString>, Vec<glib::GString>) {
        self.source.as_ref().map(|source| source.list_schemas(true)).unwrap_or_default()
    }

    /// The named schemas, or all that have a path of their own with the instances that lists name.
    pub(crate) fn all(&self, named: &[SchemaName]) -> Result<Vec<Opened>, SettingError> {
        if !named.is_empty() {
            return named.iter().map(|name| self.lookup(name.id(), name.path())).collect();
        }
        let mut opened: Vec<_> = self.list().0.iter().filter_map(|id| self.lookup(id, None).ok()).collect();
        let instances: Vec<_> = opened.iter().flat_map(|opened| self.instances(opened)).collect();
        opened.extend(instances);
        opened.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(opened)
    }

    /// The instances of relocatable schemas that the lists of a schema name.
    pub(crate) fn instances(&self, parent: &Opened) -> Vec<Opened> {
        let lists = INSTANCES.iter().filter(|list| list.list_schema == parent.name.id());
        let named = lists.filter(|list| parent.schema.has_key(list.list_key)).flat_map(|list| {
            let entries: Vec<String> = parent.settings.value(list.list_key).get().unwrap_or_default();
            entries.into_iter().filter_map(|entry| list.instance(&entry))
        });
        named.filter_map(|name| self.lookup(name.id(), name.path()).ok()).collect()
    }
}
