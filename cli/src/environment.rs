// SPDX-License-Identifier: GPL-3.0-or-later
//! What the environment says: home, state directory, setup.
//!
//! Invariant: a flag wins over a variable, a variable over what is found by looking.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bkt_core::i18n::{fill, gettext};
use bkt_core::manifest::Manifest;

use crate::error::{Failure, exit};

/// The variables `bkt` looks at.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    /// The person’s home directory.
    pub(crate) home: Option<PathBuf>,
    state_home: Option<PathBuf>,
    config_home: Option<PathBuf>,
    setup: Option<PathBuf>,
    /// Where the person's own tools are.
    pub(crate) path: Option<String>,
    /// `BKT_NO_INPUT` is set.
    pub(crate) no_input: bool,
}

impl Environment {
    /// Reads the variables through `get`.
    pub(crate) fn new(get: impl Fn(&str) -> Option<OsString>) -> Self {
        let path = |name: &str| get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self {
            home: path("HOME").filter(|home| home.is_absolute()),
            state_home: path("XDG_STATE_HOME").filter(|state| state.is_absolute()),
            config_home: path("XDG_CONFIG_HOME").filter(|config| config.is_absolute()),
            // The second is what the older tool was told by.
            setup: path("BKT_REPO").or_else(|| path("BKT_REPO_PATH")),
            path: get("PATH").and_then(|path| path.into_string().ok()),
            no_input: path("BKT_NO_INPUT").is_some(),
        }
    }

    /// The setup's directory: `-C`, then `BKT_REPO`, then the repository around `here`, then a folder around it that
    /// is none and has manifests, then the one `chosen` in the window, then `~/setup`.
    pub(crate) fn setup(
        &self,
        flag: Option<&Path>,
        here: Option<&Path>,
        chosen: impl FnOnce() -> Option<PathBuf>,
    ) -> Result<PathBuf, Failure> {
        let named = flag.or(self.setup.as_deref());
        if let Some(path) = named {
            return found(path).ok_or_else(|| {
                let path = [("path", &*self.short(path))];
                missing(fill(&gettext("no setup was found in {path}: it has no ‘manifests’ folder"), &path))
            });
        }
        let is_repository = |directory: &&Path| directory.join(".git").exists();
        let around = here.into_iter().flat_map(Path::ancestors).find(is_repository);
        let below = here.into_iter().flat_map(Path::ancestors).take_while(|directory| Some(*directory) != around);
        let home = self.home.as_ref().map(|home| home.join("setup"));
        around
            .and_then(found)
            .or_else(|| below.filter(|directory| has_manifests(directory)).find_map(found))
            .or_else(|| chosen().as_deref().and_then(found))
            .or_else(|| home.as_deref().and_then(found))
            .ok_or_else(|| missing(gettext("no setup was found here or in ~/setup")))
    }

    /// Keeps this run's state in another place.
    pub(crate) fn keep_state_in(&mut self, directory: &Path) {
        self.state_home = Some(directory.to_owned());
    }

    /// Whether `BKT_REPO` is set.
    pub(crate) const fn names_setup(&self) -> bool {
        self.setup.is_some()
    }

    /// Where this person's state is kept.
    pub(crate) fn state(&self) -> Result<PathBuf, Failure> {
        let base = self.state_home.clone().or_else(|| Some(self.home.as_ref()?.join(".local/state")));
        base.map(|base| base.join("bkt"))
            .ok_or_else(|| Failure::new(exit::NOT_POSSIBLE, "no_home", gettext("HOME is not set")))
    }

    /// Where the configuration of this person's programs is.
    pub(crate) fn config(&self) -> Result<PathBuf, Failure> {
        let base = self.config_home.clone().or_else(|| Some(self.home.as_ref()?.join(".config")));
        base.ok_or_else(|| Failure::new(exit::NOT_POSSIBLE, "no_home", gettext("HOME is not set")))
    }

    /// A path as people write it: `~` for their home.
    pub(crate) fn short(&self, path: &Path) -> String {
        match self.home.as_ref().and_then(|home| path.strip_prefix(home).ok()) {
            Some(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
            Some(rest) => format!("~/{}", rest.display()),
            None => path.display().to_string(),
        }
    }
}

fn found(path: &Path) -> Option<PathBuf> {
    // One spelling per setup, so that what was agreed on is found again from anywhere.
    let path = path.canonicalize().ok()?;
    path.join("manifests").is_dir().then_some(path)
}

/// Whether a folder has manifests of ours: it has one whose name we know, and is this person's, since anyone may put
/// folders above some.
fn has_manifests(directory: &Path) -> bool {
    let owner = |path: &Path| path.metadata().map(|known| known.uid()).ok();
    let is_known = |manifest: &Manifest| directory.join(manifest.path()).is_file();
    Manifest::ALL.iter().any(is_known) && owner(&directory.join("manifests")) == owner(Path::new("/proc/self"))
}

fn missing(message: String) -> Failure {
    Failure::new(exit::NOT_POSSIBLE, "repo_not_found", message)
        .hinted(gettext("Name its folder with ‘-C DIR’, or start one with ‘bkt init’"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The setup that is found in a folder, with variables, relative to the directory all is in.
    fn found_in(base: &Path, here: &str, variables: &[(&str, &str)]) -> Option<String> {
        let value = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| base.join(value));
        let environment = Environment::new(|name| value(name).map(Into::into));
        let found = environment.setup(None, Some(&base.join(here)), || None).ok()?;
        Some(found.strip_prefix(base).unwrap().display().to_string())
    }

    #[test]
    fn a_setup_is_found_by_variables_and_around_the_current_folder() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        for path in ["a/manifests", "a/x", "git/.git", "git/manifests", "git/part/manifests", "dots/.git/x"] {
            std::fs::create_dir_all(base.join(path)).unwrap();
        }
        for path in ["dots/mine/manifests/x", "dots/mine/deep", "kube/manifests", "up/manifests", "up/r/.git"] {
            std::fs::create_dir_all(base.join(path)).unwrap();
        }
        for path in ["a", "git/part", "dots/mine", "up"] {
            bkt_core::files::replace(&base.join(path).join("manifests/flatpak-apps.json"), b"{}").unwrap();
        }
        for (here, found) in [
            ("a", Some("a")),
            ("a/x", Some("a")),
            ("git/part", Some("git")),
            ("dots/mine/deep", Some("dots/mine")),
            ("dots", None),
            ("kube", None),
            ("up/r", None),
        ] {
            assert_eq!(found_in(&base, here, &[]).as_deref(), found, "{here}");
        }
        assert_eq!(found_in(&base, "a", &[("BKT_REPO_PATH", "git")]).as_deref(), Some("git"));
        assert_eq!(found_in(&base, "a", &[("BKT_REPO_PATH", "git"), ("BKT_REPO", "kube")]).as_deref(), Some("kube"));
        assert_eq!(found_in(&base, "a", &[("BKT_REPO_PATH", "none")]), None, "what is named is not searched for");
    }
}
