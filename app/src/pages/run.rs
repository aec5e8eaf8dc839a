// SPDX-License-Identifier: GPL-3.0-or-later
//! A run, live or of the past.
//!
//! Invariant: leaving the page stops nothing, and coming back shows the same run.

use std::sync::Arc;

use bkt_core::i18n::gettext;
use bkt_core::plan::Plan;
use bkt_core::run::{Event, Receipt};
use relm4::adw::prelude::*;
use relm4::factory::FactoryVecDeque;
use relm4::prelude::*;
use relm4::{adw, gtk};

use crate::rows::refill;
use crate::rows::run_step::RunStepRow;
use crate::view::run::Run;

/// What it is told.
#[derive(Debug)]
pub(crate) enum RunMsg {
    /// A plan begins to run.
    Start(Box<Plan>),
    /// Something happened.
    Event(Box<Event>),
    /// It is over.
    Ended,
    /// Show a run of the past.
    Past(Arc<Receipt>),
    Stop,
}

/// What it asks for.
#[derive(Debug)]
pub(crate) enum RunOutput {
    Stop,
}

/// The page.
#[derive(Debug)]
pub(crate) struct RunPage {
    run: Run,
    stopping: bool,
    rows: FactoryVecDeque<RunStepRow>,
}

impl RunPage {
    fn show(&mut self, run: Run) {
        refill(&mut self.rows, run.steps.iter().cloned());
        self.stopping = false;
        self.run = run;
    }
}

#[relm4::component(pub(crate))]
impl Component for RunPage {
    type Init = ();
    type Input = RunMsg;
    type Output = RunOutput;
    type CommandOutput = ();

    view! {
        adw::NavigationPage {
            set_tag: Some("run"),
            #[watch]
            set_title: &if model.run.ended { gettext("Run") } else { gettext("Applying Plan") },
            #[wrap(Some)]
            set_child = &adw::ToolbarView {
                add_top_bar = &adw::HeaderBar {
                    pack_end = &gtk::Button {
                        set_label: &gettext("_Stop"),
                        set_use_underline: true,
                        set_tooltip_text: Some(&gettext("Stops after the step that runs")),
                        #[watch]
                        set_visible: !model.run.ended,
                        #[watch]
                        set_sensitive: !model.stopping,
                        connect_clicked => RunMsg::Stop,
                    },
                },
                #[wrap(Some)]
                set_content = &gtk::ScrolledWindow {
                    set_hscrollbar_policy: gtk::PolicyType::Never,
                    adw::Clamp {
                        super::column(18) -> gtk::Box {
                            #[name = "result"]
                            super::headline() -> gtk::Label {
                                #[watch]
                                set_label: &if model.run.ended { model.run.result() } else { gettext("Applying Plan") },
                            },
                            super::centered() -> gtk::Label {
                                #[watch]
                                set_visible: model.run.ended,
                                #[watch]
                                set_label: &model.run.after(),
                            },
                            gtk::ProgressBar {
                                #[watch]
                                set_visible: !model.run.ended,
                                #[watch]
                                set_fraction: model.run.fraction(),
                                #[watch]
                                set_text: Some(&model.run.progress()),
                                set_show_text: true,
                            },
                            #[local_ref]
                            rows -> gtk::ListBox {
                                #[watch]
                                set_visible: !model.run.steps.is_empty(),
                            },
                        },
                    },
                },
            },
        }
    }

    fn init(_init: (), root: Self::Root, _sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let rows = FactoryVecDeque::builder().launch(super::boxed_list()).detach();
        let model = Self { run: Run::default(), stopping: false, rows };
        let rows = model.rows.widget();
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update_with_view(
        &mut self,
        widgets: &mut Self::Widgets,
        message: RunMsg,
        sender: ComponentSender<Self>,
        _root: &Self::Root,
    ) {
        match message {
            RunMsg::Start(plan) => self.show(Run::of(&plan)),
            RunMsg::Past(receipt) => self.show(Run::of_receipt(&receipt)),
            RunMsg::Event(event) => {
                if let Some(at) = self.run.apply(&event) {
                    self.rows.send(at, self.run.steps[at].clone());
                }
            }
            RunMsg::Ended => {
                self.run.ended = true;
                let said = [self.run.result(), self.run.progress()].join(". ");
                widgets.result.announce(&said, gtk::AccessibleAnnouncementPriority::Medium);
            }
            RunMsg::Stop => {
                self.stopping = true;
                let _ = sender.output(RunOutput::Stop);
            }
        }
        self.update_view(widgets, sender);
    }
}
