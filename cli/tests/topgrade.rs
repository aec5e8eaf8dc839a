// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt topgrade`: one file, in the one place where Topgrade looks.

use crate::computer::Computer;

const FILE: &str = "home/.config/topgrade.d/50-bkt.toml";

#[test]
fn the_file_is_shown_written_and_taken_away() {
    let computer = Computer::bare(&[]);
    let said = computer.bkt(&["topgrade"]);
    assert_eq!(said.exit, 0);
    insta::assert_snapshot!(said.out, @r#"
    ~/.config/topgrade.d/50-bkt.toml is not there; it would say:

      # Written by ‘bkt topgrade install’; ‘bkt topgrade remove’ takes it away.

      [commands]
      "Bucket: after an update" = "bkt first-boot"
      "Bucket: what differs" = "bkt status"
    "#);
    assert_eq!(computer.bkt(&["topgrade", "install", "-n"]).out, "Would write ~/.config/topgrade.d/50-bkt.toml.\n");
    assert!(!computer.path(FILE).exists());
    let document = computer.bkt(&["topgrade", "install", "--json"]).document();
    assert_eq!((document["changed"].as_bool(), document["state"].as_str()), (Some(true), Some("current")));
    assert_eq!(std::fs::read_to_string(computer.path(FILE)).unwrap(), document["content"].as_str().unwrap());
    assert_eq!(computer.bkt(&["topgrade", "install"]).out, "~/.config/topgrade.d/50-bkt.toml is there already.\n");
    assert_eq!(computer.bkt(&["topgrade", "remove"]).out, "Removed ~/.config/topgrade.d/50-bkt.toml.\n");
    assert!(!computer.path(FILE).exists());
    assert_eq!(computer.bkt(&["topgrade", "remove"]).out, "~/.config/topgrade.d/50-bkt.toml is not there.\n");
}

#[test]
fn other_words_are_replaced_only_when_that_is_wanted() {
    let computer = Computer::bare(&[]);
    std::fs::create_dir_all(computer.path(FILE).parent().unwrap()).unwrap();
    std::fs::write(computer.path(FILE), "[misc]\n").unwrap();
    let state = || computer.bkt(&["topgrade", "--json"]).document()["state"].clone();
    for verb in ["install", "remove"] {
        let said = computer.bkt(&["topgrade", verb, "--json"]);
        assert_eq!((said.exit, said.document()["error"]["code"].as_str()), (2, Some("needs_yes")));
        let said = computer.bkt_answered(&["topgrade", verb], "n\n");
        assert!(said.out.contains("says something else."), "{said:?}");
        assert_eq!((said.exit, state().as_str()), (1, Some("different")));
    }
    assert_eq!(computer.bkt(&["topgrade", "install", "-y"]).exit, 0);
    assert_eq!(state(), "current");
}

#[test]
fn a_file_below_etc_is_said_to_be_unread_unless_it_is_included() {
    let computer = Computer::bare(&[]);
    assert!(!computer.bkt(&["topgrade"]).err.contains("/etc"));
    std::fs::write(computer.path("root/etc/topgrade.toml"), "[misc]\n").unwrap();
    let said = computer.bkt(&["topgrade"]);
    assert!(said.err.contains("Topgrade does not read /etc/topgrade.toml"), "{said:?}");
    std::fs::create_dir_all(computer.path("home/.config")).unwrap();
    let main = "[include]\npaths = [\"/etc/topgrade.toml\"]\n";
    std::fs::write(computer.path("home/.config/topgrade.toml"), main).unwrap();
    assert!(!computer.bkt(&["topgrade"]).err.contains("/etc"));
}
