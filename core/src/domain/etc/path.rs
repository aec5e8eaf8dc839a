// SPDX-License-Identifier: GPL-3.0-or-later
//! Names of files of `/etc`.
//!
//! Invariant: such a path leads below `/etc` by its words alone, and reads back from its own text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::name::NameError;
use crate::tree::TreePath;

/// Where the computer has its files, with a slash.
const BASE: &str = "/etc/";

/// The path of a file below `/etc`: absolute, without empty parts, `.`, `..` and control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EtcPath {
    text: String,
    place: TreePath,
}

impl EtcPath {
    /// The whole path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part below `/etc`.
    #[must_use]
    pub const fn place(&self) -> &TreePath {
        &self.place
    }
}

impl From<TreePath> for EtcPath {
    fn from(place: TreePath) -> Self {
        Self { text: format!("{BASE}{place}"), place }
    }
}

impl FromStr for EtcPath {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        const WHAT: &str = "path of a file of /etc";
        let Some(below) = text.strip_prefix(BASE) else {
            let text = text.chars().take(80).collect::<String>().escape_debug().to_string();
            return Err(NameError { what: WHAT, text, reason: "it does not begin with /etc/" });
        };
        let place: TreePath = below.parse().map_err(|error| NameError { what: WHAT, ..error })?;
        Ok(place.into())
    }
}

impl fmt::Display for EtcPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for EtcPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for EtcPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_below_etc_is_such_a_path() {
        for text in [
            "/etc",
            "/etc/",
            "etc/x",
            "x",
            "/usr/etc/x",
            "/etc//x",
            "/etc/../usr/x",
            "/etc/a/../../x",
            "/etc/./x",
            "/etc/x/",
            "/etcetera/x",
            "/etc/a\nb",
            "/etc/a\0",
            "/ETC/x",
        ] {
            assert!(text.parse::<EtcPath>().is_err(), "{text:?}");
        }
        assert!(format!("/etc/{}", "a/".repeat(40).trim_end_matches('/')).parse::<EtcPath>().is_err());
        let path: EtcPath = "/etc/a b/c.conf".parse().unwrap();
        assert_eq!((path.as_str(), path.place().as_str()), ("/etc/a b/c.conf", "a b/c.conf"));
        assert_eq!(serde_json::from_str::<EtcPath>(&serde_json::to_string(&path).unwrap()).unwrap(), path);
    }
}
