// SPDX-License-Identifier: GPL-3.0-or-later
//! The first page: is everything as the setup says?
//!
//! Invariant: shows the newest comparison or says why there is none.

use bkt_core::i18n::gettext;
use relm4::adw::prelude::*;
use relm4::factory::FactoryVecDeque;
use relm4::prelude::*;
use relm4::{adw, css, gtk};

use super::placeholder::{Blank, Placeholder};
use crate::actions;
use crate::rows::fact::FactRow;
use crate::rows::next_step::NextStepRow;
use crate::rows::refill;
use crate::view::overview::{Overview, Place};

/// What it is told.
#[derive(Debug)]
pub(crate) enum OverviewMsg {
    Show(Box<Overview>),
    Blank(Blank),
}

/// The page.
#[derive(Debug)]
pub(crate) struct OverviewPage {
    shown: Option<Box<Overview>>,
    placeholder: Controller<Placeholder>,
    steps: FactoryVecDeque<NextStepRow>,
    facts: FactoryVecDeque<FactRow>,
}

impl OverviewPage {
    fn text(&self, part: fn(&Overview) -> &str) -> &str {
        self.shown.as_deref().map_or("", part)
    }
}

#[relm4::component(pub(crate))]
impl SimpleComponent for OverviewPage {
    type Init = ();
    type Input = OverviewMsg;
    type Output = Place;

    view! {
        adw::NavigationPage {
            set_title: &Place::Overview.title(),
            #[wrap(Some)]
            set_child = &adw::ToolbarView {
                add_top_bar = &adw::HeaderBar {},
                #[wrap(Some)]
                set_content = &gtk::Stack {
                    add_named: (model.placeholder.widget(), Some("blank")),
                    add_named[Some("main")] = &gtk::ScrolledWindow {
                        set_hscrollbar_policy: gtk::PolicyType::Never,
                        adw::Clamp {
                            gtk::Box {
                                set_orientation: gtk::Orientation::Vertical,
                                set_spacing: 24,
                                set_margin_all: 18,
                                gtk::Box {
                                    set_orientation: gtk::Orientation::Vertical,
                                    set_spacing: 12,
                                    set_margin_vertical: 12,
                                    gtk::Image {
                                        set_pixel_size: 72,
                                        add_css_class: css::DIM_LABEL,
                                        set_accessible_role: gtk::AccessibleRole::Presentation,
                                        #[watch]
                                        set_icon_name: Some(model.text(|shown| shown.icon)),
                                    },
                                    super::headline() -> gtk::Label {
                                        #[watch]
                                        set_label: model.text(|shown| &shown.headline),
                                    },
                                    super::centered() -> gtk::Label {
                                        #[watch]
                                        set_label: model.text(|shown| &shown.description),
                                    },
                                    gtk::Button {
                                        #[watch]
                                        set_visible: model.shown.as_ref().is_some_and(|shown| shown.reviewable),
                                        set_label: &gettext("Review _Changes"),
                                        set_use_underline: true,
                                        set_halign: gtk::Align::Center,
                                        set_margin_top: 6,
                                        set_detailed_action_name: &actions::show(Place::Changes),
                                        add_css_class: css::PILL,
                                        add_css_class: css::SUGGESTED_ACTION,
                                    },
                                },
                                #[local_ref]
                                steps -> adw::PreferencesGroup {
                                    set_title: &gettext("Next Steps"),
                                    #[watch]
                                    set_visible: !model.steps.is_empty(),
                                },
                                #[local_ref]
                                facts -> adw::PreferencesGroup {
                                    set_title: &gettext("This Computer"),
                                },
                            },
                        },
                    },
                    #[watch]
                    set_visible_child_name: if model.shown.is_some() { "main" } else { "blank" },
                },
            },
        }
    }

    fn init(_init: (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let steps = FactoryVecDeque::builder()
            .launch(adw::PreferencesGroup::new())
            .forward(sender.output_sender(), |place| place);
        let facts = FactoryVecDeque::builder().launch(adw::PreferencesGroup::new()).detach();
        let placeholder = Placeholder::builder().launch(Blank::Comparing).detach();
        let model = Self { shown: None, placeholder, steps, facts };
        let steps = model.steps.widget();
        let facts = model.facts.widget();
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: OverviewMsg, _sender: ComponentSender<Self>) {
        match message {
            OverviewMsg::Show(overview) => {
                refill(&mut self.steps, overview.steps.iter().cloned());
                refill(&mut self.facts, overview.facts.iter().cloned());
                self.shown = Some(overview);
            }
            OverviewMsg::Blank(blank) => {
                self.placeholder.emit(blank);
                self.shown = None;
            }
        }
    }
}
