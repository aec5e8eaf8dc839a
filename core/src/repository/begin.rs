// SPDX-License-Identifier: GPL-3.0-or-later
//! How a repository comes to be: made of a folder, or cloned from elsewhere.
//!
//! Invariant: what fails leaves behind only the folder it was given, which is the caller's to take away.

use std::path::Path;

use super::{RepositoryError, Tools, command, reason, refused};
use crate::host::{Host, Output};

/// The branch a new repository begins with.
const BRANCH: &str = "main";

fn run(host: &dyn Host, tools: &Tools, args: &[&str], input: Option<&str>) -> Result<Output, RepositoryError> {
    let invocation = tools.invocation("git", args.iter().copied());
    Ok(host.run(&match input {
        Some(text) => invocation.input(text),
        None => invocation,
    })?)
}

fn git(host: &dyn Host, tools: &Tools, args: &[&str]) -> Result<String, RepositoryError> {
    let output = run(host, tools, args, None)?;
    if output.status == 0 {
        return Ok(output.stdout);
    }
    // The folder after -C is no command.
    let args = args.strip_prefix(&["-C"]).and_then(|args| args.get(1..)).unwrap_or(args);
    Err(RepositoryError::Git { command: command(args), reason: reason(&output) })
}

/// Whether git is there and knows whose commits these are.
///
/// # Errors
/// It is not, or does not.
pub fn is_possible(host: &dyn Host, tools: &Tools) -> Result<(), RepositoryError> {
    match run(host, tools, &["var", "GIT_COMMITTER_IDENT"], None)?.status {
        0 => Ok(()),
        _ => Err(RepositoryError::Nameless),
    }
}

/// Clones a repository into an empty folder.
///
/// # Errors
/// It cannot be reached or read.
pub fn clone(host: &dyn Host, tools: &Tools, address: &str, folder: &Path) -> Result<(), RepositoryError> {
    git(host, tools, &["clone", "--quiet", "--", address, &folder.to_string_lossy()]).map(|_| ())
}

/// Makes a folder a repository whose first commit has everything in it, and names that commit.
///
/// # Errors
/// git or a hook refuses.
pub fn begin(host: &dyn Host, tools: &Tools, folder: &Path, message: &str) -> Result<String, RepositoryError> {
    let at = folder.to_string_lossy();
    git(host, tools, &["-C", &at, "init", "--quiet", "--initial-branch", BRANCH])?;
    git(host, tools, &["-C", &at, "add", "--all", "--", "."])?;
    let output = run(host, tools, &["-C", &at, "commit", "--quiet", "--file=-"], Some(message))?;
    if output.status != 0 {
        return Err(refused(&output));
    }
    Ok(git(host, tools, &["-C", &at, "rev-parse", "HEAD"])?.trim_end().to_owned())
}
