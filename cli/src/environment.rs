// SPDX-License-Identifier: GPL-3.0-or-later
//! What the environment says: home, state directory, setup.
//!
//! Invariant: a flag wins over a variable, a variable over what is found by looking.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bkt_core::i18n::{fill, gettext};

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
            setup: path("BKT_REPO"),
            path: get("PATH").and_then(|path| path.into_string().ok()),
            no_input: path("BKT_NO_INPUT").is_some(),
        }
    }

    /// The setup's directory: `-C`, then `BKT_REPO`, then the repository around `here`, then the one `chosen` in
    /// the window, then `~/setup`.
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
        let around = here.into_iter().flat_map(Path::ancestors).find(|directory| directory.join(".git").exists());
        let home = self.home.as_ref().map(|home| home.join("setup"));
        around
            .and_then(found)
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

fn missing(message: String) -> Failure {
    Failure::new(exit::NOT_POSSIBLE, "repo_not_found", message)
        .hinted(gettext("Name its folder with ‘-C DIR’, or start one with ‘bkt init’"))
}
