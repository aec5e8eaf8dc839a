// SPDX-License-Identifier: GPL-3.0-or-later
//! Every member of the helper's D-Bus interfaces and what it takes to use it: the one table.
//!
//! Invariant: a call is admitted as a [`Member`], so a method without a row here has no way to a caller;
//! what the objects export is compared with the table by the tests, and each row is tried as root, as
//! administrators, as a user and as `nobody`.

use bkt_helper_api::action;

use crate::quota::Kind;

/// What it takes to use a member. The quota comes before all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Nothing more: the answer is made from the call alone.
    Call,
    /// Nothing more: the answer is about jobs of the caller's; root's is about all.
    OwnJobs,
    /// polkit's yes to the plan and to every kind of power in it.
    Plan,
    /// The job is the caller's, or the caller is root; anyone else is told there is no such job.
    Job,
    /// The same, or polkit's yes to this action.
    JobOr(&'static str),
}

/// A method or property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the interface has the words")]
pub enum Member {
    Preview,
    Apply,
    Status,
    History,
    Events,
    Cancel,
    State,
    PlanSha256,
}

/// What the table says of a member.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its interface.
    pub interface: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Whether it is a property.
    pub is_property: bool,
    /// What it takes.
    pub guard: Guard,
    /// What a call of it counts as.
    pub kind: Kind,
}

const HELPER: &str = "org.bkt.Helper1";
const JOB: &str = "org.bkt.Helper1.Job";

impl Member {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Preview,
        Self::Apply,
        Self::Status,
        Self::History,
        Self::Events,
        Self::Cancel,
        Self::State,
        Self::PlanSha256,
    ];

    /// Its row.
    #[must_use]
    pub const fn row(self) -> Row {
        let (interface, name, is_property, guard, kind) = match self {
            Self::Preview => (HELPER, "Preview", false, Guard::Call, Kind::Call),
            Self::Apply => (HELPER, "Apply", false, Guard::Plan, Kind::Call),
            Self::Status => (HELPER, "Status", false, Guard::OwnJobs, Kind::Call),
            Self::History => (HELPER, "History", false, Guard::OwnJobs, Kind::Call),
            Self::Events => (JOB, "Events", false, Guard::Job, Kind::Wait),
            Self::Cancel => (JOB, "Cancel", false, Guard::JobOr(action::CANCEL_FOREIGN), Kind::Call),
            Self::State => (JOB, "State", true, Guard::Job, Kind::Call),
            Self::PlanSha256 => (JOB, "PlanSha256", true, Guard::Job, Kind::Call),
        };
        Row { interface, name, is_property, guard, kind }
    }
}
