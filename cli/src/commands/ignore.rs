// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt ignore`: stop reporting items.
//!
//! Invariant: only `.bktignore` in the setup is changed, and only for words that could name something.

use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::ignore;
use bkt_core::item::{Domain, ItemId};
use serde_json::json;

use crate::args::IgnoreArgs;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::select;

/// `bkt ignore ITEM…`.
pub(super) fn ignore(context: &Context, args: &IgnoreArgs) -> Result<Answer, Failure> {
    let session = context.session()?;
    let snapshot = super::run::compare(context, &session)?;
    let changes = &snapshot.comparison.changes;
    let mut text = String::new();
    let mut entries = Vec::new();
    for word in &args.items {
        let is_pattern = word.contains('*') && !word.contains(char::is_control);
        if !is_pattern && word.parse::<Domain>().is_err() && word.parse::<ItemId>().is_err() {
            // Says what was probably meant.
            select::pick(&snapshot.comparison, std::slice::from_ref(word))?;
        }
        let count = changes.iter().filter(|change| select::covers(word, &change.id)).count();
        entries.push(json!({"pattern": word, "changes": count}));
        let sentence = if context.globals.dry_run {
            ngettext(
                "Would ignore {item} ({count} change now).\n",
                "Would ignore {item} ({count} changes now).\n",
                u32::try_from(count).unwrap_or(u32::MAX),
            )
        } else {
            ngettext(
                "Ignoring {item} ({count} change now).\n",
                "Ignoring {item} ({count} changes now).\n",
                u32::try_from(count).unwrap_or(u32::MAX),
            )
        };
        text.push_str(&fill(&sentence, &[("item", word), ("count", &count.to_string())]));
    }
    let file = session.setup.join(ignore::IGNORE_FILE);
    if !context.globals.dry_run {
        for word in &args.items {
            ignore::add(&session.setup, word).map_err(|error| {
                let values = [("file", &*file.display().to_string()), ("reason", &error.to_string())];
                let message = fill(&gettext("{file} cannot be written: {reason}"), &values);
                Failure::new(exit::FAILED, "file_unusable", message)
            })?;
        }
    }
    let document = json!({
        "format": "bkt.ignore",
        "format_version": "1.0",
        "file": ignore::IGNORE_FILE,
        "written": !context.globals.dry_run,
        "entries": entries,
    });
    let hint = fill(
        &gettext("To hear of it again, delete its line in {file}."),
        &[("file", &context.environment.short(&file))],
    );
    Ok(Answer::new(text, document).hinted(hint))
}
