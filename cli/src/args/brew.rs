// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt brew`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

use super::sides::{ShowArgs, ThingsArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum BrewCommand {
    /// Add formulae (NAME, USER/TAP/NAME) and taps (USER/TAP)
    #[command(visible_alias = "install")]
    Add(ThingsArgs),
    /// Take formulae and taps out
    #[command(visible_alias = "uninstall")]
    Remove(ThingsArgs),
    /// List what the setup has and what was asked for here
    List,
    /// Do what the setup asks for and is not so here; what only this computer has stays
    Sync,
    /// Show both sides of formulae and taps
    Show(ShowArgs),
}
