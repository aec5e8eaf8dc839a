// SPDX-License-Identifier: GPL-3.0-or-later
//! Stories about what belongs to the person: files in their home, on a bare computer.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value as Json;

use crate::computer::Computer;

/// The items of one domain that differ, and how.
fn ids(domain: &str, drift: &Json) -> Vec<String> {
    let items = drift["items"].as_array().unwrap().iter().filter(|item| item["domain"] == domain);
    items.map(|item| format!("{} {}", item["id"], item["shape"]).replace('"', "")).collect()
}

#[test]
fn host_commands_go_both_ways_and_foreign_files_stay() {
    let shims = r#"{"shims": [{"name": "docker", "host": "podman"}, {"name": "nmcli"}, {"name": "mine"}]}"#;
    let computer = Computer::bare(&[("host-shims.json", shims)]);
    let directory = computer.path("home/.local/toolbox/shims");
    std::fs::create_dir_all(&directory).unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(directory.join(name), text).unwrap();
        std::fs::set_permissions(directory.join(name), PermissionsExt::from_mode(0o755)).unwrap();
    };
    file(
        "docker",
        "#!/bin/bash\n# docker\n# made by an older tool\n# do not edit\nexec flatpak-spawn --host podman \"$@\"\n",
    );
    file("dc", "#!/bin/bash\nexec flatpak-spawn --host docker compose \"$@\"\n");
    file("mine", "#!/bin/sh\necho mine\n");
    file("other", "#!/bin/sh\necho other\n");
    let drift = computer.bkt(&["drift", "--json"]).document();
    assert_eq!(ids("shim", &drift), ["shim:dc only_here", "shim:nmcli missing"]);
    assert!(drift["unknown"].as_array().unwrap().iter().any(|unknown| unknown["item"] == "shim:mine"), "{drift}");

    let said = computer.bkt(&["apply", "shim:nmcli", "--yes"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let nmcli = directory.join("nmcli");
    assert_eq!(std::fs::read_to_string(&nmcli).unwrap(), "#!/bin/bash\nexec flatpak-spawn --host nmcli \"$@\"\n");
    assert_eq!(nmcli.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    let said = computer.bkt(&["capture", "shim:dc", "--yes"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let manifest = std::fs::read_to_string(computer.path("setup/manifests/host-shims.json")).unwrap();
    assert!(manifest.contains(r#""name": "dc""#) && manifest.contains(r#""host": "docker compose""#), "{manifest}");
    assert_eq!(ids("shim", &computer.bkt(&["drift", "--json"]).document()), Vec::<String>::new());

    // What leaves the setup goes; what is not ours stays.
    computer.manifest("host-shims.json", r#"{"shims": []}"#);
    let said = computer.bkt(&["apply", "shim:dc", "shim:nmcli", "shim:docker", "--yes"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let mut left: Vec<_> =
        std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["mine", "other"]);
}

#[test]
fn extensions_are_unknown_where_there_is_no_shell() {
    let computer = Computer::bare(&[("gnome-extensions.json", r#"{"extensions": ["none@bkt.lab"]}"#)]);
    let schemas = computer.path("root/usr/share/glib-2.0/schemas");
    std::fs::create_dir_all(&schemas).unwrap();
    let drift = computer.bkt(&["drift", "--json"]).document();
    let unknown = drift["unknown"].as_array().unwrap().iter().any(|unknown| unknown["domain"] == "ext");
    assert!(unknown, "GNOME Shell is not there, so nothing is known: {drift}");
    let said = computer.bkt(&["apply", "ext:none@bkt.lab", "--yes"]);
    assert_ne!(said.exit, 0, "{said:?}");
}
