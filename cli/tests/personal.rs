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

#[test]
fn files_of_the_home_are_added_shown_synced_and_taken_out() {
    let computer = Computer::bare(&[]);
    let write = |path: &str, text: &str| {
        let path = computer.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let read = |path: &str| std::fs::read_to_string(computer.path(path)).ok();
    write("home/.config/app/a", "one\n");
    write("home/.config/app/b", "two\n");
    write("home/.config/app/key.pem", "x\n");
    let said = computer.bkt(&["skel", "add", ".config/app", "--yes"]);
    assert_eq!(said.exit, 1, "{said:?}");
    assert!(
        said.err.contains(".config/app/key.pem may hold keys") && said.err.contains("--include-private"),
        "{said:?}"
    );
    let whole = computer.path("home/.config/app/b").display().to_string();
    let said = computer.bkt(&["skel", "add", ".config/app/a", &whole, "--yes"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(read("setup/skel/.config/app/b").as_deref(), Some("two\n"));
    let list = computer.bkt(&["skel", "list", "--json"]).document();
    assert_eq!(list["items"].as_array().unwrap().len(), 2, "{list}");

    write("home/.config/app/a", "uno\n");
    std::fs::remove_file(computer.path("home/.config/app/b")).unwrap();
    let said = computer.bkt(&["skel", "diff"]);
    assert!(said.out.contains("-one\n+uno\n") && said.out.contains("-two\n"), "{said:?}");
    let diff = computer.bkt(&["skel", "diff", ".config/app/a", "--json"]).document();
    assert_eq!((&diff["items"][0]["added"], &diff["items"][0]["binary"]), (&1.into(), &false.into()), "{diff}");
    let said = computer.bkt(&["skel", "sync", "--yes"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.err.contains("left alone: .config/app/a"), "{said:?}");
    assert_eq!(
        (read("home/.config/app/a").as_deref(), read("home/.config/app/b").as_deref()),
        (Some("uno\n"), Some("two\n"))
    );
    let said = computer.bkt(&["skel", "sync", "--force", "--yes"]);
    assert_eq!((said.exit, read("home/.config/app/a").as_deref()), (0, Some("one\n")), "{said:?}");
    let said = computer.bkt(&["undo", "--yes"]);
    assert_eq!((said.exit, read("home/.config/app/a").as_deref()), (0, Some("uno\n")), "{said:?}");

    let said = computer.bkt(&["skel", "remove", ".config/app/a"]);
    assert_eq!((said.exit, read("setup/skel/.config/app/a")), (0, None), "{said:?}");
    assert_eq!(read("home/.config/app/a").as_deref(), Some("uno\n"));
    assert_eq!(ids("skel", &computer.bkt(&["drift", "--json"]).document()), Vec::<String>::new());
    for (args, exit) in [
        (&["skel", "add", "../x"][..], 2),
        (&["skel", "add", "/etc/passwd"], 2),
        (&["skel", "add", "none"], 2),
        (&["skel", "remove", "none"], 2),
        (&["skel", "diff", "none"], 2),
    ] {
        let said = computer.bkt(args);
        assert_eq!(said.exit, exit, "{args:?} {said:?}");
    }
}

#[test]
fn the_first_sign_in_brings_files_of_the_baked_setup_and_replaces_none() {
    let computer = Computer::bare(&[]);
    let baked = computer.path("root/usr/share/bkt/setup");
    let write = |path: std::path::PathBuf, text: &str| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    std::fs::create_dir_all(baked.join("manifests")).unwrap();
    write(baked.join("skel/.config/a"), "from the setup\n");
    write(baked.join("skel/.bashrc"), "from the setup\n");
    write(computer.path("home/.bashrc"), "mine\n");
    let root = computer.path("root").display().to_string();
    let said = computer.run(env!("CARGO_BIN_EXE_bkt"), &["--root", &root, "first-boot"]);
    let read = |path: &str| std::fs::read_to_string(computer.path(path)).ok();
    assert_eq!(read("home/.config/a").as_deref(), Some("from the setup\n"), "{said:?}");
    assert_eq!(read("home/.bashrc").as_deref(), Some("mine\n"), "{said:?}");
}

#[test]
fn files_of_etc_are_listed_shown_restored_and_captured() {
    let computer = Computer::bare(&[]);
    let write = |path: &str, text: &str| {
        let path = computer.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let read = |path: &str| std::fs::read_to_string(computer.path(path)).ok();
    let said = computer.bkt(&["etc", "list"]);
    assert_eq!((said.exit, said.out.as_str()), (0, "Nothing in /etc is known to differ.\n"), "{said:?}");
    write("root/usr/etc/os-release", "PRETTY_NAME=\"Test Linux 1\"\n");
    write("root/usr/etc/ssh/ssh_config", "Port 22\n");
    write("root/etc/ssh/ssh_config", "Port 2222\n");
    write("root/usr/etc/issue", "Hello\n");
    write("root/etc/keyd/default.conf", "[ids]\n");
    write("root/etc/machine-id", "0123\n");
    write("root/etc/NetworkManager/system-connections/home.nmconnection", "psk=secret\n");
    let said = computer.bkt(&["etc", "list"]);
    insta::assert_snapshot!(said.out, @"
    /etc/issue              deleted here
    /etc/keyd/default.conf  added here
    /etc/ssh/ssh_config     changed here
    ");
    let list = computer.bkt(&["etc", "list", "--json"]).document();
    assert_eq!(list["items"][2]["computer"]["here"]["mode"], "0644", "{list}");
    let said = computer.bkt(&["etc", "diff", "ssh/ssh_config"]);
    assert!(said.out.contains("a: image, b: this computer") && said.out.contains("-Port 22\n+Port 2222\n"), "{said:?}");
    let said = computer.bkt(&["etc", "show", "/etc/ssh/ssh_config"]);
    insta::assert_snapshot!(said.out, @"
    /etc/ssh/ssh_config
      Setup  not there
      Image  file e807422bad84, 0644
      Here   file bdc45620d3cb, 0644
    ");
    computer.bkt(&["etc", "show", "ssh", "--json"]).document();

    let said = computer.bkt(&["etc", "restore", "/etc/ssh/ssh_config", "-n"]);
    assert!(said.out.contains("Restore /etc/ssh/ssh_config from the image"), "{said:?}");
    assert_eq!(read("root/etc/ssh/ssh_config").as_deref(), Some("Port 2222\n"));
    let said = computer.bkt(&["etc", "restore", "ssh", "issue", "--yes"]);
    assert_eq!((said.exit, read("root/etc/ssh/ssh_config").as_deref()), (0, Some("Port 22\n")), "{said:?}");
    assert_eq!(read("root/etc/issue").as_deref(), Some("Hello\n"));
    let said = computer.bkt(&["undo", "--yes"]);
    assert_eq!((said.exit, read("root/etc/ssh/ssh_config").as_deref()), (0, Some("Port 2222\n")), "{said:?}");
    assert_eq!(read("root/etc/issue"), None);

    let said = computer.bkt(&["etc", "capture", "keyd", "--yes"]);
    assert_eq!((said.exit, read("setup/system/etc/keyd/default.conf").as_deref()), (0, Some("[ids]\n")), "{said:?}");
    let said = computer.bkt(&["etc", "capture", "keyd", "--yes"]);
    assert!(
        said.exit == 0 && said.err.contains("/etc/keyd/default.conf is what the image or the setup has."),
        "{said:?}"
    );
    let connection = "NetworkManager/system-connections/home.nmconnection";
    let said = computer.bkt(&["etc", "capture", connection, "--yes"]);
    assert!(said.exit == 1 && said.err.contains("--include-private"), "{said:?}");
    let said = computer.bkt(&["etc", "capture", connection, "--yes", "--include-private"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(read(&format!("setup/system/etc/{connection}")).as_deref(), Some("psk=secret\n"));
    for (args, exit) in [
        (&["etc", "restore", "../usr/bin/x"][..], 2),
        (&["etc", "restore", "/usr/bin/x"], 2),
        (&["etc", "restore", "none"], 2),
        (&["etc", "restore", "keyd/default.conf"], 6),
        (&["etc", "show", "none"], 2),
        (&["etc", "capture", "none"], 2),
    ] {
        let said = computer.bkt(args);
        assert_eq!(said.exit, exit, "{args:?} {said:?}");
    }
}

#[test]
fn what_looks_private_is_held_back_with_the_words_that_take_it() {
    let computer = Computer::bare(&[]);
    let directory = computer.path("home/.local/toolbox/shims");
    std::fs::create_dir_all(&directory).unwrap();
    for (name, host) in [("deploy", "/home/sam/bin/deploy"), ("dc", "podman-compose")] {
        std::fs::write(directory.join(name), format!("#!/bin/bash\nexec flatpak-spawn --host {host} \"$@\"\n"))
            .unwrap();
        std::fs::set_permissions(directory.join(name), PermissionsExt::from_mode(0o755)).unwrap();
    }
    let (item, command) = ("shim:deploy", "bkt capture --include-private shim:deploy");
    // Asked for by name and not done, in part or at all.
    let said = computer.bkt(&["capture", item, "--yes"]);
    assert!(said.exit == 1 && said.out.contains(item) && said.err.contains(command), "{said:?}");
    let said = computer.bkt(&["capture", item, "--yes", "--json"]);
    assert_eq!((said.exit, &said.document()["error"]["code"]), (1, &"private".into()), "{said:?}");
    let said = computer.bkt(&["capture", item, "-n"]);
    assert!(said.exit == 0 && said.err.contains(command), "{said:?}");
    let said = computer.bkt(&["plan", "show", "--capture", item]);
    assert!(said.exit == 0 && said.err.contains(command), "{said:?}");
    let said = computer.bkt(&["capture", "shim", "--yes"]);
    assert!(said.exit == 5 && said.out.contains(item) && said.err.contains(command), "{said:?}");
    let manifest = || std::fs::read_to_string(computer.path("setup/manifests/host-shims.json")).unwrap();
    assert!(manifest().contains("podman-compose") && !manifest().contains("sam"), "{}", manifest());
    // Not asked for by name: it is told of all the same.
    let said = computer.bkt(&["capture", "--all", "--yes"]);
    assert!(said.exit == 0 && said.out.contains(item) && said.err.contains(command), "{said:?}");
    let said = computer.bkt(&["capture", item, "--include-private", "--yes"]);
    assert!(said.exit == 0 && manifest().contains("/home/sam/bin/deploy"), "{said:?}");
}
