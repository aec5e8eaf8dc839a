// SPDX-License-Identifier: GPL-3.0-or-later
//! Boxes and the development container by name: what is written to the setup, and what is refused.

use crate::computer::Computer;

const BOXES: &str = "{\n  \"containers\": {\n    \"dev\": {\n      \"image\": \"quay.io/a/b:1\", // mine\n      \"mine\": [1],\n      \"packages\": [\"git\"]\n    }\n  }\n}";
const TOOLBOX: &str =
    "{\n  \"packages\": [\n    \"gcc\", // for c\n    \"make\"\n  ],\n  \"groups\": [\"x\"],\n  \"mine\": 1\n}";

fn read(computer: &Computer, name: &str) -> String {
    std::fs::read_to_string(computer.path("setup/manifests").join(name)).unwrap()
}

#[test]
fn adding_to_a_box_changes_its_fields_and_removing_takes_its_entry() {
    let computer = Computer::bare(&[("distrobox.json", BOXES)]);
    let said = computer.bkt(&["distrobox", "add", "dev", "-p", "vim", "--setup-only"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(read(&computer, "distrobox.json"), BOXES.replace("[\"git\"]", "[\"git\", \"vim\"]"));
    let add =
        ["box", "add", "arch", "--image", "quay.io/toolbx/arch-toolbox:latest", "--flag", "--pids-limit=9", "--env"];
    let said = computer.bkt(&[&add[..], &["EDITOR=vim", "--init-hook", "echo \"$HOME\"", "--setup-only"]].concat());
    assert_eq!(said.exit, 0, "{said:?}");
    let manifest: serde_json::Value =
        serde_json::from_str(&read(&computer, "distrobox.json").replace("// mine", "")).unwrap();
    assert_eq!(
        manifest["containers"]["arch"],
        serde_json::json!({
            "image": "quay.io/toolbx/arch-toolbox:latest",
            "init_hooks": ["echo \"$HOME\""],
            "env": {"EDITOR": "vim"},
            "additional_flags": ["--pids-limit=9"],
        })
    );
    assert_eq!(computer.bkt(&["distrobox", "remove", "arch", "--setup-only"]).exit, 0);
    assert_eq!(read(&computer, "distrobox.json"), BOXES.replace("[\"git\"]", "[\"git\", \"vim\"]"));
    let undone = computer.bkt(&["undo", "1", "-y"]);
    assert_eq!(undone.exit, 0, "{undone:?}");
    assert_eq!(read(&computer, "distrobox.json"), BOXES);
}

#[test]
fn what_would_reach_a_shell_or_is_not_there_is_refused() {
    let computer = Computer::bare(&[("distrobox.json", BOXES)]);
    for (words, code) in [
        (&["add", "-x"][..], "usage"),
        (&["add", "a/b", "--image", "x"], "name_invalid"),
        (&["add", "new"], "image_missing"),
        (&["add", "new", "--image", "a;b"], "name_invalid"),
        (&["add", "dev", "-p", "$(id)"], "box_refused"),
        (&["add", "dev", "--env", "PATH=/x"], "box_refused"),
        (&["add", "dev", "--volume", "/a:/b;id"], "box_refused"),
        (&["remove", "../x"], "name_invalid"),
        (&["capture", "--packages", "dev"], "not_captured"),
    ] {
        let said = computer.bkt(&[&["distrobox"][..], words, &["--json"]].concat());
        assert_eq!(said.exit, 2, "{words:?}: {said:?}");
        assert_eq!(said.document()["error"]["code"], code, "{words:?}");
    }
    assert_eq!(read(&computer, "distrobox.json"), BOXES);
    // Below a directory there are no containers: that is unknown, and no other kind of item is.
    let drift = computer.bkt(&["drift", "--json"]).document();
    let unknown: Vec<_> =
        drift["unknown"].as_array().unwrap().iter().map(|one| one["domain"].as_str().unwrap()).collect();
    assert!(unknown.contains(&"box"), "{drift}");
}

#[test]
fn packages_of_the_container_are_written_entry_by_entry() {
    let computer = Computer::bare(&[("toolbox-packages.json", TOOLBOX)]);
    let said = computer.bkt(&["dev", "install", "git", "--manifest-only"]);
    assert_eq!((said.exit, said.out.trim()), (0, "Done."), "{said:?}");
    let after = read(&computer, "toolbox-packages.json");
    assert_eq!(after, TOOLBOX.replace("    \"make\"", "    \"git\",\n    \"make\""));
    assert_eq!(computer.bkt(&["dev", "remove", "git", "--setup-only"]).exit, 0);
    assert_eq!(read(&computer, "toolbox-packages.json"), TOOLBOX);
    assert_eq!(computer.bkt(&["dev", "copr", "enable", "a/b", "--setup-only"]).exit, 0);
    let list = computer.bkt(&["dev", "list"]);
    assert_eq!(list.out, "gcc\nmake\ncopr a/b  on\n");
    let list = computer.bkt(&["dev", "copr", "list", "--json"]).document();
    assert_eq!(list["copr_repos"], serde_json::json!([{"name": "a/b", "enabled": true}]));
    for words in [&["dev", "install", "-x"][..], &["dev", "install", "a;b"], &["dev", "copr", "enable", "a"]] {
        assert_eq!(computer.bkt(words).exit, 2, "{words:?}");
    }
}

#[test]
fn an_entry_of_the_container_that_cannot_be_read_is_named_and_stays() {
    let computer = Computer::bare(&[("toolbox-packages.json", "{\n  \"packages\": [\"gcc\", \"foo >= 1\"]\n}")]);
    let said = computer.bkt(&["dev", "list"]);
    assert_eq!((said.exit, said.out.as_str()), (0, "gcc\n"));
    assert!(said.err.contains("toolbox-packages.json line 2: ‘foo >= 1’"), "{said:?}");
    assert_eq!(computer.bkt(&["dev", "install", "git", "--setup-only"]).exit, 0);
    let after = read(&computer, "toolbox-packages.json");
    assert!(after.contains("\"foo >= 1\"") && after.contains("\"git\""), "{after}");
}

#[test]
fn the_plan_of_the_container_is_shown_before_it_is_done() {
    let computer = Computer::bare(&[("toolbox-packages.json", TOOLBOX)]);
    let said = computer.bkt(&["dev", "install", "git", "-n", "--json"]).document();
    assert_eq!(said["commands"], serde_json::json!(["toolbox run sudo dnf -y install git"]));
    assert_eq!((&said["writes"], &said["ran"]), (&"manifests/toolbox-packages.json".into(), &false.into()));
    let said = computer.bkt(&["dev", "remove", "make", "-n", "--box", "work"]);
    insta::assert_snapshot!(said.out, @r"
    Write manifests/toolbox-packages.json
    Run toolbox run --container work sudo dnf -y remove make
    ");
    let enter = computer.bkt(&["dev", "enter", "-n", "--box", "work", "--json"]).document();
    assert_eq!(enter["commands"], serde_json::json!(["toolbox enter work"]));
    let said = computer.bkt(&["dev", "install", "git", "--json"]);
    assert_eq!((said.exit, said.document()["error"]["code"].as_str()), (2, Some("needs_yes")));
    // Without the tool nothing is done, and the setup is as it was.
    let said = computer.bkt(&["dev", "install", "git", "-y", "--json"]);
    assert_eq!((said.exit, said.document()["error"]["code"].as_str()), (1, Some("command_missing")), "{said:?}");
    assert_eq!(read(&computer, "toolbox-packages.json"), TOOLBOX);
    std::fs::create_dir_all(computer.path("root/run")).unwrap();
    std::fs::write(computer.path("root/run/.toolboxenv"), "").unwrap();
    let inside = computer.bkt(&["dev", "install", "git", "-n", "--json"]).document();
    assert_eq!(inside["commands"], serde_json::json!(["sudo dnf -y install git"]));
    assert_eq!(computer.bkt(&["dev", "enter"]).exit, 2);
}

#[test]
fn a_file_of_distrobox_assemble_becomes_the_setups() {
    let computer = Computer::bare(&[("distrobox.json", BOXES)]);
    let file = computer.path("distrobox.ini");
    let name = file.to_str().unwrap();
    let import = |text: &str| {
        std::fs::write(&file, text).unwrap();
        computer.bkt(&["distrobox", "import", name, "-y"])
    };
    let home = computer.path("home").display().to_string();
    let said = import(&format!(
        "# mine\n[dev]\nimage=quay.io/a/b:2\nadditional_packages=\"git vim\"\nvolume={home}/src:/src\n\n\
         [arch]\nimage=quay.io/toolbx/arch-toolbox:latest\ninit_hooks=touch /ready\nstart_now=true\n"
    ));
    assert_eq!((said.exit, said.out.lines().next()), (0, Some("2 done.")), "{said:?}");
    assert!(said.err.contains("Left out of arch, because a setup has no place for it: start_now\n"), "{said:?}");
    let text = read(&computer, "distrobox.json");
    let manifest: serde_json::Value = serde_json::from_str(&text.replace("// mine", "")).unwrap();
    assert_eq!(
        manifest["containers"],
        serde_json::json!({
            "dev": {"image": "quay.io/a/b:2", "mine": [1], "packages": ["git", "vim"], "volume": ["~/src:/src"]},
            "arch": {"image": "quay.io/toolbx/arch-toolbox:latest", "init_hooks": ["touch /ready"]},
        })
    );
    assert!(text.contains("// mine"), "{text}");
    assert_eq!(computer.bkt(&["undo", "-y"]).exit, 0);
    assert_eq!(read(&computer, "distrobox.json"), BOXES);
    for (text, words) in [
        ("hello\n", "distrobox.ini: line 1: it is no group and no value in one"),
        ("", "distrobox.ini: it has no box"),
        ("[a]\nimage=quay.io/a/b:1\nvolume=/a:/b;id\n", "to a shell"),
        ("[a]\nroot=true\n", "to root"),
    ] {
        let said = import(text);
        assert!(said.exit == 2 && said.err.contains(words), "{words}: {said:?}");
    }
    let said = computer.bkt(&["distrobox", "import", "/nowhere.ini"]);
    assert!(said.exit == 2 && said.err.contains("there is no such file"), "{said:?}");
    assert_eq!(read(&computer, "distrobox.json"), BOXES);
}
