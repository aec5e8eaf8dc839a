// SPDX-License-Identifier: GPL-3.0-or-later
//! The unit files of a computer and their states, as `systemctl list-unit-files` tells, also below a root.
//!
//! Invariant: all unit files are read in one call; a state that no setup can ask for says why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::deployment::System;
use crate::domain::Observed;
use crate::host::{Host, HostError, Invocation};
use crate::i18n::{fill, gettext};
use crate::name::UnitName;
use crate::problem::Problem;
use crate::value::{UnitState, Value};

use super::basis::basis;

/// Where administrators' and images' unit files are.
const SYSTEM: &str = "/etc/systemd/system";
/// The same as the image brought it.
const IMAGE: &str = "/usr/etc/systemd/system";

/// One line of `systemctl list-unit-files --output=json`.
#[derive(Debug, Clone, Deserialize)]
pub struct UnitFile {
    unit_file: String,
    /// systemctl's word for its state (systemctl(1), `is-enabled`).
    pub state: String,
    /// What the presets would make of it, where it can be enabled.
    #[serde(default, alias = "vendor_preset")]
    pub preset: Option<String>,
}

impl UnitFile {
    /// The unit's name.
    #[must_use]
    pub fn name(&self) -> String {
        Path::new(&self.unit_file).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }
}

/// All unit files of this computer, as systemctl says now.
///
/// # Errors
/// systemctl is missing or fails.
pub fn list(host: &dyn Host) -> Result<Vec<UnitFile>, Problem> {
    parse(&host.run(&query(host))?.success("systemctl")?)
}

/// The same, unless the answer is still the last one.
pub(super) fn recall(host: &dyn Host, system: &System) -> Result<Vec<UnitFile>, Problem> {
    parse(&host.recall(&query(host), &basis(host, system)?)?.success("systemctl")?)
}

fn query(host: &dyn Host) -> Invocation {
    let query = Invocation::new("systemctl", ["list-unit-files", "--output=json", "--no-pager"]);
    match host.root() {
        Some(root) => query.arg("--root").arg(root.display().to_string()),
        None => query,
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<UnitFile>, Problem> {
    serde_json::from_str(text)
        .map_err(|error| Problem::new("unexpected_output", format!("systemctl list-unit-files: {error}")))
}

/// What a state means for a setup. A setup can ask for enabled, disabled and masked only; where systemd calls it
/// something else, it says which of the three that comes to, and why it does not become another one.
pub(super) fn observed(state: &str) -> Observed {
    use UnitState::{Disabled, Enabled, Masked};
    let (value, why) = match state {
        "enabled" => (Enabled, None),
        // What is enabled until the next restart only is not after it; enabling it makes it last.
        "disabled" | "enabled-runtime" | "linked" | "linked-runtime" => (Disabled, None),
        "masked" => (Masked, None),
        "masked-runtime" => (Masked, Some(gettext("it is masked until the next restart only; then it is what it was"))),
        // A unit that is always there counts as enabled (existing setups say so of static units).
        "static" => {
            (Enabled, Some(gettext("it has no [Install] section: other units start it, and it can only be masked")))
        }
        "indirect" => (
            Enabled,
            Some(gettext("enabling it enables others in its place (Also=, or an instance of it); say it of those")),
        ),
        "generated" => (
            Enabled,
            Some(gettext(
                "a generator makes it at every start, from a file such as /etc/fstab; change that, or mask it",
            )),
        ),
        "transient" => {
            (Enabled, Some(gettext("a program made it while the system runs; it is gone after the next restart")))
        }
        "alias" => (Enabled, Some(gettext("it is another name of a unit; say it of that one"))),
        other => {
            let message = fill(&gettext("systemd calls this unit file {state}"), &[("state", other)]);
            let problem = Some(Problem::new("unit_unusable", message));
            return Observed { problem, ..Observed::default() };
        }
    };
    Observed { fixed: why, ..Observed::of(Value::Unit(value)) }
}

/// Whether a unit in a state that cannot be enabled or disabled can be masked: what is made at run time cannot,
/// and the name of an alias is taken already.
pub(super) fn can_be_masked(state: &str) -> bool {
    matches!(state, "static" | "indirect" | "generated")
}

/// What an alias leads to.
pub(super) fn target(host: &dyn Host, alias: &str) -> Option<String> {
    [SYSTEM, "/usr/lib/systemd/system"].iter().find_map(|directory| {
        let target = host.link(&host.at(&format!("{directory}/{alias}"))).ok()??;
        Some(target.file_name()?.to_string_lossy().into_owned())
    })
}

/// Whether a unit is masked on this computer, and not by the image.
pub(super) fn masked_here(host: &dyn Host, unit: &str) -> Result<bool, HostError> {
    let null = |directory: &str| {
        Ok::<_, HostError>(
            host.link(&host.at(&format!("{directory}/{unit}")))?.is_some_and(|target| target == Path::new("/dev/null")),
        )
    };
    Ok(null(SYSTEM)? && !null(IMAGE)?)
}

/// The units the image itself enables: those with a link in one of its wants directories.
pub(super) fn enabled_by_image(host: &dyn Host) -> Result<BTreeSet<String>, HostError> {
    let base = host.at(IMAGE);
    let mut enabled = BTreeSet::new();
    for directory in host.list(&base)?.iter().filter(|name| name.ends_with(".wants") || name.ends_with(".requires")) {
        enabled.extend(host.list(&base.join(directory))?);
    }
    Ok(enabled)
}

/// The state of some units now; one that does not exist is missing.
///
/// # Errors
/// systemctl is missing or fails.
pub fn states<'u>(
    host: &dyn Host,
    units: impl Iterator<Item = &'u UnitName>,
) -> Result<BTreeMap<&'u UnitName, UnitState>, Problem> {
    let files: BTreeMap<String, String> = list(host)?.into_iter().map(|file| (file.name(), file.state)).collect();
    let state = |unit: &str| match files.get(unit) {
        Some(word) => match observed(word).value {
            Some(Value::Unit(state)) => Some(state),
            _ => None,
        },
        None => template(unit).filter(|template| files.contains_key(template)).map(|_| UnitState::Disabled),
    };
    Ok(units.filter_map(|unit| Some((unit, state(unit.as_str())?))).collect())
}

/// `getty@.service` for `getty@tty1.service`.
pub(super) fn template(unit: &str) -> Option<String> {
    let (prefix, instance) = unit.split_once('@')?;
    let (_, suffix) = instance.rsplit_once('.')?;
    Some(format!("{prefix}@.{suffix}"))
}
