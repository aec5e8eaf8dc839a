// SPDX-License-Identifier: GPL-3.0-or-later
//! The file a recipe is in: `Containerfile` in the setup's directory, or `Dockerfile` where there is only that.
//!
//! Invariant: whoever changes it holds the lock of the manifests it is made from, and replaces it whole.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{RecipeError, Section, State, Status};
use crate::files;
use crate::setup::Setup;

/// The names a recipe can have, the first found being it.
const NAMES: [&str; 2] = ["Containerfile", "Dockerfile"];

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

/// The sections of a setup's recipe that nobody edited by hand, asked before its manifests change: those that an
/// older version generated are known by these manifests only.
#[must_use]
pub fn generated(directory: &Path) -> BTreeSet<Section> {
    let statuses = || {
        let (setup, recipe) = (Setup::load(directory).ok()?, read(directory).ok()?);
        Some(super::check(&setup, &recipe.text).ok()?.0)
    };
    let ours = |status: &Status| !matches!(status.state, State::HandEdited(_));
    statuses().unwrap_or_default().into_iter().filter(ours).map(|status| status.section).collect()
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
