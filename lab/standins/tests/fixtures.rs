// SPDX-License-Identifier: GPL-3.0-or-later
//! The stand-in's types against what the real bootc printed: every recorded document is read
//! without an unknown field and written back with the same fields and values.

use std::path::PathBuf;

use bkt_standins::host::Host;
use serde_json::Value;

#[expect(clippy::expect_used, reason = "a helper of tests")]
fn fixture<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../core/fixtures/bootc");
    let text = std::fs::read_to_string(dir.join(name)).expect(name);
    serde_json::from_str(&text).expect(name)
}

#[test]
fn recorded_status_comes_back_unchanged() {
    for name in [
        "status-not-booted.json",
        "status-booted.json",
        "status-booted-only.json",
        "status-staged.json",
        "status-staged-usr-overlay.json",
    ] {
        let recorded: Value = fixture(name);
        let host: Host = fixture(name);
        assert_eq!(serde_json::to_value(&host).unwrap(), recorded, "{name}");
    }
}

#[test]
fn off_a_host_nothing_is_said_as_recorded() {
    let recorded: Host = fixture("status-not-booted.json");
    assert_eq!(Host::none(), recorded);
}
