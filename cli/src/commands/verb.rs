// SPDX-License-Identifier: GPL-3.0-or-later
//! What the commands that name things share (`bkt dnf install`, `bkt flatpak add`, …): setup and computer change
//! together, or only one of them.
//!
//! Invariant: an item ends in both or in neither, unless the person asked for one side only.

use std::collections::BTreeMap;

use bkt_core::compare::{Change, Comparison, Decision};
use bkt_core::describe;
use bkt_core::domain;
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::plan::wish::Wanted;
use bkt_core::plan::{Consent, Wish, Wishes};
use bkt_core::session::Session;
use bkt_core::value::Value;
use serde_json::json;

use super::run::{self, Proposal, Together};
use crate::args::SideArgs;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::select::nearest;
use crate::ui::{padded, widest};

/// Makes items what was asked, on the sides that were asked for.
pub(super) fn change(
    context: &Context,
    wanted: impl IntoIterator<Item = (ItemId, Wanted)>,
    sides: &SideArgs,
) -> Result<Answer, Failure> {
    let session = context.session()?;
    let wish = |(item, value): (ItemId, Wanted)| {
        let setup = (!sides.here_only).then(|| value.clone());
        let compared = domain::kind(item.domain).is_compared(&item.key);
        let computer = (compared && !context.setup_only(sides)).then_some(value);
        (item, Wish { setup, computer, live: sides.now || sides.here_only, ..Wish::default() })
    };
    fulfil(context, &session, &wanted.into_iter().map(wish).collect(), !sides.here_only && !sides.now)
}

/// Shows the plan of wishes, asks where more than the setup's files change, and runs it.
pub(super) fn fulfil(context: &Context, session: &Session, wishes: &Wishes, obvious: bool) -> Result<Answer, Failure> {
    // Others may write the same manifest meanwhile; a plan nobody has looked at yet is made again.
    for _ in 0..TRIES {
        match once(context, session, wishes, obvious) {
            Err(failure) if failure.problem.code == "plan_stale" && obvious => {}
            ended => return ended,
        }
    }
    once(context, session, wishes, obvious)
}

/// How often a plan is made again when something changed before it ran.
const TRIES: usize = 100;

fn once(context: &Context, session: &Session, wishes: &Wishes, obvious: bool) -> Result<Answer, Failure> {
    let (_, plan) = session.wish(wishes)?;
    if plan.is_empty() && plan.deferred.iter().all(|deferred| deferred.why.is_settled()) {
        let already = plan.deferred.is_empty().then(|| gettext("Nothing to do: it is so already."));
        let text = already.unwrap_or_else(|| {
            plan.deferred
                .iter()
                .map(|deferred| format!("{}: {}\n", deferred.item, describe::deferral(deferred.why)))
                .collect()
        });
        return Ok(run::with_recipe(session, Answer::new(text, bkt_core::document::plan(&plan))));
    }
    // A command that names one thing and changes only what is the person's own has been confirmed by being typed.
    let loses = plan.steps.iter().any(|step| !step.reversible);
    let ask = !obvious || wishes.len() > 1 || loses || plan.admin_steps().next().is_some();
    let how = match ask {
        // What leaves the setup as it is, is a change of this computer alone.
        _ if wishes.values().all(|wish| wish.setup.is_none()) => Together::Here,
        true => Together::Ask,
        false => Together::Do,
    };
    run::fulfil(context, session, plan, how)
}

/// The wish that an item be absent on both sides.
pub(super) fn gone(domain: Domain, names: &[String]) -> impl Iterator<Item = (ItemId, Wanted)> + '_ {
    names.iter().map(move |name| (ItemId::new(domain, name), None))
}

/// Names with one value, refused where no tool would accept them.
pub(super) fn named<N>(domain: Domain, names: &[String], value: &Value) -> Result<Vec<(ItemId, Wanted)>, Failure>
where
    N: std::str::FromStr<Err = bkt_core::name::NameError> + std::fmt::Display,
{
    names
        .iter()
        .map(|name| match name.parse::<N>() {
            Ok(name) => Ok((ItemId::new(domain, name.to_string()), Some(value.clone()))),
            Err(error) => Err(Failure::new(exit::USAGE, "name_invalid", error.to_string())),
        })
        .collect()
}

/// `sync`: what the setup asks for and is not here, or is something else; nothing is removed.
pub(super) fn sync(context: &Context, kinds: &[Domain], now: bool) -> Result<Answer, Failure> {
    let session = context.session()?;
    let snapshot = run::compare_kinds(context, &session, kinds)?;
    let wanted = |change: &&Change| change.setup.is_some() && change.fixed.is_none();
    let changes: Vec<&Change> = snapshot.comparison.changes.iter().filter(wanted).collect();
    let decisions = changes.iter().map(|change| (change.id.clone(), Decision::Apply)).collect();
    let question = gettext("Run this plan?");
    let proposal = Proposal { changes, decisions, question, named: true, private: Consent::Asked, now };
    run::propose(context, &session, &snapshot, proposal)
}

/// `list`: what setup and computer have of one kind.
pub(super) fn list(context: &Context, domain: Domain) -> Result<Answer, Failure> {
    let session = context.brief_session()?;
    let snapshot = run::compare_kinds(context, &session, &[domain])?;
    Ok(list_of(&snapshot.comparison, domain))
}

/// The same of a comparison that was made.
pub(super) fn list_of(comparison: &Comparison, domain: Domain) -> Answer {
    let mut rows: BTreeMap<String, (Option<&Value>, Option<&Value>)> = BTreeMap::new();
    for item in &comparison.in_sync {
        rows.insert(item.id.key.clone(), (item.value.as_ref(), item.value.as_ref()));
    }
    for change in comparison.changes.iter().chain(&comparison.ignored) {
        rows.insert(change.id.key.clone(), (change.setup.as_ref(), change.computer.as_ref()));
    }
    let items: Vec<_> = rows
        .iter()
        .map(|(key, (setup, computer))| json!({"id": ItemId::new(domain, key), "setup": setup, "computer": computer}))
        .collect();
    let unknown: Vec<_> = comparison.unknown.iter().map(|unknown| json!(unknown)).collect();
    let document =
        json!({"format": "bkt.list", "format_version": "1.0", "domain": domain, "items": items, "unknown": unknown});
    let wide = widest(rows.keys().cloned()).min(44);
    let mut text = String::new();
    for (key, (setup, computer)) in &rows {
        let said = match (setup, computer) {
            (Some(setup), Some(computer)) if setup.is_met_by(computer) => computer.to_string(),
            (Some(setup), Some(computer)) => {
                let values = [("setup", setup.to_string()), ("computer", computer.to_string())];
                let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
                fill(&gettext("{setup} in the setup, {computer} here"), &values)
            }
            (Some(_), None) => gettext("missing here"),
            (None, Some(_)) => gettext("only on this computer"),
            (None, None) => gettext("not there, as the setup says"),
        };
        text.push_str(&format!("{}  {said}\n", padded(key, wide)));
    }
    for unknown in &comparison.unknown {
        let what = unknown.item.as_ref().map_or_else(|| describe::domain(domain), ToString::to_string);
        let values = [("item", what.as_str()), ("reason", unknown.problem.message.as_str())];
        text.push_str(&fill(&gettext("{item} could not be checked: {reason}\n"), &values));
    }
    if text.is_empty() {
        text = fill(&gettext("{kind}: none in the setup, none added here.\n"), &[("kind", &describe::domain(domain))]);
    }
    Answer::new(text, document)
}

/// `show`: both sides of named items.
pub(super) fn show(context: &Context, domain: Domain, names: &[String]) -> Result<Answer, Failure> {
    let session = context.session()?;
    let snapshot = run::compare_kinds(context, &session, &[domain])?;
    let items: Vec<ItemId> = names.iter().map(|name| ItemId::new(domain, name)).collect();
    show_of(&snapshot.comparison, &items)
}

/// The same of a comparison that was made.
pub(super) fn show_of(comparison: &Comparison, named: &[ItemId]) -> Result<Answer, Failure> {
    let none = gettext("not there");
    let (mut text, mut items) = (String::new(), Vec::new());
    for id in named {
        let (domain, name) = (id.domain, &id.key);
        let same = comparison.in_sync.iter().find(|item| item.id == *id);
        let (setup, computer) = match (comparison.change(id), same) {
            (Some(change), _) => (change.setup.as_ref(), change.computer.as_ref()),
            (None, Some(item)) => (item.value.as_ref(), item.value.as_ref()),
            (None, None) => {
                let seen = comparison.observed.get(&domain).and_then(|seen| seen.entries.get(name));
                match seen.and_then(|seen| seen.value.as_ref()) {
                    Some(value) => (None, Some(value)),
                    None => {
                        let message =
                            fill(&gettext("nothing here or in the setup is called ‘{item}’"), &[("item", name)]);
                        let failure = Failure::new(exit::USAGE, "unknown_item", message);
                        let seen = comparison.observed.get(&domain).into_iter().flat_map(|seen| seen.entries.keys());
                        let known = comparison.in_sync.iter().map(|item| &item.id.key);
                        let known = known.chain(comparison.changes.iter().map(|change| &change.id.key)).chain(seen);
                        return Err(match nearest(name, known.map(String::as_str)) {
                            Some(similar) => {
                                failure.hinted(fill(&gettext("Did you mean {item}?"), &[("item", similar)]))
                            }
                            None => failure,
                        });
                    }
                }
            }
        };
        let text_of = |value: Option<&Value>| value.map_or_else(|| none.clone(), ToString::to_string);
        let values = [("setup", text_of(setup)), ("computer", text_of(computer))];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        text.push_str(&format!("{id}\n{}", fill(&gettext("  Setup     {setup}\n  Computer  {computer}\n"), &values)));
        items.push(
            json!({"id": id, "setup": setup, "computer": computer, "manifest": domain::kind(domain).manifest().path()}),
        );
    }
    Ok(Answer::new(text, json!({"format": "bkt.show", "format_version": "1.0", "items": items})))
}
