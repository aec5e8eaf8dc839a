// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt bin`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

use super::sides::{ShowArgs, SideArgs, ThingsArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum BinCommand {
    /// Add a program, fetched to ~/.local/bin
    Add(BinAdd),
    /// Take programs out
    Remove(ThingsArgs),
    /// List what the setup has and what was fetched here
    List,
    /// Do what the setup asks for and is not so here; what only this computer has stays
    Sync,
    /// Show both sides of programs
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct BinAdd {
    /// Where it comes from: github:OWNER/REPOSITORY, cargo:CRATE or npm:PACKAGE, each also with @VERSION
    #[arg(value_name = "SOURCE")]
    pub(crate) source: String,
    /// What it is called in its package [default: its name here]
    #[arg(long, value_name = "NAME")]
    pub(crate) binary: Option<String>,
    /// What it is called here [default: like --binary, or the package]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Which file of a release on GitHub; * stands for anything [default: the one for this computer]
    #[arg(long, value_name = "PATTERN")]
    pub(crate) asset: Option<String>,
    /// The checksum of that file, where none is published
    #[arg(long, value_name = "SUM")]
    pub(crate) sha256: Option<String>,
    #[command(flatten)]
    pub(crate) sides: SideArgs,
}
