// SPDX-License-Identifier: GPL-3.0-or-later
//! Line differences, as `diff -u` shows them.
//!
//! Invariant: equal texts have an empty difference.

use similar::{ChangeTag, TextDiff};

/// A difference with how many lines come and go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Unified, with the file's name in its head.
    pub unified: String,
    /// Lines that come.
    pub added: usize,
    /// Lines that go.
    pub removed: usize,
}

/// The difference between two states of a file.
#[must_use]
pub fn counted(before: &str, after: &str, name: &str) -> Counted {
    if before == after {
        return Counted::default();
    }
    let diff = TextDiff::from_lines(before, after);
    let (mut added, mut removed) = (0, 0);
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Insert => added += 1,
            ChangeTag::Delete => removed += 1,
            ChangeTag::Equal => {}
        }
    }
    let unified = diff.unified_diff().header(&format!("a/{name}"), &format!("b/{name}")).to_string();
    Counted { unified, added, removed }
}

/// The same without counting.
#[must_use]
pub fn unified(before: &str, after: &str, name: &str) -> String {
    counted(before, after, name).unified
}
