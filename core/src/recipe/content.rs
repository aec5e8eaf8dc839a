// SPDX-License-Identifier: GPL-3.0-or-later
//! What the sections say: each a few instructions made from the setup alone.
//!
//! - COPRs: the project's repository is added and disabled again at once, and only the one `dnf install` of
//!   SYSTEM_PACKAGES enables it, for itself. So the final image never has an enabled COPR, wherever the two sections
//!   stand and whatever stands between them. What dnf leaves behind is removed once, with the packages; a setup that
//!   installs none has it removed here. Packages are checked against the project's key, but for a project whose
//!   entry says `"gpg_check": false`: then a line in capitals says so where they are installed.
//! - Kernel arguments: a file bootc reads (`kargs.d`), written by `printf`, because here-documents need a recent
//!   buildah. With nothing to add it still holds an empty list: where the new image has no such file at all, bootc
//!   adds the arguments of the old one again. What the setup removes is taken out of the files the base image has
//!   there; bootc then drops it on each computer that updates.
//! - Units: the image's states alone. Unmasked first, because a base image may mask what a setup enables.
//! - Shims: no folder of the image is on a toolbox's PATH; the home folder is all that toolbox and host share. The
//!   scripts are below `/usr/libexec/bkt/shims`, which a toolbox or distrobox sees below `/run/host`, and each new
//!   account gets links to them in `~/.local/bin`, which is on the PATH. On the host the links lead nowhere, so there
//!   the program itself is found. Existing accounts get their shims from `bkt`. Never `/usr/etc`: bootc makes that.
//! - Files of `/etc`: put there one by one with their permissions; a folder of the image keeps its own.
//!
//! Invariant: the same setup gives the same lines; every part of a `RUN` that fails stops the build; nothing but
//! validated names is put into one.

use crate::domain::etc::is_secret;
use crate::manifest::ManifestError;
use crate::tree::Tree;
use crate::value::UnitState;

use super::Section;
use super::input::{Arguments, Input, Packages};

/// Where bootc reads what Bucket wrote for it.
const ARGUMENTS_FILE: &str = "/usr/lib/bootc/kargs.d/50-bkt.toml";

/// What dnf4 and dnf5 leave in `/var`, which would reach new computers alone, and dnf5 in `/run`; the lint names both.
const FORGET: &str = "rm -rf /var/cache/dnf /var/cache/libdnf5 /var/lib/dnf /var/log/dnf* /var/log/hawkey.log /run/dnf";

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
        Section::EtcFiles => etc(input),
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
    if !packages.installs_any() {
        return Content::nothing(Section::SystemPackages.manifest());
    }
    let unchecked = packages.coprs.iter().filter(|(_, gpg_check)| !**gpg_check).map(|(project, _)| project);
    let warning =
        |project| format!("# WARNING: the signatures of packages from {project} are not checked (gpg_check).");
    let mut lines: Vec<String> = unchecked.clone().map(warning).collect();
    lines.push("RUN dnf install -y \\".to_owned());
    lines.extend(packages.excluded.iter().map(|name| format!("    --exclude={name} \\")));
    lines.extend(packages.coprs.keys().map(|project| format!("    --enablerepo={} \\", project.repository())));
    lines.extend(unchecked.map(|project| format!("    --setopt={}.gpgcheck=0 \\", project.repository())));
    lines.extend(packages.groups.iter().map(|group| format!("    @{group} \\")));
    lines.extend(packages.names.iter().map(|name| format!("    {name} \\")));
    lines.push("    && dnf clean all \\".to_owned());
    lines.push(format!("    && {FORGET}"));
    Content::needed(lines)
}

fn coprs(packages: &Packages) -> Content {
    if packages.coprs.is_empty() {
        return Content::nothing(Section::CoprRepos.manifest());
    }
    let mut commands: Vec<String> = packages
        .coprs
        .keys()
        .flat_map(|project| [format!("dnf -y copr enable {project}"), format!("dnf -y copr disable {project}")])
        .collect();
    // Where packages are declared a recipe is complete only with their section, which comes later and does it.
    if !packages.installs_any() {
        commands.push(FORGET.to_owned());
    }
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
    let directory = ARGUMENTS_FILE.rsplit_once('/').map_or("", |(directory, _)| directory);
    lines.push(format!("RUN mkdir -p {directory} && \\"));
    for argument in &arguments.remove {
        let taken = without(argument.as_str());
        lines.push(format!("    find {directory} -name '*.toml' -exec sed -i -E '{taken}' {{}} + && \\"));
    }
    if !arguments.remove.is_empty() {
        lines.push(format!("    find {directory} -name '*.toml' -exec sed -i -E {EMPTY} {{}} + && \\"));
    }
    lines.push("    printf '%s\\n' \\".to_owned());
    if arguments.append.is_empty() {
        lines.push("        'kargs = []' \\".to_owned());
    } else {
        lines.push("        'kargs = [' \\".to_owned());
        lines.extend(arguments.append.iter().map(|argument| format!("        '    \"{argument}\",' \\")));
        lines.push("        ']' \\".to_owned());
    }
    lines.push(format!("        > {ARGUMENTS_FILE}"));
    Content { lines, needed: !arguments.append.is_empty() || !arguments.remove.is_empty() }
}

/// What sed does to strings that have nothing in them any more: to bootc each would be an argument of no letters.
const EMPTY: &str = r#"':a;s/(^|[[,[:space:]])(""|\x27\x27)[[:space:]]*(,|(\]|$))/\1\4/;ta'"#;

/// What sed does to take a kernel argument out of the strings of a file, where it stands between quotes or spaces.
/// An argument holds no quote, so nothing in it could end the shell's.
fn without(argument: &str) -> String {
    let mut pattern = String::new();
    for c in argument.chars() {
        if ".[]{}()*+?^|/".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    format!(r#"s/(["\x27[:space:]]){pattern}(["\x27[:space:]])/\1\2/g"#)
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

/// Git keeps of permissions whether a file can be run, and a checkout may be readable by its owner alone. Copied to
/// `/etc` itself, its folders would give theirs to those of the image, so each file is put there for itself.
fn etc(input: &Input) -> Content {
    const PLACE: &str = "/tmp/bkt-etc";
    if input.etc.is_empty() {
        return Content::nothing(Section::EtcFiles.manifest());
    }
    let mut commands = Vec::new();
    for (path, executable) in &input.etc {
        let (from, to) = (quoted(&format!("{PLACE}/{}", path.place())), quoted(path.as_str()));
        let mode = match (is_secret(path.place().as_str()), executable) {
            (true, Some(false)) => "0600",
            (true, Some(true)) => "0700",
            (false, Some(false)) => "0644",
            (false, Some(true)) => "0755",
            (_, None) => {
                let folder = path.as_str().rsplit_once('/').map_or("/etc", |(folder, _)| folder);
                commands.push(format!("mkdir -p {}", quoted(folder)));
                commands.push(format!("cp -dT --remove-destination {from} {to}"));
                continue;
            }
        };
        commands.push(format!("install -D -m {mode} {from} {to}"));
    }
    commands.push(format!("rm -rf {PLACE}"));
    let mut lines = vec![format!("COPY {} {PLACE}", Tree::Etc.path())];
    lines.extend(run(&commands));
    Content::needed(lines)
}

/// A path as one word of the shell.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-@:+,".contains(c);
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// What the repository's own Containerfile does, with a released Bucket. The tag is that of all releases with the
/// same major and minor number, so that a correction needs no change here.
fn bucket() -> Content {
    let release = env!("CARGO_PKG_VERSION").rsplit_once('.').map_or("latest", |(release, _)| release);
    let run = |commands: &[&str]| -> Vec<String> {
        let commands: Vec<String> = commands.iter().map(|command| (*command).to_owned()).collect();
        run(&commands).iter().flat_map(|line| line.split('\n')).map(str::to_owned).collect()
    };
    let mut lines = run(&[&format!(
        "if ! rpm -q git-core libadwaita polkit > /dev/null; then \\\n        \
         dnf install -y --setopt=install_weak_deps=False git-core libadwaita polkit; \\\n        \
         dnf clean all; \\\n        \
         {FORGET}; \\\n    \
         fi"
    )]);
    lines.push(format!("COPY --from=ghcr.io/bkt/bucket:{release} / /"));
    lines.extend(run(&[
        "glib-compile-schemas /usr/share/glib-2.0/schemas",
        "systemctl preset bkt-first-boot.service",
        "systemctl --global preset bkt-first-boot.service bkt-check.timer",
        // ujust reads no folder: of the files that others may add, it imports this one alone.
        "if [ -d /usr/share/ublue-os/just ]; then \\\n        \
         grep -qsxF 'import? \"/usr/share/bkt/bkt.just\"' /usr/share/ublue-os/just/60-custom.just || \\\n        \
         printf '\\n%s\\n' 'import? \"/usr/share/bkt/bkt.just\"' >> /usr/share/ublue-os/just/60-custom.just; \\\n    \
         fi",
    ]));
    Content::needed(lines)
}

/// A base image may have a setup of its own, and a checkout may be readable by its owner alone. Which commit it is only
/// the one who builds can tell (`--build-arg BKT_REVISION=…`): a checkout's `.git` need not be in the context.
fn setup(input: &Input) -> Content {
    const BAKED: &str = "/usr/share/bkt/setup";
    let mut lines = vec![format!("RUN rm -rf {BAKED}"), format!("COPY manifests {BAKED}/manifests")];
    if input.skel {
        lines.push(format!("COPY {skel} {BAKED}/{skel}", skel = Tree::Skel.path()));
    }
    if input.ignores {
        lines.push(format!("COPY {} {BAKED}/", crate::ignore::IGNORE_FILE));
    }
    if input.changelog {
        lines.push(format!("COPY .changelog {BAKED}/.changelog"));
    }
    lines.push("ARG BKT_REVISION=".to_owned());
    lines.push("LABEL org.opencontainers.image.revision=$BKT_REVISION".to_owned());
    lines.push(format!("RUN printf '%s\\n' \"$BKT_REVISION\" > {BAKED}/revision && chmod -R a+rX,go-w {BAKED}"));
    Content::needed(lines)
}
