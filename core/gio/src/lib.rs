// SPDX-License-Identifier: GPL-3.0-or-later
//! GSettings in process: one person's settings for live computers and sample roots.
//!
//! GSettings ends the whole program when it is asked for a schema or key that does not exist, or given a
//! path that does not fit the schema; so everything is looked up before it is used.
//!
//! Invariant: values leave this crate as the canonical text of their key's type, without type annotation,
//! so two texts are equal exactly when the values are.

#![forbid(unsafe_code)]

mod lookup;
mod text;
mod watch;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use bkt_core::host::settings::{SettingError, SettingEvent, SettingInfo};
use bkt_core::host::{HostError, SettingQuery, SettingReading, Settings};
use bkt_core::name::{SchemaName, SettingKey};
use gio::prelude::SettingsExt;

use lookup::{Opened, Schemas};

/// The settings of the person this program runs for.
#[derive(Debug, Clone, Default)]
pub struct GioSettings {
    schemas: Option<PathBuf>,
    keyfile: Option<PathBuf>,
    without_summaries: bool,
}

impl GioSettings {
    /// The settings of this session, with the schemas installed on this computer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Uses the compiled schemas of one directory and no others, as for a computer below `--root`.
    #[must_use]
    pub fn with_schemas(mut self, directory: impl Into<PathBuf>) -> Self {
        self.schemas = Some(directory.into());
        self
    }

    /// Keeps values in a key file instead of this session's database.
    #[must_use]
    pub fn with_keyfile(mut self, file: impl Into<PathBuf>) -> Self {
        self.keyfile = Some(file.into());
        self
    }

    /// Leaves the schemas' descriptions out: GSettings parses every installed schema's XML for them.
    #[must_use]
    pub fn without_summaries(mut self) -> Self {
        self.without_summaries = true;
        self
    }

    fn backend(&self) -> Option<gio::SettingsBackend> {
        let file = self.keyfile.as_ref()?;
        Some(gio::functions::keyfile_settings_backend_new(&file.to_string_lossy(), "/", None))
    }

    fn open(&self) -> Result<Schemas, HostError> {
        Schemas::open(self.schemas.as_deref(), self.backend())
    }
}

/// Everything known of one key of an opened schema.
fn info(opened: &Opened, key: &str, name: SettingKey, with_words: bool) -> SettingInfo {
    let known = opened.schema.key(key);
    SettingInfo {
        key: name,
        value: text::canonical(&opened.settings.value(key)),
        default: text::canonical(&watch::default(opened, key)),
        is_set: opened.settings.user_value(key).is_some(),
        kind: known.value_type().as_str().to_owned(),
        allowed: text::allowed(&known),
        locked: !opened.settings.is_writable(key),
        summary: if with_words { text::summary(&known) } else { None },
        description: if with_words { text::description(&known) } else { None },
    }
}

impl Settings for GioSettings {
    fn read(&self, queries: &[SettingQuery]) -> Result<Vec<SettingReading>, HostError> {
        let schemas = self.open()?;
        // Opening a schema subscribes to its changes, so each is opened once per pass.
        let mut opened = BTreeMap::new();
        let mut readings = Vec::with_capacity(queries.len());
        for query in queries {
            let key = &query.key;
            let place = (key.schema(), key.path());
            if let std::collections::btree_map::Entry::Vacant(entry) = opened.entry(place) {
                match schemas.lookup(key.schema(), key.path()) {
                    Ok(found) => {
                        entry.insert(found);
                    }
                    Err(error) => {
                        readings.push(SettingReading::Missing(error));
                        continue;
                    }
                }
            }
            let Some(found) = opened.get(&place) else { continue };
            readings.push(match found.has(key.key()) {
                Err(error) => SettingReading::Missing(error),
                Ok(()) => {
                    let known = found.schema.key(key.key());
                    let declared = |text: &str| text::parse(&known, text).map(|value| text::canonical(&value));
                    SettingReading::Read {
                        current: text::canonical(&found.settings.value(key.key())),
                        declared: query.declared.as_deref().map(declared),
                        summary: if self.without_summaries { None } else { text::summary(&known) },
                        locked: !found.settings.is_writable(key.key()),
                        is_set: found.settings.user_value(key.key()).is_some(),
                    }
                }
            });
        }
        Ok(readings)
    }

    fn set(&self, key: &SettingKey, value: Option<&str>) -> Result<(), SettingError> {
        let schemas = self.open()?;
        let opened = schemas.lookup(key.schema(), key.path())?;
        opened.has(key.key())?;
        let wanted = value.map(|value| text::parse(&opened.schema.key(key.key()), value)).transpose()?;
        if !opened.settings.is_writable(key.key()) {
            return Err(SettingError::Locked(key.clone()));
        }
        match &wanted {
            Some(value) if opened.settings.set_value(key.key(), value).is_err() => {
                return Err(SettingError::NotStored(key.clone()));
            }
            Some(_) => {}
            None => opened.settings.reset(key.key()),
        }
        gio::Settings::sync();
        // A backend that loses a write (no bus, no disk space) takes it back without an error.
        let stored = schemas.lookup(key.schema(), key.path())?.settings;
        let is_stored = match &wanted {
            Some(wanted) => stored.value(key.key()) == *wanted,
            None => stored.user_value(key.key()).is_none(),
        };
        if is_stored { Ok(()) } else { Err(SettingError::NotStored(key.clone())) }
    }

    fn check(&self, key: &SettingKey, text: &str) -> Result<String, SettingError> {
        let opened = self.open()?.lookup(key.schema(), key.path())?;
        opened.has(key.key())?;
        Ok(text::canonical(&text::parse(&opened.schema.key(key.key()), text)?))
    }

    fn describe(&self, schema: &SchemaName) -> Result<Vec<SettingInfo>, SettingError> {
        let opened = self.open()?.lookup(schema.id(), schema.path())?;
        let keys = opened.keys().into_iter();
        Ok(keys.map(|(key, name)| info(&opened, &key, name, !self.without_summaries)).collect())
    }

    fn changed(&self, schemas: &[SchemaName]) -> Result<Vec<SettingInfo>, SettingError> {
        let mut changed = Vec::new();
        for opened in self.open()?.all(schemas)? {
            for (key, name) in opened.keys() {
                let value = opened.settings.user_value(&key);
                if value.is_some_and(|value| value != watch::default(&opened, &key)) {
                    changed.push(info(&opened, &key, name, !self.without_summaries));
                }
            }
        }
        Ok(changed)
    }

    fn watch(
        &self,
        schemas: &[SchemaName],
        sink: &mut dyn FnMut(SettingEvent) -> ControlFlow<()>,
    ) -> Result<(), SettingError> {
        watch::watch(|| self.open(), schemas, sink)
    }
}
