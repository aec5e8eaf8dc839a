// SPDX-License-Identifier: GPL-3.0-or-later
//! The file a recipe is in: `Containerfile` in the setup's directory, or `Dockerfile` where there is only that.
//!
//! Invariant: whoever changes it holds the lock of the manifests it is made from, and replaces it whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{RecipeError, Section, State, Status};
use crate::files;
use crate::item::ItemId;
use crate::manifest::{Declaration, Manifest};
use crate::setup::Setup;
use crate::value::Value;

/// The names a recipe can have, the first found being it.
pub(crate) const NAMES: [&str; 2] = ["Containerfile", "Dockerfile"];

/// Whether a file in a setup's directory is a recipe by its name.
#[must_use]
pub fn is_recipe(name: &str) -> bool {
    NAMES.contains(&name)
}

/// A recipe as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Its name in the setup's directory.
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

/// Reads the recipe of a setup.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn read(directory: &Path) -> Result<Recipe, RecipeError> {
    for name in NAMES {
        let path = directory.join(name);
        match files::read(&path) {
            Ok(Some(text)) => return Ok(Recipe { name, path, text }),
            Ok(None) => {}
            Err(source) => return Err(RecipeError::File { path, source }),
        }
    }
    Err(RecipeError::NotFound(directory.to_owned()))
}

/// The image a setup's recipe starts from: the one of its last stage, where that is written out.
#[must_use]
pub fn base_image(directory: &Path) -> Option<String> {
    base_image_in(&read(directory).ok()?.text)
}

/// The image a recipe with this text starts from.
pub(crate) fn base_image_in(text: &str) -> Option<String> {
    let mut stages: BTreeMap<String, String> = BTreeMap::new();
    let mut last = None;
    for line in text.lines() {
        let mut words = line.split_whitespace().filter(|word| !word.starts_with("--"));
        if !words.next().is_some_and(|word| word.eq_ignore_ascii_case("FROM")) {
            continue;
        }
        let image = words.next()?;
        let image = stages.get(image).map_or_else(|| image.to_owned(), Clone::clone);
        if let (Some(word), Some(name)) = (words.next(), words.next())
            && word.eq_ignore_ascii_case("AS")
        {
            stages.insert(name.to_owned(), image.clone());
        }
        last = Some(image);
    }
    last.filter(|image| !image.contains('$'))
}

/// The sections of a setup's recipe that nobody edited by hand, asked before its manifests change: those that an
/// older version generated are known by these manifests only.
#[must_use]
pub fn generated(directory: &Path) -> BTreeSet<Section> {
    let (Ok(setup), Ok(recipe)) = (Setup::load(directory), read(directory)) else { return BTreeSet::new() };
    unedited(&setup, &recipe.text)
}

/// The sections of a text that nobody edited by hand, for all a setup knows.
pub(crate) fn unedited(setup: &Setup, text: &str) -> BTreeSet<Section> {
    let statuses = super::check(setup, text).map(|(statuses, _)| statuses).unwrap_or_default();
    let ours = |status: &Status| !matches!(status.state, State::HandEdited(_));
    statuses.into_iter().filter(ours).map(|status| status.section).collect()
}

/// What becomes of a recipe when files of its setup are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Foreseen {
    /// Its name; empty where there is none.
    pub file: &'static str,
    /// The sections that will change.
    pub changed: Vec<Section>,
    /// The sections that will be needed and are not there.
    pub missing: Vec<Section>,
}

/// What [`follow`] will do once these files of a setup say these texts, and its trees have these files, or have them
/// no longer. A recipe that cannot be used has nothing that will change; why is said when it is to follow.
#[must_use]
pub fn foresee(
    directory: &Path,
    texts: BTreeMap<&'static str, String>,
    files: Vec<(ItemId, Option<Value>)>,
) -> Foreseen {
    let foreseen = || {
        let (before, mut after) = (Setup::load(directory).ok()?, Setup::load_as(directory, texts).ok()?);
        for (item, value) in files {
            let manifest = Manifest::of(item.domain);
            after.declare(&item, Declaration { value, manifest, line: 0 });
        }
        let recipe = read(directory).ok()?;
        let ours = generated(directory);
        let changed = super::synced_with(&after, &recipe.text, |section| ours.contains(&section)).ok()?.changed;
        let missing = |setup: &Setup| -> Option<Vec<Section>> {
            let statuses = super::check(setup, &recipe.text).ok()?.0;
            let missing = statuses.into_iter().filter(|status| status.state == State::Missing);
            Some(missing.map(|status| status.section).collect())
        };
        let known = missing(&before)?;
        let missing = missing(&after)?.into_iter().filter(|section| !known.contains(section)).collect();
        Some(Foreseen { file: recipe.name, changed, missing })
    };
    foreseen().unwrap_or_default()
}

/// Brings the sections of a setup's recipe in step with its manifests, and names those that changed. A setup
/// without a recipe has nothing to follow; sections edited by hand stay as they are, but for those in `ours`.
///
/// # Errors
/// The recipe cannot be read or written, or its markers do not pair up; it is then as it was.
pub fn follow(directory: &Path, ours: &BTreeSet<Section>) -> Result<Vec<Section>, RecipeError> {
    let followed = update(directory, |setup, recipe| {
        let synced = super::synced_with(setup, &recipe.text, |section| ours.contains(&section))?;
        Ok((synced.text, synced.changed))
    });
    match followed {
        Err(RecipeError::NotFound(_)) => Ok(Vec::new()),
        other => other,
    }
}

/// Changes the recipe of a setup to what `change` makes of both, in one atomic write.
///
/// # Errors
/// Something cannot be read or written, or `change` refuses; the file is then as it was.
pub fn update<T>(
    directory: &Path,
    change: impl FnOnce(&Setup, &Recipe) -> Result<(String, T), RecipeError>,
) -> Result<T, RecipeError> {
    let manifests = directory.join("manifests");
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| RecipeError::File { path, source }
    };
    let _lock = files::lock(&manifests).map_err(failed(&manifests))?;
    let setup = Setup::load(directory)?;
    let recipe = read(directory)?;
    let (text, told) = change(&setup, &recipe)?;
    if text != recipe.text {
        files::replace(&recipe.path, text.as_bytes()).map_err(failed(&recipe.path))?;
    }
    Ok(told)
}
