// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether what the setup takes for granted is true on this computer.
//!
//! Invariant: only looks.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Assumption, BaseAssumptions, Kind, unit};
use crate::deployment::System;
use crate::domain::pkg;
use crate::host::Host;
use crate::problem::Problem;

/// What became of an assumption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is true.
    Holds,
    /// It is not there.
    Missing,
    /// It is there, but only because it was added to the image on this computer.
    Layered,
    /// It could not be looked at.
    Unknown,
}

/// One assumption with what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// The assumption.
    #[serde(flatten)]
    pub assumption: Assumption,
    /// What became of it.
    pub state: Verdict,
    /// Why it could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// Where systemd looks for units of the system and of every person (systemd.unit(5)).
const UNITS: [&str; 9] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/etc/systemd/user",
    "/run/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
];

/// Looks whether the assumptions hold.
#[must_use]
pub fn verify(base: &BaseAssumptions, host: &dyn Host, system: &System) -> Vec<Verified> {
    let asks = |kind: Kind| base.count(kind) > 0;
    let packages = if asks(Kind::Package) { pkg::in_base(host, system) } else { Ok(BTreeSet::new()) };
    let units = if asks(Kind::Service) { units(host) } else { Ok(BTreeSet::new()) };
    let mut directories = BTreeMap::new();
    let state = |there: bool| if there { Verdict::Holds } else { Verdict::Missing };
    let mut look = |assumption: &Assumption| -> Result<Verdict, Problem> {
        match assumption.kind {
            Kind::Package => packages.as_ref().map_err(Clone::clone).map(|packages| {
                let is_layered = system.layered.contains(&assumption.name);
                if is_layered { Verdict::Layered } else { state(packages.contains(&assumption.name)) }
            }),
            Kind::Service => units.as_ref().map_err(Clone::clone).map(|units| {
                let name = unit(&assumption.name);
                state(units.contains(&name) || template(&name).is_some_and(|template| units.contains(&template)))
            }),
            Kind::Path => {
                let Some((parent, name)) = assumption.name.trim_end_matches('/').rsplit_once('/') else {
                    return Ok(Verdict::Holds);
                };
                let parent = if parent.is_empty() { "/" } else { parent };
                let names = directories
                    .entry(parent.to_owned())
                    .or_insert_with(|| host.list(&host.at(parent)).map_err(Problem::from));
                names.as_ref().map_err(Clone::clone).map(|names| state(names.iter().any(|known| known == name)))
            }
        }
    };
    base.assumptions
        .iter()
        .map(|assumption| match look(assumption) {
            Ok(state) => Verified { assumption: assumption.clone(), state, problem: None },
            Err(problem) => {
                Verified { assumption: assumption.clone(), state: Verdict::Unknown, problem: Some(problem) }
            }
        })
        .collect()
}

fn units(host: &dyn Host) -> Result<BTreeSet<String>, Problem> {
    let mut units = BTreeSet::new();
    for directory in UNITS {
        units.extend(host.list(&host.at(directory))?);
    }
    Ok(units)
}

/// `getty@tty1.service` comes from `getty@.service`.
fn template(name: &str) -> Option<String> {
    let (prefix, rest) = name.split_once('@')?;
    let (_, kind) = rest.rsplit_once('.')?;
    Some(format!("{prefix}@.{kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;

    fn assumed(entries: &[(Kind, &str)]) -> BaseAssumptions {
        let assumption =
            |(kind, name): &(Kind, &str)| Assumption { kind: *kind, name: (*name).to_owned(), reason: None, line: 1 };
        BaseAssumptions { assumptions: entries.iter().map(assumption).collect(), ..BaseAssumptions::default() }
    }

    #[test]
    fn every_kind_is_looked_up_and_the_database_read_once() {
        let host = RecordingHost::default()
            .prints("rpm -qa --qf '%{NAME}\\t%{EVR}.%{ARCH}\\n'", "bash\t5.2-1.x86_64\nhtop\t3-1.x86_64\n")
            .file("/usr/lib/systemd/system/getty@.service", "")
            .file("/etc/systemd/system/own.service", "")
            .file("/usr/bin/bash", "");
        let mut system = System::probe(&host);
        system.layered = vec!["htop".into()];
        let base = assumed(&[
            (Kind::Package, "bash"),
            (Kind::Package, "htop"),
            (Kind::Package, "nano"),
            (Kind::Service, "own"),
            (Kind::Service, "getty@tty1.service"),
            (Kind::Service, "gone.socket"),
            (Kind::Path, "/usr/bin/bash"),
            (Kind::Path, "/usr/bin/"),
            (Kind::Path, "/opt/x"),
        ]);
        let states: Vec<Verdict> = verify(&base, &host, &system).into_iter().map(|verified| verified.state).collect();
        use Verdict::{Holds, Layered, Missing};
        assert_eq!(states, [Holds, Layered, Missing, Holds, Holds, Missing, Holds, Holds, Missing]);
        assert_eq!(host.effects().len(), 1, "{:?}", host.effects());
    }

    #[test]
    fn without_rpm_packages_are_unknown_and_the_rest_is_not() {
        let host = RecordingHost::default().file("/usr/bin/bash", "");
        let base = assumed(&[(Kind::Package, "bash"), (Kind::Path, "/usr/bin/bash")]);
        let verified = verify(&base, &host, &System::probe(&host));
        assert_eq!((verified[0].state, verified[1].state), (Verdict::Unknown, Verdict::Holds));
        assert!(verified[0].problem.is_some());
    }
}
