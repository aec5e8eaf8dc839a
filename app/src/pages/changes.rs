// SPDX-License-Identifier: GPL-3.0-or-later
//! The list of changes with a decision for each.
//!
//! The list is one virtualised view over headings and rows, so ten thousand entries cost what is visible.
//!
//! Invariant: a decision changes its row and the counts; the list is rebuilt only when its rows differ.

use std::rc::Rc;
use std::sync::Arc;

use bkt_core::compare::Decision;
use bkt_core::i18n::gettext;
use bkt_core::item::{Domain, ItemId};
use bkt_core::session::Snapshot;
use jiff::Timestamp;
use relm4::adw::prelude::*;
use relm4::gtk::{gio, glib};
use relm4::prelude::*;
use relm4::typed_view::list::TypedListView;
use relm4::{adw, css, gtk};

use super::placeholder::{Blank, Placeholder};
use crate::rows::change::{Line, opens};
use crate::view::list::{self, Entry, Scope};
use crate::view::marks::{self, Marks, Tally};
use crate::view::overview::Place;
use crate::view::row::{Kind, Row};
use crate::view::{n32, time};

/// What it is told.
#[derive(Debug)]
pub(crate) enum ChangesMsg {
    /// Show a comparison with its marks.
    Show(Arc<Snapshot>, Rc<Marks>),
    /// There is nothing to show.
    Blank(Blank),
    /// A drop-down was used.
    Decided(ItemId, Option<Decision>),
    /// A group's menu was used: `flatpak/apply`.
    SetAll(String),
    /// A row was opened.
    Opened(u32),
    Scope(Scope),
    Searched(String),
    /// Begin or end searching.
    Search(bool),
    ToggleSearch,
    Narrow(bool),
    Review,
}

/// What it asks for.
#[derive(Debug)]
pub(crate) enum ChangesOutput {
    Decide(ItemId, Option<Decision>),
    DecideAll(Domain, Option<Decision>),
    Open(ItemId),
    Review,
}

/// The page.
#[derive(Debug)]
pub(crate) struct ChangesPage {
    shown: Option<(Arc<Snapshot>, Rc<Marks>)>,
    rows: Vec<Rc<Row>>,
    entries: Vec<Entry>,
    lines: TypedListView<Line, gtk::NoSelection>,
    placeholder: Controller<Placeholder>,
    scopes: [adw::Toggle; 3],
    scope: Scope,
    search: String,
    searching: bool,
    narrow: bool,
    tally: Tally,
}

#[relm4::component(pub(crate))]
impl Component for ChangesPage {
    type Init = ();
    type Input = ChangesMsg;
    type Output = ChangesOutput;
    type CommandOutput = ();

    view! {
        adw::NavigationPage {
            set_title: &Place::Changes.title(),
            #[wrap(Some)]
            set_child = &adw::ToolbarView {
                add_top_bar = &adw::HeaderBar {
                    pack_end = &gtk::ToggleButton {
                        set_icon_name: "edit-find-symbolic",
                        set_tooltip_text: Some(&gettext("Search")),
                        #[watch]
                        set_sensitive: model.shown.is_some(),
                        #[watch]
                        #[block_signal(search_toggled)]
                        set_active: model.searching,
                        connect_toggled[sender] => move |button| {
                            sender.input(ChangesMsg::Search(button.is_active()));
                        } @search_toggled,
                    },
                },
                add_top_bar = &gtk::SearchBar {
                    #[watch]
                    #[block_signal(mode_changed)]
                    set_search_mode: model.searching,
                    connect_search_mode_enabled_notify[sender] => move |bar| {
                        sender.input(ChangesMsg::Search(bar.is_search_mode()));
                    } @mode_changed,
                    #[wrap(Some)]
                    #[name = "entry"]
                    set_child = &gtk::SearchEntry {
                        set_placeholder_text: Some(&gettext("Search changes")),
                        set_hexpand: true,
                        connect_search_changed[sender] => move |entry| {
                            sender.input(ChangesMsg::Searched(entry.text().into()));
                        },
                    },
                },
                add_top_bar = &adw::Clamp {
                    #[watch]
                    set_visible: model.shown.is_some(),
                    set_margin_start: 12,
                    set_margin_end: 12,
                    set_margin_bottom: 6,
                    #[name = "scopes"]
                    adw::ToggleGroup {
                        set_halign: gtk::Align::Center,
                        add_css_class: "round",
                        connect_active_notify[sender] => move |group| {
                            let scope = Scope::ALL.get(group.active() as usize).copied();
                            sender.input(ChangesMsg::Scope(scope.unwrap_or_default()));
                        },
                    },
                },
                #[wrap(Some)]
                set_content = &gtk::Stack {
                    add_named: (model.placeholder.widget(), Some("blank")),
                    add_named[Some("list")] = &gtk::ScrolledWindow {
                        set_hscrollbar_policy: gtk::PolicyType::Never,
                        adw::ClampScrollable {
                            set_margin_start: 12,
                            set_margin_end: 12,
                            set_maximum_size: 700,
                            #[local_ref]
                            lines -> gtk::ListView {
                                set_single_click_activate: true,
                                set_tab_behavior: gtk::ListTabBehavior::Item,
                                add_css_class: "changes",
                                set_margin_bottom: 18,
                                update_property: &[gtk::accessible::Property::Label(&Place::Changes.title())],
                                connect_activate[sender] => move |_, position| {
                                    sender.input(ChangesMsg::Opened(position));
                                },
                            },
                        },
                    },
                    #[watch]
                    set_visible_child_name: if model.entries.is_empty() { "blank" } else { "list" },
                },
                add_bottom_bar = &gtk::Box {
                    #[watch]
                    set_visible: model.tally != Tally::default(),
                    set_spacing: 12,
                    set_margin_all: 9,
                    gtk::Label {
                        #[watch]
                        set_label: &if model.narrow { model.tally.short_text() } else { model.tally.text() },
                        set_xalign: 0.0,
                        set_hexpand: true,
                        set_ellipsize: gtk::pango::EllipsizeMode::End,
                        set_margin_start: 6,
                        add_css_class: css::NUMERIC,
                    },
                    gtk::Button {
                        set_label: &gettext("_Review Plan"),
                        set_use_underline: true,
                        #[watch]
                        set_sensitive: model.tally.decided() > 0,
                        connect_clicked => ChangesMsg::Review,
                        add_css_class: css::SUGGESTED_ACTION,
                    },
                },
            },
        }
    }

    fn init(_init: (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let scopes = Scope::ALL.map(|_| adw::Toggle::new());
        let model = Self {
            shown: None,
            rows: Vec::new(),
            entries: Vec::new(),
            lines: TypedListView::new(),
            placeholder: Placeholder::builder().launch(Blank::Comparing).detach(),
            scopes,
            scope: Scope::default(),
            search: String::new(),
            searching: false,
            narrow: false,
            tally: Tally::default(),
        };
        let lines = &model.lines.view;
        let widgets = view_output!();
        for toggle in &model.scopes {
            widgets.scopes.add(toggle.clone());
        }
        model.label_scopes();
        let group = gio::SimpleActionGroup::new();
        let set_all = gio::ActionEntry::builder("set-all").parameter_type(Some(glib::VariantTy::STRING));
        let decide = gio::ActionEntry::builder("decide").parameter_type(glib::VariantTy::new("(su)").ok());
        let input = sender.input_sender().clone();
        let decided = input.clone();
        group.add_action_entries([decide
            .activate(move |_: &gio::SimpleActionGroup, _, what: Option<&glib::Variant>| {
                if let Some((id, index)) = what.and_then(glib::Variant::get::<(String, u32)>)
                    && let Ok(id) = id.parse()
                {
                    decided.emit(ChangesMsg::Decided(id, marks::at(index)));
                }
            })
            .build()]);
        group.add_action_entries([set_all
            .activate(move |_: &gio::SimpleActionGroup, _, what: Option<&glib::Variant>| {
                if let Some(what) = what.and_then(glib::Variant::str) {
                    input.emit(ChangesMsg::SetAll(what.to_owned()));
                }
            })
            .build()]);
        root.insert_action_group("changes", Some(&group));
        ComponentParts { model, widgets }
    }

    fn update_with_view(
        &mut self,
        widgets: &mut Self::Widgets,
        message: ChangesMsg,
        sender: ComponentSender<Self>,
        _root: &Self::Root,
    ) {
        let from_top = matches!(message, ChangesMsg::Scope(_) | ChangesMsg::Searched(_));
        match message {
            ChangesMsg::Show(snapshot, marks) => {
                let is_known = self.shown.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, &snapshot));
                self.shown = Some((snapshot, marks));
                if !is_known {
                    self.prepare();
                }
            }
            ChangesMsg::Blank(blank) => {
                self.placeholder.emit(blank);
                self.shown = None;
                self.prepare();
            }
            ChangesMsg::Decided(id, decision) => {
                let _ = sender.output(ChangesOutput::Decide(id, decision));
                return;
            }
            ChangesMsg::Review => {
                let _ = sender.output(ChangesOutput::Review);
                return;
            }
            ChangesMsg::SetAll(what) => self.set_all(&what, &sender),
            ChangesMsg::Opened(position) => self.open(position, &sender),
            ChangesMsg::Scope(scope) => {
                self.scope = scope;
                self.prepare();
            }
            ChangesMsg::Searched(text) => self.search = text,
            ChangesMsg::ToggleSearch => sender.input(ChangesMsg::Search(!self.searching)),
            ChangesMsg::Search(searching) => {
                if searching && !self.searching {
                    widgets.entry.grab_focus();
                }
                self.searching = searching && self.shown.is_some();
            }
            ChangesMsg::Narrow(narrow) => {
                self.narrow = narrow;
                // The rows have to be made again without their arrows.
                self.entries.clear();
            }
        }
        self.refresh();
        if from_top && !self.entries.is_empty() {
            self.lines.view.scroll_to(0, gtk::ListScrollFlags::NONE, None);
        }
        self.update_view(widgets, sender);
    }
}

impl ChangesPage {
    /// Makes the rows again, after another comparison or scope.
    fn prepare(&mut self) {
        self.rows = match &self.shown {
            None => Vec::new(),
            Some((snapshot, _)) => list::rows(&snapshot.comparison, self.scope),
        };
    }

    fn refresh(&mut self) {
        let entries = list::entries(&self.rows, &self.search);
        let none = Rc::default();
        let marks = self.shown.as_ref().map_or(&none, |(_, marks)| marks);
        self.tally = self.shown.as_ref().map(|(snapshot, marks)| marks.tally(&snapshot.comparison)).unwrap_or_default();
        self.label_scopes();
        let decision = |entry: &Entry| match entry {
            Entry::Row { row, .. } => match (&row.id, row.kind) {
                (Some(id), Kind::Change(suggestion)) => marks.of(id, suggestion),
                _ => None,
            },
            Entry::Group { .. } => None,
        };
        // Only what differs is replaced, in one go: widgets are recycled, and place and focus stay.
        let (head, tail) = list::common(&self.entries, &entries);
        let before = self.lines.len() as usize;
        let new = &entries[head..entries.len() - tail];
        let new: Vec<Line> = new.iter().map(|entry| Line::new(entry.clone(), decision(entry), self.narrow)).collect();
        let kept = (0..head).chain(entries.len() - tail..entries.len());
        let kept: Vec<(usize, Option<Decision>)> = kept.map(|at| (at, decision(&entries[at]))).collect();
        self.splice(head, before - head - tail, new);
        for (at, decision) in kept {
            if let Some(line) = self.lines.get(n32(at)) {
                line.borrow_mut().decide(decision);
            }
        }
        self.entries = entries;
        if let Some((snapshot, _)) = &self.shown
            && self.entries.is_empty()
        {
            self.placeholder.emit(match self.scope {
                _ if !self.search.is_empty() => Blank::NoResults,
                Scope::Ignored => Blank::NothingIgnored,
                _ => Blank::Matches(time::ago(snapshot.comparison.compared_at, Timestamp::now())),
            });
        }
    }

    fn splice(&self, at: usize, gone: usize, new: Vec<Line>) {
        let store = self.lines.selection_model.model().and_downcast::<gio::ListStore>();
        let new: Vec<glib::BoxedAnyObject> = new.into_iter().map(glib::BoxedAnyObject::new).collect();
        if let Some(store) = store.filter(|_| gone > 0 || !new.is_empty()) {
            store.splice(n32(at), n32(gone), &new);
        }
    }

    fn label_scopes(&self) {
        let names = [gettext("Changes"), gettext("Ignored"), gettext("Everything")];
        for ((toggle, scope), name) in self.scopes.iter().zip(Scope::ALL).zip(names) {
            let count = self.shown.as_ref().map_or(0, |(snapshot, _)| scope.count(&snapshot.comparison));
            let counted = count > 0 && (!self.narrow || scope == Scope::Changes);
            let label = if counted { [name.as_str(), &count.to_string()].join(" ") } else { name };
            toggle.set_label(Some(&label));
        }
    }

    fn set_all(&self, what: &str, sender: &ComponentSender<Self>) {
        let Some((domain, decision)) = what.split_once('/') else { return };
        let Ok(domain) = domain.parse() else { return };
        let decision = match decision {
            "apply" => Some(Decision::Apply),
            "capture" => Some(Decision::Capture),
            "ignore" => Some(Decision::Ignore),
            _ => None,
        };
        let _ = sender.output(ChangesOutput::DecideAll(domain, decision));
    }

    fn open(&self, position: u32, sender: &ComponentSender<Self>) {
        if let Some(Entry::Row { row, .. }) = self.entries.get(position as usize)
            && let Some(id) = row.id.as_ref().filter(|_| opens(row))
        {
            let _ = sender.output(ChangesOutput::Open(id.clone()));
        }
    }
}
