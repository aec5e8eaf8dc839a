// SPDX-License-Identifier: GPL-3.0-or-later
//! A named pipe through which a tool that another program starts for us tells of its progress.
//!
//! Invariant: nobody waits for it: our own side has it open in both directions, so that no tool hangs in opening it, and
//! reading ends when we say so, whoever else still has it open (fifo(7)).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, mkfifoat};

use crate::files;

/// A named pipe that is there until this is dropped.
#[derive(Debug)]
pub(super) struct NamedPipe {
    path: PathBuf,
    open: File,
}

impl NamedPipe {
    /// Makes it, in place of one that was left there.
    pub(super) fn make(path: &Path) -> io::Result<Self> {
        files::remove(path)?;
        mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR)?;
        let no_wait = OFlags::NONBLOCK.bits().cast_signed();
        let open = OpenOptions::new().read(true).write(true).custom_flags(no_wait).open(path)?;
        Ok(Self { path: path.to_owned(), open })
    }

    /// What is said in it: the last line is the empty one this leaves when it is dropped.
    pub(super) fn reader(&self) -> io::Result<File> {
        File::open(&self.path)
    }
}

impl Drop for NamedPipe {
    fn drop(&mut self) {
        // A pipe so full that not even this fits has no reader that could be waiting for it.
        let _ = self.open.write_all(b"\n");
        let _ = files::remove(&self.path);
    }
}
