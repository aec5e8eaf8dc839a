// SPDX-License-Identifier: GPL-3.0-or-later
//! One job on the bus.
//!
//! Invariant: only the job's owner and root see anything of it; anyone else is told there is no such job.

use std::sync::Arc;
use std::time::Duration;

use bkt_core::files;
use bkt_helper_api::Error;
use tokio::time::{Instant, timeout_at};
use zbus::message::Header;

use super::{Broker, Job, internal};
use crate::auth::surface::Member;
use crate::journal::{self, Entry};

/// How long a call waits for events.
const WAIT: Duration = Duration::from_secs(30);

/// `org.bkt.Helper1.Job`.
#[derive(Debug)]
pub struct JobObject {
    broker: Arc<Broker>,
    job: Arc<Job>,
}

impl JobObject {
    pub(super) const fn new(broker: Arc<Broker>, job: Arc<Job>) -> Self {
        Self { broker, job }
    }

    async fn may_read(&self, header: Option<Header<'_>>, member: Member) -> zbus::fdo::Result<()> {
        let denied = |error: &dyn std::fmt::Display| zbus::fdo::Error::AccessDenied(error.to_string());
        // Reading without a caller would be for a signal that everyone receives.
        let header = header.ok_or_else(|| denied(&"there is no caller"))?;
        self.broker.admit_to(&self.job, &header, member).await.map(|_| ()).map_err(|error| denied(&error))
    }
}

#[zbus::interface(name = "org.bkt.Helper1.Job", introspection_docs = false)]
impl JobObject {
    #[zbus(out_args("events", "next", "ended"))]
    async fn events(&self, from: u32, #[zbus(header)] header: Header<'_>) -> Result<(Vec<String>, u32, bool), Error> {
        let _admitted = self.broker.admit_to(&self.job, &header, Member::Events).await?;
        let deadline = Instant::now() + WAIT;
        let mut changes = self.job.state.subscribe();
        let mut leaving = self.broker.leaving.subscribe();
        loop {
            // The state is read first: an end that is seen has all its events on the disk.
            let ended = changes.borrow_and_update().is_end();
            let failed = internal("the job’s events could not be read");
            let (events, next) = self.job.log.read(from).map_err(|error| failed(&error))?;
            if !events.is_empty() {
                return Ok((events, next, false));
            }
            let is_answered = ended
                || tokio::select! {
                    waited = timeout_at(deadline, changes.changed()) => waited.is_err(),
                    // The next helper goes on.
                    _ = leaving.wait_for(|leaving| *leaving) => true,
                };
            if is_answered {
                return Ok((events, next, ended));
            }
        }
    }

    async fn cancel(&self, #[zbus(header)] header: Header<'_>) -> Result<(), Error> {
        let (caller, _slot) = self.broker.admit_to(&self.job, &header, Member::Cancel).await?;
        if self.job.state().is_end() {
            return Ok(());
        }
        let failed = internal("the job could not be asked to stop");
        files::replace(&self.broker.store.stop_request(&self.job.id), b"").map_err(|error| failed(&error))?;
        journal::say(
            &Entry::new(journal::JOB_CANCELLED, format!("Job {} is asked to stop", self.job.id))
                .with("JOB_ID", &self.job.id)
                .with("CALLER_UID", caller.uid),
        );
        Ok(())
    }

    #[zbus(property(emits_changed_signal = "false"))]
    async fn state(&self, #[zbus(header)] header: Option<Header<'_>>) -> zbus::fdo::Result<String> {
        self.may_read(header, Member::State).await?;
        Ok(self.job.state().as_str().to_owned())
    }

    #[zbus(property(emits_changed_signal = "const"))]
    async fn plan_sha256(&self, #[zbus(header)] header: Option<Header<'_>>) -> zbus::fdo::Result<String> {
        self.may_read(header, Member::PlanSha256).await?;
        Ok(self.job.sha256.clone())
    }
}
