// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt skel`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum SkelCommand {
    /// Copy files of the home folder into the setup
    Add(SkelAdd),
    /// Take files out of the setup; those in the home folder stay
    Remove(SkelNames),
    /// List what the setup has, and how it stands here
    List,
    /// Show both sides of files
    Show(SkelNames),
    /// Show how files differ between the setup and here, line by line
    Diff(SkelDiff),
    /// Copy files of the setup into the home folder, where they are missing
    Sync(SkelSync),
}

#[derive(Debug, clap::Args)]
pub(crate) struct SkelNames {
    /// Which, below the home folder
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SkelAdd {
    #[command(flatten)]
    pub(crate) names: SkelNames,
    /// Also files that look as if they held keys, tokens or addresses
    #[arg(long)]
    pub(crate) include_private: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SkelDiff {
    /// Which, below the home folder [default: all that differ]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SkelSync {
    /// Which, below the home folder; of a folder, all in it [default: all]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// Replace files that are different here, too
    #[arg(short, long)]
    pub(crate) force: bool,
}
