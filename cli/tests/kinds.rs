// SPDX-License-Identifier: GPL-3.0-or-later
//! `--only`, `--exclude` and `--origin`: commands that look at some items alone.

use crate::computer::Computer;

fn domains(said: &serde_json::Value) -> Vec<&str> {
    let items = said["items"].as_array().unwrap().iter().chain(said["unknown"].as_array().unwrap());
    let mut domains: Vec<_> =
        items.map(|item| item["domain"].as_str().or(item["id"].as_str()).unwrap().split(':').next().unwrap()).collect();
    domains.sort_unstable();
    domains.dedup();
    domains
}

#[test]
fn only_and_exclude_choose_kinds_also_by_their_older_names() {
    let Some(computer) = Computer::sample() else { return };
    let drift = computer.bkt(&["drift", "--only", "unit,karg", "--json"]).document();
    assert_eq!(domains(&drift), ["karg", "unit"]);
    let drift = computer.bkt(&["drift", "-s", "systemd,kargs,dnf", "-x", "kargs", "--json"]).document();
    assert_eq!(domains(&drift), ["pkg", "unit"], "what is excluded is excluded");
    let plan = computer.bkt(&["apply", "--all", "--only", "unit", "-n", "--json"]).document();
    let steps = plan["operations"].as_array().unwrap();
    assert!(!steps.is_empty());
    assert!(steps.iter().all(|step| step["item"].as_str().unwrap().starts_with("unit:")), "{plan}");
    let wrong = computer.bkt(&["drift", "--only", "rpms"]);
    assert_eq!(wrong.exit, 2);
    assert!(wrong.err.contains("known kinds are"), "{}", wrong.err);
}

#[test]
fn what_one_side_changed_is_listed_alone() {
    let shims = |names: &[&str]| {
        serde_json::json!({"shims": names.iter().map(|name| serde_json::json!({"name": name})).collect::<Vec<_>>()})
            .to_string()
    };
    let computer = Computer::bare(&[("host-shims.json", &shims(&["a", "b"]))]);
    let ids = |args: &[&str]| {
        let drift = computer.bkt(&[&["drift", "-s", "shim", "--json"], args].concat()).document();
        drift["items"].as_array().unwrap().iter().map(|item| item["id"].to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ids(&["--origin", "new"]), r#""shim:a" "shim:b""#);
    assert_eq!(computer.bkt(&["apply", "shim", "-y"]).exit, 0);
    std::fs::remove_file(computer.path("home/.local/toolbox/shims/a")).unwrap();
    computer.manifest("host-shims.json", &shims(&["a", "b", "c"]));
    assert_eq!(ids(&[]), r#""shim:a" "shim:c""#);
    assert_eq!(
        (ids(&["--origin", "computer"]), ids(&["--origin", "setup"])),
        ("\"shim:a\"".into(), "\"shim:c\"".into())
    );
    let both = computer.bkt(&["drift", "-s", "shim", "--origin", "both", "--exit-code", "--no-color"]);
    assert_eq!((both.exit, both.out.as_str()), (0, "No such difference.\n"), "{both:?}");
}
