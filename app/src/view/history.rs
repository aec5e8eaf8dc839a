// SPDX-License-Identifier: GPL-3.0-or-later
//! The list of past runs.
//!
//! Invariant: newest first, as core keeps them.

use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::plan::Direction;
use bkt_core::run::{Outcome, Receipt, Source, StepState};

use super::n32;

/// One past run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryRow {
    pub(crate) icon: &'static str,
    /// How it ended.
    pub(crate) outcome: String,
    pub(crate) title: String,
    /// Who started it.
    pub(crate) source: String,
}

/// Describes a run.
pub(crate) fn of(receipt: &Receipt) -> HistoryRow {
    let good = |direction: Direction| {
        let is_good = |state: StepState| matches!(state, StepState::Done | StepState::Waiting);
        let done = receipt.operations.iter().filter(|result| is_good(result.state));
        let steps = done.filter_map(|result| receipt.plan.steps.get(result.n.checked_sub(1)?));
        steps.filter(|step| step.direction == direction).count()
    };
    let part =
        |n: usize, sentence: fn(u32) -> String| (n > 0).then(|| fill(&sentence(n32(n)), &[("count", &n.to_string())]));
    let planned = match receipt.result {
        Outcome::Running | Outcome::CutOff => receipt.items().len(),
        _ => 0,
    };
    let parts = [
        part(planned, |n| ngettext("{count} item", "{count} items", n)),
        part(good(Direction::Apply), |n| ngettext("Applied {count}", "Applied {count}", n)),
        part(good(Direction::Capture), |n| ngettext("Captured {count}", "Captured {count}", n)),
        part(receipt.count(StepState::Failed), |n| ngettext("{count} failed", "{count} failed", n)),
        part(receipt.count(StepState::Skipped), |n| ngettext("{count} skipped", "{count} skipped", n)),
    ];
    let (icon, outcome) = match receipt.result {
        Outcome::Done if receipt.restart_required => ("bkt-waiting-symbolic", gettext("Done, after restart")),
        Outcome::Done => ("bkt-ok-symbolic", gettext("Done")),
        Outcome::Partial => ("bkt-failed-symbolic", gettext("Partly done")),
        Outcome::Failed => ("bkt-failed-symbolic", gettext("Failed")),
        Outcome::Running => ("bkt-waiting-symbolic", gettext("Running")),
        Outcome::CutOff => ("bkt-failed-symbolic", gettext("Cut off")),
    };
    let source = match receipt.source {
        Source::Cli => gettext("Command line"),
        Source::Window => gettext("Window"),
        Source::FirstBoot => gettext("First start"),
    };
    HistoryRow { icon, outcome, title: parts.into_iter().flatten().collect::<Vec<_>>().join(" · "), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bkt_core::compare::{Effect, Origin};
    use bkt_core::item::{Domain, ItemId};
    use bkt_core::plan::{Action, Plan, Preconditions, Step};
    use bkt_core::run::StepResult;
    use jiff::Timestamp;

    #[test]
    fn a_run_is_counted_by_what_it_reached() {
        let item = ItemId::new(Domain::Pkg, "htop");
        let action = Action::InstallPackage { name: "htop".parse().unwrap() };
        let steps = vec![Step::apply(item.clone(), action, Effect::Now, Origin::New)];
        let plan = Plan::new(Preconditions::default(), steps, Vec::new());
        let results = vec![StepResult { n: 1, item, state: StepState::Done, problem: None }];
        let row = of(&Receipt::new(plan, results, Source::Window, Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH));
        assert_eq!((row.title.as_str(), row.outcome.as_str()), ("Applied 1", "Done"));
    }
}
