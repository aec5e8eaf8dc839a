// SPDX-License-Identifier: GPL-3.0-or-later
//! What `bootc status --format=json --format-version=1` says of deployments.
//!
//! `spec.image` is null on hosts that bootc booted and rpm-ostree changed; what tells a bootc host is that
//! something is booted.
//!
//! Invariant: every field may be missing; an unknown one is ignored.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{Deployment, Entry};

#[derive(Debug, Deserialize)]
struct Host {
    #[serde(default)]
    spec: Spec,
    status: Status,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    staged: Option<Told>,
    booted: Option<Told>,
    rollback: Option<Told>,
    #[serde(default)]
    other_deployments: Vec<Told>,
    #[serde(default)]
    rollback_queued: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    image: Option<Image>,
    cached_update: Option<Image>,
    #[serde(default)]
    incompatible: bool,
    #[serde(default)]
    pinned: bool,
    #[serde(default)]
    download_only: bool,
    ostree: Option<Ostree>,
    composefs: Option<Composefs>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    image: Option<Reference>,
    version: Option<String>,
    timestamp: Option<Timestamp>,
    image_digest: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Reference {
    image: String,
    /// Of the one in `spec`: `containerPolicy`, `{"ostreeRemote": …}`, or nothing.
    #[serde(default)]
    signature: Json,
}

#[derive(Debug, Default, Deserialize)]
struct Spec {
    image: Option<Reference>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ostree {
    stateroot: Option<String>,
    checksum: String,
    #[serde(default)]
    deploy_serial: u32,
}

#[derive(Debug, Deserialize)]
struct Composefs {
    verity: String,
}

/// The deployments in boot order; `None` where bootc booted nothing, or the text is no status.
pub(super) fn parse(text: &str) -> Option<Vec<Entry>> {
    let Host { spec, status } = serde_json::from_str(text).ok()?;
    // What is asked for is what the next start uses, where that waits, else what runs.
    let signed = spec.image.is_some_and(|image| image.signature == "containerPolicy");
    let entry = |told: Told, booted: bool, staged: bool| {
        let deployment = Deployment { signed: signed && (booted || staged), ..told.deployment() };
        Entry { deployment, booted, staged }
    };
    let booted = entry(status.booted?, true, false);
    let staged = status.staged.map(|told| entry(told, false, true));
    let rollback = status.rollback.map(|told| entry(told, false, false));
    let mut entries: Vec<Entry> = staged.into_iter().chain([booted]).collect();
    entries.splice(if status.rollback_queued { 0..0 } else { entries.len()..entries.len() }, rollback);
    entries.extend(status.other_deployments.into_iter().map(|told| entry(told, false, false)));
    Some(entries)
}

/// Whether the image that is followed had another version when bootc last asked for it; `None` where the text is no
/// status.
pub(super) fn has_update(text: &str) -> Option<bool> {
    let booted = serde_json::from_str::<Host>(text).ok()?.status.booted?;
    let digest = |image: Option<Image>| image.and_then(|image| image.image_digest);
    let (now, seen) = (digest(booted.image), digest(booted.cached_update));
    Some(seen.is_some() && seen != now)
}

impl Told {
    fn deployment(self) -> Deployment {
        let id = match (&self.ostree, self.composefs) {
            (Some(ostree), _) => format!("{}.{}", ostree.checksum, ostree.deploy_serial),
            (None, Some(composefs)) => composefs.verity,
            (None, None) => String::new(),
        };
        let image = self.image;
        Deployment {
            version: image.as_ref().and_then(|image| image.version.clone()),
            timestamp: image.as_ref().and_then(|image| image.timestamp),
            digest: image.as_ref().and_then(|image| image.image_digest.clone()),
            image: image.and_then(|image| image.image).map(|reference| reference.image),
            id,
            stateroot: self.ostree.and_then(|ostree| ostree.stateroot),
            pinned: self.pinned,
            download_only: self.download_only,
            incompatible: self.incompatible,
            ..Deployment::default()
        }
    }
}
