// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt topgrade`: the file in which Topgrade finds what to do for Bucket.
//!
//! Invariant: writes and removes that one file alone, and asks before it replaces other words than its own.

use bkt_core::deployment::System;
use bkt_core::files;
use bkt_core::i18n::{fill, gettext};
use bkt_core::topgrade::{self, State};
use serde_json::{Value as Json, json};

use super::run;
use crate::args::{TopgradeArgs, TopgradeCommand};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::prompt;

/// `bkt topgrade`.
pub(super) fn topgrade(context: &Context, args: &TopgradeArgs) -> Result<Answer, Failure> {
    let host = context.brief_host()?;
    let kind = System::probe(host.as_ref()).kind;
    let folder = context.environment.config()?;
    let path = folder.join(topgrade::FILE);
    let failed = |error: std::io::Error| {
        let values = [("path", &*path.display().to_string()), ("reason", &error.to_string())];
        Failure::new(exit::FAILED, "file_unusable", fill(&gettext("{path}: {reason}"), &values))
    };
    let before = files::read(&path).map_err(failed)?;
    let state = topgrade::state(before.as_deref(), kind);
    let content = topgrade::content(kind);
    // Kept where something includes it: then its words are the person's choice.
    let included = topgrade::MAIN_FILES.iter().any(|file| {
        let text = files::read(&folder.join(file)).ok().flatten();
        text.is_some_and(|text| topgrade::includes_unread(&text))
    });
    let unread = !included && host.read(&host.at(topgrade::UNREAD)).ok().flatten().is_some();
    let document = |changed: bool, state: State, content: Option<&str>| -> Json {
        json!({
            "format": "bkt.topgrade",
            "format_version": "1.0",
            "path": path,
            "state": state.id(),
            "content": content,
            "changed": changed,
            "unread": if unread { vec![topgrade::UNREAD] } else { Vec::new() },
        })
    };
    let short = context.environment.short(&path);
    let said = |words: &str| fill(words, &[("path", &short)]);
    let dry_run = context.globals.dry_run;
    let unchanged = |words: String| Answer::new(said(&words), document(false, state, before.as_deref()));
    let refused = || unchanged(gettext("Nothing was changed.")).exiting(exit::FAILED);
    let asked = |question: String| -> Result<bool, Failure> {
        if context.globals.yes || dry_run {
            return Ok(true);
        }
        run::may_ask(context)?;
        Ok(prompt::consent(&context.ui, &said(&question), None, false) == prompt::Consent::Yes)
    };
    let answer = match (args.command.unwrap_or(TopgradeCommand::Show), state) {
        (TopgradeCommand::Show, _) => {
            let words = match state {
                State::Missing => gettext("{path} is not there; it would say:"),
                State::Current => gettext("{path}:"),
                State::Different => gettext("{path} says something else; it would say:"),
            };
            let indented: String =
                content.lines().map(|line| format!("  {line}").trim_end().to_owned() + "\n").collect();
            let answer =
                Answer::new(format!("{}\n\n{indented}", said(&words)), document(false, state, before.as_deref()))
                    .verbatim();
            if state == State::Current {
                answer
            } else {
                answer.hinted(gettext("‘bkt topgrade install’ writes it."))
            }
        }
        (TopgradeCommand::Install, State::Current) => unchanged(gettext("{path} is there already.")),
        (TopgradeCommand::Install, _) => {
            if state == State::Different && !asked(gettext("{path} says something else. Replace it?"))? {
                return Ok(refused());
            }
            if !dry_run {
                files::put(&path, content.as_bytes(), 0o644).map_err(failed)?;
            }
            let words = if dry_run { gettext("Would write {path}.") } else { gettext("Wrote {path}.") };
            Answer::new(said(&words), document(!dry_run, State::Current, Some(&content)))
                .hinted(gettext("‘topgrade --dry-run’ shows what Topgrade will do with it."))
        }
        (TopgradeCommand::Remove, State::Missing) => unchanged(gettext("{path} is not there.")),
        (TopgradeCommand::Remove, _) => {
            if state == State::Different && !asked(gettext("{path} says something else. Remove it?"))? {
                return Ok(refused());
            }
            if !dry_run {
                files::remove(&path).map_err(failed)?;
            }
            let words = if dry_run { gettext("Would remove {path}.") } else { gettext("Removed {path}.") };
            Answer::new(said(&words), document(!dry_run, State::Missing, None))
        }
    };
    if !unread {
        return Ok(answer);
    }
    let words = gettext("Topgrade does not read {file}: no file of yours includes it.");
    let hint = fill(&words, &[("file", topgrade::UNREAD)]);
    let hints = format!("{}\n{hint}", answer.hints);
    Ok(answer.hinted(hints.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use bkt_core::topgrade::COMMANDS;
    use clap::Parser;

    use crate::args::Args;

    fn is_a_command(line: &str) -> bool {
        Args::try_parse_from(line.split_whitespace()).is_ok_and(|args| args.command.is_some())
    }

    #[test]
    fn what_topgrade_runs_are_commands() {
        assert!(COMMANDS.iter().all(|(_, command)| is_a_command(command)));
        assert!(!is_a_command("bkt nosuch"));
    }

    #[test]
    fn what_the_recipes_of_just_run_are_commands() {
        let recipes = include_str!("../../../data/just/bkt.just");
        let lines: Vec<&str> = recipes.lines().filter_map(|line| line.strip_prefix("    @")).collect();
        assert!(lines.len() >= 4, "{recipes}");
        assert!(lines.iter().all(|line| is_a_command(line)), "{lines:?}");
    }
}
