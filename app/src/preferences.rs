// SPDX-License-Identifier: GPL-3.0-or-later
//! What the person chose, in GSettings where the schema is installed.
//!
//! Invariant: without the schema, as in a fresh checkout, everything has its default and nothing is kept.

use std::path::PathBuf;

use relm4::gtk::gio;
use relm4::gtk::gio::prelude::*;
use relm4::gtk::glib;

use crate::APP_ID;

/// The window's own settings.
#[derive(Debug, Clone)]
pub(crate) struct Preferences(Option<gio::Settings>);

impl Preferences {
    /// Opens them.
    pub(crate) fn open() -> Self {
        let schema = gio::SettingsSchemaSource::default().and_then(|source| source.lookup(APP_ID, true));
        Self(schema.map(|schema| gio::Settings::new_full(&schema, None::<&gio::SettingsBackend>, None)))
    }

    /// The setup's directory: the one chosen, else `~/setup` where that is one.
    pub(crate) fn repository(&self) -> Option<PathBuf> {
        let chosen = self.0.as_ref().map(|settings| settings.string("repository")).filter(|path| !path.is_empty());
        chosen.map(|path| PathBuf::from(path.as_str())).or_else(|| {
            let usual = glib::home_dir().join("setup");
            usual.join("manifests").is_dir().then_some(usual)
        })
    }

    /// Keeps the setup's directory; one that cannot be kept still counts until the window closes.
    pub(crate) fn set_repository(&self, path: &std::path::Path) {
        if let Some(settings) = &self.0 {
            let _ = settings.set_string("repository", &path.to_string_lossy());
        }
    }

    /// Whether changes start with the decision their origin suggests.
    pub(crate) fn suggest(&self) -> bool {
        self.0.as_ref().is_none_or(|settings| settings.boolean("suggest-decisions"))
    }

    /// Restores the window's size and keeps it.
    pub(crate) fn bind_window(&self, window: &impl IsA<glib::Object>) {
        if let Some(settings) = &self.0 {
            settings.bind("window-width", window, "default-width").build();
            settings.bind("window-height", window, "default-height").build();
            settings.bind("window-maximized", window, "maximized").build();
        }
    }
}
