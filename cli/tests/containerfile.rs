// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt containerfile` as hooks, CI and people use it.

use crate::computer::Computer;

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
