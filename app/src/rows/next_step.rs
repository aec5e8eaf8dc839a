// SPDX-License-Identifier: GPL-3.0-or-later
//! Something to do next, leading to its page.
//!
//! Invariant: the whole row is the button.

use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{adw, gtk};

use crate::view::overview::{NextStep, Place};

/// Something to do next.
#[derive(Debug)]
pub(crate) struct NextStepRow {
    step: NextStep,
}

#[relm4::factory(pub(crate))]
impl FactoryComponent for NextStepRow {
    type Init = NextStep;
    type Input = ();
    type Output = Place;
    type CommandOutput = ();
    type ParentWidget = adw::PreferencesGroup;

    view! {
        adw::ActionRow {
            set_use_markup: false,
            set_title: &self.step.title,
            set_subtitle: &self.step.subtitle,
            set_activatable: true,
            add_prefix = &gtk::Image {
                set_icon_name: Some(self.step.icon),
                set_accessible_role: gtk::AccessibleRole::Presentation,
            },
            add_suffix = &gtk::Image {
                set_icon_name: Some("go-next-symbolic"),
                set_accessible_role: gtk::AccessibleRole::Presentation,
            },
            connect_activated[sender, place = self.step.place] => move |_| {
                let _ = sender.output(place);
            },
        }
    }

    fn init_model(step: NextStep, _index: &DynamicIndex, _sender: FactorySender<Self>) -> Self {
        Self { step }
    }
}
