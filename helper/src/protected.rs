// SPDX-License-Identifier: GPL-3.0-or-later
//! Units that a plan may not turn off: without them the computer does not start, nobody can sign in, or
//! the helper itself is gone.
//!
//! Invariant: the broker and the executor ask here independently.

use bkt_core::name::UnitName;
use bkt_core::plan::{Action, Plan};
use bkt_core::value::UnitState;

/// Whether a unit may not get this state.
#[must_use]
pub fn refuses(unit: &str, state: UnitState) -> bool {
    state != UnitState::Enabled && unit.parse::<UnitName>().map_or(true, |unit| unit.keeps_computer_usable())
}

/// The first unit of a plan that may not get its state.
#[must_use]
pub fn first_in(plan: &Plan) -> Option<&str> {
    plan.admin_steps().find_map(|(_, step)| match &step.action {
        Action::SetUnit { unit, state } if refuses(unit.as_str(), *state) => Some(unit.as_str()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_the_computer_usable_stays_on() {
        for unit in ["dbus.service", "dbus-broker.service", "polkit.service", "systemd-logind.service", "gdm3.service"]
        {
            assert!(refuses(unit, UnitState::Masked), "{unit}");
            assert!(refuses(unit, UnitState::Disabled), "{unit}");
            assert!(!refuses(unit, UnitState::Enabled), "{unit}");
        }
        assert!(refuses("multi-user.target", UnitState::Masked));
        assert!(refuses("bkt-helper.service", UnitState::Masked));
        assert!(!refuses("tuned.service", UnitState::Masked));
    }
}
