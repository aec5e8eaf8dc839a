// SPDX-License-Identifier: GPL-3.0-or-later
//! What of `/etc` is told, on an image and without one.

use super::*;
use crate::deployment::{Deployment, System};
use crate::host::recording::RecordingHost;
use crate::manifest::Declarations;
use crate::name::FileDigest;

fn file(text: &str) -> FileState {
    FileState::File { sha256: FileDigest::of(text.as_bytes()), executable: false }
}

fn side(text: &str) -> Option<Side> {
    Some(Side { file: file(text), mode: Some(Mode::of(0o644)) })
}

fn declared(files: &[(&str, &str)]) -> Declarations {
    let say = |text: &str| Declaration { value: Some(Value::File(file(text))), manifest: Manifest::Etc, line: 0 };
    files.iter().map(|(key, text)| ((*key).to_owned(), say(text))).collect()
}

fn observe(host: &RecordingHost, kind: HostKind, declared: &Declarations) -> Observation {
    let mut system = System::probe(host);
    system.kind = kind;
    SystemFiles.observe(&Look { host, system: &system, declared }).unwrap()
}

fn own(seen: &Observation) -> Vec<(&str, String)> {
    let own = seen.entries.iter().filter(|(_, seen)| seen.own);
    own.map(|(key, seen)| (key.as_str(), seen.value.as_ref().unwrap().to_string())).collect()
}

fn image() -> RecordingHost {
    RecordingHost::default()
        .file("/usr/etc/same.conf", "a")
        .file("/etc/same.conf", "a")
        .file("/usr/etc/changed.d/x.conf", "a")
        .file("/etc/changed.d/x.conf", "b")
        .file("/usr/etc/gone.conf", "a")
        .file("/etc/added/new.conf", "n")
        .file_with_mode("/etc/mode.conf", "a", 0o600)
        .file("/usr/etc/mode.conf", "a")
        .symlink("/usr/etc/link", "a")
        .symlink("/etc/link", "b")
        .symlink("/etc/folder", "elsewhere")
        .file("/usr/etc/folder/inside", "a")
        .symlink("/etc/systemd/system/masked.service", "/dev/null")
        .symlink("/etc/systemd/system/multi-user.target.wants/on.service", "/usr/lib/systemd/system/on.service")
        .symlink("/usr/etc/systemd/system/multi-user.target.wants/off.service", "/usr/lib/systemd/system/off.service")
        .file("/etc/systemd/system/mine.service", "[Service]\n")
        .file("/etc/token.conf", "token = abc\n")
        .file("/etc/machine-id", "1")
        .file("/usr/etc/machine-id", "")
        .file("/etc/shadow", "secret")
        .file("/etc/ssh/ssh_host_ed25519_key", "secret")
        .file("/etc/NetworkManager/system-connections/home.nmconnection", "secret")
}

#[test]
fn an_image_tells_what_was_changed_added_and_deleted_here_and_no_machine_state() {
    let seen = observe(&image(), HostKind::Image, &Declarations::new());
    let expected = [
        ("/etc/added/new.conf", "added here"),
        ("/etc/changed.d/x.conf", "changed here"),
        ("/etc/folder", "added here"),
        ("/etc/gone.conf", "deleted here"),
        ("/etc/link", "changed here"),
        ("/etc/mode.conf", "permissions 0600 here, 0644 in the image"),
        ("/etc/systemd/system/mine.service", "added here"),
        ("/etc/token.conf", "added here"),
    ];
    assert_eq!(own(&seen), expected.map(|(key, said)| (key, said.to_owned())));
    let private: Vec<_> = seen.entries.iter().filter(|(_, seen)| seen.private).map(|(key, _)| key.as_str()).collect();
    assert_eq!(private, ["/etc/mode.conf", "/etc/token.conf"], "what others may not read, and secrets");
}

#[test]
fn a_machines_own_file_is_told_when_it_is_named_and_is_private_and_fixed() {
    let named = "/etc/NetworkManager/system-connections/home.nmconnection";
    let nothing = Declaration { value: None, manifest: Manifest::Etc, line: 0 };
    let asked: Declarations =
        [named, "/etc/same.conf", "/etc/nowhere"].map(|key| (key.to_owned(), nothing.clone())).into();
    let seen = observe(&image(), HostKind::Image, &asked);
    let connection = &seen.entries[named];
    assert!(connection.own && connection.private && connection.fixed.is_some(), "{connection:?}");
    let same = &seen.entries["/etc/same.conf"];
    assert!(!same.own && same.value.is_some() && same.fixed.is_none(), "{same:?}");
    assert_eq!(seen.entries["/etc/nowhere"].value, None);
}

#[test]
fn without_an_image_only_the_files_of_the_setup_are_looked_at() {
    let declared = declared(&[("/etc/changed.d/x.conf", "b"), ("/etc/none", "x")]);
    let seen = observe(&image(), HostKind::Package, &declared);
    assert_eq!(seen.entries.keys().collect::<Vec<_>>(), ["/etc/changed.d/x.conf", "/etc/none"]);
    assert!(Value::File(file("b")).is_met_by(seen.entries["/etc/changed.d/x.conf"].value.as_ref().unwrap()));
    let bare = RecordingHost::default().file("/etc/a", "1");
    let seen = observe(&bare, HostKind::Package, &declared);
    assert!(seen.entries.values().all(|seen| seen.value.is_none() && seen.fixed.is_some()), "{seen:?}");
    assert!(observe(&bare, HostKind::Package, &Declarations::new()).entries.is_empty());
    assert!(observe(&bare, HostKind::Composefs, &Declarations::new()).entries.is_empty(), "nothing to compare with");
}

#[test]
fn a_newer_version_of_the_image_is_told_where_it_does_not_arrive() {
    let host = RecordingHost::default()
        .file("/usr/etc/a", "2")
        .file("/etc/a", "mine")
        .file("/ostree/deploy/os/deploy/abc.0/usr/etc/a", "1")
        .file("/usr/etc/b", "1")
        .file("/etc/b", "mine")
        .file("/ostree/deploy/os/deploy/abc.0/usr/etc/b", "1")
        .file("/usr/etc/c", "2")
        .file("/etc/c", "2")
        .file("/ostree/deploy/os/deploy/abc.0/usr/etc/c", "1");
    let mut system = System::probe(&host);
    system.kind = HostKind::Image;
    let earlier = Deployment { id: "abc.0".to_owned(), stateroot: Some("os".to_owned()), ..Deployment::default() };
    system.rollback = Some(earlier);
    let seen = SystemFiles.observe(&Look { host: &host, system: &system, declared: &Declarations::new() }).unwrap();
    let expected = [("/etc/a", "changed here, newer in the image"), ("/etc/b", "changed here")];
    assert_eq!(own(&seen), expected.map(|(key, said)| (key, said.to_owned())));
}

#[test]
fn a_newer_version_is_told_until_it_is_taken_or_the_file_is_made_anew() {
    let state = tempfile::tempdir().unwrap();
    let setup = tempfile::tempdir().unwrap();
    std::fs::create_dir(setup.path().join("manifests")).unwrap();
    let setup = crate::setup::Setup::load(setup.path()).unwrap();
    let told = |here: &str, image: &str, before: &str| {
        let host = RecordingHost::default()
            .file("/usr/etc/a", image)
            .file("/etc/a", here)
            .file("/ostree/deploy/os/deploy/abc.0/usr/etc/a", before);
        let nothing = crate::ignore::Ignored::default();
        let mut comparison = crate::compare::compare_some(&host, &setup, &nothing, &[]);
        comparison.system.kind = HostKind::Image;
        let earlier = Deployment { id: "abc.0".to_owned(), stateroot: Some("os".to_owned()), ..Deployment::default() };
        comparison.system.rollback = Some(earlier);
        let look = Look { host: &host, system: &comparison.system, declared: &Declarations::new() };
        let seen = SystemFiles.observe(&look).unwrap();
        comparison.add(crate::item::Domain::Etc, &seen, &setup, &nothing);
        comparison.observed.insert(crate::item::Domain::Etc, seen);
        made_from::MadeFrom::new(state.path(), None).tell(&host, &mut comparison).unwrap();
        let change = comparison.changes.first().map(|change| change.computer.clone());
        let seen = comparison.observed[&crate::item::Domain::Etc].entries.get("/etc/a").map(|seen| seen.value.clone());
        assert!(change.is_none() || change == seen, "{change:?} {seen:?}");
        seen.flatten().map(|value| value.to_string())
    };
    let newer = Some("changed here, newer in the image".to_owned());
    let plain = Some("changed here".to_owned());
    assert_eq!(told("mine", "1", "1"), plain);
    assert_eq!(told("mine", "2", "1"), newer, "the update after it");
    assert_eq!(told("mine", "2", "2"), newer, "and the next one, which brings nothing new");
    assert_eq!(told("mine", "1", "2"), plain, "what it was made from is back");
    assert_eq!(told("mine", "3", "1"), newer);
    assert_eq!(told("mine and 3", "3", "3"), plain, "made anew");
    assert_eq!(told("mine and 3", "4", "3"), newer);
    assert_eq!(told("4", "4", "4"), None, "taken");
    // First seen after an update: the version before is what it was made from, and that stays known.
    assert_eq!(told("mine", "5", "4"), newer);
    assert_eq!(told("mine", "5", "5"), newer);
}

#[test]
fn what_an_item_is_reads_back() {
    for value in [
        Value::File(file("a")),
        Value::Etc(EtcFile { here: side("a"), image: side("b"), image_changed: true }),
        Value::Etc(EtcFile::wanted(None)),
        Value::Etc(EtcFile::wanted(Some(Side { file: FileState::Link { link: "x".into() }, mode: None }))),
    ] {
        assert_eq!(SystemFiles.value(&serde_json::json!(value)), Some(value));
    }
    for json in [
        serde_json::json!({"here": null, "image": null, "x": 1}),
        serde_json::json!({"here": {"file": {"link": "x"}, "mode": "644"}, "image": null}),
        serde_json::json!({"here": {"file": {"link": "x"}, "mode": "0649"}, "image": null}),
        serde_json::json!({"here": {"file": {}}, "image": null}),
    ] {
        assert_eq!(SystemFiles.value(&json), None, "{json}");
    }
}
