// SPDX-License-Identifier: GPL-3.0-or-later
//! A job's events on disk: one line of JSON each, only ever appended to.
//!
//! Invariant: a line counts once its newline is there; a torn last line of a crash is never served.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bkt_core::run::{Event, StepState};

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

/// What a log says of the steps: those that were begun and not ended, and whether any was begun.
///
/// # Errors
/// The log is there but cannot be read.
pub fn open_steps(path: &Path) -> io::Result<(Vec<usize>, bool)> {
    let log = EventLog::at(path);
    let (mut open, mut any, mut from) = (Vec::new(), false, 0);
    loop {
        let (lines, next) = log.read(from)?;
        if lines.is_empty() {
            return Ok((open, any));
        }
        from = next;
        for line in lines {
            if let Ok(Event::Operation { n, state, .. }) = serde_json::from_str(&line) {
                open.retain(|step| *step != n);
                if state == StepState::Running {
                    any = true;
                    open.push(n);
                }
            }
        }
    }
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
    fn a_step_without_an_end_is_open() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.jsonl");
        assert_eq!(open_steps(&path).unwrap(), (vec![], false));
        let mut file = File::create(&path).unwrap();
        for (n, state) in [(1, "running"), (2, "running"), (1, "done")] {
            writeln!(file, r#"{{"type":"operation","n":{n},"item":"pkg:htop","state":"{state}"}}"#).unwrap();
        }
        assert_eq!(open_steps(&path).unwrap(), (vec![2], true));
    }
}
