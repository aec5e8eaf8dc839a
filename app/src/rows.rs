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
use relm4::gtk;

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

/// A symbolic icon that says what it means.
pub(crate) fn icon(name: &str, label: &str) -> gtk::Image {
    use relm4::gtk::prelude::*;
    let image = gtk::Image::builder().icon_name(name).tooltip_text(label).build();
    image.update_property(&[gtk::accessible::Property::Label(label)]);
    image
}
