// SPDX-License-Identifier: GPL-3.0-or-later
//! The application without a window: activation, notifications, and making the window when it is wanted.
//!
//! A notification's buttons work when nothing runs: D-Bus starts this program as a service, the action does
//! its work, and without a window the program ends by itself.
//!
//! Invariant: no window exists before someone activates the application or asks for a page.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use bkt_core::host::live::LiveHost;
use bkt_core::i18n::gettext;
use bkt_core::notice::{self, Notice};
use bkt_gio::GioSettings;
use relm4::adw::prelude::*;
use relm4::gtk::{gio, glib};
use relm4::{Component, ComponentController, Controller, RelmApp, adw};

use crate::APP_ID;
use crate::actions;
use crate::app::{App, AppMsg};
use crate::arguments::Arguments;
use crate::engine::{Authority, EngineInit};
use crate::preferences::Preferences;
use crate::privileged::Stop;
use crate::view::overview::Place;

/// The one notification about drift; a newer one replaces it.
pub(crate) const DRIFT: &str = "drift";
type Window = Rc<RefCell<Option<Controller<App>>>>;

/// Runs until the last window is closed, or as a service until it is idle.
pub(crate) fn run(arguments: Arguments) -> glib::ExitCode {
    let app = adw::Application::builder().application_id(APP_ID).resource_base_path("/org/bkt/Bucket").build();
    if arguments.root.is_some() {
        // A window on a sample computer is nobody's main window.
        app.set_flags(gio::ApplicationFlags::NON_UNIQUE);
    }
    // Relm4 takes the application from here when components ask for it.
    let _relm = RelmApp::<AppMsg>::from_app(app.clone());
    let rest = arguments.rest.clone();
    let first = arguments.page.unwrap_or(Place::Overview);
    let window = Window::default();

    let show = {
        let (app, window) = (app.clone(), Rc::clone(&window));
        Rc::new(move |place: Option<Place>| {
            let mut window = window.borrow_mut();
            let controller =
                window.get_or_insert_with(|| App::builder().launch((app.clone(), arguments.clone())).detach());
            if let Some(place) = place {
                controller.emit(AppMsg::Navigate(place));
            }
            controller.widget().present();
        })
    };
    app.connect_startup(actions::accelerators);
    app.connect_activate({
        let (show, window) = (Rc::clone(&show), Rc::clone(&window));
        move |_| {
            let is_new = window.borrow().is_none();
            show(is_new.then_some(first));
        }
    });
    app.connect_window_removed({
        let window = Rc::clone(&window);
        move |app, _| {
            if app.windows().is_empty() {
                window.take();
            }
        }
    });
    app.add_action_entries([
        gio::ActionEntry::builder("show")
            .parameter_type(Some(glib::VariantTy::STRING))
            .activate(move |_, _, place: Option<&glib::Variant>| {
                show(place.and_then(glib::Variant::str).map(Place::of));
            })
            .build(),
        gio::ActionEntry::builder("notify-drift")
            .parameter_type(Some(glib::VariantTy::STRING))
            .activate(|app: &adw::Application, _, notice| notify(app, notice.and_then(glib::Variant::str)))
            .build(),
        gio::ActionEntry::builder("remind-tomorrow")
            .activate(|app: &adw::Application, _, _| {
                app.withdraw_notification(DRIFT);
                remind_tomorrow(&state_directory());
            })
            .build(),
        gio::ActionEntry::builder("quit").activate(|app: &adw::Application, _, _| close_all(app)).build(),
    ]);
    app.run_with_args(&rest)
}

/// The engine's computer, setup and state.
pub(crate) fn engine(arguments: Arguments, preferences: &Preferences, stop: Stop) -> EngineInit {
    let mut settings = GioSettings::new();
    if let Some(root) = &arguments.root {
        settings = settings.with_schemas(root.join("usr/share/glib-2.0/schemas"));
    }
    let authority = if arguments.root.is_some() { Authority::Direct } else { Authority::Helper };
    let absolute = |path: std::path::PathBuf| std::path::absolute(&path).unwrap_or(path);
    EngineInit {
        host: Arc::new(LiveHost::of_user(arguments.root.map(absolute), Arc::new(settings))),
        setup: arguments.repo.map(absolute).or_else(|| preferences.repository()),
        state: state_directory(),
        authority,
        stop,
    }
}

/// Where this person's state is kept.
pub(crate) fn state_directory() -> std::path::PathBuf {
    glib::user_state_dir().join("bkt")
}

/// Closes every window, each of which may still have something to finish.
fn close_all(app: &adw::Application) {
    for window in app.windows() {
        window.close();
    }
}

fn notify(app: &adw::Application, notice: Option<&str>) {
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

fn remind_tomorrow(state: &Path) {
    let tomorrow = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let kept = notice::postpone(state, tomorrow);
    if let Err(error) = kept {
        glib::g_warning!(APP_ID, "{}: {error}", state.display());
    }
}
