// SPDX-License-Identifier: GPL-3.0-or-later
//! The plan, reviewed before it runs.
//!
//! Invariant: what is applied is the plan that is shown; a stale one offers only to be made again.

use std::sync::Arc;

use bkt_core::i18n::gettext;
use relm4::adw::prelude::*;
use relm4::factory::FactoryVecDeque;
use relm4::prelude::*;
use relm4::{adw, css, gtk};

use crate::engine::Review;
use crate::rows::fact::FactRow;
use crate::rows::plan_group::PlanGroupRow;
use crate::rows::refill;
use crate::view::plan;

/// Why the plan did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    NotAuthorized,
    HelperMissing,
    Stale,
    Busy,
}

impl Refused {
    /// The reason of a code of core.
    pub(crate) fn of(code: &str) -> Self {
        match code {
            "helper_missing" => Self::HelperMissing,
            "plan_stale" => Self::Stale,
            "busy" => Self::Busy,
            _ => Self::NotAuthorized,
        }
    }

    fn text(self) -> String {
        match self {
            Self::NotAuthorized => gettext("Administrator permission was not given"),
            Self::HelperMissing => gettext("System changes are unavailable: the helper is not installed"),
            Self::Stale => gettext("This computer changed since the plan was made"),
            Self::Busy => gettext("Another program is changing the system"),
        }
    }
}

/// What it is told.
#[derive(Debug)]
pub(crate) enum PlanMsg {
    Show(Arc<Review>),
    Refused(Refused),
    Apply,
    Banner,
}

/// What it asks for.
#[derive(Debug)]
pub(crate) enum PlanOutput {
    Apply(Arc<Review>),
    /// Make the plan again.
    Update,
}

/// The page.
#[derive(Debug)]
pub(crate) struct PlanPage {
    review: Option<Arc<Review>>,
    runnable: bool,
    refused: Option<Refused>,
    summary: FactoryVecDeque<FactRow>,
    groups: FactoryVecDeque<PlanGroupRow>,
}

impl PlanPage {
    fn can_apply(&self) -> bool {
        self.runnable && self.refused != Some(Refused::Stale)
    }
}

#[relm4::component(pub(crate))]
impl SimpleComponent for PlanPage {
    type Init = ();
    type Input = PlanMsg;
    type Output = PlanOutput;

    view! {
        adw::NavigationPage {
            set_tag: Some("plan"),
            set_title: &gettext("Plan"),
            #[wrap(Some)]
            set_child = &adw::ToolbarView {
                add_top_bar = &adw::HeaderBar {},
                add_top_bar = &adw::Banner {
                    #[watch]
                    set_revealed: model.refused.is_some(),
                    #[watch]
                    set_title: &model.refused.map(Refused::text).unwrap_or_default(),
                    #[watch]
                    set_button_label: match model.refused {
                        Some(Refused::Stale) => Some(gettext("_Update Plan")),
                        Some(_) => Some(gettext("_Try Again")),
                        None => None,
                    }.as_deref(),
                    connect_button_clicked => PlanMsg::Banner,
                },
                #[wrap(Some)]
                set_content = &gtk::ScrolledWindow {
                    set_hscrollbar_policy: gtk::PolicyType::Never,
                    adw::Clamp {
                        super::column(24) -> gtk::Box {
                            #[local_ref]
                            summary -> adw::PreferencesGroup {},
                            #[local_ref]
                            groups -> gtk::Box {
                                set_orientation: gtk::Orientation::Vertical,
                                set_spacing: 24,
                            },
                        },
                    },
                },
                add_bottom_bar = &gtk::Button {
                    set_label: &gettext("_Apply Plan"),
                    set_use_underline: true,
                    set_halign: gtk::Align::Center,
                    set_margin_all: 9,
                    #[watch]
                    set_sensitive: model.can_apply(),
                    add_css_class: css::PILL,
                    add_css_class: css::SUGGESTED_ACTION,
                    connect_clicked => PlanMsg::Apply,
                },
            },
        }
    }

    fn init(_init: (), root: Self::Root, _sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let model = Self {
            review: None,
            runnable: false,
            refused: None,
            summary: FactoryVecDeque::builder().launch(adw::PreferencesGroup::new()).detach(),
            groups: FactoryVecDeque::builder().launch(gtk::Box::default()).detach(),
        };
        let summary = model.summary.widget();
        let groups = model.groups.widget();
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: PlanMsg, sender: ComponentSender<Self>) {
        match message {
            PlanMsg::Show(review) => {
                let shown = plan::of(&review.plan, &review.ignore);
                refill(&mut self.summary, shown.summary);
                refill(&mut self.groups, shown.groups);
                self.runnable = shown.runnable;
                self.refused = None;
                self.review = Some(review);
            }
            PlanMsg::Refused(refused) => self.refused = Some(refused),
            PlanMsg::Banner if self.refused == Some(Refused::Stale) => {
                let _ = sender.output(PlanOutput::Update);
            }
            PlanMsg::Apply | PlanMsg::Banner => {
                if let Some(review) = self.review.clone()
                    && self.can_apply()
                {
                    self.refused = None;
                    let _ = sender.output(PlanOutput::Apply(review));
                }
            }
        }
    }
}
