// SPDX-License-Identifier: GPL-3.0-or-later
//! `CHANGELOG.md`, in the form of keepachangelog.com.
//!
//! Invariant: every byte outside the version's own block stays.

use super::change::Kind;
use super::release::Version;

/// The file's name in a setup.
pub(super) const FILE: &str = "CHANGELOG.md";
/// Where older versions of the command insert.
const MARK: &str = "<!-- changelog entries start -->";
const EMPTY: &str = "# Changelog\n\n<!-- changelog entries start -->\n";

/// The text with a version's block in it, above the others.
pub(super) fn with(text: Option<&str>, version: &Version) -> String {
    let text = text.filter(|text| !text.trim().is_empty()).unwrap_or(EMPTY);
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let block = block(version).replace('\n', newline);
    let title = format!("## [{}]", version.version);
    let heads: Vec<usize> = lines(text).filter(|(_, line)| line.starts_with("## [")).map(|(at, _)| at).collect();
    // A release that was cut off has written it already.
    if let Some(at) = heads.iter().copied().find(|at| text[*at..].starts_with(&title)) {
        let end = heads.iter().copied().find(|head| *head > at).unwrap_or(text.len());
        return format!("{}{block}{}", &text[..at], &text[end..]);
    }
    let mark = lines(text).find(|(_, line)| line.trim() == MARK).map(|(at, line)| at + line.len());
    let at = mark.or_else(|| heads.first().copied()).unwrap_or(text.len());
    let (before, after) = text.split_at(at);
    let gap = if before.ends_with(&format!("{newline}{newline}")) || before.is_empty() { "" } else { newline };
    let gap = if before.ends_with('\n') || before.is_empty() { gap.to_owned() } else { format!("{newline}{gap}") };
    // What follows had its own empty line before it.
    let after = if mark.is_some() { after.trim_start_matches(['\r', '\n']) } else { after };
    format!("{before}{gap}{block}{after}")
}

/// Each line with its end, and where it begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let begin = at;
        at += line.len();
        (begin, line)
    })
}

fn block(version: &Version) -> String {
    let mut out = format!("## [{}] - {}\n\n", version.version, version.date);
    for (kind, ..) in Kind::ALL {
        let of_kind: Vec<String> =
            version.changes.iter().filter(|change| change.kind == kind).map(super::Change::line).collect();
        if !of_kind.is_empty() {
            out.push_str(&format!("### {}\n\n", kind.heading()));
            of_kind.iter().for_each(|line| out.push_str(&format!("- {line}\n")));
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changelog::{Category, Change};

    fn version(name: &str) -> Version {
        let at = "2026-11-23T09:00:00Z".parse().unwrap();
        let mut htop = Change::new(at, Kind::Added, Category::Package, "htop");
        htop.pr = Some(7);
        Version {
            version: name.to_owned(),
            date: "2026-11-23".to_owned(),
            image_digest: None,
            base_image: None,
            changes: vec![htop, Change::new(at, Kind::Removed, Category::Gsetting, "clock-format")],
            rest: Default::default(),
        }
    }

    const BLOCK: &str =
        "## [1.2] - 2026-11-23\n\n### Added\n\n- Package: htop (PR #7)\n\n### Removed\n\n- Setting: clock-format\n\n";

    #[test]
    fn a_version_stands_above_the_others_and_nothing_else_changes() {
        assert_eq!(with(None, &version("1.2")), format!("{EMPTY}\n{BLOCK}"));
        for (before, after) in [
            ("# Mine\n\nWords.\n\n", "## [1.1] - 2026-11-01\n\n- x\n"),
            ("# Mine\n\n<!-- changelog entries start -->\n\n", "## [1.1] - 2026-11-01\n\n- x\n"),
        ] {
            assert_eq!(with(Some(&format!("{before}{after}")), &version("1.2")), format!("{before}{BLOCK}{after}"));
        }
        let windows = with(Some("# Mine\r\n\r\n## [1.1]\r\n"), &version("1.2"));
        assert_eq!(windows, format!("# Mine\r\n\r\n{}## [1.1]\r\n", BLOCK.replace('\n', "\r\n")));
        assert_eq!(with(Some("# Mine"), &version("1.2")), format!("# Mine\n\n{BLOCK}"));
    }

    #[test]
    fn a_block_that_is_there_is_written_again() {
        let once = with(Some("# Mine\n\n## [1.1]\n\n- x\n"), &version("1.2"));
        assert_eq!(with(Some(&once), &version("1.2")), once);
    }
}
