// SPDX-License-Identifier: GPL-3.0-or-later
//! The administrator of plans that need none.
//!
//! Invariant: it does nothing and says that nobody could be asked.

use bkt_core::plan::Plan;
use bkt_core::run::{Administrator, AdministratorError, Sink, StepResult};

/// Nobody is there.
pub(crate) struct Nobody;

impl Administrator for Nobody {
    fn perform(&self, _: &Plan, _: Sink<'_>) -> Result<Vec<StepResult>, AdministratorError> {
        Err(AdministratorError::Unavailable)
    }
}
