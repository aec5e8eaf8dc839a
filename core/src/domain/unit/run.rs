// SPDX-License-Identifier: GPL-3.0-or-later
//! What units do now, as `systemctl show` tells; the running system alone knows it.
//!
//! Invariant: all units that are asked about are read in one call, and nothing is asked for that needs privileges.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::host::{Host, Invocation};
use crate::i18n::{fill, gettext};
use crate::name::UnitName;
use crate::problem::Problem;

const PROPERTIES: &str = "--property=Id,Description,LoadState,ActiveState,SubState,UnitFileState,UnitFilePreset,\
                          FragmentPath,NeedDaemonReload,Result";

/// One unit now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Its own name, which another name may lead to.
    pub id: String,
    /// What it says it is.
    pub description: Option<String>,
    /// `loaded`, `masked`, `not-found`, `bad-setting`, `error`.
    pub load: String,
    /// `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`, `maintenance`.
    pub active: String,
    /// The finer word of its kind: `running`, `dead`, `exited`.
    pub sub: String,
    /// The state of its file, where it has one.
    pub state: Option<String>,
    /// What the presets would make of it.
    pub preset: Option<String>,
    /// Its file.
    pub file: Option<String>,
    /// Whether its file changed since systemd read it.
    pub is_outdated: bool,
    /// How it ended last, where that was no success.
    pub result: Option<String>,
}

impl Status {
    /// Whether it runs, or is about to.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.active.as_str(), "active" | "activating" | "reloading" | "refreshing")
    }

    /// Whether there is such a unit.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.load != "not-found"
    }
}

/// Reads the blocks `systemctl show` prints, one per unit in the order they were asked for.
fn parse(text: &str) -> Vec<Status> {
    let block = |block: &str| {
        let fields: BTreeMap<&str, &str> = block.lines().filter_map(|line| line.split_once('=')).collect();
        let text = |name: &str| fields.get(name).filter(|text| !text.is_empty()).map(|text| (*text).to_owned());
        let word = |name: &str| text(name).unwrap_or_default();
        Status {
            id: word("Id"),
            description: text("Description"),
            load: word("LoadState"),
            active: word("ActiveState"),
            sub: word("SubState"),
            state: text("UnitFileState"),
            preset: text("UnitFilePreset"),
            file: text("FragmentPath"),
            is_outdated: word("NeedDaemonReload") == "yes",
            result: text("Result").filter(|result| result != "success"),
        }
    };
    text.split("\n\n").filter(|text| !text.trim().is_empty()).map(block).collect()
}

/// What some units do now.
///
/// # Errors
/// This is no running system, or systemd cannot be asked.
pub fn status(host: &dyn Host, units: &[&UnitName]) -> Result<Vec<Status>, Problem> {
    if units.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(root) = host.root() {
        let message = format!("{} is not running: its units can only be enabled, disabled and masked", root.display());
        return Err(Problem::new("not_possible", message));
    }
    let query = Invocation::new("systemctl", ["show", "--no-pager", PROPERTIES, "--"]);
    let query = units.iter().fold(query, |query, unit| query.arg(unit.as_str()));
    let found = parse(&host.run(&query)?.success("systemctl")?);
    if found.len() != units.len() {
        let message = format!("systemctl show told of {} units instead of {}", found.len(), units.len());
        return Err(Problem::new("unexpected_output", message));
    }
    Ok(found)
}

/// Whether some units run now.
///
/// # Errors
/// As [`status`].
pub fn active<'u>(
    host: &dyn Host,
    units: impl IntoIterator<Item = &'u UnitName>,
) -> Result<BTreeMap<UnitName, bool>, Problem> {
    let units: Vec<&UnitName> = units.into_iter().collect();
    let found = status(host, &units)?;
    Ok(units.into_iter().cloned().zip(found.iter().map(Status::is_active)).collect())
}

/// Whether a unit that was started a moment ago is so. One that has done its work and ended was started, too; one that
/// failed was not, nor one that systemd only waits to try again (`SubState=auto-restart`, systemd.service(5)): its start
/// job ended well as soon as its program was begun.
///
/// # Errors
/// As [`status`], and where it was not: how it ended.
pub fn was_started(host: &dyn Host, unit: &UnitName) -> Result<bool, Problem> {
    let told = status(host, &[unit])?;
    let Some(now) = told.first() else { return Ok(false) };
    if now.active != "failed" && !now.sub.starts_with("auto-restart") {
        return Ok(true);
    }
    let how = now.result.as_deref().unwrap_or("failed");
    let message =
        fill(&gettext("{unit} was started and ended at once ({how})"), &[("unit", unit.as_str()), ("how", how)]);
    Err(Problem::new("unit_job_failed", message).hinted(format!("See why: journalctl -b -u {unit}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;

    /// Recorded from systemd 257.
    const SHOWN: &str = "Id=tuned.service\nDescription=Dynamic System Tuning Daemon\nLoadState=loaded\n\
        ActiveState=failed\nSubState=failed\nFragmentPath=/usr/lib/systemd/system/tuned.service\n\
        UnitFileState=enabled\nUnitFilePreset=disabled\nNeedDaemonReload=no\nResult=exit-code\n\n\
        Id=nosuch.service\nDescription=nosuch.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n\
        FragmentPath=\nUnitFileState=\nUnitFilePreset=\nNeedDaemonReload=no\nResult=success\n";

    #[test]
    fn units_are_told_in_the_order_they_were_asked_for() {
        let call = format!("systemctl show --no-pager {PROPERTIES} -- tuned.service nosuch.service");
        let host = RecordingHost::default().prints(&call, SHOWN);
        let units: Vec<UnitName> = ["tuned.service", "nosuch.service"].map(|name| name.parse().unwrap()).into();
        let found = status(&host, &units.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!((found[0].result.as_deref(), found[0].exists()), (Some("exit-code"), true));
        assert_eq!((found[1].state.as_deref(), found[1].exists()), (None, false));
        assert!(active(&host, &units).unwrap().values().all(|active| !active));
    }

    #[test]
    fn what_ends_at_once_and_is_tried_again_was_not_started() {
        let unit: UnitName = "restless.service".parse().unwrap();
        let now = |active: &str, sub: &str, result: &str| {
            let call = format!("systemctl show --no-pager {PROPERTIES} -- {unit}");
            let told = format!("Id={unit}\nLoadState=loaded\nActiveState={active}\nSubState={sub}\nResult={result}\n");
            was_started(&RecordingHost::default().prints(&call, &told), &unit).map_err(|problem| problem.message)
        };
        assert_eq!(now("active", "running", "success"), Ok(true));
        assert_eq!(now("activating", "start-pre", "success"), Ok(true));
        assert_eq!(now("inactive", "dead", "success"), Ok(true));
        let ended = Err("restless.service was started and ended at once (exit-code)".to_owned());
        assert_eq!(now("failed", "failed", "exit-code"), ended);
        assert_eq!(now("activating", "auto-restart", "exit-code"), ended);
        assert_eq!(now("activating", "auto-restart-queued", "exit-code"), ended);
    }
}
