// SPDX-License-Identifier: GPL-3.0-or-later
//! `.bktignore`: items a person does not want to hear about.
//!
//! One pattern per line, `*` stands for any text, a bare domain stands for all of it, `#` starts a comment.
//!
//! Invariant: an ignored item is still compared and still agreed on; it is only not counted.

use std::path::Path;

use crate::files;
use crate::item::ItemId;

/// The ignore patterns of a setup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignored {
    patterns: Vec<String>,
}

/// The ignore file inside a setup.
pub const IGNORE_FILE: &str = ".bktignore";

impl Ignored {
    /// Reads the patterns of a setup; none where there is no file.
    ///
    /// # Errors
    /// The file is there but cannot be read.
    pub fn load(setup: &Path) -> std::io::Result<Self> {
        Ok(Self::parse(&files::read(&setup.join(IGNORE_FILE))?.unwrap_or_default()))
    }

    /// Reads patterns from text.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
        Self { patterns: lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect() }
    }

    /// Whether an item is ignored.
    #[must_use]
    pub fn matches(&self, item: &ItemId) -> bool {
        let id = item.to_string();
        self.patterns.iter().any(|pattern| matches(pattern, &id) || pattern == item.domain.id())
    }
}

/// Whether a pattern with `*` covers a whole text.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| matches(tail, &rest[at..]))
}

/// Adds an item to a setup's ignore file.
///
/// # Errors
/// The file cannot be read, locked or replaced; it is then unchanged.
pub fn add(setup: &Path, pattern: &str) -> std::io::Result<()> {
    let _lock = files::lock(setup)?;
    let path = setup.join(IGNORE_FILE);
    let mut text = files::read(&path)?.unwrap_or_default();
    if Ignored::parse(&text).patterns.iter().any(|known| known == pattern) {
        return Ok(());
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(pattern);
    text.push('\n');
    files::replace(&path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_items_globs_and_whole_domains() {
        let ignored = Ignored::parse("# games\nflatpak:com.valvesoftware.*\nkarg\npkg:htop  # mine\n");
        let covers = |id: &str| ignored.matches(&id.parse().unwrap());
        assert!(covers("flatpak:com.valvesoftware.Steam") && covers("karg:quiet") && covers("pkg:htop"));
        assert!(!covers("flatpak:org.gnome.Boxes") && !covers("pkg:htop2"));
    }

    #[test]
    fn adding_twice_writes_once() {
        let dir = tempfile::tempdir().unwrap();
        add(dir.path(), "pkg:htop").unwrap();
        add(dir.path(), "pkg:htop").unwrap();
        assert_eq!(files::read(&dir.path().join(IGNORE_FILE)).unwrap().as_deref(), Some("pkg:htop\n"));
    }
}
