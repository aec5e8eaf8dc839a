// SPDX-License-Identifier: GPL-3.0-or-later
//! Files that declare no items: shown, verified and kept; and the schemas of everything.

use std::path::Path;

use crate::computer::{Computer, valid_as};

/// A bare computer with the setup the existing command line leaves.
fn existing() -> Computer {
    let computer = Computer::bare(&[]);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/fixtures/setups/existing/.");
    let copied = std::process::Command::new("cp").arg("-r").arg(from).arg(computer.path("setup")).status().unwrap();
    assert!(copied.success());
    computer
}

#[test]
fn an_existing_setup_is_opened_and_looked_at_without_a_byte_changed() {
    let computer = existing();
    let before = computer.tree(&["setup"]);
    for command in [&["status"][..], &["drift"], &["doctor"], &["base", "verify"], &["upstream", "verify"]] {
        let document = computer.bkt(&[&["--json"], command].concat()).document();
        assert_ne!(document["format"], "bkt.error", "{document}");
    }
    assert_eq!(computer.tree(&["setup"]), before);
    let status = computer.bkt(&["status", "--json"]).document();
    let manifests = status["manifests"].as_array().unwrap();
    assert!(manifests.iter().all(|file| file["state"] != "broken"), "{status}");
    assert!(manifests.iter().any(|file| file["file"] == "upstream/manifest.json" && file["entries"] == 2), "{status}");
}

#[test]
fn a_wrong_entry_is_said_by_status_and_doctor() {
    let computer = existing();
    computer.manifest("external-repos.json", "{\"repos\": [\n{\"name\": \"a\", \"baseurl\": \"https://a/x\"}\n]}");
    let said = computer.bkt(&["status"]);
    assert!(said.err.contains("manifests/external-repos.json:2"), "{said:?}");
    let doctor = computer.bkt(&["doctor"]);
    assert_eq!(doctor.exit, 1, "{doctor:?}");
    assert!(doctor.out.contains("external-repos.json line 2: an entry of ‘repos’ has no ‘gpg_key’"), "{doctor:?}");
}

#[test]
fn assumptions_are_verified_on_the_computer() {
    let computer = existing();
    let text = r#"{"base_image": {"source": "quay.io/a/b:1"}, "services": ["sshd"], "paths": ["/etc/os-release"]}"#;
    computer.manifest("base-image-assumptions.json", text);
    let said = computer.bkt(&["base", "verify"]);
    assert_eq!(said.exit, 3);
    insta::assert_snapshot!(said.out, @r"
    missing  service  sshd
    holds    path     /etc/os-release
    1 assumption does not hold.
    ");
    std::fs::create_dir_all(computer.path("root/usr/lib/systemd/system")).unwrap();
    std::fs::write(computer.path("root/usr/lib/systemd/system/sshd.service"), "").unwrap();
    assert_eq!(computer.bkt(&["base", "verify"]).exit, 0);
    computer.manifest("base-image-assumptions.json", r#"{"packages": ["bash"]}"#);
    assert_eq!(computer.bkt(&["base", "verify"]).exit, 7);
}

#[test]
fn assuming_changes_one_entry_and_a_dry_run_none() {
    let computer = existing();
    let file = computer.path("setup/manifests/base-image-assumptions.json");
    let before = std::fs::read_to_string(&file).unwrap();
    assert_eq!(computer.bkt(&["base", "assume", "git", "-r", "clones", "-n"]).exit, 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    computer.bkt(&["base", "assume", "git", "-r", "clones"]);
    let after = std::fs::read_to_string(&file).unwrap();
    let entry = "    {\n      \"name\": \"git\",\n      \"reason\": \"clones\"\n    },\n";
    assert_eq!(after.replace(entry, ""), before);
    computer.bkt(&["base", "unassume", "git"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    assert_eq!(computer.bkt(&["base", "assume", "-y;x"]).exit, 2);
}

#[test]
fn pins_are_listed_and_verified_without_a_network() {
    let computer = existing();
    let said = computer.bkt(&["upstream", "verify"]);
    insta::assert_snapshot!(said.out, @r"
    whole  keyd v2.5.0
    whole  bibata v2.0.7
    2 pins are whole.
    ");
    std::fs::write(computer.path("setup/upstream/keyd/version"), "v2.4.3\n").unwrap();
    let said = computer.bkt(&["upstream", "verify"]);
    assert_eq!(said.exit, 3);
    assert!(said.out.contains("is pinned to version v2.5.0, and upstream/keyd/version says v2.4.3"), "{said:?}");
    assert!(computer.bkt(&["upstream", "info", "keyd"]).out.contains("github:rvaiya/keyd"));
    assert_eq!(computer.bkt(&["upstream", "info", "nosuch"]).exit, 2);
}

#[test]
fn schemas_are_listed_printed_and_written() {
    let computer = Computer::bare(&[]);
    assert!(computer.bkt(&["schema"]).out.contains("system-packages "));
    let printed = computer.bkt(&["schema", "status"]);
    assert_eq!(computer.bkt(&["schema", "show", "bkt.status"]).out, printed.out);
    let directory = computer.path("schemas");
    let said = computer.bkt(&["schema", "generate", "-o", directory.to_str().unwrap()]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(std::fs::read_to_string(directory.join("status.schema.json")).unwrap(), printed.out);
    assert_eq!(computer.bkt(&["schema", "nosuch"]).exit, 2);
}

#[test]
fn every_line_of_progress_and_a_saved_plan_have_a_schema() {
    let Some(computer) = Computer::sample() else { return };
    let plan = computer.path("plan.json");
    computer.bkt(&["plan", "show", "--capture", "gsetting", "-o", plan.to_str().unwrap()]);
    valid_as("plan-review", &serde_json::from_str(&std::fs::read_to_string(plan).unwrap()).unwrap());
    let said = computer.bkt(&["capture", "gsetting", "--yes", "--json", "--progress", "json"]);
    assert_eq!((said.exit, said.document()["format"].as_str()), (0, Some("bkt.run")), "{said:?}");
    let lines: Vec<serde_json::Value> = said.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(lines.len() >= 4, "{said:?}");
    lines.iter().for_each(|line| valid_as("progress", line));
    computer.bkt(&["log", "--json"]).document();
    computer.bkt(&["log", "1", "--json"]).document();
}
