// SPDX-License-Identifier: GPL-3.0-or-later
//! One change in full: both values, what each decision would do, and where it comes from.
//!
//! Invariant: choosing here is the same mark as choosing in the list.

use bkt_core::compare::{Change, Decision};
use bkt_core::i18n::gettext;
use bkt_core::item::ItemId;
use relm4::adw::prelude::*;
use relm4::factory::FactoryVecDeque;
use relm4::prelude::*;
use relm4::{adw, gtk};

use crate::rows::fact::FactRow;
use crate::rows::refill;
use crate::view::detail::{self, Choice, Detail};
use crate::view::marks::{self, CHOICES};
use crate::view::overview::Place;

/// What it is told.
#[derive(Debug)]
pub(crate) enum DetailMsg {
    /// Show a change, with its decision and whether there is one to take.
    Show(Box<Change>, Option<Decision>, bool),
    Chosen(Option<Decision>),
}

/// The page.
#[derive(Debug)]
pub(crate) struct ChangeDetail {
    id: Option<ItemId>,
    detail: Option<Detail>,
    decision: Option<Decision>,
    decidable: bool,
    values: FactoryVecDeque<FactRow>,
    facts: FactoryVecDeque<FactRow>,
    rows: Vec<(adw::ActionRow, gtk::CheckButton)>,
}

#[relm4::component(pub(crate))]
impl SimpleComponent for ChangeDetail {
    type Init = ();
    type Input = DetailMsg;
    type Output = (ItemId, Option<Decision>);

    view! {
        adw::NavigationPage {
            set_tag: Some("detail"),
            #[watch]
            set_title: &model.detail.as_ref().map(|detail| detail.title.clone()).unwrap_or_else(|| Place::Changes.title()),
            #[wrap(Some)]
            set_child = &adw::ToolbarView {
                add_top_bar = &adw::HeaderBar {},
                #[wrap(Some)]
                set_content = &adw::PreferencesPage {
                    #[local_ref]
                    add = values -> adw::PreferencesGroup {
                        set_title: &gettext("Difference"),
                    },
                    #[name = "decisions"]
                    add = &adw::PreferencesGroup {
                        set_title: &gettext("Decision"),
                        #[watch]
                        set_visible: model.decidable,
                    },
                    #[local_ref]
                    add = facts -> adw::PreferencesGroup {
                        set_title: &gettext("Details"),
                    },
                },
            },
        }
    }

    fn init(_init: (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let facts = || FactoryVecDeque::builder().launch(adw::PreferencesGroup::new()).detach();
        let mut model = Self {
            id: None,
            detail: None,
            decision: None,
            decidable: false,
            values: facts(),
            facts: facts(),
            rows: Vec::new(),
        };
        let values = model.values.widget();
        let facts = model.facts.widget();
        let widgets = view_output!();
        let first = gtk::CheckButton::new();
        for (at, _) in CHOICES.iter().enumerate() {
            let check = if at == 0 { first.clone() } else { gtk::CheckButton::builder().group(&first).build() };
            let row = adw::ActionRow::builder().use_markup(false).activatable_widget(&check).build();
            row.add_prefix(&check);
            widgets.decisions.add(&row);
            model.rows.push((row, check));
        }
        for ((_, check), decision) in model.rows.iter().zip([CHOICES[1], CHOICES[2], CHOICES[3], CHOICES[0]]) {
            let sender = sender.clone();
            check.connect_toggled(move |check| {
                if check.is_active() {
                    sender.input(DetailMsg::Chosen(decision));
                }
            });
        }
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: DetailMsg, sender: ComponentSender<Self>) {
        match message {
            DetailMsg::Show(change, decision, decidable) => {
                let detail = detail::of(&change);
                self.id = Some(change.id);
                self.decision = decision;
                self.decidable = decidable;
                refill(&mut self.values, detail.values.iter().cloned());
                refill(&mut self.facts, detail.facts.iter().cloned());
                for ((row, check), choice) in self.rows.iter().zip(&detail.choices) {
                    show_choice(row, check, choice, marks::index(decision) == marks::index(choice.decision));
                }
                self.detail = Some(detail);
            }
            DetailMsg::Chosen(decision) => {
                if let Some(id) = &self.id
                    && self.decidable
                    && self.decision != decision
                {
                    self.decision = decision;
                    let _ = sender.output((id.clone(), decision));
                }
            }
        }
    }
}

fn show_choice(row: &adw::ActionRow, check: &gtk::CheckButton, choice: &Choice, chosen: bool) {
    row.set_title(&choice.title);
    row.set_subtitle(&choice.subtitle);
    row.set_sensitive(choice.possible);
    if chosen {
        check.set_active(true);
    }
}
