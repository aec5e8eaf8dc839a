// SPDX-License-Identifier: GPL-3.0-or-later
//! How a command ends: an answer or a failure, each with its exit code.
//!
//! Invariant: a failure says what happened in one sentence and at most one next step; its code is stable.

use bkt_core::host::HostError;
use bkt_core::i18n::gettext;
use bkt_core::plan::PlanError;
use bkt_core::plan::build::BuildError;
use bkt_core::problem::Problem;
use bkt_core::run::RunError;
use bkt_core::session::{SessionError, WishError};
use bkt_core::setup::SetupError;
use serde_json::{Value as Json, json};

/// The exit codes of `bkt`, the same for every command.
pub(crate) mod exit {
    /// Done.
    pub(crate) const DONE: u8 = 0;
    /// Failed; nothing was changed.
    pub(crate) const FAILED: u8 = 1;
    /// Wrong usage, an unknown item, or an answer is missing.
    pub(crate) const USAGE: u8 = 2;
    /// Differences were found, where a command was asked to tell.
    pub(crate) const DIFFERENCES: u8 = 3;
    /// Permission was not given.
    pub(crate) const NOT_AUTHORIZED: u8 = 4;
    /// Some of it was done.
    pub(crate) const PARTIAL: u8 = 5;
    /// Not possible here.
    pub(crate) const NOT_POSSIBLE: u8 = 6;
    /// No difference was found, but something could not be checked.
    pub(crate) const UNCHECKED: u8 = 7;
    /// Stopped by Ctrl-C.
    pub(crate) const INTERRUPTED: u8 = 130;
}

/// What a command has to say.
#[derive(Debug)]
pub(crate) struct Answer {
    /// For people, on standard output.
    pub(crate) text: String,
    /// For programs, on standard output instead, with `--json`.
    pub(crate) document: Json,
    /// What to do next, for people, on standard error.
    pub(crate) hints: String,
    /// The exit code.
    pub(crate) exit: u8,
    /// Whether the text is a file or another program's, whose lines are never broken.
    pub(crate) verbatim: bool,
}

impl Answer {
    /// An answer that ends well.
    pub(crate) fn new(text: impl Into<String>, document: Json) -> Self {
        Self { text: text.into(), document, hints: String::new(), exit: exit::DONE, verbatim: false }
    }

    /// With what to do next.
    pub(crate) fn hinted(mut self, hints: impl Into<String>) -> Self {
        self.hints = hints.into();
        self
    }

    /// With a text that is a file or another program's.
    pub(crate) const fn verbatim(mut self) -> Self {
        self.verbatim = true;
        self
    }

    /// With another exit code.
    pub(crate) const fn exiting(mut self, exit: u8) -> Self {
        self.exit = exit;
        self
    }

    /// An answer that ended well although something that was asked for by name was not done: `exit` where nothing
    /// else was done either.
    pub(crate) fn unfinished(mut self, nothing_done: bool, problem: &Problem, exit: u8) -> Self {
        if self.exit == exit::DONE {
            self.exit = if nothing_done { exit } else { exit::PARTIAL };
            let Problem { code, message, hint, .. } = problem;
            self.document["error"] = json!({"code": code, "message": message, "hint": hint, "exit": self.exit});
        }
        self
    }
}

/// Why a command did nothing.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What happened.
    pub(crate) problem: Problem,
    /// The exit code.
    pub(crate) exit: u8,
}

impl Failure {
    /// A failure with its stable word, its sentence and its exit code.
    pub(crate) fn new(exit: u8, code: &str, message: impl Into<String>) -> Self {
        Self { problem: Problem::new(code, message), exit }
    }

    /// With the one next step.
    pub(crate) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.problem.hint = Some(hint.into());
        self
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match &error {
            SessionError::Setup(SetupError::NotFound(_)) => {
                Self::new(exit::NOT_POSSIBLE, "repo_not_found", error.to_string())
                    .hinted(gettext("Name its folder with ‘-C DIR’, or start one with ‘bkt init’"))
            }
            SessionError::File { .. } => Self::new(exit::FAILED, "file_unusable", error.to_string()),
        }
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        let (exit, code) = match &error {
            BuildError::NoChange(_) => (exit::USAGE, "no_change"),
            BuildError::Name { .. } => (exit::NOT_POSSIBLE, "name_invalid"),
            BuildError::TooMany { .. } | BuildError::TooLarge => (exit::NOT_POSSIBLE, "too_many"),
            BuildError::Plan(_) => (exit::NOT_POSSIBLE, "plan_invalid"),
            BuildError::Unknown { problem, .. } => {
                let mut failure = Self::new(exit::NOT_POSSIBLE, &problem.code, error.to_string());
                failure.problem.hint.clone_from(&problem.hint);
                return failure;
            }
            BuildError::Fixed { .. } => (exit::NOT_POSSIBLE, "not_possible"),
            BuildError::Manifest(_) => (exit::NOT_POSSIBLE, "manifest_invalid"),
            BuildError::Setup(_) => (exit::FAILED, "file_unusable"),
        };
        Self::new(exit, code, error.to_string())
    }
}

impl From<WishError> for Failure {
    fn from(error: WishError) -> Self {
        match error {
            WishError::Session(error) => error.into(),
            WishError::Plan(error) => error.into(),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::new(exit::FAILED, "plan_stale", error.to_string()).hinted(gettext("Run ‘bkt plan show’ again"))
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        Self::new(exit::FAILED, "plan_invalid", error.to_string())
            .hinted(gettext("Make it again with ‘bkt plan show -o FILE’"))
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        Self::new(exit::FAILED, error.code(), error.to_string())
    }
}
