// SPDX-License-Identifier: GPL-3.0-or-later
//! Edits sorted out before a manifest is touched.
//!
//! Invariant: an entry has one change at most, and only a value its list can hold.

use std::collections::BTreeMap;

use super::EditError;
use crate::item::{Domain, ItemId};
use crate::name::SettingKey;
use crate::value::{FlatpakSource, UnitState, Value};

/// What a manifest is to say, by what makes an entry the same one.
#[derive(Debug, Default)]
pub(super) struct Wanted<'e> {
    pub(super) packages: Changes<&'e str, ()>,
    pub(super) arguments: Changes<&'e str, ()>,
    pub(super) units: Changes<&'e str, UnitState>,
    pub(super) settings: Changes<SettingKey, &'e str>,
    pub(super) flatpaks: Changes<&'e str, &'e FlatpakSource>,
}

/// Entries and their new contents, `None` for those to take out.
pub(super) type Changes<I, W> = BTreeMap<I, Option<W>>;

impl<'e> Wanted<'e> {
    /// Takes in an edit.
    ///
    /// # Errors
    /// The item cannot have this value.
    pub(super) fn take(&mut self, item: &'e ItemId, value: Option<&'e Value>) -> Result<(), EditError> {
        fn put<I: Ord, W>(changes: &mut Changes<I, W>, id: I, value: Option<W>) {
            let entry = changes.entry(id).or_default();
            *entry = value.or_else(|| entry.take());
        }
        let key = item.key.as_str();
        match (item.domain, value) {
            (Domain::Pkg, None) => put(&mut self.packages, key, None),
            (Domain::Pkg, Some(Value::Present)) => put(&mut self.packages, key, Some(())),
            (Domain::Karg, None) => put(&mut self.arguments, key, None),
            (Domain::Karg, Some(Value::Present)) => put(&mut self.arguments, key, Some(())),
            (Domain::Unit, None) => put(&mut self.units, key, None),
            (Domain::Unit, Some(Value::Unit(state))) => put(&mut self.units, key, Some(*state)),
            (Domain::Gsetting, value) => {
                let key = item.key.parse().map_err(|_| EditError::Value(item.clone()))?;
                let text = match value {
                    None => None,
                    Some(Value::Setting(text)) => Some(text.as_str()),
                    Some(_) => return Err(EditError::Value(item.clone())),
                };
                put(&mut self.settings, key, text);
            }
            (Domain::Flatpak, None) => put(&mut self.flatpaks, crate::domain::flatpak::id_of(key), None),
            (Domain::Flatpak, Some(Value::Flatpak(source))) => {
                put(&mut self.flatpaks, crate::domain::flatpak::id_of(key), Some(source));
            }
            _ => return Err(EditError::Value(item.clone())),
        }
        Ok(())
    }
}
