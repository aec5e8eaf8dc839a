// SPDX-License-Identifier: GPL-3.0-or-later
//! What lists are made of.
//!
//! Invariant: a row shows one view value and reports clicks; it knows no other row.

pub(crate) mod change;
pub(crate) mod fact;
pub(crate) mod next_step;
pub(crate) mod past_run;
pub(crate) mod plan_group;
pub(crate) mod run_step;

use relm4::factory::{DynamicIndex, FactoryComponent, FactoryVecDeque};
use relm4::gtk::prelude::*;
use relm4::gtk::{self, gio, glib};

/// Replaces the rows of a list.
pub(crate) fn refill<C>(rows: &mut FactoryVecDeque<C>, items: impl IntoIterator<Item = C::Init>)
where
    C: FactoryComponent<Index = DynamicIndex>,
{
    let mut rows = rows.guard();
    rows.clear();
    for item in items {
        rows.push_back(item);
    }
}

/// Shows a menu, each item of which a screen reader can name.
///
/// GTK (4.18) has an item labelled by a label of its own that it hides from assistive technology, so that the
/// item's name is empty. To be called when the menu is opened: items made before that are made again.
pub(crate) fn show_menu(button: &gtk::MenuButton, menu: &gio::Menu) {
    button.set_menu_model(Some(menu));
    if let Some(popover) = button.popover() {
        name_items(popover.upcast_ref());
    }
}

fn name_items(widget: &gtk::Widget) {
    let is_item =
        widget.type_().name() == "GtkModelButton" && widget.has_property_with_type("text", glib::Type::STRING);
    if is_item {
        widget.reset_relation(gtk::AccessibleRelation::LabelledBy);
        widget.update_property(&[gtk::accessible::Property::Label(&widget.property::<String>("text"))]);
    }
    let children = std::iter::successors(widget.first_child(), gtk::Widget::next_sibling);
    children.for_each(|child| name_items(&child));
}

/// A symbolic icon that says what it means.
pub(crate) fn icon(name: &str, label: &str) -> gtk::Image {
    let image = gtk::Image::builder().icon_name(name).tooltip_text(label).build();
    image.update_property(&[gtk::accessible::Property::Label(label)]);
    image
}
