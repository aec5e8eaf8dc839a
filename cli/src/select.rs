// SPDX-License-Identifier: GPL-3.0-or-later
//! From the words a person types to items: exact ids, patterns with `*`, and bare kinds.
//!
//! Invariant: a word that names nothing is a failure that says what was probably meant; nothing is guessed.

use std::collections::BTreeSet;

use bkt_core::compare::{Change, Comparison};
use bkt_core::i18n::{fill, gettext};
use bkt_core::ignore;
use bkt_core::item::{Domain, ItemId};

use crate::error::{Failure, exit};

/// What words stand for.
#[derive(Debug, Default)]
pub(crate) struct Picked<'c> {
    /// Differences, in the order of the comparison.
    pub(crate) changes: Vec<&'c Change>,
    /// Items named exactly that are equal on both sides.
    pub(crate) equal: Vec<ItemId>,
}

/// Finds the items that words stand for.
pub(crate) fn pick<'c>(comparison: &'c Comparison, words: &[String]) -> Result<Picked<'c>, Failure> {
    let mut picked = Picked::default();
    let mut known = BTreeSet::new();
    for word in words {
        let found = one(comparison, word)?;
        picked.changes.extend(found.changes.into_iter().filter(|change| known.insert(&change.id)));
        picked.equal.extend(found.equal);
    }
    Ok(picked)
}

fn one<'c>(comparison: &'c Comparison, word: &str) -> Result<Picked<'c>, Failure> {
    let id = word.parse::<ItemId>();
    if let Some(change) = id.as_ref().ok().and_then(|id| comparison.change(id)) {
        return Ok(Picked { changes: vec![change], equal: Vec::new() });
    }
    let covers = |id: &ItemId| covers(word, id);
    let changes: Vec<_> = comparison.changes.iter().filter(|change| covers(&change.id)).collect();
    if !changes.is_empty() {
        return Ok(Picked { changes, equal: Vec::new() });
    }
    // A kind or an item that could not be read is neither equal nor unknown to the person.
    let domain = word.parse::<Domain>().ok().or_else(|| Some(id.as_ref().ok()?.domain));
    let unread = comparison.unknown.iter().find(|unknown| match &unknown.item {
        Some(item) => covers(item),
        None => Some(unknown.domain) == domain,
    });
    if let Some(unknown) = unread {
        let values = [("item", word), ("reason", &unknown.problem.message)];
        let message = fill(&gettext("{item} could not be checked: {reason}"), &values);
        let mut failure = Failure::new(exit::NOT_POSSIBLE, &unknown.problem.code, message);
        failure.problem.hint.clone_from(&unknown.problem.hint);
        return Err(failure);
    }
    let equal: Vec<ItemId> = comparison.in_sync.iter().map(|item| &item.id).filter(|id| covers(id)).cloned().collect();
    if !equal.is_empty() || word.parse::<Domain>().is_ok() {
        return Ok(Picked { changes: Vec::new(), equal });
    }
    let failure = match &id {
        Err(error) if !word.contains('*') => Failure::new(exit::USAGE, "unknown_item", error.to_string()),
        _ => {
            let message = fill(&gettext("nothing here or in the setup is called ‘{item}’"), &[("item", word)]);
            Failure::new(exit::USAGE, "unknown_item", message)
        }
    };
    if is_section(word) {
        return Err(failure.hinted(gettext("Sections follow the manifests: ‘bkt containerfile sync’ writes them")));
    }
    Err(match similar(comparison, word).or_else(|| meant(word)) {
        Some(item) => failure.hinted(fill(&gettext("Did you mean {item}?"), &[("item", &item)])),
        None => failure.hinted(gettext("‘bkt drift’ lists the items")),
    })
}

/// What people call the kinds of items elsewhere.
const OTHER_WORDS: [(&str, Domain); 21] = [
    ("package", Domain::Pkg),
    ("rpm", Domain::Pkg),
    ("dnf", Domain::Pkg),
    ("system", Domain::Pkg),
    ("app", Domain::Flatpak),
    ("application", Domain::Flatpak),
    ("fp", Domain::Flatpak),
    ("extension", Domain::Ext),
    ("setting", Domain::Gsetting),
    ("gs", Domain::Gsetting),
    ("gsettings", Domain::Gsetting),
    ("dconf", Domain::Gsetting),
    ("command", Domain::Shim),
    ("service", Domain::Unit),
    ("systemd", Domain::Unit),
    ("systemctl", Domain::Unit),
    ("timer", Domain::Unit),
    ("kernel", Domain::Karg),
    ("kernel-argument", Domain::Karg),
    ("argument", Domain::Karg),
    ("flatpak-remote", Domain::Remote),
];

/// The kind that was probably meant by the word before the colon, or by the whole word.
fn meant(word: &str) -> Option<String> {
    let (kind, key) = word.split_once(':').map_or((word, None), |(kind, key)| (kind, Some(key)));
    let kind = kind.to_lowercase();
    if kind.parse::<Domain>().is_ok() {
        return None;
    }
    let single = kind.strip_suffix('s').unwrap_or(&kind);
    let other = OTHER_WORDS.iter().find(|(other, _)| *other == kind || *other == single);
    let domain = other.map(|(_, domain)| *domain).or_else(|| {
        let ids = Domain::ALL.iter().map(|domain| domain.id()).chain(OTHER_WORDS.iter().map(|(other, _)| *other));
        let near = nearest(&kind, ids)?;
        near.parse().ok().or_else(|| Some(OTHER_WORDS.iter().find(|(other, _)| *other == near)?.1))
    })?;
    Some(key.map_or_else(|| domain.id().to_owned(), |key| format!("{domain}:{key}")))
}

/// Whether a word covers an item: its id, a pattern of it, or its kind.
pub(crate) fn covers(word: &str, id: &ItemId) -> bool {
    word == id.domain.id() || ignore::names(id).iter().any(|name| ignore::matches(word, name))
}

/// What stands before the colon where a section of the recipe is named.
pub(crate) const SECTION: &str = "section";

/// Whether a word names sections of the recipe, which are no items.
pub(crate) fn is_section(word: &str) -> bool {
    word == SECTION || word.strip_prefix(SECTION).is_some_and(|rest| rest.starts_with(':'))
}

/// The name that is nearest to a mistyped one, when it is near enough to have been meant.
pub(crate) fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let scored = names.into_iter().map(|name| (strsim::normalized_damerau_levenshtein(name, word), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.7).then_some(best.1)
}

/// The item whose id or name is nearest to a word.
fn similar(comparison: &Comparison, word: &str) -> Option<String> {
    let changes = comparison.changes.iter().chain(&comparison.ignored).map(|change| &change.id);
    let ids = changes.chain(comparison.in_sync.iter().map(|item| &item.id));
    let near = |id: &ItemId| {
        let whole = id.to_string();
        let last = id.key.rsplit(['.', '/']).next().unwrap_or_default();
        let score = |text: &str| strsim::normalized_damerau_levenshtein(text, word);
        let named = word.eq_ignore_ascii_case(last) || id.key == word;
        (if named { 1.0 } else { score(&whole).max(score(&id.key)) }, whole)
    };
    let best = ids.map(near).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.7).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_for_kinds_are_understood_as_questions() {
        for (word, kind) in [
            ("rpm:htop", "pkg:htop"),
            ("packages", "pkg"),
            ("Extension:a@b", "ext:a@b"),
            ("flatpack:org.gnome.Boxes", "flatpak:org.gnome.Boxes"),
            ("services", "unit"),
            ("kargs:quiet", "karg:quiet"),
        ] {
            assert_eq!(meant(word).as_deref(), Some(kind));
        }
        assert_eq!((meant("pkg:htop"), meant("zzz")), (None, None));
    }
}
