// SPDX-License-Identifier: GPL-3.0-or-later
//! The arguments of `bkt init`.
//!
//! Invariant: an image is checked by its name before anything is looked at.

use std::path::PathBuf;

use bkt_core::name::SystemImage;

/// Where the setup is to be or is, and what a new one builds on.
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// The new folder, one with a setup or a recipe, or the address of a repository [default: ~/setup]
    #[arg(value_name = "FOLDER|URL", value_hint = clap::ValueHint::DirPath)]
    pub(crate) place: Option<String>,
    /// Where to clone a URL to [default: ~/setup]
    #[arg(value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    pub(crate) into: Option<PathBuf>,
    /// Build on IMAGE instead of the one this computer runs
    #[arg(long, value_name = "IMAGE")]
    pub(crate) base: Option<SystemImage>,
    /// Also take what looks private; a repository is often public, and remembers
    #[arg(long)]
    pub(crate) include_private: bool,
}
