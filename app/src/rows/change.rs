// SPDX-License-Identifier: GPL-3.0-or-later
//! A line of the virtualised list of changes: a group's heading or a row.
//!
//! The view keeps some two hundred of these widgets, so each is light: menus are made when they are opened.
//!
//! Invariant: the button says the decision of the line it is bound to, also after it was recycled.

use bkt_core::compare::Decision;
use bkt_core::describe;
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use relm4::adw::prelude::*;
use relm4::gtk::gio;
use relm4::typed_view::list::RelmListItem;
use relm4::{RelmWidgetExt, css, gtk};

use crate::rows::show_menu;
use crate::view::list::Entry;
use crate::view::marks;
use crate::view::row::{Kind, Row};

/// A line with its decision.
#[derive(Debug)]
pub(crate) struct Line {
    entry: Entry,
    decision: Option<Decision>,
    narrow: bool,
    /// The button that shows the decision now.
    bound: Option<gtk::MenuButton>,
}

/// Its widgets: a heading and a row, one of which is visible.
#[derive(Debug)]
pub(crate) struct LineWidgets {
    item: gtk::ListItem,
    heading: gtk::Box,
    name: gtk::Label,
    /// Only while a heading is shown.
    set_all: Option<gtk::MenuButton>,
    icon: gtk::Image,
    title: gtk::Label,
    subtitle: gtk::Label,
    content: gtk::Box,
    decision: gtk::MenuButton,
    arrow: gtk::Image,
    row: gtk::Box,
}

impl Line {
    /// A line with its decision.
    pub(crate) const fn new(entry: Entry, decision: Option<Decision>, narrow: bool) -> Self {
        Self { entry, decision, narrow, bound: None }
    }

    /// Takes a decision made elsewhere.
    pub(crate) fn decide(&mut self, now: Option<Decision>) {
        if self.decision != now {
            self.decision = now;
            self.show_decision();
        }
    }

    fn show_decision(&self) {
        let (Some(button), Entry::Row { row, .. }) = (&self.bound, &self.entry) else { return };
        let decision = describe::decision(self.decision);
        button.set_label(&decision);
        let label = [row.decision_label(), decision].join(", ");
        button.update_property(&[gtk::accessible::Property::Label(&label)]);
    }

    fn bind_decision(&mut self, id: &ItemId, button: &gtk::MenuButton) {
        button.set_menu_model(None::<&gio::Menu>);
        let id = id.to_string();
        button.set_create_popup_func(move |button| show_menu(button, &decision_menu(&id)));
        self.bound = Some(button.clone());
        self.show_decision();
    }

    fn bind_group(&self, domain: Domain, settable: bool, widgets: &mut LineWidgets) {
        let name = describe::domain(domain);
        widgets.name.set_label(&name);
        widgets.item.set_accessible_label(&name);
        widgets.item.set_accessible_description("");
        if !settable {
            return;
        }
        let label = fill(&gettext("Set all decisions in {group}"), &[("group", &name)]);
        let set_all = gtk::MenuButton::builder().label(gettext("Set All")).tooltip_text(&label).build();
        set_all.add_css_class(css::FLAT);
        set_all.set_valign(gtk::Align::Center);
        set_all.update_property(&[gtk::accessible::Property::Label(&label)]);
        set_all.set_create_popup_func(move |button| show_menu(button, &set_all_menu(domain, &name)));
        widgets.heading.append(&set_all);
        widgets.set_all = Some(set_all);
    }

    fn bind_row(&mut self, widgets: &LineWidgets) {
        let Entry::Row { row, first, last } = &self.entry else { return };
        widgets.icon.set_icon_name(Some(row.icon));
        widgets.icon.set_tooltip_text(Some(&row.icon_label));
        widgets.icon.update_property(&[gtk::accessible::Property::Label(&row.icon_label)]);
        widgets.title.set_label(&row.title);
        widgets.title.set_tooltip_text(row.id.as_ref().map(ToString::to_string).as_deref());
        widgets.subtitle.set_label(&row.subtitle);
        widgets.row.set_class_active("first", *first);
        widgets.row.set_class_active("last", *last);
        let opens = opens(row);
        widgets.row.set_class_active("open", opens);
        widgets.arrow.set_visible(opens && !self.narrow);
        // Beside each other the words would be squeezed to a column.
        let across = if self.narrow { gtk::Orientation::Vertical } else { gtk::Orientation::Horizontal };
        widgets.content.set_orientation(across);
        widgets.decision.set_halign(if self.narrow { gtk::Align::Start } else { gtk::Align::End });
        widgets.item.set_accessible_label(&row.accessible_label());
        widgets.item.set_accessible_description(&row.accessible_description(self.decision));
        let id = row.id.clone().filter(|_| matches!(row.kind, Kind::Change(_)));
        widgets.decision.set_visible(id.is_some());
        if let Some(id) = id {
            self.bind_decision(&id, &widgets.decision);
        }
    }
}

/// Whether a row has a page of its own.
pub(crate) fn opens(row: &Row) -> bool {
    matches!(row.kind, Kind::Change(_) | Kind::Ignored)
}

fn decision_menu(id: &str) -> gio::Menu {
    let menu = gio::Menu::new();
    for (label, decision) in [
        (gettext("_Apply"), Some(Decision::Apply)),
        (gettext("_Capture"), Some(Decision::Capture)),
        (gettext("_Ignore"), Some(Decision::Ignore)),
        (gettext("Decide _Later"), None),
    ] {
        let item = gio::MenuItem::new(Some(&label), None);
        item.set_action_and_target_value(Some("changes.decide"), Some(&(id, marks::index(decision)).to_variant()));
        menu.append_item(&item);
    }
    menu
}

fn set_all_menu(domain: Domain, name: &str) -> gio::Menu {
    let menu = gio::Menu::new();
    for (sentence, decision) in [
        (gettext("_Apply All in {group}"), "apply"),
        (gettext("_Capture All in {group}"), "capture"),
        (gettext("_Ignore All in {group}"), "ignore"),
        (gettext("C_lear Decisions in {group}"), "later"),
    ] {
        let action = ["changes.set-all::", domain.id(), "/", decision].concat();
        menu.append(Some(&fill(&sentence, &[("group", name)])), Some(&action));
    }
    menu
}

impl RelmListItem for Line {
    type Root = gtk::Box;
    type Widgets = LineWidgets;

    fn setup(item: &gtk::ListItem) -> (gtk::Box, LineWidgets) {
        relm4::view! {
            root = gtk::Box {
                set_orientation: gtk::Orientation::Vertical,
                #[name = "heading"]
                gtk::Box {
                    add_css_class: "group",
                    #[name = "name"]
                    gtk::Label {
                        set_hexpand: true,
                        set_xalign: 0.0,
                        set_ellipsize: gtk::pango::EllipsizeMode::End,
                        add_css_class: css::HEADING,
                        set_accessible_role: gtk::AccessibleRole::Heading,
                    },
                },
                #[name = "row"]
                gtk::Box {
                    set_spacing: 12,
                    add_css_class: "entry",
                    #[name = "icon"]
                    gtk::Image {},
                    #[name = "content"]
                    gtk::Box {
                    set_spacing: 12,
                    gtk::Box {
                        set_orientation: gtk::Orientation::Vertical,
                        set_hexpand: true,
                        set_valign: gtk::Align::Center,
                        set_spacing: 3,
                        #[name = "title"]
                        gtk::Label {
                            set_xalign: 0.0,
                            set_wrap: true,
                            set_wrap_mode: gtk::pango::WrapMode::WordChar,
                        },
                        #[name = "subtitle"]
                        gtk::Label {
                            set_xalign: 0.0,
                            set_wrap: true,
                            set_wrap_mode: gtk::pango::WrapMode::WordChar,
                            add_css_class: css::DIM_LABEL,
                            add_css_class: css::CAPTION,
                        },
                    },
                    #[name = "decision"]
                    gtk::MenuButton {
                        set_valign: gtk::Align::Center,
                    },
                    },
                    #[name = "arrow"]
                    gtk::Image {
                        set_icon_name: Some("go-next-symbolic"),
                        set_accessible_role: gtk::AccessibleRole::Presentation,
                    },
                },
            }
        }
        let item = item.clone();
        (root, LineWidgets { item, heading, name, set_all: None, icon, title, subtitle, content, decision, arrow, row })
    }

    fn bind(&mut self, widgets: &mut LineWidgets, _root: &mut gtk::Box) {
        let is_row = matches!(self.entry, Entry::Row { .. });
        widgets.heading.set_visible(!is_row);
        widgets.row.set_visible(is_row);
        widgets.item.set_focusable(is_row);
        widgets.item.set_activatable(matches!(&self.entry, Entry::Row { row, .. } if opens(row)));
        match self.entry {
            Entry::Group { domain, settable } => self.bind_group(domain, settable, widgets),
            Entry::Row { .. } => self.bind_row(widgets),
        }
    }

    fn unbind(&mut self, widgets: &mut LineWidgets, _root: &mut gtk::Box) {
        self.bound = None;
        if let Some(set_all) = widgets.set_all.take() {
            widgets.heading.remove(&set_all);
        }
    }
}
