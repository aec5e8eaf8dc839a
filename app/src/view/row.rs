// SPDX-License-Identifier: GPL-3.0-or-later
//! One row of the list of changes: its words, its icon, and the sentence a screen reader says.
//!
//! Invariant: the order of the subtitle's parts is fixed: values or shape, origin, effect, privilege.

use bkt_core::compare::{Change, Decision, InSync, Origin, Shape, Unknown};
use bkt_core::describe;
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};

/// What kind of row it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A difference to decide, with what its origin suggests.
    Change(Option<Decision>),
    /// A difference that is ignored.
    Ignored,
    /// Both sides agree.
    Same,
    /// It could not be compared.
    Unknown,
}

/// What a row shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its domain.
    pub(crate) domain: Domain,
    /// Its item; none when a whole domain could not be compared.
    pub(crate) id: Option<ItemId>,
    /// What kind of row it is.
    pub(crate) kind: Kind,
    /// The name people know.
    pub(crate) title: String,
    /// The facts.
    pub(crate) subtitle: String,
    /// The symbolic icon of the shape.
    pub(crate) icon: &'static str,
    /// What the icon says.
    pub(crate) icon_label: String,
    /// What a search looks at, in lower case.
    text: String,
}

/// The icon of a difference's shape.
pub(crate) const fn shape_icon(shape: Shape, origin: Origin) -> &'static str {
    match (origin, shape) {
        (Origin::BothChanged, _) => "bkt-conflict-symbolic",
        (_, Shape::OnlyHere) => "bkt-only-here-symbolic",
        (_, Shape::Missing) => "bkt-missing-symbolic",
        (_, Shape::Different) => "bkt-different-symbolic",
    }
}

impl Row {
    /// The row of a difference.
    pub(crate) fn change(change: &Change, kind: Kind) -> Self {
        let mut parts = vec![describe::values(change).unwrap_or_else(|| describe::shape(change.shape))];
        parts.push(describe::origin(change.origin));
        parts.push(describe::effect(change.effect));
        parts.extend(describe::privilege(change.privilege));
        let icon_label = match change.origin {
            Origin::BothChanged => describe::origin(change.origin),
            _ => describe::shape(change.shape),
        };
        Self {
            domain: change.id.domain,
            id: Some(change.id.clone()),
            kind,
            title: change.title().to_owned(),
            subtitle: parts.join(" · "),
            icon: shape_icon(change.shape, change.origin),
            icon_label,
            text: String::new(),
        }
        .searchable()
    }

    /// The row of an item both sides agree on.
    pub(crate) fn same(item: &InSync) -> Self {
        let words = if item.after_restart { gettext("Matches after restart") } else { gettext("Matches") };
        let value =
            item.value.as_ref().map(ToString::to_string).filter(|_| bkt_core::domain::kind(item.id.domain).is_total());
        Self {
            domain: item.id.domain,
            id: Some(item.id.clone()),
            kind: Kind::Same,
            title: item.name.clone().unwrap_or_else(|| item.id.key.clone()),
            subtitle: value.map_or_else(|| words.clone(), |value| [value.as_str(), words.as_str()].join(" · ")),
            icon: if item.after_restart { "bkt-waiting-symbolic" } else { "bkt-ok-symbolic" },
            icon_label: words,
            text: String::new(),
        }
        .searchable()
    }

    /// The row of something that could not be compared.
    pub(crate) fn unknown(unknown: &Unknown) -> Self {
        let title = match &unknown.item {
            Some(item) => item.key.clone(),
            None => fill(&gettext("{kind} could not be checked"), &[("kind", &describe::domain(unknown.domain))]),
        };
        let hint = unknown.problem.hint.as_deref();
        Self {
            domain: unknown.domain,
            id: unknown.item.clone(),
            kind: Kind::Unknown,
            title,
            subtitle: hint.map_or_else(
                || unknown.problem.message.clone(),
                |hint| [unknown.problem.message.as_str(), hint].join(". "),
            ),
            icon: "bkt-unknown-symbolic",
            icon_label: gettext("Could not be checked"),
            text: String::new(),
        }
        .searchable()
    }

    fn searchable(mut self) -> Self {
        let id = self.id.as_ref().map(ToString::to_string).unwrap_or_default();
        let domain = describe::domain(self.domain);
        // A line feed is in no search, so no word is found across two parts.
        self.text = [&self.title, &self.subtitle, &id, &domain].map(|text| text.to_lowercase()).join("\n");
        self
    }

    /// The name a screen reader says: title and domain.
    pub(crate) fn accessible_label(&self) -> String {
        [self.title.as_str(), &describe::domain(self.domain)].join(", ")
    }

    /// What a screen reader adds: icon, facts and decision.
    pub(crate) fn accessible_description(&self, decision: Option<Decision>) -> String {
        let facts = self.subtitle.replace(" · ", ", ");
        let mut parts = if facts.starts_with(&self.icon_label) { Vec::new() } else { vec![self.icon_label.clone()] };
        parts.push(facts);
        if matches!(self.kind, Kind::Change(_)) {
            parts.push(fill(&gettext("Decision: {decision}"), &[("decision", &describe::decision(decision))]));
        }
        parts.join(", ")
    }

    /// The name of the row's drop-down.
    pub(crate) fn decision_label(&self) -> String {
        fill(&gettext("Decision for {item}"), &[("item", &self.title)])
    }

    /// Whether every word of a search, given in lower case, is in the row.
    pub(crate) fn matches(&self, words: &[String]) -> bool {
        words.iter().all(|word| self.text.contains(word.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn a_row_says_values_origin_effect_and_privilege_in_this_order() {
        let comparison = samples::comparison();
        let row = |n: usize| Row::change(&comparison.changes[n], Kind::Change(None));
        assert_eq!((row(0).title.as_str(), row(0).icon), ("Boxes", "bkt-only-here-symbolic"));
        assert_eq!(row(0).subtitle, "Only on this computer · Changed here · Now");
        assert_eq!(row(1).subtitle, "enabled → masked · Changed here · Now · Administrator");
        assert_eq!(row(2).subtitle, "Missing here · Not compared before · After restart · Administrator");
    }

    #[test]
    fn a_screen_reader_hears_one_sentence() {
        let comparison = samples::comparison();
        let row = Row::change(&comparison.changes[0], Kind::Change(Some(Decision::Capture)));
        assert_eq!(row.accessible_label(), "Boxes, Flatpak Apps");
        assert_eq!(
            row.accessible_description(Some(Decision::Capture)),
            "Only on this computer, Changed here, Now, Decision: Capture"
        );
        assert_eq!(row.decision_label(), "Decision for Boxes");
    }

    #[test]
    fn a_search_looks_at_names_ids_and_facts() {
        let comparison = samples::comparison();
        let row = Row::change(&comparison.changes[2], Kind::Change(None));
        let found = |text: &str| row.matches(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert!(found("") && found("karg:quiet") && found("restart administrator") && found("kernel"));
        assert!(!found("quiet flatpak"));
    }
}
