// SPDX-License-Identifier: GPL-3.0-or-later
//! Changes as lines of text, one per change.
//!
//! Invariant: a key is always shown whole, so that it can be copied; a row that would not fit is broken after it.

use anstyle::Style;
use bkt_core::compare::{Change, Decision, Effect, Origin, Privilege, Shape};
use bkt_core::describe;
use bkt_core::i18n::gettext;
use bkt_core::item::Domain;
use unicode_width::UnicodeWidthStr;

use crate::ui::{BAD, BOLD, DIM, GOOD, WARN, padded, styled};

/// The sign before a change, and its style.
pub(crate) fn sign(change: &Change) -> (char, Style) {
    match (change.origin, change.shape) {
        (Origin::BothChanged, _) => ('!', BAD),
        (_, Shape::OnlyHere) => ('+', GOOD),
        (_, Shape::Missing) => ('-', WARN),
        (_, Shape::Different) => ('~', WARN),
    }
}

/// What Bucket would do, as a question.
fn suggestion(change: &Change) -> String {
    match change.suggestion() {
        Some(Decision::Apply) => gettext("apply?"),
        Some(Decision::Capture) => gettext("capture?"),
        _ => String::new(),
    }
}

/// How the sides differ, in a few words.
fn what(change: &Change) -> String {
    describe::values(change).unwrap_or_else(|| match change.shape {
        Shape::OnlyHere => gettext("only here"),
        Shape::Missing => gettext("missing here"),
        Shape::Different => gettext("different"),
    })
}

/// Which side moved, where that is known.
fn origin(change: &Change) -> String {
    match change.origin {
        Origin::ComputerChanged => gettext("changed here"),
        Origin::SetupChanged => gettext("changed in the setup"),
        Origin::BothChanged => gettext("changed in both places"),
        Origin::New => String::new(),
    }
}

/// All changes, under the heading of their kind.
pub(crate) fn grouped(changes: &[&Change], width: usize) -> String {
    let mut out = String::new();
    for domain in Domain::ALL {
        let group: Vec<&Change> = changes.iter().copied().filter(|change| change.id.domain == domain).collect();
        if !group.is_empty() {
            out.push_str(&heading(domain, &group, width));
            out.push_str(&rows(&group, width));
        }
    }
    out
}

/// The kind on the left, and on the right what all its changes have in common.
fn heading(domain: Domain, group: &[&Change], width: usize) -> String {
    let title = describe::domain(domain);
    let mut common = Vec::new();
    if group.iter().all(|change| change.effect == Effect::Restart) {
        common.push(describe::effect(Effect::Restart));
    }
    if group.iter().all(|change| change.privilege == Privilege::Admin) {
        common.extend(describe::privilege(Privilege::Admin));
    }
    let common = common.join(", ");
    let gap = width.saturating_sub(title.width() + common.width()).max(2);
    let line = format!("{}{}{}", styled(BOLD, &title), " ".repeat(gap), styled(DIM, &common));
    format!("{}\n", if common.is_empty() { styled(BOLD, &title) } else { line })
}

fn rows(group: &[&Change], width: usize) -> String {
    let cells: Vec<[String; 4]> =
        group.iter().map(|change| [change.id.key.clone(), what(change), origin(change), suggestion(change)]).collect();
    let origins = cells.iter().map(|row| row[2].width()).max().unwrap_or(0);
    let proposals = cells.iter().map(|row| row[3].width()).max().unwrap_or(0);
    // Margin, sign and gaps take ten columns; a row with a long name or long values is broken after the name.
    let room = width.saturating_sub(10 + origins + proposals);
    let is_long = |row: &[String; 4]| row[1].width() > 24 || row[0].width() + row[1].width() > room;
    let widest = |column: usize| cells.iter().filter(|row| !is_long(row)).map(|row| row[column].width()).max();
    let (key, what) = (widest(0).unwrap_or(0), widest(1).unwrap_or(0));
    let mut out = String::new();
    for (change, row) in group.iter().zip(&cells) {
        let [name, said, origin, proposal] = row;
        let (mark, style) = sign(change);
        let rest = format!("  {}  {}", padded(origin, origins), styled(DIM, proposal));
        let rest = match (origin.is_empty(), proposal.is_empty()) {
            (true, true) => String::new(),
            (false, true) => format!("  {origin}"),
            (_, false) => rest,
        };
        let (name, said) = match (is_long(row), rest.is_empty()) {
            (true, _) => (format!("{name}\n    "), said.clone()),
            (false, true) => (padded(name, key), said.clone()),
            (false, false) => (padded(name, key), padded(said, what)),
        };
        out.push_str(&format!("  {style}{mark}{style:#} {name}  {said}{rest}\n"));
    }
    out
}

/// What the signs mean.
pub(crate) fn legend() -> String {
    gettext("+ only here   - missing here   ~ different   ! changed in both   setup → here")
}
