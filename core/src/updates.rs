// SPDX-License-Identifier: GPL-3.0-or-later
//! Who keeps this system up to date, when that last worked, and whether it silently stopped.
//!
//! Bucket updates no system itself; it tells which of the updaters people have does, from their timers, their
//! configuration and the journal, all of it unprivileged. What is [read](Facts::read) is apart from what is
//! [decided](decide).
//!
//! Invariant: an updater that someone turned off on purpose is no warning; one that once worked and stopped is.

mod facts;
mod words;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

pub use facts::Facts;

use crate::deployment::{HostKind, System};
use crate::host::Host;

/// After how many days without a successful update something is wrong.
pub const LATE_DAYS: i64 = 14;

/// After how many days without a newer image something is wrong where the image is made.
pub const OLD_IMAGE_DAYS: i64 = 30;

/// A program that updates systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Updater {
    /// Universal Blue's uupd.
    Uupd,
    /// rpm-ostree's own timer.
    RpmOstreed,
    /// bootc's own timer, which also restarts the computer.
    Bootc,
    /// dnf-automatic, of dnf4 or dnf5.
    DnfAutomatic,
    /// GNOME Software, in the person's session.
    GnomeSoftware,
}

impl Updater {
    /// The stable word for it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Uupd => "uupd",
            Self::RpmOstreed => "rpm-ostreed-automatic",
            Self::Bootc => "bootc-fetch-apply-updates",
            Self::DnfAutomatic => "dnf-automatic",
            Self::GnomeSoftware => "gnome-software",
        }
    }

    /// The units it may run as, without `.timer` and `.service`.
    const fn units(self) -> &'static [&'static str] {
        match self {
            Self::Uupd => &["uupd"],
            Self::RpmOstreed => &["rpm-ostreed-automatic"],
            Self::Bootc => &["bootc-fetch-apply-updates"],
            Self::DnfAutomatic => &["dnf5-automatic", "dnf-automatic-install", "dnf-automatic"],
            Self::GnomeSoftware => &[],
        }
    }

    /// Those with a timer.
    const TIMED: [Self; 4] = [Self::Uupd, Self::RpmOstreed, Self::Bootc, Self::DnfAutomatic];

    /// Whether it can update a system of this kind.
    const fn fits(self, kind: HostKind) -> bool {
        match self {
            Self::Uupd | Self::Bootc => kind.is_image_based(),
            Self::RpmOstreed => matches!(kind, HostKind::Image | HostKind::Layered | HostKind::Ostree),
            Self::DnfAutomatic => matches!(kind, HostKind::Package),
            Self::GnomeSoftware => {
                matches!(kind, HostKind::Image | HostKind::Layered | HostKind::Ostree | HostKind::Package)
            }
        }
    }
}

impl Serialize for Updater {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// Why updates no longer come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Stopped {
    /// bootc refuses while packages are layered, and bootc's timer is what updates this system.
    Layered,
    /// Its timer is enabled and does not run.
    NotRunning {
        /// The timer.
        unit: String,
    },
    /// It failed since it last worked.
    Failed {
        /// Who.
        by: Updater,
        /// The service.
        unit: String,
        /// How many whole days ago.
        days: i64,
    },
    /// It has not worked for long.
    Late {
        /// Who.
        by: Updater,
        /// How many whole days ago it last did.
        days: i64,
    },
    /// It once worked, its timer is off now, and nobody took its place.
    Disabled {
        /// Who.
        by: Updater,
        /// The timer.
        unit: String,
    },
    /// However often someone looks, the newest system on this computer is old.
    OldImage {
        /// How many whole days ago it was built.
        days: i64,
    },
}

/// How this system is kept up to date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Updates {
    /// Who does it, if anyone.
    pub handled_by: Option<Updater>,
    /// Who does it too; two updaters get into each other's way.
    pub also: Vec<Updater>,
    /// When it last looked.
    pub last_check: Option<Timestamp>,
    /// When it last worked.
    pub last_success: Option<Timestamp>,
    /// When it last failed, if that was since.
    pub last_failure: Option<Timestamp>,
    /// How many whole days ago it last worked.
    pub stale_days: Option<i64>,
    /// Why updates no longer come, if that is so.
    pub stopped: Option<Stopped>,
}

/// Looks how the system is kept up to date; `None` where that cannot be seen: below a directory, in a container.
#[must_use]
pub fn look(host: &dyn Host, system: &System) -> Option<Updates> {
    Some(decide(&Facts::read(host)?, system, host.now()))
}

/// Who updates the system, and whether that stopped.
#[must_use]
pub fn decide(facts: &Facts, system: &System, now: Timestamp) -> Updates {
    let fits = |updater: &Updater| updater.fits(system.kind);
    let mut on = Updater::TIMED.into_iter().filter(fits).filter(|updater| facts.is_on(*updater));
    let software = || Some(Updater::GnomeSoftware).filter(fits).filter(|_| facts.software_updates());
    let handled_by = on.next().or_else(software);
    let also = on.collect();
    let Some(by) = handled_by else {
        let once = Updater::TIMED.into_iter().filter(fits).find(|updater| facts.runs(*updater).success.is_some());
        let disabled = once.and_then(|by| Some(Stopped::Disabled { by, unit: format!("{}.timer", facts.unit(by)?) }));
        let stopped = disabled.or_else(|| old_image(system, now));
        return Updates { stopped, ..Updates::default() };
    };
    let runs = facts.runs(by);
    let last_failure = runs.failure.filter(|failure| runs.success.is_none_or(|success| success < *failure));
    // Who may not read the journal still knows when the timer last went off.
    let known = runs.success.or(runs.check);
    let late = || Some(days(known?, now)).filter(|days| *days > LATE_DAYS).map(|days| Stopped::Late { by, days });
    let failed = || {
        let days = days(last_failure?, now);
        Some(Stopped::Failed { by, unit: format!("{}.service", facts.unit(by)?), days })
    };
    let not_running =
        || Some(Stopped::NotRunning { unit: format!("{}.timer", facts.unit(by).filter(|_| facts.is_idle(by))?) });
    let incompatible = system.booted.iter().chain(&system.staged).any(|deployment| deployment.incompatible);
    let layered = (by == Updater::Bootc && incompatible).then_some(Stopped::Layered);
    Updates {
        handled_by,
        also,
        last_check: runs.check,
        last_success: runs.success,
        last_failure,
        stale_days: runs.success.map(|success| days(success, now)),
        stopped: layered.or_else(not_running).or_else(failed).or_else(late).or_else(|| old_image(system, now)),
    }
}

fn days(since: Timestamp, now: Timestamp) -> i64 {
    (now.as_second() - since.as_second()).max(0) / (24 * 60 * 60)
}

fn old_image(system: &System, now: Timestamp) -> Option<Stopped> {
    let newest = system.booted.iter().chain(&system.staged).filter_map(|deployment| deployment.timestamp).max()?;
    let days = days(newest, now);
    (system.kind.is_image_based() && days > OLD_IMAGE_DAYS).then_some(Stopped::OldImage { days })
}

#[cfg(test)]
mod tests;
