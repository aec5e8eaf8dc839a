// SPDX-License-Identifier: GPL-3.0-or-later
//! One module per kind of item: how it is declared, observed and changed.
//!
//! Every module has the same parts: `declared` (manifest to declarations), `observe` (host to
//! observation) with its `parse` functions apart from the reading, and the steps that apply a change.
//!
//! Invariant: a domain that cannot be read answers with a [`Problem`], which hides no other domain.

pub mod flatpak;
pub mod gsetting;
pub mod karg;
pub mod pkg;
pub mod unit;

use std::collections::BTreeMap;

use crate::deployment::System;
use crate::host::Host;
use crate::item::Domain;
use crate::manifest::Declarations;
use crate::problem::Problem;
use crate::value::Value;

/// What the computer says about the items of one domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// What was read, by key. A declared key that is missing here is not on the computer.
    pub entries: BTreeMap<String, Observed>,
    /// The state a plan is made from, as a digest, where one covers the whole domain (the rpm database).
    pub cookie: Option<String>,
}

/// What the computer says about one item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Its value; `None` when it is not there.
    pub value: Option<Value>,
    /// Whether it counts as a change when the setup does not mention it: someone added it to this computer.
    /// Base-image content, dependencies and defaults never do.
    pub own: bool,
    /// What people call it.
    pub name: Option<String>,
    /// The value becomes true only after a restart; what runs now is different.
    pub after_restart: bool,
    /// The setup's value in the computer's own spelling, to compare by value instead of by text.
    pub declared_as: Option<Value>,
    /// Why this one item could not be compared.
    pub problem: Option<Problem>,
    /// Why this one item cannot be changed here, although it can be compared.
    pub fixed: Option<String>,
}

impl Observed {
    /// An item with a value.
    #[must_use]
    pub fn of(value: Value) -> Self {
        Self { value: Some(value), ..Self::default() }
    }
}

/// Reads one domain.
///
/// # Errors
/// The domain could not be read at all; the problem says why.
pub fn observe(
    domain: Domain,
    host: &dyn Host,
    system: &System,
    declared: &Declarations,
) -> Result<Observation, Problem> {
    match domain {
        Domain::Pkg => pkg::observe(host, system, declared),
        Domain::Karg => karg::observe(host, system, declared),
        Domain::Unit => unit::observe(host, declared),
        Domain::Gsetting => gsetting::observe(host, declared),
        Domain::Flatpak => flatpak::observe(host, declared),
    }
}
