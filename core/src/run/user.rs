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

use super::event::{Event, StepResult, StepState};
use super::{Places, Sides, Sink, copy, not_tried, unwritten};

/// The code of what could not be written to the setup.
pub(super) const NOT_WRITTEN: &str = "setup_not_written";

/// Whether a step failed because the setup could not be written.
pub(super) fn is_unwritten(result: &StepResult) -> bool {
    result.problem.as_ref().is_some_and(|problem| problem.code == NOT_WRITTEN)
}

/// Does the person's steps of a plan.
pub(super) fn run(plan: &Plan, sides: Sides, host: &dyn Host, places: Places<'_>, sink: Sink<'_>) -> Vec<StepResult> {
    let setup = places.setup;
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
        let problems = match manifest.tree() {
            Some(_) => copied(setup, &steps, |step| copy::capture(host, places, &step.item, value(step).as_ref())),
            None => {
                let problem = write_manifest(setup, manifest, &steps)
                    .err()
                    .map(|error| Problem::new(NOT_WRITTEN, error.to_string()));
                vec![problem; steps.len()]
            }
        };
        let written = Setup::load(setup);
        for ((n, step), problem) in steps.into_iter().zip(problems) {
            let problem = problem.or_else(|| unlike(written.as_ref().ok()?, manifest, step));
            results.push(ended(n, step, problem, sink));
        }
    }
    if let Some(n) = last {
        follow(setup, &generated, n, sink);
    }
    let unwritten = unwritten(sides, &results);
    let own = |step: &Step| matches!(step.action, Action::SetOwn { .. });
    let mine = |step: &Step| step.privilege == Privilege::User && step.manifest().is_none();
    let (left, steps): (Vec<_>, Vec<_>) =
        plan.numbered().filter(|(_, step)| mine(step)).partition(|(_, step)| unwritten.contains(&step.item));
    results.extend(left.into_iter().map(|(n, step)| not_tried(n, step, sink)));
    for group in steps.chunk_by(|(_, a), (_, b)| own(a) && own(b) && a.item.domain == b.item.domain) {
        if own(group[0].1) {
            set_own(group, host, places, sink, &mut results);
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

/// The value a step leads to.
fn value(step: &Step) -> Option<Value> {
    step.to.as_ref().and_then(|json| Value::from_json(step.item.domain, json))
}

/// Copies files into a setup, under its lock, one by one: each is an item for itself.
fn copied(
    setup: &Path,
    steps: &[(usize, &Step)],
    mut copy: impl FnMut(&Step) -> Result<(), Problem>,
) -> Vec<Option<Problem>> {
    match files::lock(&setup.join("manifests")) {
        Ok(_lock) => steps.iter().map(|(_, step)| copy(step).err()).collect(),
        Err(error) => vec![Some(Problem::new(NOT_WRITTEN, error.to_string())); steps.len()],
    }
}

/// Does steps on the person's own items of one domain, then reads them back together.
fn set_own(
    group: &[(usize, &Step)],
    host: &dyn Host,
    places: Places<'_>,
    sink: Sink<'_>,
    results: &mut Vec<StepResult>,
) {
    let Some(domain) = group.first().map(|(_, step)| step.item.domain) else { return };
    let kind = domain::kind(domain);
    let mut problems = Vec::new();
    for (n, step) in group {
        sink(&Event::running(*n, &step.item));
        let to = value(step);
        let done = match kind.manifest().tree() {
            Some(_) => copy::apply(host, places, &step.item, to.as_ref()),
            None => kind.perform(host, &step.item.key, to.as_ref(), &mut |line| sink(&Event::log(*n, line))),
        };
        problems.push(done.err());
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
fn unlike(setup: &Setup, manifest: Manifest, step: &Step) -> Option<Problem> {
    let wanted = step.to.as_ref().and_then(|json| Value::from_json(step.item.domain, json));
    let declared = setup.declared(step.item.domain).ok()?;
    let kind = domain::kind(step.item.domain);
    let from = step.from.as_ref().and_then(|json| Value::from_json(step.item.domain, json));
    // Another one may have the name of one that went.
    let key = match (&wanted, &from) {
        (None, Some(from)) => kind.qualified(&step.item.key, from),
        _ => step.item.key.clone(),
    };
    let said = kind.said(declared, &key, wanted.as_ref());
    // Where two manifests declare such items, each step answers for its own.
    let said = said.into_iter().chain(setup.also(&step.item)).find(|said| said.manifest == manifest);
    let said = said.and_then(|said| kind.written(said));
    (said != wanted).then(|| {
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

/// The texts that the setup's files will have when a plan has run, for those it writes and can.
pub(crate) fn written(setup: &Path, plan: &Plan) -> BTreeMap<&'static str, String> {
    let manifests: BTreeSet<Manifest> = plan.steps.iter().filter_map(Step::manifest).collect();
    let text = |manifest: Manifest| {
        let before = files::read(&setup.join(manifest.path())).ok()?.unwrap_or_default();
        let steps = plan.steps.iter().filter(|step| step.manifest() == Some(manifest));
        let value = |step: &Step| step.to.as_ref().and_then(|json| Value::from_json(step.item.domain, json));
        let values: Vec<_> = steps.map(|step| (&step.item, value(step))).collect();
        let edits = values.iter().map(|(item, value)| (*item, value.as_ref()));
        Some((manifest.path(), edit::apply(manifest, &before, edits).ok()?))
    };
    manifests.into_iter().filter_map(text).collect()
}

/// The files of the setup's trees that a plan writes or takes out.
pub(crate) fn copied_files(plan: &Plan) -> Vec<(ItemId, Option<Value>)> {
    let copies = |step: &&Step| step.manifest().is_some_and(|manifest| manifest.tree().is_some());
    plan.steps.iter().filter(copies).map(|step| (step.item.clone(), value(step))).collect()
}

fn write_manifest(setup: &Path, manifest: Manifest, steps: &[(usize, &Step)]) -> Result<(), EditError> {
    let edits = steps.iter().filter_map(|(_, step)| match &step.action {
        Action::WriteManifest { value, .. } => {
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
    let log = &mut |line: &str| sink(&Event::log(n, line));
    let is_so = match &step.action {
        Action::SetSetting { key, value } => return set(host, key, value.as_deref()),
        Action::InstallFlatpak { id, source } => {
            domain::flatpak::bring(host, id, source, log)?;
            domain::flatpak::is_so(host, id, source)?
        }
        Action::RemoveFlatpak { id, scope, branch } => {
            domain::flatpak::remove(host, id, *scope, branch.as_ref(), log)?;
            !domain::flatpak::is_installed(host, id, *scope, branch.as_ref())?
        }
        _ => return Err(Problem::new("internal", "this step is not the person’s")),
    };
    if is_so {
        return Ok(());
    }
    Err(Problem::new("unverified", format!("{} is not as it should be although flatpak reported success", step.item)))
}

fn set(host: &dyn Host, key: &SettingKey, value: Option<&str>) -> Result<(), Problem> {
    host.settings().set(key, value)?;
    let query = SettingQuery { key: key.clone(), declared: value.map(str::to_owned) };
    match host.settings().read(&[query])?.pop() {
        Some(SettingReading::Read { current, declared: Some(Ok(declared)), .. }) if current == declared => Ok(()),
        Some(SettingReading::Read { is_set: false, .. }) if value.is_none() => Ok(()),
        _ => Err(Problem::new("unverified", format!("{key} did not keep the value"))),
    }
}
