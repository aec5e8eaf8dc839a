// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt containerfile`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use bkt_core::recipe::Section;
use clap::Subcommand;

#[derive(Debug, clap::Args)]
pub(crate) struct ContainerfileArgs {
    #[command(subcommand)]
    pub(crate) command: ContainerfileCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContainerfileCommand {
    /// Say how each section stands, and in the exit code whether one differs: 0 none, 3 some, 7 not checked
    Check,
    /// Show what ‘sync --force’ would change
    Diff(ContainerfileDiff),
    /// Write what the manifests say into the sections that are there
    Sync(ContainerfileSync),
    /// Insert sections that are not there, each where it belongs
    Adopt(ContainerfileAdopt),
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct ContainerfileDiff {
    /// Exit with 3 when there are differences, with 7 when something could not be checked
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct ContainerfileSync {
    /// Replace sections that were edited by hand, too
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ContainerfileAdopt {
    /// The sections [default: those the manifests declare something for]
    #[arg(value_name = "SECTION")]
    pub(crate) sections: Vec<Section>,
    /// Those, Bucket itself and the baked setup
    #[arg(long, conflicts_with = "sections")]
    pub(crate) all: bool,
}
