use std::path::{Path, PathBuf};

use jsonc_parser::parse_to_serde_value;

use super::*;
use crate::files;
use crate::kept::{Kept, State};
use crate::manifest::dialect;
use crate::setup::Setup;

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Every JSON file of a setup with the schema that is for it.
fn manifests(setup: &Path) -> Vec<(PathBuf, &'static Schema)> {
    let mut found = vec![];
    for entry in std::fs::read_dir(setup.join("manifests")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        found.push((path, find(&name).unwrap_or_else(|| panic!("{name} has no schema"))));
    }
    let upstream = setup.join("upstream/manifest.json");
    if upstream.exists() {
        found.push((upstream, find("upstream").unwrap()));
    }
    found
}

fn read(path: &Path) -> Json {
    let text = files::read(path).unwrap().unwrap();
    parse_to_serde_value(&text, &dialect()).unwrap()
}

fn wrong(schema: &Schema, document: &Json) -> Vec<String> {
    let validator = jsonschema::draft202012::new(&schema.json()).unwrap();
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_schema_is_one_and_is_installed_under_its_name() {
    let mut names = vec![];
    for schema in ALL {
        let json = schema.json();
        jsonschema::draft202012::meta::validate(&json).unwrap_or_else(|error| panic!("{}: {error}", schema.name));
        assert!(json["title"].is_string() && json["description"].is_string(), "{}", schema.name);
        names.push(schema.file());
    }
    let mut installed: Vec<String> = std::fs::read_dir(source("data/schemas"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    installed.sort();
    names.sort();
    assert_eq!(names, installed);
}

#[test]
fn a_setup_of_the_existing_command_line_and_the_sample_are_valid() {
    for (setup, at_least) in [("core/fixtures/setups/existing", 18), ("lab/sample/setup", 5)] {
        let found = manifests(&source(setup));
        assert!(found.len() >= at_least, "{setup}: {}", found.len());
        for (path, schema) in found {
            assert_eq!(wrong(schema, &read(&path)), Vec::<String>::new(), "{}", path.display());
        }
    }
}

#[test]
fn what_is_wrong_in_a_manifest_is_wrong_by_its_schema() {
    for (name, text) in [
        ("system-packages", r#"{"packages": ["-y"]}"#),
        ("system-packages", r#"{"packages": "htop"}"#),
        ("flatpak-apps", r#"{"apps": [{"remote": "flathub"}]}"#),
        ("systemd-services", r#"{"services": {"a.service": "on"}}"#),
        ("gsettings", r#"{"settings": [{"schema": "a.b", "key": "c", "value": 1}]}"#),
        ("external-repos", r#"{"repos": [{"name": "a", "baseurl": "http://a/", "gpg_key": "https://a/k"}]}"#),
        ("external-repos", r#"{"repos": [{"name": "a", "baseurl": "https://a/"}]}"#),
        ("image-config", r#"{}"#),
        ("image-config", r#"{"modules": [{"type": "sysctl", "name": "x"}]}"#),
        ("image-config", r#"{"modules": [{"type": "files", "name": "x", "files": [{"src": "../a", "dest": "/a"}]}]}"#),
        ("base-image-assumptions", r#"{"paths": ["relative"]}"#),
        (
            "upstream",
            r#"{"upstreams": [{"name": "a", "source": {"type": "url", "url": "https://a/"}, "pinned": {"version": "1", "sha256": "abc"}}]}"#,
        ),
        (
            "vendor-artifacts",
            r#"{"artifacts": [{"name": "a", "kind": "rpm", "source": {"type": "vendor-feed", "url": "https://a/", "response_map": {"url": "u"}}}]}"#,
        ),
        ("drift", r#"{"format": "bkt.drift", "format_version": "2.0"}"#),
    ] {
        let document: Json = serde_json::from_str(text).unwrap();
        assert!(!wrong(find(name).unwrap(), &document).is_empty(), "{name}: {text}");
    }
}

/// The schema and the reader must not disagree about what a kept file may say.
#[test]
fn the_existing_setup_loads_with_nothing_wrong() {
    let setup = Setup::load(&source("core/fixtures/setups/existing")).unwrap();
    for domain in crate::item::Domain::ALL {
        assert!(setup.declared(domain).is_ok(), "{domain}: {:?}", setup.declared(domain));
    }
    let kept = Kept::load(&setup.directory);
    assert_eq!(kept.problems().collect::<Vec<_>>(), []);
    assert!(kept.reports.len() >= 5, "{:?}", kept.reports);
    assert!(kept.reports.iter().all(|report| report.state == State::Valid && report.entries > 0), "{:?}", kept.reports);
    let fields: Vec<String> = setup.warnings.iter().map(|warning| warning.message.clone()).collect();
    for known in ["added_by", "maintainer", "checked"] {
        assert!(fields.contains(&format!("unknown field ‘{known}’ is kept but not used")), "{known}: {fields:?}");
    }
}

#[test]
fn a_schema_is_found_by_name_file_and_format() {
    for name in ["status", "bkt.status", "status.schema.json"] {
        assert_eq!(find(name).unwrap().name, "status");
    }
    assert_eq!(find("system-packages.json").unwrap().name, "system-packages");
    assert!(find("nosuch").is_none());
}
