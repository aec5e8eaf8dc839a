// SPDX-License-Identifier: GPL-3.0-or-later
//! Things changed by name on a copy of the sample computer, on both sides at once, and undone.

use serde_json::Value as Json;

use crate::computer::Computer;

fn packages(computer: &Computer) -> String {
    std::fs::read_to_string(computer.path("setup/manifests/system-packages.json")).unwrap()
}

fn item(computer: &Computer, name: &str) -> Json {
    let list = computer.bkt(&["dnf", "list", "--json"]).document();
    let id = format!("pkg:{name}");
    list["items"].as_array().unwrap().iter().find(|item| item["id"] == id.as_str()).cloned().unwrap_or(Json::Null)
}

#[test]
fn a_package_is_installed_and_written_down_and_undone() {
    let Some(computer) = Computer::sample() else { return };
    let before = packages(&computer);
    let plan = computer.bkt(&["dnf", "install", "ripgrep", "-n"]);
    assert_eq!((plan.exit, packages(&computer)), (0, before.clone()), "{plan:?}");
    let said = computer.bkt(&["dnf", "install", "ripgrep", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(packages(&computer), before.replace("    \"htop\",\n", "    \"htop\",\n    \"ripgrep\",\n"));
    assert_eq!(item(&computer, "ripgrep")["computer"], Json::Bool(true));
    let recipe = || std::fs::read_to_string(computer.path("setup/Containerfile")).unwrap();
    assert!(recipe().contains("    ripgrep \\\n"), "{}", recipe());
    assert!(computer.bkt(&["dnf", "install", "ripgrep", "-y"]).out.contains("Nothing to do"));
    let said = computer.bkt(&["undo", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!((packages(&computer), item(&computer, "ripgrep")), (before, Json::Null));
    assert!(!recipe().contains("ripgrep"), "{}", recipe());
}

#[test]
fn what_cannot_be_installed_is_not_left_in_the_setup() {
    let Some(computer) = Computer::sample() else { return };
    let before = packages(&computer);
    let said = computer.bkt(&["dnf", "install", "nosuchpkg", "-y"]);
    assert_eq!(said.exit, 1, "{said:?}");
    assert!(!said.err.contains("Try again"), "{said:?}");
    assert_eq!(packages(&computer), before);
    assert_eq!(computer.bkt(&["dnf", "install", "-y", "--", "-y"]).exit, 2);
}

#[test]
fn one_side_alone_and_what_changed_since_is_left_alone() {
    let Some(computer) = Computer::sample() else { return };
    let before = packages(&computer);
    assert_eq!(computer.bkt(&["dnf", "install", "ripgrep", "--setup-only"]).exit, 0);
    assert!(packages(&computer).contains("ripgrep"));
    assert_eq!(item(&computer, "ripgrep")["computer"], Json::Null);
    assert_eq!(computer.bkt(&["dnf", "remove", "ripgrep", "--setup-only"]).exit, 0);
    assert_eq!(packages(&computer), before);
    let said = computer.bkt(&["undo", "1", "-y"]);
    assert!(said.err.contains("pkg:ripgrep was changed again since"), "{said:?}");
    assert_eq!(packages(&computer), before);
}

#[test]
fn twenty_at_once_lose_nothing() {
    let Some(computer) = Computer::sample() else { return };
    std::thread::scope(|scope| {
        for n in 0..20 {
            let computer = &computer;
            scope.spawn(move || {
                let said = computer.bkt(&["dnf", "install", &format!("parallel-{n}"), "--setup-only"]);
                assert_eq!(said.exit, 0, "{said:?}");
            });
        }
    });
    let text = packages(&computer);
    assert!((0..20).all(|n| text.contains(&format!("\"parallel-{n}\""))), "{text}");
}

#[test]
fn a_host_command_is_made_and_written_down() {
    let Some(computer) = Computer::sample() else { return };
    let said = computer.bkt(&["shim", "add", "docker", "--host", "podman"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let wrapper = std::fs::read_to_string(computer.path("home/.local/toolbox/shims/docker")).unwrap();
    assert!(wrapper.contains("flatpak-spawn --host podman"), "{wrapper}");
    let manifest = || std::fs::read_to_string(computer.path("setup/manifests/host-shims.json")).unwrap();
    assert!(manifest().contains("\"docker\""), "{}", manifest());
    assert_eq!(computer.bkt(&["shim", "add", "../docker"]).exit, 2);
    assert_eq!(computer.bkt(&["shim", "remove", "docker"]).exit, 0);
    assert!(!computer.path("home/.local/toolbox/shims/docker").exists());
    assert!(!manifest().contains("docker"), "{}", manifest());
}

#[test]
fn a_setting_is_set_and_written_down_in_its_own_spelling() {
    let Some(computer) = Computer::sample() else { return };
    let manifest = || std::fs::read_to_string(computer.path("setup/manifests/gsettings.json")).unwrap();
    let key = ["org.gnome.desktop.interface", "clock-format"];
    let said = computer.bkt(&["gsetting", "set", key[0], key[1], "24h"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(manifest().contains("\"'24h'\""), "{}", manifest());
    assert_eq!(computer.bkt(&["gsetting", "get", key[0], key[1]]).out.trim(), "'24h'");
    let before = manifest();
    assert_ne!(computer.bkt(&["gsetting", "set", key[0], key[1], "25h"]).exit, 0);
    assert_ne!(computer.bkt(&["gsetting", "set", key[0], "clock-formt", "24h"]).exit, 0);
    assert_eq!(manifest(), before);
}
