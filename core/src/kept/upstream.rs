// SPDX-License-Identifier: GPL-3.0-or-later
//! `upstream/manifest.json`: software the image fetches from elsewhere, each pinned to one version.
//!
//! `upstream/NAME/` repeats version, checksum, address and commit as files a Containerfile can read.
//!
//! Invariant: a pin is only good with its checksum, and when the files beside it say the same.

use std::collections::BTreeSet;

use jsonc_parser::ast::Object;
use serde::Serialize;

use super::sheet::{Sheet, is_sha256};
use crate::files;

/// Where pinned software stands.
pub const FILE: &str = "upstream/manifest.json";

/// One piece of software the image fetches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Upstream {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Where it comes from: `github:OWNER/REPOSITORY`, or an address.
    pub source: String,
    /// The version it is held at.
    pub version: String,
    /// The commit it is held at.
    pub commit: Option<String>,
    /// What is fetched.
    pub url: Option<String>,
    /// The checksum of what is fetched; empty until it is known.
    pub sha256: String,
    /// Whether the one who pinned it checked a signature.
    pub gpg_verified: bool,
    /// When it was pinned.
    pub pinned_at: Option<String>,
    /// How it is installed.
    pub install: Option<String>,
    /// The line it stands on, from 1.
    pub line: u32,
    /// What is wrong with its pin, in sentences without a final period.
    pub problems: Vec<String>,
}

pub(super) fn read(sheet: &mut Sheet<'_>, root: &Object<'_>) -> Vec<Upstream> {
    sheet.reader.know(root, &["upstreams"]);
    let mut seen = BTreeSet::new();
    sheet.entries(root, "upstreams", |sheet, entry| {
        sheet.reader.know(entry, &["name", "description", "source", "pinned", "install"]);
        let name = sheet.unique(entry, "upstreams", &mut seen)?.to_owned();
        let mut upstream = Upstream {
            name,
            description: sheet.text(entry, "description").map(str::to_owned),
            source: source(sheet, entry),
            install: install(sheet, entry),
            line: sheet.reader.line_of(entry),
            ..Upstream::default()
        };
        match sheet.take(sheet.reader.object(entry, "pinned")).flatten() {
            Some(pinned) => upstream.pin(sheet, pinned),
            None => upstream.problem(sheet, entry, "is not pinned".to_owned()),
        }
        Some(upstream)
    })
}

fn source(sheet: &mut Sheet<'_>, entry: &Object<'_>) -> String {
    let Some(source) = sheet.take(sheet.reader.object(entry, "source")).flatten() else {
        sheet.wrong(entry, "an entry of ‘upstreams’ has no ‘source’".to_owned());
        return String::new();
    };
    match sheet.needed(source, "source", "type").unwrap_or_default() {
        "github" => {
            sheet.reader.know(source, &["type", "repo", "asset_pattern", "release_type"]);
            sheet.text(source, "asset_pattern");
            if let Some(kind) = sheet.text(source, "release_type") {
                sheet.one_of(source, "release_type", kind, &["release", "tag", "branch"]);
            }
            let repo = sheet.needed(source, "source", "repo").unwrap_or_default();
            if repo.split('/').count() != 2 || repo.split('/').any(str::is_empty) {
                sheet.wrong(source, format!("‘repo’ is not OWNER/REPOSITORY: {}", repo.escape_debug()));
            }
            format!("github:{repo}")
        }
        "url" => {
            sheet.reader.know(source, &["type", "url"]);
            let url = sheet.needed(source, "source", "url").unwrap_or_default();
            sheet.https(source, "url", url);
            url.to_owned()
        }
        other => {
            sheet.one_of(source, "type", other, &["github", "url"]);
            String::new()
        }
    }
}

fn install(sheet: &mut Sheet<'_>, entry: &Object<'_>) -> Option<String> {
    let install = sheet.take(sheet.reader.object(entry, "install")).flatten()?;
    let kind = sheet.needed(install, "install", "type")?;
    let (needed, others): (&[&'static str], &[&str]) = match kind {
        "archive" => (&["extract_to"], &["strip_components", "outputs"]),
        "binary" => (&["install_path"], &[]),
        "script" => (&["command"], &["outputs", "build_script", "stage_name"]),
        other => {
            sheet.one_of(install, "type", other, &["archive", "binary", "script"]);
            return None;
        }
    };
    sheet.reader.know(install, &[&["type"], needed, others].concat());
    for field in needed {
        if let Some(text) = sheet.needed(install, "install", field)
            && *field != "command"
        {
            sheet.absolute(install, field, text);
        }
    }
    Some(kind.to_owned())
}

impl Upstream {
    /// Notes that something is wrong with the pin, in the file's report and here.
    fn problem(&mut self, sheet: &mut Sheet<'_>, at: &Object<'_>, what: String) {
        sheet.wrong(at, format!("‘{}’ {what}", self.name));
        self.problems.push(what);
    }

    fn pin(&mut self, sheet: &mut Sheet<'_>, pinned: &Object<'_>) {
        sheet.reader.know(pinned, &["version", "commit", "url", "sha256", "gpg_verified", "pinned_at"]);
        let owned = |text: Option<&str>| text.map(str::to_owned);
        self.version = owned(sheet.needed(pinned, "pinned", "version")).unwrap_or_default();
        self.commit = owned(sheet.text(pinned, "commit"));
        self.url = owned(sheet.text(pinned, "url"));
        self.sha256 = owned(sheet.text(pinned, "sha256")).unwrap_or_default();
        self.gpg_verified = sheet.truth(pinned, "gpg_verified").unwrap_or_default();
        self.pinned_at = owned(sheet.text(pinned, "pinned_at"));
        if let Some(url) = &self.url {
            sheet.https(pinned, "url", url);
        }
        if self.sha256.bytes().all(|byte| byte == b'0') {
            // What `bkt upstream pin` of existing setups leaves until `lock`.
            let what = "is pinned without a checksum";
            sheet.reader.warn(pinned, format!("‘{}’ {what}", self.name));
            self.problems.push(what.to_owned());
        } else if !is_sha256(&self.sha256) {
            self.problem(sheet, pinned, "has a sha256 that is not 64 hexadecimal digits".to_owned());
        }
        self.files(sheet, pinned);
    }

    /// Compares the files of the same name.
    fn files(&mut self, sheet: &mut Sheet<'_>, pinned: &Object<'_>) {
        let directory = sheet.setup().join("upstream").join(&self.name);
        let said = [
            ("version", Some(self.version.clone())),
            ("sha256", Some(self.sha256.clone())),
            ("url", self.url.clone()),
            ("commit", self.commit.clone()),
        ];
        for (file, said) in said {
            match (files::read(&directory.join(file)), said) {
                (Ok(Some(text)), Some(said)) if text.trim() != said.trim() => {
                    let text: String = text.trim().chars().take(80).collect();
                    let what = format!("is pinned to {file} {said}, and upstream/{}/{file} says {text}", self.name);
                    self.problem(sheet, pinned, what);
                }
                (Err(error), _) => {
                    self.problem(sheet, pinned, format!("has a file upstream/{}/{file}: {error}", self.name));
                }
                _ => {}
            }
        }
    }
}
