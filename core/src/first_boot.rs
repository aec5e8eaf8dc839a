// SPDX-License-Identifier: GPL-3.0-or-later
//! The run after a new deployment: what the baked setup asks for, once per image.
//!
//! It never stages a deployment: kernel arguments and, on image-based systems, packages are left out, so it can
//! never cause a restart loop. What it left undone is tried again at the next start.
//!
//! Invariant: it removes nothing, and takes back nothing that someone changed on the computer.

mod marker;

use serde::{Deserialize, Serialize};

pub use marker::{Image, Left, Marker, Unfinished, begin, end, is_due, marker, read, write};

use crate::compare::{Comparison, Decision, Effect, Origin, Privilege, Shape};
use crate::domain;
use crate::item::Domain;
use crate::plan::Decisions;
use crate::run::{Receipt, StepState};
use crate::session::Snapshot;

/// A copy of the marker of the system's part that everyone may read; its own is root's alone.
pub const REPORT: &str = "/run/bkt-first-boot/report.json";

/// Which part of a setup a run applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What an administrator may do, by the system service at start.
    System,
    /// What the person may do, at their first sign-in.
    User,
}

impl Part {
    /// Whose permission it has.
    const fn privilege(self) -> Privilege {
        match self {
            Self::System => Privilege::Admin,
            Self::User => Privilege::User,
        }
    }
}

/// What the setup asks of a part and could not be compared; the run is then not complete.
#[must_use]
pub fn unread(snapshot: &Snapshot, part: Part) -> Vec<Left> {
    let system = snapshot.comparison.system.kind;
    let concerns = |domain: Domain| {
        let mine = domain::kind(domain).at_first_boot(system, part.privilege());
        mine && snapshot.setup.all_declared(domain).map_or(true, |declared| !declared.is_empty())
    };
    let unknown = snapshot.comparison.unknown.iter().filter(|unknown| concerns(unknown.domain));
    let left = unknown.map(|unknown| Left {
        item: unknown.item.as_ref().map_or_else(|| unknown.domain.to_string(), ToString::to_string),
        reason: unknown.problem.message.clone(),
    });
    left.collect()
}

/// What a run left undone.
#[must_use]
pub fn undone(receipt: &Receipt) -> Vec<Left> {
    let failed =
        receipt.operations.iter().filter(|result| !matches!(result.state, StepState::Done | StepState::Waiting));
    let left = failed.map(|result| Left {
        item: result.item.to_string(),
        reason: result.problem.as_ref().map(|problem| problem.message.clone()).unwrap_or_default(),
    });
    left.collect()
}

/// What an unattended run decides: to apply what the setup asks for, where it is the setup that changed or the
/// two were never compared. What someone changed on the computer since stays for them to decide. It removes
/// nothing, and leaves kernel arguments to a reviewed plan.
#[must_use]
pub fn decisions(comparison: &Comparison, part: Part) -> Decisions {
    let privilege = part.privilege();
    let wanted = comparison.changes.iter().filter(|change| {
        change.privilege == privilege
            && matches!(change.origin, Origin::SetupChanged | Origin::New)
            && change.shape != Shape::OnlyHere
            && change.fixed.is_none()
            && !domain::kind(change.id.domain).takes_away(change)
            && change.id.domain != Domain::Karg
            && !matches!(change.effect, Effect::Image | Effect::Restart)
    });
    wanted.map(|change| (change.id.clone(), Decision::Apply)).collect()
}
