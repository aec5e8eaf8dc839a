// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt topgrade`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything.

use clap::Subcommand;

#[derive(Debug, clap::Args)]
pub(crate) struct TopgradeArgs {
    #[command(subcommand)]
    pub(crate) command: Option<TopgradeCommand>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum TopgradeCommand {
    /// Show the file, and whether it is there
    Show,
    /// Write the file
    Install,
    /// Take the file away
    Remove,
}
