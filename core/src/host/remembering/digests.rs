// SPDX-License-Identifier: GPL-3.0-or-later
//! The digests of files, known again by the files' stamps.
//!
//! Invariant: a digest is given again only for a file whose stamp is what it was when the content was read, and old
//! enough then to tell every later change; the file of the memory is believed as a whole or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::SETTLED;
use crate::digest::sha256;
use crate::files;
use crate::host::{Host, HostError, Stamp};
use crate::name::FileDigest;

/// The most files that are remembered.
const MOST: usize = 100_000;

/// Digests by path, read when the first is asked for and written when the last user goes.
pub(super) struct Digests {
    path: PathBuf,
    known: Mutex<Option<Known>>,
}

#[derive(Default)]
struct Known {
    files: BTreeMap<String, Entry>,
    changed: bool,
}

#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    stamp: String,
    sha256: FileDigest,
}

impl Digests {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, known: Mutex::new(None) }
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        use_it(known.get_or_insert_with(|| Known { files: read(&self.path).unwrap_or_default(), changed: false }))
    }

    /// The digest of a file's content, from the memory or by reading it.
    pub(super) fn of(&self, host: &dyn Host, path: &Path) -> Result<Option<FileDigest>, HostError> {
        let Some(name) = path.to_str() else { return host.known_digest(path) };
        let before = host.stamp(path).ok().flatten();
        let settled = before.filter(|stamp| stamp.modified.max(stamp.changed) <= host.now() - SETTLED).map(spelled);
        let remembered = |known: &mut Known| known.files.get(name).cloned();
        if let (Some(stamp), Some(entry)) = (&settled, self.with(remembered))
            && entry.stamp == *stamp
        {
            return Ok(Some(entry.sha256));
        }
        let digest = host.known_digest(path)?;
        let same = settled.filter(|stamp| host.stamp(path).ok().flatten().map(spelled).as_ref() == Some(stamp));
        if let (Some(sha256), Some(stamp)) = (&digest, same) {
            let entry = Entry { stamp, sha256: sha256.clone() };
            self.with(|known| {
                if known.files.len() < MOST || known.files.contains_key(name) {
                    known.files.insert(name.to_owned(), entry);
                    known.changed = true;
                }
            });
        }
        Ok(digest)
    }
}

fn spelled(Stamp { inode, size, modified, changed }: Stamp) -> String {
    format!("{inode} {size} {modified} {changed}")
}

fn read(path: &Path) -> Option<BTreeMap<String, Entry>> {
    let text = files::read(path).ok()??;
    let (digest, content) = text.split_once('\n')?;
    (digest == sha256(content.as_bytes())).then(|| serde_json::from_str(content).ok())?
}

impl Drop for Digests {
    fn drop(&mut self) {
        let known = self.known.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = known.as_ref().filter(|known| known.changed) else { return };
        // A memory that cannot be written makes the next look slower, nothing else.
        if let (Ok(content), Some(directory)) = (serde_json::to_string(&known.files), self.path.parent())
            && std::fs::create_dir_all(directory).is_ok()
        {
            let _ = files::replace(&self.path, format!("{}\n{content}", sha256(content.as_bytes())).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::NoSettings;
    use crate::host::live::LiveHost;
    use crate::host::recording::RecordingHost;

    fn ask(host: &dyn Host, state: &Path) -> FileDigest {
        Digests::new(state.join("digests")).of(host, Path::new("/a")).unwrap().unwrap()
    }

    #[test]
    fn a_digest_is_remembered_until_the_stamp_changes() {
        let (host, state) = (RecordingHost::default().file("/a", "one"), tempfile::tempdir().unwrap());
        let one = ask(&host, state.path());
        assert_eq!(one, FileDigest::of(b"one"));
        let path = state.path().join("digests");
        let text = files::read(&path).unwrap().unwrap();
        let swapped = text.split_once('\n').unwrap().1.replace(one.as_str(), FileDigest::of(b"x").as_str());
        files::replace(&path, format!("{}\n{swapped}", sha256(swapped.as_bytes())).as_bytes()).unwrap();
        assert_eq!(ask(&host, state.path()), FileDigest::of(b"x"), "it is not read again");
        files::replace(&path, format!("{}\n{swapped}", sha256(b"")).as_bytes()).unwrap();
        assert_eq!(ask(&host, state.path()), one, "a damaged memory is not believed");
        host.write(Path::new("/a"), "two").unwrap();
        assert_eq!(ask(&host, state.path()), FileDigest::of(b"two"));
    }

    #[test]
    fn a_file_that_changed_just_now_is_read_each_time() {
        let dir = tempfile::tempdir().unwrap();
        let (file, memory) = (dir.path().join("a"), dir.path().join("digests"));
        files::replace(&file, b"one").unwrap();
        let host = LiveHost::of_user(None, std::sync::Arc::new(NoSettings));
        Digests::new(memory.clone()).of(&host, &file).unwrap();
        assert!(!memory.exists());
        assert_eq!(Digests::new(memory).of(&host, &dir.path().join("none")).unwrap(), None);
    }
}
