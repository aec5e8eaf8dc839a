// SPDX-License-Identifier: GPL-3.0-or-later
//! The files of a setup that declare no items: read, validated and kept.
//!
//! External repositories, vendor files, image modules, assumptions about the base image and pinned upstream
//! software belong to the image build. Bucket shows them where they apply and says what is wrong in them; only
//! the assumptions are ever edited (`bkt base assume`).
//!
//! Invariant: reading never changes a file and never fails as a whole; everything found carries file and line,
//! and one wrong entry hides no other.

pub mod base;
mod external_repos;
mod image_config;
mod sheet;
mod toolbox;
pub mod upstream;
mod vendor;

use std::path::Path;

use jsonc_parser::ast::Object;
use serde::Serialize;

use self::base::BaseAssumptions;
use self::sheet::Sheet;
use self::upstream::Upstream;
use crate::files;
use crate::manifest::{ManifestError, ManifestErrorKind, Warning};

/// How a file of the setup reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing is wrong.
    Valid,
    /// It can be used; something in it is not used, or not finished.
    Noted,
    /// Something in it is wrong.
    Broken,
}

/// One file of the setup, and what was found in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its path inside the setup.
    pub file: &'static str,
    /// How it reads.
    pub state: State,
    /// How many entries it has.
    pub entries: usize,
    /// What is wrong, in the order of the lines.
    pub problems: Vec<Finding>,
}

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The line, from 1.
    pub line: u32,
    /// What.
    pub message: String,
}

impl Report {
    /// The report on a file, given its errors and whether something else was noticed.
    #[must_use]
    pub fn new(file: &'static str, entries: usize, errors: &[ManifestError], noted: bool) -> Self {
        let mut problems: Vec<Finding> = Vec::new();
        for error in errors {
            let finding = Finding { line: error.line, message: error.kind.to_string() };
            if !problems.contains(&finding) {
                problems.push(finding);
            }
        }
        problems.sort_by_key(|finding| finding.line);
        let state = match (problems.is_empty(), noted) {
            (false, _) => State::Broken,
            (true, true) => State::Noted,
            (true, false) => State::Valid,
        };
        Self { file, state, entries, problems }
    }
}

/// What the kept files of a setup say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// The files that are there.
    pub reports: Vec<Report>,
    /// What they say that is not used.
    pub warnings: Vec<Warning>,
    /// What the setup takes for granted in the base image.
    pub base: BaseAssumptions,
    /// The software it fetches from elsewhere.
    pub upstreams: Vec<Upstream>,
}

/// Where external repositories stand.
pub const EXTERNAL_REPOS: &str = "manifests/external-repos.json";
/// Where vendors' files stand.
pub const VENDOR_ARTIFACTS: &str = "manifests/vendor-artifacts.json";
/// Where the image's modules stand.
pub const IMAGE_CONFIG: &str = "manifests/image-config.json";
/// Where packages of the toolbox stand.
pub const TOOLBOX_PACKAGES: &str = "manifests/toolbox-packages.json";

impl Kept {
    /// Reads the kept files below a setup's directory.
    #[must_use]
    pub fn load(setup: &Path) -> Self {
        let mut kept = Self::default();
        kept.file(setup, EXTERNAL_REPOS, external_repos::read);
        kept.file(setup, VENDOR_ARTIFACTS, vendor::read);
        kept.file(setup, IMAGE_CONFIG, image_config::read);
        kept.file(setup, TOOLBOX_PACKAGES, toolbox::read);
        let mut base = BaseAssumptions::default();
        kept.file(setup, base::FILE, |sheet, root| base.read(sheet, root));
        kept.base = base;
        let mut upstreams = Vec::new();
        kept.file(setup, upstream::FILE, |sheet, root| {
            upstreams = upstream::read(sheet, root);
            upstreams.len()
        });
        kept.upstreams = upstreams;
        kept
    }

    /// Reads one file, where it is there; `read` says how many entries it has.
    fn file(&mut self, setup: &Path, file: &'static str, read: impl FnOnce(&mut Sheet<'_>, &Object<'_>) -> usize) {
        let text = match files::read(&setup.join(file)) {
            Ok(None) => return,
            Ok(Some(text)) => text,
            Err(error) => {
                let kind = ManifestErrorKind::Unreadable(error.to_string());
                self.reports.push(Report::new(file, 0, &[ManifestError { file, line: 1, kind }], false));
                return;
            }
        };
        let mut sheet = Sheet::new(setup, file, &text);
        let entries = sheet.whole(&text, read);
        let (errors, warnings) = sheet.end();
        self.reports.push(Report::new(file, entries, &errors, !warnings.is_empty()));
        self.warnings.extend(warnings);
    }

    /// Every finding with its file.
    pub fn problems(&self) -> impl Iterator<Item = (&'static str, &Finding)> {
        self.reports.iter().flat_map(|report| report.problems.iter().map(|finding| (report.file, finding)))
    }
}

#[cfg(test)]
mod tests;
