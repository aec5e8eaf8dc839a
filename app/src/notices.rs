// SPDX-License-Identifier: GPL-3.0-or-later
//! The two desktop notifications: about changes, and about a run that ended unseen.
//!
//! Invariant: there is at most one of each kind; a newer one replaces it.

use std::path::Path;

use bkt_core::i18n::gettext;
use bkt_core::notice::{self, Notice};
use relm4::adw;
use relm4::adw::prelude::*;
use relm4::gtk::{gio, glib};

use crate::APP_ID;
use crate::actions;
use crate::view::overview::Place;

const DRIFT: &str = "drift";
const RUN: &str = "run";

/// Tells of changes, as `bkt notify` worded them.
pub(crate) fn drift(app: &adw::Application, notice: Option<&str>) {
    let Some(notice) = notice.and_then(|text| serde_json::from_str::<Notice>(text).ok()) else {
        glib::g_warning!(APP_ID, "notify-drift was called without a notice");
        return;
    };
    let notification = gio::Notification::new(&notice.title);
    notification.set_body(Some(&notice.body));
    notification.set_default_action(&actions::show(Place::Changes));
    notification.add_button(&gettext("Remind Tomorrow"), "app.remind-tomorrow");
    app.send_notification(Some(DRIFT), &notification);
}

/// Takes back what was told of changes.
pub(crate) fn withdraw_drift(app: &adw::Application) {
    app.withdraw_notification(DRIFT);
}

/// Tells of changes again after a day.
pub(crate) fn remind_tomorrow(state: &Path) {
    let tomorrow = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let kept = notice::postpone(state, tomorrow);
    if let Err(error) = kept {
        glib::g_warning!(APP_ID, "{}: {error}", state.display());
    }
}

/// Tells how a run ended.
pub(crate) fn run(app: &adw::Application, title: &str, body: &str) {
    let notification = gio::Notification::new(title);
    notification.set_body(Some(body));
    notification.set_default_action(&actions::show(Place::History));
    app.send_notification(Some(RUN), &notification);
}
