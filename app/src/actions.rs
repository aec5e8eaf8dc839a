// SPDX-License-Identifier: GPL-3.0-or-later
//! The names of actions: their keys, the main menu, and what buttons and notifications open.
//!
//! Invariant: every key here is also in `data/resources/gtk/help-overlay.ui`.

use bkt_core::i18n::gettext;
use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk::gio;

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

/// The action that opens a page.
pub(crate) fn show(place: Place) -> String {
    ["app.show::", place.id()].concat()
}
