// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt log`: what past runs did.
//!
//! Invariant: only receipts are read; nothing is compared.

use anstyle::Style;
use bkt_core::describe;
use bkt_core::i18n::{fill, gettext};
use bkt_core::run::receipt::history;
use bkt_core::run::{Outcome, Receipt, Source, StepState};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use crate::args::LogArgs;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::ui::{BAD, BOLD, DIM, GOOD, WARN, padded, styled, widest};

/// `bkt log [N]`.
pub(super) fn log(context: &Context, args: &LogArgs) -> Result<Answer, Failure> {
    let state = context.environment.state()?;
    let runs = history(&state)
        .map_err(|error| Failure::new(exit::FAILED, "file_unusable", format!("{}: {error}", state.display())))?;
    let Some(number) = args.run else { return Ok(list(&runs)) };
    let Some(receipt) = runs.iter().find(|receipt| receipt.run == number) else { return Err(no_run(number, &runs)) };
    Ok(Answer::new(one(receipt), json!(receipt)))
}

/// The refusal of a number no run has.
pub(super) fn no_run(number: u64, runs: &[Receipt]) -> Failure {
    let message = fill(&gettext("there is no run {run}"), &[("run", &number.to_string())]);
    let hint = match (runs.first(), runs.last()) {
        (Some(newest), Some(oldest)) if newest.run != oldest.run => {
            let values = [("first", oldest.run.to_string()), ("last", newest.run.to_string())];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            fill(&gettext("‘bkt log’ lists the runs, {first} to {last}"), &values)
        }
        (Some(only), _) => fill(&gettext("The only run is {run}"), &[("run", &only.run.to_string())]),
        _ => gettext("Nothing was run yet"),
    };
    Failure::new(exit::USAGE, "unknown_run", message).hinted(hint)
}

/// A moment in the person's time zone.
pub(super) fn when(time: Timestamp) -> String {
    time.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn source(source: Source) -> String {
    match source {
        Source::Cli => gettext("command line"),
        Source::Window => gettext("window"),
        Source::FirstBoot => gettext("first start"),
    }
}

fn outcome(receipt: &Receipt) -> (Style, String) {
    match receipt.result {
        Outcome::Done => (GOOD, gettext("done")),
        Outcome::Partial => (WARN, gettext("partly")),
        Outcome::Failed => (BAD, gettext("failed")),
        Outcome::Running => (WARN, gettext("running")),
        Outcome::CutOff => (BAD, gettext("cut off")),
    }
}

fn list(runs: &[Receipt]) -> Answer {
    let mut text = String::new();
    let outcomes = widest(runs.iter().map(|receipt| outcome(receipt).1));
    let sources = widest(runs.iter().map(|receipt| source(receipt.source)));
    for receipt in runs {
        let ids: Vec<String> = receipt.items().iter().map(ToString::to_string).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let number = format!("{:>4}", receipt.run);
        let (style, ended) = outcome(receipt);
        let head = format!(
            "{}  {}  {}  {}",
            styled(BOLD, &number),
            when(receipt.started_at),
            styled(style, &padded(&ended, outcomes)),
            padded(&source(receipt.source), sources),
        );
        let items = describe::names(&ids);
        let fits = 4 + 2 + 16 + 2 + outcomes + 2 + sources + 2 + items.width() <= 80;
        text.push_str(&if fits {
            format!("{head}  {items}\n")
        } else {
            format!("{head}\n      {}\n", styled(DIM, &items))
        });
    }
    if runs.is_empty() {
        text = gettext("Nothing was run yet.");
    }
    let document = json!({"format": "bkt.log", "format_version": "1.0", "runs": runs});
    Answer::new(text, document)
}

fn one(receipt: &Receipt) -> String {
    let values = [
        ("run", receipt.run.to_string()),
        ("when", when(receipt.started_at)),
        ("source", source(receipt.source)),
        ("plan", receipt.plan.short()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut out = fill(&gettext("Run {run}, {when}, {source}, plan {plan}\n"), &values);
    let wide = widest(receipt.operations.iter().map(|result| describe::step_state(result.state)));
    for (result, step) in
        receipt.operations.iter().filter_map(|result| Some((result, receipt.plan.steps.get(result.n.checked_sub(1)?)?)))
    {
        let style = match result.state {
            StepState::Done => GOOD,
            StepState::Waiting | StepState::Skipped => WARN,
            _ => BAD,
        };
        let state = padded(&describe::step_state(result.state), wide);
        out.push_str(&format!("  {}  {}\n", styled(style, &state), describe::step(step)));
        if let Some(problem) = &result.problem {
            out.push_str(&format!("      {}\n", problem.message));
        }
    }
    if matches!(receipt.result, Outcome::Running | Outcome::CutOff) {
        receipt.plan.steps.iter().for_each(|step| out.push_str(&format!("  {}\n", describe::step(step))));
    }
    if receipt.result == Outcome::CutOff {
        let sentence = gettext(
            "It was cut off, so that it is not known what of this was done.\n\
             ‘bkt undo {run}’ looks, and takes back what is so now.\n",
        );
        out.push_str(&fill(&sentence, &[("run", &receipt.run.to_string())]));
    }
    out
}
