// SPDX-License-Identifier: GPL-3.0-or-later
//! `vendor-artifacts.json`: packages a vendor offers through a feed instead of a repository.
//!
//! Invariant: a feed says where its answer holds address, version and checksum, or it is named.

use std::collections::BTreeSet;

use jsonc_parser::ast::Object;

use super::external_repos::LAYER_GROUPS;
use super::sheet::Sheet;

pub(super) fn read(sheet: &mut Sheet<'_>, root: &Object<'_>) -> usize {
    sheet.reader.know(root, &["artifacts"]);
    let mut seen = BTreeSet::new();
    let artifacts = sheet.entries(root, "artifacts", |sheet, artifact| {
        sheet.reader.know(artifact, &["name", "display_name", "kind", "source", "layer_group"]);
        sheet.unique(artifact, "artifacts", &mut seen);
        sheet.text(artifact, "display_name");
        if let Some(kind) = sheet.needed(artifact, "artifacts", "kind") {
            sheet.one_of(artifact, "kind", kind, &["rpm"]);
        }
        if let Some(group) = sheet.text(artifact, "layer_group") {
            sheet.one_of(artifact, "layer_group", group, &LAYER_GROUPS);
        }
        match sheet.take(sheet.reader.object(artifact, "source"))? {
            Some(source) => feed(sheet, source),
            None => sheet.wrong(artifact, "an entry of ‘artifacts’ has no ‘source’".to_owned()),
        }
        Some(())
    });
    artifacts.len()
}

fn feed(sheet: &mut Sheet<'_>, source: &Object<'_>) {
    sheet.reader.know(source, &["type", "url", "params", "platforms", "response_map"]);
    if let Some(kind) = sheet.needed(source, "source", "type") {
        sheet.one_of(source, "type", kind, &["vendor-feed"]);
    }
    if let Some(url) = sheet.needed(source, "source", "url") {
        sheet.https(source, "url", url);
    }
    for field in ["params", "platforms"] {
        sheet.take(sheet.reader.object(source, field).map(|_| ()));
    }
    match sheet.take(sheet.reader.object(source, "response_map")) {
        None => {}
        Some(None) => sheet.wrong(source, "an entry of ‘source’ has no ‘response_map’".to_owned()),
        Some(Some(map)) => {
            sheet.reader.know(map, &["url", "version", "sha256", "vendor_revision"]);
            for field in ["url", "version", "sha256"] {
                sheet.needed(map, "response_map", field);
            }
            sheet.text(map, "vendor_revision");
        }
    }
}
