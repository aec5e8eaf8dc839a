// SPDX-License-Identifier: GPL-3.0-or-later
//! What is read about updaters: their units, their configuration, what the journal says of their runs.
//!
//! Invariant: two programs are run at most, whatever the number of updaters; what cannot be read is not known.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::Updater;
use crate::host::{Host, Invocation, SettingQuery, SettingReading};
use crate::keyfile::Keyfile;

/// `systemd.journal-fields(7)`: a unit ended well, and a unit ended in failure.
const ENDED_WELL: &str = "7ad2d189f7e94e70a38c781354912448";
const ENDED_BADLY: &str = "d9b373ed55a64feb8242e02dbe79a49c";

/// When an updater last did something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Runs {
    pub(super) check: Option<Timestamp>,
    pub(super) success: Option<Timestamp>,
    pub(super) failure: Option<Timestamp>,
}

/// What systemd says of one unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Unit {
    installed: bool,
    enabled: bool,
    active: bool,
    failed: bool,
    triggered: Option<Timestamp>,
    ended: Option<Timestamp>,
}

/// What is known of the updaters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    units: BTreeMap<String, Unit>,
    journal: BTreeMap<String, Runs>,
    policy: Option<String>,
    dnf_applies: bool,
    software: Option<Software>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Software {
    automatic: bool,
    checked: Option<Timestamp>,
    installed: Option<Timestamp>,
}

impl Facts {
    /// Reads them; `None` where the running system is not the computer's.
    #[must_use]
    pub fn read(host: &dyn Host) -> Option<Self> {
        let is_there = |path: &str| host.read(&host.at(path)).is_ok_and(|text| text.is_some());
        if host.root().is_some()
            || ["/run/.containerenv", "/run/.toolboxenv", "/.flatpak-info"].map(is_there).contains(&true)
        {
            return None;
        }
        let run = |invocation: &Invocation| host.run(invocation).map(|output| output.stdout).unwrap_or_default();
        let (units, journal) = std::thread::scope(|scope| {
            let journal = scope.spawn(|| run(&journal_query()));
            (run(&units_query()), journal.join().unwrap_or_default())
        });
        let file = |path: &str| Keyfile::parse(&host.read(&host.at(path)).ok().flatten().unwrap_or_default());
        let applies = file("/etc/dnf/automatic.conf");
        Some(Self {
            units: parse_units(&units),
            journal: parse_journal(&journal),
            policy: file("/etc/rpm-ostreed.conf").get("Daemon", "AutomaticUpdatePolicy").map(str::to_owned),
            dnf_applies: applies
                .get("commands", "apply_updates")
                .is_some_and(|value| ["yes", "true", "1", "on"].contains(&value.to_ascii_lowercase().as_str())),
            software: software(host),
        })
    }

    /// The unit an updater runs as: the one that is on, else one that is installed.
    pub(super) fn unit(&self, updater: Updater) -> Option<&'static str> {
        let timer = |name: &&&str| self.units.get(&format!("{name}.timer"));
        let mut names = updater.units().iter();
        let on = names.clone().find(|name| timer(name).is_some_and(Unit::is_on));
        on.or_else(|| names.find(|name| timer(name).is_some_and(|unit| unit.installed))).copied()
    }

    fn timer(&self, updater: Updater) -> Option<&Unit> {
        self.units.get(&format!("{}.timer", self.unit(updater)?))
    }

    /// Whether an updater's timer is on, and is set to update rather than only to look.
    pub(super) fn is_on(&self, updater: Updater) -> bool {
        let applies = match updater {
            Updater::RpmOstreed => matches!(self.policy.as_deref(), Some("stage" | "apply" | "ex-stage")),
            Updater::DnfAutomatic => self.dnf_applies || self.unit(updater) == Some("dnf-automatic-install"),
            _ => true,
        };
        applies && self.timer(updater).is_some_and(Unit::is_on)
    }

    /// Whether its timer is enabled but will not go off.
    pub(super) fn is_idle(&self, updater: Updater) -> bool {
        self.timer(updater).is_some_and(|unit| !unit.active)
    }

    /// Whether GNOME Software downloads and installs updates by itself.
    pub(super) fn software_updates(&self) -> bool {
        self.software.is_some_and(|software| software.automatic)
    }

    /// When an updater last did something.
    pub(super) fn runs(&self, updater: Updater) -> Runs {
        if updater == Updater::GnomeSoftware {
            let software = self.software.unwrap_or_default();
            // It looks and downloads in one go, and tells nothing of its failures.
            return Runs { check: software.checked, success: software.checked.max(software.installed), failure: None };
        }
        updater.units().iter().fold(Runs::default(), |runs, name| {
            let service = self.units.get(&format!("{name}.service")).cloned().unwrap_or_default();
            let logged = self.journal.get(&format!("{name}.service")).copied().unwrap_or_default();
            let timer = self.units.get(&format!("{name}.timer"));
            Runs {
                check: runs.check.max(timer.and_then(|timer| timer.triggered)),
                success: runs.success.max(logged.success).max(service.ended.filter(|_| !service.failed)),
                failure: runs.failure.max(logged.failure).max(service.ended.filter(|_| service.failed)),
            }
        })
    }
}

impl Unit {
    const fn is_on(&self) -> bool {
        self.installed && (self.enabled || self.active)
    }
}

fn units_query() -> Invocation {
    let properties = "Id,LoadState,UnitFileState,ActiveState,Result,LastTriggerUSec,ExecMainExitTimestamp";
    let mut query = Invocation::new("systemctl", ["show", "--timestamp=unix", "--property", properties]);
    for name in Updater::TIMED.iter().flat_map(|updater| updater.units()) {
        query = query.arg(format!("{name}.timer")).arg(format!("{name}.service"));
    }
    query
}

/// Reads `systemctl show --timestamp=unix`: blocks of `Key=Value`, one block a unit.
fn parse_units(text: &str) -> BTreeMap<String, Unit> {
    let block = |block: &str| {
        let value = |key: &str| block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        let time = |key: &str| {
            let seconds = value(key)?.strip_prefix('@')?.split('.').next()?.parse().ok()?;
            Timestamp::from_second(seconds).ok().filter(|_| seconds > 0)
        };
        let unit = Unit {
            installed: matches!(value("LoadState"), Some("loaded" | "masked")),
            enabled: matches!(value("UnitFileState"), Some("enabled" | "enabled-runtime")),
            active: matches!(value("ActiveState"), Some("active" | "activating" | "reloading")),
            failed: value("Result").is_some_and(|result| result != "success"),
            triggered: time("LastTriggerUSec"),
            ended: time("ExecMainExitTimestamp"),
        };
        Some((value("Id")?.to_owned(), unit))
    };
    text.split("\n\n").filter_map(block).collect()
}

fn journal_query() -> Invocation {
    let mut query = Invocation::new(
        "journalctl",
        ["--quiet", "--no-pager", "--output=json", "--output-fields=MESSAGE_ID,UNIT", "--reverse", "--lines=50"],
    );
    query = query.arg(format!("MESSAGE_ID={ENDED_WELL}")).arg(format!("MESSAGE_ID={ENDED_BADLY}"));
    for name in Updater::TIMED.iter().flat_map(|updater| updater.units()) {
        query = query.arg(format!("UNIT={name}.service"));
    }
    query
}

#[derive(Debug, Deserialize)]
struct Logged {
    #[serde(rename = "UNIT")]
    unit: String,
    #[serde(rename = "MESSAGE_ID")]
    message: String,
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    microseconds: String,
}

/// Reads `journalctl --output=json`: one object a line.
fn parse_journal(text: &str) -> BTreeMap<String, Runs> {
    let mut all: BTreeMap<String, Runs> = BTreeMap::new();
    for entry in text.lines().filter_map(|line| serde_json::from_str::<Logged>(line).ok()) {
        let time = entry.microseconds.parse().ok().and_then(|time| Timestamp::from_microsecond(time).ok());
        let runs = all.entry(entry.unit).or_default();
        match entry.message.as_str() {
            ENDED_WELL => runs.success = runs.success.max(time),
            ENDED_BADLY => runs.failure = runs.failure.max(time),
            _ => {}
        }
    }
    all
}

fn software(host: &dyn Host) -> Option<Software> {
    let keys = ["download-updates", "check-timestamp", "install-timestamp"];
    let query =
        |key: &str| Some(SettingQuery { key: format!("org.gnome.software/{key}").parse().ok()?, declared: None });
    let queries = keys.into_iter().map(query).collect::<Option<Vec<_>>>()?;
    let readings = host.settings().read(&queries).ok()?;
    let value = |index: usize| match readings.get(index) {
        Some(SettingReading::Read { current, .. }) => Some(current.as_str()),
        _ => None,
    };
    let time = |index: usize| {
        let seconds = value(index)?.rsplit(' ').next()?.parse().ok()?;
        Timestamp::from_second(seconds).ok().filter(|_| seconds > 0)
    };
    Some(Software { automatic: value(0)? == "true", checked: time(1), installed: time(2) })
}
