// SPDX-License-Identifier: GPL-3.0-or-later
//! From decisions to a plan.
//!
//! Invariant: every decision becomes steps or a named deferral; nothing asked for is dropped in silence.

use std::collections::BTreeMap;

use crate::compare::{Change, Comparison, Decision, Effect};
use crate::deployment::HostKind;
use crate::item::{Domain, ItemId};
use crate::manifest::Manifest;
use crate::name::NameError;
use crate::setup::Setup;
use crate::value::{UnitState, Value};

use super::precondition::Preconditions;
use super::step::{Action, Step};
use super::{Deferral, Deferred, Plan};

/// What was decided about which change.
pub type Decisions = BTreeMap<ItemId, Decision>;

/// Why no plan could be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// An item that is no change now.
    #[error("{0} does not differ from the setup")]
    NoChange(ItemId),
    /// A name on the computer that no tool would accept.
    #[error("{item}: {source}")]
    Name {
        /// Which item.
        item: ItemId,
        /// What is wrong with it.
        source: NameError,
    },
    /// More than one plan holds.
    #[error("this is {steps} steps and one plan holds {most}: choose fewer items at a time, for example one kind")]
    TooMany {
        /// How many were asked for.
        steps: usize,
        /// How many there may be.
        most: usize,
    },
    /// Few steps, but long ones.
    #[error("this is too much for one plan: choose fewer items at a time, for example one kind")]
    TooLarge,
    /// The plan would be refused by the helper.
    #[error("this cannot be planned: {0}")]
    Plan(#[from] super::PlanError),
    /// The setup's files cannot be looked at.
    #[error("the setup cannot be read: {0}")]
    Setup(#[from] std::io::Error),
}

/// Makes the plan of some decisions; [`Decision::Ignore`] is not a step and is left out.
///
/// # Errors
/// A decision is about an item that does not differ, or about one whose name is not valid, or they are too many.
pub fn build(comparison: &Comparison, setup: &Setup, decisions: &Decisions) -> Result<Plan, BuildError> {
    let mut steps = Vec::new();
    let mut deferred = Vec::new();
    let changes = comparison.by_id();
    for (id, decision) in decisions {
        let change = *changes.get(id).ok_or_else(|| BuildError::NoChange(id.clone()))?;
        match decision {
            Decision::Ignore => {}
            Decision::Capture if !Manifest::of(id.domain).can_hold(id) => {
                deferred.push(Deferred { item: id.clone(), why: Deferral::HeldOnce });
            }
            Decision::Capture => {
                let step = Step::capture(id.clone(), captured(change).as_ref(), change.origin);
                steps.push(step.from(change.setup.as_ref()));
            }
            Decision::Apply => match apply(change, comparison.system.kind) {
                Ok(actions) => {
                    for action in actions.map_err(|source| BuildError::Name { item: id.clone(), source })? {
                        let effect = action.effect();
                        let step = Step::apply(id.clone(), action, effect, change.origin);
                        steps.push(step.from(change.computer.as_ref()));
                    }
                }
                Err(why) => deferred.push(Deferred { item: id.clone(), why }),
            },
        }
    }
    let most = super::MAX_STEPS;
    if let Some(steps) = [steps.len(), deferred.len()].into_iter().find(|count| *count > most) {
        return Err(BuildError::TooMany { steps, most });
    }
    let preconditions = Preconditions::of(comparison, setup, &steps)?;
    let plan = Plan::new(preconditions, steps, deferred);
    if plan.to_bytes().len() > super::MAX_BYTES {
        return Err(BuildError::TooLarge);
    }
    // What the helper would refuse is refused before the person's steps have run.
    plan.check()?;
    Ok(plan)
}

/// What a capture writes: the computer's value, without the details the setup left open.
fn captured(change: &Change) -> Option<Value> {
    match (&change.computer, &change.setup) {
        (Some(Value::Flatpak(here)), declared) => {
            let declared = match declared {
                Some(Value::Flatpak(declared)) => Some(declared),
                _ => None,
            };
            let mut source = here.clone();
            source.branch = source.branch.filter(|_| declared.is_some_and(|declared| declared.branch.is_some()));
            source.commit = declared.and_then(|declared| declared.commit.clone());
            Some(Value::Flatpak(source))
        }
        (value, _) => value.clone(),
    }
}

type Actions = Result<Vec<Action>, NameError>;

fn apply(change: &Change, kind: HostKind) -> Result<Actions, Deferral> {
    if change.fixed.is_some() {
        return Err(Deferral::Fixed);
    }
    let key = change.id.key.as_str();
    let one = |action: Result<Action, NameError>| Ok(action.map(|action| vec![action]));
    match (change.id.domain, &change.setup) {
        (Domain::Pkg, wanted) => match (change.effect, wanted) {
            (Effect::Image, _) => Err(Deferral::NextImage),
            (Effect::Restart, _) if kind == HostKind::Image || kind == HostKind::ImageOnly => {
                Err(Deferral::EndsAtRestart)
            }
            (Effect::Restart, _) => Err(Deferral::Fixed),
            (_, Some(_)) => one(key.parse().map(|name| Action::InstallPackage { name })),
            (_, None) => one(key.parse().map(|name| Action::RemovePackage { name })),
        },
        (Domain::Karg, Some(_)) => one(key.parse().map(|argument| Action::AddKernelArgument { argument })),
        (Domain::Karg, None) => one(key.parse().map(|argument| Action::RemoveKernelArgument { argument })),
        (Domain::Unit, Some(Value::Unit(state))) => {
            one(key.parse().map(|unit| Action::SetUnit { unit, state: *state }))
        }
        // A unit the setup does not mention goes back to what it was before someone touched it.
        (Domain::Unit, _) if change.computer == Some(Value::Unit(UnitState::Masked)) => {
            one(key.parse().map(|unit| Action::UnmaskUnit { unit }))
        }
        (Domain::Unit, _) => one(key.parse().map(|unit| Action::SetUnit { unit, state: UnitState::Disabled })),
        (Domain::Gsetting, Some(Value::Setting(value))) => {
            one(key.parse().map(|key| Action::SetSetting { key, value: value.clone() }))
        }
        (Domain::Gsetting, _) => Err(Deferral::Fixed),
        (Domain::Flatpak, wanted) => Ok(flatpak(key, wanted.as_ref(), change.computer.as_ref())),
    }
}

fn flatpak(key: &str, wanted: Option<&Value>, here: Option<&Value>) -> Actions {
    let id: crate::name::FlatpakId = crate::domain::flatpak::id_of(key).parse()?;
    let source = |value: Option<&Value>| match value {
        Some(Value::Flatpak(source)) => Some(source.clone()),
        _ => None,
    };
    let mut actions = Vec::new();
    let (wanted, here) = (source(wanted), source(here));
    // Another remote for the same branch and scope is one reinstallation; anything else leaves the old one to remove.
    let stays = wanted.as_ref().zip(here.as_ref()).is_some_and(|(wanted, here)| {
        wanted.scope == here.scope && (wanted.branch.is_none() || wanted.branch == here.branch)
    });
    if let Some(source) = wanted {
        actions.push(Action::InstallFlatpak { id: id.clone(), source });
    }
    if let Some(old) = here.filter(|_| !stays) {
        actions.push(Action::RemoveFlatpak { id, scope: old.scope, branch: old.branch });
    }
    Ok(actions)
}
