// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt undo`: takes back what a run did, as a plan of its own.
//!
//! Invariant: what was changed again since the run stays as it is, and is named.

use bkt_core::i18n::{fill, gettext};
use bkt_core::item::ItemId;
use bkt_core::plan::wish::{self, Wanted};
use bkt_core::plan::{Step, Wish, Wishes};
use bkt_core::run::receipt::history;
use bkt_core::run::{Receipt, StepState};
use bkt_core::session::Session;

use super::run::{self, Together};
use crate::args::UndoArgs;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};

/// `bkt undo [N]`.
pub(super) fn undo(context: &Context, args: &UndoArgs) -> Result<Answer, Failure> {
    let state = context.environment.state()?;
    let runs = history(&state)
        .map_err(|error| Failure::new(exit::FAILED, "file_unusable", format!("{}: {error}", state.display())))?;
    let found = match args.run {
        Some(number) => runs.iter().find(|receipt| receipt.run == number),
        None => runs.iter().find(|receipt| steps(receipt).next().is_some()),
    };
    let Some(receipt) = found else {
        let message = match args.run {
            Some(number) => fill(&gettext("there is no run {run}"), &[("run", &number.to_string())]),
            None => gettext("there is no run to undo"),
        };
        return Err(Failure::new(exit::USAGE, "unknown_run", message).hinted(gettext("‘bkt log’ lists the runs")));
    };
    let session = context.session()?;
    let undone = wish::undo(steps(receipt));
    let (wishes, changed) = still_so(&session, undone)?;
    for item in &changed {
        let values = [("item", &*item.to_string())];
        context.ui.say(&fill(&gettext("Left alone: {item} was changed again since."), &values));
    }
    let (_, plan) = session.wish(&wishes)?;
    if plan.is_empty() {
        let text = fill(&gettext("Nothing of run {run} is left to undo."), &[("run", &receipt.run.to_string())]);
        return Ok(Answer::new(text, bkt_core::document::plan(&plan)));
    }
    run::fulfil(context, &session, plan, Together::Apart)
}

/// The steps of a run that were done.
fn steps(receipt: &Receipt) -> impl Iterator<Item = &Step> {
    let done = |state| matches!(state, StepState::Done | StepState::Waiting);
    let results = receipt.operations.iter().filter(move |result| done(result.state));
    results.filter_map(|result| receipt.plan.steps.get(result.n.checked_sub(1)?))
}

/// The wishes about what is still as the run left it, and the items that are not.
fn still_so(session: &Session, undone: Vec<(ItemId, Wish, Wanted)>) -> Result<(Wishes, Vec<ItemId>), Failure> {
    // What the run left behind, asked for again, must need nothing.
    let mut left = Wishes::new();
    for (item, wish, to) in &undone {
        let known = left.entry(item.clone()).or_default();
        known.setup = known.setup.take().or_else(|| wish.setup.as_ref().map(|_| to.clone()));
        known.computer = known.computer.take().or_else(|| wish.computer.as_ref().map(|_| to.clone()));
        known.live |= wish.live;
    }
    let (_, plan) = session.wish(&left)?;
    let mut changed: Vec<ItemId> = plan.steps.into_iter().map(|step| step.item).collect();
    let mut wishes = Wishes::new();
    for (item, wish, _) in undone.into_iter().filter(|(item, ..)| !changed.contains(item)) {
        let known = wishes.entry(item).or_default();
        known.setup = wish.setup.or(known.setup.take());
        known.computer = wish.computer.or(known.computer.take());
        known.live |= wish.live;
    }
    changed.sort();
    changed.dedup();
    Ok((wishes, changed))
}
