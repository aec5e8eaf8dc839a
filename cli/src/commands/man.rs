// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt man DIR`: the manual, one page per command, as packages install it.
//!
//! Invariant: made from the same grammar that parses the arguments; nothing but the pages is written.

use std::path::Path;

use bkt_core::files;
use bkt_core::i18n::{fill, gettext};
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use serde_json::json;

use crate::args::{Args, ManArgs};
use crate::error::{Answer, Failure, exit};

/// `bkt man`.
pub(super) fn man(args: &ManArgs) -> Result<Answer, Failure> {
    let mut grammar = Args::command().disable_help_subcommand(true);
    grammar.build();
    let directory = args.directory.display().to_string();
    let mut pages = Vec::new();
    write(&grammar, &args.directory, &mut pages).map_err(|error| {
        let message = format!("{directory}: {error}");
        Failure::new(exit::FAILED, "file_unusable", message)
    })?;
    let values = [("count", &*pages.len().to_string()), ("path", &directory)];
    let text = fill(&gettext("Wrote {count} pages into {path}."), &values);
    let document = json!({"format": "bkt.man", "format_version": "1.0", "directory": directory, "files": pages});
    Ok(Answer::new(text, document).verbatim())
}

/// Writes the page of a command and those of the commands below it.
fn write(command: &Command, directory: &Path, pages: &mut Vec<String>) -> std::io::Result<()> {
    let page = Man::new(command.clone());
    let name = page.get_filename();
    let mut text = Vec::new();
    page.render(&mut text)?;
    files::put(&directory.join(&name), &text, 0o644)?;
    pages.push(name);
    command.get_subcommands().filter(|below| !below.is_hide_set()).try_for_each(|below| write(below, directory, pages))
}
