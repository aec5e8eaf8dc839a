// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt drift`: every difference in one list, or only whether there is one.
//!
//! Invariant: nothing is changed; what could not be checked is never counted as equal.

use bkt_core::compare::{Change, Comparison, Origin, Shape};
use bkt_core::document;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::session::Snapshot;
use serde_json::Value as Json;

use super::notify;
use super::status::{unchecked, verdict, warnings};
use crate::args::{DriftArgs, DriftCheck, DriftCommand, DriftList, Side};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::list;

/// `bkt drift`, `bkt drift list`, `bkt drift check`.
pub(super) fn drift(context: &Context, args: &DriftArgs) -> Result<Answer, Failure> {
    match &args.command {
        None => list(context, &args.list),
        Some(DriftCommand::List(args)) => list(context, args),
        Some(DriftCommand::Check(args)) => check(context, args),
    }
}

fn list(context: &Context, args: &DriftList) -> Result<Answer, Failure> {
    let mut snapshot = super::run::compare_kinds(context, &context.session()?, &args.kinds.domains())?;
    if let Some(side) = args.origin {
        snapshot.comparison.changes.retain(|change| is_from(change, side));
        snapshot.comparison.ignored.retain(|change| is_from(change, side));
    }
    let comparison = &snapshot.comparison;
    let shown: Vec<&Change> = if args.ignored { &comparison.ignored } else { &comparison.changes }.iter().collect();
    let mut text = list::grouped(&shown, context.ui.width());
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&unchecked(comparison));
    // What another side changed is no difference here, and no match either.
    let is_none = args.origin.is_some() && comparison.changes.is_empty() && !args.ignored;
    text.push_str(&if is_none { gettext("No such difference.") } else { totals(comparison, args.ignored) });
    text.push('\n');
    let mut hints = warnings(comparison);
    if !shown.is_empty() {
        hints.push_str(&list::legend());
    }
    if !comparison.temporary.is_empty() {
        if !hints.is_empty() && !hints.ends_with('\n') {
            hints.push('\n');
        }
        hints.push_str(&super::local::count(comparison));
    }
    let exit = if args.exit_code { verdict(comparison) } else { exit::DONE };
    Ok(Answer::new(text, document(context, &snapshot)).hinted(hints).exiting(exit))
}

/// Whether a side made a change what it is.
fn is_from(change: &Change, side: Side) -> bool {
    let of = match change.origin {
        Origin::ComputerChanged => Side::Computer,
        Origin::SetupChanged => Side::Setup,
        Origin::BothChanged => Side::Both,
        Origin::New => Side::New,
    };
    of == side
}

/// The document, where one is wanted: with many changes it is most of the work.
fn document(context: &Context, snapshot: &Snapshot) -> Json {
    if context.ui.json { document::drift(snapshot) } else { Json::Null }
}

/// `6 changes: 1 only here, 2 missing, 3 different. 4 ignored.`
fn totals(comparison: &Comparison, only_ignored: bool) -> String {
    let number = |n: usize, one: &str, many: &str| {
        fill(&ngettext(one, many, u32::try_from(n).unwrap_or(u32::MAX)), &[("count", &n.to_string())])
    };
    let ignored = comparison.ignored.len();
    let rest = number(ignored, "{count} ignored.", "{count} ignored.");
    if only_ignored {
        return rest;
    }
    let changes = &comparison.changes;
    if changes.is_empty() {
        return super::status::in_sync(comparison);
    }
    let of = |shape: Shape| changes.iter().filter(|change| change.shape == shape).count();
    let parts = [
        (of(Shape::OnlyHere), gettext("{count} only here")),
        (of(Shape::Missing), gettext("{count} missing")),
        (of(Shape::Different), gettext("{count} different")),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| fill(words, &[("count", &count.to_string())]))
        .collect();
    let all = number(changes.len(), "{count} change: {parts}.", "{count} changes: {parts}.");
    let all = fill(&all, &[("parts", &parts.join(", "))]);
    if ignored == 0 { all } else { fill(&gettext("{changes} {ignored}"), &[("changes", &all), ("ignored", &rest)]) }
}

fn check(context: &Context, args: &DriftCheck) -> Result<Answer, Failure> {
    let session = context.brief_session()?;
    let snapshot = super::run::compare_kinds(context, &session, &args.kinds.domains())?;
    let comparison = &snapshot.comparison;
    if args.notify {
        notify::tell(context, &session, comparison)?;
    }
    let exit = verdict(comparison);
    let text = match exit {
        _ if context.ui.quiet => String::new(),
        exit::UNCHECKED => unchecked(comparison),
        _ => totals(comparison, false),
    };
    Ok(Answer::new(text, document(context, &snapshot)).exiting(exit))
}
