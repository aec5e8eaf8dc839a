// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt skel`: files of the home folder that the setup has in `skel`.
//!
//! Invariant: a file that looks private enters the setup only with `--include-private`, and a different one in the
//! home folder is replaced only with `--force`.

use std::path::{Component, Path};

use bkt_core::compare::{Change, Decision, Shape};
use bkt_core::host::{FileKind, Host};
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::plan::{Consent, Wish, Wishes};
use bkt_core::session::Session;
use bkt_core::tree::{Tree, TreePath, below};

use super::run::{self, Proposal};
use super::{files, verb};
use crate::args::{SkelAdd, SkelCommand, SkelNames, SkelSync};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};

/// `bkt skel`.
pub(super) fn skel(context: &Context, command: &SkelCommand) -> Result<Answer, Failure> {
    match command {
        SkelCommand::Add(args) => add(context, args),
        SkelCommand::Remove(args) => remove(context, args),
        SkelCommand::List => verb::list(context, Domain::Skel),
        SkelCommand::Diff(args) => {
            let session = context.session()?;
            let items = items(&session, &args.files)?;
            files::diff(context, &session, Domain::Skel, &items)
        }
        SkelCommand::Show(args) => show(context, args),
        SkelCommand::Sync(args) => sync(context, args),
    }
}

/// The items that words name: below the home folder, or with its whole path.
fn items(session: &Session, words: &[String]) -> Result<Vec<ItemId>, Failure> {
    words.iter().map(|word| place(session.host.as_ref(), word).map(item)).collect()
}

fn item(place: TreePath) -> ItemId {
    ItemId::new(Domain::Skel, place.as_str())
}

fn place(host: &dyn Host, word: &str) -> Result<TreePath, Failure> {
    let word = word.strip_prefix("skel:").unwrap_or(word);
    let path = Path::new(word);
    let below = match (path.is_absolute(), host.home()) {
        (true, Some(home)) => path.strip_prefix(home).map_err(|_| {
            let values = [("path", word), ("home", &*home.display().to_string())];
            Failure::new(exit::USAGE, "outside_home", fill(&gettext("{path} is not below {home}"), &values))
        })?,
        _ => path,
    };
    let parts = below.components().filter(|part| *part != Component::CurDir);
    let below = parts.collect::<std::path::PathBuf>();
    let text = below.to_str().unwrap_or_default();
    text.parse()
        .map_err(|error: bkt_core::name::NameError| Failure::new(exit::USAGE, "name_invalid", error.to_string()))
}

/// Whether a file is the one that is named, or in the folder that is.
fn is_in(key: &str, named: &ItemId) -> bool {
    key.strip_prefix(&named.key).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn not_in_setup(item: &ItemId) -> Failure {
    let message = fill(&gettext("the setup has no file {file}"), &[("file", &item.key)]);
    Failure::new(exit::USAGE, "unknown_item", message).hinted(gettext("‘bkt skel list’ lists its files"))
}

/// A file, or all files below a folder.
fn all(context: &Context, session: &Session, place: TreePath) -> Result<Vec<ItemId>, Failure> {
    let host = session.host.as_ref();
    let Some(home) = host.home() else { return Ok(vec![item(place)]) };
    let failed = |problem| Failure { problem, exit: exit::FAILED };
    let facts = host.look(&home.join(place.as_str())).map_err(|error| failed(error.into()))?;
    if facts.is_none_or(|facts| facts.kind != FileKind::Directory) {
        return Ok(vec![item(place)]);
    }
    let found = below(host, home, Tree::Skel, &place);
    for (key, problem) in &found.problems {
        let values = [("item", key.as_str()), ("reason", problem.message.as_str())];
        context.ui.say(&fill(&gettext("Left out: {item}: {reason}"), &values));
    }
    Ok(found.declared.into_keys().map(|key| ItemId::new(Domain::Skel, key)).collect())
}

fn add(context: &Context, args: &SkelAdd) -> Result<Answer, Failure> {
    let session = context.session()?;
    let mut items = Vec::new();
    for word in &args.names.files {
        items.extend(all(context, &session, place(session.host.as_ref(), word)?)?);
    }
    let snapshot = run::compare_files(context, &session, Domain::Skel, &items)?;
    let seen = snapshot.comparison.observed.get(&Domain::Skel);
    let mut wishes = Wishes::new();
    let mut private = Vec::new();
    for item in &items {
        if let Some(unknown) = snapshot.comparison.unknown.iter().find(|unknown| unknown.item.as_ref() == Some(item)) {
            return Err(Failure { problem: unknown.problem.clone(), exit: exit::NOT_POSSIBLE });
        }
        let seen = seen.and_then(|seen| seen.entries.get(&item.key));
        let Some(value) = seen.and_then(|seen| seen.value.clone()) else {
            let message = fill(&gettext("there is no file {file} in the home folder"), &[("file", &item.key)]);
            return Err(Failure::new(exit::USAGE, "unknown_item", message));
        };
        if seen.is_some_and(|seen| seen.private) && !args.include_private {
            private.push(item.key.as_str());
        }
        wishes.insert(item.clone(), Wish { setup: Some(Some(value)), ..Wish::default() });
    }
    if !private.is_empty() {
        let names = [("files", &*bkt_core::describe::names(&private))];
        let message = fill(&gettext("{files} may hold keys, tokens or addresses, and a setup is often public"), &names);
        return Err(Failure::new(exit::FAILED, "private", message)
            .hinted(gettext("Look at it with care, then add --include-private")));
    }
    verb::fulfil(context, &session, &wishes, true)
}

fn remove(context: &Context, args: &SkelNames) -> Result<Answer, Failure> {
    let session = context.session()?;
    let setup = bkt_core::setup::Setup::load(&session.setup).map_err(bkt_core::session::SessionError::Setup)?;
    let declared = setup.declared(Domain::Skel).ok();
    let mut wishes = Wishes::new();
    for item in items(&session, &args.files)? {
        if declared.is_none_or(|declared| !declared.contains_key(&item.key)) {
            return Err(not_in_setup(&item));
        }
        wishes.insert(item, Wish { setup: Some(None), ..Wish::default() });
    }
    verb::fulfil(context, &session, &wishes, true)
}

/// `show`: both sides of files, also of those the setup does not have.
fn show(context: &Context, args: &SkelNames) -> Result<Answer, Failure> {
    let session = context.session()?;
    let items = items(&session, &args.files)?;
    let snapshot = run::compare_files(context, &session, Domain::Skel, &items)?;
    verb::show_of(&snapshot.comparison, &items)
}

fn sync(context: &Context, args: &SkelSync) -> Result<Answer, Failure> {
    let session = context.session()?;
    let snapshot = run::compare_kinds(context, &session, &[Domain::Skel])?;
    let named = items(&session, &args.files)?;
    for item in &named {
        let has = snapshot.setup.declared(Domain::Skel).is_ok_and(|all| all.keys().any(|key| is_in(key, item)));
        if !has {
            return Err(not_in_setup(item));
        }
    }
    let is_meant = |change: &&Change| named.is_empty() || named.iter().any(|item| is_in(&change.id.key, item));
    let differs = |change: &&Change| change.shape == Shape::Different;
    let meant: Vec<&Change> = snapshot.comparison.changes.iter().filter(is_meant).collect();
    let is_wanted = |change: &&Change| change.shape == Shape::Missing || args.force && differs(change);
    let changes: Vec<&Change> = meant.iter().copied().filter(is_wanted).collect();
    let kept: Vec<&str> = meant.iter().copied().filter(differs).map(|change| change.id.key.as_str()).collect();
    if !args.force && !kept.is_empty() {
        let values = [("files", &*bkt_core::describe::names(&kept))];
        context.ui.say(&fill(&gettext("Different here and left alone: {files}. Add --force to replace."), &values));
    }
    if changes.is_empty() {
        return Ok(Answer::new(gettext("No file of the setup is missing here."), bkt_core::document::drift(&snapshot)));
    }
    let decisions = changes.iter().map(|change| (change.id.clone(), Decision::Apply)).collect();
    let proposal = Proposal {
        changes,
        decisions,
        question: gettext("Run this plan?"),
        named: true,
        private: Consent::Asked,
        now: false,
    };
    run::propose(context, &session, &snapshot, proposal)
}
