// SPDX-License-Identifier: GPL-3.0-or-later
//! A label with its value.
//!
//! Invariant: the value can be selected and copied.

use relm4::adw;
use relm4::adw::prelude::*;
use relm4::prelude::*;

/// A label with its value.
#[derive(Debug)]
pub(crate) struct FactRow {
    label: String,
    value: String,
}

#[relm4::factory(pub(crate))]
impl FactoryComponent for FactRow {
    type Init = (String, String);
    type Input = ();
    type Output = ();
    type CommandOutput = ();
    type ParentWidget = adw::PreferencesGroup;

    view! {
        adw::ActionRow {
            set_title: &self.label,
            set_subtitle: &self.value,
            set_subtitle_selectable: true,
            set_use_markup: false,
            add_css_class: "property",
        }
    }

    fn init_model((label, value): Self::Init, _index: &DynamicIndex, _sender: FactorySender<Self>) -> Self {
        Self { label, value }
    }
}
