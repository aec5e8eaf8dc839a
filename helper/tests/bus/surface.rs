// SPDX-License-Identifier: GPL-3.0-or-later
//! The whole surface of the helper: a member that is not listed here with what guards it does not pass.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bkt_helper_api::{BUS_NAME, HelperProxy, OBJECT_PATH, action};

use crate::lab::{Lab, install};
use crate::polkit::Answer;

/// Interface, member and what it takes to use it.
const GUARDS: [(&str, &str, &str); 8] = [
    ("org.bkt.Helper1", "Preview", "quota; reads nothing but the call"),
    ("org.bkt.Helper1", "Apply", "polkit: apply-plan and every kind of step"),
    ("org.bkt.Helper1", "Status", "quota; the caller's own jobs"),
    ("org.bkt.Helper1", "History", "quota; the caller's own jobs"),
    ("org.bkt.Helper1.Job", "Events", "the job's owner or root"),
    ("org.bkt.Helper1.Job", "Cancel", "the job's owner, root, or polkit: cancel-foreign"),
    ("org.bkt.Helper1.Job", "State", "the job's owner or root"),
    ("org.bkt.Helper1.Job", "PlanSha256", "the job's owner or root"),
];

fn attribute<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    line.split_once(&format!("{name}=\""))?.1.split('"').next()
}

#[tokio::test]
async fn every_member_has_a_guard_and_nothing_is_writable() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let plan = install("htop");
    let helper = HelperProxy::new(&client).await.unwrap();
    let job = helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await.unwrap();
    let mut members = BTreeSet::new();
    for path in [OBJECT_PATH, job.as_str()] {
        let call =
            client.call_method(Some(BUS_NAME), path, Some("org.freedesktop.DBus.Introspectable"), "Introspect", &());
        let xml: String = call.await.unwrap().body().deserialize().unwrap();
        let mut interface = String::new();
        for line in xml.lines().map(str::trim) {
            if line.starts_with("<interface") {
                interface = attribute(line, "name").unwrap().to_owned();
            } else if ["<method", "<property", "<signal"].iter().any(|tag| line.starts_with(tag))
                && interface.starts_with("org.bkt.")
            {
                assert!(!attribute(line, "access").is_some_and(|access| access.contains("write")), "{line}");
                members.insert((interface.clone(), attribute(line, "name").unwrap().to_owned()));
            }
        }
    }
    let listed = GUARDS.iter().map(|(interface, member, _)| ((*interface).to_owned(), (*member).to_owned())).collect();
    assert_eq!(members, listed);
}

#[test]
fn the_bus_policy_lets_through_exactly_these_members() {
    let policy = include_str!("../../../data/dbus/org.bkt.Helper1.conf");
    let allowed: BTreeSet<(&str, &str)> = policy
        .lines()
        .filter(|line| line.contains("<allow send_destination"))
        .map(|line| (attribute(line, "send_interface").unwrap(), attribute(line, "send_member").unwrap()))
        .collect();
    let mut expected: BTreeSet<(&str, &str)> = GUARDS
        .iter()
        .filter(|(_, member, _)| !["State", "PlanSha256"].contains(member))
        .map(|(interface, member, _)| (*interface, *member))
        .collect();
    expected.extend([
        ("org.freedesktop.DBus.Properties", "Get"),
        ("org.freedesktop.DBus.Properties", "GetAll"),
        ("org.freedesktop.DBus.Peer", "Ping"),
    ]);
    assert_eq!(allowed, expected);
    assert!(policy.contains("<deny send_destination=\"org.bkt.Helper1\" send_type=\"method_call\"/>"));
}

#[test]
fn polkit_knows_every_action_and_keeps_no_permission() {
    let policy = include_str!("../../../data/polkit/org.bkt.helper.policy");
    let mut defaults: BTreeMap<&str, usize> = BTreeMap::new();
    let mut id = "";
    for line in policy.lines().map(str::trim) {
        if line.starts_with("<action") {
            id = attribute(line, "id").unwrap();
        } else if line.starts_with("<allow_") {
            assert!(line.contains(">auth_admin<"), "{id}: {line}");
            *defaults.entry(id).or_default() += 1;
        }
    }
    assert_eq!(defaults, action::ALL.iter().map(|id| (*id, 3)).collect());
    assert!(policy.contains("$(summary)") && policy.contains("$(short)"));
}

#[test]
fn the_subject_is_the_sender_and_nothing_else() {
    let mut pending = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut uses = 0;
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                pending.push(entry);
                continue;
            }
            let text = std::fs::read_to_string(&entry).unwrap();
            for banned in ["new_for_owner", "new_for_pid", "std::process::Command", "unix-process"] {
                assert!(!text.contains(banned), "{banned} in {}", entry.display());
            }
            uses += text.matches("new_for_message_header").count();
        }
    }
    assert_eq!(uses, 1);
}

#[test]
fn package_scripts_find_their_kernel_modules_and_survive_what_they_may_not_do() {
    for unit in [
        include_str!("../../../systemd/system/bkt-executor@.service"),
        include_str!("../../../systemd/system/bkt-first-boot.service"),
    ] {
        let set = |setting: &str| unit.lines().any(|line| line == setting);
        assert!(!unit.lines().any(|line| line.starts_with("ProtectKernelModules=")), "hides /usr/lib/modules from dnf");
        assert!(set("SystemCallErrorNumber=EPERM"));
        assert!(unit.lines().any(|line| line.starts_with("SystemCallFilter=~") && line.contains("@module")));
        assert!(
            unit.lines().any(|line| line.starts_with("CapabilityBoundingSet=~") && line.contains("CAP_SYS_MODULE"))
        );
    }
}
