// SPDX-License-Identifier: GPL-3.0-or-later
//! `toolbox-packages.json`: packages of the development container, in the shape of `system-packages.json`.
//!
//! Invariant: a package name no tool would accept is named.

use std::collections::BTreeSet;

use jsonc_parser::ast::Object;

use super::sheet::Sheet;
use crate::name::PackageName;

pub(super) fn read(sheet: &mut Sheet<'_>, root: &Object<'_>) -> usize {
    sheet.reader.know(root, &["packages", "groups", "excluded", "copr_repos"]);
    let mut seen = BTreeSet::new();
    for (name, at) in sheet.words(root, "packages") {
        sheet.take(sheet.reader.name::<PackageName>(at, name));
        if !seen.insert(name) {
            sheet.reader.warn(at, format!("‘{name}’ is listed twice"));
        }
    }
    sheet.words(root, "groups");
    sheet.words(root, "excluded");
    let mut repos = BTreeSet::new();
    sheet.entries(root, "copr_repos", |sheet, repo| {
        sheet.reader.know(repo, &["name", "enabled", "gpg_check"]);
        let name = sheet.needed(repo, "copr_repos", "name")?;
        if name.split('/').count() != 2 || name.split('/').any(str::is_empty) || name.contains(char::is_whitespace) {
            sheet.wrong(repo, format!("‘{}’ is not OWNER/PROJECT", name.escape_debug()));
        } else if !repos.insert(name) {
            sheet.reader.warn(repo, format!("‘{name}’ is listed twice"));
        }
        sheet.truth(repo, "enabled");
        sheet.truth(repo, "gpg_check");
        Some(())
    });
    seen.len() + repos.len()
}
