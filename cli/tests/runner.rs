// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt` as people and scripts meet it: what it prints where, its exit codes, and what it leaves on the disk.
//!
//! Tests of [`sample`] run on a copy of the sample computer that `BKT_SAMPLE` names (`./dev sample DIR`).
//!
//! Invariant: no test reads or changes the computer it runs on, its home or its session.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::disallowed_methods, reason = "tests start programs, read their environment and prepare files")]

mod admin;
mod appimage;
mod bare;
mod bin;
mod boxes;
mod brew;
mod build_info;
mod changelog;
mod completions;
mod computer;
mod containerfile;
mod crash;
mod delegation;
mod documents;
mod flatpak;
mod gsetting;
mod help;
mod ignored;
mod init;
mod kept;
mod kinds;
mod older;
mod open;
mod personal;
mod repository;
mod sample;
mod saved_plan;
mod temporary;
mod terminal;
mod topgrade;
mod verbs;
