// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt status`: this computer and its setup at a glance.
//!
//! Invariant: nothing is changed; what could not be checked and what the setup says in vain is always named.

use bkt_core::agreed::Base;
use bkt_core::changelog::Changelog;
use bkt_core::compare::{Change, Comparison, Shape};
use bkt_core::deployment::{HostKind, Role};
use bkt_core::describe;
use bkt_core::document;
use bkt_core::first_boot::Unfinished;
use bkt_core::host::Host;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::item::Domain;
use bkt_core::recipe::behind::behind;
use bkt_core::repository::Status as Repository;
use bkt_core::run::Outcome;
use bkt_core::run::receipt::newest;
use bkt_core::session::Snapshot;
use bkt_core::updates::{self, Facts, Updates};
use bkt_core::value::Value;
use serde_json::Value as Json;
use unicode_width::UnicodeWidthStr;

use super::system::{role, title, updates_lines};
use crate::args::StatusArgs;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::ui::{BAD, BOLD, DIM, GOOD, WARN, padded, styled, widest};

/// `bkt status`.
pub(super) fn status(context: &Context, args: &StatusArgs) -> Result<Answer, Failure> {
    let session = context.brief_session()?;
    // Asking systemd and the journal takes as long as comparing; both are done at once.
    let (snapshot, facts) = std::thread::scope(|scope| {
        let facts = scope.spawn(|| if args.porcelain { None } else { Facts::read(session.host.as_ref()) });
        (super::run::compare_kinds(context, &session, &args.kinds.domains()), facts.join().ok().flatten())
    });
    let snapshot = snapshot?;
    let comparison = &snapshot.comparison;
    let updates = facts.map(|facts| updates::decide(&facts, &comparison.system, comparison.compared_at));
    let exit = if args.exit_code { verdict(comparison) } else { exit::DONE };
    if args.porcelain {
        let text = porcelain(comparison, args.ignored, if args.nul { '\0' } else { '\n' });
        return Ok(Answer::new(text, Json::Null).verbatim().exiting(exit));
    }
    let repository = super::repository::look(context, &snapshot.setup.directory);
    let unfinished = Unfinished::read(session.host.as_ref(), &session.state, &comparison.system);
    let mut document = document::status(&snapshot, updates.as_ref());
    document["first_boot"] = serde_json::json!(unfinished);
    document["repo"] = repository.as_ref().map_or(Json::Null, super::repository::brief);
    let system = &comparison.system;
    let image = super::repository::build_info::waiting(context, system, &snapshot.setup.directory, repository.as_ref());
    document["image"] = match &image {
        Some(Ok((revision, lacks))) => super::repository::build_info::brief(revision.as_ref(), lacks),
        _ => Json::Null,
    };
    let behind = behind(&snapshot.setup);
    document["recipe_behind"] = serde_json::json!(behind);
    let changelog = Changelog::load(&snapshot.setup.directory);
    document["changelog"] = changelog.as_ref().map_or(Json::Null, super::changelog::brief);
    let mut text = if args.skip_os {
        columns(&[setup_row(context, &snapshot, repository.as_ref())])
    } else {
        sides(context, session.host.as_ref(), &snapshot, repository.as_ref(), updates.as_ref(), &unfinished)
    };
    text.push('\n');
    text.push_str(&summary(comparison));
    text.push('\n');
    if let Some(run) = newest(&session.state).filter(|newest| newest.result == Outcome::CutOff) {
        let sentence = gettext("The last run was cut off; ‘bkt log {run}’ tells what it was about.");
        text.push_str(&format!("{}\n\n", styled(WARN, &fill(&sentence, &[("run", &run.run.to_string())]))));
    }
    text.push_str(&super::local::brief(comparison));
    text.push_str(&unchecked(comparison));
    let lacks = match &image {
        Some(Ok((_, lacks))) => super::repository::build_info::lines(lacks),
        Some(Err(failure)) => Some(failure.problem.message.clone()),
        None => None,
    };
    text.push_str(
        &lacks.as_ref().map_or_else(String::new, |words| format!("{}  {words}\n", styled(BOLD, &gettext("Image")))),
    );
    if let Some(behind) = &behind {
        let sentence = match behind.file {
            "" => behind.sentences().join("\n"),
            file => fill(&gettext("{file} does not follow the setup"), &[("file", file)]),
        };
        text.push_str(&format!("{}  {sentence}\n", styled(BOLD, &gettext("Recipe"))));
    }
    match &changelog {
        _ if args.no_changelog => {}
        Ok(changelog) => {
            let sentence = super::changelog::sentence(changelog);
            text.push_str(
                &sentence.map_or_else(String::new, |sentence| {
                    format!("{}  {sentence}\n", styled(BOLD, &gettext("Changelog")))
                }),
            );
        }
        Err(error) => text.push_str(&format!("{}  {error}\n", styled(WARN, &gettext("Changelog")))),
    }
    let text = format!("{}\n{}", text.trim_end(), if context.ui.quiet { "" } else { "\n" });
    let mut hints = broken(&snapshot);
    hints.push_str(&warnings(comparison));
    hints.push_str(&next(
        comparison,
        repository.as_ref(),
        changelog.as_ref().ok(),
        (lacks.is_some(), behind.is_some()),
    ));
    Ok(Answer::new(text, document).hinted(hints.trim_end()).exiting(exit))
}

/// What a comparison comes to, as an exit code.
pub(super) const fn verdict(comparison: &Comparison) -> u8 {
    match (comparison.changes.is_empty(), comparison.unknown.is_empty()) {
        (false, _) => exit::DIFFERENCES,
        (true, false) => exit::UNCHECKED,
        (true, true) => exit::DONE,
    }
}

/// Labels in one column, each with its text.
fn columns(rows: &[(String, String)]) -> String {
    let wide = widest(rows.iter().map(|(label, _)| label));
    rows.iter().map(|(label, text)| format!("{}  {text}\n", styled(BOLD, &padded(label, wide)))).collect()
}

/// Where the setup is, and how its repository stands.
fn setup_row(context: &Context, snapshot: &Snapshot, repository: Option<&Repository>) -> (String, String) {
    let mut parts = vec![context.environment.short(&snapshot.setup.directory)];
    if let Some(repository) = repository {
        parts.extend(repository.branch.clone());
        let count = |n: usize, one: &str, many: &str| {
            let words = ngettext(one, many, u32::try_from(n).unwrap_or(u32::MAX));
            (n > 0).then(|| fill(&words, &[("count", &n.to_string())]))
        };
        parts.extend(count(repository.files.len(), "{count} file not committed", "{count} files not committed"));
        parts.extend(count(repository.ahead as usize, "{count} commit to push", "{count} commits to push"));
        parts.extend(count(repository.behind as usize, "{count} commit to pull", "{count} commits to pull"));
    }
    (gettext("Setup"), parts.join(" · "))
}

/// Setup, running system, waiting system.
fn sides(
    context: &Context,
    host: &dyn Host,
    snapshot: &Snapshot,
    repository: Option<&Repository>,
    updates: Option<&Updates>,
    unfinished: &Unfinished,
) -> String {
    let system = &snapshot.comparison.system;
    let mut rows = vec![setup_row(context, snapshot, repository)];
    let running = system.booted.as_ref().map(title).or_else(|| pretty_name(host));
    if let Some(root) = host.root() {
        rows.push((gettext("Computer"), root.display().to_string()));
    }
    rows.push((gettext("Running"), running.unwrap_or_else(|| gettext("unknown"))));
    for (part, deployment) in system.deployments().filter(|(part, _)| *part != Role::Booted) {
        let note = match part {
            Role::Staged if deployment.download_only => gettext("{version}  a restart would not use it"),
            Role::Staged => gettext("{version}  restart to use"),
            _ if system.next.as_ref() == Some(&deployment.id) => gettext("{version}  the next start uses it"),
            _ if deployment.pinned || part == Role::Rollback => "{version}".to_owned(),
            _ => continue,
        };
        // The image is said once; a version that came from another one names it.
        let same = system.booted.as_ref().is_some_and(|booted| booted.image == deployment.image);
        let version = if same { deployment.title() } else { title(deployment) };
        rows.push((role(part, deployment), fill(&note, &[("version", &version)])));
    }
    if system.kind == HostKind::Layered {
        let layered = system.layered.iter().map(String::as_str).collect::<Vec<_>>();
        rows.push((gettext("Layered"), styled(WARN, &describe::names(&layered))));
    }
    if let Some(updates) = updates.filter(|updates| updates.handled_by.is_some() || updates.stopped.is_some()) {
        let mut lines = updates_lines(updates).into_iter();
        rows.extend(lines.next().map(|line| (gettext("Updates"), line)));
        rows.extend(lines.map(|line| (String::new(), line)));
    }
    for marker in [&unfinished.system, &unfinished.user].into_iter().flatten() {
        rows.push((gettext("First setup"), styled(WARN, &super::first_boot::unfinished(marker))));
    }
    columns(&rows)
}

fn pretty_name(host: &dyn Host) -> Option<String> {
    let text =
        ["/etc/os-release", "/usr/lib/os-release"].iter().find_map(|path| host.read(&host.at(path)).ok().flatten())?;
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches(['"', '\'']).to_owned()).filter(|name| !name.is_empty())
}

/// `Everything matches (112 entries).`
pub(super) fn in_sync(comparison: &Comparison) -> String {
    let count = comparison.in_sync.len();
    let words = match (comparison.unknown.is_empty(), comparison.ignored.len()) {
        (true, 0) => ngettext(
            "Everything matches ({count} entry).",
            "Everything matches ({count} entries).",
            u32::try_from(count).unwrap_or(u32::MAX),
        ),
        (true, _) => ngettext(
            "Everything matches ({count} entry; {ignored} ignored).",
            "Everything matches ({count} entries; {ignored} ignored).",
            u32::try_from(count).unwrap_or(u32::MAX),
        ),
        (false, _) => gettext("No difference was found in what could be checked."),
    };
    fill(&words, &[("count", &count.to_string()), ("ignored", &comparison.ignored.len().to_string())])
}

fn summary(comparison: &Comparison) -> String {
    let number = |n: usize, one: &str, many: &str| {
        fill(&ngettext(one, many, u32::try_from(n).unwrap_or(u32::MAX)), &[("count", &n.to_string())])
    };
    let changes = &comparison.changes;
    let mut out = if changes.is_empty() {
        let style = if comparison.unknown.is_empty() { GOOD } else { WARN };
        format!("{}\n", styled(style, &in_sync(comparison)))
    } else {
        format!("{}\n", styled(BOLD, &number(changes.len(), "{count} change to decide", "{count} changes to decide")))
    };
    for domain in Domain::ALL {
        let of =
            |shape: Shape| changes.iter().filter(|change| change.id.domain == domain && change.shape == shape).count();
        let both = changes
            .iter()
            .filter(|change| change.id.domain == domain && change.origin == bkt_core::compare::Origin::BothChanged)
            .count();
        let parts = [
            (of(Shape::OnlyHere), gettext("{count} only here")),
            (of(Shape::Missing), gettext("{count} missing")),
            (of(Shape::Different), gettext("{count} different")),
        ];
        let mut parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, words)| fill(words, &[("count", &count.to_string())]))
            .collect();
        if both > 0 {
            let words = fill(&gettext("{count} of them changed in both places"), &[("count", &both.to_string())]);
            parts.push(styled(BAD, &words));
        }
        if !parts.is_empty() {
            out.push_str(&format!("  {}  {}\n", padded(domain.id(), 9), parts.join(", ")));
        }
    }
    let after = comparison.after_restart();
    if after > 0 {
        out.push_str(&number(after, "{count} matches after restart\n", "{count} match after restart\n"));
    }
    if !changes.is_empty() && !comparison.ignored.is_empty() {
        out.push_str(&styled(DIM, &number(comparison.ignored.len(), "{count} ignored\n", "{count} ignored\n")));
    }
    out
}

/// What could not be checked, each with its reason and its next step.
pub(super) fn unchecked(comparison: &Comparison) -> String {
    if comparison.unknown.is_empty() {
        return String::new();
    }
    let mut out = format!("{}\n", styled(WARN, &gettext("Could not be checked")));
    for unknown in &comparison.unknown {
        let what = unknown.item.as_ref().map_or_else(|| unknown.domain.id().to_owned(), ToString::to_string);
        let message = &unknown.problem.message;
        if what.width() <= 9 && 13 + message.width() <= 80 {
            out.push_str(&format!("  {}  {message}\n", padded(&what, 9)));
        } else {
            out.push_str(&format!("  {what}\n      {message}\n"));
        }
        if let Some(hint) = &unknown.problem.hint {
            out.push_str(&format!("      {}\n", styled(DIM, hint)));
        }
    }
    out.push('\n');
    out
}

/// What is wrong in files of the setup that hide no domain.
fn broken(snapshot: &Snapshot) -> String {
    let rows: Vec<_> = snapshot.setup.kept.problems().collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut out = format!("{}\n", styled(BAD, &gettext("Wrong in the setup")));
    for (file, finding) in rows {
        let place = format!("{file}:{}", finding.line);
        let fits = 4 + place.width() + finding.message.width() <= 80;
        let gap = if fits { "  " } else { "\n      " };
        out.push_str(&format!("  {place}{gap}{}\n", finding.message));
    }
    out.push('\n');
    out
}

/// What the setup says that is not used.
pub(super) fn warnings(comparison: &Comparison) -> String {
    if comparison.warnings.is_empty() {
        return String::new();
    }
    let mut out = format!("{}\n", styled(WARN, &gettext("Not used in the setup")));
    for warning in &comparison.warnings {
        let place = format!("{}:{}", warning.file, warning.line);
        let fits = 4 + place.width() + warning.message.width() <= 80;
        let gap = if fits { "  " } else { "\n      " };
        out.push_str(&format!("  {place}{gap}{}\n", warning.message));
    }
    out.push('\n');
    out
}

fn next(
    comparison: &Comparison,
    repository: Option<&Repository>,
    changelog: Option<&Changelog>,
    (lacks, behind): (bool, bool),
) -> String {
    let mut rows: Vec<(String, String)> = Vec::new();
    if !comparison.changes.is_empty() {
        rows.push(("bkt drift".into(), gettext("list the changes")));
        rows.push(("bkt diff".into(), gettext("see both sides of each")));
        if comparison.changes.iter().any(|change| change.suggestion().is_some()) {
            rows.push(("bkt apply".into(), gettext("review the suggested plan")));
        } else {
            rows.push(("bkt plan show --apply ITEM…".into(), gettext("see what applying would do")));
        }
    }
    if comparison.unknown.iter().any(|unknown| unknown.problem.hint.is_none()) {
        rows.push(("bkt doctor".into(), gettext("find out what is missing")));
    }
    if !comparison.temporary.is_empty() {
        rows.push(("bkt local list".into(), gettext("see what was changed here alone")));
    }
    if repository.is_some_and(|repository| !repository.files.is_empty()) {
        rows.push(("bkt repo".into(), gettext("see what is not committed in the setup")));
    }
    if behind {
        rows.push(("bkt containerfile check".into(), gettext("see where the recipe does not follow the setup")));
    }
    if lacks {
        rows.push(("bkt build-info".into(), gettext("see which changes the image lacks")));
    }
    match changelog {
        Some(changelog) if changelog.drafts().next().is_some() => {
            rows.push(("bkt changelog pending".into(), gettext("see which entries are drafts")));
        }
        Some(changelog) if !changelog.pending.is_empty() => {
            rows.push(("bkt changelog release".into(), gettext("make a version of what is pending")));
        }
        _ => {}
    }
    if rows.is_empty() {
        return String::new();
    }
    let wide = rows.iter().map(|(command, _)| command.width()).max().unwrap_or(0);
    let rows: String = rows.iter().map(|(command, why)| format!("  {}  {why}\n", padded(command, wide))).collect();
    format!("{}\n{rows}", styled(BOLD, &gettext("Next")))
}

/// Version 1 of the porcelain format: `XY ITEM`.
fn porcelain(comparison: &Comparison, ignored: bool, end: char) -> String {
    let mut out = String::new();
    for change in &comparison.changes {
        out.push_str(&format!("{} {}{end}", letters(change), change.id));
    }
    if ignored {
        comparison.ignored.iter().for_each(|change| out.push_str(&format!("!! {}{end}", change.id)));
    }
    for unknown in &comparison.unknown {
        match &unknown.item {
            Some(item) => out.push_str(&format!("?? {item}{end}")),
            None => out.push_str(&format!("?? {}:*{end}", unknown.domain)),
        }
    }
    out
}

/// What each side did since they agreed; in small letters, how they differ when they never did.
fn letters(change: &Change) -> String {
    let base = match &change.base {
        Base::Unknown => {
            return match change.shape {
                Shape::OnlyHere => "a ",
                Shape::Missing => " a",
                Shape::Different => "mm",
            }
            .to_owned();
        }
        Base::Absent => None,
        Base::Value(value) => Some(value),
    };
    let letter = |side: Option<&Value>| match (base, side) {
        (None, Some(_)) => 'A',
        (Some(_), None) => 'D',
        (Some(base), Some(side)) if !base.is_met_by(side) => 'M',
        _ => ' ',
    };
    [letter(change.computer.as_ref()), letter(change.setup.as_ref())].iter().collect()
}
