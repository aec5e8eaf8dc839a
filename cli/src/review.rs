// SPDX-License-Identifier: GPL-3.0-or-later
//! A plan as text: what happens, in the order it happens, under when and by whom.
//!
//! Invariant: every step and every deferral of the plan is shown; the counts are the plan's own.

use bkt_core::describe;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::item::Domain;
use bkt_core::plan::{Direction, Plan, Step};
use bkt_core::recipe::file::Foreseen;
use bkt_core::value::Value;
use serde_json::Value as Json;
use unicode_width::UnicodeWidthStr;

use crate::ui::{BOLD, DIM, padded, styled, wrapped};

/// The plan, its deferrals and its counts.
pub(crate) fn plan(plan: &Plan, undecided: usize, width: usize) -> String {
    plan_with(plan, &Foreseen::default(), undecided, width)
}

/// The same, with what becomes of the recipe under the files that it follows.
pub(crate) fn plan_with(plan: &Plan, recipe: &Foreseen, undecided: usize, width: usize) -> String {
    let mut out = String::new();
    let sentences: Vec<String> = plan.steps.iter().map(describe::step).collect();
    let limit = width.saturating_sub(30).max(30);
    let wide = sentences.iter().map(|text| text.width()).filter(|width| *width <= limit).max().unwrap_or(0);
    let mut group = String::new();
    let last_file = plan.numbered().filter(|(_, step)| step.manifest().is_some()).map(|(n, _)| n).last();
    for ((n, step), sentence) in plan.numbered().zip(&sentences) {
        let heading = describe::step_group(step);
        if heading != group {
            out.push_str(&format!("{}\n", styled(BOLD, &heading)));
            group = heading;
        }
        let values = values(step);
        let line = if values.is_empty() {
            format!("  {}", wrapped(sentence, 2, 6, width))
        } else if sentence.width() <= wide && 4 + wide + values.width() <= width {
            format!("  {}  {}", padded(sentence, wide), styled(DIM, &values))
        } else {
            format!("  {}\n      {}", wrapped(sentence, 2, 6, width), styled(DIM, &values))
        };
        out.push_str(&format!("{line}\n"));
        if Some(n) == last_file {
            for sentence in describe::recipe(recipe) {
                out.push_str(&format!("  {}\n", wrapped(&sentence, 2, 6, width)));
            }
        }
    }
    if !plan.deferred.is_empty() {
        out.push_str(&format!("{}\n", styled(BOLD, &gettext("Not in This Plan"))));
        for deferred in &plan.deferred {
            let (item, why) = (deferred.item.to_string(), describe::deferral(deferred.why));
            let fits = 4 + item.width() + why.width() <= width;
            let line = if fits { format!("  {item}  {why}\n") } else { format!("  {item}\n      {why}\n") };
            out.push_str(&line);
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&counts(plan, undecided));
    out.push('\n');
    out
}

/// `before → after` where both are known and differ; what is installed where only one is.
fn values(step: &Step) -> String {
    let text = |json: &Json| Value::from_json(step.item.domain, json).map(|value| value.to_string());
    match (step.from.as_ref().and_then(text), step.to.as_ref().and_then(text)) {
        (Some(from), Some(to)) => format!("{from} → {to}"),
        (None, Some(to)) if step.direction == Direction::Capture && step.item.domain != Domain::Pkg => to,
        _ => String::new(),
    }
}

/// `Plan: 3 to apply, 1 to capture, 2 left undecided. 1 needs a restart, 2 need administrator.`
pub(crate) fn counts(plan: &Plan, undecided: usize) -> String {
    let summary = plan.summary();
    let count = |n: usize, one: &str, many: &str| {
        let sentence = ngettext(one, many, u32::try_from(n).unwrap_or(u32::MAX));
        (n > 0).then(|| fill(&sentence, &[("count", &n.to_string())]))
    };
    let what = [
        count(summary.apply, "{count} to apply", "{count} to apply"),
        count(summary.capture, "{count} to capture", "{count} to capture"),
        count(undecided, "{count} left undecided", "{count} left undecided"),
    ];
    let needs = [
        count(summary.needs_restart, "{count} needs a restart", "{count} need a restart"),
        count(summary.needs_admin, "{count} needs an administrator", "{count} need an administrator"),
    ];
    let what = what.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let needs = needs.into_iter().flatten().collect::<Vec<_>>().join(", ");
    match (plan.is_empty(), needs.is_empty()) {
        (true, _) if undecided > 0 => fill(&gettext("Nothing to run; {what}."), &[("what", &what)]),
        (true, _) => gettext("Nothing to run."),
        (false, true) => fill(&gettext("Plan: {what}."), &[("what", &what)]),
        (false, false) => fill(&gettext("Plan: {what}. {needs}."), &[("what", &what), ("needs", &needs)]),
    }
}
