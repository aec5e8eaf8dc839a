// SPDX-License-Identifier: GPL-3.0-or-later
//! The setup as a git repository: how it stands, what of it is not committed, item by item, and the ways from there
//! to a commit or a pull request.
//!
//! Everything is done by the person's own `git` and `gh`, so that their hooks, signatures, credentials and
//! configuration count. Commits are made in a worktree of their own: the folder the person works in keeps its branch,
//! its index and its files whatever fails.
//!
//! Invariant: nothing is committed that was not chosen, and no file in the person's folder is written but by
//! [`pull`].

pub mod begin;
pub mod between;
pub mod branch;
pub mod commit;
pub mod entry;
pub mod forge;
pub mod pull;
pub mod remote;
mod slug;
pub mod status;

#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};

use crate::host::{Host, HostError, Invocation, Output, last_words};
use crate::i18n::{fill, gettext};
use crate::problem::Problem;

pub use entry::Entry;
pub use status::{Operation, Status};

/// Why something could not be done with the repository.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The setup is in no git repository.
    #[error("{path} is not in a git repository", path = .0.display())]
    NotThere(PathBuf),
    /// git could not be asked.
    #[error(transparent)]
    Host(#[from] HostError),
    /// git refused.
    #[error("git {command} failed: {reason}")]
    Git {
        /// What it was asked for.
        command: String,
        /// Its last words.
        reason: String,
    },
    /// A hook of the person's refused the commit, with the lines it said.
    #[error("a hook of this repository refused the commit:{}", below(.0))]
    Hook(Vec<String>),
    /// A merge, a rebase or the like is not finished.
    #[error("{} is in progress in the setup", .0.name())]
    Busy(Operation),
    /// A word names no commit.
    #[error("‘{0}’ names no commit of the setup")]
    NoCommit(String),
    /// There is no commit yet.
    #[error("the setup has no commit yet")]
    Unborn,
    /// git does not know in whose name to commit.
    #[error("git does not know your name and address, which every commit has")]
    Nameless,
    /// No branch is checked out.
    #[error("no branch is checked out in the setup")]
    Detached,
    /// Nothing that was chosen differs from the last commit.
    #[error("nothing to commit")]
    Nothing,
    /// Some of a file was chosen, and it cannot be taken apart.
    #[error("{0} cannot be committed in parts")]
    Inseparable(String),
    /// A file is not what it was when the entries were shown.
    #[error("{0} changed meanwhile")]
    Changed(String),
    /// There is no remote to push to.
    #[error("the setup has no remote to push to")]
    NoRemote,
    /// A remote could not be reached, or refused.
    #[error("{remote} refused or could not be reached: {reason}")]
    Remote {
        /// Which.
        remote: String,
        /// The last words.
        reason: String,
    },
    /// Commits here and there that the other side does not have.
    #[error("{branch} and {upstream} have both moved on")]
    Diverged {
        /// The branch here.
        branch: String,
        /// The one it follows.
        upstream: String,
    },
    /// Changed here and there in the same lines.
    #[error("changed here and in what was to be pulled: {}", .0.join(", "))]
    Conflict(Vec<String>),
    /// The branch follows none.
    #[error("{0} follows no branch of a remote")]
    NoUpstream(String),
    /// A file could not be written or read.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A manifest or the recipe cannot be used.
    #[error("{0}")]
    Broken(String),
}

impl RepositoryError {
    /// The stable word for this failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotThere(_) => "no_repository",
            Self::Host(error) => error.code(),
            Self::Git { .. } => "git_failed",
            Self::Hook(_) => "hook_refused",
            Self::Busy(_) => "operation_in_progress",
            Self::NoCommit(_) => "unknown_commit",
            Self::Unborn => "no_commit",
            Self::Nameless => "git_nameless",
            Self::Detached => "no_branch",
            Self::Nothing => "nothing_to_commit",
            Self::Inseparable(_) => "inseparable",
            Self::Changed(_) => "changed_meanwhile",
            Self::NoRemote => "no_remote",
            Self::Remote { .. } => "remote_failed",
            Self::Diverged { .. } => "diverged",
            Self::Conflict(_) => "conflict",
            Self::NoUpstream(_) => "no_upstream",
            Self::File { .. } => "file_unusable",
            Self::Broken(_) => "setup_invalid",
        }
    }

    /// The one next step.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotThere(_) => gettext("Make it one with ‘git init’ there"),
            Self::Busy(operation) => {
                let command = format!("git {} --abort", operation.command());
                fill(&gettext("Finish it, or take it back with ‘{command}’"), &[("command", &command)])
            }
            Self::NoCommit(_) => gettext("‘git log’ lists them"),
            Self::Unborn => gettext("Make the first one with ‘bkt commit’"),
            Self::Nameless => gettext(
                "Say it once with ‘git config --global user.name NAME’ and ‘git config --global user.email ADDRESS’",
            ),
            Self::Detached => gettext("Check one out with ‘git switch’, or make one with ‘git switch -c NAME’"),
            Self::Hook(_) => gettext("Nothing was committed; do what it asks for, and try again"),
            Self::Inseparable(_) => gettext("Choose all of its entries"),
            Self::Changed(_) => gettext("Run the same command again"),
            Self::NoRemote => gettext("Add one with ‘git remote add origin URL’"),
            Self::Remote { .. } => gettext("Nothing was changed; check the connection and that you may push there"),
            Self::Diverged { .. } => gettext("Bring them together with ‘git pull --rebase’"),
            Self::Conflict(_) => {
                gettext("Nothing was changed; commit them first, and bring both together with ‘git pull --rebase’")
            }
            Self::NoUpstream(_) => gettext("Push it with ‘git push -u origin HEAD’"),
            Self::Host(HostError::Missing(_)) => gettext("Install it"),
            _ => return None,
        })
    }
}

impl From<RepositoryError> for Problem {
    fn from(error: RepositoryError) -> Self {
        let mut problem = Self::new(error.code(), error.to_string());
        problem.hint = error.hint();
        problem
    }
}

/// The repository a setup is in.
#[derive(Clone, Copy)]
pub struct Repository<'h> {
    host: &'h dyn Host,
    tools: &'h Tools,
    top: &'h Path,
    prefix: &'h str,
}

impl std::fmt::Debug for Repository<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("top", &self.top).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// How the person's own tools are run.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    /// Their `PATH`: hooks, credential helpers and `gh` may be anywhere in it.
    pub path: Option<String>,
    /// A directory of this person's for worktrees; what is left there by a run that died is cleared by the next.
    pub state: PathBuf,
}

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its work tree.
    pub top: PathBuf,
    /// Where the setup is in it: empty, or ending in `/`.
    pub prefix: String,
}

/// Finds the repository around a setup.
///
/// # Errors
/// git is missing, or there is none.
pub fn find(host: &dyn Host, tools: &Tools, setup: &Path) -> Result<Place, RepositoryError> {
    let args = ["-C", &*setup.to_string_lossy(), "rev-parse", "--show-toplevel", "--show-prefix"];
    let output = host.run(&tools.invocation("git", args))?;
    if output.status != 0 {
        return Err(RepositoryError::NotThere(setup.to_owned()));
    }
    let mut lines = output.stdout.lines();
    let top = lines.next().filter(|top| !top.is_empty()).ok_or_else(|| RepositoryError::NotThere(setup.to_owned()))?;
    Ok(Place { top: PathBuf::from(top), prefix: lines.next().unwrap_or_default().to_owned() })
}

impl Tools {
    fn invocation<'a>(&self, program: &str, args: impl IntoIterator<Item = &'a str>) -> Invocation {
        // No question can be answered here: without this git would ask for a password on the terminal.
        let invocation = Invocation::new(program, args).env("GIT_TERMINAL_PROMPT", "0").env("GH_PROMPT_DISABLED", "1");
        match &self.path {
            Some(path) => invocation.env("PATH", path),
            None => invocation,
        }
    }
}

impl<'h> Repository<'h> {
    /// The repository at a place.
    #[must_use]
    pub fn new(host: &'h dyn Host, tools: &'h Tools, place: &'h Place) -> Self {
        Self { host, tools, top: &place.top, prefix: &place.prefix }
    }

    /// The setup's directory in the work tree.
    #[must_use]
    pub fn setup(&self) -> PathBuf {
        self.setup_in(self.top)
    }

    /// The setup's directory in another work tree of this repository.
    fn setup_in(&self, top: &Path) -> PathBuf {
        // Joining nothing would add a slash.
        if self.prefix.is_empty() { top.to_owned() } else { top.join(self.prefix) }
    }

    fn run_in<'a>(&self, top: &Path, args: impl IntoIterator<Item = &'a str>) -> Result<Output, RepositoryError> {
        let top = top.to_string_lossy();
        let args: Vec<&str> = args.into_iter().collect();
        let args = ["-C", &*top].into_iter().chain(args.iter().copied());
        Ok(self.host.run(&self.tools.invocation("git", args))?)
    }

    /// Runs git, which is expected to succeed.
    fn git_in<'a>(&self, top: &Path, args: impl IntoIterator<Item = &'a str>) -> Result<String, RepositoryError> {
        let args: Vec<&str> = args.into_iter().collect();
        let output = self.run_in(top, args.iter().copied())?;
        if output.status == 0 {
            return Ok(output.stdout);
        }
        Err(RepositoryError::Git { command: command(&args), reason: reason(&output) })
    }

    fn git<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Result<String, RepositoryError> {
        self.git_in(self.top, args)
    }

    /// What git answers where an exit status of 1 means that there is nothing.
    fn ask<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Result<Option<String>, RepositoryError> {
        let output = self.run_in(self.top, args)?;
        Ok((output.status == 0).then(|| output.stdout.trim_end_matches('\n').to_owned()).filter(|it| !it.is_empty()))
    }

    /// What a file of the repository says in a commit; `None` where it has none.
    fn shown(&self, commit: &str, path: &str) -> Result<Option<String>, RepositoryError> {
        let output = self.run_in(self.top, ["cat-file", "blob", &format!("{commit}:{path}")])?;
        Ok((output.status == 0).then_some(output.stdout))
    }
}

/// The subcommand and nothing that follows it.
fn command(args: &[&str]) -> String {
    args.iter().find(|arg| !arg.starts_with('-')).map_or_else(String::new, |arg| (*arg).to_owned())
}

/// How many lines of what a hook says are shown: its last ones, where what is wrong is summed up.
const HOOK_LINES: usize = 20;

/// Why no commit was made: git's own words, or a hook's, of which every line may matter.
fn refused(output: &Output) -> RepositoryError {
    let lines =
        || output.stdout.lines().chain(output.stderr.lines()).map(str::trim_end).filter(|line| !line.is_empty());
    if lines().any(|line| line.starts_with("fatal: ") || line.starts_with("error: ")) {
        return RepositoryError::Git { command: "commit".to_owned(), reason: reason(output) };
    }
    let clean = |line: &str| line.chars().filter(|c| !c.is_control()).take(300).collect::<String>();
    let mut said: Vec<String> = lines().map(clean).collect();
    match said.len() {
        0 | 1 => said = vec![reason(output)],
        count => drop(said.drain(..count.saturating_sub(HOOK_LINES))),
    }
    RepositoryError::Hook(said)
}

/// One line goes on in the sentence, more stand below it.
fn below(lines: &[String]) -> String {
    match lines {
        [line] => format!(" {line}"),
        lines => lines.iter().map(|line| format!("\n    {line}")).collect(),
    }
}

/// What git or gh says went wrong, without the lines that give advice.
fn reason(output: &Output) -> String {
    let said = if output.stderr.trim().is_empty() { &output.stdout } else { &output.stderr };
    let is_said =
        |line: &&str| ["fatal: ", "error: ", "remote: error: ", "! ", " ! "].iter().any(|sign| line.starts_with(sign));
    let first = said.lines().find(is_said).map(|line| line.trim().trim_start_matches("fatal: "));
    let words = last_words(first.unwrap_or(said));
    if words.is_empty() { format!("exit status {}", output.status) } else { words }
}
