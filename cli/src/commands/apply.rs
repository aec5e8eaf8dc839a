// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt apply`: make this computer what the setup says.
//!
//! Invariant: with items, exactly those are applied; with a saved plan, exactly that plan runs.

use std::path::Path;

use bkt_core::compare::{Change, Decision};
use bkt_core::i18n::{fill, gettext};
use bkt_core::plan::Decisions;

use super::run::{self, Proposal};
use crate::args::ApplyArgs;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::select;

/// `bkt apply`.
pub(super) fn apply(context: &Context, args: &ApplyArgs) -> Result<Answer, Failure> {
    let session = context.session()?;
    if let [file] = args.items.as_slice()
        && Path::new(file).extension().is_some_and(|end| end.eq_ignore_ascii_case("json"))
    {
        if args.now {
            let message = gettext("a saved plan runs as it was saved, and --now would change it");
            let failure = Failure::new(exit::USAGE, "saved_plan_now", message);
            return Err(failure.hinted(gettext("Make the plan with ‘bkt plan show --now -o FILE’.")));
        }
        return run::replay(context, &session, super::plan::load(Path::new(file))?);
    }
    let snapshot = run::compare_kinds(context, &session, &args.kinds.domains())?;
    let comparison = &snapshot.comparison;
    let all = |decision: Decision, changes: &[&Change]| -> Decisions {
        changes.iter().map(|change| (change.id.clone(), decision)).collect()
    };
    let (changes, decisions) = if args.items.is_empty() {
        let changes: Vec<&Change> = comparison.changes.iter().collect();
        let decisions = if args.all { all(Decision::Apply, &changes) } else { run::suggested(comparison) };
        (changes, decisions)
    } else {
        let picked = select::pick(comparison, &args.items)?;
        if !context.ui.quiet {
            for item in picked.equal.iter().filter(|item| args.items.contains(&item.to_string())) {
                context.ui.say(&fill(&gettext("{item} matches the setup."), &[("item", &item.to_string())]));
            }
        }
        let decisions = all(Decision::Apply, &picked.changes);
        (picked.changes, decisions)
    };
    let question = gettext("Run this plan?");
    run::propose(
        context,
        &session,
        &snapshot,
        Proposal {
            changes,
            decisions,
            question,
            named: !args.items.is_empty(),
            private: bkt_core::plan::Consent::Asked,
            now: args.now,
        },
    )
}
