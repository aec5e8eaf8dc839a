// SPDX-License-Identifier: GPL-3.0-or-later
//! What makes new states of units true at once, as the next start would: what is turned on is started, and what is
//! turned off or masked is stopped.
//!
//! Invariant: nothing is started that the next start would not start, such as what belongs to a suspend or a shutdown,
//! and nothing is stopped that keeps the computer usable.

use std::collections::BTreeSet;

use super::run::status;
use crate::compare::Effect;
use crate::host::Host;
use crate::name::UnitName;
use crate::plan::{Action, Plan, Step};
use crate::problem::Problem;
use crate::value::UnitState;

/// Where unit files are, what counts more first.
const PLACES: [&str; 4] =
    ["/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system"];

/// A plan with what its new states of units take to be true at once.
///
/// # Errors
/// This is no running system, or systemd cannot be asked.
pub fn at_once(host: &dyn Host, plan: Plan) -> Result<Plan, Problem> {
    let changed: Vec<(UnitName, UnitState, Step)> = plan
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::SetUnit { unit, state } => Some((unit.clone(), *state, step.clone())),
            _ => None,
        })
        .collect();
    if changed.is_empty() {
        return Ok(plan);
    }
    let now = status(host, &changed.iter().map(|(unit, ..)| unit).collect::<Vec<_>>())?;
    let wanting: Vec<BTreeSet<UnitName>> = changed.iter().map(|(unit, ..)| wanted_by(host, unit)).collect();
    let all: Vec<&UnitName> = wanting.iter().flatten().collect::<BTreeSet<_>>().into_iter().collect();
    let there = status(host, &all)?;
    let is_reached = |name: &UnitName| all.iter().zip(&there).any(|(unit, told)| *unit == name && told.is_active());
    let Plan { mut preconditions, mut steps, deferred, .. } = plan;
    for (((unit, state, step), now), wanting) in changed.into_iter().zip(&now).zip(&wanting) {
        let action = match state {
            // One that is not there yet comes with a package of the same plan, and its file with it.
            UnitState::Enabled if !now.is_active() && (!now.exists() || wanting.iter().any(is_reached)) => {
                Action::StartUnit { unit: unit.clone() }
            }
            UnitState::Disabled | UnitState::Masked if now.is_active() && !unit.keeps_computer_usable() => {
                Action::StopUnit { unit: unit.clone() }
            }
            _ => continue,
        };
        preconditions.running.insert(unit, now.is_active());
        steps.push(Step::apply(step.item, action, Effect::Now, step.reason));
    }
    Ok(Plan::new(preconditions, steps, deferred))
}

/// What starts a unit once it is turned on: what the first file of it that has text names (systemd.unit(5)).
fn wanted_by(host: &dyn Host, unit: &UnitName) -> BTreeSet<UnitName> {
    let names = [Some(unit.as_str().to_owned()), super::files::template(unit.as_str())];
    let paths = PLACES.iter().flat_map(|place| names.iter().flatten().map(move |name| format!("{place}/{name}")));
    let mut texts = paths.filter_map(|path| host.read(&host.at(&path)).ok().flatten());
    texts.find(|text| !text.trim().is_empty()).map(|text| installed_by(&text)).unwrap_or_default()
}

fn installed_by(text: &str) -> BTreeSet<UnitName> {
    let mut section = "";
    let mut found = BTreeSet::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        }
        if section != "[Install]" {
            continue;
        }
        let Some((key, names)) = line.split_once('=') else { continue };
        if matches!(key.trim(), "WantedBy" | "RequiredBy" | "UpheldBy") {
            found.extend(names.split_whitespace().filter_map(|name| name.parse().ok()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Origin;
    use crate::host::recording::RecordingHost;
    use crate::item::{Domain, ItemId};
    use crate::plan::Preconditions;

    fn block(id: &str, load: &str, active: &str) -> String {
        format!("Id={id}\nLoadState={load}\nActiveState={active}\nSubState=x\n")
    }

    fn show(units: &[(&str, &str, &str)]) -> (String, String) {
        let names: Vec<&str> = units.iter().map(|(id, ..)| *id).collect();
        let query = format!(
            "systemctl show --no-pager --property=Id,Description,LoadState,ActiveState,SubState,UnitFileState,\
             UnitFilePreset,FragmentPath,NeedDaemonReload,Result -- {}",
            names.join(" ")
        );
        let said: Vec<String> = units.iter().map(|(id, load, active)| block(id, load, active)).collect();
        (query, said.join("\n"))
    }

    fn plan(wanted: &[(&str, UnitState)]) -> Plan {
        let steps = wanted.iter().map(|(unit, state)| {
            let action = Action::SetUnit { unit: unit.parse().unwrap(), state: *state };
            Step::apply(ItemId::new(Domain::Unit, *unit), action, Effect::Now, Origin::New)
        });
        Plan::new(Preconditions::default(), steps.collect(), Vec::new())
    }

    fn file(wanted_by: &str) -> String {
        format!("[Unit]\nWantedBy=no.target\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy = {wanted_by}\n")
    }

    #[test]
    fn what_the_next_start_would_start_is_started_and_what_is_turned_off_is_stopped() {
        let (units, said) = show(&[
            ("off.service", "loaded", "active"),
            ("a.service", "loaded", "inactive"),
            ("hook.service", "loaded", "inactive"),
            ("new.service", "not-found", "inactive"),
            ("runs.service", "loaded", "active"),
            ("t@x.service", "loaded", "inactive"),
            ("was-masked.service", "masked", "inactive"),
        ]);
        let (targets, reached) =
            show(&[("multi-user.target", "loaded", "active"), ("suspend.target", "loaded", "inactive")]);
        let host = RecordingHost::default()
            .prints(&units, &said)
            .prints(&targets, &reached)
            .file("/usr/lib/systemd/system/a.service", &file("multi-user.target"))
            .file("/usr/lib/systemd/system/hook.service", &file("suspend.target"))
            .file("/usr/lib/systemd/system/runs.service", &file("multi-user.target"))
            .file("/usr/lib/systemd/system/t@.service", &file("suspend.target multi-user.target"))
            .file("/etc/systemd/system/was-masked.service", "")
            .file("/usr/lib/systemd/system/was-masked.service", &file("multi-user.target"));
        let wanted = plan(&[
            ("a.service", UnitState::Enabled),
            ("hook.service", UnitState::Enabled),
            ("new.service", UnitState::Enabled),
            ("off.service", UnitState::Masked),
            ("runs.service", UnitState::Enabled),
            ("t@x.service", UnitState::Enabled),
            ("was-masked.service", UnitState::Enabled),
        ]);
        let live = at_once(&host, wanted).unwrap();
        let mut operations: Vec<String> = Vec::new();
        for step in &live.steps {
            match &step.action {
                Action::StartUnit { unit } => operations.push(format!("start {unit}")),
                Action::StopUnit { unit } => operations.push(format!("stop {unit}")),
                _ => {}
            }
        }
        operations.sort();
        let started = ["start a.service", "start new.service", "start t@x.service", "start was-masked.service"];
        assert_eq!(operations, [&started[..], &["stop off.service"]].concat());
        assert!(live.preconditions.running["off.service".parse::<UnitName>().as_ref().unwrap()]);
    }

    #[test]
    fn what_changes_no_unit_asks_nobody() {
        let host = RecordingHost::default();
        assert!(at_once(&host, plan(&[])).unwrap().is_empty());
        assert!(host.effects().is_empty());
    }
}
