// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt system`: the versions of the system on this computer, how they differ, and who updates it.
//!
//! Invariant: only looks; a package list that cannot be read is said to be so, never shown as no difference.

use bkt_core::deployment::packages::{self, PackageChange, PackageDiff, PackageStep};
use bkt_core::deployment::{Deployment, HostKind, Role, System};
use bkt_core::document;
use bkt_core::host::Host;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::problem::Problem;
use bkt_core::updates::{self, Updates};
use unicode_width::UnicodeWidthStr;

use super::log::when;
use crate::args::{SystemArgs, SystemCommand, SystemDiff};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::ui::{BOLD, DIM, WARN, padded, styled, widest, wrapped};

/// How wide text may be; what is longer is broken between words.
const WIDTH: usize = 80;

/// `bkt system [show|diff|staged]`.
pub(super) fn system(context: &Context, args: &SystemArgs) -> Result<Answer, Failure> {
    let host = context.host()?;
    let system = System::probe(host.as_ref());
    match &args.command {
        None | Some(SystemCommand::Show) => Ok(show(host.as_ref(), &system)),
        Some(SystemCommand::Diff(args)) => diff(host.as_ref(), &system, args),
        Some(SystemCommand::Staged) => staged(host.as_ref(), &system),
    }
}

/// What a role is called.
pub(super) fn role(role: Role, deployment: &Deployment) -> String {
    match role {
        Role::Booted => gettext("Running"),
        Role::Staged => gettext("Waiting"),
        Role::Rollback => gettext("Previous"),
        Role::Kept if deployment.pinned => gettext("Kept"),
        Role::Kept => gettext("Other"),
    }
}

/// Version and image on one line.
pub(super) fn title(deployment: &Deployment) -> String {
    let source = deployment.image.clone().or_else(|| deployment.remote.clone());
    [Some(deployment.title()), source].into_iter().flatten().collect::<Vec<_>>().join("  ")
}

fn show(host: &dyn Host, system: &System) -> Answer {
    let updates = updates::look(host, system);
    let next = system.next_start();
    let diff = system.booted.as_ref().zip(next).map(|(booted, next)| packages::between(host, booted, next));
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for (part, deployment) in system.deployments() {
        let mut lines = vec![title(deployment)];
        lines.extend(about(part, deployment, system.next.as_deref()));
        if let (true, Some(diff)) = (next == Some(deployment), &diff) {
            lines.push(diff.as_ref().map_or_else(could_not_compare, totals));
        }
        rows.push((role(part, deployment), lines));
    }
    if system.deployments().next().is_none() {
        rows.push((gettext("System"), vec![without_versions(system.kind)]));
    }
    if system.usr_overlay {
        rows.push((gettext("/usr"), vec![gettext("covered by a writable overlay until the next start")]));
    }
    let mut hints = String::new();
    if let Some(updates) = &updates {
        rows.push((gettext("Updates"), updates_lines(updates)));
        hints = updates.stopped.as_ref().map(|stopped| format!("{}\n", stopped.hint())).unwrap_or_default();
    }
    let wide = widest(rows.iter().map(|(label, _)| label)) + 2;
    let mut text = String::new();
    for (label, lines) in rows {
        for (index, line) in lines.iter().enumerate() {
            let label = if index == 0 { styled(BOLD, &padded(&label, wide)) } else { " ".repeat(wide) };
            let line = if line.contains('\x1b') { line.clone() } else { wrapped(line, wide, wide, WIDTH) };
            text.push_str(&format!("{label}{line}\n"));
        }
    }
    if next.is_some() && matches!(&diff, Some(Ok(diff)) if !diff.is_empty()) {
        hints.push_str(&format!("bkt system diff  {}", gettext("list the packages that change")));
    }
    let document = document::system(system, updates.as_ref(), diff.as_ref().map(Result::as_ref));
    Answer::new(text, document).hinted(hints.trim_end())
}

/// Everything worth a line below the title.
fn about(part: Role, deployment: &Deployment, next: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    let digest = deployment.digest.as_ref().map(|digest| digest.chars().take(19).collect());
    let built = deployment.timestamp.map(|time| fill(&gettext("built {time}"), &[("time", &when(time))]));
    let id: String = deployment.id.chars().take(12).collect();
    let id = (deployment.title() != id).then_some(id);
    let pinned = (deployment.pinned && part != Role::Kept).then(|| gettext("kept"));
    let facts: Vec<String> = [built, digest, id, pinned].into_iter().flatten().collect();
    if !facts.is_empty() {
        lines.push(styled(DIM, &facts.join("  ")));
    }
    match part {
        Role::Staged if deployment.download_only => lines.push(gettext("downloaded only: a restart would not use it")),
        Role::Staged => lines.push(gettext("restart to use it")),
        Role::Rollback | Role::Kept if next == Some(&*deployment.id) => lines.push(gettext("the next start uses it")),
        _ => {}
    }
    let mut names = |words: String, names: &[String]| {
        if !names.is_empty() {
            lines.push(fill(&words, &[("names", &names.join(", "))]));
        }
    };
    names(gettext("layered: {names}"), &deployment.layered);
    names(gettext("layered from files: {names}"), &deployment.local);
    names(gettext("taken out of the image: {names}"), &deployment.removed);
    names(gettext("replaced in the image: {names}"), &deployment.replaced);
    lines
}

fn without_versions(kind: HostKind) -> String {
    match kind {
        HostKind::Container => gettext("inside a container; the versions are the host’s to list"),
        _ => gettext("made of packages; there are no versions to list"),
    }
}

/// `12 upgraded, 3 added, 1 removed`.
fn totals(diff: &PackageDiff) -> String {
    let word = |step: PackageStep, count: u32| match step {
        PackageStep::Upgraded => ngettext("{count} upgraded", "{count} upgraded", count),
        PackageStep::Downgraded => ngettext("{count} downgraded", "{count} downgraded", count),
        PackageStep::Added => ngettext("{count} added", "{count} added", count),
        PackageStep::Removed => ngettext("{count} removed", "{count} removed", count),
    };
    let part = |step: PackageStep| {
        let count = diff.of(step).count();
        let words = word(step, u32::try_from(count).unwrap_or(u32::MAX));
        (count > 0).then(|| fill(&words, &[("count", &count.to_string())]))
    };
    let parts: Vec<String> = PackageStep::ALL.into_iter().filter_map(part).collect();
    match (parts.is_empty(), diff.0.iter().any(|change| change.kernel)) {
        (true, _) => gettext("same packages as the running system"),
        (false, false) => parts.join(", "),
        (false, true) => fill(&gettext("{parts}; also the kernel"), &[("parts", &parts.join(", "))]),
    }
}

fn could_not_compare(problem: &Problem) -> String {
    fill(&gettext("Package lists could not be compared: {reason}"), &[("reason", &problem.message)])
}

/// Who updates the system, and since when no longer.
pub(super) fn updates_lines(updates: &Updates) -> Vec<String> {
    let mut parts = Vec::new();
    parts.push(match updates.handled_by {
        Some(by) => fill(&gettext("by {updater}"), &[("updater", &by.name())]),
        None => gettext("not automatic"),
    });
    for also in &updates.also {
        parts.push(fill(&gettext("also by {updater}"), &[("updater", &also.name())]));
    }
    match (updates.last_success, updates.last_check) {
        (Some(time), _) => parts.push(fill(&gettext("last success {time}"), &[("time", &when(time))])),
        (None, Some(time)) => parts.push(fill(&gettext("last check {time}"), &[("time", &when(time))])),
        (None, None) => {}
    }
    let warning = updates.stopped.as_ref().map(|stopped| styled(WARN, &stopped.message()));
    [parts.join(", ")].into_iter().chain(warning).collect()
}

fn diff(host: &dyn Host, system: &System, args: &SystemDiff) -> Result<Answer, Failure> {
    let booted = system.booted.as_ref().ok_or_else(|| not_here(system))?;
    let (from, to) = match (&args.from, &args.to) {
        (Some(from), to) => (find(system, from)?, to.as_ref().map_or(Ok(booted), |to| find(system, to))?),
        (None, _) => match (system.next_start(), &system.rollback) {
            (Some(next), _) => (booted, next),
            (None, Some(previous)) => (previous, booted),
            (None, None) => {
                let message = gettext("there is only one version of the system here");
                return Err(Failure::new(exit::NOT_POSSIBLE, "one_deployment", message));
            }
        },
    };
    let diff = packages::between(host, from, to).map_err(|problem| unreadable(&problem))?;
    let head = format!("{} → {}", from.title(), to.title());
    let text = format!("{}\n{}", styled(BOLD, &head), rows(&diff));
    Ok(Answer::new(text, document::system_diff(system, from, to, &diff)))
}

fn unreadable(problem: &Problem) -> Failure {
    let problem = Problem { message: could_not_compare(problem), ..problem.clone() };
    Failure { problem, exit: exit::NOT_POSSIBLE }
}

fn not_here(system: &System) -> Failure {
    let message = match system.kind {
        HostKind::Container => gettext("this is a container; its host has the versions"),
        _ => gettext("this system is not image-based: it has no versions to compare"),
    };
    Failure::new(exit::NOT_POSSIBLE, "not_image_based", message)
}

/// The deployment a word names: its role, its version, or the beginning of its id.
fn find<'a>(system: &'a System, word: &str) -> Result<&'a Deployment, Failure> {
    let role = match word {
        "booted" | "running" => Some(Role::Booted),
        "staged" | "waiting" => Some(Role::Staged),
        "rollback" | "previous" => Some(Role::Rollback),
        _ => None,
    };
    let is_pinned = matches!(word, "pinned" | "kept");
    let fits = |(part, deployment): &(Role, &Deployment)| match role {
        Some(role) => role == *part,
        None if is_pinned => deployment.pinned,
        None => deployment.version.as_deref() == Some(word) || (word.len() >= 4 && deployment.id.starts_with(word)),
    };
    let found: Vec<&Deployment> = system.deployments().filter(fits).map(|(_, deployment)| deployment).collect();
    let names: Vec<String> = system
        .deployments()
        .map(|(_, deployment)| deployment.version.clone().unwrap_or_else(|| deployment.id.chars().take(12).collect()))
        .collect();
    let names = fill(&gettext("Here are: {names}"), &[("names", &names.join(", "))]);
    match &found[..] {
        [one] => Ok(one),
        [] => {
            let message = fill(&gettext("no version of the system here is ‘{word}’"), &[("word", word)]);
            Err(Failure::new(exit::USAGE, "unknown_deployment", message).hinted(names))
        }
        _ => {
            let message = fill(&gettext("‘{word}’ is more than one version of the system"), &[("word", word)]);
            Err(Failure::new(exit::USAGE, "ambiguous_deployment", message).hinted(names))
        }
    }
}

/// The packages under a heading each, in columns.
fn rows(diff: &PackageDiff) -> String {
    if diff.is_empty() {
        return format!("{}\n", gettext("The packages are the same."));
    }
    let wide = widest(diff.0.iter().map(|change| &change.name)).min(32);
    let mut text = String::new();
    for step in PackageStep::ALL {
        let changes: Vec<&PackageChange> = diff.of(step).collect();
        if changes.is_empty() {
            continue;
        }
        let heading = match step {
            PackageStep::Upgraded => gettext("Upgraded"),
            PackageStep::Downgraded => gettext("Downgraded"),
            PackageStep::Added => gettext("Added"),
            PackageStep::Removed => gettext("Removed"),
        };
        text.push_str(&format!("{}\n", styled(BOLD, &heading)));
        for change in changes {
            let versions: Vec<&str> = [&change.from, &change.to].into_iter().flatten().map(String::as_str).collect();
            let mark = if change.kernel { format!("  {}", styled(WARN, &gettext("kernel"))) } else { String::new() };
            let versions = versions.join(" → ");
            let fits = change.name.width() <= wide && 4 + wide + versions.width() <= WIDTH;
            let gap = if fits { "  " } else { "\n      " };
            let name = if fits { padded(&change.name, wide) } else { change.name.clone() };
            text.push_str(&format!("  {name}{gap}{versions}{mark}\n"));
        }
    }
    text
}

fn staged(host: &dyn Host, system: &System) -> Result<Answer, Failure> {
    let booted = system.booted.as_ref().ok_or_else(|| not_here(system))?;
    let Some(staged) = &system.staged else {
        let document = document::system_staged(system, None, &[]);
        return Ok(Answer::new(gettext("Nothing is waiting for a restart."), document));
    };
    let diff = packages::between(host, booted, staged).map_err(|problem| unreadable(&problem))?;
    let leaving = system.leaving(host).map_err(|problem| unreadable(&problem))?;
    let mut text = format!("{}\n", styled(BOLD, &title(staged)));
    about(Role::Staged, staged, None).iter().for_each(|line| text.push_str(&format!("{line}\n")));
    let layers = system.layers();
    let mut names = |words: String, names: &[String]| {
        if !names.is_empty() {
            text.push_str(&format!("{}\n", wrapped(&fill(&words, &[("names", &names.join(", "))]), 0, 2, WIDTH)));
        }
    };
    names(gettext("layers that come: {names}"), &layers.added);
    names(gettext("layers that go: {names}"), &layers.removed);
    names(gettext("no longer there after the restart: {names}"), &leaving);
    text.push_str(&format!("\n{}", rows(&diff)));
    Ok(Answer::new(text, document::system_staged(system, Some(&diff), &leaving)))
}

#[cfg(test)]
mod tests;
