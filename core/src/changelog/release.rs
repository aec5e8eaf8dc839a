// SPDX-License-Identifier: GPL-3.0-or-later
//! Versions, and how pending entries become one.
//!
//! Invariant: `CHANGELOG.md` is written first, the version second, and the entries go last, each atomically. Cut off in
//! between, the next release writes the same block again, or passes over entries a version has already.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Change, Changelog, ChangelogError, lock, remove, sheet, versions, write};
use crate::files;

/// A version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its name.
    pub version: String,
    /// The day, `2026-11-23`.
    pub date: String,
    /// The image that was built from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_digest: Option<String>,
    /// The image it was built on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_image: Option<String>,
    /// What changed.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// What else stands there.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Json>,
}

/// In rpm's order, in which `2026.11.9.10` is after `2026.11.9.2`.
#[must_use]
pub fn order(one: &str, other: &str) -> Ordering {
    rpm_version::rpm_evr_compare(one, other)
}

/// Whether a version can be called this: it names a file, a heading and a tag.
///
/// # Errors
/// It cannot.
pub fn valid(name: &str) -> Result<&str, ChangelogError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_valid = begins && name.len() <= 64 && name.chars().all(is_plain) && !name.contains("..");
    // git-check-ref-format(1), for the tag.
    if is_valid && !name.ends_with('.') && !name.ends_with(".lock") {
        return Ok(name);
    }
    Err(ChangelogError::Name(name.chars().take(80).collect()))
}

/// `2026.11.23.N`, with the first number that is free.
#[must_use]
pub fn next(known: &[Version], now: Timestamp) -> String {
    let day = now.strftime("%Y.%m.%d").to_string();
    let number = |version: &Version| version.version.strip_prefix(&day)?.strip_prefix('.')?.parse::<u32>().ok();
    let last = known.iter().filter_map(number).max().unwrap_or(0);
    format!("{day}.{}", last.saturating_add(1))
}

/// How entries are to be released.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The version's name, where the day's next is not wanted.
    pub version: Option<String>,
    /// Leave `CHANGELOG.md` alone.
    pub without_sheet: bool,
    /// The image it is built on, where the recipe says so.
    pub base_image: Option<String>,
}

impl Changelog {
    /// What a release would be.
    ///
    /// # Errors
    /// Nothing is pending, some entries are drafts, or the name is taken or invalid.
    pub fn plan_release(&self, wanted: &Wanted, now: Timestamp) -> Result<Version, ChangelogError> {
        if self.pending.is_empty() {
            return Err(ChangelogError::Nothing);
        }
        let drafts: Vec<String> = self.drafts().map(|pending| pending.id.clone()).collect();
        if !drafts.is_empty() {
            return Err(ChangelogError::Drafts(drafts));
        }
        let version = match &wanted.version {
            Some(name) => valid(name)?.to_owned(),
            None => next(&self.versions, now),
        };
        if self.versions.iter().any(|known| known.version == version) {
            return Err(ChangelogError::Exists(version));
        }
        self.pending.iter().try_for_each(|pending| pending.change.validate())?;
        Ok(Version {
            version,
            date: now.strftime("%Y-%m-%d").to_string(),
            image_digest: None,
            base_image: wanted.base_image.clone(),
            changes: self.pending.iter().map(|pending| pending.change.clone()).collect(),
            rest: BTreeMap::new(),
        })
    }

    /// Releases what is pending.
    ///
    /// # Errors
    /// As [`Changelog::plan_release`], or a file cannot be written; then nothing is released.
    pub fn release(setup: &Path, wanted: &Wanted, now: Timestamp) -> Result<Version, ChangelogError> {
        let _lock = lock(setup)?;
        let changelog = Self::load(setup)?;
        let version = changelog.plan_release(wanted, now)?;
        let path = setup.join(sheet::FILE);
        let failed = |source| ChangelogError::File { path: path.clone(), source };
        let before = files::read(&path).map_err(failed)?;
        if !wanted.without_sheet {
            let text = sheet::with(before.as_deref(), &version);
            files::put(&path, text.as_bytes(), 0o644).map_err(failed)?;
        }
        let file = versions(setup).join(format!("{}.yaml", version.version));
        if let Err(error) = write(&file, &version) {
            if !wanted.without_sheet {
                match before {
                    Some(text) => files::replace(&path, text.as_bytes()).map_err(failed)?,
                    None => files::remove(&path).map_err(failed)?,
                }
            }
            return Err(error);
        }
        // Those that a version has are passed over from now on, also where they stay.
        for id in changelog.pending.iter().map(|pending| &pending.id).chain(&changelog.released) {
            let _ = remove(setup, id);
        }
        Ok(version)
    }

    /// What going back from one image to another would lose: the versions between them, newest first; `None` where one
    /// of the images is of no version.
    #[must_use]
    pub fn lost(&self, from: &str, to: &str) -> Option<Vec<&Version>> {
        let at =
            |digest: &str| self.versions.iter().position(|version| version.image_digest.as_deref() == Some(digest));
        let (from, to) = (at(from)?, at(to)?);
        Some(self.versions.get(from..to).unwrap_or_default().iter().collect())
    }

    /// Notes which image was built from a version.
    ///
    /// # Errors
    /// There is no such version, or it cannot be written.
    pub fn built(&self, version: &str, digest: &str) -> Result<(), ChangelogError> {
        let _lock = lock(&self.setup)?;
        let known = self.versions.iter().find(|known| known.version == version);
        let mut known = known.cloned().ok_or_else(|| ChangelogError::NoVersion(version.to_owned()))?;
        known.image_digest = Some(digest.to_owned());
        write(&versions(&self.setup).join(format!("{version}.yaml")), &known)
    }
}
