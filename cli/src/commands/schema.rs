// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt schema`: the JSON Schemas of manifests and documents.
//!
//! Invariant: reads nothing; writes only with `generate`, only below the folder that was named.

use std::path::Path;

use bkt_core::files;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::schema::{ALL, Schema, find};
use serde_json::{Value as Json, json};

use crate::args::{SchemaArgs, SchemaCommand};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::select::nearest;
use crate::ui::{padded, widest};

/// `bkt schema [NAME]`, `list`, `show`, `generate`.
pub(super) fn schema(context: &Context, args: &SchemaArgs) -> Result<Answer, Failure> {
    match (&args.command, &args.name) {
        (Some(SchemaCommand::Show { name }), _) | (None, Some(name)) => show(name),
        (Some(SchemaCommand::Generate { output }), _) => generate(context, output),
        (Some(SchemaCommand::List), _) | (None, None) => Ok(list()),
    }
}

fn entries() -> Vec<Json> {
    let entry = |schema: &Schema| {
        let json = schema.json();
        json!({"name": schema.name, "title": json["title"], "description": json["description"]})
    };
    ALL.iter().map(entry).collect()
}

fn document(written: Option<&Path>) -> Json {
    json!({"format": "bkt.schemas", "format_version": "1.0", "schemas": entries(), "written": written})
}

fn list() -> Answer {
    let wide = widest(ALL.iter().map(|schema| schema.name));
    let line = |entry: &Json| {
        let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        format!("{}  {}\n", padded(&text("name"), wide), text("description"))
    };
    let text: String = entries().iter().map(line).collect();
    Answer::new(text, document(None)).hinted(gettext("‘bkt schema NAME’ prints one."))
}

fn show(name: &str) -> Result<Answer, Failure> {
    let Some(schema) = find(name) else {
        let message = fill(&gettext("there is no schema {name}"), &[("name", name)]);
        let hint = match nearest(name, ALL.iter().map(|schema| schema.name)) {
            Some(similar) => fill(&gettext("Did you mean {item}?"), &[("item", similar)]),
            None => gettext("‘bkt schema’ lists them"),
        };
        return Err(Failure::new(exit::USAGE, "unknown_schema", message).hinted(hint));
    };
    let document =
        json!({"format": "bkt.schema", "format_version": "1.0", "name": schema.name, "schema": schema.json()});
    Ok(Answer::new(schema.text, document).verbatim())
}

fn generate(context: &Context, output: &Path) -> Result<Answer, Failure> {
    let failed = |error: std::io::Error| {
        let values = [("path", &*output.display().to_string()), ("reason", &error.to_string())];
        Failure::new(exit::FAILED, "file_unusable", fill(&gettext("{path}: {reason}"), &values))
    };
    let count = ALL.len().to_string();
    let number = u32::try_from(ALL.len()).unwrap_or(u32::MAX);
    let path = output.display().to_string();
    let values = [("count", count.as_str()), ("path", &path)];
    if context.globals.dry_run {
        let words = ngettext("Would write {count} schema to {path}.", "Would write {count} schemas to {path}.", number);
        return Ok(Answer::new(fill(&words, &values), document(None)));
    }
    std::fs::create_dir_all(output).map_err(failed)?;
    for schema in ALL {
        files::replace(&output.join(schema.file()), schema.text.as_bytes()).map_err(failed)?;
    }
    let words = ngettext("Wrote {count} schema to {path}.", "Wrote {count} schemas to {path}.", number);
    Ok(Answer::new(fill(&words, &values), document(Some(output))))
}
