// SPDX-License-Identifier: GPL-3.0-or-later
//! What goes wrong, and is said: no setup, a broken manifest, a name that would be an option, no answer.

use crate::computer::Computer;

const UNITS: (&str, &str) = ("systemd-services.json", r#"{"services": {"tuned.service": "enabled"}}"#);

#[test]
fn without_a_setup_every_command_says_how_to_name_one() {
    let computer = Computer::bare(&[]);
    std::fs::remove_dir(computer.path("setup/manifests")).unwrap();
    for command in ["status", "drift", "diff", "apply", "capture", "doctor"] {
        let said = computer.bkt(&[command]);
        let words = format!("{}{}", said.out, said.err);
        assert!(words.contains("no setup was found in /tmp/x/setup"), "{command}: {said:?}");
        assert!(words.contains("-C DIR"), "{command}: {said:?}");
        assert_eq!(said.exit, if command == "doctor" { 1 } else { 6 }, "{command}");
    }
    let error = computer.bkt(&["status", "--json"]).document();
    assert_eq!((&error["error"]["code"], &error["error"]["exit"]), (&"repo_not_found".into(), &6.into()));
}

#[test]
fn a_broken_manifest_is_named_with_its_line_and_hides_nothing_else() {
    let computer = Computer::bare(&[UNITS, ("gsettings.json", "{\"settings\": [\n  {\"schema\": 1}\n]}")]);
    let before = computer.tree(&["setup"]);
    let said = computer.bkt(&["status"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.out.contains("manifests/gsettings.json line 2"), "{said:?}");
    let lines = computer.bkt(&["status", "--porcelain"]);
    assert!(lines.out.contains("?? gsetting:line 2\n"), "{lines:?}");
    let said = computer.bkt(&["apply", "gsetting", "--yes"]);
    assert_eq!(said.exit, 6, "{said:?}");
    assert!(said.err.contains("gsetting could not be checked: manifests/gsettings.json line 2"), "{said:?}");
    assert_eq!(computer.bkt(&["doctor"]).exit, 1);
    assert_eq!(computer.tree(&["setup"]), before);
}

#[test]
fn what_could_not_be_checked_is_neither_equal_nor_different() {
    let computer = Computer::bare(&[("gsettings.json", "{\"settings\": [")]);
    assert_eq!(computer.bkt(&["drift", "check", "-q"]).exit, 7);
    for command in [&["status"][..], &["status", "--porcelain"], &["drift"], &["diff"]] {
        let said = computer.bkt(&[command, &["--exit-code"]].concat());
        assert_eq!(said.exit, 7, "{command:?}: {said:?}");
        assert_eq!(computer.bkt(command).exit, 0, "{command:?}");
    }
    let said = computer.bkt(&["status"]);
    assert!(!said.out.contains("Everything matches"), "{said:?}");
}

#[test]
fn an_unknown_field_is_named_and_the_rest_is_used() {
    let computer = Computer::bare(&[("systemd-services.json", "{\"services\": {},\n \"servces\": 1}")]);
    let said = computer.bkt(&["status"]);
    assert!(said.err.contains("manifests/systemd-services.json:2"), "{said:?}");
    assert!(said.err.contains("unknown field ‘servces’"), "{said:?}");
}

#[test]
fn a_package_named_like_an_option_or_a_command_is_refused() {
    for name in ["-y", "a;b"] {
        let computer = Computer::bare(&[("system-packages.json", &format!("{{\"packages\": [\"{name}\"]}}"))]);
        let said = computer.bkt(&["apply", "--all", "--yes"]);
        assert!(!said.out.contains("Install"), "{said:?}");
        let said = computer.bkt(&["status"]);
        assert!(said.out.contains(&format!("‘{name}’ is not a valid package name")), "{said:?}");
        let said = computer.bkt(&["apply", "--yes", "--", name]);
        assert_eq!(said.exit, 2, "{said:?}");
        assert!(said.err.contains(&format!("‘{name}’ is not an item")), "{said:?}");
    }
}

#[test]
fn without_a_terminal_nothing_runs_unasked() {
    let computer = Computer::bare(&[UNITS]);
    let said = computer.bkt(&["ignore", "unit:tuned.service", "-n"]);
    assert!(said.out.starts_with("Would ignore unit:tuned.service"), "{said:?}");
    assert!(!computer.path("setup/.bktignore").exists());
}

#[test]
fn ignoring_is_kept_in_the_setup() {
    let computer = Computer::bare(&[UNITS]);
    let said = computer.bkt(&["ignore", "unit:tuned.service", "flatpak:com.valvesoftware.*", "karg"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let kept = std::fs::read_to_string(computer.path("setup/.bktignore")).unwrap();
    assert_eq!(kept, "unit:tuned.service\nflatpak:com.valvesoftware.*\nkarg\n");
    let said = computer.bkt(&["ignore", "tuned"]);
    assert_eq!(said.exit, 2, "{said:?}");
}

#[test]
fn the_setup_is_found_around_the_current_folder_and_in_the_home() {
    let computer = Computer::bare(&[UNITS]);
    let root = computer.path("root");
    let here =
        |args: &[&str]| computer.run(env!("CARGO_BIN_EXE_bkt"), &[&["--root", root.to_str().unwrap()], args].concat());
    assert_eq!(here(&["status"]).exit, 6);
    std::fs::rename(computer.path("setup"), computer.path("home/setup")).unwrap();
    assert!(here(&["status"]).out.starts_with("Setup     ~/setup"));
}

#[test]
fn first_boot_without_a_setup_in_the_image_says_so() {
    let computer = Computer::bare(&[]);
    let root = computer.path("root");
    let said =
        computer.run(env!("CARGO_BIN_EXE_bkt"), &["--root", root.to_str().unwrap(), "first-boot", "--system", "-n"]);
    assert_eq!(said.exit, 6, "{said:?}");
    assert!(said.err.contains("this system has no setup of its own"), "{said:?}");
}
