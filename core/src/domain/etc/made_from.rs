// SPDX-License-Identifier: GPL-3.0-or-later
//! What files of `/etc` that differ from the image were made from: the image's version that ran when they were first
//! seen as they are.
//!
//! An update leaves such a file as it is, and nothing on the computer says from what it was made; the version before the
//! last update is there only until the next one. So it is written down, and the image's version is newer as long as it is
//! another one than that.
//!
//! Invariant: a file that is changed here again counts as made from what the image had then.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{EtcFile, IMAGE, Side, elsewhere, has_image};
use crate::compare::Comparison;
use crate::deployment::Deployment;
use crate::files;
use crate::host::Host;
use crate::item::Domain;
use crate::tree::Tree;
use crate::value::Value;

/// A file as it is here, and the image's version it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Origin {
    here: Option<Side>,
    image: Option<Side>,
}

/// What is known, by item.
type Origins = BTreeMap<String, Origin>;

/// Where it is kept.
#[derive(Debug)]
pub(crate) struct MadeFrom(PathBuf);

impl MadeFrom {
    /// The file for this computer, or for one root, in a state directory.
    pub(crate) fn new(state: &Path, root: Option<&Path>) -> Self {
        let name = root.map_or_else(
            || "etc".to_owned(),
            |root| {
                let digest = crate::digest::sha256(root.display().to_string().as_bytes());
                format!("etc-{}", &digest[..16])
            },
        );
        Self(state.join("made-from").join(format!("{name}.json")))
    }

    /// Tells of every file that differs whether the image has a newer version of it, and remembers the new ones.
    ///
    /// # Errors
    /// What is known cannot be read or written; it is told all the same, as far as that can be.
    pub(crate) fn tell(&self, host: &dyn Host, comparison: &mut Comparison) -> io::Result<()> {
        let earlier = comparison.system.rollback.as_ref().and_then(Deployment::directory);
        let Some(seen) = comparison.observed.get(&Domain::Etc) else { return Ok(()) };
        let differing: Vec<(String, EtcFile)> = seen
            .entries
            .iter()
            .filter_map(|(key, seen)| match &seen.value {
                Some(Value::Etc(file)) if file.differs() => Some((key.clone(), file.clone())),
                _ => None,
            })
            .collect();
        // Without an image nothing differs from it, and nothing was taken from it either.
        if !has_image(host) || differing.is_empty() && !self.0.exists() {
            return Ok(());
        }
        let directory = self.0.parent().unwrap_or_else(|| Path::new("."));
        std::fs::create_dir_all(directory)?;
        let _lock = files::lock(directory)?;
        let known: Origins = serde_json::from_str(&files::read(&self.0)?.unwrap_or_default()).unwrap_or_default();
        let mut now = Origins::new();
        for (key, file) in differing {
            let origin = match known.get(&key) {
                Some(origin) if origin.here == file.here => origin.clone(),
                Some(_) => Origin { here: file.here.clone(), image: file.image.clone() },
                // Seen for the first time: where the last update brought another version, it was made from the one before.
                None => {
                    let before = earlier.as_ref().filter(|_| file.image_changed);
                    let before = before.and_then(|earlier| was(host, earlier, &key));
                    Origin { here: file.here.clone(), image: before.unwrap_or_else(|| file.image.clone()) }
                }
            };
            set(comparison, &key, file.image.is_some() && origin.image != file.image);
            now.insert(key, origin);
        }
        if now != known {
            let mut text = serde_json::to_string(&now)?;
            text.push('\n');
            files::replace(&self.0, text.as_bytes())?;
        }
        Ok(())
    }
}

/// What the version before had there; `None` where that cannot be read.
fn was(host: &dyn Host, earlier: &str, key: &str) -> Option<Option<Side>> {
    let place = Tree::Etc.place(key).ok()?;
    elsewhere(host, &format!("{earlier}{IMAGE}"), &place).ok()
}

/// Says it of an item wherever it is told.
fn set(comparison: &mut Comparison, key: &str, newer: bool) {
    let told = |value: Option<&mut Value>| {
        if let Some(Value::Etc(file)) = value {
            file.image_changed = newer;
        }
    };
    let seen = comparison.observed.get_mut(&Domain::Etc).and_then(|seen| seen.entries.get_mut(key));
    told(seen.and_then(|seen| seen.value.as_mut()));
    let changes = comparison.changes.iter_mut().chain(&mut comparison.ignored);
    let changes = changes.chain(comparison.temporary.iter_mut().filter_map(|temporary| temporary.change.as_mut()));
    changes
        .filter(|change| change.id.domain == Domain::Etc && change.id.key == key)
        .for_each(|change| told(change.computer.as_mut()));
}
