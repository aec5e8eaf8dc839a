// SPDX-License-Identifier: GPL-3.0-or-later
//! Stands in for `bootc` 1.16.9 in lab hosts, over the real ostree state of the host.
//!
//! Follows the outputs recorded in core/fixtures/bootc and, where nothing is recorded, bootc's own
//! documents (bootc(8), docs/src/host-v1.schema.json, progress-v0.schema.json). What it cannot do it
//! refuses by name; it never pretends.

mod commands;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

#[derive(Debug, Parser)]
#[command(name = "bootc", version = "1.16.9", about = "Lab stand-in for bootc, over real ostree state")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Display status
    Status {
        #[arg(long)]
        format: Option<Format>,
        #[arg(long, hide = true, conflicts_with = "format")]
        json: bool,
        #[arg(long, value_parser = clap::value_parser!(u8).range(0..=1))]
        format_version: Option<u8>,
        #[arg(long)]
        booted: bool,
        #[arg(long, short)]
        verbose: bool,
    },
    /// Download and queue an updated container image to apply
    #[command(alias = "update")]
    Upgrade(commands::Upgrade),
    /// Target a new container image reference to boot
    Switch(commands::Switch),
    /// Change the bootloader entry ordering
    Rollback {
        #[arg(long)]
        apply: bool,
    },
    /// Add a transient writable overlayfs on /usr
    #[command(alias = "usroverlay")]
    UsrOverlay {
        #[arg(long)]
        read_only: bool,
    },
    /// Kernel arguments owned by a named source
    LoaderEntries {
        #[command(subcommand)]
        command: LoaderEntries,
    },
    /// Operations on container images
    Container {
        #[command(subcommand)]
        command: Container,
    },
    /// Part of the lab: names each source's arguments in the boot entries, at shutdown
    #[command(hide = true)]
    LabRecordSources,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Yaml,
    #[value(name = "humanreadable")]
    Human,
}

#[derive(Debug, Subcommand)]
enum LoaderEntries {
    /// Replaces the whole set of arguments of one source
    SetOptionsForSource {
        #[arg(long)]
        source: String,
        #[arg(long)]
        options: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum Container {
    /// What the image asks for
    Inspect {
        #[arg(long)]
        json: bool,
        /// Part of the lab: another directory than the running system's
        #[arg(long, hide = true, default_value = bkt_standins::kargs_d::DIR)]
        kargs_dir: PathBuf,
    },
    /// Looks for what a container image should not have
    Lint {
        #[arg(long, default_value = "/")]
        rootfs: PathBuf,
        #[arg(long)]
        fatal_warnings: bool,
        #[arg(long)]
        skip: Vec<String>,
        #[arg(long)]
        list: bool,
        #[arg(long)]
        no_truncate: bool,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Status { format, json, booted, .. } => {
            let format = if json { Some(Format::Json) } else { format };
            commands::status(format, booted).map_err(|error| error.context("Status"))
        }
        Command::Upgrade(options) => options.run().map_err(|error| error.context("Upgrading")),
        Command::Switch(options) => options.run().map_err(|error| error.context("Switching")),
        Command::Rollback { apply } => commands::rollback(apply).map_err(|error| error.context("Rollback")),
        Command::UsrOverlay { read_only } => commands::usr_overlay(read_only),
        Command::LoaderEntries { command: LoaderEntries::SetOptionsForSource { source, options } } => {
            commands::set_options_for_source(&source, options.as_deref())
        }
        Command::Container { command: Container::Inspect { kargs_dir, .. } } => commands::inspect(&kargs_dir),
        Command::Container { command: Container::Lint { rootfs, fatal_warnings, skip, list, .. } } => {
            commands::lint(&rootfs, &skip, fatal_warnings, list).map_err(|error| error.context("Linting"))
        }
        Command::LabRecordSources => commands::record_sources(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
