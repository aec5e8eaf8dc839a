// SPDX-License-Identifier: GPL-3.0-or-later
//! What a plan leaves out of what was decided: told after the run too, and no success where it was asked for by name.
//!
//! Invariant: an item that was held back because it looks private is always named, with the command that takes it.

use bkt_core::describe;
use bkt_core::i18n::{fill, gettext};
use bkt_core::plan::{Deferral, Deferred, Plan};
use bkt_core::problem::Problem;

use crate::context::typed;
use crate::error::{Answer, exit};

/// How a command ends whose plan leaves something out; `named` where the items were asked for by name.
pub(super) fn ending(mut answer: Answer, plan: &Plan, named: bool) -> Answer {
    let open: Vec<&Deferred> = plan.deferred.iter().filter(|left| !left.why.is_settled()).collect();
    let Some(first) = open.first() else { return answer };
    let hint = private_hint(plan);
    answer.hints = [hint.clone().unwrap_or_default(), answer.hints]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n");
    if !named {
        return answer;
    }
    let (code, exit) = match first.why {
        Deferral::Private => ("private", exit::FAILED),
        _ => ("not_possible", exit::NOT_POSSIBLE),
    };
    let values = [("item", first.item.to_string()), ("reason", describe::deferral(first.why))];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    let message = fill(&gettext("{item}: {reason}"), &values);
    answer.unfinished(plan.is_empty(), &Problem { hint, ..Problem::new(code, message) }, exit)
}

/// The items that were left out, one a line, for a run whose plan was not shown.
pub(super) fn listed(plan: &Plan) -> String {
    let open = plan.deferred.iter().filter(|left| !left.why.is_settled());
    open.map(|left| format!("  {}\n      {}\n", left.item, describe::deferral(left.why))).collect()
}

/// The command that captures what was held back because it looks private.
pub(in crate::commands) fn private_hint(plan: &Plan) -> Option<String> {
    let private = plan.deferred.iter().filter(|left| left.why == Deferral::Private);
    let items: Vec<String> = private.map(|left| typed(&left.item.to_string())).collect();
    if items.is_empty() {
        return None;
    }
    let sentence = gettext("Look at what looks private with care; this captures it, too:\n  {command}");
    let command = format!("bkt capture --include-private {}", items.join(" "));
    Some(fill(&sentence, &[("command", &command)]))
}
