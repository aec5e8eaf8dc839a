// SPDX-License-Identifier: GPL-3.0-or-later
//! What the sections say: each a few instructions made from the setup alone.
//!
//! - COPRs: the project's repository is added and disabled again at once, and only the one `dnf install` of
//!   SYSTEM_PACKAGES enables it, for itself. So the final image never has an enabled COPR, wherever the two sections
//!   stand and whatever stands between them. Packages are always checked against the project's key.
//! - Kernel arguments: a file bootc reads (`kargs.d`), written by `printf`, because here-documents need a recent
//!   buildah. With nothing to add it still holds an empty list: where the new image has no such file at all, bootc
//!   adds the arguments of the old one again.
//! - Units: the image's states alone. Unmasked first, because a base image may mask what a setup enables.
//! - Shims: no folder of the image is on a toolbox's PATH; the home folder is all that toolbox and host share. The
//!   scripts are below `/usr/libexec/bkt/shims`, which a toolbox or distrobox sees below `/run/host`, and each new
//!   account gets links to them in `~/.local/bin`, which is on the PATH. On the host the links lead nowhere, so there
//!   the program itself is found. Existing accounts get their shims from `bkt`. Never `/usr/etc`: bootc makes that.
//!
//! Invariant: the same setup gives the same lines; every part of a `RUN` that fails stops the build; nothing but
//! validated names is put into one.

use crate::manifest::ManifestError;
use crate::value::UnitState;

use super::Section;
use super::input::{Arguments, Input, Packages};

/// Where bootc reads what Bucket wrote for it.
const ARGUMENTS_FILE: &str = "/usr/lib/bootc/kargs.d/50-bkt.toml";

/// The lines of a section, and whether the image needs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    /// Without line ends.
    pub(super) lines: Vec<String>,
    /// Whether the setup declares something for it.
    pub(super) needed: bool,
}

impl Content {
    fn needed(lines: Vec<String>) -> Self {
        Self { lines, needed: true }
    }

    fn nothing(manifest: &str) -> Self {
        Self { lines: vec![format!("# Nothing for this image in {manifest}")], needed: false }
    }
}

/// The content of a section.
///
/// # Errors
/// Its manifest is broken.
pub(super) fn content(section: Section, input: &Input) -> Result<Content, ManifestError> {
    Ok(match section {
        Section::SystemPackages => packages(input.packages.as_ref().map_err(Clone::clone)?),
        Section::CoprRepos => coprs(input.packages.as_ref().map_err(Clone::clone)?),
        Section::HostShims => shims(input)?,
        Section::KernelArguments => arguments(input.arguments.as_ref().map_err(Clone::clone)?),
        Section::SystemdUnits => units(input)?,
        Section::Bucket => bucket(),
        Section::Setup => setup(input),
    })
}

/// One `RUN` of commands that each must work.
fn run(commands: &[String]) -> Vec<String> {
    let mut lines = vec!["RUN set -eu; \\".to_owned()];
    let last = commands.len().saturating_sub(1);
    for (index, command) in commands.iter().enumerate() {
        lines.push(format!("    {command}{}", if index == last { "" } else { "; \\" }));
    }
    lines
}

fn packages(packages: &Packages) -> Content {
    if packages.names.is_empty() && packages.groups.is_empty() {
        return Content::nothing(Section::SystemPackages.manifest());
    }
    let mut lines = vec!["RUN dnf install -y \\".to_owned()];
    lines.extend(packages.excluded.iter().map(|name| format!("    --exclude={name} \\")));
    lines.extend(packages.coprs.iter().map(|project| format!("    --enablerepo={} \\", project.repository())));
    lines.extend(packages.groups.iter().map(|group| format!("    @{group} \\")));
    lines.extend(packages.names.iter().map(|name| format!("    {name} \\")));
    lines.push("    && dnf clean all \\".to_owned());
    lines.push("    && rm -rf /var/cache/dnf /var/cache/libdnf5 /var/lib/dnf /var/log/dnf*".to_owned());
    Content::needed(lines)
}

fn coprs(packages: &Packages) -> Content {
    if packages.coprs.is_empty() {
        return Content::nothing(Section::CoprRepos.manifest());
    }
    let commands: Vec<String> = packages
        .coprs
        .iter()
        .flat_map(|project| [format!("dnf -y copr enable {project}"), format!("dnf -y copr disable {project}")])
        .collect();
    Content::needed(run(&commands))
}

fn shims(input: &Input) -> Result<Content, ManifestError> {
    let shims = input.shims.as_ref().map_err(Clone::clone)?;
    if shims.is_empty() {
        return Ok(Content::nothing(Section::HostShims.manifest()));
    }
    const PLACE: &str = "/usr/libexec/bkt/shims";
    const LINKS: &str = "/etc/skel/.local/bin";
    let mut commands = vec![format!("mkdir -p {PLACE} {LINKS}")];
    for (name, host) in shims {
        commands.push(format!("printf '%s\\n' '#!/bin/sh' 'exec flatpak-spawn --host {host} \"$@\"' > {PLACE}/{name}"));
        commands.push(format!("chmod 0755 {PLACE}/{name}"));
        commands.push(format!("ln -sf /run/host{PLACE}/{name} {LINKS}/{name}"));
    }
    Ok(Content::needed(run(&commands)))
}

fn arguments(arguments: &Arguments) -> Content {
    let mut lines = Vec::new();
    for argument in &arguments.remove {
        lines.push(format!("# An image cannot remove {argument}; ‘bkt apply’ does, on each computer."));
    }
    let directory = ARGUMENTS_FILE.rsplit_once('/').map_or("", |(directory, _)| directory);
    lines.push(format!("RUN mkdir -p {directory} && \\"));
    lines.push("    printf '%s\\n' \\".to_owned());
    if arguments.append.is_empty() {
        lines.push("        'kargs = []' \\".to_owned());
    } else {
        lines.push("        'kargs = [' \\".to_owned());
        lines.extend(arguments.append.iter().map(|argument| format!("        '    \"{argument}\",' \\")));
        lines.push("        ']' \\".to_owned());
    }
    lines.push(format!("        > {ARGUMENTS_FILE}"));
    Content { lines, needed: !arguments.append.is_empty() }
}

fn units(input: &Input) -> Result<Content, ManifestError> {
    let units = input.units.as_ref().map_err(Clone::clone)?;
    if units.is_empty() {
        return Ok(Content::nothing(Section::SystemdUnits.manifest()));
    }
    let mut commands = Vec::new();
    for (verb, wanted) in
        [("enable", UnitState::Enabled), ("disable", UnitState::Disabled), ("mask", UnitState::Masked)]
    {
        for (unit, _) in units.iter().filter(|(_, state)| **state == wanted) {
            // A unit name may hold the backslash of systemd-escape(1).
            let unit = if unit.as_str().contains('\\') { format!("'{unit}'") } else { unit.to_string() };
            if wanted != UnitState::Masked {
                commands.push(format!("systemctl unmask {unit}"));
            }
            commands.push(format!("systemctl {verb} {unit}"));
        }
    }
    Ok(Content::needed(run(&commands)))
}

/// What the repository's own Containerfile does, with a released Bucket. The tag is that of all releases with the
/// same major and minor number, so that a correction needs no change here.
fn bucket() -> Content {
    let release = env!("CARGO_PKG_VERSION").rsplit_once('.').map_or("latest", |(release, _)| release);
    let mut lines = run(&["if ! rpm -q git-core libadwaita polkit > /dev/null; then \\".to_owned()
        + "\n        dnf install -y --setopt=install_weak_deps=False git-core libadwaita polkit; \\"
        + "\n        dnf clean all; \\"
        + "\n        rm -rf /var/cache/dnf /var/cache/libdnf5 /var/lib/dnf /var/log/dnf*; \\"
        + "\n    fi"]);
    lines = lines.iter().flat_map(|line| line.split('\n')).map(str::to_owned).collect();
    lines.push(format!("COPY --from=ghcr.io/bkt/bucket:{release} / /"));
    lines.extend(run(&[
        "glib-compile-schemas /usr/share/glib-2.0/schemas".to_owned(),
        "systemctl preset bkt-first-boot.service".to_owned(),
        "systemctl --global preset bkt-first-boot.service bkt-check.timer".to_owned(),
    ]));
    Content::needed(lines)
}

/// A base image may have a setup of its own, and a checkout may be readable by its owner alone.
fn setup(input: &Input) -> Content {
    const BAKED: &str = "/usr/share/bkt/setup";
    let mut lines = vec![format!("RUN rm -rf {BAKED}"), format!("COPY manifests {BAKED}/manifests")];
    if input.ignores {
        lines.push(format!("COPY {} {BAKED}/", crate::ignore::IGNORE_FILE));
    }
    lines.push(format!("RUN chmod -R a+rX,go-w {BAKED}"));
    Content::needed(lines)
}
