// SPDX-License-Identifier: GPL-3.0-or-later
//! A saved plan runs exactly as it was shown, or not at all.

use crate::computer::Computer;

fn saved() -> Option<(Computer, String)> {
    let computer = Computer::sample()?;
    let said = computer.bkt(&["plan", "show", "--apply", "pkg", "unit", "-o", "plan.json"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.err.contains("bkt apply plan.json"), "{said:?}");
    let text = std::fs::read_to_string(computer.path("plan.json")).unwrap();
    Some((computer, text))
}

#[test]
fn a_changed_byte_is_refused() {
    let Some((computer, text)) = saved() else { return };
    let before = computer.tree(&["root", "setup"]);
    for (from, to) in [
        ("\"name\": \"nano\"", "\"name\": \"nan0\""),
        ("\"name\": \"nano\"", "\"name\": \"-y\""),
        ("\"name\": \"nano\"", "\"name\": \"a;b\""),
        ("\"do\": \"remove-package\"", "\"do\": \"run-command\""),
        ("\"reversible\": true", "\"reversible\": false"),
        ("\"deferred\": []\n  }", "\"deferred\": [],\n    \"shell\": 1\n  }"),
    ] {
        assert!(text.contains(from), "{from} is not in {text}");
        let at = text.find("\"plan\":").unwrap();
        std::fs::write(computer.path("plan.json"), format!("{}{}", &text[..at], text[at..].replacen(from, to, 1)))
            .unwrap();
        let said = computer.bkt(&["apply", "plan.json", "--yes", "--json"]);
        let error = said.document();
        assert_eq!((said.exit, error["error"]["code"].as_str()), (1, Some("plan_invalid")), "{from}: {said:?}");
    }
    assert_eq!(computer.tree(&["root", "setup"]), before);
}

#[test]
fn a_stale_plan_is_refused_and_says_what_changed() {
    let Some((computer, _)) = saved() else { return };
    assert_eq!(computer.bkt(&["apply", "pkg:nano", "-y"]).exit, 0);
    let before = computer.tree(&["root", "setup"]);
    let said = computer.bkt(&["apply", "plan.json", "--yes"]);
    assert_eq!(said.exit, 1, "{said:?}");
    assert!(said.err.contains("the plan is out of date: packages were installed or removed"), "{said:?}");
    assert_eq!(computer.bkt(&["apply", "plan.json", "--yes", "--json"]).document()["error"]["code"], "plan_stale");
    assert_eq!(computer.tree(&["root", "setup"]), before);
}

#[test]
fn canonical_bytes_run_like_the_review_they_are_in() {
    let Some((computer, text)) = saved() else { return };
    let review: serde_json::Value = serde_json::from_str(&text).unwrap();
    std::fs::write(computer.path("bytes.json"), review["plan"].to_string()).unwrap();
    let shown = computer.bkt(&["apply", "bytes.json", "-n", "--json"]).document();
    assert_eq!(shown, review);
    let said = computer.bkt(&["apply", "bytes.json", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(
        computer.bkt(&["drift", "--json"]).document()["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item["domain"] == "pkg" || item["domain"] == "unit")
            .count(),
        0
    );
}
