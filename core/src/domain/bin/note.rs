// SPDX-License-Identifier: GPL-3.0-or-later
//! What Bucket remembers of each program it placed: a small file per program, so that two runs cannot lose one
//! another's; and what `fetchbin` remembers of those it installed.
//!
//! Invariant: a note that cannot be read says nothing, so its program is no longer Bucket's to change.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::fetch;
use crate::host::{Facts, FileKind, Host};
use crate::name::BinaryName;
use crate::problem::Problem;
use crate::value::{BinarySource, Registry};

/// Where the notes are, inside the person's home.
const DIRECTORY: &str = ".local/share/bkt/bin";

/// Where `fetchbin` has its list and its programs.
const FETCHBIN: &str = ".local/share/fetchbin";

/// What was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Where it came from, with the exact version.
    pub(super) value: BinarySource,
    size: u64,
    changed: i64,
}

impl Note {
    /// The note of a program that was just placed.
    pub(super) fn of(value: BinarySource, facts: &Facts) -> Self {
        Self { value, size: facts.size, changed: moment(facts) }
    }

    /// Whether this is the file that was placed.
    pub(super) fn is_of(&self, facts: &Facts) -> bool {
        facts.kind == FileKind::File
            && facts.is_executable()
            && (self.size, self.changed) == (facts.size, moment(facts))
    }
}

fn moment(facts: &Facts) -> i64 {
    i64::try_from(facts.changed).unwrap_or_default()
}

fn path(host: &dyn Host, name: &BinaryName) -> Result<PathBuf, Problem> {
    Ok(fetch::home(host)?.join(DIRECTORY).join(format!("{name}.json")))
}

/// The note of one program.
pub(super) fn read(host: &dyn Host, name: &BinaryName) -> Result<Option<Note>, Problem> {
    let text = host.read(&path(host, name)?)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Every note; `None` for one that cannot be read.
pub(super) fn all(host: &dyn Host) -> Result<BTreeMap<String, Option<Note>>, Problem> {
    let mut notes = BTreeMap::new();
    for file in host.list(&fetch::home(host)?.join(DIRECTORY))? {
        let name = file.strip_suffix(".json").and_then(|name| name.parse::<BinaryName>().ok());
        if let Some(name) = name {
            notes.insert(name.to_string(), read(host, &name)?);
        }
    }
    Ok(notes)
}

/// Writes a note.
pub(super) fn write(host: &dyn Host, name: &BinaryName, note: &Note) -> Result<(), Problem> {
    let text = serde_json::json!(note);
    Ok(host.put(&path(host, name)?, format!("{text:#}\n").as_bytes(), 0o644)?)
}

/// Takes a note away.
pub(super) fn forget(host: &dyn Host, name: &BinaryName) -> Result<(), Problem> {
    Ok(host.remove(&path(host, name)?)?)
}

/// What `fetchbin` installed and is still there.
pub(super) fn of_fetchbin(host: &dyn Host) -> Result<BTreeMap<String, BinarySource>, Problem> {
    let directory = fetch::home(host)?.join(FETCHBIN);
    let text = host.read(&directory.join("manifest.json"))?;
    let list: Json = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let mut found = BTreeMap::new();
    for (name, entry) in list["binaries"].as_object().into_iter().flatten() {
        let Some(source) = entry.get("source").and_then(fetchbin_source) else { continue };
        if name.parse::<BinaryName>().is_ok() && host.look(&directory.join("bin").join(name))?.is_some() {
            found.insert(name.clone(), source);
        }
    }
    Ok(found)
}

/// A source as `fetchbin` writes it: with the version in it, and the file that was chosen.
fn fetchbin_source(json: &Json) -> Option<BinarySource> {
    let text = |field: &str| json[field].as_str();
    let source = match text("type")? {
        "npm" => Registry::Npm { package: text("package")?.parse().ok()? },
        "cargo" => Registry::Cargo { crate_name: text("crate_name")?.parse().ok()? },
        "github" => Registry::Github { repo: text("repo")?.parse().ok()?, asset_pattern: None },
        _ => return None,
    };
    let version = text("version").and_then(|version| version.parse().ok());
    Some(BinarySource { source, version, binary: None, sha256: None })
}
