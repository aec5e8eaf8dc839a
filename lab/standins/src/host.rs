// SPDX-License-Identifier: GPL-3.0-or-later
//! The JSON of `bootc status`, `org.containers.bootc/v1`, field for field as bootc 1.16.9 prints it
//! (recorded in core/fixtures/bootc).

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Host {
    pub api_version: String,
    pub kind: String,
    pub metadata: Metadata,
    pub spec: Spec,
    pub status: Status,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    pub image: Option<ImageReference>,
    pub boot_order: BootOrder,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum BootOrder {
    #[default]
    Default,
    Rollback,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct ImageReference {
    pub image: String,
    pub transport: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Signature {
    OstreeRemote(String),
    ContainerPolicy,
    Insecure,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Status {
    pub staged: Option<BootEntry>,
    pub booted: Option<BootEntry>,
    pub rollback: Option<BootEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_deployments: Vec<BootEntry>,
    pub rollback_queued: bool,
    #[serde(rename = "type")]
    pub host_type: Option<String>,
    pub usr_overlay: Option<UsrOverlay>,
    pub read_only: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsrOverlay {
    pub access_mode: String,
    pub persistence: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BootEntry {
    pub image: Option<ImageStatus>,
    pub cached_update: Option<ImageStatus>,
    pub incompatible: bool,
    pub pinned: bool,
    pub soft_reboot_capable: bool,
    pub download_only: bool,
    pub store: Option<String>,
    pub ostree: Option<BootEntryOstree>,
    /// Always null here: the lab has no composefs-native host.
    pub composefs: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageStatus {
    pub image: ImageReference,
    pub version: Option<String>,
    pub timestamp: Option<String>,
    pub image_digest: String,
    pub architecture: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BootEntryOstree {
    pub stateroot: String,
    pub checksum: String,
    pub deploy_serial: u32,
}

impl Host {
    pub fn new(spec: Spec, status: Status) -> Self {
        Self {
            api_version: "org.containers.bootc/v1".to_owned(),
            kind: "BootcHost".to_owned(),
            metadata: Metadata { name: "host".to_owned() },
            spec,
            status,
        }
    }

    /// What is said off an image host: nothing, with exit code 0.
    pub fn none() -> Self {
        Self::new(Spec { image: None, boot_order: BootOrder::Default }, Status::default())
    }
}
