// SPDX-License-Identifier: GPL-3.0-or-later
//! What a setup says in one commit and no longer, not yet or in another way in a second one: items of manifests one by
//! one, other files as a whole.
//!
//! Invariant: only reads, and every difference between the two commits is in exactly one entry.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::status::Kind;
use super::{Entry, Repository, RepositoryError, entry};
use crate::changelog::{self, Change};
use crate::manifest::Manifest;
use crate::recipe::{self, file as recipe_file};

/// How many commits of the manifests are looked through for what an image has.
const OLDEST: usize = 200;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// Its name, in full.
    pub id: String,
    /// When it was made.
    pub time: Timestamp,
    /// The first line of what it says.
    pub subject: String,
}

/// What changed between two commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Between {
    /// The earlier one; none where everything is new.
    pub from: Option<Commit>,
    /// The later one.
    pub to: Commit,
    /// How many commits lead from the one to the other.
    pub commits: u32,
    /// Items and files.
    pub entries: Vec<Entry>,
    /// The image the recipe starts from, before and after, where that changed.
    pub base: Option<Base>,
    /// The image the recipe starts from in the later one, where it is written out.
    pub base_image: Option<String>,
    /// Entries of the changelog that came.
    pub changelog: Vec<Change>,
}

/// Another base image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Base {
    /// What the recipe started from.
    pub before: Option<String>,
    /// What it starts from.
    pub after: Option<String>,
}

impl Repository<'_> {
    /// The commit a word names.
    ///
    /// # Errors
    /// It names none, or git fails.
    pub fn commit_of(&self, word: &str) -> Result<Commit, RepositoryError> {
        let unknown = || RepositoryError::NoCommit(word.to_owned());
        let named = format!("{word}^{{commit}}");
        let args = ["show", "--no-patch", "--no-show-signature", "--format=%H%n%ct%n%s", "--end-of-options", &named];
        let told = self.ask(args)?.ok_or_else(unknown)?;
        let mut lines = told.lines();
        let (id, time) = lines.next().zip(lines.next()).ok_or_else(unknown)?;
        let time = time.parse().ok().and_then(|time| Timestamp::from_second(time).ok()).ok_or_else(unknown)?;
        Ok(Commit { id: id.to_owned(), time, subject: lines.next().unwrap_or_default().to_owned() })
    }

    /// The commit a word names, where this repository has it.
    ///
    /// # Errors
    /// git fails.
    pub fn known_commit(&self, word: &str) -> Result<Option<Commit>, RepositoryError> {
        match self.commit_of(word) {
            Ok(commit) => Ok(Some(commit)),
            Err(RepositoryError::NoCommit(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The commit before one, on its own branch; none where it is the first.
    ///
    /// # Errors
    /// git fails.
    pub fn parent(&self, commit: &Commit) -> Result<Option<Commit>, RepositoryError> {
        self.known_commit(&format!("{}^", commit.id))
    }

    /// What changed from one commit to another.
    ///
    /// # Errors
    /// git fails.
    pub fn between(&self, from: Option<Commit>, to: Commit) -> Result<Between, RepositoryError> {
        let nothing = match &from {
            Some(from) => from.id.clone(),
            // The tree of nothing, in whichever way this repository names things.
            None => self.git(["hash-object", "-t", "tree", "/dev/null"])?.trim_end().to_owned(),
        };
        let args = ["diff", "--name-status", "--no-renames", "-z", &nothing, &to.id];
        let told = self.git(args)?;
        let mut words = told.split('\0');
        let mut between =
            Between { from, to, commits: 0, entries: Vec::new(), base: None, base_image: None, changelog: Vec::new() };
        for name in recipe_file::NAMES {
            if let Some(text) = self.said(&between.to.id, name)? {
                between.base_image = recipe_file::base_image_in(&text);
                break;
            }
        }
        between.commits = self.count(&between)?;
        // A release moves entries from their own files into a version's.
        let mut gone = Vec::new();
        while let (Some(sign), Some(path)) = (words.next(), words.next()) {
            let Some(path) = path.strip_prefix(self.prefix) else { continue };
            let kind = match sign {
                "A" => Kind::New,
                "D" => Kind::Gone,
                _ => Kind::Changed,
            };
            self.compare(&mut between, &mut gone, path, kind)?;
        }
        between.changelog.retain(|change| !gone.contains(change));
        between.changelog.sort_by_key(|change| change.timestamp);
        Ok(between)
    }

    /// What a file of the setup says in a commit.
    pub(crate) fn said(&self, commit: &str, path: &str) -> Result<Option<String>, RepositoryError> {
        self.shown(commit, &format!("{}{path}", self.prefix))
    }

    /// Whether a file of the setup is the same in two commits, or in neither.
    pub(crate) fn agree_on(&self, path: &str, one: &str, other: &str) -> Result<bool, RepositoryError> {
        let blob =
            |commit: &str| self.ask(["rev-parse", "--verify", "--quiet", &format!("{commit}:{}{path}", self.prefix)]);
        Ok(blob(one)? == blob(other)?)
    }

    /// The newest commit of the branch that gave the setup's manifests the content they have in a folder.
    ///
    /// # Errors
    /// The folder cannot be read, or git fails.
    pub fn commit_with(&self, setup: &Path) -> Result<Option<Commit>, RepositoryError> {
        let folder = setup.join("manifests");
        let names = self.host.list(&folder)?;
        let paths: Vec<String> = names.iter().map(|name| folder.join(name).to_string_lossy().into_owned()).collect();
        let args = ["hash-object", "--no-filters", "--"].into_iter().chain(paths.iter().map(String::as_str));
        // A folder in it is nothing that git has a name for; nor has it any setup's.
        let Some(objects) = self.ask(args)? else { return Ok(None) };
        let wanted: BTreeSet<(String, String)> = names.into_iter().zip(objects.lines().map(str::to_owned)).collect();
        let place = format!("{}manifests/", self.prefix);
        let commits = self.ask(["log", "--format=%H", &format!("--max-count={OLDEST}"), "HEAD", "--", &place])?;
        for commit in commits.unwrap_or_default().lines() {
            let listed =
                self.git(["--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit, "--", &place])?;
            let there = listed.split('\0').filter_map(|line| {
                let (fields, path) = line.split_once('\t')?;
                Some((path.strip_prefix(&place)?.to_owned(), fields.split(' ').nth(2)?.to_owned()))
            });
            if there.collect::<BTreeSet<_>>() == wanted {
                return Ok(Some(self.commit_of(commit)?));
            }
        }
        Ok(None)
    }

    fn count(&self, between: &Between) -> Result<u32, RepositoryError> {
        let range = match &between.from {
            Some(from) => format!("{}..{}", from.id, between.to.id),
            None => between.to.id.clone(),
        };
        Ok(self.git(["rev-list", "--count", &range])?.trim_end().parse().unwrap_or(0))
    }

    fn compare(
        &self,
        between: &mut Between,
        gone: &mut Vec<Change>,
        path: &str,
        kind: Kind,
    ) -> Result<(), RepositoryError> {
        let place = format!("{}{path}", self.prefix);
        let before = match &between.from {
            Some(from) => self.shown(&from.id, &place)?,
            None => None,
        };
        let after = self.shown(&between.to.id, &place)?;
        let whole = || Entry::File { path: path.to_owned(), kind };
        if let Some(manifest) = Manifest::ALL.into_iter().find(|manifest| manifest.path() == path) {
            let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
            between.entries.extend(entry::told_apart(manifest, &before, &after, kind));
        } else if recipe_file::is_recipe(path) {
            let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
            let (was, is) = (recipe_file::base_image_in(&before), recipe_file::base_image_in(&after));
            let moved = was != is && kind == Kind::Changed;
            if moved {
                between.base = Some(Base { before: was, after: is });
            }
            // The sections follow from the manifests, and another image was just told.
            let own = |text: &str| {
                let lines = recipe::outside(text).filter(|line| !moved || !is_from(line));
                lines.map(str::to_owned).collect::<Vec<_>>()
            };
            if kind != Kind::Changed || own(&before) != own(&after) {
                between.entries.push(whole());
            }
        } else if path.starts_with(".changelog/") {
            let told = |text: Option<&String>| text.map_or_else(Vec::new, |text| changelog::changes_in(text));
            let (known, now) = (told(before.as_ref()), told(after.as_ref()));
            between.changelog.extend(now.into_iter().filter(|change| !known.contains(change)));
            gone.extend(known);
        } else if path != "CHANGELOG.md" {
            between.entries.push(whole());
        }
        Ok(())
    }
}

fn is_from(line: &str) -> bool {
    line.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("FROM"))
}
