// SPDX-License-Identifier: GPL-3.0-or-later
//! The file that makes Topgrade update this system rightly, and show afterwards what differs from the setup.
//!
//! Topgrade reads `topgrade.toml` (or `topgrade/topgrade.toml`) of the person's configuration folder, and before it
//! every file of `topgrade.d` there. It reads nothing below `/etc` but what one of these files includes, so that the
//! `/etc/topgrade.toml` of older setups does nothing by itself.
//!
//! Its own step “System update” is told how this kind of system is updated; what Bucket adds are commands, which
//! Topgrade runs after its own steps.
//!
//! Invariant: a file that says something else than what would be written is never taken for ours.

use crate::deployment::HostKind;

/// Where the file is, below the person's configuration folder.
pub const FILE: &str = "topgrade.d/50-bkt.toml";
/// The files Topgrade itself looks for, below the person's configuration folder.
pub const MAIN_FILES: [&str; 2] = ["topgrade.toml", "topgrade/topgrade.toml"];
/// What older setups have, which Topgrade does not look for.
pub const UNREAD: &str = "/etc/topgrade.toml";

/// What Topgrade runs for Bucket: the name in its summary, and the command. Neither asks, and neither fails because
/// something differs.
pub const COMMANDS: [(&str, &str); 2] =
    [("Bucket: after an update", "bkt first-boot"), ("Bucket: what differs", "bkt status")];

/// What the file says on a kind of computer.
#[must_use]
pub fn content(kind: HostKind) -> String {
    let mut text = "# Written by ‘bkt topgrade install’; ‘bkt topgrade remove’ takes it away.\n\n".to_owned();
    let how = match kind {
        HostKind::Image | HostKind::ImageOnly | HostKind::Composefs => Some("bootc = true"),
        // bootc does not update a system with layered packages, nor one of an ostree remote.
        HostKind::Layered | HostKind::Ostree => Some("rpm_ostree = true"),
        HostKind::Package | HostKind::Container => None,
    };
    if let Some(how) = how {
        text.push_str(&format!("[linux]\n{how}\n\n"));
    }
    text.push_str("[commands]\n");
    for (name, command) in COMMANDS {
        text.push_str(&format!("\"{name}\" = \"{command}\"\n"));
    }
    text
}

/// How a file stands to what would be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is not there.
    Missing,
    /// It says just that.
    Current,
    /// It says something else: another kind of system, an older Bucket, or a person's own words.
    Different,
}

impl State {
    /// Its name in documents.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Current => "current",
            Self::Different => "different",
        }
    }
}

/// How a file's text stands to what would be written on a kind of computer.
#[must_use]
pub fn state(text: Option<&str>, kind: HostKind) -> State {
    match text {
        None => State::Missing,
        Some(text) if text == content(kind) => State::Current,
        Some(_) => State::Different,
    }
}

/// Whether one of the main files' texts has Topgrade read [`UNREAD`].
#[must_use]
pub fn includes_unread(text: &str) -> bool {
    let paths = text.parse::<toml::Table>().ok().and_then(|table| table.get("include")?.get("paths").cloned());
    paths.and_then(|paths| Some(paths.as_array()?.iter().any(|path| path.as_str() == Some(UNREAD)))).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_system_is_updated_by_what_can_update_it() {
        let linux = |kind: HostKind| {
            let table: toml::Table = content(kind).parse().unwrap();
            let commands = table["commands"].as_table().unwrap();
            assert_eq!(commands.len(), COMMANDS.len());
            COMMANDS.iter().for_each(|(name, command)| assert_eq!(commands[*name].as_str(), Some(*command)));
            table.get("linux").map(|linux| linux.as_table().unwrap().keys().cloned().collect::<Vec<_>>())
        };
        assert_eq!(linux(HostKind::Image), Some(vec!["bootc".to_owned()]));
        assert_eq!(linux(HostKind::Layered), Some(vec!["rpm_ostree".to_owned()]));
        assert_eq!(linux(HostKind::Package), None);
    }

    #[test]
    fn a_file_is_ours_only_word_for_word() {
        let text = content(HostKind::Image);
        assert_eq!(state(None, HostKind::Image), State::Missing);
        assert_eq!(state(Some(&text), HostKind::Image), State::Current);
        assert_eq!(state(Some(&text), HostKind::Layered), State::Different);
        assert_eq!(state(Some(&(text + "\n")), HostKind::Image), State::Different);
    }

    #[test]
    fn what_older_setups_ship_is_read_only_where_it_is_included() {
        assert!(includes_unread("[include]\npaths = [\"/etc/topgrade.toml\"]\n"));
        assert!(!includes_unread("# [include]\n# paths = [\"/etc/topgrade.toml\"]\n[misc]\n"));
        assert!(!includes_unread("not = [toml"));
    }
}
