// SPDX-License-Identifier: GPL-3.0-or-later
//! A host that remembers what slow tools answered, for as long as the files they read stay the same, and the digests
//! of files.
//!
//! Invariant: an answer is given again only when its command, the stamps or contents of all files it depends on and
//! its own digest are what they were; anything else, a damaged memory too, asks the tool. Losing the memory loses time only.

mod digests;

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use self::digests::Digests;
use super::{Basis, Below, Facts, Host, HostError, Invocation, Output, OwnedFile, Settings, Stamp};
use crate::digest::sha256;
use crate::files;
use crate::name::FileDigest;
use crate::tree::TreePath;

/// How long ago a file must have changed before its stamp is relied on: two changes within one tick of the file
/// system's clock could have the same one.
const SETTLED: SignedDuration = SignedDuration::from_secs(2);

/// A host with a memory in a directory of the person's own.
pub struct Remembering<'h> {
    inner: &'h dyn Host,
    directory: PathBuf,
    digests: Digests,
}

impl std::fmt::Debug for Remembering<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remembering").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// The first line of a remembered answer; the answer follows.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    command: String,
    basis: String,
    sha256: String,
}

impl<'h> Remembering<'h> {
    /// Gives a host a memory below `state`, the directory of the person's state.
    #[must_use]
    pub fn new(inner: &'h dyn Host, state: &Path) -> Self {
        let directory = state.join("answers");
        Self { inner, digests: Digests::new(directory.join("digests")), directory }
    }

    /// The digest of what an answer depends on; `None` when that cannot be told, or there is nothing to tell it by.
    fn digest(&self, basis: &Basis) -> Option<String> {
        let settled = self.inner.now() - SETTLED;
        let (mut text, mut any) = (format!("{}\n", basis.on), false);
        for path in &basis.files {
            let Some(Stamp { inode, size, modified, changed }) = self.inner.stamp(path).ok()? else {
                text.push_str(&format!("{} -\n", path.display()));
                continue;
            };
            // SQLite sets the owner of a write-ahead log whenever root opens it; what was written to it has a time too.
            let changed = if path.as_os_str().as_bytes().ends_with(b"-wal") { modified } else { changed };
            if modified > settled || changed > settled {
                return None;
            }
            any = true;
            text.push_str(&format!("{} {inode} {size} {modified} {changed}\n", path.display()));
        }
        for path in &basis.contents {
            let content = self.digests.of(self.inner, path).ok()?;
            any |= content.is_some();
            let said = content.as_ref().map_or("-", FileDigest::as_str);
            text.push_str(&format!("{} {said}\n", path.display()));
        }
        any.then(|| sha256(text.as_bytes()))
    }

    fn remembered(&self, path: &Path, command: &str, basis: &str) -> Option<Output> {
        let text = files::read(path).ok()??;
        let (header, stdout) = text.split_once('\n')?;
        let header: Header = serde_json::from_str(header).ok()?;
        let is_it = header.version == 1 && header.command == command && header.basis == basis;
        (is_it && header.sha256 == sha256(stdout.as_bytes()))
            .then(|| Output { stdout: stdout.to_owned(), ..Output::default() })
    }

    fn remember(&self, path: &Path, command: String, basis: String, stdout: &str) {
        let header = Header { version: 1, command, basis, sha256: sha256(stdout.as_bytes()) };
        // A memory that cannot be written makes the next look slower, nothing else.
        if let Ok(header) = serde_json::to_string(&header)
            && std::fs::create_dir_all(&self.directory).is_ok()
        {
            let _ = files::replace(path, format!("{header}\n{stdout}").as_bytes());
        }
    }
}

impl Host for Remembering<'_> {
    pass_on!(looking);
    pass_on!(changing);

    fn known_digest(&self, path: &Path) -> Result<Option<FileDigest>, HostError> {
        self.digests.of(self.inner, path)
    }

    fn recall(&self, invocation: &Invocation, basis: &Basis) -> Result<Output, HostError> {
        let Some(before) = self.digest(basis) else { return self.inner.run(invocation) };
        let command = invocation.to_string();
        let path = self.directory.join(&sha256(command.as_bytes())[..16]);
        if let Some(output) = self.remembered(&path, &command, &before) {
            return Ok(output);
        }
        let output = self.inner.run(invocation)?;
        if output.status == 0 && self.digest(basis).as_ref() == Some(&before) {
            self.remember(&path, command, before, &output.stdout);
        }
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;

    fn basis(on: &str) -> Basis {
        Basis { files: vec!["/db".into(), "/db-wal".into()], contents: vec!["/history".into()], on: on.to_owned() }
    }

    fn host() -> RecordingHost {
        RecordingHost::default().file("/db", "one").prints("rpm -qa", "htop\n").prints("rpm -qa nano", "nano\n")
    }

    fn ask(host: &RecordingHost, state: &Path, on: &str) -> String {
        Remembering::new(host, state).recall(&Invocation::new("rpm", ["-qa"]), &basis(on)).unwrap().stdout
    }

    fn runs(host: &RecordingHost) -> usize {
        host.effects().iter().filter(|effect| *effect == "rpm -qa").count()
    }

    #[test]
    fn an_answer_is_remembered_until_a_file_or_the_rest_of_its_basis_changes() {
        let (host, state) = (host(), tempfile::tempdir().unwrap());
        for _ in 0..3 {
            assert_eq!(ask(&host, state.path(), "boot 1"), "htop\n");
        }
        assert_eq!(runs(&host), 1);
        ask(&host, state.path(), "boot 2");
        assert_eq!(runs(&host), 2);
        host.write(Path::new("/db-wal"), "more").unwrap();
        ask(&host, state.path(), "boot 2");
        host.write(Path::new("/db"), "two").unwrap();
        ask(&host, state.path(), "boot 2");
        assert_eq!(runs(&host), 4);
        ask(&host, state.path(), "boot 2");
        assert_eq!(runs(&host), 4);
        host.write(Path::new("/history"), "installed htop").unwrap();
        ask(&host, state.path(), "boot 2");
        assert_eq!(runs(&host), 5);
        host.write(Path::new("/history"), "installed htop").unwrap();
        ask(&host, state.path(), "boot 2");
        assert_eq!(runs(&host), 5, "written again, but the same");
    }

    #[test]
    fn a_damaged_or_swapped_memory_is_not_believed() {
        let (host, state) = (host(), tempfile::tempdir().unwrap());
        ask(&host, state.path(), "");
        let file = std::fs::read_dir(state.path().join("answers")).unwrap().next().unwrap().unwrap().path();
        let good = std::fs::read_to_string(&file).unwrap();
        let other = good.replace("rpm -qa", "rpm -qa nano");
        for bad in
            [good.replace("htop", "hbop"), good[..good.len() - 2].to_owned(), "{}\n".into(), String::new(), other]
        {
            let before = runs(&host);
            files::replace(&file, bad.as_bytes()).unwrap();
            assert_eq!(ask(&host, state.path(), ""), "htop\n");
            assert_eq!(runs(&host), before + 1);
            assert_eq!(std::fs::read_to_string(&file).unwrap(), good, "the next look is quick again");
        }
    }

    #[test]
    fn without_files_a_state_or_success_the_tool_is_asked_each_time() {
        let state = tempfile::tempdir().unwrap();
        let bare = RecordingHost::default().prints("rpm -qa", "");
        ask(&bare, state.path(), "");
        ask(&bare, state.path(), "");
        assert_eq!(runs(&bare), 2);
        let host = host();
        let nowhere = state.path().join("file");
        files::replace(&nowhere, b"").unwrap();
        ask(&host, &nowhere, "");
        ask(&host, &nowhere, "");
        assert_eq!(runs(&host), 2);
        let failing =
            RecordingHost::default().file("/db", "one").answers("rpm -qa", Output { status: 1, ..Output::default() });
        ask(&failing, state.path(), "");
        ask(&failing, state.path(), "");
        assert_eq!(runs(&failing), 2);
    }
}
