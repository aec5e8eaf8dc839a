// SPDX-License-Identifier: GPL-3.0-or-later
//! The one place that runs a program: the real `ostree`, and what a commit says of itself.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Output, Stdio};

use anyhow::{Context, Result, bail};

use crate::host::{ImageReference, ImageStatus};

/// Runs a program and returns what it printed, or its complaint as the error.
pub fn run<S: AsRef<str>>(program: &str, args: &[S]) -> Result<String> {
    let output = output(program, args)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{}", said.trim().trim_start_matches("error: "));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[expect(clippy::disallowed_methods, reason = "a stand-in is a front end to ostree, outside Host")]
fn output<S: AsRef<str>>(program: &str, args: &[S]) -> Result<Output> {
    std::process::Command::new(program)
        .args(args.iter().map(AsRef::as_ref))
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("running {program}"))
}

/// Whether the caller is root, as /proc sees it.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

pub fn require_root() -> Result<()> {
    if is_root() {
        return Ok(());
    }
    bail!("Preparing for write: Querying root privilege: This command must be executed as the root user")
}

/// What a commit says of itself: the lab's images carry the keys that bootc's imports carry.
#[derive(Debug, Clone)]
pub struct Commit {
    pub checksum: String,
    pub version: Option<String>,
    pub digest: Option<String>,
    pub timestamp: jiff::Timestamp,
}

impl Commit {
    pub fn read(revision: &str) -> Result<Self> {
        let checksum = run("ostree", &["rev-parse", "--repo=/sysroot/ostree/repo", revision])?;
        let checksum = checksum.trim().to_owned();
        let shown = run("ostree", &["show", "--repo=/sysroot/ostree/repo", &checksum])?;
        let date = shown
            .lines()
            .find_map(|line| line.strip_prefix("Date:"))
            .with_context(|| format!("no date in commit {checksum}"))?;
        let timestamp = jiff::fmt::strtime::parse("%Y-%m-%d %H:%M:%S %z", date.trim())?.to_timestamp()?;
        Ok(Self {
            version: metadata(&checksum, "version"),
            digest: metadata(&checksum, "ostree.manifest-digest"),
            checksum,
            timestamp,
        })
    }

    pub fn image_status(&self, image: &ImageReference) -> ImageStatus {
        ImageStatus {
            image: image.unsigned(),
            version: self.version.clone(),
            timestamp: Some(self.timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
            image_digest: self.digest.clone().unwrap_or_else(|| format!("sha256:{}", self.checksum)),
            architecture: architecture().to_owned(),
        }
    }
}

/// A string in the commit's metadata, printed by ostree in GVariant text form.
fn metadata(checksum: &str, key: &str) -> Option<String> {
    let key = format!("--print-metadata-key={key}");
    let text = run("ostree", &["show", "--repo=/sysroot/ostree/repo", &key, checksum]).ok()?;
    Some(text.trim().trim_matches('\'').to_owned())
}

/// The names container images use.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
