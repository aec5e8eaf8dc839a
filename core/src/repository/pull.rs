// SPDX-License-Identifier: GPL-3.0-or-later
//! Bringing in what was merged elsewhere, with changes that are not committed here.
//!
//! A manifest that differs here and changed there is merged item by item, the recipe's sections follow, and any other
//! file is merged line by line (git-merge-file(1)); what is equal on both sides, as after a pull request, is not a
//! difference any more. The index and the other files move on by a two-tree merge (git-read-tree(1)), which leaves
//! alone a file whose index entry is the new one already: at no moment is a change that is not committed only in memory.
//!
//! Invariant: either everything is brought in, or every file is as it was.

use std::path::PathBuf;

use super::status::Kind;
use super::{Repository, RepositoryError, Status, entry, reason};
use crate::files;
use crate::manifest::Manifest;
use crate::recipe::file as recipe;
use crate::setup::Setup;

/// What was brought in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulled {
    /// How many commits.
    pub commits: u32,
    /// Files that differed here and were merged.
    pub merged: Vec<String>,
    /// Branches of pull requests that are merged, and were removed here.
    pub done: Vec<String>,
}

/// A file of the person's folder that also changed in what is brought in.
struct Aside {
    path: String,
    at: PathBuf,
    mode: u32,
    becomes: Merged,
}

/// What becomes of a file that changed on both sides.
enum Merged {
    /// Both say the same.
    Equal,
    /// They say this together.
    Text(String),
    /// It is the recipe: this, with the sections that follow from the manifests.
    Follows(String),
    /// They changed the same, or it is no text.
    Conflict,
}

impl Repository<'_> {
    /// Fetches, and moves the branch on to where the one it follows is.
    ///
    /// # Errors
    /// The remote cannot be reached, both sides have moved on, or the same lines changed here and there. Nothing has
    /// changed in the folder then.
    pub fn pull(&self) -> Result<Pulled, RepositoryError> {
        if let Some(operation) = self.operation()? {
            return Err(RepositoryError::Busy(operation));
        }
        let branch = self.status()?.branch.ok_or(RepositoryError::Detached)?;
        let remote = self.ask(["config", "--get", &format!("branch.{branch}.remote")])?;
        let remote = remote.ok_or_else(|| RepositoryError::NoUpstream(branch.clone()))?;
        let output = self.run_in(self.top, ["fetch", "--quiet", "--prune", &remote])?;
        if output.status != 0 {
            return Err(RepositoryError::Remote { remote, reason: reason(&output) });
        }
        let status = self.status()?;
        let upstream = status.upstream.clone().ok_or_else(|| RepositoryError::NoUpstream(branch.clone()))?;
        let mut pulled = Pulled::default();
        if status.behind > 0 {
            if status.ahead > 0 {
                return Err(RepositoryError::Diverged { branch, upstream });
            }
            pulled.merged = self.forward(&status, &upstream)?;
            pulled.commits = status.behind;
        }
        pulled.done = self.clear_done(&branch, &upstream)?;
        Ok(pulled)
    }

    fn forward(&self, status: &Status, upstream: &str) -> Result<Vec<String>, RepositoryError> {
        let there = self.git(["diff", "--name-only", "--no-renames", "-z", "HEAD", upstream])?;
        let there: Vec<&str> = there.split('\0').collect();
        let both: Vec<_> = status.files.iter().filter(|file| there.contains(&file.path.as_str())).collect();
        if let Some(staged) = both.iter().find(|file| file.kind == Kind::Unmerged) {
            return Err(RepositoryError::Conflict(vec![staged.path.clone()]));
        }
        let (mut aside, mut conflicts) = (Vec::new(), Vec::new());
        for file in both {
            let at = self.top.join(&file.path);
            let mode = self.host.look(&at)?.map_or(0o644, |facts| facts.mode);
            let failed = |source| RepositoryError::File { path: at.clone(), source };
            let ours = files::bytes(&at).map_err(failed)?;
            match self.merged(status, &file.path, upstream, ours.as_deref())? {
                Merged::Conflict => conflicts.push(file.path.clone()),
                becomes => aside.push(Aside { path: file.path.clone(), at, mode, becomes }),
            }
        }
        if !conflicts.is_empty() {
            return Err(RepositoryError::Conflict(conflicts));
        }
        self.bring(upstream, &aside)?;
        Ok(aside.into_iter().map(|file| file.path).collect())
    }

    /// Moves index and branch on, then writes the merged files.
    fn bring(&self, upstream: &str, aside: &[Aside]) -> Result<(), RepositoryError> {
        let paths: Vec<&str> = aside.iter().map(|file| file.path.as_str()).collect();
        let moved = || -> Result<(), RepositoryError> {
            for path in &paths {
                match self.index_entry(upstream, path)? {
                    Some(entry) => self.git(["update-index", "--add", "--cacheinfo", &entry])?,
                    None => self.git(["update-index", "--force-remove", "--", path])?,
                };
            }
            self.git(["read-tree", "-m", "-u", "HEAD", upstream])?;
            let why = format!("pull: {upstream}");
            self.git(["update-ref", "-m", &why, "HEAD", upstream])?;
            Ok(())
        };
        moved().inspect_err(|_| {
            if !paths.is_empty() {
                let reset = ["--literal-pathspecs", "reset", "--quiet", "--"];
                let _ = self.ask(reset.into_iter().chain(paths.iter().copied()));
            }
        })?;
        let write = |file: &Aside, text: &str| {
            files::put(&file.at, text.as_bytes(), file.mode)
                .map_err(|source| RepositoryError::File { path: file.at.clone(), source })
        };
        for file in aside {
            if let Merged::Text(text) = &file.becomes {
                write(file, text)?;
            }
        }
        for file in aside {
            let Merged::Follows(text) = &file.becomes else { continue };
            // A setup that cannot be read has no sections; what the person has there stays, and a check says why.
            if let Ok(setup) = Setup::load(&self.setup())
                && let Some(text) = self.in_step(&setup, text, upstream)
            {
                write(file, &text)?;
            }
        }
        Ok(())
    }

    /// What the index is to say of a file of a commit (`--cacheinfo` of git-update-index(1)).
    fn index_entry(&self, commit: &str, path: &str) -> Result<Option<String>, RepositoryError> {
        let listed = self.git(["--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", path])?;
        let mut fields = listed.split([' ', '\t']);
        let (mode, object) = (fields.next().unwrap_or_default(), fields.nth(1));
        Ok(object.map(|object| format!("{mode},{object},{path}")))
    }

    /// What a file says with both sides' changes.
    fn merged(
        &self,
        status: &Status,
        path: &str,
        upstream: &str,
        ours: Option<&[u8]>,
    ) -> Result<Merged, RepositoryError> {
        let theirs = self.blob(upstream, path)?;
        let here = match ours {
            Some(_) => Some(self.git(["hash-object", "--", path])?.trim_end().to_owned()),
            None => None,
        };
        if here == theirs {
            return Ok(Merged::Equal);
        }
        let Some((ours, theirs)) = ours.zip(self.shown(upstream, path)?) else { return Ok(Merged::Conflict) };
        // Only text can be merged, and only text comes through unchanged.
        if std::str::from_utf8(ours).is_err() || theirs.contains('\u{fffd}') {
            return Ok(Merged::Conflict);
        }
        let base = self.shown("HEAD", path)?.unwrap_or_default();
        if let Some(ours_too) = path.strip_prefix(self.prefix) {
            let manifest = Manifest::ALL.into_iter().find(|manifest| manifest.path() == ours_too);
            let text = String::from_utf8_lossy(ours);
            if let Some(text) = manifest.and_then(|manifest| entry::merged(manifest, &base, &text, &theirs)) {
                return Ok(Merged::Text(text));
            }
            if recipe::is_recipe(ours_too) && self.follows(status, ours_too) {
                return Ok(Merged::Follows(theirs));
            }
        }
        let beside =
            tempfile::tempdir().map_err(|source| RepositoryError::File { path: std::env::temp_dir(), source })?;
        let mut names = Vec::new();
        for (name, content) in [("ours", ours), ("base", base.as_bytes()), ("theirs", theirs.as_bytes())] {
            let file = beside.path().join(name);
            files::put(&file, content, 0o600).map_err(|source| RepositoryError::File { path: file.clone(), source })?;
            names.push(file.to_string_lossy().into_owned());
        }
        let args = ["merge-file", "--stdout", "--quiet"].into_iter().chain(names.iter().map(String::as_str));
        let output = self.run_in(self.top, args)?;
        Ok(if output.status == 0 { Merged::Text(output.stdout) } else { Merged::Conflict })
    }

    /// The object a file is in a commit.
    fn blob(&self, commit: &str, path: &str) -> Result<Option<String>, RepositoryError> {
        self.ask(["rev-parse", "--verify", "--quiet", &format!("{commit}:{path}")])
    }

    /// Removes branches of ours whose changes have arrived.
    fn clear_done(&self, current: &str, upstream: &str) -> Result<Vec<String>, RepositoryError> {
        let list = self.git(["for-each-ref", "--format=%(refname:short)%09%(upstream:track)", "refs/heads/bkt/"])?;
        let mut done = Vec::new();
        for line in list.lines() {
            let Some((branch, track)) = line.split_once('\t') else { continue };
            // The remote branch goes when its pull request was merged; a commit of it that arrived in another shape
            // (squashed) is known by its changes.
            if branch == current || !(track.contains("gone") && self.has_arrived(branch, upstream)?) {
                continue;
            }
            self.git(["branch", "--quiet", "-D", branch])?;
            done.push(branch.to_owned());
        }
        Ok(done)
    }

    /// Whether merging a branch would change nothing.
    fn has_arrived(&self, branch: &str, upstream: &str) -> Result<bool, RepositoryError> {
        let merged = self.run_in(self.top, ["merge-tree", "--write-tree", upstream, branch])?;
        let there = self.git(["rev-parse", &format!("{upstream}^{{tree}}")])?;
        Ok(merged.status == 0 && merged.stdout.lines().next() == Some(there.trim_end()))
    }
}
