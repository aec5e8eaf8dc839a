// SPDX-License-Identifier: GPL-3.0-or-later
//! What the helper did, in the system journal, by journald's native protocol (systemd.journal-fields(7)).
//!
//! Invariant: values come from validated grammars or are stripped of control characters, and a journal
//! that cannot be reached never stops the work.

use std::fmt::Display;
use std::io::Write;
use std::os::unix::net::UnixDatagram;

const SOCKET: &str = "/run/systemd/journal/socket";

/// Permission was given or refused.
pub const AUTHORIZATION: &str = "6e1f0a8d7b7c4d0f8a54f3f2f7a1c901";
/// A job was made from an approved plan.
pub const JOB_STARTED: &str = "6e1f0a8d7b7c4d0f8a54f3f2f7a1c902";
/// A step began.
pub const STEP_STARTED: &str = "6e1f0a8d7b7c4d0f8a54f3f2f7a1c903";
/// A step ended.
pub const STEP_ENDED: &str = "6e1f0a8d7b7c4d0f8a54f3f2f7a1c904";
/// A job ended.
pub const JOB_ENDED: &str = "6e1f0a8d7b7c4d0f8a54f3f2f7a1c905";
/// A job was found interrupted.
pub const JOB_INTERRUPTED: &str = "6e1f0a8d7b7c4d0f8a54f3f2f7a1c906";
/// Someone asked for a job to be stopped.
pub const JOB_CANCELLED: &str = "6e1f0a8d7b7c4d0f8a54f3f2f7a1c907";
/// A step was silent for longer than it should be.
pub const STEP_HANGS: &str = "6e1f0a8d7b7c4d0f8a54f3f2f7a1c909";
/// The helper itself has something to say.
pub const HELPER: &str = "6e1f0a8d7b7c4d0f8a54f3f2f7a1c908";

/// One entry.
#[derive(Debug)]
pub struct Entry(String);

impl Entry {
    /// An entry of a kind, with its message.
    #[must_use]
    pub fn new(message_id: &str, message: impl Display) -> Self {
        let program = std::env::args().next().unwrap_or_default();
        let program = program.rsplit('/').next().unwrap_or_default().to_owned();
        Self(String::new())
            .with("MESSAGE_ID", message_id)
            .with("PRIORITY", 5)
            .with("SYSLOG_IDENTIFIER", program)
            .with("MESSAGE", message)
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Display) -> Self {
        let value: String = value.to_string().chars().filter(|c| !c.is_control()).take(1000).collect();
        self.0.push_str(&format!("{field}={value}\n"));
        self
    }
}

/// Sends an entry.
pub fn say(entry: &Entry) {
    let sent = UnixDatagram::unbound().and_then(|socket| socket.send_to(entry.0.as_bytes(), SOCKET));
    if sent.is_err() {
        let message = entry.0.lines().find_map(|line| line.strip_prefix("MESSAGE=")).unwrap_or_default();
        // Not by eprintln!, which ends the thread where nobody reads it either.
        let _ = writeln!(std::io::stderr(), "<5>{message}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_add_a_field() {
        let entry = Entry::new(HELPER, "one\nPRIORITY=0").with("STEP", "a\nB=c");
        assert!(entry.0.contains("MESSAGE=onePRIORITY=0\n") && entry.0.contains("STEP=aB=c\n"));
    }
}
