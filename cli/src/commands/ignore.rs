// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt ignore`, `bkt unignore`: stop reporting items, and report them again.
//!
//! Invariant: only `.bktignore` in the setup is changed, and only for words that could name something.

use std::path::Path;

use bkt_core::compare::Comparison;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::ignore::{self, Ignored};
use bkt_core::item::{Domain, ItemId};
use bkt_core::session::Session;
use serde_json::{Value as Json, json};

use crate::args::{IgnoreArgs, UnignoreArgs};
use crate::context::{Context, typed};
use crate::error::{Answer, Failure, exit};
use crate::select;
use crate::ui::{BOLD, DIM, styled};

/// `bkt ignore ITEM…`.
pub(super) fn ignore(context: &Context, args: &IgnoreArgs) -> Result<Answer, Failure> {
    let session = context.session()?;
    let snapshot = super::run::compare(context, &session)?;
    if args.list {
        return list(context, &session, &snapshot.comparison);
    }
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
            ignore::add(&session.setup, word).map_err(|error| unusable(&file, &error))?;
        }
    }
    let document = document(!context.globals.dry_run, &entries);
    let words: Vec<String> = args.items.iter().map(|word| typed(word)).collect();
    let hint = fill(&gettext("To hear of it again: bkt unignore {items}"), &[("items", &words.join(" "))]);
    Ok(Answer::new(text, document).hinted(hint))
}

fn unusable(file: &Path, error: &std::io::Error) -> Failure {
    let values = [("file", &*file.display().to_string()), ("reason", &error.to_string())];
    Failure::new(exit::FAILED, "file_unusable", fill(&gettext("{file}: {reason}"), &values))
}

fn patterns(session: &Session) -> Result<Ignored, Failure> {
    Ignored::load(&session.setup).map_err(|error| unusable(&session.setup.join(ignore::IGNORE_FILE), &error))
}

/// `bkt ignore --list`.
fn list(context: &Context, session: &Session, comparison: &Comparison) -> Result<Answer, Failure> {
    let ignored = patterns(session)?;
    let (mut text, mut entries) = (String::new(), Vec::new());
    for pattern in ignored.patterns() {
        let hidden = comparison.ignored.iter().filter(|change| ignored.why(&change.id) == Some(pattern));
        let hidden: Vec<String> = hidden.map(|change| change.id.to_string()).collect();
        text.push_str(&format!("{}\n", styled(BOLD, pattern)));
        hidden.iter().filter(|id| *id != pattern).for_each(|id| text.push_str(&format!("  {id}\n")));
        if hidden.is_empty() {
            text.push_str(&format!("  {}\n", styled(DIM, &gettext("hides nothing now"))));
        }
        entries.push(json!({"pattern": pattern, "changes": hidden.len(), "items": hidden}));
    }
    if text.is_empty() {
        text = fill(
            &gettext("Nothing is ignored: {file} has no patterns."),
            &[("file", &context.environment.short(&session.setup.join(ignore::IGNORE_FILE)))],
        );
    }
    Ok(Answer::new(text, document(false, &entries)))
}

/// `bkt unignore PATTERN…`.
pub(super) fn unignore(context: &Context, args: &UnignoreArgs) -> Result<Answer, Failure> {
    let session = context.session()?;
    let ignored = patterns(&session)?;
    if let Some(unknown) = args.patterns.iter().find(|word| ignored.patterns().all(|pattern| pattern != *word)) {
        let values = [("pattern", unknown.as_str()), ("file", ignore::IGNORE_FILE)];
        let failure =
            Failure::new(exit::USAGE, "unknown_item", fill(&gettext("{file} has no line ‘{pattern}’"), &values));
        let why = unknown.parse::<ItemId>().ok().and_then(|item| ignored.why(&item));
        return Err(failure.hinted(match (why, select::nearest(unknown, ignored.patterns())) {
            (Some(pattern), _) => fill(&gettext("It is ignored by the line ‘{pattern}’"), &[("pattern", pattern)]),
            (None, Some(similar)) => fill(&gettext("Did you mean {item}?"), &[("item", similar)]),
            (None, None) => gettext("‘bkt ignore --list’ lists the patterns"),
        }));
    }
    let (mut text, mut entries) = (String::new(), Vec::new());
    let snapshot = super::run::compare(context, &session)?;
    for word in &args.patterns {
        let again = snapshot.comparison.ignored.iter().filter(|change| ignored.why(&change.id) == Some(word)).count();
        let sentence = if context.globals.dry_run {
            ngettext(
                "Would report {item} again ({count} change now).\n",
                "Would report {item} again ({count} changes now).\n",
                u32::try_from(again).unwrap_or(u32::MAX),
            )
        } else {
            ignore::remove(&session.setup, word)
                .map_err(|error| unusable(&session.setup.join(ignore::IGNORE_FILE), &error))?;
            ngettext(
                "Reporting {item} again ({count} change now).\n",
                "Reporting {item} again ({count} changes now).\n",
                u32::try_from(again).unwrap_or(u32::MAX),
            )
        };
        text.push_str(&fill(&sentence, &[("item", word), ("count", &again.to_string())]));
        entries.push(json!({"pattern": word, "changes": again}));
    }
    Ok(Answer::new(text, document(!context.globals.dry_run, &entries)))
}

fn document(written: bool, entries: &[Json]) -> Json {
    json!({
        "format": "bkt.ignore",
        "format_version": "1.0",
        "file": ignore::IGNORE_FILE,
        "written": written,
        "entries": entries,
    })
}
