// SPDX-License-Identifier: GPL-3.0-or-later
//! Items that are ignored, why, and heard of again.

use crate::computer::Computer;

#[test]
fn a_line_is_taken_out_and_nothing_else() {
    let computer = Computer::bare(&[("host-shims.json", r#"{"shims": [{"name": "nmcli"}, {"name": "docker"}]}"#)]);
    let file = computer.path("setup/.bktignore");
    let before = "# mine\nshim:nm*  # why\n\nflatpak:com.valvesoftware.*";
    std::fs::write(&file, before).unwrap();
    let list = computer.bkt(&["ignore", "--list"]);
    insta::assert_snapshot!(list.out, @r"
    shim:nm*
      shim:nmcli
    flatpak:com.valvesoftware.*
      hides nothing now
    ");
    assert_eq!(computer.bkt(&["ignore", "--list", "--json"]).document()["entries"][0]["items"][0], "shim:nmcli");
    assert_eq!(computer.bkt(&["drift", "--json"]).document()["ignored"][0]["pattern"], "shim:nm*");
    let said = computer.bkt(&["unignore", "shim:nmcli"]);
    assert!(said.exit == 2 && said.err.contains("by the line ‘shim:nm*’"), "{said:?}");
    let said = computer.bkt(&["unignore", "flatpak:com.valvesoftwear.*"]);
    assert!(said.exit == 2 && said.err.contains("Did you mean flatpak:com.valvesoftware.*?"), "{said:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    assert!(computer.bkt(&["unignore", "shim:nm*", "-n"]).out.contains("Would report shim:nm* again (1 change now)."));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    let said = computer.bkt(&["unignore", "shim:nm*", "--json"]);
    assert_eq!(said.document()["written"], true, "{said:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before.replace("shim:nm*  # why\n", ""));
    assert!(computer.bkt(&["status", "--porcelain"]).out.contains("shim:nmcli"));
    assert_eq!(computer.bkt(&["ignore"]).exit, 2);
}
