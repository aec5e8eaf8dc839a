// SPDX-License-Identifier: GPL-3.0-or-later
//! The executor: does one approved job as root, and writes down what it does before it does it.
//!
//! It trusts the broker only for the approval: the plan is decoded and hashed again, its age and state are
//! checked, and the preconditions are probed under the lock.
//!
//! Invariant: a job is run once; whatever happens, its record and its events say how it ended. One that was cut off is
//! looked at once, and where that is cut off, too, the broker says that nobody knows.

mod events;
mod problem;
pub mod shield;
mod termination;
mod units;
mod vigil;

use bkt_core::host::live::LiveHost;
use bkt_core::plan::{Plan, hash};
use bkt_core::problem::Problem;
use bkt_core::run::administrator::UNKNOWN;
use bkt_core::run::{StepResult, StepState, administrator};
use jiff::{SignedDuration, Timestamp};

use crate::actions;
use crate::event_log::{self, Progress};
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
    if record.state == State::Running {
        return look_up(&store, &id, record, &plan);
    }
    let mut events = Events::create(&store.events(&id), &id, &record.sha256, &plan)?;
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

/// Finds out what became of a job whose executor ended without saying how, and writes that down. Nothing is run again.
fn look_up(store: &Store, id: &JobId, mut record: Record, plan: &Plan) -> anyhow::Result<State> {
    let _lock = locked(store).map_err(|problem| anyhow::anyhow!("job {id}: {}", problem.message))?;
    // Once only: what ended this one, too, would end the next.
    record.looked_up = true;
    store.write(id, &record)?;
    let Progress { ended, begun, length } = event_log::progress(&store.events(id))?;
    let mut events = Events::resume(&store.events(id), length, id, &record.sha256, plan)?;
    let mut results = ended;
    let found = administrator::look_up(plan, &LiveHost::of_system(), &begun, &mut |event| events.write(event));
    let unknown = |result: &&StepResult| result.problem.as_ref().is_some_and(|problem| problem.code == UNKNOWN);
    record.unknown_steps = found.iter().filter(unknown).map(|result| result.n).collect();
    results.extend(found.into_iter().map(|result| (result.n, result)));
    for (n, step) in plan.admin_steps() {
        results.entry(n).or_insert_with(|| {
            let result = event_log::skipped(n, &step.item);
            events.write(&bkt_core::run::Event::ended(&result));
            result
        });
    }
    let results: Vec<StepResult> = results.into_values().collect();
    events.end(&results)?;
    record.state = State::of(&results);
    record.ended_at = Some(Timestamp::now());
    store.write(id, &record)?;
    Ok(record.state)
}

/// Reads a job and checks that it is approved, untouched, recent, and was never run; or that it was begun and has no end.
fn checked(store: &Store, id: &JobId, now: Timestamp) -> anyhow::Result<(Record, Plan)> {
    let record = store.record(id)?;
    anyhow::ensure!(record.id == id.as_str(), "the record of job {id} is another job’s");
    let was_cut_off = record.state == State::Running && !record.looked_up;
    anyhow::ensure!(record.state == State::Pending || was_cut_off, "job {id} was already run");
    let age = now.duration_since(record.authorized_at);
    anyhow::ensure!(was_cut_off || (age <= FRESH && age >= -FRESH), "the permission for job {id} is too old");
    let bytes = store.plan(id)?;
    anyhow::ensure!(hash(bytes.as_bytes()) == record.sha256, "the plan of job {id} is not the one that was approved");
    let plan = Plan::from_bytes(bytes.as_bytes())?;
    let needed = actions::needed(&plan);
    anyhow::ensure!(needed.iter().eq(&record.actions), "job {id} is not approved for all its steps");
    anyhow::ensure!(protected::first_in(&plan).is_none(), "the plan of job {id} changes what is protected");
    Ok((record, plan))
}

/// Takes the lock of whoever changes the system.
fn locked(store: &Store) -> Result<std::fs::File, Problem> {
    let lock = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(store.lock());
    let lock = lock.map_err(|error| Problem::new("internal", format!("the lock cannot be opened: {error}")))?;
    lock.try_lock().map_err(|_| Problem::new("busy", "another change of this computer is running"))?;
    Ok(lock)
}

/// Does the work under the lock.
fn run(store: &Store, id: &JobId, plan: &Plan, events: &mut Events) -> Result<Vec<StepResult>, Problem> {
    let _lock = locked(store)?;
    let units = SystemdUnits::new(id.as_str())?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use bkt_core::plan::{Preconditions, Step};

    /// A job as the broker writes it, with its record changed.
    fn job(store: &Store, change: impl Fn(&mut Record)) -> JobId {
        use bkt_core::compare::{Effect, Origin};
        use bkt_core::item::{Domain, ItemId};
        let action = bkt_core::plan::Action::InstallPackage { name: "htop".parse().unwrap() };
        let step = Step::apply(ItemId::new(Domain::Pkg, "htop"), action, Effect::Now, Origin::New);
        let plan = Plan::new(
            Preconditions { rpmdb: Some(bkt_core::plan::hash(b"")), ..Preconditions::default() },
            vec![step],
            Vec::new(),
        );
        let id = JobId::random().unwrap();
        std::fs::create_dir(store.directory(&id)).unwrap();
        bkt_core::files::replace(&store.directory(&id).join("plan"), &plan.to_bytes()).unwrap();
        let record = serde_json::json!({
            "format": "bkt.job", "format_version": "1.0", "id": id.as_str(), "uid": 1000, "sha256": plan.sha256(),
            "summary": "", "actions": ["org.bkt.helper.packages-install"],
            "authorized_at": "2026-01-01T00:00:00Z", "state": "pending",
        });
        let mut record = serde_json::from_value(record).unwrap();
        change(&mut record);
        store.write(&id, &record).unwrap();
        id
    }

    #[test]
    fn only_an_approved_untouched_recent_job_is_run_and_only_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::below(dir.path());
        store.prepare().unwrap();
        let now: Timestamp = "2026-01-01T00:01:00Z".parse().unwrap();
        let refused =
            |change: fn(&mut Record)| checked(&store, &job(&store, change), now).map(|_| ()).unwrap_err().to_string();
        assert!(checked(&store, &job(&store, |_| {}), now).is_ok());
        assert!(refused(|record| record.state = State::Done).contains("already run"));
        let looked_up = |record: &mut Record| (record.state, record.looked_up) = (State::Running, true);
        assert!(refused(looked_up).contains("already run"));
        // One that was cut off is looked at, however old its permission is: nothing is run.
        let cut_off = |record: &mut Record| {
            (record.state, record.authorized_at) = (State::Running, Timestamp::UNIX_EPOCH);
        };
        assert!(checked(&store, &job(&store, cut_off), now).is_ok());
        assert!(refused(|record| record.state = State::Interrupted).contains("already run"));
        assert!(refused(|record| record.sha256 = "0".repeat(64)).contains("not the one that was approved"));
        assert!(
            refused(|record| record.actions = vec!["org.bkt.helper.services".to_owned()]).contains("all its steps")
        );
        assert!(refused(|record| record.actions.clear()).contains("all its steps"));
        assert!(refused(|record| record.authorized_at = Timestamp::UNIX_EPOCH).contains("too old"));
        assert!(refused(|record| record.id = "x".to_owned()).contains("another job"));
    }

    #[test]
    fn a_job_others_could_write_or_a_link_is_refused() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let dir = tempfile::tempdir().unwrap();
        let store = Store::below(dir.path());
        store.prepare().unwrap();
        let id = job(&store, |_| {});
        let plan = store.directory(&id).join("plan");
        std::fs::set_permissions(&plan, PermissionsExt::from_mode(0o666)).unwrap();
        assert!(store.plan(&id).is_err());
        let (other, linked) = (job(&store, |_| {}), JobId::random().unwrap());
        assert!(store.plan(&other).is_ok());
        symlink(store.directory(&other), store.directory(&linked)).unwrap();
        assert!(store.plan(&linked).is_err());
    }
}
