// SPDX-License-Identifier: GPL-3.0-or-later
//! Changes a person made on this computer alone, on purpose: `~/.local/share/bkt/ephemeral.json`.
//!
//! Some of them end at the next restart (packages in a system that is an image), the others stay until they are
//! changed back. Both differ from the setup, and neither asks for a decision. A record settles itself when setup and
//! computer have become equal, or when the item was changed again by other means. What a restart took away is
//! remembered for a while, so that it can be told and kept.
//!
//! The file is the one older versions of the command wrote; what it holds that is not known here stays in it.
//!
//! Invariant: a file that cannot be understood is never written over; before anything is changed here alone it stands
//! there as intended, so that also what a killed run did is known.

use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::compare::{Change, Comparison};
use crate::deployment::{HostKind, System};
use crate::domain;
use crate::files;
use crate::host::Host;
use crate::item::{Domain, ItemId};
use crate::plan::{Consent, Plan, Wish, Wishes};
use crate::private;
use crate::problem::Problem;
use crate::value::Value;

mod intended;
mod known;
pub mod words;

use intended::{Became, Intended};

/// Where records are kept, below a person's home.
const FILE: &str = ".local/share/bkt/ephemeral.json";
/// How long what a restart took away is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What was done to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    /// It was added.
    Add,
    /// It was taken away.
    Remove,
    /// It has another value.
    Update,
}

/// One change made on this computer alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The kind of item, in the words of the file.
    pub domain: String,
    /// What was done.
    pub action: Deed,
    /// The item's name, in the words of the file.
    pub identifier: String,
    /// When.
    pub timestamp: Timestamp,
    /// More about it, as older versions wrote it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Json>,
    /// The item; older versions did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// Since which start of the computer; older versions wrote one for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// The command that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The value it left behind; `null` when the item is gone.
    #[serde(default)]
    pub value: Json,
    /// What else stands there.
    #[serde(flatten)]
    rest: Map<String, Json>,
}

impl Record {
    /// The item it is about, where it is of a kind known here.
    #[must_use]
    pub fn id(&self) -> Option<ItemId> {
        self.item.clone().or_else(|| known::item(&self.domain, &self.identifier))
    }

    /// The value it left behind, where that was written down.
    #[must_use]
    pub fn left(&self) -> Option<Value> {
        Value::from_json(self.id()?.domain, &self.value)
    }
}

/// How a record stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is so until the next restart.
    EndsAtRestart,
    /// It is so until somebody changes it.
    Stays,
    /// A restart ended it.
    Gone,
    /// Whether it is still so could not be checked.
    Unknown,
}

/// A record and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Temporary {
    /// The item.
    pub id: ItemId,
    /// How it stands.
    pub standing: Standing,
    /// What was written down.
    pub record: Record,
    /// The difference it is now; `None` when it is gone.
    pub change: Option<Change>,
}

/// Whether a restart takes away what was changed by hand.
#[must_use]
pub const fn ends_at_restart(domain: Domain, system: HostKind) -> bool {
    matches!(domain, Domain::Pkg) && system.is_image_based()
}

/// What is written to a setup to keep what was changed here alone, and the items whose values look private and are
/// left out without consent.
#[must_use]
pub fn keep(chosen: &[&Temporary], consent: Consent) -> (Wishes, Vec<ItemId>) {
    let (mut wishes, mut private) = (Wishes::new(), Vec::new());
    for temporary in chosen {
        let value = match &temporary.change {
            Some(change) => domain::kind(change.id.domain).captured(change),
            None => temporary.record.left(),
        };
        let json = value.as_ref().map(|value| serde_json::json!(value));
        if consent == Consent::Asked && json.is_some_and(|json| private::look(&temporary.id, &json).is_some()) {
            private.push(temporary.id.clone());
        } else {
            wishes.insert(temporary.id.clone(), Wish { setup: Some(value), ..Wish::default() });
        }
    }
    (wishes, private)
}

/// The content of the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Records {
    #[serde(default)]
    boot_id: String,
    #[serde(default)]
    changes: Vec<Json>,
    /// What runs are about to change, until it is known what became of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    intended: Vec<Json>,
    #[serde(flatten)]
    rest: Map<String, Json>,
}

/// A start of the computer as the file spells it, without its dashes.
fn plain(boot: &str) -> String {
    boot.replace('-', "")
}

/// A start of the computer as the kernel spells it.
fn dashed(boot: &str) -> String {
    let cuts = [8, 12, 16, 20].into_iter().filter(|_| boot.len() == 32 && boot.is_ascii());
    let mut out = boot.to_owned();
    cuts.rev().for_each(|at| out.insert(at, '-'));
    out
}

impl Records {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// It is another kind of file.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        if text.trim().is_empty() { Ok(Self::default()) } else { serde_json::from_str(text) }
    }

    /// The records that can be read; one that cannot stays in the file.
    pub fn iter(&self) -> impl Iterator<Item = Record> + '_ {
        self.changes.iter().filter_map(|json| Record::deserialize(json).ok())
    }

    /// How each record stands after a comparison, oldest first. A record that is settled is not among them.
    #[must_use]
    pub fn standing(&self, comparison: &Comparison) -> Vec<Temporary> {
        self.iter().filter_map(|record| self.look(record, comparison)).collect()
    }

    fn look(&self, record: Record, comparison: &Comparison) -> Option<Temporary> {
        let id = record.id()?;
        let standing = |standing, change: Option<&Change>| {
            Some(Temporary { id: id.clone(), standing, record: record.clone(), change: change.cloned() })
        };
        if comparison.is_unread(&id) {
            return standing(Standing::Unknown, None);
        }
        let ends = ends_at_restart(id.domain, comparison.system.kind);
        let Some(change) = comparison.change(&id) else {
            let wanted = comparison.in_sync.iter().find(|item| item.id == id).and_then(|item| item.value.clone());
            let is_kept = record.left() == wanted;
            let is_old = comparison.compared_at.duration_since(record.timestamp) > REMEMBERED;
            let is_gone = ends && !self.is_of_this_start(&record, &comparison.system) && !is_kept && !is_old;
            return if is_gone { standing(Standing::Gone, None) } else { None };
        };
        let is_so = match (record.left(), &change.computer) {
            (Some(left), Some(now)) => left.is_met_by(now),
            (None, None) => true,
            // Older versions wrote no value down.
            (None, Some(_)) => record.value.is_null() && record.action != Deed::Remove,
            (Some(_), None) => false,
        };
        match is_so {
            true if ends => standing(Standing::EndsAtRestart, Some(change)),
            true => standing(Standing::Stays, Some(change)),
            false => None,
        }
    }

    fn is_of_this_start(&self, record: &Record, system: &System) -> bool {
        let made = record.boot_id.as_deref().unwrap_or(&self.boot_id);
        plain(made) == plain(system.boot_id.as_deref().unwrap_or_default())
    }

    /// Writes down that an item was changed here alone, when and in which start of the computer; a newer record
    /// replaces an older one.
    fn add(&mut self, change: &Change, (timestamp, boot): (Timestamp, Option<&str>), command: &str) {
        let earlier = self.iter().find(|record| record.id().as_ref() == Some(&change.id));
        let action = match (&change.setup, &change.computer) {
            (None, _) => Deed::Add,
            (_, None) => Deed::Remove,
            _ => Deed::Update,
        };
        let value = serde_json::json!(change.computer);
        let boot = dashed(boot.unwrap_or_default());
        let record = Record {
            domain: known::word(change.id.domain),
            action,
            identifier: known::identifier(&change.id),
            timestamp,
            metadata: known::metadata(change.computer.as_ref()),
            item: Some(change.id.clone()),
            boot_id: Some(boot.clone()),
            command: Some(command.to_owned()),
            value,
            rest: earlier.map(|record| record.rest).unwrap_or_default(),
        };
        self.changes.retain(|json| id(json).as_ref() != Some(&change.id));
        self.changes.push(serde_json::json!(record));
        // Older versions look at this one alone.
        self.boot_id = boot;
    }

    /// What runs are about to change; an entry that cannot be read stays in the file.
    fn intended(&self) -> Vec<Intended> {
        self.intended.iter().filter_map(|json| Intended::deserialize(json).ok()).collect()
    }

    /// Drops what was intended where it is one of a kind.
    fn drop_intended(&mut self, is_one: impl Fn(&Intended) -> bool) {
        self.intended.retain(|json| !Intended::deserialize(json).is_ok_and(|intended| is_one(&intended)));
    }

    /// Makes a record of what was intended and is so.
    fn adopt(&mut self, intended: &Intended, comparison: &Comparison) {
        if let Some(change) = comparison.change(&intended.item) {
            self.add(change, (intended.timestamp, intended.boot_id.as_deref()), &intended.command);
        }
    }

    /// Takes over the records of an earlier state that are missing now, each in its place.
    fn take_over(&mut self, earlier: &Self) {
        let is_same = |one: &Json, other: &Json| one == other || id(one).is_some_and(|one| id(other) == Some(one));
        let mut now = std::mem::take(&mut self.changes);
        for json in &earlier.changes {
            let known = now.iter().position(|other| is_same(json, other));
            self.changes.push(known.map_or_else(|| json.clone(), |at| now.remove(at)));
        }
        self.changes.append(&mut now);
        if self.boot_id.is_empty() {
            self.boot_id.clone_from(&earlier.boot_id);
        }
    }

    /// Forgets an item.
    fn forget(&mut self, item: &ItemId) {
        self.changes.retain(|json| id(json).as_ref() != Some(item));
    }
}

/// The item an entry of the file is about.
fn id(json: &Json) -> Option<ItemId> {
    Record::deserialize(json).ok().and_then(|record| record.id())
}

/// The file of one person.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// The file of the person at a computer; `None` for a root helper, who is nobody.
    #[must_use]
    pub fn of(host: &dyn Host) -> Option<Self> {
        Some(Self { path: host.home()?.join(FILE) })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it.
    ///
    /// # Errors
    /// It is there but cannot be read or understood.
    pub fn load(&self) -> io::Result<Records> {
        Ok(Records::parse(&files::read(&self.path)?.unwrap_or_default())?)
    }

    /// What is to be said when it cannot be used.
    pub(crate) fn problem(&self, error: &io::Error) -> Problem {
        let message = format!("{}: {error}", self.path.display());
        Problem::new("temporary_unreadable", message).hinted("Repair the file, or delete it to forget what it says")
    }

    /// Changes it under its lock; it is written only when something changed.
    fn update(&self, change: impl FnOnce(&mut Records)) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or_else(|| Path::new("."));
        std::fs::create_dir_all(directory)?;
        let _lock = files::lock(directory)?;
        let before = self.load()?;
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return Ok(());
        }
        if after.changes.is_empty() && after.intended.is_empty() && after.rest.is_empty() {
            return files::remove(&self.path);
        }
        files::replace(&self.path, serde_json::to_string_pretty(&after)?.as_bytes())
    }

    /// Takes what was changed here on purpose out of the changes of a comparison, and forgets what is settled where
    /// that is wanted. `state` is where receipts are: what a run intended is settled once it does not run any more.
    ///
    /// # Errors
    /// The file cannot be read, understood or written; the comparison is then as it was.
    pub fn set_apart(&self, comparison: &mut Comparison, state: &Path, settle: bool) -> io::Result<()> {
        let mut records = self.load()?;
        let before: Vec<ItemId> = records.iter().filter_map(|record| record.id()).collect();
        let judged = records.intended().into_iter().map(|intended| (intended.became(comparison, state), intended));
        let judged: Vec<(Became, Intended)> = judged.filter(|(became, _)| *became != Became::Open).collect();
        for (_, intended) in judged.iter().filter(|(became, _)| *became != Became::Nothing) {
            records.adopt(intended, comparison);
        }
        let standing = records.standing(comparison);
        let is_settled = |item: &&ItemId| standing.iter().all(|temporary| temporary.id != **item);
        let settled: Vec<&ItemId> = before.iter().filter(is_settled).collect();
        let over = || judged.iter().filter(|(became, _)| *became != Became::SoAndRunning);
        if settle && (!settled.is_empty() || over().next().is_some()) {
            self.update(|records| {
                settled.iter().for_each(|item| records.forget(item));
                for (became, intended) in over() {
                    // Whoever else compared may have settled it meanwhile.
                    if *became == Became::So && records.intended().contains(intended) {
                        records.adopt(intended, comparison);
                    }
                    records.drop_intended(|other| other == intended);
                }
            })?;
        }
        comparison.changes.retain(|change| standing.iter().all(|temporary| temporary.id != change.id));
        comparison.temporary = standing;
        Ok(())
    }

    /// Writes down what a plan is about to change here alone.
    ///
    /// # Errors
    /// The file cannot be read, understood or written.
    pub(crate) fn intend(&self, plan: &Plan, run: u64, host: &dyn Host, command: &str) -> io::Result<()> {
        let intended = intended::of(plan, run, host, command);
        self.update(|records| records.intended.extend(intended.iter().map(|one| serde_json::json!(one))))
    }

    /// Writes down which of some items differ after a run changed them here alone; what it intended is then over.
    ///
    /// # Errors
    /// The file cannot be read, understood or written.
    pub fn record(&self, run: u64, items: &[ItemId], comparison: &Comparison, command: &str) -> io::Result<()> {
        let changes: Vec<&Change> = items.iter().filter_map(|item| comparison.change(item)).collect();
        // What an earlier run that was cut off intended with an item is over, too.
        let is_over = |intended: &Intended| intended.run == run || items.contains(&intended.item);
        if changes.is_empty() && !self.load()?.intended().iter().any(is_over) {
            return Ok(());
        }
        let when = (comparison.compared_at, comparison.system.boot_id.as_deref());
        self.update(|records| {
            changes.iter().for_each(|change| records.add(change, when, command));
            // What failed may have changed the computer all the same.
            let is_left = |one: &&Intended| one.run == run && !items.contains(&one.item) && one.is_so(comparison);
            records.intended().iter().filter(is_left).for_each(|one| records.adopt(one, comparison));
            records.drop_intended(is_over);
        })
    }

    /// Writes down again what was there before, where it is not now.
    ///
    /// # Errors
    /// The file cannot be read, understood or written.
    pub(crate) fn put_back(&self, earlier: &Records) -> io::Result<()> {
        self.update(|records| records.take_over(earlier))
    }

    /// Forgets items; they are ordinary changes from then on.
    ///
    /// # Errors
    /// The file cannot be read, understood or written.
    pub fn forget(&self, items: &[ItemId]) -> io::Result<()> {
        self.update(|records| items.iter().for_each(|item| records.forget(item)))
    }
}

#[cfg(test)]
mod tests;
