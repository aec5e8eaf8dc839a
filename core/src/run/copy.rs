// SPDX-License-Identifier: GPL-3.0-or-later
//! Copying the files of a [`Tree`] between setup and computer, so that it can be undone.
//!
//! Invariant: what is put in place has the digest the plan shows; what it replaces is kept first, under its own
//! digest, or nothing is replaced.

use std::path::{Path, PathBuf};

use crate::files::{self, Bound};
use crate::host::Host;
use crate::i18n::{fill, gettext};
use crate::item::ItemId;
use crate::name::FileDigest;
use crate::problem::Problem;
use crate::tree::{self, FileState, Tree};
use crate::value::Value;

use super::Places;

/// Contents that runs replaced, by their digests.
#[derive(Debug, Clone)]
struct Replaced(PathBuf);

impl Replaced {
    fn new(state: &Path) -> Self {
        Self(state.join("replaced"))
    }

    fn keep(&self, content: &[u8]) -> Result<(), Problem> {
        let path = self.0.join(FileDigest::of(content).as_str());
        let failed = |error: std::io::Error| {
            let values = [("path", &*path.display().to_string()), ("reason", &*error.to_string())];
            Problem::new(
                "not_kept",
                fill(&gettext("the earlier content could not be kept in {path}: {reason}"), &values),
            )
        };
        // One that is there is put again, so that it is young again, too.
        files::put(&path, content, 0o600).map_err(failed)?;
        files::prune(&self.0, &Bound::COPIES);
        Ok(())
    }

    fn find(&self, digest: &FileDigest) -> Option<Vec<u8>> {
        let content = files::bytes(&self.0.join(digest.as_str())).ok().flatten()?;
        (FileDigest::of(&content) == *digest).then_some(content)
    }
}

/// One side of a copy.
struct Side<'s> {
    host: &'s dyn Host,
    base: PathBuf,
}

/// Brings a file of the home to what the plan shows.
pub(super) fn apply(host: &dyn Host, places: Places<'_>, item: &ItemId, to: Option<&Value>) -> Result<(), Problem> {
    let disk = tree::disk();
    let tree = of(item)?;
    let from = Side { host: &disk, base: places.setup.join(tree.path()) };
    let into = Side { host, base: tree.here(host)? };
    copy(places, tree, item, &from, &into, to)
}

/// Brings a file of the setup to what the plan shows.
pub(super) fn capture(host: &dyn Host, places: Places<'_>, item: &ItemId, to: Option<&Value>) -> Result<(), Problem> {
    let disk = tree::disk();
    let tree = of(item)?;
    let from = Side { host, base: tree.here(host)? };
    let into = Side { host: &disk, base: places.setup.join(tree.path()) };
    copy(places, tree, item, &from, &into, to)?;
    if to.is_none() {
        tidy(&into.base, tree, item);
    }
    Ok(())
}

fn of(item: &ItemId) -> Result<Tree, Problem> {
    let tree = crate::domain::kind(item.domain).manifest().tree();
    tree.ok_or_else(|| Problem::new("internal", format!("{item} is no file")))
}

fn copy(
    places: Places<'_>,
    tree: Tree,
    item: &ItemId,
    from: &Side<'_>,
    into: &Side<'_>,
    to: Option<&Value>,
) -> Result<(), Problem> {
    let place = tree.place(&item.key).map_err(|error| Problem::new("name_invalid", error.to_string()))?;
    let replaced = Replaced::new(places.state);
    let wanted = match to {
        None => None,
        Some(Value::File(state)) => Some(state),
        Some(_) => return Err(Problem::new("internal", format!("{item} is no file"))),
    };
    let content = match wanted {
        Some(FileState::File { sha256, .. }) => match tree::content(from.host, &from.base, &place, sha256) {
            Ok(Some(content)) => content,
            other => replaced.find(sha256).map_or_else(|| other.and_then(|_| Err(gone(item))), Ok)?,
        },
        Some(FileState::Link { .. }) | None => Vec::new(),
    };
    if let Some(FileState::File { sha256, .. }) = tree::look(into.host, &into.base, &place)?
        && let Some(before) = tree::content(into.host, &into.base, &place, &sha256)?
    {
        replaced.keep(&before)?;
    }
    tree::put(into.host, &into.base, &place, wanted.map(|state| (state, content.as_slice())))
}

fn gone(item: &ItemId) -> Problem {
    Problem::new(
        "content_gone",
        fill(&gettext("the content of {item} that the plan shows is no longer there"), &[("item", &item.to_string())]),
    )
    .hinted(gettext("Compare again and decide anew"))
}

/// Removes the folders of the setup that a removed file leaves empty, which git does not keep either.
fn tidy(base: &Path, tree: Tree, item: &ItemId) {
    let Ok(place) = tree.place(&item.key) else { return };
    let path = base.join(place.as_str());
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != base) {
        // One that is not empty stays, and so do those above it.
        if std::fs::remove_dir(folder).is_err() {
            return;
        }
    }
}
