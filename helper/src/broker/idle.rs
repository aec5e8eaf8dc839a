// SPDX-License-Identifier: GPL-3.0-or-later
//! Leaving when there is nothing to do.
//!
//! Invariant: the name is released before the program ends, and calls that arrived until then are answered.

use std::sync::Arc;
use std::time::Duration;

use bkt_helper_api::BUS_NAME;

use super::Broker;

/// How long calls that are already on their way are waited for.
const GRACE: Duration = Duration::from_millis(500);

/// Serves until there was no call and no job for a while.
///
/// # Errors
/// The name cannot be released or taken back.
pub async fn until_idle(broker: &Arc<Broker>, quiet: Duration) -> zbus::Result<()> {
    loop {
        quiet_for(broker, quiet).await;
        broker.connection.release_name(BUS_NAME).await?;
        if tokio::time::timeout(GRACE, busy(broker)).await.is_err() {
            return Ok(());
        }
        broker.take_name().await?;
    }
}

/// Waits until nothing happened for that long.
async fn quiet_for(broker: &Broker, quiet: Duration) {
    let mut calls = broker.quota.in_flight();
    let mut running = broker.running.subscribe();
    loop {
        let is_busy = *calls.borrow_and_update() > 0 || *running.borrow_and_update() > 0;
        tokio::select! {
            _ = calls.changed() => {}
            _ = running.changed() => {}
            () = tokio::time::sleep(quiet), if !is_busy => return,
        }
    }
}

/// Waits until there is a call or a job.
async fn busy(broker: &Broker) {
    let mut calls = broker.quota.in_flight();
    let mut running = broker.running.subscribe();
    tokio::select! {
        _ = calls.wait_for(|count| *count > 0) => {}
        _ = running.wait_for(|count| *count > 0) => {}
    }
}
