// SPDX-License-Identifier: GPL-3.0-or-later
//! A setup as it was before something that may have to be taken back, for example a pull request that fails.
//!
//! Invariant: a file that somebody else changed meanwhile is left to them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{Session, SessionError};
use crate::agreed::Agreed;
use crate::files;
use crate::i18n::{fill, gettext};
use crate::manifest::Manifest;
use crate::problem::Problem;
use crate::recipe::file::NAMES;
use crate::run::Receipt;
use crate::temporary::{Records, Store};

/// The files that a run which writes manifests may change, and what is known of their items.
#[derive(Debug)]
pub struct Held {
    files: BTreeMap<PathBuf, String>,
    records: Records,
    agreed: Agreed,
}

/// The texts of the setup's manifests, its recipe and the entries of its changelog.
fn texts(setup: &Path) -> io::Result<BTreeMap<PathBuf, String>> {
    let manifests = Manifest::ALL.into_iter().filter(|manifest| manifest.tree().is_none()).map(Manifest::path);
    let mut paths: Vec<PathBuf> = manifests.chain(NAMES).map(|path| setup.join(path)).collect();
    match std::fs::read_dir(setup.join(".changelog/pending")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        entries => {
            for entry in entries? {
                paths.push(entry?.path());
            }
        }
    }
    let mut texts = BTreeMap::new();
    for path in paths {
        if let Some(text) = files::read(&path)? {
            texts.insert(path, text);
        }
    }
    Ok(texts)
}

impl Session {
    /// Holds what a run that writes manifests may change.
    ///
    /// # Errors
    /// A file of the setup or of this person's state cannot be read.
    pub fn hold(&self) -> Result<Held, SessionError> {
        let store = self.agreed();
        let records = Store::of(self.host.as_ref());
        Ok(Held {
            files: texts(&self.setup).map_err(Self::failed(&self.setup))?,
            // One that cannot be understood is not written either.
            records: records.and_then(|records| records.load().ok()).unwrap_or_default(),
            agreed: store.load().map_err(Self::failed(store.path()))?,
        })
    }

    /// Takes back all that a run wrote: `before` it and `after` it are what was held.
    ///
    /// # Errors
    /// A file cannot be written, or somebody else changed it since.
    pub fn take_back(&self, before: &Held, after: &Held, receipt: Receipt) -> Result<(), SessionError> {
        if let Some(records) = Store::of(self.host.as_ref()) {
            records.put_back(&before.records).map_err(Self::failed(records.path()))?;
        }
        let manifests = self.setup.join("manifests");
        let lock = files::lock(&manifests).map_err(Self::failed(&manifests))?;
        for path in before.files.keys().chain(after.files.keys()) {
            let (was, left) = (before.files.get(path), after.files.get(path));
            if was != left {
                restore(path, was, left).map_err(Self::failed(path))?;
            }
        }
        drop(lock);
        let store = self.agreed();
        let items = || receipt.plan.steps.iter().map(|step| &step.item);
        store
            .update(|agreed| items().for_each(|item| agreed.take_over(&before.agreed, item)))
            .map_err(Self::failed(store.path()))?;
        let problem = Problem::new("taken_back", gettext("the setup was left as it was"));
        receipt.taken_back(&self.state, &problem).map_err(Self::failed(&self.state))
    }
}

/// Gives a file the text it had, unless it is no longer as the run left it.
fn restore(path: &Path, was: Option<&String>, left: Option<&String>) -> io::Result<()> {
    let now = files::read(path)?;
    match was {
        _ if now.as_ref() == was => Ok(()),
        _ if now.as_ref() != left => {
            let name = path.display().to_string();
            Err(io::Error::other(fill(&gettext("{file} was changed by somebody else meanwhile"), &[("file", &name)])))
        }
        Some(text) => files::replace(path, text.as_bytes()),
        None => files::remove(path),
    }
}
