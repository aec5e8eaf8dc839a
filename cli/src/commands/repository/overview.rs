// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt repo`: branch, what is not committed, open pull requests, the last build.
//!
//! Invariant: only reads; what GitHub cannot be asked for is named and hides nothing else.

use bkt_core::i18n::{fill, gettext};
use bkt_core::repository::forge::{Build, Checks, Gh, Request};
use bkt_core::repository::remote::Way;
use bkt_core::repository::{RepositoryError, Status};
use serde_json::json;

use super::{Desk, described, number};
use crate::args::{RepoArgs, RepoCommand};
use crate::context::Context;
use crate::error::{Answer, Failure};
use crate::ui::{BOLD, DIM, padded, styled, widest};

/// What the forge knows.
#[derive(Default)]
struct Forge {
    requests: Option<Vec<Request>>,
    build: Option<Build>,
    problem: Option<String>,
}

/// `bkt repo`.
pub(in crate::commands) fn overview(context: &Context, args: &RepoArgs) -> Result<Answer, Failure> {
    if let Some(RepoCommand::Path) = args.command {
        let path = context.setup()?.display().to_string();
        let document = json!({"format": "bkt.repo-path", "format_version": "1.0", "path": path});
        return Ok(Answer::new(path, document).verbatim());
    }
    let desk = Desk::open(context)?;
    let (status, entries) = desk.look()?;
    let operation = desk.repository().operation()?;
    let way = match desk.repository().way(&status) {
        Ok(way) => Some(way),
        Err(RepositoryError::NoRemote) => None,
        Err(error) => return Err(error.into()),
    };
    let forge = match &way {
        Some(way) if !args.offline => asked(&desk, way),
        _ => Forge::default(),
    };
    let mut rows = vec![
        (gettext("Folder"), context.environment.short(&desk.repository().setup())),
        (gettext("Branch"), branch(&status)),
    ];
    rows.extend(operation.map(|operation| (gettext("In progress"), operation.name().to_owned())));
    if let Some(way) = &way {
        let words = fill(&gettext("{branch} of {remote}"), &[("branch", &way.branch), ("remote", &way.base)]);
        rows.push((gettext("Merged into"), words));
    }
    rows.extend(forge.build.as_ref().map(|build| (gettext("Last build"), built(build))));
    let wide = widest(rows.iter().map(|(label, _)| label));
    let mut text: String =
        rows.iter().map(|(label, words)| format!("{}  {words}\n", styled(BOLD, &padded(label, wide)))).collect();
    let proposed = desk.repository().proposed(&entries)?;
    if !entries.is_empty() {
        text.push_str(&format!("\n{}\n", styled(BOLD, &gettext("Not committed"))));
        for entry in &entries {
            text.push_str(&format!("  {}", described(entry)));
            let branch = proposed.get(&entry.id());
            text.push_str(&branch.map_or_else(String::new, |branch| format!(" · {}", styled(DIM, branch))));
            text.push('\n');
        }
    }
    if let Some(requests) = forge.requests.as_ref().filter(|requests| !requests.is_empty()) {
        text.push_str(&format!("\n{}\n", styled(BOLD, &gettext("Open pull requests"))));
        requests.iter().for_each(|request| text.push_str(&requested(request)));
    }
    let document = json!({
        "format": "bkt.repo",
        "format_version": "1.0",
        "path": desk.repository().setup(),
        "branch": status.branch,
        "head": status.head,
        "upstream": status.upstream,
        "ahead": status.ahead,
        "behind": status.behind,
        "in_progress": operation.map(|operation| operation.command()),
        "remote": way.as_ref().map(|way| &way.push),
        "base": way.as_ref().map(|way| &way.branch),
        "entries": entries,
        "proposed": proposed,
        "pull_requests": forge.requests,
        "build": forge.build,
        "problem": forge.problem,
    });
    let mut hints = Vec::new();
    hints
        .extend(forge.problem.map(|problem| fill(&gettext("GitHub was not asked: {reason}"), &[("reason", &problem)])));
    if entries.iter().any(|entry| entry.is_own() && !proposed.contains_key(&entry.id())) {
        hints.push(gettext("Propose it with ‘bkt pr’, or commit it here with ‘bkt commit’."));
    }
    if status.behind > 0 {
        hints.push(gettext("Bring in what is there with ‘bkt pull’."));
    }
    Ok(Answer::new(text, document).hinted(hints.join("\n")))
}

fn asked(desk: &Desk, way: &Way) -> Forge {
    let repository = desk.repository();
    let asked = || -> Result<Forge, RepositoryError> {
        Ok(match repository.gh_state(way)? {
            Gh::Ready => {
                let (requests, build) = (repository.requests(way)?, repository.build(way)?);
                Forge { requests: Some(requests), build, problem: None }
            }
            Gh::Missing => Forge { problem: Some(gettext("gh is not installed")), ..Forge::default() },
            Gh::SignedOut => Forge { problem: Some(gettext("gh is not signed in")), ..Forge::default() },
            Gh::NotGitHub => Forge::default(),
        })
    };
    asked().unwrap_or_else(|error| Forge { problem: Some(error.to_string()), ..Forge::default() })
}

fn branch(status: &Status) -> String {
    let mut parts = vec![status.branch.clone().unwrap_or_else(|| gettext("none is checked out"))];
    if status.ahead > 0 {
        parts.push(number("{count} commit to push", "{count} commits to push", status.ahead as usize));
    }
    if status.behind > 0 {
        parts.push(number("{count} commit to pull", "{count} commits to pull", status.behind as usize));
    }
    if status.head.is_none() {
        parts.push(gettext("no commit yet"));
    }
    parts.join(" · ")
}

fn built(build: &Build) -> String {
    let state = match (build.status.as_str(), build.conclusion.as_str()) {
        ("completed", "success") => gettext("succeeded"),
        ("completed", "cancelled") => gettext("was cancelled"),
        ("completed", _) => gettext("failed"),
        _ => gettext("is running"),
    };
    let commit: String = build.commit.chars().take(7).collect();
    let values = [("name", &*build.workflow), ("state", &*state), ("commit", &*commit), ("url", &*build.url)];
    fill(&gettext("{name} of {commit} {state}: {url}"), &values)
}

fn requested(request: &Request) -> String {
    let checks = match request.checks {
        Checks::None => None,
        Checks::Running => Some(gettext("checks are running")),
        Checks::Passed => Some(gettext("checks passed")),
        Checks::Failed => Some(gettext("checks failed")),
    };
    let states = request.draft.then(|| gettext("draft")).into_iter().chain(checks);
    let states: String = states.map(|state| format!(" · {state}")).collect();
    format!("  #{} {}{states}\n      {}\n", request.number, request.title, request.url)
}
