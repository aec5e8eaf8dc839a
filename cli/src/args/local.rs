// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt local`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

use super::kinds::item;

#[derive(Debug, clap::Args)]
pub(crate) struct LocalArgs {
    #[command(subcommand)]
    pub(crate) command: LocalCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LocalCommand {
    /// List what was changed here alone, and what the last restart took away
    List(LocalItems),
    /// Show when, by which command and to what value it was changed
    Show(LocalItems),
    /// Write it into the setup, so that it is kept
    Commit(LocalCommit),
    /// Forget that it was changed on purpose; nothing is uninstalled or changed back
    Clear(LocalClear),
    /// Print the path of the file in which it is written down
    Path,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LocalItems {
    /// Items, patterns or kinds [default: all]
    #[arg(value_name = "ITEM|PATTERN", value_parser = item)]
    pub(crate) items: Vec<String>,
    /// The older way to name a kind
    #[arg(short, long, value_name = "KIND", hide = true, value_parser = item)]
    pub(crate) domain: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LocalCommit {
    #[command(flatten)]
    pub(crate) which: LocalItems,
    /// Write values that look private, too
    #[arg(long)]
    pub(crate) include_private: bool,
    /// The title of the pull request, with --pr [default: made from the items]
    #[arg(short = 'm', long, visible_alias = "message", value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Why it is to be kept, for the pull request, with --pr
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Choosing is by naming items
    #[arg(short, long, hide = true)]
    pub(crate) select: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LocalClear {
    #[command(flatten)]
    pub(crate) which: LocalItems,
    /// The older spelling of --yes
    #[arg(short, long, hide = true)]
    pub(crate) force: bool,
}
