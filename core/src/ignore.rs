// SPDX-License-Identifier: GPL-3.0-or-later
//! `.bktignore`: items a person does not want to hear about.
//!
//! One pattern per line, `*` stands for any text, a bare domain stands for all of it, `#` starts a comment.
//!
//! Invariant: an ignored item is still compared and still agreed on; it is only not counted.

use std::path::Path;

use crate::files;
use crate::item::ItemId;
use crate::recipe::file as recipe;

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
        Self { patterns: text.lines().filter_map(pattern).map(str::to_owned).collect() }
    }

    /// Whether an item is ignored.
    #[must_use]
    pub fn matches(&self, item: &ItemId) -> bool {
        self.why(item).is_some()
    }

    /// The first pattern that covers an item.
    #[must_use]
    pub fn why(&self, item: &ItemId) -> Option<&str> {
        let ids = names(item);
        let covers = |pattern: &&String| ids.iter().any(|id| matches(pattern, id)) || *pattern == item.domain.id();
        self.patterns.iter().find(covers).map(String::as_str)
    }

    /// The patterns, in the order of the file.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().map(String::as_str)
    }
}

/// The pattern a line of the file holds, without its comment.
fn pattern(line: &str) -> Option<&str> {
    let pattern = line.split(" #").next().unwrap_or_default().trim();
    Some(pattern).filter(|pattern| !pattern.is_empty() && !pattern.starts_with('#'))
}

/// What an item may be called: its id, and the plain name where the id says more only to tell it from others.
#[must_use]
pub fn names(item: &ItemId) -> Vec<String> {
    let plain = crate::domain::kind(item.domain).plain(&item.key);
    let mut names = vec![item.to_string()];
    if plain != item.key {
        names.push(ItemId::new(item.domain, plain).to_string());
    }
    names
}

/// Whether a pattern with `*` covers a whole text.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = tail.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    // Each part at its first place leaves the most for those after it.
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Adds an item to a setup's ignore file; the recipe, which takes the file along, follows.
///
/// # Errors
/// The file cannot be read, locked or replaced; it is then unchanged.
pub fn add(setup: &Path, pattern: &str) -> std::io::Result<()> {
    let generated = recipe::generated(setup);
    append(setup, pattern)?;
    // One that cannot follow is out of date, which the next look at it tells.
    let _ = recipe::follow(setup, &generated);
    Ok(())
}

fn append(setup: &Path, pattern: &str) -> std::io::Result<()> {
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

/// Takes every line of a pattern out of a setup's ignore file, and leaves all others as they are; whether there was one.
///
/// # Errors
/// The file cannot be read, locked or replaced; it is then unchanged.
pub fn remove(setup: &Path, unwanted: &str) -> std::io::Result<bool> {
    let _lock = files::lock(setup)?;
    let path = setup.join(IGNORE_FILE);
    let before = files::read(&path)?.unwrap_or_default();
    let after: String = before.split_inclusive('\n').filter(|line| pattern(line) != Some(unwanted)).collect();
    if after == before {
        return Ok(false);
    }
    files::replace(&path, after.as_bytes()).map(|()| true)
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
    fn only_the_line_itself_is_taken_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(IGNORE_FILE);
        let text = "# mine\r\n\r\n  pkg:htop  # why\nflatpak:com.*\n# pkg:htop\npkg:htop2";
        files::replace(&path, text.as_bytes()).unwrap();
        assert!(remove(dir.path(), "pkg:htop").unwrap() && !remove(dir.path(), "pkg:htop").unwrap());
        assert_eq!(files::read(&path).unwrap().unwrap(), text.replace("  pkg:htop  # why\n", ""));
        let ignored = Ignored::load(dir.path()).unwrap();
        assert_eq!(ignored.why(&"flatpak:com.x".parse().unwrap()), Some("flatpak:com.*"));
        assert_eq!(ignored.why(&"pkg:htop".parse().unwrap()), None);
    }

    #[test]
    fn a_star_stands_for_any_text_and_many_of_them_take_no_longer() {
        for (pattern, text) in
            [("a*c", "abc"), ("a*c", "ac"), ("*b*", "abc"), ("a**c", "abc"), ("*a*aa", "aaa"), ("*", "")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a*a", "a"), ("*ab*ab", "ab"), ("a*c", "abcd"), ("*b*b*", "abc")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert!(!matches(&format!("{}b", "*a".repeat(500)), &"a".repeat(1000)));
    }

    #[test]
    fn adding_twice_writes_once() {
        let dir = tempfile::tempdir().unwrap();
        add(dir.path(), "pkg:htop").unwrap();
        add(dir.path(), "pkg:htop").unwrap();
        assert_eq!(files::read(&dir.path().join(IGNORE_FILE)).unwrap().as_deref(), Some("pkg:htop\n"));
    }
}
