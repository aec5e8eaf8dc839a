// SPDX-License-Identifier: GPL-3.0-or-later
//! Projects as dnf writes them, and as setups declare them.
//!
//! Invariant: the files in `core/fixtures/copr` were written by `dnf copr`.

use super::*;
use crate::host::recording::RecordingHost;
use crate::item::Domain;
use crate::manifest::edit;

const ENABLED: &str = include_str!("../../../fixtures/copr/dnf5-5.4.6-enabled.repo");
const DISABLED: &str = include_str!("../../../fixtures/copr/dnf5-5.4.6-disabled-group.repo");
const FILE: &str = "/etc/yum.repos.d/_copr:copr.fedorainfracloud.org:atim:starship.repo";
const GROUP_FILE: &str = "/etc/yum.repos.d/_copr:copr.fedorainfracloud.org:group_group:other-one.repo";

fn host() -> RecordingHost {
    RecordingHost::default().file(FILE, ENABLED).file(GROUP_FILE, DISABLED)
}

fn read(text: &str) -> Declarations {
    Reader::declarations(Manifest::SystemPackages, Domain::Copr, text).unwrap().0
}

fn seen(host: &RecordingHost, kind: HostKind, declared: &str) -> BTreeMap<String, Observed> {
    let system = System { kind, ..System::probe(&RecordingHost::default()) };
    observe(host, &system, &read(declared)).unwrap().entries
}

fn state(seen: &BTreeMap<String, Observed>, key: &str) -> Option<CoprState> {
    of(seen.get(key)?.value.as_ref())
}

#[test]
fn what_dnf_wrote_is_read_and_what_is_off_is_no_change() {
    let seen = seen(&host(), HostKind::Package, "{}");
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["atim/starship"]);
    assert!(seen["atim/starship"].own);
    assert_eq!(state(&seen, "atim/starship"), Some(CoprState::CHECKED));
}

#[test]
fn a_project_that_is_to_be_off_is_met_by_one_that_is_off_or_not_there() {
    let declared = r#"{"copr_repos": [{"name": "@group/other-one", "enabled": false}, {"name": "a/b", "enabled": false},
        {"name": "atim/starship", "enabled": false}]}"#;
    let seen = seen(&host(), HostKind::Package, declared);
    assert_eq!(state(&seen, "@group/other-one"), Some(CoprState::DISABLED));
    assert_eq!(state(&seen, "a/b"), Some(CoprState::DISABLED));
    assert!(!CoprState::DISABLED.is_met_by(state(&seen, "atim/starship").unwrap()));
}

#[test]
fn on_an_image_the_file_says_that_a_project_was_used_and_the_images_own_is_no_change() {
    let declared = r#"{"copr_repos": ["@group/other-one", "a/b"]}"#;
    let entries = seen(&host(), HostKind::Image, declared);
    assert_eq!(state(&entries, "@group/other-one"), Some(CoprState::CHECKED));
    assert!(entries["atim/starship"].own && !entries.contains_key("a/b"));
    let images = host().file(&FILE.replace("/etc/", "/usr/etc/"), ENABLED);
    assert!(!seen(&images, HostKind::Image, declared)["atim/starship"].own);
    // Without an image a project that is off is not used.
    assert_eq!(state(&seen(&host(), HostKind::Package, declared), "@group/other-one"), Some(CoprState::DISABLED));
}

#[test]
fn checking_is_what_dnf_would_do() {
    let checks = |file: &str, over: &str, main: &str| {
        let project = "atim/starship".parse().unwrap();
        parse(&[file.to_owned()], &[over.to_owned()], main).remove(&project).unwrap().gpg_check
    };
    let silent = ENABLED.replace("gpgcheck=1\ngpgkey", "gpgkey");
    let id = "[copr:copr.fedorainfracloud.org:atim:starship]";
    assert!(checks(ENABLED, "", ""));
    assert!(!checks(&ENABLED.replace("gpgcheck=1", "gpgcheck=0"), "", "[main]\ngpgcheck=1\n"));
    assert!(!checks(&silent, "", "") && checks(&silent, "", "[main]\ngpgcheck=True\n"));
    assert!(!checks(ENABLED, &format!("{id}\npkg_gpgcheck=0\n"), ""));
    assert!(!CoprState::CHECKED.is_met_by(CoprState { enabled: true, gpg_check: false }));
    assert!(CoprState { enabled: true, gpg_check: false }.is_met_by(CoprState::CHECKED));
}

#[test]
fn other_repositories_are_no_projects() {
    for id in ["fedora", "copr:copr.example.org:a:b", "copr:copr.fedorainfracloud.org:a:b:ml", "coprdep:x", "copr:a"] {
        assert!(project_of(id).is_none(), "{id}");
    }
}

#[test]
fn a_setup_is_read_with_its_defaults_and_says_what_is_not_checked() {
    let text = r#"{"copr_repos": ["a/b", {"name": "@c/d", "enabled": true, "gpg_check": false}, {"name": "e/f", "enabled": null}]}"#;
    let (declared, warnings) = Reader::declarations(Manifest::SystemPackages, Domain::Copr, text).unwrap();
    let state = |key: &str| of(declared[key].value.as_ref()).unwrap();
    assert_eq!((state("a/b"), state("e/f")), (CoprState::CHECKED, CoprState::CHECKED));
    assert!(!state("@c/d").gpg_check);
    assert!(warnings[0].message.contains("@c/d") && warnings[0].message.contains("NOT checked"), "{warnings:?}");
    for broken in [r#"["a;b/c"]"#, r#"["-y/x"]"#, r#"[{"enabled": true}]"#, r#"[{"name": "a/b", "enabled": 1}]"#, "[3]"]
    {
        let text = format!("{{\"copr_repos\": {broken}}}");
        assert!(Reader::declarations(Manifest::SystemPackages, Domain::Copr, &text).is_err(), "{broken}");
    }
}

#[test]
fn one_entry_changes_and_a_plain_word_becomes_one_that_says_more() {
    let text = "{\n  \"packages\": [\"htop\"],\n  \"copr_repos\": [\n    \"a/b\",\n    {\"name\": \"c/d\", \"note\": 1}\n  ]\n}\n";
    let edited = |text: &str, key: &str, state: Option<CoprState>| {
        let value = state.map(Value::Copr);
        edit::edited(Manifest::SystemPackages, text, &crate::item::ItemId::new(Domain::Copr, key), value.as_ref())
            .unwrap()
    };
    let off = edited(text, "c/d", Some(CoprState::DISABLED));
    assert!(off.contains(r#"{"name": "c/d", "note": 1, "enabled": false, "gpg_check": true}"#), "{off}");
    let word = edited(text, "a/b", Some(CoprState::DISABLED));
    assert_eq!(of(read(&word)["a/b"].value.as_ref()), Some(CoprState::DISABLED), "{word}");
    assert_eq!(edited(text, "a/b", None), text.replace("    \"a/b\",\n", ""));
    let same = read(&edited(text, "a/b", Some(CoprState::CHECKED)));
    assert_eq!(of(same["a/b"].value.as_ref()), Some(CoprState::CHECKED));
}

#[test]
fn a_project_is_added_alone() {
    let project: CoprProject = "atim/starship".parse().unwrap();
    let host = host().prints("dnf copr enable atim/starship", "done\n");
    switch(&host, &project, true, &mut |_| {}).unwrap();
    assert_eq!(host.effects(), ["dnf copr enable atim/starship"]);
    assert!(is_so(&host, &project, true).unwrap() && !is_so(&host, &project, false).unwrap());
    let more = format!("{ENABLED}[coprdep:other]\nbaseurl=https://example.org/\nenabled=1\n");
    let told = is_so(&RecordingHost::default().file(FILE, &more), &project, true).unwrap_err();
    assert!(told.message.contains("coprdep:other"), "{told:?}");
    let multilib = format!("{ENABLED}[copr:copr.fedorainfracloud.org:atim:starship:ml]\nenabled=1\n");
    assert!(is_so(&RecordingHost::default().file(FILE, &multilib), &project, true).unwrap());
}
