// SPDX-License-Identifier: GPL-3.0-or-later
//! Waiting for files in a directory to change (inotify(7)).

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify;
use tokio::io::unix::AsyncFd;

/// A directory that is watched.
#[derive(Debug)]
pub struct WatchDir(AsyncFd<OwnedFd>);

impl WatchDir {
    /// Begins to watch.
    ///
    /// # Errors
    /// The directory is missing or the system's limit of watches is reached.
    #[expect(
        deprecated,
        reason = "its successor is unsafe for types that may close their descriptor; an OwnedFd does not"
    )]
    pub fn on(directory: &Path) -> io::Result<Self> {
        let fd = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
        let what = inotify::WatchFlags::MODIFY | inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO;
        inotify::add_watch(&fd, directory, what)?;
        Ok(Self(AsyncFd::new(fd)?))
    }

    /// Waits for the next change.
    ///
    /// # Errors
    /// The watch broke.
    pub async fn changed(&self) -> io::Result<()> {
        let mut events = [0_u8; 4096];
        loop {
            let mut ready = self.0.readable().await?;
            match ready.try_io(|fd| Ok(rustix::io::read(fd, &mut events)?)) {
                Ok(read) => return read.map(|_| ()),
                Err(_not_ready) => {}
            }
        }
    }
}
