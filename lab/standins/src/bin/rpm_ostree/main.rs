// SPDX-License-Identifier: GPL-3.0-or-later
//! Stands in for `rpm-ostree` 2026.2 in lab hosts, over the real ostree state of the host.
//!
//! Follows rpm-ostree(1) and the keys of `rpm-ostree status --json`. `status` and the printing of
//! kernel arguments need no privilege, as over the real daemon; changes need root here, where the
//! real one asks polkit. Live changes and packages put in the place of others are not there and are refused by name.

mod deploy;
mod layers;
mod overrides;
mod status;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use bkt_standins::kargs::Kargs;
use bkt_standins::ostree;
use bkt_standins::stage::Staging;
use bkt_standins::sysroot::Sysroot;
use clap::{Args, Parser, Subcommand};

/// "Nothing to do", with `--unchanged-exit-77`.
const UNCHANGED: u8 = 77;

#[derive(Debug, Parser)]
#[command(name = "rpm-ostree", version = "2026.2", about = "Lab stand-in for rpm-ostree, over real ostree state")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Get the version of the booted system
    Status {
        #[arg(long)]
        json: bool,
        #[arg(long, short)]
        booted: bool,
        #[arg(long)]
        pending_exit_77: bool,
    },
    /// Query or modify kernel arguments
    Kargs(KargsOptions),
    /// Perform a system upgrade
    #[command(alias = "update")]
    Upgrade {
        #[arg(long)]
        check: bool,
    },
    /// Switch to a different base
    Rebase { reference: String },
    /// Revert to the previously booted tree
    Rollback,
    /// Remove all mutations
    Reset,
    /// Overlay additional packages
    Install(layers::Options),
    /// Remove overlayed additional packages
    Uninstall(layers::Options),
    /// Manage base package overrides
    #[command(subcommand)]
    Override(overrides::Verb),
    #[command(external_subcommand)]
    Other(Vec<String>),
}

#[derive(Debug, Args)]
struct KargsOptions {
    #[arg(long)]
    append: Vec<String>,
    #[arg(long)]
    append_if_missing: Vec<String>,
    #[arg(long)]
    delete: Vec<String>,
    #[arg(long)]
    delete_if_present: Vec<String>,
    #[arg(long)]
    replace: Vec<String>,
    #[arg(long)]
    unchanged_exit_77: bool,
    #[arg(long)]
    lock_finalization: bool,
    #[arg(long)]
    reboot: bool,
}

impl KargsOptions {
    fn asks_nothing(&self) -> bool {
        [&self.append, &self.append_if_missing, &self.delete, &self.delete_if_present, &self.replace]
            .iter()
            .all(|list| list.is_empty())
    }

    fn edit(&self, mut kargs: Kargs) -> Result<Kargs> {
        for karg in &self.delete {
            if !kargs.delete(karg)? {
                bail!("No key '{karg}' found");
            }
        }
        for karg in &self.delete_if_present {
            kargs.delete(karg)?;
        }
        self.replace.iter().try_for_each(|karg| kargs.replace(karg))?;
        self.append.iter().for_each(|karg| kargs.append(karg));
        self.append_if_missing.iter().for_each(|karg| kargs.append_if_missing(karg));
        Ok(kargs)
    }
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Status { json, booted, pending_exit_77 } => status::status(json, booted, pending_exit_77),
        Command::Kargs(options) => kargs(&options),
        Command::Upgrade { check: true } => deploy::check(),
        Command::Upgrade { check: false } => deploy::upgrade(),
        Command::Rebase { reference } => deploy::rebase(&reference),
        Command::Rollback => rollback(),
        Command::Reset => deploy::reset(),
        Command::Install(options) => layers::install(&options),
        Command::Uninstall(options) => layers::uninstall(&options),
        Command::Override(verb) => overrides::change(&verb),
        Command::Other(words) => other(&words),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn booted() -> Result<Sysroot> {
    Sysroot::load()?.context("This system was not booted via libostree; cannot operate")
}

fn for_writing(method: &str) -> Result<Sysroot> {
    if !ostree::is_root() {
        bail!("rpmostreed OS operation {method} not allowed for user");
    }
    booted()
}

fn kargs(options: &KargsOptions) -> Result<ExitCode> {
    if options.asks_nothing() {
        println!("{}", booted()?.pending()?.options);
        return Ok(ExitCode::SUCCESS);
    }
    let sysroot = for_writing("KernelArgs")?;
    let pending = sysroot.pending()?;
    let kargs = options.edit(pending.kargs.clone())?;
    if kargs == pending.kargs {
        println!("No changes.");
        return Ok(if options.unchanged_exit_77 { ExitCode::from(UNCHANGED) } else { ExitCode::SUCCESS });
    }
    let locked = options.lock_finalization;
    Staging { checksum: &pending.checksum, origin: &pending.origin, kargs: &kargs, locked }.stage()?;
    println!("Staging deployment... done");
    if options.reboot {
        ostree::run("systemctl", &["--no-block", "reboot"])?;
    } else {
        println!("Kernel arguments updated.\nRun \"systemctl reboot\" to start a reboot");
    }
    Ok(ExitCode::SUCCESS)
}

fn rollback() -> Result<ExitCode> {
    let sysroot = for_writing("Rollback")?;
    let unstaged: Vec<_> = sysroot.deployments.iter().filter(|it| !it.staged).collect();
    let next = usize::from(unstaged.first().is_some_and(|it| it.booted));
    let target = unstaged.get(next).or(unstaged.first()).filter(|_| unstaged.len() > 1);
    let target = target.context("Found 1 deployment, at least 2 required for rollback")?;
    if sysroot.staged().is_some() {
        ostree::run("ostree", &["admin", "undeploy", "0"])?;
    }
    println!("Moving '{}' to be first deployment", target.name());
    let index = unstaged.iter().position(|it| it.name() == target.name()).unwrap_or_default();
    ostree::run("ostree", &["admin", "set-default", &index.to_string()])?;
    println!("Run \"systemctl reboot\" to start a reboot");
    Ok(ExitCode::SUCCESS)
}

/// What the real one also has: an overlay over /usr, and says where layering is locked; all else is named as missing.
fn other(words: &[String]) -> Result<ExitCode> {
    let verb = words.first().map_or("", String::as_str);
    if verb == "usroverlay" {
        // The real one hands it over in the same way.
        print!("{}", ostree::run("ostree", &["admin", "unlock"])?);
        return Ok(ExitCode::SUCCESS);
    }
    if ["initramfs", "initramfs-etc", "apply-live"].contains(&verb) {
        layers::refuse_if_locked()?;
    }
    bail!("`{verb}` is not supported by this stand-in");
}
