// SPDX-License-Identifier: GPL-3.0-or-later
//! What the person may do without an administrator: the setup's files, settings, their own Flatpaks.
//!
//! Invariant: each manifest is changed in one locked, atomic write for all its captures, so a run that dies
//! leaves every file either as it was or complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::compare::Privilege;
use crate::deployment::System;
use crate::domain;
use crate::files;
use crate::host::{Host, SettingQuery, SettingReading};
use crate::i18n::{fill, gettext};
use crate::item::ItemId;
use crate::manifest::Manifest;
use crate::manifest::edit::{self, EditError};
use crate::name::SettingKey;
use crate::plan::precondition::own_values;
use crate::plan::{Action, Plan, Step};
use crate::problem::Problem;
use crate::recipe::{Section, file as recipe};
use crate::setup::Setup;
use crate::value::Value;
use serde_json::Value as Json;

use super::Sink;
use super::event::{Event, StepResult, StepState};

/// Does the person's steps of a plan.
pub(super) fn run(plan: &Plan, host: &dyn Host, setup: &Path, sink: Sink<'_>) -> Vec<StepResult> {
    let mut results = Vec::new();
    let mut captures: BTreeMap<Manifest, Vec<(usize, &Step)>> = BTreeMap::new();
    let mut last = None;
    for (n, step) in plan.numbered() {
        if let Some(manifest) = step.manifest() {
            captures.entry(manifest).or_default().push((n, step));
            last = Some(n);
        }
    }
    let generated = if last.is_some() { recipe::generated(setup) } else { BTreeSet::new() };
    for (manifest, steps) in captures {
        for (n, step) in &steps {
            sink(&Event::running(*n, &step.item));
        }
        let problem = write_manifest(setup, manifest, &steps)
            .err()
            .map(|error| Problem::new("setup_not_written", error.to_string()));
        let written = Setup::load(setup);
        for (n, step) in steps {
            let problem = problem.clone().or_else(|| unlike(written.as_ref().ok()?, step));
            results.push(ended(n, step, problem, sink));
        }
    }
    if let Some(n) = last {
        follow(setup, &generated, n, sink);
    }
    let own = |step: &Step| matches!(step.action, Action::SetOwn { .. });
    let steps: Vec<_> =
        plan.numbered().filter(|(_, step)| step.privilege == Privilege::User && step.manifest().is_none()).collect();
    for group in steps.chunk_by(|(_, a), (_, b)| own(a) && own(b) && a.item.domain == b.item.domain) {
        if own(group[0].1) {
            set_own(group, host, sink, &mut results);
            continue;
        }
        let (n, step) = group[0];
        sink(&Event::running(n, &step.item));
        let problem = perform(n, step, host, sink).err();
        results.push(ended(n, step, problem, sink));
    }
    results
}

/// Lets the recipe follow the manifests that were written. A recipe that cannot is no failure of theirs: what is
/// wrong with it is said, and `bkt containerfile check` says it again.
pub(super) fn follow(setup: &Path, generated: &BTreeSet<Section>, n: usize, sink: Sink<'_>) {
    match recipe::follow(setup, generated) {
        Ok(changed) => {
            for section in changed {
                let values = [("section", section.name())];
                sink(&Event::log(n, &fill(&gettext("Containerfile: {section} follows the setup"), &values)));
            }
        }
        Err(error) => sink(&Event::log(n, &error.to_string())),
    }
}

/// Does steps on the person's own items of one domain, then reads them back together.
fn set_own(group: &[(usize, &Step)], host: &dyn Host, sink: Sink<'_>, results: &mut Vec<StepResult>) {
    let Some(domain) = group.first().map(|(_, step)| step.item.domain) else { return };
    let kind = domain::kind(domain);
    let mut problems = Vec::new();
    for (n, step) in group {
        sink(&Event::running(*n, &step.item));
        let to = step.to.as_ref().and_then(|json| kind.value(json));
        problems.push(kind.perform(host, &step.item.key, to.as_ref(), &mut |line| sink(&Event::log(*n, line))).err());
    }
    let now = own_values(host, &System::probe(host), group.iter().map(|(_, step)| &step.item));
    for ((n, step), problem) in group.iter().zip(problems) {
        let problem = problem.or_else(|| match &now {
            Ok(now) => {
                let value = |json: Option<&Json>| json.and_then(|json| kind.value(json));
                let is_so = match (value(step.to.as_ref()), value(now.get(&step.item).and_then(Option::as_ref))) {
                    (None, None) => true,
                    (Some(wanted), Some(here)) => wanted.is_met_by(&here),
                    _ => false,
                };
                (!is_so).then(|| {
                    let message = format!("{} is not as it should be although its tool reported success", step.item);
                    Problem::new("unverified", message)
                })
            }
            Err(problem) => Some(problem.clone()),
        });
        results.push(ended(*n, step, problem, sink));
    }
}

/// What is wrong when the setup does not say what a capture wrote, for example because another manifest does.
fn unlike(setup: &Setup, step: &Step) -> Option<Problem> {
    let wanted = step.to.as_ref().and_then(|json| Value::from_json(step.item.domain, json));
    let declared = setup.declared(step.item.domain).ok()?;
    let said = domain::kind(step.item.domain).said(declared, &step.item.key, wanted.as_ref());
    let said = said.and_then(|said| said.value.as_ref());
    (said != wanted.as_ref()).then(|| {
        Problem::new("unverified", format!("the setup still says something else about {}", step.item))
            .hinted("Look for it in the other manifests")
    })
}

fn ended(n: usize, step: &Step, problem: Option<Problem>, sink: Sink<'_>) -> StepResult {
    let state = if problem.is_some() { StepState::Failed } else { StepState::Done };
    let result = StepResult { n, item: step.item.clone(), state, problem };
    sink(&Event::ended(&result));
    result
}

fn write_manifest(setup: &Path, manifest: Manifest, steps: &[(usize, &Step)]) -> Result<(), EditError> {
    let edits = steps.iter().filter_map(|(_, step)| match &step.action {
        Action::WriteManifest { value } => {
            Some((&step.item, value.as_ref().and_then(|json| Value::from_json(step.item.domain, json))))
        }
        _ => None,
    });
    edit_manifest(setup, manifest, edits)
}

/// Sets items in a manifest of a setup, under its lock, in one atomic write.
///
/// # Errors
/// The manifest is broken or cannot be written; it is then unchanged.
pub fn edit_manifest<'i>(
    setup: &Path,
    manifest: Manifest,
    edits: impl IntoIterator<Item = (&'i ItemId, Option<Value>)>,
) -> Result<(), EditError> {
    let failed = |source| EditError::File { file: manifest.path(), source };
    let _lock = files::lock(&setup.join("manifests")).map_err(failed)?;
    let path = setup.join(manifest.path());
    let before = files::read(&path).map_err(failed)?.unwrap_or_default();
    let edits: Vec<_> = edits.into_iter().collect();
    let text = edit::apply(manifest, &before, edits.iter().map(|(item, value)| (*item, value.as_ref())))?;
    if text != before {
        files::replace(&path, text.as_bytes()).map_err(failed)?;
    }
    Ok(())
}

fn perform(n: usize, step: &Step, host: &dyn Host, sink: Sink<'_>) -> Result<(), Problem> {
    let (invocation, id, scope, branch, wanted) = match &step.action {
        Action::SetSetting { key, value } => return set(host, key, value),
        Action::InstallFlatpak { id, source } => {
            (domain::flatpak::install(host, id, source), id, source.scope, source.branch.as_ref(), true)
        }
        Action::RemoveFlatpak { id, scope, branch } => {
            (domain::flatpak::remove(host, id, *scope, branch.as_ref()), id, *scope, branch.as_ref(), false)
        }
        _ => return Err(Problem::new("internal", "this step is not the person’s")),
    };
    host.run_with(&invocation, &mut |line| sink(&Event::log(n, line)))?.success(&invocation.program)?;
    if domain::flatpak::is_installed(host, id, scope, branch)? == wanted {
        return Ok(());
    }
    Err(Problem::new("unverified", format!("{} is not as it should be although flatpak reported success", step.item)))
}

fn set(host: &dyn Host, key: &SettingKey, value: &str) -> Result<(), Problem> {
    host.settings().set(key, Some(value))?;
    let query = SettingQuery { key: key.clone(), declared: Some(value.to_owned()) };
    match host.settings().read(&[query])?.pop() {
        Some(SettingReading::Read { current, declared: Some(Ok(declared)), .. }) if current == declared => Ok(()),
        _ => Err(Problem::new("unverified", format!("{key} did not keep the value"))),
    }
}
