// SPDX-License-Identifier: GPL-3.0-or-later
//! Which kinds of items a command is about. The comments here are what `--help` says.
//!
//! Invariant: a kind goes by its id, or by the name of the command that is about it.

use bkt_core::item::{Domain, UnknownDomain};

/// A choice among all kinds.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct KindsArgs {
    /// Only these kinds of items, with commas between them (flatpak,unit)
    #[arg(short = 's', long, value_name = "KIND", value_delimiter = ',', value_parser = kind)]
    pub(crate) only: Vec<Domain>,
    /// All kinds but these
    #[arg(short = 'x', long, value_name = "KIND", value_delimiter = ',', value_parser = kind)]
    pub(crate) exclude: Vec<Domain>,
}

impl KindsArgs {
    /// The kinds that were chosen; what is excluded is excluded.
    pub(crate) fn domains(&self) -> Vec<Domain> {
        let wanted = |domain: &Domain| self.only.is_empty() || self.only.contains(domain);
        Domain::ALL.into_iter().filter(|domain| wanted(domain) && !self.exclude.contains(domain)).collect()
    }
}

fn kind(word: &str) -> Result<Domain, UnknownDomain> {
    match word {
        "dnf" | "system" | "package" => Ok(Domain::Pkg),
        "extension" => Ok(Domain::Ext),
        "distrobox" => "box".parse(),
        "homebrew" => "brew".parse(),
        "systemd" => Ok(Domain::Unit),
        "kargs" => Ok(Domain::Karg),
        "fetchbin" => "bin".parse(),
        word => word.parse(),
    }
}
