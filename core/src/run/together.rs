// SPDX-License-Identifier: GPL-3.0-or-later
//! Setup and computer changed together: what could not be done on the computer is taken back in the setup.
//!
//! Invariant: after such a run each item is in both or in neither; a file in which everything is taken back has
//! its old bytes again, unless someone else changed it meanwhile, whose changes stay.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::files;
use crate::i18n::{fill, gettext};
use crate::item::ItemId;
use crate::manifest::Manifest;
use crate::manifest::edit;
use crate::plan::{Direction, Plan, Step};
use crate::problem::Problem;
use crate::value::Value;

use super::event::{StepResult, StepState};
use super::user::{edit_manifest, is_unwritten};

/// The setup's files before a run.
#[derive(Debug)]
pub(crate) struct Before(BTreeMap<Manifest, Option<String>>);

impl Before {
    /// Keeps the texts of the files a plan writes.
    pub(crate) fn keep(setup: &Path, plan: &Plan) -> std::io::Result<Self> {
        let manifests: BTreeSet<Manifest> = plan.steps.iter().filter_map(Step::manifest).collect();
        // A file of a tree is on one side the source of the other, so no plan changes both.
        let manifests = manifests.into_iter().filter(|manifest| manifest.tree().is_none());
        let read = |manifest: Manifest| Ok((manifest, files::read(&setup.join(manifest.path()))?));
        manifests.map(read).collect::<std::io::Result<_>>().map(Self)
    }

    /// Takes back what was written for items that could not be changed on the computer.
    pub(crate) fn take_back(&self, setup: &Path, plan: &Plan, results: &mut [StepResult]) {
        let is_bad = |state| matches!(state, StepState::Failed | StepState::Skipped);
        let step_of = |result: &StepResult| plan.steps.get(result.n.checked_sub(1)?);
        let failed: BTreeSet<ItemId> = results
            .iter()
            .filter(|result| is_bad(result.state))
            .filter(|result| {
                // What was not started may be enabled all the same.
                step_of(result).is_some_and(|step| step.direction == Direction::Apply && !step.action.is_momentary())
            })
            .map(|result| result.item.clone())
            .collect();
        // What did not get into the setup has its own reason, and nothing to take back.
        let unwritten: BTreeSet<ItemId> =
            results.iter().filter(|result| is_unwritten(result)).map(|result| result.item.clone()).collect();
        for (manifest, text) in &self.0 {
            let written: Vec<&Step> = plan.steps.iter().filter(|step| step.manifest() == Some(*manifest)).collect();
            let back: Vec<&Step> = written
                .iter()
                .copied()
                .filter(|step| failed.contains(&step.item) && !unwritten.contains(&step.item))
                .collect();
            if back.is_empty() {
                continue;
            }
            let generated = crate::recipe::file::generated(setup);
            let problem = match restore(setup, *manifest, text.as_deref(), &written, &back) {
                Ok(()) => Problem::new("taken_back", gettext("the setup was left as it was")),
                Err(error) => {
                    let values = [("file", manifest.path()), ("reason", &error.to_string())];
                    Problem::new(
                        "setup_not_restored",
                        fill(&gettext("{file} could not be restored: {reason}"), &values),
                    )
                }
            };
            super::user::follow(setup, &generated, 0, &mut |_| {});
            let mine = |result: &&mut StepResult| {
                step_of(result).is_some_and(|step| step.manifest() == Some(*manifest) && failed.contains(&step.item))
            };
            for result in results.iter_mut().filter(mine).filter(|result| !is_unwritten(result)) {
                result.state = StepState::Skipped;
                result.problem = Some(problem.clone());
            }
        }
    }
}

fn value(step: &Step, json: Option<&serde_json::Value>) -> Option<Value> {
    json.and_then(|json| Value::from_json(step.item.domain, json))
}

fn restore(
    setup: &Path,
    manifest: Manifest,
    before: Option<&str>,
    written: &[&Step],
    back: &[&Step],
) -> Result<(), edit::EditError> {
    let failed = |source| edit::EditError::File { file: manifest.path(), source };
    if written.len() == back.len() {
        let values: Vec<_> = written.iter().map(|step| (&step.item, value(step, step.to.as_ref()))).collect();
        let edits = values.iter().map(|(item, value)| (*item, value.as_ref()));
        let expected = edit::apply(manifest, before.unwrap_or_default(), edits)?;
        let path = setup.join(manifest.path());
        let _lock = files::lock(&setup.join("manifests")).map_err(failed)?;
        if files::read(&path).map_err(failed)?.is_some_and(|now| now == expected) {
            return match before {
                Some(text) => files::replace(&path, text.as_bytes()),
                None => files::remove(&path),
            }
            .map_err(failed);
        }
    }
    edit_manifest(setup, manifest, back.iter().map(|step| (&step.item, value(step, step.from.as_ref()))))
}
