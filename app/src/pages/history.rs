// SPDX-License-Identifier: GPL-3.0-or-later
//! What Bucket did on this computer.
//!
//! Invariant: newest first; each row opens its run.

use std::sync::Arc;

use bkt_core::run::Receipt;
use relm4::adw::prelude::*;
use relm4::factory::FactoryVecDeque;
use relm4::gtk::glib;
use relm4::prelude::*;
use relm4::{adw, gtk};

use super::placeholder::{Blank, Placeholder};
use crate::rows::past_run::PastRunRow;
use crate::rows::refill;
use crate::view::history;
use crate::view::overview::Place;

/// What it is told.
#[derive(Debug)]
pub(crate) enum HistoryMsg {
    Show(Arc<Vec<Receipt>>),
    Opened(usize),
}

/// The page.
#[derive(Debug)]
pub(crate) struct HistoryPage {
    receipts: Arc<Vec<Receipt>>,
    rows: FactoryVecDeque<PastRunRow>,
    placeholder: Controller<Placeholder>,
}

#[relm4::component(pub(crate))]
impl SimpleComponent for HistoryPage {
    type Init = ();
    type Input = HistoryMsg;
    /// The run to open.
    type Output = usize;

    view! {
        adw::NavigationPage {
            set_title: &Place::History.title(),
            #[wrap(Some)]
            set_child = &adw::ToolbarView {
                add_top_bar = &adw::HeaderBar {},
                #[wrap(Some)]
                set_content = &gtk::Stack {
                    add_named: (model.placeholder.widget(), Some("blank")),
                    add_named[Some("list")] = &gtk::ScrolledWindow {
                        set_hscrollbar_policy: gtk::PolicyType::Never,
                        adw::Clamp {
                            #[local_ref]
                            rows -> gtk::ListBox {
                                set_margin_all: 12,
                                set_margin_vertical: 24,
                            },
                        },
                    },
                    #[watch]
                    set_visible_child_name: if model.receipts.is_empty() { "blank" } else { "list" },
                },
            },
        }
    }

    fn init(_init: (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let rows = FactoryVecDeque::builder()
            .launch(super::boxed_list())
            .forward(sender.input_sender(), |index: DynamicIndex| HistoryMsg::Opened(index.current_index()));
        let placeholder = Placeholder::builder().launch(Blank::NoRuns).detach();
        let model = Self { receipts: Arc::default(), rows, placeholder };
        let rows = model.rows.widget();
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, message: HistoryMsg, sender: ComponentSender<Self>) {
        match message {
            HistoryMsg::Show(receipts) => {
                refill(&mut self.rows, receipts.iter().map(|receipt| (history::of(receipt), when(receipt))));
                self.receipts = receipts;
            }
            HistoryMsg::Opened(at) => {
                let _ = sender.output(at);
            }
        }
    }
}

/// The start of a run in the person's own format and time zone.
fn when(receipt: &Receipt) -> String {
    let time = glib::DateTime::from_unix_local(receipt.started_at.as_second());
    let text = time.and_then(|time| time.format("%x %R"));
    text.map_or_else(|_| receipt.started_at.to_string(), Into::into)
}
