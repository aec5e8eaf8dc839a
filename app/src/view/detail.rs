// SPDX-License-Identifier: GPL-3.0-or-later
//! The detail page of one change.
//!
//! Invariant: each decision names its concrete effect before it is chosen.

use bkt_core::agreed::Base;
use bkt_core::compare::{Change, Decision};
use bkt_core::describe;
use bkt_core::i18n::{fill, gettext};

/// One thing that can be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) decision: Option<Decision>,
    pub(crate) title: String,
    pub(crate) subtitle: String,
    /// Whether it can be chosen on this computer.
    pub(crate) possible: bool,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Detail {
    pub(crate) title: String,
    /// Setup, computer, last agreed: label and value.
    pub(crate) values: Vec<(String, String)>,
    pub(crate) choices: Vec<Choice>,
    /// Label and value; the identifier first.
    pub(crate) facts: Vec<(String, String)>,
}

/// Describes a change.
pub(crate) fn of(change: &Change) -> Detail {
    let said = |value: Option<&bkt_core::value::Value>| value.map_or_else(|| gettext("Not there"), ToString::to_string);
    let base = match &change.base {
        Base::Unknown => gettext("Not compared before"),
        Base::Absent => gettext("Not there"),
        Base::Value(value) => value.to_string(),
    };
    let mut facts = vec![(gettext("Identifier"), change.id.to_string())];
    let manifest = match change.declared_at {
        Some((_, line)) if line > 0 => {
            fill(&gettext("{file}, line {line}"), &[("file", &change.file()), ("line", &line.to_string())])
        }
        _ => change.file(),
    };
    facts.push((gettext("Manifest"), manifest));
    facts.push((gettext("Origin"), describe::origin(change.origin)));
    facts.push((gettext("Takes Effect"), describe::effect(change.effect)));
    if let Some(who) = describe::privilege(change.privilege) {
        facts.push((gettext("Permission"), who));
    }
    if let Some(reason) = &change.fixed {
        facts.push((gettext("Cannot Be Changed Here"), reason.clone()));
    }
    // Translators: a command line, the identifier is put after it.
    facts.push((gettext("Command"), ["bkt capture ", &change.id.to_string()].concat()));
    Detail {
        title: change.title().to_owned(),
        values: vec![
            (gettext("Setup"), said(change.setup.as_ref())),
            (gettext("This Computer"), said(change.computer.as_ref())),
            (gettext("Last Agreed"), base),
        ],
        choices: vec![
            Choice {
                decision: Some(Decision::Apply),
                title: gettext("Apply the Setup"),
                subtitle: describe::apply_sentence(change),
                possible: change.fixed.is_none(),
            },
            Choice {
                decision: Some(Decision::Capture),
                title: gettext("Capture from This Computer"),
                subtitle: describe::capture_sentence(change),
                possible: true,
            },
            Choice {
                decision: Some(Decision::Ignore),
                title: gettext("Ignore"),
                subtitle: gettext("Stops reporting it."),
                possible: true,
            },
            Choice {
                decision: None,
                title: gettext("Decide Later"),
                subtitle: gettext("Keeps it in the list and changes nothing."),
                possible: true,
            },
        ],
        facts,
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn each_choice_names_what_it_does() {
        let detail = of(&samples::comparison().changes[1]);
        assert_eq!(detail.values[0].1, "enabled");
        assert!(detail.choices[0].subtitle.contains("enabled"));
        assert!(detail.choices[1].subtitle.contains("manifests/systemd-services.json"));
        assert_eq!(detail.facts[0].1, "unit:tuned.service");
    }
}
