// SPDX-License-Identifier: GPL-3.0-or-later
//! The write-ahead journal of a job: its events, on the disk before the work goes on.
//!
//! Invariant: when a step begins or ended, its line is on the disk when [`Events::write`] returns; if it
//! cannot be written, the process ends there rather than do what nobody would know of.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use bkt_core::plan::Plan;
use bkt_core::run::{Event, StepResult, StepState};

use super::problem;
use super::vigil::Vigil;
use crate::job::JobId;
use crate::journal::{self, Entry};

/// The events of the job that is executed.
#[derive(Debug)]
pub(super) struct Events {
    file: File,
    id: JobId,
    sha256: String,
    vigil: Vigil,
}

/// An event as it is stored.
fn line(event: &Event) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    Ok(line)
}

impl Events {
    pub(super) fn create(path: &Path, id: &JobId, sha256: &str, plan: &Plan) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
        if let Some(directory) = path.parent() {
            File::open(directory)?.sync_all()?;
        }
        Self::over(file, id, sha256, plan)
    }

    /// Goes on after the complete lines of a run that was cut off, `length` bytes of them.
    pub(super) fn resume(path: &Path, length: u64, id: &JobId, sha256: &str, plan: &Plan) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        file.set_len(length)?;
        Self::over(file, id, sha256, plan)
    }

    fn over(file: File, id: &JobId, sha256: &str, plan: &Plan) -> io::Result<Self> {
        let (mut beside, job) = (file.try_clone()?, id.clone());
        let vigil = Vigil::begin(plan, move |n, silence| {
            let minutes = silence.as_secs() / 60;
            let said = format!("nothing was heard of this step for {minutes} minutes; it may hang, and is not ended");
            journal::say(
                &Entry::new(journal::STEP_HANGS, format!("Step {n} of job {job}: {said}"))
                    .with("JOB_ID", &job)
                    .with("STEP", n),
            );
            // One write to the end of the file, so it never tears a line of the run. The journal has it in any case.
            let _ = line(&Event::log(n, &said)).and_then(|line| beside.write_all(&line));
        });
        Ok(Self { file, id: id.clone(), sha256: sha256.to_owned(), vigil })
    }

    /// Writes an event; the sink of the run.
    pub(super) fn write(&mut self, event: &Event) {
        self.vigil.hear(event);
        let event = problem::named(event.clone());
        if let Err(error) = self.store(&event) {
            journal::say(&Entry::new(journal::HELPER, format!("job {} cannot be journalled: {error}", self.id)));
            std::process::exit(74);
        }
        if let Event::Operation { n, item, state, problem } = &event {
            let begins = *state == StepState::Running;
            let kind = if begins { journal::STEP_STARTED } else { journal::STEP_ENDED };
            let word = serde_json::to_string(state).unwrap_or_default().replace('"', "");
            let mut entry = Entry::new(kind, format!("Step {n} of job {}, {item}: {word}", self.id))
                .with("JOB_ID", &self.id)
                .with("PLAN_HASH", &self.sha256)
                .with("STEP", n)
                .with("ITEM", item)
                .with("RESULT", word);
            if let Some(problem) = problem {
                entry = entry.with("PROBLEM", &problem.message);
            }
            journal::say(&entry);
        }
    }

    fn store(&mut self, event: &Event) -> io::Result<()> {
        self.file.write_all(&line(event)?)?;
        if matches!(event, Event::Log { .. } | Event::Progress { .. }) { Ok(()) } else { self.file.sync_data() }
    }

    /// Writes the last event.
    pub(super) fn end(&mut self, results: &[StepResult]) -> io::Result<()> {
        self.store(&Event::end(results))
    }
}
