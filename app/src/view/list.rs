// SPDX-License-Identifier: GPL-3.0-or-later
//! The flat list behind the virtualised view: group headings and rows, filtered.
//!
//! Invariant: a group without rows is absent, and the first and last row of each group know it.

use std::rc::Rc;

use bkt_core::compare::{Change, Comparison};
use bkt_core::item::Domain;

use super::row::{Kind, Row};

/// Which rows are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scope {
    /// What differs and what could not be compared.
    #[default]
    Changes,
    /// What differs and is ignored.
    Ignored,
    /// All of it, and what agrees.
    Everything,
}

impl Scope {
    /// Every scope, in the order of the switch.
    pub(crate) const ALL: [Self; 3] = [Self::Changes, Self::Ignored, Self::Everything];

    /// How many rows it has without a search.
    pub(crate) fn count(self, comparison: &Comparison) -> usize {
        match self {
            Self::Changes => comparison.changes.len(),
            Self::Ignored => comparison.ignored.len(),
            Self::Everything => {
                comparison.changes.len()
                    + comparison.ignored.len()
                    + comparison.in_sync.len()
                    + comparison.unknown.len()
            }
        }
    }
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A heading; `settable` when decisions can be set for the whole group.
    Group { domain: Domain, settable: bool },
    /// A row with its place in the group's frame.
    Row { row: Rc<Row>, first: bool, last: bool },
}

/// The words of a search.
fn words(search: &str) -> Vec<String> {
    search.split_whitespace().map(str::to_lowercase).collect()
}

/// The rows of a scope, domain by domain; made once per comparison, not per search.
pub(crate) fn rows(comparison: &Comparison, scope: Scope) -> Vec<Rc<Row>> {
    Domain::ALL.into_iter().flat_map(|domain| rows_of(comparison, scope, domain)).map(Rc::new).collect()
}

fn rows_of(comparison: &Comparison, scope: Scope, domain: Domain) -> Vec<Row> {
    let mut rows = Vec::new();
    let of = |change: &&Change| change.id.domain == domain;
    if scope != Scope::Ignored {
        rows.extend(comparison.unknown.iter().filter(|unknown| unknown.domain == domain).map(Row::unknown));
        let changes = comparison.changes.iter().filter(of);
        rows.extend(changes.map(|change| Row::change(change, Kind::Change(change.suggestion()))));
    }
    if scope != Scope::Changes {
        rows.extend(comparison.ignored.iter().filter(of).map(|change| Row::change(change, Kind::Ignored)));
    }
    if scope == Scope::Everything {
        rows.extend(comparison.in_sync.iter().filter(|item| item.id.domain == domain).map(Row::same));
    }
    rows
}

/// Lists the rows a search leaves, with a heading for each domain.
pub(crate) fn entries(rows: &[Rc<Row>], search: &str) -> Vec<Entry> {
    let words = words(search);
    let found: Vec<&Rc<Row>> = rows.iter().filter(|row| row.matches(&words)).collect();
    let mut entries = Vec::with_capacity(found.len() + Domain::ALL.len());
    for group in found.chunk_by(|one, other| one.domain == other.domain) {
        let settable = group.iter().any(|row| matches!(row.kind, Kind::Change(_)));
        entries.push(Entry::Group { domain: group[0].domain, settable });
        let last = group.len() - 1;
        entries.extend(group.iter().enumerate().map(|(at, row)| Entry::Row {
            row: Rc::clone(row),
            first: at == 0,
            last: at == last,
        }));
    }
    entries
}

/// How many entries two lists share at their beginnings and, beyond those, at their ends.
pub(crate) fn common(before: &[Entry], after: &[Entry]) -> (usize, usize) {
    let head = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    let tail = before[head..].iter().rev().zip(after[head..].iter().rev());
    (head, tail.take_while(|(one, other)| one == other).count())
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use bkt_core::compare::Unknown;
    use bkt_core::problem::Problem;

    #[test]
    fn each_domain_with_rows_is_one_framed_group() {
        let comparison = samples::comparison();
        let list = entries(&rows(&comparison, Scope::Changes), "");
        assert_eq!(list.len(), 6);
        assert_eq!(list[0], Entry::Group { domain: Domain::Flatpak, settable: true });
        assert!(matches!(&list[1], Entry::Row { first: true, last: true, row } if row.title == "Boxes"));
        assert_eq!(entries(&rows(&comparison, Scope::Changes), "TUNED masked").len(), 2);
        assert!(entries(&rows(&comparison, Scope::Ignored), "").is_empty());
    }

    #[test]
    fn lists_share_their_beginning_and_end() {
        let comparison = samples::comparison();
        let all = entries(&rows(&comparison, Scope::Changes), "");
        let without_units: Vec<Entry> =
            all.iter().enumerate().filter(|(at, _)| *at != 3).map(|(_, e)| e.clone()).collect();
        assert_eq!(common(&all, &all), (6, 0));
        assert_eq!(common(&all, &without_units), (3, 2));
        assert_eq!(common(&[], &all), (0, 0));
        assert_eq!(common(&all[..1], &[all[0].clone(), all[0].clone()]), (1, 0));
    }

    #[test]
    fn a_domain_that_could_not_be_read_is_a_row_and_not_settable() {
        let mut comparison = samples::comparison();
        comparison.changes.clear();
        let problem = Problem::new("manifest_invalid", "manifests/system-packages.json line 3: expected a comma");
        comparison.unknown.push(Unknown { domain: Domain::Pkg, item: None, problem });
        let list = entries(&rows(&comparison, Scope::Changes), "");
        assert_eq!(list[0], Entry::Group { domain: Domain::Pkg, settable: false });
        let Entry::Row { row, .. } = &list[1] else { panic!() };
        assert_eq!(row.title, "Packages could not be checked");
        assert_eq!(row.subtitle, "manifests/system-packages.json line 3: expected a comma");
    }
}
