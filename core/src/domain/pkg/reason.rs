// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a package is installed, as dnf keeps it.
//!
//! dnf5 keeps it in `packages.toml` below [`DNF5`], which anyone may read; dnf4 keeps it in its history and is
//! asked. Only what a person asked for by name counts: not dependencies, not members of a group, and not
//! packages dnf knows no reason for (dnf5 calls them `External User`), which is most of an image.
//!
//! Invariant: a record that cannot be understood is an error, never "nobody chose anything".

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::host::{Basis, Host, HostError, Invocation};
use crate::problem::Problem;

/// dnf5's record of the packages and their reasons.
const DNF5: &str = "/usr/lib/sysimage/libdnf5/packages.toml";

/// dnf4's record. Whoever may, opens it for writing, which touches it.
const DNF4: &str = "/var/lib/dnf/history.sqlite";

/// What was written to it last.
const DNF4_LOG: &str = "/var/lib/dnf/history.sqlite-wal";

/// The names a person chose.
pub(super) fn chosen(host: &dyn Host, basis: Basis) -> Result<BTreeSet<String>, Problem> {
    if let Some(text) = host.read(&host.at(DNF5))? {
        return parse_dnf5(&text)
            .map_err(|error| Problem::new("unreadable", format!("dnf’s record {DNF5} cannot be understood: {error}")));
    }
    let mut query =
        Invocation::new("dnf", ["-q", "--disablerepo=*", "repoquery", "--installed", "--qf", "%{name} %{reason}\\n"]);
    if let Some(root) = host.root() {
        query = query.arg("--installroot").arg(root.display().to_string());
    }
    let mut basis = basis;
    basis.contents.push(host.at(DNF4));
    basis.files.push(host.at(DNF4_LOG));
    Ok(parse_dnf4(&host.recall(&query, &basis)?.success("dnf")?)?)
}

#[derive(Deserialize)]
struct Packages {
    #[serde(default)]
    packages: BTreeMap<String, Package>,
}

#[derive(Deserialize)]
struct Package {
    reason: String,
}

/// `"htop.x86_64" = {reason = "User"}`.
fn parse_dnf5(text: &str) -> Result<BTreeSet<String>, String> {
    let record: Packages = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let chosen = record.packages.into_iter().filter(|(_, package)| package.reason == "User");
    Ok(chosen.filter_map(|(name, _)| Some(name.rsplit_once('.')?.0.to_owned())).collect())
}

/// `htop user`, one to a line, empty lines between them in some versions.
fn parse_dnf4(text: &str) -> Result<BTreeSet<String>, HostError> {
    let mut chosen = BTreeSet::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((name, reason)) = line.split_once(' ') else {
            let reason = format!("it does not say why {line} is installed");
            return Err(HostError::Failed { program: "dnf".to_owned(), reason });
        };
        if reason.eq_ignore_ascii_case("user") {
            chosen.insert(name.to_owned());
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;

    const DNF4_SAID: &str = include_str!("../../../tests/fixtures/dnf-4.23-reasons.txt");
    const DNF5_KEPT: &str = include_str!("../../../tests/fixtures/dnf5-5.4.6-packages.toml");
    const DNF5_SAID: &str = include_str!("../../../tests/fixtures/dnf5-5.4.6-reasons.txt");

    fn names(set: &BTreeSet<String>) -> Vec<&str> {
        set.iter().map(String::as_str).collect()
    }

    #[test]
    fn both_generations_tell_what_a_person_chose() {
        let of_dnf4 = parse_dnf4(DNF4_SAID).unwrap();
        assert_eq!(
            names(&of_dnf4),
            ["bluez-lab", "cups-lab", "htop", "nano", "powertop", "sshd-lab", "tuned"],
            "bkt-lab-base and tuned-profiles are dependencies"
        );
        let of_dnf5 = parse_dnf5(DNF5_KEPT).unwrap();
        assert_eq!(names(&of_dnf5), ["htop", "powertop", "tuned"]);
        assert_eq!(parse_dnf4(DNF5_SAID).unwrap(), of_dnf5);
    }

    #[test]
    fn a_group_and_an_unknown_reason_are_no_persons_choice() {
        let text =
            "version = \"1.0\"\n[packages]\n\"a.noarch\" = {reason = \"Group\"}\n\"b.x86_64\" = {reason = \"User\"}\n";
        assert_eq!(names(&parse_dnf5(text).unwrap()), ["b"]);
        assert!(parse_dnf4("a group\nb External User\nc unknown\nd weak-dependency\n").unwrap().is_empty());
    }

    #[test]
    fn a_damaged_record_is_an_error() {
        for text in ["[packages", "packages = 3", "[packages]\n\"a.noarch\" = {}"] {
            assert!(parse_dnf5(text).is_err(), "{text}");
        }
        assert!(parse_dnf4("Last\n").is_err());
    }

    #[test]
    fn where_dnf5_keeps_its_record_no_tool_is_run() {
        let host = RecordingHost::default().file(DNF5, DNF5_KEPT);
        assert_eq!(chosen(&host, Basis::default()).unwrap().len(), 3);
        assert!(host.effects().is_empty());
    }
}
