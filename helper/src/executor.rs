// SPDX-License-Identifier: GPL-3.0-or-later
//! The executor: does one approved job as root, and writes down what it does before it does it.
//!
//! It trusts the broker only for the approval: the plan is decoded and hashed again, its age and state are
//! checked, and the preconditions are probed under the lock.
//!
//! Invariant: a job is run once; whatever happens, its record and its events say how it ended, or the
//! next broker says that nobody knows.

mod events;
mod problem;
mod termination;
mod units;

use bkt_core::host::live::LiveHost;
use bkt_core::plan::{Plan, hash};
use bkt_core::problem::Problem;
use bkt_core::run::{StepResult, StepState, administrator};
use jiff::{SignedDuration, Timestamp};

use crate::job::{JobId, Record, State};
use crate::journal::{self, Entry};
use crate::protected;
use crate::store::Store;
use events::Events;
use termination::Termination;
use units::SystemdUnits;

/// How old an approval may be.
const FRESH: SignedDuration = SignedDuration::from_mins(15);

/// Executes a job of the system's store and tells how it ended.
///
/// # Errors
/// The job is not one to run; nothing was changed.
pub fn execute(id: &str) -> anyhow::Result<State> {
    anyhow::ensure!(rustix::process::geteuid().is_root(), "the executor is started by systemd as root");
    let id: JobId = id.parse()?;
    let store = Store::of_system();
    let (mut record, plan) = checked(&store, &id, Timestamp::now())?;
    let mut events = Events::create(&store.events(&id), &id, &record.sha256)?;
    record.state = State::Running;
    store.write(&id, &record)?;
    let results = match run(&store, &id, &plan, &mut events) {
        Ok(results) => results,
        Err(problem) => refused(&plan, &problem, &mut events),
    };
    events.end(&results)?;
    record.state = State::of(&results);
    record.ended_at = Some(Timestamp::now());
    store.write(&id, &record)?;
    Ok(record.state)
}

/// Reads a job and checks that it is approved, untouched, recent, and was never run.
fn checked(store: &Store, id: &JobId, now: Timestamp) -> anyhow::Result<(Record, Plan)> {
    let record = store.record(id)?;
    anyhow::ensure!(record.state == State::Pending, "job {id} was already run");
    let age = now.duration_since(record.authorized_at);
    anyhow::ensure!(age <= FRESH && age >= -FRESH, "the permission for job {id} is too old");
    let bytes = store.plan(id)?;
    anyhow::ensure!(hash(bytes.as_bytes()) == record.sha256, "the plan of job {id} is not the one that was approved");
    let plan = Plan::from_bytes(bytes.as_bytes())?;
    anyhow::ensure!(protected::first_in(&plan).is_none(), "the plan of job {id} turns off a protected unit");
    Ok((record, plan))
}

/// Does the work under the lock.
fn run(store: &Store, id: &JobId, plan: &Plan, events: &mut Events) -> Result<Vec<StepResult>, Problem> {
    let lock = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(store.lock());
    let lock = lock.map_err(|error| Problem::new("internal", format!("the lock cannot be opened: {error}")))?;
    lock.try_lock().map_err(|_| Problem::new("busy", "another change of this computer is running"))?;
    let units = SystemdUnits::new()?;
    let termination = Termination::watch()
        .map_err(|error| Problem::new("internal", format!("signals cannot be received: {error}")))?;
    let request = store.stop_request(id);
    let stop = || termination.is_asked() || request.exists();
    administrator::perform(plan, &LiveHost::of_system(), &units, &stop, &mut |event| events.write(event))
        .map_err(|stale| Problem::new("plan_stale", format!("the plan is out of date: {stale}")))
}

/// Tells of every step that it was not tried.
fn refused(plan: &Plan, problem: &Problem, events: &mut Events) -> Vec<StepResult> {
    journal::say(&Entry::new(journal::HELPER, &problem.message));
    let skipped = |(n, step): (usize, &bkt_core::plan::Step)| StepResult {
        n,
        item: step.item.clone(),
        state: StepState::Skipped,
        problem: Some(problem.clone()),
    };
    let results: Vec<StepResult> = plan.admin_steps().map(skipped).collect();
    results.iter().for_each(|result| events.write(&bkt_core::run::Event::ended(result)));
    results
}
