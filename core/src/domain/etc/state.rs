// SPDX-License-Identifier: GPL-3.0-or-later
//! What a file of `/etc` is, here and in the image.
//!
//! Invariant: what is shown says which of the two differs how, and reads back from its JSON form.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::i18n::{fill, gettext};
use crate::tree::FileState;

/// Permissions, written `0644`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mode(u32);

impl Mode {
    /// The permissions of a mode of stat(2).
    #[must_use]
    pub const fn of(mode: u32) -> Self {
        Self(mode & 0o7777)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        mode.to_string()
    }
}

impl TryFrom<String> for Mode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_octal = text.len() == 4 && text.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
        let bits = is_octal.then(|| u32::from_str_radix(&text, 8).ok()).flatten();
        bits.map(Self).ok_or_else(|| "permissions are four octal digits".to_owned())
    }
}

/// A file on one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// What it is.
    pub file: FileState,
    /// Its permissions; a link has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

impl Side {
    /// Whether file and permissions do not contradict each other.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match (&self.file, self.mode) {
            (FileState::File { executable, .. }, Some(mode)) => *executable == (mode.bits() & 0o100 != 0),
            (FileState::Link { .. }, None) => true,
            _ => false,
        }
    }
}

/// A file of `/etc` beside the one of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EtcFile {
    /// What is here; `None` when it was deleted here.
    pub here: Option<Side>,
    /// What the running image has; `None` when it has no such file.
    pub image: Option<Side>,
    /// Whether the image's is another one than what the file here was made from, as far as that is known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub image_changed: bool,
}

impl EtcFile {
    /// A file as it is to be here, whatever the image has.
    #[must_use]
    pub const fn wanted(here: Option<Side>) -> Self {
        Self { here, image: None, image_changed: false }
    }

    /// The file that is here.
    #[must_use]
    pub fn file(&self) -> Option<&FileState> {
        self.here.as_ref().map(|side| &side.file)
    }

    /// Whether it is not what the image has.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.here != self.image
    }

    /// Whether the image has a newer version of a file that was changed here, which this computer is not getting.
    #[must_use]
    pub fn misses_newer(&self) -> bool {
        self.image_changed && self.differs()
    }

    /// How it stands to the image, in a few words.
    #[must_use]
    pub fn standing(&self) -> String {
        match (&self.here, &self.image) {
            (None, Some(_)) => gettext("deleted here"),
            (None, None) => gettext("not there"),
            (Some(_), None) => gettext("added here"),
            (Some(here), Some(image)) if here == image => gettext("as in the image"),
            (Some(Side { file: here, mode: Some(mode) }), Some(Side { file, mode: Some(was) })) if here == file => {
                let values = [("mode", mode.to_string()), ("was", was.to_string())];
                let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
                fill(&gettext("permissions {mode} here, {was} in the image"), &values)
            }
            (Some(_), Some(_)) => gettext("changed here"),
        }
    }
}

impl fmt::Display for EtcFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let standing = self.standing();
        match self.misses_newer() {
            true => f.write_str(&fill(&gettext("{standing}, newer in the image"), &[("standing", &standing)])),
            false => f.write_str(&standing),
        }
    }
}
