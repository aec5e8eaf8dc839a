// SPDX-License-Identifier: GPL-3.0-or-later
//! Receipts: what a run did, kept on disk.
//!
//! Invariant: before a run changes anything its receipt is there with the plan, so that also what was cut off can be
//! explained and undone; how it ended is written once, after it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{StepResult, StepState};
use crate::agreed::Agreed;
use crate::files;
use crate::item::ItemId;
use crate::plan::{Plan, Step};
use crate::problem::Problem;

/// Who started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The command line.
    Cli,
    /// The window.
    Window,
    /// The first start of a new deployment.
    FirstBoot,
}

/// How a run ended as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every step is done.
    Done,
    /// Some steps are.
    Partial,
    /// None is.
    Failed,
    /// It has not ended yet.
    Running,
    /// It ended without saying how: what it did is seen only by looking.
    CutOff,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Always `bkt.run`.
    pub format: String,
    /// Always `1.x`.
    pub format_version: String,
    /// Its number, counted per person.
    pub run: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Who started it.
    pub source: Source,
    /// How it ended.
    pub result: Outcome,
    /// Whether a restart is needed to finish.
    pub restart_required: bool,
    /// How each step ended.
    pub operations: Vec<StepResult>,
    /// Whether it changed this computer alone, on purpose, so that undoing it does, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub here_only: bool,
    /// Why what it changed here alone could not be written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<Problem>,
    /// Why no entry of the changelog could be drafted of what it changed in the setup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undrafted: Option<Problem>,
    /// What setup and computer last had in common of its items when it began, which undoing it brings back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<Agreed>,
    /// What ran.
    pub plan: Plan,
    /// Why it could not be stored, where that is so; it then has no number.
    #[serde(skip)]
    pub lost: Option<String>,
}

impl Receipt {
    /// The files that were taken out of a tree of the setup.
    pub(crate) fn left_the_setup(&self) -> impl Iterator<Item = &ItemId> {
        let done = self.operations.iter().filter(|result| result.state == StepState::Done);
        let steps = done.filter_map(|result| self.plan.steps.get(result.n.checked_sub(1)?));
        let gone =
            |step: &&Step| step.to.is_none() && step.manifest().is_some_and(|manifest| manifest.tree().is_some());
        steps.filter(gone).map(|step| &step.item)
    }

    /// The receipt of a run that has no number yet.
    #[must_use]
    pub fn new(
        plan: Plan,
        operations: Vec<StepResult>,
        source: Source,
        started_at: Timestamp,
        ended_at: Timestamp,
    ) -> Self {
        let good =
            operations.iter().filter(|result| matches!(result.state, StepState::Done | StepState::Waiting)).count();
        let result = match good {
            good if good == operations.len() => Outcome::Done,
            0 => Outcome::Failed,
            _ => Outcome::Partial,
        };
        let restart_required = operations.iter().any(|result| result.state == StepState::Waiting);
        Self {
            format: "bkt.run".to_owned(),
            format_version: "1.0".to_owned(),
            run: 0,
            started_at,
            ended_at,
            source,
            result,
            restart_required,
            operations,
            here_only: false,
            unrecorded: None,
            undrafted: None,
            agreed: None,
            plan,
            lost: None,
        }
    }

    /// What may be undone: the steps that were done, or, where that is not known, those that may have been.
    pub fn undoable(&self) -> impl Iterator<Item = &Step> {
        let any = self.result == Outcome::CutOff;
        self.plan.steps.iter().filter(move |_| any).chain(self.changed())
    }

    /// The items it is about, each once.
    #[must_use]
    pub fn items(&self) -> Vec<ItemId> {
        let planned = || self.plan.steps.iter().map(|step| &step.item);
        let items: Vec<&ItemId> = match self.result {
            Outcome::Running | Outcome::CutOff => planned().collect(),
            _ => self.operations.iter().map(|result| &result.item).collect(),
        };
        // Setup and computer may have changed in a step each.
        let mut known = BTreeSet::new();
        items.into_iter().filter(|item| known.insert(*item)).cloned().collect()
    }

    /// The steps that were done.
    pub fn changed(&self) -> impl Iterator<Item = &Step> {
        let done = |state| matches!(state, StepState::Done | StepState::Waiting);
        let results = self.operations.iter().filter(move |result| done(result.state));
        results.filter_map(|result| self.plan.steps.get(result.n.checked_sub(1)?))
    }

    /// How many steps ended in a state.
    #[must_use]
    pub fn count(&self, state: StepState) -> usize {
        self.operations.iter().filter(|result| result.state == state).count()
    }

    /// Whether all it did was to write manifests.
    #[must_use]
    pub fn is_of_manifests(&self) -> bool {
        self.plan.steps.iter().all(|step| step.manifest().is_some_and(|manifest| manifest.tree().is_none()))
    }

    /// Says of a stored receipt that everything was taken back again.
    pub(crate) fn taken_back(mut self, state: &Path, problem: &Problem) -> io::Result<()> {
        self.result = Outcome::Failed;
        for result in self.operations.iter_mut().filter(|result| result.state == StepState::Done) {
            result.state = StepState::Skipped;
            result.problem = Some(problem.clone());
        }
        let directory = state.join("runs");
        let _lock = files::lock(&directory)?;
        self.write(&directory)
    }

    fn write(&self, directory: &Path) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        files::replace(&path(directory, self.run), text.as_bytes())
    }

    /// Stores the receipt in `state/runs`, under its number or the next one.
    ///
    /// # Errors
    /// The directory cannot be made, locked or written.
    pub fn store(&mut self, state: &Path) -> io::Result<()> {
        let directory = state.join("runs");
        std::fs::create_dir_all(&directory)?;
        let _lock = files::lock(&directory)?;
        if self.run == 0 {
            self.run = numbers(&directory)?.last().copied().unwrap_or(0) + 1;
        }
        self.write(&directory)
    }

    /// Writes down that it begins; until what this gives is dropped, or the program ends, it counts as running.
    ///
    /// # Errors
    /// The directory cannot be made, locked or written.
    pub fn begin(&mut self, state: &Path) -> io::Result<Begun> {
        let directory = state.join("runs");
        std::fs::create_dir_all(&directory)?;
        let _lock = files::lock(&directory)?;
        self.result = Outcome::Running;
        self.run = numbers(&directory)?.last().copied().unwrap_or(0) + 1;
        let begun = self.write(&directory).and_then(|()| {
            let lock = files::Lock::of(File::open(path(&directory, self.run))?)?;
            Ok(Begun { run: self.run, _lock: lock })
        });
        if begun.is_err() {
            let _ = files::remove(&path(&directory, self.run));
        }
        begun
    }
}

/// A run that has begun.
#[derive(Debug)]
pub struct Begun {
    /// Its number.
    pub run: u64,
    /// Locked as long as it runs.
    _lock: files::Lock,
}

fn path(directory: &Path, run: u64) -> PathBuf {
    directory.join(format!("{run}.json"))
}

fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        numbers.extend(
            name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(|number| number.parse::<u64>().ok()),
        );
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The receipts of past runs, newest first; ones that cannot be read are left out.
///
/// # Errors
/// The directory is there but cannot be read.
pub fn history(state: &Path) -> io::Result<Vec<Receipt>> {
    let directory = state.join("runs");
    let numbers = match numbers(&directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    Ok(numbers.iter().rev().filter_map(|number| read(&directory, *number)).collect())
}

/// The receipt of the newest run, where there is one that can be read.
#[must_use]
pub fn newest(state: &Path) -> Option<Receipt> {
    let directory = state.join("runs");
    read(&directory, *numbers(&directory).ok()?.last()?)
}

/// How a run ended, or that it has not; `None` where nothing is known of it.
#[must_use]
pub fn outcome(state: &Path, run: u64) -> Option<Outcome> {
    read(&state.join("runs"), run).map(|receipt| receipt.result)
}

fn read(directory: &Path, number: u64) -> Option<Receipt> {
    let parsed = || serde_json::from_str::<Receipt>(&files::read(&path(directory, number)).ok()??).ok();
    let receipt = parsed()?;
    if receipt.result != Outcome::Running {
        return Some(receipt);
    }
    // One that begins has its lock when it lets go of the directory's, and one that just ended says so.
    let _lock = files::lock(directory).ok();
    let mut receipt = parsed()?;
    let runs = || File::open(path(directory, number)).is_ok_and(|file| file.try_lock_shared().is_err());
    if receipt.result == Outcome::Running && !runs() {
        receipt.result = Outcome::CutOff;
    }
    Some(receipt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Origin;
    use crate::item::Domain;
    use crate::plan::Preconditions;

    fn receipt() -> Receipt {
        let step = Step::capture(ItemId::new(Domain::Pkg, "htop"), None, Origin::New);
        let plan = Plan::new(Preconditions::default(), vec![step], Vec::new());
        Receipt::new(plan, Vec::new(), Source::Cli, Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_run_that_never_said_how_it_ended_was_cut_off() {
        let state = tempfile::tempdir().unwrap();
        let seen = || history(state.path()).unwrap().into_iter().map(|it| (it.run, it.result)).collect::<Vec<_>>();
        let mut first = receipt();
        let begun = first.begin(state.path()).unwrap();
        assert_eq!(seen(), [(1, Outcome::Running)]);
        let second = receipt().begin(state.path()).unwrap();
        first.result = Outcome::Done;
        first.store(state.path()).unwrap();
        drop(begun);
        assert_eq!(seen(), [(2, Outcome::Running), (1, Outcome::Done)]);
        drop(second);
        assert_eq!(seen(), [(2, Outcome::CutOff), (1, Outcome::Done)]);
        let cut_off = newest(state.path()).unwrap();
        assert_eq!((cut_off.undoable().count(), cut_off.changed().count(), cut_off.items().len()), (1, 0, 1));
    }
}
