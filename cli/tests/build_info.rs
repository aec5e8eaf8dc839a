// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt build-info`, and what `bkt status` says of the image, with real git.

use crate::computer::Computer;
use crate::repository::{PACKAGES, computer, git};

/// The setup as it is, in the image that runs.
fn bake(computer: &Computer, revision: &str) {
    let baked = computer.path("root/usr/share/bkt/setup");
    std::fs::create_dir_all(baked.join("manifests")).unwrap();
    for entry in std::fs::read_dir(computer.path("setup/manifests")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), baked.join("manifests").join(entry.file_name())).unwrap();
    }
    std::fs::write(baked.join("revision"), format!("{revision}\n")).unwrap();
}

fn head(computer: &Computer) -> String {
    git(&computer.path("setup"), &["rev-parse", "HEAD"]).trim().to_owned()
}

/// Says which packages the setup has, and commits.
fn packages(computer: &Computer, names: &[&str], subject: &str) {
    let names: Vec<String> = names.iter().map(|name| format!("    \"{name}\"")).collect();
    computer.manifest("system-packages.json", &format!("{{\n  \"packages\": [\n{}\n  ]\n}}\n", names.join(",\n")));
    if !subject.is_empty() {
        git(&computer.path("setup"), &["commit", "--quiet", "-am", subject]);
    }
}

/// Without what differs from run to run.
fn plain(text: &str) -> String {
    let is_name = |word: &&str| word.len() == 10 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let day = |word: &&str| word.len() == 10 && word.starts_with("20") && word.matches('-').count() == 2;
    let word = |word: &str| match word {
        it if is_name(&it) => "COMMIT".to_owned(),
        it if day(&it) => "DAY".to_owned(),
        it => it.to_owned(),
    };
    text.lines().map(|line| line.split(' ').map(word).collect::<Vec<_>>().join(" ") + "\n").collect()
}

#[test]
fn what_the_image_lacks_is_told_with_how_far_it_has_come() {
    let computer = computer();
    bake(&computer, &head(&computer));
    let said = computer.bkt(&["build-info"]);
    assert!(said.out.ends_with("\nThe image that runs has everything the setup says.\n"), "{said:?}");
    assert!(!computer.bkt(&["status"]).out.contains("Image"));
    packages(&computer, &["git", "htop"], "Add htop");
    git(&computer.path("setup"), &["push", "--quiet", "origin", "main"]);
    packages(&computer, &["git", "htop", "strace"], "Add strace");
    packages(&computer, &["git", "htop", "strace", "tree"], "");
    let said = computer.bkt(&["build-info"]);
    insta::assert_snapshot!(plain(&said.out), @r"
    Runs   COMMIT  DAY  Begin
    Setup  COMMIT  DAY  Add strace · 2 commits later

    Pushed, in no image here yet
      Add htop (pkg:htop)

    Not pushed
      Add strace (pkg:strace)

    Not committed
      Add tree (pkg:tree)
    ");
    let status = computer.bkt(&["status"]);
    let words = "Image  3 changes of the setup are not in it\n  1 pushed, in no image here yet\n  1 not pushed\n";
    assert!(status.out.contains(words), "{status:?}");
    assert!(status.err.contains("bkt build-info"), "{status:?}");
    let document = computer.bkt(&["status", "--json"]).document();
    let lacks = serde_json::json!({"staged": 0, "pushed": 1, "committed": 1, "uncommitted": 1});
    assert_eq!(document["image"]["lacks"], lacks);
    let document = computer.bkt(&["build-info", "--json"]).document();
    let stages = document["entries"].as_array().unwrap().iter().map(|entry| entry["stage"].as_str().unwrap());
    assert_eq!(stages.collect::<Vec<_>>(), ["pushed", "committed", "uncommitted"]);
    assert_eq!(document["images"][0]["recorded"], true);
    // The next image has what was pushed.
    packages(&computer, &["git", "htop"], "");
    bake(&computer, &git(&computer.path("setup"), &["rev-parse", "HEAD~1"]));
    let said = computer.bkt(&["build-info", "HEAD~2..HEAD"]);
    insta::assert_snapshot!(plain(&said.out), @r"
    From  COMMIT  DAY  Begin
    To    COMMIT  DAY  Add strace

    In the image that runs
      Add htop (pkg:htop)

    Not pushed
      Add strace (pkg:strace)
    ");
}

#[test]
fn an_image_that_names_no_commit_is_placed_by_its_manifests_or_not_at_all() {
    let computer = computer();
    bake(&computer, "");
    packages(&computer, &["git", "htop"], "Add htop");
    let said = computer.bkt(&["build-info", "--booted"]);
    assert!(plain(&said.out).starts_with("Runs   COMMIT  DAY  Begin (by its manifests)\n"), "{said:?}");
    computer.manifest("system-packages.json", &PACKAGES.replace("git", "never"));
    bake(&computer, &"0".repeat(40));
    let said = computer.bkt(&["build-info"]);
    assert!(said.out.starts_with("Runs   built from a commit that is not on this branch\n"), "{said:?}");
    let document = computer.bkt(&["build-info", "--json"]).document();
    assert_eq!((document["from"].is_null(), document["commits"].is_null()), (true, true));
}

#[test]
fn without_an_image_the_last_commit_is_told() {
    let computer = computer();
    packages(&computer, &["git", "htop"], "Add htop");
    let said = computer.bkt(&["build-info"]);
    assert!(said.out.ends_with("\nChanged\n  Add htop (pkg:htop)\n"), "{said:?}");
    let document = computer.bkt(&["build-info", "HEAD", "--json"]).document();
    assert_eq!(document["entries"], serde_json::json!([]));
    assert!(computer.bkt(&["status", "--json"]).document()["image"].is_null());
    for (words, exit, code) in [
        (&["--booted"][..], 6, "no_baked_setup"),
        (&["nosuch"], 1, "unknown_commit"),
        (&["--image=-x"], 2, "name_invalid"),
        (&["--image", "quay.io/a/b:1"], 6, "command_missing"),
    ] {
        let said = computer.bkt(&[&["build-info", "--json"], words].concat());
        assert_eq!((said.exit, said.document()["error"]["code"].as_str()), (exit, Some(code)), "{words:?}");
    }
    let said = computer.bkt(&["build-info", "--image", "quay.io/a/b:1"]);
    assert_eq!(said.err, "bkt: skopeo was not found\n     Install it\n");
}

#[test]
fn annotations_are_one_line_each_as_buildah_takes_them() {
    let computer = computer();
    std::fs::write(computer.path("setup/Containerfile"), "FROM quay.io/a/b:43@sha256:aa\n").unwrap();
    git(&computer.path("setup"), &["add", "."]);
    packages(&computer, &["git", "htop"], "Add htop");
    let said = computer.bkt(&["build-info", "HEAD~1", "--annotations"]);
    let lines: Vec<(&str, &str)> = said.out.lines().map(|line| line.split_once('=').unwrap()).collect();
    let of = |key: &str| lines.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    assert_eq!(of("org.opencontainers.image.revision"), Some(&*head(&computer)));
    assert_eq!(of("org.opencontainers.image.source"), Some("https://github.com/sam/setup"));
    assert_eq!(of("org.opencontainers.image.base.digest"), Some("sha256:aa"));
    assert_eq!(of("org.bkt.changes"), Some("+Containerfile +pkg:htop"));
    let document = computer.bkt(&["build-info", "HEAD~1", "--annotations", "--json"]).document();
    assert_eq!(document["annotations"]["org.bkt.changes"], "+Containerfile +pkg:htop");
}
