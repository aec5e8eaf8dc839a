// SPDX-License-Identifier: GPL-3.0-or-later
//! The first page: is everything as the setup says?
//!
//! Invariant: never a tick while anything is unknown.

use std::path::Path;

use bkt_core::compare::{Comparison, Origin};
use bkt_core::deployment::{Deployment, HostKind};
use bkt_core::describe;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::run::{Outcome, Receipt};
use jiff::Timestamp;

use super::{n32, time};

/// Where a row leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Overview,
    Changes,
    History,
}

impl Place {
    /// Every page, in the order of the sidebar.
    pub(crate) const ALL: [Self; 3] = [Self::Overview, Self::Changes, Self::History];

    /// Its name in actions and on the command line.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Changes => "changes",
            Self::History => "history",
        }
    }

    /// The page of a name; unknown names lead to the first page.
    pub(crate) fn of(id: &str) -> Self {
        Self::ALL.into_iter().find(|place| place.id() == id).unwrap_or(Self::Overview)
    }

    /// Its title.
    pub(crate) fn title(self) -> String {
        match self {
            Self::Overview => gettext("Overview"),
            Self::Changes => gettext("Changes"),
            Self::History => gettext("History"),
        }
    }

    /// Its symbolic icon.
    pub(crate) const fn icon(self) -> &'static str {
        match self {
            Self::Overview => "computer-symbolic",
            Self::Changes => "bkt-changes-symbolic",
            Self::History => "document-open-recent-symbolic",
        }
    }
}

/// Something to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NextStep {
    pub(crate) title: String,
    pub(crate) subtitle: String,
    pub(crate) icon: &'static str,
    pub(crate) place: Place,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Overview {
    pub(crate) icon: &'static str,
    pub(crate) headline: String,
    pub(crate) description: String,
    /// Whether there is something to review.
    pub(crate) reviewable: bool,
    pub(crate) steps: Vec<NextStep>,
    pub(crate) facts: Vec<(String, String)>,
}

/// Describes a comparison.
pub(crate) fn of(comparison: &Comparison, setup: &Path, last: Option<&Receipt>, now: Timestamp) -> Overview {
    let icon = match (comparison.unknown.is_empty(), comparison.changes.is_empty()) {
        (true, true) => "bkt-ok-symbolic",
        (false, true) => "bkt-unknown-symbolic",
        (_, false) => "bkt-changes-symbolic",
    };
    let when = time::ago(comparison.compared_at, now);
    let description = if comparison.everything_matches() {
        gettext("This computer matches its setup. Compared {when}.")
    } else {
        gettext("Compared {when}.")
    };
    Overview {
        icon,
        headline: describe::headline(comparison),
        description: fill(&description, &[("when", &when)]),
        reviewable: !comparison.changes.is_empty(),
        steps: steps(comparison, last),
        facts: facts(comparison, setup),
    }
}

fn counted(count: usize, sentence: fn(u32) -> String) -> String {
    fill(&sentence(n32(count)), &[("count", &count.to_string())])
}

fn steps(comparison: &Comparison, last: Option<&Receipt>) -> Vec<NextStep> {
    let mut steps = Vec::new();
    if last.is_some_and(|receipt| !matches!(receipt.result, Outcome::Done | Outcome::Running)) {
        steps.push(NextStep {
            title: gettext("The last run did not finish everything"),
            subtitle: gettext("History tells what did not work and why."),
            icon: "bkt-failed-symbolic",
            place: Place::History,
        });
    }
    if comparison.after_restart() > 0 {
        steps.push(NextStep {
            title: gettext("Restart to finish"),
            subtitle: counted(comparison.after_restart(), |n| {
                ngettext("{count} item is ready and waits for it.", "{count} items are ready and wait for it.", n)
            }),
            icon: "bkt-waiting-symbolic",
            place: Place::Changes,
        });
    }
    let both = comparison.changes.iter().filter(|change| change.origin == Origin::BothChanged).count();
    if both > 0 {
        steps.push(NextStep {
            title: counted(both, |n| {
                ngettext("{count} item changed in both places", "{count} items changed in both places", n)
            }),
            subtitle: gettext("Only a person can tell which side is right."),
            icon: "bkt-conflict-symbolic",
            place: Place::Changes,
        });
    }
    if !comparison.unknown.is_empty() && !comparison.changes.is_empty() {
        steps.push(NextStep {
            title: counted(comparison.unknown.len(), |n| {
                ngettext("{count} could not be checked", "{count} could not be checked", n)
            }),
            subtitle: comparison.unknown[0].problem.message.clone(),
            icon: "bkt-unknown-symbolic",
            place: Place::Changes,
        });
    }
    for domain in bkt_core::item::Domain::ALL {
        let names: Vec<&str> = comparison
            .changes
            .iter()
            .filter(|change| change.id.domain == domain)
            .map(bkt_core::compare::Change::title)
            .collect();
        if !names.is_empty() && steps.len() < 5 {
            steps.push(NextStep {
                title: describe::domain(domain),
                subtitle: describe::names(&names),
                icon: "bkt-different-symbolic",
                place: Place::Changes,
            });
        }
    }
    steps
}

fn facts(comparison: &Comparison, setup: &Path) -> Vec<(String, String)> {
    let system = &comparison.system;
    let deployment = |deployment: &Deployment| {
        let parts = [deployment.version.as_deref(), deployment.image.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    };
    let mut facts = Vec::new();
    let kind = match system.kind {
        HostKind::Image => gettext("Image"),
        HostKind::Layered => gettext("Image with layered packages"),
        HostKind::Ostree => gettext("Atomic"),
        HostKind::ImageOnly => gettext("Image without rpm-ostree"),
        HostKind::Composefs => gettext("Sealed image"),
        HostKind::Package => gettext("Packages"),
        HostKind::Container => gettext("Container"),
    };
    // Translators: how the system is made: an image, packages, …
    facts.push((gettext("System"), kind));
    let running = system.booted.as_ref().map(deployment).filter(|text| !text.is_empty());
    facts.extend(running.map(|text| (gettext("Running Now"), text)));
    let staged = system.staged.as_ref().map(deployment).filter(|text| !text.is_empty());
    facts.extend(staged.map(|text| (gettext("After Restart"), text)));
    facts.push((gettext("Setup"), setup.display().to_string()));
    facts.push((
        gettext("Matches"),
        counted(comparison.in_sync.len(), |n| ngettext("{count} item", "{count} items", n)),
    ));
    if !comparison.ignored.is_empty() {
        let ignored = counted(comparison.ignored.len(), |n| ngettext("{count} item", "{count} items", n));
        facts.push((gettext("Ignored"), ignored));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use bkt_core::compare::Unknown;
    use bkt_core::item::Domain;
    use bkt_core::problem::Problem;

    #[test]
    fn no_tick_while_anything_is_unknown() {
        let mut comparison = samples::comparison();
        let of = |comparison: &Comparison| of(comparison, Path::new("/s"), None, comparison.compared_at);
        assert_eq!(of(&comparison).headline, "3 Changes to Decide");
        comparison.changes.clear();
        assert_eq!(of(&comparison).icon, "bkt-ok-symbolic");
        let problem = Problem::new("command_missing", "flatpak was not found");
        comparison.unknown.push(Unknown { domain: Domain::Flatpak, item: None, problem });
        assert_eq!(of(&comparison).icon, "bkt-unknown-symbolic");
        assert_eq!(of(&comparison).headline, "1 Could Not Be Checked");
    }

    #[test]
    fn pages_have_names_that_read_back() {
        for place in Place::ALL {
            assert_eq!(Place::of(place.id()), place);
        }
        assert_eq!(Place::of("nowhere"), Place::Overview);
    }
}
