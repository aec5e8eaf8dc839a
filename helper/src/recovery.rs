// SPDX-License-Identifier: GPL-3.0-or-later
//! What became of jobs that a crash or a power cut ended.
//!
//! Invariant: nothing is ever run again by itself; a job whose executor is gone and that has no end is
//! `interrupted`, with the steps of which nobody knows how they ended.

use std::path::Path;

use crate::event_log::open_steps;
use crate::job::{Record, State};

/// The record of a job whose executor is not running (any more).
///
/// # Errors
/// The job's events cannot be read.
pub fn settle(mut record: Record, events: &Path, now: jiff::Timestamp) -> std::io::Result<Record> {
    if record.state.is_end() {
        return Ok(record);
    }
    record.unknown_steps = open_steps(events)?.0;
    record.state = State::Interrupted;
    record.ended_at = Some(now);
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn record(state: State) -> Record {
        serde_json::from_value(serde_json::json!({
            "format": "bkt.job", "format_version": "1.0", "id": "0", "uid": 1000, "sha256": "", "summary": "",
            "actions": [], "authorized_at": "2026-01-01T00:00:00Z", "state": state,
        }))
        .unwrap()
    }

    #[test]
    fn only_a_job_without_an_end_is_interrupted() {
        let dir = tempfile::tempdir().unwrap();
        let events = dir.path().join("events.jsonl");
        let now = jiff::Timestamp::UNIX_EPOCH;
        let settled = settle(record(State::Pending), &events, now).unwrap();
        assert_eq!((settled.state, settled.unknown_steps), (State::Interrupted, vec![]));
        let mut file = std::fs::File::create(&events).unwrap();
        writeln!(file, r#"{{"type":"operation","n":3,"item":"pkg:htop","state":"running"}}"#).unwrap();
        let settled = settle(record(State::Running), &events, now).unwrap();
        assert_eq!((settled.state, settled.unknown_steps), (State::Interrupted, vec![3]));
        for state in [State::Done, State::Partial, State::Failed, State::Interrupted] {
            assert_eq!(settle(record(state), &events, now).unwrap(), record(state));
        }
    }
}
