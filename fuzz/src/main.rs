// SPDX-License-Identifier: GPL-3.0-or-later
//! libFuzzer on one target, named by `BKT_FUZZ`; its first inputs go to the folder `BKT_FUZZ_SEEDS`.
//!
//! Invariant: which input is wrong is decided in `targets.rs`, which `core/tests/fuzz.rs` runs, too.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

#[path = "../../core/tests/recorded/host.rs"]
mod recorded;
mod targets;

static TARGET: OnceLock<&targets::Target> = OnceLock::new();

fuzz_target!(
    init: {
        let name = std::env::var("BKT_FUZZ").expect("BKT_FUZZ names a target");
        let target = targets::ALL.iter().find(|target| target.name == name).expect("BKT_FUZZ names a known target");
        if let Ok(folder) = std::env::var("BKT_FUZZ_SEEDS") {
            for (n, seed) in (target.seeds)().into_iter().enumerate() {
                std::fs::write(format!("{folder}/seed-{n}"), seed).expect("the folder of seeds can be written");
            }
        }
        let _ = TARGET.set(target);
    },
    |data: &[u8]| {
        if let Some(target) = TARGET.get() {
            (target.run)(data);
        }
    }
);
