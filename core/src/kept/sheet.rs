// SPDX-License-Identifier: GPL-3.0-or-later
//! A kept file being read: every wrong entry is noted, and reading goes on.
//!
//! Invariant: a check that fails says what is wrong in the words of the file.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;

use crate::manifest::{ManifestError, ManifestErrorKind, Reader, Warning};

/// A file being read, with what is wrong so far.
pub(super) struct Sheet<'s> {
    pub(super) reader: Reader<()>,
    setup: &'s Path,
    errors: Vec<ManifestError>,
}

impl<'s> Sheet<'s> {
    pub(super) fn new(setup: &'s Path, file: &'static str, text: &str) -> Self {
        Self { reader: Reader::new((), file, text), setup, errors: Vec::new() }
    }

    /// Reads the whole text.
    pub(super) fn whole(&mut self, text: &str, read: impl FnOnce(&mut Self, &Object<'_>) -> usize) -> usize {
        let parsed = match self.reader.parse(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.errors.push(error);
                return 0;
            }
        };
        match self.reader.root(&parsed) {
            Ok(None) => 0,
            Ok(Some(root)) => read(self, root),
            Err(error) => {
                self.errors.push(error);
                0
            }
        }
    }

    /// What is wrong, and what was noticed.
    pub(super) fn end(self) -> (Vec<ManifestError>, Vec<Warning>) {
        (self.errors, self.reader.into_warnings())
    }

    /// The directory of the setup.
    pub(super) fn setup(&self) -> &'s Path {
        self.setup
    }

    /// Notes that something is wrong.
    pub(super) fn wrong(&mut self, at: &impl Ranged, message: String) {
        self.errors.push(self.reader.error(at, ManifestErrorKind::Value(message)));
    }

    /// Takes a result, noting the error.
    pub(super) fn take<T>(&mut self, result: Result<T, ManifestError>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }

    /// Reads the objects of a list, each on its own.
    pub(super) fn entries<'o, 't, T>(
        &mut self,
        object: &'o Object<'t>,
        list: &'static str,
        mut read: impl FnMut(&mut Self, &'o Object<'t>) -> Option<T>,
    ) -> Vec<T> {
        let Some(elements) = self.take(self.reader.list(object, list)) else { return Vec::new() };
        let mut all = Vec::new();
        for element in elements {
            if let Some(entry) = self.take(self.reader.entry(list, element)) {
                all.extend(read(self, entry));
            }
        }
        all
    }

    /// A list that must hold text only.
    pub(super) fn words<'o, 't>(
        &mut self,
        object: &'o Object<'t>,
        list: &'static str,
    ) -> Vec<(&'o str, &'o Value<'t>)> {
        let Some(elements) = self.take(self.reader.list(object, list)) else { return Vec::new() };
        let mut words = Vec::new();
        for element in elements {
            if let Some(word) = self.take(self.reader.string(list, element)) {
                words.push((word, element));
            }
        }
        words
    }

    /// A text field, where it is there.
    pub(super) fn text<'o>(&mut self, object: &'o Object<'_>, field: &str) -> Option<&'o str> {
        self.take(self.reader.string_field(object, field)).flatten()
    }

    /// A text field that must be there and say something.
    pub(super) fn needed<'o>(
        &mut self,
        object: &'o Object<'_>,
        list: &'static str,
        field: &'static str,
    ) -> Option<&'o str> {
        let text = self.take(self.reader.needed(object, list, field))?;
        if text.trim().is_empty() {
            self.wrong(object, format!("‘{field}’ is empty"));
            return None;
        }
        Some(text)
    }

    /// A field that is true or false, where it is there.
    pub(super) fn truth(&mut self, object: &Object<'_>, field: &str) -> Option<bool> {
        match object.get(field).map(|property| &property.value) {
            None | Some(Value::NullKeyword(_)) => None,
            Some(Value::BooleanLit(truth)) => Some(truth.value),
            Some(other) => {
                let error = self.reader.wrong_type(field, "true or false", other);
                self.take::<()>(Err(error));
                None
            }
        }
    }

    /// A name no other entry has, which is a plain word.
    pub(super) fn unique<'o>(
        &mut self,
        object: &'o Object<'_>,
        list: &'static str,
        seen: &mut BTreeSet<String>,
    ) -> Option<&'o str> {
        let name = self.needed(object, list, "name")?;
        let plain = |c: char| c.is_alphanumeric() || "._+-@ ".contains(c);
        if name.starts_with('-') || name.contains("..") || !name.chars().all(plain) {
            self.wrong(object, format!("‘{}’ is not a name", name.escape_debug()));
            return None;
        } else if !seen.insert(name.to_owned()) {
            self.take::<()>(Err(self.reader.error(object, ManifestErrorKind::Twice(name.to_owned()))));
        }
        Some(name)
    }

    /// Notes an address that is not `https`.
    pub(super) fn https(&mut self, at: &impl Ranged, field: &str, url: &str) {
        let host = url.strip_prefix("https://").map(|rest| rest.split('/').next().unwrap_or_default());
        if host.is_none_or(str::is_empty) || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            self.wrong(at, format!("‘{field}’ is not an address that begins with https://"));
        }
    }

    /// Notes a path that could lead out of where it belongs.
    pub(super) fn inside(&mut self, at: &impl Ranged, field: &str, path: &str) -> bool {
        let parts = Path::new(path).components();
        let leaves = parts.clone().any(|part| matches!(part, Component::ParentDir | Component::RootDir));
        if leaves || path.is_empty() {
            self.wrong(at, format!("‘{field}’ is not a path inside the setup: {}", path.escape_debug()));
        }
        !leaves && !path.is_empty()
    }

    /// Notes a path that is not absolute, or has `..` in it.
    pub(super) fn absolute(&mut self, at: &impl Ranged, field: &str, path: &str) -> bool {
        let leaves = Path::new(path).components().any(|part| part == Component::ParentDir);
        if leaves || !path.starts_with('/') {
            self.wrong(at, format!("‘{field}’ is not a whole path from /: {}", path.escape_debug()));
        }
        !leaves && path.starts_with('/')
    }

    /// Notes a word that is none of the known ones.
    pub(super) fn one_of(&mut self, at: &impl Ranged, field: &str, word: &str, known: &[&str]) -> bool {
        let is_known = known.contains(&word);
        if !is_known {
            self.wrong(at, format!("‘{field}’ is ‘{}’, not one of {}", word.escape_debug(), known.join(", ")));
        }
        is_known
    }
}

/// Whether a text is a SHA-256 in hexadecimal.
pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
