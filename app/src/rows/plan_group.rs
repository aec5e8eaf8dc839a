// SPDX-License-Identifier: GPL-3.0-or-later
//! The steps of a plan that happen together.
//!
//! Invariant: each row opens to exactly what will happen.

use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{adw, gtk};

use crate::view::plan::{PlanGroup, PlanRow};

/// Steps under one heading.
#[derive(Debug)]
pub(crate) struct PlanGroupRow {
    group: PlanGroup,
}

impl FactoryComponent for PlanGroupRow {
    type Init = PlanGroup;
    type Input = ();
    type Output = ();
    type CommandOutput = ();
    type ParentWidget = gtk::Box;
    type Root = adw::PreferencesGroup;
    type Widgets = ();
    type Index = DynamicIndex;

    fn init_model(group: PlanGroup, _index: &DynamicIndex, _sender: FactorySender<Self>) -> Self {
        Self { group }
    }

    fn init_root(&self) -> Self::Root {
        adw::PreferencesGroup::builder().title(relm4::gtk::glib::markup_escape_text(&self.group.title)).build()
    }

    fn init_widgets(
        &mut self,
        _index: &DynamicIndex,
        root: Self::Root,
        _returned: &gtk::Widget,
        _sender: FactorySender<Self>,
    ) -> Self::Widgets {
        for row in &self.group.rows {
            root.add(&step(row));
        }
    }
}

fn step(row: &PlanRow) -> adw::PreferencesRow {
    let icon = gtk::Image::builder().icon_name(row.icon).accessible_role(gtk::AccessibleRole::Presentation).build();
    if row.details.is_empty() {
        let plain = adw::ActionRow::builder().use_markup(false).title(&row.title).subtitle(&row.subtitle).build();
        plain.add_prefix(&icon);
        return plain.upcast();
    }
    let open = adw::ExpanderRow::builder().use_markup(false).title(&row.title).subtitle(&row.subtitle).build();
    open.add_prefix(&icon);
    for (label, value) in &row.details {
        let detail = adw::ActionRow::builder().use_markup(false).title(label).subtitle(value).build();
        detail.set_subtitle_selectable(true);
        detail.add_css_class("property");
        open.add_row(&detail);
    }
    open.upcast()
}
