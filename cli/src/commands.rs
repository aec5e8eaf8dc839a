// SPDX-License-Identifier: GPL-3.0-or-later
//! One module per command; each takes the context and its arguments and ends in an answer or a failure.
//!
//! Invariant: a command prints nothing itself except progress and questions, which go to standard error.

pub(crate) mod admin;
mod apply;
mod base;
mod boxes;
mod capture;
mod changelog;
mod complete;
mod completions;
mod containerfile;
mod copr;
mod dev;
mod diff;
mod dnf;
mod doctor;
mod drift;
mod etc;
mod ext;
mod files;
mod first_boot;
mod flatpak;
mod gsetting;
mod ignore;
mod init;
mod local;
mod log;
mod man;
mod notify;
mod overview;
mod plan;
mod remote;
mod repository;
mod run;
mod schema;
mod skel;
mod software;
mod status;
mod system;
mod things;
mod topgrade;
mod undo;
mod upstream;
mod verb;

use crate::args::Command;
use crate::context::Context;
use crate::error::{Answer, Failure};

/// Runs a command, and where it is asked for makes a pull request of what it changed in the setup.
pub(crate) fn run(context: &Context, command: Option<Command>) -> Result<Answer, Failure> {
    match command {
        Some(command) if context.globals.pr || context.globals.pr_only => {
            repository::with_request(context, command, alone)
        }
        command => alone(context, command),
    }
}

fn alone(context: &Context, command: Option<Command>) -> Result<Answer, Failure> {
    match command {
        None => Ok(overview::overview()),
        Some(Command::Status(args)) => status::status(context, &args),
        Some(Command::Drift(args)) => drift::drift(context, &args),
        Some(Command::Diff(args)) => diff::diff(context, &args),
        Some(Command::Plan(args)) => plan::plan(context, args),
        Some(Command::Apply(args)) => apply::apply(context, &args),
        Some(Command::Capture(args)) => capture::capture(context, &args),
        Some(Command::Undo(args)) => undo::undo(context, &args),
        Some(Command::Dnf { command }) => dnf::dnf(context, &command),
        Some(Command::Copr { command }) => copr::copr(context, &command),
        Some(Command::Flatpak { command }) => flatpak::flatpak(context, &command),
        Some(Command::Remote { command }) => remote::remote(context, &command),
        Some(Command::Ext { command }) => ext::ext(context, &command),
        Some(Command::Shim { command }) => things::shim(context, &command),
        Some(Command::Admin(args)) => admin::admin(context, &args),
        Some(Command::Brew { command }) => software::brew(context, &command),
        Some(Command::Appimage { command }) => software::appimage(context, &command),
        Some(Command::Bin { command }) => software::bin(context, &command),
        Some(Command::Skel { command }) => skel::skel(context, &command),
        Some(Command::Etc { command }) => etc::etc(context, &command),
        Some(Command::Distrobox { command }) => boxes::boxes(context, &command),
        Some(Command::Dev { command }) => dev::dev(context, &command),
        Some(Command::Ignore(args)) => ignore::ignore(context, &args),
        Some(Command::Unignore(args)) => ignore::unignore(context, &args),
        Some(Command::Containerfile(args)) => containerfile::containerfile(context, &args),
        Some(Command::System(args)) => system::system(context, &args),
        Some(Command::Repo(args)) => repository::overview(context, &args),
        Some(Command::Commit(args)) => repository::commit(context, &args),
        Some(Command::Pr(args)) => repository::pr(context, &args),
        Some(Command::Pull) => repository::pull(context),
        Some(Command::BuildInfo(args)) => repository::build_info(context, &args),
        Some(Command::Changelog(args)) => changelog::changelog(context, &args),
        Some(Command::Log(args)) => log::log(context, &args),
        Some(Command::Gsetting(args)) => gsetting::gsetting(context, &args.command),
        Some(Command::Local(args)) => local::local(context, &args.command),
        Some(Command::Init(args)) => init::init(context, &args),
        Some(Command::Doctor) => doctor::doctor(context),
        Some(Command::Notify) => notify::notify(context),
        Some(Command::FirstBoot(args)) => first_boot::first_boot(context, &args),
        Some(Command::Topgrade(args)) => topgrade::topgrade(context, &args),
        Some(Command::Base(args)) => base::base(context, &args),
        Some(Command::Upstream(args)) => upstream::upstream(context, &args),
        Some(Command::Schema(args)) => schema::schema(context, &args),
        Some(Command::Completions(args)) => completions::completions(&args),
        Some(Command::Complete(args)) => Ok(complete::complete(context, &args)),
        Some(Command::Man(args)) => man::man(&args),
    }
}
