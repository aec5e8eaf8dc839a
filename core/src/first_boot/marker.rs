// SPDX-License-Identifier: GPL-3.0-or-later
//! For which images the setup was applied, and how the last try ended.
//!
//! The setup is part of the image, so it is the image that counts and not the deployment: the same image deployed
//! again with other kernel arguments, or with packages layered on it, has nothing new to apply, and neither has one
//! that is gone back to. A try is written down before it begins and after it ended, so that one that was cut off is
//! known. What only fails is tried at every start; what brings the computer down is not tried for ever.
//!
//! Invariant: an image is in the list of those done only when a try for it ended with nothing left.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::deployment::{Deployment, System};
use crate::files;
use crate::host::Host;

const MARKER: &str = "first-boot.json";
/// How many images are remembered beside the last one.
const REMEMBERED: usize = 16;
/// How many things that were left undone are written down.
const NAMED: usize = 20;
/// After how many tries in a row that were cut off without getting further nothing is tried unasked.
const CUT_OFF: u32 = 3;

/// What tells one image from another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The deployment it was first seen as.
    pub deployment: String,
    /// The image's digest, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The commit of the image, where packages are layered on it and the deployment is named by another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
}

impl Image {
    /// The image this computer runs; a computer of packages has one for ever.
    #[must_use]
    pub fn of(system: &System) -> Self {
        match &system.booted {
            Some(booted) => Self::from(booted),
            None => Self { deployment: system.deployment_id().to_owned(), ..Self::default() },
        }
    }

    /// Whether both are the same image: by digest, or by the commit or verity digest of the same tree. A digest
    /// alone would not do, as only an administrator learns it from bootc.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let same_digest = self.digest.is_some() && self.digest == other.digest;
        same_digest || self.trees().any(|tree| other.trees().any(|there| there == tree))
    }

    /// `CHECKSUM.SERIAL` without the serial, which only counts how often the same tree is deployed.
    fn trees(&self) -> impl Iterator<Item = &str> {
        let tree = self.deployment.split_once('.').map_or(&*self.deployment, |(checksum, _)| checksum);
        std::iter::once(tree).chain(self.base.as_deref())
    }
}

impl From<&Deployment> for Image {
    fn from(deployment: &Deployment) -> Self {
        Self { deployment: deployment.id.clone(), digest: deployment.digest.clone(), base: deployment.base.clone() }
    }
}

/// Something a try left undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The item, or the kind of items.
    pub item: String,
    /// Why.
    pub reason: String,
}

/// What a marker file says. Its first four fields are those of the first version, which an image that is gone back
/// to may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The image of the last try.
    #[serde(flatten)]
    pub image: Image,
    /// How many tries for it in a row did not complete it.
    #[serde(default)]
    pub failures: u32,
    /// Whether nothing is left to do for it.
    pub complete: bool,
    /// When it was last tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Timestamp>,
    /// What the last try left undone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Left>,
    /// The steps of the try that runs now, or was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<usize>,
    /// How many tries in a row were cut off before they got further than the one before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut_off: u32,
    /// Other images for which it was completed, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<Image>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Marker {
    /// Whether the setup was applied completely for an image.
    #[must_use]
    pub fn is_done(&self, image: &Image) -> bool {
        (self.complete && self.image.is_same(image)) || self.done.iter().any(|done| done.is_same(image))
    }

    /// Whether the tries for an image were cut off so often that the next one, with so many steps, has to be asked for.
    #[must_use]
    pub fn is_held(&self, steps: usize) -> bool {
        self.running.is_some_and(|before| steps >= before) && self.cut_off + 1 >= CUT_OFF
    }

    /// The images that stay remembered when another one takes the first place.
    fn remembered(&self, next: &Image, system: &System) -> Vec<Image> {
        let last = self.complete.then_some(&self.image);
        let others = last.into_iter().chain(&self.done).filter(|image| !image.is_same(next));
        // Of one that is no longer on the disk nothing can be gone back to. Where only the running one is known, the
        // others may be there all the same.
        let there: Vec<Image> = system.deployments().map(|(_, deployment)| Image::from(deployment)).collect();
        let is_there = |image: &&Image| there.len() < 2 || there.iter().any(|other| other.is_same(image));
        others.filter(is_there).take(REMEMBERED).cloned().collect()
    }
}

/// The first setups that are not complete on a computer although they were tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    /// The administrator's part.
    pub system: Option<Marker>,
    /// The person's.
    pub user: Option<Marker>,
}

impl Unfinished {
    /// Reads how both stand for the image that runs; `state` is the person's. What cannot be read is not told.
    #[must_use]
    pub fn read(host: &dyn Host, state: &Path, system: &System) -> Self {
        let image = Image::of(system);
        let open = |marker: Option<Marker>| {
            marker.filter(|marker| marker.image.is_same(&image) && !marker.is_done(&image) && marker.failures > 0)
        };
        let report = host.read(&host.at(super::REPORT)).ok().flatten();
        Self {
            system: open(report.and_then(|text| serde_json::from_str(&text).ok())),
            user: open(marker(&state.join("first-boot")).ok().flatten()),
        }
    }

    /// What both left undone.
    pub fn left(&self) -> impl Iterator<Item = &Left> {
        [&self.system, &self.user].into_iter().flatten().flat_map(|marker| &marker.left)
    }
}

/// Reads the marker of a state directory; one that cannot be understood counts as none.
///
/// # Errors
/// The file is there but cannot be read.
pub fn marker(state: &Path) -> io::Result<Option<Marker>> {
    read(&state.join(MARKER))
}

/// The same of a copy that everyone may read.
///
/// # Errors
/// The file is there but cannot be read.
pub fn read(file: &Path) -> io::Result<Option<Marker>> {
    Ok(files::read(file)?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Whether the run for the image of this computer is still to be done.
#[must_use]
pub fn is_due(marker: Option<&Marker>, image: &Image) -> bool {
    marker.is_none_or(|marker| !marker.is_done(image))
}

/// Writes down that a try with so many steps begins.
///
/// # Errors
/// The marker cannot be written; nothing is to be begun then.
pub fn begin(state: &Path, system: &System, steps: usize, now: Timestamp) -> io::Result<Marker> {
    let image = Image::of(system);
    change(state, |before| {
        let same = before.as_ref().filter(|marker| !marker.complete && marker.image.is_same(&image));
        // The one before began and never ended. When fewer steps are left than it had, it got further.
        let cut = same.and_then(|marker| Some((marker.running?, marker)));
        let cut_off = match cut {
            Some((before, marker)) if steps >= before => marker.cut_off + 1,
            _ => 0,
        };
        Marker {
            failures: same.map_or(0, |marker| marker.failures) + u32::from(cut.is_some()),
            complete: false,
            tried: Some(now),
            left: same.map(|marker| marker.left.clone()).unwrap_or_default(),
            running: Some(steps),
            cut_off,
            done: before.map(|marker| marker.remembered(&image, system)).unwrap_or_default(),
            image,
        }
    })
}

/// Writes down how a try ended: what it left undone, or that nothing is left.
///
/// # Errors
/// The marker cannot be written; the run is then due again.
pub fn end(state: &Path, system: &System, mut left: Vec<Left>, now: Timestamp) -> io::Result<Marker> {
    let image = Image::of(system);
    left.truncate(NAMED);
    change(state, |before| {
        let same = before.as_ref().filter(|marker| !marker.complete && marker.image.is_same(&image));
        let failures = same.map_or(0, |marker| marker.failures);
        Marker {
            failures: if left.is_empty() { 0 } else { failures + 1 },
            complete: left.is_empty(),
            tried: Some(now),
            left,
            running: None,
            cut_off: 0,
            done: before.map(|marker| marker.remembered(&image, system)).unwrap_or_default(),
            image,
        }
    })
}

fn change(state: &Path, change: impl FnOnce(Option<Marker>) -> Marker) -> io::Result<Marker> {
    std::fs::create_dir_all(state)?;
    let _lock = files::lock(state)?;
    let marker = change(marker(state)?);
    write(&state.join(MARKER), &marker)?;
    Ok(marker)
}

/// Writes a copy of a marker.
///
/// # Errors
/// It cannot be written.
pub fn write(file: &Path, marker: &Marker) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(marker)?;
    text.push('\n');
    files::replace(file, text.as_bytes())
}

#[cfg(test)]
mod tests;
