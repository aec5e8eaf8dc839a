// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt first-boot`: what the setup asks for, once per new system version.
//!
//! The system's part runs as root in its own unit and needs no bus, no network and no helper; the person's
//! part runs at their first sign-in. What a failed run left is tried again at the next start.
//!
//! Invariant: never asks; with the marker of this deployment in place nothing is read or changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bkt_core::compare::{Comparison, Privilege};
use bkt_core::deployment::System;
use bkt_core::document;
use bkt_core::first_boot::{self, Marker, Part};
use bkt_core::host::Host;
use bkt_core::host::live::LiveHost;
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::Domain;
use bkt_core::run::{Direct, Outcome, Source};
use bkt_core::session::{Session, Snapshot};
use serde_json::json;

use crate::args::FirstBootArgs;
use crate::context::{Context, is_root};
use crate::error::{Answer, Failure, exit};
use crate::progress::Reporter;
use crate::review;

/// The setup that is part of the image.
const BAKED_SETUP: &str = "/usr/share/bkt/setup";
/// The system's own state.
const SYSTEM_STATE: &str = "/var/lib/bkt/first-boot";

/// `bkt first-boot`.
pub(super) fn first_boot(context: &Context, args: &FirstBootArgs) -> Result<Answer, Failure> {
    let part = if args.system { Part::System } else { Part::User };
    let host: Arc<dyn Host> = match context.root()? {
        None if args.system => Arc::new(LiveHost::of_system()),
        _ => context.host()?,
    };
    let state = match part {
        Part::System => host.at(SYSTEM_STATE),
        Part::User => context.environment.state()?.join("first-boot"),
    };
    let unusable = |error: std::io::Error| {
        let values = [("path", &*state.display().to_string()), ("reason", &error.to_string())];
        Failure::new(exit::FAILED, "file_unusable", fill(&gettext("{path}: {reason}"), &values))
    };
    let marker = first_boot::marker(&state).map_err(unusable)?;
    if args.status {
        return Ok(status(marker.as_ref()));
    }
    let system = System::probe(host.as_ref());
    let deployment = system.deployment_id();
    if !first_boot::is_due(marker.as_ref(), deployment) {
        return Ok(status(marker.as_ref()));
    }
    if part == Part::System && !is_root() && !context.globals.dry_run {
        return Err(Failure::new(exit::NOT_AUTHORIZED, "not_authorized", gettext("first-boot --system needs root")));
    }
    let _one_writer = match part {
        Part::System if host.root().is_none() && !context.globals.dry_run => Some(one_writer().map_err(unusable)?),
        _ => None,
    };
    let session =
        Session { setup: setup(context, host.as_ref(), part)?, state: state.clone(), host: Arc::clone(&host) };
    let snapshot = super::run::compare(context, &session)?;
    let decisions = first_boot::decisions(&snapshot.comparison, part);
    let plan = session.plan(&snapshot, &decisions)?;
    if context.globals.dry_run {
        let text = review::plan(&plan, 0, context.ui.width());
        return Ok(Answer::new(text, document::plan(&plan)));
    }
    let unread = unread(&snapshot, part);
    for line in &unread {
        context.ui.say(line);
    }
    let mut reporter = Reporter::new(&context.ui, &plan);
    let administrator = Direct { host: host.as_ref() };
    let receipt = session.run(plan, &administrator, Source::FirstBoot, &mut |event| reporter.event(event))?;
    let worked = receipt.result == Outcome::Done && unread.is_empty();
    let digest = system.booted.as_ref().and_then(|booted| booted.digest.as_deref());
    first_boot::record(&state, deployment, digest, worked).map_err(unusable)?;
    let mut answer = super::run::ended(&receipt);
    if receipt.operations.is_empty() {
        answer.text = gettext("Nothing was to be done.");
    }
    answer.hints = String::new();
    if !unread.is_empty() && answer.exit == exit::DONE {
        answer.exit = exit::UNCHECKED;
    }
    Ok(answer)
}

/// Waits until no approved job changes this computer, and keeps the next one waiting.
fn one_writer() -> std::io::Result<std::fs::File> {
    let path = Path::new(bkt_helper_api::EXECUTOR_LOCK);
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let lock = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    lock.lock()?;
    Ok(lock)
}

/// The setup of the image, or for the person's part their own when the image has none.
fn setup(context: &Context, host: &dyn Host, part: Part) -> Result<PathBuf, Failure> {
    let baked = host.at(BAKED_SETUP);
    let named = context.globals.repo.is_some();
    match part {
        _ if named => context.setup(),
        Part::User if !is_setup(&baked) => context.setup(),
        _ if is_setup(&baked) => Ok(baked),
        _ => {
            let values = [("path", &*baked.display().to_string())];
            let message = fill(&gettext("this system has no setup of its own in {path}"), &values);
            Err(Failure::new(exit::NOT_POSSIBLE, "repo_not_found", message))
        }
    }
}

fn is_setup(path: &Path) -> bool {
    path.join("manifests").is_dir()
}

/// What the setup asks of this part and could not be compared; the run is then not complete.
fn unread(snapshot: &Snapshot, part: Part) -> Vec<String> {
    let comparison: &Comparison = &snapshot.comparison;
    let concerns = |domain: Domain| {
        let privilege = match part {
            Part::System => Privilege::Admin,
            Part::User => Privilege::User,
        };
        let mine = bkt_core::domain::kind(domain).at_first_boot(comparison.system.kind, privilege);
        mine && snapshot.setup.declared(domain).map_or(true, |declared| !declared.is_empty())
    };
    let unknown = comparison.unknown.iter().filter(|unknown| concerns(unknown.domain));
    let said = unknown.map(|unknown| {
        let what = unknown.item.as_ref().map_or_else(|| unknown.domain.to_string(), ToString::to_string);
        let values = [("item", what.as_str()), ("reason", unknown.problem.message.as_str())];
        fill(&gettext("{item} could not be checked: {reason}"), &values)
    });
    said.collect()
}

fn status(marker: Option<&Marker>) -> Answer {
    let text = match marker {
        None => gettext("The first setup has not run yet."),
        Some(marker) => {
            let sentence = match (marker.complete, marker.digest.is_some()) {
                (true, true) => gettext("First setup for image {digest}: done."),
                (true, false) => gettext("First setup for {deployment}: done."),
                (false, _) => gettext("First setup for {deployment}: not complete, {failures} tries."),
            };
            let failures = marker.failures.to_string();
            let values = [
                ("digest", marker.digest.as_deref().unwrap_or_default()),
                ("deployment", &marker.deployment),
                ("failures", &failures),
            ];
            fill(&sentence, &values)
        }
    };
    Answer::new(text, json!({"format": "bkt.first-boot", "format_version": "1.0", "marker": marker}))
}
