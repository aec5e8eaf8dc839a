// SPDX-License-Identifier: GPL-3.0-or-later
//! The subcommands. Each loads the sysroot anew, changes it through ostree, and says what the real
//! one says.

mod entries;
mod image;

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result};
use bkt_standins::host::Host;
use bkt_standins::sysroot::Sysroot;
use bkt_standins::{kargs_d, lint, ostree, status};
use serde_json::json;

pub(crate) use entries::{record_sources, set_options_for_source};
pub(crate) use image::{Switch, Upgrade};

use crate::Format;

/// The booted sysroot for a command that changes it.
fn for_writing() -> Result<Sysroot> {
    ostree::require_root()?;
    Sysroot::load()?.context("This command requires a booted host system")
}

pub(crate) fn status(format: Option<Format>, booted_only: bool) -> Result<()> {
    let mut host = match Sysroot::load()? {
        None => Host::none(),
        Some(sysroot) => {
            ostree::require_root()?;
            status::host(&sysroot)?
        }
    };
    if booted_only {
        host.status.staged = None;
        host.status.rollback = None;
        host.status.other_deployments = Vec::new();
    }
    let mut out = std::io::stdout().lock();
    let human = format.map_or_else(|| out.is_terminal(), |format| format == Format::Human);
    if human {
        write!(out, "{}", status::human(&host))?;
    } else {
        // Every JSON text is YAML too.
        serde_json::to_writer(&mut out, &host)?;
        writeln!(out)?;
    }
    Ok(())
}

pub(crate) fn rollback(apply: bool) -> Result<()> {
    let sysroot = for_writing()?;
    let booted = sysroot.booted()?;
    let queued = status::rollback_queued(&sysroot);
    let unstaged: Vec<_> = sysroot.deployments.iter().filter(|it| !it.staged).collect();
    let target = unstaged
        .iter()
        .position(|it| if queued { it.booted } else { !it.booted && it.stateroot == booted.stateroot })
        .context("Rollback (ostree): No rollback available")?;
    if queued {
        println!("notice: Reverting queued rollback state");
    }
    if sysroot.staged().is_some() {
        ostree::run("ostree", &["admin", "undeploy", "0"])?;
    }
    ostree::run("ostree", &["admin", "set-default", &target.to_string()])?;
    println!("Next boot: {} deployment", if queued { "current" } else { "rollback" });
    if apply { reboot() } else { Ok(()) }
}

pub(crate) fn usr_overlay(read_only: bool) -> Result<()> {
    for_writing()?;
    let mut args = vec!["admin", "unlock"];
    args.extend(read_only.then_some("--transient"));
    print!("{}", ostree::run("ostree", &args)?);
    Ok(())
}

pub(crate) fn inspect(kargs_dir: &Path) -> Result<()> {
    let kargs = kargs_d::of_dir(kargs_dir)?.unwrap_or_default();
    let version = std::fs::read_dir("/usr/lib/modules").ok().and_then(|mut modules| modules.next()?.ok());
    let kernel = version.map(|name| json!({"version": name.file_name().to_string_lossy(), "unified": false}));
    println!("{}", json!({"kargs": kargs, "kernel": kernel}));
    Ok(())
}

pub(crate) fn lint(rootfs: &Path, skip: &[String], fatal_warnings: bool, list: bool) -> Result<()> {
    if list {
        for it in &lint::LINTS {
            println!("name: {}\ntype: {}\n---", it.name, if it.fatal { "fatal" } else { "warning" });
        }
    } else {
        print!("{}", lint::lint(rootfs, skip, fatal_warnings)?);
    }
    Ok(())
}

/// As `--apply`: the reboot is systemd's to do.
fn reboot() -> Result<()> {
    println!("Rebooting system");
    ostree::run("systemctl", &["--no-block", "reboot"]).map(drop)
}
