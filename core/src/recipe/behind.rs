// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a recipe does not say what its setup declares, told alike wherever one looks.
//!
//! Invariant: a setup without a recipe, and one whose recipe follows, has nothing here.

use serde::Serialize;

use super::{RecipeError, Section, State, Status, check, file};
use crate::i18n::{fill, gettext};
use crate::setup::Setup;

/// A recipe that does not follow its setup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Behind {
    /// Its name in the setup's directory; empty where it could not be read.
    pub file: &'static str,
    /// The sections that do not, in the order a recipe has them.
    pub sections: Vec<Lagging>,
    /// Why none of them could be compared.
    pub problem: Option<String>,
}

/// A section that does not say what the setup declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lagging {
    /// Which.
    pub name: Section,
    /// The word of [`State::id`].
    pub state: &'static str,
    /// Why it is not known what it has to say.
    pub problem: Option<String>,
}

/// Why the recipe of a setup does not follow it; none where it does, and where there is no recipe.
#[must_use]
pub fn behind(setup: &Setup) -> Option<Behind> {
    let whole = |file, error: RecipeError| Behind { file, sections: Vec::new(), problem: Some(error.to_string()) };
    let recipe = match file::read(&setup.directory) {
        Ok(recipe) => recipe,
        Err(RecipeError::NotFound(_)) => return None,
        Err(error) => return Some(whole("", error)),
    };
    let (statuses, _) = match check(setup, &recipe.text) {
        Ok(checked) => checked,
        Err(error) => return Some(whole(recipe.name, error)),
    };
    let sections: Vec<Lagging> = statuses.iter().filter_map(Lagging::of).collect();
    (!sections.is_empty()).then_some(Behind { file: recipe.name, sections, problem: None })
}

impl Lagging {
    fn of(status: &Status) -> Option<Self> {
        let problem = match &status.state {
            // What is not known of a section that is not there is said of its manifest.
            State::Unknown(error) => status.line.map(|_| Some(error.to_string()))?,
            state => state.is_drift().then_some(None)?,
        };
        Some(Self { name: status.section, state: status.state.id(), problem })
    }
}

impl Behind {
    /// What is so and what to do about it, a sentence for each.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if let Some(reason) = &self.problem {
            // An error of the file itself names it.
            let sentence =
                if self.file.is_empty() { "{reason}" } else { &gettext("{file} cannot be updated: {reason}") };
            sentences.push(fill(sentence, &[("file", self.file), ("reason", reason)]));
        }
        let names = |state: &str| {
            let those = self.sections.iter().filter(|section| section.state == state);
            those.map(|section| section.name.name()).collect::<Vec<_>>().join(", ")
        };
        for (state, sentence) in [
            (
                State::OutOfDate,
                gettext("{file} is out of date with the setup; update it with ‘bkt containerfile sync’"),
            ),
            (
                State::HandEdited(0),
                gettext("{file}: {sections} edited by hand, not updated; ‘bkt containerfile diff’ shows what differs"),
            ),
            (State::Missing, gettext("{file}: without {sections}; ‘bkt containerfile adopt’ inserts it")),
        ] {
            let sections = names(state.id());
            if !sections.is_empty() {
                sentences.push(fill(&sentence, &[("file", self.file), ("sections", &*sections)]));
            }
        }
        if let Some(reason) = self.sections.iter().find_map(|section| section.problem.as_deref()) {
            let unknown = self.sections.iter().filter(|section| section.problem.is_some());
            let names = unknown.map(|section| section.name.name()).collect::<Vec<_>>().join(", ");
            let values = [("sections", &*names), ("file", self.file), ("reason", reason)];
            sentences.push(fill(&gettext("Not updated in {file}: {sections} ({reason})"), &values));
        }
        sentences
    }
}
