// SPDX-License-Identifier: GPL-3.0-or-later
//! Whole hosts from `core/fixtures/hosts/*.host.json`, for tests and for fuzzing.
//!
//! Invariant: what a host answers is in its file or in one that names; nothing is read from the computer that runs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bkt_core::host::recording::RecordingHost;
use serde_json::Value as Json;

/// Where the recordings are.
pub(crate) fn directory() -> PathBuf {
    // From `core/` as well as from `fuzz/`.
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/fixtures/hosts")
}

/// What a host answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorded {
    /// The person's home.
    pub(crate) home: Option<String>,
    /// Files by path.
    pub(crate) files: BTreeMap<String, String>,
    /// Which of them can be run.
    pub(crate) executable: Vec<String>,
    /// Links by path.
    pub(crate) links: BTreeMap<String, String>,
    /// What command lines print.
    pub(crate) outputs: BTreeMap<String, String>,
    /// Settings by key.
    pub(crate) settings: BTreeMap<String, String>,
}

/// Every recorded host by its name.
pub(crate) fn all() -> BTreeMap<String, Recorded> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        names.extend(name.strip_suffix(".host.json").filter(|name| *name != "common").map(str::to_owned));
    }
    names.into_iter().map(|name| (name.clone(), Recorded::read(&name))).collect()
}

impl Recorded {
    /// Reads one by its name.
    pub(crate) fn read(name: &str) -> Self {
        let text = std::fs::read_to_string(directory().join(format!("{name}.host.json"))).unwrap();
        let json: Json = serde_json::from_str(&text).unwrap();
        let mut host = json["like"].as_str().map(Self::read).unwrap_or_default();
        host.home = json["home"].as_str().map(str::to_owned).or(host.home);
        for (field, into) in [
            ("files", &mut host.files),
            ("links", &mut host.links),
            ("outputs", &mut host.outputs),
            ("settings", &mut host.settings),
        ] {
            for (key, value) in json[field].as_object().into_iter().flatten() {
                into.insert(key.clone(), content(value));
            }
        }
        host.executable.extend(json["executable"].as_array().into_iter().flatten().map(content));
        host
    }

    /// A host that answers so.
    pub(crate) fn host(&self) -> RecordingHost {
        let mut host = RecordingHost::default();
        if let Some(home) = &self.home {
            host = host.with_home(home);
        }
        for (path, text) in &self.files {
            let mode = if self.executable.contains(path) { 0o755 } else { 0o644 };
            host = host.file_with_mode(path, text, mode);
        }
        host = self.links.iter().fold(host, |host, (path, target)| host.symlink(path, target));
        host = self.outputs.iter().fold(host, |host, (command, text)| host.prints(command, text));
        self.settings.iter().fold(host, |host, (key, value)| host.setting(key, value))
    }
}

fn content(value: &Json) -> String {
    match (value.as_str(), value["of"].as_str()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(file)) => std::fs::read_to_string(directory().join(file)).unwrap(),
        _ => panic!("{value} is neither text nor ‘of’ a file"),
    }
}
