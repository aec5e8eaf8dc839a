// SPDX-License-Identifier: GPL-3.0-or-later
//! The commands about changes: `status` and `drift` to `undo`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::kinds::{KindsArgs, item};

#[derive(Debug, clap::Args)]
pub(crate) struct UndoArgs {
    /// The number of the run [default: the last one that changed something]
    #[arg(value_name = "N")]
    pub(crate) run: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) kinds: KindsArgs,
    /// Print one stable line per item, for scripts
    #[arg(long, conflicts_with_all = ["json", "format"])]
    pub(crate) porcelain: bool,
    /// End lines of --porcelain with NUL
    #[arg(short = 'z', requires = "porcelain")]
    pub(crate) nul: bool,
    /// Include ignored items in --porcelain
    #[arg(long, requires = "porcelain")]
    pub(crate) ignored: bool,
    /// Exit with 3 when there are differences, with 7 when something could not be checked
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// The older ways to say less
    #[arg(long, hide = true)]
    pub(crate) skip_os: bool,
    #[arg(long, hide = true)]
    pub(crate) no_changelog: bool,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DriftArgs {
    #[command(subcommand)]
    pub(crate) command: Option<DriftCommand>,
    #[command(flatten)]
    pub(crate) list: DriftList,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DriftCommand {
    /// List every difference
    List(DriftList),
    /// Say in the exit code whether there are differences: 0 none, 3 some, 7 something could not be checked
    Check(DriftCheck),
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DriftList {
    #[command(flatten)]
    pub(crate) kinds: KindsArgs,
    /// Only what this side changed since both last agreed
    #[arg(long, value_name = "SIDE")]
    pub(crate) origin: Option<Side>,
    /// List ignored differences instead
    #[arg(long)]
    pub(crate) ignored: bool,
    /// Exit with 3 when there are differences, with 7 when something could not be checked
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// Who changed something since both sides last agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// This computer
    Computer,
    /// The setup
    Setup,
    /// Both, to different values
    Both,
    /// Nobody knows, because it was not compared before
    New,
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DriftCheck {
    #[command(flatten)]
    pub(crate) kinds: KindsArgs,
    /// Show a desktop notification when there is something new
    #[arg(long, conflicts_with_all = ["only", "exclude"])]
    pub(crate) notify: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DiffArgs {
    /// Items (pkg:htop), patterns ('flatpak:org.gnome.*'), kinds (flatpak) or sections of the recipe
    /// (section:SYSTEM_PACKAGES) [default: all changes]
    #[arg(value_name = "ITEM|PATTERN", value_parser = item)]
    pub(crate) items: Vec<String>,
    /// Exit with 3 when there are differences, with 7 when something could not be checked
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct PlanArgs {
    #[command(subcommand)]
    pub(crate) command: Option<PlanCommand>,
    #[command(flatten)]
    pub(crate) show: PlanShow,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Show exactly what apply and capture would do
    Show(PlanShow),
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PlanShow {
    /// Apply these [default, without --capture: everything with a suggestion]
    #[arg(long, value_name = "ITEM|PATTERN", num_args = 1.., value_parser = item)]
    pub(crate) apply: Vec<String>,
    /// Capture these
    #[arg(long, value_name = "ITEM|PATTERN", num_args = 1.., value_parser = item)]
    pub(crate) capture: Vec<String>,
    /// Have all of it at once, as with ‘bkt apply --now’
    #[arg(long)]
    pub(crate) now: bool,
    /// Save the plan, to be run by ‘bkt apply FILE’
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Exit with 3 when there is something to do
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) kinds: KindsArgs,
    /// Items (pkg:htop), patterns ('flatpak:org.gnome.*'), kinds (flatpak), or one saved plan (plan.json)
    #[arg(value_name = "ITEM|PATTERN|PLAN.json", value_parser = item)]
    pub(crate) items: Vec<String>,
    /// Apply every change, also those without a suggestion
    #[arg(long, conflicts_with = "items")]
    pub(crate) all: bool,
    /// Have all of it at once: services start or stop, and on an image packages come or go until the next restart
    #[arg(long)]
    pub(crate) now: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CaptureArgs {
    #[command(flatten)]
    pub(crate) kinds: KindsArgs,
    /// Items, patterns or kinds [default: everything with the suggestion to capture]
    #[arg(value_name = "ITEM|PATTERN", value_parser = item)]
    pub(crate) items: Vec<String>,
    /// Capture every change, also those without a suggestion
    #[arg(long, conflicts_with = "items")]
    pub(crate) all: bool,
    /// Capture values that look private, too
    #[arg(long)]
    pub(crate) include_private: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct IgnoreArgs {
    /// Items, patterns or kinds
    #[arg(value_name = "ITEM|PATTERN", required_unless_present = "list", value_parser = item)]
    pub(crate) items: Vec<String>,
    /// List the patterns, and which changes each one hides
    #[arg(long, conflicts_with = "items")]
    pub(crate) list: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UnignoreArgs {
    /// Patterns, as they stand in .bktignore
    #[arg(value_name = "PATTERN", required = true)]
    pub(crate) patterns: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LogArgs {
    /// The number of a run
    #[arg(value_name = "N")]
    pub(crate) run: Option<u64>,
}
