// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt copr`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

use super::sides::{ShowArgs, ThingsArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum CoprCommand {
    /// Add projects, written OWNER/PROJECT or @GROUP/PROJECT
    #[command(visible_alias = "enable")]
    Add(ThingsArgs),
    /// Turn projects off and keep their entries in the setup
    Disable(ThingsArgs),
    /// Take projects out; what came from them stays
    Remove(ThingsArgs),
    /// List what the setup has and what was added here
    List,
    /// Show both sides of projects
    Show(ShowArgs),
}
