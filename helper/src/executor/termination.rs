// SPDX-License-Identifier: GPL-3.0-or-later
//! Being told to stop by systemd, for example because the computer shuts down.
//!
//! Invariant: SIGTERM never ends the executor in the middle of a batch; it ends the job before the next one.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

/// Whether systemd asked for the end.
#[derive(Debug)]
pub(super) struct Termination(Arc<AtomicBool>);

impl Termination {
    /// From here on SIGTERM is a request.
    pub(super) fn watch() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut terminate = {
            let _entered = runtime.enter();
            signal(SignalKind::terminate())?
        };
        let asked = Arc::new(AtomicBool::new(false));
        std::thread::spawn({
            let asked = asked.clone();
            move || {
                runtime.block_on(terminate.recv());
                asked.store(true, Ordering::Relaxed);
            }
        });
        Ok(Self(asked))
    }

    pub(super) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
