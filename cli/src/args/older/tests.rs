// SPDX-License-Identifier: GPL-3.0-or-later
//! Every command line of the older `bkt` is understood, or answered by commands that exist.

use super::*;
use crate::args::{Args, Refused, parse};

/// The older grammar, a line for each command with each of its options.
const LINES: &str = include_str!("lines.txt");

fn words(line: &str) -> Vec<std::ffi::OsString> {
    // Quotes stand around whole words in the lines of this test, and around nothing that has a space in answers.
    line.split_whitespace().map(|word| word.trim_matches('\'').into()).collect()
}

/// What a line is answered with; nothing where it is understood.
fn answered(line: &str) -> Option<Refused> {
    parse(&words(line)).err()
}

/// The commands between quotes in a text.
fn commands(text: &str) -> Vec<&str> {
    text.split('‘').skip(1).filter_map(|rest| rest.split_once('’')).map(|(command, _)| command).collect()
}

#[test]
fn every_older_line_is_understood_or_answered_by_commands_that_exist() {
    let mut missing = Vec::new();
    for line in LINES.lines().filter(|line| line.starts_with("bkt")) {
        let Some(refused) = answered(line) else { continue };
        let Some(tip) = &refused.tip else {
            missing.push(format!("{line}\n{}", refused.error.render()));
            continue;
        };
        let named = commands(tip).into_iter().filter(|command| command.starts_with("bkt "));
        for command in named {
            if let Some(wrong) = answered(command) {
                // A sentence may name a whole group of commands.
                let is_group = wrong.error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
                assert!(is_group, "{line}: {tip}: {}", wrong.error.render());
            }
        }
        let shown = refused.error.render().to_string();
        let is_copied = |text: &str| text.contains("this is ‘");
        assert!(shown.lines().all(|text| text.chars().count() <= WIDTH || is_copied(text)), "{shown}");
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn older_names_lead_to_todays() {
    for (line, answer) in [
        ("bkt -C x extension capture", "bkt capture ext"),
        ("bkt -n fp capture --apply", "bkt capture flatpak"),
        ("bkt homebrew capture", "bkt capture brew"),
        ("bkt system add htop git", "bkt dnf install htop git"),
        ("bkt system copr enable a/b", "bkt copr enable a/b"),
        ("bkt try htop", "bkt dnf install htop --here-only"),
        ("bkt try --remove htop", "bkt dnf remove htop --here-only"),
        ("bkt upgrade --fetch", "bkt admin bootc upgrade"),
        ("bkt profile diff -s extension", "bkt drift --only ext"),
        ("bkt build-info generate --from v1 --to v2", "bkt build-info v1..v2"),
        ("bkt changelog generate -t fix -c dnf x", "bkt changelog add -t fix -c dnf x -n"),
        ("bkt gs capture org.a -k b", "bkt capture gsetting:org.a/b"),
        ("bkt gsetting capture org.a", "bkt capture 'gsetting:org.a/*'"),
        ("bkt apply --prune-appimages", "bkt apply appimage"),
        ("bkt --context dev dnf install gcc", "bkt dev install gcc"),
        ("bkt dev enter -n bootc-dev", "bkt dev enter --box bootc-dev"),
        ("bkt appimage add o/r -n app", "bkt appimage add o/r --name app"),
    ] {
        let tip = answered(line).unwrap().tip;
        assert_eq!(tip, Some(format!("this is ‘{answer}’ now")), "{line}");
    }
    for line in ["bkt statsu", "bkt flatpak add --bogus x --local", "bkt doctor --fixx", "bkt repo --json --fix"] {
        assert_eq!(answered(line).unwrap().tip, None, "{line}");
    }
}

#[test]
fn older_spellings_are_read_as_todays() {
    for (older, today) in [
        ("bkt flatpak list -f json", "bkt flatpak list --format json"),
        ("bkt drift check packages --no-host -f human", "bkt drift check --only packages --no-delegate --format human"),
        ("bkt drift check all", "bkt drift check"),
        ("bkt --local dnf install htop", "bkt dnf install htop --here-only"),
        ("bkt --context image flatpak add a.b.c", "bkt flatpak add a.b.c --setup-only"),
        ("bkt --context=host --skip-preflight --pr status", "bkt --pr status"),
        ("bkt capture --apply -s flatpak", "bkt capture --yes -s flatpak"),
        ("bkt changelog clear --confirm", "bkt changelog remove --all --confirm"),
        ("bkt repo info -f json", "bkt repo --format json"),
        ("bkt gs set --force a.b c 1 -- --force", "bkt gs set a.b c 1 -- --force"),
    ] {
        assert_eq!(today_of(older), words(today), "{older}");
    }
    // What is understood as it is stays so: -f is --force here.
    let args = parse(&words("bkt skel sync -f")).unwrap();
    assert!(matches!(args, Args { command: Some(crate::args::Command::Skel { .. }), .. }));
    assert!(!args.globals.wants_json());
    assert!(parse(&words("bkt local clear -f json")).is_ok_and(|args| !args.globals.wants_json()));
    assert!(parse(&words("bkt system staged -f json")).is_ok_and(|args| args.globals.wants_json()));
}

fn today_of(line: &str) -> Vec<std::ffi::OsString> {
    today(&words(line)).unwrap_or_default()
}
