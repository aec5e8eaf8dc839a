// SPDX-License-Identifier: GPL-3.0-or-later
//! Homebrew both ways, on a bare computer with a small `brew` that keeps its Cellar, receipts and taps as the real
//! one does (Homebrew 4.6), and refuses what that refuses.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value as Json;

use crate::computer::Computer;

const BREW: &str = r#"#!/bin/bash
set -e
prefix=$(cd "$(dirname "$0")/.." && pwd)
echo "$*" >> "$prefix/calls"
receipt() { # NAME TAP ON_REQUEST
  mkdir -p "$prefix/Cellar/$1/1.0"
  cat > "$prefix/Cellar/$1/1.0/INSTALL_RECEIPT.json" <<END
{"homebrew_version":"4.6.0","used_options":[],"built_as_bottle":true,"poured_from_bottle":true,"loaded_from_api":true,
"installed_as_dependency":$([ $3 = true ] && echo false || echo true),"installed_on_request":$3,"time":1753862400,
"runtime_dependencies":[],"source":{"spec":"stable","versions":{"stable":"1.0"},"tap":"$2"},"arch":"x86_64"}
END
}
taps=$prefix/Homebrew/Library/Taps
case "$1 $2" in
"install --formula")
  case $3 in
  nosuch) echo "Warning: No available formula with the name \"nosuch\"." >&2; exit 1 ;;
  */*/*) tap=${3%/*}; mkdir -p "$taps/${tap%/*}/homebrew-${tap#*/}"; receipt "${3##*/}" "$tap" true ;;
  jq) receipt oniguruma homebrew/core false; receipt jq homebrew/core true ;;
  *) receipt "$3" homebrew/core true ;;
  esac
  echo "==> Pouring ${3##*/}" ;;
"uninstall --formula")
  if [ "$3" = oniguruma ] && [ -d "$prefix/Cellar/jq" ]; then
    printf 'Error: Refusing to uninstall %s\nbecause it is required by jq, which is currently installed.\n' "$prefix/Cellar/oniguruma/1.0" >&2
    printf 'You can override this and force removal with:\n  brew uninstall --ignore-dependencies oniguruma\n' >&2
    exit 1
  fi
  rm -r "$prefix/Cellar/${3##*/}" ;;
"tap "*) mkdir -p "$taps/${2%/*}/homebrew-${2#*/}" ;;
"untap "*) rm -r "$taps/${2%/*}/homebrew-${2#*/}" ;;
*) echo "Error: Unknown command: $1" >&2; exit 1 ;;
esac
"#;

const PREFIX: &str = "root/home/linuxbrew/.linuxbrew";

fn computer(manifest: &str) -> Computer {
    let computer = Computer::bare(&[("homebrew.json", manifest)]);
    let bin = computer.path(PREFIX).join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join("brew"), BREW).unwrap();
    std::fs::set_permissions(bin.join("brew"), PermissionsExt::from_mode(0o755)).unwrap();
    computer
}

fn brew(computer: &Computer, args: &[&str]) {
    let program = computer.path(PREFIX).join("bin/brew");
    assert_eq!(computer.run(program.to_str().unwrap(), args).exit, 0);
}

fn manifest(computer: &Computer) -> String {
    std::fs::read_to_string(computer.path("setup/manifests/homebrew.json")).unwrap()
}

fn items(drift: &Json) -> Vec<String> {
    let items = drift["items"].as_array().unwrap().iter();
    items.map(|item| format!("{} {}", item["id"], item["shape"]).replace('"', "")).collect()
}

fn drift(computer: &Computer) -> Vec<String> {
    let drift = computer.bkt(&["drift", "--json"]).document();
    assert_eq!(
        drift["unknown"].as_array().unwrap().iter().filter(|item| item["domain"] == "brew").count(),
        0,
        "{drift}"
    );
    items(&drift)
}

#[test]
fn formulae_and_taps_go_both_ways_and_undo_takes_both_back() {
    let text = "{\n  // mine\n  \"formulae\": [\n    \"bat\",\n    {\n      \"name\": \"bbrew\",\n      \"tap\": \"valkyrie00/bbrew\",\n      \"why\": \"a menu\"\n    },\n    \"jq\"\n  ],\n  \"taps\": [\"user/tap\"],\n  \"casks\": []\n}";
    let computer = computer(text);
    brew(&computer, &["install", "--formula", "eza"]);
    assert_eq!(
        drift(&computer),
        [
            "brew:bat missing",
            "brew:eza only_here",
            "brew:jq missing",
            "brew:user/tap missing",
            "brew:valkyrie00/bbrew/bbrew missing"
        ]
    );
    let said = computer.bkt(&["apply", "brew:bat", "brew:jq", "brew:user/tap", "brew:valkyrie00/*", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    insta::assert_snapshot!(said.err, @r"
    [1/4] done     Add the Homebrew tap user/tap
    [2/4] done     Install bat with Homebrew
    [3/4] done     Install jq with Homebrew
    [4/4] done     Install valkyrie00/bbrew/bbrew with Homebrew
    ");
    assert_eq!(drift(&computer), ["brew:eza only_here"]);
    let said = computer.bkt(&["capture", "brew:eza", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(manifest(&computer), text.replace("    },\n    \"jq\"", "    },\n    \"eza\",\n    \"jq\""));
    assert_eq!(drift(&computer), Vec::<String>::new());
    assert_eq!(computer.bkt(&["undo", "-y"]).exit, 0);
    assert_eq!(manifest(&computer), text);
    let said = computer.bkt(&["undo", "1", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(!computer.path(PREFIX).join("Cellar/bat").exists());
    assert!(!computer.path(PREFIX).join("Homebrew/Library/Taps/user/homebrew-tap").exists());
}

#[test]
fn the_verbs_change_both_sides_and_what_fails_is_left_nowhere() {
    let computer = computer("{\"formulae\": [\"bat\"]}\n");
    brew(&computer, &["install", "--formula", "bat"]);
    let said = computer.bkt(&["brew", "add", "ripgrep", "-n"]);
    assert!(said.exit == 0 && !manifest(&computer).contains("ripgrep"), "{said:?}");
    let said = computer.bkt(&["homebrew", "add", "jq"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(manifest(&computer).contains("\"jq\""), "{}", manifest(&computer));
    let list = computer.bkt(&["brew", "list"]);
    insta::assert_snapshot!(list.out, @r"
    bat  present
    jq   present
    ");
    let show = computer.bkt(&["brew", "show", "oniguruma", "--json"]).document();
    assert_eq!(show["items"][0]["computer"], true, "what came as a dependency can be looked at: {show}");

    let before = manifest(&computer);
    let said = computer.bkt(&["brew", "add", "nosuch"]);
    assert_eq!((said.exit, manifest(&computer)), (1, before.clone()), "{said:?}");
    assert!(said.out.contains("No available formula"), "{said:?}");
    for name in ["--force", "a/b/c/d", "$(x)"] {
        assert_eq!(computer.bkt(&["brew", "add", "--", name]).exit, 2, "{name}");
    }
    let said = computer.bkt(&["brew", "remove", "oniguruma"]);
    assert!(said.exit == 1 && said.out.contains("because it is required by jq"), "{said:?}");
    assert_eq!(computer.bkt(&["brew", "remove", "jq"]).exit, 0);
    assert!(!manifest(&computer).contains("jq") && !computer.path(PREFIX).join("Cellar/jq").exists());
    let said = computer.bkt(&["brew", "add", "eza", "--setup-only"]);
    assert!(said.exit == 0 && !computer.path(PREFIX).join("Cellar/eza").exists(), "{said:?}");
    let calls = std::fs::read_to_string(computer.path(PREFIX).join("calls")).unwrap();
    assert_eq!(calls.lines().filter(|call| call.contains("ripgrep") || call.contains("eza")).count(), 0, "{calls}");
}

#[test]
fn without_homebrew_the_formulae_are_unknown_not_missing() {
    let computer = Computer::bare(&[("homebrew.json", r#"{"formulae": ["bat"]}"#)]);
    let drift = computer.bkt(&["drift", "--json"]).document();
    assert!(items(&drift).is_empty(), "{drift}");
    let unknown = drift["unknown"].as_array().unwrap().iter().find(|unknown| unknown["domain"] == "brew");
    assert_eq!(unknown.unwrap()["code"], "command_missing", "{drift}");
    assert_ne!(computer.bkt(&["brew", "add", "eza"]).exit, 0);
    assert_eq!(manifest(&computer), r#"{"formulae": ["bat"]}"#);
}
