// SPDX-License-Identifier: GPL-3.0-or-later
//! The window: navigation, toasts and who is told what.
//!
//! Invariant: only the engine touches setup and computer; the window keeps its last answer and the marks.

mod commands;
mod navigation;
mod running;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use bkt_core::compare::Decision;
use bkt_core::i18n::gettext;
use bkt_core::item::{Domain, ItemId};
use jiff::Timestamp;
use relm4::adw::prelude::*;
use relm4::gtk::glib;
use relm4::prelude::*;
use relm4::{WorkerController, adw, gtk};

use crate::arguments::Arguments;
use crate::engine::{Engine, EngineInit, EngineMsg, EngineOutput, Failure, Found, Review};
use crate::notices;
use crate::pages::change_detail::{ChangeDetail, DetailMsg};
use crate::pages::changes::{ChangesMsg, ChangesOutput, ChangesPage};
use crate::pages::history::{HistoryMsg, HistoryPage};
use crate::pages::overview::{OverviewMsg, OverviewPage};
use crate::pages::placeholder::Blank;
use crate::pages::plan::{PlanMsg, PlanOutput, PlanPage};
use crate::pages::run::{RunMsg, RunOutput, RunPage};
use crate::pages::sidebar::{Sidebar, SidebarMsg};
use crate::preferences::Preferences;
use crate::privileged::Stop;
use crate::view::generation::Generation;
use crate::view::marks::{self, Marks};
use crate::view::overview::{self, Place};
use navigation::Navigation;

/// What the window is told.
#[derive(Debug)]
pub(crate) enum AppMsg {
    Navigate(Place),
    Check,
    Search,
    /// Ctrl+Enter: review on the list, apply on the plan.
    Confirm,
    Stop,
    OpenSetup,
    Use(std::path::PathBuf),
    Decide(ItemId, Option<Decision>),
    DecideAll(Domain, Option<Decision>),
    Detail(ItemId),
    Review,
    /// Compare again, then review.
    UpdatePlan,
    Apply(Arc<Review>),
    Past(usize),
    Narrow(bool),
    Engine(EngineOutput),
}

/// The window.
pub(crate) struct App {
    application: adw::Application,
    input: relm4::Sender<AppMsg>,
    preferences: Preferences,
    window: adw::ApplicationWindow,
    toasts: adw::ToastOverlay,
    navigation: Navigation,
    engine: WorkerController<Engine>,
    stop: Stop,
    sidebar: Controller<Sidebar>,
    overview: Controller<OverviewPage>,
    changes: Controller<ChangesPage>,
    detail: Controller<ChangeDetail>,
    plan: Controller<PlanPage>,
    run: Controller<RunPage>,
    history: Controller<HistoryPage>,
    generation: Generation,
    found: Option<Box<Found>>,
    marks: Rc<Marks>,
    running: Rc<Cell<bool>>,
    review_next: bool,
}

#[relm4::component(pub(crate))]
impl Component for App {
    type Init = (adw::Application, Arguments);
    type Input = AppMsg;
    type Output = ();
    type CommandOutput = ();

    view! {
        adw::ApplicationWindow {
            set_title: Some("Bucket"),
            set_default_size: (960, 680),
            set_size_request: (360, 294),
            #[name = "toasts"]
            adw::ToastOverlay {
                #[name = "split"]
                adw::NavigationSplitView {
                    set_min_sidebar_width: 200.0,
                    set_max_sidebar_width: 260.0,
                    set_sidebar: Some(sidebar.widget()),
                    #[wrap(Some)]
                    set_content = &adw::NavigationPage {
                        set_title: "Bucket",
                        #[wrap(Some)]
                        #[name = "view"]
                        set_child = &adw::NavigationView {},
                    },
                },
            },
        }
    }

    fn init(
        (application, arguments): Self::Init,
        root: Self::Root,
        sender: ComponentSender<Self>,
    ) -> ComponentParts<Self> {
        let input = sender.input_sender();
        let preferences = Preferences::open();
        let stop = Stop::default();
        let init = EngineInit::new(arguments, &preferences, stop.clone());
        let engine = Engine::builder().detach_worker(init).forward(input, AppMsg::Engine);
        let sidebar = Sidebar::builder().launch(()).forward(input, AppMsg::Navigate);
        let overview = OverviewPage::builder().launch(()).forward(input, AppMsg::Navigate);
        let changes = ChangesPage::builder().launch(()).forward(input, |output| match output {
            ChangesOutput::Decide(id, decision) => AppMsg::Decide(id, decision),
            ChangesOutput::DecideAll(domain, decision) => AppMsg::DecideAll(domain, decision),
            ChangesOutput::Open(id) => AppMsg::Detail(id),
            ChangesOutput::Review => AppMsg::Review,
        });
        let detail = ChangeDetail::builder().launch(()).forward(input, |(id, decision)| AppMsg::Decide(id, decision));
        let plan = PlanPage::builder().launch(()).forward(input, |output| match output {
            PlanOutput::Apply(review) => AppMsg::Apply(review),
            PlanOutput::Update => AppMsg::UpdatePlan,
        });
        let run = RunPage::builder().launch(()).forward(input, |RunOutput::Stop| AppMsg::Stop);
        let history = HistoryPage::builder().launch(()).forward(input, AppMsg::Past);
        let widgets = view_output!();

        root.set_application(Some(&application));
        preferences.bind_window(&root);
        commands::install(&root, input);
        let navigation = Navigation::new(
            &widgets.split,
            &widgets.view,
            [
                (Place::Overview, overview.widget()),
                (Place::Changes, changes.widget()),
                (Place::History, history.widget()),
            ],
        );
        navigation::breakpoints(&root, &widgets.split, input);
        // Closing the window does not end a run: it is hidden, and gone when the run is over.
        let running = Rc::new(Cell::new(false));
        root.connect_close_request({
            let running = Rc::clone(&running);
            move |window| {
                window.set_visible(!running.get());
                if running.get() { glib::Propagation::Stop } else { glib::Propagation::Proceed }
            }
        });
        let toasts = widgets.toasts.clone();
        let marks = Rc::default();
        let model = Self {
            application,
            input: input.clone(),
            preferences,
            window: root,
            toasts,
            navigation,
            engine,
            stop,
            sidebar,
            overview,
            changes,
            detail,
            plan,
            run,
            history,
            generation: Generation::default(),
            found: None,
            marks,
            running: Rc::clone(&running),
            review_next: false,
        };
        model.sidebar.emit(SidebarMsg::Select(Place::Overview));
        sender.input(AppMsg::Check);
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: AppMsg, _sender: ComponentSender<Self>, _root: &Self::Root) {
        if let Err(failure) = self.handle(message) {
            self.toast(&failure.text());
        }
    }
}

impl App {
    fn handle(&mut self, message: AppMsg) -> Result<(), Failure> {
        match message {
            AppMsg::Navigate(place) => self.navigate(place),
            AppMsg::Check => self.check(),
            AppMsg::Search => {
                self.navigate(Place::Changes);
                self.changes.emit(ChangesMsg::ToggleSearch);
            }
            AppMsg::Confirm => match self.navigation.tag().as_deref() {
                Some("plan") => self.plan.emit(PlanMsg::Apply),
                _ => self.review(),
            },
            AppMsg::Stop => self.stop.ask(),
            AppMsg::OpenSetup => self.choose_setup(),
            AppMsg::Use(path) => {
                self.preferences.set_repository(&path);
                self.engine.emit(EngineMsg::Use(path));
                self.blank(&Blank::Comparing);
                self.check();
            }
            AppMsg::Decide(id, decision) => self.decide(|marks| marks.set(&id, decision)),
            AppMsg::DecideAll(domain, decision) => {
                let found = self.found.as_ref().ok_or(Failure::NoSetup(None))?;
                let snapshot = Arc::clone(&found.snapshot);
                self.decide(|marks| {
                    marks.set_all(&snapshot.comparison, domain, decision);
                    true
                });
            }
            AppMsg::Detail(id) => self.open_detail(&id),
            AppMsg::Review => self.review(),
            AppMsg::UpdatePlan => {
                self.review_next = true;
                self.check();
            }
            AppMsg::Apply(review) => self.apply(review),
            AppMsg::Past(at) => {
                if let Some(receipt) = self.found.as_ref().and_then(|found| found.history.get(at))
                    && !self.running.get()
                {
                    self.run.emit(RunMsg::Past(Arc::new(receipt.clone())));
                    self.navigation.push(self.run.widget());
                }
            }
            AppMsg::Narrow(narrow) => self.changes.emit(ChangesMsg::Narrow(narrow)),
            AppMsg::Engine(output) => self.answer(output)?,
        }
        Ok(())
    }

    fn answer(&mut self, output: EngineOutput) -> Result<(), Failure> {
        match output {
            EngineOutput::Remembered(marks) => self.marks = Rc::new(*marks),
            EngineOutput::Compared(generation, result) => {
                if self.generation.accept(generation) {
                    self.compared(result);
                }
            }
            EngineOutput::Planned(review) => {
                self.plan.emit(PlanMsg::Show(review?));
                self.navigation.show_after_root(self.plan.widget());
            }
            EngineOutput::Event(event) => self.run.emit(RunMsg::Event(Box::new(event))),
            EngineOutput::Ended(result) => self.ended(result),
            EngineOutput::Ignored(count) => {
                self.navigate(Place::Changes);
                self.toast(&marks::ignored(count));
                self.check();
            }
            EngineOutput::Failed(failure) => return Err(failure),
        }
        Ok(())
    }

    fn navigate(&mut self, place: Place) {
        self.navigation.go(place);
        self.sidebar.emit(SidebarMsg::Select(place));
        if place == Place::Changes {
            notices::withdraw_drift(&self.application);
        }
    }

    fn check(&mut self) {
        self.sidebar.emit(SidebarMsg::Busy(true));
        self.engine.emit(EngineMsg::Compare(self.generation.ask()));
    }

    fn blank(&mut self, blank: &Blank) {
        self.found = None;
        self.overview.emit(OverviewMsg::Blank(blank.clone()));
        self.changes.emit(ChangesMsg::Blank(blank.clone()));
        self.sidebar.emit(SidebarMsg::Count(0));
    }

    fn compared(&mut self, result: Result<Box<Found>, Failure>) {
        self.sidebar.emit(SidebarMsg::Busy(self.generation.is_waiting() || self.running.get()));
        let found = match result {
            Err(failure) => return self.blank(&Blank::Failed(failure)),
            Ok(found) => found,
        };
        // What was decided while it compared counts, so the window's own marks go on.
        let mut marks = (*self.marks).clone();
        marks.prune(&found.snapshot.comparison);
        marks.suggest(self.preferences.suggest());
        self.marks = Rc::new(marks);
        let (snapshot, last) = (&found.snapshot, found.history.first());
        let shown = overview::of(&snapshot.comparison, &snapshot.setup.directory, last, Timestamp::now());
        self.overview.emit(OverviewMsg::Show(Box::new(shown)));
        self.changes.emit(ChangesMsg::Show(Arc::clone(snapshot), Rc::clone(&self.marks)));
        self.sidebar.emit(SidebarMsg::Count(snapshot.comparison.changes.len()));
        self.history.emit(HistoryMsg::Show(Arc::clone(&found.history)));
        self.found = Some(found);
        if std::mem::take(&mut self.review_next) {
            self.review();
        }
    }

    fn decide(&mut self, change: impl FnOnce(&mut Marks) -> bool) {
        let mut marks = (*self.marks).clone();
        if !change(&mut marks) {
            return;
        }
        self.marks = Rc::new(marks);
        self.engine.emit(EngineMsg::Remember(Box::new((*self.marks).clone())));
        if let Some(found) = &self.found {
            self.changes.emit(ChangesMsg::Show(Arc::clone(&found.snapshot), Rc::clone(&self.marks)));
        }
    }

    fn open_detail(&mut self, id: &ItemId) {
        let Some(found) = &self.found else { return };
        let comparison = &found.snapshot.comparison;
        if let Some(change) = comparison.change(id) {
            let decidable = comparison.changes.iter().any(|known| known.id == *id);
            let decision = self.marks.decision(change);
            self.detail.emit(DetailMsg::Show(Box::new(change.clone()), decision, decidable));
            self.navigation.push(self.detail.widget());
        }
    }

    fn review(&mut self) {
        let Some(found) = &self.found else { return };
        let decisions = self.marks.decisions(&found.snapshot.comparison);
        if decisions.is_empty() || self.running.get() {
            return;
        }
        self.navigate(Place::Changes);
        self.engine.emit(EngineMsg::Plan(decisions));
    }

    fn toast(&self, text: &str) {
        let toast = adw::Toast::new(text);
        toast.set_use_markup(false);
        self.toasts.add_toast(toast);
    }

    fn choose_setup(&self) {
        let dialog = gtk::FileDialog::builder().title(gettext("Open Setup")).modal(true).build();
        let (window, input) = (self.window.clone(), self.input.clone());
        glib::spawn_future_local(async move {
            if let Ok(folder) = dialog.select_folder_future(Some(&window)).await
                && let Some(path) = folder.path()
            {
                input.emit(AppMsg::Use(path));
            }
        });
    }
}
