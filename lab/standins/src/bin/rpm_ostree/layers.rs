// SPDX-License-Identifier: GPL-3.0-or-later
//! `install` and `uninstall`: the same tree again, with an origin that asks for other packages (rpm-ostree(1)). A package
//! must be in an enabled repository; what it holds is not written into the tree, the origin alone tells of it.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::{Result, bail};
use bkt_standins::ostree::{self, Commit};
use clap::Args;

use crate::{deploy, for_writing};

#[derive(Debug, Args)]
pub(crate) struct Options {
    packages: Vec<String>,
    #[arg(long)]
    idempotent: bool,
    #[arg(long)]
    allow_inactive: bool,
    #[arg(long, short = 'y')]
    assumeyes: bool,
    #[arg(long)]
    install: Vec<String>,
    #[arg(long)]
    uninstall: Vec<String>,
}

pub(crate) fn refuse_if_locked() -> Result<()> {
    let config = std::fs::read_to_string("/etc/rpm-ostreed.conf").unwrap_or_default();
    if config.lines().any(|line| line.replace(' ', "") == "LockLayering=true") {
        bail!("Cannot operate; `LockLayering=true` in configuration.");
    }
    Ok(())
}

/// The packages a repository that is enabled has of these.
fn available(names: &[&String]) -> Result<BTreeSet<String>> {
    let mut words = vec!["-q", "repoquery", "--available", "--qf", "%{name}\\n"];
    words.extend(names.iter().map(|name| name.as_str()));
    Ok(ostree::run("dnf", &words)?.lines().map(|line| line.trim().to_owned()).collect())
}

fn is_in_image(name: &str) -> bool {
    ostree::run("rpm", &["-q", name]).is_ok()
}

pub(crate) fn install(options: &Options) -> Result<ExitCode> {
    change(options, &[&options.packages[..], &options.install].concat(), &options.uninstall)
}

pub(crate) fn uninstall(options: &Options) -> Result<ExitCode> {
    change(options, &options.install, &[&options.packages[..], &options.uninstall].concat())
}

fn change(options: &Options, add: &[String], remove: &[String]) -> Result<ExitCode> {
    let sysroot = for_writing("PkgChange")?;
    refuse_if_locked()?;
    let pending = sysroot.pending()?;
    let mut origin = pending.origin.clone();
    let before: BTreeSet<String> = origin
        .get("packages", "requested")
        .unwrap_or_default()
        .split(';')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let mut requested = before.clone();
    for name in remove {
        if !requested.remove(name) && !options.idempotent {
            bail!("Package/capability '{name}' is not currently requested");
        }
    }
    for name in add {
        if !requested.insert(name.clone()) && !options.idempotent {
            bail!("Package/capability '{name}' is already requested");
        }
    }
    let new: Vec<&String> = requested.difference(&before).collect();
    if let Some(name) = new.iter().find(|name| !options.allow_inactive && is_in_image(name)) {
        bail!("\"{name}\" is already provided by the base. Use --allow-inactive to explicitly require it.");
    }
    let there = if new.is_empty() { BTreeSet::new() } else { available(&new)? };
    let missing: Vec<&str> = new.iter().filter(|name| !there.contains(**name)).map(|name| name.as_str()).collect();
    if !missing.is_empty() {
        bail!("Packages not found: {}", missing.join(", "));
    }
    if requested == before {
        println!("No change.");
        return Ok(ExitCode::SUCCESS);
    }
    if !options.assumeyes {
        bail!("this stand-in asks nobody: use -y");
    }
    let list: String = requested.iter().map(|name| format!("{name};")).collect();
    origin.set("packages", "requested", Some(&list).filter(|list| !list.is_empty()).map(String::as_str));
    if list.is_empty() {
        origin.remove_group("packages");
    }
    // Unlike an upgrade, it begins from what the next start has.
    deploy::stage(pending, &origin, &Commit::read(&pending.checksum)?)
}
