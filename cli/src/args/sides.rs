// SPDX-License-Identifier: GPL-3.0-or-later
//! What the commands that add and remove things share: their names and which sides they change. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

/// Which sides a command changes; as a rule both.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct SideArgs {
    /// Write the setup, leave this computer as it is
    #[arg(long, visible_alias = "manifest-only")]
    pub(crate) setup_only: bool,
    /// Change this computer, leave the setup as it is
    #[arg(long, visible_alias = "local", conflicts_with = "setup_only")]
    pub(crate) here_only: bool,
    /// On an image-based computer: have it at once, too, until the next restart
    #[arg(long, conflicts_with = "setup_only")]
    pub(crate) now: bool,
}

/// Things to change, by name.
#[derive(Debug, clap::Args)]
pub(crate) struct ThingsArgs {
    /// Which
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) sides: SideArgs,
}

/// Things to look at, by name.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Which
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
}
