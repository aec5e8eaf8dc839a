// SPDX-License-Identifier: GPL-3.0-or-later
//! How a repository stands: branch, commits to push and to pull, files that differ, what is in progress.
//!
//! Source of the format: git-status(1), “Porcelain Format Version 2” with `-z`.
//!
//! Invariant: only reads, and takes no lock of the repository.

use std::path::Path;

use super::{Repository, RepositoryError, Tools};
use crate::host::Host;

/// How a repository stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The branch, where one is checked out.
    pub branch: Option<String>,
    /// The commit; `None` before the first.
    pub head: Option<String>,
    /// The branch it follows.
    pub upstream: Option<String>,
    /// Commits to push.
    pub ahead: u32,
    /// Commits to pull, as of the last fetch.
    pub behind: u32,
    /// Files that differ from the commit.
    pub files: Vec<File>,
}

/// A file that differs from the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path from the top of the repository.
    pub path: String,
    /// How it differs.
    pub kind: Kind,
    /// Whether the index has something else than the commit.
    pub staged: bool,
}

/// How a file differs from the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is not in the commit.
    New,
    /// It says something else.
    Changed,
    /// It is gone.
    Gone,
    /// A merge left it undecided.
    Unmerged,
}

/// What git has begun and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `git merge`.
    Merge,
    /// `git rebase`.
    Rebase,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert`.
    Revert,
    /// `git am`.
    Mailbox,
}

impl Operation {
    /// Each with the file or folder of git's that is there meanwhile.
    const SIGNS: [(Self, &'static str); 6] = [
        (Self::Merge, "MERGE_HEAD"),
        (Self::Mailbox, "rebase-apply/applying"),
        (Self::Rebase, "rebase-merge"),
        (Self::Rebase, "rebase-apply"),
        (Self::CherryPick, "CHERRY_PICK_HEAD"),
        (Self::Revert, "REVERT_HEAD"),
    ];

    /// git's name for it.
    #[must_use]
    pub const fn command(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Rebase => "rebase",
            Self::CherryPick => "cherry-pick",
            Self::Revert => "revert",
            Self::Mailbox => "am",
        }
    }

    /// What it is called in a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Merge => "a merge",
            Self::Rebase => "a rebase",
            Self::CherryPick => "a cherry-pick",
            Self::Revert => "a revert",
            Self::Mailbox => "applying patches",
        }
    }
}

/// What git is asked. Renames are told as one file gone and one new, which is what they are for an entry.
const ARGS: [&str; 8] = [
    "--no-optional-locks",
    "status",
    "--porcelain=v2",
    "--branch",
    "-z",
    "--untracked-files=all",
    "--no-renames",
    "--ignore-submodules=dirty",
];

/// How the repository around a setup stands, asked at once; `None` where there is none, or no git.
#[must_use]
pub fn look(host: &dyn Host, tools: &Tools, setup: &Path) -> Option<Status> {
    let args = ["-C", setup.to_str()?].into_iter().chain(ARGS);
    Some(parse(&host.run(&tools.invocation("git", args)).ok()?.success("git").ok()?))
}

impl Repository<'_> {
    /// How the repository stands.
    ///
    /// # Errors
    /// git fails.
    pub fn status(&self) -> Result<Status, RepositoryError> {
        Ok(parse(&self.git(ARGS)?))
    }

    /// What is in progress.
    ///
    /// # Errors
    /// git fails.
    pub fn operation(&self) -> Result<Option<Operation>, RepositoryError> {
        let names = Operation::SIGNS.iter().flat_map(|(_, sign)| ["--git-path", sign]);
        let paths = self.git(["rev-parse", "--path-format=absolute"].into_iter().chain(names))?;
        let mut signs = Operation::SIGNS.into_iter().zip(paths.lines());
        Ok(signs.find(|(_, path)| Path::new(path).exists()).map(|((operation, _), _)| operation))
    }
}

/// Reads what git says with `--porcelain=v2 --branch -z`.
#[must_use]
pub fn parse(text: &str) -> Status {
    let mut status = Status::default();
    for record in text.split('\0').filter(|record| !record.is_empty()) {
        match record.strip_prefix("# branch.").and_then(|header| header.split_once(' ')) {
            Some(("head", "(detached)") | ("oid", "(initial)")) => {}
            Some(("head", branch)) => status.branch = Some(branch.to_owned()),
            Some(("oid", commit)) => status.head = Some(commit.to_owned()),
            Some(("upstream", branch)) => status.upstream = Some(branch.to_owned()),
            Some(("ab", counts)) => {
                let mut counts = counts.split(' ').map(|count| count.trim_start_matches(['+', '-']).parse());
                status.ahead = counts.next().and_then(Result::ok).unwrap_or(0);
                status.behind = counts.next().and_then(Result::ok).unwrap_or(0);
            }
            Some(_) => {}
            None => status.files.extend(file(record)),
        }
    }
    status
}

fn file(record: &str) -> Option<File> {
    let (sign, rest) = record.split_once(' ')?;
    if sign == "?" {
        return Some(File { path: rest.to_owned(), kind: Kind::New, staged: false });
    }
    let (states, rest) = rest.split_once(' ')?;
    let fields = match sign {
        "1" => 6,
        "u" => 8,
        _ => return None,
    };
    let path = rest.splitn(fields + 1, ' ').nth(fields)?.to_owned();
    let staged = !states.starts_with('.');
    let kind = match (sign, states.as_bytes()) {
        ("u", _) => Kind::Unmerged,
        // What was added to the index and deleted again is as in the commit.
        (_, b"AD") => return None,
        (_, [_, b'D'] | [b'D', b'.']) => Kind::Gone,
        (_, [b'A', _]) => Kind::New,
        _ => Kind::Changed,
    };
    Some(File { path, kind, staged })
}
