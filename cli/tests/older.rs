// SPDX-License-Identifier: GPL-3.0-or-later
//! What people type who know an older `bkt`: it works where it means the same, and is answered otherwise. That every
//! line of the older grammar is understood or answered is tested beside the grammar.

use crate::computer::Computer;

#[test]
fn what_has_another_name_is_answered_in_eighty_columns() {
    let computer = Computer::bare(&[]);
    let said = computer.bkt(&["upstream", "update", "starship"]);
    assert_eq!((said.exit, said.out.as_str()), (2, ""));
    insta::assert_snapshot!(said.err, @r"
    error: unrecognized subcommand 'update'

      tip: Bucket changes no pins: they stand in upstream/manifest.json, and
           ‘bkt upstream verify’ checks them

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(computer.bkt(&["apply", "--prune-appimages"]).err, @r"
    error: unexpected argument '--prune-appimages' found

      tip: this is ‘bkt apply appimage’ now

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(computer.bkt(&["drift", "explain"]).err, @r"
    error: unrecognized subcommand 'explain'

      tip: this is ‘bkt diff’ now

    For more information, try '--help'.
    ");
    let document = computer.bkt(&["wrap", "check", "-f", "json"]).document();
    let hint = document["error"]["hint"].as_str().unwrap();
    assert!(hint.ends_with("‘bkt doctor’ checks image-config.json"), "{hint}");
}

#[test]
fn older_spellings_do_what_they_did() {
    let shims = r#"{"shims": [{"name": "nmcli"}]}"#;
    let computer = Computer::bare(&[("host-shims.json", shims), ("homebrew.json", r#"{"formulae": ["bat"]}"#)]);
    assert_eq!(computer.bkt(&["shim", "list", "-f", "json"]).document()["domain"], "shim");
    assert_eq!(computer.bkt(&["drift", "check", "packages", "--no-host"]).exit, 7, "there is no rpm here");
    let said = computer.bkt(&["--local", "--skip-preflight", "shim", "add", "podman", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(std::fs::read_to_string(computer.path("setup/manifests/host-shims.json")).unwrap(), shims);
    let local = computer.bkt(&["local", "list", "-d", "shim", "-f", "json"]).document();
    assert_eq!(local["items"][0]["id"], "shim:podman", "{local}");
    let said = computer.bkt(&["--context", "image", "shim", "add", "docker"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(!computer.path("home/.local/toolbox/shims/docker").exists());
    // Kinds by their older names, as whole and before the colon.
    for word in ["extension", "distrobox", "dnf", "systemd", "ext:*", "extension:*"] {
        let said = computer.bkt(&["capture", word, "-n"]);
        assert!(said.exit != 2 || said.err.contains("is called"), "{word}: {said:?}");
        assert!(!said.err.contains("kind of item"), "{word}: {said:?}");
    }
    assert_eq!(computer.bkt(&["ignore", "homebrew:bat"]).exit, 0);
    assert_eq!(std::fs::read_to_string(computer.path("setup/.bktignore")).unwrap(), "brew:bat\n");
    let said = computer.bkt(&["repo", "path"]);
    assert!(said.exit == 0 && said.out.ends_with("/setup\n"), "{said:?}");
    let said = computer.bkt(&["status", "--skip-os", "--no-changelog"]);
    assert!(said.out.starts_with("Setup ") && !said.out.contains("Test Linux"), "{said:?}");
}

#[test]
fn sync_does_what_the_setup_asks_for_and_removes_nothing() {
    let computer = Computer::bare(&[("host-shims.json", r#"{"shims": [{"name": "nmcli"}]}"#)]);
    assert_eq!(computer.bkt(&["shim", "add", "podman", "--here-only", "-y"]).exit, 0);
    assert_eq!(computer.bkt(&["local", "clear", "-f"]).exit, 0);
    let said = computer.bkt(&["shim", "sync", "--confirm", "--yes"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let there = |name: &str| computer.path("home/.local/toolbox/shims").join(name).exists();
    assert!(there("nmcli") && there("podman"), "{said:?}");
    for kind in ["flatpak", "ext", "brew", "appimage", "bin", "gsetting", "dnf", "skel"] {
        let said = computer.bkt(&[kind, "sync", "-y"]);
        assert!(said.exit != 2, "{kind}: {said:?}");
    }
}

#[test]
fn both_sides_of_one_thing_are_shown() {
    let Some(computer) = Computer::sample() else { return };
    let said = computer.bkt(&["gsetting", "show", "org.gnome.desktop.interface", "clock-format"]);
    insta::assert_snapshot!(said.out, @r"
    gsetting:org.gnome.desktop.interface/clock-format
      Setup     '12h'
      Computer  '24h'
    ");
    insta::assert_snapshot!(computer.bkt(&["gs", "show", "org.gnome.desktop.interface/color-scheme"]).out, @r"
    gsetting:org.gnome.desktop.interface/color-scheme
      Setup     'prefer-dark'
      Computer  'prefer-dark'
    ");
    std::fs::write(computer.path("home/.bashrc"), "mine\n").unwrap();
    assert_eq!(computer.bkt(&["skel", "add", ".bashrc", "-y"]).exit, 0);
    std::fs::write(computer.path("home/.bashrc"), "other\n").unwrap();
    insta::assert_snapshot!(computer.bkt(&["skel", "show", ".bashrc"]).out, @r"
    skel:.bashrc
      Setup     file fcbc800db3f1
      Computer  file 7e4fa2eb8c7a
    ");
    let said = computer.bkt(&["skel", "show", ".none"]);
    assert!(said.exit == 2 && said.err.contains("is called ‘.none’"), "{said:?}");
}

#[test]
fn both_sides_of_a_package_in_a_development_container_are_shown() {
    if !std::path::Path::new("/usr/bin/rpm").exists() {
        eprintln!("skipped: there is no rpm");
        return;
    }
    let computer = Computer::bare(&[("toolbox-packages.json", r#"{"packages": ["lab-gcc"]}"#)]);
    std::fs::create_dir_all(computer.path("root/run")).unwrap();
    std::fs::write(computer.path("root/run/.toolboxenv"), "").unwrap();
    // No package has such a name, wherever the tests run.
    let said = computer.bkt(&["dev", "show", "lab-gcc", "lab-make"]);
    assert_eq!(said.exit, 0, "{said:?}");
    insta::assert_snapshot!(said.out, @r"
    lab-gcc
      Setup      there
      Container  not there
    lab-make
      Setup      not there
      Container  not there
    ");
    let document = computer.bkt(&["dev", "show", "lab-gcc", "-f", "json"]).document();
    assert_eq!(document["packages"], serde_json::json!([{"name": "lab-gcc", "setup": true, "installed": false}]));
}

#[test]
fn the_files_that_are_synced_can_be_named() {
    let computer = Computer::bare(&[]);
    for file in [".config/app/a", ".config/app/b", ".bashrc"] {
        let file = computer.path("setup/skel").join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "x\n").unwrap();
    }
    let there = |name: &str| computer.path("home").join(name).exists();
    assert_eq!(computer.bkt(&["skel", "sync", ".config/app/a", "-y"]).exit, 0);
    assert!(there(".config/app/a") && !there(".config/app/b") && !there(".bashrc"));
    assert_eq!(computer.bkt(&["skel", "sync", ".config/", "-y"]).exit, 0);
    assert!(there(".config/app/b") && !there(".bashrc"));
    let said = computer.bkt(&["skel", "sync", ".bash", "-y"]);
    assert!(said.exit == 2 && said.err.contains("the setup has no file .bash"), "{said:?}");
}

#[test]
fn a_changelog_is_shown_version_by_version() {
    let computer = Computer::bare(&[]);
    for version in ["1", "2", "3"] {
        assert_eq!(computer.bkt(&["changelog", "add", version]).exit, 0);
        assert_eq!(computer.bkt(&["changelog", "release", version]).exit, 0);
    }
    let shown = |args: &[&str]| computer.bkt(&[&["changelog", "show", "--json"], args].concat()).document();
    assert_eq!(shown(&[])["versions"].as_array().unwrap().len(), 1);
    assert_eq!(shown(&["-c", "2"])["versions"][1]["version"], "2");
}
