// SPDX-License-Identifier: GPL-3.0-or-later
//! One step while it runs, with what its tool prints.
//!
//! Invariant: the state is an icon and a word, never colour alone.

use bkt_core::i18n::gettext;
use bkt_core::run::StepState;
use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{adw, css, gtk};

use crate::view::run::RunStep;

/// One step.
#[derive(Debug)]
pub(crate) struct RunStepRow {
    step: RunStep,
}

impl RunStepRow {
    fn output(&self) -> String {
        if self.step.log.is_empty() { gettext("No output") } else { self.step.log.join("\n") }
    }
}

#[relm4::factory(pub(crate))]
impl FactoryComponent for RunStepRow {
    type Init = RunStep;
    type Input = RunStep;
    type Output = ();
    type CommandOutput = ();
    type ParentWidget = gtk::ListBox;

    view! {
        adw::ExpanderRow {
            set_use_markup: false,
            set_title: &self.step.title,
            #[watch]
            set_subtitle: &self.step.cause.clone().unwrap_or_default(),
            add_prefix = &gtk::Image {
                set_icon_name: Some(self.step.icon),
                set_accessible_role: gtk::AccessibleRole::Presentation,
            },
            add_suffix = &adw::Spinner {
                #[watch]
                set_visible: self.step.state == Some(StepState::Running),
            },
            add_suffix = &gtk::Image {
                #[watch]
                set_icon_name: self.step.state_icon(),
                #[watch]
                set_visible: self.step.state_icon().is_some(),
                set_accessible_role: gtk::AccessibleRole::Presentation,
                #[watch]
                set_class_active: (css::SUCCESS, self.step.state == Some(StepState::Done)),
                #[watch]
                set_class_active: (css::ERROR, self.step.state == Some(StepState::Failed)),
            },
            add_suffix = &gtk::Label {
                #[watch]
                set_label: &self.step.words(),
                add_css_class: css::DIM_LABEL,
            },
            add_row = &gtk::Label {
                #[watch]
                set_label: &self.output(),
                set_xalign: 0.0,
                set_wrap: true,
                set_wrap_mode: gtk::pango::WrapMode::WordChar,
                set_selectable: true,
                add_css_class: css::MONOSPACE,
                add_css_class: css::CAPTION,
                add_css_class: "log",
                update_property: &[gtk::accessible::Property::Label(&gettext("Output"))],
            },
        }
    }

    fn init_model(step: RunStep, _index: &DynamicIndex, _sender: FactorySender<Self>) -> Self {
        Self { step }
    }

    fn update(&mut self, step: RunStep, _sender: FactorySender<Self>) {
        self.step = step;
    }
}
