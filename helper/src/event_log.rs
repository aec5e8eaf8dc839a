// SPDX-License-Identifier: GPL-3.0-or-later
//! A job's events on disk: one line of JSON each, only ever appended to.
//!
//! Invariant: a line counts once its newline is there; a torn last line of a crash is never served.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bkt_core::item::ItemId;
use bkt_core::plan::Plan;
use bkt_core::problem::Problem;
use bkt_core::run::administrator::{INTERRUPTED, UNKNOWN};
use bkt_core::run::{Event, StepResult, StepState};

/// How many bytes of events one answer holds at most.
const ANSWER: usize = 1 << 20;
/// The longest line that is served.
const LINE: u64 = 64 << 10;

/// The events of one job, read from any number on.
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    /// Where each complete line ends.
    ends: Mutex<Vec<u64>>,
}

impl EventLog {
    /// The log at a path, which may not be there yet.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), ends: Mutex::default() }
    }

    /// The events from number `from` on, as many as fit into one answer, and the number after them.
    ///
    /// # Errors
    /// The log is there but cannot be read.
    pub fn read(&self, from: u32) -> io::Result<(Vec<String>, u32)> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), from)),
            other => other?,
        };
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reader = BufReader::new(file);
        grow(&mut reader, &mut ends)?;
        let first = from as usize;
        if first >= ends.len() {
            return Ok((Vec::new(), from));
        }
        let start = if first == 0 { 0 } else { ends[first - 1] };
        reader.seek(SeekFrom::Start(start))?;
        let (mut lines, mut size, mut at) = (Vec::new(), 0, start);
        for end in &ends[first..] {
            let mut line = String::new();
            (&mut reader).take(end - at).read_to_string(&mut line)?;
            size += line.len();
            lines.push(line.trim_end_matches('\n').to_owned());
            at = *end;
            if size >= ANSWER {
                break;
            }
        }
        let next = from.saturating_add(u32::try_from(lines.len()).unwrap_or(u32::MAX));
        Ok((lines, next))
    }
}

/// Finds the lines that were added.
fn grow(reader: &mut BufReader<File>, ends: &mut Vec<u64>) -> io::Result<()> {
    let mut at = ends.last().copied().unwrap_or(0);
    reader.seek(SeekFrom::Start(at))?;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.by_ref().take(LINE).read_until(b'\n', &mut line)?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok(());
        }
        at += read as u64;
        ends.push(at);
    }
}

/// How far the steps of a job came, as its log says.
#[derive(Debug, Default)]
pub struct Progress {
    /// Those that ended, by number.
    pub ended: BTreeMap<usize, StepResult>,
    /// Those that had begun and have no end.
    pub begun: BTreeSet<usize>,
    /// How long the complete lines are, in bytes.
    pub length: u64,
}

/// Reads how far the steps of a job came.
///
/// # Errors
/// The log is there but cannot be read.
pub fn progress(path: &Path) -> io::Result<Progress> {
    let log = EventLog::at(path);
    let (mut progress, mut from) = (Progress::default(), 0);
    loop {
        let (lines, next) = log.read(from)?;
        if lines.is_empty() {
            break;
        }
        from = next;
        for line in lines {
            match serde_json::from_str(&line) {
                Ok(Event::Operation { n, state: StepState::Running, .. }) => {
                    progress.begun.insert(n);
                }
                Ok(Event::Operation { n, item, state, problem }) => {
                    progress.ended.insert(n, StepResult { n, item, state, problem });
                }
                _ => {}
            }
        }
    }
    progress.begun.retain(|n| !progress.ended.contains_key(n));
    progress.length = log.ends.lock().unwrap_or_else(PoisonError::into_inner).last().copied().unwrap_or(0);
    Ok(progress)
}

/// The end of a step that was never begun.
#[must_use]
pub fn skipped(n: usize, item: &ItemId) -> StepResult {
    let problem = Some(Problem::new(INTERRUPTED, "the run was interrupted before this step"));
    StepResult { n, item: item.clone(), state: StepState::Skipped, problem }
}

/// Completes the log of a job whose executor is gone: every step gets an end, and tells which steps had
/// begun and may or may not be done.
///
/// # Errors
/// The log cannot be read or written.
pub fn close(path: &Path, plan: &Plan) -> io::Result<Vec<usize>> {
    let Progress { mut ended, begun, length } = progress(path)?;
    let mut lines = Vec::new();
    for (n, step) in plan.admin_steps() {
        ended.entry(n).or_insert_with(|| {
            let result = if begun.contains(&n) {
                let said = "the run was interrupted during this step; it may or may not be done";
                let problem = Some(Problem::new(UNKNOWN, said));
                StepResult { n, item: step.item.clone(), state: StepState::Failed, problem }
            } else {
                skipped(n, &step.item)
            };
            lines.push(Event::ended(&result));
            result
        });
    }
    lines.push(Event::end(&ended.into_values().collect::<Vec<_>>()));
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    // What a crash tore off is not an event.
    file.set_len(length)?;
    for line in &lines {
        let mut line = serde_json::to_vec(line)?;
        line.push(b'\n');
        file.write_all(&line)?;
    }
    file.sync_data()?;
    Ok(begun.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn events_are_read_from_any_number_and_a_torn_line_waits() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.jsonl");
        let log = EventLog::at(&path);
        assert_eq!(log.read(0).unwrap(), (vec![], 0));
        let mut file = File::create(&path).unwrap();
        file.write_all(b"{\"a\":1}\n{\"b\":2}\n{\"c\"").unwrap();
        assert_eq!(log.read(0).unwrap(), (vec!["{\"a\":1}".to_owned(), "{\"b\":2}".to_owned()], 2));
        assert_eq!(log.read(2).unwrap(), (vec![], 2));
        file.write_all(b":3}\n").unwrap();
        assert_eq!(log.read(1).unwrap(), (vec!["{\"b\":2}".to_owned(), "{\"c\":3}".to_owned()], 3));
        assert_eq!(log.read(7).unwrap(), (vec![], 7));
    }

    #[test]
    fn a_log_that_a_crash_ended_gets_its_ends() {
        use bkt_core::compare::{Effect, Origin};
        use bkt_core::item::{Domain, ItemId};
        use bkt_core::plan::{Action, Preconditions, Step};
        let install = |name: &str| {
            let action = Action::InstallPackage { name: name.parse().unwrap() };
            Step::apply(ItemId::new(Domain::Pkg, name), action, Effect::Now, Origin::New)
        };
        let steps = vec![install("a"), install("b"), install("c")];
        let plan = Plan::new(Preconditions::default(), steps, Vec::new());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.jsonl");
        let mut file = File::create(&path).unwrap();
        for (item, n, state) in [("a", 1, "running"), ("b", 2, "running"), ("a", 1, "done")] {
            writeln!(file, r#"{{"type":"operation","n":{n},"item":"pkg:{item}","state":"{state}"}}"#).unwrap();
        }
        file.write_all(b"{\"type\":\"ope").unwrap();
        assert_eq!(close(&path, &plan).unwrap(), [2]);
        let (lines, _) = EventLog::at(&path).read(3).unwrap();
        assert!(lines[0].contains(r#""n":2,"item":"pkg:b","state":"failed","problem":{"code":"interrupted_unknown""#));
        assert!(lines[1].contains(r#""n":3,"item":"pkg:c","state":"skipped""#));
        assert_eq!(lines[2], r#"{"type":"end","done":1,"failed":1,"skipped":1,"waiting":0,"restart_required":false}"#);
        assert_eq!(lines.len(), 3);
    }
}
