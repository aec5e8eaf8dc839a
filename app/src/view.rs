// SPDX-License-Identifier: GPL-3.0-or-later
//! What the window shows, as plain values.
//!
//! Invariant: nothing here knows the toolkit; widgets only place what these modules decided.

pub(crate) mod detail;
pub(crate) mod generation;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod marks;
pub(crate) mod overview;
pub(crate) mod plan;
pub(crate) mod row;
pub(crate) mod run;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod time;

/// A count as gettext wants it.
pub(crate) fn n32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
