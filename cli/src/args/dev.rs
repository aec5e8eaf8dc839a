// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt dev`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use bkt_core::name::{BoxName, CoprProject, PackageName};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum DevCommand {
    /// Install packages in the container and write them to the setup
    #[command(visible_alias = "add")]
    Install(DevDo),
    /// Remove packages from the container and take them out of the setup
    Remove(DevDo),
    /// List what the setup says; looks into no container
    List,
    /// Show both sides of packages
    Show(DevShow),
    /// Show what the setup says, and what of it is installed
    Status(DevLook),
    /// Show only what differs: what is missing, and what was installed beside it
    Diff(DevLook),
    /// Install what is missing; what was installed beside it stays
    Sync(BoxOption),
    /// Write what was installed beside it to the setup
    Capture(BoxOption),
    /// Turn COPR projects on and off
    Copr {
        #[command(subcommand)]
        command: DevCopr,
    },
    /// Open a shell in the container
    Enter(BoxOption),
}

impl DevCommand {
    /// The container that is named.
    pub(crate) fn container(&self) -> Option<&BoxName> {
        let option = match self {
            Self::Install(args) | Self::Remove(args) => &args.sides.container,
            Self::Copr { command: DevCopr::Enable(args) | DevCopr::Disable(args) } => &args.sides.container,
            Self::Show(args) => &args.container,
            Self::Status(args) | Self::Diff(args) => &args.container,
            Self::Sync(option) | Self::Capture(option) | Self::Enter(option) => option,
            Self::List | Self::Copr { command: DevCopr::List } => return None,
        };
        option.name.as_ref()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum DevCopr {
    /// Turn a project on
    Enable(DevProject),
    /// Turn a project off
    Disable(DevProject),
    /// List the projects of the setup
    List,
}

/// Which container.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct BoxOption {
    /// The container [default: the one this runs in, else the usual toolbox]
    #[arg(short = 'b', long = "box", visible_alias = "name", value_name = "NAME")]
    pub(crate) name: Option<BoxName>,
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DevSides {
    #[command(flatten)]
    pub(crate) container: BoxOption,
    /// Write the setup, leave the container as it is
    #[arg(long, visible_alias = "manifest-only")]
    pub(crate) setup_only: bool,
    /// Change the container, leave the setup as it is
    #[arg(long, visible_alias = "local", conflicts_with = "setup_only")]
    pub(crate) here_only: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DevDo {
    /// Which
    #[arg(value_name = "PACKAGE", required = true)]
    pub(crate) packages: Vec<PackageName>,
    #[command(flatten)]
    pub(crate) sides: DevSides,
    /// The older way to skip a check; dnf itself says what it does not know
    #[arg(long, hide = true)]
    pub(crate) force: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DevShow {
    /// Which
    #[arg(value_name = "PACKAGE", required = true)]
    pub(crate) packages: Vec<PackageName>,
    #[command(flatten)]
    pub(crate) container: BoxOption,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DevProject {
    /// OWNER/PROJECT
    #[arg(value_name = "PROJECT")]
    pub(crate) project: CoprProject,
    #[command(flatten)]
    pub(crate) sides: DevSides,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DevLook {
    #[command(flatten)]
    pub(crate) container: BoxOption,
    /// Exit with 3 when there are differences
    #[arg(long)]
    pub(crate) exit_code: bool,
}
