// SPDX-License-Identifier: GPL-3.0-or-later
//! Scripts of packages that failed although the package is installed or removed all the same.
//!
//! rpm goes on when a script that runs afterwards fails. dnf4 then ends well, and dnf5 says that the transaction
//! failed; both name the script among what they print.
//!
//! Invariant: nothing is decided from this; whether a package is there is read from the rpm database.

use std::collections::BTreeMap;

use crate::i18n::{fill, gettext};
use crate::problem::Problem;

/// Which script failed, by package.
pub(crate) fn failed<'l>(lines: impl IntoIterator<Item = &'l str>) -> BTreeMap<String, String> {
    lines.into_iter().filter_map(|line| of_dnf5(line).or_else(|| of_dnf4(line))).collect()
}

/// What is told of one.
pub(crate) fn problem(package: &str, script: &str, there: bool) -> Problem {
    let sentence = if there {
        gettext("{package} was installed, but its {script} script failed")
    } else {
        gettext("{package} was removed, but its {script} script failed")
    };
    Problem::new("script_failed", fill(&sentence, &[("package", package), ("script", script)]))
}

/// `>>> Non-critical error in %post scriptlet: lab-post-0:1-1.noarch`.
fn of_dnf5(line: &str) -> Option<(String, String)> {
    let (before, nevra) = line.split_once(" scriptlet: ")?;
    let script = before.split_once("rror in ")?.1.trim();
    Some((nevra.trim().rsplitn(3, '-').nth(2)?.to_owned(), script.to_owned()))
}

/// `Error in POSTIN scriptlet in rpm package lab-post`.
fn of_dnf4(line: &str) -> Option<(String, String)> {
    let (script, name) = line.trim().strip_prefix("Error in ")?.split_once(" scriptlet in rpm package ")?;
    let script = match script {
        "PREIN" => "%pre",
        "POSTIN" => "%post",
        "PREUN" => "%preun",
        "POSTUN" => "%postun",
        "POSTTRANS" => "%posttrans",
        other => other,
    };
    Some((name.trim().to_owned(), script.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_generations_name_the_script() {
        let dnf5 = include_str!("../../../tests/fixtures/dnf5-5.4.6-post-fails.txt");
        let dnf4 = include_str!("../../../tests/fixtures/dnf-4.23-post-fails.txt");
        for text in [dnf5, dnf4] {
            let expected = BTreeMap::from([("lab-post".to_owned(), "%post".to_owned())]);
            assert_eq!(failed(text.lines()), expected, "{text}");
        }
        assert!(failed(["Error: nothing provides x", ">>> Running %post scriptlet: a-0:1-1.noarch"]).is_empty());
        assert!(failed(["error in  scriptlet: ", "Error in  scriptlet in rpm package"]).is_empty());
    }
}
