// SPDX-License-Identifier: GPL-3.0-or-later
//! From decisions to a plan.
//!
//! Invariant: every decision becomes steps or a named deferral; nothing asked for is dropped in silence.

use std::collections::BTreeMap;

use crate::compare::{Change, Comparison, Decision, Effect, Origin};
use crate::domain;
use crate::item::{Domain, ItemId};
use crate::manifest::ManifestError;
use crate::name::NameError;
use crate::private;
use crate::problem::Problem;
use crate::setup::Setup;

use super::precondition::Preconditions;
use super::step::{Action, Step};
use super::{Deferral, Deferred, Plan};

/// Whether values that look private may be written to the setup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consent {
    /// They are left out, and named.
    #[default]
    Asked,
    /// The person said so.
    Given,
}

/// What a person said of a whole plan, beside the decisions in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// Whether values that look private may be written to the setup.
    pub private: Consent,
    /// Whether what would come or go with the next image is also to be so at once, until the next restart.
    pub live: bool,
}

impl From<Consent> for Terms {
    fn from(private: Consent) -> Self {
        Self { private, live: false }
    }
}

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
    /// An item that could not be compared.
    #[error("{item} cannot be changed: {problem}")]
    Unknown {
        /// Which item.
        item: ItemId,
        /// Why not.
        problem: Problem,
    },
    /// An item that this computer cannot change.
    #[error("{item} cannot be changed here: {reason}")]
    Fixed {
        /// Which item.
        item: ItemId,
        /// Why not.
        reason: String,
    },
    /// The manifest that is to be written is broken.
    #[error(transparent)]
    Manifest(ManifestError),
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
pub fn build(comparison: &Comparison, setup: &Setup, decisions: &Decisions, terms: Terms) -> Result<Plan, BuildError> {
    let Terms { private, live } = terms;
    let mut unlock = None;
    let mut steps = Vec::new();
    let mut deferred = Vec::new();
    let changes = comparison.by_id();
    for (id, decision) in decisions {
        let change = *changes.get(id).ok_or_else(|| BuildError::NoChange(id.clone()))?;
        match decision {
            Decision::Ignore => {}
            Decision::Capture if !can_be_written(change) => {
                deferred.push(Deferred { item: id.clone(), why: Deferral::NoPlace });
            }
            Decision::Capture => {
                let step = Step::capture(id.clone(), domain::kind(id.domain).captured(change).as_ref(), change.origin);
                let inside = comparison.seen(id);
                let looks = step
                    .to
                    .as_ref()
                    .is_some_and(|value| inside.is_some_and(|seen| seen.private) || private::look(id, value).is_some());
                if private == Consent::Asked && looks {
                    deferred.push(Deferred { item: id.clone(), why: Deferral::Private });
                } else {
                    steps.extend(everywhere(setup, step.from(change.setup.as_ref())));
                }
            }
            Decision::Apply if change.fixed.is_some() => {
                deferred.push(Deferred { item: id.clone(), why: Deferral::Fixed });
            }
            Decision::Apply => {
                let mut change = change.clone();
                if live {
                    at_once(&mut change, comparison, &mut unlock);
                }
                match domain::kind(id.domain).actions(&change, comparison.system.kind) {
                    Ok(actions) => {
                        for action in actions.map_err(|source| BuildError::Name { item: id.clone(), source })? {
                            let effect = action.effect();
                            let step = Step::apply(id.clone(), action, effect, change.origin);
                            steps.push(step.from_seen(change.computer.as_ref(), comparison.seen(id)));
                        }
                    }
                    Err(why) => deferred.push(Deferred { item: id.clone(), why }),
                }
            }
        }
    }
    steps.extend(unlock.map(unlocked));
    finish(comparison, setup, steps, deferred)
}

/// Makes a change of what belongs to the image take effect at once, until the next restart; what has to be unlocked for
/// that is asked for once, by the first such package.
pub(super) fn at_once(change: &mut Change, comparison: &Comparison, unlock: &mut Option<ItemId>) {
    if !matches!(change.id.domain, Domain::Pkg | Domain::Copr) || !comparison.system.kind.is_image_based() {
        return;
    }
    if change.id.domain == Domain::Pkg && !comparison.system.usr_overlay {
        unlock.get_or_insert_with(|| change.id.clone());
    }
    change.effect = Effect::Now;
}

/// The step before all that change a tree which is read-only.
pub(super) fn unlocked(item: ItemId) -> Step {
    Step::apply(item, Action::UnlockSystem {}, Effect::Now, Origin::SetupChanged)
}

/// A capture, in each manifest that declares its item; a new one goes where such items go as a rule.
fn everywhere(setup: &Setup, step: Step) -> Vec<Step> {
    match setup.manifests_of(&step.item).as_slice() {
        [] => vec![step],
        manifests => manifests.iter().map(|manifest| step.clone().into_manifest(*manifest)).collect(),
    }
}

/// Whether the setup has a place for what the computer has.
fn can_be_written(change: &Change) -> bool {
    let kind = domain::kind(change.id.domain);
    let value = kind.captured(change);
    // A tree has a place for every file, and none for one that is gone.
    if kind.manifest().tree().is_some() {
        return value.is_some() || change.setup.is_some() || change.computer.is_none();
    }
    kind.places(&change.id.key, value.as_ref()).is_some()
}

/// Puts steps into a plan, if one holds them.
pub(super) fn finish(
    comparison: &Comparison,
    setup: &Setup,
    steps: Vec<Step>,
    deferred: Vec<Deferred>,
) -> Result<Plan, BuildError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare_some;
    use crate::deployment::HostKind;
    use crate::domain::Observation;
    use crate::host::recording::RecordingHost;
    use crate::ignore::Ignored;

    #[test]
    fn what_the_image_lacks_waits_for_it_unless_all_is_wanted_at_once() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("manifests")).unwrap();
        let text = r#"{"packages": ["htop", "strace"]}"#;
        crate::files::replace(&dir.path().join("manifests/system-packages.json"), text.as_bytes()).unwrap();
        let setup = Setup::load(dir.path()).unwrap();
        let nothing = Ignored::default();
        let mut comparison = compare_some(&RecordingHost::default(), &setup, &nothing, &[]);
        comparison.system.kind = HostKind::Image;
        let observation = Observation { cookie: Some("0".into()), ..Observation::default() };
        comparison.add(Domain::Pkg, &observation, &setup, &nothing);
        comparison.observed.insert(Domain::Pkg, observation);
        let decisions: Decisions =
            ["htop", "strace"].map(|name| (ItemId::new(Domain::Pkg, name), Decision::Apply)).into();
        let planned = |live| {
            let plan = build(&comparison, &setup, &decisions, Terms { live, ..Terms::default() }).unwrap();
            let actions: Vec<Action> = plan.steps.into_iter().map(|step| step.action).collect();
            (actions, plan.deferred.len())
        };
        assert_eq!(planned(false), (Vec::new(), 2));
        let install = |name: &str| Action::InstallPackage { name: name.parse().unwrap() };
        assert_eq!(planned(true), (vec![Action::UnlockSystem {}, install("htop"), install("strace")], 0));
        comparison.system.usr_overlay = true;
        let plan = build(&comparison, &setup, &decisions, Terms { live: true, ..Terms::default() }).unwrap();
        assert_eq!(plan.steps.len(), 2, "what is unlocked is not unlocked again");
    }
}
