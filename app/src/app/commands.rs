// SPDX-License-Identifier: GPL-3.0-or-later
//! What the window's actions do.
//!
//! Invariant: an action only sends a message, the same one a button would.

use bkt_core::i18n::gettext;
use relm4::adw::prelude::*;
use relm4::gtk::gio;
use relm4::{Sender, adw};

use super::AppMsg;
use crate::APP_ID;

/// Adds the window's actions.
pub(super) fn install(window: &adw::ApplicationWindow, sender: &Sender<AppMsg>) {
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
