// SPDX-License-Identifier: GPL-3.0-or-later
//! Noticing that an update replaced this very program, so that the next call starts the new one.
//!
//! Invariant: a program that cannot be watched serves on as it is.

use std::fs::Metadata;
use std::future::pending;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::watch_dir::WatchDir;

/// The program file, as it was at the start.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    identity: (u64, u64, i64),
    watch: WatchDir,
}

fn identity(file: &Metadata) -> (u64, u64, i64) {
    (file.dev(), file.ino(), file.size().try_into().unwrap_or(i64::MAX))
}

impl Program {
    /// Begins to watch a program.
    ///
    /// # Errors
    /// It is not there or cannot be watched.
    pub fn at(path: &Path) -> io::Result<Self> {
        // Watched first, so that no change is missed.
        let watch = WatchDir::on(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
        Ok(Self { path: path.to_owned(), identity: identity(&path.metadata()?), watch })
    }

    /// Waits until another file is in its place.
    pub async fn replaced(&self) {
        // While an update has taken it away, it is not replaced yet.
        while self.path.metadata().map_or(true, |file| identity(&file) == self.identity) {
            if self.watch.changed().await.is_err() {
                pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn only_another_file_in_its_place_replaces_a_program() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str| bkt_core::files::replace(&dir.path().join(name), b"program").unwrap();
        put("helper");
        let program = Program::at(&dir.path().join("helper")).unwrap();
        put("other");
        assert!(tokio::time::timeout(Duration::from_millis(200), program.replaced()).await.is_err());
        let waiting = tokio::spawn(async move { program.replaced().await });
        put("helper");
        tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    }
}
