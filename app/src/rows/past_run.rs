// SPDX-License-Identifier: GPL-3.0-or-later
//! One past run.
//!
//! Invariant: the whole row opens the run.

use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{adw, gtk};

use crate::rows::icon;
use crate::view::history::HistoryRow;

/// One past run.
#[derive(Debug)]
pub(crate) struct PastRunRow {
    row: HistoryRow,
    time: String,
}

#[relm4::factory(pub(crate))]
impl FactoryComponent for PastRunRow {
    /// What it shows, and its time of day in the person's format.
    type Init = (HistoryRow, String);
    type Input = ();
    type Output = DynamicIndex;
    type CommandOutput = ();
    type ParentWidget = gtk::ListBox;

    view! {
        adw::ActionRow {
            set_use_markup: false,
            set_title: &self.row.title,
            set_subtitle: &[self.time.as_str(), &self.row.source, &self.row.outcome].join(" · "),
            set_activatable: true,
            add_prefix: &icon(self.row.icon, &self.row.outcome),
            add_suffix = &gtk::Image {
                set_icon_name: Some("go-next-symbolic"),
                set_accessible_role: gtk::AccessibleRole::Presentation,
            },
            connect_activated[sender, index] => move |_| {
                let _ = sender.output(index.clone());
            },
        }
    }

    fn init_model((row, time): Self::Init, _index: &DynamicIndex, _sender: FactorySender<Self>) -> Self {
        Self { row, time }
    }
}
