// SPDX-License-Identifier: GPL-3.0-or-later
//! The run after a new deployment: what the baked setup asks for, once per deployment.
//!
//! The marker names the deployment the setup was last applied to, and is written only when nothing failed,
//! so that a failed or interrupted run is tried again at the next start. It never stages a deployment:
//! kernel arguments and, on image-based systems, packages are left out, so it can never cause a restart loop.
//!
//! Invariant: with the marker of this deployment in place nothing is read or changed.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::compare::{Comparison, Decision, Origin, Privilege, Shape};
use crate::files;
use crate::item::Domain;
use crate::plan::Decisions;

/// Which part of a setup a run applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What an administrator may do, by the system service at start.
    System,
    /// What the person may do, at their first sign-in.
    User,
}

/// What a marker file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The deployment the setup was applied to.
    pub deployment: String,
    /// The digest of the image it came from, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How many tries failed since it last worked.
    #[serde(default)]
    pub failures: u32,
    /// Whether the run for this deployment is complete.
    pub complete: bool,
}

const MARKER: &str = "first-boot.json";

/// Reads the marker of a state directory; one that cannot be understood counts as none.
///
/// # Errors
/// The file is there but cannot be read.
pub fn marker(state: &Path) -> io::Result<Option<Marker>> {
    Ok(files::read(&state.join(MARKER))?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Whether the run for a deployment is still to be done.
#[must_use]
pub fn is_due(marker: Option<&Marker>, deployment: &str) -> bool {
    marker.is_none_or(|marker| marker.deployment != deployment || !marker.complete)
}

/// Records how the run for a deployment ended.
///
/// # Errors
/// The marker cannot be written; the run is then due again.
pub fn record(state: &Path, deployment: &str, digest: Option<&str>, worked: bool) -> io::Result<()> {
    std::fs::create_dir_all(state)?;
    let _lock = files::lock(state)?;
    let before = marker(state)?.filter(|marker| marker.deployment == deployment && !marker.complete);
    let failures = if worked { 0 } else { before.map_or(0, |marker| marker.failures) + 1 };
    let marker =
        Marker { deployment: deployment.to_owned(), digest: digest.map(str::to_owned), failures, complete: worked };
    let mut text = serde_json::to_string_pretty(&marker)?;
    text.push('\n');
    files::replace(&state.join(MARKER), text.as_bytes())
}

/// What an unattended run decides: to apply what the setup asks for, where it is the setup that changed or the
/// two were never compared. What someone changed on the computer since stays for them to decide. It removes
/// nothing, and leaves kernel arguments to a reviewed plan.
#[must_use]
pub fn decisions(comparison: &Comparison, part: Part) -> Decisions {
    let privilege = match part {
        Part::System => Privilege::Admin,
        Part::User => Privilege::User,
    };
    let wanted = comparison.changes.iter().filter(|change| {
        change.privilege == privilege
            && matches!(change.origin, Origin::SetupChanged | Origin::New)
            && change.shape != Shape::OnlyHere
            && change.fixed.is_none()
            && change.id.domain != Domain::Karg
            && !(change.id.domain == Domain::Pkg && comparison.system.kind.is_image_based())
    });
    wanted.map(|change| (change.id.clone(), Decision::Apply)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_done_once_and_a_failure_is_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let due = |deployment: &str| is_due(marker(dir.path()).unwrap().as_ref(), deployment);
        assert!(due("a.0"));
        record(dir.path(), "a.0", None, false).unwrap();
        record(dir.path(), "a.0", None, false).unwrap();
        assert_eq!(marker(dir.path()).unwrap().unwrap().failures, 2);
        assert!(due("a.0"));
        record(dir.path(), "a.0", None, true).unwrap();
        assert!(!due("a.0"));
        assert!(due("b.0"));
    }
}
