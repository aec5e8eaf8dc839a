// SPDX-License-Identifier: GPL-3.0-or-later
//! Who does the administrator's part: the helper on the system bus, or this process on a directory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bkt_core::host::Host;
use bkt_core::plan::Plan;
use bkt_core::run::administrator::{SystemctlRoot, perform};
use bkt_core::run::{Administrator, AdministratorError, Event, StepResult};
use bkt_helper_client::Client;

/// Asks a run to stop before its next step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks for it.
    pub(crate) fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Begins a new run.
    pub(crate) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Does the administrator's part in this process, for root on a directory given with `--root`.
pub(crate) struct Direct<'h> {
    pub(crate) host: &'h dyn Host,
    pub(crate) stop: &'h Stop,
}

impl Administrator for Direct<'_> {
    fn perform(&self, plan: &Plan, sink: &mut dyn FnMut(&Event)) -> Result<Vec<StepResult>, AdministratorError> {
        perform(plan, self.host, &SystemctlRoot(self.host), &|| self.stop.is_asked(), sink)
            .map_err(|stale| AdministratorError::Stale(stale.to_string()))
    }
}

/// The root helper on the system bus.
pub(crate) struct Helper<'s> {
    pub(crate) stop: &'s Stop,
}

impl Administrator for Helper<'_> {
    fn perform(&self, plan: &Plan, sink: &mut dyn FnMut(&Event)) -> Result<Vec<StepResult>, AdministratorError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| AdministratorError::Failed(error.to_string()))?;
        runtime.block_on(async {
            let job = Client::connect().await?.submit(plan).await?;
            Ok(job.follow(self.asked(), sink).await)
        })
    }
}

impl Helper<'_> {
    /// Ready when the person asked to stop.
    async fn asked(&self) {
        while !self.stop.is_asked() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
