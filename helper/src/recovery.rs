// SPDX-License-Identifier: GPL-3.0-or-later
//! What became of jobs that a crash or a power cut ended.
//!
//! A job that was begun is looked at by an executor of its own, because only that may read the computer; this is what the
//! broker does where that is not possible.
//!
//! Invariant: nothing is ever run again by itself; a job whose executor is gone, that has no end and cannot be looked at
//! is `interrupted`, with the steps of which nobody knows how they ended.

use std::io;

use bkt_core::plan::Plan;
use jiff::Timestamp;

use crate::event_log;
use crate::job::{JobId, Record, State};
use crate::store::Store;

/// Whether an executor can look up what became of a job that has none any more.
#[must_use]
pub fn can_look_up(store: &Store, id: &JobId) -> bool {
    store.record(id).is_ok_and(|record| record.state == State::Running && !record.looked_up)
}

/// Settles a job whose executor is not running (any more): its events get an end, its record a state.
///
/// # Errors
/// The job cannot be read or written.
pub fn settle(store: &Store, id: &JobId, now: Timestamp) -> io::Result<Record> {
    let mut record = store.record(id)?;
    if record.state.is_end() {
        return Ok(record);
    }
    let plan = Plan::from_bytes(store.plan(id)?.as_bytes()).map_err(io::Error::other)?;
    record.unknown_steps = event_log::close(&store.events(id), &plan)?;
    record.state = State::Interrupted;
    record.ended_at = Some(now);
    store.write(id, &record)?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(store: &Store, state: State) -> JobId {
        let id = JobId::random().unwrap();
        let plan = Plan::new(bkt_core::plan::Preconditions::default(), Vec::new(), Vec::new());
        std::fs::create_dir(store.directory(&id)).unwrap();
        bkt_core::files::replace(&store.directory(&id).join("plan"), &plan.to_bytes()).unwrap();
        let record = serde_json::json!({
            "format": "bkt.job", "format_version": "1.0", "id": id.as_str(), "uid": 1000, "sha256": plan.sha256(),
            "summary": "", "actions": [], "authorized_at": "2026-01-01T00:00:00Z", "state": state,
        });
        store.write(&id, &serde_json::from_value(record).unwrap()).unwrap();
        id
    }

    #[test]
    fn only_a_job_without_an_end_is_interrupted() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::below(dir.path());
        store.prepare().unwrap();
        for state in [State::Pending, State::Running] {
            let id = job(&store, state);
            assert_eq!(settle(&store, &id, Timestamp::UNIX_EPOCH).unwrap().state, State::Interrupted);
            assert_eq!(store.record(&id).unwrap().state, State::Interrupted);
            assert!(bkt_core::files::read(&store.events(&id)).unwrap().unwrap().contains(r#""type":"end""#));
        }
        for state in [State::Done, State::Partial, State::Failed, State::Interrupted] {
            let id = job(&store, state);
            assert_eq!(settle(&store, &id, Timestamp::UNIX_EPOCH).unwrap().state, state);
            assert!(!store.events(&id).exists());
        }
    }
}
