// SPDX-License-Identifier: GPL-3.0-or-later
//! The root side of Bucket, in two programs.
//!
//! `bkt-helper` is the *broker*: it sits on the system bus, reads plans, asks polkit, keeps the jobs and
//! tells how they go. It has no capabilities, no network, and runs no program. `bkt-executor` is started by
//! systemd for one job that the broker approved, reads it from disk, checks everything again, and does the
//! work; it outlives the broker.
//!
//! Invariant: nothing but [`auth::Gate`] makes an [`auth::Authorized`] plan, and nothing but such a plan
//! becomes a job. Before that, bytes are only decoded in memory.

#![forbid(unsafe_code)]

pub mod actions;
pub mod auth;
pub mod broker;
pub mod caller;
pub mod event_log;
pub mod executor;
pub mod job;
pub mod journal;
pub mod protected;
pub mod quota;
pub mod recovery;
pub mod store;
pub mod systemd;
pub mod watchdog;
