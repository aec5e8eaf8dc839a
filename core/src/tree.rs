// SPDX-License-Identifier: GPL-3.0-or-later
//! File trees of a setup: folders whose files are items, beside the manifests whose entries are.
//!
//! A file's value is its digest, whether it can be run, or where it links to: what git keeps. Its content travels
//! only while a step runs, and only when it still has the digest that was shown.
//!
//! Invariant: nothing is read or written through a symbolic link inside a tree or inside the home; a link is an
//! item itself.

mod difference;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::difference::{Difference, Half, difference};
use crate::compare::Change;
use crate::domain::etc::{self, EtcFile, EtcPath};
use crate::host::live::LiveHost;
use crate::host::{Facts, FileKind, Host};
use crate::i18n::{fill, gettext};
use crate::item::Domain;
use crate::manifest::{Declaration, Declarations, Manifest};
use crate::name::{FileDigest, NameError};
use crate::problem::Problem;
use crate::value::Value;

/// No file of a tree is larger, in bytes: a setup is a git repository.
pub const LARGEST: u64 = 16 << 20;
/// No tree is deeper.
const DEEPEST: usize = 32;

/// A folder of the setup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tree {
    /// `skel`: files of the person's home.
    Skel,
    /// `system/etc`: files of the system's `/etc`.
    Etc,
}

impl Tree {
    /// Every tree.
    pub const ALL: [Self; 2] = [Self::Skel, Self::Etc];

    /// Its path inside the setup.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Skel => "skel",
            Self::Etc => "system/etc",
        }
    }

    /// The domain of its files.
    #[must_use]
    pub const fn domain(self) -> Domain {
        match self {
            Self::Skel => Domain::Skel,
            Self::Etc => Domain::Etc,
        }
    }

    /// Where its items are declared.
    #[must_use]
    pub const fn manifest(self) -> Manifest {
        match self {
            Self::Skel => Manifest::Skel,
            Self::Etc => Manifest::Etc,
        }
    }

    /// The place of an item inside the tree.
    ///
    /// # Errors
    /// The key names no such place.
    pub fn place(self, key: &str) -> Result<TreePath, NameError> {
        match self {
            Self::Skel => key.parse(),
            Self::Etc => key.parse::<EtcPath>().map(|path| path.place().clone()),
        }
    }

    /// Where its files are on a computer.
    ///
    /// # Errors
    /// There is no such place.
    pub(crate) fn here(self, host: &dyn Host) -> Result<PathBuf, Problem> {
        match self {
            Self::Skel => home(host),
            Self::Etc => Ok(host.at("/etc")),
        }
    }

    /// The key of the item at a place.
    #[must_use]
    pub fn key(self, place: &str) -> String {
        match self {
            Self::Skel => place.to_owned(),
            Self::Etc => format!("/etc/{place}"),
        }
    }
}

/// The path of a file below some directory: UTF-8, without empty parts, `.`, `..` and control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TreePath(String);

impl TreePath {
    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directories above it, outermost first, and then itself.
    pub(crate) fn ways(&self) -> impl Iterator<Item = &str> {
        let ends = self.0.match_indices('/').map(|(at, _)| at).chain([self.0.len()]);
        ends.map(|end| &self.0[..end])
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TreePath {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let reason = if text.is_empty() {
            "it is empty"
        } else if text.len() > 1024 || text.split('/').count() > DEEPEST {
            "it is too long"
        } else if text.chars().any(char::is_control) {
            "it holds a control character"
        } else if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            "it does not lead to a file below the directory"
        } else {
            return Ok(Self(text.to_owned()));
        };
        let text: String = text.chars().take(80).collect::<String>().escape_debug().to_string();
        Err(NameError { what: "path of a file", text, reason })
    }
}

/// What a file is, as far as git keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum FileState {
    /// A regular file.
    File {
        /// The digest of its content.
        sha256: FileDigest,
        /// Whether its owner may run it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        executable: bool,
    },
    /// A symbolic link.
    Link {
        /// Where it points, as it is written.
        link: String,
    },
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { sha256, executable: false } => write!(f, "file {}", sha256.short()),
            Self::File { sha256, executable: true } => write!(f, "program {}", sha256.short()),
            Self::Link { link } => write!(f, "link to {link}"),
        }
    }
}

/// The real file system, which the setup is on whatever the computer is.
pub(crate) fn disk() -> LiveHost {
    LiveHost::of_user(None, std::sync::Arc::new(crate::host::NoSettings))
}

/// What is at a place below a directory, no link followed; `None` where there is nothing.
///
/// # Errors
/// It cannot be read, is no file, is too large, or a link leads there.
pub(crate) fn look(host: &dyn Host, base: &Path, place: &TreePath) -> Result<Option<FileState>, Problem> {
    for way in place.ways() {
        let path = base.join(way);
        let Some(facts) = host.look(&path)? else { return Ok(None) };
        if way == place.as_str() {
            return state(host, &path, &facts).map(Some);
        }
        match facts.kind {
            FileKind::Directory => {}
            FileKind::Link => return Err(behind_a_link(&path)),
            FileKind::File | FileKind::Other => return Err(in_the_way(&path)),
        }
    }
    Ok(None)
}

pub(crate) fn state(host: &dyn Host, path: &Path, facts: &Facts) -> Result<FileState, Problem> {
    match facts.kind {
        FileKind::File if facts.size > LARGEST => Err(too_large(path)),
        FileKind::File => {
            let digest = host.known_digest(path)?.ok_or_else(|| changing(path))?;
            Ok(FileState::File { sha256: digest, executable: facts.is_executable() })
        }
        FileKind::Link => {
            let target = host.link(path)?.ok_or_else(|| changing(path))?;
            let link = target.to_str().ok_or_else(|| not_text(path))?.to_owned();
            Ok(FileState::Link { link })
        }
        FileKind::Directory | FileKind::Other => Err(in_the_way(path)),
    }
}

/// The files of a tree: what is declared, and what could not be read, by key.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// The files.
    pub declared: Declarations,
    /// Why some could not be read.
    pub problems: BTreeMap<String, Problem>,
}

/// Reads a tree of a setup.
///
/// # Errors
/// The folder itself cannot be read.
pub(crate) fn files(setup: &Path, tree: Tree) -> Result<Files, Problem> {
    let host = disk();
    let mut files = Files::default();
    let mut folder = setup.to_owned();
    for part in tree.path().split('/') {
        folder.push(part);
        match host.look(&folder)?.map(|facts| facts.kind) {
            None => return Ok(files),
            Some(FileKind::Directory) => {}
            Some(FileKind::Link) => return Err(behind_a_link(&folder)),
            Some(_) => return Err(in_the_way(&folder)),
        }
    }
    walk(&host, tree, &folder, "", &mut files);
    Ok(files)
}

/// The files below a folder of a tree's kind, as [`Setup::declared`](crate::setup::Setup::declared) would name them.
#[must_use]
pub fn below(host: &dyn Host, base: &Path, tree: Tree, folder: &TreePath) -> Files {
    let mut files = Files::default();
    walk(host, tree, &base.join(folder.as_str()), &format!("{folder}/"), &mut files);
    files
}

/// How the two sides of a change differ.
///
/// # Errors
/// One cannot be read.
pub fn of_change(host: &dyn Host, setup: &Path, change: &Change) -> Result<Difference, Problem> {
    let tree = Manifest::of(change.id.domain).tree();
    let tree = tree.ok_or_else(|| Problem::new("internal", format!("{} is no file", change.id)))?;
    let place = tree.place(&change.id.key).map_err(|error| Problem::new("name_invalid", error.to_string()))?;
    let here = tree.here(host)?;
    let state = |value: Option<&Value>| match value {
        Some(Value::File(state)) => Some(state.clone()),
        Some(Value::Etc(seen)) => seen.file().cloned(),
        _ => None,
    };
    let content = |host: &dyn Host, base: &Path, state: Option<&FileState>| match state {
        Some(FileState::File { sha256, .. }) => {
            content(host, base, &place, sha256)?.ok_or_else(|| changing(&base.join(place.as_str())))
        }
        Some(FileState::Link { .. }) | None => Ok(Vec::new()),
    };
    let after = state(change.computer.as_ref());
    let (before, old) = match (&change.setup, &change.computer) {
        // Beside what the setup does not mention stands what the image has.
        (None, Some(Value::Etc(EtcFile { image: Some(image), .. }))) => {
            let old = content(host, &host.at(etc::IMAGE), Some(&image.file))?;
            (Some(image.file.clone()), old)
        }
        (said, _) => {
            let before = state(said.as_ref());
            let old = content(&disk(), &setup.join(tree.path()), before.as_ref())?;
            (before, old)
        }
    };
    let new = content(host, &here, after.as_ref())?;
    let half = |state, content| Half { state, content };
    Ok(difference(half(before.as_ref(), &old), half(after.as_ref(), &new), place.as_str()))
}

fn walk(host: &dyn Host, tree: Tree, folder: &Path, below: &str, files: &mut Files) {
    let names = match host.list(folder) {
        Ok(names) => names,
        Err(error) => {
            files.problems.insert(tree.key(below.trim_end_matches('/')), error.into());
            return;
        }
    };
    // A file that was half written when a run was killed is nobody's.
    for name in names.into_iter().filter(|name| !crate::files::is_temporary(name)) {
        let (path, place) = (folder.join(&name), format!("{below}{name}"));
        let key = tree.key(&place);
        let found = match host.look(&path) {
            Err(error) => Err(error.into()),
            // Such a name was made readable in the listing, and is the name of no file.
            Ok(None) if name.contains(char::REPLACEMENT_CHARACTER) => Err(not_text(&path)),
            Ok(None) => continue,
            Ok(Some(facts)) => match (tree.place(&key), facts.kind) {
                (Err(error), _) => Err(Problem::new("name_invalid", error.to_string())),
                (Ok(_), FileKind::Directory) => {
                    walk(host, tree, &path, &format!("{place}/"), files);
                    continue;
                }
                (Ok(_), _) => state(host, &path, &facts),
            },
        };
        match found {
            Ok(state) => {
                let declaration = Declaration { value: Some(Value::File(state)), manifest: tree.manifest(), line: 0 };
                files.declared.insert(key, declaration);
            }
            Err(problem) => {
                files.problems.insert(key.chars().filter(|c| !c.is_control()).collect(), problem);
            }
        }
    }
}

/// The content of a file that must have a digest.
///
/// # Errors
/// It cannot be read, or it is another one.
pub(crate) fn content(
    host: &dyn Host,
    base: &Path,
    place: &TreePath,
    wanted: &FileDigest,
) -> Result<Option<Vec<u8>>, Problem> {
    if !matches!(look(host, base, place)?, Some(FileState::File { .. })) {
        return Ok(None);
    }
    let content = host.bytes(&base.join(place.as_str()))?;
    Ok(content.filter(|content| FileDigest::of(content) == *wanted))
}

/// Makes what is at a place below a directory a file, a link or nothing, atomically.
///
/// # Errors
/// What was there is untouched.
pub(crate) fn put(
    host: &dyn Host,
    base: &Path,
    place: &TreePath,
    to: Option<(&FileState, &[u8])>,
) -> Result<(), Problem> {
    let path = base.join(place.as_str());
    let before = look(host, base, place)?;
    match to {
        None if before.is_none() => Ok(()),
        None => Ok(host.remove(&path)?),
        Some((FileState::Link { link }, _)) => Ok(host.put_link(&path, Path::new(link))?),
        Some((FileState::File { executable, .. }, content)) => {
            let kept = matches!(before, Some(FileState::File { .. })).then(|| host.look(&path)).transpose()?.flatten();
            let mode = kept.map_or_else(|| fresh_mode(place), |facts| facts.mode & 0o777);
            // Whoever may read it may run it.
            let mode = if *executable { mode | (mode & 0o444) >> 2 } else { mode & !0o111 };
            Ok(host.put(&path, content, mode)?)
        }
    }
}

/// The permissions of a file that was not there.
fn fresh_mode(place: &TreePath) -> u32 {
    let private = [".ssh/", ".gnupg/"].iter().any(|folder| place.as_str().starts_with(folder));
    if private { 0o600 } else { 0o644 }
}

/// Where a place is, in words for a person.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn problem(code: &str, sentence: &str, path: &Path) -> Problem {
    Problem::new(code, fill(sentence, &[("path", &shown(path))]))
}

fn behind_a_link(path: &Path) -> Problem {
    problem("behind_a_link", &gettext("{path} is a symbolic link and is not followed"), path)
}

fn in_the_way(path: &Path) -> Problem {
    problem("in_the_way", &gettext("{path} is no file and is left alone"), path)
        .hinted(fill(&gettext("Move {path} away and check again"), &[("path", &shown(path))]))
}

fn too_large(path: &Path) -> Problem {
    problem("too_large", &gettext("{path} is larger than 16 MiB and is not compared"), path)
}

fn not_text(path: &Path) -> Problem {
    problem("name_not_text", &gettext("the name of {path} is not UTF-8 text"), path)
        .hinted(gettext("Give the file another name"))
}

fn changing(path: &Path) -> Problem {
    problem("changing", &gettext("{path} changed while it was read"), path)
}

/// The folder of a person's home.
///
/// # Errors
/// There is none.
pub(crate) fn home(host: &dyn Host) -> Result<PathBuf, Problem> {
    let missing = || Problem::new("no_home", gettext("there is no home directory to look for files in"));
    host.home().map(Path::to_owned).ok_or_else(missing)
}

#[cfg(test)]
mod tests;
