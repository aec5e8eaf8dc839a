// SPDX-License-Identifier: GPL-3.0-or-later
//! One line of a changelog.
//!
//! Invariant: what older versions of the command wrote is read, and what is written is read by them.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::ChangelogError;
use crate::i18n::gettext;
use crate::item::{Domain, ItemId};

/// What kind of change it is, as in keepachangelog.com.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It was not there.
    Added,
    /// It is different.
    Changed,
    /// It is gone.
    Removed,
    /// It works now.
    Fixed,
    /// It is safer now.
    Security,
    /// It will be gone.
    Deprecated,
}

impl Kind {
    /// Each, in the order of `CHANGELOG.md`, with its name and a shorter one people type.
    pub const ALL: [(Self, &'static str, &'static str); 6] = [
        (Self::Added, "added", "add"),
        (Self::Changed, "changed", "change"),
        (Self::Removed, "removed", "remove"),
        (Self::Fixed, "fixed", "fix"),
        (Self::Security, "security", "sec"),
        (Self::Deprecated, "deprecated", "deprecate"),
    ];

    /// Its heading in `CHANGELOG.md`.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Added => "Added",
            Self::Changed => "Changed",
            Self::Removed => "Removed",
            Self::Fixed => "Fixed",
            Self::Security => "Security",
            Self::Deprecated => "Deprecated",
        }
    }

    /// What it is called on a screen.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Added => gettext("Added"),
            Self::Changed => gettext("Changed"),
            Self::Removed => gettext("Removed"),
            Self::Fixed => gettext("Fixed"),
            Self::Security => gettext("Security"),
            Self::Deprecated => gettext("Deprecated"),
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|(_, name, short)| *name == word || *short == word);
        known.map(|(kind, ..)| kind).ok_or_else(|| names(Self::ALL.iter().map(|(_, name, _)| *name)))
    }
}

fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is the word in the file")]
pub enum Category {
    Flatpak,
    FlatpakRemote,
    Package,
    ToolboxPackage,
    Extension,
    Gsetting,
    Shim,
    Upstream,
    Copr,
    BaseAssumption,
    System,
    Other,
}

impl Category {
    /// Each with its word, the words people type for it, and what it is called in `CHANGELOG.md`.
    pub const ALL: [(Self, &'static str, &'static [&'static str], &'static str); 12] = [
        (Self::Flatpak, "flatpak", &["fp"], "Flatpak"),
        (Self::FlatpakRemote, "flatpakremote", &["remote", "flatpak-remote"], "Flatpak remote"),
        (Self::Package, "package", &["pkg", "dnf", "rpm"], "Package"),
        (Self::ToolboxPackage, "toolboxpackage", &["toolbox", "dev", "toolbox-package"], "Toolbox package"),
        (Self::Extension, "extension", &["ext"], "Extension"),
        (Self::Gsetting, "gsetting", &["gsettings", "setting", "gs"], "Setting"),
        (Self::Shim, "shim", &[], "Host command"),
        (Self::Upstream, "upstream", &[], "Upstream"),
        (Self::Copr, "copr", &[], "COPR"),
        (Self::BaseAssumption, "baseassumption", &["base", "base-assumption"], "Base image"),
        (Self::System, "system", &["unit", "karg"], "System"),
        (Self::Other, "other", &[], "Other"),
    ];

    fn row(self) -> (&'static str, &'static str) {
        let row = Self::ALL.into_iter().find(|(category, ..)| *category == self);
        row.map_or(("other", "Other"), |(_, id, _, heading)| (id, heading))
    }

    /// Its word in the file.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.row().0
    }

    /// What it is called in `CHANGELOG.md`.
    #[must_use]
    pub fn heading(self) -> &'static str {
        self.row().1
    }

    /// What changes of a kind of items are about.
    #[must_use]
    pub const fn of(domain: Domain) -> Self {
        match domain {
            Domain::Flatpak => Self::Flatpak,
            Domain::Remote => Self::FlatpakRemote,
            Domain::Pkg => Self::Package,
            Domain::Ext => Self::Extension,
            Domain::Gsetting => Self::Gsetting,
            Domain::Shim => Self::Shim,
            Domain::Copr => Self::Copr,
            Domain::Unit | Domain::Karg => Self::System,
            _ => Self::Other,
        }
    }
}

impl FromStr for Category {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|(_, id, others, _)| *id == word || others.contains(&word));
        known.map(|(category, ..)| category).ok_or_else(|| names(Self::ALL.iter().map(|(_, id, ..)| *id)))
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When.
    pub timestamp: Timestamp,
    /// What kind.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What it is about.
    pub category: Category,
    /// One line.
    pub message: String,
    /// The command that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The pull request it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pr: Option<u32>,
    /// Whether it is not ready for a release.
    #[serde(default)]
    pub draft: bool,
    /// The item it is about, where it was drafted from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// What else stands there.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Json>,
}

impl Change {
    /// A change that is ready.
    #[must_use]
    pub fn new(timestamp: Timestamp, kind: Kind, category: Category, message: &str) -> Self {
        Self {
            timestamp,
            kind,
            category,
            message: message.trim().to_owned(),
            command: None,
            pr: None,
            draft: false,
            item: None,
            rest: BTreeMap::new(),
        }
    }

    /// Whether it can be a line of a changelog.
    ///
    /// # Errors
    /// The message is empty or of more than one line.
    pub fn validate(&self) -> Result<(), ChangelogError> {
        let is_line = !self.message.trim().is_empty() && !self.message.contains(char::is_control);
        if is_line { Ok(()) } else { Err(ChangelogError::Message) }
    }

    /// `Package: htop (PR #7)`: its line in `CHANGELOG.md`.
    #[must_use]
    pub fn line(&self) -> String {
        let pr = self.pr.map_or_else(String::new, |pr| format!(" (PR #{pr})"));
        format!("{}: {}{pr}", self.category.heading(), self.message)
    }
}
