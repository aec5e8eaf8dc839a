// SPDX-License-Identifier: GPL-3.0-or-later
//! Starting the executor of a job and following it to its end.
//!
//! systemd's start job of a oneshot unit is over when its process ended, so `JobRemoved` tells of the end of
//! the executor, also to a broker that was started in the middle of the job. When the unit is told to stop,
//! the start job goes at once and the stop job when the process ended, so the unit is looked at each time.
//!
//! Invariant: the watch and the signal are set up before the executor is started, so no end is missed.

use std::pin::pin;
use std::sync::Arc;

use jiff::Timestamp;

use super::watch_dir::WatchDir;
use super::{Broker, Job, JobObject};
use crate::auth::next;
use crate::job::State;
use crate::journal::{self, Entry};
use crate::recovery;
use crate::systemd::{JobRemovedStream, executor_runs, executor_unit};

/// Starts the executor of a new job.
pub(super) async fn launch(broker: &Arc<Broker>, job: Arc<Job>) -> anyhow::Result<()> {
    let (watch, removed) = prepare(broker, &job).await?;
    broker.export(&job).await?;
    broker.manager.start_unit(&executor_unit(job.id.as_str()), "replace").await?;
    advance(broker, &job, State::Running).await;
    spawn(broker, job, watch, removed);
    Ok(())
}

/// Takes up a job that an earlier broker started.
pub(super) async fn resume(broker: &Arc<Broker>, job: Arc<Job>) -> anyhow::Result<()> {
    let (watch, removed) = prepare(broker, &job).await?;
    if executor_runs(&broker.manager, job.id.as_str()).await? {
        spawn(broker, job, watch, removed);
    } else {
        end(broker, &job).await;
    }
    Ok(())
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
        loop {
            tokio::select! {
                _job = next(removed.as_mut()) => if is_over(&broker, &job).await { break },
                changed = watch.changed() => match changed {
                    Ok(()) => job.state.send_modify(|_| {}),
                    // Only the waiting gets longer: readers still see the end.
                    Err(_) => {
                        while next(removed.as_mut()).await.is_some() && !is_over(&broker, &job).await {}
                        break;
                    }
                },
            }
        }
        end(&broker, &job).await;
        broker.running.send_modify(|count| *count -= 1);
    });
}

/// Whether the executor has ended; while systemd cannot say, it has not.
async fn is_over(broker: &Broker, job: &Job) -> bool {
    executor_runs(&broker.manager, job.id.as_str()).await.is_ok_and(|runs| !runs)
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
    advance(broker, job, state).await;
}

/// Moves a job's state forward and tells everyone who waits.
async fn advance(broker: &Broker, job: &Job, state: State) {
    job.state.send_modify(|now| {
        if !now.is_end() {
            *now = state;
        }
    });
    if let Ok(object) = broker.connection.object_server().interface::<_, JobObject>(job.path()).await {
        let _ = object.get().await.state_changed(object.signal_emitter()).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "an empty file that only says stop; nothing to keep")]
fn remove_request(path: &std::path::Path) -> std::io::Result<()> {
    std::fs::remove_file(path)
}
