// SPDX-License-Identifier: GPL-3.0-or-later
//! The pages of the window.
//!
//! Invariant: a page is told what to show and tells what was asked for; it never calls core.

pub(crate) mod change_detail;
pub(crate) mod changes;
pub(crate) mod history;
pub(crate) mod overview;
pub(crate) mod placeholder;
pub(crate) mod plan;
pub(crate) mod run;
pub(crate) mod sidebar;

use relm4::adw::prelude::*;
use relm4::{css, gtk};

/// The large line that says what a page is about.
fn headline() -> gtk::Label {
    let label = centered();
    label.add_css_class(css::TITLE_1);
    label.set_accessible_role(gtk::AccessibleRole::Heading);
    label
}

/// Words in the middle of a page, over as many lines as they need.
fn centered() -> gtk::Label {
    gtk::Label::builder().wrap(true).justify(gtk::Justification::Center).build()
}

/// What is below each other on a page.
fn column(spacing: i32) -> gtk::Box {
    let column = gtk::Box::new(gtk::Orientation::Vertical, spacing);
    column.set_margin_start(12);
    column.set_margin_end(12);
    column.set_margin_top(24);
    column.set_margin_bottom(24);
    column
}

/// A list of boxed rows that are clicked, not selected.
fn boxed_list() -> gtk::ListBox {
    let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).valign(gtk::Align::Start).build();
    list.add_css_class(css::BOXED_LIST);
    list
}
