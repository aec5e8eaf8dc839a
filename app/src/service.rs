// SPDX-License-Identifier: GPL-3.0-or-later
//! The application without a window: activation, notifications, and making the window when it is wanted.
//!
//! A notification's buttons work when nothing runs: D-Bus starts this program as a service, the action does
//! its work, and without a window the program ends by itself.
//!
//! Invariant: no window exists before someone activates the application or asks for a page.

use std::cell::RefCell;
use std::rc::Rc;

use relm4::adw::prelude::*;
use relm4::gtk::{gio, glib};
use relm4::{Component, ComponentController, Controller, RelmApp, adw};

use crate::APP_ID;
use crate::actions;
use crate::app::{App, AppMsg};
use crate::arguments::Arguments;
use crate::engine::state_directory;
use crate::notices;
use crate::view::overview::Place;

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
            .activate(|app: &adw::Application, _, notice| notices::drift(app, notice.and_then(glib::Variant::str)))
            .build(),
        gio::ActionEntry::builder("remind-tomorrow")
            .activate(|app: &adw::Application, _, _| {
                notices::withdraw_drift(app);
                notices::remind_tomorrow(&state_directory());
            })
            .build(),
        gio::ActionEntry::builder("quit").activate(|app: &adw::Application, _, _| close_all(app)).build(),
    ]);
    app.run_with_args(&rest)
}

/// Closes every window, each of which may still have something to finish.
fn close_all(app: &adw::Application) {
    for window in app.windows() {
        window.close();
    }
}
