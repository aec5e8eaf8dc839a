// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt changelog`, from an entry that is drafted by itself to a version that is tagged.

use std::process::Command;

use crate::computer::Computer;

fn git(computer: &Computer, args: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(computer.path("setup")).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn computer() -> Computer {
    let computer = Computer::bare(&[]);
    git(&computer, &["init", "--quiet", "--initial-branch=main"]);
    for (name, value) in [("user.name", "Sam"), ("user.email", "sam@example.org")] {
        git(&computer, &["config", name, value]);
    }
    std::fs::write(computer.path("setup/README.md"), "Mine\n").unwrap();
    git(&computer, &["add", "."]);
    git(&computer, &["commit", "--quiet", "-m", "Begin"]);
    computer
}

#[test]
fn an_entry_goes_from_draft_to_version() {
    let computer = computer();
    let said = computer.bkt(&["changelog", "add", "Boxes: virtual machines", "-t", "add", "-c", "fp", "--draft"]);
    assert_eq!(said.out, "Added: Added · flatpak · Boxes: virtual machines\n", "{said:?}");
    let status = computer.bkt(&["status"]);
    assert!(status.out.contains("Changelog  1 entry pending, 1 of them a draft\n"), "{status:?}");
    assert!(status.err.contains("bkt changelog pending"), "{status:?}");
    assert_eq!(computer.bkt(&["status", "--json"]).document()["changelog"]["drafts"], 1);
    assert_eq!(computer.bkt(&["changelog", "validate"]).exit, 3);
    let said = computer.bkt(&["changelog", "release"]);
    assert_eq!((said.exit, said.err.contains("bkt changelog ready")), (6, true), "{said:?}");
    let id = computer.bkt(&["changelog", "pending", "--json"]).document()["pending"][0]["id"].clone();
    let edited = computer.bkt(&["changelog", "edit", id.as_str().unwrap(), "-m", "Boxes"]);
    assert_eq!(edited.out, "Added · flatpak · Boxes\n");
    assert_eq!(computer.bkt(&["changelog", "ready", "--all"]).out, "1 entry is ready now.\n");
    let planned = computer.bkt(&["changelog", "release", "-n", "v1"]);
    assert!(planned.out.starts_with("Would release:\nv1  "), "{planned:?}");
    let said = computer.bkt(&["changelog", "release", "v1", "--tag"]);
    assert!(said.out.starts_with("Released v1 (1 entry)."), "{said:?}");
    assert_eq!(git(&computer, &["tag"]), "v1\n");
    assert_eq!(git(&computer, &["status", "--porcelain"]), "");
    let changed = git(&computer, &["show", "--name-only", "--format=", "v1^{commit}"]);
    assert_eq!(changed, ".changelog/versions/v1.yaml\nCHANGELOG.md\n");
    assert!(computer.bkt(&["changelog", "show", "v1"]).out.contains("Added · flatpak · Boxes"));
    assert_eq!(computer.bkt(&["changelog", "--json"]).document()["versions"][0]["version"], "v1");
    assert!(!computer.bkt(&["status"]).out.contains("Changelog"));
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    let computer = computer();
    computer.bkt(&["changelog", "add", "One"]);
    for (words, exit) in [
        (&["add", ""][..], 2),
        (&["add", "One", "-t", "nonsense"], 2),
        (&["release", "../../evil"], 2),
        (&["ready", "1999"], 2),
        (&["show", "v9"], 2),
        (&["built", "v9", "sha256:00"], 2),
        (&["lost"], 6),
    ] {
        let said = computer.bkt(&[&["changelog"], words].concat());
        assert_eq!(said.exit, exit, "{words:?}: {said:?}");
        assert!(said.out.is_empty() && said.err.starts_with("bkt:") || said.err.starts_with("error:"), "{said:?}");
    }
    git(&computer, &["tag", "v1"]);
    assert_eq!(computer.bkt(&["changelog", "release", "v1", "--tag"]).exit, 6);
    assert!(!computer.path("setup/CHANGELOG.md").exists());
    std::fs::write(computer.path("setup/.changelog/pending/x.yaml"), "{").unwrap();
    let said = computer.bkt(&["changelog", "pending"]);
    assert!(said.err.contains(".changelog/pending/x.yaml"), "{said:?}");
    assert!(computer.bkt(&["status"]).out.contains("Changelog  .changelog/pending/x.yaml"));
}

#[test]
fn what_a_run_changes_in_the_setup_is_drafted_where_a_changelog_is_kept() {
    let computer = computer();
    assert_eq!(computer.bkt(&["shim", "add", "nmcli", "-y", "--setup-only"]).exit, 0);
    assert!(!computer.path("setup/.changelog").exists());
    computer.bkt(&["changelog", "add", "Begin to keep one"]);
    let said = computer.bkt(&["shim", "add", "podman", "-y", "--setup-only"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let messages = || {
        let document = computer.bkt(&["changelog", "pending", "--json"]).document();
        let pending = document["pending"].as_array().unwrap().clone();
        pending.iter().map(|entry| entry["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(messages(), ["Begin to keep one", "podman"]);
    // Taken back again.
    assert_eq!(computer.bkt(&["undo", "-y"]).exit, 0);
    assert_eq!(messages(), ["Begin to keep one"]);
    // What was there before the changelog was.
    let said = computer.bkt(&["changelog", "draft"]);
    assert_eq!(said.out, "Drafted 1 entry.\n", "{said:?}");
    assert_eq!(messages(), ["Begin to keep one", "nmcli"]);
    // The entries of an item go along when it is committed.
    let said = computer.bkt(&["commit", "shim:nmcli", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let changed = git(&computer, &["show", "--name-only", "--format="]);
    assert!(changed.contains("-shim.yaml") && !changed.contains("-other.yaml"), "{changed}");
}
