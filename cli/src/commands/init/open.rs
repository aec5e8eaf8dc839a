// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt init` for what somebody has already: a setup, a BlueBuild recipe, a Containerfile, or an address of one.
//!
//! Invariant: a setup is opened as it is; a recipe of another kind gets manifests beside it only after they were shown.

use std::path::{Path, PathBuf};

use bkt_core::describe;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::item::Domain;
use bkt_core::session::SessionError;
use bkt_core::setup::Setup;
use bkt_core::start::{self, Cloned, Found, Import, NotTaken};
use serde_json::{Value as Json, json};

use super::super::{repository, run};
use super::{heading, shell_path, table};
use crate::args::InitArgs;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::prompt::{self, Consent};
use crate::ui::wrapped;

/// Opens the folder that is there.
pub(super) fn folder(context: &Context, folder: &Path) -> Result<Answer, Failure> {
    let found = start::recognise(folder);
    match &found {
        Found::Setup => opened(context, folder, None),
        Found::BlueBuild(_) | Found::ImageTemplate => {
            let import = start::import(folder, &found, &context.environment.state()?)?;
            let shown = told(context, &import, folder, &found);
            let answer = |text: String, written, chosen| {
                Answer::new(text, document(folder, None, &found, Some(&import), written, chosen))
            };
            if context.globals.dry_run {
                return Ok(answer(shown, false, false));
            }
            if !agreed(context, &shown)? {
                return Ok(answer(gettext("Nothing was changed."), false, false).exiting(exit::FAILED));
            }
            import.write(folder)?;
            let folder = spelled(folder);
            let chosen = context.choose(&folder);
            Ok(answer(after(context, &shown, &wrote(context, &import, &folder)), true, chosen)
                .hinted(next(context, &folder, chosen, true)))
        }
        Found::Blank | Found::Other => {
            start::is_free(folder)?;
            Err(Failure::new(exit::NOT_POSSIBLE, "folder_not_empty", folder.display().to_string()))
        }
    }
}

/// Clones an address and opens what is in it.
pub(super) fn address(context: &Context, address: &str, folder: &Path, args: &InitArgs) -> Result<Answer, Failure> {
    start::is_free(folder)?;
    let (git, tools) = repository::tools(context)?;
    let dry_run = context.globals.dry_run;
    context.ui.say(&fill(&gettext("Cloning {address}…"), &[("address", address)]));
    let cloned = start::clone(&git, &tools, address, folder, dry_run)?;
    let found = cloned.found.clone();
    match &found {
        Found::Setup if dry_run => {
            let values = [("address", address), ("path", &*context.environment.short(folder))];
            let text = fill(&gettext("Would clone the setup of {address} to {path}."), &values);
            Ok(Answer::new(text, document(folder, Some(address), &found, None, false, false)))
        }
        Found::Setup => opened(context, &cloned.settle(folder)?, Some(address)),
        Found::BlueBuild(_) | Found::ImageTemplate => imported(context, cloned, folder, address),
        Found::Blank => super::captured(context, args, folder, Some(cloned)),
        Found::Other => {
            let message = fill(&gettext("{address} has neither manifests nor a recipe"), &[("address", address)]);
            Err(Failure::new(exit::NOT_POSSIBLE, "no_setup_there", message)
                .hinted(gettext("Start a setup from this computer with ‘bkt init’")))
        }
    }
}

fn imported(context: &Context, cloned: Cloned, folder: &Path, address: &str) -> Result<Answer, Failure> {
    let found = cloned.found.clone();
    let import = start::import(cloned.folder(), &found, &context.environment.state()?)?;
    let shown = told(context, &import, folder, &found);
    let document =
        |folder: &Path, written, chosen| document(folder, Some(address), &found, Some(&import), written, chosen);
    if context.globals.dry_run {
        return Ok(Answer::new(shown, document(folder, false, false)));
    }
    if !agreed(context, &shown)? {
        return Ok(Answer::new(gettext("Nothing was changed."), document(folder, false, false)).exiting(exit::FAILED));
    }
    import.write(cloned.folder())?;
    let folder = cloned.settle(folder)?;
    let chosen = context.choose(&folder);
    let text = after(context, &shown, &wrote(context, &import, &folder));
    Ok(Answer::new(text, document(&folder, true, chosen)).hinted(next(context, &folder, chosen, true)))
}

/// Opens a setup as it is.
fn opened(context: &Context, folder: &Path, address: Option<&str>) -> Result<Answer, Failure> {
    let folder = spelled(folder);
    let setup = Setup::load(&folder).map_err(SessionError::Setup)?;
    let chosen = !context.globals.dry_run && context.choose(&folder);
    let count = setup.len();
    let sentence = ngettext(
        "Opened the setup in {path}, which has {count} entry.",
        "Opened the setup in {path}, which has {count} entries.",
        u32::try_from(count).unwrap_or(u32::MAX),
    );
    let values = [("path", &*context.environment.short(&folder)), ("count", &*count.to_string())];
    let document = document(&folder, address, &Found::Setup, None, address.is_some(), chosen);
    Ok(Answer::new(fill(&sentence, &values), document).hinted(next(context, &folder, chosen, false)))
}

/// A folder in one spelling.
fn spelled(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

fn agreed(context: &Context, shown: &str) -> Result<bool, Failure> {
    if context.globals.yes {
        return Ok(true);
    }
    run::may_ask(context)?;
    context.ui.say_raw(&format!("{shown}\n"));
    Ok(prompt::consent(&context.ui, &gettext("Write this into the setup?"), None, false) == Consent::Yes)
}

/// What was shown before a question is not shown again.
fn after(context: &Context, shown: &str, ended: &str) -> String {
    if context.globals.yes { format!("{shown}\n{ended}") } else { ended.to_owned() }
}

fn told(context: &Context, import: &Import, folder: &Path, found: &Found) -> String {
    let width = context.ui.width();
    let path = context.environment.short(folder);
    let values = [("path", &*path), ("files", &*import.from.join(", "))];
    let mut out = heading(&match found {
        Found::BlueBuild(_) => fill(&gettext("Manifests from the BlueBuild recipe in {path}"), &values),
        _ => fill(&gettext("Manifests from the Containerfile in {path}"), &values),
    });
    out.push_str(&format!("  {}\n", wrapped(&fill(&gettext("read from {files}"), &values), 2, 6, width)));
    let count = |domain: Domain| import.taken.iter().filter(|taken| taken.item.domain == domain).count();
    let mut rows: Vec<(String, usize)> =
        Domain::ALL.into_iter().map(|domain| (describe::domain(domain), count(domain))).collect();
    rows.push((gettext("Package Groups"), import.groups.len()));
    rows.retain(|(_, count)| *count > 0);
    out.push_str(&table(&rows));
    if rows.is_empty() {
        out.push_str(&format!("  {}\n", gettext("Nothing in it is what a manifest could say.")));
    }
    if let Some(base) = &import.base {
        out.push_str(&heading(&gettext("Image")));
        let built = fill(&gettext("built on {image}"), &[("image", base.image.as_str())]);
        out.push_str(&format!("  {}\n", wrapped(&built, 2, 6, width)));
    }
    out.push_str(&heading(&gettext("Files")));
    out.push_str(&import.files.iter().map(|file| format!("  {file}\n")).collect::<String>());
    if !import.left.is_empty() {
        out.push_str(&heading(&gettext("Not taken over")));
        for (why, left) in by_reason(&import.left) {
            out.push_str(&format!("  {}\n", wrapped(&why_line(why), 2, 4, width)));
            for left in left {
                let line = format!("{}  {}", left.at, left.what);
                out.push_str(&format!("    {}\n", wrapped(&line, 4, 8, width)));
            }
        }
    }
    out
}

/// What is left, under why it is, in the order people come across the reasons.
fn by_reason(left: &[NotTaken]) -> Vec<(&str, Vec<&NotTaken>)> {
    let mut groups: Vec<(&str, Vec<&NotTaken>)> = Vec::new();
    for one in left {
        match groups.iter_mut().find(|(why, _)| *why == one.why) {
            Some((_, group)) => group.push(one),
            None => groups.push((&one.why, vec![one])),
        }
    }
    groups
}

fn why_line(why: &str) -> String {
    fill(&gettext("{reason}:"), &[("reason", why)])
}

fn wrote(context: &Context, import: &Import, folder: &Path) -> String {
    let count = import.taken.len() + import.groups.len();
    let sentence = ngettext(
        "Wrote {count} entry into {path}; nothing was committed.",
        "Wrote {count} entries into {path}; nothing was committed.",
        u32::try_from(count).unwrap_or(u32::MAX),
    );
    fill(&sentence, &[("count", &count.to_string()), ("path", &context.environment.short(folder))])
}

fn next(context: &Context, folder: &Path, chosen: bool, imported: bool) -> String {
    let path = shell_path(context, folder);
    let named = if chosen { String::new() } else { format!(" -C {path}") };
    let command = |rest: &str| format!("bkt{named} {rest}");
    let mut hints = Vec::new();
    if imported {
        let values = [("command", &*command("commit"))];
        hints.push(fill(&gettext("Look at it with ‘git status’, and commit it with ‘{command}’."), &values));
        hints.push(gettext("What is in manifests now can go from where it was read."));
    }
    hints.push(fill(&gettext("See how it stands with ‘{command}’."), &[("command", &*command("status"))]));
    hints.join("\n")
}

fn document(
    folder: &Path,
    address: Option<&str>,
    found: &Found,
    import: Option<&Import>,
    written: bool,
    chosen: bool,
) -> Json {
    let kind = match found {
        Found::Setup => "setup",
        Found::BlueBuild(_) => "bluebuild",
        Found::ImageTemplate => "containerfile",
        Found::Blank | Found::Other => "none",
    };
    let empty = Vec::new;
    let items: Vec<Json> = import.map_or_else(empty, |import| {
        import.taken.iter().map(|taken| json!({"id": taken.item, "at": taken.at})).collect()
    });
    let left: Vec<Json> = import.map_or_else(empty, |import| {
        import.left.iter().map(|left| json!({"at": left.at, "what": left.what, "why": left.why})).collect()
    });
    json!({
        "format": "bkt.init-opened",
        "format_version": "1.0",
        "folder": folder,
        "address": address,
        "kind": kind,
        "written": written,
        "chosen": chosen,
        "read": import.map_or(&[][..], |import| &import.from),
        "base": import.and_then(|import| import.base.as_ref()).map(|base| &base.image),
        "items": items,
        "groups": import.map_or(&[][..], |import| &import.groups),
        "left": left,
        "files": import.map_or(&[][..], |import| &import.files),
    })
}
