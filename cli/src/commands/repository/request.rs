// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt pr`, and `--pr` and `--pr-only` of commands that change the setup.
//!
//! Invariant: whether a pull request can be made is found out before anything is changed.

use std::cell::RefCell;

use bkt_core::i18n::{fill, gettext};
use bkt_core::problem::Problem;
use bkt_core::repository::branch::Pushed;
use bkt_core::repository::commit::Request;
use bkt_core::repository::entry::Notes;
use bkt_core::repository::forge::{self, Gh, Project, Words};
use bkt_core::repository::remote::Way;
use bkt_core::repository::{Entry, Place, Repository, RepositoryError, Status, entry};
use bkt_core::run::Receipt;
use bkt_core::run::receipt::history;
use bkt_core::session::Session;
use serde_json::{Value as Json, json};

use super::{Desk, agreed, choose, listed, message, newly, number, refuse_private};
use crate::args::{Command, LocalArgs, LocalCommand, PrArgs};
use crate::commands::local;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};

/// How a pull request is to be made.
#[derive(Debug, Clone, Default)]
struct Wanted {
    title: Option<String>,
    body: Option<String>,
    draft: bool,
    push_only: bool,
    /// Why it is made.
    reason: Option<String>,
    /// What is known of its entries besides.
    notes: Notes,
}

impl Wanted {
    /// What a command says about the pull request of what it changes.
    fn of(context: &Context, command: &Command) -> Result<Self, Failure> {
        let Command::Local(LocalArgs { command: LocalCommand::Commit(args) }) = command else {
            return Ok(Self::default());
        };
        let notes = local::known(context, args)?;
        Ok(Self { title: args.title.clone(), reason: args.reason.clone(), notes, ..Self::default() })
    }

    /// What it says below its title.
    fn words(&self, entries: &[Entry]) -> String {
        let reason = self.reason.as_ref().map(|reason| format!("{}\n\n", reason.trim())).unwrap_or_default();
        self.body.clone().unwrap_or_else(|| format!("{reason}{}", entry::list(entries, &self.notes)))
    }

    /// The commit's message. Where no pull request can be opened, what is known goes along in it.
    fn message(&self, title: &str, entries: &[Entry]) -> String {
        if self.reason.is_none() && self.notes.is_empty() {
            return message(title, entries);
        }
        format!("{title}\n\n{}", self.words(entries))
    }
}

/// A pull request that was made, or a branch from which one can be.
struct Opened {
    pushed: Pushed,
    way: Way,
    entries: Vec<Entry>,
    title: String,
    url: Option<String>,
    /// Why there is none, where one was wanted.
    problem: Option<RepositoryError>,
    gh: Gh,
}

/// What is known before anything is changed.
struct Ready {
    way: Way,
    gh: Gh,
}

fn ready(desk: &Desk, status: &Status, wanted: &Wanted) -> Result<Ready, Failure> {
    let repository = desk.repository();
    if status.head.is_none() {
        return Err(RepositoryError::Unborn.into());
    }
    if let Some(operation) = repository.operation()? {
        return Err(RepositoryError::Busy(operation).into());
    }
    let way = repository.way(status)?;
    let gh = repository.gh_state(&way)?;
    if gh == Gh::SignedOut && !wanted.push_only {
        return Err(Failure::new(exit::NOT_AUTHORIZED, "gh_signed_out", gettext("gh is not signed in to GitHub"))
            .hinted(gettext("Sign in with ‘gh auth login’, or push the branch alone with ‘bkt pr --push-only’")));
    }
    Ok(Ready { way, gh })
}

/// `bkt pr`.
pub(in crate::commands) fn pr(context: &Context, args: &PrArgs) -> Result<Answer, Failure> {
    let desk = Desk::open(context)?;
    let (status, all) = desk.look()?;
    let mut chosen = choose(&desk.repository().setup(), &all, &desk.drafted(), &args.which)?;
    let mut waiting = String::new();
    if args.which.entries.is_empty() {
        let proposed = desk.repository().proposed(&chosen)?;
        chosen.retain(|entry| !proposed.contains_key(&entry.id()));
        if !proposed.is_empty() {
            waiting = number(
                "{count} entry is on a branch already; ‘bkt repo’ tells which.",
                "{count} entries are on a branch already; ‘bkt repo’ tells which.",
                proposed.len(),
            );
        }
    }
    let wanted = Wanted {
        title: args.title.clone(),
        body: args.body.clone(),
        draft: args.draft,
        push_only: args.push_only,
        ..Wanted::default()
    };
    if chosen.is_empty() && !waiting.is_empty() {
        return Ok(Answer::new(waiting, nothing(&[])));
    }
    if chosen.is_empty() {
        return Ok(Answer::new(gettext("Everything in the setup is committed."), nothing(&[])).hinted(gettext(
            "Push commits with ‘git push’, or open a pull request for a branch with ‘gh pr create’.",
        )));
    }
    let ready = ready(&desk, &status, &wanted)?;
    let with = desk.repository().unmerged(&ready.way)?;
    let values = [("remote", &*ready.way.push), ("branch", &*ready.way.branch)];
    if context.globals.dry_run {
        return Ok(planned(&ready.way, &chosen, &with));
    }
    if !with.is_empty() && !context.globals.yes {
        context.ui.say(commits(&with).trim_end());
    }
    let question = number(
        "Push a branch with {count} entry to {remote} and open a pull request for {branch}?",
        "Push a branch with {count} entries to {remote} and open a pull request for {branch}?",
        chosen.len(),
    );
    if !agreed(context, &chosen, &fill(&question, &values))? {
        return Ok(Answer::new(gettext("Nothing was changed."), nothing(&chosen)).exiting(exit::FAILED));
    }
    let opened = open(&desk, &status, &all, chosen, &wanted, ready)?;
    Ok(told(&opened))
}

/// What would be done.
fn planned(way: &Way, entries: &[Entry], with: &[String]) -> Answer {
    let words = number(
        "Would push a branch with {count} entry to {remote}, to be merged into {branch}:\n",
        "Would push a branch with {count} entries to {remote}, to be merged into {branch}:\n",
        entries.len(),
    );
    let words = fill(&words, &[("remote", &*way.push), ("branch", &*way.branch)]);
    Answer::new(format!("{words}{}{}", listed(entries), commits(with)), nothing(entries))
}

/// What also goes along, because the branch begins where the setup stands.
fn commits(titles: &[String]) -> String {
    if titles.is_empty() {
        return String::new();
    }
    let mut out = gettext("With it go commits that are not pushed yet:\n");
    titles.iter().for_each(|title| out.push_str(&format!("  {title}\n")));
    out
}

fn nothing(entries: &[Entry]) -> Json {
    json!({
        "format": "bkt.pr",
        "format_version": "1.0",
        "branch": null,
        "base": null,
        "remote": null,
        "commit": null,
        "title": null,
        "entries": entries,
        "files": [],
        "url": null,
        "compare_url": null,
        "problem": null,
    })
}

fn document(opened: &Opened) -> Json {
    json!({
        "format": "bkt.pr",
        "format_version": "1.0",
        "branch": opened.pushed.branch,
        "base": opened.way.branch,
        "remote": opened.way.push,
        "commit": opened.pushed.commit,
        "title": opened.title,
        "entries": opened.entries,
        "files": opened.pushed.files,
        "url": opened.url,
        "compare_url": forge::compare_url(&opened.way, &opened.pushed.branch),
        "problem": opened.problem.as_ref().map(|problem| json!({"code": problem.code(), "message": problem.to_string()})),
    })
}

fn open(
    desk: &Desk,
    status: &Status,
    all: &[Entry],
    chosen: Vec<Entry>,
    wanted: &Wanted,
    ready: Ready,
) -> Result<Opened, Failure> {
    let title = wanted.title.clone().unwrap_or_else(|| entry::title(&chosen));
    let message = wanted.message(&title, &chosen);
    let request = Request { status, all, chosen: &chosen, message: &message };
    let pushed = desk.repository().push_new(request, &ready.way)?;
    Ok(opened(desk, pushed, chosen, title, wanted, ready))
}

/// Opens the pull request of a branch that was pushed. From here on nothing is taken back: the branch is there for
/// everyone to see.
fn opened(
    desk: &Desk,
    pushed: Pushed,
    entries: Vec<Entry>,
    title: String,
    wanted: &Wanted,
    Ready { way, gh }: Ready,
) -> Opened {
    let body = wanted.words(&entries);
    let words = Words { title: &title, body: &body, draft: wanted.draft };
    let made = match gh {
        Gh::Ready if !wanted.push_only => desk.repository().open_request(&way, &pushed, words).map(Some),
        _ => Ok(None),
    };
    let (url, problem) = match made {
        Ok(url) => (url, None),
        Err(problem) => (None, Some(problem)),
    };
    Opened { pushed, way, entries, title, url, problem, gh }
}

fn told(opened: &Opened) -> Answer {
    let (branch, remote) = (&*opened.pushed.branch, &*opened.way.push);
    let files = number("{count} file", "{count} files", opened.pushed.files.len());
    let values = [("branch", branch), ("remote", remote), ("files", &*files)];
    let mut text = fill(&gettext("Pushed {branch} to {remote} ({files})."), &values);
    let page = forge::compare_url(&opened.way, branch);
    let open = |page: &str| fill(&gettext("\nOpen the pull request at {page}"), &[("page", page)]);
    match (&opened.url, page) {
        (Some(url), _) => text.push_str(&fill(&gettext("\nOpened {url}"), &[("url", url)])),
        (None, Some(page)) => text.push_str(&open(&page)),
        (None, None) => {
            let project = Project::of(&opened.way.base_url);
            let host = project.map_or_else(|| opened.way.base.clone(), |project| project.host);
            text.push_str(&fill(&gettext("\nThere is no pull request, as {host} is not GitHub."), &[("host", &host)]));
        }
    }
    let hint = match (&opened.problem, opened.gh) {
        (Some(problem), _) => fill(&gettext("gh could not open it: {reason}"), &[("reason", &problem.to_string())]),
        (None, Gh::Missing) => gettext("With gh installed, ‘bkt pr’ opens it by itself."),
        (None, _) => gettext("Once it is merged, ‘bkt pull’ brings it in."),
    };
    let exit = if opened.problem.is_some() { exit::PARTIAL } else { exit::DONE };
    Answer::new(text, document(opened)).hinted(hint).exiting(exit)
}

/// Runs a command that changes the setup, and makes a pull request of what it changed.
pub(in crate::commands) fn with_request(
    context: &Context,
    command: Command,
    run: impl FnOnce(&Context, Option<Command>) -> Result<Answer, Failure>,
) -> Result<Answer, Failure> {
    if !command.changes_setup() {
        return Err(Failure::new(
            exit::USAGE,
            "no_pull_request",
            gettext("--pr and --pr-only are for commands that change the setup"),
        )
        .hinted(gettext("‘bkt pr’ makes a pull request of what is not committed")));
    }
    let desk = Desk::open(context)?;
    let (status, before) = desk.look()?;
    let ready = ready(&desk, &status, &Wanted::default())?;
    let wanted = Wanted::of(context, &command)?;
    if context.globals.pr_only {
        return elsewhere(context, command, &desk, &status, (&wanted, ready), run);
    }
    let session = context.session()?;
    let held = session.hold()?;
    let mut answer = run(context, Some(command))?;
    if context.globals.dry_run || !matches!(answer.exit, exit::DONE | exit::PARTIAL) {
        return Ok(answer);
    }
    let (status, after) = desk.look()?;
    let new: Vec<Entry> = newly(&before, &after).into_iter().cloned().collect();
    if new.is_empty() {
        return Ok(answer.hinted(gettext("The setup did not change: there is nothing for a pull request.")));
    }
    let left = session.hold()?;
    let opened = open(&desk, &status, &after, new, &wanted, ready);
    let opened = match (opened, of_the_setup(&session, &answer)) {
        (Err(failure), Some(receipt)) => {
            session.take_back(&held, &left, receipt)?;
            let words = gettext("nothing was changed, because no pull request could be made: {reason}");
            let message = fill(&words, &[("reason", &failure.problem.message)]);
            return Err(Failure { problem: Problem { message, ..failure.problem }, exit: failure.exit });
        }
        (opened, _) => opened,
    };
    let made = match opened {
        Ok(opened) => {
            let document = document(&opened);
            (told(&opened), document)
        }
        // What the command did to this computer stands; only the pull request is missing.
        Err(failure) => {
            let words = gettext("The setup and this computer have changed; there is no pull request: {reason}");
            let text = fill(&words, &[("reason", &failure.problem.message)]);
            let hint = failure.problem.hint.clone().unwrap_or_default();
            (Answer::new(text, Json::Null).hinted(hint).exiting(exit::PARTIAL), Json::Null)
        }
    };
    let (said, document) = made;
    answer.text = format!("{}\n{}", answer.text.trim_end(), said.text);
    answer.hints = said.hints;
    if answer.document.is_object() {
        answer.document["pull_request"] = document;
    }
    Ok(if answer.exit == exit::DONE { answer.exiting(said.exit) } else { answer })
}

/// The receipt of a run that changed nothing but the setup's manifests, which can be taken back.
fn of_the_setup(session: &Session, answer: &Answer) -> Option<Receipt> {
    let run = answer.document["run"].as_u64()?;
    let receipt = history(&session.state).ok()?.into_iter().find(|receipt| receipt.run == run)?;
    receipt.is_of_manifests().then_some(receipt)
}

/// The same where neither this computer nor the person's folder is to change: on a copy of the setup as it was
/// committed.
fn elsewhere(
    context: &Context,
    command: Command,
    desk: &Desk,
    status: &Status,
    (wanted, ready): (&Wanted, Ready),
    run: impl FnOnce(&Context, Option<Command>) -> Result<Answer, Failure>,
) -> Result<Answer, Failure> {
    let unkept = tempfile::tempdir().map_err(|error| Failure::new(exit::FAILED, "file_unusable", error.to_string()))?;
    let found = RefCell::new((Vec::new(), String::new()));
    let edit = |top: &std::path::Path, setup: &std::path::Path| -> Result<String, Failure> {
        let mut inner = context.clone();
        inner.globals.repo = Some(setup.to_owned());
        inner.globals.yes = true;
        // What it would change is found out by doing it, on a copy that is thrown away.
        inner.globals.dry_run = false;
        inner.environment.keep_state_in(unkept.path());
        let answer = run(&inner, Some(command))?;
        if !matches!(answer.exit, exit::DONE) {
            return Err(Failure::new(answer.exit, "not_done", answer.text));
        }
        let place = Place { top: top.to_owned(), prefix: desk.place.prefix.clone() };
        let there = Repository::new(&desk.host, &desk.tools, &place);
        let entries = there.entries(&there.status()?)?;
        refuse_private(setup, &entries)?;
        if entries.is_empty() {
            return Err(RepositoryError::Nothing.into());
        }
        let title = wanted.title.clone().unwrap_or_else(|| entry::title(&entries));
        let message = wanted.message(&title, &entries);
        *found.borrow_mut() = (entries, title);
        if context.globals.dry_run {
            // Nothing is to be pushed; the answer is given below.
            return Err(RepositoryError::Nothing.into());
        }
        Ok(message)
    };
    if context.globals.dry_run {
        let stopped = desk.repository().push_edited(status.head.as_deref(), &ready.way, edit);
        let (entries, _) = found.into_inner();
        return match stopped {
            Err(failure) if entries.is_empty() => Err(failure),
            _ => Ok(planned(&ready.way, &entries, &desk.repository().unmerged(&ready.way)?)),
        };
    }
    let pushed = desk.repository().push_edited(status.head.as_deref(), &ready.way, edit)?;
    let (entries, title) = found.into_inner();
    Ok(told(&opened(desk, pushed, entries, title, wanted, ready)))
}
