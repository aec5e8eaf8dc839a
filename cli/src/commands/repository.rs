// SPDX-License-Identifier: GPL-3.0-or-later
//! The setup as a git repository: `bkt commit` and `bkt pull`, and what they share with `bkt pr` and `bkt repo`.
//!
//! Invariant: git's own words reach the person; nothing is committed that was not shown or named.

pub(super) mod build_info;
mod overview;
pub(super) mod request;

use std::path::Path;
use std::sync::Arc;

use bkt_core::changelog::{Changelog, Pending};
use bkt_core::files;
use bkt_core::host::NoSettings;
use bkt_core::host::live::LiveHost;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::item::ItemId;
use bkt_core::private;
use bkt_core::repository::commit::Request;
use bkt_core::repository::{self, Entry, Place, Repository, RepositoryError, Status, Tools, entry};
use serde_json::{Value as Json, json};

use super::run;
use crate::args::{CommitArgs, EntriesArgs};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::prompt;
use crate::select::{covers, nearest};

pub(super) use build_info::build_info;
pub(super) use overview::overview;
pub(super) use request::{pr, with_request};

impl From<RepositoryError> for Failure {
    fn from(error: RepositoryError) -> Self {
        let exit = match &error {
            RepositoryError::NotThere(_)
            | RepositoryError::Busy(_)
            | RepositoryError::Unborn
            | RepositoryError::Detached
            | RepositoryError::NoRemote
            | RepositoryError::NoUpstream(_)
            | RepositoryError::Inseparable(_)
            | RepositoryError::Broken(_) => exit::NOT_POSSIBLE,
            _ => exit::FAILED,
        };
        Self { problem: error.into(), exit }
    }
}

/// git, and where the setup is in it.
struct Desk {
    host: LiveHost,
    tools: Tools,
    place: Place,
}

/// How a person's own git and gh are run.
pub(super) fn tools(context: &Context) -> Result<(LiveHost, Tools), Failure> {
    // The setup is always on the running computer, also with --root.
    let host = LiveHost::of_user(None, Arc::new(NoSettings));
    Ok((host, Tools { path: context.environment.path.clone(), state: context.environment.state()? }))
}

impl Desk {
    fn open(context: &Context) -> Result<Self, Failure> {
        let (host, tools) = tools(context)?;
        let place = repository::find(&host, &tools, &context.setup()?)?;
        Ok(Self { host, tools, place })
    }

    fn repository(&self) -> Repository<'_> {
        Repository::new(&self.host, &self.tools, &self.place)
    }

    /// The files of the changelog that were drafted of an item, with that; none where it cannot be read.
    fn drafted(&self) -> Vec<(String, ItemId)> {
        let pending = Changelog::load(&self.repository().setup()).unwrap_or_default().pending;
        let of_item = |pending: Pending| Some((pending.file(), pending.change.item?));
        pending.into_iter().filter_map(of_item).collect()
    }

    fn look(&self) -> Result<(Status, Vec<Entry>), Failure> {
        let status = self.repository().status()?;
        let entries = self.repository().entries(&status)?;
        Ok((status, entries))
    }
}

/// The entries that words name; without words all that Bucket writes.
fn choose(
    setup: &Path,
    all: &[Entry],
    drafted: &[(String, ItemId)],
    which: &EntriesArgs,
) -> Result<Vec<Entry>, Failure> {
    let is_named = |word: &str, entry: &Entry| match entry {
        Entry::Item { item, .. } => covers(word, item) || entry.path() == word,
        Entry::File { path, .. } => path == word,
    };
    for word in &which.entries {
        if !all.iter().any(|entry| is_named(word, entry)) {
            let message = fill(&gettext("{item} has no change that is not committed"), &[("item", word)]);
            let ids: Vec<String> = all.iter().map(Entry::id).collect();
            let names = ids.iter().map(String::as_str).chain(ids.iter().filter_map(|id| Some(id.split_once(':')?.1)));
            let hint = match nearest(word, names) {
                Some(similar) => fill(&gettext("Did you mean {item}?"), &[("item", similar)]),
                None => gettext("‘bkt repo’ lists what is not committed"),
            };
            return Err(Failure::new(exit::USAGE, "unknown_item", message).hinted(hint));
        }
    }
    let is_chosen = |entry: &&Entry| match which.entries.as_slice() {
        [] => entry.is_own(),
        words => words.iter().any(|word| is_named(word, entry)),
    };
    let mut chosen: Vec<Entry> = all.iter().filter(is_chosen).cloned().collect();
    // What was drafted of an item goes along with it.
    let of_chosen = |entry: &&Entry| match entry {
        Entry::File { path, .. } => drafted.iter().any(|(file, item)| {
            file == path && chosen.iter().any(|entry| matches!(entry, Entry::Item { item: of, .. } if of == item))
        }),
        Entry::Item { .. } => false,
    };
    let along: Vec<Entry> = all.iter().filter(of_chosen).filter(|entry| !chosen.contains(entry)).cloned().collect();
    chosen.extend(along);
    if !which.include_private {
        refuse_private(setup, &chosen)?;
    }
    Ok(chosen)
}

/// The folders whose files are somebody's own.
const TREES: [&str; 2] = ["skel/", "system/etc/"];

/// What looks private is committed by consent alone: a repository is often public, and remembers.
fn refuse_private(setup: &Path, chosen: &[Entry]) -> Result<(), Failure> {
    let is_private = |entry: &&Entry| match entry {
        Entry::Item { item, .. } => entry.value().is_some_and(|value| private::look(item, &json!(value)).is_some()),
        Entry::File { path, .. } => TREES.iter().any(|tree| {
            let inside = path.strip_prefix(tree);
            // One that cannot be read cannot be committed either; why is said there.
            let content = || files::bytes(&setup.join(path)).ok().flatten();
            inside.is_some_and(|inside| content().is_some_and(|text| private::look_at_file(inside, &text).is_some()))
        }),
    };
    let Some(found) = chosen.iter().find(is_private) else { return Ok(()) };
    let message = fill(&gettext("{item} looks private"), &[("item", &found.id())]);
    Err(Failure::new(exit::NOT_POSSIBLE, "looks_private", message)
        .hinted(gettext("Add --include-private if everyone who sees the repository may know it, or name the others")))
}

/// `  Add htop (pkg:htop)` for each.
fn listed(entries: &[Entry]) -> String {
    entries.iter().map(|entry| format!("  {}\n", described(entry))).collect()
}

fn described(entry: &Entry) -> String {
    match entry {
        Entry::Item { .. } => {
            fill(&gettext("{change} ({item})"), &[("change", &entry.sentence()), ("item", &entry.id())])
        }
        Entry::File { .. } => entry.sentence(),
    }
}

/// A sentence about a number of things.
pub(super) fn number(one: &str, many: &str, count: usize) -> String {
    fill(&ngettext(one, many, u32::try_from(count).unwrap_or(u32::MAX)), &[("count", &count.to_string())])
}

/// Shows entries and asks; whether to go on.
fn agreed(context: &Context, entries: &[Entry], question: &str) -> Result<bool, Failure> {
    if context.globals.yes {
        return Ok(true);
    }
    run::may_ask(context)?;
    context.ui.say(listed(entries).trim_end());
    Ok(prompt::consent(&context.ui, question, None, false) == prompt::Consent::Yes)
}

/// `bkt commit`.
pub(super) fn commit(context: &Context, args: &CommitArgs) -> Result<Answer, Failure> {
    let desk = Desk::open(context)?;
    let (status, all) = desk.look()?;
    let chosen = choose(&desk.repository().setup(), &all, &desk.drafted(), &args.which)?;
    let document = |commit: Option<&str>, files: &[String]| -> Json {
        json!({
            "format": "bkt.commit",
            "format_version": "1.0",
            "branch": status.branch,
            "commit": commit,
            "entries": chosen,
            "files": files,
        })
    };
    if chosen.is_empty() {
        return Ok(Answer::new(gettext("Everything in the setup is committed."), document(None, &[])));
    }
    let branch = status.branch.as_deref().ok_or(RepositoryError::Detached)?;
    let message = args.message.clone().unwrap_or_else(|| message(&entry::title(&chosen), &chosen));
    if context.globals.dry_run {
        let words = number("Would commit {count} entry:\n", "Would commit {count} entries:\n", chosen.len());
        return Ok(Answer::new(format!("{words}{}", listed(&chosen)), document(None, &[])));
    }
    let question = number("Commit {count} entry on {branch}?", "Commit {count} entries on {branch}?", chosen.len());
    if !agreed(context, &chosen, &fill(&question, &[("branch", branch)]))? {
        return Ok(Answer::new(gettext("Nothing was changed."), document(None, &[])).exiting(exit::FAILED));
    }
    let request = Request { status: &status, all: &all, chosen: &chosen, message: &message };
    let done = desk.repository().commit(request)?;
    let words = number("Committed {count} entry on {branch}.", "Committed {count} entries on {branch}.", chosen.len());
    Ok(Answer::new(fill(&words, &[("branch", branch)]), document(Some(&done.commit), &done.files))
        .hinted(gettext("Push it with ‘git push’.")))
}

/// A commit's message: the title, and with more than one entry the list of them.
fn message(title: &str, entries: &[Entry]) -> String {
    match entry::told(entries).as_slice() {
        [_] => format!("{title}\n"),
        _ => format!("{title}\n\n{}", entry::list(entries, &entry::Notes::new())),
    }
}

/// `bkt pull`.
pub(super) fn pull(context: &Context) -> Result<Answer, Failure> {
    let desk = Desk::open(context)?;
    let document = |pulled: &repository::pull::Pulled| {
        json!({
            "format": "bkt.pull",
            "format_version": "1.0",
            "commits": pulled.commits,
            "merged": pulled.merged,
            "branches_removed": pulled.done,
        })
    };
    if context.globals.dry_run {
        let behind = desk.repository().status()?.behind;
        let words = gettext("Would fetch, and bring in what is there. As of the last fetch: {count} commits.");
        let text = fill(&words, &[("count", &behind.to_string())]);
        return Ok(Answer::new(text, document(&repository::pull::Pulled::default())));
    }
    let pulled = desk.repository().pull()?;
    let mut text = match pulled.commits {
        0 => gettext("Nothing new."),
        count => number("Brought in {count} commit.", "Brought in {count} commits.", count as usize),
    };
    for file in &pulled.merged {
        text.push_str(&fill(&gettext("\n  {file} was merged with what is not committed here"), &[("file", file)]));
    }
    for branch in &pulled.done {
        text.push_str(&fill(&gettext("\n  {branch} is merged; the branch here was removed"), &[("branch", branch)]));
    }
    let answer = Answer::new(text, document(&pulled));
    Ok(if pulled.commits == 0 { answer } else { answer.hinted(gettext("See what it asks for with ‘bkt drift’.")) })
}

/// What of the setup is not committed.
pub(super) fn uncommitted(context: &Context) -> Result<Vec<Entry>, Failure> {
    Ok(Desk::open(context)?.look()?.1)
}

/// Whether a version of the changelog can be committed and tagged, asked before it is made.
pub(super) fn can_tag(context: &Context, version: &str) -> Result<(), Failure> {
    let desk = Desk::open(context)?;
    let repository = desk.repository();
    if let Some(operation) = repository.operation()? {
        return Err(RepositoryError::Busy(operation).into());
    }
    repository.status()?.branch.ok_or(RepositoryError::Detached)?;
    repository.can_tag(version).map_err(|_| {
        let message = fill(&gettext("there is a tag {name} already"), &[("name", version)]);
        Failure::new(exit::NOT_POSSIBLE, "tag_exists", message)
    })
}

/// Commits the changelog's own files, and tags the commit.
pub(super) fn tag(context: &Context, version: &str) -> Result<(), Failure> {
    let desk = Desk::open(context)?;
    let (status, all) = desk.look()?;
    let is_changelog = |entry: &&Entry| entry.path().starts_with(".changelog/") || entry.path() == "CHANGELOG.md";
    let chosen: Vec<Entry> = all.iter().filter(is_changelog).cloned().collect();
    let message = format!("{}\n", fill(&gettext("Release {version}"), &[("version", version)]));
    let request = Request { status: &status, all: &all, chosen: &chosen, message: &message };
    let done = desk.repository().commit(request)?;
    Ok(desk.repository().tag(version, &done.commit)?)
}

/// How the repository of a setup stands, where it is one.
pub(super) fn look(context: &Context, setup: &std::path::Path) -> Option<Status> {
    let (host, tools) = tools(context).ok()?;
    repository::status::look(&host, &tools, setup)
}

/// For `bkt status --json`.
pub(super) fn brief(status: &Status) -> Json {
    json!({
        "branch": status.branch,
        "head": status.head,
        "uncommitted": status.files.len(),
        "ahead": status.ahead,
        "behind": status.behind,
    })
}

/// Items in both lists have the same name and say the same.
fn newly<'e>(before: &[Entry], after: &'e [Entry]) -> Vec<&'e Entry> {
    after.iter().filter(|entry| !before.contains(entry)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_choose_items_kinds_and_files() {
        let item = |id: &str| Entry::Item {
            item: id.parse::<ItemId>().unwrap(),
            manifest: bkt_core::manifest::Manifest::of(id.parse::<ItemId>().unwrap().domain),
            before: None,
            after: None,
        };
        let file = |path: &str| Entry::File { path: path.to_owned(), kind: repository::status::Kind::Changed };
        let all = [item("pkg:htop"), item("flatpak:org.gnome.Boxes"), file("Containerfile"), file("README.md")];
        let ids = |words: &[&str]| {
            let entries = words.iter().map(|word| (*word).to_owned()).collect();
            let chosen = choose(Path::new("/nonexistent"), &all, &[], &EntriesArgs { entries, include_private: false });
            chosen.map(|chosen| chosen.iter().map(Entry::id).collect::<Vec<_>>())
        };
        assert_eq!(ids(&[]).unwrap(), ["pkg:htop", "flatpak:org.gnome.Boxes", "Containerfile"]);
        assert_eq!(ids(&["flatpak", "README.md"]).unwrap(), ["flatpak:org.gnome.Boxes", "README.md"]);
        assert_eq!(ids(&["pkg:*"]).unwrap(), ["pkg:htop"]);
        let failure = ids(&["pkg:htp"]).unwrap_err();
        assert_eq!(failure.problem.hint.as_deref(), Some("Did you mean pkg:htop?"));
    }
}
