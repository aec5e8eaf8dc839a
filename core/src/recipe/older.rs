// SPDX-License-Identifier: GPL-3.0-or-later
//! What older versions of `bkt` generated, which had no digest.
//!
//! A section counts as theirs when it has their form and names exactly what the manifests declare; order and
//! indentation do not count. Shims are not recognised: their scripts were encoded, so what they do cannot be seen.
//!
//! Invariant: text that says anything more than the manifests is never taken for generated.

use std::collections::BTreeSet;

use super::Section;
use super::input::Input;
use crate::value::UnitState;

/// Whether an older version made these lines of the same manifests.
pub(super) fn generated(section: Section, input: &Input, lines: &[&str]) -> bool {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    match (lines.as_slice(), placeholder(section)) {
        ([], _) => true,
        ([only], Some(placeholder)) if *only == placeholder => true,
        _ => said(section, &lines).is_some_and(|said| declared(section, input).is_some_and(|known| known == said)),
    }
}

const fn placeholder(section: Section) -> Option<&'static str> {
    match section {
        Section::SystemPackages => Some("# No packages configured"),
        Section::CoprRepos => Some("# No COPR repositories configured"),
        Section::HostShims => Some("# No host shims configured"),
        Section::KernelArguments => Some("# No kernel arguments configured"),
        Section::SystemdUnits => Some("# No systemd units configured"),
        Section::EtcFiles | Section::Bucket | Section::Setup => None,
    }
}

/// What lines of an older form name, `None` for any other form.
fn said(section: Section, lines: &[&str]) -> Option<BTreeSet<String>> {
    let (first, rest) = lines.split_first()?;
    let (last, middle) = rest.split_last()?;
    let unended = |ended: &str, by: &str| -> Option<Vec<String>> {
        let middle = middle.iter().map(|line| line.strip_suffix(by).map(|line| line.trim().to_owned()));
        middle.chain([Some((*last).to_owned())]).collect::<Option<_>>().filter(|_| *first == ended)
    };
    match section {
        Section::SystemPackages if *first == "RUN dnf install -y \\" && *last == "&& dnf clean all" => {
            let names = middle.iter().map(|line| line.strip_suffix('\\').map(|name| name.trim().to_owned()));
            // What a version put first when it also built packages of other repositories.
            names.filter(|name| name.as_deref() != Some("/tmp/rpms/*.rpm")).collect()
        }
        Section::CoprRepos => {
            let commands = unended("RUN set -eu; \\", "; \\")?;
            commands.iter().map(|command| command.strip_prefix("dnf copr enable -y ").map(str::to_owned)).collect()
        }
        Section::KernelArguments => {
            unended("RUN rpm-ostree kargs \\", "\\").map(|arguments| arguments.into_iter().collect())
        }
        Section::SystemdUnits => {
            let mut units = BTreeSet::new();
            for command in unended("RUN set -eu; \\", "; \\")? {
                let mut words = command.strip_prefix("systemctl ")?.split(' ');
                let verb = words.next()?;
                units.extend(words.map(|unit| {
                    let kind = if unit.contains('.') { "" } else { ".service" };
                    format!("{verb} {unit}{kind}")
                }));
            }
            Some(units)
        }
        _ => None,
    }
}

/// What the manifests declare, in the words of [`said`].
fn declared(section: Section, input: &Input) -> Option<BTreeSet<String>> {
    Some(match section {
        Section::SystemPackages => input.packages.as_ref().ok()?.names.iter().map(ToString::to_string).collect(),
        Section::CoprRepos => input.packages.as_ref().ok()?.coprs.keys().map(ToString::to_string).collect(),
        Section::KernelArguments => {
            let arguments = input.arguments.as_ref().ok()?;
            let removed = arguments.remove.iter().map(|argument| format!("--delete={argument}"));
            removed.chain(arguments.append.iter().map(|argument| format!("--append={argument}"))).collect()
        }
        Section::SystemdUnits => {
            let verb = |state: UnitState| match state {
                UnitState::Enabled => "enable",
                UnitState::Disabled => "disable",
                UnitState::Masked => "mask",
            };
            input.units.as_ref().ok()?.iter().map(|(unit, state)| format!("{} {unit}", verb(*state))).collect()
        }
        Section::HostShims | Section::EtcFiles | Section::Bucket | Section::Setup => return None,
    })
}
