// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt appimage`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

use super::sides::{ShowArgs, SideArgs, ThingsArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum AppImageCommand {
    /// Add an app from the releases of a repository
    Add(AppImageAdd),
    /// Take apps out; Gear Lever puts them into the trash
    Remove(ThingsArgs),
    /// Want apps again that were disabled
    Enable(ThingsArgs),
    /// Keep apps in the setup, and remove them here
    Disable(ThingsArgs),
    /// List what the setup has and what Gear Lever has integrated here
    List,
    /// Do what the setup asks for and is not so here; what only this computer has stays
    Sync,
    /// Show both sides of apps
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct AppImageAdd {
    /// The repository on GitHub, OWNER/REPOSITORY
    #[arg(value_name = "REPOSITORY")]
    pub(crate) repository: String,
    /// Which file of a release; * stands for anything
    #[arg(short, long, value_name = "PATTERN", default_value = "*.AppImage")]
    pub(crate) asset: String,
    /// What it is called [default: like the repository]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Take releases that are not final yet, too
    #[arg(long)]
    pub(crate) prereleases: bool,
    #[command(flatten)]
    pub(crate) sides: SideArgs,
}
