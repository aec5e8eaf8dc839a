// SPDX-License-Identifier: GPL-3.0-or-later
//! What stands in for a page that has nothing to show yet.
//!
//! Invariant: every state that blocks a page offers the one action that leads out of it.

use bkt_core::i18n::{fill, gettext};
use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{adw, css, gtk};

use crate::engine::Failure;

/// Why there is nothing to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Blank {
    /// It is being compared.
    Comparing,
    /// There is no setup, or it cannot be read.
    Failed(Failure),
    /// Nothing differs.
    Matches(String),
    /// A search found nothing.
    NoResults,
    /// Nothing is ignored.
    NothingIgnored,
    /// Nothing ran yet.
    NoRuns,
}

/// The placeholder.
#[derive(Debug)]
pub(crate) struct Placeholder {
    blank: Blank,
}

impl Placeholder {
    fn icon(&self) -> Option<&'static str> {
        match &self.blank {
            Blank::Comparing => None,
            Blank::Failed(Failure::NoSetup(_)) => Some("org.bkt.Bucket"),
            Blank::Failed(_) => Some("dialog-error-symbolic"),
            Blank::Matches(_) => Some("bkt-ok-symbolic"),
            Blank::NoResults => Some("edit-find-symbolic"),
            Blank::NothingIgnored => Some("bkt-skipped-symbolic"),
            Blank::NoRuns => Some("document-open-recent-symbolic"),
        }
    }

    fn title(&self) -> String {
        match &self.blank {
            Blank::Comparing => gettext("Comparing…"),
            Blank::Failed(Failure::NoSetup(None)) => gettext("No Setup Yet"),
            Blank::Failed(Failure::NoSetup(Some(_))) => gettext("The Setup Folder Can’t Be Found"),
            Blank::Failed(_) => gettext("The Setup Can’t Be Compared"),
            Blank::Matches(_) => gettext("Everything Matches"),
            Blank::NoResults => gettext("No Results Found"),
            Blank::NothingIgnored => gettext("Nothing Ignored"),
            Blank::NoRuns => gettext("No Runs Yet"),
        }
    }

    fn description(&self) -> String {
        match &self.blank {
            Blank::Comparing => String::new(),
            Blank::Failed(Failure::NoSetup(None)) => {
                gettext("Choose a Git repository with manifests to compare this computer with.")
            }
            Blank::Failed(Failure::NoSetup(Some(path))) => {
                fill(&gettext("There are no manifests in {path}."), &[("path", &path.display().to_string())])
            }
            Blank::Failed(failure) => failure.text(),
            Blank::Matches(when) => fill(&gettext("Compared {when}."), &[("when", when)]),
            Blank::NoResults => gettext("Try a different search."),
            Blank::NothingIgnored => gettext("Ignored changes are listed here."),
            Blank::NoRuns => gettext("Plans that were applied are listed here."),
        }
    }

    fn needs_setup(&self) -> bool {
        matches!(self.blank, Blank::Failed(Failure::NoSetup(_)))
    }

    fn can_check(&self) -> bool {
        matches!(self.blank, Blank::Failed(Failure::Other(_) | Failure::Stale(_)) | Blank::Matches(_))
    }
}

#[relm4::component(pub(crate))]
impl SimpleComponent for Placeholder {
    type Init = Blank;
    type Input = Blank;
    type Output = ();

    view! {
        adw::StatusPage {
            set_vexpand: true,
            #[watch]
            set_icon_name: model.icon(),
            #[watch]
            set_title: &model.title(),
            #[watch]
            set_description: Some(&gtk::glib::markup_escape_text(&model.description())),
            gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                set_halign: gtk::Align::Center,
                set_spacing: 12,
                adw::Spinner {
                    #[watch]
                    set_visible: model.blank == Blank::Comparing,
                    set_size_request: (32, 32),
                },
                gtk::Button {
                    #[watch]
                    set_visible: model.needs_setup(),
                    set_label: &gettext("_Open Setup…"),
                    set_use_underline: true,
                    set_action_name: Some("win.open-setup"),
                    add_css_class: css::PILL,
                    add_css_class: css::SUGGESTED_ACTION,
                },
                gtk::Button {
                    #[watch]
                    set_visible: model.can_check(),
                    set_label: &gettext("_Check Again"),
                    set_use_underline: true,
                    set_action_name: Some("win.check"),
                    add_css_class: css::PILL,
                },
            },
        }
    }

    fn init(blank: Blank, root: Self::Root, _sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let model = Self { blank };
        let widgets = view_output!();
        ComponentParts { model, widgets }
    }

    fn update(&mut self, blank: Blank, _sender: ComponentSender<Self>) {
        self.blank = blank;
    }
}
