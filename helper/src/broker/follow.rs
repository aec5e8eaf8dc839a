// SPDX-License-Identifier: GPL-3.0-or-later
//! Starting the executor of a job and following it to its end.
//!
//! systemd's start job of a oneshot unit is over when its process ended, so `JobRemoved` tells of the end of
//! the executor, also to a broker that was started in the middle of the job. When the unit is told to stop,
//! the start job goes at once and the stop job when the process ended, so the unit is looked at each time.
//! It is also looked at now and then without a signal, so that one look that failed is not the last one.
//!
//! Invariant: the watch and the signal are set up before the executor is started, so no end is missed.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

use super::watch_dir::WatchDir;
use super::{Broker, Job};
use crate::auth::next;
use crate::job::State;
use crate::journal::{self, Entry};
use crate::recovery;
use crate::systemd::{JobRemovedStream, executor_runs, executor_unit};

/// How long systemd is not asked whether the executor still runs.
const LOOK: Duration = Duration::from_secs(30);
/// How soon it is asked again after it could not say.
const RETRY: Duration = Duration::from_secs(1);

/// Starts the executor of a new job.
pub(super) async fn launch(broker: &Arc<Broker>, job: Arc<Job>) -> anyhow::Result<()> {
    let (watch, removed) = prepare(broker, &job).await?;
    broker.export(&job).await?;
    broker.manager.start_unit(&executor_unit(job.id.as_str()), "replace").await?;
    advance(&job, State::Running);
    spawn(broker, job, watch, removed);
    Ok(())
}

/// Takes up a job that an earlier broker started.
pub(super) async fn resume(broker: &Arc<Broker>, job: Arc<Job>) -> anyhow::Result<()> {
    let (watch, removed) = prepare(broker, &job).await?;
    if executor_runs(&broker.manager, job.id.as_str()).await? || look_up(broker, &job).await {
        spawn(broker, job, watch, removed);
    } else {
        end(broker, &job).await;
    }
    Ok(())
}

/// Has an executor look up what became of a job that was cut off; whether one was started.
async fn look_up(broker: &Broker, job: &Job) -> bool {
    let unit = executor_unit(job.id.as_str());
    recovery::can_look_up(&broker.store, &job.id) && broker.manager.start_unit(&unit, "replace").await.is_ok()
}

async fn prepare(broker: &Broker, job: &Job) -> anyhow::Result<(WatchDir, JobRemovedStream)> {
    let watch = WatchDir::on(&broker.store.directory(&job.id))?;
    let unit = executor_unit(job.id.as_str());
    let removed = broker.manager.receive_job_removed_with_args(&[(2, unit.as_str())]).await?;
    // A second subscription of one connection is refused, and the first one still stands.
    let _ = broker.manager.subscribe().await;
    Ok((watch, removed))
}

fn spawn(broker: &Arc<Broker>, job: Arc<Job>, watch: WatchDir, removed: JobRemovedStream) {
    broker.running.send_modify(|count| *count += 1);
    let broker = broker.clone();
    tokio::spawn(async move {
        let mut removed = pin!(removed);
        let mut watching = true;
        let mut looked_up = false;
        let mut look = Instant::now() + LOOK;
        loop {
            tokio::select! {
                removed = next(removed.as_mut()) => if removed.is_none() {
                    // The bus is gone and the helper ends; the next one takes the job up.
                    return;
                },
                () = sleep_until(look) => {}
                changed = watch.changed(), if watching => {
                    match changed {
                        Ok(()) => job.state.send_modify(|_| {}),
                        // Only the waiting gets longer: readers still see the end.
                        Err(_) => watching = false,
                    }
                    continue;
                }
            }
            match executor_runs(&broker.manager, job.id.as_str()).await {
                // Once: an executor that cannot even write that it looks would be started for ever.
                Ok(false) if !looked_up && look_up(&broker, &job).await => {
                    looked_up = true;
                    look = Instant::now() + LOOK;
                }
                Ok(false) => break,
                Ok(true) => look = Instant::now() + LOOK,
                // While systemd cannot say, the job has not ended.
                Err(_) => look = Instant::now() + RETRY,
            }
        }
        end(&broker, &job).await;
        broker.running.send_modify(|count| *count -= 1);
    });
}

/// Settles a job whose executor is gone or never came: as its record says, or as interrupted.
pub(super) async fn end(broker: &Broker, job: &Job) {
    let settled = recovery::settle(&broker.store, &job.id, Timestamp::now());
    let state = match settled {
        Ok(record) => record.state,
        Err(error) => {
            journal::say(&Entry::new(journal::HELPER, format!("job {} cannot be settled: {error}", job.id)));
            State::Interrupted
        }
    };
    let kind = if state == State::Interrupted { journal::JOB_INTERRUPTED } else { journal::JOB_ENDED };
    journal::say(
        &Entry::new(kind, format!("Job {} ended: {}", job.id, state.as_str()))
            .with("JOB_ID", &job.id)
            .with("PLAN_HASH", &job.sha256)
            .with("CALLER_UID", job.uid)
            .with("RESULT", state.as_str()),
    );
    // What nobody reads any more may be left behind.
    let _ = remove_request(&broker.store.stop_request(&job.id));
    advance(job, state);
}

/// Moves a job's state forward and tells the calls that wait; nobody else is told, as jobs are private.
fn advance(job: &Job, state: State) {
    job.state.send_modify(|now| {
        if !now.is_end() {
            *now = state;
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "an empty file that only says stop; nothing to keep")]
fn remove_request(path: &std::path::Path) -> std::io::Result<()> {
    std::fs::remove_file(path)
}
