// SPDX-License-Identifier: GPL-3.0-or-later
//! What changed in the setup, for people: `.changelog/` and `CHANGELOG.md`, in the format existing setups have.
//!
//! An entry is a file in `.changelog/pending`, a draft until somebody says that it is ready. A release gathers the ready
//! ones in `.changelog/versions/VERSION.yaml` and in `CHANGELOG.md`. What a setup's own runs change is drafted by itself
//! where there is a `.changelog` folder.
//!
//! Invariant: a name that is given never leaves these folders, and fields that are not known here are kept.

pub mod change;
pub mod draft;
pub mod release;
mod sheet;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::files;
use crate::i18n::gettext;
use crate::problem::Problem;
use crate::recipe::file as recipe;

pub use change::{Category, Change, Kind};
pub use release::Version;

/// The entries a file of the changelog has: its own, or those of a version; none where it cannot be read.
#[must_use]
pub fn changes_in(text: &str) -> Vec<Change> {
    let version = serde_saphyr::from_str::<Version>(text).map(|version| version.changes);
    version.or_else(|_| serde_saphyr::from_str(text).map(|change| vec![change])).unwrap_or_default()
}

/// The folder of entries and versions in a setup.
const FOLDER: &str = ".changelog";
/// The longest message that reads well, in characters.
pub const LONGEST_MESSAGE: usize = 200;

/// Why a changelog cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ChangelogError {
    /// A file is not what it should be.
    #[error("{file}: {reason}")]
    Broken {
        /// Which, inside the setup.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// There is no such entry.
    #[error("no pending entry is called {0}")]
    NoEntry(String),
    /// More than one entry could be meant.
    #[error("more than one pending entry begins with {0}")]
    Ambiguous(String),
    /// There is no such version.
    #[error("there is no version {0}")]
    NoVersion(String),
    /// A version cannot be called that.
    #[error("‘{0}’ cannot be the name of a version: letters, digits, dots, dashes and underscores")]
    Name(String),
    /// A version is there already.
    #[error("version {0} was released already")]
    Exists(String),
    /// A message is empty or of more than one line.
    #[error("a message is one line that says something")]
    Message,
    /// There is nothing to release.
    #[error("nothing is pending")]
    Nothing,
    /// Some entries are not ready.
    #[error("not ready: {}", .0.join(", "))]
    Drafts(Vec<String>),
}

impl ChangelogError {
    /// The stable word for this failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Broken { .. } => "changelog_invalid",
            Self::File { .. } => "file_unusable",
            Self::NoEntry(_) => "unknown_entry",
            Self::Ambiguous(_) => "ambiguous_entry",
            Self::NoVersion(_) => "unknown_version",
            Self::Name(_) => "name_invalid",
            Self::Exists(_) => "version_exists",
            Self::Message => "message_invalid",
            Self::Nothing => "nothing_pending",
            Self::Drafts(_) => "drafts_pending",
        }
    }

    /// The one next step.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoEntry(_) | Self::Ambiguous(_) => gettext("‘bkt changelog pending’ lists them"),
            Self::NoVersion(_) => gettext("‘bkt changelog list’ lists them"),
            Self::Broken { .. } => gettext("Correct the file, or remove it"),
            Self::Drafts(_) => gettext("Make them ready with ‘bkt changelog ready’, or remove them"),
            Self::Nothing => gettext("Add an entry with ‘bkt changelog add’"),
            _ => return None,
        })
    }
}

impl From<ChangelogError> for Problem {
    fn from(error: ChangelogError) -> Self {
        let mut problem = Self::new(error.code(), error.to_string());
        problem.hint = error.hint();
        problem
    }
}

/// An entry that is in no version yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// Its file's name without the ending.
    pub id: String,
    /// What it says.
    #[serde(flatten)]
    pub change: Change,
}

impl Pending {
    /// Its file, inside the setup.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{FOLDER}/pending/{}.yaml", self.id)
    }
}

/// A setup's changelog.
#[derive(Debug, Clone, Default)]
pub struct Changelog {
    setup: PathBuf,
    /// Files of entries that a version has: a release that was cut off has not cleared them away.
    released: Vec<String>,
    /// Entries in no version yet, oldest first.
    pub pending: Vec<Pending>,
    /// Versions, newest first.
    pub versions: Vec<Version>,
}

impl Changelog {
    /// Whether a setup keeps a changelog.
    #[must_use]
    pub fn is_kept(setup: &Path) -> bool {
        setup.join(FOLDER).is_dir()
    }

    /// Whether a setup has an entry or a version: git keeps no empty folder.
    #[must_use]
    pub fn has_entries(setup: &Path) -> bool {
        [pending(setup), versions(setup)].iter().any(|folder| names(folder).is_ok_and(|names| !names.is_empty()))
    }

    /// Reads a setup's changelog; without the folder it is empty.
    ///
    /// # Errors
    /// A file cannot be read, or is not an entry or version.
    pub fn load(setup: &Path) -> Result<Self, ChangelogError> {
        let mut changelog = Self { setup: setup.to_owned(), ..Self::default() };
        for name in names(&pending(setup))? {
            let change: Change = read(setup, &format!("{FOLDER}/pending/{name}.yaml"))?;
            changelog.pending.push(Pending { id: name, change });
        }
        for name in names(&versions(setup))? {
            let file = format!("{FOLDER}/versions/{name}.yaml");
            let version: Version = read(setup, &file)?;
            if version.version != name {
                let reason = format!("it is version {}", version.version);
                return Err(ChangelogError::Broken { file, reason });
            }
            changelog.versions.push(version);
        }
        changelog.versions.sort_by(|a, b| release::order(&b.version, &a.version));
        let versions = &changelog.versions;
        let is_released = |pending: &Pending| versions.iter().any(|version| version.changes.contains(&pending.change));
        let (released, open) = changelog.pending.into_iter().partition::<Vec<_>, _>(is_released);
        changelog.pending = open;
        changelog.released = released.into_iter().map(|pending| pending.id).collect();
        changelog.pending.sort_by(|a, b| a.change.timestamp.cmp(&b.change.timestamp).then_with(|| a.id.cmp(&b.id)));
        Ok(changelog)
    }

    /// Entries that are not ready.
    pub fn drafts(&self) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(|pending| pending.change.draft)
    }

    /// The entry a person means: its name or how it begins.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn find(&self, word: &str) -> Result<&Pending, ChangelogError> {
        if let Some(known) = self.pending.iter().find(|pending| pending.id == word) {
            return Ok(known);
        }
        let mut like = self.pending.iter().filter(|pending| !word.is_empty() && pending.id.starts_with(word));
        match (like.next(), like.next()) {
            (Some(one), None) => Ok(one),
            (Some(_), Some(_)) => Err(ChangelogError::Ambiguous(word.to_owned())),
            (None, _) => Err(ChangelogError::NoEntry(word.to_owned())),
        }
    }

    /// Adds an entry; gives its name.
    ///
    /// # Errors
    /// The message is not one line, or the file cannot be written.
    pub fn add(setup: &Path, change: &Change) -> Result<String, ChangelogError> {
        change.validate()?;
        if Self::has_entries(setup) {
            return Self::add_one(setup, change);
        }
        with_recipe(setup, || Self::add_one(setup, change))
    }

    fn add_one(setup: &Path, change: &Change) -> Result<String, ChangelogError> {
        let folder = pending(setup);
        let _lock = lock(setup)?;
        let stem = change.timestamp.strftime("%Y%m%d%H%M%S%9f").to_string();
        let names = names(&folder)?;
        let id = (0..).map(|n| id(&stem, change.category, n)).find(|id| !names.contains(id)).unwrap_or(stem);
        write(&folder.join(format!("{id}.yaml")), change)?;
        Ok(id)
    }

    /// Writes an entry again.
    ///
    /// # Errors
    /// As [`Changelog::add`].
    pub fn set(&self, pending_entry: &Pending) -> Result<(), ChangelogError> {
        pending_entry.change.validate()?;
        let _lock = lock(&self.setup)?;
        write(&pending(&self.setup).join(format!("{}.yaml", pending_entry.id)), &pending_entry.change)
    }

    /// Removes entries.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn remove<'i>(&self, ids: impl IntoIterator<Item = &'i str>) -> Result<(), ChangelogError> {
        with_recipe(&self.setup, || {
            let _lock = lock(&self.setup)?;
            ids.into_iter().try_for_each(|id| remove(&self.setup, id))
        })
    }
}

/// Changes a setup's changelog. The recipe follows where the first entry comes or the last one goes; one that cannot
/// says why when it is checked.
fn with_recipe<T>(setup: &Path, change: impl FnOnce() -> Result<T, ChangelogError>) -> Result<T, ChangelogError> {
    let before = Changelog::has_entries(setup);
    let ours = recipe::generated(setup);
    let changed = change()?;
    if Changelog::has_entries(setup) != before {
        let _ = recipe::follow(setup, &ours);
    }
    Ok(changed)
}

fn id(stem: &str, category: Category, n: u32) -> String {
    let category = category.id();
    if n == 0 { format!("{stem}-{category}") } else { format!("{stem}-{category}-{n}") }
}

fn pending(setup: &Path) -> PathBuf {
    setup.join(FOLDER).join("pending")
}

fn versions(setup: &Path) -> PathBuf {
    setup.join(FOLDER).join("versions")
}

fn lock(setup: &Path) -> Result<files::Lock, ChangelogError> {
    let folder = setup.join(FOLDER);
    let locked = || {
        std::fs::create_dir_all(&folder)?;
        files::lock(&folder)
    };
    locked().map_err(|source| ChangelogError::File { path: folder.clone(), source })
}

/// The names of the YAML files in a folder, sorted; git keeps no empty folder, so none may be there.
fn names(folder: &Path) -> Result<Vec<String>, ChangelogError> {
    let failed = |source| ChangelogError::File { path: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".yaml").filter(|name| !name.starts_with('.')).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn read<T: DeserializeOwned>(setup: &Path, file: &str) -> Result<T, ChangelogError> {
    let path = setup.join(file);
    let text = files::read(&path).map_err(|source| ChangelogError::File { path, source })?.unwrap_or_default();
    let broken = |error: serde_saphyr::Error| ChangelogError::Broken {
        file: file.to_owned(),
        // The first line says what and where; the rest draws it.
        reason: error.to_string().lines().next().unwrap_or_default().to_owned(),
    };
    serde_saphyr::from_str(&text).map_err(broken)
}

fn text<T: Serialize>(value: &T) -> Result<String, std::io::Error> {
    serde_saphyr::to_string(value).map_err(std::io::Error::other)
}

fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), ChangelogError> {
    let is_new = !path.exists();
    let written = text(value).and_then(|text| files::put(path, text.as_bytes(), 0o644));
    written.map_err(|source| {
        // The file may be in its place already when its folder cannot be synced; what is told as not written is not there.
        if is_new {
            let _ = files::remove(path);
        }
        ChangelogError::File { path: path.to_owned(), source }
    })
}

fn remove(setup: &Path, id: &str) -> Result<(), ChangelogError> {
    let path = pending(setup).join(format!("{id}.yaml"));
    files::remove(&path).map_err(|source| ChangelogError::File { path, source })
}
