// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt init`: a setup of one's own from this computer, or from what somebody has already.
//!
//! Invariant: what was shown is what is written; until the person agrees nothing is outside their own state.

mod open;

use std::path::{Path, PathBuf};

use bkt_core::describe;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::item::Domain;
use bkt_core::plan::Consent as Private;
use bkt_core::start::{self, Cloned, Draft, Found, Placed, StartError, Why};
use serde_json::{Value as Json, json};

use super::{repository, run};
use crate::args::InitArgs;
use crate::context::{Context, typed};
use crate::error::{Answer, Failure, exit};
use crate::prompt::{self, Consent};
use crate::ui::{BOLD, padded, styled, widest, wrapped};

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        match error {
            StartError::Repository(error) => error.into(),
            StartError::Capture(error) => error.into(),
            StartError::NotEmpty(_) | StartError::NotAFolder(_) => {
                Self::new(exit::NOT_POSSIBLE, code, message).hinted(gettext("Name a new folder with ‘bkt init FOLDER’"))
            }
            StartError::Clone { .. } => Self::new(exit::FAILED, code, message)
                .hinted(gettext("Check the address, the connection, and that git may read it without asking")),
            StartError::Foreign { .. } => Self::new(exit::NOT_POSSIBLE, code, message)
                .hinted(gettext("Correct it, or start a setup from this computer in another folder")),
            _ => Self::new(exit::FAILED, code, message),
        }
    }
}

/// `bkt init`.
pub(super) fn init(context: &Context, args: &InitArgs) -> Result<Answer, Failure> {
    if let Some(address) = args.place.as_deref().and_then(start::address) {
        return open::address(context, &address, &folder(context, args.into.clone())?, args);
    }
    if let Some(second) = &args.into {
        let message = fill(&gettext("{path} would be a second folder"), &[("path", &second.display().to_string())]);
        return Err(Failure::new(exit::USAGE, "usage", message)
            .hinted(gettext("A folder follows only the address of a repository")));
    }
    let folder = folder(context, args.place.as_ref().map(PathBuf::from))?;
    match start::is_free(&folder) {
        Err(StartError::NotEmpty(_)) if start::recognise(&folder) != Found::Other => open::folder(context, &folder),
        free => free.map_err(Failure::from).and_then(|()| captured(context, args, &folder, None)),
    }
}

/// Captures this computer into a new folder, or into a clone with nothing in it.
fn captured(context: &Context, args: &InitArgs, folder: &Path, clone: Option<Cloned>) -> Result<Answer, Failure> {
    let host = context.brief_host()?;
    let state = context.environment.state()?;
    let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let private = if args.include_private { Private::Given } else { Private::Asked };
    let wishes = start::Wishes { name: &name, base: args.base.clone(), private };
    let draft = start::draft(host.as_ref(), &state, wishes)?;
    let shown = told(context, &draft, folder);
    if context.globals.dry_run {
        return Ok(Answer::new(shown, document(&draft, folder, None, false)).hinted(without_base(&draft)));
    }
    if !context.globals.yes {
        run::may_ask(context)?;
        context.ui.say_raw(&format!("{shown}\n"));
        if prompt::consent(&context.ui, &gettext("Write this setup?"), None, false) != Consent::Yes {
            let document = document(&draft, folder, None, false);
            return Ok(Answer::new(gettext("Nothing was changed."), document).exiting(exit::FAILED));
        }
    }
    let (git, tools) = repository::tools(context)?;
    let is_clone = clone.is_some();
    let placed = match clone {
        Some(clone) => start::place_in(&draft, clone, folder, &git, &tools)?,
        None => start::place(&draft, folder, &git, &tools)?,
    };
    let chosen = context.choose(&placed.folder);
    let ended = ended(context, &draft, &placed);
    let text = if context.globals.yes { format!("{shown}\n{ended}") } else { ended };
    let document = document(&draft, &placed.folder, Some(&placed.commit), chosen);
    Ok(Answer::new(text, document).hinted(next(context, &draft, &placed, chosen, is_clone)))
}

/// Where the setup is to be.
fn folder(context: &Context, named: Option<PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(folder) = named.or_else(|| context.globals.repo.clone()) {
        return std::path::absolute(&folder).map_err(|error| {
            let values = [("path", &*folder.display().to_string()), ("reason", &*error.to_string())];
            Failure::new(exit::USAGE, "not_a_folder", fill(&gettext("{path}: {reason}"), &values))
        });
    }
    let home = context.environment.home.as_ref().map(|home| home.join("setup"));
    home.ok_or_else(|| Failure::new(exit::NOT_POSSIBLE, "no_home", gettext("HOME is not set")))
}

fn heading(text: &str) -> String {
    format!("{}\n", styled(BOLD, text))
}

/// Names with their numbers, one below the other.
fn table(rows: &[(String, usize)]) -> String {
    let names = widest(rows.iter().map(|(name, _)| name));
    let numbers = widest(rows.iter().map(|(_, count)| count.to_string()));
    rows.iter().map(|(name, count)| format!("  {}  {count:>numbers$}\n", padded(name, names))).collect()
}

/// A folder as a shell reads it back, which takes ‘~’ for the home only where it is not quoted.
fn shell_path(context: &Context, folder: &Path) -> String {
    let path = context.environment.short(folder);
    path.strip_prefix("~/").map_or_else(|| typed(&path), |rest| format!("~/{}", typed(rest)))
}

/// How many items of each kind there are, in the order people read.
fn counts(draft: &Draft) -> Vec<(Domain, usize)> {
    let count = |domain: Domain| draft.captured.iter().filter(|item| item.domain == domain).count();
    Domain::ALL.into_iter().map(|domain| (domain, count(domain))).filter(|(_, count)| *count > 0).collect()
}

fn told(context: &Context, draft: &Draft, folder: &Path) -> String {
    let width = context.ui.width();
    let path = context.environment.short(folder);
    let mut out = heading(&fill(&gettext("A new setup in {path}"), &[("path", &path)]));
    let rows: Vec<(String, usize)> =
        counts(draft).into_iter().map(|(domain, count)| (describe::domain(domain), count)).collect();
    out.push_str(&table(&rows));
    if rows.is_empty() {
        out.push_str(&format!("  {}\n", gettext("Nothing of this computer is the person’s own yet.")));
    }
    if let Some(base) = &draft.base {
        out.push_str(&heading(&gettext("Image")));
        let image = [("image", base.image.as_str())];
        let why = match base.why {
            Why::Running => fill(&gettext("built on what this computer runs: {image}"), &image),
            Why::Named => fill(&gettext("built on {image}"), &image),
            Why::SameSystem => fill(&gettext("built on {image}, which has the same system"), &image),
        };
        out.push_str(&format!("  {}\n", wrapped(&why, 2, 6, width)));
    }
    out.push_str(&heading(&gettext("Files")));
    out.push_str(&draft.files.iter().map(|file| format!("  {file}\n")).collect::<String>());
    if !draft.left.is_empty() {
        out.push_str(&heading(&gettext("Left out")));
        for left in &draft.left {
            let line = format!("{}  {}", left.item, describe::deferral(left.why));
            out.push_str(&format!("  {}\n", wrapped(&line, 2, 6, width)));
        }
    }
    if !draft.unknown.is_empty() {
        out.push_str(&heading(&gettext("Could not be looked at")));
        for unknown in &draft.unknown {
            let what = unknown.item.as_ref().map_or_else(|| describe::domain(unknown.domain), ToString::to_string);
            let line = format!("{what}  {}", unknown.problem.message);
            out.push_str(&format!("  {}\n", wrapped(&line, 2, 6, width)));
        }
    }
    out
}

fn ended(context: &Context, draft: &Draft, placed: &Placed) -> String {
    let count = draft.captured.len();
    let sentence = ngettext(
        "Wrote {path} with {count} entry, and made its first commit.",
        "Wrote {path} with {count} entries, and made its first commit.",
        u32::try_from(count).unwrap_or(u32::MAX),
    );
    fill(&sentence, &[("path", &context.environment.short(&placed.folder)), ("count", &count.to_string())])
}

fn next(context: &Context, draft: &Draft, placed: &Placed, chosen: bool, is_clone: bool) -> String {
    let path = shell_path(context, &placed.folder);
    let mut hints = Vec::new();
    let without = without_base(draft);
    if !without.is_empty() {
        hints.push(without);
    }
    if chosen {
        hints.push(gettext("See how it stands with ‘bkt status’."));
    } else {
        hints.push(fill(
            &gettext("See how it stands with ‘bkt -C {path} status’, or set BKT_REPO to it."),
            &[("path", &path)],
        ));
    }
    if is_clone {
        let values = [("command", &*format!("git -C {path} push -u origin HEAD"))];
        hints.push(fill(&gettext("Put it where it was cloned from with ‘{command}’."), &values));
    } else if draft.base.is_some() {
        let values = [("command", &*format!("gh repo create --source {path} --private --push"))];
        let sentence =
            gettext("Put it on GitHub, where the image is built; README.md goes on from there:\n  {command}");
        hints.push(fill(&sentence, &values));
    }
    hints.join("\n")
}

fn without_base(draft: &Draft) -> String {
    if draft.base.is_some() {
        return String::new();
    }
    gettext("No image is known that has this computer’s system, so there is no recipe. Name one with ‘--base IMAGE’.")
}

fn document(draft: &Draft, folder: &Path, commit: Option<&str>, chosen: bool) -> Json {
    let base = draft.base.as_ref().map(|base| {
        let why = match base.why {
            Why::Running => "running",
            Why::Named => "named",
            Why::SameSystem => "same-system",
        };
        json!({"image": base.image, "pinned": base.is_pinned(), "why": why})
    });
    let left: Vec<Json> =
        draft.left.iter().map(|left| json!({"id": left.item, "why": describe::deferral(left.why)})).collect();
    json!({
        "format": "bkt.init",
        "format_version": "1.0",
        "folder": folder,
        "written": commit.is_some(),
        "commit": commit,
        "chosen": chosen,
        "base": base,
        "items": draft.captured,
        "left": left,
        "unknown": draft.unknown,
        "files": draft.files,
    })
}
