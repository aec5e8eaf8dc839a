// SPDX-License-Identifier: GPL-3.0-or-later
//! A host made of recorded answers, which keeps a log of every effect asked of it.
//!
//! Invariant: it answers only what was recorded; anything else is a missing tool or file, never a guess.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jiff::Timestamp;

use super::settings::{SettingError, SettingEvent, SettingInfo};
use super::{Facts, FileKind, Host, HostError, Invocation, Output, SettingQuery, SettingReading, Settings, Stamp};
use crate::name::{SchemaName, SettingKey};

/// Recorded files, links, tool outputs and settings, and the log of what was changed.
#[derive(Debug, Default)]
pub struct RecordingHost {
    files: Mutex<BTreeMap<PathBuf, String>>,
    modes: Mutex<BTreeMap<PathBuf, u32>>,
    home: Option<PathBuf>,
    links: Mutex<BTreeMap<PathBuf, PathBuf>>,
    outputs: BTreeMap<String, Output>,
    settings: Mutex<BTreeMap<String, String>>,
    effects: Mutex<Vec<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl RecordingHost {
    /// Adds a file.
    #[must_use]
    pub fn file(self, path: &str, content: &str) -> Self {
        lock(&self.files).insert(path.into(), content.to_owned());
        self
    }

    /// Adds a file with permissions other than 0644.
    #[must_use]
    pub fn file_with_mode(self, path: &str, content: &str, mode: u32) -> Self {
        lock(&self.modes).insert(path.into(), mode);
        self.file(path, content)
    }

    /// Gives the person a home directory.
    #[must_use]
    pub fn with_home(self, home: &str) -> Self {
        Self { home: Some(home.into()), ..self }
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        lock(&self.links).insert(path.into(), target.into());
        self
    }

    /// Adds what a command line, as [`Invocation`] displays it, prints with exit status 0.
    #[must_use]
    pub fn prints(self, command: &str, stdout: &str) -> Self {
        self.answers(command, Output { stdout: stdout.to_owned(), ..Output::default() })
    }

    /// Adds the whole answer of a command line.
    #[must_use]
    pub fn answers(mut self, command: &str, output: Output) -> Self {
        self.outputs.insert(command.to_owned(), output);
        self
    }

    /// Adds a setting with its current value.
    #[must_use]
    pub fn setting(self, key: &str, value: &str) -> Self {
        lock(&self.settings).insert(key.to_owned(), value.to_owned());
        self
    }

    /// Everything that was run, written or set, in order.
    #[must_use]
    pub fn effects(&self) -> Vec<String> {
        lock(&self.effects).clone()
    }
}

impl Host for RecordingHost {
    fn root(&self) -> Option<&Path> {
        None
    }

    fn read(&self, path: &Path) -> Result<Option<String>, HostError> {
        Ok(lock(&self.files).get(path).cloned())
    }

    fn list(&self, path: &Path) -> Result<Vec<String>, HostError> {
        let (files, links) = (lock(&self.files), lock(&self.links));
        let names = files.keys().chain(links.keys()).filter_map(|file| {
            let first = file.strip_prefix(path).ok()?.components().next()?;
            Some(first.as_os_str().to_string_lossy().into_owned())
        });
        let mut names: Vec<_> = names.collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn link(&self, path: &Path) -> Result<Option<PathBuf>, HostError> {
        Ok(lock(&self.links).get(path).cloned())
    }

    fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    fn look(&self, path: &Path) -> Result<Option<Facts>, HostError> {
        let facts = |kind, size| Facts { kind, size, mode: 0o755, changed: 0 };
        if let Some(content) = lock(&self.files).get(path) {
            let mode = lock(&self.modes).get(path).copied().unwrap_or(0o644);
            return Ok(Some(Facts { mode, ..facts(FileKind::File, content.len() as u64) }));
        }
        if lock(&self.links).contains_key(path) {
            return Ok(Some(facts(FileKind::Link, 0)));
        }
        Ok((!self.list(path)?.is_empty()).then(|| facts(FileKind::Directory, 0)))
    }

    fn bytes(&self, path: &Path) -> Result<Option<Vec<u8>>, HostError> {
        Ok(Host::read(self, path)?.map(String::into_bytes))
    }

    fn put(&self, path: &Path, content: &[u8], mode: u32) -> Result<(), HostError> {
        lock(&self.effects).push(format!("put {} {mode:o}", path.display()));
        lock(&self.links).remove(path);
        lock(&self.files).insert(path.to_owned(), String::from_utf8_lossy(content).into_owned());
        lock(&self.modes).insert(path.to_owned(), mode);
        Ok(())
    }

    fn put_link(&self, path: &Path, target: &Path) -> Result<(), HostError> {
        lock(&self.effects).push(format!("link {} {}", path.display(), target.display()));
        lock(&self.files).remove(path);
        lock(&self.links).insert(path.to_owned(), target.to_owned());
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<(), HostError> {
        lock(&self.effects).push(format!("remove {}", path.display()));
        lock(&self.links).remove(path);
        lock(&self.files).remove(path);
        Ok(())
    }

    fn write(&self, path: &Path, content: &str) -> Result<(), HostError> {
        lock(&self.effects).push(format!("write {}", path.display()));
        lock(&self.files).insert(path.to_owned(), content.to_owned());
        Ok(())
    }

    fn run_with(&self, invocation: &Invocation, on_line: &mut dyn FnMut(&str)) -> Result<Output, HostError> {
        let line = invocation.to_string();
        let output = self.outputs.get(&line).cloned().ok_or_else(|| HostError::Missing(invocation.program.clone()))?;
        lock(&self.effects).push(line);
        output.stdout.lines().for_each(on_line);
        Ok(output)
    }

    /// By the content, as if it had been written an hour ago.
    fn stamp(&self, path: &Path) -> Result<Option<Stamp>, HostError> {
        let files = lock(&self.files);
        let Some(content) = files.get(path) else { return Ok(None) };
        let digest = crate::digest::sha256(content.as_bytes());
        let inode = u64::from_str_radix(&digest[..16], 16).unwrap_or_default();
        let earlier = self.now() - jiff::SignedDuration::from_hours(1);
        Ok(Some(Stamp { inode, size: content.len() as u64, modified: earlier, changed: earlier }))
    }

    fn settings(&self) -> &dyn Settings {
        self
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

impl RecordingHost {
    fn missing(key: &SettingKey) -> SettingError {
        SettingError::NoSchema { schema: key.schema().to_owned(), similar: None }
    }

    /// The recorded keys of a schema; a recording knows no defaults, so every value is one that was set.
    fn infos(&self, is_asked: impl Fn(&SettingKey) -> bool) -> Vec<SettingInfo> {
        let settings = lock(&self.settings);
        let info = |(key, value): (&String, &String)| {
            let key: SettingKey = key.parse().ok()?;
            is_asked(&key).then(|| SettingInfo {
                key,
                value: value.clone(),
                default: String::new(),
                is_set: true,
                kind: "s".to_owned(),
                allowed: None,
                locked: false,
                summary: None,
                description: None,
            })
        };
        settings.iter().filter_map(info).collect()
    }
}

impl Settings for RecordingHost {
    fn read(&self, queries: &[SettingQuery]) -> Result<Vec<SettingReading>, HostError> {
        let settings = lock(&self.settings);
        let answer = |query: &SettingQuery| match settings.get(query.key.as_str()) {
            None => SettingReading::Missing(Self::missing(&query.key)),
            Some(current) => SettingReading::Read {
                current: current.clone(),
                declared: query.declared.clone().map(Ok),
                summary: None,
                locked: false,
                is_set: true,
            },
        };
        Ok(queries.iter().map(answer).collect())
    }

    fn set(&self, key: &SettingKey, value: Option<&str>) -> Result<(), SettingError> {
        lock(&self.effects).push(format!("set {key} {}", value.unwrap_or("(default)")));
        lock(&self.settings).insert(key.to_string(), value.unwrap_or_default().to_owned());
        Ok(())
    }

    fn check(&self, key: &SettingKey, text: &str) -> Result<String, SettingError> {
        match lock(&self.settings).contains_key(key.as_str()) {
            true => Ok(text.to_owned()),
            false => Err(Self::missing(key)),
        }
    }

    fn describe(&self, schema: &SchemaName) -> Result<Vec<SettingInfo>, SettingError> {
        Ok(self.infos(|key| key.schema() == schema.id() && key.path() == schema.path()))
    }

    fn changed(&self, schemas: &[SchemaName]) -> Result<Vec<SettingInfo>, SettingError> {
        let named =
            |key: &SettingKey| schemas.iter().any(|name| name.id() == key.schema() && name.path() == key.path());
        Ok(self.infos(|key| schemas.is_empty() || named(key)))
    }

    fn watch(
        &self,
        schemas: &[SchemaName],
        sink: &mut dyn FnMut(SettingEvent) -> ControlFlow<()>,
    ) -> Result<(), SettingError> {
        // Nothing changes in a recording.
        let _ = sink(SettingEvent::Watching { keys: self.changed(schemas)?.len() });
        Ok(())
    }
}
