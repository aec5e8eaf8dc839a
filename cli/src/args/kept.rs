// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt base`, `upstream`, `schema` and `completions`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use std::path::PathBuf;

use bkt_core::name::PackageName;
use clap::{Subcommand, ValueEnum};

#[derive(Debug, clap::Args)]
pub(crate) struct BaseArgs {
    #[command(subcommand)]
    pub(crate) command: BaseCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BaseCommand {
    /// Look whether every assumption holds on this computer
    Verify,
    /// List the assumptions
    List,
    /// Show the base image and when it was last verified
    Info,
    /// Take packages of the base image for granted
    Assume {
        /// The packages
        #[arg(value_name = "PACKAGE", required = true)]
        packages: Vec<PackageName>,
        /// Why the setup needs them
        #[arg(short, long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// No longer take packages for granted
    Unassume {
        /// The packages
        #[arg(value_name = "PACKAGE", required = true)]
        packages: Vec<PackageName>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct UpstreamArgs {
    #[command(subcommand)]
    pub(crate) command: UpstreamCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UpstreamCommand {
    /// List what the image fetches
    List,
    /// Show one
    Info {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Look whether every pin has a checksum and agrees with the files beside it
    Verify,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SchemaArgs {
    #[command(subcommand)]
    pub(crate) command: Option<SchemaCommand>,
    /// Print this one: a manifest (system-packages) or a document (status)
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchemaCommand {
    /// List them
    List,
    /// Print one
    Show {
        /// A manifest (system-packages) or a document (status)
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Write all of them into a folder
    Generate {
        /// The folder
        #[arg(short, long, value_name = "DIR", default_value = "schemas")]
        output: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// A shell that a script is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Elvish,
    Fish,
    #[value(alias = "nu")]
    Nushell,
    Powershell,
    Zsh,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompleteArgs {
    /// The words after ‘bkt’, up to the one that is typed
    #[arg(value_name = "WORD", last = true)]
    pub(crate) words: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// The folder
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
}
