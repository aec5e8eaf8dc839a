// SPDX-License-Identifier: GPL-3.0-or-later
//! One change in full: both sides, what they last agreed on, and what apply and capture would do.
//!
//! Invariant: what apply and capture would do is said by the very plan that doing it would run.

use std::collections::BTreeMap;

use bkt_core::agreed::Base;
use bkt_core::compare::{Change, Decision, Effect, Origin};
use bkt_core::describe;
use bkt_core::domain::karg::{self, Fact};
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::plan::{Decisions, Plan};
use bkt_core::session::{Session, Snapshot};
use bkt_core::value::Value;
use unicode_width::UnicodeWidthStr;

use crate::commands::admin::kargs;
use crate::list::sign;
use crate::ui::{BOLD, DIM, padded, styled, wrapped};

/// Writes cards for changes of one comparison.
#[derive(Debug)]
pub(crate) struct Cards {
    apply: Sentences,
    capture: Sentences,
    arguments: BTreeMap<String, Fact>,
    width: usize,
}

/// What would be done about each item.
type Sentences = BTreeMap<ItemId, Vec<String>>;

impl Cards {
    /// Prepares cards for some changes, `width` columns wide.
    pub(crate) fn new(session: &Session, snapshot: &Snapshot, changes: &[&Change], width: usize) -> Self {
        let would = |decision| sentences(session, snapshot, changes, decision);
        let arguments = arguments(session, snapshot, changes);
        Self { apply: would(Decision::Apply), capture: would(Decision::Capture), arguments, width }
    }

    /// The cards of some changes.
    pub(crate) fn all(&self, changes: &[&Change]) -> String {
        changes.iter().map(|change| self.one(change)).collect::<Vec<_>>().join("\n")
    }

    /// The card of one change.
    pub(crate) fn one(&self, change: &Change) -> String {
        let labels = [
            gettext("last agreed"),
            gettext("setup"),
            gettext("this computer"),
            gettext("apply"),
            gettext("capture"),
            gettext("running"),
            gettext("after restart"),
            gettext("from"),
        ];
        let wide = labels.iter().map(|label| label.width()).max().unwrap_or(0) + 2;
        let mut out = self.title(change);
        let mut line = |label: &str, text: &str| out.push_str(&format!("    {}{text}\n", padded(label, wide)));
        match &change.base {
            Base::Unknown => line(&labels[0], &styled(DIM, &gettext("not compared before"))),
            Base::Absent => line(&labels[0], &gettext("not there")),
            Base::Value(value) => line(&labels[0], &value.to_string()),
        }
        let place = change.declared_at.map(|(_, at)| match at {
            0 => change.file(),
            at => format!("{}:{at}", change.file()),
        });
        line(&labels[1], &beside(&side(change.setup.as_ref()), place.as_deref()));
        let moved = (change.origin != Origin::New).then(|| describe::origin(change.origin));
        line(&labels[2], &beside(&side(change.computer.as_ref()), moved.as_deref()));
        if let Some(fact) = self.arguments.get(&change.id.key).filter(|_| change.id.domain == Domain::Karg) {
            let yes = |there| if there { gettext("yes") } else { gettext("no") };
            line(&labels[5], &yes(fact.running));
            line(&labels[6], &yes(fact.next));
            line(&labels[7], &kargs::source(&fact.from));
        }
        let sentence = |text: &str| wrapped(text, 4 + wide, 6 + wide, self.width);
        for step in self.apply.get(&change.id).into_iter().flatten() {
            line(&labels[3], &sentence(step));
        }
        if let Some(why) = &change.fixed {
            line("", &wrapped(why, 4 + wide, 6 + wide, self.width));
        }
        for step in self.capture.get(&change.id).into_iter().flatten() {
            line(&labels[4], &sentence(step));
        }
        out
    }

    /// What apply and capture would do about a change, one line each.
    pub(crate) fn choices(&self, change: &Change) -> String {
        let labels = [(gettext("apply"), &self.apply), (gettext("capture"), &self.capture)];
        let wide = labels.iter().map(|(label, _)| label.width()).max().unwrap_or(0);
        let lines = labels.iter().flat_map(|(label, sentences)| {
            let said = sentences.get(&change.id).into_iter().flatten();
            said.map(move |said| {
                let said = wrapped(said, 10 + wide, 12 + wide, self.width);
                format!("\n        {}  {said}", styled(DIM, &padded(label, wide)))
            })
        });
        lines.collect()
    }

    fn title(&self, change: &Change) -> String {
        let (mark, style) = sign(change);
        let id = change.id.to_string();
        let name = change.name.as_deref().filter(|name| *name != change.id.key).unwrap_or_default();
        let gap = match self.width.checked_sub(2 + id.width() + name.width()) {
            _ if name.is_empty() => String::new(),
            Some(gap) if gap >= 2 => " ".repeat(gap),
            _ => "\n    ".to_owned(),
        };
        format!("{style}{mark}{style:#} {}{gap}{}\n", styled(BOLD, &id), styled(DIM, name))
    }
}

/// Where kernel arguments are and whose they are, if changes are about any.
fn arguments(session: &Session, snapshot: &Snapshot, changes: &[&Change]) -> BTreeMap<String, Fact> {
    let declared = snapshot.setup.declared(Domain::Karg);
    let (true, Ok(declared)) = (changes.iter().any(|change| change.id.domain == Domain::Karg), declared) else {
        return BTreeMap::new();
    };
    // Without them the card says less; that they cannot be read is said elsewhere.
    let facts = karg::facts(session.host.as_ref(), &snapshot.comparison.system, declared).unwrap_or_default();
    facts.into_iter().map(|fact| (fact.argument.to_string(), fact)).collect()
}

/// What a decision would do about each change: the steps it would run, or why there are none.
fn sentences(session: &Session, snapshot: &Snapshot, changes: &[&Change], decision: Decision) -> Sentences {
    let mut sentences = Sentences::new();
    plan_each(session, snapshot, changes, decision, &mut sentences);
    sentences
}

/// One that cannot be planned must not hide the others, and one plan does not hold any number of them.
fn plan_each(
    session: &Session,
    snapshot: &Snapshot,
    changes: &[&Change],
    decision: Decision,
    sentences: &mut Sentences,
) {
    let all: Decisions = changes.iter().map(|change| (change.id.clone(), decision)).collect();
    match (session.plan(snapshot, &all), changes) {
        (Ok(plan), _) => add(&plan, sentences),
        (Err(error), [change]) => sentences.entry(change.id.clone()).or_default().push(error.to_string()),
        (Err(_), _) => {
            let (first, second) = changes.split_at(changes.len() / 2);
            plan_each(session, snapshot, first, decision, sentences);
            plan_each(session, snapshot, second, decision, sentences);
        }
    }
}

fn add(plan: &Plan, sentences: &mut Sentences) {
    for step in &plan.steps {
        let effect = (step.effect != Effect::Now).then(|| describe::effect(step.effect));
        let notes: Vec<String> = effect.into_iter().chain(describe::privilege(step.privilege)).collect();
        let what = describe::step(step);
        let sentence = if notes.is_empty() {
            what
        } else {
            fill(&gettext("{what} ({notes})"), &[("what", &what), ("notes", &notes.join(", "))])
        };
        sentences.entry(step.item.clone()).or_default().push(sentence);
    }
    for deferred in &plan.deferred {
        sentences.entry(deferred.item.clone()).or_default().push(describe::deferral(deferred.why));
    }
}

fn side(value: Option<&Value>) -> String {
    match value {
        None => gettext("not there"),
        Some(Value::Present) => gettext("there"),
        Some(Value::Absent) => gettext("not there"),
        Some(value) => value.to_string(),
    }
}

fn beside(text: &str, note: Option<&str>) -> String {
    note.map_or_else(|| text.to_owned(), |note| format!("{text}   {}", styled(DIM, note)))
}
