// SPDX-License-Identifier: GPL-3.0-or-later
//! The files of a new setup besides its manifests.
//!
//! Invariant: only validated names are put into them, and the workflow takes none at all, so nothing in the name of
//! a folder or of an image could become a command or YAML.

use std::path::Path;

use super::StartError;
use crate::files;
use crate::i18n::fill;
use crate::ignore::IGNORE_FILE;
use crate::manifest::Manifest;
use crate::name::SystemImage;
use crate::recipe::{Section, Wanted, adopted};
use crate::setup::Setup;

const RECIPE: &str = include_str!("../../../data/start/Containerfile");
const README: &str = include_str!("../../../data/start/README.md");
const WORKFLOW: &str = include_str!("../../../data/start/build.yml");
const RENOVATE: &str = include_str!("../../../data/start/renovate.json");
pub(super) const IGNORE: &str = include_str!("../../../data/start/bktignore");
const GITIGNORE: &str = include_str!("../../../data/start/gitignore");

/// Writes what belongs beside the manifests, where nothing is yet: the recipe last, because it follows the others.
/// Without an image there is nothing to build.
pub(super) fn write(folder: &Path, name: &str, base: Option<&SystemImage>) -> Result<(), StartError> {
    put(folder, IGNORE_FILE, IGNORE)?;
    put(folder, ".gitignore", GITIGNORE)?;
    put(folder, "README.md", &fill(README, &[("name", &repository_name(name))]))?;
    let Some(base) = base else { return Ok(()) };
    write_build(folder, true)?;
    put(folder, "Containerfile", &recipe(folder, &recipe_on(base))?)
}

/// Writes what has GitHub build the recipe, and Renovate keep its base new, where nothing is yet.
pub(super) fn write_build(folder: &Path, renovate: bool) -> Result<(), StartError> {
    put(folder, ".github/workflows/build.yml", WORKFLOW)?;
    if renovate { put(folder, ".github/renovate.json", RENOVATE) } else { Ok(()) }
}

/// A recipe on an image, without sections.
pub(super) fn recipe_on(base: &SystemImage) -> String {
    fill(RECIPE, &[("base", base.as_str())])
}

/// A recipe with every section, those too that have nothing to say yet: what is captured later is then written into
/// them without a question.
pub(super) fn recipe(folder: &Path, text: &str) -> Result<String, StartError> {
    let setup = Setup::load(folder).map_err(crate::recipe::RecipeError::from)?;
    Ok(adopted(&setup, text, &Wanted::These(Section::ALL.to_vec()))?.0)
}

/// Writes a manifest without entries where there is none at all: git keeps no empty folder, and one with manifests is
/// what makes a setup.
pub(super) fn write_first(folder: &Path) -> Result<(), StartError> {
    let manifests = folder.join("manifests");
    let mut entries = std::fs::read_dir(&manifests).map_err(StartError::file(&manifests))?;
    match entries.next() {
        Some(_) => Ok(()),
        None => put(folder, Manifest::SystemPackages.path(), "{\n  \"packages\": []\n}\n"),
    }
}

/// Writes a file where none is.
pub(super) fn put(folder: &Path, name: &str, text: &str) -> Result<(), StartError> {
    let path = folder.join(name);
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    files::put(&path, text.as_bytes(), 0o644).map_err(|source| StartError::File { path, source })
}

/// The name of a folder as GitHub would take it for a repository.
fn repository_name(folder: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = folder.chars().map(plain).collect();
    let name = name.trim_matches(['-', '.']);
    if name.is_empty() { "setup".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value as Json;

    #[test]
    fn the_workflow_is_yaml_with_every_step_and_takes_no_text_of_others_into_a_command() {
        let workflow: Json = serde_saphyr::from_str(WORKFLOW).unwrap();
        let job = &workflow["jobs"]["build"];
        let steps = job["steps"].as_array().unwrap();
        let run = |step: &Json| step["run"].as_str().unwrap_or_default().to_owned();
        for needed in [
            "podman build",
            "BKT_REVISION=$GITHUB_SHA",
            "bootc container lint",
            "bkt --no-delegate -C /setup containerfile check",
            "podman push --digestfile",
            "cosign sign --yes --new-bundle-format=false --use-signing-config=false",
        ] {
            assert!(steps.iter().any(|step| run(step).contains(needed)), "{needed}");
        }
        // An expression in a script would be replaced by text before the shell reads it.
        assert!(steps.iter().all(|step| !run(step).contains("${{")), "{WORKFLOW}");
        let publishing = ["Push", "Install cosign", "Sign"];
        for step in steps.iter().filter(|step| publishing.contains(&step["name"].as_str().unwrap())) {
            assert_eq!(step["if"], "env.PUBLISH == 'true'");
        }
        assert_eq!(job["permissions"]["packages"], "write");
        assert_eq!(workflow["permissions"], serde_json::json!({}));
    }

    #[test]
    fn renovate_leaves_the_sections_alone() {
        let renovate: Json = serde_json::from_str(RENOVATE).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("manifests")).unwrap();
        let text = recipe(folder.path(), "FROM ghcr.io/a/b:1\nRUN bootc container lint\n").unwrap();
        let rules = renovate["packageRules"].as_array().unwrap();
        // Every image that a section names: pinning it would be an edit by hand.
        let named = text.lines().filter_map(|line| line.strip_prefix("COPY --from=")?.split([':', ' ']).next());
        let named: Vec<&str> = named.collect();
        assert!(!named.is_empty(), "{text}");
        for image in named {
            let left = |rule: &&Json| rule["enabled"] == false && rule["matchPackageNames"][0] == image;
            assert!(rules.iter().any(|rule| left(&rule)), "{image}");
        }
    }

    #[test]
    fn a_folder_of_any_name_is_a_repository_on_github() {
        for (folder, name) in
            [("setup", "setup"), ("My Setup", "My-Setup"), ("`id`", "id"), ("…", "setup"), (".x\n# y", "x---y")]
        {
            assert_eq!(repository_name(folder), name);
        }
    }
}
