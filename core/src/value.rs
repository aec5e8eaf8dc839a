// SPDX-License-Identifier: GPL-3.0-or-later
//! Values: what an item is set to, on either side.
//!
//! Invariant: a value's JSON form is what the setup's manifests and `--json` show, and is read back only
//! together with its domain, which says which form to expect.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::item::Domain;
use crate::name::{BranchName, CommitId, GpgKey, HostCommand, RemoteName, RemoteUrl};

/// The value of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A package or kernel argument is there (JSON `true`).
    #[serde(serialize_with = "serialize_present")]
    Present,
    /// The state of a unit file.
    Unit(UnitState),
    /// A setting, as GVariant text in its canonical form without type annotation.
    Setting(String),
    /// Where Flatpaks come from.
    Remote(RemoteSource),
    /// An installed Flatpak.
    Flatpak(FlatpakSource),
    /// The command of the host a wrapper runs.
    Command(HostCommand),
    /// Whether an installed extension is on.
    Extension(ExtensionState),
}

fn serialize_present<S: serde::Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(true)
}

impl Value {
    /// Reads the JSON form back for a domain; `None` when it is not of that domain's form.
    #[must_use]
    pub fn from_json(domain: Domain, json: &serde_json::Value) -> Option<Self> {
        crate::domain::kind(domain).value(json)
    }

    /// Whether a computer that has `observed` has what `self`, a declared value, asks for.
    /// A Flatpak's branch and commit count only where they are declared.
    #[must_use]
    pub fn is_met_by(&self, observed: &Self) -> bool {
        match (self, observed) {
            (Self::Flatpak(declared), Self::Flatpak(observed)) => declared.is_met_by(observed),
            (Self::Remote(declared), Self::Remote(observed)) => declared.is_met_by(observed),
            _ => self == observed,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("present"),
            Self::Unit(state) => state.fmt(f),
            Self::Setting(text) => f.write_str(text),
            Self::Remote(remote) => remote.fmt(f),
            Self::Flatpak(source) => source.fmt(f),
            Self::Command(command) => command.fmt(f),
            Self::Extension(state) => f.write_str(state.as_str()),
        }
    }
}

/// Whether an installed extension of GNOME Shell is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExtensionState {
    /// It is on.
    Enabled,
    /// It is installed and off.
    Disabled,
}

impl ExtensionState {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

/// The unit file states a person can choose between (systemctl(1), `is-enabled`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitState {
    /// Started where its `[Install]` section says.
    Enabled,
    /// Not started by itself.
    Disabled,
    /// Linked to `/dev/null`: cannot be started at all.
    Masked,
}

impl UnitState {
    /// systemd's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Masked => "masked",
        }
    }
}

impl fmt::Display for UnitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no unit file state a setup can ask for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("‘{0}’ is not enabled, disabled or masked")]
pub struct UnitStateError(pub String);

impl FromStr for UnitState {
    type Err = UnitStateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Enabled, Self::Disabled, Self::Masked]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnitStateError(text.to_owned()))
    }
}

/// For whom a Flatpak is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// For everyone on the computer.
    #[default]
    System,
    /// For this person only.
    User,
}

impl Scope {
    /// flatpak's word for it, also the option without its dashes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
        }
    }
}

/// A Flatpak remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteSource {
    /// Its repository, or in a declaration the `.flatpakrepo` file it is added from.
    pub url: RemoteUrl,
    /// For whom.
    pub scope: Scope,
    /// Whether only a chosen part of it is offered; in a declaration only `false` asks for something, because a
    /// setup does not hold the filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filtered: Option<bool>,
    /// Whether the signatures of what comes from it are checked.
    #[serde(default = "always", skip_serializing_if = "Clone::clone")]
    pub gpg_verify: bool,
    /// The key they are checked with, where it does not come with the `.flatpakrepo` file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpg_key: Option<GpgKey>,
}

const fn always() -> bool {
    true
}

impl RemoteSource {
    /// Whether a computer with the remote `observed` has what this one asks for.
    #[must_use]
    pub fn is_met_by(&self, observed: &Self) -> bool {
        self.scope == observed.scope
            && self.gpg_verify == observed.gpg_verify
            && !(self.filtered == Some(false) && observed.filtered == Some(true))
            && self.url.leads_to(&observed.url)
    }

    /// Whether it says enough to add it: where its key is, or that there is none.
    #[must_use]
    pub fn can_be_added(&self) -> bool {
        self.url.is_repo_file() || self.gpg_key.is_some() || !self.gpg_verify
    }
}

impl fmt::Display for RemoteSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.url, self.scope.as_str())?;
        if self.filtered == Some(true) {
            f.write_str(", filtered")?;
        }
        if !self.gpg_verify {
            f.write_str(", signatures NOT checked")?;
        }
        f.write_str(")")
    }
}

/// Where a Flatpak comes from and for whom it is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlatpakSource {
    /// The remote's name.
    pub remote: RemoteName,
    /// For whom.
    pub scope: Scope,
    /// The branch; in a declaration `None` means whichever the remote offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<BranchName>,
    /// The commit a setup wants it held at; kept, not enforced yet, and not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
}

impl FlatpakSource {
    fn is_met_by(&self, observed: &Self) -> bool {
        self.remote == observed.remote
            && self.scope == observed.scope
            && (self.branch.is_none() || self.branch == observed.branch)
    }
}

impl fmt::Display for FlatpakSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.remote, self.scope.as_str())?;
        if let Some(branch) = &self.branch {
            write!(f, ", {branch}")?;
        }
        if let Some(commit) = &self.commit {
            write!(f, ", {}", commit.as_str().get(..12).unwrap_or_default())?;
        }
        f.write_str(")")
    }
}
