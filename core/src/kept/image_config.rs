// SPDX-License-Identifier: GPL-3.0-or-later
//! `image-config.json`: the modules that configure the image.
//!
//! Invariant: a module of an unknown type, a file that is not in the setup and a mode that is not octal are named.

use std::collections::BTreeSet;

use jsonc_parser::ast::Object;

use super::sheet::Sheet;

/// Each type of module with its fields.
const TYPES: [(&str, &[&str]); 5] = [
    ("files", &["pre_run", "files", "post_run"]),
    ("systemd-enable", &["scope", "unit", "target"]),
    ("optional-feature", &["arg", "src", "staging", "dest", "staging_pre_run", "post_install"]),
    ("run", &["commands"]),
    ("wrapper", &["target", "slice", "output", "remote_cli", "description"]),
];

pub(super) fn read(sheet: &mut Sheet<'_>, root: &Object<'_>) -> usize {
    sheet.reader.know(root, &["modules"]);
    if root.get("modules").is_none() {
        sheet.wrong(root, "there is no ‘modules’".to_owned());
    }
    let mut seen = BTreeSet::new();
    let modules = sheet.entries(root, "modules", |sheet, module| {
        let kind = sheet.needed(module, "modules", "type")?;
        sheet.unique(module, "modules", &mut seen);
        sheet.text(module, "comment");
        let known: Vec<&str> = TYPES.iter().map(|(kind, _)| *kind).collect();
        if !sheet.one_of(module, "type", kind, &known) {
            return Some(());
        }
        let fields = TYPES.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, fields)| *fields);
        sheet.reader.know(module, &[&["type", "name", "comment"], fields].concat());
        match kind {
            "files" => {
                sheet.words(module, "pre_run");
                sheet.words(module, "post_run");
                sheet.entries(module, "files", |sheet, file| {
                    one_file(sheet, file);
                    Some(())
                });
            }
            "systemd-enable" => unit(sheet, module),
            "optional-feature" => feature(sheet, module),
            "run" => {
                if sheet.words(module, "commands").is_empty() {
                    sheet.wrong(module, "an entry of ‘modules’ has no ‘commands’".to_owned());
                }
            }
            _ => wrapper(sheet, module),
        }
        Some(())
    });
    modules.len()
}

fn one_file(sheet: &mut Sheet<'_>, file: &Object<'_>) {
    sheet.reader.know(file, &["src", "dest", "mode", "comment"]);
    sheet.text(file, "comment");
    if let Some(source) = sheet.needed(file, "files", "src")
        && sheet.inside(file, "src", source)
    {
        // A pattern names whatever is there when the image is built.
        let inside = || {
            let setup = sheet.setup().canonicalize().ok()?;
            setup.join(source).canonicalize().ok().map(|found| found.starts_with(&setup))
        };
        match inside() {
            _ if source.contains(['*', '?', '[']) => {}
            None => sheet.wrong(file, format!("{} is not in the setup", source.escape_debug())),
            Some(false) => sheet.wrong(file, format!("{} is a link out of the setup", source.escape_debug())),
            Some(true) => {}
        }
    }
    if let Some(destination) = sheet.needed(file, "files", "dest") {
        sheet.absolute(file, "dest", destination);
    }
    if let Some(mode) = sheet.text(file, "mode")
        && (!(3..=4).contains(&mode.len()) || !mode.bytes().all(|digit| (b'0'..=b'7').contains(&digit)))
    {
        sheet.wrong(file, format!("‘mode’ is ‘{}’, not three or four octal digits", mode.escape_debug()));
    }
}

fn unit(sheet: &mut Sheet<'_>, module: &Object<'_>) {
    if let Some(scope) = sheet.text(module, "scope") {
        sheet.one_of(module, "scope", scope, &["system", "user"]);
    }
    if let Some(unit) = sheet.needed(module, "modules", "unit") {
        sheet.take(sheet.reader.name::<crate::name::UnitName>(module, &super::base::unit(unit)));
    }
    sheet.text(module, "target");
}

fn feature(sheet: &mut Sheet<'_>, module: &Object<'_>) {
    for field in ["arg", "src", "dest"] {
        sheet.needed(module, "modules", field);
    }
    for field in ["src", "staging", "dest"] {
        if let Some(path) = sheet.text(module, field)
            && path.split('/').any(|part| part == "..")
        {
            sheet.wrong(module, format!("‘{field}’ leads out with ‘..’"));
        }
    }
    sheet.words(module, "staging_pre_run");
    sheet.words(module, "post_install");
}

fn wrapper(sheet: &mut Sheet<'_>, module: &Object<'_>) {
    for field in ["target", "output"] {
        if let Some(path) = sheet.needed(module, "modules", field) {
            sheet.absolute(module, field, path);
        }
    }
    for field in ["slice", "description"] {
        sheet.text(module, field);
    }
}
