// SPDX-License-Identifier: GPL-3.0-or-later
//! The kernel arguments an image asks for: `/usr/lib/bootc/kargs.d/*.toml`, and what an update does
//! with them. Follows bootc's `bootc_kargs.rs` as the documents describe it: arguments that the
//! booted image asked for and the new one does not are removed, new ones are added, all others stay.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::kargs::Kargs;
use crate::ostree;

pub const DIR: &str = "/usr/lib/bootc/kargs.d";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    kargs: Vec<String>,
    match_architectures: Option<Vec<String>>,
}

/// The arguments of a directory, sorted by file name; `None` when there is no such directory.
pub fn of_dir(dir: &Path) -> Result<Option<Vec<String>>> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Ok(None);
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".toml") {
            files.push((name, fs::read_to_string(&path)?));
        }
    }
    collect(files).map(Some)
}

/// The same of a commit in the repository.
pub fn of_commit(checksum: &str) -> Result<Option<Vec<String>>> {
    let repo = "--repo=/sysroot/ostree/repo";
    let Ok(listing) = ostree::run("ostree", &["ls", repo, "--nul-filenames-only", checksum, DIR]) else {
        return Ok(None);
    };
    let mut files = Vec::new();
    for path in listing.split('\0').filter(|path| path.ends_with(".toml")) {
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        files.push((name, ostree::run("ostree", &["cat", repo, checksum, path])?));
    }
    collect(files).map(Some)
}

fn collect(mut files: Vec<(String, String)>) -> Result<Vec<String>> {
    files.sort();
    let mut kargs = Vec::new();
    for (name, text) in files {
        let file: File = toml::from_str(&text).with_context(|| format!("Parsing {name}"))?;
        let here = |list: &Vec<String>| list.iter().any(|arch| arch == std::env::consts::ARCH);
        if file.match_architectures.as_ref().is_none_or(here) {
            kargs.extend(file.kargs.join(" ").split_whitespace().map(str::to_owned));
        }
    }
    Ok(kargs)
}

/// The arguments of the update: those of the booted deployment, less what only the booted image
/// asked for, plus what only the new one asks for.
pub fn merge(current: &Kargs, booted: Option<&[String]>, new: Option<&[String]>) -> Kargs {
    let booted = booted.unwrap_or_default();
    let mut kargs = current.clone();
    let Some(new) = new else {
        // As the real one: an image without the directory gets the old arguments once more.
        booted.iter().for_each(|karg| kargs.append(karg));
        return kargs;
    };
    booted.iter().filter(|karg| !new.contains(karg)).for_each(|karg| kargs.remove_exact(karg));
    new.iter().filter(|karg| !booted.contains(karg)).for_each(|karg| kargs.append(karg));
    kargs
}
