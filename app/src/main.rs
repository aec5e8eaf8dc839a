// SPDX-License-Identifier: GPL-3.0-or-later
//! Bucket: the window.
//!
//! `app` is the window, `pages` its pages, `rows` what lists are made of, `view` what they show as plain
//! values, `engine` the worker with core's session, `privileged` the way to the helper, `service` what works
//! without a window.
//!
//! Invariant: widgets decide nothing; everything shown comes from core through `view`.

mod actions;
mod app;
mod arguments;
mod engine;
mod notices;
mod pages;
mod preferences;
mod privileged;
mod rows;
mod service;
mod view;

use bkt_core::i18n::TEXT_DOMAIN;
use gettextrs::LocaleCategory;
use relm4::gtk::{gio, glib};

use arguments::{Arguments, Parsed};

/// The application id: bus name, desktop file, icon, schema.
pub(crate) const APP_ID: &str = "org.bkt.Bucket";

const LOCALE_DIR: &str = match option_env!("LOCALEDIR") {
    Some(directory) => directory,
    None => "/usr/share/locale",
};

const RESOURCES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bucket.gresource"));

#[expect(unsafe_code, reason = "setlocale(3) must be called once; no other thread runs yet")]
fn translate() {
    // SAFETY: main calls this first, while it is the only thread.
    unsafe { gettextrs::setlocale(LocaleCategory::LcAll, "") };
    // Without translations everything still works, in English.
    let _ = gettextrs::bindtextdomain(TEXT_DOMAIN, LOCALE_DIR);
    let _ = gettextrs::bind_textdomain_codeset(TEXT_DOMAIN, "UTF-8");
    let _ = gettextrs::textdomain(TEXT_DOMAIN);
}

fn main() -> glib::ExitCode {
    translate();
    let arguments = match Arguments::parse(std::env::args()) {
        Parsed::Run(arguments) => arguments,
        Parsed::Print(text) => {
            println!("{text}");
            return glib::ExitCode::SUCCESS;
        }
        Parsed::Refuse(text) => {
            eprintln!("{text}");
            return glib::ExitCode::from(2);
        }
    };
    match gio::Resource::from_data(&glib::Bytes::from_static(RESOURCES)) {
        Ok(resource) => gio::resources_register(&resource),
        Err(error) => {
            eprintln!("{error}");
            return glib::ExitCode::FAILURE;
        }
    }
    service::run(arguments)
}
