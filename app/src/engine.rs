// SPDX-License-Identifier: GPL-3.0-or-later
//! The worker that compares, plans and runs; it owns the session and nobody else does any of it.
//!
//! Invariant: one message at a time, in order, so a comparison never sees half a run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bkt_core::compare::Decision;
use bkt_core::host::Host;
use bkt_core::host::live::LiveHost;
use bkt_core::host::spawned::SpawnedHost;
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::ItemId;
use bkt_core::plan::{Decisions, Plan};
use bkt_core::run::{Administrator, Event, Outcome, Receipt, RunError, Source, receipt};
use bkt_core::session::{Session, SessionError, Snapshot};
use bkt_gio::GioSettings;
use relm4::gtk::glib;
use relm4::{ComponentSender, Worker};

use crate::arguments::Arguments;
use crate::preferences::Preferences;
use crate::privileged::{Direct, Helper, Stop};
use crate::view::marks::Marks;

const MARKS: &str = "decisions.json";
/// How many past runs the window lists.
const HISTORY: usize = 200;

/// Who does the administrator's part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authority {
    /// The helper on the system bus.
    Helper,
    /// This process, on a directory.
    Direct,
}

/// The computer, the setup and the state directory.
pub(crate) struct EngineInit {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) setup: Option<PathBuf>,
    pub(crate) state: PathBuf,
    pub(crate) authority: Authority,
    pub(crate) stop: Stop,
}

impl EngineInit {
    /// What the command line names, else what was chosen in the window.
    pub(crate) fn new(arguments: Arguments, preferences: &Preferences, stop: Stop) -> Self {
        let mut settings = GioSettings::new();
        // In a Flatpak the computer is the host around it, and so are the schemas.
        let sandboxed = arguments.root.is_none() && Path::new("/.flatpak-info").exists();
        if let Some(root) = &arguments.root {
            settings = settings.with_schemas(root.join("usr/share/glib-2.0/schemas"));
        } else if sandboxed {
            settings = settings.with_schemas("/run/host/usr/share/glib-2.0/schemas");
        }
        let authority = if arguments.root.is_some() { Authority::Direct } else { Authority::Helper };
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let live =
            LiveHost::of_user(arguments.root.map(absolute), Arc::new(settings)).with_home(Some(glib::home_dir()));
        Self {
            host: if sandboxed { Arc::new(SpawnedHost::new(Arc::new(live))) } else { Arc::new(live) },
            setup: arguments.repo.map(absolute).or_else(|| preferences.repository()),
            state: state_directory(),
            authority,
            stop,
        }
    }
}

/// Where this person's state is kept.
pub(crate) fn state_directory() -> PathBuf {
    glib::user_state_dir().join("bkt")
}

/// What it is asked for.
#[derive(Debug)]
pub(crate) enum EngineMsg {
    /// Compare; the number comes back with the answer.
    Compare(u64),
    /// Compare with another setup from now on.
    Use(PathBuf),
    /// Keep these marks.
    Remember(Box<Marks>),
    /// Work a plan out.
    Plan(Decisions),
    /// Run a plan and ignore some items.
    Run(Arc<Review>),
}

/// A plan with the items that will be ignored beside it.
#[derive(Debug, Clone)]
pub(crate) struct Review {
    pub(crate) plan: Plan,
    pub(crate) ignore: Vec<ItemId>,
}

/// What it found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) history: Arc<Vec<Receipt>>,
}

/// What it answers.
#[derive(Debug)]
pub(crate) enum EngineOutput {
    /// What was decided when this was last used; the first answer, and only given once.
    Remembered(Box<Marks>),
    Compared(u64, Result<Box<Found>, Failure>),
    Planned(Result<Arc<Review>, Failure>),
    Event(Event),
    Ended(Result<Arc<Receipt>, Failure>),
    /// So many items are ignored now, and nothing else was asked for.
    Ignored(usize),
    Failed(Failure),
}

/// Why something did not work, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// There is no setup, or none at this path.
    NoSetup(Option<PathBuf>),
    /// The plan no longer fits.
    Stale(String),
    /// Anything else.
    Other(String),
}

impl Failure {
    /// The words for it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::NoSetup(None) => gettext("No Setup Yet"),
            Self::NoSetup(Some(path)) => {
                fill(&gettext("No setup was found in {path}"), &[("path", &path.display().to_string())])
            }
            Self::Stale(why) | Self::Other(why) => why.clone(),
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Setup(bkt_core::setup::SetupError::NotFound(path)) => Self::NoSetup(Some(path)),
            other => Self::Other(other.to_string()),
        }
    }
}

/// The worker.
pub(crate) struct Engine {
    session: Session,
    has_setup: bool,
    authority: Authority,
    stop: Stop,
    snapshot: Option<Arc<Snapshot>>,
}

impl Engine {
    fn handle(&mut self, message: EngineMsg, sender: &ComponentSender<Self>) -> Result<(), Failure> {
        match message {
            EngineMsg::Compare(generation) => {
                let found = self.compare();
                self.emit(sender, EngineOutput::Compared(generation, found));
            }
            EngineMsg::Use(setup) => {
                self.session.setup = setup;
                self.has_setup = true;
            }
            EngineMsg::Remember(marks) => self.remember(&marks)?,
            EngineMsg::Plan(decisions) => {
                let planned = self.plan(&decisions);
                self.emit(sender, EngineOutput::Planned(planned));
            }
            EngineMsg::Run(review) if review.plan.is_empty() => {
                self.ignore(&review)?;
                self.emit(sender, EngineOutput::Ignored(review.ignore.len()));
            }
            EngineMsg::Run(review) => {
                let ended = self.run(&review, sender);
                // A plan that is out of date or not permitted changes nothing, so it ignores nothing either.
                let changed = ended.as_ref().is_ok_and(|receipt| receipt.result != Outcome::Failed);
                let ignored = if changed { self.ignore(&review) } else { Ok(()) };
                self.emit(sender, EngineOutput::Ended(ended));
                ignored?;
            }
        }
        Ok(())
    }

    fn emit(&self, sender: &ComponentSender<Self>, output: EngineOutput) {
        // The window may be gone already; there is nobody to tell then.
        let _ = sender.output(output);
    }

    fn compare(&mut self) -> Result<Box<Found>, Failure> {
        if !self.has_setup {
            return Err(Failure::NoSetup(None));
        }
        let snapshot = Arc::new(self.session.compare()?);
        self.snapshot = Some(Arc::clone(&snapshot));
        let mut history = receipt::history(&self.session.state).map_err(|error| Failure::Other(error.to_string()))?;
        history.truncate(HISTORY);
        Ok(Box::new(Found { snapshot, history: Arc::new(history) }))
    }

    fn remembered(&self) -> Marks {
        let stored = bkt_core::files::read(&self.session.state.join(MARKS)).ok().flatten();
        // Marks that cannot be read cost some clicks, no data.
        stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    fn remember(&self, marks: &Marks) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::Other(error.to_string());
        std::fs::create_dir_all(&self.session.state).map_err(failed)?;
        let text = serde_json::to_string(marks).map_err(|error| Failure::Other(error.to_string()))?;
        bkt_core::files::replace(&self.session.state.join(MARKS), text.as_bytes()).map_err(failed)
    }

    fn plan(&self, decisions: &Decisions) -> Result<Arc<Review>, Failure> {
        let snapshot = self.snapshot.as_ref().ok_or(Failure::NoSetup(None))?;
        let plan = self.session.plan(snapshot, decisions).map_err(|error| Failure::Other(error.to_string()))?;
        let ignored = decisions.iter().filter(|(_, decision)| **decision == Decision::Ignore);
        let ignore = ignored.map(|(id, _)| id.clone()).collect();
        Ok(Arc::new(Review { plan, ignore }))
    }

    fn ignore(&self, review: &Review) -> Result<(), Failure> {
        review.ignore.iter().try_for_each(|item| self.session.ignore(item)).map_err(Failure::from)
    }

    fn run(&self, review: &Review, sender: &ComponentSender<Self>) -> Result<Arc<Receipt>, Failure> {
        self.stop.clear();
        let mut sink = |event: &Event| self.emit(sender, EngineOutput::Event(event.clone()));
        let host = Arc::clone(&self.session.host);
        let direct = Direct { host: host.as_ref(), stop: &self.stop };
        let helper = Helper { stop: &self.stop };
        let administrator: &dyn Administrator = match self.authority {
            Authority::Direct => &direct,
            Authority::Helper => &helper,
        };
        match self.session.run(review.plan.clone(), administrator, Source::Window, &mut sink) {
            Ok(receipt) => Ok(Arc::new(receipt)),
            Err(RunError::Stale(stale)) => Err(Failure::Stale(stale.to_string())),
        }
    }
}

impl Worker for Engine {
    type Init = EngineInit;
    type Input = EngineMsg;
    type Output = EngineOutput;

    fn init(init: EngineInit, sender: ComponentSender<Self>) -> Self {
        let has_setup = init.setup.is_some();
        let session = Session { host: init.host, setup: init.setup.unwrap_or_default(), state: init.state };
        let engine = Self { session, has_setup, authority: init.authority, stop: init.stop, snapshot: None };
        engine.emit(&sender, EngineOutput::Remembered(Box::new(engine.remembered())));
        engine
    }

    fn update(&mut self, message: EngineMsg, sender: ComponentSender<Self>) {
        if let Err(failure) = self.handle(message, &sender) {
            self.emit(&sender, EngineOutput::Failed(failure));
        }
    }
}
