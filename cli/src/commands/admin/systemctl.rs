// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt admin systemctl`: what services do now, and whether they start by themselves.
//!
//! Invariant: looking needs no permission; everything else is a plan that the helper carries out.

use std::collections::BTreeMap;

use bkt_core::compare::{Effect, Origin};
use bkt_core::deployment::System;
use bkt_core::document;
use bkt_core::domain::unit::run::{Status, active, status};
use bkt_core::domain::unit::states;
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::name::UnitName;
use bkt_core::plan::step::ALL_UNITS;
use bkt_core::plan::{Action, Plan, Preconditions, Step, Wish, Wishes};
use bkt_core::run::Operation;
use bkt_core::session::Session;
use bkt_core::setup::Setup;
use bkt_core::value::{UnitState, Value};
use serde_json::json;

use super::super::run::{self, Together};
use super::{impossible, spare, systemd, units};
use crate::args::{SystemctlCommand, UnitsArgs};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::ui::{BAD, BOLD, DIM, GOOD, padded, styled, widest};

pub(super) fn systemctl(context: &Context, command: &SystemctlCommand) -> Result<Answer, Failure> {
    let (args, state) = match command {
        SystemctlCommand::Status(args) => return show(context, &args.names),
        SystemctlCommand::Start(args) => return operate(context, &args.names, Operation::Start),
        SystemctlCommand::Stop(args) => return operate(context, &args.names, Operation::Stop),
        SystemctlCommand::Restart(args) => return operate(context, &args.names, Operation::Restart),
        SystemctlCommand::DaemonReload => return reload(context),
        SystemctlCommand::Enable(args) => (args, Some(UnitState::Enabled)),
        SystemctlCommand::Disable(args) => (args, Some(UnitState::Disabled)),
        SystemctlCommand::Mask(args) => (args, Some(UnitState::Masked)),
        SystemctlCommand::Unmask(args) => (args, None),
    };
    set(context, args, state)
}

fn item(unit: &UnitName) -> ItemId {
    ItemId::new(Domain::Unit, unit.as_str())
}

/// `status`: what systemd says, and what the setup says.
fn show(context: &Context, names: &[String]) -> Result<Answer, Failure> {
    let units = units(names)?;
    let session = context.session_without_setup()?;
    let found = look(&session, &units)?;
    let setup = Setup::load(&session.setup).ok();
    let said = |unit: &UnitName| systemd::in_setup(setup.as_ref()?, unit);
    let (mut text, mut told) = (String::new(), Vec::new());
    for (unit, status) in units.iter().zip(&found) {
        let said = said(unit);
        text.push_str(&card(status, said.as_deref()));
        let mut document = json!(status);
        document["setup"] = json!(said);
        told.push(document);
    }
    Ok(Answer::new(text, json!({"format": "bkt.unit-status", "format_version": "1.0", "units": told})))
}

fn card(status: &Status, said: Option<&str>) -> String {
    let style = match status.active.as_str() {
        "active" => GOOD,
        "failed" => BAD,
        _ => DIM,
    };
    let mut rows = vec![(gettext("Runs"), format!("{} ({})", status.active, status.sub))];
    if let Some(result) = &status.result {
        rows.push((gettext("Ended"), result.clone()));
    }
    let preset = status.preset.as_ref().map(|preset| fill(&gettext("preset {preset}"), &[("preset", preset)]));
    if let Some(state) = &status.state {
        let preset = preset.map(|preset| format!("   {}", styled(DIM, &preset))).unwrap_or_default();
        rows.push((gettext("State"), format!("{state}{preset}")));
    }
    rows.push((gettext("Setup"), said.map_or_else(|| gettext("says nothing"), str::to_owned)));
    rows.push((gettext("File"), status.file.clone().unwrap_or_else(|| status.load.clone())));
    if status.is_outdated {
        rows.push((gettext("Changed"), gettext("its file changed since systemd read it")));
    }
    let wide = widest(rows.iter().map(|(label, _)| label));
    let description = status.description.as_ref().filter(|text| **text != status.id);
    let description = description.map(|text| format!("  {text}")).unwrap_or_default();
    let mut text = format!("{style}●{style:#} {}{description}\n", styled(BOLD, &status.id));
    for (label, value) in rows {
        text.push_str(&format!("    {}  {value}\n", padded(&label, wide)));
    }
    text
}

/// What units do now; each must be there.
fn look(session: &Session, units: &[UnitName]) -> Result<Vec<Status>, Failure> {
    let found = status(session.host.as_ref(), &units.iter().collect::<Vec<_>>()).map_err(impossible)?;
    match units.iter().zip(&found).find(|(_, status)| !status.exists()) {
        None => Ok(found),
        Some((unit, _)) => {
            let message = fill(&gettext("there is no unit {unit} here"), &[("unit", unit.as_str())]);
            Err(Failure::new(exit::USAGE, "unknown_item", message))
        }
    }
}

/// The step that does something with a unit, where it is not so already.
fn step(unit: &UnitName, status: &Status, operation: Operation) -> Result<Option<Step>, Failure> {
    if status.load == "masked" && operation != Operation::Stop {
        let message = fill(&gettext("{unit} is masked and cannot be started"), &[("unit", unit.as_str())]);
        let hint = fill(&gettext("Unmask it first: bkt admin systemctl unmask {unit}"), &[("unit", unit.as_str())]);
        return Err(Failure::new(exit::NOT_POSSIBLE, "unit_masked", message).hinted(hint));
    }
    let unit = unit.clone();
    let id = item(&unit);
    let action = match operation {
        Operation::Start if status.is_active() => return Ok(None),
        Operation::Stop if !status.is_active() => return Ok(None),
        Operation::Start => Action::StartUnit { unit },
        Operation::Stop => Action::StopUnit { unit },
        Operation::Restart => Action::RestartUnit { unit },
    };
    Ok(Some(Step::apply(id, action, Effect::Now, Origin::SetupChanged)))
}

/// `start`, `stop`, `restart`.
fn operate(context: &Context, names: &[String], operation: Operation) -> Result<Answer, Failure> {
    let units = units(names)?;
    if operation != Operation::Start {
        spare(&units)?;
    }
    let session = context.session_without_setup()?;
    let found = look(&session, &units)?;
    let mut steps = Vec::new();
    for (unit, status) in units.iter().zip(&found) {
        steps.extend(step(unit, status, operation)?);
    }
    let running = units.iter().cloned().zip(found.iter().map(Status::is_active)).collect();
    run_now(context, &session, steps, running)
}

/// `daemon-reload`.
fn reload(context: &Context) -> Result<Answer, Failure> {
    let session = context.session_without_setup()?;
    let id = ItemId::new(Domain::Unit, ALL_UNITS);
    let step = Step::apply(id, Action::ReloadUnits {}, Effect::Now, Origin::SetupChanged);
    run_now(context, &session, vec![step], BTreeMap::new())
}

fn run_now(
    context: &Context,
    session: &Session,
    steps: Vec<Step>,
    running: BTreeMap<UnitName, bool>,
) -> Result<Answer, Failure> {
    let deployment = System::probe(session.host.as_ref()).deployment_id().to_owned();
    let plan = Plan::new(Preconditions { deployment, running, ..Preconditions::default() }, steps, Vec::new());
    if plan.is_empty() {
        return Ok(Answer::new(gettext("Nothing to do: it is so already."), document::plan(&plan)));
    }
    plan.check()?;
    run::fulfil(context, session, plan, Together::Ask)
}

/// `enable`, `disable`, `mask`, and without a state `unmask`.
fn set(context: &Context, args: &UnitsArgs, state: Option<UnitState>) -> Result<Answer, Failure> {
    let units = units(&args.sides.names)?;
    if matches!(state, Some(UnitState::Disabled | UnitState::Masked)) {
        spare(&units)?;
    }
    let session = context.session()?;
    let setup = Setup::load(&session.setup).map_err(bkt_core::session::SessionError::from)?;
    let here = states(session.host.as_ref(), units.iter()).map_err(impossible)?;
    let masked = Value::Unit(UnitState::Masked);
    let mut wishes = Wishes::new();
    for unit in &units {
        let item = item(unit);
        let declared = setup.declared(Domain::Unit).ok().and_then(|declared| declared.get(&item.key));
        // Unmasking takes back a mask and nothing else.
        let (said_so, is_so) = match state {
            Some(_) => (true, true),
            None => (
                declared.is_some_and(|said| said.value.as_ref() == Some(&masked)),
                here.get(unit) == Some(&UnitState::Masked),
            ),
        };
        let wanted = state.map(Value::Unit);
        let wish = Wish {
            setup: (said_so && !args.sides.here_only).then(|| wanted.clone()),
            computer: (is_so && !(args.sides.setup_only || context.globals.pr_only)).then_some(wanted),
            live: true,
            ..Wish::default()
        };
        wishes.insert(item, wish);
    }
    let (_, plan) = session.wish(&wishes)?;
    let plan = if args.now { with_operation(&session, plan, &units, state)? } else { plan };
    if plan.is_empty() && plan.deferred.is_empty() {
        return Ok(Answer::new(gettext("Nothing to do: it is so already."), document::plan(&plan)));
    }
    plan.check()?;
    let how = match (args.sides.here_only, (args.sides.setup_only || context.globals.pr_only) && plan.steps.len() == 1)
    {
        (true, _) => Together::Here,
        (false, true) => Together::Do,
        (false, false) => Together::Ask,
    };
    run::fulfil(context, &session, plan, how)
}

/// The plan with what `--now` adds, as systemctl(1) has it: enabled units start, disabled and masked ones stop.
fn with_operation(
    session: &Session,
    plan: Plan,
    units: &[UnitName],
    state: Option<UnitState>,
) -> Result<Plan, Failure> {
    let operation = match state {
        None => return Ok(plan),
        Some(UnitState::Enabled) => Operation::Start,
        Some(UnitState::Disabled | UnitState::Masked) => Operation::Stop,
    };
    let Plan { mut preconditions, mut steps, deferred, .. } = plan;
    let found = look(session, units)?;
    for (unit, status) in units.iter().zip(&found) {
        // Enabling unmasks before it starts.
        let status = Status { load: "loaded".to_owned(), ..status.clone() };
        steps.extend(step(unit, &status, operation)?);
    }
    preconditions.running = active(session.host.as_ref(), units).map_err(impossible)?;
    Ok(Plan::new(preconditions, steps, deferred))
}

#[cfg(test)]
mod tests;
