// SPDX-License-Identifier: GPL-3.0-or-later
//! One module per command; each takes the context and its arguments and ends in an answer or a failure.
//!
//! Invariant: a command prints nothing itself except progress and questions, which go to standard error.

mod apply;
mod base;
mod capture;
mod completions;
mod containerfile;
mod diff;
mod doctor;
mod drift;
mod first_boot;
mod gsetting;
mod ignore;
mod log;
mod notify;
mod overview;
mod plan;
mod run;
mod schema;
mod status;
mod system;
mod things;
mod undo;
mod upstream;
mod verb;

use crate::args::Command;
use crate::context::Context;
use crate::error::{Answer, Failure};

/// Runs a command.
pub(crate) fn run(context: &Context, command: Option<Command>) -> Result<Answer, Failure> {
    match command {
        None => Ok(overview::overview()),
        Some(Command::Status(args)) => status::status(context, &args),
        Some(Command::Drift(args)) => drift::drift(context, &args),
        Some(Command::Diff(args)) => diff::diff(context, &args),
        Some(Command::Plan(args)) => plan::plan(context, args),
        Some(Command::Apply(args)) => apply::apply(context, &args),
        Some(Command::Capture(args)) => capture::capture(context, &args),
        Some(Command::Undo(args)) => undo::undo(context, &args),
        Some(Command::Dnf { command }) => things::dnf(context, &command),
        Some(Command::Flatpak { command }) => things::flatpak(context, &command),
        Some(Command::Shim { command }) => things::shim(context, &command),
        Some(Command::Ignore(args)) => ignore::ignore(context, &args),
        Some(Command::Containerfile(args)) => containerfile::containerfile(context, &args),
        Some(Command::System(args)) => system::system(context, &args),
        Some(Command::Log(args)) => log::log(context, &args),
        Some(Command::Gsetting(args)) => gsetting::gsetting(context, &args.command),
        Some(Command::Doctor) => doctor::doctor(context),
        Some(Command::Notify) => notify::notify(context),
        Some(Command::FirstBoot(args)) => first_boot::first_boot(context, &args),
        Some(Command::Base(args)) => base::base(context, &args),
        Some(Command::Upstream(args)) => upstream::upstream(context, &args),
        Some(Command::Schema(args)) => schema::schema(context, &args),
        Some(Command::Completions(args)) => completions::completions(&args),
    }
}
