// SPDX-License-Identifier: GPL-3.0-or-later
//! A small comparison for tests, made by comparing a recorded computer with a setup.
//!
//! Invariant: made by core itself, so tests see what the window sees.

use bkt_core::agreed::Base;
use bkt_core::compare::{Change, Comparison, Effect, Origin, Privilege, Shape};
use bkt_core::host::Host;
use bkt_core::host::recording::RecordingHost;
use bkt_core::ignore::Ignored;
use bkt_core::item::{Domain, ItemId};
use bkt_core::setup::Setup;
use bkt_core::value::{UnitState, Value};

/// Boxes added here, tuned masked here, one kernel argument missing.
pub(crate) fn comparison() -> Comparison {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("manifests")).unwrap();
    let host = RecordingHost::default();
    let setup = Setup::load(dir.path()).unwrap();
    let mut comparison = bkt_core::compare::compare(&host, &setup, &Ignored::default());
    comparison.compared_at = host.now();
    comparison.unknown.clear();
    comparison.changes = vec![
        change(Domain::Flatpak, "org.gnome.Boxes", Shape::OnlyHere, Origin::ComputerChanged, Effect::Now),
        change(Domain::Unit, "tuned.service", Shape::Different, Origin::ComputerChanged, Effect::Now),
        change(Domain::Karg, "quiet", Shape::Missing, Origin::New, Effect::Restart),
    ];
    comparison.changes[0].name = Some("Boxes".to_owned());
    comparison
}

fn change(domain: Domain, key: &str, shape: Shape, origin: Origin, effect: Effect) -> Change {
    let value =
        |there: bool, state| there.then_some(if domain == Domain::Unit { Value::Unit(state) } else { Value::Present });
    Change {
        id: ItemId::new(domain, key),
        name: None,
        setup: value(shape != Shape::OnlyHere, UnitState::Enabled),
        computer: value(shape != Shape::Missing, UnitState::Masked),
        base: Base::Unknown,
        shape,
        origin,
        effect,
        privilege: if domain == Domain::Flatpak { Privilege::User } else { Privilege::Admin },
        declared_at: None,
        fixed: None,
    }
}
