// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt local`: what was changed on this computer alone, on purpose.
//!
//! Invariant: only `commit` writes the setup, and nothing here changes the computer.

use bkt_core::compare::Comparison;
use bkt_core::describe;
use bkt_core::document;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::plan::Consent;
use bkt_core::problem::Problem;
use bkt_core::repository::entry::Notes;
use bkt_core::session::{Session, Snapshot};
use bkt_core::temporary::words::{heading, notes};
use bkt_core::temporary::{self, Deed, Standing, Store, Temporary};
use serde_json::{Value as Json, json};
use unicode_width::UnicodeWidthStr;

use super::log::when;
use super::run::{self, Together};
use crate::args::{LocalClear, LocalCommand, LocalCommit, LocalItems};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::prompt;
use crate::select::{covers, nearest};
use crate::ui::{BOLD, DIM, WARN, padded, styled, widest};

/// How many items `bkt status` names.
const NAMED: usize = 5;

/// `bkt local …`.
pub(super) fn local(context: &Context, command: &LocalCommand) -> Result<Answer, Failure> {
    match command {
        LocalCommand::List(which) => list(context, which),
        LocalCommand::Show(which) => show(context, which),
        LocalCommand::Commit(args) => commit(context, args),
        LocalCommand::Clear(args) => clear(context, args),
        LocalCommand::Path => {
            let store = store(&context.session()?)?;
            let path = store.path().display().to_string();
            Ok(Answer::new(path, document::local(&[], store.path())))
        }
    }
}

fn store(session: &Session) -> Result<Store, Failure> {
    Store::of(session.host.as_ref())
        .ok_or_else(|| Failure::new(exit::NOT_POSSIBLE, "no_home", gettext("HOME is not set")))
}

/// What this is all about; a file that cannot be read is a failure here, where nothing else is asked for.
fn compared(context: &Context, session: &Session) -> Result<Snapshot, Failure> {
    let snapshot = run::compare(context, session)?;
    match snapshot.comparison.temporary_unknown {
        None => Ok(snapshot),
        Some(problem) => Err(Failure { problem, exit: exit::FAILED }),
    }
}

/// The records that words name; all without words.
fn chosen<'c>(comparison: &'c Comparison, which: &LocalItems) -> Result<Vec<&'c Temporary>, Failure> {
    let all = &comparison.temporary;
    let words: Vec<&str> = which.items.iter().chain(&which.domain).map(String::as_str).collect();
    let is_word_of = |word: &str, temporary: &Temporary| covers(word, &temporary.id) || temporary.record.domain == word;
    for word in &words {
        let is_kind = word.parse::<Domain>().is_ok() || word.contains('*') || which.domain.as_deref() == Some(word);
        if !is_kind && !all.iter().any(|temporary| is_word_of(word, temporary)) {
            let message = fill(&gettext("{item} was not changed here alone"), &[("item", word)]);
            let ids: Vec<String> = all.iter().map(|temporary| temporary.id.to_string()).collect();
            let names = ids.iter().map(String::as_str).chain(all.iter().map(|temporary| temporary.id.key.as_str()));
            let hint = match nearest(word, names) {
                Some(similar) => fill(&gettext("Did you mean {item}?"), &[("item", similar)]),
                None => gettext("‘bkt local list’ lists what was"),
            };
            return Err(Failure::new(exit::USAGE, "unknown_item", message).hinted(hint));
        }
    }
    let is_chosen = |temporary: &&Temporary| words.is_empty() || words.iter().any(|word| is_word_of(word, temporary));
    Ok(all.iter().filter(is_chosen).collect())
}

const GROUPS: [Standing; 4] = [Standing::EndsAtRestart, Standing::Stays, Standing::Gone, Standing::Unknown];

/// The value an item has now, or what was done to it.
fn what(temporary: &Temporary) -> String {
    let values = temporary.change.as_ref().and_then(describe::values);
    values.unwrap_or_else(|| match temporary.record.action {
        Deed::Add => gettext("added"),
        Deed::Remove => gettext("removed"),
        Deed::Update => gettext("changed"),
    })
}

fn list(context: &Context, which: &LocalItems) -> Result<Answer, Failure> {
    let session = context.brief_session()?;
    let snapshot = compared(context, &session)?;
    let chosen = chosen(&snapshot.comparison, which)?;
    let document = document::local(&chosen, store(&session)?.path());
    if chosen.is_empty() {
        return Ok(Answer::new(gettext("Nothing was changed on this computer alone."), document));
    }
    let rows = |standing| chosen.iter().filter(move |temporary| temporary.standing == standing);
    let limit = context.ui.width().saturating_sub(40);
    let wide = widest(chosen.iter().map(|temporary| temporary.id.to_string()).filter(|id| id.width() <= limit));
    let mut text = String::new();
    for standing in GROUPS {
        if rows(standing).next().is_none() {
            continue;
        }
        text.push_str(&format!("{}\n", styled(BOLD, &heading(standing))));
        for temporary in rows(standing) {
            let (id, what, at) = (temporary.id.to_string(), what(temporary), when(temporary.record.timestamp));
            let fits = id.width() <= wide && 6 + wide + what.width() + at.width() <= context.ui.width();
            let gap = if fits { "  " } else { "\n      " };
            let id = if fits { padded(&id, wide) } else { id };
            text.push_str(&format!("  {id}{gap}{}  {what}\n", styled(DIM, &at)));
        }
    }
    let hint = gettext("Keep it with ‘bkt local commit’, or forget that it was on purpose with ‘bkt local clear’.");
    Ok(Answer::new(text, document).hinted(hint))
}

fn show(context: &Context, which: &LocalItems) -> Result<Answer, Failure> {
    let session = context.session()?;
    let snapshot = compared(context, &session)?;
    let chosen = chosen(&snapshot.comparison, which)?;
    let mut text = String::new();
    for temporary in &chosen {
        let value = temporary.record.left().map_or_else(|| gettext("not there"), |value| value.to_string());
        let mut rows = vec![
            (gettext("changed"), when(temporary.record.timestamp)),
            (gettext("value"), value),
            (gettext("now"), heading(temporary.standing)),
        ];
        rows.extend(temporary.record.command.iter().map(|command| (gettext("command"), command.clone())));
        let wide = widest(rows.iter().map(|(label, _)| label));
        text.push_str(&format!("{}\n", styled(BOLD, &temporary.id.to_string())));
        for (label, value) in rows {
            text.push_str(&format!("    {}  {value}\n", styled(DIM, &padded(&label, wide))));
        }
    }
    if chosen.is_empty() {
        text = gettext("Nothing was changed on this computer alone.");
    }
    Ok(Answer::new(text, document::local(&chosen, store(&session)?.path())))
}

/// What is known of each item that is to be kept, for a pull request.
pub(super) fn known(context: &Context, args: &LocalCommit) -> Result<Notes, Failure> {
    let session = context.brief_session()?;
    let snapshot = compared(context, &session)?;
    let chosen = chosen(&snapshot.comparison, &args.which)?;
    Ok(chosen.into_iter().map(|temporary| (temporary.id.to_string(), notes(temporary))).collect())
}

fn commit(context: &Context, args: &LocalCommit) -> Result<Answer, Failure> {
    let is_request = context.globals.pr || context.globals.pr_only;
    if !is_request && (args.title.is_some() || args.reason.is_some()) {
        let message = gettext("--title and --reason are for a pull request");
        return Err(Failure::new(exit::USAGE, "no_pull_request", message).hinted(gettext("Add --pr to open one")));
    }
    let session = context.session()?;
    let snapshot = compared(context, &session)?;
    let chosen = chosen(&snapshot.comparison, &args.which)?;
    if let Some(unread) = chosen.iter().find(|temporary| temporary.standing == Standing::Unknown) {
        let message = fill(&gettext("{item} could not be checked"), &[("item", &unread.id.to_string())]);
        return Err(Failure::new(exit::NOT_POSSIBLE, "not_checked", message)
            .hinted(gettext("‘bkt status’ says why; name the others to write them alone")));
    }
    let consent = if args.include_private { Consent::Given } else { Consent::Asked };
    let (wishes, private) = temporary::keep(&chosen, consent);
    for item in &private {
        let sentence = gettext("Left out: {item} looks private; add --include-private to write it.");
        context.ui.say(&fill(&sentence, &[("item", &item.to_string())]));
    }
    let (_, plan) = session.wish(&wishes)?;
    let is_empty = plan.is_empty();
    let answer = if is_empty {
        Answer::new(gettext("Nothing to write into the setup."), document::plan(&plan))
    } else {
        run::fulfil(context, &session, plan, Together::Kept)?
    };
    // What was asked for by name and left out is not done.
    Ok(match private.first() {
        Some(item) if !args.which.items.is_empty() && !context.globals.dry_run => {
            let message = fill(&gettext("{item} looks private"), &[("item", &item.to_string())]);
            let hint = gettext("Look at it with care, then add --include-private");
            answer.unfinished(is_empty, &Problem::new("private", message).hinted(hint), exit::FAILED)
        }
        _ => answer,
    })
}

fn clear(context: &Context, args: &LocalClear) -> Result<Answer, Failure> {
    let session = context.brief_session()?;
    let snapshot = compared(context, &session)?;
    let chosen = chosen(&snapshot.comparison, &args.which)?;
    let store = store(&session)?;
    let items: Vec<ItemId> = chosen.iter().map(|temporary| temporary.id.clone()).collect();
    let document = |cleared: bool| -> Json {
        json!({
            "format": "bkt.local-clear",
            "format_version": "1.0",
            "file": store.path(),
            "written": cleared,
            "items": items,
        })
    };
    let count = items.len();
    let number = |one: &str, many: &str| {
        let words = ngettext(one, many, u32::try_from(count).unwrap_or(u32::MAX));
        fill(&words, &[("count", &count.to_string())])
    };
    if items.is_empty() {
        return Ok(Answer::new(gettext("Nothing was changed on this computer alone."), document(false)));
    }
    if context.globals.dry_run {
        return Ok(Answer::new(
            number("Would forget {count} record.", "Would forget {count} records."),
            document(false),
        ));
    }
    if !context.globals.yes && !args.force {
        run::may_ask(context)?;
        let question = number(
            "Forget {count} record? Nothing is changed back.",
            "Forget {count} records? Nothing is changed back.",
        );
        if prompt::consent(&context.ui, &question, None, false) != prompt::Consent::Yes {
            return Ok(Answer::new(gettext("Nothing was changed."), document(false)).exiting(exit::FAILED));
        }
    }
    store.forget(&items).map_err(|error| {
        let message = format!("{}: {error}", store.path().display());
        Failure::new(exit::FAILED, "file_unusable", message)
    })?;
    Ok(Answer::new(number("Forgot {count} record.", "Forgot {count} records."), document(true)))
}

/// `2 changed here alone; see ‘bkt local list’.`
pub(super) fn count(comparison: &Comparison) -> String {
    let count = comparison.temporary.len();
    let words = ngettext(
        "{count} was changed here alone, on purpose; ‘bkt local list’ shows it.",
        "{count} were changed here alone, on purpose; ‘bkt local list’ shows them.",
        u32::try_from(count).unwrap_or(u32::MAX),
    );
    fill(&words, &[("count", &count.to_string())])
}

/// For `bkt status`: what ends with the next restart, what stays, what the last restart took away.
pub(super) fn brief(comparison: &Comparison) -> String {
    let mut out = String::new();
    for standing in GROUPS {
        let group: Vec<String> =
            comparison.temporary.iter().filter(|one| one.standing == standing).map(|one| one.id.to_string()).collect();
        if group.is_empty() {
            continue;
        }
        let heading = match standing {
            Standing::EndsAtRestart => gettext("Changed here alone until the next restart"),
            Standing::Stays => gettext("Changed here alone"),
            Standing::Gone => gettext("Gone since the last restart"),
            Standing::Unknown => gettext("Changed here alone, if it is still so"),
        };
        out.push_str(&format!("{}\n", styled(BOLD, &heading)));
        group.iter().take(NAMED).for_each(|id| out.push_str(&format!("  {id}\n")));
        if group.len() > NAMED {
            let more = (group.len() - NAMED).to_string();
            out.push_str(&fill(&gettext("  and {count} more\n"), &[("count", &more)]));
        }
    }
    if let Some(problem) = &comparison.temporary_unknown {
        out.push_str(&format!("{}\n", styled(WARN, &gettext("What was changed here alone could not be read"))));
        out.push_str(&format!("  {}\n", problem.message));
        out.push_str(&problem.hint.as_ref().map_or_else(String::new, |hint| format!("      {}\n", styled(DIM, hint))));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}
