// SPDX-License-Identifier: GPL-3.0-or-later
//! `--only` and `--exclude`: commands that look at some kinds of items alone.

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
