// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt admin`: kernel arguments and services of setup, image and computer.

use serde_json::{Value as Json, json};

use crate::computer::Computer;

const CONFIG: &str = r#"{
  "kargs": {"append": ["zswap.enabled=1"], "remove": []},
  "systemd": {"enable": ["sshd"], "disable": [], "mask": []}
}
"#;

fn read(computer: &Computer, name: &str) -> Json {
    let text = std::fs::read_to_string(computer.path("setup/manifests").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A package-mode computer with one boot entry.
fn computer() -> Computer {
    let computer = Computer::bare(&[("system-config.json", CONFIG)]);
    let write = |path: &str, text: &str| {
        let path = computer.path("root").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("proc/cmdline", "BOOT_IMAGE=/vmlinuz root=UUID=1 quiet console=tty0\n");
    write("boot/loader/entries/a.conf", "title a\noptions root=UUID=1 quiet console=tty0\n");
    write("etc/kernel/cmdline", "root=UUID=1 quiet console=tty0\n");
    write("usr/lib/systemd/system/sshd.service", "[Service]\nExecStart=/x\n[Install]\nWantedBy=multi-user.target\n");
    write("usr/lib/systemd/system/always.service", "[Service]\nExecStart=/x\n");
    computer
}

fn fact(computer: &Computer, name: &str) -> Json {
    let list = computer.bkt(&["admin", "kargs", "list", "--json"]).document();
    list["arguments"].as_array().unwrap().iter().find(|fact| fact["argument"] == name).cloned().unwrap_or(Json::Null)
}

#[test]
fn kernel_arguments_are_listed_with_where_they_are_and_whose() {
    let computer = computer();
    let said = computer.bkt(&["admin", "kargs", "list"]);
    insta::assert_snapshot!(said.out, @r"
    ARGUMENT             RUNNING  AFTER RESTART  SETUP  FROM
    BOOT_IMAGE=/vmlinuz  yes      yes            –      boot loader
    console=tty0         yes      yes            –      this computer
    quiet                yes      yes            –      installer
    root=UUID=1          yes      yes            –      boot loader
    zswap.enabled=1      no       no             yes    setup
    ");
    let one = computer.bkt(&["admin", "kargs", "show", "quiet"]);
    assert_eq!((one.exit, one.out.lines().count()), (0, 2), "{one:?}");
    let none = computer.bkt(&["admin", "kargs", "show", "nosuch"]);
    assert_eq!(none.exit, 2, "{none:?}");
}

#[test]
fn a_second_console_is_added_to_setup_and_computer_and_goes_again() {
    let computer = computer();
    let said = computer.bkt(&["admin", "kargs", "append", "console=ttyS0,115200n8", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let both = ["zswap.enabled=1", "console=ttyS0,115200n8"];
    let mut listed: Vec<String> =
        serde_json::from_value(read(&computer, "system-config.json")["kargs"]["append"].clone()).unwrap();
    listed.sort();
    assert_eq!(listed, ["console=ttyS0,115200n8", "zswap.enabled=1"], "{both:?}");
    let there = fact(&computer, "console=ttyS0,115200n8");
    assert_eq!(
        there,
        json!({"argument": "console=ttyS0,115200n8", "running": false, "next": true, "setup": true, "from": {"kind": "setup"}})
    );
    assert_eq!(fact(&computer, "console=tty0")["next"], true);
    let kernel = || std::fs::read_to_string(computer.path("root/etc/kernel/cmdline")).unwrap();
    assert_eq!(kernel(), "root=UUID=1 quiet console=tty0 console=ttyS0,115200n8\n");
    let said = computer.bkt(&["admin", "kargs", "remove", "console=ttyS0,115200n8", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(read(&computer, "system-config.json"), serde_json::from_str::<Json>(CONFIG).unwrap());
    assert_eq!(fact(&computer, "console=ttyS0,115200n8"), Json::Null);
    assert_eq!(kernel(), "root=UUID=1 quiet console=tty0\n");
}

#[test]
fn what_the_installer_wrote_is_removed_for_every_computer_of_the_setup() {
    let computer = computer();
    let said = computer.bkt(&["admin", "kargs", "remove", "quiet", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(read(&computer, "system-config.json")["kargs"]["remove"], json!(["quiet"]));
    assert_eq!((&fact(&computer, "quiet")["next"], &fact(&computer, "quiet")["setup"]), (&json!(false), &json!(false)));
    let said = computer.bkt(&["undo", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(read(&computer, "system-config.json")["kargs"]["remove"], json!([]));
    assert_eq!(fact(&computer, "quiet")["next"], true);
}

#[test]
fn what_the_image_provides_is_left_to_the_recipe() {
    let computer = computer();
    let directory = computer.path("root/usr/lib/bootc/kargs.d");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("10-os.toml"), "kargs = [\"quiet\"]\n").unwrap();
    assert_eq!(fact(&computer, "quiet")["from"], json!({"kind": "image", "file": "10-os.toml"}));
    let said = computer.bkt(&["admin", "kargs", "remove", "quiet", "-y"]);
    assert_eq!(said.exit, 6, "{said:?}");
    assert!(said.err.contains("10-os.toml") && said.err.contains("--setup-only"), "{said:?}");
    assert_eq!(read(&computer, "system-config.json")["kargs"]["remove"], json!([]));
    let said = computer.bkt(&["admin", "kargs", "remove", "quiet", "--setup-only"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(read(&computer, "system-config.json")["kargs"]["remove"], json!(["quiet"]));
    assert_eq!(fact(&computer, "quiet")["next"], true);
    let said = computer.bkt(&["admin", "kargs", "append", "root=UUID=2", "-y"]);
    assert_eq!(said.exit, 6, "{said:?}");
    let said = computer.bkt(&["admin", "kargs", "append", "a b", "-y"]);
    assert_eq!(said.exit, 2, "{said:?}");
}

#[test]
fn a_service_of_the_image_is_written_once_and_moves_between_the_manifests() {
    let computer = computer();
    let said = computer.bkt(&["admin", "systemd", "mask", "sshd"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(
        read(&computer, "system-config.json")["systemd"],
        json!({"enable": [], "disable": [], "mask": ["sshd.service"]})
    );
    computer.manifest("systemd-services.json", r#"{"services": {"sshd.service": "enabled"}}"#);
    let list = computer.bkt(&["admin", "systemd", "list", "--json"]).document();
    let unit = &list["units"][0];
    assert_eq!((&unit["image"], &unit["services"]), (&json!("masked"), &json!("enabled")));
    assert!(unit["problem"].as_str().unwrap().contains("contradicts itself"), "{unit}");
    let drift = computer.bkt(&["drift", "--json"]).document();
    let unknown = drift["unknown"].as_array().unwrap();
    assert!(
        unknown.iter().any(|unknown| unknown["code"] == "declared_twice" && unknown["item"] == "unit:sshd.service")
    );
    // Said again, it is said in one place.
    let said = computer.bkt(&["admin", "systemd", "enable", "sshd", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(read(&computer, "system-config.json")["systemd"]["enable"], json!(["sshd.service"]));
    let said = computer.bkt(&["admin", "systemd", "mask", "sshd", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(read(&computer, "systemd-services.json"), json!({"services": {}}));
    let said = computer.bkt(&["admin", "systemd", "unmask", "sshd", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let empty = json!({"enable": [], "disable": [], "mask": []});
    assert_eq!(read(&computer, "system-config.json")["systemd"], empty);
}

#[test]
fn a_service_of_this_computer_is_changed_with_the_manifest_that_says_something_of_it() {
    let computer = computer();
    let said = computer.bkt(&["admin", "systemctl", "mask", "sshd", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(read(&computer, "system-config.json")["systemd"]["mask"], json!(["sshd.service"]));
    let link = computer.path("root/etc/systemd/system/sshd.service");
    assert_eq!(std::fs::read_link(&link).unwrap().to_str(), Some("/dev/null"));
    let said = computer.bkt(&["admin", "systemctl", "unmask", "sshd", "--here-only", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(!link.exists() && std::fs::symlink_metadata(&link).is_err());
    assert_eq!(read(&computer, "system-config.json")["systemd"]["mask"], json!(["sshd.service"]));
    // A capture goes to the same file.
    let said = computer.bkt(&["capture", "unit:sshd.service", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(read(&computer, "system-config.json")["systemd"]["disable"], json!(["sshd.service"]));
    assert!(!computer.path("setup/manifests/systemd-services.json").exists());
    // One the setup says nothing of goes to the run-time manifest.
    computer.manifest("system-config.json", "{}");
    let said = computer.bkt(&["admin", "systemctl", "enable", "sshd", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(read(&computer, "systemd-services.json"), json!({"services": {"sshd.service": "enabled"}}));
    let said = computer.bkt(&["admin", "systemctl", "disable", "always", "-y"]);
    assert_eq!(said.exit, 6, "{said:?}");
    assert!(said.err.contains("[Install]"), "{said:?}");
}

#[test]
fn what_was_unmasked_is_masked_again_by_undo() {
    let computer = computer();
    let link = computer.path("root/etc/systemd/system/sshd.service");
    std::fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    computer.manifest("system-config.json", r#"{"systemd": {"mask": ["sshd.service"]}}"#);
    let said = computer.bkt(&["admin", "systemctl", "unmask", "sshd", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(std::fs::symlink_metadata(&link).is_err());
    let said = computer.bkt(&["undo", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(std::fs::read_link(&link).unwrap().to_str(), Some("/dev/null"));
    assert_eq!(read(&computer, "system-config.json")["systemd"]["mask"], json!(["sshd.service"]));
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    let computer = computer();
    for (words, code, exit) in [
        (&["admin", "systemd", "mask", "dbus"][..], "protected", 6),
        (&["admin", "systemd", "enable", "a b"], "name_invalid", 2),
        (&["admin", "systemctl", "stop", "dbus"], "protected", 6),
        (&["admin", "systemctl", "mask", "systemd-logind", "-y"], "protected", 6),
        (&["admin", "systemctl", "start", "sshd"], "not_possible", 6),
        (&["admin", "systemctl", "status", "sshd"], "not_possible", 6),
        (&["admin", "kargs", "append", "ostree=x"], "protected", 6),
        (&["admin", "bootc", "upgrade", "--check"], "not_possible", 6),
        (&["admin", "bootc", "upgrade", "-y"], "not_possible", 6),
        (&["admin", "bootc", "rollback", "-y"], "not_possible", 6),
        (&["admin", "bootc", "switch", "ghcr.io/a/b", "-y"], "not_possible", 6),
        (&["admin", "bootc", "switch", "b", "-y"], "name_invalid", 2),
        (&["admin", "bootc", "switch", "oci:/tmp/x.y", "-y"], "name_invalid", 2),
    ] {
        let said = computer.bkt(&[&["--json"], words].concat());
        assert_eq!((said.document()["error"]["code"].as_str(), said.exit), (Some(code), exit), "{words:?} {said:?}");
    }
}

#[test]
fn what_is_to_be_applied_is_only_told_where_this_computer_is_otherwise() {
    let Some(computer) = Computer::sample() else { return };
    let kargs = |words: &[&str]| {
        let said = computer.bkt(&[&["admin", "kargs"], words, &["--setup-only"]].concat());
        assert_eq!(said.exit, 0, "{said:?}");
        said.err
    };
    // It is not here, and the setup does not ask for it any more.
    assert!(!kargs(&["remove", "preempt=full"]).contains("bkt apply"));
    assert!(kargs(&["append", "preempt=full"]).contains("bkt apply karg:preempt=full"));
    assert!(!kargs(&["append", "mitigations=off"]).contains("bkt apply"));
    assert!(kargs(&["remove", "mitigations=off"]).contains("bkt apply karg:mitigations=off"));
}
