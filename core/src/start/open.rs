// SPDX-License-Identifier: GPL-3.0-or-later
//! What somebody has already: a setup, a recipe of another kind, or an address to clone one from.
//!
//! A recipe of another kind becomes manifests beside it. Its own files stay as they are, but that a Containerfile
//! gets the sections; so what is not taken over is still built where it was built before. Where nothing builds the
//! recipe yet, it gets the workflow of a new setup.
//!
//! Invariant: a folder is changed by one rename for its manifests and one for its recipe, or not at all.

use std::path::{Path, PathBuf};

use super::new_folder::{DRAFTS, NewFolder};
use super::takeover::Takeover;
use super::{Base, NotTaken, StartError, Taken, Why, bluebuild, image_template, list};
use crate::host::Host;
use crate::i18n::gettext;
use crate::recipe::file as recipe;
use crate::repository::{RepositoryError, Tools, begin};

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A setup.
    Setup,
    /// A BlueBuild recipe, at this path.
    BlueBuild(String),
    /// A Containerfile of somebody's own, as made from Universal Blue's template.
    ImageTemplate,
    /// A repository with nothing in it yet.
    Blank,
    /// Something else.
    Other,
}

/// Where BlueBuild recipes are, the first found being it.
const RECIPES: [&str; 6] = [
    "recipes/recipe.yml",
    "recipes/recipe.yaml",
    "config/recipe.yml",
    "config/recipe.yaml",
    "recipe.yml",
    "recipe.yaml",
];
/// What a new repository may have all the same.
const BLANK: [&str; 6] = [".git", "README.md", "LICENSE", "LICENSE.md", ".gitignore", ".gitattributes"];

/// Looks at a folder.
#[must_use]
pub fn recognise(folder: &Path) -> Found {
    if folder.join("manifests").is_dir() {
        return Found::Setup;
    }
    if let Some(path) = RECIPES.into_iter().find(|path| folder.join(path).is_file()) {
        return Found::BlueBuild(path.to_owned());
    }
    if recipe::read(folder).is_ok() {
        return Found::ImageTemplate;
    }
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let is_blank = names.into_iter().all(|name| BLANK.iter().any(|blank| name == *blank));
    if is_blank && folder.join(".git").exists() { Found::Blank } else { Found::Other }
}

/// The address that a word names, where it does: as git writes them, or a bare repository on this computer.
#[must_use]
pub fn address(word: &str) -> Option<String> {
    let scheme = ["https://", "http://", "ssh://", "git://", "file://"].iter().any(|scheme| word.starts_with(scheme));
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_remote = word.split_once(':').is_some_and(|(host, path)| {
        let host = host
            .split_once('@')
            .map(|(user, host)| user.chars().all(plain) && !host.is_empty() && host.chars().all(plain));
        host == Some(true) && !path.is_empty() && !word.starts_with('-')
    });
    if scheme || is_remote {
        return Some(word.to_owned());
    }
    let path = Path::new(word);
    let is_bare = path.join("HEAD").is_file() && path.join("objects").is_dir() && path.join("refs").is_dir();
    is_bare.then(|| path.canonicalize().ok()?.to_str().map(str::to_owned)).flatten()
}

/// A clone that is not where it is to be yet; it goes away when dropped.
#[derive(Debug)]
pub struct Cloned {
    folder: NewFolder,
    /// What it holds.
    pub found: Found,
}

impl Cloned {
    /// Where it is for now.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts it where it is to be.
    ///
    /// # Errors
    /// There is something there meanwhile.
    pub fn settle(self, folder: &Path) -> Result<PathBuf, StartError> {
        super::is_free(folder)?;
        self.folder.settle(folder)
    }
}

/// Clones a repository beside where it is to be, or into a folder of one's state where it is only looked at.
///
/// # Errors
/// It cannot be reached or read; nothing is left.
pub fn clone(
    host: &dyn Host,
    tools: &Tools,
    address: &str,
    folder: &Path,
    only_look: bool,
) -> Result<Cloned, StartError> {
    let into = if only_look { tools.state.join("clone") } else { folder.to_owned() };
    let clone = NewFolder::beside(&into)?;
    begin::clone(host, tools, address, clone.path()).map_err(|error| match error {
        RepositoryError::Git { reason, .. } => StartError::Clone { address: address.to_owned(), reason },
        error => error.into(),
    })?;
    Ok(Cloned { found: recognise(clone.path()), folder: clone })
}

/// A recipe of another kind as manifests, not written yet.
#[derive(Debug)]
pub struct Import {
    folder: NewFolder,
    /// The files that say so.
    pub from: Vec<String>,
    /// The image it builds on, where this makes the recipe.
    pub base: Option<Base>,
    /// What is in manifests now.
    pub taken: Vec<Taken>,
    /// Groups of packages, which are no items.
    pub groups: Vec<String>,
    /// What stays where it is.
    pub left: Vec<NotTaken>,
    /// The files that are new or change.
    pub files: Vec<String>,
}

/// Reads a recipe of another kind.
///
/// # Errors
/// It cannot be read, or is not of its kind's shape.
pub fn import(folder: &Path, found: &Found, state: &Path) -> Result<Import, StartError> {
    let draft = NewFolder::inside(&state.join(DRAFTS))?;
    let manifests = draft.path().join("manifests");
    std::fs::create_dir(&manifests).map_err(StartError::file(&manifests))?;
    let mut takeover = Takeover::default();
    let read = |place: &str| inside(folder, place);
    let (mut from, mut base) = (Vec::new(), None);
    let recipe = match found {
        Found::BlueBuild(path) => {
            let text = read(path).unwrap_or_default();
            let told = bluebuild::read(&mut takeover, path, &text, &read)?;
            from.push(path.clone());
            base = told.base.map(|image| Base { image, why: Why::Named });
            match (recipe::read(folder), &base) {
                (Ok(recipe), _) => Some((recipe.name, recipe.text)),
                (Err(_), Some(base)) => Some(("Containerfile", super::files::recipe_on(&base.image))),
                (Err(_), None) => None,
            }
        }
        _ => {
            let recipe = recipe::read(folder)?;
            from = image_template::read(&mut takeover, recipe.name, &recipe.text, &read);
            Some((recipe.name, recipe.text))
        }
    };
    takeover.write(draft.path())?;
    super::files::write_first(draft.path())?;
    if inside(folder, crate::ignore::IGNORE_FILE).is_none() {
        super::files::put(draft.path(), crate::ignore::IGNORE_FILE, super::files::IGNORE)?;
    }
    let mut left = std::mem::take(&mut takeover.left);
    if let Some((name, text)) = recipe {
        super::files::put(draft.path(), name, &super::files::recipe(draft.path(), &text)?)?;
        let builders = Builders::of(folder);
        if builders.are_none() && name == "Containerfile" {
            super::files::write_build(draft.path(), !there(folder, &UPDATERS))?;
        }
        left.extend(builders.of_bluebuild.into_iter().map(|at| NotTaken {
            at,
            what: from.join(", "),
            why: gettext("it builds the recipe, until you have it build the Containerfile"),
        }));
    }
    let files = list(draft.path())?;
    let groups = takeover.groups().collect();
    Ok(Import { folder: draft, from, base, taken: takeover.taken, groups, left, files })
}

/// What else keeps a base new: Renovate's configuration in its places, and Dependabot's.
const UPDATERS: [&str; 7] = [
    ".github/dependabot.yml",
    ".github/renovate.json",
    ".github/renovate.json5",
    ".renovaterc",
    ".renovaterc.json",
    "renovate.json",
    "renovate.json5",
];

fn there(folder: &Path, places: &[&str]) -> bool {
    places.iter().any(|place| folder.join(place).symlink_metadata().is_ok())
}

/// Who builds the images of a folder.
#[derive(Debug, Default)]
struct Builders {
    any: bool,
    /// Workflows of GitHub that have BlueBuild's action.
    of_bluebuild: Vec<String>,
}

impl Builders {
    fn of(folder: &Path) -> Self {
        const OTHERS: [&str; 7] = [
            ".circleci",
            ".forgejo/workflows",
            ".gitea/workflows",
            ".gitlab-ci.yml",
            ".travis.yml",
            ".woodpecker",
            "Jenkinsfile",
        ];
        const WORKFLOWS: &str = ".github/workflows";
        let names = std::fs::read_dir(folder.join(WORKFLOWS)).into_iter().flatten().flatten();
        let mut workflows: Vec<String> = names
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.ends_with(".yml") || name.ends_with(".yaml"))
            .map(|name| format!("{WORKFLOWS}/{name}"))
            .collect();
        workflows.sort_unstable();
        let any = !workflows.is_empty() || there(folder, &OTHERS);
        workflows.retain(|place| inside(folder, place).is_some_and(|text| text.contains("blue-build/github-action")));
        Self { any, of_bluebuild: workflows }
    }

    const fn are_none(&self) -> bool {
        !self.any
    }
}

/// What a file of a folder says, where it is one and nothing on the way leads out of the folder.
fn inside(folder: &Path, place: &str) -> Option<String> {
    let (folder, path) = (folder.canonicalize().ok()?, folder.join(place).canonicalize().ok()?);
    if !path.starts_with(&folder) || !path.is_file() {
        return None;
    }
    crate::files::read(&path).ok().flatten()
}

impl Import {
    /// Writes it into the folder it was made from.
    ///
    /// # Errors
    /// Something cannot be written; the folder is as it was.
    pub fn write(&self, folder: &Path) -> Result<(), StartError> {
        let manifests = folder.join("manifests");
        let made = NewFolder::beside(&manifests)?;
        let content = |name: &str| {
            let path = self.folder.path().join(name);
            crate::files::bytes(&path).map_err(StartError::file(&path)).map(Option::unwrap_or_default)
        };
        let (inner, outer): (Vec<&String>, Vec<&String>) =
            self.files.iter().partition(|name| name.starts_with("manifests/"));
        for name in inner {
            let path = made.path().join(name.trim_start_matches("manifests/"));
            crate::files::put(&path, &content(name)?, 0o644).map_err(StartError::file(&path))?;
        }
        made.settle(&manifests)?;
        // What was there is replaced last, so that all before it can be taken away again.
        let (old, new): (Vec<&String>, Vec<&String>) = outer.into_iter().partition(|name| folder.join(name).exists());
        for (index, name) in new.iter().chain(&old).enumerate() {
            let path = folder.join(name);
            let wrote = content(name).and_then(|content| {
                if let Some(parent) = path.parent() {
                    std::fs::create_dir_all(parent).map_err(StartError::file(parent))?;
                }
                crate::files::replace(&path, &content).map_err(StartError::file(&path))
            });
            if let Err(error) = wrote {
                // They were put there just now.
                let _ = std::fs::remove_dir_all(&manifests);
                for name in new.iter().take(index) {
                    let _ = crate::files::remove(&folder.join(name));
                }
                return Err(error);
            }
        }
        Ok(())
    }
}
