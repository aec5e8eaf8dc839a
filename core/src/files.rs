// SPDX-License-Identifier: GPL-3.0-or-later
//! Files that are never lost and never half-written.
//!
//! Invariant: a file is replaced by a complete new one or not at all: temporary file in the same directory,
//! fsync, rename, fsync of the directory. Whoever reads, changes and writes holds the directory's lock. What a
//! writer that was killed left beside the file goes with the next write there.

use std::fs::{File, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

/// How the names of temporary files begin.
const TEMPORARY: &str = ".bkt-";

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
    let permissions = std::fs::metadata(path).map(|meta| meta.permissions()).ok();
    let mut file = temporary(directory, permissions.clone().unwrap_or_else(|| Permissions::from_mode(0o644)))?;
    file.as_file_mut().write_all(content)?;
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
    let mut file = temporary(directory, Permissions::from_mode(0o600))?;
    file.as_file_mut().write_all(content)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(directory)?.sync_all()
}

/// A new temporary file, locked for as long as it is written.
fn temporary(directory: &Path, permissions: Permissions) -> io::Result<NamedTempFile> {
    clear(directory);
    loop {
        let mut builder = tempfile::Builder::new();
        let made = builder.prefix(TEMPORARY).permissions(permissions.clone()).tempfile_in(directory);
        let file = made.map_err(without_path)?;
        // Where files have no locks nobody clears them away either.
        let _ = file.as_file().lock();
        // Someone clearing the directory may have been quicker than the lock.
        if file.as_file().metadata()?.nlink() > 0 {
            return Ok(file);
        }
    }
}

/// An error without the temporary file's name, which says nothing to anyone.
fn without_path(error: io::Error) -> io::Error {
    use io::ErrorKind::{NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    match error.kind() {
        kind @ (NotFound | PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull) => kind.into(),
        _ => error,
    }
}

/// Whether a file has the name of a temporary one.
pub(crate) fn is_temporary(name: &str) -> bool {
    let random = name.strip_prefix(TEMPORARY);
    random.is_some_and(|random| random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Removes the temporary files of writers that died: nobody holds their locks any more.
fn clear(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(is_temporary);
        if is_ours
            && entry.file_type().is_ok_and(|kind| kind.is_file())
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            // One that stays is tried again the next time.
            let _ = remove(&entry.path());
        }
    }
}

/// The SHA-256 of a file's content, `None` where there is none.
///
/// # Errors
/// It is there but unreadable.
pub fn digest(path: &Path) -> io::Result<Option<String>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut hasher = crate::digest::Hasher::default();
    io::copy(&mut file, &mut hasher)?;
    Ok(Some(hasher.finish()))
}

/// Moves a file to where another one may be, with these permissions, and makes the directories above that. The file
/// is copied, so that the two may be on different file systems. A symbolic link is replaced itself.
///
/// # Errors
/// What was there is untouched.
pub fn place(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    let directory = to.parent().unwrap_or_else(|| Path::new("/"));
    std::fs::create_dir_all(directory)?;
    let mut file = temporary(directory, Permissions::from_mode(0o600))?;
    io::copy(&mut File::open(from)?, file.as_file_mut())?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(to).map_err(|error| error.error)?;
    File::open(directory)?.sync_all()?;
    remove(from)
}

/// Replaces or makes a symbolic link, and the directories above it.
///
/// # Errors
/// What was there is untouched.
pub fn put_link(path: &Path, target: &Path) -> io::Result<()> {
    let directory = path.parent().unwrap_or_else(|| Path::new("/"));
    std::fs::create_dir_all(directory)?;
    let link =
        tempfile::Builder::new().prefix(".bkt-").make_in(directory, |at| std::os::unix::fs::symlink(target, at))?;
    link.into_temp_path().persist(path).map_err(|error| error.error)?;
    File::open(directory)?.sync_all()
}

/// Puts a whole directory where nothing is, or an empty directory; both are on one file system.
///
/// # Errors
/// What was there is untouched.
#[expect(clippy::disallowed_methods, reason = "the one place where directories are moved")]
pub fn place_directory(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
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

/// How much of a directory of copies is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    /// At most so many files.
    pub(crate) files: usize,
    /// At most so many bytes.
    pub(crate) bytes: u64,
    /// None older than this.
    pub(crate) age: Duration,
}

impl Bound {
    /// What is kept of files that runs replaced; what is older cannot be put back by an undo any more.
    pub(crate) const COPIES: Self = Self { files: 500, bytes: 256 << 20, age: Duration::from_secs(180 * 24 * 60 * 60) };
}

/// Removes the oldest files of a directory beyond a bound; the youngest always stays. One that cannot be removed is
/// tried again the next time.
pub(crate) fn prune(directory: &Path, bound: &Bound) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    let mut files: Vec<_> = entries
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok().filter(std::fs::Metadata::is_file)?, entry.path())))
        .filter_map(|(facts, path)| Some((facts.modified().ok()?, facts.len(), path)))
        .collect();
    files.sort_by(|(a, ..), (b, ..)| b.cmp(a));
    let mut bytes = 0_u64;
    for (index, (modified, size, path)) in files.iter().enumerate() {
        bytes = bytes.saturating_add(*size);
        let is_old = modified.elapsed().is_ok_and(|age| age > bound.age);
        if index > 0 && (index >= bound.files || bytes > bound.bytes || is_old) {
            let _ = remove(path);
        }
    }
}

/// An exclusive hold on a file or on a directory's files, until dropped or the program ends.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Waits for the exclusive lock of an open file or directory.
    ///
    /// # Errors
    /// The file system has no locks.
    pub fn of(file: File) -> io::Result<Self> {
        file.lock()?;
        Ok(Self(file))
    }

    /// The same without waiting; `None` where another has it.
    ///
    /// # Errors
    /// The file system has no locks.
    pub fn attempt(file: File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for Lock {
    // Closing alone does not let go while a child just forked still has the descriptor (flock(2)).
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Waits for the exclusive lock of a directory (flock(2) on the directory itself, so nothing is left behind).
///
/// # Errors
/// The directory cannot be opened or the file system has no locks.
pub fn lock(directory: &Path) -> io::Result<Lock> {
    Lock::of(File::open(directory)?)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_placed_file_is_whole_and_gone_from_where_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("bin/b"));
        replace(&from, b"abc").unwrap();
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((digest(&from).unwrap().as_deref(), digest(&to).unwrap()), (Some(sum), None));
        place(&from, &to, 0o755).unwrap();
        assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!((read(&to).unwrap().as_deref(), read(&from).unwrap()), (Some("abc"), None));
        assert!(place(&from, &to, 0o755).is_err());
        assert_eq!(read(&to).unwrap().as_deref(), Some("abc"));
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing/a.json");
        assert!(replace(&missing, b"x").is_err());
        assert_eq!(read(&missing).unwrap(), None);
    }

    #[test]
    fn what_a_dead_writer_left_goes_and_what_a_living_one_holds_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let living = temporary(dir.path(), Permissions::from_mode(0o600)).unwrap();
        for name in [".bkt-abc123", ".bktignore", ".bkt-a", "bkt-abc123"] {
            File::create(path(name)).unwrap().write_all(b"half").unwrap();
        }
        put(&path("new"), b"whole", 0o755).unwrap();
        assert!(!path(".bkt-abc123").exists());
        assert!(living.path().exists() && path(".bktignore").exists() && path(".bkt-a").exists());
        drop(living);
        replace(&path("new"), b"again").unwrap();
        let mut left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".bkt-a", ".bktignore", "bkt-abc123", "new"]);
    }

    #[test]
    fn of_old_copies_only_so_many_are_kept_and_the_youngest_always() {
        let dir = tempfile::tempdir().unwrap();
        let old = |days: u64| std::time::SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
        let put_at = |name: &str, size: usize, days: u64| {
            put(&dir.path().join(name), &vec![0; size], 0o600).unwrap();
            File::open(dir.path().join(name)).unwrap().set_modified(old(days)).unwrap();
        };
        let left = |bound: &Bound| {
            prune(dir.path(), bound);
            let entries = std::fs::read_dir(dir.path()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        for (name, days) in [("a", 1), ("b", 2), ("c", 3), ("d", 100)] {
            put_at(name, 10, days);
        }
        let day = Duration::from_secs(24 * 60 * 60);
        let bound = Bound { files: 9, bytes: 99, age: day * 50 };
        assert_eq!(left(&bound), ["a", "b", "c"]);
        assert_eq!(left(&Bound { bytes: 29, ..bound }), ["a", "b"]);
        assert_eq!(left(&Bound { files: 1, ..bound }), ["a"]);
        put_at("a", 1000, 1000);
        assert_eq!(left(&bound), ["a"], "what was kept just now");
    }

    #[test]
    fn many_writers_of_one_directory_do_not_clear_away_each_others_files() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let path = dir.path().join(format!("{n}"));
                scope.spawn(move || {
                    for round in 0..50 {
                        put(&path, format!("{round}").as_bytes(), 0o644).unwrap();
                    }
                    assert_eq!(read(&path).unwrap().as_deref(), Some("49"));
                });
            }
        });
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 8);
    }
}
