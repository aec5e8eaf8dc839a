// SPDX-License-Identifier: GPL-3.0-or-later
//! The pages of the window.
//!
//! Invariant: a page is told what to show and tells what was asked for; it never calls core.

pub(crate) mod change_detail;
pub(crate) mod changes;
pub(crate) mod history;
pub(crate) mod overview;
pub(crate) mod placeholder;
pub(crate) mod plan;
pub(crate) mod run;
pub(crate) mod sidebar;
