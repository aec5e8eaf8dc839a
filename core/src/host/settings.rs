// SPDX-License-Identifier: GPL-3.0-or-later
//! What a domain may ask of one person's settings, and what it hears back.
//!
//! Invariant: every value is the canonical GVariant text of its key's type, so that equal texts are equal values.

use std::fmt;
use std::ops::ControlFlow;

use serde::Serialize;

use super::HostError;
use crate::name::{SchemaName, SettingKey};
use crate::problem::Problem;

/// The settings of one person, by schema.
pub trait Settings: Send + Sync {
    /// Reads keys in one pass; the answer has one reading per query, in order.
    ///
    /// # Errors
    /// No key can be read at all.
    fn read(&self, queries: &[SettingQuery]) -> Result<Vec<SettingReading>, HostError>;

    /// Sets a key to a value given as GVariant text, or resets it to its default, and waits until it is stored.
    ///
    /// # Errors
    /// The key is unknown or locked, or the value does not fit it.
    fn set(&self, key: &SettingKey, value: Option<&str>) -> Result<(), SettingError>;

    /// The canonical text of a value that a key would take; nothing is set.
    ///
    /// # Errors
    /// The key is unknown, or the value does not fit it.
    fn check(&self, key: &SettingKey, text: &str) -> Result<String, SettingError>;

    /// Everything known of the keys of one schema, by name.
    ///
    /// # Errors
    /// The schema is unknown or needs another path.
    fn describe(&self, schema: &SchemaName) -> Result<Vec<SettingInfo>, SettingError>;

    /// The keys that have a value of the person's own which is not the default, in these schemas or, where none is
    /// named, in every installed one and the instances of relocatable schemas that a list names.
    ///
    /// # Errors
    /// A named schema is unknown, or no key can be read.
    fn changed(&self, schemas: &[SchemaName]) -> Result<Vec<SettingInfo>, SettingError>;

    /// Tells of every change of the same keys as [`Settings::changed`] looks at, until `sink` breaks off.
    ///
    /// # Errors
    /// As [`Settings::changed`].
    fn watch(
        &self,
        schemas: &[SchemaName],
        sink: &mut dyn FnMut(SettingEvent) -> ControlFlow<()>,
    ) -> Result<(), SettingError>;
}

/// One key to read, with the value the setup declares for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingQuery {
    /// The key.
    pub key: SettingKey,
    /// The declared value as GVariant text, to be put into canonical form with the key's type.
    pub declared: Option<String>,
}

/// What is known of one key.
#[derive(Debug)]
pub enum SettingReading {
    /// There is no such key here.
    Missing(SettingError),
    /// The key's value and the declared one.
    Read {
        /// The value now.
        current: String,
        /// The declared value in canonical form, or why it does not fit the key.
        declared: Option<Result<String, SettingError>>,
        /// The schema's one-line description.
        summary: Option<String>,
        /// Whether an administrator locked the key.
        locked: bool,
        /// Whether the person chose the value; else it is the default.
        is_set: bool,
    },
}

/// Everything known of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingInfo {
    /// The key.
    pub key: SettingKey,
    /// Its value now.
    pub value: String,
    /// Its value where the person chose none: the schema's, or the administrator's.
    pub default: String,
    /// Whether the person chose the value.
    pub is_set: bool,
    /// The GVariant type, for example `as`.
    pub kind: String,
    /// The values it may have, where the schema limits them.
    pub allowed: Option<Allowed>,
    /// Whether an administrator locked it.
    pub locked: bool,
    /// The schema's one line about it.
    pub summary: Option<String>,
    /// What else the schema says about it.
    pub description: Option<String>,
}

/// What happens while settings are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingEvent {
    /// From now on every change is told.
    Watching {
        /// How many keys are watched.
        keys: usize,
    },
    /// A key has another value.
    Changed {
        /// Which.
        key: SettingKey,
        /// The value before.
        old: String,
        /// The value now.
        new: String,
        /// Whether the value now is the default because the key was reset.
        reset: bool,
    },
}

/// The values a schema allows for a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allowed {
    /// One of these words.
    OneOf(Vec<String>),
    /// Any of these words, as a list.
    AnyOf(Vec<String>),
    /// From the first to the second.
    Between(String, String),
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneOf(words) => write!(f, "one of {}", words.join(", ")),
            Self::AnyOf(words) => write!(f, "a list of any of {}", words.join(", ")),
            Self::Between(least, most) => write!(f, "{least} to {most}"),
        }
    }
}

/// Why a setting cannot be read, or not have a value.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// The schema is not installed.
    #[error("the schema {schema} is not installed")]
    NoSchema {
        /// Which.
        schema: String,
        /// The installed one that was probably meant.
        similar: Option<String>,
    },
    /// The schema has no such key.
    #[error("{schema} has no key ‘{key}’")]
    NoKey {
        /// The schema.
        schema: String,
        /// The key.
        key: String,
        /// The one that was probably meant.
        similar: Option<String>,
    },
    /// The schema is relocatable and no path was given.
    #[error("the schema {0} needs a path")]
    NeedsPath(String),
    /// The schema has a path of its own and another one was given.
    #[error("the schema {schema} is always at {path}")]
    OtherPath {
        /// The schema.
        schema: String,
        /// Its path.
        path: String,
    },
    /// The text is no value of the key's type.
    #[error("‘{text}’ is not {wanted}")]
    Type {
        /// The text.
        text: String,
        /// What it should be, for example "a whole number (type i)".
        wanted: String,
    },
    /// The value is none of those the schema allows.
    #[error("{value} is not allowed; allowed is {allowed}")]
    Range {
        /// The value.
        value: String,
        /// The values the key may have.
        allowed: Allowed,
    },
    /// An administrator locked the key.
    #[error("an administrator locked {0}")]
    Locked(SettingKey),
    /// The database did not keep the value.
    #[error("{0} could not be stored")]
    NotStored(SettingKey),
    /// No setting can be used.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl SettingError {
    /// The stable word for this failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSchema { .. } => "schema_missing",
            Self::NoKey { .. } => "key_missing",
            Self::NeedsPath(_) | Self::OtherPath { .. } => "path_invalid",
            Self::Type { .. } | Self::Range { .. } => "value_invalid",
            Self::Locked(_) => "locked",
            Self::NotStored(_) => "not_stored",
            Self::Host(error) => error.code(),
        }
    }

    /// The next step, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoSchema { similar: Some(similar), .. } | Self::NoKey { similar: Some(similar), .. } => {
                Some(format!("Did you mean ‘{similar}’?"))
            }
            Self::NeedsPath(schema) => Some(format!("Name it with its path, as {schema}:/PATH/")),
            _ => None,
        }
    }
}

impl From<SettingError> for Problem {
    fn from(error: SettingError) -> Self {
        let problem = Self::new(error.code(), error.to_string());
        match error.hint() {
            Some(hint) => problem.hinted(hint),
            None => problem,
        }
    }
}

/// Settings of a host that has none, such as a root helper.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSettings;

fn refused<T, E: From<HostError>>(what: &str) -> Result<T, E> {
    Err(HostError::Refused(what.to_owned()).into())
}

impl Settings for NoSettings {
    fn read(&self, _queries: &[SettingQuery]) -> Result<Vec<SettingReading>, HostError> {
        refused("reading settings")
    }

    fn set(&self, _key: &SettingKey, _value: Option<&str>) -> Result<(), SettingError> {
        refused("changing settings")
    }

    fn check(&self, _key: &SettingKey, _text: &str) -> Result<String, SettingError> {
        refused("reading settings")
    }

    fn describe(&self, _schema: &SchemaName) -> Result<Vec<SettingInfo>, SettingError> {
        refused("reading settings")
    }

    fn changed(&self, _schemas: &[SchemaName]) -> Result<Vec<SettingInfo>, SettingError> {
        refused("reading settings")
    }

    fn watch(
        &self,
        _schemas: &[SchemaName],
        _sink: &mut dyn FnMut(SettingEvent) -> ControlFlow<()>,
    ) -> Result<(), SettingError> {
        refused("watching settings")
    }
}
