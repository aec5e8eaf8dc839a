// SPDX-License-Identifier: GPL-3.0-or-later
//! Problems: one machine-readable shape for everything that could not be done or read.
//!
//! Invariant: a problem says what happened to which thing, and at most one next step.

use serde::{Deserialize, Serialize};

/// A failure or a reason something could not be checked, as it appears in JSON, receipts and the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Stable word for programs, for example `command_missing`.
    pub code: String,
    /// One sentence for people, without a final period.
    pub message: String,
    /// The one next step, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Who is in the way, where that is why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Box<Holder>>,
}

/// A program that holds what a step needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its name, where one can be found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its process number, where it is the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
}

impl Problem {
    /// A problem without a next step.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), hint: None, holder: None }
    }

    /// Adds the next step.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
