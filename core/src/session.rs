// SPDX-License-Identifier: GPL-3.0-or-later
//! One person's work with one setup: compare, decide, plan, run.
//!
//! This is what the command line, the window, the notifier and the first-boot run share.
//!
//! Invariant: after every comparison what was seen equal is agreed on; after every run the computer is
//! compared again.

mod held;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use held::Held;
use jiff::Timestamp;

use crate::agreed::{Agreed, AgreedStore};
use crate::changelog::{Changelog, ChangelogError, draft};
use crate::compare::{self, Comparison};
use crate::domain::etc::made_from::MadeFrom;
use crate::host::Host;
use crate::host::remembering::Remembering;
use crate::ignore::{self, Ignored};
use crate::item::{Domain, ItemId};
use crate::plan::{self, Decisions, Plan, Stale, Terms, Wishes};
use crate::recipe::file::{self as recipe, Foreseen};
use crate::run::receipt::Begun;
use crate::run::together::Before;
use crate::run::{self, Administrator, Event, Places, Receipt, RunError, Sides, Sink, Source, StepResult};
use crate::setup::{Setup, SetupError};
use crate::temporary;
use crate::tree::Tree;
use crate::value::Value;

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

/// What came of running a plan.
struct Ran {
    results: Vec<StepResult>,
    started: Timestamp,
    /// What was written down before; until it is dropped the run counts as running.
    begun: Option<Begun>,
    /// What both sides had in common of its items.
    agreed: Option<Agreed>,
}

/// A run that is taken back.
#[derive(Debug, Clone, Copy)]
pub struct Undone<'r> {
    /// What it did.
    pub receipt: &'r Receipt,
    /// What of it is wished to be as before.
    pub wishes: &'r Wishes,
}

/// A comparison with the setup it was made from.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The setup as it was read.
    pub setup: Setup,
    /// What is ignored.
    pub ignored: Ignored,
    /// The result.
    pub comparison: Comparison,
}

impl Session {
    fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> SessionError {
        let path = path.to_owned();
        move |source| SessionError::File { path, source }
    }

    fn places(&self) -> Places<'_> {
        Places { setup: &self.setup, state: &self.state }
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

    /// The same, where domains also look at items a person named that the setup does not mention.
    ///
    /// # Errors
    /// As [`Session::compare`].
    pub fn compare_also(&self, domains: &[Domain], also: &[ItemId]) -> Result<Snapshot, SessionError> {
        self.compare_within(domains, also)
    }

    /// The same for some domains only.
    ///
    /// # Errors
    /// As [`Session::compare`].
    pub fn compare_within(&self, domains: &[Domain], also: &[ItemId]) -> Result<Snapshot, SessionError> {
        let setup = Setup::load(&self.setup)?;
        let ignored = Ignored::load(&self.setup).map_err(Self::failed(&self.setup.join(ignore::IGNORE_FILE)))?;
        let host = Remembering::new(self.host.as_ref(), &self.state);
        let store = self.agreed();
        let agreed = store.load().map_err(Self::failed(store.path()))?;
        // A file that left the setup is known only from when both sides had it.
        let trees = Tree::ALL.into_iter().map(Tree::domain).filter(|domain| domains.contains(domain));
        let also: Vec<ItemId> = also.iter().cloned().chain(trees.flat_map(|domain| agreed.items(domain))).collect();
        let mut comparison = compare::compare_also(&host, &setup, &ignored, domains, &also);
        comparison.resolve_origins(&agreed);
        // Without it only what the last update brought is told as newer.
        let _ = MadeFrom::new(&self.state, self.host.root()).tell(self.host.as_ref(), &mut comparison);
        if let Some(temporary) = temporary::Store::of(self.host.as_ref())
            && let Err(error) = temporary.set_apart(&mut comparison, &self.state, !self.host.is_read_only())
        {
            comparison.temporary_unknown = Some(temporary.problem(&error));
        }
        store.update(|agreed| comparison.record(agreed)).map_err(Self::failed(store.path()))?;
        Ok(Snapshot { setup, ignored, comparison })
    }

    /// Makes the plan of some decisions.
    ///
    /// # Errors
    /// See [`plan::build::BuildError`].
    pub fn plan(&self, snapshot: &Snapshot, decisions: &Decisions) -> Result<Plan, plan::build::BuildError> {
        self.plan_with(snapshot, decisions, Terms::default())
    }

    /// The same, with the person's word on values that look private, and on what cannot wait for the next image.
    ///
    /// # Errors
    /// See [`plan::build::BuildError`].
    pub fn plan_with(
        &self,
        snapshot: &Snapshot,
        decisions: &Decisions,
        terms: impl Into<Terms>,
    ) -> Result<Plan, plan::build::BuildError> {
        plan::build(&snapshot.comparison, &snapshot.setup, decisions, terms.into())
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
        let store = self.agreed();
        comparison.resolve_origins(&store.load().map_err(Self::failed(store.path()))?);
        let plan = plan::wish::build(&comparison, &setup, wishes)?;
        Ok((Snapshot { setup, ignored: nothing, comparison }, plan))
    }

    /// What running a plan will change in the recipe.
    #[must_use]
    pub fn foresee(&self, plan: &Plan) -> Foreseen {
        let texts = run::user::written(&self.setup, plan);
        let files = run::user::copied_files(plan);
        if texts.is_empty() && files.is_empty() {
            return Foreseen::default();
        }
        recipe::foresee(&self.setup, texts, files)
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
        let mut ran = self.perform(&plan, Sides::Together, administrator, source, None, sink)?;
        before.take_back(&self.setup, &plan, &mut ran.results);
        Ok(self.received(plan, ran, source, None, None))
    }

    /// Runs a plan about what is changed on this computer alone. With a command, what differs from the setup after it is
    /// written down under that; without one it was to be kept, which undoing it takes back.
    ///
    /// # Errors
    /// The plan is stale; nothing was changed and no receipt is written.
    pub fn run_here(
        &self,
        plan: Plan,
        administrator: &dyn Administrator,
        source: Source,
        command: Option<&str>,
        sink: Sink<'_>,
    ) -> Result<Receipt, RunError> {
        let ran = self.perform(&plan, Sides::Apart, administrator, source, Some(command), sink)?;
        Ok(self.received(plan, ran, source, Some(command), None))
    }

    /// Runs the plan that takes back what a run did. Where setup and computer differ after it, what they last had in
    /// common is again what it was before that run, so that taking back what was captured is no wish to be rid of it.
    ///
    /// # Errors
    /// The plan is stale; nothing was changed and no receipt is written.
    pub fn run_back(
        &self,
        plan: Plan,
        undone: Undone<'_>,
        administrator: &dyn Administrator,
        source: Source,
        command: &str,
        sink: Sink<'_>,
    ) -> Result<Receipt, RunError> {
        let here = undone.receipt.here_only.then_some(Some(command));
        let ran = self.perform(&plan, Sides::Apart, administrator, source, here, sink)?;
        Ok(self.received(plan, ran, source, here, Some(undone)))
    }

    /// Makes what differs after an undone run be known as it was before that run.
    ///
    /// # Errors
    /// What is known cannot be written.
    pub fn agree_as_before(&self, undone: Undone<'_>, comparison: &Comparison) -> std::io::Result<()> {
        let Some(before) = &undone.receipt.agreed else { return Ok(()) };
        let differing = comparison.by_id();
        let steps = undone.receipt.undoable().filter(|step| undone.wishes.contains_key(&plan::wish::undone_as(step)));
        let items = steps.map(|step| &step.item).filter(|item| differing.contains_key(item));
        self.agreed().update(|agreed| items.for_each(|item| agreed.take_over(before, item))).map(drop)
    }

    /// Runs a plan, after its receipt says that it begins, and what it changes here alone is written down as intended.
    fn perform(
        &self,
        plan: &Plan,
        sides: Sides,
        administrator: &dyn Administrator,
        source: Source,
        here: Option<Option<&str>>,
        sink: Sink<'_>,
    ) -> Result<Ran, RunError> {
        let started = self.host.now();
        let agreed = self.agreed().load().ok().map(|agreed| agreed.of(plan.steps.iter().map(|step| &step.item)));
        let mut begun = None;
        let results = run::run(plan, sides, self.host.as_ref(), self.places(), administrator, &mut |event| {
            // What is out of date does not get here, and nothing has changed yet.
            if matches!(event, Event::Start { .. }) {
                let mut receipt = Receipt::new(plan.clone(), Vec::new(), source, started, started);
                receipt.here_only = here.is_some();
                receipt.agreed.clone_from(&agreed);
                // Where these cannot be written, that is told in the end, if it is still so then.
                begun = receipt.begin(&self.state).ok();
                if let (Some(Some(command)), Some(store)) = (here, temporary::Store::of(self.host.as_ref())) {
                    let run = begun.as_ref().map_or(0, |begun| begun.run);
                    let _ = store.intend(plan, run, self.host.as_ref(), command);
                }
            }
            sink(event);
        })?;
        Ok(Ran { results, started, begun, agreed })
    }

    /// Compares again, and stores the receipt of a run.
    fn received(
        &self,
        plan: Plan,
        ran: Ran,
        source: Source,
        here: Option<Option<&str>>,
        undone: Option<Undone<'_>>,
    ) -> Receipt {
        let mut receipt = Receipt::new(plan, ran.results, source, ran.started, self.host.now());
        receipt.run = ran.begun.as_ref().map_or(0, |begun| begun.run);
        receipt.here_only = here.is_some();
        receipt.agreed = ran.agreed;
        // Who took a file out of the setup knows about it; only when someone else did is it news here.
        let left: Vec<ItemId> = receipt.left_the_setup().cloned().collect();
        if !left.is_empty() {
            let _ = self.agreed().update(|agreed| left.iter().for_each(|item| agreed.forget(item)));
        }
        // The run is over whatever happens here: a state directory that cannot be written costs the receipt
        // and the agreements, and the next comparison finds the same facts again.
        let compared = self.compare();
        if let (Some(undone), Ok(snapshot)) = (undone, &compared) {
            let _ = self.agree_as_before(undone, &snapshot.comparison);
        }
        if let (Some(Some(command)), Ok(snapshot), Some(store)) =
            (here, compared, temporary::Store::of(self.host.as_ref()))
        {
            let done = receipt.changed().map(|step| step.item.clone()).collect::<Vec<_>>();
            if let Err(error) = store.record(receipt.run, &done, &snapshot.comparison, command) {
                receipt.unrecorded = Some(store.problem(&error));
            }
        }
        receipt.undrafted = self.draft(&receipt).err().map(Into::into);
        if let Err(error) = receipt.store(&self.state) {
            receipt.run = 0;
            receipt.lost = Some(format!("{}: {error}", self.state.join("runs").display()));
        }
        receipt
    }

    /// Drafts entries of a changelog, where the setup keeps one, of what a run changed in the setup.
    fn draft(&self, receipt: &Receipt) -> Result<(), ChangelogError> {
        if !Changelog::is_kept(&self.setup) {
            return Ok(());
        }
        let written = receipt.changed().filter(|step| step.manifest().is_some());
        let facts: Vec<draft::Fact> = written
            .map(|step| {
                let value = |json: Option<&serde_json::Value>| Value::from_json(step.item.domain, json?);
                draft::Fact {
                    item: step.item.clone(),
                    before: value(step.from.as_ref()),
                    after: value(step.to.as_ref()),
                }
            })
            .collect();
        draft::draft(&self.setup, &facts, self.host.now()).map(|_| ())
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
        let ran = self.perform(&plan, Sides::Apart, administrator, source, None, sink)?;
        Ok(self.received(plan, ran, source, None, None))
    }

    /// Stops reporting an item.
    ///
    /// # Errors
    /// The ignore file cannot be written.
    pub fn ignore(&self, item: &ItemId) -> Result<(), SessionError> {
        ignore::add(&self.setup, &item.to_string()).map_err(Self::failed(&self.setup.join(ignore::IGNORE_FILE)))
    }
}
