// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether and what to tell a person about drift: one notice per new set of changes.
//!
//! A first setup that could not be completed is told in the same notice, as what it left undone differs.
//!
//! Invariant: the same set of changes is told once; a notice about nothing does not exist.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::compare::{Change, Comparison, Shape};
use crate::describe;
use crate::files;
use crate::first_boot::Unfinished;
use crate::i18n::{fill, gettext, ngettext};

/// What a notification says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Understandable alone, in header capitalisation.
    pub title: String,
    /// Which items, in one sentence.
    pub body: String,
    /// The digest of the set of changes it is about.
    pub set: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Told {
    set: String,
    deployment: String,
}

const TOLD: &str = "notified.json";
const POSTPONED: &str = "remind-after";

/// Says nothing before a time, and then whatever differs, told before or not.
///
/// # Errors
/// It cannot be written.
pub fn postpone(state: &Path, until: Timestamp) -> io::Result<()> {
    std::fs::create_dir_all(state)?;
    files::replace(&state.join(POSTPONED), until.to_string().as_bytes())
}

/// The time a person asked to be reminded at; one that cannot be understood counts as none.
fn postponed(state: &Path) -> io::Result<Option<Timestamp>> {
    Ok(files::read(&state.join(POSTPONED))?.and_then(|text| text.trim().parse().ok()))
}

fn set_of(comparison: &Comparison, unfinished: &Unfinished) -> String {
    let mut ids: Vec<String> = comparison
        .changes
        .iter()
        .map(|change| format!("{} {:?} {:?}", change.id, change.shape, change.computer))
        .collect();
    ids.extend(unfinished.left().map(|left| format!("first-boot {}", left.item)));
    ids.sort();
    crate::digest::sha256(ids.join("\n").as_bytes())
}

fn title(comparison: &Comparison, unfinished: &Unfinished, updated: bool) -> String {
    let left = unfinished.left().count();
    if left > 0 {
        let sentence = ngettext(
            "{count} Item of the Setup Could Not Be Applied",
            "{count} Items of the Setup Could Not Be Applied",
            u32::try_from(left).unwrap_or(u32::MAX),
        );
        return fill(&sentence, &[("count", &left.to_string())]);
    }
    let count = comparison.changes.len();
    let n = u32::try_from(count).unwrap_or(u32::MAX);
    let version = comparison.system.booted.as_ref().and_then(|booted| booted.version.as_deref());
    let values = [("count", count.to_string()), ("version", version.unwrap_or_default().to_owned())];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let sentence = match (updated, version) {
        (true, Some(_)) => ngettext(
            "Updated to {version} — {count} Change to Decide",
            "Updated to {version} — {count} Changes to Decide",
            n,
        ),
        _ => ngettext("{count} Change on This Computer", "{count} Changes on This Computer", n),
    };
    fill(&sentence, &values)
}

fn phrase(change: &Change) -> String {
    let title = [("item", change.title())];
    match change.shape {
        Shape::OnlyHere => fill(&gettext("{item} was added"), &title),
        Shape::Missing => fill(&gettext("{item} is missing"), &title),
        Shape::Different => fill(&gettext("{item} differs"), &title),
    }
}

/// The notice that is due now, `None` when there is nothing new to say.
///
/// # Errors
/// What was told before cannot be read.
pub fn due(state: &Path, comparison: &Comparison, unfinished: &Unfinished) -> io::Result<Option<Notice>> {
    if comparison.changes.is_empty() && unfinished.left().next().is_none() {
        return Ok(None);
    }
    let told: Told =
        files::read(&state.join(TOLD))?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let set = set_of(comparison, unfinished);
    match postponed(state)? {
        Some(until) if comparison.compared_at < until => return Ok(None),
        Some(_) => {}
        None if told.set == set => return Ok(None),
        None => {}
    }
    let updated = !told.deployment.is_empty() && told.deployment != comparison.system.deployment_id();
    let mut phrases: Vec<String> = comparison.changes.iter().map(phrase).collect();
    if phrases.is_empty() {
        phrases.extend(unfinished.left().map(|left| left.item.clone()));
    }
    let phrases: Vec<&str> = phrases.iter().map(String::as_str).collect();
    let body = fill(&gettext("{changes}."), &[("changes", &describe::names(&phrases))]);
    Ok(Some(Notice { title: title(comparison, unfinished, updated), body, set }))
}

/// Remembers what was told, also when nothing was to be told.
///
/// # Errors
/// It cannot be written.
pub fn remember(state: &Path, comparison: &Comparison, unfinished: &Unfinished) -> io::Result<()> {
    std::fs::create_dir_all(state)?;
    let is_nothing = comparison.changes.is_empty() && unfinished.left().next().is_none();
    let set = if is_nothing { String::new() } else { set_of(comparison, unfinished) };
    if postponed(state)?.is_some_and(|until| comparison.compared_at >= until) {
        files::remove(&state.join(POSTPONED))?;
    }
    let told = Told { set, deployment: comparison.system.deployment_id().to_owned() };
    files::replace(&state.join(TOLD), serde_json::to_string(&told)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use crate::host::recording::RecordingHost;
    use crate::ignore::Ignored;
    use crate::setup::Setup;

    /// A computer whose clock setting differs from its setup.
    fn comparison(value: &str, at: i64) -> Comparison {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("manifests")).unwrap();
        let text = r#"{"settings": [{"schema": "org.a", "key": "x", "value": "1"}]}"#;
        files::replace(&dir.path().join("manifests/gsettings.json"), text.as_bytes()).unwrap();
        let host = RecordingHost::default().setting("org.a/x", value);
        let mut comparison = compare(&host, &Setup::load(dir.path()).unwrap(), &Ignored::default());
        comparison.compared_at = Timestamp::from_second(at).unwrap();
        comparison
    }

    #[test]
    fn the_same_set_is_told_once_and_a_new_one_again() {
        let state = tempfile::tempdir().unwrap();
        let first = comparison("2", 0);
        assert_eq!(
            due(state.path(), &first, &Unfinished::default()).unwrap().unwrap().title,
            "1 Change on This Computer"
        );
        remember(state.path(), &first, &Unfinished::default()).unwrap();
        assert_eq!(due(state.path(), &first, &Unfinished::default()).unwrap(), None);
        assert!(due(state.path(), &comparison("3", 0), &Unfinished::default()).unwrap().is_some());
        assert_eq!(due(state.path(), &comparison("1", 0), &Unfinished::default()).unwrap(), None, "nothing differs");
    }

    #[test]
    fn a_reminder_is_silent_until_its_time_and_then_repeats_what_was_told() {
        let state = tempfile::tempdir().unwrap();
        remember(state.path(), &comparison("2", 0), &Unfinished::default()).unwrap();
        postpone(state.path(), Timestamp::from_second(100).unwrap()).unwrap();
        assert_eq!(due(state.path(), &comparison("3", 99), &Unfinished::default()).unwrap(), None);
        let later = comparison("2", 100);
        assert!(due(state.path(), &later, &Unfinished::default()).unwrap().is_some());
        remember(state.path(), &later, &Unfinished::default()).unwrap();
        assert_eq!(due(state.path(), &later, &Unfinished::default()).unwrap(), None);
    }

    #[test]
    fn what_a_first_setup_left_undone_is_told_once() {
        use crate::first_boot::{self, Left};
        let (state, same) = (tempfile::tempdir().unwrap(), comparison("1", 0));
        let look = || Unfinished::read(&RecordingHost::default(), state.path(), &same.system);
        let ends = |items: &[&str]| {
            let left = |item: &&str| Left { item: (*item).to_owned(), reason: "no network".to_owned() };
            let own = state.path().join("first-boot");
            first_boot::end(&own, &same.system, items.iter().map(left).collect(), Timestamp::UNIX_EPOCH).unwrap();
        };
        ends(&["flatpak:org.gnome.Maps"]);
        let notice = due(state.path(), &same, &look()).unwrap().unwrap();
        assert_eq!(notice.title, "1 Item of the Setup Could Not Be Applied");
        assert_eq!(notice.body, "flatpak:org.gnome.Maps.");
        remember(state.path(), &same, &look()).unwrap();
        ends(&["flatpak:org.gnome.Maps"]);
        assert_eq!(due(state.path(), &same, &look()).unwrap(), None, "tried again, with the same end");
        ends(&["flatpak:org.gnome.Boxes", "flatpak:org.gnome.Maps"]);
        assert!(due(state.path(), &same, &look()).unwrap().is_some());
        ends(&[]);
        assert_eq!(look(), Unfinished::default());
        assert_eq!(due(state.path(), &same, &look()).unwrap(), None);
    }
}
