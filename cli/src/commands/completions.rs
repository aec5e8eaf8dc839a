// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt completions SHELL`: what packages install, for people who build from source.
//!
//! Invariant: made from the same grammar that parses the arguments.

use clap::CommandFactory;
use serde_json::json;

use crate::args::{Args, CompletionsArgs};
use crate::error::{Answer, Failure, exit};

/// The completion script.
pub(super) fn completions(args: &CompletionsArgs) -> Result<Answer, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "bkt", &mut script);
    let script =
        String::from_utf8(script).map_err(|error| Failure::new(exit::FAILED, "internal", error.to_string()))?;
    let document = json!({
        "format": "bkt.completions",
        "format_version": "1.0",
        "shell": args.shell.to_string(),
        "script": script,
    });
    Ok(Answer::new(script, document))
}
