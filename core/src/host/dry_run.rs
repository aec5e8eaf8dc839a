// SPDX-License-Identifier: GPL-3.0-or-later
//! A host that may be looked at but not changed.
//!
//! Invariant: only invocations known to read run; a write is refused, never pretended.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::settings::{SettingError, SettingEvent, SettingInfo};
use super::{
    Below, Facts, Host, HostError, Invocation, Output, OwnedFile, SettingQuery, SettingReading, Settings, Stamp,
};
use crate::name::{SchemaName, SettingKey};
use crate::tree::TreePath;

/// Lets reads through to `inner` and refuses the rest.
pub struct DryRunHost {
    inner: Arc<dyn Host>,
    settings: ReadOnlySettings,
}

struct ReadOnlySettings(Arc<dyn Host>);

impl std::fmt::Debug for DryRunHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DryRunHost").finish_non_exhaustive()
    }
}

impl DryRunHost {
    /// Wraps a host.
    #[must_use]
    pub fn new(inner: Arc<dyn Host>) -> Self {
        Self { settings: ReadOnlySettings(Arc::clone(&inner)), inner }
    }
}

/// Whether a tool only reads when called like this.
fn only_reads(invocation: &Invocation) -> bool {
    let has = |word: &str| invocation.args.iter().any(|arg| arg == word);
    if has("--version") {
        return true;
    }
    match invocation.program.as_str() {
        "rpm" => has("-qa") || has("-q"),
        "busctl" => has("ListExtensions"),
        "systemctl" => has("list-unit-files") || has("is-enabled") || has("show"),
        "journalctl" => has("--output=json"),
        "bootc" => has("status") || (has("upgrade") && has("--check")),
        "flatpak" => {
            invocation.args.first().is_some_and(|verb| ["list", "remotes", "remote-info"].contains(&verb.as_str()))
        }
        "dnf" => ["repoquery", "repolist", "search", "info", "provides"].iter().any(|verb| has(verb)) && !has("-y"),
        "distrobox" => match invocation.args.first().map(String::as_str) {
            Some("list") => true,
            Some("enter") => !has("sudo") && (has("rpm") && has("-qa") || has("repoquery") || has("repolist")),
            _ => false,
        },
        // A question to a container.
        "toolbox" => {
            invocation.args.first().is_some_and(|verb| verb == "run")
                && (has("rpm") && has("-qa") || has("dnf") && (has("repoquery") || has("repolist")))
                && !has("sudo")
        }
        "podman" => invocation.args.first().is_some_and(|verb| verb == "inspect"),
        "rpm-ostree" => {
            has("status")
                || (has("upgrade") && has("--check"))
                || (has("kargs")
                    && !invocation.args.iter().any(|arg| arg.starts_with("--append") || arg.starts_with("--delete")))
        }
        "git" => git_only_reads(&invocation.args),
        _ => false,
    }
}

/// Whether git changes neither a repository nor files like this. A clone goes into a folder that was made for looking into
/// it and goes again; a fetch remembers what the remote has, and moves no branch of the person's.
fn git_only_reads(args: &[String]) -> bool {
    let mut words = args.iter().map(String::as_str);
    let verb = loop {
        match words.next() {
            Some("-C" | "-c") => drop(words.next()),
            Some(option) if option.starts_with('-') => {}
            verb => break verb,
        }
    };
    let rest: Vec<&str> = words.collect();
    let names = || rest.iter().filter(|word| !word.starts_with('-')).count();
    match verb {
        Some(
            "cat-file" | "check-ref-format" | "clone" | "diff" | "fetch" | "for-each-ref" | "log" | "ls-files"
            | "ls-remote" | "ls-tree" | "merge-base" | "rev-list" | "rev-parse" | "show" | "status" | "var",
        ) => true,
        Some("hash-object") => !rest.contains(&"-w"),
        Some("merge-file") => rest.contains(&"--stdout"),
        Some("config") => rest.contains(&"--get"),
        Some("symbolic-ref") => names() == 1,
        Some("remote") => matches!(rest.as_slice(), [] | ["get-url", ..]),
        _ => false,
    }
}

impl Host for DryRunHost {
    pass_on!(looking);

    fn put(&self, path: &Path, _content: &[u8], _mode: u32) -> Result<(), HostError> {
        Err(HostError::Refused(format!("writing {} in a dry run", path.display())))
    }

    fn remove(&self, path: &Path) -> Result<(), HostError> {
        Err(HostError::Refused(format!("removing {} in a dry run", path.display())))
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

    fn is_read_only(&self) -> bool {
        true
    }
}

impl Settings for ReadOnlySettings {
    fn read(&self, queries: &[SettingQuery]) -> Result<Vec<SettingReading>, HostError> {
        self.0.settings().read(queries)
    }

    fn set(&self, key: &SettingKey, _value: Option<&str>) -> Result<(), SettingError> {
        Err(HostError::Refused(format!("setting {key} in a dry run")).into())
    }

    fn check(&self, key: &SettingKey, text: &str) -> Result<String, SettingError> {
        self.0.settings().check(key, text)
    }

    fn describe(&self, schema: &SchemaName) -> Result<Vec<SettingInfo>, SettingError> {
        self.0.settings().describe(schema)
    }

    fn changed(&self, schemas: &[SchemaName]) -> Result<Vec<SettingInfo>, SettingError> {
        self.0.settings().changed(schemas)
    }

    fn watch(
        &self,
        schemas: &[SchemaName],
        sink: &mut dyn FnMut(SettingEvent) -> ControlFlow<()>,
    ) -> Result<(), SettingError> {
        self.0.settings().watch(schemas, sink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;

    #[test]
    fn git_may_look_and_nothing_else() {
        let reads = |line: &str| only_reads(&Invocation::new("git", line.split(' ')));
        for line in [
            "-C /s status --porcelain=v2",
            "-c core.hooksPath=/dev/null --literal-pathspecs ls-tree -r HEAD",
            "rev-parse --verify --quiet HEAD",
            "symbolic-ref --quiet --short refs/remotes/origin/HEAD",
            "hash-object -- add",
            "config --get remote.pushDefault",
            "remote get-url --push origin",
            "remote",
            "clone --quiet -- https://example.com/x /tmp/draft",
        ] {
            assert!(reads(line), "{line}");
        }
        for line in [
            "-C /s init --quiet",
            "-C /s add --all -- .",
            "-C status commit --quiet --file=-",
            "--literal-pathspecs reset --quiet -- a",
            "worktree add --quiet /w",
            "branch --quiet -D show",
            "update-ref -m log HEAD x",
            "hash-object -w -- a",
            "config remote.x.url y",
            "remote add origin y",
            "symbolic-ref HEAD refs/heads/x",
            "tag v1",
            "-C status",
        ] {
            assert!(!reads(line), "{line}");
        }
    }

    #[test]
    fn reading_passes_and_changing_is_refused() {
        let recorded = Arc::new(
            RecordingHost::default()
                .prints("rpm -qa", "htop\n")
                .prints("dnf -y install htop", "")
                .prints("rpm-ostree kargs", "quiet\n")
                .prints("rpm-ostree kargs --append-if-missing=x", ""),
        );
        let host = DryRunHost::new(recorded.clone());
        let run = |program: &str, args: &[&str]| host.run(&Invocation::new(program, args.iter().copied()));
        assert!(run("rpm", &["-qa"]).is_ok() && run("rpm-ostree", &["kargs"]).is_ok());
        assert!(matches!(run("dnf", &["-y", "install", "htop"]), Err(HostError::Refused(_))));
        assert!(matches!(run("rpm-ostree", &["kargs", "--append-if-missing=x"]), Err(HostError::Refused(_))));
        assert!(host.write(Path::new("/etc/x"), "").is_err());
        assert!(host.put(Path::new("/home/sam/x"), b"", 0o644).is_err());
        assert!(host.remove(Path::new("/home/sam/x")).is_err());
        assert!(host.settings().set(&"org.a/x".parse().unwrap(), None).is_err());
        assert_eq!(recorded.effects(), ["rpm -qa", "rpm-ostree kargs"]);
    }
}
