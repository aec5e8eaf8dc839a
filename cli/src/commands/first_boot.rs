// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt first-boot`: what the setup asks for, once per new system version.
//!
//! The system's part runs as root in its own unit and needs no bus, no network and no helper; the person's
//! part runs at their first sign-in. What a failed run left is tried again at the next start.
//!
//! Invariant: never asks; for an image that is done nothing is read or changed.

mod said;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bkt_core::deployment::System;
use bkt_core::document;
use bkt_core::domain::unit::at_once::at_once;
use bkt_core::first_boot::{self, Image, Left, Marker, Part, REPORT};
use bkt_core::host::Host;
use bkt_core::host::live::LiveHost;
use bkt_core::i18n::{fill, gettext};
use bkt_core::run::{Receipt, RunError, Source, Unattended};
use bkt_core::session::Session;

pub(super) use said::unfinished;

use crate::args::FirstBootArgs;
use crate::context::{Context, is_root};
use crate::error::{Answer, Failure, exit};
use crate::interrupt::Interrupt;
use crate::progress::Reporter;
use crate::review;

/// The setup that is part of the image.
const BAKED_SETUP: &str = "/usr/share/bkt/setup";
/// The system's own state.
const SYSTEM_STATE: &str = "/var/lib/bkt/first-boot";
/// How often it is planned anew because something else changed the computer meanwhile.
const PLANS: usize = 3;

/// `bkt first-boot`.
pub(super) fn first_boot(context: &Context, args: &FirstBootArgs) -> Result<Answer, Failure> {
    let part = if args.system { Part::System } else { Part::User };
    let host: Arc<dyn Host> = match context.root()? {
        None if args.system => Arc::new(LiveHost::of_system()),
        _ => context.host()?,
    };
    if args.now && host.root().is_some() {
        let message = gettext("this system is not running: what is turned on there starts with its next start");
        return Err(Failure::new(exit::USAGE, "not_possible", message));
    }
    let state = match part {
        Part::System => host.at(SYSTEM_STATE),
        Part::User => context.environment.state()?.join("first-boot"),
    };
    let unusable = |error: std::io::Error| {
        let values = [("path", &*state.display().to_string()), ("reason", &error.to_string())];
        Failure::new(exit::FAILED, "file_unusable", fill(&gettext("{path}: {reason}"), &values))
    };
    let system = System::probe(host.as_ref());
    let image = Image::of(&system);
    let report = host.at(REPORT);
    let marker = match first_boot::marker(&state) {
        Err(error) if part == Part::System && error.kind() == std::io::ErrorKind::PermissionDenied => {
            if !args.status && !context.globals.dry_run {
                return Err(needs_root());
            }
            first_boot::read(&report).map_err(unusable)?
        }
        other => other.map_err(unusable)?,
    };
    if args.status {
        let other = (part == Part::User).then(|| first_boot::read(&report).ok().flatten()).flatten();
        return Ok(said::status(part, marker.as_ref(), other.as_ref(), &image));
    }
    let publishes = part == Part::System && is_root() && !context.globals.dry_run && host.root().is_none();
    if !first_boot::is_due(marker.as_ref(), &image) && !args.again {
        if let Some(marker) = marker.as_ref().filter(|_| publishes) {
            publish(&report, marker).map_err(unusable)?;
        }
        return Ok(said::status(part, marker.as_ref(), None, &image));
    }
    if part == Part::System && !is_root() && !context.globals.dry_run {
        return Err(needs_root());
    }
    let _one_writer = if publishes { Some(one_writer(context).map_err(unusable)?) } else { None };
    let session =
        Session { setup: setup(context, host.as_ref(), part)?, state: state.clone(), host: Arc::clone(&host) };
    let run = Run { context, args, part, session: &session, system: &system, report: publishes.then_some(&report) };
    let end = |left: Vec<Left>| -> Result<(), Failure> {
        let marker = first_boot::end(&state, &system, left, host.now()).map_err(unusable)?;
        run.report.map_or(Ok(()), |report| publish(report, &marker)).map_err(unusable)
    };
    match run.attempt(marker.as_ref(), &unusable) {
        Ok(Attempt::Shown(answer)) => Ok(answer),
        Ok(Attempt::Ran(receipt, unread)) => {
            let mut answer = super::run::ended(&receipt);
            if receipt.operations.is_empty() {
                answer.text = gettext("Nothing was to be done.");
            }
            answer.hints = String::new();
            if !unread.is_empty() && answer.exit == exit::DONE {
                answer.exit = exit::UNCHECKED;
            }
            end([first_boot::undone(&receipt), unread].concat())?;
            Ok(answer)
        }
        Err(failure) if context.globals.dry_run || failure.problem.code == HELD => Err(failure),
        Err(failure) => {
            end(vec![Left { item: gettext("the setup"), reason: failure.problem.message.clone() }])?;
            Err(failure)
        }
    }
}

/// The word for a run that has to be asked for.
const HELD: &str = "cut_off";

fn needs_root() -> Failure {
    Failure::new(exit::NOT_AUTHORIZED, "not_authorized", gettext("first-boot --system needs root"))
}

/// One call of the command for an image that is due.
struct Run<'r> {
    context: &'r Context,
    args: &'r FirstBootArgs,
    part: Part,
    session: &'r Session,
    system: &'r System,
    report: Option<&'r PathBuf>,
}

enum Attempt {
    /// A dry run showed what would be done.
    Shown(Answer),
    /// It ran, and this could not be looked at.
    Ran(Box<Receipt>, Vec<Left>),
}

impl Run<'_> {
    fn attempt(
        &self,
        marker: Option<&Marker>,
        unusable: &dyn Fn(std::io::Error) -> Failure,
    ) -> Result<Attempt, Failure> {
        let (context, session, host) = (self.context, self.session, self.session.host.as_ref());
        let mut plans = 0;
        let interrupt = Interrupt::default().quietly();
        loop {
            plans += 1;
            let snapshot = super::run::compare(context, session)?;
            let mut plan = session.plan(&snapshot, &first_boot::decisions(&snapshot.comparison, self.part))?;
            if self.args.now && self.part == Part::System {
                match at_once(host, plan.clone()) {
                    Ok(live) => plan = live,
                    // What is turned on is turned on all the same, and starts with the next start.
                    Err(problem) => context.ui.say(&problem.message),
                }
            }
            if context.globals.dry_run {
                let text = review::plan(&plan, 0, context.ui.width());
                return Ok(Attempt::Shown(Answer::new(text, document::plan(&plan))));
            }
            if plans == 1 {
                if self.part == Part::System {
                    interrupt.watch(&context.ui);
                }
                let is_held = marker.is_some_and(|marker| {
                    marker.image.is_same(&Image::of(self.system)) && marker.is_held(plan.steps.len())
                });
                if is_held && !self.args.again {
                    return Err(Failure::new(exit::FAILED, HELD, said::held()).hinted(said::again(self.part)));
                }
                let marker = first_boot::begin(&session.state, self.system, plan.steps.len(), host.now());
                let marker = marker.map_err(unusable)?;
                self.report.map_or(Ok(()), |report| publish(report, &marker)).map_err(unusable)?;
            }
            let unread = first_boot::unread(&snapshot, self.part);
            let mut reporter = Reporter::new(&context.ui, &plan);
            let administrator = Unattended { host, stop: &|| interrupt.is_asked() };
            match session.run(plan, &administrator, Source::FirstBoot, &mut |event| reporter.event(event)) {
                // Units and packages of other programs come and go while a computer starts.
                Err(RunError::Stale(_)) if plans < PLANS => {}
                Err(error) => return Err(error.into()),
                Ok(receipt) => {
                    unread.iter().for_each(|left| context.ui.say(&said::unread(left)));
                    return Ok(Attempt::Ran(Box::new(receipt), unread));
                }
            }
        }
    }
}

/// Lets everyone read how it stands.
fn publish(report: &Path, marker: &Marker) -> std::io::Result<()> {
    if let Some(directory) = report.parent() {
        std::fs::create_dir_all(directory)?;
    }
    first_boot::write(report, marker)
}

/// Waits until no approved job changes this computer, and keeps the next one waiting. Nothing of a start waits for
/// this program, and its unit ends it in the end.
fn one_writer(context: &Context) -> std::io::Result<std::fs::File> {
    let path = Path::new(bkt_helper_api::EXECUTOR_LOCK);
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let lock = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    if lock.try_lock().is_err() {
        context.ui.say(&gettext("Waiting for another change of this computer to end…"));
        lock.lock()?;
    }
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
