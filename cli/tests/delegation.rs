// SPDX-License-Identifier: GPL-3.0-or-later
//! How `bkt` in a container calls flatpak-spawn, and what it says when it cannot. What flatpak-spawn makes of it is
//! `lab/scenarios/25-delegation.sh`'s to prove.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

/// Notes its arguments; answers the question with `ANSWER`, and ends with 7 when handed the command. What it leaves
/// behind keeps standard error open, as a session helper that hangs does.
const RECORDER: &str = r#"#!/bin/sh
printf '<%s>' "$@" >>calls
echo >>calls
case "$*" in *' sh -c '*) sleep 30 & echo "Portal call failed: no helper" >&2; exit "${ANSWER:-0}" ;; esac
echo out; echo err >&2; exit 7
"#;

struct Container(tempfile::TempDir);

impl Container {
    fn new(with_spawn: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        if with_spawn {
            let spawn = directory.path().join("flatpak-spawn");
            std::fs::write(&spawn, RECORDER).unwrap();
            std::fs::set_permissions(&spawn, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self(directory)
    }

    fn run(&self, variables: &[(&str, &str)], args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bkt"));
        command.args(args).env_clear().current_dir(self.0.path());
        let path = if self.0.path().join("flatpak-spawn").exists() { "/usr/bin:/bin" } else { "" };
        command.env("PATH", format!("{}:{path}", self.0.path().display())).env("CONTAINER_ID", "box");
        command.envs(variables.iter().copied()).output().unwrap()
    }

    fn calls(&self) -> Vec<String> {
        let calls = std::fs::read_to_string(self.0.path().join("calls")).unwrap_or_default();
        let here = self.0.path().canonicalize().unwrap();
        calls.lines().map(|call| call.replace(here.to_str().unwrap(), "HERE")).collect()
    }
}

#[test]
fn the_host_is_asked_and_then_handed_the_command_once() {
    let container = Container::new(true);
    let variables = [("LC_ALL", "C.UTF-8"), ("NO_COLOR", ""), ("SECRET", "x"), ("BKT_REPO", "a b=c")];
    let output = container.run(&variables, &["-C", "../x", "ignore", "-n", "--", "a b", "", "--x", "ü"]);
    assert_eq!((output.status.code(), &*output.stdout, &*output.stderr), (Some(7), &b"out\n"[..], &b"err\n"[..]));
    let calls = container.calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(calls[0].starts_with("<--host><--watch-bus><--directory=/><sh><-c><cd "), "{calls:?}");
    assert!(calls[0].ends_with("><sh><HERE>"), "{calls:?}");
    assert_eq!(
        calls[1],
        "<--host><--watch-bus><--directory=HERE><--env=BKT_DELEGATED=1><--env=BKT_REPO=a b=c><--env=LC_ALL=C.UTF-8>\
         <--env=NO_COLOR=><bkt><-C><../x><ignore><-n><--><a b><><--x><ü>"
    );
}

#[test]
fn what_is_not_about_the_host_stays_here() {
    let container = Container::new(true);
    for args in [&["completions", "bash"][..], &["--version"], &["help", "apply"], &[], &["frobnicate"]] {
        container.run(&[], args);
    }
    container.run(&[], &["--root", "etc", "status"]);
    container.run(&[], &["--no-delegate", "status"]);
    container.run(&[("BKT_FORCE_HOST", "1")], &["status"]);
    assert_eq!(container.calls(), [""; 0]);
}

#[test]
fn what_cannot_be_handed_over_is_said_and_not_possible() {
    let refused = |container: &Container, variables: &[(&str, &str)], words: &str| {
        let output = container.run(variables, &["status"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(6), "{said}");
        assert!(said.starts_with("bkt: ") && said.contains(words), "{said}");
    };
    let started = std::time::Instant::now();
    let container = Container::new(true);
    refused(&container, &[("ANSWER", "65")], "the host has no folder ");
    refused(&container, &[("ANSWER", "66")], "bkt is not installed on the host");
    refused(&container, &[("ANSWER", "1")], "the host does not answer: no helper");
    assert!(started.elapsed().as_secs() < 20, "nobody waits for a pipe that stays open");
    assert_eq!(container.calls().len(), 3);
    refused(&container, &[("BKT_DELEGATED", "1")], "is in a container again");
    assert_eq!(container.calls().len(), 3);
    refused(&Container::new(false), &[], "without flatpak-spawn");
    let output = Container::new(false).run(&[], &["status", "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["error"]["code"], &document["error"]["exit"]), (&"command_missing".into(), &6.into()));
}
