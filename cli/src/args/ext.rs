// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt ext`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

use super::sides::{ShowArgs, ThingsArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum ExtCommand {
    /// Install extensions through GNOME Shell, turn them on, and write them down
    Add(ThingsArgs),
    /// Take extensions out of the setup and turn them off; their files stay
    Remove(ThingsArgs),
    /// Turn installed extensions on, in the setup and on this computer
    Enable(ThingsArgs),
    /// Turn installed extensions off, in the setup and on this computer
    Disable(ThingsArgs),
    /// List what the setup has and what is on here
    List,
    /// Do what the setup asks for and is not so here; what only this computer has stays
    Sync,
    /// Show both sides of extensions
    Show(ShowArgs),
}
