// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person reads of updaters.
//!
//! Invariant: a warning says what is so in one sentence, and at most one next step.

use super::{Stopped, Updater};
use crate::i18n::{fill, gettext, ngettext};

impl Updater {
    /// The name people know it by.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Bootc => gettext("bootc’s timer"),
            Self::GnomeSoftware => "GNOME Software".to_owned(),
            Self::Uupd | Self::RpmOstreed | Self::DnfAutomatic => self.id().to_owned(),
        }
    }
}

impl Stopped {
    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> String {
        let count = |days: i64, one: &str, many: &str| {
            let words = ngettext(one, many, u32::try_from(days).unwrap_or(u32::MAX));
            fill(&words, &[("days", &days.to_string())])
        };
        match self {
            Self::Layered => gettext("bootc cannot update this system while packages are layered"),
            Self::NotRunning { unit } => fill(&gettext("{unit} is enabled but does not run"), &[("unit", unit)]),
            Self::Failed { by, days: 0, .. } => {
                fill(&gettext("the last update by {updater} failed today"), &[("updater", &by.name())])
            }
            Self::Failed { by, days, .. } => {
                let words = count(
                    *days,
                    "the last update by {updater} failed {days} day ago",
                    "the last update by {updater} failed {days} days ago",
                );
                fill(&words, &[("updater", &by.name())])
            }
            Self::Late { by, days } => {
                let words =
                    count(*days, "{updater} last succeeded {days} day ago", "{updater} last succeeded {days} days ago");
                fill(&words, &[("updater", &by.name())])
            }
            Self::Disabled { by, .. } => fill(
                &gettext("{updater} updated this system before, but is turned off now"),
                &[("updater", &by.name())],
            ),
            Self::OldImage { days } => count(
                *days,
                "this system was built {days} day ago, and no newer one came",
                "this system was built {days} days ago, and no newer one came",
            ),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Layered => gettext("Move the packages into the setup, then ‘bkt admin bootc reset’ and restart"),
            Self::NotRunning { unit } => format!("sudo systemctl start {unit}"),
            Self::Failed { unit, .. } => format!("journalctl -u {unit} -n 50"),
            Self::Late { by, .. } => match by.units().first() {
                Some(unit) => format!("systemctl status {unit}.timer"),
                None => gettext("Open Software and look for updates"),
            },
            Self::Disabled { unit, .. } => format!("sudo systemctl enable --now {unit}"),
            Self::OldImage { .. } => gettext("See whether the image is still built, and updates are looked for"),
        }
    }
}
