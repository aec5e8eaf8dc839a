// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt dnf`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

use super::copr::CoprCommand;
use super::sides::{ShowArgs, ThingsArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum DnfCommand {
    /// Add packages, or groups of them for the image, as @GROUP
    #[command(visible_alias = "add")]
    Install(ThingsArgs),
    /// Take packages out, or groups of them
    Remove(ThingsArgs),
    /// The older spelling of ‘bkt copr’
    Copr {
        #[command(subcommand)]
        command: CoprCommand,
    },
    /// List what the setup has and what was added here
    List,
    /// Show both sides of packages
    Show(ShowArgs),
    /// Show how packages and COPR projects differ from the setup
    Diff,
    /// Install what the setup asks for and is not here; removes nothing
    Sync(SyncNow),
    /// Search the repositories, as dnf does
    Search {
        /// What to search for
        #[arg(value_name = "WORD", required = true)]
        words: Vec<String>,
    },
    /// Tell what dnf knows of packages
    Info {
        /// Which
        #[arg(value_name = "NAME", required = true)]
        words: Vec<String>,
    },
    /// Tell which packages have a file or a feature
    #[command(visible_alias = "whatprovides")]
    Provides {
        /// A file or a feature
        #[arg(value_name = "WHAT", required = true)]
        words: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct SyncNow {
    /// On an image-based computer: have it at once, until the next restart
    #[arg(long)]
    pub(crate) now: bool,
}
