// SPDX-License-Identifier: GPL-3.0-or-later
//! `external-repos.json`: repositories of others whose packages the image gets.
//!
//! Invariant: a repository without a key, or one that is not fetched over https, is named.

use std::collections::BTreeSet;

use jsonc_parser::ast::Object;

use super::sheet::Sheet;
use crate::name::PackageName;

const FIELDS: [&str; 7] = ["name", "display_name", "baseurl", "gpg_key", "packages", "opt_path", "layer_group"];

/// How packages of repositories and vendors get into the image.
pub(super) const LAYER_GROUPS: [&str; 2] = ["independent", "bundled"];

pub(super) fn read(sheet: &mut Sheet<'_>, root: &Object<'_>) -> usize {
    sheet.reader.know(root, &["repos"]);
    let mut seen = BTreeSet::new();
    let repos = sheet.entries(root, "repos", |sheet, repo| {
        sheet.reader.know(repo, &FIELDS);
        sheet.unique(repo, "repos", &mut seen);
        sheet.text(repo, "display_name");
        if let Some(url) = sheet.needed(repo, "repos", "baseurl") {
            sheet.https(repo, "baseurl", url);
        }
        if let Some(key) = sheet.needed(repo, "repos", "gpg_key").filter(|key| !key.starts_with("file:///")) {
            sheet.https(repo, "gpg_key", key);
        }
        for (name, at) in sheet.words(repo, "packages") {
            sheet.take(sheet.reader.name::<PackageName>(at, name));
        }
        if let Some(path) = sheet.text(repo, "opt_path") {
            // A directory below /opt, with or without saying so.
            sheet.inside(repo, "opt_path", path.strip_prefix("/opt/").unwrap_or(path));
        }
        if let Some(group) = sheet.text(repo, "layer_group") {
            sheet.one_of(repo, "layer_group", group, &LAYER_GROUPS);
        }
        Some(())
    });
    repos.len()
}
