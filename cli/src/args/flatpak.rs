// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt flatpak` and `bkt remote`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use std::path::PathBuf;

use bkt_core::value::Scope;
use clap::Subcommand;

use super::sides::{ShowArgs, SideArgs, ThingsArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum FlatpakCommand {
    /// Add apps
    #[command(visible_alias = "install")]
    Add(FlatpakAdd),
    /// Take apps out; their data is kept
    Remove(FlatpakThings),
    /// List what the setup has and what is installed here
    List,
    /// Do what the setup asks for and is not so here; what only this computer has stays
    Sync,
    /// Show both sides of apps
    Show(ShowArgs),
    /// Hold an app at a commit, by default the one that is installed
    Pin(FlatpakPin),
    /// Let apps be updated again
    Unpin(FlatpakThings),
    /// Change what an app may do, with the options of ‘flatpak override’
    #[command(
        after_long_help = "Example:\n  bkt flatpak override org.gnome.Boxes --filesystem=home --unshare=network\n\n\
        Options of bkt itself stand before the app."
    )]
    Override(FlatpakOverride),
    /// Add and remove where apps come from: the same as ‘bkt remote’
    #[command(subcommand)]
    Remote(RemoteCommand),
}

/// For whom, where that is said.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ScopeArgs {
    /// For everyone on this computer
    #[arg(long)]
    pub(crate) system: bool,
    /// For you only
    #[arg(long, conflicts_with = "system")]
    pub(crate) user: bool,
    /// The older spelling of --system and --user
    #[arg(short, long, value_name = "SCOPE", hide = true, value_parser = ["system", "user"], conflicts_with_all = ["system", "user"])]
    pub(crate) scope: Option<String>,
}

impl ScopeArgs {
    /// The scope that was named.
    pub(crate) fn named(&self) -> Option<Scope> {
        match (self.system, self.user, self.scope.as_deref()) {
            (true, ..) | (_, _, Some("system")) => Some(Scope::System),
            (_, true, _) | (_, _, Some(_)) => Some(Scope::User),
            (false, false, None) => None,
        }
    }
}

/// One installation of an app, where there is more than one.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct PlaceArgs {
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// The branch
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FlatpakAdd {
    #[command(flatten)]
    pub(crate) things: ThingsArgs,
    /// The remote they come from
    #[arg(short, long, value_name = "NAME", default_value = "flathub")]
    pub(crate) remote: String,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FlatpakThings {
    #[command(flatten)]
    pub(crate) things: ThingsArgs,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FlatpakPin {
    /// Which
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// The commit, or its beginning
    #[arg(value_name = "COMMIT")]
    pub(crate) commit: Option<String>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    #[command(flatten)]
    pub(crate) sides: SideArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FlatpakOverride {
    /// Take back what was changed before
    #[arg(long)]
    pub(crate) reset: bool,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    #[command(flatten)]
    pub(crate) sides: SideArgs,
    /// Which
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Such as --filesystem=home, --nosocket=x11 or --env=NAME=VALUE
    #[arg(
        value_name = "OPTION",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required_unless_present = "reset"
    )]
    pub(crate) options: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RemoteCommand {
    /// Add a remote, or change the one of that name
    Add(RemoteAdd),
    /// Take remotes out, if nothing came from them
    Remove(RemoteThings),
    /// List what the setup has and what is here
    List,
    /// Show both sides of remotes
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RemoteAdd {
    /// What to call it
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Its .flatpakrepo file, or its repository; not needed for flathub and flathub-beta
    #[arg(value_name = "URL")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// The file with the public key its apps are signed with, for a repository
    #[arg(long, value_name = "FILE")]
    pub(crate) gpg_key: Option<PathBuf>,
    /// Do NOT check signatures: whoever is on the way decides what is installed
    #[arg(long, conflicts_with = "gpg_key")]
    pub(crate) no_gpg_verify: bool,
    #[command(flatten)]
    pub(crate) sides: SideArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RemoteThings {
    #[command(flatten)]
    pub(crate) things: ThingsArgs,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
}
