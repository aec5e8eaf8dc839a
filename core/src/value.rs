// SPDX-License-Identifier: GPL-3.0-or-later
//! Values: what an item is set to, on either side.
//!
//! Invariant: a value's JSON form is what the setup's manifests and `--json` show, and is read back only
//! together with its domain, which says which form to expect.

mod boxes;
mod software;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) use boxes::is_directly_in;
pub use boxes::{Bins, BoxSource, Words, words};

use crate::domain::etc::EtcFile;
use crate::domain::flatpak::Overrides;
use crate::item::Domain;
use crate::name::{BranchName, CommitId, GpgKey, HostCommand, RemoteName, RemoteUrl};
use crate::tree::FileState;

pub use software::{AppImageSource, BinarySource, Registry};

/// The value of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A package or kernel argument is there (JSON `true`).
    #[serde(serialize_with = "serialize_present")]
    Present,
    /// A kernel argument the setup says must not be there (JSON `false`); only ever written to a setup.
    #[serde(serialize_with = "serialize_absent")]
    Absent,
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
    /// Whether packages come from a COPR project.
    Copr(CoprState),
    /// Where an AppImage comes from.
    AppImage(AppImageSource),
    /// Where a fetched program comes from.
    Binary(BinarySource),
    /// What was done here to a package of the image.
    Override(PackageOverride),
    /// A file of a tree.
    File(FileState),
    /// A file of `/etc`, beside the image's.
    Etc(EtcFile),
    /// What a box is made from.
    Box(Box<BoxSource>),
}

fn serialize_present<S: serde::Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(true)
}

fn serialize_absent<S: serde::Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(false)
}

impl Value {
    /// Reads the JSON form back for a domain; `None` when it is not of that domain's form.
    #[must_use]
    pub fn from_json(domain: Domain, json: &serde_json::Value) -> Option<Self> {
        crate::domain::kind(domain).value(json)
    }

    /// Whether a computer that has `observed` has what `self`, a declared value, asks for.
    /// A Flatpak's branch counts only where it is declared.
    #[must_use]
    pub fn is_met_by(&self, observed: &Self) -> bool {
        match (self, observed) {
            (Self::Flatpak(declared), Self::Flatpak(observed)) => declared.is_met_by(observed),
            (Self::Remote(declared), Self::Remote(observed)) => declared.is_met_by(observed),
            (Self::Copr(declared), Self::Copr(observed)) => declared.is_met_by(*observed),
            (Self::AppImage(declared), Self::AppImage(observed)) => declared.is_met_by(observed),
            (Self::Binary(declared), Self::Binary(observed)) => declared.is_met_by(observed),
            (Self::Box(declared), Self::Box(observed)) => declared.is_met_by(observed),
            (Self::File(declared), Self::Etc(observed)) => observed.file() == Some(declared),
            (Self::Etc(wanted), Self::Etc(observed)) => wanted.here == observed.here,
            _ => self == observed,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("present"),
            Self::Absent => f.write_str("absent"),
            Self::Unit(state) => state.fmt(f),
            Self::Setting(text) => f.write_str(text),
            Self::Remote(remote) => remote.fmt(f),
            Self::Flatpak(source) => source.fmt(f),
            Self::Command(command) => command.fmt(f),
            Self::Extension(state) => f.write_str(state.as_str()),
            Self::Copr(state) => state.fmt(f),
            Self::AppImage(source) => source.fmt(f),
            Self::Binary(source) => source.fmt(f),
            Self::Override(state) => f.write_str(state.as_str()),
            Self::File(state) => state.fmt(f),
            Self::Etc(seen) => seen.fmt(f),
            Self::Box(source) => source.fmt(f),
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

/// Whether packages may come from a COPR project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoprState {
    /// Whether they may.
    pub enabled: bool,
    /// Whether their signatures are checked.
    #[serde(default = "always", skip_serializing_if = "Clone::clone")]
    pub gpg_check: bool,
}

impl CoprState {
    /// In use, as dnf adds one.
    pub const CHECKED: Self = Self { enabled: true, gpg_check: true };
    /// Turned off.
    pub const DISABLED: Self = Self { enabled: false, gpg_check: true };

    /// Whether a computer where it is `observed` has what this one asks for: checking more than asked is no difference.
    #[must_use]
    pub const fn is_met_by(self, observed: Self) -> bool {
        self.enabled == observed.enabled && (!self.enabled || !self.gpg_check || observed.gpg_check)
    }
}

impl fmt::Display for CoprState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.enabled, self.gpg_check) {
            (true, true) => "enabled",
            (true, false) => "enabled, signatures NOT checked",
            (false, _) => "disabled",
        })
    }
}

/// What rpm-ostree did on this computer to a package of the image (rpm-ostree(1), `override`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageOverride {
    /// It was taken out.
    Removed,
    /// Another version of it was put in its place.
    Replaced,
}

impl PackageOverride {
    /// The words for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Removed => "taken out of the image",
            Self::Replaced => "replaced in the image",
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
    /// Whether only a chosen part of it is offered. A setup does not hold the filter, so `true` can be compared but
    /// not brought about.
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
            && self.filtered.is_none_or(|filtered| filtered == (observed.filtered == Some(true)))
            && self.url.leads_to(&observed.url)
    }

    /// Whether only a part of it is to be offered.
    #[must_use]
    pub fn asks_for_filter(&self) -> bool {
        self.filtered == Some(true)
    }

    /// The same as far as it can be brought about: a setup does not hold the filter.
    #[must_use]
    pub fn without_filter(&self) -> Self {
        let filtered = self.filtered.filter(|filtered| !filtered);
        Self { filtered, ..self.clone() }
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
    /// The commit it is held at; in a declaration it may be the beginning of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    /// What was changed about its permissions; in a declaration `None` for what Bucket does not understand and
    /// leaves alone.
    #[serde(default = "no_overrides", skip_serializing_if = "are_no_overrides")]
    pub overrides: Option<Overrides>,
}

#[expect(clippy::unnecessary_wraps, reason = "it is the default of a field")]
fn no_overrides() -> Option<Overrides> {
    Some(Overrides::default())
}

#[expect(clippy::ref_option, reason = "serde passes the field")]
fn are_no_overrides(overrides: &Option<Overrides>) -> bool {
    overrides.as_ref().is_some_and(Overrides::is_empty)
}

impl FlatpakSource {
    /// An application as its remote offers it: not held, its permissions as they come.
    #[must_use]
    pub fn new(remote: RemoteName, scope: Scope, branch: Option<BranchName>) -> Self {
        Self { remote, scope, branch, commit: None, overrides: no_overrides() }
    }

    /// Whether an application that is `observed` is the one asked for, however it is held and whatever it may do.
    #[must_use]
    pub fn is_of(&self, observed: &Self) -> bool {
        self.remote == observed.remote
            && self.scope == observed.scope
            && (self.branch.is_none() || self.branch == observed.branch)
    }

    /// Whether an application that is `observed` is held as asked for.
    #[must_use]
    pub fn is_held_as(&self, observed: &Self) -> bool {
        match (&self.commit, &observed.commit) {
            (Some(wanted), Some(commit)) => wanted.begins(commit),
            (wanted, commit) => wanted == commit,
        }
    }

    /// Whether an application that is `observed` has the permissions asked for.
    #[must_use]
    pub fn may_as(&self, observed: &Self) -> bool {
        self.overrides.is_none() || self.overrides == observed.overrides
    }

    /// Whether a computer that has `observed` has what this asks for.
    #[must_use]
    pub fn is_met_by(&self, observed: &Self) -> bool {
        self.is_of(observed) && self.is_held_as(observed) && self.may_as(observed)
    }
}

impl fmt::Display for FlatpakSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.remote, self.scope.as_str())?;
        if let Some(branch) = &self.branch {
            write!(f, ", {branch}")?;
        }
        if let Some(commit) = &self.commit {
            write!(f, ", held at {}", commit.short())?;
        }
        f.write_str(")")?;
        match &self.overrides {
            Some(overrides) if !overrides.is_empty() => write!(f, " {overrides}"),
            _ => Ok(()),
        }
    }
}
