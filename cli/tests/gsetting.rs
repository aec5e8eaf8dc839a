// SPDX-License-Identifier: GPL-3.0-or-later
//! Settings of a copy of the sample computer, in a real dconf.

use serde_json::Value as Json;

use crate::computer::{Computer, valid};

const INTERFACE: &str = "org.gnome.desktop.interface";

#[test]
fn what_a_setting_means_and_may_be_is_told() {
    let Some(computer) = Computer::sample() else { return };
    let get = |args: &[&str]| computer.bkt(&[&["gsetting", "get"], args].concat()).out;
    assert_eq!(get(&[INTERFACE, "clock-format"]), "'24h'\n");
    assert_eq!(get(&["gsetting:org.gnome.desktop.interface/clock-format"]), "'24h'\n");
    insta::assert_snapshot!(computer.bkt(&["gs", "describe", INTERFACE, "clock-format"]).out, @r"
    org.gnome.desktop.interface/clock-format
        Whether the clock displays in 24h or 12h format
        this computer  '24h'
        default        '24h'
        setup          '12h'   manifests/gsettings.json:3
        allowed        one of '24h', '12h'
    ");
    let whole = computer.bkt(&["gs", "describe", INTERFACE]);
    assert!(whole.out.contains("interface/color-scheme"), "{whole:?}");
    assert!(whole.out.lines().all(|line| line.chars().count() <= 80), "{whole:?}");
}

#[test]
fn a_mistyped_name_gets_the_right_one() {
    let Some(computer) = Computer::sample() else { return };
    let said = computer.bkt(&["gsetting", "get", INTERFACE, "clock-formt"]);
    assert_eq!((said.exit, said.out.as_str()), (2, ""), "{said:?}");
    insta::assert_snapshot!(said.err, @r"
    bkt: org.gnome.desktop.interface has no key ‘clock-formt’
         Did you mean ‘clock-format’?
    ");
    let said = computer.bkt(&["gsetting", "describe", "org.gnome.desktop.interfase"]);
    assert!(said.exit == 2 && said.err.contains("Did you mean ‘org.gnome.desktop.interface’?"), "{said:?}");
    let said = computer.bkt(&["gsetting", "get", "org.gnome.desktop.app-folders.folder", "name"]);
    assert!(said.exit == 2 && said.err.contains("folder:/PATH/"), "{said:?}");
}

#[test]
fn what_was_changed_is_discovered_and_can_be_captured_but_is_no_drift() {
    let Some(computer) = Computer::sample() else { return };
    let before = computer.bkt(&["status", "--porcelain"]).out;
    let said = computer.bkt(&["gsetting", "discover"]);
    insta::assert_snapshot!(said.out, @r"
    org.gnome.desktop.interface
      color-scheme        'prefer-dark'  (default 'default')
      enable-hot-corners  false  (default true)
    ");
    insta::assert_snapshot!(said.err, @"1 is not in the setup. Add it with ‘bkt capture gsetting:SCHEMA/KEY’.");
    assert_eq!(computer.bkt(&["gsetting", "list", "--changed"]).out, said.out);
    let folder = "org.gnome.desktop.app-folders.folder:/org/gnome/desktop/app-folders/folders/Games/";
    for (schema, key, value) in
        [("org.gnome.desktop.app-folders", "folder-children", "['Games']"), (folder, "name", "Games")]
    {
        assert_eq!(computer.run("gsettings", &["set", schema, key, value]).exit, 0);
    }
    assert_eq!(computer.bkt(&["status", "--porcelain"]).out, before);
    let found = computer.bkt(&["gsetting", "discover", "--json"]).document();
    let item =
        found["items"].as_array().unwrap().iter().find(|item| item["schema"] == folder.split(':').next().unwrap());
    let item = item.unwrap_or_else(|| panic!("{found}"));
    assert_eq!((&item["key"], &item["value"], &item["setup"]), (&"name".into(), &"'Games'".into(), &Json::Null));
    let said = computer.bkt(&[
        "capture",
        "gsetting:*app-folders*",
        "gsetting:org.gnome.desktop.interface/enable-hot-corners",
        "-y",
    ]);
    assert_eq!(said.exit, 0, "{said:?}");
    let manifest = std::fs::read_to_string(computer.path("setup/manifests/gsettings.json")).unwrap();
    let manifest: Json = serde_json::from_str(&manifest).unwrap();
    let entry = |key: &str| manifest["settings"].as_array().unwrap().iter().find(|entry| entry["key"] == key).unwrap();
    assert_eq!(entry("enable-hot-corners")["value"], "false");
    assert_eq!(entry("name")["path"], "/org/gnome/desktop/app-folders/folders/Games/");
    assert_eq!(entry("folder-children")["value"], "['Games']");
    assert_eq!(computer.bkt(&["status", "--porcelain"]).out, before);
    let said = computer.bkt(&["capture", "gsetting:org.gnome.desktop.interface/clock-formt", "-y"]);
    assert!(said.exit == 6 && said.err.contains("Did you mean ‘clock-format’?"), "{said:?}");
}

#[test]
fn the_key_a_switch_writes_is_told_when_it_is_written() {
    let Some(computer) = Computer::sample() else { return };
    let bkt = env!("CARGO_BIN_EXE_bkt");
    let watch = |flags: &str| {
        let script = format!(
            "env --default-signal=INT {bkt} gsetting watch {flags} >told 2>ready & watch=$!; trap 'kill $watch 2>/dev/null' EXIT; until grep -qs Watching ready; do sleep 0.05; done; \
             gsettings set {INTERFACE} clock-format 12h; \
             until [ -s told ]; do sleep 0.05; done; gsettings reset {INTERFACE} clock-format; \
             until [ $(wc -l <told) = 2 ]; do sleep 0.05; done; kill -INT $watch; wait $watch 2>/dev/null; echo $? >&2; cat told"
        );
        computer.run("timeout", &["60", "bash", "-c", &script])
    };
    let said = watch("");
    insta::assert_snapshot!(said.out, @r"
    org.gnome.desktop.interface/clock-format  '24h' → '12h'
    org.gnome.desktop.interface/clock-format  '12h' → '24h' (reset to default)
    ");
    assert_eq!(said.err, "130\n", "{said:?}");
    assert_eq!(computer.run("gsettings", &["set", INTERFACE, "clock-format", "24h"]).exit, 0);
    let said = watch(&format!("--json {INTERFACE}"));
    let lines: Vec<Json> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{said:?}");
    lines.iter().for_each(valid);
    assert_eq!(
        (&lines[0]["old"], &lines[0]["new"], &lines[0]["reset"]),
        (&"'24h'".into(), &"'12h'".into(), &false.into())
    );
    assert_eq!(
        (&lines[1]["id"], &lines[1]["reset"]),
        (&format!("gsetting:{INTERFACE}/clock-format").into(), &true.into())
    );
}

#[test]
fn undo_resets_what_nobody_had_chosen() {
    let Some(computer) = Computer::sample() else { return };
    let [schema, key] = ["org.gnome.desktop.interface", "enable-animations"];
    let chosen = || computer.run("dconf", &["read", "/org/gnome/desktop/interface/enable-animations"]).out;
    let set = |value: &str| assert_eq!(computer.bkt(&["gsetting", "set", schema, key, value, "-y"]).exit, 0);
    let undo = || assert_eq!(computer.bkt(&["undo", "-y"]).exit, 0);
    assert_eq!(chosen(), "");
    set("false");
    assert_eq!(chosen(), "false\n");
    undo();
    assert_eq!(chosen(), "", "it is no choice of anybody again");
    undo();
    assert_eq!(chosen(), "false\n", "undoing the undo chooses it again");
    set("true");
    undo();
    assert_eq!(chosen(), "false\n", "a value that was chosen is the one to go back to");
    // The receipt of an older version does not say whether the value was chosen.
    computer.bkt(&["gsetting", "unset", schema, key, "-y"]);
    set("false");
    let runs = computer.path("home/.local/state/bkt/runs");
    let newest =
        std::fs::read_dir(&runs).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some());
    let newest = newest.max_by_key(|path| path.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap()).unwrap();
    let text = std::fs::read_to_string(&newest).unwrap();
    let older: String =
        text.lines().filter(|line| !line.contains("from_default")).map(|line| format!("{line}\n")).collect();
    assert_ne!(text, older);
    std::fs::write(&newest, older).unwrap();
    undo();
    assert_eq!(chosen(), "true\n");
}
