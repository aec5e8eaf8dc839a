// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt build-info`. The comments here are what `--help` says.
//!
//! Invariant: nothing here decides anything.

#[derive(Debug, clap::Args)]
pub(crate) struct BuildInfoArgs {
    /// Commits of the setup, OLD..NEW, or OLD alone for OLD..HEAD [default: as with --booted where the image that runs has
    /// a setup, else the last commit]
    #[arg(value_name = "OLD..NEW", value_parser = range)]
    pub(crate) range: Option<String>,
    /// From the commit the image that runs was built from, with what is not committed
    #[arg(long, conflicts_with = "range")]
    pub(crate) booted: bool,
    /// From the commit this image was built from, by its annotation or label: as podman has it, else as its registry does
    #[arg(long, value_name = "IMAGE", conflicts_with_all = ["range", "booted"])]
    pub(crate) image: Option<String>,
    /// Print annotations for the image that is built from NEW, one KEY=VALUE a line
    #[arg(long)]
    pub(crate) annotations: bool,
}

/// Refuses the commands the older tool had here, so that they are answered by what replaces them.
fn range(word: &str) -> Result<String, &'static str> {
    match word {
        "generate" | "render" | "summary" => Err("no commits"),
        word => Ok(word.to_owned()),
    }
}
