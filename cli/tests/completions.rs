// SPDX-License-Identifier: GPL-3.0-or-later
//! Names on this computer, completed by the shells themselves.

use crate::computer::{Computer, Said};

fn computer() -> Computer {
    let computer = Computer::bare(&[("host-shims.json", r#"{"shims": [{"name": "nmcli"}, {"name": "docker"}]}"#)]);
    std::fs::write(computer.path("setup/.bktignore"), "karg:*\n").unwrap();
    std::fs::create_dir(computer.path("bin")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bkt"), computer.path("bin/bkt")).unwrap();
    for (shell, name) in [("bash", "bkt.bash"), ("zsh", "_bkt"), ("fish", "bkt.fish")] {
        std::fs::write(computer.path(name), computer.bkt(&["completions", shell]).out).unwrap();
    }
    computer
}

/// Runs a program where `bkt` is found by its name and knows root and setup.
fn run(computer: &Computer, program: &str, args: &[&str]) -> Said {
    let path = format!("PATH={}:{}", computer.path("bin").display(), std::env::var("PATH").unwrap());
    computer.run("env", &[&[path.as_str(), "BKT_REPO=setup", program], args].concat())
}

/// What stands before the words of a command, so that it is about this computer.
const HERE: &str = "bkt --root root";

fn names(computer: &Computer, words: &[&str]) -> Vec<String> {
    let said = computer
        .run(env!("CARGO_BIN_EXE_bkt"), &[&["complete", "--", "-C", "setup", "--root", "root"], words].concat());
    assert_eq!((said.exit, said.err.as_str()), (0, ""), "{words:?}");
    said.out.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn words_become_items_kinds_runs_and_patterns() {
    let computer = computer();
    assert_eq!(names(&computer, &["apply", "sh"]), ["shim:"]);
    assert_eq!(names(&computer, &["apply", "shim:"]), ["shim:docker", "shim:nmcli"]);
    assert_eq!(names(&computer, &["capture", "-y", "shim:nmcli", "shim:d"]), ["shim:docker"]);
    assert_eq!(names(&computer, &["shim", "remove", "n"]), ["nmcli"]);
    assert_eq!(names(&computer, &["unignore", ""]), ["karg:*"]);
    assert_eq!(names(&computer, &["schema", "upstream-"]), ["upstream-list"]);
    assert!(names(&computer, &["undo", ""]).is_empty() && names(&computer, &["status", ""]).is_empty());
    let state = computer.path("home/.local/state/bkt/agreed");
    assert!(!state.exists(), "completing agrees on nothing");
    assert_eq!(computer.bkt(&["apply", "shim:nmcli", "-y"]).exit, 0);
    assert_eq!(names(&computer, &["undo", ""]), ["1"]);
    assert_eq!(names(&computer, &["apply", "shim:"]), ["shim:docker"], "what is equal needs no applying");
    assert_eq!(names(&computer, &["shim", "show", ""]), ["docker", "nmcli"]);
    assert_eq!(computer.bkt(&["shim", "add", "podman", "--here-only", "-y"]).exit, 0);
    assert_eq!(names(&computer, &["local", "commit", ""]), ["shim:podman"]);
    // Without a setup there is nothing to offer, and nothing to complain of.
    let said = computer.run(env!("CARGO_BIN_EXE_bkt"), &["complete", "--", "-C", "/nowhere", "apply", "shim:"]);
    assert_eq!((said.exit, said.out.as_str(), said.err.as_str()), (0, "", ""));
    let document = computer.bkt(&["complete", "--json", "--", "apply", "sh"]).document();
    assert_eq!(document["names"][0]["name"], "shim:");
}

#[test]
fn what_is_no_item_is_completed_too() {
    let computer = computer();
    assert_eq!(names(&computer, &["drift", "--only", "fl"]), ["flatpak"]);
    assert_eq!(names(&computer, &["apply", "-x", "shim,flatpak,s"]), ["shim,flatpak,skel"]);
    assert_eq!(names(&computer, &["containerfile", "adopt", "S"]), ["SYSTEM_PACKAGES", "SYSTEMD_UNITS", "SETUP"]);
    computer.manifest("toolbox-packages.json", r#"{"packages": ["gcc", "git"], "copr_repos": [{"name": "a/b"}]}"#);
    assert_eq!(names(&computer, &["dev", "remove", "gi"]), ["git"]);
    assert_eq!(names(&computer, &["dev", "copr", "disable", ""]), ["a/b"]);
    for (message, more) in [("One", &["--draft"][..]), ("Two", &[])] {
        let said = computer.bkt(&[&["changelog", "add", message][..], more].concat());
        assert_eq!(said.exit, 0, "{said:?}");
    }
    assert_eq!(names(&computer, &["changelog", "remove", ""]).len(), 2);
    assert_eq!(names(&computer, &["changelog", "ready", ""]).len(), 1);
    assert_eq!(computer.bkt(&["changelog", "ready", "--all"]).exit, 0);
    assert_eq!(computer.bkt(&["changelog", "release", "1.0", "-y"]).exit, 0);
    assert_eq!(names(&computer, &["changelog", "show", ""]), ["1.0"]);
    assert_eq!(names(&computer, &["changelog", "add", "x", "--type", "f"]), ["fixed"]);
    assert!(names(&computer, &["changelog", "list", "-c", ""]).is_empty(), "a count is no run");
}

#[test]
fn arguments_services_remotes_and_versions_are_completed() {
    let Some(computer) = Computer::sample() else { return };
    let names = |words: &[&str]| {
        let said = computer.bkt(&[&["complete", "--", "-C", "setup", "--root", "root"], words].concat());
        said.out.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["admin", "kargs", "append", "pre"]), ["preempt=full"]);
    assert_eq!(names(&["admin", "kargs", "remove", "mit"]), ["mitigations=off"]);
    assert_eq!(names(&["admin", "systemctl", "enable", "cups"]), ["cups-lab.service"]);
    assert_eq!(names(&["admin", "systemd", "mask", "cups"]), ["cups-lab.service"]);
    assert_eq!(names(&["flatpak", "remote", "remove", "l"]), ["lab"]);
    assert!(names(&["system", "diff", ""]).is_empty(), "a system of packages has one version");
}

#[test]
fn settings_are_completed_by_their_keys() {
    let Some(computer) = Computer::sample() else { return };
    let said = computer.bkt(&[
        "complete",
        "--",
        "--root",
        "root",
        "gsetting",
        "set",
        "org.gnome.desktop.interface",
        "clock-f",
    ]);
    assert_eq!(said.out, "clock-format\t'24h'\n");
}

#[test]
fn bash_completes_names() {
    let computer = computer();
    let complete = |line: &str, words: &str| {
        let script = format!(
            "source bkt.bash; COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=({words}); \
             COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _bkt bkt \"${{COMP_WORDS[-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        run(&computer, "bash", &["-c", &script]).out
    };
    // bash takes words apart at colons; only what is behind the last one is replaced.
    assert_eq!(complete(&format!("{HERE} apply shim:n"), &format!("{HERE} apply shim : n")), "nmcli\n");
    assert_eq!(complete(&format!("{HERE} apply shim:"), &format!("{HERE} apply shim :")), "docker\nnmcli\n");
    assert_eq!(complete(&format!("{HERE} apply sh"), &format!("{HERE} apply sh")), "shim:\n");
    assert_eq!(complete(&format!("{HERE} drift --only fl"), &format!("{HERE} drift --only fl")), "flatpak\n");
    assert_eq!(complete("bkt statu", "bkt statu"), "status\n", "the grammar is still completed");
    assert_eq!(complete("bkt comple", "bkt comple"), "completions\n", "and only what people type");
}

#[test]
fn bash_and_zsh_complete_what_is_typed() {
    let computer = computer();
    std::fs::write(computer.path(".zshrc"), "fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; PS1='> '\n")
        .unwrap();
    for (shell, args) in [("bash", "--rcfile bkt.bash -i"), ("zsh", "-d -i")] {
        std::fs::write(computer.path("typed"), format!("{HERE} apply shim:n\t -n\nexit\n")).unwrap();
        let script = format!("script -qec 'stty cols 80; ZDOTDIR=$PWD {shell} {args}' /dev/null < typed");
        let said = run(&computer, "sh", &["-c", &script]);
        assert!(said.out.contains("Plan: 1 to apply."), "{shell}: {said:?}");
        assert!(said.out.contains("nmcli"), "{shell}: {said:?}");
    }
}

#[test]
fn fish_completes_names() {
    let computer = computer();
    let complete = |line: &str| run(&computer, "fish", &["-c", &format!("source bkt.fish; complete -C '{line}'")]).out;
    assert_eq!(complete(&format!("{HERE} apply shim:n")), "shim:nmcli\n");
    assert!(complete(&format!("{HERE} drift --only fl")).starts_with("flatpak\t"));
    assert!(complete(&format!("{HERE} apply sh")).starts_with("shim:\tHost Commands"));
    assert!(complete("bkt statu").starts_with("status\t"));
}

#[test]
fn every_command_has_a_manual_page_that_reads_without_complaint() {
    let computer = computer();
    let said = computer.bkt(&["man", computer.path("man1").to_str().unwrap(), "--json"]);
    let files = said.document()["files"].as_array().unwrap().clone();
    let names: Vec<&str> = files.iter().map(|file| file.as_str().unwrap()).collect();
    for page in ["bkt.1", "bkt-apply.1", "bkt-gsetting-unset.1", "bkt-local-commit.1"] {
        assert!(names.contains(&page), "{page}: {names:?}");
    }
    assert!(!names.contains(&"bkt-complete.1"), "{names:?}");
    for name in names {
        let said = computer.run("man", &["--warnings=all", "--local-file", &format!("man1/{name}")]);
        assert!(said.exit == 0 && said.err.is_empty() && said.out.contains("SYNOPSIS"), "{name}: {said:?}");
    }
    let page = computer.run("man", &["-l", "man1/bkt.1"]).out;
    assert!(page.contains("differences found") && page.contains("bkt-apply(1)"), "{page}");
}
