// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt undo`: takes back what a run did, as a plan of its own.
//!
//! Invariant: what was changed again since the run stays as it is, and is named.

use std::collections::BTreeSet;

use bkt_core::i18n::{fill, gettext};
use bkt_core::item::ItemId;
use bkt_core::plan::Wishes;
use bkt_core::plan::wish::{self, Undo};
use bkt_core::run::receipt::history;
use bkt_core::run::{Outcome, Receipt};
use bkt_core::session::{Session, Undone};

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
        None => runs.iter().find(|receipt| receipt.undoable().next().is_some()),
    };
    let Some(receipt) = found else {
        return Err(match args.run {
            Some(number) => super::log::no_run(number, &runs),
            None => Failure::new(exit::USAGE, "unknown_run", gettext("there is no run to undo")),
        });
    };
    let number = receipt.run.to_string();
    if receipt.result == Outcome::Running {
        let message = fill(&gettext("run {run} has not ended yet"), &[("run", &number)]);
        return Err(Failure::new(exit::NOT_POSSIBLE, "busy", message));
    }
    let session = context.session()?;
    let Undo { mut before, left } = wish::undo(receipt.undoable());
    // What the run left behind, asked for again, needs nothing where it is still so.
    let (_, plan) = session.wish(&left)?;
    if receipt.result == Outcome::CutOff {
        let sentence = gettext("Run {run} was cut off: what of it is so now is taken back.");
        context.ui.say(&fill(&sentence, &[("run", &number)]));
        wish::leave_out(&mut before, &plan);
        return take_back(context, &session, receipt, &before);
    }
    let mut changed: BTreeSet<ItemId> = plan.steps.into_iter().map(|step| step.item).collect();
    if !changed.is_empty() {
        // What is as it was before the run already was taken back by someone else, or by a run that was cut off.
        let (_, back) = session.wish(&before)?;
        changed.retain(|item| back.steps.iter().any(|step| step.item == *item));
    }
    before.retain(|item, _| !changed.contains(item));
    for item in &changed {
        let values = [("item", &*item.to_string())];
        context.ui.say(&fill(&gettext("Left alone: {item} was changed again since."), &values));
    }
    take_back(context, &session, receipt, &before)
}

/// Makes everything as it was before a run.
fn take_back(context: &Context, session: &Session, receipt: &Receipt, before: &Wishes) -> Result<Answer, Failure> {
    let (_, plan) = session.wish(before)?;
    let undone = Undone { receipt, wishes: before };
    if plan.is_empty() {
        if !context.globals.dry_run
            && let Ok(snapshot) = session.compare()
        {
            // A state directory that cannot be written costs what is suggested next, and no more.
            let _ = session.agree_as_before(undone, &snapshot.comparison);
        }
        let text = fill(&gettext("Nothing of run {run} is left to undo."), &[("run", &receipt.run.to_string())]);
        return Ok(run::with_recipe(session, Answer::new(text, bkt_core::document::plan(&plan))));
    }
    run::fulfil(context, session, plan, Together::Back(undone))
}
