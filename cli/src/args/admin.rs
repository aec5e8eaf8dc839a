// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt admin`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything; each type is one command's arguments.

use clap::Subcommand;

use super::system::SystemDiff;

#[derive(Debug, clap::Args)]
pub(crate) struct AdminArgs {
    #[command(subcommand)]
    pub(crate) command: AdminCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Kernel arguments: which run, which come after a restart, and whose they are
    #[command(after_long_help = "Examples:\n  bkt admin kargs list\n  bkt admin kargs append zswap.enabled=1\n  \
        bkt admin kargs append console=tty0 console=ttyS0,115200n8\n  bkt admin kargs remove quiet --setup-only\n\n\
        An argument is the whole word: console=tty0 and console=ttyS0 are two. What the image\n\
        provides is removed in the recipe, never on one computer. An image without rpm-ostree\n\
        needs bootc 1.15.2 and libostree 2026.1 for arguments of one computer, and there only\n\
        what Bucket added can be removed.")]
    Kargs {
        #[command(subcommand)]
        command: KargsCommand,
    },
    /// Services of the image: what the recipe enables, disables and masks
    #[command(after_long_help = "Examples:\n  bkt admin systemd list\n  bkt admin systemd enable docker.socket\n  \
        bkt admin systemd unset docker.socket\n\n\
        Writes manifests/system-config.json and the recipe; takes effect with the next image.\n\
        For this computer, now: bkt admin systemctl")]
    Systemd {
        #[command(subcommand)]
        command: SystemdCommand,
    },
    /// Services of this computer, now
    #[command(
        after_long_help = "Examples:\n  bkt admin systemctl status tuned\n  bkt admin systemctl restart tuned\n  \
        bkt admin systemctl enable tuned --now\n  bkt admin systemctl mask tuned --here-only\n\n\
        enable, disable, mask and unmask also write the setup, into the manifest that says\n\
        something of the unit, else into manifests/systemd-services.json."
    )]
    Systemctl {
        #[command(subcommand)]
        command: SystemctlCommand,
    },
    /// Versions of the system: a newer one, another image, the one before
    #[command(after_long_help = "Examples:\n  bkt admin bootc status\n  bkt admin bootc upgrade --check\n  \
        bkt admin bootc upgrade\n  bkt admin bootc switch ghcr.io/you/image:latest\n  bkt admin bootc rollback\n\n\
        Takes effect with the next start; nothing restarts by itself. Where packages are\n\
        layered or an ostree remote is followed, rpm-ostree does it.")]
    Bootc {
        #[command(subcommand)]
        command: BootcCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KargsCommand {
    /// List every argument
    List,
    /// Show where arguments are and whose they are
    Show(NamesArgs),
    /// Add arguments, in the setup and for the next start
    #[command(visible_alias = "add")]
    Append(TwoSidesArgs),
    /// Take arguments out
    Remove(TwoSidesArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SystemdCommand {
    /// List what both manifests say of services, and what is here
    List,
    /// Let the image enable services
    Enable(NamesArgs),
    /// Let the image disable services
    Disable(NamesArgs),
    /// Let the image mask services
    Mask(NamesArgs),
    /// No longer let the image mask services
    Unmask(NamesArgs),
    /// Say nothing of services any longer
    Unset(NamesArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SystemctlCommand {
    /// Show what services do
    Status(NamesArgs),
    /// Start services
    Start(NamesArgs),
    /// Stop services
    Stop(NamesArgs),
    /// Stop services that run, and start them
    Restart(NamesArgs),
    /// Let services start by themselves
    Enable(UnitsArgs),
    /// Let services no longer start by themselves
    Disable(UnitsArgs),
    /// Make it impossible to start services
    Mask(UnitsArgs),
    /// Make it possible again
    Unmask(UnitsArgs),
    /// Let systemd read all unit files again
    DaemonReload,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BootcCommand {
    /// Show the versions of the system on this computer
    Status,
    /// List the packages that differ between two versions
    Diff(SystemDiff),
    /// Prepare the newest version of the system for the next start
    #[command(visible_alias = "update")]
    Upgrade(UpgradeArgs),
    /// Follow another image from the next start on
    Switch(SwitchArgs),
    /// Let the next start use the version before this one
    Rollback,
    /// Take out what rpm-ostree layered on the image, replaced or removed in it
    Reset,
}

/// A newer version of the system.
#[derive(Debug, clap::Args)]
pub(crate) struct UpgradeArgs {
    /// Only say whether there is one
    #[arg(long)]
    pub(crate) check: bool,
}

/// Another image.
#[derive(Debug, clap::Args)]
pub(crate) struct SwitchArgs {
    /// Which, as ghcr.io/you/image:tag or containers-storage:localhost/image
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// The same once more, instead of typing it when asked
    #[arg(long, value_name = "IMAGE")]
    pub(crate) confirm_image: Option<String>,
}

/// Things by name.
#[derive(Debug, clap::Args)]
pub(crate) struct NamesArgs {
    /// Which
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
}

/// Things by name, on both sides or one.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct TwoSidesArgs {
    /// Which
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
    /// Write the setup, leave this computer as it is
    #[arg(long, visible_alias = "manifest-only")]
    pub(crate) setup_only: bool,
    /// Change this computer, leave the setup as it is
    #[arg(long, visible_alias = "local", conflicts_with = "setup_only")]
    pub(crate) here_only: bool,
}

impl TwoSidesArgs {
    /// The same, or for the setup alone.
    pub(crate) fn of(&self, setup_only: bool) -> Self {
        Self { setup_only: self.setup_only || setup_only, ..self.clone() }
    }
}

/// Services of this computer.
#[derive(Debug, clap::Args)]
pub(crate) struct UnitsArgs {
    #[command(flatten)]
    pub(crate) sides: TwoSidesArgs,
    /// Also start what is enabled, stop what is disabled or masked
    #[arg(long, conflicts_with = "setup_only")]
    pub(crate) now: bool,
}
