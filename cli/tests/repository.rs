// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt repo`, `commit`, `pr`, `pull`, and `--pr` and `--pr-only`, with real git.

use std::path::Path;
use std::process::Command;

use crate::computer::{Computer, Said};

pub(crate) const PACKAGES: &str = "{\n  \"packages\": [\n    \"git\"\n  ]\n}\n";
const MORE: &str = "{\n  \"packages\": [\n    \"git\",\n    \"htop\",\n    \"strace\"\n  ]\n}\n";

pub(crate) fn git(at: &Path, args: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(at).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A computer whose setup is a clone of a bare repository that GitHub seems to have.
pub(crate) fn computer() -> Computer {
    let mut computer = Computer::bare(&[("system-packages.json", PACKAGES)]);
    // A PATH without gh.
    std::fs::create_dir(computer.path("bin")).unwrap();
    std::os::unix::fs::symlink("/usr/bin/git", computer.path("bin/git")).unwrap();
    computer.set("PATH", computer.path("bin").display().to_string());
    let (setup, origin) = (computer.path("setup"), computer.path("origin.git"));
    git(&computer.path("."), &["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"]);
    git(&setup, &["init", "--quiet", "--initial-branch=main"]);
    for (name, value) in [("user.name", "Sam"), ("user.email", "sam@example.org")] {
        git(&setup, &["config", name, value]);
    }
    git(&setup, &["add", "."]);
    git(&setup, &["commit", "--quiet", "-m", "Begin"]);
    git(&setup, &["remote", "add", "origin", origin.to_str().unwrap()]);
    git(&setup, &["push", "--quiet", "-u", "origin", "main"]);
    let here = format!("url.{}.pushInsteadOf", origin.display());
    git(&setup, &["remote", "set-url", "origin", "https://github.com/sam/setup.git"]);
    git(&setup, &["config", &here, "https://github.com/sam/setup.git"]);
    computer
}

fn branches(computer: &Computer) -> String {
    git(&computer.path("origin.git"), &["for-each-ref", "--format=%(refname:short)"])
}

fn fails(said: &Said, exit: i32, words: &str) {
    assert_eq!(said.exit, exit, "{said:?}");
    assert!(format!("{}{}", said.out, said.err).contains(words), "{said:?}");
}

#[test]
fn one_entry_is_committed_and_the_rest_is_told() {
    let computer = computer();
    computer.manifest("system-packages.json", MORE);
    let said = computer.bkt(&["repo", "--offline"]);
    assert!(said.out.contains("Not committed\n  Add htop (pkg:htop)\n  Add strace (pkg:strace)\n"), "{said:?}");
    fails(&computer.bkt(&["commit", "--no-input"]), 2, "--yes");
    fails(&computer.bkt(&["commit", "pkg:htp"]), 2, "Did you mean pkg:htop?");
    let planned = computer.bkt(&["commit", "-n", "pkg:htop"]);
    assert_eq!(planned.out, "Would commit 1 entry:\n  Add htop (pkg:htop)\n");
    let said = computer.bkt(&["commit", "-y", "pkg:htop"]);
    assert_eq!(said.out, "Committed 1 entry on main.\n", "{said:?}");
    let document = computer.bkt(&["repo", "--offline", "--json"]).document();
    assert_eq!(document["ahead"], 1);
    assert_eq!(document["entries"][0]["id"], "pkg:strace");
    let document = computer.bkt(&["commit", "-y", "--json", "-m", "Trace"]).document();
    assert_eq!(document["files"][0], "manifests/system-packages.json");
    assert_eq!(git(&computer.path("setup"), &["log", "--format=%s"]), "Trace\nAdd htop\nBegin\n");
    assert_eq!(computer.bkt(&["commit", "-y"]).out, "Everything in the setup is committed.\n");
}

#[test]
fn a_pull_request_without_gh_is_a_pushed_branch_and_a_page() {
    let computer = computer();
    computer.manifest("system-packages.json", MORE);
    let said = computer.bkt(&["pr", "-y", "pkg:htop"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.out.contains("Pushed bkt/add-htop to origin (1 file).\n"), "{said:?}");
    assert!(said.out.contains("https://github.com/sam/setup/compare/main...bkt/add-htop?expand=1"), "{said:?}");
    assert_eq!(branches(&computer), "bkt/add-htop\nmain\n");
    assert_eq!(git(&computer.path("setup"), &["symbolic-ref", "--short", "HEAD"]), "main\n");
    // The other one alone: the first is on a branch already.
    let document = computer.bkt(&["pr", "-y", "--json", "--title", "What is left"]).document();
    assert_eq!((&document["branch"], &document["title"]), (&"bkt/what-is-left".into(), &"What is left".into()));
    assert_eq!(document["entries"].as_array().unwrap().len(), 1);
    assert!(computer.bkt(&["pr", "-y"]).out.contains("2 entries are on a branch already"));
}

#[test]
fn a_server_that_is_no_github_is_said_to_be_none() {
    let computer = computer();
    computer.manifest("system-packages.json", MORE);
    let setup = computer.path("setup");
    // ssh is not there to say what it means.
    for (url, host) in [
        ("git@github.com-work:sam/setup.git", "github.com-work"),
        ("https://git.example.org/sam/setup.git", "git.example.org"),
    ] {
        git(&setup, &["remote", "set-url", "origin", url]);
        git(&setup, &["config", "remote.origin.pushurl", computer.path("origin.git").to_str().unwrap()]);
        let said = computer.bkt(&["pr", "-y", "--title", host]);
        assert_eq!(said.exit, 0, "{said:?}");
        let told = format!("There is no pull request, as {host} is not GitHub.\n");
        assert!(said.out.ends_with(&told), "{said:?}");
        assert!(!said.out.contains("https://"), "{said:?}");
        let branches = git(&setup, &["for-each-ref", "--format=%(refname:short)", "refs/heads/bkt"]);
        branches.lines().for_each(|branch| drop(git(&setup, &["branch", "-D", branch])));
    }
}

#[test]
fn a_draft_of_the_changelog_gives_no_pull_request_its_name() {
    let computer = computer();
    assert_eq!(computer.bkt(&["changelog", "add", "Begin to keep one"]).exit, 0);
    assert_eq!(computer.bkt(&["commit", "-y"]).exit, 0);
    for (how, name) in [("--pr", "nmcli"), ("--pr-only", "podman")] {
        let said = computer.bkt(&["shim", "add", name, "-y", how]);
        assert_eq!(said.exit, 0, "{said:?}");
        let branch = format!("bkt/add-{name}");
        assert!(said.out.contains(&branch), "{said:?}");
        let message = git(&computer.path("origin.git"), &["show", "--name-only", "--format=%B", &branch]);
        assert!(message.starts_with(&format!("Add {name}\n")) && message.contains(".changelog/pending/"), "{message}");
    }
}

#[test]
fn gh_that_is_signed_out_stops_before_anything_changes() {
    let mut computer = computer();
    computer.set("PATH", "/usr/bin:/bin".to_owned());
    computer.manifest("system-packages.json", MORE);
    if !Path::new("/usr/bin/gh").exists() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs gh");
        return;
    }
    fails(&computer.bkt(&["pr", "-y"]), 4, "gh auth login");
    assert_eq!(branches(&computer), "main\n");
    let said = computer.bkt(&["pr", "-y", "--push-only"]);
    assert!(said.out.contains("compare/main...bkt/add-htop-strace?expand=1"), "{said:?}");
}

#[test]
fn a_command_with_pr_ends_in_a_pull_request_of_what_it_changed() {
    let computer = computer();
    computer.manifest("system-packages.json", &MORE.replace(",\n    \"strace\"", ""));
    let said = computer.bkt(&["shim", "add", "nmcli", "--setup-only", "--pr", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.out.contains("bkt/add-nmcli"), "{said:?}");
    let pushed = git(&computer.path("origin.git"), &["show", "--format=%B", "bkt/add-nmcli"]);
    assert!(pushed.contains("nmcli") && !pushed.contains("htop"), "{pushed}");
    let document = computer.bkt(&["shim", "add", "podman", "--setup-only", "--pr", "-y", "--json"]).document();
    assert_eq!(document["pull_request"]["branch"], "bkt/add-podman");
    // Nothing new is no pull request.
    let said = computer.bkt(&["shim", "add", "podman", "--setup-only", "--pr", "-y"]);
    assert!(said.err.contains("there is nothing for a pull request"), "{said:?}");
    fails(&computer.bkt(&["status", "--pr"]), 2, "--pr");
}

/// A computer with two commands of the host that are here alone.
fn with_local() -> Computer {
    let computer = computer();
    for name in ["podman", "docker"] {
        let said = computer.bkt(&["shim", "add", name, "--local", "-y"]);
        assert_eq!(said.exit, 0, "{said:?}");
    }
    computer
}

fn records(computer: &Computer) -> String {
    std::fs::read_to_string(computer.path("home/.local/share/bkt/ephemeral.json")).unwrap()
}

#[test]
fn what_was_here_alone_is_kept_by_a_pull_request_that_tells_all_about_it() {
    let computer = with_local();
    fails(&computer.bkt(&["local", "commit", "shim:docker", "-y", "-m", "Dock"]), 2, "Add --pr");
    let args = ["local", "commit", "shim:docker", "--pr", "-y", "-m", "Dock", "--reason", "For the build."];
    let said = computer.bkt(&args);
    assert_eq!(said.exit, 0, "{said:?}");
    let pushed = git(&computer.path("origin.git"), &["show", "--format=%B", "bkt/dock"]);
    let told = "Dock\n\nFor the build.\n\n- Add docker (shim:docker)\n  - Changed on one computer on 20";
    assert!(pushed.starts_with(told), "{pushed}");
    assert!(pushed.contains("\n  - Its value there: `docker`\n  - By `bkt shim add docker --local -y`\n"), "{pushed}");
    assert!(pushed.contains("\n  - Stays on this computer until it is changed back\n"), "{pushed}");
    assert!(!pushed.contains("podman"), "{pushed}");
    assert!(!records(&computer).contains("docker") && records(&computer).contains("podman"));
    assert_eq!(git(&computer.path("setup"), &["status", "--porcelain"]), "?? manifests/host-shims.json\n");
}

#[test]
fn a_pull_request_that_fails_leaves_setup_and_records_as_they_were() {
    let computer = with_local();
    let hook = computer.path("origin.git/hooks/pre-receive");
    std::fs::write(&hook, "#!/bin/sh\necho not today >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let state = || {
        let base = computer.path("home/.local/state/bkt/agreed");
        let base = std::fs::read_dir(&base).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        let setup = git(&computer.path("setup"), &["status", "--porcelain"]);
        (records(&computer), base.collect::<Vec<_>>(), setup, branches(&computer))
    };
    assert_eq!(computer.bkt(&["local", "list"]).exit, 0);
    let was = state();
    let said = computer.bkt(&["local", "commit", "shim:docker", "--pr", "-y"]);
    fails(&said, 1, "nothing was changed, because no pull request could be made");
    assert!(said.err.contains("not today"), "{said:?}");
    assert_eq!(state(), was);
    let log = computer.bkt(&["log", "--json"]).document();
    assert_eq!(
        (&log["runs"][0]["result"], &log["runs"][0]["operations"][0]["state"]),
        (&"failed".into(), &"skipped".into())
    );
    // A setup that had such a manifest has its bytes again.
    let manifest = computer.path("setup/manifests/host-shims.json");
    std::fs::write(&manifest, "{\n\t\"shims\": [ ]  }").unwrap();
    assert_eq!(computer.bkt(&["local", "commit", "--pr", "-y"]).exit, 1);
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), "{\n\t\"shims\": [ ]  }");
    std::fs::remove_file(&hook).unwrap();
    assert_eq!(computer.bkt(&["local", "commit", "--pr", "-y"]).exit, 0);
    assert!(!computer.path("home/.local/share/bkt/ephemeral.json").exists());
}

#[test]
fn with_pr_only_what_is_here_alone_stays_so_until_the_setup_has_it() {
    let computer = with_local();
    let was = records(&computer);
    let said = computer.bkt(&["local", "commit", "shim:docker", "--pr-only"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let pushed = git(&computer.path("origin.git"), &["show", "--format=%B", "bkt/add-docker"]);
    assert!(pushed.contains("  - By `bkt shim add docker --local -y`\n"), "{pushed}");
    assert_eq!((records(&computer), git(&computer.path("setup"), &["status", "--porcelain"])), (was, String::new()));
}

#[test]
fn with_pr_only_neither_the_computer_nor_the_folder_changes() {
    let computer = computer();
    let said = computer.bkt(&["shim", "add", "nmcli", "--pr-only"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(branches(&computer).contains("bkt/add-nmcli"), "{said:?}");
    assert_eq!(git(&computer.path("setup"), &["status", "--porcelain"]), "");
    assert!(!computer.path("home/.local/toolbox").exists());
    // What it would do is told the same way.
    let said = computer.bkt(&["shim", "add", "podman", "--pr-only", "-n"]);
    let told = "Would push a branch with 1 entry to origin, to be merged into main:\n  Add podman (shim:podman)\n";
    assert_eq!((said.exit, said.out.as_str()), (0, told), "{said:?}");
    let document = computer.bkt(&["shim", "add", "podman", "--pr-only", "-n", "--json"]).document();
    assert_eq!((&document["branch"], &document["entries"][0]["id"]), (&serde_json::Value::Null, &"shim:podman".into()));
    assert!(!branches(&computer).contains("podman"));
    assert_eq!(git(&computer.path("setup"), &["status", "--porcelain"]), "");
    assert_eq!(git(&computer.path("setup"), &["worktree", "list"]).lines().count(), 1);
    // The run elsewhere is none here.
    assert_eq!(computer.bkt(&["log", "--json"]).document()["runs"], serde_json::json!([]));
    fails(&computer.bkt(&["shim", "add", "nmcli", "--here-only", "--pr-only"]), 1, "");
    assert!(!computer.path("home/.local/toolbox").exists());
}

#[test]
fn what_stands_in_the_way_is_said_before_anything_changes() {
    let computer = computer();
    let setup = computer.path("setup");
    git(&setup, &["remote", "remove", "origin"]);
    fails(&computer.bkt(&["shim", "add", "nmcli", "--setup-only", "--pr", "-y"]), 6, "no remote");
    assert_eq!(git(&setup, &["status", "--porcelain"]), "");
    computer.manifest(
        "gsettings.json",
        r#"{"settings": [{"schema": "a.b", "key": "token", "value": "'ghp_0123456789abcdefghijklmnopqrstuvwxyz'"}]}"#,
    );
    fails(&computer.bkt(&["commit", "-y"]), 6, "looks private");
    assert_eq!(computer.bkt(&["commit", "-y", "--include-private"]).exit, 0);
    std::fs::create_dir_all(setup.join("skel/.ssh")).unwrap();
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----\n";
    std::fs::write(setup.join("skel/.ssh/id_ed25519"), key).unwrap();
    fails(&computer.bkt(&["commit", "-y"]), 6, "skel/.ssh/id_ed25519 looks private");
    std::fs::remove_dir_all(setup.join(".git")).unwrap();
    fails(&computer.bkt(&["pr"]), 6, "git init");
}

#[test]
fn what_was_merged_is_pulled_and_no_difference_any_more() {
    let computer = computer();
    let (setup, origin) = (computer.path("setup"), computer.path("origin.git"));
    computer.manifest("system-packages.json", MORE);
    assert_eq!(computer.bkt(&["pr", "-y"]).exit, 0);
    let branch = "bkt/add-htop-strace";
    git(&origin, &["update-ref", "refs/heads/main", branch]);
    git(&origin, &["branch", "-D", branch]);
    git(&setup, &["remote", "set-url", "origin", origin.to_str().unwrap()]);
    let said = computer.bkt(&["pull"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.out.contains("Brought in 1 commit."), "{said:?}");
    assert!(said.out.contains(branch), "{said:?}");
    assert_eq!(git(&setup, &["status", "--porcelain"]), "");
    let document = computer.bkt(&["pull", "--json"]).document();
    assert_eq!(document["commits"], 0);
}
