// SPDX-License-Identifier: GPL-3.0-or-later
//! Names of branches made from titles.
//!
//! Invariant: what comes out is a valid name of a branch (git-check-ref-format(1)) below `bkt/`.

/// How long a name becomes, in characters.
const LONGEST: usize = 50;

/// A branch's name for a title; the `n`th of several with the same.
pub(super) fn branch(title: &str, n: u32) -> String {
    let mut slug = String::new();
    for c in title.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => slug.push(c.to_ascii_lowercase()),
            // An apostrophe parts no word.
            '\'' | '’' => {}
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
        if slug.len() >= LONGEST {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    let slug = if slug.is_empty() { "changes" } else { slug };
    match n {
        0 | 1 => format!("bkt/{slug}"),
        n => format!("bkt/{slug}-{n}"),
    }
}

#[cfg(test)]
mod tests {
    use super::branch;

    #[test]
    fn titles_become_names() {
        assert_eq!(branch("Add Boxes; clock format ‘12h’", 1), "bkt/add-boxes-clock-format-12h");
        assert_eq!(branch("../-evil.lock", 2), "bkt/evil-lock-2");
        assert_eq!(branch("Ändern", 1), "bkt/ndern");
        assert_eq!(branch("…", 3), "bkt/changes-3");
        assert!(branch(&"long title ".repeat(20), 12).len() <= 4 + 50 + 3);
    }
}
