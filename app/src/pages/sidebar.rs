// SPDX-License-Identifier: GPL-3.0-or-later
//! The sidebar: the pages, and how much each waits for.
//!
//! Invariant: only pages that exist are listed; a count of zero is no count.

use bkt_core::i18n::{fill, gettext, ngettext};
use relm4::adw::prelude::*;
use relm4::prelude::*;
use relm4::{adw, css, gtk};

use crate::actions;
use crate::rows::show_menu;
use crate::view::n32;
use crate::view::overview::Place;

/// What it is told.
#[derive(Debug)]
pub(crate) enum SidebarMsg {
    Select(Place),
    /// So many changes are to be decided.
    Count(usize),
    /// A comparison or run is under way.
    Busy(bool),
    Picked(i32),
}

/// The sidebar.
#[derive(Debug)]
pub(crate) struct Sidebar {
    rows: Vec<(gtk::ListBoxRow, gtk::Label)>,
    busy: bool,
}

#[relm4::component(pub(crate))]
impl Component for Sidebar {
    type Init = ();
    type Input = SidebarMsg;
    type Output = Place;
    type CommandOutput = ();

    view! {
        adw::NavigationPage {
            set_title: "Bucket",
            set_tag: Some("sidebar"),
            #[wrap(Some)]
            set_child = &adw::ToolbarView {
                add_top_bar = &adw::HeaderBar {
                    pack_start = &gtk::Button {
                        set_icon_name: "view-refresh-symbolic",
                        set_tooltip_text: Some(&gettext("Check Again")),
                        set_action_name: Some("win.check"),
                        #[watch]
                        set_visible: !model.busy,
                    },
                    pack_start = &adw::Spinner {
                        #[watch]
                        set_visible: model.busy,
                        set_margin_start: 9,
                    },
                    #[name = "menu"]
                    pack_end = &gtk::MenuButton {
                        set_icon_name: "open-menu-symbolic",
                        set_tooltip_text: Some(&gettext("Main Menu")),
                        set_primary: true,
                    },
                },
                #[wrap(Some)]
                #[name = "list"]
                set_content = &gtk::ListBox {
                    add_css_class: css::NAVIGATION_SIDEBAR,
                    connect_row_activated[sender] => move |_, row| {
                        sender.input(SidebarMsg::Picked(row.index()));
                    },
                },
            },
        }
    }

    fn init(_init: (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let mut model = Self { rows: Vec::new(), busy: false };
        let widgets = view_output!();
        widgets.menu.set_create_popup_func(|button| show_menu(button, &actions::menu()));
        for place in Place::ALL {
            let (row, counter) = entry(place);
            widgets.list.append(&row);
            model.rows.push((row, counter));
        }
        ComponentParts { model, widgets }
    }

    fn update_with_view(
        &mut self,
        widgets: &mut Self::Widgets,
        message: SidebarMsg,
        sender: ComponentSender<Self>,
        _root: &Self::Root,
    ) {
        match message {
            SidebarMsg::Select(place) => {
                let at = Place::ALL.iter().position(|known| *known == place);
                widgets.list.select_row(at.and_then(|at| self.rows.get(at)).map(|(row, _)| row));
            }
            SidebarMsg::Count(count) => self.count(count),
            SidebarMsg::Busy(busy) => self.busy = busy,
            SidebarMsg::Picked(index) => {
                let place = usize::try_from(index).ok().and_then(|at| Place::ALL.get(at)).copied();
                let _ = place.map(|place| sender.output(place));
            }
        }
        self.update_view(widgets, sender);
    }
}

impl Sidebar {
    fn count(&self, count: usize) {
        let Some((row, counter)) = self.rows.get(1) else { return };
        counter.set_visible(count > 0);
        counter.set_label(&if count > 99 { "99+".to_owned() } else { count.to_string() });
        let sentence = ngettext("Changes, {count} to decide", "Changes, {count} to decide", n32(count));
        let label = if count == 0 { Place::Changes.title() } else { fill(&sentence, &[("count", &count.to_string())]) };
        row.update_property(&[gtk::accessible::Property::Label(&label)]);
    }
}

fn entry(place: Place) -> (gtk::ListBoxRow, gtk::Label) {
    relm4::view! {
        row = gtk::ListBoxRow {
            gtk::Box {
                set_spacing: 12,
                gtk::Image {
                    set_icon_name: Some(place.icon()),
                    set_accessible_role: gtk::AccessibleRole::Presentation,
                },
                gtk::Label {
                    set_label: &place.title(),
                    set_hexpand: true,
                    set_xalign: 0.0,
                    set_ellipsize: gtk::pango::EllipsizeMode::End,
                },
                #[name = "counter"]
                gtk::Label {
                    set_visible: false,
                    add_css_class: css::DIM_LABEL,
                    add_css_class: css::NUMERIC,
                },
            },
        }
    }
    row.update_property(&[gtk::accessible::Property::Label(&place.title())]);
    (row, counter)
}
