// SPDX-License-Identifier: GPL-3.0-or-later
//! A folder that is somebody's once it has its name, and goes again when it never gets one.
//!
//! Whoever makes one holds it locked. One that nobody holds is what a killed `bkt init` left: whoever makes the next one
//! in that place clears it away.
//!
//! Invariant: nothing is removed but folders with our prefix that nobody holds, and no link is followed to one.

use std::fs::{DirEntry, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::StartError;
use crate::files::{self, Lock};

/// Where in a person's state drafts are made.
pub(super) const DRAFTS: &str = "drafts";
/// How such folders begin, once they are held.
const PREFIX: &str = ".bkt-init-";
/// And before; nobody clears those.
const UNHELD: &str = ".bkt-new-";

/// A folder without its name; it goes away when dropped.
#[derive(Debug)]
pub(super) struct NewFolder {
    /// None once it has its name.
    folder: Option<PathBuf>,
    path: PathBuf,
    /// None where the file system has no locks.
    _held: Option<Lock>,
}

impl NewFolder {
    /// One beside another, with the permissions any folder gets.
    pub(super) fn beside(folder: &Path) -> Result<Self, StartError> {
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        Self::make(parent, 0o777)
    }

    /// One in a folder of a person's own state, for their eyes alone.
    pub(super) fn inside(parent: &Path) -> Result<Self, StartError> {
        Self::make(parent, 0o700)
    }

    fn make(parent: &Path, mode: u32) -> Result<Self, StartError> {
        std::fs::create_dir_all(parent).map_err(StartError::file(parent))?;
        // What cannot be looked at or removed is in nobody's way.
        let _ = clear(parent);
        let mut builder = tempfile::Builder::new();
        let unheld = builder.prefix(UNHELD).permissions(Permissions::from_mode(mode)).tempdir_in(parent);
        let unheld = unheld.map_err(StartError::file(parent))?;
        let held = files::lock(unheld.path()).ok();
        let name = unheld.path().file_name().unwrap_or_default().to_string_lossy().replacen(UNHELD, PREFIX, 1);
        let path = parent.join(name);
        files::place_directory(unheld.path(), &path).map_err(StartError::file(&path))?;
        let _ = unheld.keep();
        Ok(Self { folder: Some(path.clone()), path, _held: held })
    }

    /// Where it is for now.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, where there is nothing yet.
    pub(super) fn settle(mut self, name: &Path) -> Result<PathBuf, StartError> {
        files::place_directory(&self.path, name).map_err(StartError::file(name))?;
        // It has another name now, and is nobody's to remove.
        self.folder = None;
        name.canonicalize().map_err(StartError::file(name))
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // What stays is cleared by the next.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Removes what nobody holds.
fn clear(parent: &Path) -> io::Result<()> {
    let is_left = |entry: &DirEntry| {
        entry.file_name().to_string_lossy().starts_with(PREFIX) && entry.file_type().is_ok_and(|kind| kind.is_dir())
    };
    for entry in std::fs::read_dir(parent)?.flatten().filter(is_left) {
        if let Some(_held) = File::open(entry.path()).and_then(Lock::attempt)? {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_holds_is_cleared_away_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let left = at(".bkt-init-left");
        for folder in [&left, &at(".bkt-init"), &at("mine"), &at("elsewhere")] {
            std::fs::create_dir(folder).unwrap();
            files::put(&folder.join("a"), b"a", 0o644).unwrap();
        }
        files::put(&at(".bkt-init-file"), b"a", 0o644).unwrap();
        std::os::unix::fs::symlink(at("elsewhere"), at(".bkt-init-link")).unwrap();
        let first = NewFolder::beside(&at("setup")).unwrap();
        assert!(!left.exists());
        // Another one at the same time leaves the first one alone, and goes itself.
        let second = NewFolder::beside(&at("setup")).unwrap();
        assert!(first.path().exists() && second.path().exists());
        let path = second.path().to_owned();
        drop(second);
        assert!(!path.exists());
        let settled = first.settle(&at("setup")).unwrap();
        assert_eq!(settled, at("setup").canonicalize().unwrap());
        drop(NewFolder::beside(&at("setup")).unwrap());
        for name in [".bkt-init", ".bkt-init-file", ".bkt-init-link", "mine/a", "elsewhere/a", "setup"] {
            assert!(at(name).symlink_metadata().is_ok(), "{name}");
        }
    }
}
