// SPDX-License-Identifier: GPL-3.0-or-later
//! The whole surface of the helper: what the objects export is what the table of guards lists.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use bkt_helper::auth::surface::{Guard, Member, Row};
use bkt_helper::job::State;
use bkt_helper::quota::Kind;
use bkt_helper_api::{BUS_NAME, HelperProxy, OBJECT_PATH, action};
use zbus::wire::OwnedObjectPath;
use zbus::{Connection, OwnedVariant};

use crate::lab::{Lab, install};
use crate::polkit::Answer;

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
    let rows = Member::ALL.map(Member::row);
    let listed = rows.iter().map(|row| (row.interface.to_owned(), row.name.to_owned())).collect();
    assert_eq!(members, listed);
    let actions = rows.iter().filter_map(|row| match row.guard {
        Guard::JobOr(action) => Some(action),
        _ => None,
    });
    assert!(actions.into_iter().all(|id| action::ALL.contains(&id)), "polkit knows the action of every row");
}

/// Calls a member as it is meant to be called, and tells the name of the error.
async fn call(client: &Connection, job: &OwnedObjectPath, row: &Row) -> Result<(), String> {
    let path = if row.interface == "org.bkt.Helper1" { OBJECT_PATH } else { job.as_str() };
    let (interface, name) = (row.interface, row.name);
    let plan = install("nano");
    let on = (Some(BUS_NAME), path);
    let reply = match name {
        _ if row.is_property => {
            let properties = Some("org.freedesktop.DBus.Properties");
            client.call_method(on.0, on.1, properties, "Get", &(interface, name)).await
        }
        "Preview" => client.call_method(on.0, on.1, Some(interface), name, &plan.to_bytes()).await,
        "Apply" => {
            let options = HashMap::<String, OwnedVariant>::new();
            client.call_method(on.0, on.1, Some(interface), name, &(plan.to_bytes(), plan.sha256(), options)).await
        }
        "History" | "Events" => client.call_method(on.0, on.1, Some(interface), name, &0_u32).await,
        _ => client.call_method(on.0, on.1, Some(interface), name, &()).await,
    };
    match reply {
        Ok(_) => Ok(()),
        Err(zbus::Error::MethodError(name, said, _)) => Err(format!("{name}: {}", said.unwrap_or_default())),
        Err(other) => Err(other.to_string()),
    }
}

#[tokio::test]
async fn no_member_is_reached_past_the_quota() {
    let (lab, _broker, client) = Lab::start().await;
    lab.policy.set("*", Answer::Yes);
    let plan = install("htop");
    let helper = HelperProxy::new(&client).await.unwrap();
    let job = helper.apply(&plan.to_bytes(), &plan.sha256(), HashMap::new()).await.unwrap();
    let mut held = Vec::new();
    let mut hold = |member: Member| {
        let (client, job) = (client.clone(), job.clone());
        held.push(tokio::spawn(async move { call(&client, &job, &member.row()).await }));
    };
    (0..16).for_each(|_| hold(Member::Events));
    let refused = loop {
        let events = Member::Events.row();
        let waiting = call(&client, &job, &events);
        if let Ok(answer) = tokio::time::timeout(Duration::from_millis(200), waiting).await {
            break answer.unwrap_err();
        }
    };
    assert!(refused.contains("too many of your calls"), "{refused}");
    lab.policy.set("*", Answer::Hangs);
    let (id, mut record) = lab.store().list().unwrap().remove(0);
    record.state = State::Done;
    lab.store().write(&id, &record).unwrap();
    crate::systemd::ended(&lab.manager, &format!("bkt-executor@{id}.service")).await;
    while lab.state(&client, &job).await != "done" {}
    (0..4).for_each(|_| hold(Member::Apply));
    while lab.policy.asked.lock().unwrap().len() < 2 + 4 {
        lab.policy.shown.notified().await;
    }
    for row in Member::ALL.map(Member::row).iter().filter(|row| row.kind == Kind::Call) {
        let refused = call(&client, &job, row).await.unwrap_err();
        assert!(refused.contains("too many of your calls"), "{}: {refused}", row.name);
    }
    held.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_call_that_is_too_large_is_refused_whatever_it_calls() {
    let (lab, _broker, client) = Lab::start().await;
    let large = vec![0_u8; 2 << 20];
    for row in Member::ALL.map(Member::row).iter().filter(|row| row.interface == "org.bkt.Helper1") {
        let reply = match row.name {
            "Apply" => {
                let options = HashMap::<String, OwnedVariant>::new();
                client
                    .call_method(Some(BUS_NAME), OBJECT_PATH, Some(row.interface), row.name, &(&large, "", options))
                    .await
            }
            "History" => {
                client.call_method(Some(BUS_NAME), OBJECT_PATH, Some(row.interface), row.name, &(1_u32, &large)).await
            }
            _ => client.call_method(Some(BUS_NAME), OBJECT_PATH, Some(row.interface), row.name, &large).await,
        };
        let refused = reply.unwrap_err().to_string();
        assert!(refused.contains("too large") || refused.contains("InvalidArgs"), "{}: {refused}", row.name);
    }
    lab.nothing_happened();
}

#[test]
fn the_bus_policy_lets_through_exactly_these_members() {
    let policy = include_str!("../../../data/dbus/org.bkt.Helper1.conf");
    let allowed: BTreeSet<(&str, &str)> = policy
        .lines()
        .filter(|line| line.contains("<allow send_destination"))
        .map(|line| (attribute(line, "send_interface").unwrap(), attribute(line, "send_member").unwrap()))
        .collect();
    let rows = Member::ALL.map(Member::row);
    let mut expected: BTreeSet<(&str, &str)> =
        rows.iter().filter(|row| !row.is_property).map(|row| (row.interface, row.name)).collect();
    expected.extend([
        ("org.freedesktop.DBus.Properties", "Get"),
        ("org.freedesktop.DBus.Properties", "GetAll"),
        ("org.freedesktop.DBus.Peer", "Ping"),
    ]);
    assert_eq!(allowed, expected);
    assert!(policy.contains("<deny send_destination=\"org.bkt.Helper1\" send_type=\"method_call\"/>"));
    // Nothing is allowed towards other services, to groups, or to whole interfaces, and root alone owns the name.
    assert!(policy.lines().filter(|line| line.contains("send_")).all(|line| line.contains("\"org.bkt.Helper1\"")));
    assert_eq!(policy.matches("<policy ").count(), 2);
    assert_eq!(policy.matches("<policy user=\"root\">\n    <allow own=\"org.bkt.Helper1\"/>\n  </policy>").count(), 1);
    assert_eq!(policy.matches("own=").count(), 1);
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
    assert!(!policy.contains("imply") && !policy.contains(">yes<") && !policy.contains("_keep"));
}

#[test]
fn no_rule_of_polkit_is_shipped_and_no_switch_turns_it_off() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let shipped: String = ["data/meson.build", "systemd/meson.build", "meson.build"]
        .iter()
        .map(|file| std::fs::read_to_string(root.join(file)).unwrap())
        .collect();
    assert!(shipped.contains("polkit-1") && !shipped.contains("rules.d"), "actions, and no rules");
    let features = std::fs::read_to_string(root.join("helper/Cargo.toml")).unwrap();
    assert!(!features.contains("[features]"), "nothing is left out of a helper");
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
            for banned in ["new_for_owner", "new_for_pid", "std::process::Command", "unix-process", "pkexec"] {
                assert!(!text.contains(banned), "{banned} in {}", entry.display());
            }
            uses += text.matches("new_for_message_header").count();
            // systemd's two variables of a watched service, and nothing else.
            assert!(!text.contains("env::var") || entry.ends_with("bin/bkt-helper.rs"), "{}", entry.display());
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
