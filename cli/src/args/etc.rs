// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt etc`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum EtcCommand {
    /// List files that are not what the image has, and those of the setup
    List,
    /// Show what files are here, in the image and in the setup
    Show(EtcNames),
    /// Show how files differ from the setup, or else from the image, line by line
    Diff(EtcDiff),
    /// Put back what the image has; what is here is kept for ‘bkt undo’
    Restore(EtcNames),
    /// Copy files into the setup, whose next image then has them
    Capture(EtcCapture),
}

#[derive(Debug, clap::Args)]
pub(crate) struct EtcNames {
    /// Which, with or without /etc/ before it; of a folder, all that differ
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct EtcDiff {
    /// Which, with or without /etc/ before it [default: all that differ]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct EtcCapture {
    #[command(flatten)]
    pub(crate) names: EtcNames,
    /// Also files that look as if they held keys, tokens or addresses, and those that not everybody may read
    #[arg(long)]
    pub(crate) include_private: bool,
}
