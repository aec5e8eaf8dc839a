// SPDX-License-Identifier: GPL-3.0-or-later
//! Root that nobody watches: the first start of a new deployment.
//!
//! Invariant: what cannot be done keeps nothing else from being done.

use super::{Administrator, AdministratorError, Rest, SystemctlRoot, dnf, perform_with};
use crate::host::{Host, Invocation};
use crate::plan::{Plan, Step};
use crate::run::Sink;
use crate::run::event::StepResult;

/// Does the administrator's part in this very process, each step as well as it goes.
pub struct Unattended<'h> {
    /// The host to change.
    pub host: &'h dyn Host,
    /// Asked before each batch, whether the rest is to be left.
    pub stop: &'h dyn Fn() -> bool,
}

impl std::fmt::Debug for Unattended<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unattended").finish_non_exhaustive()
    }
}

impl Administrator for Unattended<'_> {
    fn perform(&self, plan: &Plan, sink: Sink<'_>) -> Result<Vec<StepResult>, AdministratorError> {
        plan.check().map_err(|error| AdministratorError::Failed(error.to_string()))?;
        perform_with(plan, self.host, &SystemctlRoot(self.host), Rest::Goes, self.stop, sink)
            .map_err(|stale| AdministratorError::Stale(stale.to_string()))
    }
}

/// A transaction that leaves out what it cannot install. Both dnfs know the setting; the options of dnf5 that replace
/// it are unknown to dnf4.
pub(super) fn without_strictness(host: &dyn Host, batch: &[(usize, &Step)]) -> Invocation {
    let mut invocation = dnf(host, "install", batch);
    invocation.args.insert(0, "--setopt=strict=False".into());
    invocation
}
