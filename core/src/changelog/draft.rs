// SPDX-License-Identifier: GPL-3.0-or-later
//! Entries drafted from what changed in the setup.
//!
//! Invariant: a value that looks private is not told, and what was taken back leaves no entry.

use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::{Category, Change, Changelog, ChangelogError, Kind};
use crate::item::ItemId;
use crate::private;
use crate::value::Value;

/// What became of an item in the setup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The item.
    pub item: ItemId,
    /// What the setup said of it.
    pub before: Option<Value>,
    /// What it says now.
    pub after: Option<Value>,
}

/// Drafts entries of changes; gives the names of those that were written.
///
/// # Errors
/// The changelog cannot be read or written.
pub fn draft(setup: &Path, facts: &[Fact], now: Timestamp) -> Result<Vec<String>, ChangelogError> {
    let changelog = Changelog::load(setup)?;
    let mut written = Vec::new();
    for fact in facts {
        let known = changelog.drafts().find(|pending| pending.change.item.as_ref() == Some(&fact.item));
        let Some(change) = change(fact, now) else { continue };
        match known {
            None => written.push(Changelog::add(setup, &change)?),
            Some(pending) => match (pending.change.kind, change.kind) {
                // What came and went, or went and came back, is nothing to tell.
                (Kind::Added, Kind::Removed) | (Kind::Removed, Kind::Added) => {
                    changelog.remove([pending.id.as_str()])?;
                }
                // It is still new to whoever reads it, whatever it says by now.
                (Kind::Added, _) => {}
                _ => {
                    changelog.set(&super::Pending { id: pending.id.clone(), change })?;
                    written.push(pending.id.clone());
                }
            },
        }
    }
    Ok(written)
}

fn change(fact: &Fact, now: Timestamp) -> Option<Change> {
    let kind = match (&fact.before, &fact.after) {
        (None, None) => return None,
        (None, Some(_)) => Kind::Added,
        (Some(_), None) => Kind::Removed,
        (before, after) if before == after => return None,
        _ => Kind::Changed,
    };
    let category = Category::of(fact.item.domain);
    let name = &fact.item.key;
    // An item whose presence is all there is to it says nothing more by its value.
    let value = fact.after.as_ref().filter(|_| kind == Kind::Changed);
    let value = value.filter(|value| private::look(&fact.item, &json!(value)).is_none()).map(ToString::to_string);
    let message = match value.filter(|value| !value.is_empty() && value.chars().count() < 100) {
        Some(value) => format!("{name}: {value}"),
        None => name.clone(),
    };
    let mut change = Change::new(now, kind, category, &message.replace(char::is_control, " "));
    change.draft = true;
    change.item = Some(fact.item.clone());
    Some(change)
}
