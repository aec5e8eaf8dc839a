// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person changes on this computer alone: told apart, listed, kept, forgotten and undone.

use serde_json::Value as Json;

use crate::computer::Computer;

const SHIMS: &str = r#"{"shims": [{"name": "nmcli"}]}"#;

fn computer() -> Computer {
    let computer = Computer::bare(&[("host-shims.json", SHIMS)]);
    assert_eq!(computer.bkt(&["apply", "shim:nmcli", "-y"]).exit, 0);
    computer
}

/// The items of `bkt local list`, each with how it stands.
fn local(computer: &Computer) -> Vec<String> {
    let document = computer.bkt(&["local", "list", "--json"]).document();
    let items = document["items"].as_array().unwrap().iter();
    items.map(|item| format!("{} {} {}", item["id"], item["action"], item["standing"]).replace('"', "")).collect()
}

fn porcelain(computer: &Computer) -> String {
    let said = computer.bkt(&["status", "--porcelain"]).out;
    said.lines().filter(|line| line.contains("shim:")).collect()
}

#[test]
fn what_is_changed_here_alone_wants_no_decision() {
    let computer = computer();
    let said = computer.bkt(&["shim", "add", "docker", "--host", "podman", "--local", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(local(&computer), ["shim:docker add stays"]);
    assert_eq!(porcelain(&computer), "");
    assert!(computer.bkt(&["status"]).out.contains("Changed here alone\n  shim:docker\n"));
    let drift = computer.bkt(&["drift", "--json"]).document();
    assert_eq!((drift["items"].as_array().unwrap().len(), &drift["temporary"][0]["id"]), (0, &"shim:docker".into()));
    let file = computer.path("home/.local/share/bkt/ephemeral.json");
    assert_eq!(computer.bkt(&["local", "path"]).out, "/tmp/x/home/.local/share/bkt/ephemeral.json\n");
    let record: Json = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let record = &record["changes"][0];
    assert_eq!(
        (&record["domain"], &record["identifier"], &record["metadata"]["host"]),
        (&"shim".into(), &"docker".into(), &"podman".into())
    );
    assert!(record["command"].as_str().unwrap().ends_with("shim add docker --host podman --local -y"), "{record}");
    let shown = computer.bkt(&["local", "show", "docker"]);
    assert_eq!(shown.exit, 2, "{shown:?}");
    assert!(shown.err.contains("Did you mean docker") || shown.err.contains("shim:docker"), "{shown:?}");
    assert!(computer.bkt(&["local", "show", "shim:docker"]).out.contains("value    podman\n"));

    // It differs no longer: there is nothing left to remember.
    assert_eq!(computer.bkt(&["shim", "remove", "docker", "--here-only", "-y"]).exit, 0);
    assert_eq!(local(&computer), Vec::<String>::new());
    assert!(!file.exists());
}

#[test]
fn a_removal_here_alone_is_on_purpose_too_and_can_be_forgotten() {
    let computer = computer();
    assert_eq!(computer.bkt(&["shim", "remove", "nmcli", "--here-only", "-y"]).exit, 0);
    assert_eq!((local(&computer), porcelain(&computer)), (vec!["shim:nmcli remove stays".into()], String::new()));
    assert_eq!(computer.bkt(&["local", "clear"]).exit, 2, "it needs an answer");
    assert!(computer.bkt(&["local", "clear", "-n"]).out.contains("Would forget 1 record."));
    assert_eq!(local(&computer).len(), 1);
    let said = computer.bkt(&["local", "clear", "--force", "--json"]);
    assert_eq!(said.document()["items"][0], "shim:nmcli", "{said:?}");
    assert_eq!((local(&computer), porcelain(&computer)), (vec![], "D  shim:nmcli".into()));
}

#[test]
fn what_is_kept_goes_into_the_setup_and_undo_takes_it_out_again() {
    let computer = computer();
    let manifest = || std::fs::read_to_string(computer.path("setup/manifests/host-shims.json")).unwrap();
    assert_eq!(computer.bkt(&["shim", "add", "docker", "--here-only", "-y"]).exit, 0);
    let said = computer.bkt(&["local", "commit", "shim:docker", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(manifest().contains("docker"), "{}", manifest());
    assert_eq!((local(&computer), porcelain(&computer)), (vec![], String::new()));
    assert_eq!(computer.bkt(&["undo", "-y"]).exit, 0);
    assert!(!manifest().contains("docker") && manifest().contains("nmcli"), "{}", manifest());
    assert_eq!(local(&computer), ["shim:docker add stays"], "it is here alone again");
    assert_eq!(computer.bkt(&["undo", "2", "-y"]).exit, 0);
    assert_eq!(local(&computer), Vec::<String>::new());
    assert!(!computer.path("home/.local/toolbox/shims/docker").exists());
    let said = computer.bkt(&["local", "commit", "shim:dockr", "-y"]);
    assert_eq!(said.exit, 2, "{said:?}");
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_kept() {
    let computer = computer();
    let file = computer.path("home/.local/share/bkt/ephemeral.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "[").unwrap();
    let status = computer.bkt(&["status"]);
    assert!(status.exit == 0 && status.out.contains("ephemeral.json: "), "{status:?}");
    assert_eq!(computer.bkt(&["local", "list"]).exit, 1);
    let said = computer.bkt(&["shim", "add", "docker", "--here-only", "-y"]);
    assert!(said.exit == 0 && said.err.contains("not written down as temporary"), "{said:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "[");
}

#[test]
fn a_package_tried_on_a_plain_computer_stays() {
    let Some(computer) = Computer::sample() else { return };
    let said = computer.bkt(&["dnf", "install", "ripgrep", "--here-only", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let list = computer.bkt(&["local", "list"]);
    assert!(list.out.contains("Stays on this computer until it is changed back\n  pkg:ripgrep  20"), "{list:?}");
    assert!(list.out.lines().all(|line| line.chars().count() <= 80), "{list:?}");
    assert!(!computer.bkt(&["status", "--porcelain"]).out.contains("ripgrep"));
    assert_eq!(computer.bkt(&["undo", "-y"]).exit, 0);
    assert!(computer.bkt(&["local", "list"]).out.contains("Nothing was changed"));
}
