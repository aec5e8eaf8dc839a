// SPDX-License-Identifier: GPL-3.0-or-later
//! Receipts as Homebrew writes them, and manifests as existing setups have them.

use super::*;
use crate::deployment::System;
use crate::host::Output;
use crate::host::recording::RecordingHost;
use crate::item::{Domain, ItemId};
use crate::manifest::edit::edited;

const BREW: &str = "NONINTERACTIVE=1 HOMEBREW_NO_ENV_HINTS=1 HOMEBREW_NO_COLOR=1 /home/linuxbrew/.linuxbrew/bin/brew";

/// A receipt of Homebrew 4.6 as a bottle leaves it on Linux.
fn receipt(tap: &str, on_request: bool) -> String {
    format!(
        r#"{{"homebrew_version":"4.6.0","used_options":[],"unused_options":[],"built_as_bottle":true,
        "poured_from_bottle":true,"loaded_from_api":true,"installed_as_dependency":{},"installed_on_request":{on_request},
        "changed_files":[],"time":1753862400,"source_modified_time":1753800000,"compiler":"gcc-12","aliases":[],
        "runtime_dependencies":[],"source":{{"spec":"stable","versions":{{"stable":"1.0","head":null,"version_scheme":0}},
        "path":"/home/linuxbrew/.cache/Homebrew/api/formula.jws.json","tap":"{tap}"}},"arch":"x86_64",
        "built_on":{{"os":"Linux","os_version":"Ubuntu 22.04","cpu_family":"broadwell","glibc_version":"2.35"}}}}"#,
        !on_request
    )
}

fn homebrew(formulae: &[(&str, &str, bool)], taps: &[&str]) -> RecordingHost {
    let host = RecordingHost::default().file_with_mode(&format!("{PREFIX}/bin/brew"), "#!/bin/bash\n", 0o755);
    let host = formulae.iter().fold(host, |host, (name, tap, on_request)| {
        host.file(&format!("{PREFIX}/Cellar/{name}/1.0/INSTALL_RECEIPT.json"), &receipt(tap, *on_request))
    });
    taps.iter().fold(host, |host, tap| host.file(&format!("{PREFIX}/Homebrew/Library/Taps/{tap}/README.md"), ""))
}

fn read(text: &str) -> Result<Declarations, ManifestError> {
    Reader::declarations(Manifest::Homebrew, Domain::Brew, text).map(|(declared, _)| declared)
}

fn seen(host: &RecordingHost, declared: &Declarations) -> Vec<String> {
    let look = Look { host, system: &System::probe(host), declared };
    let seen = Formulae.observe(&look).unwrap().entries;
    seen.iter().map(|(key, seen)| format!("{key}{}", if seen.own { "" } else { " (needed)" })).collect()
}

#[test]
fn every_spelling_of_a_formula_declares_it() {
    let declared = read(
        r#"{"$schema": "x", "formulae": ["bat", {"name": "yq"}, {"name": "bbrew", "tap": "valkyrie00/bbrew"},
        "user/tap/tool@2"], "taps": ["ublue-os/homebrew-tap"]}"#,
    );
    let keys: Vec<_> = declared.unwrap().into_keys().collect();
    assert_eq!(keys, ["bat", "ublue-os/homebrew-tap", "user/tap/tool@2", "valkyrie00/bbrew/bbrew", "yq"]);
    for text in ["-x", "a b", "../x", "a/b/c/d", "$(x)", "https://x", "user/tap", "/a", "a/", "a//b", "x;y", ".a", ""] {
        assert!(read(&format!("{{\"formulae\": [\n\"{text}\"]}}")).is_err(), "{text}");
    }
    assert_eq!(read("{\"formulae\": [],\n\"taps\": [\"bat\"]}").unwrap_err().line, 2);
}

#[test]
fn what_was_asked_for_is_seen_and_dependencies_do_not_count() {
    let host = homebrew(
        &[
            ("bat", "homebrew/core", true),
            ("oniguruma", "homebrew/core", false),
            ("bbrew", "valkyrie00/bbrew", true),
            ("tool", "user/tap", true),
            ("lone", "user/other", false),
        ],
        &["homebrew/homebrew-core", "valkyrie00/homebrew-bbrew", "user/homebrew-tap", "user/homebrew-lonely"],
    );
    let none = Declarations::new();
    assert_eq!(
        seen(&host, &none),
        [
            "bat",
            "oniguruma (needed)",
            "user/lonely",
            "user/other/lone (needed)",
            "user/tap (needed)",
            "user/tap/tool",
            "valkyrie00/bbrew (needed)",
            "valkyrie00/bbrew/bbrew",
        ]
    );
    // What the setup declares has the setup's spelling.
    let declared = read(r#"{"formulae": ["homebrew/core/bat", "tool"], "taps": ["User/homebrew-lonely"]}"#).unwrap();
    let seen = seen(&host, &declared);
    assert!(["homebrew/core/bat", "tool", "User/homebrew-lonely"].iter().all(|key| seen.contains(&(*key).to_owned())));
    assert!(!seen.contains(&"bat".to_owned()) && !seen.contains(&"user/tap/tool".to_owned()), "{seen:?}");
    // A receipt of before 2018, and one that is not there.
    assert_eq!(parse("{}").map(|old| old.on_request), Some(true));
    assert_eq!(
        parse(r#"{"installed_as_dependency": true, "source": {"tap": null}}"#).map(|old| old.on_request),
        Some(false)
    );
    assert_eq!(parse("not json"), None);
}

#[test]
fn without_homebrew_only_what_is_declared_is_unknown() {
    let host = RecordingHost::default();
    let system = System::probe(&host);
    let declared = read(r#"{"formulae": ["bat"]}"#).unwrap();
    let look = Look { host: &host, system: &system, declared: &declared };
    assert_eq!(Formulae.observe(&look).unwrap_err().code, "command_missing");
    assert!(seen(&host, &Declarations::new()).is_empty());
}

#[test]
fn an_edit_finds_every_spelling_and_leaves_the_rest() {
    let text = "{\n  // tools\n  \"formulae\": [\n    \"bat\",\n    {\"name\": \"bbrew\", \"tap\": \"valkyrie00/bbrew\", \"why\": 1},\n    \"u/t/x\"\n  ],\n  \"casks\": [\"font\"]\n}\n";
    let edit = |text: &str, key: &str, value: Option<&Value>| {
        edited(Manifest::Homebrew, text, &ItemId::new(Domain::Brew, key), value).unwrap()
    };
    let added = edit(text, "eza", Some(&Value::Present));
    assert_eq!(edit(&added, "eza", None), text);
    let without = edit(text, "valkyrie00/bbrew/bbrew", None);
    assert_eq!(without, text.replace("    {\"name\": \"bbrew\", \"tap\": \"valkyrie00/bbrew\", \"why\": 1},\n", ""));
    assert_eq!(edit(text, "u/t/x", None), text.replace(",\n    \"u/t/x\"", ""));
    let tapped = edit(text, "ublue-os/tap", Some(&Value::Present));
    assert!(read(&tapped).unwrap().contains_key("ublue-os/tap"));
    assert!(read(&edit(&tapped, "ublue-os/tap", None)).unwrap().keys().all(|key| !is_tap(key)));
    assert!(Formulae.places("a/b/c/d", None).is_none());
}

#[test]
fn homebrew_is_told_what_to_do_and_its_refusal_is_one_sentence() {
    // As `brew uninstall gcc` says it.
    let refused = "Error: Refusing to uninstall /home/linuxbrew/.linuxbrew/Cellar/gcc/14.2.0_1\nbecause it is required by emacs-plus@30 and libgccjit, which are currently installed.\nYou can override this and force removal with:\n  brew uninstall --ignore-dependencies gcc\n";
    let host = homebrew(&[], &[])
        .prints(&format!("{BREW} install --formula bat"), "==> Pouring bat\n")
        .prints(&format!("{BREW} tap user/tap"), "")
        .prints(&format!("{BREW} untap user/tap"), "")
        .answers(
            &format!("{BREW} uninstall --formula gcc"),
            Output { status: 1, stderr: refused.to_owned(), ..Output::default() },
        );
    let there = Some(&Value::Present);
    let mut said = Vec::new();
    Formulae.perform(&host, "bat", there, &mut |line| said.push(line.to_owned())).unwrap();
    Formulae.perform(&host, "user/tap", there, &mut |_| {}).unwrap();
    Formulae.perform(&host, "user/tap", None, &mut |_| {}).unwrap();
    assert_eq!(said, ["==> Pouring bat"]);
    let problem = Formulae.perform(&host, "gcc", None, &mut |_| {}).unwrap_err();
    assert!(problem.message.ends_with("is required by emacs-plus@30 and libgccjit, which are currently installed"));
    assert!(Formulae.perform(&host, "--force", None, &mut |_| {}).is_err());
    assert_eq!(host.effects().len(), 4);
}
