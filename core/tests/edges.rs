// SPDX-License-Identifier: GPL-3.0-or-later
//! The architecture as a test: which crate may know which.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

#[expect(clippy::disallowed_methods, reason = "asks cargo about the workspace")]
fn metadata() -> serde_json::Value {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Direct dependencies of each workspace crate, without those of tests.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let name = |value: &serde_json::Value| value["name"].as_str().unwrap().to_owned();
    let normal = |package: &serde_json::Value| {
        package["dependencies"].as_array().unwrap().iter().filter(|dep| dep["kind"].is_null()).map(name).collect()
    };
    metadata["packages"].as_array().unwrap().iter().map(|package| (name(package), normal(package))).collect()
}

fn ours(edges: &BTreeMap<String, BTreeSet<String>>, package: &str) -> BTreeSet<String> {
    edges[package].iter().filter(|dep| dep.starts_with("bkt-")).cloned().collect()
}

#[test]
fn the_crates_know_only_whom_they_may() {
    let edges = edges();
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(ours(&edges, "bkt-core"), set(&[]));
    assert_eq!(ours(&edges, "bkt-helper-api"), set(&[]));
    assert_eq!(ours(&edges, "bkt-gio"), set(&["bkt-core"]));
    assert_eq!(ours(&edges, "bkt-helper"), set(&["bkt-core", "bkt-helper-api"]));
    assert_eq!(ours(&edges, "bkt-helper-client"), set(&["bkt-core", "bkt-helper-api"]));
    assert_eq!(ours(&edges, "bkt-cli"), set(&["bkt-core", "bkt-gio", "bkt-helper-api", "bkt-helper-client"]));
    assert_eq!(ours(&edges, "bkt-app"), set(&["bkt-core", "bkt-gio", "bkt-helper-client"]));
    assert_eq!(ours(&edges, "bkt-standins"), set(&[]));
}

#[test]
fn core_and_helper_know_no_toolkit_and_core_no_bus() {
    let edges = edges();
    let none_of = |package: &str, banned: &[&str]| {
        for name in banned {
            assert!(!edges[package].contains(*name), "{package} depends on {name}");
        }
    };
    none_of("bkt-core", &["gtk4", "relm4", "libadwaita", "gio", "glib", "zbus", "tokio", "clap", "anstream", "anyhow"]);
    none_of("bkt-helper", &["gtk4", "relm4", "libadwaita", "gio", "glib", "clap"]);
    none_of("bkt-helper-client", &["gtk4", "relm4", "libadwaita", "gio", "glib", "clap"]);
    none_of("bkt-cli", &["gtk4", "relm4", "libadwaita"]);
}
