// SPDX-License-Identifier: GPL-3.0-or-later
//! Files of `/etc`: declared by being in the setup's `system/etc`, observed by comparing `/etc` with the image's own
//! `/usr/etc`.
//!
//! On an image each update merges three ways: what was changed here stays, so a newer version of such a file never
//! arrives ([`made_from`] knows since when). Without an image only the files of the setup are looked at. A folder that only an administrator may look
//! into is left out, and a file that only an administrator may read counts as the image's where size and permissions
//! are ([`closed`] names the folders).
//!
//! Invariant: nothing is read through a symbolic link inside a tree; what cannot be read and differs is one unknown item.

mod machine;
pub(crate) mod made_from;
mod path;
mod restore;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;

use crate::compare::{Change, Effect, Privilege, Shape};
use crate::deployment::HostKind;
use crate::host::{Below, BelowEntry, FileKind, Host};
use crate::i18n::gettext;
use crate::manifest::{Declaration, Manifest};
use crate::plan::{Action, Deferral};
use crate::private;
use crate::problem::Problem;
use crate::tree::{self, FileState, Tree, TreePath};
use crate::value::Value;

use super::{Actions, Kind, Look, Observation, Observed};

pub use machine::{is_of_sign_in, is_secret, is_state};
pub use path::EtcPath;
pub(crate) use restore::restore;
pub use state::{EtcFile, Mode, Side};

/// Where the image has its own version.
pub(crate) const IMAGE: &str = "/usr/etc";
/// Where the computer has its.
const HERE: &str = "/etc";

/// A file as it is here now.
///
/// # Errors
/// It cannot be read, is no file, or a link leads there.
pub fn here(host: &dyn Host, path: &EtcPath) -> Result<Option<Side>, Problem> {
    side(host, HERE, path.place())
}

/// A file as the image has it; `None` also where the image has something else on the way.
///
/// # Errors
/// It cannot be read.
pub fn in_image(host: &dyn Host, path: &EtcPath) -> Result<Option<Side>, Problem> {
    elsewhere(host, IMAGE, path.place())
}

/// Folders of `/etc` that this process may not look into.
#[must_use]
pub fn closed(host: &dyn Host) -> Vec<String> {
    let below = |base: &str| host.below(&host.at(base)).unwrap_or_default().closed;
    if !has_image(host) {
        return Vec::new();
    }
    let closed: BTreeSet<String> = [HERE, IMAGE].into_iter().flat_map(below).collect();
    let told = closed.into_iter().filter(|place| !is_state(&format!("{place}/")));
    told.map(|place| Tree::Etc.key(&place)).collect()
}

/// The side of a place below a directory.
fn side(host: &dyn Host, base: &str, place: &TreePath) -> Result<Option<Side>, Problem> {
    let base = host.at(base);
    let Some(file) = tree::look(host, &base, place)? else { return Ok(None) };
    let mode = match file {
        FileState::Link { .. } => None,
        FileState::File { .. } => host.look(&base.join(place.as_str()))?.map(|facts| Mode::of(facts.mode)),
    };
    Ok(Some(Side { file, mode }))
}

/// The same where anything but a file counts as nothing.
fn elsewhere(host: &dyn Host, base: &str, place: &TreePath) -> Result<Option<Side>, Problem> {
    match side(host, base, place) {
        Err(problem) if matches!(problem.code.as_str(), "behind_a_link" | "in_the_way") => Ok(None),
        other => other,
    }
}

/// Whether there is an image's own version to compare with.
fn has_image(host: &dyn Host) -> bool {
    host.list(&host.at(IMAGE)).is_ok_and(|names| !names.is_empty())
}

/// What was found at a place.
type Found = Result<EtcFile, Problem>;

/// What a walk saw at a place.
fn walked(host: &dyn Host, path: &Path, entry: Option<&BelowEntry>) -> Result<Option<Side>, Problem> {
    let Some(entry) = entry.filter(|entry| matches!(entry.facts.kind, FileKind::File | FileKind::Link)) else {
        return Ok(None);
    };
    let mode = (entry.facts.kind == FileKind::File).then(|| Mode::of(entry.facts.mode));
    let link = entry.link.as_ref().and_then(|link| link.to_str());
    let file = match link {
        Some(link) => FileState::Link { link: link.to_owned() },
        None => tree::state(host, path, &entry.facts)?,
    };
    Ok(Some(Side { file, mode }))
}

/// Every place where `/etc` is not what the image has, but for the machine's own files; both are walked once.
fn differing(host: &dyn Host) -> Result<BTreeMap<String, Found>, Problem> {
    let (at_here, at_image) = (host.at(HERE), host.at(IMAGE));
    let (here, image) = (host.below(&at_here)?, host.below(&at_image)?);
    let mut found = BTreeMap::new();
    let places: BTreeSet<&String> = here.entries.keys().chain(image.entries.keys()).collect();
    for place in places {
        let (mine, its) = (here.entries.get(place), image.entries.get(place));
        let is_file = |entry: &BelowEntry| matches!(entry.facts.kind, FileKind::File | FileKind::Link);
        if is_state(place) || ![mine, its].into_iter().flatten().any(is_file) || is_out_of_sight(place, &here, &image) {
            continue;
        }
        let is_link = |entry: &BelowEntry| entry.facts.kind == FileKind::Link;
        if machine::is_unit_link(place) && [mine, its].into_iter().flatten().all(is_link) {
            continue;
        }
        let sides = (walked(host, &at_here.join(place), mine), walked(host, &at_image.join(place), its));
        let file = match sides {
            (Ok(here), Ok(image)) => Ok(EtcFile { here, image, image_changed: false }),
            (Err(problem), _) | (_, Err(problem)) => {
                let same = |entry: &BelowEntry| (entry.facts.kind, entry.facts.size, entry.facts.mode);
                if problem.code == "unreadable" && mine.map(same) == its.map(same) {
                    continue;
                }
                Err(problem)
            }
        };
        if file.as_ref().map_or(true, EtcFile::differs) {
            found.insert(place.clone(), file);
        }
    }
    Ok(found)
}

/// Whether a place is below a folder that one of the two sides does not have as one, or does not show.
fn is_out_of_sight(place: &str, here: &Below, image: &Below) -> bool {
    let above = place.match_indices('/').map(|(at, _)| &place[..at]);
    above.into_iter().any(|folder| {
        let closed = here.closed.contains(folder) || image.closed.contains(folder);
        closed || here.entries.get(folder).is_some_and(|entry| entry.facts.kind != FileKind::Directory)
    })
}

/// Files of `/etc`.
#[derive(Debug)]
pub(super) struct SystemFiles;

impl SystemFiles {
    /// What was found at a place, as the item it is there.
    fn observed(look: &Look<'_>, place: &TreePath, file: EtcFile, said: Option<&Declaration>) -> Observed {
        let host = look.host;
        let declared = said.and_then(|said| said.value.as_ref());
        // What a person wants back may be that it is gone.
        if file.here.is_none() && file.image.is_none() && !matches!(declared, Some(Value::Etc(_))) {
            return Observed { fixed: fixed(host, place), ..Observed::default() };
        }
        let (own, value) = (file.differs(), Value::Etc(file.clone()));
        let is_said = declared.is_some_and(|declared| declared.is_met_by(&value));
        let private = !is_said && file.here.as_ref().is_some_and(|side| is_private(host, place, side));
        // Where it is said to be gone, it is.
        let by_default = file.here.is_none();
        Observed { own, private, by_default, fixed: fixed(host, place), ..Observed::of(value) }
    }
}

/// Why a file is not changed on this computer.
fn fixed(host: &dyn Host, place: &TreePath) -> Option<String> {
    if !has_image(host) {
        return Some(gettext("files of /etc come with an image, and this computer shows none"));
    }
    if is_of_sign_in(place.as_str()) {
        return Some(gettext("it says who may sign in and do what; put it back by hand, as root"));
    }
    is_state(place.as_str()).then(|| gettext("it belongs to this computer and is never restored"))
}

/// Whether what is here should not be read by everybody.
fn is_private(host: &dyn Host, place: &TreePath, side: &Side) -> bool {
    let closed = side.mode.is_some_and(|mode| mode.bits() & 0o004 == 0);
    let holds_secrets = || {
        let content = host.bytes(&host.at(HERE).join(place.as_str())).ok().flatten().unwrap_or_default();
        private::look_at_file(place.as_str(), &content).is_some()
    };
    side.mode.is_some() && (closed || is_secret(place.as_str()) || holds_secrets())
}

/// Whether the image has another file there than the version before it had.
fn changed_since(host: &dyn Host, earlier: &str, place: &TreePath, image: &Side) -> bool {
    // An earlier version that cannot be read tells nothing.
    elsewhere(host, &format!("{earlier}{IMAGE}"), place).is_ok_and(|before| before.as_ref() != Some(image))
}

impl Kind for SystemFiles {
    fn manifest(&self) -> Manifest {
        Tree::Etc.manifest()
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        let host = look.host;
        let has_image = has_image(host);
        let looks = has_image && (look.system.kind.is_image_based() || host.root().is_some());
        let mut found = if looks { differing(host)? } else { BTreeMap::new() };
        let name_invalid = |error: crate::name::NameError| Problem::new("name_invalid", error.to_string());
        for key in look.declared.keys() {
            let place = Tree::Etc.place(key).map_err(name_invalid);
            let name = key.strip_prefix("/etc/").unwrap_or(key);
            found.entry(name.to_owned()).or_insert_with(|| {
                let place = place?;
                let image = if has_image { elsewhere(host, IMAGE, &place)? } else { None };
                Ok(EtcFile { here: side(host, HERE, &place)?, image, image_changed: false })
            });
        }
        let earlier = look.system.rollback.as_ref().and_then(crate::deployment::Deployment::directory);
        let mut observation = Observation::default();
        for (name, file) in found {
            let key = Tree::Etc.key(&name);
            let place = Tree::Etc.place(&key).map_err(name_invalid);
            let observed = place.and_then(|place| {
                let mut file = file?;
                if let (Some(earlier), Some(image), true) = (&earlier, &file.image, file.differs()) {
                    file.image_changed = changed_since(host, earlier, &place, image);
                }
                Ok(Self::observed(look, &place, file, look.declared.get(&key)))
            });
            let observed =
                observed.unwrap_or_else(|problem| Observed { problem: Some(problem), ..Observed::default() });
            observation.entries.insert(key.chars().filter(|c| !c.is_control()).collect(), observed);
        }
        Ok(observation)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        if json.get("here").is_some() {
            return serde_json::from_value(json.clone()).ok().map(Value::Etc);
        }
        serde_json::from_value(json.clone()).ok().map(Value::File)
    }

    fn is_personal(&self) -> bool {
        false
    }

    fn effect(&self, _system: HostKind, shape: Shape) -> Effect {
        if shape == Shape::OnlyHere { Effect::Now } else { Effect::Image }
    }

    fn effect_of(&self, change: &Change, _system: HostKind) -> Effect {
        match (&change.setup, &change.computer) {
            (Some(setup), Some(Value::Etc(seen))) if !is_in_image(setup, seen) => Effect::Image,
            (Some(Value::File(_)), None) => Effect::Image,
            _ => Effect::Now,
        }
    }

    fn privilege(&self, _value: Option<&Value>) -> Privilege {
        Privilege::Admin
    }

    fn takes_away(&self, _change: &Change) -> bool {
        true
    }

    fn at_first_boot(&self, _system: HostKind, _part: Privilege) -> bool {
        false
    }

    fn actions(&self, change: &Change, _system: HostKind) -> Actions {
        let path: EtcPath = match change.id.key.parse() {
            Ok(path) => path,
            Err(error) => return Ok(Err(error)),
        };
        let image = match &change.computer {
            Some(Value::Etc(seen)) => seen.image.clone(),
            _ => None,
        };
        let to = match &change.setup {
            Some(Value::Etc(wanted)) => wanted.here.clone(),
            Some(Value::File(file)) if image.as_ref().is_some_and(|image| image.file == *file) => image,
            Some(_) => return Err(Deferral::NextImage),
            None if image.is_none() => return Err(Deferral::NotOfImage),
            None => image,
        };
        Ok(Ok(vec![Action::RestoreEtc { path, to }]))
    }

    fn captured(&self, change: &Change) -> Option<Value> {
        match &change.computer {
            Some(Value::Etc(seen)) => seen.file().cloned().map(Value::File),
            _ => None,
        }
    }
}

/// Whether the image that runs has what is declared, so that restoring it is all it takes.
fn is_in_image(setup: &Value, seen: &EtcFile) -> bool {
    match setup {
        Value::File(file) => seen.image.as_ref().is_some_and(|image| image.file == *file),
        _ => true,
    }
}

#[cfg(test)]
mod tests;
