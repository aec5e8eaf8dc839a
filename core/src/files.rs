// SPDX-License-Identifier: GPL-3.0-or-later
//! Files that are never lost and never half-written.
//!
//! Invariant: a file is replaced by a complete new one or not at all: temporary file in the same directory,
//! fsync, rename, fsync of the directory. Whoever reads, changes and writes holds the directory's lock.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// The largest file Bucket reads, in bytes.
const READ_LIMIT: u64 = 64 << 20;

/// The content of a text file, `None` where there is none.
///
/// # Errors
/// It is there but unreadable, not UTF-8, or larger than 64 MiB.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    let text = bytes(path)?.map(String::from_utf8).transpose();
    text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the file is not UTF-8 text"))
}

/// The content of a file, `None` where there is none.
///
/// # Errors
/// It is there but unreadable, or larger than 64 MiB.
pub fn bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut content = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, READ_LIMIT + 1), &mut content)?;
    if content.len() as u64 > READ_LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is larger than 64 MiB"));
    }
    Ok(Some(content))
}

/// Replaces a file's content, keeping its permissions, or makes it (0644 less the umask).
///
/// # Errors
/// The old content is untouched.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    // A manifest that is a symbolic link is replaced where it points, so that the link stays.
    let resolved = path.canonicalize();
    let path = resolved.as_deref().unwrap_or(path);
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".bkt-");
    let permissions = std::fs::metadata(path).map(|meta| meta.permissions()).ok();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    builder.permissions(permissions.clone().unwrap_or(mode));
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(content)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(directory)?.sync_all()
}

/// Replaces a file's content and permissions, or makes it and the directories above it. A symbolic link is
/// replaced itself, not where it points.
///
/// # Errors
/// The old content is untouched.
pub fn put(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let directory = path.parent().unwrap_or_else(|| Path::new("/"));
    std::fs::create_dir_all(directory)?;
    let permissions: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    let mut file = tempfile::Builder::new().prefix(".bkt-").tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(directory)?.sync_all()
}

/// Removes a file, if it is there.
///
/// # Errors
/// It is there and stays.
#[expect(clippy::disallowed_methods, reason = "the one place where files are removed")]
pub fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// An exclusive hold on a directory's files, until dropped or the program ends.
#[derive(Debug)]
pub struct DirectoryLock(#[expect(dead_code, reason = "held for its lock")] File);

/// Waits for the exclusive lock of a directory (flock(2) on the directory itself, so nothing is left behind).
///
/// # Errors
/// The directory cannot be opened or the file system has no locks.
pub fn lock(directory: &Path) -> io::Result<DirectoryLock> {
    let file = File::open(directory)?;
    file.lock()?;
    Ok(DirectoryLock(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_replaced_file_keeps_its_permissions_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        replace(&path, b"one").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("two"));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_followed_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        replace(&dir.path().join("real"), b"one").unwrap();
        std::os::unix::fs::symlink("real", dir.path().join("link")).unwrap();
        replace(&dir.path().join("link"), b"two").unwrap();
        assert_eq!(read(&dir.path().join("real")).unwrap().as_deref(), Some("two"));
        assert!(dir.path().join("link").is_symlink());
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing/a.json");
        assert!(replace(&missing, b"x").is_err());
        assert_eq!(read(&missing).unwrap(), None);
    }
}
