// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt containerfile` as hooks, CI and people use it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::computer::{Computer, Said};
use crate::repository::git;

const PACKAGES: (&str, &str) = ("system-packages.json", r#"{"packages": ["htop", "strace"]}"#);

fn computer(containerfile: &str) -> Computer {
    let computer = Computer::bare(&[
        PACKAGES,
        ("system-config.json", r#"{"systemd": {"enable": ["sshd.service"]}, "kargs": {"append": ["quiet"]}}"#),
    ]);
    std::fs::write(computer.path("setup/Containerfile"), containerfile).unwrap();
    computer
}

fn read(computer: &Computer) -> String {
    std::fs::read_to_string(computer.path("setup/Containerfile")).unwrap()
}

const OLDER: &str = "FROM x\r\n# mine\r\n# === SYSTEM_PACKAGES (managed by bkt) ===\r\nRUN dnf install -y \\\r\n    htop \\\r\n    strace \\\r\n    && dnf clean all\r\n# === END SYSTEM_PACKAGES ===\r\nRUN bootc container lint";

#[test]
fn a_recipe_is_checked_completed_and_kept_up_to_date() {
    let computer = computer(OLDER);
    let said = computer.bkt(&["containerfile", "check"]);
    assert_eq!(said.exit, 3, "{said:?}");
    insta::assert_snapshot!(said.out, @r"
    Containerfile is out of date with the setup:
      SYSTEM_PACKAGES   3 lines differ
      KERNEL_ARGUMENTS  not in the file
      SYSTEMD_UNITS     not in the file
    ");
    insta::assert_snapshot!(said.err, @r"
    Update it with ‘bkt containerfile sync’.
    Insert what is not in the file with ‘bkt containerfile adopt’.
    ");
    assert_eq!(computer.bkt(&["containerfile", "sync", "-n"]).out, "Would update SYSTEM_PACKAGES (+3 -1).\n");
    assert_eq!(read(&computer), OLDER);
    assert_eq!(computer.bkt(&["containerfile", "sync"]).out, "Updated SYSTEM_PACKAGES (+3 -1).\n");
    let said = computer.bkt(&["containerfile", "adopt"]);
    assert!(said.exit == 2 && said.err.contains("add --yes"), "{said:?}");
    let said = computer.bkt(&["containerfile", "adopt", "-n"]);
    assert!(said.out.starts_with("--- a/Containerfile\n+++ b/Containerfile\n@@"), "{said:?}");
    let said = computer.bkt(&["containerfile", "adopt", "--yes"]);
    assert_eq!(said.out, "Inserted KERNEL_ARGUMENTS, SYSTEMD_UNITS into Containerfile.\n", "{said:?}");
    let text = read(&computer);
    assert!(text.starts_with("FROM x\r\n# mine\r\n") && text.ends_with("\r\nRUN bootc container lint"), "{text}");
    let said = computer.bkt(&["containerfile", "check"]);
    assert_eq!((said.exit, said.out.as_str(), said.err.as_str()), (0, "Containerfile matches the setup.\n", ""));
    assert_eq!(computer.bkt(&["containerfile", "sync"]).out, "Containerfile has nothing to update.\n");
    assert_eq!(computer.bkt(&["containerfile", "adopt"]).out, "Containerfile has nothing to insert.\n");
    assert_eq!(read(&computer), text);
}

#[test]
fn an_edit_by_hand_stays_until_it_is_forced_away() {
    let computer = computer("FROM x\n");
    assert_eq!(computer.bkt(&["containerfile", "adopt", "--all", "-y"]).exit, 0);
    let text = read(&computer);
    let edited = text.replace("    htop \\", "    htop vim \\");
    std::fs::write(computer.path("setup/Containerfile"), &edited).unwrap();
    computer.manifest("system-config.json", "{}");
    let said = computer.bkt(&["containerfile", "check", "--json"]);
    let document = said.document();
    assert_eq!((said.exit, &document["format"]), (3, &"bkt.containerfile".into()));
    let states: Vec<_> =
        document["sections"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
    let (unneeded, stale, same) = ("not-needed", "out-of-date", "in-sync");
    assert_eq!(states, [unneeded, "hand-edited", unneeded, stale, stale, unneeded, same, same]);
    assert_eq!((&document["sections"][1]["edited_line"], &document["notes"][0]), (&5.into(), &"no_lint".into()));
    let said = computer.bkt(&["containerfile", "diff", "--exit-code"]);
    assert!(said.exit == 3 && said.out.contains("\n-    htop vim \\\n+    htop \\\n"), "{said:?}");
    let said = computer.bkt(&["containerfile", "sync"]);
    assert_eq!(said.exit, 5, "{said:?}");
    assert!(said.out.contains("Left SYSTEM_PACKAGES alone: it was edited by hand at line 5."), "{said:?}");
    assert!(read(&computer).contains("htop vim"));
    assert_eq!(computer.bkt(&["containerfile", "sync"]).exit, 1);
    assert_eq!(computer.bkt(&["containerfile", "sync", "--force"]).exit, 0);
    assert_eq!(computer.bkt(&["containerfile", "check", "-q"]).exit, 0);
    assert!(!read(&computer).contains("vim"));
}

#[test]
fn what_cannot_be_used_is_named_with_its_line() {
    let computer = computer("FROM x\n# === SETUP (managed by bkt) ===\n");
    let said = computer.bkt(&["containerfile", "sync"]);
    assert_eq!(said.exit, 6, "{said:?}");
    assert!(said.err.contains("Containerfile: SETUP begins at line 2 and does not end"), "{said:?}");
    assert_eq!(computer.bkt(&["containerfile", "check", "--json"]).document()["error"]["code"], "recipe_invalid");
    std::fs::rename(computer.path("setup/Containerfile"), computer.path("setup/Dockerfile")).unwrap();
    assert!(computer.bkt(&["containerfile", "check"]).err.contains("Dockerfile: SETUP begins"));
    std::fs::remove_file(computer.path("setup/Dockerfile")).unwrap();
    let said = computer.bkt(&["containerfile", "check"]);
    assert!(said.exit == 6 && said.err.contains("has neither a Containerfile nor a Dockerfile"), "{said:?}");
    std::fs::write(computer.path("setup/Containerfile"), "FROM x\n").unwrap();
    computer.manifest("system-packages.json", r#"{"packages": ["htop; curl x"]}"#);
    computer.manifest("system-config.json", "{}");
    let said = computer.bkt(&["containerfile", "check"]);
    assert!(said.exit == 7 && said.out.contains("system-packages.json line 1: ‘htop; curl x’ is not\n"), "{said:?}");
    assert_eq!(computer.bkt(&["containerfile", "adopt", "NOSUCH"]).exit, 2);
}

#[test]
fn what_is_inserted_is_shown_and_asked_for_first() {
    let computer = computer("FROM x\n");
    let said = computer.bkt_answered(&["containerfile", "adopt", "SYSTEMD_UNITS"], "n\n");
    assert!(said.exit == 1 && said.out.contains("+    systemctl enable sshd.service"), "{said:?}");
    assert_eq!(read(&computer), "FROM x\n");
    let said = computer.bkt_answered(&["containerfile", "adopt", "SYSTEMD_UNITS"], "y\n");
    assert!(said.exit == 0 && said.out.ends_with("Inserted SYSTEMD_UNITS into Containerfile.\r\n"), "{said:?}");
    assert!(read(&computer).contains("# === END SYSTEMD_UNITS ==="));
}

/// The hook that docs/recipe.md tells people to use.
fn documented_hook() -> &'static str {
    let (_, after) = include_str!("../../docs/recipe.md").split_once("`.git/hooks/pre-commit`").unwrap();
    let (_, block) = after.split_once("\n```sh\n").unwrap();
    let (hook, _) = block.split_once("```\n").unwrap();
    assert!(hook.starts_with("#!/bin/sh\n") && hook.contains("containerfile check"), "{hook}");
    hook
}

/// A setup in a git repository whose recipe is in step and committed, and whose commits the documented hook checks.
fn hooked() -> Computer {
    let mut computer = computer("FROM x\n# ours\nRUN bootc container lint\n");
    assert_eq!(computer.bkt(&["containerfile", "adopt", "--all", "--yes"]).exit, 0);
    let programs = Path::new(env!("CARGO_BIN_EXE_bkt")).parent().unwrap().display().to_string();
    computer.set("PATH", format!("{programs}:{}", std::env::var("PATH").unwrap()));
    std::fs::create_dir(computer.path("tmp")).unwrap();
    computer.set("TMPDIR", computer.path("tmp").display().to_string());
    let setup = computer.path("setup");
    git(&setup, &["init", "--quiet", "--initial-branch=main"]);
    for (name, value) in [("user.name", "Sam"), ("user.email", "sam@example.org")] {
        git(&setup, &["config", name, value]);
    }
    let hook = setup.join(".git/hooks/pre-commit");
    std::fs::create_dir_all(setup.join(".git/hooks")).unwrap();
    std::fs::write(&hook, documented_hook()).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    git(&setup, &["add", "--all"]);
    let said = commit(&computer, &["-m", "Begin"]);
    assert!(said.exit == 0 && said.err.contains("Containerfile matches the setup."), "{said:?}");
    computer
}

/// `git commit` as a person of this computer says it.
fn commit(computer: &Computer, args: &[&str]) -> Said {
    let setup = computer.path("setup");
    let said = computer.run("git", &[&["-C", setup.to_str().unwrap(), "commit", "--quiet"][..], args].concat());
    assert_eq!(std::fs::read_dir(computer.path("tmp")).unwrap().count(), 0, "the hook leaves something: {said:?}");
    said
}

fn subjects(computer: &Computer) -> String {
    git(&computer.path("setup"), &["log", "--format=%s"])
}

#[test]
fn the_documented_hook_refuses_a_commit_with_a_stale_recipe_until_it_is_synced() {
    let computer = hooked();
    computer.manifest("system-packages.json", r#"{"packages": ["htop", "strace", "tmux"]}"#);
    let said = commit(&computer, &["-am", "Add tmux"]);
    assert_eq!(said.exit, 1, "{said:?}");
    insta::assert_snapshot!(said.err, @r"
    Containerfile is out of date with the setup:
      SYSTEM_PACKAGES   2 lines differ
      KERNEL_ARGUMENTS  up to date
      SYSTEMD_UNITS     up to date
      BUCKET            up to date
      SETUP             up to date
    Update it with ‘bkt containerfile sync’.
    ");
    assert_eq!(subjects(&computer), "Begin\n");
    // In step in the folder, but not in what is committed.
    assert_eq!(computer.bkt(&["containerfile", "sync"]).exit, 0);
    let said = commit(&computer, &["-m", "Add tmux", "manifests/system-packages.json"]);
    assert!(said.exit == 1 && said.err.contains("SYSTEM_PACKAGES"), "{said:?}");
    assert_eq!(subjects(&computer), "Begin\n");
    let said = commit(&computer, &["-am", "Add tmux"]);
    assert!(said.exit == 0 && said.err.contains("Containerfile matches the setup."), "{said:?}");
    assert_eq!(subjects(&computer), "Add tmux\nBegin\n");
    assert_eq!(git(&computer.path("setup"), &["status", "--porcelain"]), "");
}

#[test]
fn the_documented_hook_looks_at_what_is_committed_alone() {
    let computer = hooked();
    computer.manifest("system-packages.json", r#"{"packages": ["htop"]}"#);
    std::fs::write(computer.path("setup/notes"), "x\n").unwrap();
    git(&computer.path("setup"), &["add", "notes"]);
    let said = commit(&computer, &["-m", "Note"]);
    assert_eq!(said.exit, 0, "{said:?}");
    computer.manifest("system-packages.json", "{");
    let said = commit(&computer, &["-am", "Break"]);
    assert!(said.exit == 1 && said.err.contains("manifests/system-packages.json line 1"), "{said:?}");
    git(&computer.path("setup"), &["checkout", "--quiet", "."]);
    git(&computer.path("setup"), &["rm", "--quiet", "Containerfile"]);
    let said = commit(&computer, &["-m", "Without"]);
    assert!(said.exit == 1 && said.err.contains("has neither a Containerfile nor a Dockerfile"), "{said:?}");
    assert_eq!(subjects(&computer), "Note\nBegin\n");
}

#[test]
fn the_documented_hook_checks_commits_of_bkt_too() {
    let computer = hooked();
    computer.manifest("system-packages.json", r#"{"packages": ["htop", "strace", "tmux"]}"#);
    let said = computer.bkt(&["commit", "-y", "-m", "Add tmux"]);
    assert_eq!(said.exit, 0, "what it commits is in step: {said:?}");
    assert!(git(&computer.path("setup"), &["show", "HEAD:Containerfile"]).contains("\n    tmux \\\n"));
    // A section edited by hand does not follow, so the recipe stays behind.
    let edited = read(&computer).replace("    htop \\\n", "    htop vim \\\n");
    std::fs::write(computer.path("setup/Containerfile"), edited).unwrap();
    assert_eq!(commit(&computer, &["-am", "Edit", "--no-verify"]).exit, 0);
    computer.manifest("system-packages.json", r#"{"packages": ["htop"]}"#);
    let said = computer.bkt(&["commit", "-y", "-m", "Remove some"]);
    assert_eq!(said.exit, 1, "{said:?}");
    assert!(said.err.contains("refused the commit:\n    Containerfile is out of date with the setup:\n"), "{said:?}");
    assert!(said.err.contains("\n    See edits by hand with ‘bkt containerfile diff’"), "{said:?}");
    assert_eq!(subjects(&computer), "Edit\nAdd tmux\nBegin\n");
}

#[test]
fn a_section_is_shown_as_what_updating_it_would_change() {
    let Some(computer) = Computer::sample() else { return };
    assert_eq!(computer.bkt(&["containerfile", "sync", "--force"]).exit, 0);
    let before = std::fs::read_to_string(computer.path("setup/manifests/system-packages.json")).unwrap();
    computer.manifest("system-packages.json", &before.replacen("\"htop\"", "\"htop\",\n    \"lynx\"", 1));
    let said = computer.bkt(&["diff", "section:SYSTEM_PACKAGES"]);
    assert!(said.exit == 0 && said.out.contains("+    lynx \\\n") && !said.out.contains("pkg:"), "{said:?}");
    let said = computer.bkt(&["diff", "section:KERNEL_ARGUMENTS", "--exit-code"]);
    assert_eq!((said.exit, said.out.as_str()), (0, "section:KERNEL_ARGUMENTS matches the setup.\n"));
    let said = computer.bkt(&["diff", "section", "pkg:lynx", "--exit-code"]);
    assert!(said.exit == 3 && said.out.contains("pkg:lynx") && said.out.contains("section:SYSTEM_PACKAGES  "));
    assert!(!said.out.contains("section:KERNEL"), "of a kind only what differs is shown: {said:?}");
    let document = computer.bkt(&["diff", "section:SYSTEM_*", "--json"]).document();
    assert_eq!(document["sections"][0]["state"], "out-of-date", "{document}");
    let said = computer.bkt(&["diff", "section:SYSTEM_PACKAGE"]);
    assert!(said.exit == 2 && said.err.contains("Did you mean section:SYSTEM_PACKAGES?"), "{said:?}");
    let said = computer.bkt(&["apply", "section:SYSTEM_PACKAGES", "-y"]);
    assert!(said.exit == 2 && said.err.contains("bkt containerfile sync"), "{said:?}");
    computer.manifest("system-packages.json", "{\"packages\": [\"a b\"]}");
    let said = computer.bkt(&["diff", "section:SYSTEM_PACKAGES"]);
    assert!(said.exit == 6 && said.err.contains("system-packages.json line 1"), "{said:?}");
}
