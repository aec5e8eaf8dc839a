// SPDX-License-Identifier: GPL-3.0-or-later
//! A systemd that starts nothing and remembers what it was to start.

use std::sync::{Arc, Mutex};

use zbus::Connection;
use zbus::DBusError;
use zbus::object_server::SignalEmitter;
use zbus::wire::OwnedObjectPath;

#[derive(Debug, Default)]
pub(crate) struct Started(Mutex<Vec<String>>);

impl Started {
    pub(crate) fn units(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[derive(Debug, DBusError)]
#[zbus(prefix = "org.freedesktop.systemd1")]
pub(crate) enum Error {
    NoSuchUnit(String),
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
        self.0.0.lock().unwrap().push(name);
        job()
    }

    async fn get_unit(&self, name: String) -> Result<OwnedObjectPath, Error> {
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
