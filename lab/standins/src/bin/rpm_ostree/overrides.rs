// SPDX-License-Identifier: GPL-3.0-or-later
//! `override remove` and `override reset`: the same tree again, with an origin that has other packages of the base in
//! `[overrides]` (rpm-ostree(1)). As with layers, the origin alone tells of it.

use std::process::ExitCode;

use anyhow::{Result, bail};
use bkt_standins::keyfile::Keyfile;
use bkt_standins::ostree::{self, Commit};
use clap::Subcommand;

use crate::{deploy, for_writing, layers};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Remove packages from the base layer
    Remove { packages: Vec<String> },
    /// Reset currently active package overrides
    Reset {
        packages: Vec<String>,
        #[arg(long, short)]
        all: bool,
    },
}

/// The keys of `[overrides]`: names, and `sha256:name-version.arch` of files.
const KEYS: [&str; 2] = ["remove", "replace-local"];

fn list(origin: &Keyfile, key: &str) -> Vec<String> {
    let entries = origin.get("overrides", key).unwrap_or_default().split(';');
    entries.filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

fn put(origin: &mut Keyfile, key: &str, entries: &[String]) {
    let text: String = entries.iter().map(|entry| format!("{entry};")).collect();
    origin.set("overrides", key, Some(text.as_str()).filter(|text| !text.is_empty()));
    if KEYS.iter().all(|key| list(origin, key).is_empty()) {
        origin.remove_group("overrides");
    }
}

/// The name of a package in an entry.
fn name(entry: &str) -> &str {
    match entry.split_once(':') {
        Some((_, nevra)) => nevra.rsplitn(3, '-').nth(2).unwrap_or(nevra),
        None => entry,
    }
}

pub(crate) fn change(verb: &Verb) -> Result<ExitCode> {
    let sysroot = for_writing("UpdateDeployment")?;
    layers::refuse_if_locked()?;
    let pending = sysroot.pending()?;
    let mut origin = pending.origin.clone();
    match verb {
        Verb::Remove { packages } => {
            let mut removed = list(&origin, "remove");
            for package in packages {
                if removed.contains(package) {
                    bail!("Override already exists for package '{package}'");
                }
                if ostree::run("rpm", &["-q", package]).is_err() {
                    bail!("Package \"{package}\" not found");
                }
                removed.push(package.clone());
            }
            put(&mut origin, "remove", &removed);
        }
        Verb::Reset { packages, all } => {
            let is_reset = |entry: &String| *all || packages.iter().any(|package| package == name(entry));
            let known: Vec<String> = KEYS.iter().flat_map(|key| list(&origin, key)).collect();
            if let Some(package) = packages.iter().find(|package| known.iter().all(|entry| name(entry) != **package)) {
                bail!("No overrides for package '{package}'");
            }
            for key in KEYS {
                let kept: Vec<String> = list(&origin, key).into_iter().filter(|entry| !is_reset(entry)).collect();
                put(&mut origin, key, &kept);
            }
        }
    }
    // Unlike an upgrade, it begins from what the next start has.
    deploy::stage(pending, &origin, &Commit::read(&pending.checksum)?)
}
