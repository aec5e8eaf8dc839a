// SPDX-License-Identifier: GPL-3.0-or-later
//! What `rpm-ostree status --json` says of deployments.
//!
//! Invariant: only fields that matter here are read; unknown ones, and forms that changed, are ignored.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{Deployment, Entry, is_signed, short_reference};

#[derive(Debug, Deserialize)]
struct Status {
    #[serde(default)]
    deployments: Vec<Told>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Told {
    #[serde(default)]
    checksum: String,
    base_checksum: Option<String>,
    #[serde(default)]
    serial: u32,
    osname: Option<String>,
    version: Option<String>,
    timestamp: Option<i64>,
    base_timestamp: Option<i64>,
    origin: Option<String>,
    #[serde(default)]
    booted: bool,
    #[serde(default)]
    staged: bool,
    #[serde(default)]
    pinned: bool,
    #[serde(default)]
    finalization_locked: bool,
    #[serde(default)]
    regenerate_initramfs: bool,
    #[serde(default)]
    initramfs_etc: Json,
    #[serde(default)]
    requested_packages: Json,
    #[serde(default)]
    requested_local_packages: Json,
    #[serde(default)]
    requested_local_fileoverride_packages: Json,
    #[serde(default)]
    requested_base_removals: Json,
    #[serde(default)]
    requested_base_local_replacements: Json,
    #[serde(default)]
    base_remote_replacements: Json,
    container_image_reference: Option<String>,
    container_image_reference_digest: Option<String>,
}

/// The deployments in boot order; `None` where the text is no status.
pub(super) fn parse(text: &str) -> Option<Vec<Entry>> {
    let status: Status = serde_json::from_str(text).ok()?;
    Some(status.deployments.into_iter().map(Told::entry).collect())
}

/// The names in a list, in a list of lists that begin with one, or in the lists of a map.
fn names(told: &Json) -> Vec<String> {
    let name = |value: &Json| value.as_str().or_else(|| value.get(0)?.as_str()).map(str::to_owned);
    match told {
        Json::Array(list) => list.iter().filter_map(name).collect(),
        Json::Object(map) => map.values().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

impl Told {
    fn entry(self) -> Entry {
        let layered = names(&self.requested_packages);
        let local = [names(&self.requested_local_packages), names(&self.requested_local_fileoverride_packages)];
        let replaced = [names(&self.requested_base_local_replacements), names(&self.base_remote_replacements)];
        let (local, replaced) = (local.concat(), replaced.concat());
        let removed = names(&self.requested_base_removals);
        let incompatible = self.regenerate_initramfs
            || !names(&self.initramfs_etc).is_empty()
            || [&layered, &local, &removed, &replaced].iter().any(|list| !list.is_empty());
        // A layered deployment was put together here; the image below it has an age of its own.
        let built = self.base_timestamp.or(self.timestamp).filter(|seconds| *seconds > 0);
        let deployment = Deployment {
            version: self.version,
            image: self.container_image_reference.as_deref().map(short_reference),
            signed: self.container_image_reference.as_deref().is_some_and(is_signed),
            digest: self.container_image_reference_digest,
            remote: self.origin.filter(|_| self.container_image_reference.is_none()),
            id: format!("{}.{}", self.checksum, self.serial),
            base: self.base_checksum,
            stateroot: self.osname,
            timestamp: built.and_then(|seconds| Timestamp::from_second(seconds).ok()),
            pinned: self.pinned,
            download_only: self.staged && self.finalization_locked,
            incompatible,
            layered,
            local,
            removed,
            replaced,
        };
        Entry { deployment, booted: self.booted, staged: self.staged }
    }
}
