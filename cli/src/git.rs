// SPDX-License-Identifier: GPL-3.0-or-later
//! The setup as a git repository: branch, what is not committed, what is not pushed.
//!
//! Invariant: only reads, takes no lock of the repository, and tells nothing where git cannot.

use std::path::Path;

use bkt_core::host::live::LiveHost;
use bkt_core::host::{Host, Invocation, NoSettings};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// How a repository stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Repository {
    /// The branch, where one is checked out.
    pub(crate) branch: Option<String>,
    /// The commit.
    pub(crate) head: Option<String>,
    /// Files that differ from it.
    pub(crate) uncommitted: usize,
    /// Commits to push.
    pub(crate) ahead: u32,
    /// Commits to pull, as of the last fetch.
    pub(crate) behind: u32,
}

/// Asks git; `None` where it is missing or this is no repository.
pub(crate) fn look(setup: &Path) -> Option<Repository> {
    // The setup is always on the running computer, also with --root.
    let host = LiveHost::of_user(None, Arc::new(NoSettings));
    let args = ["--no-optional-locks", "-C", setup.to_str()?, "status", "--porcelain=v2", "--branch"];
    let output = host.run(&Invocation::new("git", args)).ok()?;
    Some(parse(&output.success("git").ok()?))
}

fn parse(text: &str) -> Repository {
    let mut repository = Repository::default();
    for line in text.lines() {
        match line.strip_prefix("# branch.").and_then(|header| header.split_once(' ')) {
            Some(("head", "(detached)")) | Some(("oid", "(initial)")) => {}
            Some(("head", branch)) => repository.branch = Some(branch.to_owned()),
            Some(("oid", commit)) => repository.head = Some(commit.to_owned()),
            Some(("ab", counts)) => {
                let mut counts = counts.split(' ').map(|count| count.trim_start_matches(['+', '-']).parse());
                repository.ahead = counts.next().and_then(Result::ok).unwrap_or(0);
                repository.behind = counts.next().and_then(Result::ok).unwrap_or(0);
            }
            Some(_) => {}
            None if line.starts_with('#') => {}
            None => repository.uncommitted += 1,
        }
    }
    repository
}

impl From<&Repository> for Json {
    fn from(repository: &Repository) -> Self {
        json!({
            "branch": repository.branch,
            "head": repository.head,
            "uncommitted": repository.uncommitted,
            "ahead": repository.ahead,
            "behind": repository.behind,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_files_are_counted() {
        let text = "# branch.oid 6be5bbf\n# branch.head main\n# branch.upstream origin/main\n# branch.ab +1 -2\n\
                    1 .M N... 100644 100644 100644 a a manifests/gsettings.json\n? new.json\n";
        let expected = Repository {
            branch: Some("main".into()),
            head: Some("6be5bbf".into()),
            uncommitted: 2,
            ahead: 1,
            behind: 2,
        };
        assert_eq!(parse(text), expected);
        assert_eq!(parse("# branch.oid (initial)\n# branch.head (detached)\n"), Repository::default());
    }
}
