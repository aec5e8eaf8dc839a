// SPDX-License-Identifier: GPL-3.0-or-later
//! What happens during a run, in one shape for `--progress json`, the window, D-Bus and the journal.
//!
//! Invariant: additions only; a reader ignores what it does not know (`format_version` 1.x).

use serde::{Deserialize, Serialize};

use crate::item::ItemId;
use crate::problem::Problem;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The run began.
    Start {
        /// Always `bkt.progress`.
        format: String,
        /// Always `1.x`.
        format_version: String,
        /// How many steps the whole plan has.
        total: usize,
    },
    /// A step began or ended.
    Operation {
        /// The step's number in the plan, from 1.
        n: usize,
        /// Its item.
        item: ItemId,
        /// Where it is.
        state: StepState,
        /// Why it failed or was skipped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<Problem>,
    },
    /// A line a tool printed.
    Log {
        /// The step it belongs to.
        n: usize,
        /// The line, without control characters.
        line: String,
    },
    /// How far the tool of a step has come.
    Progress {
        /// The step it belongs to.
        n: usize,
        /// Of the whole step, from 0 to 100.
        percent: u8,
        /// What it is at.
        stage: Stage,
    },
    /// The run ended.
    End {
        /// Steps that are done.
        done: usize,
        /// Steps that failed.
        failed: usize,
        /// Steps that were not tried.
        skipped: usize,
        /// Steps that are done and become real after a restart.
        waiting: usize,
        /// Whether a restart is needed to finish.
        restart_required: bool,
    },
}

/// What a tool is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// It fetches.
    Downloading,
    /// It unpacks what it has.
    Importing,
    /// It makes ready what the next start uses.
    Deploying,
    /// Something that has no word here.
    #[serde(other)]
    Working,
}

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// It runs.
    Running,
    /// It is done and verified.
    Done,
    /// It is done and becomes real after a restart.
    Waiting,
    /// It did not work.
    Failed,
    /// It was not tried.
    Skipped,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepResult {
    /// Its number in the plan, from 1.
    pub n: usize,
    /// Its item.
    pub item: ItemId,
    /// Never [`StepState::Running`].
    pub state: StepState,
    /// Why it failed or was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

impl Event {
    /// The first event of a run.
    #[must_use]
    pub fn start(total: usize) -> Self {
        Self::Start { format: "bkt.progress".to_owned(), format_version: "1.0".to_owned(), total }
    }

    /// A step begins.
    #[must_use]
    pub fn running(n: usize, item: &ItemId) -> Self {
        Self::Operation { n, item: item.clone(), state: StepState::Running, problem: None }
    }

    /// A step ended.
    #[must_use]
    pub fn ended(result: &StepResult) -> Self {
        Self::Operation { n: result.n, item: result.item.clone(), state: result.state, problem: result.problem.clone() }
    }

    /// A line of output, made safe for terminals and cut to 500 characters.
    #[must_use]
    pub fn log(n: usize, line: &str) -> Self {
        Self::Log { n, line: line.chars().filter(|c| !c.is_control()).take(500).collect() }
    }

    /// The last event of a run.
    #[must_use]
    pub fn end(results: &[StepResult]) -> Self {
        let count = |state: StepState| results.iter().filter(|result| result.state == state).count();
        let waiting = count(StepState::Waiting);
        Self::End {
            done: count(StepState::Done),
            failed: count(StepState::Failed),
            skipped: count(StepState::Skipped),
            waiting,
            restart_required: waiting > 0,
        }
    }
}
