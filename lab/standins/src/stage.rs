// SPDX-License-Identifier: GPL-3.0-or-later
//! Staging: every change becomes a new deployment that the next shutdown finalises, never a change
//! of a deployment that exists. ostree reads the origin from a file, which lives below /run meanwhile.

use std::fs;

use anyhow::{Context, Result};

use crate::gvariant;
use crate::kargs::Kargs;
use crate::keyfile::Keyfile;
use crate::ostree;
use crate::sysroot::STAGED;

/// The group of an origin file that has the arguments of each source. The lab's ostree is older than the keys
/// of boot entries, so the stand-ins keep them there.
pub const SOURCES: &str = "loader-entries";

/// A deployment to stage.
#[derive(Debug)]
pub struct Staging<'a> {
    pub checksum: &'a str,
    pub origin: &'a Keyfile,
    pub kargs: &'a Kargs,
    /// Whether a reboot discards it until it is unlocked.
    pub locked: bool,
}

impl Staging<'_> {
    #[expect(clippy::disallowed_methods, reason = "a lab file below /run for ostree to read")]
    pub fn stage(&self) -> Result<()> {
        let path = format!("/run/lab-origin-{}", std::process::id());
        fs::write(&path, self.origin.render()).with_context(|| format!("writing {path}"))?;
        let staged = ostree::run("ostree", &self.arguments(&path));
        fs::remove_file(&path).with_context(|| format!("removing {path}"))?;
        staged?;
        self.tell_sources()
    }

    /// Says whose arguments are whose where libostree says so since 2026.1: a dictionary that older ones ignore.
    #[expect(clippy::disallowed_methods, reason = "a lab file below /run that ostree made and reads")]
    fn tell_sources(&self) -> Result<()> {
        let sources: Vec<(String, &str)> =
            self.origin.lines(SOURCES).map(|(name, options)| (format!("x-options-source-{name}"), options)).collect();
        if sources.is_empty() {
            return Ok(());
        }
        let bytes = fs::read(STAGED).with_context(|| format!("reading {STAGED}"))?;
        let sources = sources.iter().map(|(name, options)| (name.as_str(), *options));
        let told = gvariant::with_texts(&bytes, "bootconfig-extra", sources)
            .with_context(|| format!("{STAGED} is no dictionary"))?;
        fs::write(STAGED, told).with_context(|| format!("writing {STAGED}"))
    }

    fn arguments(&self, origin: &str) -> Vec<String> {
        let mut args: Vec<String> =
            ["admin", "deploy", "--stage", "--no-prune", "--karg-none"].map(str::to_owned).into();
        args.push(format!("--origin-file={origin}"));
        if self.locked {
            args.push("--lock-finalization".to_owned());
        }
        args.extend(self.kargs.iter().map(|karg| format!("--karg-append={karg}")));
        args.push(self.checksum.to_owned());
        args
    }
}
