// SPDX-License-Identifier: GPL-3.0-or-later
//! Files below a directory, reached one held directory after the other, for a process that may do anything.
//!
//! A path is looked up again by the kernel each time it is used, so whoever may change a part of it leads root astray.
//! Here each directory on the way is opened from the one before it, never through a symbolic link, and kept open;
//! reading, replacing and removing happen relative to the last one.
//!
//! Invariant: nothing outside the base is read or written, whatever is moved or linked meanwhile; a file is replaced
//! whole, with its owner, permissions and security label, or not at all.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, RawMode, Stat, Uid, XattrFlags};
use rustix::io::Errno;

use crate::digest::sha256;
use crate::tree::{LARGEST, TreePath};

/// What SELinux calls a file.
const LABEL: &str = "security.selinux";
/// The longest label that is kept.
const LONGEST_LABEL: usize = 4096;

/// A file with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedFile {
    /// What it holds.
    pub content: Content,
    /// Its permissions; those of a link mean nothing.
    pub mode: u32,
    /// Whose it is.
    pub owner: (u32, u32),
    /// Its security label, where there is one.
    pub label: Option<Vec<u8>>,
    /// Permissions and owners of the directories above it, outermost first, for where they are missing.
    pub directories: Vec<(u32, (u32, u32))>,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Bytes.
    File(Vec<u8>),
    /// The way to another file.
    Link(PathBuf),
}

fn refused(reason: &'static str) -> io::Error {
    io::Error::other(reason)
}

const fn permissions(stat: &Stat) -> u32 {
    stat.st_mode & 0o7777
}

/// A directory that is reached, and the directories on the way.
struct Reached {
    directory: OwnedFd,
    on_the_way: Vec<(u32, (u32, u32))>,
}

/// The names on the way to a place, and the last one.
fn names(place: &TreePath) -> (Vec<&str>, &str) {
    let mut names: Vec<&str> = place.as_str().split('/').collect();
    let last = names.pop().unwrap_or_default();
    (names, last)
}

fn open_directory(parent: &OwnedFd, name: &str) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}

/// Goes down to the directory a place is in, making those that are missing where `make` says how; `None` where one is
/// missing.
fn reach(base: &Path, place: &TreePath, make: Option<&[(u32, (u32, u32))]>) -> io::Result<Option<Reached>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut directory = match rustix::fs::open(base, flags, Mode::empty()) {
        Err(Errno::NOENT) if make.is_none() => return Ok(None),
        other => other?,
    };
    let mut on_the_way = Vec::new();
    for (depth, name) in names(place).0.into_iter().enumerate() {
        directory = match (open_directory(&directory, name), make) {
            (Ok(next), _) => next,
            (Err(Errno::NOENT), None) => return Ok(None),
            (Err(Errno::NOENT), Some(like)) => {
                let (mode, owner) = like.get(depth).copied().unwrap_or((0o755, (0, 0)));
                rustix::fs::mkdirat(&directory, name, Mode::from_raw_mode(0o700))?;
                let made = open_directory(&directory, name)?;
                own(&made, owner)?;
                rustix::fs::fchmod(&made, Mode::from_raw_mode(mode as RawMode))?;
                rustix::fs::fsync(&directory)?;
                made
            }
            // Linux says of a link, too, that it is no directory.
            (Err(Errno::LOOP | Errno::NOTDIR), _) => return Err(refused("a folder on the way is a link or a file")),
            (Err(error), _) => return Err(error.into()),
        };
        let stat = rustix::fs::fstat(&directory)?;
        on_the_way.push((permissions(&stat), (stat.st_uid, stat.st_gid)));
    }
    Ok(Some(Reached { directory, on_the_way }))
}

/// Gives a file to somebody; nothing is to be done, and no privilege needed, where it is theirs already.
fn own(file: &OwnedFd, (user, group): (u32, u32)) -> io::Result<()> {
    let stat = rustix::fs::fstat(file)?;
    if (stat.st_uid, stat.st_gid) == (user, group) {
        return Ok(());
    }
    Ok(rustix::fs::fchown(file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?)
}

/// What is at a place below a directory; `None` where there is nothing.
pub(super) fn read(base: &Path, place: &TreePath) -> io::Result<Option<OwnedFile>> {
    let Some(Reached { directory, on_the_way }) = reach(base, place, None)? else { return Ok(None) };
    let name = names(place).1;
    // A pipe or device would wait or do something; it is opened without either, and refused.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(&directory, name, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => {
            let stat = rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
            let target = rustix::fs::readlinkat(&directory, name, Vec::new())?;
            let target = PathBuf::from(std::ffi::OsString::from_vec(target.into_bytes()));
            return Ok(Some(OwnedFile {
                content: Content::Link(target),
                mode: 0o777,
                owner: (stat.st_uid, stat.st_gid),
                label: None,
                directories: on_the_way,
            }));
        }
        other => other?,
    };
    let stat = rustix::fs::fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(refused("it is no file"));
    }
    let label = label(&file);
    let mut content = Vec::new();
    File::from(file).take(LARGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST {
        return Err(refused("it is larger than 16 MiB"));
    }
    let owner = (stat.st_uid, stat.st_gid);
    let content = Content::File(content);
    Ok(Some(OwnedFile { content, mode: permissions(&stat), owner, label, directories: on_the_way }))
}

/// The label of a file; where there is no SELinux, none.
fn label(file: &OwnedFd) -> Option<Vec<u8>> {
    let mut label = vec![0; LONGEST_LABEL];
    let length = rustix::fs::fgetxattr(file, LABEL, label.as_mut_slice()).ok()?;
    label.truncate(length);
    Some(label)
}

/// Makes what is at a place below a directory such a file, or nothing.
pub(super) fn put(base: &Path, place: &TreePath, file: Option<&OwnedFile>) -> io::Result<()> {
    let Some(Reached { directory, .. }) = reach(base, place, file.map(|file| file.directories.as_slice()))? else {
        return Ok(());
    };
    let name = names(place).1;
    let Some(file) = file else {
        gone(&directory, name)?;
        return Ok(rustix::fs::fsync(&directory)?);
    };
    // One name for each place, so that what a crash left is taken away by the next try; writers are one at a time.
    let temporary = format!(".bkt-{}", sha256(place.as_str().as_bytes()).get(..6).unwrap_or_default());
    gone(&directory, &temporary)?;
    let written = write(&directory, &temporary, file)
        .and_then(|()| Ok(rustix::fs::renameat(&directory, &temporary, &directory, name)?));
    if let Err(error) = written {
        // The first failure is the one that is told.
        let _ = gone(&directory, &temporary);
        return Err(error);
    }
    Ok(rustix::fs::fsync(&directory)?)
}

fn gone(directory: &OwnedFd, name: &str) -> io::Result<()> {
    match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
        Err(Errno::NOENT) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn write(directory: &OwnedFd, name: &str, file: &OwnedFile) -> io::Result<()> {
    let content = match &file.content {
        Content::Link(target) => return Ok(rustix::fs::symlinkat(target, directory, name)?),
        Content::File(content) => content,
    };
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let made = rustix::fs::openat(directory, name, flags, Mode::from_raw_mode(0o600))?;
    own(&made, file.owner)?;
    // Changing the owner takes bits away, so the permissions come after it.
    rustix::fs::fchmod(&made, Mode::from_raw_mode(file.mode as RawMode))?;
    if let Some(wanted) = &file.label
        && label(&made).as_ref() != Some(wanted)
    {
        match rustix::fs::fsetxattr(&made, LABEL, wanted, XattrFlags::empty()) {
            // A file system or a policy that knows no such label gives it its own.
            Ok(()) | Err(Errno::NOTSUP | Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut made = File::from(made);
    made.write_all(content)?;
    made.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    /// A base and a file outside of it, which nothing may reach.
    struct Ground(tempfile::TempDir);

    impl Ground {
        fn new() -> Self {
            let ground = Self(tempfile::tempdir().unwrap());
            for part in ["etc/d", "outside"] {
                std::fs::create_dir_all(ground.at(part)).unwrap();
            }
            crate::files::put(&ground.at("outside/a"), b"secret", 0o644).unwrap();
            ground
        }

        fn at(&self, part: &str) -> PathBuf {
            self.0.path().join(part)
        }

        fn read(&self, place: &str) -> io::Result<Option<OwnedFile>> {
            read(&self.at("etc"), &place.parse().unwrap())
        }

        fn put(&self, place: &str, file: Option<&OwnedFile>) -> io::Result<()> {
            put(&self.at("etc"), &place.parse().unwrap(), file)
        }

        fn file(&self, text: &str, mode: u32) -> OwnedFile {
            let facts = self.0.path().metadata().unwrap();
            let owner = (facts.uid(), facts.gid());
            OwnedFile { content: Content::File(text.into()), mode, owner, label: None, directories: Vec::new() }
        }

        fn is_untouched(&self) -> bool {
            crate::files::read(&self.at("outside/a")).unwrap().as_deref() == Some("secret")
                && std::fs::read_dir(self.at("outside")).unwrap().count() == 1
        }
    }

    #[test]
    fn what_is_put_is_what_is_read_and_nothing_stays_beside_it() {
        let ground = Ground::new();
        let mode = |text: &str| ground.at(text).symlink_metadata().unwrap().permissions().mode() & 0o7777;
        for (text, bits) in [("one", 0o640), ("two", 0o4755), ("", 0o600)] {
            ground.put("d/x", Some(&ground.file(text, bits))).unwrap();
            let seen = ground.read("d/x").unwrap().unwrap();
            assert_eq!((&seen.content, seen.mode, mode("etc/d/x")), (&Content::File(text.into()), bits, bits));
            assert_eq!(seen.directories.len(), 1);
        }
        let link = OwnedFile { content: Content::Link("../a b".into()), ..ground.file("", 0) };
        ground.put("d/x", Some(&link)).unwrap();
        assert_eq!(ground.read("d/x").unwrap().unwrap().content, link.content);
        assert_eq!(std::fs::read_dir(ground.at("etc/d")).unwrap().count(), 1);
        ground.put("d/x", None).unwrap();
        ground.put("d/x", None).unwrap();
        ground.put("none/x", None).unwrap();
        assert_eq!((ground.read("d/x").unwrap(), ground.read("none/x").unwrap()), (None, None));
        assert_eq!(std::fs::read_dir(ground.at("etc/d")).unwrap().count(), 0);
    }

    #[test]
    fn a_missing_folder_is_made_as_it_was() {
        let ground = Ground::new();
        let like = ground.file("x", 0o600);
        let like = OwnedFile { directories: vec![(0o750, like.owner), (0o700, like.owner)], ..like };
        ground.put("new/er/x", Some(&like)).unwrap();
        let mode = |part: &str| ground.at(part).metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("etc/new"), mode("etc/new/er"), mode("etc/new/er/x")), (0o750, 0o700, 0o600));
    }

    #[test]
    fn no_link_is_followed_on_the_way_or_at_the_end() {
        let ground = Ground::new();
        let outside = ground.at("outside");
        symlink(&outside, ground.at("etc/way")).unwrap();
        symlink(outside.join("a"), ground.at("etc/last")).unwrap();
        let file = ground.file("x", 0o644);
        for place in ["way/a", "way/new", "last/a"] {
            assert!(ground.put(place, Some(&file)).is_err(), "{place}");
            assert!(ground.put(place, None).is_err(), "{place}");
            assert!(ground.read(place).is_err(), "{place}");
        }
        // A link in the last place is replaced itself, and so is one where the temporary file would be.
        let temporary = format!(".bkt-{}", &sha256(b"last")[..6]);
        symlink(outside.join("a"), ground.at("etc").join(&temporary)).unwrap();
        ground.put("last", Some(&file)).unwrap();
        assert_eq!(ground.read("last").unwrap().unwrap().content, file.content);
        assert!(!ground.at("etc").join(temporary).is_symlink());
        // Neither is one that is the base.
        symlink(&outside, ground.at("base")).unwrap();
        assert!(put(&ground.at("base"), &"a".parse().unwrap(), Some(&file)).is_err());
        assert!(read(&ground.at("base"), &"a".parse().unwrap()).is_err());
        assert!(ground.is_untouched());
    }

    #[test]
    fn what_is_no_file_stays() {
        let ground = Ground::new();
        std::os::unix::net::UnixListener::bind(ground.at("etc/socket")).unwrap();
        assert!(ground.read("d").is_err() && ground.read("socket").is_err());
        assert!(ground.put("d", Some(&ground.file("x", 0o644))).is_err() && ground.put("d", None).is_err());
        assert!(ground.at("etc/d").is_dir());
        std::fs::File::create(ground.at("etc/large")).unwrap().set_len(LARGEST + 1).unwrap();
        assert!(ground.read("large").is_err());
        assert_eq!(std::fs::read_dir(ground.at("etc")).unwrap().count(), 3, "no temporary file stays");
    }

    #[test]
    fn a_folder_that_becomes_a_link_meanwhile_leads_nowhere_else() {
        let ground = Ground::new();
        let (file, folder, way) = (ground.file("mine", 0o644), ground.at("etc/d"), ground.at("link"));
        symlink(ground.at("outside"), &way).unwrap();
        std::thread::scope(|scope| {
            let swapping = scope.spawn(|| {
                // Whoever may write there swaps the folder for a link and back.
                for _ in 0..2000 {
                    let (one, other) = ((rustix::fs::CWD, &folder), (rustix::fs::CWD, &way));
                    rustix::fs::renameat_with(one.0, one.1, other.0, other.1, rustix::fs::RenameFlags::EXCHANGE)
                        .unwrap();
                }
            });
            while !swapping.is_finished() {
                // Whether it worked or was refused: never outside.
                let _ = ground.put("d/a", Some(&file));
                assert!(ground.read("d/a").map_or(true, |seen| seen.is_none_or(|seen| seen.content == file.content)));
            }
        });
        assert!(ground.is_untouched());
    }
}
