// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line of `bkt-gui`.
//!
//! Invariant: an unknown argument is refused, except GApplication's own, which are passed on.

use std::path::PathBuf;

use bkt_core::i18n::{fill, gettext};

use crate::view::overview::Place;

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The setup's directory.
    pub(crate) repo: Option<PathBuf>,
    /// The computer is below this directory.
    pub(crate) root: Option<PathBuf>,
    /// The page to open on.
    pub(crate) page: Option<Place>,
    /// What GApplication reads itself.
    pub(crate) rest: Vec<String>,
}

/// What to do with a command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Run(Arguments),
    Print(String),
    Refuse(String),
}

impl Arguments {
    /// Reads the command line, program name first.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Parsed {
        let mut arguments = arguments.into_iter();
        let mut parsed = Self { rest: arguments.next().into_iter().collect(), ..Self::default() };
        while let Some(argument) = arguments.next() {
            let (name, inline) = match argument.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
                _ => (argument.clone(), None),
            };
            match name.as_str() {
                "--help" | "-h" => return Parsed::Print(help()),
                "--version" => return Parsed::Print(["Bucket ", env!("CARGO_PKG_VERSION")].concat()),
                "--gapplication-service" => parsed.rest.push(argument),
                "--repo" | "-C" | "--root" | "--page" => {
                    let Some(value) = inline.or_else(|| arguments.next()) else {
                        return Parsed::Refuse(fill(&gettext("{option} needs a value"), &[("option", &name)]));
                    };
                    match name.as_str() {
                        "--root" => parsed.root = Some(value.into()),
                        "--page" => parsed.page = Some(Place::of(&value)),
                        _ => parsed.repo = Some(value.into()),
                    }
                }
                _ => return Parsed::Refuse(fill(&gettext("Unknown argument {option}"), &[("option", &argument)])),
            }
        }
        Parsed::Run(parsed)
    }
}

fn help() -> String {
    // Translators: the help of bkt-gui; keep the option names.
    gettext(
        "Usage: bkt-gui [OPTIONS]\n\n  -C, --repo DIR   the setup to compare with\n      --root DIR   compare the computer below DIR\n      --page NAME  open overview, changes or history\n      --version    print the version",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Parsed {
        Arguments::parse(line.split(' ').map(str::to_owned))
    }

    #[test]
    fn options_take_values_and_the_rest_is_refused_or_passed_on() {
        let Parsed::Run(arguments) = parse("bkt-gui --repo /s --root=/r --page changes --gapplication-service") else {
            panic!()
        };
        assert_eq!(arguments.repo, Some("/s".into()));
        assert_eq!(arguments.root, Some("/r".into()));
        assert_eq!(arguments.page, Some(Place::Changes));
        assert_eq!(arguments.rest, ["bkt-gui", "--gapplication-service"]);
        assert!(matches!(parse("bkt-gui --nope"), Parsed::Refuse(_)));
        assert!(matches!(parse("bkt-gui --root"), Parsed::Refuse(_)));
    }
}
