// SPDX-License-Identifier: GPL-3.0-or-later
//! Which keys there are beside those of schemas with a path, and which say nothing about what a person wants.
//!
//! Invariant: a key that is left out of discovery can still be named, declared, captured and applied.

use crate::ignore;
use crate::name::{SchemaName, SettingKey};

/// A list key whose entries say where a relocatable schema has instances.
#[derive(Debug, Clone, Copy)]
pub struct Instances {
    /// The schema of the list.
    pub list_schema: &'static str,
    /// The list, of type `as`.
    pub list_key: &'static str,
    /// The relocatable schema.
    pub schema: &'static str,
    /// What an entry is appended to, with a slash after it; where empty, an entry is the whole path.
    pub below: &'static str,
}

impl Instances {
    /// The instance an entry of the list names; `None` where it names no path.
    #[must_use]
    pub fn instance(&self, entry: &str) -> Option<SchemaName> {
        let path = if self.below.is_empty() { entry.to_owned() } else { format!("{}{entry}/", self.below) };
        format!("{}:{path}", self.schema).parse().ok()
    }
}

/// The lists GNOME keeps.
pub const INSTANCES: [Instances; 5] = [
    Instances {
        list_schema: "org.gnome.settings-daemon.plugins.media-keys",
        list_key: "custom-keybindings",
        schema: "org.gnome.settings-daemon.plugins.media-keys.custom-keybinding",
        below: "",
    },
    Instances {
        list_schema: "org.gnome.desktop.app-folders",
        list_key: "folder-children",
        schema: "org.gnome.desktop.app-folders.folder",
        below: "/org/gnome/desktop/app-folders/folders/",
    },
    Instances {
        list_schema: "org.gnome.desktop.notifications",
        list_key: "application-children",
        schema: "org.gnome.desktop.notifications.application",
        below: "/org/gnome/desktop/notifications/application/",
    },
    Instances {
        list_schema: "org.gnome.Ptyxis",
        list_key: "profile-uuids",
        schema: "org.gnome.Ptyxis.Profile",
        below: "/org/gnome/Ptyxis/Profiles/",
    },
    Instances {
        list_schema: "org.gnome.Terminal.ProfilesList",
        list_key: "list",
        schema: "org.gnome.Terminal.Legacy.Profile",
        below: "/org/gnome/terminal/legacy/profiles:/:",
    },
];

/// Keys in which programs remember what happened, as `SCHEMA/KEY` with `*` for any text.
const STATE: &[&str] = &[
    // where windows were, how large, and what was unfolded in them
    "*/is-maximized",
    "*/maximized",
    "*/*maximised",
    "*/window-maximized",
    "*/*-window-maximized",
    "*/*window-height*",
    "*/*window-position*",
    "*/*window-size*",
    "*/*window-state*",
    "*/*window-width*",
    "*/window-*-size",
    "*/*-paned-*",
    "*/*pane-position*",
    "*/*sidebar-width*",
    "*/*-column-width*",
    "*.window-state/*",
    "*.WindowState/*",
    "*.state.*/*",
    "*.state/*",
    "*.State/*",
    // what was used last, and when
    "*/*-timestamp",
    "*/last-*",
    "*/*-last-*",
    "*/*-history",
    "*/selected-*page*",
    // what was already shown, asked or moved
    "*/first-run",
    "*/*-first-run",
    "*/first-time*",
    "*/*-first-time",
    "*/had-*",
    "*/migrated-*",
    "*/*-migrated",
    "*/*-migration*",
    "*/welcome-*",
    "*/show-welcome*",
    "*/*version-shown",
    "*/*-shown-version",
    // what toolkits, services and this program remember
    "ca.desrt.dconf-editor.*/saved-*",
    "org.bkt.Bucket/*",
    "org.gnome.desktop.app-folders/known-*",
    "org.gnome.desktop.input-sources/mru-sources",
    "org.gnome.desktop.notifications/application-children",
    "org.gnome.desktop.notifications.application:*/application-id",
    "org.gnome.evolution-data-server*/*",
    "org.gnome.gnome-screenshot/*-save-directory",
    "org.gnome.settings-daemon.plugins.housekeeping/donation-reminder-*",
    "org.gnome.shell/app-picker-layout",
    "org.gnome.shell/command-history",
    "org.gnome.shell/looking-glass-history",
    "org.gtk.*/*",
];

/// Keys that look like those and are choices: shortcuts, and what privacy settings allow to be remembered.
const CHOSEN: &[&str] = &["*keybinding*", "org.gnome.desktop.privacy/*"];

/// Whether a key records what happened rather than what a person chose. Such keys are left out of discovery.
#[must_use]
pub fn is_state(key: &SettingKey) -> bool {
    let is_in = |patterns: &[&str]| patterns.iter().any(|pattern| ignore::matches(pattern, key.as_str()));
    is_in(STATE) && !is_in(CHOSEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_remember_is_told_from_what_people_choose() {
        let is = |key: &str| is_state(&key.parse().unwrap());
        for key in [
            "org.gnome.software/check-timestamp",
            "org.gnome.nautilus.window-state/initial-size",
            "org.gnome.Console/last-window-size",
            "org.gnome.shell/welcome-dialog-last-shown-version",
            "org.gnome.control-center/last-panel",
            "org.gtk.gtk4.Settings.FileChooser/sort-directories-first",
            "org.gnome.desktop.notifications.application:/org/gnome/desktop/notifications/application/x//application-id",
            "org.gnome.baobab.ui/window-size",
            "com.example.App/window-maximized",
            "org.gnome.settings-daemon.plugins.color/night-light-last-coordinates",
        ] {
            assert!(is(key), "{key}");
        }
        for key in [
            "org.gnome.desktop.interface/clock-format",
            "org.gnome.desktop.wm.preferences/button-layout",
            "org.gnome.desktop.notifications.application:/org/gnome/desktop/notifications/application/x//enable",
            "org.gnome.shell/favorite-apps",
            "org.gnome.shell/enabled-extensions",
            "org.gnome.mutter/dynamic-workspaces",
            "org.gnome.desktop.privacy/remember-recent-files",
            "org.gnome.desktop.privacy/recent-files-max-age",
            "org.gnome.desktop.wm.keybindings/toggle-maximized",
            "org.gnome.desktop.wm.keybindings/switch-to-workspace-last",
            "org.gnome.desktop.input-sources/sources",
        ] {
            assert!(!is(key), "{key}");
        }
    }

    #[test]
    fn entries_of_lists_name_instances() {
        let paths = |list: &Instances, entry: &str| list.instance(entry).map(|name| name.to_string());
        assert_eq!(
            paths(&INSTANCES[0], "/org/gnome/a/custom0/").as_deref(),
            Some("org.gnome.settings-daemon.plugins.media-keys.custom-keybinding:/org/gnome/a/custom0/")
        );
        assert_eq!(
            paths(&INSTANCES[1], "Utilities").as_deref(),
            Some("org.gnome.desktop.app-folders.folder:/org/gnome/desktop/app-folders/folders/Utilities/")
        );
        assert_eq!(
            paths(&INSTANCES[4], "b1dc").as_deref(),
            Some("org.gnome.Terminal.Legacy.Profile:/org/gnome/terminal/legacy/profiles:/:b1dc/")
        );
        assert_eq!(paths(&INSTANCES[0], "no-path"), None);
        assert_eq!(paths(&INSTANCES[1], ""), None);
    }
}
