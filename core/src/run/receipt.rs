// SPDX-License-Identifier: GPL-3.0-or-later
//! Receipts: what a run did, kept on disk.
//!
//! Invariant: a receipt is written once, after the run, and holds the plan it ran, so that it can be
//! explained and undone later.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{StepResult, StepState};
use crate::files;
use crate::plan::Plan;

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
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every step is done.
    Done,
    /// Some steps are.
    Partial,
    /// None is.
    Failed,
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
    /// What ran.
    pub plan: Plan,
}

impl Receipt {
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
            plan,
        }
    }

    /// How many steps ended in a state.
    #[must_use]
    pub fn count(&self, state: StepState) -> usize {
        self.operations.iter().filter(|result| result.state == state).count()
    }

    /// Gives the receipt the next number and stores it in `state/runs`.
    ///
    /// # Errors
    /// The directory cannot be made, locked or written.
    pub fn store(&mut self, state: &Path) -> io::Result<()> {
        let directory = state.join("runs");
        std::fs::create_dir_all(&directory)?;
        let _lock = files::lock(&directory)?;
        self.run = numbers(&directory)?.last().copied().unwrap_or(0) + 1;
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        files::replace(&directory.join(format!("{}.json", self.run)), text.as_bytes())
    }
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
    let read = |number: &u64| {
        files::read(&directory.join(format!("{number}.json")))
            .ok()
            .flatten()
            .and_then(|text| serde_json::from_str(&text).ok())
    };
    Ok(numbers.iter().rev().filter_map(read).collect())
}
