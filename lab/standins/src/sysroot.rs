// SPDX-License-Identifier: GPL-3.0-or-later
//! The deployments of the booted sysroot, in boot order, from what ostree itself keeps: its status,
//! the origin files, the boot entries, and the staged deployment below /run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::gvariant;
use crate::host::ImageReference;
use crate::kargs::Kargs;
use crate::keyfile::Keyfile;
use crate::ostree;

/// What ostree keeps of the staged deployment.
pub const STAGED: &str = "/run/ostree/staged-deployment";

#[derive(Debug, Clone)]
pub struct Deployment {
    pub stateroot: String,
    pub checksum: String,
    pub serial: u32,
    pub booted: bool,
    pub staged: bool,
    pub pinned: bool,
    /// Staged, but a reboot discards it: `--download-only`, `--lock-finalization`.
    pub locked: bool,
    /// `none`, `development`, `transient` or `hotfix`.
    pub unlocked: String,
    pub origin: Keyfile,
    pub kargs: Kargs,
    /// The options as the boot entry has them, `ostree=` included.
    pub options: String,
}

impl Deployment {
    pub fn image(&self) -> Option<ImageReference> {
        ImageReference::from_origin(self.origin.get("origin", "container-image-reference")?)
    }

    /// rpm-ostree has changed it in a way bootc cannot carry over.
    pub fn incompatible(&self) -> bool {
        ["rpmostree", "packages", "overrides", "modules"].iter().any(|group| self.origin.has_group(group))
    }

    pub fn name(&self) -> String {
        format!("{}.{}", self.checksum, self.serial)
    }
}

#[derive(Debug)]
pub struct Sysroot {
    /// In the order of `ostree admin status`: a staged one first, then as the boot entries stand.
    pub deployments: Vec<Deployment>,
}

impl Sysroot {
    /// The booted sysroot, or `None` off an ostree host.
    pub fn load() -> Result<Option<Self>> {
        if !Path::new("/run/ostree-booted").exists() {
            return Ok(None);
        }
        let shown = ostree::run("ostree", &["admin", "status"])?;
        let entries = boot_entries();
        let mut deployments: Vec<Deployment> = Vec::new();
        for line in shown.lines() {
            if let Some(detail) = line.strip_prefix("    ") {
                if let Some(last) = deployments.last_mut() {
                    detail_line(last, detail);
                }
            } else {
                deployments.extend(header_line(line, &entries));
            }
        }
        Ok(Some(Self { deployments }))
    }

    pub fn booted(&self) -> Result<&Deployment> {
        self.deployments.iter().find(|it| it.booted).context("Not booted into an ostree deployment")
    }

    pub fn staged(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|it| it.staged)
    }

    /// The next boot.
    pub fn pending(&self) -> Result<&Deployment> {
        self.deployments.first().context("No deployments")
    }
}

/// `* default CHECKSUM.SERIAL (rollback)`; the star marks the booted one, a staged one says `(staged)`
/// or `(finalization locked)`.
fn header_line(line: &str, entries: &[(PathBuf, String)]) -> Option<Deployment> {
    let mut words = line.trim_start_matches('*').split_whitespace();
    let stateroot = words.next()?;
    let (checksum, serial) = words.next()?.split_once('.')?;
    let state = words.collect::<Vec<_>>().join(" ");
    let locked = state.contains("(finalization locked)");
    let staged = locked || state.contains("(staged)");
    let dir = PathBuf::from(format!("/sysroot/ostree/deploy/{stateroot}/deploy/{checksum}.{serial}"));
    let origin = fs::read_to_string(dir.with_added_extension("origin")).unwrap_or_default();
    let origin = Keyfile::parse(&origin);
    let options = if staged {
        staged_options().unwrap_or_default()
    } else {
        entries.iter().find(|(path, _)| *path == dir).map(|(_, options)| options.clone()).unwrap_or_default()
    };
    Some(Deployment {
        stateroot: stateroot.to_owned(),
        checksum: checksum.to_owned(),
        serial: serial.parse().ok()?,
        booted: line.starts_with('*'),
        staged,
        pinned: origin.get("libostree-transient", "pinned") == Some("true"),
        locked,
        unlocked: "none".to_owned(),
        origin,
        kargs: Kargs::parse(&options),
        options,
    })
}

fn detail_line(deployment: &mut Deployment, detail: &str) {
    match detail.split_once(':').map(|(key, value)| (key.trim(), value.trim())) {
        Some(("Unlocked", value)) => value.clone_into(&mut deployment.unlocked),
        Some(("Pinned", "yes")) => deployment.pinned = true,
        _ => {}
    }
}

fn staged_options() -> Option<String> {
    let bytes = fs::read(STAGED).ok()?;
    let (kargs, kind) = gvariant::lookup(&bytes, "kargs")?;
    (kind == "as").then(|| gvariant::strings(kargs)).flatten().map(|kargs| kargs.join(" "))
}

/// Deployment directory and options of every entry a boot loader sees.
pub fn boot_entries() -> Vec<(PathBuf, String)> {
    let Ok(dir) = fs::read_dir("/boot/loader/entries") else {
        return Vec::new();
    };
    dir.filter_map(|entry| entry_target(&entry.ok()?.path())).collect()
}

/// Where a boot entry leads, with its options.
pub fn entry_target(entry: &Path) -> Option<(PathBuf, String)> {
    let text = fs::read_to_string(entry).ok()?;
    let options = text.lines().find_map(|line| line.strip_prefix("options "))?.to_owned();
    let link = options.split_whitespace().find_map(|karg| karg.strip_prefix("ostree=/"))?;
    let target = fs::canonicalize(Path::new("/sysroot").join(link)).ok()?;
    Some((target, options))
}
