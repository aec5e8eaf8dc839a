// SPDX-License-Identifier: GPL-3.0-or-later
//! The broker on a bus of its own: who may do what, and what is refused.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod client;
mod jobs;
mod lab;
mod logind;
mod permission;
mod plans;
mod polkit;
mod races;
mod surface;
mod systemd;
