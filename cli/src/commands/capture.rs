// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt capture`: write what this computer has into the setup.
//!
//! Invariant: only manifests are changed; nothing is committed.

use bkt_core::compare::{Change, Decision};
use bkt_core::i18n::{fill, gettext};
use bkt_core::plan::Consent;

use super::run::{self, Proposal};
use crate::args::CaptureArgs;
use crate::context::Context;
use crate::error::{Answer, Failure};
use crate::select;

/// `bkt capture`.
pub(super) fn capture(context: &Context, args: &CaptureArgs) -> Result<Answer, Failure> {
    let session = context.session()?;
    let snapshot = run::compare_named(context, &session, &args.kinds.domains(), &args.items)?;
    let comparison = &snapshot.comparison;
    let changes: Vec<&Change> = if !args.items.is_empty() {
        let picked = select::pick(comparison, &args.items)?;
        if !context.ui.quiet {
            for item in picked.equal.iter().filter(|item| args.items.contains(&item.to_string())) {
                context.ui.say(&fill(&gettext("{item} matches the setup."), &[("item", &item.to_string())]));
            }
        }
        picked.changes
    } else {
        let wanted = |change: &&Change| args.all || change.suggestion() == Some(Decision::Capture);
        comparison.changes.iter().filter(wanted).collect()
    };
    let decisions = changes.iter().map(|change| (change.id.clone(), Decision::Capture)).collect();
    let private = if args.include_private { Consent::Given } else { Consent::Asked };
    let question = gettext("Write this into the setup?");
    let proposal = Proposal { changes, decisions, question, named: !args.items.is_empty(), private, now: false };
    let answer = run::propose(context, &session, &snapshot, proposal)?;
    Ok(if context.globals.dry_run { answer } else { run::with_recipe(&session, answer) })
}
