// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt repo`, `bkt commit`, `bkt pr`, `bkt pull`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RepoArgs {
    #[command(subcommand)]
    pub(crate) command: Option<RepoCommand>,
    /// Do not ask GitHub for pull requests and builds
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum RepoCommand {
    /// Print the folder of the setup
    Path,
}

/// Which entries of the setup.
#[derive(Debug, clap::Args)]
pub(crate) struct EntriesArgs {
    /// Items, patterns, kinds or files [default: all that Bucket writes]
    #[arg(value_name = "ITEM|PATTERN|FILE")]
    pub(crate) entries: Vec<String>,
    /// Include values that look private
    #[arg(long)]
    pub(crate) include_private: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CommitArgs {
    #[command(flatten)]
    pub(crate) which: EntriesArgs,
    /// The commit's message [default: made from the entries]
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PrArgs {
    #[command(flatten)]
    pub(crate) which: EntriesArgs,
    /// Its title [default: made from the entries]
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// What it says below the title [default: the list of entries]
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) body: Option<String>,
    /// Mark it as not ready yet
    #[arg(long)]
    pub(crate) draft: bool,
    /// Push the branch, and leave opening the pull request to you
    #[arg(long)]
    pub(crate) push_only: bool,
}
