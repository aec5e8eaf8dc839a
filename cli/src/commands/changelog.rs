// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt changelog`: what changed in the setup, for people.
//!
//! Invariant: only the changelog's own files are written, and the recipe's line that copies them; with `--tag` a commit
//! of exactly the changelog's.

use bkt_core::changelog::draft::{Fact, draft};
use bkt_core::changelog::release::Wanted;
use bkt_core::changelog::{self, Change, Changelog, ChangelogError, Pending, Version};
use bkt_core::deployment::{Role, System};
use bkt_core::i18n::{fill, gettext};
use bkt_core::provenance;
use bkt_core::repository::Entry;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::repository::{self, number};
use super::run;
use crate::args::{
    ChangelogAdd, ChangelogArgs, ChangelogBuilt, ChangelogCommand, ChangelogEdit, ChangelogLost, ChangelogNames,
    ChangelogRelease, ChangelogShow,
};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::prompt;
use crate::ui::{BOLD, DIM, WARN, styled};

impl From<ChangelogError> for Failure {
    fn from(error: ChangelogError) -> Self {
        let exit = match &error {
            ChangelogError::NoEntry(_)
            | ChangelogError::Ambiguous(_)
            | ChangelogError::NoVersion(_)
            | ChangelogError::Name(_)
            | ChangelogError::Message => exit::USAGE,
            ChangelogError::File { .. } => exit::FAILED,
            _ => exit::NOT_POSSIBLE,
        };
        Self { problem: error.into(), exit }
    }
}

/// `bkt changelog …`.
pub(super) fn changelog(context: &Context, args: &ChangelogArgs) -> Result<Answer, Failure> {
    let setup = context.setup()?;
    let load = || Changelog::load(&setup);
    match &args.command {
        None => Ok(list(&load()?, 10)),
        Some(ChangelogCommand::List(args)) => Ok(list(&load()?, args.count)),
        Some(ChangelogCommand::Show(args)) => show(&load()?, args),
        Some(ChangelogCommand::Pending) => Ok(pending(&load()?)),
        Some(ChangelogCommand::Add(args)) => add(context, &setup, args),
        Some(ChangelogCommand::Draft) => drafts(context, &setup),
        Some(ChangelogCommand::Edit(args)) => edit(context, &load()?, args),
        Some(ChangelogCommand::Ready(args)) => ready(context, &load()?, args),
        Some(ChangelogCommand::Remove(args)) => remove(context, &load()?, args),
        Some(ChangelogCommand::Release(args)) => release(context, &setup, args),
        Some(ChangelogCommand::Built(args)) => built(context, &load()?, args),
        Some(ChangelogCommand::Lost(args)) => lost(context, &load()?, args),
        Some(ChangelogCommand::Validate) => Ok(validate(&load()?)),
    }
}

/// `Added · package · htop`.
pub(super) fn line(change: &Change) -> String {
    let pr = change.pr.map_or_else(String::new, |pr| format!(" (#{pr})"));
    format!("{} · {} · {}{pr}", change.kind.name(), change.category.id(), change.message)
}

fn document(pending: &[Pending], versions: &[&Version]) -> Json {
    json!({
        "format": "bkt.changelog",
        "format_version": "1.0",
        "pending": pending,
        "drafts": pending.iter().filter(|pending| pending.change.draft).count(),
        "versions": versions,
    })
}

/// For `bkt status`: how many are pending, and how many of those are drafts.
pub(super) fn brief(changelog: &Changelog) -> Json {
    json!({"pending": changelog.pending.len(), "drafts": changelog.drafts().count()})
}

/// What `bkt status` says; nothing where nothing is pending.
pub(super) fn sentence(changelog: &Changelog) -> Option<String> {
    let (count, drafts) = (changelog.pending.len(), changelog.drafts().count());
    (count > 0).then(|| match drafts {
        0 => number("{count} entry ready for a release", "{count} entries ready for a release", count),
        drafts => {
            let pending = number("{count} entry pending", "{count} entries pending", count);
            let drafts = number("{count} of them a draft", "{count} of them drafts", drafts);
            fill(&gettext("{pending}, {drafts}"), &[("pending", &pending), ("drafts", &drafts)])
        }
    })
}

fn list(changelog: &Changelog, count: usize) -> Answer {
    let mut text = String::new();
    if let Some(sentence) = sentence(changelog) {
        text.push_str(&format!("{}  {sentence}\n", styled(BOLD, &gettext("Unreleased"))));
    }
    let shown: Vec<&Version> = changelog.versions.iter().take(count).collect();
    for version in &shown {
        let changes = number("{count} change", "{count} changes", version.changes.len());
        let digest =
            version.image_digest.as_deref().map(|digest| format!("  {}", digest.chars().take(19).collect::<String>()));
        let digest = digest.map_or_else(String::new, |digest| styled(DIM, &digest));
        text.push_str(&format!("{}  {}  {changes}{digest}\n", styled(BOLD, &version.version), version.date));
    }
    if text.is_empty() {
        text = gettext("The changelog is empty.");
    }
    Answer::new(text, document(&changelog.pending, &shown))
}

fn pending(changelog: &Changelog) -> Answer {
    let mut text = String::new();
    for pending in &changelog.pending {
        let draft = match pending.change.draft {
            true => format!("  {}", styled(WARN, &gettext("draft"))),
            false => String::new(),
        };
        text.push_str(&format!("{}{draft}\n    {}\n", line(&pending.change), styled(DIM, &pending.id)));
    }
    let hint = match (changelog.pending.is_empty(), changelog.drafts().next().is_some()) {
        (true, _) => {
            text = gettext("Nothing is pending.");
            String::new()
        }
        (false, true) => gettext("Make drafts ready with ‘bkt changelog ready’."),
        (false, false) => gettext("Make a version of them with ‘bkt changelog release’."),
    };
    Answer::new(text, document(&changelog.pending, &[])).hinted(hint)
}

fn shown(versions: &[&Version]) -> String {
    let mut out = String::new();
    for version in versions {
        out.push_str(&format!("{}  {}\n", styled(BOLD, &version.version), version.date));
        version.changes.iter().for_each(|change| out.push_str(&format!("  {}\n", line(change))));
    }
    out
}

fn show(changelog: &Changelog, args: &ChangelogShow) -> Result<Answer, Failure> {
    let versions: Vec<&Version> = match (&args.version, args.all) {
        (Some(name), _) => {
            let known = changelog.versions.iter().find(|version| version.version == *name);
            vec![known.ok_or_else(|| ChangelogError::NoVersion(name.clone()))?]
        }
        (None, true) => changelog.versions.iter().collect(),
        (None, false) => changelog.versions.iter().take(args.count).collect(),
    };
    let text = if versions.is_empty() { gettext("No version was released yet.") } else { shown(&versions) };
    Ok(Answer::new(text, document(&[], &versions)))
}

fn add(context: &Context, setup: &std::path::Path, args: &ChangelogAdd) -> Result<Answer, Failure> {
    let mut change = Change::new(Timestamp::now(), args.kind, args.category, &args.message);
    change.draft = args.draft;
    change.pr = args.number;
    change.validate()?;
    let words = if context.globals.dry_run { gettext("Would add: {entry}") } else { gettext("Added: {entry}") };
    let text = fill(&words, &[("entry", &line(&change))]);
    let id = if context.globals.dry_run { String::new() } else { Changelog::add(setup, &change)? };
    Ok(Answer::new(text, document(&[Pending { id, change }], &[])).hinted(too_long(&args.message)))
}

fn too_long(message: &str) -> String {
    if message.chars().count() <= changelog::LONGEST_MESSAGE {
        return String::new();
    }
    let longest = changelog::LONGEST_MESSAGE.to_string();
    fill(&gettext("It is long: more than {count} characters read badly in a list."), &[("count", &longest)])
}

fn drafts(context: &Context, setup: &std::path::Path) -> Result<Answer, Failure> {
    let facts: Vec<Fact> = repository::uncommitted(context)?
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Item { item, before, after, .. } => Some(Fact {
                item,
                before: before.and_then(|before| before.value),
                after: after.and_then(|after| after.value),
            }),
            Entry::File { .. } => None,
        })
        .collect();
    if context.globals.dry_run {
        let text = number("Would draft at most {count} entry.", "Would draft at most {count} entries.", facts.len());
        return Ok(Answer::new(text, document(&[], &[])));
    }
    let written = draft(setup, &facts, Timestamp::now())?;
    let changelog = Changelog::load(setup)?;
    let drafted: Vec<Pending> = changelog.pending.into_iter().filter(|pending| written.contains(&pending.id)).collect();
    let text = match drafted.len() {
        0 => gettext("Nothing new to draft."),
        count => number("Drafted {count} entry.", "Drafted {count} entries.", count),
    };
    Ok(Answer::new(text, document(&drafted, &[])).hinted(gettext("‘bkt changelog pending’ lists them.")))
}

fn edit(context: &Context, changelog: &Changelog, args: &ChangelogEdit) -> Result<Answer, Failure> {
    let mut pending = changelog.find(&args.entry)?.clone();
    if let Some(message) = &args.message {
        message.trim().clone_into(&mut pending.change.message);
    }
    pending.change.kind = args.kind.unwrap_or(pending.change.kind);
    pending.change.category = args.category.unwrap_or(pending.change.category);
    pending.change.pr = args.number.or(pending.change.pr);
    pending.change.validate()?;
    if !context.globals.dry_run {
        changelog.set(&pending)?;
    }
    let hint = too_long(&pending.change.message);
    Ok(Answer::new(line(&pending.change), document(&[pending], &[])).hinted(hint))
}

fn named(changelog: &Changelog, args: &ChangelogNames) -> Result<Vec<Pending>, Failure> {
    if args.all {
        return Ok(changelog.pending.clone());
    }
    Ok(args.entries.iter().map(|word| changelog.find(word).cloned()).collect::<Result<_, _>>()?)
}

fn ready(context: &Context, changelog: &Changelog, args: &ChangelogNames) -> Result<Answer, Failure> {
    let mut entries = named(changelog, args)?;
    entries.retain(|pending| pending.change.draft);
    for pending in &mut entries {
        pending.change.draft = false;
        if !context.globals.dry_run {
            changelog.set(pending)?;
        }
    }
    let text = match (entries.len(), context.globals.dry_run) {
        (0, _) => gettext("They are ready already."),
        (count, true) => number("Would make {count} entry ready.", "Would make {count} entries ready.", count),
        (count, false) => number("{count} entry is ready now.", "{count} entries are ready now.", count),
    };
    Ok(Answer::new(text, document(&entries, &[])))
}

fn remove(context: &Context, changelog: &Changelog, args: &ChangelogNames) -> Result<Answer, Failure> {
    let entries = named(changelog, args)?;
    let lines: String = entries.iter().map(|pending| format!("  {}\n", line(&pending.change))).collect();
    if context.globals.dry_run {
        return Ok(Answer::new(format!("{}\n{lines}", gettext("Would remove:")), document(&entries, &[])));
    }
    if entries.len() > 1 && !context.globals.yes {
        run::may_ask(context)?;
        context.ui.say(lines.trim_end());
        let question = number("Remove {count} entry?", "Remove {count} entries?", entries.len());
        if prompt::consent(&context.ui, &question, None, false) != prompt::Consent::Yes {
            return Ok(Answer::new(gettext("Nothing was changed."), document(&[], &[])).exiting(exit::FAILED));
        }
    }
    changelog.remove(entries.iter().map(|pending| pending.id.as_str()))?;
    let text = number("Removed {count} entry.", "Removed {count} entries.", entries.len());
    Ok(Answer::new(text, document(&entries, &[])))
}

fn release(context: &Context, setup: &std::path::Path, args: &ChangelogRelease) -> Result<Answer, Failure> {
    let base_image = bkt_core::recipe::file::base_image(setup);
    let wanted = Wanted { version: args.version.clone(), without_sheet: args.no_update, base_image };
    let now = Timestamp::now();
    let planned = Changelog::load(setup)?.plan_release(&wanted, now)?;
    if context.globals.dry_run {
        let text = fill(&gettext("Would release:\n{version}"), &[("version", &shown(&[&planned]))]);
        return Ok(Answer::new(text, document(&[], &[&planned])));
    }
    if args.tag {
        repository::can_tag(context, &planned.version)?;
    }
    let version = Changelog::release(setup, &wanted, now)?;
    let count = number("{count} entry", "{count} entries", version.changes.len());
    let mut text =
        fill(&gettext("Released {version} ({entries})."), &[("version", &version.version), ("entries", &count)]);
    if !args.no_update {
        text.push_str(&gettext("\nCHANGELOG.md has it."));
    }
    if args.tag {
        repository::tag(context, &version.version)?;
        text.push_str(&gettext("\nIt is committed and tagged, not pushed."));
    }
    Ok(Answer::new(text, document(&[], &[&version])))
}

fn built(context: &Context, changelog: &Changelog, args: &ChangelogBuilt) -> Result<Answer, Failure> {
    if !context.globals.dry_run {
        changelog.built(&args.version, &args.digest)?;
    }
    let values = [("version", &*args.version), ("digest", &*args.digest)];
    Ok(Answer::new(fill(&gettext("{version} is in {digest}."), &values), document(&[], &[])))
}

fn lost(context: &Context, changelog: &Changelog, args: &ChangelogLost) -> Result<Answer, Failure> {
    let host = context.brief_host()?;
    let system = System::probe(host.as_ref());
    let images = provenance::images(host.as_ref(), &system);
    let booted = images.iter().find(|image| image.role == Role::Booted);
    // An image that has its changelog in it says itself what it has.
    let wanted = system.deployments().find(|(role, deployment)| match &args.digest {
        Some(digest) => deployment.digest.as_ref() == Some(digest),
        None => *role == Role::Rollback,
    });
    let other = wanted.and_then(|(role, deployment)| provenance::image(host.as_ref(), role, deployment));
    if let (Some(booted), Some(other)) = (booted, other)
        && let Some(lost) = provenance::lost(booted, &other)
    {
        let lines: String = lost.iter().map(|change| format!("  {}\n", line(change))).collect();
        let text = if lost.is_empty() { gettext("Nothing: both images tell of the same changes.") } else { lines };
        let mut document = document(&[], &[]);
        document["lost"] = json!(lost);
        return Ok(Answer::new(text, document));
    }
    let digest = |role: Role| {
        let deployment = system.deployments().find(|(it, _)| *it == role)?.1;
        deployment.digest.clone()
    };
    let unknown = |what: &str| Failure::new(exit::NOT_POSSIBLE, "no_image_digest", what);
    let from = digest(Role::Booted).ok_or_else(|| unknown(&gettext("the running system is no image with a digest")))?;
    let to = args.digest.clone().or_else(|| digest(Role::Rollback));
    let to = to.ok_or_else(|| unknown(&gettext("there is no image to go back to")))?;
    let Some(lost) = changelog.lost(&from, &to) else {
        return Err(unknown(&gettext("the changelog does not say which images were built from its versions"))
            .hinted(gettext("Note it after each build with ‘bkt changelog built VERSION DIGEST’")));
    };
    let text = if lost.is_empty() { gettext("Nothing: no version is between them.") } else { shown(&lost) };
    let mut document = document(&[], &lost);
    document["lost"] = json!(lost.iter().flat_map(|version| &version.changes).collect::<Vec<_>>());
    Ok(Answer::new(text, document))
}

fn validate(changelog: &Changelog) -> Answer {
    let mut text = String::new();
    let mut exit = exit::DONE;
    for pending in &changelog.pending {
        let wrong = match (pending.change.validate(), pending.change.draft) {
            (Err(error), _) => Some(error.to_string()),
            (Ok(()), true) => Some(gettext("it is a draft")),
            (Ok(()), false) => None,
        };
        if let Some(wrong) = wrong {
            exit = exit::DIFFERENCES;
            text.push_str(&format!("{}: {wrong}\n", pending.id));
        } else if pending.change.message.chars().count() > changelog::LONGEST_MESSAGE {
            text.push_str(&format!("{}: {}\n", pending.id, too_long(&pending.change.message)));
        }
    }
    if text.is_empty() {
        text = number("{count} entry can be released.", "{count} entries can be released.", changelog.pending.len());
    }
    Answer::new(text, document(&changelog.pending, &[])).exiting(exit)
}
