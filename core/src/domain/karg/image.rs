// SPDX-License-Identifier: GPL-3.0-or-later
//! The kernel arguments an image brings along: `/usr/lib/bootc/kargs.d/*.toml` (bootc “kernel arguments”).
//!
//! There is no such folder for one machine (`/etc/bootc/kargs.d` is a wish, bootc#899); what is changed on one
//! computer is in its boot entry alone.
//!
//! Invariant: what bootc would not read provides nothing here either.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::deployment::System;
use crate::host::{Host, HostError};
use crate::name::KernelArgument;

/// Where an image keeps its arguments.
pub(crate) const DIRECTORY: &str = "/usr/lib/bootc/kargs.d";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    kargs: Vec<String>,
    match_architectures: Option<Vec<String>>,
}

/// The arguments of one file, for computers of this architecture.
fn parse(text: &str, architecture: &str) -> Vec<KernelArgument> {
    let Ok(file) = toml::from_str::<File>(text) else { return Vec::new() };
    if file.match_architectures.is_some_and(|known| known.iter().all(|known| known != architecture)) {
        return Vec::new();
    }
    file.kargs.iter().flat_map(|entry| super::parse(entry)).collect()
}

/// What the running image provides and the one of the next start, each argument with the name of its file.
///
/// # Errors
/// A file that is there cannot be read.
pub(crate) fn provided(host: &dyn Host, system: &System) -> Result<BTreeMap<KernelArgument, String>, HostError> {
    let mut provided = BTreeMap::new();
    let next = system.next_start().filter(|next| next.id != system.deployment_id());
    let next = next.and_then(|next| next.directory());
    for root in std::iter::once(String::new()).chain(next) {
        let directory = host.at(&format!("{root}{DIRECTORY}"));
        for name in host.list(&directory)?.into_iter().filter(|name| name.ends_with(".toml")) {
            let text = host.read(&directory.join(&name))?.unwrap_or_default();
            for argument in parse(&text, std::env::consts::ARCH) {
                provided.entry(argument).or_insert_with(|| name.clone());
            }
        }
    }
    Ok(provided)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_bootc_reads_on_this_architecture_counts() {
        let arguments = |text: &str| parse(text, "x86_64").iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(arguments("kargs = [\"quiet rhgb\", \"console=ttyS0\"]"), ["quiet", "rhgb", "console=ttyS0"]);
        assert_eq!(arguments("kargs = [\"a\"]\nmatch-architectures = [\"x86_64\"]"), ["a"]);
        assert!(arguments("kargs = [\"a\"]\nmatch-architectures = [\"aarch64\"]").is_empty());
        assert!(arguments("kargs = [\"a\"]\nother = 1").is_empty(), "bootc refuses unknown fields");
        assert!(arguments("quiet rhgb").is_empty(), "bare text is no TOML");
    }
}
