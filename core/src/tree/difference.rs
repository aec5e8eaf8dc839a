// SPDX-License-Identifier: GPL-3.0-or-later
//! How two files differ, line by line where they are text.
//!
//! Invariant: data that is no text is said to be so, never printed.

use serde::Serialize;

use super::FileState;
use crate::recipe::{Counted, counted};

/// The difference between two files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Whether one of them is no text, so that its lines are not shown.
    pub binary: bool,
    /// Lines that come.
    pub added: usize,
    /// Lines that go.
    pub removed: usize,
    /// Unified; empty where the contents are equal or no text.
    pub diff: String,
}

/// One of two files: what it is, and its content, empty for a link or where there is none.
#[derive(Debug, Clone, Copy)]
pub struct Half<'h> {
    /// What it is.
    pub state: Option<&'h FileState>,
    /// Its content.
    pub content: &'h [u8],
}

impl Half<'_> {
    fn text(&self) -> Option<String> {
        match self.state {
            // As git shows it.
            Some(FileState::Link { link }) => Some(format!("{link}\n")),
            None | Some(FileState::File { .. }) if self.content.contains(&0) => None,
            None | Some(FileState::File { .. }) => String::from_utf8(self.content.to_vec()).ok(),
        }
    }
}

/// Compares two files of a name.
#[must_use]
pub fn difference(before: Half<'_>, after: Half<'_>, name: &str) -> Difference {
    let (Some(old), Some(new)) = (before.text(), after.text()) else {
        return Difference { binary: true, added: 0, removed: 0, diff: String::new() };
    };
    let Counted { unified, added, removed } = counted(&old, &new, name);
    Difference { binary: false, added, removed, diff: unified }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_and_data_is_not() {
        let half = |content| Half { state: None, content };
        let text = difference(half(b"a\nb\n"), half(b"a\nc\n"), ".bashrc");
        assert_eq!((text.binary, text.added, text.removed), (false, 1, 1));
        assert!(text.diff.starts_with("--- a/.bashrc\n+++ b/.bashrc\n"), "{}", text.diff);
        for data in [&b"\0"[..], b"\xff"] {
            let binary = difference(half(b"a\n"), half(data), "x");
            assert!(binary.binary && binary.diff.is_empty());
        }
        let link = FileState::Link { link: "/etc".into() };
        let linked = difference(half(b"a\n"), Half { state: Some(&link), content: b"" }, "x");
        assert!(linked.diff.contains("+/etc\n"), "{}", linked.diff);
    }
}
