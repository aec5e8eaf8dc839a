// SPDX-License-Identifier: GPL-3.0-or-later
//! `upgrade` and `switch`: the newest commit of the followed image becomes the staged deployment.
//! Kernel arguments are merged from the booted deployment, as the real one does, so that arguments
//! that were only staged are lost.

use std::path::Path;

use anyhow::{Context, Result, bail};
use bkt_standins::host::{ImageReference, Signature};
use bkt_standins::ostree::{self, Commit};
use bkt_standins::progress::Progress;
use bkt_standins::stage::Staging;
use bkt_standins::sysroot::{Deployment, Sysroot};
use bkt_standins::{kargs_d, status};
use clap::Args;

use super::{for_writing, reboot};

#[derive(Debug, Args)]
pub(crate) struct Upgrade {
    #[arg(long)]
    quiet: bool,
    #[arg(long, conflicts_with_all = ["apply", "download_only"])]
    check: bool,
    #[arg(long)]
    apply: bool,
    #[arg(long, conflicts_with = "apply")]
    download_only: bool,
    #[arg(long)]
    from_downloaded: bool,
    #[arg(long, hide = true)]
    progress_fd: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Switch {
    #[arg(long)]
    quiet: bool,
    #[arg(long)]
    apply: bool,
    #[arg(long, default_value = "registry")]
    transport: String,
    #[arg(long)]
    enforce_container_sigpolicy: bool,
    #[arg(long)]
    retain: bool,
    #[arg(long, hide = true)]
    progress_fd: Option<u32>,
    target: String,
}

impl Upgrade {
    pub(crate) fn run(&self) -> Result<()> {
        let mut progress = Progress::open(self.progress_fd)?;
        let sysroot = for_writing()?;
        let booted = compatible(&sysroot)?;
        if self.from_downloaded {
            sysroot.staged().context("No staged deployment found")?;
            ostree::run("ostree", &["admin", "lock-finalization", "--unlock"])?;
            println!("Staged deployment will now be applied on reboot");
            return if self.apply { reboot() } else { Ok(()) };
        }
        let followed = sysroot.staged().unwrap_or(booted);
        let image = followed.image().context("No image source specified in the host spec")?;
        let new = fetch(&image)?;
        let present = [sysroot.staged(), Some(booted)].into_iter().flatten().find(|it| it.checksum == new.checksum);
        if self.check {
            if present.is_some() {
                println!("No changes in: {}", image.to_origin());
            } else {
                status::remember_update(booted, &new)?;
                println!("Update available for: {}", image.to_origin());
                describe(&new, &image);
            }
            return Ok(());
        }
        if let Some(present) = present {
            println!("No changes in {} => {}", image.to_origin(), new.image_status(&image).image_digest);
            println!("{}", if present.staged { "Staged update present, not changed" } else { "No update available." });
        } else {
            progress.pulled(&new.image_status(&image).image_digest)?;
            status::remember_update(booted, &new)?;
            stage(booted, &new, &image, self.download_only, &mut progress)?;
            if self.download_only {
                println!("Image downloaded, but will not be applied on reboot");
            } else {
                println!("Queued for next boot: {}", image.to_origin());
            }
            describe(&new, &image);
        }
        if self.apply && present.is_none_or(|it| it.staged) { reboot() } else { Ok(()) }
    }
}

impl Switch {
    pub(crate) fn run(&self) -> Result<()> {
        let mut progress = Progress::open(self.progress_fd)?;
        let sysroot = for_writing()?;
        let booted = compatible(&sysroot)?;
        let image = ImageReference {
            image: self.target.clone(),
            transport: self.transport.clone(),
            signature: self.enforce_container_sigpolicy.then_some(Signature::ContainerPolicy),
        };
        if sysroot.staged().unwrap_or(booted).image().as_ref() == Some(&image) {
            println!("Image specification is unchanged.");
            return Ok(());
        }
        let new = fetch(&image).context("Switching (ostree)")?;
        progress.pulled(&new.image_status(&image).image_digest)?;
        stage(booted, &new, &image, false, &mut progress)?;
        println!("Queued for next boot: {}", image.to_origin());
        describe(&new, &image);
        if self.apply { reboot() } else { Ok(()) }
    }
}

/// The booted deployment, unless rpm-ostree has changed it or the staged one.
fn compatible(sysroot: &Sysroot) -> Result<&Deployment> {
    let booted = sysroot.booted()?;
    if [Some(booted), sysroot.staged()].into_iter().flatten().any(Deployment::incompatible) {
        bail!(
            "Deployment contains local rpm-ostree modifications; cannot upgrade via bootc. You can run `rpm-ostree reset` to undo the modifications."
        );
    }
    Ok(booted)
}

/// The lab's registry: a ref of the host's own repository.
fn fetch(image: &ImageReference) -> Result<Commit> {
    Commit::read(&image.lab_ref())
        .with_context(|| format!("Fetching manifest: manifest unknown: {}", image.image))
        .context("Preparing import")
}

fn stage(
    booted: &Deployment,
    new: &Commit,
    image: &ImageReference,
    locked: bool,
    progress: &mut Progress,
) -> Result<()> {
    progress.staging(0)?;
    let old = kargs_d::of_dir(Path::new(kargs_d::DIR))?;
    let kargs = kargs_d::merge(&booted.kargs, old.as_deref(), kargs_d::of_commit(&new.checksum)?.as_deref());
    let mut origin = booted.origin.clone();
    origin.set("origin", "container-image-reference", Some(&image.to_origin()));
    progress.staging(1)?;
    Staging { checksum: &new.checksum, origin: &origin, kargs: &kargs, locked }.stage()?;
    (2..=4).try_for_each(|done| progress.staging(done))
}

fn describe(new: &Commit, image: &ImageReference) {
    if let Some(version) = &new.version {
        println!("  Version: {version}");
    }
    println!("  Digest: {}", new.image_status(image).image_digest);
    println!("Total new layers: 1     Size: 104.9 MB");
    println!("Removed layers:   1     Size: 104.9 MB");
    println!("Added layers:     1     Size: 104.9 MB");
}
