// SPDX-License-Identifier: GPL-3.0-or-later
//! Running a plan: events while it runs, a receipt when it ended.
//!
//! Order: both sides' preconditions are checked before anything happens; then the setup's files, then what
//! the person may do, then the administrator's part in one go. What was claimed is read back.
//!
//! Invariant: every step ends in exactly one final [`StepState`], also when the run stops early.

pub mod administrator;
mod copy;
pub mod event;
pub mod receipt;
pub(crate) mod together;
pub mod user;

use std::collections::BTreeSet;
use std::path::Path;

pub use administrator::{Administrator, AdministratorError, Direct, Operation, Unattended, UnitControl};
pub use event::{Event, Stage, StepResult, StepState};
pub use receipt::{Outcome, Receipt, Source};

use crate::host::Host;
use crate::i18n::gettext;
use crate::item::ItemId;
use crate::plan::{Plan, Stale, Step};
use crate::problem::Problem;

/// Receives the events of a run, in order.
pub type Sink<'s> = &'s mut dyn FnMut(&Event);

/// Where a run finds the setup, and keeps what it replaces.
#[derive(Debug, Clone, Copy)]
pub struct Places<'p> {
    /// The setup's directory.
    pub setup: &'p Path,
    /// The directory of the person's state.
    pub state: &'p Path,
}

/// Why a run did not start; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The computer or the setup is no longer what the plan was made from.
    #[error("the plan is out of date: {0}")]
    Stale(#[from] Stale),
}

/// Whether what a plan does to the setup and what it does to the computer belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sides {
    /// Each step stands for itself.
    Apart,
    /// An item is changed in both or in neither.
    Together,
}

/// Runs a plan and tells how every step ended.
///
/// # Errors
/// A precondition no longer holds; nothing was changed.
pub(crate) fn run(
    plan: &Plan,
    sides: Sides,
    host: &dyn Host,
    places: Places<'_>,
    administrator: &dyn Administrator,
    sink: Sink<'_>,
) -> Result<Vec<StepResult>, RunError> {
    plan.preconditions.check_user(host, places.setup)?;
    if plan.admin_steps().next().is_some() && administrator.can_precheck() {
        plan.preconditions.check_system(host)?;
    }
    sink(&Event::start(plan.steps.len()));
    let mut results = user::run(plan, sides, host, places, sink);
    let unwritten = unwritten(sides, &results);
    if plan.admin_steps().any(|(_, step)| unwritten.contains(&step.item)) {
        // The administrator is asked once, for all of it.
        results.extend(plan.admin_steps().map(|(n, step)| not_tried(n, step, sink)));
    } else if plan.admin_steps().next().is_some() {
        match administrator.perform(plan, sink) {
            Ok(done) => results.extend(done),
            Err(error) => {
                let problem = Problem::from(&error);
                let state = if error.is_refusal() { StepState::Skipped } else { StepState::Failed };
                for (n, step) in plan.admin_steps() {
                    let result = StepResult { n, item: step.item.clone(), state, problem: Some(problem.clone()) };
                    sink(&Event::ended(&result));
                    results.push(result);
                }
            }
        }
    }
    results.sort_by_key(|result| result.n);
    sink(&Event::end(&results));
    Ok(results)
}

/// The items that could not be written to the setup, where the computer is then not to be changed.
fn unwritten(sides: Sides, results: &[StepResult]) -> BTreeSet<ItemId> {
    let results = results.iter().filter(|_| sides == Sides::Together);
    results.filter(|result| user::is_unwritten(result)).map(|result| result.item.clone()).collect()
}

/// A step on the computer that is left out, as its item could not be written to the setup.
fn not_tried(n: usize, step: &Step, sink: Sink<'_>) -> StepResult {
    let problem = Problem::new("not_tried", gettext("not tried: the setup could not be written"));
    let result = StepResult { n, item: step.item.clone(), state: StepState::Skipped, problem: Some(problem) };
    sink(&Event::ended(&result));
    result
}
