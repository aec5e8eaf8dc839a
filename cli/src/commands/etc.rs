// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt etc`: files of `/etc` that are not what the image has, and those of the setup's `system/etc`.
//!
//! Invariant: only what the image has, or what was here before, is ever put into `/etc`; a file that looks private
//! enters the setup only with `--include-private`.

use bkt_core::compare::{Change, Comparison, Decision};
use bkt_core::domain::etc::{self, EtcFile, EtcPath, Side};
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::plan::{Consent, Wish, Wishes};
use bkt_core::session::{Session, Snapshot};
use bkt_core::value::Value;
use serde_json::json;

use super::run::{self, Proposal};
use super::{files, verb};
use crate::args::{EtcCapture, EtcCommand, EtcNames};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::ui::{padded, widest};

/// `bkt etc`.
pub(super) fn etc(context: &Context, command: &EtcCommand) -> Result<Answer, Failure> {
    match command {
        EtcCommand::List => list(context),
        EtcCommand::Show(args) => show(context, args),
        EtcCommand::Diff(args) => {
            let session = context.session()?;
            let named = if args.files.is_empty() { Vec::new() } else { looked_at(context, &session, &args.files)?.1 };
            files::diff(context, &session, Domain::Etc, &named)
        }
        EtcCommand::Restore(args) => restore(context, args),
        EtcCommand::Capture(args) => capture(context, args),
    }
}

fn item(path: &EtcPath) -> ItemId {
    ItemId::new(Domain::Etc, path.as_str())
}

/// The file a word names.
fn path(word: &str) -> Result<EtcPath, Failure> {
    let word = word.strip_prefix("etc:").unwrap_or(word);
    let whole = if word.starts_with('/') { word.to_owned() } else { format!("/etc/{word}") };
    let path = whole.trim_end_matches('/').parse();
    path.map_err(|error: bkt_core::name::NameError| Failure::new(exit::USAGE, "name_invalid", error.to_string()))
}

/// Looks at the files that words name, and those that differ in the folders they name.
fn looked_at(context: &Context, session: &Session, words: &[String]) -> Result<(Snapshot, Vec<ItemId>), Failure> {
    let paths = words.iter().map(|word| path(word)).collect::<Result<Vec<_>, _>>()?;
    let named: Vec<ItemId> = paths.iter().map(item).collect();
    let snapshot = run::compare_files(context, session, Domain::Etc, &named)?;
    let comparison = &snapshot.comparison;
    let mut found = Vec::new();
    for item in named {
        let below = format!("{}/", item.key);
        let of_folder = comparison.changes.iter().filter(|change| change.id.key.starts_with(&below));
        let of_folder: Vec<ItemId> = of_folder.map(|change| change.id.clone()).collect();
        let same = comparison.in_sync.iter().map(|same| &same.id).filter(|id| id.key.starts_with(&below));
        // A folder in which nothing differs is still what was meant.
        let same: Vec<ItemId> = if of_folder.is_empty() { same.cloned().collect() } else { Vec::new() };
        if !of_folder.is_empty() || !same.is_empty() {
            found.extend(of_folder.into_iter().chain(same));
            continue;
        }
        if let Some(unknown) = comparison.unknown.iter().find(|unknown| unknown.item.as_ref() == Some(&item)) {
            return Err(Failure { problem: unknown.problem.clone(), exit: exit::NOT_POSSIBLE });
        }
        if seen(comparison, &item).is_none() && comparison.change(&item).is_none() {
            let message = fill(&gettext("nothing here or in the setup is called ‘{item}’"), &[("item", &item.key)]);
            return Err(Failure::new(exit::USAGE, "unknown_item", message)
                .hinted(gettext("‘bkt etc list’ lists the files that differ")));
        }
        found.push(item);
    }
    found.sort();
    found.dedup();
    Ok((snapshot, found))
}

fn seen<'c>(comparison: &'c Comparison, item: &ItemId) -> Option<&'c EtcFile> {
    match comparison.observed.get(&Domain::Etc)?.entries.get(&item.key)?.value.as_ref()? {
        Value::Etc(seen) => Some(seen),
        _ => None,
    }
}

/// How a file stands, in one line.
fn standing(setup: Option<&Value>, computer: Option<&Value>) -> String {
    let here = match computer {
        Some(value) => value.to_string(),
        None => gettext("missing here"),
    };
    match setup {
        None => here,
        Some(setup) if computer.is_some_and(|computer| setup.is_met_by(computer)) => {
            fill(&gettext("as in the setup ({here})"), &[("here", &here)])
        }
        Some(_) => fill(&gettext("not as in the setup ({here})"), &[("here", &here)]),
    }
}

fn list(context: &Context) -> Result<Answer, Failure> {
    let session = context.brief_session()?;
    let snapshot = run::compare_kinds(context, &session, &[Domain::Etc])?;
    let mut answer = verb::list_of(&snapshot.comparison, Domain::Etc);
    let comparison = &snapshot.comparison;
    let same = comparison.in_sync.iter().map(|same| (&same.id, same.value.as_ref(), seen(comparison, &same.id)));
    let same = same.map(|(id, setup, seen)| (id, standing(setup, seen.cloned().map(Value::Etc).as_ref())));
    let changes = comparison.changes.iter().chain(&comparison.ignored);
    let differ = changes.map(|change| (&change.id, standing(change.setup.as_ref(), change.computer.as_ref())));
    let mut rows: Vec<_> = same.chain(differ).collect();
    rows.sort();
    let wide = widest(rows.iter().map(|(id, _)| &id.key)).min(44);
    let mut text: String = rows.iter().map(|(id, said)| format!("{}  {said}\n", padded(&id.key, wide))).collect();
    for unknown in &comparison.unknown {
        let what =
            unknown.item.as_ref().map_or_else(|| bkt_core::describe::domain(Domain::Etc), |item| item.key.clone());
        let values = [("item", what.as_str()), ("reason", unknown.problem.message.as_str())];
        text.push_str(&fill(&gettext("{item} could not be checked: {reason}\n"), &values));
    }
    if text.is_empty() {
        text = gettext("Nothing in /etc is known to differ.\n");
    }
    let closed = etc::closed(session.host.as_ref());
    if !closed.is_empty() && !context.ui.quiet {
        let folders: Vec<&str> = closed.iter().map(String::as_str).collect();
        let values = [("folders", &*bkt_core::describe::names(&folders))];
        context.ui.say(&fill(&gettext("Not looked into, as only an administrator may: {folders}"), &values));
    }
    answer.text = text;
    Ok(answer)
}

fn show(context: &Context, args: &EtcNames) -> Result<Answer, Failure> {
    let session = context.session()?;
    let (snapshot, items) = looked_at(context, &session, &args.files)?;
    let comparison = &snapshot.comparison;
    let none = gettext("not there");
    let side = |side: Option<&Side>| match side {
        None => none.clone(),
        Some(Side { file, mode: None }) => file.to_string(),
        Some(Side { file, mode: Some(mode) }) => format!("{file}, {mode}"),
    };
    let (mut text, mut documents) = (String::new(), Vec::new());
    for id in &items {
        let same = comparison.in_sync.iter().find(|same| same.id == *id).and_then(|same| same.value.clone());
        let setup = comparison.change(id).map_or(same, |change| change.setup.clone());
        let file = seen(comparison, id);
        let lines = [
            (gettext("Setup"), setup.as_ref().map_or_else(|| none.clone(), ToString::to_string)),
            (gettext("Image"), side(file.and_then(|file| file.image.as_ref()))),
            (gettext("Here"), side(file.and_then(|file| file.here.as_ref()))),
        ];
        let wide = widest(lines.iter().map(|(label, _)| label)) + 2;
        text.push_str(&format!("{}\n", id.key));
        lines.iter().for_each(|(label, said)| text.push_str(&format!("  {}{said}\n", padded(label, wide))));
        if file.is_some_and(EtcFile::misses_newer) {
            text.push_str(&gettext(
                "  The image has a newer version than what this was made from; this computer does not get it.\n",
            ));
        }
        let manifest = bkt_core::manifest::Manifest::Etc.file(&id.key);
        documents.push(json!({"id": id, "setup": setup, "computer": file, "manifest": manifest}));
    }
    Ok(Answer::new(text, json!({"format": "bkt.show", "format_version": "1.0", "items": documents})).verbatim())
}

fn restore(context: &Context, args: &EtcNames) -> Result<Answer, Failure> {
    let session = context.session()?;
    let (snapshot, items) = looked_at(context, &session, &args.files)?;
    let mut wishes = Wishes::new();
    for item in items {
        let image = seen(&snapshot.comparison, &item).and_then(|file| file.image.clone());
        let Some(image) = image else {
            let message =
                fill(&gettext("the image has no {file}, so there is nothing to put back"), &[("file", &item.key)]);
            return Err(Failure::new(exit::NOT_POSSIBLE, "not_of_image", message));
        };
        let computer = Some(Some(Value::Etc(EtcFile::wanted(Some(image)))));
        wishes.insert(item, Wish { computer, ..Wish::default() });
    }
    verb::fulfil(context, &session, &wishes, false)
}

fn capture(context: &Context, args: &EtcCapture) -> Result<Answer, Failure> {
    let session = context.session()?;
    let (snapshot, items) = looked_at(context, &session, &args.names.files)?;
    let comparison = &snapshot.comparison;
    let mut changes: Vec<&Change> = Vec::new();
    let mut private = Vec::new();
    for item in &items {
        let is_private = || comparison.observed.get(&Domain::Etc)?.entries.get(&item.key).map(|seen| seen.private);
        match comparison.change(item) {
            Some(change) => changes.push(change),
            None if !context.ui.quiet => {
                let values = [("file", item.key.as_str())];
                context.ui.say(&fill(&gettext("{file} is what the image or the setup has."), &values));
            }
            None => {}
        }
        if is_private() == Some(true) && !args.include_private {
            private.push(item.key.as_str());
        }
    }
    if !private.is_empty() {
        let names = [("files", &*bkt_core::describe::names(&private))];
        let message = fill(&gettext("{files} may hold keys, tokens or addresses, and a setup is often public"), &names);
        return Err(Failure::new(exit::FAILED, "private", message)
            .hinted(gettext("Look at it with care, then add --include-private")));
    }
    let decisions = changes.iter().map(|change| (change.id.clone(), Decision::Capture)).collect();
    let question = gettext("Write this into the setup?");
    let proposal = Proposal { changes, decisions, question, named: true, private: Consent::Given, now: false };
    let answer = run::propose(context, &session, &snapshot, proposal)?;
    Ok(if context.globals.dry_run { answer } else { run::with_recipe(&session, answer) })
}
