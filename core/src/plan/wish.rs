// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person asks of items by name, whether or not they differ now: the verbs of the command line, and undo.
//!
//! A wish says what an item is to be in the setup, on the computer, or in both. The computer is compared with a
//! setup in which the wishes are already true, so that the same domains decide the same steps as for a change
//! that was found.
//!
//! Invariant: a wish that is true already is no step; one that cannot come true is an error or a named deferral.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::{Comparison, Effect, Origin};
use crate::domain;
use crate::item::{Domain, ItemId};
use crate::manifest::{Declaration, Declarations};
use crate::setup::Setup;
use crate::value::Value;

use super::build::{self, BuildError};
use super::step::{Action, Step};
use super::{Deferral, Deferred, Plan};

/// What an item is to be; `None` leaves that side as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// In the setup.
    pub setup: Option<Wanted>,
    /// On the computer.
    pub computer: Option<Wanted>,
    /// On the computer at once, where it would else come with the next image: until the next restart.
    pub live: bool,
}

/// The value something is to have, `None` to be absent.
pub type Wanted = Option<Value>;

/// Wishes by item.
pub type Wishes = BTreeMap<ItemId, Wish>;

/// The domains that wishes are about.
#[must_use]
pub fn domains(wishes: &Wishes) -> Vec<Domain> {
    let domains: BTreeSet<Domain> = wishes.keys().map(|item| item.domain).collect();
    domains.into_iter().collect()
}

/// The setup in which the wishes about the computer are already true.
#[must_use]
pub fn come_true(setup: &Setup, wishes: &Wishes) -> Setup {
    let mut setup = setup.clone();
    for (item, wish) in wishes {
        let Some(wanted) = &wish.computer else { continue };
        let kind = domain::kind(item.domain);
        let declaration = Declaration { value: wanted.clone(), manifest: kind.manifest(), line: 0 };
        setup.declare(item, declaration);
    }
    setup
}

/// Makes the plan of wishes, given the computer compared with [`come_true`] and the setup as it is.
///
/// # Errors
/// An item could not be compared or has no valid name, its manifest is broken, or there are too many.
pub fn build(comparison: &Comparison, setup: &Setup, wishes: &Wishes) -> Result<Plan, BuildError> {
    let changes = comparison.by_id();
    let (mut steps, mut deferred) = (Vec::new(), Vec::new());
    let mut unlock = None;
    for (item, wish) in wishes {
        if let Some(wanted) = &wish.setup {
            steps.extend(written(setup, item, wanted)?);
        }
        if wish.computer.is_none() {
            continue;
        }
        let unread = |unknown: &&crate::compare::Unknown| match &unknown.item {
            Some(known) => known == item,
            None => unknown.domain == item.domain,
        };
        if let Some(unknown) = comparison.unknown.iter().find(unread) {
            return Err(BuildError::Unknown { item: item.clone(), problem: unknown.problem.clone() });
        }
        let Some(change) = changes.get(item) else { continue };
        if let Some(reason) = &change.fixed {
            return Err(BuildError::Fixed { item: item.clone(), reason: reason.clone() });
        }
        let mut change = (*change).clone();
        let system = comparison.system.kind;
        if wish.live && item.domain == Domain::Pkg && system.is_image_based() {
            if !comparison.system.usr_overlay {
                unlock.get_or_insert_with(|| item.clone());
            }
            change.effect = Effect::Now;
        }
        match domain::kind(item.domain).actions(&change, system) {
            Ok(actions) => {
                for action in actions.map_err(|source| BuildError::Name { item: item.clone(), source })? {
                    let effect = action.effect();
                    let step = Step::apply(item.clone(), action, effect, Origin::SetupChanged);
                    steps.push(step.from(change.computer.as_ref()));
                }
            }
            // What is written for the next image is no less done because it is not here yet.
            Err(why) => deferred.push(Deferred { item: item.clone(), why }),
        }
    }
    steps.extend(unlock.map(|item| Step::apply(item, Action::UnlockSystem {}, Effect::Now, Origin::SetupChanged)));
    build::finish(comparison, setup, steps, deferred)
}

/// The step that writes an item to the setup, unless it says so already.
fn written(setup: &Setup, item: &ItemId, wanted: &Wanted) -> Result<Option<Step>, BuildError> {
    let declared: &Declarations = setup.declared(item.domain).map_err(|error| BuildError::Manifest(error.clone()))?;
    let said = declared.get(&item.key).and_then(|declaration| declaration.value.as_ref());
    if said == wanted.as_ref() {
        return Ok(None);
    }
    let step = Step::capture(item.clone(), wanted.as_ref(), Origin::ComputerChanged);
    Ok(Some(step.from(said)))
}

/// What undoing the steps of a run asks for, given the state each ended in; the value each left behind is returned
/// with it, because what has been changed again since is not to be undone.
#[must_use]
pub fn undo<'p>(done: impl IntoIterator<Item = &'p Step>) -> Vec<(ItemId, Wish, Wanted)> {
    let mut wishes = Vec::new();
    for step in done {
        let value = |json: Option<&serde_json::Value>| json.and_then(|json| Value::from_json(step.item.domain, json));
        let (from, to) = (value(step.from.as_ref()), value(step.to.as_ref()));
        let wish = match (&step.action, step.direction) {
            // It goes by itself at the next restart.
            (Action::UnlockSystem {}, _) => continue,
            (_, super::Direction::Capture) => Wish { setup: Some(from), ..Wish::default() },
            (_, super::Direction::Apply) => Wish { computer: Some(from), live: true, ..Wish::default() },
        };
        wishes.push((step.item.clone(), wish, to));
    }
    wishes
}

impl Deferral {
    /// Whether nothing more has to be done for it: it comes or goes by itself.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::NextImage | Self::EndsAtRestart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare_some;
    use crate::deployment::HostKind;
    use crate::host::recording::RecordingHost;
    use crate::ignore::Ignored;

    /// The actions of `bkt dnf install htop`, `--now` or not, on an image without it.
    fn actions(live: bool) -> (Vec<Action>, Vec<Deferral>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("manifests")).unwrap();
        let setup = Setup::load(dir.path()).unwrap();
        let item = ItemId::new(Domain::Pkg, "htop");
        let wish = Wish { setup: None, computer: Some(Some(Value::Present)), live };
        let wishes = Wishes::from([(item, wish)]);
        let host = RecordingHost::default();
        let mut comparison = compare_some(&host, &come_true(&setup, &wishes), &Ignored::default(), &[]);
        comparison.system.kind = HostKind::Image;
        let observation = domain::Observation { cookie: Some("0".into()), ..domain::Observation::default() };
        comparison.add(Domain::Pkg, &observation, &come_true(&setup, &wishes), &Ignored::default());
        comparison.observed.insert(Domain::Pkg, observation);
        let plan = build(&comparison, &setup, &wishes).unwrap();
        (
            plan.steps.into_iter().map(|step| step.action).collect(),
            plan.deferred.into_iter().map(|item| item.why).collect(),
        )
    }

    #[test]
    fn on_an_image_a_package_waits_unless_it_is_wanted_now() {
        assert_eq!(actions(false), (Vec::new(), vec![Deferral::NextImage]));
        let install = Action::InstallPackage { name: "htop".parse().unwrap() };
        assert_eq!(actions(true), (vec![Action::UnlockSystem {}, install], Vec::new()));
    }
}
