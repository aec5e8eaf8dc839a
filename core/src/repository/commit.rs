// SPDX-License-Identifier: GPL-3.0-or-later
//! A commit of chosen entries, made in a worktree of its own.
//!
//! Hooks see a tree that holds exactly what will be committed, and the folder the person works in is not touched:
//! what fails leaves nothing behind but a worktree that the next commit clears away. After a commit that brought the recipe
//! in step, the one in the folder follows, if it was the committed one.
//!
//! Invariant: the new commit differs from the one it stands on by what was chosen and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::entry::{Entry, declared, pick, read};
use super::status::{Kind, Status};
use super::{Repository, RepositoryError, refused};
use crate::files::{self, Lock};
use crate::host::{FileKind, HostError};
use crate::manifest::Manifest;
use crate::recipe::{Section, file as recipe};

/// What is to be committed.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// How the repository stood when the entries were looked at.
    pub status: &'a Status,
    /// All entries there were.
    pub all: &'a [Entry],
    /// Those to commit.
    pub chosen: &'a [Entry],
    /// The commit's message.
    pub message: &'a str,
}

/// A commit that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its name.
    pub commit: String,
    /// The branch it is on.
    pub branch: String,
    /// The files it changes, from the top of the repository.
    pub files: Vec<String>,
}

/// A commit no branch names yet.
pub(super) struct Loose {
    pub(super) commit: String,
    pub(super) files: Vec<String>,
    /// The sections of its recipe that nobody had edited by hand before it.
    ours: BTreeSet<Section>,
}

impl Repository<'_> {
    /// Commits chosen entries on the branch that is checked out.
    ///
    /// # Errors
    /// No branch is checked out, something is in progress, a hook refuses, or git fails. Nothing has changed then.
    pub fn commit(&self, request: Request<'_>) -> Result<Committed, RepositoryError> {
        let branch = request.status.branch.clone().ok_or(RepositoryError::Detached)?;
        self.is_idle()?;
        let tree = Worktree::at(self, request.status.head.as_deref())?;
        let made = tree.commit(self, request)?;
        drop(tree);
        let reference = format!("refs/heads/{branch}");
        let old = request.status.head.as_deref().unwrap_or_default();
        let why = format!("commit: {}", request.message.lines().next().unwrap_or_default());
        // Refused when somebody else committed meanwhile.
        self.git(["update-ref", "-m", &why, &reference, &made.commit, old])?;
        self.refresh(request.status, &made)?;
        self.follow(request, &made);
        Ok(Committed { commit: made.commit, branch, files: made.files })
    }

    /// Whether a tag of this name can be made.
    ///
    /// # Errors
    /// There is one.
    pub fn can_tag(&self, name: &str) -> Result<(), RepositoryError> {
        match self.ask(["rev-parse", "--verify", "--quiet", &format!("refs/tags/{name}")])? {
            None => Ok(()),
            Some(_) => Err(RepositoryError::Git { command: "tag".to_owned(), reason: name.to_owned() }),
        }
    }

    /// Makes an annotated tag of a commit.
    ///
    /// # Errors
    /// git refuses.
    pub fn tag(&self, name: &str, commit: &str) -> Result<(), RepositoryError> {
        self.git(["tag", "--annotate", "--message", name, name, commit]).map(|_| ())
    }

    /// Makes the commit and leaves it without a branch.
    pub(super) fn commit_loose(&self, request: Request<'_>) -> Result<Loose, RepositoryError> {
        self.is_idle()?;
        let head = request.status.head.as_deref().ok_or(RepositoryError::Unborn)?;
        Worktree::at(self, Some(head))?.commit(self, request)
    }

    /// Lets the recipe in the person's folder follow its manifests as the committed one does, where nothing of their own in
    /// it is left: it would else be told as a change of theirs that takes the commit's back.
    fn follow(&self, request: Request<'_>, made: &Loose) {
        let is_left = |entry: &Entry| recipe::is_recipe(entry.path()) && !request.chosen.contains(entry);
        let is_committed = |file: &String| file.strip_prefix(self.prefix).is_some_and(recipe::is_recipe);
        if made.files.iter().any(is_committed) && !request.all.iter().any(is_left) {
            // The commit is made; what cannot be written now is out of date, as `containerfile check` says.
            let _ = recipe::follow(&self.setup_in(self.top), &made.ours);
        }
    }

    fn is_idle(&self) -> Result<(), RepositoryError> {
        self.operation()?.map_or(Ok(()), |operation| Err(RepositoryError::Busy(operation)))
    }

    /// Lets the index follow the new commit, but for what the person has staged themselves.
    fn refresh(&self, status: &Status, made: &Loose) -> Result<(), RepositoryError> {
        let staged: BTreeSet<&str> =
            status.files.iter().filter(|file| file.staged).map(|file| file.path.as_str()).collect();
        let files: Vec<&str> = made.files.iter().map(String::as_str).filter(|file| !staged.contains(file)).collect();
        if !files.is_empty() {
            self.git(["--literal-pathspecs", "reset", "--quiet", "--"].into_iter().chain(files))?;
        }
        Ok(())
    }
}

/// A worktree for one commit, removed when dropped.
pub(super) struct Worktree<'r> {
    repository: Repository<'r>,
    pub(super) top: PathBuf,
    /// Whether it is of the first commit, and has a branch for it.
    is_first: bool,
    _lock: Lock,
}

impl<'r> Worktree<'r> {
    /// Checks a commit out; without one the worktree is empty, as before the first commit.
    pub(super) fn at(repository: &Repository<'r>, commit: Option<&str>) -> Result<Self, RepositoryError> {
        let state = repository.tools.state.join("commit");
        let failed = |source| RepositoryError::File { path: state.clone(), source };
        std::fs::create_dir_all(&state).map_err(failed)?;
        let lock = files::lock(&state).map_err(failed)?;
        let is_first = commit.is_none();
        let tree = Self { repository: *repository, top: state.join("tree"), is_first, _lock: lock };
        tree.clear()?;
        let top = tree.top.to_string_lossy().into_owned();
        // A post-checkout hook is about the person's own switching of branches.
        let quiet = ["-c", "core.hooksPath=/dev/null", "worktree", "add", "--quiet"];
        match commit {
            Some(commit) => repository.git(quiet.into_iter().chain(["--detach", &top, commit]))?,
            None => repository.git(quiet.into_iter().chain(["--orphan", "-b", FIRST, &top]))?,
        };
        Ok(tree)
    }

    /// Removes what a run that died left behind.
    fn clear(&self) -> Result<(), RepositoryError> {
        if self.top.exists() {
            std::fs::remove_dir_all(&self.top)
                .map_err(|source| RepositoryError::File { path: self.top.clone(), source })?;
        }
        // Not `prune`: that forgets the person's own worktrees, too, on a disk that is not plugged in. Where git knows of
        // none here, there is nothing to remove.
        self.forget()
    }

    /// Lets git forget it.
    fn forget(&self) -> Result<(), RepositoryError> {
        let top = self.top.to_string_lossy();
        self.repository.ask(["worktree", "remove", "--force", "--force", &top])?;
        if self.is_first {
            self.repository.ask(["branch", "--quiet", "-D", FIRST])?;
        }
        Ok(())
    }

    /// Writes what was chosen, and commits it.
    pub(super) fn commit(&self, repository: &Repository<'_>, request: Request<'_>) -> Result<Loose, RepositoryError> {
        let setup = repository.setup_in(&self.top);
        let mut recipes = request.chosen.iter().filter(|entry| recipe::is_recipe(entry.path())).peekable();
        let is_chosen = recipes.peek().is_some();
        for entry in recipes {
            copy(repository, &setup, entry.path())?;
        }
        let mut generated = recipe::generated(&setup);
        if is_chosen {
            // Without digests, sections of the person's recipe are known by either their manifests or the committed ones.
            generated.extend(recipe::generated(&repository.setup()));
        }
        self.write(repository, &setup, request)?;
        if setup.join("manifests").is_dir() {
            match recipe::follow(&setup, &generated) {
                Ok(_) => {}
                // A recipe that cannot follow is the person's to commit, as it is.
                Err(_) if is_chosen => {}
                Err(error) => return Err(RepositoryError::Broken(error.to_string())),
            }
        }
        Ok(Loose { ours: generated, ..self.record(repository, request.message)? })
    }

    /// Commits all that differs here.
    pub(super) fn record(&self, repository: &Repository<'_>, message: &str) -> Result<Loose, RepositoryError> {
        repository.git_in(&self.top, ["add", "--all", "--", "."])?;
        let changed = repository.git_in(&self.top, ["diff", "--cached", "--name-only", "--no-renames", "-z"])?;
        let changed: Vec<String> = changed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
        if changed.is_empty() {
            return Err(RepositoryError::Nothing);
        }
        let top = self.top.to_string_lossy();
        let commit = ["-C", &*top, "commit", "--quiet", "--file=-"];
        let output = repository.host.run(&repository.tools.invocation("git", commit).input(message))?;
        if output.status != 0 {
            return Err(refused(&output));
        }
        let commit = repository.git_in(&self.top, ["rev-parse", "HEAD"])?.trim_end().to_owned();
        Ok(Loose { commit, files: changed, ours: BTreeSet::new() })
    }

    fn write(&self, repository: &Repository<'_>, setup: &Path, request: Request<'_>) -> Result<(), RepositoryError> {
        let mut manifests: BTreeMap<&str, (Manifest, Vec<Entry>)> = BTreeMap::new();
        let mut whole = Vec::new();
        for entry in request.chosen {
            match entry {
                Entry::Item { manifest, .. } => {
                    manifests.entry(manifest.path()).or_insert_with(|| (*manifest, Vec::new())).1.push(entry.clone());
                }
                Entry::File { path, kind } => whole.push((path.as_str(), *kind)),
            }
        }
        for (path, (manifest, chosen)) in &manifests {
            let all = request.all.iter().filter(|entry| entry.path() == *path).count();
            let rest = whole.iter().any(|(whole, _)| whole == path);
            if chosen.len() + usize::from(rest) == all {
                whole.retain(|(whole, _)| whole != path);
                copy(repository, setup, path)?;
                continue;
            }
            if rest {
                return Err(RepositoryError::Inseparable((*path).to_owned()));
            }
            let before = read(&setup.join(path))?.unwrap_or_default();
            let text = parts(*manifest, &before, chosen)?;
            write(&setup.join(path), text.as_bytes())?;
        }
        for (path, kind) in whole {
            match kind {
                Kind::Unmerged => return Err(RepositoryError::Conflict(vec![path.to_owned()])),
                _ => copy(repository, setup, path)?,
            }
        }
        Ok(())
    }
}

/// The branch a first commit is made on before the real one is set to it. No title becomes such a name.
const FIRST: &str = "bkt_first_commit";

impl Drop for Worktree<'_> {
    fn drop(&mut self) {
        // What stays is cleared by the next.
        let _ = self.forget();
    }
}

/// A manifest's text with the chosen entries as they are now and the others as they were.
fn parts(manifest: Manifest, before: &str, chosen: &[Entry]) -> Result<String, RepositoryError> {
    let inseparable = || RepositoryError::Inseparable(manifest.path().to_owned());
    let text = pick(manifest, before, chosen).ok_or_else(inseparable)?;
    let (old, new) = (declared(manifest, before).ok_or_else(inseparable)?, declared(manifest, &text));
    let new = new.ok_or_else(inseparable)?;
    for ((domain, old), (_, new)) in old.iter().zip(&new) {
        for key in old.keys().chain(new.keys()) {
            let wanted = chosen.iter().find_map(|entry| match entry {
                Entry::Item { item, after, .. } if item.domain == *domain && item.key == *key => Some(after.as_deref()),
                _ => None,
            });
            let wanted = wanted.unwrap_or_else(|| old.get(key)).map(|it| &it.value);
            if new.get(key).map(|it| &it.value) != wanted {
                return Err(inseparable());
            }
        }
    }
    Ok(text)
}

/// Brings a file of the setup into the worktree as it is in the person's folder.
fn copy(repository: &Repository<'_>, setup: &Path, path: &str) -> Result<(), RepositoryError> {
    let (from, to) = (repository.setup().join(path), setup.join(path));
    let failed = |source| RepositoryError::File { path: from.clone(), source };
    let host = repository.host;
    match host.look(&from)?.map(|facts| (facts.kind, facts.mode)) {
        None => Ok(host.remove(&to)?),
        Some((FileKind::File, mode)) => {
            let content = files::bytes(&from).map_err(failed)?.unwrap_or_default();
            // git knows of a file's permissions only whether it may be run.
            let mode = if mode & 0o100 == 0 { 0o644 } else { 0o755 };
            files::put(&to, &content, mode).map_err(|source| RepositoryError::File { path: to.clone(), source })
        }
        Some((FileKind::Link, _)) => match host.link(&from)? {
            Some(target) => Ok(files::put_link(&to, &target).map_err(failed)?),
            None => Err(RepositoryError::Changed(path.to_owned())),
        },
        Some(_) => Err(HostError::Refused(format!("committing {path}")).into()),
    }
}

fn write(path: &Path, content: &[u8]) -> Result<(), RepositoryError> {
    let mode = 0o644;
    files::put(path, content, mode).map_err(|source| RepositoryError::File { path: path.to_owned(), source })
}
