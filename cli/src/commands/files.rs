// SPDX-License-Identifier: GPL-3.0-or-later
//! What the commands about files share: differences line by line.
//!
//! Invariant: nothing is changed, and what is no text is not printed.

use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::session::Session;
use bkt_core::tree::{Difference, of_change};
use serde_json::json;

use super::run;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::ui::{BOLD, DIM, styled};

/// The differences of files between setup and here: those named, or all that differ.
pub(super) fn diff(context: &Context, session: &Session, domain: Domain, named: &[ItemId]) -> Result<Answer, Failure> {
    let snapshot = run::compare_files(context, session, domain, named)?;
    let comparison = &snapshot.comparison;
    for item in named {
        if let Some(unknown) = comparison.unknown.iter().find(|unknown| unknown.item.as_ref() == Some(item)) {
            return Err(Failure { problem: unknown.problem.clone(), exit: exit::NOT_POSSIBLE });
        }
        let seen = comparison.seen(item);
        let there = seen.is_some_and(|seen| seen.value.is_some());
        if comparison.change(item).is_none() && !there {
            let message = fill(&gettext("nothing here or in the setup is called ‘{item}’"), &[("item", &item.key)]);
            return Err(Failure::new(exit::USAGE, "unknown_item", message));
        }
    }
    let changes = comparison.changes.iter().chain(&comparison.ignored);
    let changes: Vec<_> = match named {
        [] => comparison.changes.iter().collect(),
        named => changes.filter(|change| named.contains(&change.id)).collect(),
    };
    let (mut text, mut items) = (String::new(), Vec::new());
    for change in changes {
        let failed = |problem| Failure { problem, exit: exit::FAILED };
        let difference = of_change(session.host.as_ref(), &session.setup, change).map_err(failed)?;
        let values = [("item", &*change.id.to_string())];
        let sides = match (change.id.domain, &change.setup) {
            (Domain::Etc, None) => gettext("{item}  a: image, b: this computer\n"),
            _ => gettext("{item}  a: setup, b: this computer\n"),
        };
        text.push_str(&styled(BOLD, &fill(&sides, &values)));
        text.push_str(&shown(&difference));
        let mut document = json!(difference);
        document["id"] = json!(change.id);
        document["setup"] = json!(change.setup);
        document["computer"] = json!(change.computer);
        items.push(document);
    }
    if text.is_empty() {
        text = gettext("No differences.");
    }
    Ok(Answer::new(text, json!({"format": "bkt.file-diff", "format_version": "1.0", "items": items})).verbatim())
}

fn shown(difference: &Difference) -> String {
    match (difference.binary, difference.diff.is_empty()) {
        (true, _) => styled(DIM, &gettext("They are no text, so their lines are not shown.\n")),
        (false, true) => styled(DIM, &gettext("The content is the same; its permissions, or what it is, differ.\n")),
        // A file may hold anything; a terminal is not told.
        (false, false) => difference.diff.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect(),
    }
}
