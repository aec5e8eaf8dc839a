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
    Err(match similar(comparison, word) {
        Some(item) => failure.hinted(fill(&gettext("Did you mean {item}?"), &[("item", &item)])),
        None => failure.hinted(gettext("‘bkt drift’ lists the items")),
    })
}

/// Whether a word covers an item: its id, a pattern of it, or its kind.
pub(crate) fn covers(word: &str, id: &ItemId) -> bool {
    word == id.domain.id() || ignore::matches(word, &id.to_string())
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
