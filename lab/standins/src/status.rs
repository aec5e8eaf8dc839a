// SPDX-License-Identifier: GPL-3.0-or-later
//! The sysroot as `bootc status` tells it.

use anyhow::Result;

use crate::host::{BootEntry, BootEntryOstree, BootOrder, Host, ImageStatus, Spec, Status, UsrOverlay};
use crate::ostree::{self, Commit};
use crate::sysroot::{Deployment, Sysroot};

/// The ref that remembers what the last check found for a deployment.
pub fn cached_update_ref(checksum: &str) -> String {
    format!("lab/cached-update/{checksum}")
}

pub fn host(sysroot: &Sysroot) -> Result<Host> {
    let booted = sysroot.booted()?;
    let queued = rollback_queued(sysroot);
    let mut others =
        sysroot.deployments.iter().filter(|it| !it.booted && !it.staged && it.stateroot == booted.stateroot);
    let status = Status {
        staged: sysroot.staged().map(|it| entry(it, booted)).transpose()?,
        booted: Some(entry(booted, booted)?),
        rollback: others.next().map(|it| entry(it, booted)).transpose()?,
        other_deployments: others.map(|it| entry(it, booted)).collect::<Result<_>>()?,
        rollback_queued: queued,
        host_type: image(booted).map(|_| "bootcHost".to_owned()),
        usr_overlay: usr_overlay(&booted.unlocked),
        read_only: false,
    };
    let spec = Spec {
        image: image(sysroot.staged().unwrap_or(booted)),
        boot_order: if queued { BootOrder::Rollback } else { BootOrder::Default },
    };
    Ok(Host::new(spec, status))
}

/// Whether the next boot is an older deployment than the booted one.
pub fn rollback_queued(sysroot: &Sysroot) -> bool {
    sysroot.staged().is_none() && sysroot.deployments.first().is_some_and(|it| !it.booted)
}

/// The image a deployment follows, blank where rpm-ostree has changed it, as in the real one.
fn image(deployment: &Deployment) -> Option<crate::host::ImageReference> {
    deployment.image().filter(|_| !deployment.incompatible())
}

fn entry(deployment: &Deployment, booted: &Deployment) -> Result<BootEntry> {
    let followed = image(deployment);
    let status = |revision: &str| -> Result<Option<ImageStatus>> {
        let Some(followed) = &followed else {
            return Ok(None);
        };
        Ok(Some(Commit::read(revision)?.image_status(followed)))
    };
    Ok(BootEntry {
        image: status(&deployment.checksum)?,
        cached_update: status(&cached_update_ref(&deployment.checksum)).unwrap_or_default(),
        incompatible: deployment.incompatible(),
        pinned: deployment.pinned,
        soft_reboot_capable: deployment.kargs == booted.kargs,
        download_only: deployment.locked,
        store: followed.as_ref().map(|_| "ostreeContainer".to_owned()),
        ostree: Some(BootEntryOstree {
            stateroot: deployment.stateroot.clone(),
            checksum: deployment.checksum.clone(),
            deploy_serial: deployment.serial,
        }),
        composefs: None,
    })
}

fn usr_overlay(unlocked: &str) -> Option<UsrOverlay> {
    let (access_mode, persistence) = match unlocked {
        "development" => ("readWrite", "transient"),
        "transient" => ("readOnly", "transient"),
        "hotfix" => ("readWrite", "persistent"),
        _ => return None,
    };
    Some(UsrOverlay { access_mode: access_mode.to_owned(), persistence: persistence.to_owned() })
}

/// What a person sees.
pub fn human(host: &Host) -> String {
    let mut text = String::new();
    let entries =
        [("  Staged", &host.status.staged), ("● Booted", &host.status.booted), ("  Rollback", &host.status.rollback)];
    for (name, entry) in entries {
        let Some(entry) = entry else { continue };
        if let Some(image) = &entry.image {
            text.push_str(&format!("{name} image: {}\n", image.image.image));
            text.push_str(&format!("        Digest: {} ({})\n", image.image_digest, image.architecture));
            let version = image.version.as_deref().unwrap_or("(none)");
            text.push_str(&format!("       Version: {version} ({})\n", image.timestamp.as_deref().unwrap_or_default()));
        } else if let Some(ostree) = &entry.ostree {
            text.push_str(&format!("{name} ostree\n        Commit: {}\n", ostree.checksum));
        }
        if entry.incompatible {
            text.push_str("  Incompatible: this deployment contains local rpm-ostree modifications\n");
        }
        text.push('\n');
    }
    if text.is_empty() { "System is not deployed via bootc.\n".to_owned() } else { text }
}

/// Makes `cachedUpdate` of a deployment name `target`.
pub fn remember_update(deployment: &Deployment, target: &Commit) -> Result<()> {
    let create = format!("--create={}", cached_update_ref(&deployment.checksum));
    ostree::run("ostree", &["refs", "--repo=/sysroot/ostree/repo", "--force", &create, &target.checksum]).map(drop)
}
