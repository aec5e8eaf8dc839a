// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt plan show`: exactly what apply and capture would do.
//!
//! Invariant: nothing is changed except the file named with `-o`, which holds the plan with its fingerprint.

use std::path::Path;

use bkt_core::compare::Decision;
use bkt_core::files;
use bkt_core::i18n::{fill, gettext};
use bkt_core::plan::{Decisions, Plan, Terms};
use serde_json::Value as Json;

use crate::args::{PlanArgs, PlanCommand};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::select;

/// `bkt plan`, `bkt plan show`.
pub(super) fn plan(context: &Context, args: PlanArgs) -> Result<Answer, Failure> {
    let args = match args.command {
        Some(PlanCommand::Show(args)) => args,
        None => args.show,
    };
    let session = context.session()?;
    let snapshot = super::run::compare_named(context, &session, &bkt_core::item::Domain::ALL, &args.capture)?;
    let comparison = &snapshot.comparison;
    let mut decisions = Decisions::new();
    if args.apply.is_empty() && args.capture.is_empty() {
        decisions = super::run::suggested(comparison);
    }
    for (words, decision) in [(&args.apply, Decision::Apply), (&args.capture, Decision::Capture)] {
        for change in select::pick(comparison, words)?.changes {
            if decisions.insert(change.id.clone(), decision).is_some_and(|other| other != decision) {
                let message =
                    fill(&gettext("{item} is named for both apply and capture"), &[("item", &change.id.to_string())]);
                return Err(Failure::new(exit::USAGE, "contradiction", message));
            }
        }
    }
    let terms = Terms { live: args.now, ..Terms::default() };
    let plan = super::run::planned(&session, &snapshot, &decisions, terms)?;
    let undecided = comparison.changes.iter().filter(|change| !decisions.contains_key(&change.id)).count();
    let (text, document) = super::run::shown(context, &session, &plan, undecided);
    let hint = match &args.output {
        Some(file) => save(file, &document)?,
        None if plan.is_empty() && undecided > 0 => super::run::undecided_hint(),
        None if plan.is_empty() => String::new(),
        None => gettext("Save it with ‘-o plan.json’; run exactly this with ‘bkt apply plan.json’."),
    };
    let hint = [super::run::private_hint(&plan).unwrap_or_default(), hint];
    let hint = hint.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    let exit = if args.exit_code && !plan.is_empty() { exit::DIFFERENCES } else { exit::DONE };
    Ok(Answer::new(text, document).hinted(hint).exiting(exit))
}

fn save(file: &Path, document: &Json) -> Result<String, Failure> {
    let path = file.display().to_string();
    let failed = |error: std::io::Error| {
        let values = [("file", path.as_str()), ("reason", &error.to_string())];
        Failure::new(exit::FAILED, "file_unusable", fill(&gettext("{file} cannot be written: {reason}"), &values))
    };
    let mut text = serde_json::to_string_pretty(document).map_err(|error| failed(error.into()))?;
    text.push('\n');
    files::replace(file, text.as_bytes()).map_err(failed)?;
    Ok(fill(&gettext("Saved in {file}. Run exactly this with ‘bkt apply {file}’."), &[("file", &path)]))
}

/// Reads a saved plan: its canonical bytes, or a review whose fingerprint is checked.
pub(super) fn load(file: &Path) -> Result<Plan, Failure> {
    let path = file.display().to_string();
    let unusable = |reason: &str| {
        let values = [("file", path.as_str()), ("reason", reason)];
        Failure::new(exit::FAILED, "plan_invalid", fill(&gettext("{file} cannot be used: {reason}"), &values))
            .hinted(gettext("Make it again with ‘bkt plan show -o FILE’"))
    };
    let text = match files::read(file) {
        Ok(Some(text)) => text,
        Ok(None) => {
            let message = fill(&gettext("{file} does not exist"), &[("file", &path)]);
            return Err(Failure::new(exit::USAGE, "plan_not_found", message));
        }
        Err(error) => return Err(unusable(&error.to_string())),
    };
    let review: Json = serde_json::from_str(&text).map_err(|error| unusable(&error.to_string()))?;
    let Some(inner) = review.get("plan") else {
        return Plan::from_bytes(text.trim_end().as_bytes()).map_err(|error| unusable(&error.to_string()));
    };
    let plan: Plan = serde_json::from_value(inner.clone()).map_err(|error| unusable(&error.to_string()))?;
    let plan = Plan::from_bytes(&plan.to_bytes()).map_err(|error| unusable(&error.to_string()))?;
    let fingerprint = format!("sha256:{}", plan.sha256());
    if review.get("fingerprint").and_then(Json::as_str) != Some(&fingerprint) {
        return Err(unusable(&gettext("the plan in it is not the one that was shown")));
    }
    Ok(plan)
}
