// SPDX-License-Identifier: GPL-3.0-or-later
//! Decisions before they are a plan: marks on changes, kept across restarts.
//!
//! Invariant: a mark belongs to a change that exists or cannot be checked now; a change without one has its suggestion.

use std::collections::BTreeMap;

use bkt_core::compare::{Change, Comparison, Decision};
use bkt_core::i18n::{fill, ngettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::plan::Decisions;
use serde::{Deserialize, Serialize};

use super::n32;

/// What was decided so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marks {
    chosen: BTreeMap<ItemId, Option<Decision>>,
    #[serde(skip)]
    no_suggestions: bool,
}

/// How many changes have which decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) apply: usize,
    pub(crate) capture: usize,
    pub(crate) ignore: usize,
    pub(crate) later: usize,
}

/// The decisions in the order the drop-down lists them.
pub(crate) const CHOICES: [Option<Decision>; 4] =
    [None, Some(Decision::Apply), Some(Decision::Capture), Some(Decision::Ignore)];

/// The place of a decision in the drop-down.
pub(crate) fn index(decision: Option<Decision>) -> u32 {
    match decision {
        None => 0,
        Some(Decision::Apply) => 1,
        Some(Decision::Capture) => 2,
        Some(Decision::Ignore) => 3,
    }
}

/// The decision at a place of the drop-down.
pub(crate) fn at(index: u32) -> Option<Decision> {
    CHOICES.get(index as usize).copied().flatten()
}

/// What a toast says when changes were only ignored.
pub(crate) fn ignored(count: usize) -> String {
    let sentence = ngettext("{count} change is ignored now", "{count} changes are ignored now", n32(count));
    fill(&sentence, &[("count", &count.to_string())])
}

impl Marks {
    /// Whether changes start with their suggestion.
    pub(crate) fn suggest(&mut self, suggest: bool) {
        self.no_suggestions = !suggest;
    }

    /// The decision about a change.
    pub(crate) fn decision(&self, change: &Change) -> Option<Decision> {
        self.of(&change.id, change.suggestion())
    }

    /// The decision about an item whose origin suggests one.
    pub(crate) fn of(&self, id: &ItemId, suggestion: Option<Decision>) -> Option<Decision> {
        let suggestion = suggestion.filter(|_| !self.no_suggestions);
        self.chosen.get(id).copied().unwrap_or(suggestion)
    }

    /// Decides about an item; tells whether that is news.
    pub(crate) fn set(&mut self, id: &ItemId, decision: Option<Decision>) -> bool {
        self.chosen.insert(id.clone(), decision) != Some(decision)
    }

    /// Decides about every change of a domain; `None` takes marks and suggestions back.
    pub(crate) fn set_all(&mut self, comparison: &Comparison, domain: Domain, decision: Option<Decision>) {
        for change in comparison.changes.iter().filter(|change| change.id.domain == domain) {
            self.set(&change.id, decision);
        }
    }

    /// Forgets marks on what is no change any more; what cannot be checked now may still be one.
    pub(crate) fn prune(&mut self, comparison: &Comparison) {
        let is_unknown = |id: &ItemId| {
            let covers = |item: &Option<ItemId>| item.as_ref().is_none_or(|item| item == id);
            comparison.unknown.iter().any(|unknown| unknown.domain == id.domain && covers(&unknown.item))
        };
        self.chosen.retain(|id, _| comparison.changes.iter().any(|change| change.id == *id) || is_unknown(id));
    }

    /// What a plan is made from.
    pub(crate) fn decisions(&self, comparison: &Comparison) -> Decisions {
        let decided = comparison.changes.iter();
        decided.filter_map(|change| Some((change.id.clone(), self.decision(change)?))).collect()
    }

    /// Counts the decisions.
    pub(crate) fn tally(&self, comparison: &Comparison) -> Tally {
        let mut tally = Tally::default();
        for change in &comparison.changes {
            *match self.decision(change) {
                None => &mut tally.later,
                Some(Decision::Apply) => &mut tally.apply,
                Some(Decision::Capture) => &mut tally.capture,
                Some(Decision::Ignore) => &mut tally.ignore,
            } += 1;
        }
        tally
    }
}

impl Tally {
    /// How many changes are decided.
    pub(crate) const fn decided(self) -> usize {
        self.apply + self.capture + self.ignore
    }

    /// `2 to apply · 2 to capture · 2 undecided`.
    pub(crate) fn text(self) -> String {
        let part = |n: usize, sentence: fn(u32) -> String| {
            (n > 0).then(|| fill(&sentence(n32(n)), &[("count", &n.to_string())]))
        };
        let parts = [
            part(self.apply, |n| ngettext("{count} to apply", "{count} to apply", n)),
            part(self.capture, |n| ngettext("{count} to capture", "{count} to capture", n)),
            part(self.ignore, |n| ngettext("{count} to ignore", "{count} to ignore", n)),
            part(self.later, |n| ngettext("{count} undecided", "{count} undecided", n)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// `4 decided`, for narrow windows.
    pub(crate) fn short_text(self) -> String {
        let count = self.decided();
        fill(&ngettext("{count} decided", "{count} decided", n32(count)), &[("count", &count.to_string())])
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use bkt_core::compare::Unknown;

    #[test]
    fn a_suggestion_counts_until_something_else_is_chosen() {
        let comparison = samples::comparison();
        let mut marks = Marks::default();
        let boxes = &comparison.changes[0];
        assert_eq!(marks.decision(boxes), Some(Decision::Capture));
        assert!(marks.set(&boxes.id, None));
        assert!(!marks.set(&boxes.id, None));
        assert_eq!(marks.decision(boxes), None);
        marks.suggest(false);
        assert_eq!(marks.decisions(&comparison).len(), 0);
    }

    #[test]
    fn the_bar_counts_only_what_there_is() {
        let comparison = samples::comparison();
        let mut marks = Marks::default();
        assert_eq!(marks.tally(&comparison).text(), "1 to capture · 2 undecided");
        marks.set_all(&comparison, Domain::Unit, Some(Decision::Apply));
        assert_eq!(marks.tally(&comparison).text(), "1 to apply · 1 to capture · 1 undecided");
        assert_eq!(marks.tally(&comparison).short_text(), "2 decided");
    }

    #[test]
    fn marks_survive_a_restart_and_end_with_their_change() {
        let mut comparison = samples::comparison();
        let mut marks = Marks::default();
        marks.set(&comparison.changes[1].id, Some(Decision::Ignore));
        let mut again: Marks = serde_json::from_str(&serde_json::to_string(&marks).unwrap()).unwrap();
        assert_eq!(again, marks);
        comparison.changes.remove(1);
        again.prune(&comparison);
        assert_eq!(again, Marks::default());
    }

    #[test]
    fn marks_outlive_a_comparison_that_could_not_look() {
        let mut comparison = samples::comparison();
        let mut marks = Marks::default();
        marks.set(&comparison.changes[0].id, Some(Decision::Ignore));
        marks.set(&comparison.changes[1].id, Some(Decision::Ignore));
        let (flatpak, unit) = (comparison.changes.remove(0).id, comparison.changes.remove(0).id);
        let problem = bkt_core::problem::Problem::new("tool_missing", "flatpak is not installed");
        comparison.unknown.push(Unknown { domain: Domain::Flatpak, item: None, problem });
        marks.prune(&comparison);
        assert_eq!(marks.of(&flatpak, None), Some(Decision::Ignore));
        assert_eq!(marks.of(&unit, None), None);
    }
}
