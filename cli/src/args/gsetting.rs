// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt gsetting`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

use super::sides::SideArgs;

#[derive(Debug, clap::Args)]
pub(crate) struct GsettingArgs {
    #[command(subcommand)]
    pub(crate) command: GsettingCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GsettingCommand {
    /// List the settings of the setup, or the keys of schemas, with their values
    List(GsettingList),
    /// List what differs from its default; the setup need not mention it
    Discover(GsettingChanged),
    /// Print the value of a key
    Get(GsettingName),
    /// Set a key, in the setup and on this computer
    #[command(visible_alias = "add")]
    Set(GsettingSet),
    /// Take a key out of the setup and give it its default on this computer
    #[command(visible_aliases = ["reset", "remove"])]
    Unset(GsettingUnset),
    /// Show both sides of a key
    Show(GsettingName),
    /// Give keys the values the setup asks for
    #[command(visible_alias = "apply")]
    Sync,
    /// Say what keys mean, which values they may have, and what the setup says
    Describe(GsettingName),
    /// Print changes as they happen, to find the key a switch writes; with --json one object per line
    Watch(GsettingChanged),
}

#[derive(Debug, clap::Args)]
pub(crate) struct GsettingList {
    /// List what differs from its default
    #[arg(long)]
    pub(crate) changed: bool,
    #[command(flatten)]
    pub(crate) keys: GsettingChanged,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GsettingChanged {
    /// Only these schemas (SCHEMA:/PATH/ for one that has instances)
    #[arg(value_name = "SCHEMA")]
    pub(crate) schemas: Vec<String>,
    /// Also keys in which programs remember their state, such as the size of windows
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GsettingSet {
    /// The schema, SCHEMA:/PATH/ for one that has instances
    #[arg(value_name = "SCHEMA")]
    pub(crate) schema: String,
    /// The key
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// The value as GVariant text; text alone needs no quotes
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) value: String,
    #[command(flatten)]
    pub(crate) sides: SideArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GsettingUnset {
    #[command(flatten)]
    pub(crate) name: GsettingName,
    #[command(flatten)]
    pub(crate) sides: SideArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GsettingName {
    /// The schema, SCHEMA:/PATH/ for one that has instances, or a whole item (gsetting:SCHEMA/KEY)
    #[arg(value_name = "SCHEMA")]
    pub(crate) schema: String,
    /// The key
    #[arg(value_name = "KEY")]
    pub(crate) key: Option<String>,
}
