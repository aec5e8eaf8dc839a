// SPDX-License-Identifier: GPL-3.0-or-later
//! The JSON Schemas of manifests and documents, as they are installed in `/usr/share/bkt/schemas`.
//!
//! Invariant: every manifest and every document has one here, under the name its format or file has.

use serde_json::Value as Json;

/// A schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// Its name: a manifest's without `.json`, or a document's format without `bkt.`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

impl Schema {
    /// The name of its file.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}.schema.json", self.name)
    }

    /// Its text, read.
    #[must_use]
    pub fn json(&self) -> Json {
        // The text is part of the program and tested to be JSON.
        serde_json::from_str(self.text).unwrap_or_default()
    }
}

/// The schema of a manifest or document.
#[must_use]
pub fn find(name: &str) -> Option<&'static Schema> {
    let plain = name.strip_prefix("bkt.").unwrap_or(name);
    let plain = plain.strip_suffix(".json").unwrap_or(plain);
    ALL.iter().find(|schema| schema.name == plain.strip_suffix(".schema").unwrap_or(plain))
}

macro_rules! schemas {
    ($($name:literal),* $(,)?) => {
        [$(Schema { name: $name, text: include_str!(concat!("../../data/schemas/", $name, ".schema.json")) }),*]
    };
}

/// Every schema, sorted by name.
pub static ALL: &[Schema] = &schemas![
    "appimage-apps",
    "base",
    "base-edit",
    "base-image-assumptions",
    "build-info",
    "changelog",
    "commands",
    "commit",
    "complete",
    "completions",
    "containerfile",
    "containerfile-adopt",
    "containerfile-diff",
    "containerfile-sync",
    "dev",
    "dev-run",
    "distrobox",
    "dnf",
    "doctor",
    "drift",
    "error",
    "external-repos",
    "file-diff",
    "first-boot",
    "flatpak-apps",
    "flatpak-remotes",
    "gnome-extensions",
    "gsetting",
    "gsetting-change",
    "gsettings",
    "homebrew",
    "host-binaries",
    "host-shims",
    "ignore",
    "image-config",
    "init",
    "init-opened",
    "kargs",
    "list",
    "local",
    "local-clear",
    "log",
    "man",
    "notice",
    "plan",
    "plan-review",
    "pr",
    "progress",
    "pull",
    "repo",
    "repo-path",
    "run",
    "schema",
    "schemas",
    "show",
    "status",
    "system",
    "system-config",
    "system-diff",
    "system-packages",
    "system-staged",
    "system-update",
    "systemd-services",
    "toolbox-packages",
    "topgrade",
    "unit-status",
    "units",
    "upstream",
    "upstream-list",
    "vendor-artifacts",
];

#[cfg(test)]
mod tests;
