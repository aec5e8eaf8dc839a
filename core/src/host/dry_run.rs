// SPDX-License-Identifier: GPL-3.0-or-later
//! A host that may be looked at but not changed.
//!
//! Invariant: only invocations known to read run; a write is refused, never pretended.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Host, HostError, Invocation, Output, SettingQuery, SettingReading, Settings};
use crate::name::SettingKey;

/// Lets reads through to `inner` and refuses the rest.
pub struct DryRunHost<'h> {
    inner: &'h dyn Host,
    settings: ReadOnlySettings<'h>,
}

struct ReadOnlySettings<'h>(&'h dyn Host);

impl std::fmt::Debug for DryRunHost<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DryRunHost").finish_non_exhaustive()
    }
}

impl<'h> DryRunHost<'h> {
    /// Wraps a host.
    #[must_use]
    pub fn new(inner: &'h dyn Host) -> Self {
        Self { inner, settings: ReadOnlySettings(inner) }
    }
}

/// Whether a tool only reads when called like this.
fn only_reads(invocation: &Invocation) -> bool {
    let has = |word: &str| invocation.args.iter().any(|arg| arg == word);
    let writes = |words: &[&str]| words.iter().any(|word| has(word));
    match invocation.program.as_str() {
        "rpm" => has("-qa") || has("-q"),
        "systemctl" => has("list-unit-files") || has("is-enabled"),
        "flatpak" => has("list") || has("remotes"),
        "dnf" => has("repoquery"),
        "rpm-ostree" => {
            has("status")
                || (has("kargs")
                    && !invocation.args.iter().any(|arg| arg.starts_with("--append") || arg.starts_with("--delete")))
        }
        "git" => !writes(&["add", "commit", "push", "checkout", "switch"]),
        _ => false,
    }
}

impl Host for DryRunHost<'_> {
    fn root(&self) -> Option<&Path> {
        self.inner.root()
    }

    fn read(&self, path: &Path) -> Result<Option<String>, HostError> {
        self.inner.read(path)
    }

    fn list(&self, path: &Path) -> Result<Vec<String>, HostError> {
        self.inner.list(path)
    }

    fn link(&self, path: &Path) -> Result<Option<PathBuf>, HostError> {
        self.inner.link(path)
    }

    fn write(&self, path: &Path, _content: &str) -> Result<(), HostError> {
        Err(HostError::Refused(format!("writing {} in a dry run", path.display())))
    }

    fn run_with(&self, invocation: &Invocation, on_line: &mut dyn FnMut(&str)) -> Result<Output, HostError> {
        if only_reads(invocation) {
            return self.inner.run_with(invocation, on_line);
        }
        Err(HostError::Refused(format!("‘{invocation}’ in a dry run")))
    }

    fn settings(&self) -> &dyn Settings {
        &self.settings
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }
}

impl Settings for ReadOnlySettings<'_> {
    fn read(&self, queries: &[SettingQuery]) -> Result<Vec<SettingReading>, HostError> {
        self.0.settings().read(queries)
    }

    fn set(&self, key: &SettingKey, _value: Option<&str>) -> Result<(), HostError> {
        Err(HostError::Refused(format!("setting {key} in a dry run")))
    }
}
