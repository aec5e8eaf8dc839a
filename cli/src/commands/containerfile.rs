// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt containerfile`: the recipe beside the manifests it is made from.
//!
//! Invariant: the computer is neither read nor changed, nor is any network; only `sync` and `adopt` write, and only
//! the recipe.

pub(super) mod named;

use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::problem::Problem;
use bkt_core::recipe::file::{self, Recipe};
use bkt_core::recipe::{
    self, Counted, Note, RecipeError, Section, State, Status, Synced, Wanted, adopted, check, counted, synced,
};
use bkt_core::session::SessionError;
use bkt_core::setup::Setup;
use serde_json::{Value as Json, json};

use super::run;
use crate::args::{ContainerfileAdopt, ContainerfileArgs, ContainerfileCommand, ContainerfileDiff, ContainerfileSync};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::prompt::{self, Consent};
use crate::ui::{BAD, BOLD, GOOD, WARN, padded, styled, widest, wrapped};

/// `bkt containerfile check|diff|sync|adopt`.
pub(super) fn containerfile(context: &Context, args: &ContainerfileArgs) -> Result<Answer, Failure> {
    match &args.command {
        ContainerfileCommand::Check => checked(context),
        ContainerfileCommand::Diff(args) => diff(context, *args),
        ContainerfileCommand::Sync(args) => sync(context, *args),
        ContainerfileCommand::Adopt(args) => adopt(context, args),
    }
}

/// The recipe compared with the setup.
struct Checked {
    setup: Setup,
    recipe: Recipe,
    statuses: Vec<Status>,
    notes: Vec<Note>,
}

impl Checked {
    fn new(context: &Context) -> Result<Self, Failure> {
        let directory = context.setup()?;
        let setup = Setup::load(&directory).map_err(SessionError::Setup)?;
        let recipe = file::read(&directory).map_err(|error| failure(&error, ""))?;
        let (statuses, notes) = check(&setup, &recipe.text).map_err(|error| failure(&error, recipe.name))?;
        Ok(Self { setup, recipe, statuses, notes })
    }

    fn exit(&self) -> u8 {
        if self.statuses.iter().any(|status| status.state.is_drift()) {
            exit::DIFFERENCES
        } else if self.statuses.iter().any(|status| matches!(status.state, State::Unknown(_))) {
            exit::UNCHECKED
        } else {
            exit::DONE
        }
    }
}

fn failure(error: &RecipeError, name: &str) -> Failure {
    let said = error.to_string();
    match error {
        RecipeError::NotFound(_) => Failure::new(exit::NOT_POSSIBLE, "recipe_not_found", said),
        RecipeError::Setup(_) => Failure::new(exit::NOT_POSSIBLE, "repo_not_found", said),
        RecipeError::File { .. } => Failure::new(exit::FAILED, "file_unusable", said),
        RecipeError::Changed => {
            Failure::new(exit::FAILED, "recipe_changed", said).hinted(gettext("Run the same command again"))
        }
        _ => {
            let message = fill(&gettext("{file}: {reason}"), &[("file", name), ("reason", &said)]);
            Failure::new(exit::NOT_POSSIBLE, "recipe_invalid", message).hinted(gettext("Correct it and check again"))
        }
    }
}

fn section(status: &Status, difference: &Counted) -> Json {
    let problem = match &status.state {
        State::Unknown(error) => json!(Problem::from(error)),
        _ => Json::Null,
    };
    let edited = match status.state {
        State::HandEdited(line) => json!(line),
        _ => Json::Null,
    };
    json!({
        "name": status.section,
        "state": status.state.id(),
        "line": status.line,
        "edited_line": edited,
        "added": difference.added,
        "removed": difference.removed,
        "diff": difference.unified,
        "manifest": status.section.manifest(),
        "problem": problem,
    })
}

fn checked(context: &Context) -> Result<Answer, Failure> {
    let checked = Checked::new(context)?;
    let recipe = &checked.recipe;
    let differences: Vec<Counted> =
        checked.statuses.iter().map(|status| status.difference(&recipe.text, recipe.name)).collect();
    let sections: Vec<Json> =
        checked.statuses.iter().zip(&differences).map(|(status, difference)| section(status, difference)).collect();
    let exit = checked.exit();
    let text = if context.ui.quiet { String::new() } else { told(&checked, &differences, context.ui.width()) };
    let document = json!({
        "format": "bkt.containerfile",
        "format_version": "1.0",
        "file": recipe.name,
        "sections": sections,
        "notes": notes(&checked, true),
    });
    Ok(Answer::new(text, document).hinted(hints(&checked)).exiting(exit))
}

fn told(checked: &Checked, differences: &[Counted], width: usize) -> String {
    let file = [("file", checked.recipe.name)];
    let mut text = match checked.exit() {
        exit::DONE => return fill(&gettext("{file} matches the setup."), &file),
        exit::DIFFERENCES => fill(&gettext("{file} is out of date with the setup:\n"), &file),
        _ => fill(&gettext("{file} could not be checked completely:\n"), &file),
    };
    let shown: Vec<_> = checked.statuses.iter().zip(differences).collect();
    let shown = shown.iter().filter(|(status, _)| status.state != State::NotNeeded);
    let rows: Vec<_> = shown.map(|(status, difference)| (status, standing(&status.state, difference))).collect();
    let names = widest(rows.iter().map(|(status, _)| status.section.name()));
    for (status, words) in rows {
        let style = match status.state {
            State::InSync => GOOD,
            State::Unknown(_) => BAD,
            _ => WARN,
        };
        let words = wrapped(&words, names + 4, names + 4, width);
        text.push_str(&format!("  {}  {}\n", padded(status.section.name(), names), styled(style, &words)));
    }
    text
}

fn standing(state: &State, difference: &Counted) -> String {
    let lines = difference.added.max(difference.removed);
    match state {
        State::InSync => gettext("up to date"),
        State::OutOfDate => fill(
            &ngettext("{count} line differs", "{count} lines differ", u32::try_from(lines).unwrap_or(u32::MAX)),
            &[("count", &lines.to_string())],
        ),
        State::HandEdited(line) => fill(&gettext("edited by hand at line {line}"), &[("line", &line.to_string())]),
        State::Missing => gettext("not in the file"),
        State::NotNeeded => gettext("not needed"),
        State::Unknown(error) => error.to_string(),
    }
}

fn hints(checked: &Checked) -> String {
    let mut hints = notes(checked, false);
    let any = |wanted: fn(&State) -> bool| checked.statuses.iter().any(|status| wanted(&status.state));
    if any(|state| matches!(state, State::OutOfDate)) {
        hints.push(gettext("Update it with ‘bkt containerfile sync’."));
    }
    if any(|state| matches!(state, State::HandEdited(_))) {
        hints.push(gettext("See edits by hand with ‘bkt containerfile diff’; ‘sync --force’ replaces them."));
    }
    if any(|state| matches!(state, State::Missing)) {
        hints.push(gettext("Insert what is not in the file with ‘bkt containerfile adopt’."));
    }
    hints.join("\n")
}

/// What a build would stumble over, in words, or in the words programs know.
fn notes(checked: &Checked, code: bool) -> Vec<String> {
    let note = |note: &Note| match (note, code) {
        (Note::NoLint, true) => "no_lint".to_owned(),
        (Note::CoprsAfterPackages(_), true) => "coprs_after_packages".to_owned(),
        (Note::NoLint, false) => gettext("The last stage does not end with ‘RUN bootc container lint’."),
        (Note::CoprsAfterPackages(line), false) => fill(
            &gettext("COPR_REPOS stands after the packages of line {line}: move it above them."),
            &[("line", &line.to_string())],
        ),
    };
    checked.notes.iter().map(note).collect()
}

fn diff(context: &Context, args: ContainerfileDiff) -> Result<Answer, Failure> {
    let checked = Checked::new(context)?;
    let recipe = &checked.recipe;
    let new = synced(&checked.setup, &recipe.text, true).map_err(|error| failure(&error, recipe.name))?;
    let difference = counted(&recipe.text, &new.text, recipe.name);
    let text = if difference.unified.is_empty() { gettext("No differences.") } else { coloured(&difference.unified) };
    let document = json!({
        "format": "bkt.containerfile-diff",
        "format_version": "1.0",
        "file": recipe.name,
        "added": difference.added,
        "removed": difference.removed,
        "diff": difference.unified,
    });
    let exit = if args.exit_code { checked.exit() } else { exit::DONE };
    Ok(Answer::new(text, document).verbatim().exiting(exit))
}

fn coloured(unified: &str) -> String {
    let line = |line: &str| match line.as_bytes().first() {
        _ if line.starts_with("--- ") || line.starts_with("+++ ") => styled(BOLD, line),
        Some(b'+') => styled(GOOD, line),
        Some(b'-') => styled(BAD, line),
        _ => line.to_owned(),
    };
    unified.split_inclusive('\n').map(|text| line(text.strip_suffix('\n').unwrap_or(text)) + "\n").collect()
}

fn sync(context: &Context, args: ContainerfileSync) -> Result<Answer, Failure> {
    let directory = context.setup()?;
    let bring = |setup: &Setup, recipe: &Recipe| -> Result<_, RecipeError> {
        let new = synced(setup, &recipe.text, args.force)?;
        Ok((new.text.clone(), (recipe.clone(), new)))
    };
    let (recipe, new) = change(context, &directory, bring)?;
    let difference = counted(&recipe.text, &new.text, recipe.name);
    let written = !context.globals.dry_run && new.text != recipe.text;
    let left: Vec<Json> = new.left.iter().map(|(section, line)| json!({"name": section, "line": line})).collect();
    let unknown: Vec<Json> =
        new.unknown.iter().map(|(section, error)| json!({"name": section, "problem": Problem::from(error)})).collect();
    let document = json!({
        "format": "bkt.containerfile-sync",
        "format_version": "1.0",
        "file": recipe.name,
        "written": written,
        "changed": new.changed,
        "left": left,
        "unknown": unknown,
        "added": difference.added,
        "removed": difference.removed,
        "diff": difference.unified,
    });
    let exit = match (new.left.is_empty() && new.unknown.is_empty(), new.changed.is_empty()) {
        (true, _) => exit::DONE,
        (false, true) => exit::FAILED,
        (false, false) => exit::PARTIAL,
    };
    Ok(Answer::new(brought(context, &recipe, &new, &difference), document).verbatim().exiting(exit))
}

/// Changes the recipe under its lock; a dry run only computes.
fn change<T>(
    context: &Context,
    directory: &std::path::Path,
    make: impl FnOnce(&Setup, &Recipe) -> Result<(String, T), RecipeError>,
) -> Result<T, Failure> {
    let mut name = String::new();
    let named = |setup: &Setup, recipe: &Recipe| {
        recipe.name.clone_into(&mut name);
        make(setup, recipe)
    };
    let ended = if context.globals.dry_run {
        Setup::load(directory)
            .map_err(RecipeError::from)
            .and_then(|setup| named(&setup, &file::read(directory)?).map(|(_, told)| told))
    } else {
        file::update(directory, named)
    };
    ended.map_err(|error| failure(&error, &name))
}

fn brought(context: &Context, recipe: &Recipe, new: &Synced, difference: &Counted) -> String {
    let mut text = String::new();
    if !new.changed.is_empty() {
        let sections = names(&new.changed);
        let (added, removed) = (difference.added.to_string(), difference.removed.to_string());
        let values = [("sections", &*sections), ("added", &*added), ("removed", &*removed)];
        let words = if context.globals.dry_run {
            gettext("Would update {sections} (+{added} -{removed}).\n")
        } else {
            gettext("Updated {sections} (+{added} -{removed}).\n")
        };
        text.push_str(&fill(&words, &values));
    }
    for (section, line) in &new.left {
        let values = [("section", section.name()), ("line", &*line.to_string())];
        text.push_str(&fill(
            &gettext(
                "Left {section} alone: it was edited by hand at line {line}.\n  Add --force to replace it, or remove its markers to keep it.\n",
            ),
            &values,
        ));
    }
    for (section, error) in &new.unknown {
        let values = [("section", section.name()), ("reason", &*error.to_string())];
        text.push_str(&fill(&gettext("Left {section} alone: {reason}.\n"), &values));
    }
    if text.is_empty() {
        text = fill(&gettext("{file} has nothing to update."), &[("file", recipe.name)]);
    }
    text
}

fn names(sections: &[Section]) -> String {
    sections.iter().map(|section| section.name()).collect::<Vec<_>>().join(", ")
}

fn adopt(context: &Context, args: &ContainerfileAdopt) -> Result<Answer, Failure> {
    let checked = Checked::new(context)?;
    let recipe = &checked.recipe;
    let wanted = match (args.all, args.sections.is_empty()) {
        (true, _) => Wanted::All,
        (false, true) => Wanted::Missing,
        (false, false) => Wanted::These(args.sections.clone()),
    };
    let (text, sections) =
        adopted(&checked.setup, &recipe.text, &wanted).map_err(|error| failure(&error, recipe.name))?;
    let unified = recipe::unified(&recipe.text, &text, recipe.name);
    let document = |written: bool| {
        json!({
            "format": "bkt.containerfile-adopt",
            "format_version": "1.0",
            "file": recipe.name,
            "written": written,
            "added": sections,
            "diff": unified,
        })
    };
    if sections.is_empty() {
        let text = fill(&gettext("{file} has nothing to insert."), &[("file", recipe.name)]);
        return Ok(Answer::new(text, document(false)));
    }
    let values = [("sections", &*names(&sections)), ("file", recipe.name)];
    if context.globals.dry_run {
        return Ok(Answer::new(coloured(&unified), document(false)).verbatim());
    }
    if !context.globals.yes {
        run::may_ask(context)?;
        context.ui.say_raw(&coloured(&unified));
        let question = fill(&gettext("Insert {sections} into {file}?"), &values);
        if prompt::consent(&context.ui, &question, None, false) != Consent::Yes {
            return Ok(Answer::new(gettext("Nothing was changed."), document(false)).exiting(exit::FAILED));
        }
    }
    // What was shown is what is written.
    let as_shown = |setup: &Setup, now: &Recipe| match adopted(setup, &now.text, &wanted)?.0 == text {
        true => Ok((text.clone(), ())),
        false => Err(RecipeError::Changed),
    };
    file::update(&checked.setup.directory, as_shown).map_err(|error| failure(&error, recipe.name))?;
    Ok(Answer::new(fill(&gettext("Inserted {sections} into {file}."), &values), document(true)))
}
