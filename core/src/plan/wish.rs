// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person asks of items by name, whether or not they differ now: the verbs of the command line, and undo.
//!
//! A wish says what an item is to be in the setup, on the computer, or in both. The computer is compared with a
//! setup in which the wishes are already true, so that the same domains decide the same steps as for a change
//! that was found.
//!
//! Invariant: a wish that is true already is no step; one that cannot come true is an error or a named deferral.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::{Comparison, Origin};
use crate::domain;
use crate::i18n::gettext;
use crate::item::{Domain, ItemId};
use crate::manifest::{Declaration, Declarations, Manifest};
use crate::setup::Setup;
use crate::value::{PackageOverride, Value};

use super::build::{self, BuildError};
use super::step::{Action, Step};
use super::{Deferral, Deferred, Plan};

/// What an item is to be; `None` leaves that side as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// In the setup: in the manifests that declare it.
    pub setup: Option<Wanted>,
    /// In single manifests, where more than one holds such items; this counts before what it is to be in all.
    pub manifests: BTreeMap<Manifest, Wanted>,
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
        if let Some(key) = under_another_key(&setup, item) {
            setup.withdraw(&ItemId::new(item.domain, key));
        }
        setup.declare(item, declaration);
    }
    setup
}

/// The key under which the setup declares the very item that a wish names more exactly.
fn under_another_key(setup: &Setup, item: &ItemId) -> Option<String> {
    let kind = domain::kind(item.domain);
    let entries = setup.declared(item.domain).ok()?.iter();
    let is_it = |(key, said): &(&String, &Declaration)| {
        let exact = said.value.as_ref().map(|value| kind.qualified(key, value));
        **key != item.key && exact.is_some_and(|exact| exact == item.key)
    };
    entries.into_iter().find(is_it).map(|(key, _)| key.clone())
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
        if wish.setup.is_some() || !wish.manifests.is_empty() {
            steps.extend(written(setup, item, wish)?);
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
        // What was taken out of the image is not there; bringing the image's back would be the opposite.
        if let (None, Some(Value::Override(state))) = (&change.setup, &change.computer) {
            match state {
                PackageOverride::Removed => continue,
                PackageOverride::Replaced => {
                    let reason = gettext("it belongs to the image, and only its recipe can leave it out");
                    return Err(BuildError::Fixed { item: item.clone(), reason });
                }
            }
        }
        if let Some(reason) = &change.fixed {
            return Err(BuildError::Fixed { item: item.clone(), reason: reason.clone() });
        }
        let mut change = (*change).clone();
        let system = comparison.system.kind;
        if wish.live {
            build::at_once(&mut change, comparison, &mut unlock);
        }
        match domain::kind(item.domain).actions(&change, system) {
            Ok(actions) => {
                for action in actions.map_err(|source| BuildError::Name { item: item.clone(), source })? {
                    let effect = action.effect();
                    let step = Step::apply(item.clone(), action, effect, Origin::SetupChanged);
                    steps.push(step.from_seen(change.computer.as_ref(), comparison.seen(item)));
                }
            }
            // What is written for the next image is no less done because it is not here yet.
            Err(why) => deferred.push(Deferred { item: item.clone(), why }),
        }
    }
    steps.extend(unlock.map(build::unlocked));
    build::finish(comparison, setup, steps, deferred)
}

/// The steps that write an item to the setup, where it does not say so already.
fn written(setup: &Setup, item: &ItemId, wish: &Wish) -> Result<Vec<Step>, BuildError> {
    // What an entry says that cannot be read is corrected by hand, or it would be lost.
    if let Some(fault) = setup.faults(item.domain).find(|fault| fault.key == item.key) {
        return Err(BuildError::Unknown { item: item.clone(), problem: fault.problem(item.domain) });
    }
    let declared: &Declarations = setup.declared(item.domain).map_err(|error| BuildError::Manifest(error.clone()))?;
    let kind = domain::kind(item.domain);
    let said = |wanted: &Wanted| kind.said(declared, &item.key, wanted.as_ref()).into_iter().chain(setup.also(item));
    let mut files: BTreeMap<Manifest, &Wanted> = wish.manifests.iter().map(|(file, wanted)| (*file, wanted)).collect();
    if let Some(wanted) = &wish.setup {
        said(wanted).for_each(|declaration| {
            files.entry(declaration.manifest).or_insert(wanted);
        });
        if files.is_empty() {
            files.insert(kind.manifest(), wanted);
        }
    }
    let step = |(file, wanted): (Manifest, &Wanted)| {
        let said = said(wanted).find(|said| said.manifest == file).and_then(|said| kind.written(said));
        let step = || Step::capture(item.clone(), wanted.as_ref(), Origin::ComputerChanged);
        (said != *wanted).then(|| step().from(said.as_ref()).into_manifest(file))
    };
    Ok(files.into_iter().filter_map(step).collect())
}

/// What undoing a run asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undo {
    /// Everything as it was before.
    pub before: Wishes,
    /// Everything as the run left it: what is not so any more was changed again since, and is not to be undone.
    pub left: Wishes,
}

/// What undoing the steps of a run asks for.
#[must_use]
pub fn undo<'p>(done: impl IntoIterator<Item = &'p Step>) -> Undo {
    let mut undo = Undo::default();
    for step in done {
        // What was unlocked goes by itself at the next restart.
        if step.action.is_momentary() || matches!(step.action, Action::UnlockSystem {}) {
            continue;
        }
        let value = |json: Option<&serde_json::Value>| json.and_then(|json| Value::from_json(step.item.domain, json));
        let (from, to) = (value(step.from.as_ref()), value(step.to.as_ref()));
        let item = undone_as(step);
        let left = undo.left.entry(item.clone()).or_default();
        let before = undo.before.entry(item).or_default();
        match step.manifest() {
            Some(file) => {
                left.manifests.entry(file).or_insert(to);
                before.manifests.insert(file, from);
            }
            None => {
                // What a unit is once its mask is gone is told by its other links, which the step left alone.
                if !matches!(step.action, Action::UnmaskUnit { .. }) {
                    left.computer.get_or_insert(to);
                }
                before.computer = Some(from.filter(|_| !step.from_default));
                (left.live, before.live) = (true, true);
            }
        }
    }
    undo
}

/// The item under which [`undo`] names what a step did: what is to go is named so that nothing else of that name goes.
#[must_use]
pub fn undone_as(step: &Step) -> ItemId {
    let value = |json: Option<&serde_json::Value>| json.and_then(|json| Value::from_json(step.item.domain, json));
    match (value(step.from.as_ref()), value(step.to.as_ref())) {
        (None, Some(left)) => {
            ItemId::new(step.item.domain, domain::kind(step.item.domain).qualified(&step.item.key, &left))
        }
        _ => step.item.clone(),
    }
}

/// Leaves out of wishes what a plan would change, each side for itself: where a run was cut off, its other steps may be
/// all it did.
pub fn leave_out(wishes: &mut Wishes, plan: &Plan) {
    for step in &plan.steps {
        let Some(wish) = wishes.get_mut(&step.item) else { continue };
        match step.manifest() {
            Some(file) => {
                wish.manifests.remove(&file);
            }
            None => wish.computer = None,
        }
    }
}

impl Deferral {
    /// Whether nothing more has to be done for it: it comes or goes by itself.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::NextImage | Self::OlderBootc | Self::EndsAtRestart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare_some;
    use crate::deployment::HostKind;
    use crate::host::recording::RecordingHost;
    use crate::ignore::Ignored;
    use crate::value::UnitState;

    /// The actions of `bkt dnf install htop`, `--now` or not, on an image without it.
    fn actions(live: bool) -> (Vec<Action>, Vec<Deferral>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("manifests")).unwrap();
        let setup = Setup::load(dir.path()).unwrap();
        let item = ItemId::new(Domain::Pkg, "htop");
        let wish = Wish { computer: Some(Some(Value::Present)), live, ..Wish::default() };
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

    #[test]
    fn a_unit_that_was_moved_between_manifests_is_moved_back() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            crate::files::replace(&dir.path().join("manifests").join(name), text.as_bytes()).unwrap();
        };
        std::fs::create_dir(dir.path().join("manifests")).unwrap();
        let (services, config) = ("systemd-services.json", "system-config.json");
        write(services, r#"{"services": {"sshd.service": "enabled"}}"#);
        let item = ItemId::new(Domain::Unit, "sshd.service");
        let [enabled, masked] = [UnitState::Enabled, UnitState::Masked].map(|state| Some(Value::Unit(state)));
        // (manifest, from, to) of each step.
        let told = |wishes: &Wishes| {
            let setup = Setup::load(dir.path()).unwrap();
            let host = RecordingHost::default();
            let comparison = compare_some(&host, &setup, &Ignored::default(), &[]);
            build(&comparison, &setup, wishes).unwrap()
        };
        let sides = |plan: &Plan| -> Vec<_> {
            let json = |value: &Option<serde_json::Value>| value.clone().unwrap_or_default();
            let steps = plan.steps.iter();
            steps.map(|step| (step.manifest().unwrap(), json(&step.from), json(&step.to))).collect()
        };
        let (nothing, on, off) = (serde_json::json!(null), serde_json::json!("enabled"), serde_json::json!("masked"));
        let manifests = BTreeMap::from([(Manifest::SystemConfig, masked)]);
        let wish = Wish { setup: Some(None), manifests, ..Wish::default() };
        let moved = told(&Wishes::from([(item.clone(), wish)]));
        let (image, run_time) = (Manifest::SystemConfig, Manifest::SystemdServices);
        let mut expected = vec![(image, nothing.clone(), off.clone()), (run_time, on.clone(), nothing.clone())];
        let mut steps = sides(&moved);
        steps.sort_by_key(|(manifest, ..)| *manifest);
        expected.sort_by_key(|(manifest, ..)| *manifest);
        assert_eq!(steps, expected);

        write(services, r#"{"services": {}}"#);
        write(config, r#"{"systemd": {"mask": ["sshd"]}}"#);
        let undo = undo(&moved.steps);
        assert_eq!(undo.before[&item].manifests, BTreeMap::from([(image, None), (run_time, enabled)]));
        assert!(told(&undo.left).is_empty());
        let mut back = sides(&told(&undo.before));
        back.sort_by_key(|(manifest, ..)| *manifest);
        let mut expected = vec![(image, off, nothing.clone()), (run_time, nothing, on)];
        expected.sort_by_key(|(manifest, ..)| *manifest);
        assert_eq!(back, expected);
    }
}
