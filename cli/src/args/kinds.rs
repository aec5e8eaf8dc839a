// SPDX-License-Identifier: GPL-3.0-or-later
//! Which kinds of items a command is about. The comments here are what `--help` says.
//!
//! Invariant: a kind goes by its id, or by the name of the command that is about it.

use std::convert::Infallible;

use bkt_core::item::{Domain, UnknownDomain};

/// A choice among all kinds.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct KindsArgs {
    /// Only these kinds of items, with commas between them (flatpak,unit)
    #[arg(short = 's', long, alias = "domain", value_name = "KIND", value_delimiter = ',', value_parser = kind)]
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

/// The words the older tool had for kinds.
const OLDER: [(&str, Domain); 17] = [
    ("dnf", Domain::Pkg),
    ("rpm", Domain::Pkg),
    ("system", Domain::Pkg),
    ("package", Domain::Pkg),
    ("packages", Domain::Pkg),
    ("fp", Domain::Flatpak),
    ("flatpaks", Domain::Flatpak),
    ("ai", Domain::AppImage),
    ("app-image", Domain::AppImage),
    ("extension", Domain::Ext),
    ("extensions", Domain::Ext),
    ("gs", Domain::Gsetting),
    ("homebrew", Domain::Brew),
    ("fetchbin", Domain::Bin),
    ("distrobox", Domain::Box),
    ("systemd", Domain::Unit),
    ("kargs", Domain::Karg),
];

/// The kind that is called so, or was.
pub(super) fn kind(word: &str) -> Result<Domain, UnknownDomain> {
    OLDER.iter().find(|(older, _)| *older == word).map_or_else(|| word.parse(), |(_, kind)| Ok(*kind))
}

/// An item, a pattern or a kind as it is written today.
#[expect(clippy::unnecessary_wraps, reason = "clap asks for a result")]
pub(super) fn item(word: &str) -> Result<String, Infallible> {
    let (name, key) = word.split_once(':').map_or((word, None), |(name, key)| (name, Some(key)));
    Ok(match (kind(name), key) {
        (Ok(kind), Some(key)) => format!("{kind}:{key}"),
        (Ok(kind), None) => kind.to_string(),
        (Err(_), _) => word.to_owned(),
    })
}
