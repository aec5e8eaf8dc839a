// SPDX-License-Identifier: GPL-3.0-or-later
//! The window's actions, their keys, and the main menu.
//!
//! Invariant: every key here is also in `data/resources/gtk/help-overlay.ui`.

use bkt_core::i18n::gettext;
use relm4::adw::prelude::*;
use relm4::gtk::gio;
use relm4::{Sender, adw};

use crate::APP_ID;
use crate::app::AppMsg;
use crate::view::overview::Place;

/// Sets the keys of all actions.
pub(crate) fn accelerators(app: &adw::Application) {
    for (action, keys) in [
        ("app.quit", &["<Control>q"][..]),
        ("app.show::overview", &["<Control>1", "<Alt>Home"]),
        ("app.show::changes", &["<Control>2"]),
        ("app.show::history", &["<Control>3"]),
        ("win.check", &["<Control>r", "F5"]),
        ("win.search", &["<Control>f"]),
        ("win.confirm", &["<Control>Return", "<Control>KP_Enter"]),
        ("win.stop", &["<Control>period"]),
        ("window.close", &["<Control>w"]),
    ] {
        app.set_accels_for_action(action, keys);
    }
}

/// Adds the window's actions.
pub(crate) fn install(window: &adw::ApplicationWindow, sender: &Sender<AppMsg>) {
    let entry = |name: &str, message: fn() -> AppMsg| {
        let sender = sender.clone();
        gio::ActionEntry::builder(name).activate(move |_: &adw::ApplicationWindow, _, _| sender.emit(message())).build()
    };
    window.add_action_entries([
        entry("check", || AppMsg::Check),
        entry("search", || AppMsg::Search),
        entry("confirm", || AppMsg::Confirm),
        entry("stop", || AppMsg::Stop),
        entry("open-setup", || AppMsg::OpenSetup),
        gio::ActionEntry::builder("about").activate(|window: &adw::ApplicationWindow, _, _| about(window)).build(),
    ]);
}

/// The main menu.
pub(crate) fn menu() -> gio::Menu {
    let menu = gio::Menu::new();
    let first = gio::Menu::new();
    first.append(Some(&gettext("_Open Setup…")), Some("win.open-setup"));
    first.append(Some(&gettext("_Check Again")), Some("win.check"));
    let last = gio::Menu::new();
    last.append(Some(&gettext("_Keyboard Shortcuts")), Some("win.show-help-overlay"));
    last.append(Some(&gettext("_About Bucket")), Some("win.about"));
    menu.append_section(None, &first);
    menu.append_section(None, &last);
    menu
}

fn about(window: &adw::ApplicationWindow) {
    adw::AboutDialog::builder()
        .application_name("Bucket")
        .application_icon(APP_ID)
        .version(env!("CARGO_PKG_VERSION"))
        .developer_name(gettext("The Bucket developers"))
        .license_type(relm4::gtk::License::Gpl30)
        .website(env!("CARGO_PKG_REPOSITORY"))
        .comments(gettext("Compares this computer with its setup."))
        // Translators: replace this by your names, one per line.
        .translator_credits(gettext("translator-credits"))
        .build()
        .present(Some(window));
}

/// The action that opens a page.
pub(crate) fn show(place: Place) -> String {
    ["app.show::", place.id()].concat()
}
