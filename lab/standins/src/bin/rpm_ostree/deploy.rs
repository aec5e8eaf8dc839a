// SPDX-License-Identifier: GPL-3.0-or-later
//! `upgrade` and `rebase`: the newest commit of what is followed, or of something else, becomes the staged deployment.
//! Kernel arguments are those of the booted one and layered packages stay in the origin, as rpm-ostree(1) says.
//! Anyone may ask for a newer version, as Fedora's polkit rules let an administrator who is here.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use bkt_standins::host::ImageReference;
use bkt_standins::keyfile::Keyfile;
use bkt_standins::ostree::Commit;
use bkt_standins::stage::Staging;
use bkt_standins::sysroot::{Deployment, Sysroot};

use crate::{UNCHANGED, booted, for_writing};

/// The newest commit of what an origin follows.
fn newest(origin: &Keyfile) -> Result<Commit> {
    let image = origin.get("origin", "container-image-reference");
    let reference = match (image, origin.get("origin", "refspec")) {
        (Some(image), _) => ImageReference::from_origin(image)
            .with_context(|| format!("Invalid container image reference: {image}"))?
            .lab_ref(),
        (None, Some(refspec)) => refspec.to_owned(),
        (None, None) => bail!("No origin"),
    };
    Commit::read(&reference).with_context(|| format!("While pulling {reference}"))
}

fn is_present(sysroot: &Sysroot, booted: &Deployment, new: &Commit) -> bool {
    [sysroot.staged(), Some(booted)].into_iter().flatten().any(|it| it.checksum == new.checksum)
}

pub(crate) fn check() -> Result<ExitCode> {
    let sysroot = booted()?;
    let new = newest(&sysroot.pending()?.origin)?;
    if is_present(&sysroot, sysroot.booted()?, &new) {
        println!("No updates available.");
        return Ok(ExitCode::from(UNCHANGED));
    }
    println!("AvailableUpdate:");
    if let Some(version) = &new.version {
        println!("        Version: {version} ({})", new.timestamp.strftime("%Y-%m-%dT%H:%M:%SZ"));
    }
    println!("         Commit: {}", new.checksum);
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn upgrade() -> Result<ExitCode> {
    let sysroot = for_writing("Upgrade")?;
    let (running, origin) = (sysroot.booted()?, &sysroot.pending()?.origin);
    let new = newest(origin)?;
    if is_present(&sysroot, running, &new) {
        println!("No upgrade available.");
        return Ok(ExitCode::SUCCESS);
    }
    stage(running, origin, &new)
}

pub(crate) fn rebase(reference: &str) -> Result<ExitCode> {
    let sysroot = for_writing("Rebase")?;
    let running = sysroot.booted()?;
    let mut origin = sysroot.pending()?.origin.clone();
    if ImageReference::from_origin(reference).is_none() {
        bail!("`rebase` to what is no container image is not supported by this stand-in");
    }
    origin.set("origin", "refspec", None);
    origin.set("origin", "container-image-reference", Some(reference));
    let new = newest(&origin)?;
    stage(running, &origin, &new)
}

/// The same tree again, with an origin that has no changes of rpm-ostree's; packages are only in the origin here.
pub(crate) fn reset() -> Result<ExitCode> {
    let sysroot = for_writing("UpdateDeployment")?;
    let pending = sysroot.pending()?;
    if !pending.incompatible() {
        println!("No changes.");
        return Ok(ExitCode::SUCCESS);
    }
    let mut origin = Keyfile::default();
    pending.origin.lines("origin").for_each(|(key, value)| origin.set("origin", key, Some(value)));
    stage(sysroot.booted()?, &origin, &Commit::read(&pending.checksum)?)
}

pub(crate) fn stage(running: &Deployment, origin: &Keyfile, new: &Commit) -> Result<ExitCode> {
    Staging { checksum: &new.checksum, origin, kargs: &running.kargs, locked: false }.stage()?;
    println!("Staging deployment... done\nRun \"systemctl reboot\" to start a reboot");
    Ok(ExitCode::SUCCESS)
}
