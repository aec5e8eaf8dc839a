// SPDX-License-Identifier: GPL-3.0-or-later
//! Items: the things a setup can say something about, named `domain:key` everywhere.
//!
//! Invariant: an [`ItemId`] parses back from its own text, so the same id works in JSON, the window,
//! the ignore file, plans and shell completion.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One kind of item, with its own manifest and its own way of being read and changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Domain {
    /// Where Flatpak applications come from.
    Remote,
    /// Flatpak applications.
    Flatpak,
    /// AppImages that Gear Lever manages.
    AppImage,
    /// Extensions of GNOME Shell.
    Ext,
    /// GSettings keys.
    Gsetting,
    /// Commands of the host, made available by wrapper files.
    Shim,
    /// Files of the person's home.
    Skel,
    /// What Homebrew installs.
    Brew,
    /// Programs fetched from package registries and releases.
    Bin,
    /// Containers of Distrobox.
    Box,
    /// Files of the system's `/etc`.
    Etc,
    /// systemd unit file states.
    Unit,
    /// Where packages come from besides the distribution.
    Copr,
    /// RPM packages.
    Pkg,
    /// Kernel arguments.
    Karg,
}

impl Domain {
    /// Every domain, in the order people read them.
    pub const ALL: [Self; 15] = [
        Self::Remote,
        Self::Flatpak,
        Self::AppImage,
        Self::Ext,
        Self::Gsetting,
        Self::Shim,
        Self::Skel,
        Self::Etc,
        Self::Brew,
        Self::Bin,
        Self::Box,
        Self::Unit,
        Self::Copr,
        Self::Pkg,
        Self::Karg,
    ];

    /// The word before the colon in an item id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Remote => "remote",
            Self::Flatpak => "flatpak",
            Self::AppImage => "appimage",
            Self::Ext => "ext",
            Self::Gsetting => "gsetting",
            Self::Shim => "shim",
            Self::Skel => "skel",
            Self::Etc => "etc",
            Self::Brew => "brew",
            Self::Bin => "bin",
            Self::Box => "box",
            Self::Unit => "unit",
            Self::Copr => "copr",
            Self::Pkg => "pkg",
            Self::Karg => "karg",
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Domain {
    type Err = UnknownDomain;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|domain| domain.id() == text).ok_or_else(|| UnknownDomain(text.to_owned()))
    }
}

/// A word that names no domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("‘{0}’ is not a kind of item; known kinds are {kinds}", kinds = Domain::ALL.map(Domain::id).join(", "))]
pub struct UnknownDomain(pub String);

/// The name of one item: `pkg:htop`, `unit:tuned.service`, `gsetting:SCHEMA/KEY`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    /// The kind of item.
    pub domain: Domain,
    /// The name within its domain; never empty, no control characters.
    pub key: String,
}

impl ItemId {
    /// Names an item; use [`FromStr`] for text from outside.
    #[must_use]
    pub fn new(domain: Domain, key: impl Into<String>) -> Self {
        Self { domain, key: key.into() }
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.domain, self.key)
    }
}

/// Why text is not an item id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemIdError {
    /// There is no colon.
    #[error("‘{0}’ is not an item; items are written KIND:NAME, for example pkg:htop")]
    NoColon(String),
    /// The word before the colon is unknown.
    #[error(transparent)]
    Domain(#[from] UnknownDomain),
    /// Nothing usable after the colon.
    #[error("‘{0}’ names no item after the colon")]
    Key(String),
}

impl FromStr for ItemId {
    type Err = ItemIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (domain, key) = text.split_once(':').ok_or_else(|| ItemIdError::NoColon(text.to_owned()))?;
        let domain = domain.parse()?;
        if key.is_empty() || key.len() > 1024 || key.chars().any(char::is_control) {
            return Err(ItemIdError::Key(text.escape_debug().to_string()));
        }
        Ok(Self::new(domain, key))
    }
}

impl Serialize for ItemId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ItemId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_from_their_text() {
        for text in [
            "pkg:htop",
            "gsetting:org.gnome.desktop.interface/clock-format",
            "karg:console=ttyS0,115200n8",
            "unit:a@b.service",
        ] {
            assert_eq!(text.parse::<ItemId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn text_that_is_no_id_says_why() {
        assert!(matches!("htop".parse::<ItemId>(), Err(ItemIdError::NoColon(_))));
        assert!(matches!("rpm:htop".parse::<ItemId>(), Err(ItemIdError::Domain(_))));
        assert!(matches!("pkg:".parse::<ItemId>(), Err(ItemIdError::Key(_))));
        assert!(matches!("pkg:a\nb".parse::<ItemId>(), Err(ItemIdError::Key(_))));
    }
}
