// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt distrobox`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use std::path::PathBuf;

use clap::Subcommand;

use super::sides::{ShowArgs, SideArgs, ThingsArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum BoxCommand {
    /// Add a box, or more to one
    Add(Box<BoxAdd>),
    /// Take boxes out, with everything installed in them; your home stays
    Remove(ThingsArgs),
    /// List what the setup has and what is here
    List,
    /// Show both sides of boxes
    Show(ShowArgs),
    /// Make boxes what the setup says
    Apply(BoxNames),
    /// Write what boxes here were made from into the setup
    Capture(BoxCapture),
    /// Write the boxes of a file of ‘distrobox assemble’ into the setup
    Import(BoxImport),
}

#[derive(Debug, clap::Args)]
pub(crate) struct BoxAdd {
    /// Its name
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// The image it is made from
    #[arg(short, long, value_name = "IMAGE")]
    pub(crate) image: Option<String>,
    /// A package to put into it; may be given more than once, as may all that follow
    #[arg(short, long = "package", value_name = "PACKAGE")]
    pub(crate) packages: Vec<String>,
    /// A folder of the host that it has, too
    #[arg(long = "volume", value_name = "FROM:TO")]
    pub(crate) volumes: Vec<String>,
    /// A variable
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// A folder to look for programs in first
    #[arg(long = "path", value_name = "DIR")]
    pub(crate) path: Vec<String>,
    /// A command to run in it after each of its starts
    #[arg(long = "init-hook", value_name = "COMMAND")]
    pub(crate) init_hooks: Vec<String>,
    /// A command to run in it before anything else
    #[arg(long = "pre-init-hook", value_name = "COMMAND")]
    pub(crate) pre_init_hooks: Vec<String>,
    /// An option for podman
    #[arg(long = "flag", value_name = "OPTION", allow_hyphen_values = true)]
    pub(crate) flags: Vec<String>,
    /// A program of the box that the host has, too, by its path in the box
    #[arg(long = "export", value_name = "PATH")]
    pub(crate) exports: Vec<String>,
    /// An app of the box for the menu of the host
    #[arg(long = "export-app", value_name = "APP")]
    pub(crate) apps: Vec<String>,
    /// With a system manager of its own
    #[arg(long)]
    pub(crate) init: bool,
    /// Fetch the image again although it is here
    #[arg(long)]
    pub(crate) pull: bool,
    #[command(flatten)]
    pub(crate) sides: SideArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BoxNames {
    /// Which [default: all that differ]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BoxImport {
    /// Which file
    #[arg(value_name = "FILE", default_value = "distrobox.ini")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BoxCapture {
    #[command(flatten)]
    pub(crate) boxes: BoxNames,
    /// Capture values that look private, too
    #[arg(long)]
    pub(crate) include_private: bool,
    /// Older options, answered by what replaces them
    #[arg(long, value_name = "NAME", hide = true)]
    pub(crate) packages: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) only_packages: bool,
}
