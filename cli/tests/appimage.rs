// SPDX-License-Identifier: GPL-3.0-or-later
//! AppImages on a bare computer: what Gear Lever keeps is read as it writes it. Its commands are tested in core.

use serde_json::{Value as Json, json};

use crate::computer::Computer;

/// A computer on which Gear Lever 4.4 has integrated OrcaSlicer.
fn computer(manifest: &str) -> Computer {
    let computer = Computer::bare(&[("appimage-apps.json", manifest)]);
    let file = |path: &str, text: &str| {
        let path = computer.path("home").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    file(".local/share/flatpak/app/it.mijorus.gearlever/current/active/metadata", "");
    file("AppImages/orcaslicer.appimage", "AI");
    let place = computer.path("home/AppImages/orcaslicer.appimage").display().to_string();
    file(
        ".local/share/applications/orcaslicer.desktop",
        &format!(
            "[Desktop Entry]\nName=OrcaSlicer (2.1.1)\nExec={place} %U\nTryExec={place}\nX-AppImage-Version=2.1.1"
        ),
    );
    let apps = json!({"T3JjYVNsaWNlciAoMi4xLjEp": {
        "b64name": "T3JjYVNsaWNlciAoMi4xLjEp",
        "update_url": "https://github.com/OrcaSlicer/OrcaSlicer/releases/download/*/OrcaSlicer_Linux_*.AppImage",
        "update_url_manager": "GithubUpdater",
        "update_manager_config": {"allow_prereleases": false, "repo_url": "https://github.com/OrcaSlicer/OrcaSlicer",
            "repo_filename": "OrcaSlicer_Linux_*.AppImage"}}});
    file(".var/app/it.mijorus.gearlever/config/apps.json", &apps.to_string());
    computer
}

fn manifest(computer: &Computer) -> Json {
    let text = std::fs::read_to_string(computer.path("setup/manifests/appimage-apps.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn drift(computer: &Computer) -> Vec<String> {
    let drift = computer.bkt(&["drift", "--json"]).document();
    let items = drift["items"].as_array().unwrap().iter();
    items.map(|item| format!("{} {}", item["id"], item["shape"]).replace('"', "")).collect()
}

#[test]
fn what_gear_lever_has_is_captured_and_disabling_keeps_the_entry() {
    let computer = computer("{\"apps\": []}\n");
    assert_eq!(drift(&computer), ["appimage:OrcaSlicer only_here"]);
    let said = computer.bkt(&["capture", "appimage", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let orca = json!({"name": "OrcaSlicer", "repo": "OrcaSlicer/OrcaSlicer", "asset": "OrcaSlicer_Linux_*.AppImage"});
    assert_eq!(manifest(&computer), json!({"apps": [orca]}));
    assert_eq!(drift(&computer), Vec::<String>::new());
    crate::computer::valid_as("appimage-apps", &manifest(&computer));

    let said = computer.bkt(&["appimage", "disable", "OrcaSlicer", "--setup-only"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(manifest(&computer)["apps"][0]["disabled"], true);
    assert_eq!(drift(&computer), ["appimage:OrcaSlicer different"]);
    let plan = computer.bkt(&["plan", "show", "--apply", "appimage"]);
    assert!(plan.out.contains("Remove the AppImage OrcaSlicer"), "{plan:?}");
    std::fs::remove_file(computer.path("home/AppImages/orcaslicer.appimage")).unwrap();
    assert_eq!(drift(&computer), Vec::<String>::new(), "one that is disabled and not there is as it should be");
    let said = computer.bkt(&["appimage", "list"]);
    assert!(said.out.contains("OrcaSlicer/OrcaSlicer (OrcaSlicer_Linux_*.AppImage, disabled)"), "{said:?}");
    let said = computer.bkt(&["ai", "enable", "OrcaSlicer", "--setup-only"]);
    assert_eq!((said.exit, manifest(&computer)), (0, json!({"apps": [orca]})), "{said:?}");
    assert_eq!(drift(&computer), ["appimage:OrcaSlicer missing"]);
    assert_eq!(computer.bkt(&["appimage", "enable", "Nosuch"]).exit, 2);
}

#[test]
fn the_older_commands_write_the_same_entry_and_without_gear_lever_nothing_is_begun() {
    let computer = Computer::bare(&[("appimage-apps.json", "{\"apps\": []}\n")]);
    let add = ["appimage", "add", "github:OrcaSlicer/OrcaSlicer", "-a", "OrcaSlicer_Linux_*.AppImage", "--prereleases"];
    let said = computer.bkt(&add);
    assert_eq!(said.exit, 6, "{said:?}");
    assert!(said.err.contains("Gear Lever, which manages AppImages, is not installed"), "{said:?}");
    assert_eq!(manifest(&computer), json!({"apps": []}));
    let said = computer.bkt(&[&add[..], &["--setup-only"]].concat());
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(manifest(&computer)["apps"][0]["prereleases"], true);
    assert_eq!(drift(&computer), ["appimage:OrcaSlicer missing"]);
    for words in [&["OrcaSlicer"][..], &["o/r", "-a", "../x"], &["o/r", "--name", "../x"], &["https://github.com/o/r"]]
    {
        assert_eq!(computer.bkt(&[&["appimage", "add"], words].concat()).exit, 2, "{words:?}");
    }
}
