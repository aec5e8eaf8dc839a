// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt system` on recorded hosts.
//!
//! Invariant: what is printed is read as a pipe gets it, at 80 columns.

use bkt_core::host::recording::RecordingHost;

use super::*;

const A_IMAGE: &str = include_str!("../../../../core/fixtures/hosts/a-image.rpm-ostree.json");
const B_LAYERED: &str = include_str!("../../../../core/fixtures/hosts/b-layered.rpm-ostree.json");

fn id(part: &str) -> String {
    format!("{}.0", part.repeat(16))
}

/// A host of these deployments, with a package list for some.
fn computer(status: &str, booted: &str, lists: &[(&str, &str)]) -> RecordingHost {
    let boot = format!("/ostree/boot.1/default/{}/0", id("b007"));
    let mut host = RecordingHost::default()
        .file("/run/ostree-booted", "")
        .file("/proc/cmdline", &format!("ostree={boot}"))
        .symlink(&boot, &format!("../../../deploy/default/deploy/{}", id(booted)))
        .prints("rpm-ostree status --json", status);
    for (part, list) in lists {
        let database = format!("/ostree/deploy/default/deploy/{}/usr/lib/sysimage/rpm", id(part));
        let query = format!("rpm -qa --dbpath {database} --qf '%{{NAME}}\\t%{{EVR}}\\t%{{ARCH}}\\n'");
        host = host.file(&format!("{database}/rpmdb.sqlite"), "").prints(&query, list);
    }
    host
}

fn plain(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    let wide: Vec<&str> = text.lines().filter(|line| line.width() > 80).collect();
    assert!(wide.is_empty(), "{wide:?}");
    text
}

/// Checks that a document is what its schema says, and holds something of each part that is named.
fn valid(document: &serde_json::Value, parts: &[&str]) {
    let schema = bkt_core::schema::find(document["format"].as_str().unwrap()).unwrap();
    let validator = jsonschema::draft202012::new(&schema.json()).unwrap();
    let wrong: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{document:#}");
    for part in parts {
        let value = document.pointer(part).unwrap_or_else(|| panic!("{part}: {document:#}"));
        assert!(!value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()), "{part}: {document:#}");
    }
}

const NOW: &str =
    "bash\t5.3.9-1.fc44\tx86_64\nkernel-core\t6.17.8-300.fc44\tx86_64\nzlib\t2.0-1\tx86_64\nnano\t8-1\tx86_64\n";
const THEN: &str =
    "bash\t5.3.10-1.fc44\tx86_64\nkernel-core\t6.18.1-300.fc44\tx86_64\nzlib\t2.0~rc1-1\tx86_64\nhtop\t3-1\tx86_64\n";

#[test]
fn a_image_shows_each_version_once_and_what_the_restart_changes() {
    let host = computer(A_IMAGE, "bbbb", &[("bbbb", NOW), ("cccc", THEN)]);
    let answer = show(&host, &System::probe(&host));
    let text = plain(&answer.text);
    let labels: Vec<&str> =
        text.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(labels, ["Running", "Waiting", "Previous", "Kept", "Updates"]);
    assert!(text.contains("44.20261122.0  ghcr.io/sam/my-silverblue:latest"), "{text}");
    assert!(text.contains("2 upgraded, 1 downgraded, 1 added, 1 removed; also the kernel"), "{text}");
    let roles: Vec<_> =
        answer.document["deployments"].as_array().unwrap().iter().map(|one| one["role"].clone()).collect();
    assert_eq!(roles, ["booted", "staged", "rollback", "kept"]);
    assert_eq!(answer.document["packages"]["upgraded"], 2);
    assert_eq!(answer.document["updates"]["handled_by"], serde_json::Value::Null);
}

#[test]
fn an_unreadable_package_list_is_said_and_does_not_hide_the_rest() {
    let host = computer(A_IMAGE, "bbbb", &[("bbbb", NOW)]);
    let answer = show(&host, &System::probe(&host));
    let text = plain(&answer.text);
    assert!(text.contains("Package lists could not be compared:"), "{text}");
    assert!(text.contains("Previous"), "{text}");
    assert_eq!(answer.document["packages_unknown"]["code"], "no_rpm_database");
    assert!(answer.document["packages"].is_null());
    let failure = staged(&host, &System::probe(&host)).unwrap_err();
    assert_eq!((failure.exit, &*failure.problem.code), (exit::NOT_POSSIBLE, "no_rpm_database"));
}

#[test]
fn on_composefs_it_is_said_why_packages_are_not_compared_and_how_to_list_them() {
    let status = include_str!("../../../../core/fixtures/hosts/e-composefs.bootc.json");
    let host = RecordingHost::default()
        .file("/proc/cmdline", &format!("rw composefs={}\n", "b".repeat(128)))
        .prints("bootc status --format=json --format-version=1", status);
    let system = System::probe(&host);
    let text = plain(&show(&host, &system).text).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("inside a composefs image"), "{text}");
    let failure = staged(&host, &system).unwrap_err();
    assert_eq!((failure.exit, &*failure.problem.code), (exit::NOT_POSSIBLE, "composefs_image"));
    let hint = failure.problem.hint.unwrap();
    assert!(hint.contains("44.20261122") && hint.contains("‘podman run --rm ghcr.io/sam/sealed@sha256:33c3"), "{hint}");
}

#[test]
fn a_diff_lists_packages_by_what_happens_to_them() {
    let host = computer(A_IMAGE, "bbbb", &[("bbbb", NOW), ("cccc", THEN)]);
    let system = System::probe(&host);
    let answer = diff(&host, &system, &SystemDiff { from: None, to: None }).unwrap();
    assert_eq!(
        plain(&answer.text),
        "44.20261118.0 → 44.20261122.0\n\
         Upgraded\n  bash         5.3.9-1.fc44 → 5.3.10-1.fc44\n  kernel-core  6.17.8-300.fc44 → 6.18.1-300.fc44  kernel\n\
         Downgraded\n  zlib         2.0-1 → 2.0~rc1-1\nAdded\n  htop         3-1\nRemoved\n  nano         8-1\n"
    );
    assert_eq!(answer.document["packages"][0]["change"], "upgraded");
    valid(&answer.document, &["/from/id", "/to/digest", "/packages", "/packages/0/from", "/host/kind"]);
    let back = SystemDiff { from: Some("staged".into()), to: Some("booted".into()) };
    let answer = diff(&host, &system, &back).unwrap();
    assert_eq!(answer.document["summary"]["downgraded"], 2);
}

#[test]
fn a_version_is_named_by_role_version_or_id() {
    let host = computer(A_IMAGE, "bbbb", &[]);
    let system = System::probe(&host);
    let named = |word: &str| find(&system, word).map(Deployment::title).map_err(|failure| failure.problem.code);
    for (word, version) in [
        ("running", "44.20261118.0"),
        ("staged", "44.20261122.0"),
        ("previous", "44.20261110.0"),
        ("pinned", "43.20260901.0"),
        ("43.20260901.0", "43.20260901.0"),
        ("aaaaaa", "44.20261110.0"),
    ] {
        assert_eq!(named(word).as_deref(), Ok(version), "{word}");
    }
    assert_eq!(named("aaa"), Err("unknown_deployment".to_owned()));
    assert_eq!(named("45"), Err("unknown_deployment".to_owned()));
}

#[test]
fn b_layered_waiting_for_a_restart_loses_a_layer() {
    let host = computer(
        B_LAYERED,
        "cccc",
        &[("cccc", "htop\t3-1\tx86_64\ntmux\t3-1\tx86_64\n"), ("dddd", "tmux\t3-1\tx86_64\n")],
    );
    let system = System::probe(&host);
    let answer = staged(&host, &system).unwrap();
    let text = plain(&answer.text);
    assert!(text.contains("layers that go: htop, 1password-8.11.2-1.x86_64"), "{text}");
    assert!(text.contains("no longer there after the restart: htop,"), "{text}");
    assert_eq!(answer.document["has_staged"], true);
    valid(&answer.document, &["/booted/id", "/staged/id", "/layers/removed", "/leaving", "/packages", "/summary"]);
    assert_eq!(answer.document["layers"]["removed"][0], "htop");
    let shown = plain(&show(&host, &system).text);
    assert!(shown.contains("taken out of the image: firefox"), "{shown}");
}

#[test]
fn p_without_versions_there_is_nothing_to_compare() {
    let host = RecordingHost::default();
    let system = System::probe(&host);
    assert!(plain(&show(&host, &system).text).contains("made of packages"));
    let failure = diff(&host, &system, &SystemDiff { from: None, to: None }).unwrap_err();
    assert_eq!((failure.exit, &*failure.problem.code), (exit::NOT_POSSIBLE, "not_image_based"));
}
