// SPDX-License-Identifier: GPL-3.0-or-later
//! A systemd that starts nothing and remembers what it was to start.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use zbus::Connection;
use zbus::DBusError;
use zbus::object_server::SignalEmitter;
use zbus::wire::OwnedObjectPath;

#[derive(Debug, Default)]
pub(crate) struct Started {
    units: Mutex<Vec<String>>,
    /// How many questions about a unit go wrong.
    pub(crate) failures: AtomicU32,
}

impl Started {
    pub(crate) fn units(&self) -> Vec<String> {
        self.units.lock().unwrap().clone()
    }
}

#[derive(Debug, DBusError)]
#[zbus(prefix = "org.freedesktop.systemd1")]
pub(crate) enum Error {
    NoSuchUnit(String),
    TransactionIsDestructive(String),
}

pub(crate) struct Manager(pub(crate) Arc<Started>);

fn job() -> OwnedObjectPath {
    OwnedObjectPath::try_from("/org/freedesktop/systemd1/job/1").unwrap()
}

#[zbus::interface(name = "org.freedesktop.systemd1.Manager")]
impl Manager {
    async fn subscribe(&self) {}

    async fn start_unit(&self, name: String, mode: String) -> OwnedObjectPath {
        assert_eq!(mode, "replace");
        self.0.units.lock().unwrap().push(name);
        job()
    }

    async fn get_unit(&self, name: String) -> Result<OwnedObjectPath, Error> {
        let failures = &self.0.failures;
        if failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Err(Error::TransactionIsDestructive(name));
        }
        Err(Error::NoSuchUnit(name))
    }

    #[zbus(signal)]
    async fn job_removed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        job: OwnedObjectPath,
        unit: String,
        result: String,
    ) -> zbus::Result<()>;
}

/// Tells that a unit's process ended.
pub(crate) async fn ended(connection: &Connection, unit: &str) {
    let emitter = SignalEmitter::new(connection, "/org/freedesktop/systemd1").unwrap();
    Manager::job_removed(&emitter, 1, job(), unit.to_owned(), "done".to_owned()).await.unwrap();
}
