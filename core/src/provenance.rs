// SPDX-License-Identifier: GPL-3.0-or-later
//! Which changes of a setup are in which image of this computer.
//!
//! An image has the manifests it was built from, and says which commit that was where whoever built it told
//! (`BKT_REVISION`, see the recipe's SETUP section). Whether an entry of a manifest is in an image is read from those
//! manifests, so that it is also right for an image built from a folder with changes that are in no commit. What other
//! files say is told by the commit.
//!
//! Invariant: only reads; what cannot be known of an image is never said to be in it.

pub mod annotations;
pub mod published;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::changelog::{Change, Changelog};
use crate::deployment::{Deployment, Role, System};
use crate::host::Host;
use crate::i18n::gettext;
use crate::manifest::Manifest;
use crate::repository::between::Commit;
use crate::repository::status::Kind;
use crate::repository::{Entry, Repository, RepositoryError, Status, entry};

/// Where an image has the setup it was built from.
pub const BAKED: &str = "/usr/share/bkt/setup";
/// The file in it that names the commit.
const REVISION: &str = "revision";

/// What an image of this computer was built from.
#[derive(Debug, Clone, Serialize)]
pub struct Image {
    /// What it is to the computer.
    pub role: Role,
    /// The name people know it by; a directory given as root has none.
    pub version: Option<String>,
    /// The commit it was built from, where it says so.
    pub revision: Option<String>,
    /// Where the setup in it is.
    #[serde(skip)]
    pub setup: PathBuf,
    #[serde(skip)]
    texts: BTreeMap<Manifest, String>,
}

/// The images of this computer that have a setup, the running one first.
#[must_use]
pub fn images(host: &dyn Host, system: &System) -> Vec<Image> {
    let others = system.deployments().filter(|(role, _)| *role != Role::Booted);
    let others = others.filter_map(|(role, deployment)| image(host, role, deployment));
    let running = system.booted.as_ref().map(Deployment::title);
    at(host, Role::Booted, running, host.at(BAKED)).into_iter().chain(others).collect()
}

/// What one image was built from; `None` where it has no setup, or its files are out of reach.
#[must_use]
pub fn image(host: &dyn Host, role: Role, deployment: &Deployment) -> Option<Image> {
    let below = if role == Role::Booted { String::new() } else { deployment.directory()? };
    at(host, role, Some(deployment.title()), host.at(&format!("{below}{BAKED}")))
}

fn at(host: &dyn Host, role: Role, version: Option<String>, setup: PathBuf) -> Option<Image> {
    if host.list(&setup.join("manifests")).ok()?.is_empty() {
        return None;
    }
    let mut texts = BTreeMap::new();
    for manifest in Manifest::ALL {
        texts.insert(manifest, host.read(&setup.join(manifest.path())).ok()?.unwrap_or_default());
    }
    let revision = host.read(&setup.join(REVISION)).ok().flatten();
    Some(Image {
        role,
        version,
        revision: revision.as_deref().map(str::trim).filter(|word| is_commit(word)).map(str::to_owned),
        setup,
        texts,
    })
}

impl Image {
    fn text(&self, manifest: Manifest) -> &str {
        self.texts.get(&manifest).map_or("", String::as_str)
    }
}

/// Whether a word is a commit's name in full.
fn is_commit(word: &str) -> bool {
    matches!(word.len(), 40 | 64) && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// How far a change of the setup has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The image that runs has it.
    Booted,
    /// The image of the next start has it.
    Staged,
    /// It is where images are built from, and in none of this computer yet.
    Pushed,
    /// It is committed here alone.
    Committed,
    /// It is in the folder alone.
    Uncommitted,
}

impl Stage {
    /// Each, in the order in which a change passes them, the last one first.
    pub const ALL: [Self; 5] = [Self::Booted, Self::Staged, Self::Pushed, Self::Committed, Self::Uncommitted];

    /// What changes that have come so far are listed under.
    #[must_use]
    pub fn heading(self) -> String {
        match self {
            Self::Booted => gettext("In the image that runs"),
            Self::Staged => gettext("With the next start"),
            Self::Pushed => gettext("Pushed, in no image here yet"),
            Self::Committed => gettext("Not pushed"),
            Self::Uncommitted => gettext("Not committed"),
        }
    }

    /// What it is called after a number of changes.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Booted => gettext("in the image that runs"),
            Self::Staged => gettext("with the next start"),
            Self::Pushed => gettext("pushed, in no image here yet"),
            Self::Committed => gettext("not pushed"),
            Self::Uncommitted => gettext("not committed"),
        }
    }
}

/// A change of the setup, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// The change.
    #[serde(flatten)]
    pub entry: Entry,
    /// How far it has come.
    pub stage: Stage,
}

/// A repository, and how it stands.
#[derive(Debug, Clone, Copy)]
pub struct Place<'r> {
    /// The repository around the setup.
    pub repository: &'r Repository<'r>,
    /// How it stands.
    pub status: &'r Status,
}

/// What the setup says that the image that runs does not, in whichever stage. `images` are those of [`images`]; without
/// the running one among them nothing is known.
///
/// # Errors
/// A manifest cannot be read, or git fails.
pub fn waiting(setup: &Path, images: &[Image], place: Option<Place<'_>>) -> Result<Vec<Placed>, RepositoryError> {
    let Some(booted) = images.iter().find(|image| image.role == Role::Booted) else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    for manifest in Manifest::ALL {
        let now = entry::read(&setup.join(manifest.path()))?.unwrap_or_default();
        let baked = booted.text(manifest);
        if now != baked {
            entries.extend(entry::told_apart(manifest, baked, &now, Kind::Changed));
        }
    }
    let mut placed = Vec::new();
    if !entries.is_empty() {
        let sides = Sides::new(images, place, Now::Folder(setup))?;
        for entry in entries {
            placed.push(Placed { stage: sides.stage(&entry)?, entry });
        }
    }
    let Some(place) = place else { return Ok(placed) };
    if !place.status.files.is_empty() {
        for entry in place.repository.entries(place.status)?.into_iter().filter(is_other_file) {
            placed.push(Placed { entry, stage: Stage::Uncommitted });
        }
    }
    let (Some(revision), Some(head)) = (&booted.revision, &place.status.head) else { return Ok(placed) };
    if revision == head {
        return Ok(placed);
    }
    let Some(from) = place.repository.known_commit(revision)? else { return Ok(placed) };
    let between = place.repository.between(Some(from), place.repository.commit_of(head)?)?;
    let files: Vec<Entry> = between.entries.into_iter().filter(is_other_file).collect();
    if !files.is_empty() {
        let sides = Sides::new(images, Some(place), Now::Commit(head))?;
        for entry in files {
            if placed.iter().all(|known| known.entry.path() != entry.path()) {
                placed.push(Placed { stage: sides.stage(&entry)?, entry });
            }
        }
    }
    Ok(placed)
}

/// Whether it is a file that images are built from, and no manifest, which its items tell of.
fn is_other_file(entry: &Entry) -> bool {
    let Entry::File { path, .. } = entry else { return false };
    let is_manifest = Manifest::ALL.into_iter().any(|manifest| manifest.path() == path);
    entry.is_own() && !is_manifest && !path.starts_with(".changelog/") && path != "CHANGELOG.md"
}

/// How far each of the changes up to a commit has come.
///
/// # Errors
/// git fails.
pub fn placed(
    entries: Vec<Entry>,
    to: &Commit,
    images: &[Image],
    place: Place<'_>,
) -> Result<Vec<Placed>, RepositoryError> {
    let sides = Sides::new(images, Some(place), Now::Commit(&to.id))?;
    entries.into_iter().map(|entry| Ok(Placed { stage: sides.stage(&entry)?, entry })).collect()
}

/// Where what is looked for elsewhere stands.
#[derive(Debug, Clone, Copy)]
enum Now<'n> {
    Folder(&'n Path),
    Commit(&'n str),
}

/// An image, and the commit it was built from where that is known here.
struct Known<'r> {
    image: &'r Image,
    revision: Option<Commit>,
}

/// What a change can be in.
struct Sides<'r> {
    booted: Option<Known<'r>>,
    staged: Option<Known<'r>>,
    upstream: Option<Commit>,
    place: Option<Place<'r>>,
    now: Now<'r>,
}

impl<'r> Sides<'r> {
    fn new(images: &'r [Image], place: Option<Place<'r>>, now: Now<'r>) -> Result<Self, RepositoryError> {
        // A commit that was never here, or is here no longer, tells nothing.
        let commit = |word: Option<&String>| match (word, place) {
            (Some(word), Some(place)) => place.repository.known_commit(word),
            _ => Ok(None),
        };
        let of = |role: Role| match images.iter().find(|image| image.role == role) {
            Some(image) => Ok(Some(Known { image, revision: commit(image.revision.as_ref())? })),
            None => Ok::<_, RepositoryError>(None),
        };
        let upstream = commit(place.and_then(|place| place.status.upstream.as_ref()))?;
        Ok(Self { booted: of(Role::Booted)?, staged: of(Role::Staged)?, upstream, place, now })
    }

    /// What a manifest says now.
    fn text(&self, manifest: Manifest) -> Result<String, RepositoryError> {
        let text = match (self.now, self.place) {
            (Now::Folder(setup), _) => entry::read(&setup.join(manifest.path()))?,
            (Now::Commit(commit), Some(place)) => place.repository.said(commit, manifest.path())?,
            (Now::Commit(_), None) => None,
        };
        Ok(text.unwrap_or_default())
    }

    fn stage(&self, entry: &Entry) -> Result<Stage, RepositoryError> {
        for (known, stage) in [(&self.booted, Stage::Booted), (&self.staged, Stage::Staged)] {
            if let Some(known) = known
                && self.has(known, entry)?
            {
                return Ok(stage);
            }
        }
        let head = self.place.and_then(|place| place.status.head.as_deref());
        let upstream = self.upstream.as_ref().map(|commit| commit.id.as_str());
        for (commit, stage) in [(upstream, Stage::Pushed), (head, Stage::Committed)] {
            if let Some(commit) = commit
                && self.commit_has(commit, entry)?
            {
                return Ok(stage);
            }
        }
        Ok(Stage::Uncommitted)
    }

    fn has(&self, known: &Known<'_>, entry: &Entry) -> Result<bool, RepositoryError> {
        match (manifest_of(entry), &known.revision) {
            (Some(manifest), _) => Ok(entry::says(manifest, known.image.text(manifest), entry, &self.text(manifest)?)),
            (None, Some(revision)) => self.commit_has(&revision.id, entry),
            (None, None) => Ok(false),
        }
    }

    fn commit_has(&self, commit: &str, entry: &Entry) -> Result<bool, RepositoryError> {
        let Some(place) = self.place else { return Ok(false) };
        match (manifest_of(entry), self.now) {
            (Some(manifest), _) => {
                let there = place.repository.said(commit, manifest.path())?.unwrap_or_default();
                Ok(entry::says(manifest, &there, entry, &self.text(manifest)?))
            }
            (None, Now::Commit(now)) => place.repository.agree_on(entry.path(), commit, now),
            (None, Now::Folder(_)) => Ok(false),
        }
    }
}

fn manifest_of(entry: &Entry) -> Option<Manifest> {
    Manifest::ALL.into_iter().find(|manifest| manifest.path() == entry.path())
}

/// The commit an image was built from as far as its manifests tell: the one that last changed the manifests of the
/// branch to what the image has. Later ones that left them alone are possible, too.
///
/// # Errors
/// git fails.
pub fn found(image: &Image, repository: &Repository<'_>) -> Result<Option<Commit>, RepositoryError> {
    repository.commit_with(&image.setup)
}

/// What the changelog of an image says and that of another does not; `None` where one of them has none.
#[must_use]
pub fn lost(from: &Image, to: &Image) -> Option<Vec<Change>> {
    let read = |image: &Image| -> Option<Vec<Change>> {
        let log = Changelog::is_kept(&image.setup).then(|| Changelog::load(&image.setup).ok()).flatten()?;
        let released = log.versions.into_iter().flat_map(|version| version.changes);
        Some(released.chain(log.pending.into_iter().map(|pending| pending.change)).collect())
    };
    let (now, then) = (read(from)?, read(to)?);
    let is_there =
        |change: &Change| then.iter().any(|it| it.timestamp == change.timestamp && it.category == change.category);
    let mut lost: Vec<Change> = now.into_iter().filter(|change| !is_there(change)).collect();
    lost.sort_by_key(|change| std::cmp::Reverse(change.timestamp));
    Some(lost)
}
