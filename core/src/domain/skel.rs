// SPDX-License-Identifier: GPL-3.0-or-later
//! Files of the person's home: declared by being in the setup's `skel`, observed at the same place in the home.
//!
//! Only files the setup has, had when both sides last agreed, or a person named are looked at; everything else in
//! a home is nobody's business.
//!
//! Invariant: nothing is read or written through a symbolic link inside the home.

use serde_json::Value as Json;

use crate::compare::{Change, Origin, Shape};
use crate::host::Host;
use crate::i18n::{fill, gettext};
use crate::manifest::Manifest;
use crate::private;
use crate::problem::Problem;
use crate::tree::{self, FileState, Tree, TreePath};
use crate::value::Value;

use super::{Kind, Look, Observation, Observed};

/// Files of the person's home.
#[derive(Debug)]
pub(super) struct HomeFiles;

fn observed(look: &Look<'_>, key: &str, declared: Option<&Value>) -> Result<Observed, Problem> {
    let place: TreePath =
        key.parse().map_err(|error: crate::name::NameError| Problem::new("name_invalid", error.to_string()))?;
    let home = tree::home(look.host)?;
    let state = tree::look(look.host, &home, &place)?;
    let value = state.clone().map(Value::File);
    // What is in the setup already is no secret any more.
    let private = match &state {
        Some(FileState::File { .. }) if value.as_ref() != declared => holds_secrets(look.host, &home, &place)?,
        Some(FileState::File { .. } | FileState::Link { .. }) | None => false,
    };
    Ok(Observed { value, own: true, private, ..Observed::default() })
}

fn holds_secrets(host: &dyn Host, home: &std::path::Path, place: &TreePath) -> Result<bool, Problem> {
    let content = host.bytes(&home.join(place.as_str()))?.unwrap_or_default();
    Ok(private::look_at_file(place.as_str(), &content).is_some())
}

impl Kind for HomeFiles {
    fn manifest(&self) -> Manifest {
        Tree::Skel.manifest()
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        let mut seen = Observation::default();
        if look.declared.is_empty() {
            return Ok(seen);
        }
        tree::home(look.host)?;
        for (key, declaration) in look.declared {
            let observed = observed(look, key, declaration.value.as_ref())
                .unwrap_or_else(|problem| Observed { problem: Some(problem), ..Observed::default() });
            seen.entries.insert(key.clone(), observed);
        }
        Ok(seen)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        serde_json::from_value(json.clone()).ok().map(Value::File)
    }

    fn is_own(&self) -> bool {
        true
    }

    /// A file that was there before the setup was ever asked about may hold what nobody has elsewhere.
    fn takes_away(&self, change: &Change) -> bool {
        change.shape == Shape::Different && change.origin == Origin::New
    }

    fn sentence(&self, key: &str, from: Option<&Value>, to: Option<&Value>) -> Option<String> {
        let sentence = match (from, to) {
            (None, Some(_)) => gettext("Copy {file} into the home folder"),
            (Some(_), Some(_)) => gettext("Replace {file} in the home folder"),
            (_, None) => gettext("Remove {file} from the home folder"),
        };
        Some(fill(&sentence, &[("file", key)]))
    }
}
