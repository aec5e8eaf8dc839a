// SPDX-License-Identifier: GPL-3.0-or-later
//! A setup of one's own from this computer: manifests, recipe, workflow, first commit.
//!
//! It is first a *draft*, a folder of this person's state that holds all of it, so that what is shown is what is
//! written. Placing it copies the draft beside where it is to be, makes it a repository, and renames it.
//!
//! Files of `/etc` are not among it: a first repository is often public, and what of them is meant to be in it is a
//! decision about each (`bkt etc capture`). What else looks private is left out and named, as by every capture.
//!
//! Invariant: a folder that has something in it is never written to, and one that fails to be made is not there.

mod base;
mod bluebuild;
mod files;
mod image_template;
mod new_folder;
mod open;
mod shell;
mod takeover;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use self::base::{Base, Why};
use self::new_folder::{DRAFTS, NewFolder};
pub use self::open::{Cloned, Found, Import, address, clone, import, recognise};
pub use self::takeover::{NotTaken, Taken};
use crate::compare::{self, Decision, Unknown};
use crate::domain::gsetting::places::is_state;
use crate::host::Host;
use crate::host::remembering::Remembering;
use crate::ignore::Ignored;
use crate::item::{Domain, ItemId};
use crate::manifest::Manifest;
use crate::manifest::edit::EditError;
use crate::name::{SettingKey, SystemImage};
use crate::plan::build::BuildError;
use crate::plan::{self, Consent, Deferred, Plan};
use crate::problem::Problem;
use crate::recipe::RecipeError;
use crate::repository::{RepositoryError, Tools, begin};
use crate::run::user::edit_manifest;
use crate::setup::{Setup, SetupError};
use crate::tree::Tree;
use crate::value::Value;

/// The message of the first commit.
const MESSAGE: &str = "Begin the setup of this computer\n";

/// The settings that say which extensions are on, which are items for themselves.
const EXTENSIONS: [&str; 2] = ["org.gnome.shell/enabled-extensions", "org.gnome.shell/disabled-extensions"];

/// Why there is no new setup.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is something where it is to be.
    #[error("{path} is not empty", path = .0.display())]
    NotEmpty(PathBuf),
    /// There is a file where it is to be.
    #[error("{path} is not a folder", path = .0.display())]
    NotAFolder(PathBuf),
    /// A file or folder cannot be written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A repository cannot be cloned.
    #[error("{address} cannot be cloned: {reason}")]
    Clone {
        /// Its address.
        address: String,
        /// git's last words.
        reason: String,
    },
    /// A recipe of another kind cannot be read.
    #[error("{path} cannot be read as a recipe: {reason}")]
    Foreign {
        /// Where it is.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What was captured cannot be written down.
    #[error(transparent)]
    Manifest(#[from] EditError),
    /// What was found on the computer cannot be captured.
    #[error(transparent)]
    Capture(#[from] BuildError),
    /// The setup that was made cannot be read.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The recipe cannot be made.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// git refused.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl StartError {
    fn file(path: &Path) -> impl Fn(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path: path.clone(), source }
    }

    /// The stable word for this failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotEmpty(_) => "folder_not_empty",
            Self::NotAFolder(_) => "not_a_folder",
            Self::File { .. } => "file_unusable",
            Self::Clone { .. } => "not_cloned",
            Self::Foreign { .. } => "recipe_invalid",
            Self::Manifest(_) | Self::Capture(_) | Self::Setup(_) => "not_captured",
            Self::Recipe(_) => "recipe_invalid",
            Self::Repository(error) => error.code(),
        }
    }
}

/// What a new setup is made with.
#[derive(Debug, Clone)]
pub struct Wishes<'w> {
    /// The name of its folder.
    pub name: &'w str,
    /// The image to build on, where the person named one.
    pub base: Option<SystemImage>,
    /// Whether what looks private may be in it.
    pub private: Consent,
}

/// A setup that is not placed yet; it goes away when dropped.
#[derive(Debug)]
pub struct Draft {
    folder: NewFolder,
    /// The image it builds on.
    pub base: Option<Base>,
    /// What was taken from the computer.
    pub captured: Vec<ItemId>,
    /// What was left out, and why.
    pub left: Vec<Deferred>,
    /// What could not be looked at.
    pub unknown: Vec<Unknown>,
    /// Its files, by their paths in it.
    pub files: Vec<String>,
}

impl Draft {
    /// Where it is for now.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A setup that is where it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its folder, in one spelling.
    pub folder: PathBuf,
    /// Its first commit.
    pub commit: String,
}

/// Makes the draft of a setup from this computer.
///
/// # Errors
/// It cannot be captured or written down; nothing is left.
pub fn draft(host: &dyn Host, state: &Path, wishes: Wishes<'_>) -> Result<Draft, StartError> {
    let folder = NewFolder::inside(&state.join(DRAFTS))?;
    let manifests = folder.path().join("manifests");
    std::fs::create_dir(&manifests).map_err(StartError::file(&manifests))?;
    let domains: Vec<Domain> =
        Domain::ALL.into_iter().filter(|domain| Tree::ALL.iter().all(|tree| tree.domain() != *domain)).collect();
    let setup = Setup::load(folder.path())?;
    let (settings, unread) = match chosen_settings(host) {
        Ok(settings) => (settings, None),
        Err(problem) => (Vec::new(), Some(Unknown { domain: Domain::Gsetting, item: None, problem })),
    };
    let host_with_memory = Remembering::new(host, state);
    let comparison = compare::compare_also(&host_with_memory, &setup, &Ignored::default(), &domains, &settings);
    let (mut captured, mut left) = (Vec::new(), Vec::new());
    // One plan for each kind: a plan has an upper limit, and a computer of many years has many settings.
    for domain in domains {
        let here = comparison.changes.iter().filter(|change| change.id.domain == domain && change.computer.is_some());
        let decisions = here.map(|change| (change.id.clone(), Decision::Capture)).collect();
        let plan = plan::build(&comparison, &setup, &decisions, wishes.private.into())?;
        captured.extend(write(folder.path(), &plan)?);
        left.extend(plan.deferred);
    }
    files::write_first(folder.path())?;
    let base = match wishes.base {
        Some(image) => Some(Base { image, why: Why::Named }),
        None => base::of_computer(host, &comparison.system),
    };
    files::write(folder.path(), wishes.name, base.as_ref().map(|base| &base.image))?;
    let files = list(folder.path())?;
    let unknown = comparison.unknown.into_iter().chain(unread).collect();
    Ok(Draft { folder, base, captured, left, unknown, files })
}

/// The settings a person chose, which are compared only once a setup mentions them; Bucket's own are not about the
/// computer, and which extensions are on is known from those.
fn chosen_settings(host: &dyn Host) -> Result<Vec<ItemId>, Problem> {
    let chosen = host.settings().changed(&[])?.into_iter();
    let is_taken = |key: &SettingKey| key.schema() == "org.bkt.Bucket" || EXTENSIONS.contains(&key.as_str());
    let chosen = chosen.filter(|info| info.is_set && !is_state(&info.key) && !is_taken(&info.key));
    Ok(chosen.map(|info| ItemId::new(Domain::Gsetting, info.key.as_str())).collect())
}

/// Writes a plan's captures, and tells what they were of.
fn write(folder: &Path, plan: &Plan) -> Result<Vec<ItemId>, StartError> {
    let mut edits: BTreeMap<Manifest, Vec<(&ItemId, Option<Value>)>> = BTreeMap::new();
    for step in &plan.steps {
        let value = step.to.as_ref().and_then(|json| Value::from_json(step.item.domain, json));
        if let Some(manifest) = step.manifest() {
            edits.entry(manifest).or_default().push((&step.item, value));
        }
    }
    for (manifest, edits) in edits {
        edit_manifest(folder, manifest, edits)?;
    }
    Ok(plan.steps.iter().map(|step| step.item.clone()).collect())
}

/// Every file below a folder, sorted.
fn list(folder: &Path) -> Result<Vec<String>, StartError> {
    let mut files = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        let directory = folder.join(&below);
        for entry in std::fs::read_dir(&directory).map_err(StartError::file(&directory))? {
            let entry = entry.map_err(StartError::file(&directory))?;
            let path = below.join(entry.file_name());
            match entry.file_type().map_err(StartError::file(&directory))?.is_dir() {
                true => open.push(path),
                false => files.push(path.to_string_lossy().into_owned()),
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a setup can be put there.
///
/// # Errors
/// There is something.
pub fn is_free(folder: &Path) -> Result<(), StartError> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(StartError::NotEmpty(folder.to_owned())),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            Err(StartError::NotAFolder(folder.to_owned()))
        }
        Err(error) => Err(StartError::file(folder)(error)),
    }
}

/// Puts a draft where it is to be, as a repository with one commit.
///
/// # Errors
/// There is something there meanwhile, or git refuses; nothing is left.
pub fn place(draft: &Draft, folder: &Path, host: &dyn Host, tools: &Tools) -> Result<Placed, StartError> {
    is_free(folder)?;
    begin::is_possible(host, tools)?;
    let beside = NewFolder::beside(folder)?;
    copy(draft, beside.path())?;
    let commit = begin::begin(host, tools, beside.path(), MESSAGE)?;
    beside.settle(folder).map(|folder| Placed { folder, commit })
}

/// The same in a clone that has nothing in it yet, whose files stay.
///
/// # Errors
/// As [`place`].
pub fn place_in(
    draft: &Draft,
    clone: Cloned,
    folder: &Path,
    host: &dyn Host,
    tools: &Tools,
) -> Result<Placed, StartError> {
    begin::is_possible(host, tools)?;
    copy(draft, clone.folder())?;
    let commit = begin::begin(host, tools, clone.folder(), MESSAGE)?;
    clone.settle(folder).map(|folder| Placed { folder, commit })
}

fn copy(draft: &Draft, folder: &Path) -> Result<(), StartError> {
    for name in &draft.files {
        let (from, to) = (draft.folder().join(name), folder.join(name));
        if to.symlink_metadata().is_ok() {
            continue;
        }
        let content = crate::files::bytes(&from).map_err(StartError::file(&from))?.unwrap_or_default();
        crate::files::put(&to, &content, 0o644).map_err(StartError::file(&to))?;
    }
    Ok(())
}
