// SPDX-License-Identifier: GPL-3.0-or-later
//! The object that takes plans.
//!
//! Invariant: every method begins with `Broker::admit` as the member it is; nothing is writable.

use std::collections::HashMap;
use std::sync::Arc;

use bkt_core::describe;
use bkt_helper_api::Error;
use serde_json::json;
use zbus::OwnedVariant;
use zbus::message::Header;
use zbus::wire::OwnedObjectPath;

use super::{Broker, decode, internal};
use crate::actions;
use crate::auth::surface::Member;
use crate::job::{Record, State};

/// `org.bkt.Helper1`.
#[derive(Debug)]
pub struct HelperObject {
    broker: Arc<Broker>,
}

impl HelperObject {
    pub(super) const fn new(broker: Arc<Broker>) -> Self {
        Self { broker }
    }

    /// The records a caller may see, newest first.
    fn records(&self, caller: &crate::caller::Caller) -> Result<Vec<Record>, Error> {
        let failed = internal("the jobs could not be read");
        let all = self.broker.store.list().map_err(|error| failed(&error))?;
        Ok(all.into_iter().map(|(_, record)| record).filter(|record| caller.may_see(record.uid)).collect())
    }
}

#[zbus::interface(name = "org.bkt.Helper1", introspection_docs = false)]
impl HelperObject {
    async fn preview(&self, plan: &[u8], #[zbus(header)] header: Header<'_>) -> Result<String, Error> {
        let _admitted = self.broker.admit(&header, Member::Preview).await?;
        let plan = decode(plan, None)?;
        Ok(json!({
            "sha256": plan.sha256(),
            "actions": actions::needed(&plan),
            "summary": describe::admin_summary(&plan),
            "steps": plan.admin_steps().map(|(n, _)| n).collect::<Vec<_>>(),
        })
        .to_string())
    }

    async fn apply(
        &self,
        plan: &[u8],
        sha256: &str,
        options: HashMap<String, OwnedVariant>,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<OwnedObjectPath, Error> {
        let (caller, _slot) = self.broker.admit(&header, Member::Apply).await?;
        if !options.is_empty() {
            return Err(Error::InvalidPlan("this version of the helper knows no options".to_owned()));
        }
        self.broker.apply(&caller, plan, sha256).await
    }

    async fn status(&self, #[zbus(header)] header: Header<'_>) -> Result<String, Error> {
        let (caller, _slot) = self.broker.admit(&header, Member::Status).await?;
        let records = self.records(&caller)?;
        let jobs: Vec<_> = records
            .iter()
            .map(|record| json!({"id": record.id, "state": record.state, "sha256": record.sha256}))
            .collect();
        let interrupted: Vec<_> = records
            .iter()
            .filter(|record| record.state == State::Interrupted || !record.unknown_steps.is_empty())
            .map(|record| json!({"id": record.id, "sha256": record.sha256, "steps": record.unknown_steps}))
            .collect();
        Ok(json!({"version": env!("CARGO_PKG_VERSION"), "jobs": jobs, "interrupted": interrupted}).to_string())
    }

    async fn history(&self, limit: u32, #[zbus(header)] header: Header<'_>) -> Result<String, Error> {
        let (caller, _slot) = self.broker.admit(&header, Member::History).await?;
        let mut records = self.records(&caller)?;
        records.retain(|record| record.state.is_end());
        records.truncate(limit.min(100) as usize);
        Ok(json!(records).to_string())
    }
}
