// SPDX-License-Identifier: GPL-3.0-or-later
//! A job: one approved plan, its owner, and how far it is.
//!
//! Invariant: a job's state only moves forward, `pending` → `running` → one of the four that end it; an
//! ended job is never run again.

use std::fmt;
use std::str::FromStr;

use bkt_core::digest::hex;
use bkt_core::run::StepResult;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A job's name: 128 random bits in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(String);

/// Text that is no job id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a job id is 32 hexadecimal digits")]
pub struct JobIdError;

impl JobId {
    /// A new one.
    ///
    /// # Errors
    /// The kernel gives no random bytes.
    pub fn random() -> std::io::Result<Self> {
        Ok(Self(random_hex()?))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 128 random bits in hexadecimal.
///
/// # Errors
/// The kernel gives no random bytes.
pub fn random_hex() -> std::io::Result<String> {
    let mut bytes = [0_u8; 16];
    if rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())? != bytes.len() {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(hex(&bytes))
}

impl FromStr for JobId {
    type Err = JobIdError;
    fn from_str(text: &str) -> Result<Self, JobIdError> {
        if text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(JobIdError)
        }
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Approved, not begun.
    Pending,
    /// The executor is at work.
    Running,
    /// Every step is done.
    Done,
    /// Some steps are.
    Partial,
    /// None is.
    Failed,
    /// The executor ended without saying how.
    Interrupted,
}

impl State {
    /// Whether the job is over.
    #[must_use]
    pub const fn is_end(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// As text, for D-Bus.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// How a run ended.
    #[must_use]
    pub fn of(results: &[StepResult]) -> Self {
        use bkt_core::run::StepState::{Done, Waiting};
        let good = results.iter().filter(|result| matches!(result.state, Done | Waiting)).count();
        match good {
            good if good == results.len() => Self::Done,
            0 => Self::Failed,
            _ => Self::Partial,
        }
    }
}

/// What `job.json` says of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Always `bkt.job`.
    pub format: String,
    /// Always `1.x`.
    pub format_version: String,
    /// The job.
    pub id: String,
    /// Who asked for it.
    pub uid: u32,
    /// The plan's hash.
    pub sha256: String,
    /// What the person was told.
    pub summary: String,
    /// The polkit actions that were authorised.
    pub actions: Vec<String>,
    /// When that was.
    pub authorized_at: Timestamp,
    /// How far it is.
    pub state: State,
    /// Whether its executor ended without saying how, and another one looks up what became of its steps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub looked_up: bool,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Steps that were begun and of which nobody knows whether they were finished.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_steps: Vec<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_random_and_nothing_else_is_an_id() {
        let (one, two) = (JobId::random().unwrap(), JobId::random().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.as_str().parse(), Ok(one.clone()));
        for text in ["", "../../etc", "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcde"] {
            assert_eq!(text.parse::<JobId>(), Err(JobIdError), "{text}");
        }
    }

    #[test]
    fn only_four_states_end_a_job() {
        let ends = [State::Done, State::Partial, State::Failed, State::Interrupted];
        assert!(ends.iter().all(|state| state.is_end()));
        assert!(!State::Pending.is_end() && !State::Running.is_end());
        assert_eq!(State::of(&[]), State::Done);
    }
}
