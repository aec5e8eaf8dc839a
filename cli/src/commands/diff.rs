// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt diff`: both sides of changes and what could be done about each.
//!
//! Invariant: nothing is changed.

use bkt_core::compare::Change;
use bkt_core::document;
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::Domain;

use super::containerfile::named::named;
use super::status::{in_sync, unchecked, verdict};
use crate::args::DiffArgs;
use crate::card::Cards;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::select::{self, is_section};

/// `bkt diff`.
pub(super) fn diff(context: &Context, args: &DiffArgs) -> Result<Answer, Failure> {
    let session = context.session()?;
    let (sections, items): (Vec<&str>, Vec<&str>) =
        args.items.iter().map(String::as_str).partition(|it| is_section(it));
    let items: Vec<String> = items.into_iter().map(str::to_owned).collect();
    // The recipe is not of this computer.
    let kinds: &[Domain] = if items.is_empty() && !sections.is_empty() { &[] } else { &Domain::ALL };
    let snapshot = super::run::compare_named(context, &session, kinds, &items)?;
    let comparison = &snapshot.comparison;
    let (changes, equal): (Vec<&Change>, _) = if args.items.is_empty() {
        (comparison.changes.iter().collect(), Vec::new())
    } else {
        let picked = select::pick(comparison, &items)?;
        (picked.changes, picked.equal)
    };
    let sections = named(context, &sections)?;
    let cards = Cards::new(&session, &snapshot, &changes, context.ui.width());
    let mut text = cards.all(&changes);
    for item in &equal {
        text.push_str(&fill(&gettext("{item} matches the setup.\n"), &[("item", &item.to_string())]));
    }
    if args.items.is_empty() {
        text.push_str(if changes.is_empty() || comparison.unknown.is_empty() { "" } else { "\n" });
        text.push_str(&unchecked(comparison));
    }
    text.push_str(if changes.is_empty() || sections.text.is_empty() { "" } else { "\n" });
    text.push_str(&sections.text);
    if changes.is_empty() && equal.is_empty() && sections.text.is_empty() {
        text.push_str(&if args.items.is_empty() { in_sync(comparison) } else { gettext("No differences.") });
    }
    let mut document = document::drift(&snapshot);
    document["items"] = changes.iter().map(|change| document::change(change)).collect();
    document["sections"] = sections.documents.into();
    let nothing = changes.is_empty() && !sections.differs;
    // An item that was asked for and could not be checked is a failure already.
    let exit = match (args.exit_code, args.items.is_empty(), nothing) {
        (false, ..) | (true, false, true) => exit::DONE,
        (true, true, _) => verdict(comparison),
        (true, false, false) => exit::DIFFERENCES,
    };
    let answer = Answer::new(text, document).exiting(exit);
    Ok(if sections.text.is_empty() { answer } else { answer.verbatim() })
}
