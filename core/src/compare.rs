// SPDX-License-Identifier: GPL-3.0-or-later
//! The three-way comparison: declared, observed, agreed.
//!
//! Two sides give the *shape* of a difference (only here, missing here, different); the base gives its
//! *origin* (changed here, in the setup, in both places, or never compared before). What could not be read
//! is *unknown*: never a change and never in sync.
//!
//! Invariant: comparing changes nothing but the store of agreements, which takes in what was seen equal.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::agreed::{Agreed, Base};
use crate::deployment::System;
use crate::domain::{self, Look, Observation, Observed};
use crate::host::Host;
use crate::i18n::{fill, gettext};
use crate::ignore::Ignored;
use crate::item::{Domain, ItemId};
use crate::manifest::{Declaration, Manifest, ManifestError, Warning};
use crate::private;
use crate::problem::Problem;
use crate::setup::Setup;
use crate::temporary::Temporary;
use crate::value::Value;

/// How the two sides differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// On the computer, not in the setup.
    OnlyHere,
    /// In the setup, not on the computer.
    Missing,
    /// On both, with different values.
    Different,
}

/// Which side moved since they last agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The computer.
    ComputerChanged,
    /// The setup.
    SetupChanged,
    /// Both, to different values.
    BothChanged,
    /// Not compared before.
    New,
}

/// When a change of the computer becomes real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// At once.
    Now,
    /// After signing out.
    SignOut,
    /// After a restart.
    Restart,
    /// With the next image.
    Image,
}

/// Who may make a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Privilege {
    /// The person at the computer.
    User,
    /// An administrator, through the helper.
    Admin,
}

/// What to do about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Make the computer what the setup says.
    Apply,
    /// Write what the computer has into the setup.
    Capture,
    /// Stop reporting it.
    Ignore,
}

/// One difference between setup and computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which item.
    pub id: ItemId,
    /// What people call it, where that is known.
    pub name: Option<String>,
    /// The setup's value; `None` when it says nothing or says it must not be there.
    pub setup: Option<Value>,
    /// The computer's value.
    pub computer: Option<Value>,
    /// The last common value.
    pub base: Base,
    /// How the sides differ.
    pub shape: Shape,
    /// Which side moved.
    pub origin: Origin,
    /// What applying it would need.
    pub effect: Effect,
    /// Who may apply it.
    pub privilege: Privilege,
    /// Where the setup says so, where it does.
    pub declared_at: Option<(Manifest, u32)>,
    /// Why it cannot be applied on this computer.
    pub fixed: Option<String>,
}

impl Change {
    /// What Bucket would do, where the origin makes that clear. It never proposes to keep what an administrator
    /// did, to packages, units or kernel arguments: that may have been someone else, and it lasts.
    #[must_use]
    pub fn suggestion(&self) -> Option<Decision> {
        match self.origin {
            Origin::SetupChanged if self.fixed.is_none() => Some(Decision::Apply),
            Origin::ComputerChanged if self.is_capture_suggested() => Some(Decision::Capture),
            _ => None,
        }
    }

    /// Whether the computer's value may be proposed for the setup: never what may be someone else's doing, and
    /// never what a person must have looked at.
    fn is_capture_suggested(&self) -> bool {
        let kind = domain::kind(self.id.domain);
        let looks_private = || {
            let captured = kind.captured(self)?;
            private::look(&self.id, &serde_json::json!(captured))
        };
        kind.is_personal() && kind.is_suggestible(self) && looks_private().is_none()
    }

    /// The file of the setup that says so, or that a capture would write.
    #[must_use]
    pub fn file(&self) -> String {
        self.declared_at.map_or_else(|| Manifest::of(self.id.domain), |(manifest, _)| manifest).file(&self.id.key)
    }

    /// The name people know, or the key.
    #[must_use]
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id.key)
    }
}

/// An item both sides agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InSync {
    /// Which item.
    pub id: ItemId,
    /// What people call it.
    pub name: Option<String>,
    /// The common value; `None` when both say it is not there.
    pub value: Option<Value>,
    /// It becomes true only after a restart.
    pub after_restart: bool,
}

/// Something that could not be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// The domain.
    pub domain: Domain,
    /// The one item, when the rest of the domain could be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// Why.
    #[serde(flatten)]
    pub problem: Problem,
}

/// The result of comparing a setup with a computer.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// When.
    pub compared_at: Timestamp,
    /// The system compared.
    pub system: System,
    /// The differences, conflicts first within each domain.
    pub changes: Vec<Change>,
    /// The differences the person ignores.
    pub ignored: Vec<Change>,
    /// What a person changed here alone, on purpose; none of it wants a decision.
    pub temporary: Vec<Temporary>,
    /// Why it is not known what was changed here alone.
    pub temporary_unknown: Option<Problem>,
    /// What agrees.
    pub in_sync: Vec<InSync>,
    /// What could not be compared.
    pub unknown: Vec<Unknown>,
    /// What the setup says that is not used.
    pub warnings: Vec<Warning>,
    /// What each domain that could be read looked like, for plans.
    pub observed: BTreeMap<Domain, Observation>,
    /// How long reading each domain took, all at the same time.
    pub took: BTreeMap<Domain, SignedDuration>,
}

impl Comparison {
    /// Whether nothing differs and nothing is unknown.
    #[must_use]
    pub fn everything_matches(&self) -> bool {
        self.changes.is_empty() && self.unknown.is_empty()
    }

    /// Every difference: to be decided, ignored, or made here alone on purpose.
    fn differences(&self) -> impl Iterator<Item = &Change> {
        let temporary = self.temporary.iter().filter_map(|temporary| temporary.change.as_ref());
        self.changes.iter().chain(&self.ignored).chain(temporary)
    }

    /// The change of an item, ignored or not.
    #[must_use]
    pub fn change(&self, id: &ItemId) -> Option<&Change> {
        self.differences().find(|change| change.id == *id)
    }

    /// Whether an item was not looked at, or could not be read.
    pub(crate) fn is_unread(&self, id: &ItemId) -> bool {
        let is_of = |unknown: &Unknown| match &unknown.item {
            Some(item) => item == id,
            None => unknown.domain == id.domain,
        };
        self.unknown.iter().any(is_of) || !self.observed.contains_key(&id.domain)
    }

    /// What was seen of an item.
    #[must_use]
    pub fn seen(&self, item: &ItemId) -> Option<&Observed> {
        self.observed.get(&item.domain)?.entries.get(&item.key)
    }

    /// The changes by their items, ignored or not, for whoever looks up many.
    #[must_use]
    pub fn by_id(&self) -> BTreeMap<&ItemId, &Change> {
        self.differences().map(|change| (&change.id, change)).collect()
    }

    /// How many items wait for a restart.
    #[must_use]
    pub fn after_restart(&self) -> usize {
        self.in_sync.iter().filter(|item| item.after_restart).count()
    }

    /// The comparison seen with the agreements of an earlier one: fills in base and origin of every change.
    pub fn resolve_origins(&mut self, agreed: &Agreed) {
        for change in self.changes.iter_mut().chain(&mut self.ignored) {
            change.base = agreed.base(&change.id);
            change.origin = origin(change);
        }
        self.changes.sort_by_key(|change| {
            (
                Domain::ALL.iter().position(|domain| *domain == change.id.domain),
                change.origin != Origin::BothChanged,
                change.id.key.clone(),
            )
        });
    }

    /// Takes what was seen equal into the agreements.
    pub fn record(&self, agreed: &mut Agreed) {
        for domain in self.observed.keys() {
            let equal = self.in_sync.iter().filter(|item| item.id.domain == *domain);
            let equal = equal.filter_map(|item| Some((item.id.key.clone(), item.value.clone()?))).collect();
            let differing = self.differences().filter(|change| change.id.domain == *domain);
            let unknown =
                self.unknown.iter().filter_map(|unknown| unknown.item.as_ref()).filter(|item| item.domain == *domain);
            let differing: BTreeSet<String> =
                differing.map(|change| change.id.key.clone()).chain(unknown.map(|item| item.key.clone())).collect();
            agreed.record(*domain, &equal, &differing);
        }
    }
}

/// Compares a setup with a computer; all domains are read at the same time.
#[must_use]
pub fn compare(host: &dyn Host, setup: &Setup, ignored: &Ignored) -> Comparison {
    compare_some(host, setup, ignored, &Domain::ALL)
}

/// Compares some domains only.
#[must_use]
pub fn compare_some(host: &dyn Host, setup: &Setup, ignored: &Ignored, domains: &[Domain]) -> Comparison {
    compare_also(host, setup, ignored, domains, &[])
}

/// The same, where domains also look at items a person named that the setup does not mention.
#[must_use]
pub fn compare_also(
    host: &dyn Host,
    setup: &Setup,
    ignored: &Ignored,
    domains: &[Domain],
    also: &[ItemId],
) -> Comparison {
    let system = System::probe(host);
    let mut comparison = Comparison {
        compared_at: host.now(),
        system,
        changes: Vec::new(),
        ignored: Vec::new(),
        temporary: Vec::new(),
        temporary_unknown: None,
        in_sync: Vec::new(),
        unknown: Vec::new(),
        warnings: setup.warnings.clone(),
        observed: BTreeMap::new(),
        took: BTreeMap::new(),
    };
    let read = |domain: Domain| -> Result<Observation, Problem> {
        let declared = setup.declared(domain)?;
        if let Some((_, problem)) = setup.unread(domain).find(|(key, _)| key.is_none()) {
            return Err(problem.clone());
        }
        let kind = domain::kind(domain);
        let mut declared = Cow::Borrowed(declared);
        for item in also.iter().filter(|item| item.domain == domain) {
            let nothing = Declaration { value: None, manifest: kind.manifest(), line: 0 };
            declared.to_mut().entry(item.key.clone()).or_insert(nothing);
        }
        kind.observe(&Look { host, system: &comparison.system, declared: &declared })
    };
    let timed = |domain| {
        let start = host.now();
        let result = read(domain);
        (result, host.now().duration_since(start))
    };
    let results: Vec<(Domain, Result<Observation, Problem>, SignedDuration)> = std::thread::scope(|scope| {
        let readers: Vec<_> =
            domains.iter().copied().map(|domain| (domain, scope.spawn(move || timed(domain)))).collect();
        let gone = || (Err(Problem::new("internal", "reading ended unexpectedly")), SignedDuration::ZERO);
        let joined = readers.into_iter().map(|(domain, reader)| (domain, reader.join().unwrap_or_else(|_| gone())));
        joined.map(|(domain, (result, took))| (domain, result, took)).collect()
    });
    for (domain, result, took) in results {
        comparison.took.insert(domain, took);
        match result {
            Err(problem) => {
                comparison.unknown.push(Unknown { domain, item: None, problem });
                // What is wrong in the setup is told even where this computer cannot be read.
                comparison.unknown.extend(setup.faults(domain).map(|fault| Unknown {
                    domain,
                    item: Some(ItemId::new(domain, &fault.key)),
                    problem: fault.problem(domain),
                }));
            }
            Ok(observation) => {
                comparison.add(domain, &observation, setup, ignored);
                comparison.observed.insert(domain, observation);
            }
        }
    }
    comparison
}

impl Comparison {
    pub(crate) fn add(&mut self, domain: Domain, observation: &Observation, setup: &Setup, ignored: &Ignored) {
        let Ok(declared) = setup.declared(domain) else { return };
        let kind = domain::kind(domain);
        for (key, problem) in setup.unread(domain) {
            let item = key.map(|key| ItemId::new(domain, key));
            self.unknown.push(Unknown { domain, item, problem: problem.clone() });
        }
        let unread = |key: &&String| setup.unread(domain).all(|(unread, _)| unread != Some(key.as_str()));
        let keys: BTreeSet<&String> = declared
            .keys()
            .chain(observation.entries.keys())
            .filter(unread)
            .filter(|key| kind.is_compared(key))
            .collect();
        let nothing = Observed::default();
        for key in keys {
            let id = ItemId::new(domain, key);
            let declaration = declared.get(key);
            let observed = observation.entries.get(key).unwrap_or(&nothing);
            if let Some(problem) = &observed.problem {
                self.unknown.push(Unknown { domain, item: Some(id), problem: problem.clone() });
                continue;
            }
            if let Some(problem) = contradiction(setup, &id, declaration) {
                self.unknown.push(Unknown { domain, item: Some(id), problem });
                continue;
            }
            let wanted =
                declaration.and_then(|declaration| observed.declared_as.clone().or_else(|| declaration.value.clone()));
            let Some(shape) = shape(declaration, wanted.as_ref(), observed) else {
                if declaration.is_some() {
                    self.in_sync.push(InSync {
                        id,
                        name: observed.name.clone(),
                        value: wanted,
                        after_restart: observed.after_restart,
                    });
                }
                continue;
            };
            // What cannot be read may be about any item that the setup does not mention.
            let doubt = setup.faults(domain).next().filter(|_| declaration.is_none());
            let doubt = doubt.map(|fault| may_be_meant(&fault.error));
            let mut change = Change {
                effect: kind.effect(self.system.kind, shape),
                privilege: kind.privilege(wanted.as_ref().or(observed.value.as_ref())),
                name: observed.name.clone(),
                setup: wanted,
                computer: observed.value.clone(),
                base: Base::Unknown,
                shape,
                origin: Origin::New,
                declared_at: declaration.map(|declaration| (declaration.manifest, declaration.line)),
                fixed: observed.fixed.clone().or(doubt),
                id,
            };
            change.effect = if observed.by_image { Effect::Image } else { kind.effect_of(&change, self.system.kind) };
            if ignored.matches(&change.id) { self.ignored.push(change) } else { self.changes.push(change) }
        }
    }
}

/// Why something that is only here is not taken away.
fn may_be_meant(error: &ManifestError) -> String {
    let values = [("file", error.file), ("line", &error.line.to_string())];
    fill(&gettext("{file} line {line} cannot be read, and may be about it"), &values)
}

/// Two manifests that want different things of one item: nobody can tell which of them is meant.
fn contradiction(setup: &Setup, id: &ItemId, declaration: Option<&Declaration>) -> Option<Problem> {
    let (one, other) = (declaration?, setup.also(id)?);
    if one.value == other.value {
        return None;
    }
    let said = |declaration: &Declaration| {
        let value = declaration.value.as_ref().map_or_else(|| gettext("not there"), ToString::to_string);
        format!("{value} ({}:{})", declaration.manifest.path(), declaration.line)
    };
    let values = [("item", id.to_string()), ("one", said(one)), ("other", said(other))];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    let message = fill(&gettext("the setup contradicts itself about {item}: {one}, {other}"), &values);
    Some(Problem::new("declared_twice", message).hinted(gettext("Take it out of one of the two files")))
}

fn shape(declaration: Option<&Declaration>, wanted: Option<&Value>, observed: &Observed) -> Option<Shape> {
    match (declaration, wanted, &observed.value) {
        (None, _, Some(_)) if observed.own => Some(Shape::OnlyHere),
        (None, _, _) | (Some(_), None, None) => None,
        // Said to have no value of its own, and has none.
        (Some(_), None, Some(_)) if observed.by_default => None,
        (Some(_), None, Some(_)) => Some(Shape::OnlyHere),
        (Some(_), Some(_), None) => Some(Shape::Missing),
        (Some(_), Some(wanted), Some(value)) => (!wanted.is_met_by(value)).then_some(Shape::Different),
    }
}

fn origin(change: &Change) -> Origin {
    let base = match &change.base {
        Base::Unknown => return Origin::New,
        // A unit or key the setup has just begun to manage.
        Base::Absent if domain::kind(change.id.domain).is_total() && change.setup.is_some() => {
            return Origin::SetupChanged;
        }
        Base::Absent => None,
        Base::Value(value) => Some(value),
    };
    let same = |side: Option<&Value>| match (base, side) {
        (None, None) => true,
        (Some(base), Some(side)) => base.is_met_by(side),
        _ => false,
    };
    let kind = domain::kind(change.id.domain);
    let computer = change.computer.as_ref().filter(|value| base.is_some() || !kind.is_unremarkable(value));
    match (same(change.setup.as_ref()), same(computer)) {
        (true, false) => Origin::ComputerChanged,
        (false, true) => Origin::SetupChanged,
        (false, false) => Origin::BothChanged,
        // A detail that the setup has said since they agreed.
        (true, true) if base != change.setup.as_ref() => Origin::SetupChanged,
        (true, true) => Origin::New,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(base: Base, setup: Option<Value>, computer: Option<Value>) -> Change {
        Change {
            id: ItemId::new(Domain::Pkg, "x"),
            name: None,
            setup,
            computer,
            base,
            shape: Shape::Different,
            origin: Origin::New,
            effect: Effect::Now,
            privilege: Privilege::User,
            declared_at: None,
            fixed: None,
        }
    }

    #[test]
    fn the_base_tells_who_moved() {
        let there = || Some(Value::Present);
        let agreed = || Base::Value(Value::Present);
        assert_eq!(origin(&change(Base::Unknown, there(), None)), Origin::New);
        assert_eq!(origin(&change(Base::Absent, there(), None)), Origin::SetupChanged);
        assert_eq!(origin(&change(Base::Absent, None, there())), Origin::ComputerChanged);
        assert_eq!(origin(&change(agreed(), there(), None)), Origin::ComputerChanged);
        assert_eq!(origin(&change(agreed(), None, there())), Origin::SetupChanged);
        let text = |text: &str| Some(Value::Setting(text.into()));
        let mut both = change(Base::Value(Value::Setting("1".into())), text("2"), text("3"));
        both.id.domain = Domain::Gsetting;
        assert_eq!(origin(&both), Origin::BothChanged);
        both.base = Base::Absent;
        assert_eq!(origin(&both), Origin::SetupChanged);
    }
}
