// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt init`: from a computer without a setup to a repository, with real git.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::computer::{Computer, Said};

pub(crate) fn git(at: &Path, args: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(at).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs `bkt` without naming a setup.
pub(crate) fn bkt(computer: &Computer, args: &[&str]) -> Said {
    let root = computer.path("root");
    computer.run(env!("CARGO_BIN_EXE_bkt"), &[&["--root", root.to_str().unwrap()][..], args].concat())
}

/// A person git knows, whose computer is a Fedora without a setup.
fn person(computer: Computer) -> Computer {
    std::fs::remove_dir_all(computer.path("setup")).unwrap();
    let config = "[user]\nname = Sam\nemail = sam@example.org\n[commit]\ngpgSign = false\n";
    std::fs::write(computer.path("home/.gitconfig"), config).unwrap();
    computer
}

pub(crate) fn bare() -> Computer {
    let computer = person(Computer::bare(&[]));
    let release = "PRETTY_NAME=\"Fedora Linux 44\"\nID=fedora\nVERSION_ID=44\n";
    std::fs::write(computer.path("root/etc/os-release"), release).unwrap();
    computer
}

pub(crate) fn fails(said: &Said, exit: i32, words: &str) {
    assert_eq!(said.exit, exit, "{said:?}");
    assert!(format!("{}{}", said.out, said.err).contains(words), "{said:?}");
}

/// What is in the person's home, but for their own state.
pub(crate) fn home(computer: &Computer) -> Vec<String> {
    let names = std::fs::read_dir(computer.path("home")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| ![".local", ".config", ".cache", ".gitconfig", ".var"].contains(&name.as_str()));
    names.sort();
    names
}

#[test]
fn the_sample_computer_becomes_a_setup_that_it_matches() {
    let Some(computer) = Computer::sample().map(person) else { return };
    let before = computer.tree(&["root"]);
    let planned = bkt(&computer, &["init", "-n"]);
    insta::assert_snapshot!(planned.out, @r"
    A new setup in ~/setup
      Flatpak Remotes   2
      Flatpak Apps      4
      Settings          2
      System Services   4
      Packages          7
      Kernel Arguments  2
    Image
      built on quay.io/fedora/fedora-silverblue:44, which has the same system
    Files
      .bktignore
      .github/renovate.json
      .github/workflows/build.yml
      .gitignore
      Containerfile
      README.md
      manifests/flatpak-apps.json
      manifests/flatpak-remotes.json
      manifests/gsettings.json
      manifests/system-config.json
      manifests/system-packages.json
      manifests/systemd-services.json
    ");
    assert_eq!((planned.exit, home(&computer)), (0, vec![]), "{planned:?}");
    let said = bkt(&computer, &["init", "--yes"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(computer.tree(&["root"]), before);
    assert_eq!(home(&computer), ["setup"]);
    insta::assert_snapshot!(said.err, @r"
    See how it stands with ‘bkt status’.
    Put it on GitHub, where the image is built; README.md goes on from there:
      gh repo create --source ~/setup --private --push
    ");
    let setup = computer.path("home/setup");
    assert_eq!(git(&setup, &["log", "--format=%an %s"]), "Sam Begin the setup of this computer\n");
    assert_eq!(git(&setup, &["status", "--porcelain"]), "");
    assert_eq!(git(&setup, &["symbolic-ref", "--short", "HEAD"]), "main\n");
    // Found without being named.
    let status = bkt(&computer, &["status", "--exit-code"]);
    assert_eq!(status.exit, 0, "{status:?}");
    assert!(status.out.contains("Everything matches"), "{status:?}");
    assert_eq!(bkt(&computer, &["containerfile", "check"]).exit, 0);
    assert!(
        std::fs::read_to_string(setup.join("Containerfile"))
            .unwrap()
            .contains("FROM quay.io/fedora/fedora-silverblue:44\n")
    );
    // Again it is opened, not made anew.
    assert!(bkt(&computer, &["init", "-y"]).out.starts_with("Opened the setup in ~/setup, which has 21 entries."));
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let computer = bare();
    std::fs::create_dir(computer.path("home/other")).unwrap();
    std::fs::write(computer.path("home/other/mine"), "x").unwrap();
    let other = computer.path("home/other");
    let said = bkt(&computer, &["init", other.to_str().unwrap(), "--yes"]);
    fails(&said, 6, "/tmp/x/home/other is not empty");
    assert!(said.err.contains("bkt init FOLDER"), "{said:?}");
    fails(&bkt(&computer, &["init", computer.path("home/.gitconfig").to_str().unwrap(), "-y"]), 6, "is not a folder");
    fails(&bkt(&computer, &["init", "--no-input"]), 2, "--yes");
    assert_eq!(home(&computer), ["other"]);
    // An empty one is taken, with its parents made where they are missing.
    let empty = computer.path("home/a/b");
    std::fs::create_dir_all(&empty).unwrap();
    let document = bkt(&computer, &["init", empty.to_str().unwrap(), "-y", "--json"]).document();
    assert_eq!((&document["written"], &document["chosen"]), (&true.into(), &false.into()));
    assert!(empty.join("manifests").is_dir() && empty.join("Containerfile").is_file());
    // Without anything to capture it is a setup all the same, and opened as one.
    assert!(bkt(&computer, &["init", empty.to_str().unwrap()]).out.contains("which has 0 entries"));
    assert_eq!(bkt(&computer, &["init", "new/deep/setup", "-y"]).exit, 0);
    assert!(computer.path("new/deep/setup/.git").is_dir());
}

#[test]
fn what_fails_leaves_nothing() {
    let mut computer = bare();
    std::fs::write(computer.path("home/.gitconfig"), "[user]\nuseConfigOnly = true\n").unwrap();
    let said = bkt(&computer, &["init", "-y"]);
    fails(&said, 1, "git does not know your name");
    assert!(said.err.contains("git config --global user.name"), "{said:?}");
    // A hook that is always there refuses.
    always(&computer, "echo no commits today >&2\nexit 1\n");
    fails(&bkt(&computer, &["init", "-y"]), 1, "no commits today");
    // No git at all.
    std::fs::create_dir(computer.path("bin")).unwrap();
    computer.set("PATH", computer.path("bin").display().to_string());
    fails(&bkt(&computer, &["init", "-y"]), 1, "git was not found");
    assert_eq!(home(&computer), Vec::<String>::new());
    assert_eq!(unfinished(&computer), Vec::<String>::new());
}

/// A hook of the person's that runs before each of their commits.
fn always(computer: &Computer, script: &str) {
    let hooks = computer.path("hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    std::fs::write(hooks.join("pre-commit"), format!("#!/bin/sh\n{script}")).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(hooks.join("pre-commit"), executable).unwrap();
    let config = format!("[user]\nname = Sam\nemail = a@b\n[core]\nhooksPath = {}\n", hooks.display());
    std::fs::write(computer.path("home/.gitconfig"), config).unwrap();
}

/// Folders without a name yet, in the home and the person's state.
fn unfinished(computer: &Computer) -> Vec<String> {
    let names = |place: &str| std::fs::read_dir(computer.path(place)).into_iter().flatten().flatten();
    let all = ["home", "home/.local/state/bkt", "home/.local/state/bkt/drafts"].into_iter().flat_map(names);
    let all = all.map(|entry| entry.file_name().to_string_lossy().into_owned());
    all.filter(|name| name.starts_with(".bkt-init-")).collect()
}

#[test]
fn what_was_killed_is_cleared_away_by_the_next() {
    let computer = bare();
    // The hook's parent is git, whose parent is what is to end.
    always(&computer, "kill -KILL $(cut -d' ' -f4 /proc/$PPID/stat)\nexit 1\n");
    assert_eq!(bkt(&computer, &["init", "-y"]).exit, -1);
    assert_eq!((home(&computer).len(), unfinished(&computer).len()), (1, 2), "{:?}", unfinished(&computer));
    std::fs::write(computer.path("home/.bkt-init-note"), "mine").unwrap();
    always(&computer, "exit 0\n");
    let said = bkt(&computer, &["init", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(home(&computer), [".bkt-init-note", "setup"]);
}

#[test]
fn a_dry_run_writes_nothing_but_what_it_remembers() {
    let computer = bare();
    std::fs::create_dir(computer.path("home/there")).unwrap();
    std::fs::write(computer.path("home/there/Containerfile"), "FROM quay.io/fedora/fedora-silverblue:44\n").unwrap();
    let before = computer.tree(&["home", "root"]);
    for words in [&["init", "-n"][..], &["init", "home/new/setup", "-n"], &["init", "home/there", "-n"]] {
        let said = bkt(&computer, words);
        assert_eq!(said.exit, 0, "{said:?}");
        let now = computer.tree(&["home", "root"]);
        let differs = |path: &PathBuf| before.get(path) != now.get(path);
        let changed: Vec<&PathBuf> = before.keys().chain(now.keys()).filter(|path| differs(path)).collect();
        // What is remembered of answers, and the empty repository that flatpak makes when it is asked.
        let places = ["home/.local/state/bkt", "home/.local/share/flatpak"].map(|place| computer.path(place));
        let remembered = |path: &&PathBuf| places.iter().any(|place| path.starts_with(place));
        assert!(changed.iter().all(remembered), "{words:?}: {changed:?}");
        assert_eq!(unfinished(&computer), Vec::<String>::new());
    }
}

#[test]
fn an_image_is_named_or_there_is_none() {
    let computer = bare();
    let digest = format!("ghcr.io/sam/os:1@sha256:{}", "a".repeat(64));
    let document = bkt(&computer, &["init", "-n", "--base", &digest, "--json"]).document();
    assert_eq!(document["base"]["image"], digest.as_str());
    assert_eq!((&document["base"]["pinned"], &document["written"]), (&true.into(), &false.into()));
    for image in ["x", "ghcr.io/a b", "ghcr.io/a\nRUN rm", "-x"] {
        assert_eq!(bkt(&computer, &["init", "-n", &format!("--base={image}")]).exit, 2, "{image}");
    }
    std::fs::write(computer.path("root/etc/os-release"), "ID=debian\nVERSION_ID=13\n").unwrap();
    let said = bkt(&computer, &["init", "-y"]);
    assert!(said.exit == 0 && said.err.contains("--base IMAGE"), "{said:?}");
    assert!(!computer.path("home/setup/Containerfile").exists());
}

#[test]
fn a_person_is_asked_after_everything_was_shown() {
    let computer = bare();
    let said = computer.bkt_answered(&["init", "home/mine"], "n\n");
    assert_eq!(said.exit, 1, "{said:?}");
    assert!(said.out.contains("A new setup in ~/mine"), "{said:?}");
    assert!(said.out.contains("Write this setup? [y]es, [N]o, [?]") && said.out.contains("Nothing was changed."));
    assert_eq!(home(&computer), Vec::<String>::new());
    let said = computer.bkt_answered(&["init", "home/mine"], "?\ny\n");
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.out.contains("Wrote ~/mine with 0 entries, and made its first commit."), "{said:?}");
    assert_eq!(home(&computer), ["mine"]);
}

#[test]
fn a_setup_anywhere_is_the_one_that_is_found_from_then_on() {
    let mut computer = bare();
    let schemas = computer.path("schemas");
    std::fs::create_dir(&schemas).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/org.bkt.Bucket.gschema.xml");
    std::fs::copy(source, schemas.join("org.bkt.Bucket.gschema.xml")).unwrap();
    assert!(Command::new("glib-compile-schemas").arg(&schemas).status().unwrap().success());
    computer.set("GSETTINGS_SCHEMA_DIR", schemas.display().to_string());
    computer.set("GSETTINGS_BACKEND", "keyfile".to_owned());
    // Without --root, because with it nothing of this computer, its settings too, is changed.
    let here = |args: &[&str]| computer.run(env!("CARGO_BIN_EXE_bkt"), &[&["--no-delegate"][..], args].concat());
    assert_eq!(here(&["containerfile", "check"]).exit, 6);
    let made = ["init", "home/it's mine", "--base", "ghcr.io/a/b:1", "-y", "--json"];
    let document = bkt(&computer, &made).document();
    assert_eq!(document["chosen"], false, "{document}");
    let document = here(&["init", "home/it's mine", "--json"]).document();
    assert_eq!((&document["kind"], &document["chosen"]), (&"setup".into(), &true.into()), "{document}");
    let said = here(&["containerfile", "check"]);
    assert_eq!(said.exit, 0, "{said:?}");
}
