// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt system` and `bkt first-boot`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

#[derive(Debug, clap::Args)]
pub(crate) struct SystemArgs {
    #[command(subcommand)]
    pub(crate) command: Option<SystemCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SystemCommand {
    /// Show the versions of the system on this computer, and who updates it
    Show,
    /// List the packages that differ between two versions
    ///
    /// A version is named by its role (booted, staged, rollback, pinned), its version, or the beginning of its id.
    /// Without names: what the next start changes, or what the last one changed.
    #[command(
        after_long_help = "Examples:\n  bkt system diff\n  bkt system diff rollback booted\n  bkt system diff pinned"
    )]
    Diff(SystemDiff),
    /// Show what waits for a restart
    Staged,
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SystemDiff {
    /// The version before
    #[arg(value_name = "FROM")]
    pub(crate) from: Option<String>,
    /// The version after [default: booted]
    #[arg(value_name = "TO")]
    pub(crate) to: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FirstBootArgs {
    /// Do the administrator's part; what the system service runs
    #[arg(long)]
    pub(crate) system: bool,
    /// Start what it turns on and stop what it turns off, so that no second restart is needed
    #[arg(long)]
    pub(crate) now: bool,
    /// Run although it was done, or was cut off three times
    #[arg(long)]
    pub(crate) again: bool,
    /// Only say how the last one ended
    #[arg(long, conflicts_with_all = ["now", "again"])]
    pub(crate) status: bool,
}
