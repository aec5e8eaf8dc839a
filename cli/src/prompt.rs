// SPDX-License-Identifier: GPL-3.0-or-later
//! Questions: the whole plan, or change by change.
//!
//! Invariant: the default answer changes nothing; every question explains its letters on `?`; the end of the
//! input counts as the default.

use bkt_core::compare::{Change, Decision};
use bkt_core::describe;
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::Domain;
use bkt_core::plan::Decisions;

use crate::card::Cards;
use crate::list;
use crate::ui::{BOLD, Ui, styled};

/// What a person says to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Run it.
    Yes,
    /// Do nothing.
    No,
    /// Decide change by change.
    Select,
}

/// Asks for a whole plan; `changes` are what it is about, where they are known.
pub(crate) fn consent(ui: &Ui, question: &str, changes: Option<(&Cards, &[&Change])>, may_select: bool) -> Consent {
    let letters = match changes {
        None => gettext("[y]es, [N]o, [?]"),
        Some(_) if may_select => gettext("[y]es, [N]o, [s]elect, [d]iff, [?]"),
        Some(_) => gettext("[y]es, [N]o, [d]iff, [?]"),
    };
    let line = fill(&gettext("{question} {letters}"), &[("question", question), ("letters", &letters)]);
    loop {
        let answer = ui.ask(&line);
        if let (Some("d" | "D"), Some((cards, changes))) = (answer.as_deref(), changes) {
            ui.say(&cards.all(changes));
            continue;
        }
        match answer.as_deref() {
            Some("y" | "Y" | "yes") => return Consent::Yes,
            Some("s" | "S") if may_select => return Consent::Select,
            None | Some("" | "n" | "N" | "no") => return Consent::No,
            Some(_) => {
                ui.say(&gettext("  y  do it\n  n  change nothing"));
                if changes.is_some() {
                    ui.say(&gettext("  d  show both sides"));
                }
                if may_select {
                    ui.say(&gettext("  s  decide change by change"));
                }
            }
        }
    }
}

/// Asks for each change; `None` when the person quits.
pub(crate) fn select(ui: &Ui, cards: &Cards, changes: &[&Change], suggested: &Decisions) -> Option<Decisions> {
    let mut decisions = Decisions::new();
    let mut for_all: Option<(Domain, Option<Decision>)> = None;
    for (index, change) in changes.iter().enumerate() {
        let decision = match for_all {
            Some((domain, decision)) if domain == change.id.domain => decision,
            _ => match one(ui, cards, change, index + 1, changes.len(), suggested)? {
                Choice::Decided(decision) => decision,
                Choice::All(decision) => {
                    for_all = Some((change.id.domain, decision));
                    decision
                }
            },
        };
        decisions.extend(decision.map(|decision| (change.id.clone(), decision)));
    }
    Some(decisions)
}

enum Choice {
    Decided(Option<Decision>),
    All(Option<Decision>),
}

fn one(ui: &Ui, cards: &Cards, change: &Change, n: usize, total: usize, suggested: &Decisions) -> Option<Choice> {
    let (mark, style) = list::sign(change);
    let what = describe::values(change).unwrap_or_else(|| describe::shape(change.shape));
    let id = styled(BOLD, &change.id.to_string());
    let origin = describe::origin(change.origin);
    ui.say(&format!("({n}/{total}) {style}{mark}{style:#} {id}\n        {what} · {origin}{}", cards.choices(change)));
    let domain = describe::domain(change.id.domain);
    let suggested = suggested.get(&change.id).copied();
    let question = match suggested {
        Some(Decision::Apply) => gettext("  [A]pply (suggested), [c]apture, [i]gnore, [l]ater, [d]iff, [q]uit, [?]"),
        Some(Decision::Capture) => gettext("  [a]pply, [C]apture (suggested), [i]gnore, [l]ater, [d]iff, [q]uit, [?]"),
        _ => gettext("  [a]pply, [c]apture, [i]gnore, [L]ater, [d]iff, [q]uit, [?]"),
    };
    loop {
        match ui.ask(&question)?.as_str() {
            "" => return Some(Choice::Decided(suggested)),
            "a" | "A" => return Some(Choice::Decided(Some(Decision::Apply))),
            "c" | "C" => return Some(Choice::Decided(Some(Decision::Capture))),
            "i" | "I" => return Some(Choice::Decided(Some(Decision::Ignore))),
            "l" | "L" | "s" | "S" => return Some(Choice::Decided(None)),
            "aa" => return Some(Choice::All(Some(Decision::Apply))),
            "cc" => return Some(Choice::All(Some(Decision::Capture))),
            "ii" => return Some(Choice::All(Some(Decision::Ignore))),
            "ll" | "ss" => return Some(Choice::All(None)),
            "d" | "D" => ui.say(&cards.one(change)),
            "q" | "Q" => return None,
            _ => ui.say(&fill(
                &gettext(
                    "  a   make this computer what the setup says\n  c   write what this computer has into the setup\n  \
                     i   stop reporting it\n  l   leave it for later (or s, skip)\n  d   show both sides\n  q   change nothing at all\n  \
                     aa  apply, also the rest of {domain}; likewise cc, ii and ll",
                ),
                &[("domain", &domain)],
            )),
        }
    }
}
