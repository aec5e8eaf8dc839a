// SPDX-License-Identifier: GPL-3.0-or-later
//! What a run is about to change on this computer alone, written down before it does.
//!
//! A run that ends turns it into records itself. One that is cut off leaves it, and the next comparison decides: what
//! is so on the computer becomes a record, what is not is forgotten.
//!
//! Invariant: it is there before the computer changes, and no longer once it is known what became of it.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::compare::{Change, Comparison};
use crate::deployment;
use crate::host::Host;
use crate::item::ItemId;
use crate::plan::{Direction, Plan, Step};
use crate::run::Outcome;
use crate::run::receipt;
use crate::value::Value;

/// How long what a run that was cut off had begun may still come true: the helper, and tools that outlive whoever
/// started them, finish what they do.
const OUTLIVES: SignedDuration = SignedDuration::from_hours(1);

/// One item that a run is about to change on this computer alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intended {
    /// The number of the run; 0 where it could not be given one.
    pub run: u64,
    /// The item.
    pub item: ItemId,
    /// Its value before; `null` when it was not there.
    #[serde(default)]
    from: Option<Json>,
    /// The value it is to have; `null` when it is to go, or to be what it was before it was first changed.
    #[serde(default)]
    to: Option<Json>,
    /// When the run began.
    pub timestamp: Timestamp,
    /// In which start of the computer.
    #[serde(default)]
    pub boot_id: Option<String>,
    /// The command.
    pub command: String,
}

/// What became of an item that a run was to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Became {
    /// It is so, and whoever did it is gone.
    So,
    /// It is so, and the run that does it writes that down itself.
    SoAndRunning,
    /// It is not so, and will not be.
    Nothing,
    /// That is not known yet.
    Open,
}

/// What a plan changes on the computer, as it is written down before.
pub(super) fn of(plan: &Plan, run: u64, host: &dyn Host, command: &str) -> Vec<Intended> {
    let (timestamp, boot_id) = (host.now(), deployment::boot_id(host));
    let mut all: Vec<Intended> = Vec::new();
    let changes = |step: &&Step| step.direction == Direction::Apply && !step.action.is_momentary();
    for step in plan.steps.iter().filter(changes) {
        let (item, from, to) = (step.item.clone(), step.from.clone(), step.to.clone());
        // The last step for an item says what it is to be.
        all.retain(|earlier| earlier.item != item);
        all.push(Intended { run, item, from, to, timestamp, boot_id: boot_id.clone(), command: command.to_owned() });
    }
    all
}

impl Intended {
    /// What became of it. `state` is where receipts are.
    pub(super) fn became(&self, comparison: &Comparison, state: &Path) -> Became {
        if comparison.is_unread(&self.item) {
            return Became::Open;
        }
        let is_so = self.is_so(comparison);
        let began = comparison.compared_at.duration_since(self.timestamp);
        match receipt::outcome(state, self.run) {
            Some(Outcome::Running) if is_so => Became::SoAndRunning,
            Some(Outcome::Running) => Became::Open,
            _ if is_so => Became::So,
            Some(Outcome::CutOff) if began < OUTLIVES => Became::Open,
            _ => Became::Nothing,
        }
    }

    /// Whether it is so on the computer, and not in the setup.
    pub(super) fn is_so(&self, comparison: &Comparison) -> bool {
        comparison.change(&self.item).is_some_and(|change| self.is_met_by(change))
    }

    /// Whether a difference is what it was to lead to.
    fn is_met_by(&self, change: &Change) -> bool {
        let value = |json: &Option<Json>| Value::from_json(self.item.domain, json.as_ref()?);
        match (value(&self.to), &change.computer) {
            (Some(to), now) => now.as_ref().is_some_and(|now| to.is_met_by(now)),
            (None, now) => *now != value(&self.from),
        }
    }
}
