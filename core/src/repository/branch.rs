// SPDX-License-Identifier: GPL-3.0-or-later
//! A branch with chosen entries, pushed.
//!
//! Invariant: a branch that is there, here or at the remote, is never written over; what fails leaves no branch.

use std::path::Path;

use super::commit::{Loose, Request, Worktree};
use super::remote::Way;
use super::{Repository, RepositoryError, reason, slug};
use crate::host::last_words;

/// A branch that was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// Its name.
    pub branch: String,
    /// The commit it ends in.
    pub commit: String,
    /// The files that differ, from the top of the repository.
    pub files: Vec<String>,
}

/// How many branches of the same name are tried.
const TRIES: u32 = 50;

/// What the other side itself said, which is more than git makes of it.
fn refusal(said: &str) -> Option<String> {
    let mut remote = said.lines().filter_map(|line| line.strip_prefix("remote: ")).map(str::trim);
    remote.rfind(|line| !line.is_empty()).map(last_words)
}

impl Repository<'_> {
    /// Commits chosen entries on a new branch and pushes that.
    ///
    /// # Errors
    /// Something is in progress, a hook refuses, git fails, or the remote refuses or cannot be reached. Nothing has
    /// changed then.
    pub fn push_new(&self, request: Request<'_>, way: &Way) -> Result<Pushed, RepositoryError> {
        let made = self.commit_loose(request)?;
        self.publish(made, request.message, way)
    }

    /// The same for changes that `edit` makes to the setup as it was committed, which the person's folder does not get.
    /// It is given the top of a worktree and the setup in it, and says the commit's message.
    ///
    /// # Errors
    /// As [`Repository::push_new`], and those of `edit`.
    pub fn push_edited<E: From<RepositoryError>>(
        &self,
        head: Option<&str>,
        way: &Way,
        edit: impl FnOnce(&Path, &Path) -> Result<String, E>,
    ) -> Result<Pushed, E> {
        let head = head.ok_or(RepositoryError::Unborn)?;
        let tree = Worktree::at(self, Some(head))?;
        let message = edit(&tree.top, &self.setup_in(&tree.top))?;
        let made = tree.record(self, &message)?;
        drop(tree);
        Ok(self.publish(made, &message, way)?)
    }

    fn publish(&self, made: Loose, message: &str, way: &Way) -> Result<Pushed, RepositoryError> {
        let title = message.lines().next().unwrap_or_default();
        for n in 1..=TRIES {
            let branch = slug::branch(title, n);
            if self.run_in(self.top, ["branch", "--no-track", &branch, &made.commit])?.status != 0 {
                let exists = self.ask(["rev-parse", "--verify", "--quiet", &format!("refs/heads/{branch}")])?;
                if exists.is_some() {
                    continue;
                }
                // `bkt` may be a branch itself, and the like.
                self.git(["branch", "--no-track", &branch, &made.commit])?;
            }
            match self.push(&branch, way) {
                Ok(true) => return Ok(Pushed { branch, commit: made.commit, files: made.files }),
                Ok(false) => self.forget(&branch),
                Err(error) => {
                    self.forget(&branch);
                    return Err(error);
                }
            }
        }
        Err(RepositoryError::Git { command: "branch".to_owned(), reason: slug::branch(title, TRIES) })
    }

    /// Pushes a branch the remote does not have; whether it did not have it.
    fn push(&self, branch: &str, way: &Way) -> Result<bool, RepositoryError> {
        let reference = format!("refs/heads/{branch}");
        // An empty expectation: the branch must not be there.
        let lease = format!("--force-with-lease={reference}:");
        let same = format!("{reference}:{reference}");
        let args = ["push", "--porcelain", "--set-upstream", &lease, &way.push, &same];
        let output = self.run_in(self.top, args)?;
        if output.status == 0 {
            return Ok(true);
        }
        if output.stdout.contains("(stale info)") {
            return Ok(false);
        }
        Err(RepositoryError::Remote {
            remote: way.push.clone(),
            reason: refusal(&output.stderr).unwrap_or_else(|| reason(&output)),
        })
    }

    fn forget(&self, branch: &str) {
        let _ = self.ask(["branch", "--quiet", "-D", branch]);
    }
}
