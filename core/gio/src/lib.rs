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

use std::collections::BTreeMap;
use std::path::PathBuf;

use bkt_core::host::{HostError, SettingQuery, SettingReading, Settings};
use bkt_core::name::SettingKey;
use gio::prelude::SettingsExt;

use lookup::{Schemas, Unusable};

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

impl Settings for GioSettings {
    fn read(&self, queries: &[SettingQuery]) -> Result<Vec<SettingReading>, HostError> {
        let schemas = self.open()?;
        // Opening a schema subscribes to its changes, so each is opened once per pass.
        let mut opened = BTreeMap::new();
        let mut readings = Vec::with_capacity(queries.len());
        for query in queries {
            let key = &query.key;
            let found =
                opened.entry((key.schema(), key.path())).or_insert_with(|| schemas.lookup(key.schema(), key.path()));
            readings.push(match found {
                Err(Unusable::NoSchema) => SettingReading::NoSchema,
                Err(Unusable::Path(reason)) => SettingReading::Read {
                    current: String::new(),
                    declared: Some(Err(reason.clone())),
                    summary: None,
                    locked: false,
                },
                Ok((schema, _)) if !schema.has_key(key.key()) => SettingReading::NoKey,
                Ok((schema, settings)) => {
                    let known = schema.key(key.key());
                    SettingReading::Read {
                        current: text::canonical(&settings.value(key.key())),
                        declared: query
                            .declared
                            .as_deref()
                            .map(|declared| text::parse(&known, declared).map(|value| text::canonical(&value))),
                        summary: if self.without_summaries { None } else { text::summary(&known) },
                        locked: !settings.is_writable(key.key()),
                    }
                }
            });
        }
        Ok(readings)
    }

    fn set(&self, key: &SettingKey, value: Option<&str>) -> Result<(), HostError> {
        let refused = |reason: String| Err(HostError::Failed { program: "gsettings".to_owned(), reason });
        let schemas = self.open()?;
        let (schema, settings) = match schemas.lookup(key.schema(), key.path()) {
            Ok(found) => found,
            Err(Unusable::NoSchema) => return refused(format!("the schema {} is not installed", key.schema())),
            Err(Unusable::Path(reason)) => return refused(reason),
        };
        if !schema.has_key(key.key()) {
            return refused(format!("{} has no key ‘{}’", key.schema(), key.key()));
        }
        let known = schema.key(key.key());
        let wanted = match value.map(|value| text::parse(&known, value)).transpose() {
            Ok(wanted) => wanted,
            Err(reason) => return refused(format!("the value does not fit {key}: {reason}")),
        };
        if !settings.is_writable(key.key()) {
            return refused(format!("an administrator locked {key}"));
        }
        match &wanted {
            Some(value) if settings.set_value(key.key(), value).is_err() => {
                return refused(format!("{key} could not be written"));
            }
            Some(_) => {}
            None => settings.reset(key.key()),
        }
        gio::Settings::sync();
        // A backend that loses a write (no bus, no disk space) takes it back without an error.
        let stored = schemas.lookup(key.schema(), key.path()).map(|(_, settings)| settings.value(key.key()));
        match (stored, wanted) {
            (Ok(stored), Some(wanted)) if stored != wanted => refused(format!("{key} could not be stored")),
            _ => Ok(()),
        }
    }
}
