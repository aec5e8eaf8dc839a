// SPDX-License-Identifier: GPL-3.0-or-later
//! Every recorded host by every kind of item: what is seen there, and why not.
//!
//! Invariant: a host or a kind of item without its row in the table fails the test.

#![expect(clippy::panic, clippy::unwrap_used, reason = "tests stop at the first surprise")]

#[path = "recorded/host.rs"]
mod recorded;

use std::path::Path;

use bkt_core::compare::compare_some;
use bkt_core::deployment::{Role, System};
use bkt_core::ignore::Ignored;
use bkt_core::item::Domain;
use bkt_core::setup::Setup;

fn setup() -> Setup {
    Setup::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/setups/existing")).unwrap()
}

/// `4 here, 2 of them own, 1 unclear; 3 differ, 1 the same`, or the reason why nothing was seen.
fn row(host: &dyn bkt_core::host::Host, setup: &Setup, domain: Domain) -> String {
    let comparison = compare_some(host, setup, &Ignored::default(), &[domain]);
    if let Some(unknown) = comparison.unknown.iter().find(|unknown| unknown.item.is_none()) {
        return format!("{}: {}", unknown.problem.code, unknown.problem.message);
    }
    let seen = &comparison.observed[&domain].entries;
    let here = seen.values().filter(|seen| seen.value.is_some()).count();
    let own = seen.values().filter(|seen| seen.own).count();
    let (differ, same, unclear) = (comparison.changes.len(), comparison.in_sync.len(), comparison.unknown.len());
    let unclear = if unclear > 0 { format!(", {unclear} unclear") } else { String::new() };
    format!("{here} here, {own} own; {differ} differ, {same} the same{unclear}")
}

#[test]
fn every_host_by_every_kind_of_item() {
    let setup = setup();
    let mut table = String::new();
    for (name, recorded) in recorded::all() {
        let host = recorded.host();
        let system = System::probe(&host);
        let roles: Vec<&str> = system
            .deployments()
            .map(|(role, _)| match role {
                Role::Booted => "booted",
                Role::Staged => "staged",
                Role::Rollback => "rollback",
                Role::Kept => "kept",
            })
            .collect();
        table.push_str(&format!("{name}: {:?} {}\n", system.kind, roles.join(" ")).replace(" \n", "\n"));
        for domain in Domain::ALL {
            table.push_str(&format!("  {:<9} {}\n", domain.id(), row(&host, &setup, domain)));
        }
    }
    insta::assert_snapshot!(table);
}
