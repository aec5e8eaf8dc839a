// SPDX-License-Identifier: GPL-3.0-or-later
//! The file a recipe is in: `Containerfile` in the setup's directory, or `Dockerfile` where there is only that.
//!
//! Invariant: whoever changes it holds the lock of the manifests it is made from, and replaces it whole.

use std::path::{Path, PathBuf};

use super::RecipeError;
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
