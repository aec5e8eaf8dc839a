// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt shim`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

use super::sides::{ShowArgs, ThingsArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum ShimCommand {
    /// Add commands
    Add(ShimAdd),
    /// Take commands out
    Remove(ThingsArgs),
    /// List what the setup has and what is here
    List,
    /// Do what the setup asks for and is not so here; what only this computer has stays
    Sync,
    /// Show both sides of commands
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShimAdd {
    #[command(flatten)]
    pub(crate) things: ThingsArgs,
    /// What they run on the host [default: the same name]
    #[arg(short = 'H', long, value_name = "COMMAND")]
    pub(crate) host: Option<String>,
}
