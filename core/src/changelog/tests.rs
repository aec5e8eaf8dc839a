// SPDX-License-Identifier: GPL-3.0-or-later
//! Files as older versions wrote them, releases that are cut off, drafts that come and go.

use jiff::Timestamp;

use super::draft::{Fact, draft};
use super::release::{Wanted, next, order, valid};
use super::*;
use crate::value::Value;

const OLD: &str = "timestamp: 2026-01-22T09:58:01.123456789Z\ntype: added\ncategory: flatpak\nmessage: 'Boxes: virtual machines'\n\
                   command: bkt flatpak add org.gnome.Boxes\npr: 12\ndraft: false\nreviewer: sam\n";

fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

fn setup() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| files::put(&dir.path().join(path), text.as_bytes(), 0o644).unwrap();
    put(".changelog/pending/20260122095801123456789-flatpak.yaml", OLD);
    put(
        ".changelog/versions/2026.01.10.1.yaml",
        "version: 2026.01.10.1\ndate: 2026-01-10\nimage_digest: sha256:aa\nchanges:\n- timestamp: 2026-01-09T00:00:00Z\n  \
         type: fixed\n  category: system\n  message: sleep\n  draft: false\n",
    );
    dir
}

fn load(dir: &tempfile::TempDir) -> Changelog {
    Changelog::load(dir.path()).unwrap()
}

#[test]
fn what_older_versions_wrote_is_read_and_kept_whole() {
    let dir = setup();
    let changelog = load(&dir);
    let entry = changelog.find("2026").unwrap().clone();
    assert_eq!((entry.change.kind, entry.change.category, entry.change.pr), (Kind::Added, Category::Flatpak, Some(12)));
    assert_eq!(changelog.versions[0].changes[0].message, "sleep");
    changelog.set(&entry).unwrap();
    let again = load(&dir);
    assert_eq!(again.pending, changelog.pending);
    assert_eq!(again.pending[0].change.rest["reviewer"], "sam");
}

#[test]
fn a_release_moves_entries_and_writes_the_sheet() {
    let dir = setup();
    let mut change = Change::new(now(), Kind::Removed, Category::Package, "  nano ");
    change.draft = true;
    let id = Changelog::add(dir.path(), &change).unwrap();
    let error = Changelog::release(dir.path(), &Wanted::default(), now()).unwrap_err();
    assert!(matches!(&error, ChangelogError::Drafts(drafts) if *drafts == [id.clone()]), "{error}");
    let changelog = load(&dir);
    let mut pending = changelog.find(&id).unwrap().clone();
    pending.change.draft = false;
    changelog.set(&pending).unwrap();
    let version = Changelog::release(dir.path(), &Wanted::default(), now()).unwrap();
    assert_eq!((version.version.as_str(), version.changes.len()), ("2026.11.23.1", 2));
    let changelog = load(&dir);
    assert_eq!((changelog.pending.len(), changelog.versions[0].version.as_str()), (0, "2026.11.23.1"));
    let sheet = files::read(&dir.path().join("CHANGELOG.md")).unwrap().unwrap();
    assert!(sheet.contains("- Flatpak: Boxes: virtual machines (PR #12)\n"), "{sheet}");
    assert!(matches!(Changelog::release(dir.path(), &Wanted::default(), now()), Err(ChangelogError::Nothing)));
}

#[test]
fn a_release_that_is_cut_off_is_finished_by_the_next() {
    let dir = setup();
    let entry = ".changelog/pending/20260122095801123456789-flatpak.yaml";
    Changelog::release(dir.path(), &Wanted::default(), now()).unwrap();
    // Before the entry was removed.
    files::put(&dir.path().join(entry), OLD.as_bytes(), 0o644).unwrap();
    assert!(load(&dir).pending.is_empty());
    // Before the version was written, too.
    files::remove(&dir.path().join(".changelog/versions/2026.11.23.1.yaml")).unwrap();
    let once = files::read(&dir.path().join("CHANGELOG.md")).unwrap();
    Changelog::release(dir.path(), &Wanted::default(), now()).unwrap();
    assert_eq!(files::read(&dir.path().join("CHANGELOG.md")).unwrap(), once);
    assert!(!dir.path().join(entry).exists());
}

#[test]
fn a_version_that_cannot_be_written_leaves_everything() {
    let dir = setup();
    // A file where the folder of versions is to be.
    std::fs::remove_dir_all(dir.path().join(".changelog/versions")).unwrap();
    files::put(&dir.path().join(".changelog/versions"), b"", 0o644).unwrap();
    files::put(&dir.path().join("CHANGELOG.md"), b"# Mine\n", 0o644).unwrap();
    assert!(Changelog::release(dir.path(), &Wanted::default(), now()).is_err());
    assert_eq!(files::read(&dir.path().join("CHANGELOG.md")).unwrap().as_deref(), Some("# Mine\n"));
    assert!(dir.path().join(".changelog/pending/20260122095801123456789-flatpak.yaml").exists());
}

#[test]
fn versions_are_sorted_as_numbers_and_names_stay_in_the_folder() {
    assert!(order("2026.11.9.10", "2026.11.9.2").is_gt());
    assert!(order("2026.2.1.1", "2026.11.1.1").is_lt());
    let dir = setup();
    let known = load(&dir).versions;
    assert_eq!(next(&known, "2026-01-10T23:00:00Z".parse().unwrap()), "2026.01.10.2");
    assert_eq!(next(&known, now()), "2026.11.23.1");
    for name in ["../../evil", "", ".hidden", "-v1", "a/b", "a b", "v1..2", "v1.lock", "v1.", "ä"] {
        assert!(valid(name).is_err(), "{name}");
    }
    let evil = Wanted { version: Some("../../evil".to_owned()), ..Wanted::default() };
    assert!(matches!(Changelog::release(dir.path(), &evil, now()), Err(ChangelogError::Name(_))));
    let again = Wanted { version: Some("2026.01.10.1".to_owned()), ..Wanted::default() };
    assert!(matches!(Changelog::release(dir.path(), &again, now()), Err(ChangelogError::Exists(_))));
}

#[test]
fn what_is_no_entry_is_named() {
    let dir = setup();
    let file = ".changelog/pending/x.yaml";
    for text in
        ["", "type: added", "type: nonsense\ntimestamp: 2026-01-22T00:00:00Z\ncategory: other\nmessage: x", "{", "- a"]
    {
        files::put(&dir.path().join(file), text.as_bytes(), 0o644).unwrap();
        let error = Changelog::load(dir.path()).unwrap_err();
        assert!(matches!(&error, ChangelogError::Broken { file: named, .. } if named == file), "{text}: {error}");
    }
    let empty = Change::new(now(), Kind::Added, Category::Other, " \n ");
    assert!(matches!(Changelog::add(dir.path(), &empty), Err(ChangelogError::Message)));
}

#[test]
fn going_back_loses_the_versions_between() {
    let dir = setup();
    Changelog::release(dir.path(), &Wanted::default(), now()).unwrap();
    load(&dir).built("2026.11.23.1", "sha256:bb").unwrap();
    let changelog = load(&dir);
    let lost = changelog.lost("sha256:bb", "sha256:aa").unwrap();
    assert_eq!(lost.iter().map(|version| version.version.as_str()).collect::<Vec<_>>(), ["2026.11.23.1"]);
    assert_eq!(changelog.lost("sha256:aa", "sha256:bb").unwrap(), Vec::<&Version>::new());
    assert_eq!(changelog.lost("sha256:bb", "sha256:cc"), None);
}

#[test]
fn drafts_follow_what_happens_to_an_item() {
    let dir = tempfile::tempdir().unwrap();
    let fact = |id: &str, before: Option<&str>, after: Option<&str>| Fact {
        item: id.parse().unwrap(),
        before: before.map(|text| Value::Setting(text.to_owned())),
        after: after.map(|text| Value::Setting(text.to_owned())),
    };
    let pending = |facts: &[Fact]| {
        draft(dir.path(), facts, now()).unwrap();
        let pending = load(&dir).pending;
        pending.iter().map(|pending| (pending.change.kind, pending.change.message.clone())).collect::<Vec<_>>()
    };
    let key = "gsetting:org.gnome.desktop.interface/clock-format";
    let name = "org.gnome.desktop.interface/clock-format";
    assert_eq!(pending(&[fact(key, None, Some("'12h'"))]), [(Kind::Added, name.to_owned())]);
    // Changed again: still new to whoever reads it.
    assert_eq!(pending(&[fact(key, Some("'12h'"), Some("'24h'"))]), [(Kind::Added, name.to_owned())]);
    assert_eq!(pending(&[fact(key, Some("'24h'"), None)]), []);
    assert_eq!(pending(&[fact(key, Some("'12h'"), Some("'24h'"))]), [(Kind::Changed, format!("{name}: '24h'"))]);
    let token = "gsetting:org.example.app/token";
    let told = pending(&[fact(token, Some("'a'"), Some("'ghp_0123456789abcdefghijklmnopqrstuvwxyz'"))]);
    assert!(told.iter().all(|(_, message)| !message.contains("ghp_")), "{told:?}");
}
