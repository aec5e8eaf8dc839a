// SPDX-License-Identifier: GPL-3.0-or-later
//! `loader-entries set-options-for-source`: each source owns a set of kernel arguments, replaced as
//! a whole. The set is kept in the deployment's origin file, group `loader-entries`; the staged
//! deployment and, when it is finalised, the boot entry name it too, as `x-options-source-NAME`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use bkt_standins::kargs::Kargs;
use bkt_standins::keyfile::Keyfile;
use bkt_standins::stage::{SOURCES, Staging};
use bkt_standins::sysroot;

use super::for_writing;

pub(crate) fn set_options_for_source(source: &str, options: Option<&str>) -> Result<()> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if source.is_empty() || !source.bytes().all(valid) {
        bail!("Invalid source name '{source}': only [A-Za-z0-9_-] are allowed");
    }
    let sysroot = for_writing()?;
    let pending = sysroot.pending()?;
    let old = Kargs::parse(pending.origin.get(SOURCES, source).unwrap_or_default());
    let new = Kargs::parse(options.unwrap_or_default());
    if old == new {
        return Ok(());
    }
    let mut kargs = pending.kargs.clone();
    old.iter().filter(|karg| !new.contains(karg)).for_each(|karg| kargs.remove_exact(karg));
    new.iter().filter(|karg| !old.contains(karg)).for_each(|karg| kargs.append_if_missing(karg));
    let owned: Vec<&str> = new.iter().collect();
    let mut origin = pending.origin.clone();
    origin.set(SOURCES, source, (!owned.is_empty()).then(|| owned.join(" ")).as_deref());
    let locked = pending.locked;
    Staging { checksum: &pending.checksum, origin: &origin, kargs: &kargs, locked }.stage()
}

/// Writes the sources of every deployment into its boot entry.
#[expect(clippy::disallowed_methods, reason = "boot entries of a lab host, at its shutdown")]
pub(crate) fn record_sources() -> Result<()> {
    let entries = fs::read_dir("/boot/loader/entries").context("boot entries")?;
    for entry in entries {
        let path = entry?.path();
        let Some((deployment, _)) = sysroot::entry_target(&path) else {
            continue;
        };
        let Ok(origin) = fs::read_to_string(deployment.with_added_extension("origin")) else {
            continue;
        };
        let origin = Keyfile::parse(&origin);
        let sources: BTreeMap<&str, &str> = origin.lines(SOURCES).collect();
        let text = fs::read_to_string(&path)?;
        let mut lines: Vec<String> =
            text.lines().filter(|line| !line.starts_with("x-options-source-")).map(str::to_owned).collect();
        lines.extend(sources.iter().map(|(name, options)| format!("x-options-source-{name} {options}")));
        let new = lines.join("\n") + "\n";
        if new != text {
            fs::write(&path, new).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}
