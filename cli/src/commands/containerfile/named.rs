// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt diff section:NAME`: what updating sections of the recipe would change in it.
//!
//! Invariant: needs neither the computer nor the network, and writes nothing.

use bkt_core::i18n::{fill, gettext};
use bkt_core::ignore;
use bkt_core::recipe::{Section, State, Status, UnknownSection};
use serde_json::Value as Json;

use super::{Checked, coloured, section, standing};
use crate::context::Context;
use crate::error::{Failure, exit};
use crate::select::{SECTION as KIND, nearest};

/// Sections of the recipe and how they differ.
#[derive(Debug, Default)]
pub(in crate::commands) struct Named {
    /// Each with its difference.
    pub(in crate::commands) text: String,
    /// The same for programs.
    pub(in crate::commands) documents: Vec<Json>,
    /// Whether one differs.
    pub(in crate::commands) differs: bool,
}

/// The sections that words name: one, a pattern of them, or all that differ.
pub(in crate::commands) fn named(context: &Context, words: &[&str]) -> Result<Named, Failure> {
    let mut named = Named::default();
    if words.is_empty() {
        return Ok(named);
    }
    let checked = Checked::new(context)?;
    for status in &checked.statuses {
        let id = format!("{KIND}:{}", status.section.name());
        let exactly = words.contains(&id.as_str());
        let covered = words.iter().any(|word| *word == KIND || ignore::matches(word, &id));
        if exactly || covered && status.state.is_drift() {
            named.add(&checked, status, &id)?;
        }
    }
    let is_unknown = |word: &&&str| {
        let name = word.strip_prefix(KIND).and_then(|rest| rest.strip_prefix(':'));
        name.is_some_and(|name| !name.contains('*') && Section::of_name(name).is_none())
    };
    match words.iter().find(is_unknown) {
        None => Ok(named),
        Some(word) => {
            let failure = Failure::new(exit::USAGE, "unknown_item", UnknownSection((*word).to_owned()).to_string());
            let ids = Section::ALL.map(|section| format!("{KIND}:{}", section.name()));
            Err(match nearest(word, ids.iter().map(String::as_str)) {
                Some(item) => failure.hinted(fill(&gettext("Did you mean {item}?"), &[("item", item)])),
                None => failure,
            })
        }
    }
}

impl Named {
    fn add(&mut self, checked: &Checked, status: &Status, id: &str) -> Result<(), Failure> {
        let recipe = &checked.recipe;
        if let State::Unknown(error) = &status.state {
            let values = [("item", id), ("reason", &error.to_string())];
            let message = fill(&gettext("{item} could not be checked: {reason}"), &values);
            let hint = fill(&gettext("Correct {file} and check again"), &[("file", error.file)]);
            return Err(Failure::new(exit::NOT_POSSIBLE, "manifest_invalid", message).hinted(hint));
        }
        let difference = status.difference(&recipe.text, recipe.name);
        self.differs |= status.state.is_drift();
        self.documents.push(section(status, &difference));
        let words = match &status.state {
            State::InSync => fill(&gettext("{item} matches the setup.\n"), &[("item", id)]),
            state => format!("{id}  {}\n", standing(state, &difference)),
        };
        self.text.push_str(&words);
        self.text.push_str(&coloured(&difference.unified));
        Ok(())
    }
}
