// SPDX-License-Identifier: GPL-3.0-or-later
//! A line of the virtualised list of changes: a group's heading or a row.
//!
//! Invariant: the drop-down and the mark follow each other both ways, also when the widgets are recycled.

use bkt_core::compare::Decision;
use bkt_core::describe;
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use relm4::adw::prelude::*;
use relm4::binding::{Binding, U32Binding};
use relm4::gtk::{gio, glib};
use relm4::typed_view::list::RelmListItem;
use relm4::{RelmWidgetExt, Sender, css, gtk};

use crate::pages::changes::ChangesMsg;
use crate::view::list::Entry;
use crate::view::marks;
use crate::view::row::{Kind, Row};

/// A line with its decision.
#[derive(Debug)]
pub(crate) struct Line {
    entry: Entry,
    decision: Option<Decision>,
    /// The decision's place in the drop-down; made when the line is first shown.
    index: Option<U32Binding>,
    sender: Sender<ChangesMsg>,
    narrow: bool,
    bound: Option<glib::Binding>,
}

/// Its widgets: a heading and a row, one of which is visible.
#[derive(Debug)]
pub(crate) struct LineWidgets {
    item: gtk::ListItem,
    heading: gtk::Box,
    name: gtk::Label,
    set_all: gtk::MenuButton,
    icon: gtk::Image,
    title: gtk::Label,
    subtitle: gtk::Label,
    content: gtk::Box,
    decision: gtk::DropDown,
    arrow: gtk::Image,
    row: gtk::Box,
}

impl Line {
    /// A line that reports its decision.
    pub(crate) fn new(entry: Entry, decision: Option<Decision>, narrow: bool, sender: &Sender<ChangesMsg>) -> Self {
        Self { entry, decision, index: None, sender: sender.clone(), narrow, bound: None }
    }

    /// Takes a decision made elsewhere.
    pub(crate) fn decide(&mut self, now: Option<Decision>) {
        self.decision = now;
        if let Some(index) = &mut self.index
            && index.get() != marks::index(now)
        {
            index.set(marks::index(now));
        }
    }

    fn bind_decision(&mut self, id: &ItemId, drop_down: &gtk::DropDown) {
        let index = self.index.get_or_insert_with(|| {
            let index = U32Binding::new(marks::index(self.decision));
            let (id, sender) = (id.clone(), self.sender.clone());
            index.connect_notify_local(Some("value"), move |index, _| {
                sender.emit(ChangesMsg::Decided(id.clone(), marks::at(index.get())));
            });
            index
        });
        let bound = index.bind_property("value", drop_down, "selected");
        self.bound = Some(bound.bidirectional().sync_create().build());
    }

    fn bind_group(&self, domain: Domain, settable: bool, widgets: &LineWidgets) {
        let name = describe::domain(domain);
        widgets.name.set_label(&name);
        widgets.set_all.set_visible(settable);
        let label = fill(&gettext("Set all decisions in {group}"), &[("group", &name)]);
        widgets.set_all.update_property(&[gtk::accessible::Property::Label(&label)]);
        widgets.set_all.set_tooltip_text(Some(&label));
        if settable {
            widgets.set_all.set_menu_model(Some(&set_all_menu(domain, &name)));
        }
        widgets.item.set_accessible_label(&name);
        widgets.item.set_accessible_description("");
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
        widgets.decision.update_property(&[gtk::accessible::Property::Label(&row.decision_label())]);
        if let Some(id) = id {
            self.bind_decision(&id, &widgets.decision);
        }
    }
}

/// Whether a row has a page of its own.
pub(crate) fn opens(row: &Row) -> bool {
    matches!(row.kind, Kind::Change(_) | Kind::Ignored)
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
        let choices: Vec<String> = marks::CHOICES.into_iter().map(describe::decision).collect();
        let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
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
                    #[name = "set_all"]
                    gtk::MenuButton {
                        set_label: &gettext("Set All"),
                        add_css_class: css::FLAT,
                        set_valign: gtk::Align::Center,
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
                    gtk::DropDown::from_strings(&choices) {
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
        (root, LineWidgets { item, heading, name, set_all, icon, title, subtitle, content, decision, arrow, row })
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

    fn unbind(&mut self, _widgets: &mut LineWidgets, _root: &mut gtk::Box) {
        if let Some(bound) = self.bound.take() {
            bound.unbind();
        }
    }
}
