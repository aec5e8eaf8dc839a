// SPDX-License-Identifier: GPL-3.0-or-later
//! Leaving when there is nothing to do, or when systemd says so.
//!
//! systemd sends SIGTERM to a service whose bus name is gone, so every way out ends in [`finish`].
//!
//! Invariant: the name is released before the program ends, and calls that arrived until then are answered.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bkt_helper_api::BUS_NAME;

use super::Broker;
use super::upgrade::Program;

/// How long calls that are already on their way are waited for.
const GRACE: Duration = Duration::from_millis(500);
/// How long a call may still take when the helper was told to end.
const LAST: Duration = Duration::from_secs(5);

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

/// The same, but when the program was replaced it leaves as soon as nothing runs.
///
/// # Errors
/// The name cannot be released or taken back.
pub async fn until_idle_or_replaced(
    broker: &Arc<Broker>,
    quiet: Duration,
    program: Option<&Program>,
) -> zbus::Result<()> {
    let replaced = async {
        match program {
            Some(program) => program.replaced().await,
            None => pending().await,
        }
    };
    tokio::select! {
        idle = until_idle(broker, quiet) => return idle,
        () = replaced => {}
    }
    until_idle(broker, Duration::ZERO).await
}

/// Ends on request: gives the name to whoever comes next and answers the calls in flight, for a few seconds.
/// A running job is left to its executor; the next helper takes it up.
pub async fn finish(broker: &Broker) {
    // Without a bus there is nobody left to answer.
    let _ = broker.connection.release_name(BUS_NAME).await;
    broker.leaving.send_replace(true);
    let answered = async {
        let mut calls = broker.quota.in_flight();
        loop {
            let is_busy = *calls.borrow_and_update() > 0;
            tokio::select! {
                _ = calls.changed() => {}
                () = tokio::time::sleep(GRACE), if !is_busy => return,
            }
        }
    };
    let _ = tokio::time::timeout(LAST, answered).await;
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
