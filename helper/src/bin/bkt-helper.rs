// SPDX-License-Identifier: GPL-3.0-or-later
//! The broker: started by D-Bus, leaves after a minute of nothing to do.

#![forbid(unsafe_code)]

use std::time::Duration;

use bkt_helper::broker::{Broker, idle};
use bkt_helper::store::Store;
use tokio::signal::unix::{SignalKind, signal};

const QUIET: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let connection = zbus::Connection::system().await?;
    let broker = Broker::start(connection.clone(), Store::of_system()).await?;
    tokio::select! {
        idle = idle::until_idle(&broker, QUIET) => idle?,
        _ = terminate.recv() => idle::finish(&broker).await,
        () = connection.closed() => anyhow::bail!("the system bus is gone"),
    }
    Ok(())
}
