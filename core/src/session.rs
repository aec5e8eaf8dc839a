// SPDX-License-Identifier: GPL-3.0-or-later
//! One person's work with one setup: compare, decide, plan, run.
//!
//! This is what the command line, the window, the notifier and the first-boot run share.
//!
//! Invariant: after every comparison what was seen equal is agreed on; after every run the computer is
//! compared again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::agreed::AgreedStore;
use crate::compare::{self, Comparison};
use crate::host::Host;
use crate::host::remembering::Remembering;
use crate::ignore::{self, Ignored};
use crate::item::{Domain, ItemId};
use crate::plan::{self, Consent, Decisions, Plan, Stale, Wishes};
use crate::run::together::Before;
use crate::run::{self, Administrator, Receipt, RunError, Sink, Source, StepResult};
use crate::setup::{Setup, SetupError};

/// A setup, a computer, and where this person's state is kept.
#[derive(Clone)]
pub struct Session {
    /// The computer.
    pub host: Arc<dyn Host>,
    /// The setup's directory.
    pub setup: PathBuf,
    /// `$XDG_STATE_HOME/bkt`, or `/var/lib/bkt` for the system's own runs.
    pub state: PathBuf,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("setup", &self.setup).field("state", &self.state).finish_non_exhaustive()
    }
}

/// Why nothing could be compared at all.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// There is no setup.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A file of the setup or of this person's state cannot be used.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// Why wishes cannot be made true.
#[derive(Debug, thiserror::Error)]
pub enum WishError {
    /// Nothing could be compared.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// No plan could be made.
    #[error(transparent)]
    Plan(#[from] plan::build::BuildError),
}

/// A comparison with the setup it was made from.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The setup as it was read.
    pub setup: Setup,
    /// The result.
    pub comparison: Comparison,
}

impl Session {
    fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> SessionError {
        let path = path.to_owned();
        move |source| SessionError::File { path, source }
    }

    fn agreed(&self) -> AgreedStore {
        AgreedStore::new(&self.state, &self.setup, self.host.root())
    }

    /// Reads the setup and compares it with the computer.
    ///
    /// # Errors
    /// There is no setup, or the state directory cannot be used.
    pub fn compare(&self) -> Result<Snapshot, SessionError> {
        self.compare_some(&Domain::ALL)
    }

    /// The same for some domains only.
    ///
    /// # Errors
    /// As [`Session::compare`].
    pub fn compare_some(&self, domains: &[Domain]) -> Result<Snapshot, SessionError> {
        self.compare_within(domains, &[])
    }

    /// The same for all domains, which also look at items a person named that the setup does not mention.
    ///
    /// # Errors
    /// As [`Session::compare`].
    pub fn compare_also(&self, also: &[ItemId]) -> Result<Snapshot, SessionError> {
        self.compare_within(&Domain::ALL, also)
    }

    fn compare_within(&self, domains: &[Domain], also: &[ItemId]) -> Result<Snapshot, SessionError> {
        let setup = Setup::load(&self.setup)?;
        let ignored = Ignored::load(&self.setup).map_err(Self::failed(&self.setup.join(ignore::IGNORE_FILE)))?;
        let host = Remembering::new(self.host.as_ref(), &self.state);
        let mut comparison = compare::compare_also(&host, &setup, &ignored, domains, also);
        let failed = || Self::failed(&self.state);
        comparison.resolve_origins(&self.agreed().load().map_err(failed())?);
        self.agreed().update(|agreed| comparison.record(agreed)).map_err(failed())?;
        Ok(Snapshot { setup, comparison })
    }

    /// Makes the plan of some decisions.
    ///
    /// # Errors
    /// See [`plan::build::BuildError`].
    pub fn plan(&self, snapshot: &Snapshot, decisions: &Decisions) -> Result<Plan, plan::build::BuildError> {
        self.plan_with(snapshot, decisions, Consent::Asked)
    }

    /// The same, with the person's word on values that look private.
    ///
    /// # Errors
    /// See [`plan::build::BuildError`].
    pub fn plan_with(
        &self,
        snapshot: &Snapshot,
        decisions: &Decisions,
        private: Consent,
    ) -> Result<Plan, plan::build::BuildError> {
        plan::build(&snapshot.comparison, &snapshot.setup, decisions, private)
    }

    /// Looks at the items of wishes, and makes the plan that makes them true.
    ///
    /// # Errors
    /// There is no setup, or no plan can be made.
    pub fn wish(&self, wishes: &Wishes) -> Result<(Snapshot, Plan), WishError> {
        let setup = Setup::load(&self.setup).map_err(SessionError::from)?;
        let wished = plan::wish::come_true(&setup, wishes);
        let nothing = Ignored::default();
        let mut comparison = compare::compare_some(
            &Remembering::new(self.host.as_ref(), &self.state),
            &wished,
            &nothing,
            &plan::wish::domains(wishes),
        );
        comparison.resolve_origins(&self.agreed().load().map_err(Self::failed(&self.state))?);
        let plan = plan::wish::build(&comparison, &setup, wishes)?;
        Ok((Snapshot { setup, comparison }, plan))
    }

    /// Runs a plan of wishes: what cannot be done on the computer is taken back in the setup.
    ///
    /// # Errors
    /// The plan is stale; nothing was changed and no receipt is written.
    pub fn run_together(
        &self,
        plan: Plan,
        administrator: &dyn Administrator,
        source: Source,
        sink: Sink<'_>,
    ) -> Result<Receipt, RunError> {
        let unreadable = |error: std::io::Error| Stale::Unreadable(error.to_string());
        let before = Before::keep(&self.setup, &plan).map_err(unreadable)?;
        let started = self.host.now();
        let mut results = run::run(&plan, self.host.as_ref(), &self.setup, administrator, sink)?;
        before.take_back(&self.setup, &plan, &mut results);
        Ok(self.received(plan, results, source, started))
    }

    /// Compares again, and stores the receipt of a run.
    fn received(&self, plan: Plan, results: Vec<StepResult>, source: Source, started: Timestamp) -> Receipt {
        let mut receipt = Receipt::new(plan, results, source, started, self.host.now());
        // The run is over whatever happens here: a state directory that cannot be written costs the receipt
        // and the agreements, and the next comparison finds the same facts again.
        let _ = self.compare();
        let _ = receipt.store(&self.state);
        receipt
    }

    /// Runs a plan, compares again so that what now agrees is agreed on, and stores the receipt.
    ///
    /// # Errors
    /// The plan is stale; nothing was changed and no receipt is written.
    pub fn run(
        &self,
        plan: Plan,
        administrator: &dyn Administrator,
        source: Source,
        sink: Sink<'_>,
    ) -> Result<Receipt, RunError> {
        let started = self.host.now();
        let results = run::run(&plan, self.host.as_ref(), &self.setup, administrator, sink)?;
        Ok(self.received(plan, results, source, started))
    }

    /// Stops reporting an item.
    ///
    /// # Errors
    /// The ignore file cannot be written.
    pub fn ignore(&self, item: &ItemId) -> Result<(), SessionError> {
        ignore::add(&self.setup, &item.to_string()).map_err(Self::failed(&self.setup.join(ignore::IGNORE_FILE)))
    }
}
