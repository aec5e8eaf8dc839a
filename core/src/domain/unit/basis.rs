// SPDX-License-Identifier: GPL-3.0-or-later
//! What the states of unit files depend on, so that systemd's answer can be remembered while nothing of it changed.
//!
//! The directories are those of systemd.unit(5), "Unit File Load Path", and systemd.preset(5). A link that enables or
//! masks a unit changes its directory; what a file says, its drop-ins too, changes the file.
//!
//! Invariant: every directory and file systemd reads a unit file state from is in the basis.

use crate::deployment::System;
use crate::host::{Basis, Host, HostError};

const UNITS: [&str; 12] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/run/systemd/generator.late",
];

const PRESETS: [&str; 4] = [
    "/etc/systemd/system-preset",
    "/run/systemd/system-preset",
    "/usr/local/lib/systemd/system-preset",
    "/usr/lib/systemd/system-preset",
];

/// Directories beside the units that hold links to them, or more of what they say.
const BESIDE: [&str; 4] = [".wants", ".requires", ".upholds", ".d"];

/// The directories and files that unit file states are read from.
///
/// # Errors
/// A directory cannot be read.
pub(super) fn basis(host: &dyn Host, system: &System) -> Result<Basis, HostError> {
    let mut files = Vec::new();
    let mut directories: Vec<String> = UNITS.iter().chain(&PRESETS).map(|&path| path.to_owned()).collect();
    while let Some(directory) = directories.pop() {
        files.push(host.at(&directory));
        for name in host.list(&host.at(&directory))? {
            let path = format!("{directory}/{name}");
            if BESIDE.iter().any(|ending| name.ends_with(ending)) {
                directories.push(path);
            } else {
                files.push(host.at(&path));
            }
        }
    }
    let boot = system.boot_id.as_deref().unwrap_or_default();
    Ok(Basis {
        files,
        contents: Vec::new(),
        on: format!("{} {boot} overlay {}", system.deployment_id(), system.usr_overlay),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;

    #[test]
    fn links_and_drop_ins_beside_the_units_count_too() {
        let host = RecordingHost::default()
            .file("/usr/lib/systemd/system/a.service", "")
            .file("/usr/lib/systemd/system/a.service.d/10.conf", "")
            .file("/etc/systemd/system/multi-user.target.wants/a.service", "")
            .file("/usr/lib/systemd/system-preset/90-default.preset", "");
        let basis = basis(&host, &System::probe(&host)).unwrap();
        for path in [
            "/etc/systemd/system",
            "/etc/systemd/system/multi-user.target.wants",
            "/usr/lib/systemd/system/a.service",
            "/usr/lib/systemd/system/a.service.d/10.conf",
            "/usr/lib/systemd/system-preset/90-default.preset",
        ] {
            assert!(basis.files.iter().any(|file| file.as_os_str() == path), "{path}");
        }
    }
}
