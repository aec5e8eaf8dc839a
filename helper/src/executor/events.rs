// SPDX-License-Identifier: GPL-3.0-or-later
//! The write-ahead journal of a job: its events, on the disk before the work goes on.
//!
//! Invariant: when a step begins or ended, its line is on the disk when [`Events::write`] returns; if it
//! cannot be written, the process ends there rather than do what nobody would know of. That is never while a tool of
//! ours works: the records of a batch are written before its first tool begins and after its last one ended, on the one
//! thread that runs them, and all that comes between is what a tool says. A line of that which cannot be written is
//! left out, as ending the process would kill the tool in the middle of its transaction.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bkt_core::plan::Plan;
use bkt_core::run::{Event, StepResult, StepState};

use super::problem;
use super::vigil::Vigil;
use crate::job::JobId;
use crate::journal::{self, Entry};

/// The events of the job that is executed.
#[derive(Debug)]
pub(super) struct Events {
    log: Arc<Mutex<Log<File>>>,
    id: JobId,
    sha256: String,
    vigil: Vigil,
    /// Whether it was noted that a line was left out.
    is_noted: bool,
}

/// An event as it is stored.
fn line(event: &Event) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    Ok(line)
}

/// What whole lines are added to.
trait Ends: Write {
    /// Takes away what is behind `length`.
    fn cut(&self, length: u64) -> io::Result<()>;
}

impl Ends for File {
    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// Whole lines: of one that could not be written to its end nothing stays, so that the next one stands for itself.
#[derive(Debug)]
struct Log<F> {
    file: F,
    length: u64,
    is_torn: bool,
}

impl<F: Ends> Log<F> {
    fn add(&mut self, line: &[u8]) -> io::Result<()> {
        self.mend()?;
        let added = self.file.write_all(line);
        match added {
            Ok(()) => self.length += line.len() as u64,
            Err(_) => {
                self.is_torn = true;
                // What cannot be taken away now is in the way of the next line.
                let _ = self.mend();
            }
        }
        added
    }

    fn mend(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.file.cut(self.length)?;
            self.is_torn = false;
        }
        Ok(())
    }
}

fn hold<F>(log: &Mutex<Log<F>>) -> MutexGuard<'_, Log<F>> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether someone has to know of it, whatever becomes of the run; the rest is only good to know.
const fn is_record(event: &Event) -> bool {
    !matches!(event, Event::Log { .. } | Event::Progress { .. })
}

impl Events {
    pub(super) fn create(path: &Path, id: &JobId, sha256: &str, plan: &Plan) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
        if let Some(directory) = path.parent() {
            File::open(directory)?.sync_all()?;
        }
        Ok(Self::over(file, 0, id, sha256, plan))
    }

    /// Goes on after the complete lines of a run that was cut off, `length` bytes of them.
    pub(super) fn resume(path: &Path, length: u64, id: &JobId, sha256: &str, plan: &Plan) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        file.set_len(length)?;
        Ok(Self::over(file, length, id, sha256, plan))
    }

    fn over(file: File, length: u64, id: &JobId, sha256: &str, plan: &Plan) -> Self {
        let log = Arc::new(Mutex::new(Log { file, length, is_torn: false }));
        let (beside, job) = (Arc::clone(&log), id.clone());
        let vigil = Vigil::begin(plan, move |n, silence| {
            let minutes = silence.as_secs() / 60;
            let said = format!("nothing was heard of this step for {minutes} minutes; it may hang, and is not ended");
            journal::say(
                &Entry::new(journal::STEP_HANGS, format!("Step {n} of job {job}: {said}"))
                    .with("JOB_ID", &job)
                    .with("STEP", n),
            );
            // The journal has it in any case.
            let _ = line(&Event::log(n, &said)).and_then(|line| hold(&beside).add(&line));
        });
        Self { log, id: id.clone(), sha256: sha256.to_owned(), vigil, is_noted: false }
    }

    /// Writes an event; the sink of the run.
    pub(super) fn write(&mut self, event: &Event) {
        self.vigil.hear(event);
        let event = problem::named(event.clone());
        match self.store(&event) {
            Ok(()) => {}
            Err(error) if is_record(&event) => {
                journal::say(&Entry::new(journal::HELPER, format!("job {} cannot be journalled: {error}", self.id)));
                std::process::exit(74);
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_noted, true) {
                    let said = format!("job {}: some of what its tools say is left out: {error}", self.id);
                    journal::say(&Entry::new(journal::HELPER, said));
                }
            }
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
        let mut log = hold(&self.log);
        log.add(&line(event)?)?;
        if is_record(event) { log.file.sync_data() } else { Ok(()) }
    }

    /// Writes the last event.
    pub(super) fn end(&mut self, results: &[StepResult]) -> io::Result<()> {
        self.store(&Event::end(results))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with room for so many bytes, which may refuse to take any away.
    #[derive(Debug, Default)]
    struct Full {
        room: usize,
        holds: std::cell::RefCell<Vec<u8>>,
        keeps: bool,
    }

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut holds = self.holds.borrow_mut();
            let fits = bytes.len().min(self.room.saturating_sub(holds.len()));
            holds.extend(&bytes[..fits]);
            if fits == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(fits) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Ends for Full {
        fn cut(&self, length: u64) -> io::Result<()> {
            if self.keeps {
                return Err(io::ErrorKind::Other.into());
            }
            self.holds.borrow_mut().truncate(usize::try_from(length).unwrap());
            Ok(())
        }
    }

    #[test]
    fn of_a_line_that_does_not_fit_nothing_stays() {
        let mut log = Log { file: Full { room: 8, ..Full::default() }, length: 0, is_torn: false };
        log.add(b"one\n").unwrap();
        assert_eq!(log.add(b"three\n").unwrap_err().kind(), io::ErrorKind::StorageFull);
        log.add(b"two\n").unwrap();
        assert_eq!(*log.file.holds.borrow(), b"one\ntwo\n");
        log.file.keeps = true;
        log.file.room = 10;
        log.add(b"four\n").unwrap_err();
        log.file.room = 20;
        // What is torn stays the end for as long as it cannot be taken away.
        log.add(b"five\n").unwrap_err();
        assert_eq!(*log.file.holds.borrow(), b"one\ntwo\nfo");
        log.file.keeps = false;
        log.add(b"six\n").unwrap();
        assert_eq!(*log.file.holds.borrow(), b"one\ntwo\nsix\n");
    }

    #[test]
    fn what_a_tool_says_does_not_end_a_run_that_cannot_write_it() {
        let plan = Plan::new(bkt_core::plan::Preconditions::default(), Vec::new(), Vec::new());
        // Nothing can ever be written to it, nor taken from it.
        let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let mut events = Events::over(full, 0, &JobId::random().unwrap(), "", &plan);
        events.write(&Event::log(1, "Installing htop"));
        events.write(&Event::Progress { n: 1, percent: 50, stage: bkt_core::run::Stage::Working });
        assert!(events.is_noted);
        assert!(events.end(&[]).is_err(), "a record is told of");
    }
}
