// SPDX-License-Identifier: GPL-3.0-or-later
//! Holding off a shutdown while packages, deployments or boot entries change, through logind's inhibitor locks.
//!
//! rpm-ostree, too, refuses to restart the computer while there is such a lock, so it is held for the one call of a
//! tool and nothing else. Nothing this program does restarts the computer.
//!
//! Invariant: the lock is a file descriptor that closes with [`Shield`] and with the process, whichever ends first; a
//! logind that gives none is noted and stops nothing.

use bkt_core::problem::Problem;
use zbus::OwnedFd;

use crate::journal::{self, Entry};

/// The part of logind that gives locks.
#[zbus::proxy(
    interface = "org.freedesktop.login1.Manager",
    default_service = "org.freedesktop.login1",
    default_path = "/org/freedesktop/login1"
)]
pub trait Logind {
    /// Gives a lock that stands until its file descriptor is closed.
    fn inhibit(&self, what: &str, who: &str, why: &str, mode: &str) -> zbus::Result<OwnedFd>;
}

/// Does the work while the computer is not shut down.
///
/// # Errors
/// The work's own.
pub fn shielded(
    runtime: &tokio::runtime::Runtime,
    connection: &zbus::Connection,
    work: &mut dyn FnMut() -> Result<(), Problem>,
) -> Result<(), Problem> {
    let lock = runtime.block_on(async {
        let logind =
            LogindProxy::builder(connection).cache_properties(zbus::proxy::CacheProperties::No).build().await?;
        logind.inhibit("shutdown", "Bucket", "This computer’s software is being changed", "block").await
    });
    if let Err(error) = &lock {
        journal::say(&Entry::new(journal::HELPER, format!("a shutdown is not held off: {error}")));
    }
    let result = work();
    drop(lock);
    result
}
