// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt changelog`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use bkt_core::changelog::{Category, Kind};
use clap::Subcommand;

#[derive(Debug, clap::Args)]
pub(crate) struct ChangelogArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ChangelogCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChangelogCommand {
    /// List versions, newest first, and what is pending
    List(ChangelogList),
    /// Show what changed in a version
    Show(ChangelogShow),
    /// List entries that are in no version yet
    Pending,
    /// Add an entry
    Add(ChangelogAdd),
    /// Draft entries of what is not committed in the setup
    Draft,
    /// Change an entry
    Edit(ChangelogEdit),
    /// Mark entries as ready for a release
    Ready(ChangelogNames),
    /// Remove entries
    Remove(ChangelogNames),
    /// Make a version of the entries that are pending
    Release(ChangelogRelease),
    /// Note which image was built from a version
    Built(ChangelogBuilt),
    /// Show what going back to an image would lose
    Lost(ChangelogLost),
    /// Check that entries can be released; for hooks and CI
    Validate,
}

#[derive(Debug, Default, clap::Args)]
pub(crate) struct ChangelogList {
    /// How many versions
    #[arg(short, long, value_name = "N", default_value_t = 10)]
    pub(crate) count: usize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ChangelogShow {
    /// Which [default: the newest]
    #[arg(value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// All of them
    #[arg(long, conflicts_with = "version")]
    pub(crate) all: bool,
    /// How many, from the newest
    #[arg(short, long, value_name = "N", default_value_t = 1, conflicts_with_all = ["version", "all"])]
    pub(crate) count: usize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ChangelogAdd {
    /// One line that says what changed
    #[arg(value_name = "MESSAGE")]
    pub(crate) message: String,
    /// What kind of change: added, changed, removed, fixed, security or deprecated
    #[arg(short = 't', long = "type", value_name = "TYPE", default_value = "changed")]
    pub(crate) kind: Kind,
    /// What it is about: flatpak, package, extension, gsetting, system, …
    #[arg(short, long, value_name = "CATEGORY", default_value = "other")]
    pub(crate) category: Category,
    /// The pull request it comes with
    #[arg(long, value_name = "NUMBER")]
    pub(crate) number: Option<u32>,
    /// It is not ready for a release
    #[arg(long)]
    pub(crate) draft: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ChangelogEdit {
    /// Which, by its name or how that begins
    #[arg(value_name = "ENTRY")]
    pub(crate) entry: String,
    /// What it is to say
    #[arg(short, long, value_name = "MESSAGE")]
    pub(crate) message: Option<String>,
    /// What kind of change it is
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<Kind>,
    /// What it is about
    #[arg(short, long, value_name = "CATEGORY")]
    pub(crate) category: Option<Category>,
    /// The pull request it comes with
    #[arg(long, value_name = "NUMBER")]
    pub(crate) number: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ChangelogNames {
    /// Which, by their names or how those begin
    #[arg(value_name = "ENTRY", required_unless_present = "all")]
    pub(crate) entries: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with = "entries")]
    pub(crate) all: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ChangelogRelease {
    /// Its name [default: the day and a number, 2026.11.23.1]
    #[arg(value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// Leave CHANGELOG.md alone
    #[arg(long)]
    pub(crate) no_update: bool,
    /// Commit it and make a tag; nothing is pushed
    #[arg(long)]
    pub(crate) tag: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ChangelogBuilt {
    /// Which version
    #[arg(value_name = "VERSION")]
    pub(crate) version: String,
    /// The image's digest, sha256:…
    #[arg(value_name = "DIGEST", value_parser = digest)]
    pub(crate) digest: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ChangelogLost {
    /// The image's digest [default: the one a rollback would start]
    #[arg(value_name = "DIGEST", value_parser = digest)]
    pub(crate) digest: Option<String>,
}

fn digest(word: &str) -> Result<String, String> {
    let hex = word.strip_prefix("sha256:").filter(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    hex.map(|_| word.to_owned()).ok_or_else(|| "sha256: and 64 digits".to_owned())
}
