// SPDX-License-Identifier: GPL-3.0-or-later
//! The broker: started by D-Bus, leaves after a minute of nothing to do.

#![forbid(unsafe_code)]

use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use bkt_helper::broker::upgrade::Program;
use bkt_helper::broker::{Broker, idle};
use bkt_helper::store::Store;
use bkt_helper::watchdog;
use tokio::signal::unix::{SignalKind, signal};

const QUIET: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let connection = zbus::Connection::system().await?;
    let own = zbus::Connection::system().await?;
    let broker = Broker::start(connection.clone(), &own, Store::of_system()).await?;
    let program = std::env::current_exe().and_then(|path| Program::at(&path)).ok();
    tokio::select! {
        idle = idle::until_idle_or_replaced(&broker, QUIET, program.as_ref()) => idle?,
        () = watched() => {}
        _ = terminate.recv() => idle::finish(&broker).await,
        () = connection.closed() => anyhow::bail!("the system bus is gone"),
        () = own.closed() => anyhow::bail!("the system bus is gone"),
    }
    Ok(())
}

/// Tells systemd that this program is alive, as often as it wants to hear it, and never ends.
#[expect(clippy::disallowed_methods, reason = "systemd tells a service where and how often in its environment")]
async fn watched() {
    let socket = std::env::var_os("NOTIFY_SOCKET").map(PathBuf::from);
    let limit = std::env::var("WATCHDOG_USEC").ok().and_then(|limit| limit.parse().ok()).map(Duration::from_micros);
    if let (Some(socket), Some(limit)) = (socket, limit) {
        watchdog::ping(&socket, limit / 3).await;
    }
    pending::<()>().await;
}
