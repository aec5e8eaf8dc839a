// SPDX-License-Identifier: GPL-3.0-or-later
//! Files of the home and of the setup, on real directories: both ways, three ways, undone.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

#[path = "support/nobody.rs"]
mod nobody;

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bkt_core::compare::{Decision, Origin, Shape};
use bkt_core::host::NoSettings;
use bkt_core::host::live::LiveHost;
use bkt_core::item::{Domain, ItemId};
use bkt_core::plan::wish::undo;
use bkt_core::plan::{Consent, Decisions, Deferral};
use bkt_core::run::{Outcome, Receipt, Source, StepState};
use bkt_core::session::{Session, Snapshot};
use proptest::prelude::*;

use nobody::Nobody;

/// A person with a home and a setup.
struct Person {
    directory: tempfile::TempDir,
    session: Session,
}

impl Person {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |part: &str| directory.path().join(part);
        for part in ["home", "setup/manifests", "state", "root"] {
            std::fs::create_dir_all(at(part)).unwrap();
        }
        let host = LiveHost::of_user(Some(at("root")), Arc::new(NoSettings)).with_home(Some(at("home")));
        let session = Session { host: Arc::new(host), setup: at("setup"), state: at("state") };
        Self { directory, session }
    }

    fn home(&self, file: &str) -> PathBuf {
        self.directory.path().join("home").join(file)
    }

    fn skel(&self, file: &str) -> PathBuf {
        self.directory.path().join("setup/skel").join(file)
    }

    fn look(&self) -> Snapshot {
        self.session.compare_some(&[Domain::Skel]).unwrap()
    }

    /// The one change there is: its key, shape and origin.
    fn change(&self) -> (String, Shape, Origin) {
        let snapshot = self.look();
        assert_eq!(snapshot.comparison.changes.len(), 1, "{:?}", snapshot.comparison.changes);
        let change = &snapshot.comparison.changes[0];
        (change.id.key.clone(), change.shape, change.origin)
    }

    fn decide(&self, decision: Decision) -> Receipt {
        let snapshot = self.look();
        let changes = snapshot.comparison.changes.iter();
        let decisions: Decisions = changes.map(|change| (change.id.clone(), decision)).collect();
        let plan = self.session.plan_with(&snapshot, &decisions, Consent::Given).unwrap();
        assert!(plan.deferred.is_empty(), "{:?}", plan.deferred);
        self.session.run(plan, &Nobody, Source::Cli, &mut |_| {}).unwrap()
    }

    fn undo(&self, receipt: &Receipt) -> Receipt {
        let (_, plan) = self.session.wish(&undo(&receipt.plan.steps).before).unwrap();
        self.session.run(plan, &Nobody, Source::Cli, &mut |_| {}).unwrap()
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    bkt_core::files::put(path, text.as_bytes(), 0o644).unwrap();
}

fn read(path: &Path) -> Option<String> {
    bkt_core::files::read(path).unwrap()
}

#[test]
fn a_file_goes_both_ways_and_back() {
    let person = Person::new();
    write(&person.skel(".config/a"), "setup");
    assert_eq!(person.change(), (".config/a".into(), Shape::Missing, Origin::New));
    let applied = person.decide(Decision::Apply);
    assert_eq!((applied.result, read(&person.home(".config/a")).as_deref()), (Outcome::Done, Some("setup")));
    assert!(person.look().comparison.changes.is_empty());

    write(&person.home(".config/a"), "here");
    assert_eq!(person.change(), (".config/a".into(), Shape::Different, Origin::ComputerChanged));
    let captured = person.decide(Decision::Capture);
    assert_eq!(read(&person.skel(".config/a")).as_deref(), Some("here"));
    write(&person.skel(".config/a"), "newer");
    assert_eq!(person.change(), (".config/a".into(), Shape::Different, Origin::SetupChanged));
    let replaced = person.decide(Decision::Apply);
    assert_eq!(read(&person.home(".config/a")).as_deref(), Some("newer"));

    // The earlier contents are nowhere else any more.
    write(&person.skel(".config/a"), "latest");
    assert_eq!(person.undo(&replaced).result, Outcome::Done);
    assert_eq!(read(&person.home(".config/a")).as_deref(), Some("here"));
    assert_eq!(person.undo(&captured).result, Outcome::Done);
    assert_eq!(read(&person.skel(".config/a")).as_deref(), Some("setup"));
    assert_eq!(person.undo(&applied).result, Outcome::Done);
    assert_eq!(read(&person.home(".config/a")), None);
}

#[test]
fn what_leaves_one_side_leaves_the_other_when_it_was_on_both() {
    let person = Person::new();
    write(&person.skel("d/a"), "1");
    person.decide(Decision::Apply);
    bkt_core::files::remove(&person.home("d/a")).unwrap();
    assert_eq!(person.change(), ("d/a".into(), Shape::Missing, Origin::ComputerChanged));
    person.decide(Decision::Capture);
    assert!(!person.skel("d").exists(), "git keeps no empty folder, so nothing else does");
    assert!(person.look().comparison.changes.is_empty());

    write(&person.skel("a"), "1");
    person.decide(Decision::Apply);
    // A pulled change of the setup takes it out.
    bkt_core::files::remove(&person.skel("a")).unwrap();
    assert_eq!(person.change(), ("a".into(), Shape::OnlyHere, Origin::SetupChanged));
    write(&person.home("a"), "2");
    assert_eq!(person.change(), ("a".into(), Shape::OnlyHere, Origin::BothChanged));
    let removed = person.decide(Decision::Apply);
    assert!(!person.home("a").exists());
    assert!(person.look().comparison.changes.is_empty());
    person.undo(&removed);
    assert_eq!(read(&person.home("a")).as_deref(), Some("2"));
}

#[test]
fn a_link_stays_a_link_and_leads_nothing_astray() {
    let person = Person::new();
    std::fs::create_dir_all(person.skel("")).unwrap();
    symlink("/etc/hostname", person.skel("link")).unwrap();
    person.decide(Decision::Apply);
    assert_eq!(std::fs::read_link(person.home("link")).unwrap(), Path::new("/etc/hostname"));
    assert!(person.look().comparison.changes.is_empty());
    bkt_core::files::remove(&person.home("link")).unwrap();
    symlink("elsewhere", person.home("link")).unwrap();
    person.decide(Decision::Capture);
    assert_eq!(std::fs::read_link(person.skel("link")).unwrap(), Path::new("elsewhere"));

    // A folder of the home that is a link to somewhere else is not written through.
    let outside = person.directory.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    symlink(&outside, person.home("way")).unwrap();
    write(&person.skel("way/a"), "x");
    let snapshot = person.look();
    assert_eq!(snapshot.comparison.unknown.len(), 1, "{:?}", snapshot.comparison.unknown);
    let unknown = &snapshot.comparison.unknown[0];
    assert_eq!((unknown.item.clone().unwrap().key.as_str(), unknown.problem.code.as_str()), ("way/a", "behind_a_link"));
    assert!(snapshot.comparison.changes.is_empty());

    // Not even when it becomes one after the plan was made.
    bkt_core::files::remove(&person.home("way")).unwrap();
    let snapshot = person.look();
    let decisions = snapshot.comparison.changes.iter().map(|change| (change.id.clone(), Decision::Apply)).collect();
    let plan = person.session.plan(&snapshot, &decisions).unwrap();
    symlink(&outside, person.home("way")).unwrap();
    let ended = person.session.run(plan, &Nobody, Source::Cli, &mut |_| {});
    assert!(ended.is_err() || ended.unwrap().operations.iter().all(|step| step.state != StepState::Done));
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn what_was_shown_is_what_runs() {
    let person = Person::new();
    write(&person.skel("a"), "1");
    let snapshot = person.look();
    let decisions: Decisions = [(ItemId::new(Domain::Skel, "a"), Decision::Apply)].into();
    let plan = person.session.plan(&snapshot, &decisions).unwrap();
    write(&person.home("a"), "mine");
    person.session.run(plan.clone(), &Nobody, Source::Cli, &mut |_| {}).unwrap_err();
    assert_eq!(read(&person.home("a")).as_deref(), Some("mine"));
    bkt_core::files::remove(&person.home("a")).unwrap();
    write(&person.skel("a"), "other");
    let ended = person.session.run(plan, &Nobody, Source::Cli, &mut |_| {}).unwrap();
    assert_eq!(ended.operations[0].problem.as_ref().unwrap().code, "content_gone");
    assert!(!person.home("a").exists());

    write(&person.home("a"), "2");
    let snapshot = person.look();
    let decisions: Decisions = [(ItemId::new(Domain::Skel, "a"), Decision::Capture)].into();
    let plan = person.session.plan(&snapshot, &decisions).unwrap();
    write(&person.home("a"), "3");
    let ended = person.session.run(plan.clone(), &Nobody, Source::Cli, &mut |_| {}).unwrap();
    assert_eq!(ended.operations[0].problem.as_ref().unwrap().code, "content_gone");
    write(&person.skel("a"), "edited meanwhile");
    person.session.run(plan, &Nobody, Source::Cli, &mut |_| {}).unwrap_err();
    assert_eq!(read(&person.skel("a")).as_deref(), Some("edited meanwhile"));
}

#[test]
fn keys_and_tokens_are_captured_with_consent_only() {
    let person = Person::new();
    write(&person.skel(".netrc"), "old");
    write(&person.home(".netrc"), "machine a password b");
    let snapshot = person.look();
    let decisions: Decisions = [(ItemId::new(Domain::Skel, ".netrc"), Decision::Capture)].into();
    let plan = person.session.plan(&snapshot, &decisions).unwrap();
    assert!(plan.is_empty() && plan.deferred[0].why == Deferral::Private, "{plan:?}");
    person.decide(Decision::Capture);
    assert_eq!(read(&person.skel(".netrc")).as_deref(), Some("machine a password b"));
}

#[test]
fn what_cannot_be_read_is_unknown_and_hides_nothing() {
    let person = Person::new();
    write(&person.skel("a"), "1");
    std::fs::create_dir(person.home("b")).unwrap();
    write(&person.skel("b"), "1");
    write(&person.skel("c"), "1");
    std::fs::File::create(person.skel("large")).unwrap().set_len(17 << 20).unwrap();
    let snapshot = person.look();
    let unknown = snapshot.comparison.unknown.iter();
    let unknown: Vec<_> =
        unknown.map(|unknown| (unknown.item.clone().unwrap().key, unknown.problem.code.clone())).collect();
    let expected = [("large", "too_large"), ("b", "in_the_way")].map(|(key, code)| (key.to_owned(), code.to_owned()));
    assert_eq!(unknown, expected);
    assert_eq!(snapshot.comparison.changes.len(), 2);
}

#[derive(Debug, Clone)]
enum Put {
    File(&'static str, bool),
    Link(&'static str),
}

fn side() -> impl Strategy<Value = BTreeMap<&'static str, Put>> {
    let content = prop::sample::select(vec!["", "one\n", "two\n", "zwei\u{fc}\n"]);
    let file = (content, any::<bool>()).prop_map(|(text, executable)| Put::File(text, executable));
    let link = prop::sample::select(vec!["one", "../two", "/nowhere"]).prop_map(Put::Link);
    let names = prop::sample::select(vec![".bashrc", ".config/a", ".config/b c", "bin/run", "deep/er/x"]);
    prop::collection::btree_map(names, prop_oneof![3 => file, 1 => link], 0..5)
}

fn fill(person: &Person, at: impl Fn(&Person, &str) -> PathBuf, files: &BTreeMap<&str, Put>) {
    for (name, put) in files {
        let path = at(person, name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match put {
            Put::File(text, executable) => {
                bkt_core::files::put(&path, text.as_bytes(), if *executable { 0o755 } else { 0o644 }).unwrap();
            }
            Put::Link(target) => symlink(target, path).unwrap(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn apply_then_nothing_differs(setup in side(), home in side()) {
        let person = Person::new();
        fill(&person, Person::skel, &setup);
        fill(&person, Person::home, &home);
        let receipt = person.decide(Decision::Apply);
        prop_assert!(receipt.operations.iter().all(|step| step.state == StepState::Done), "{:?}", receipt.operations);
        prop_assert!(person.look().comparison.everything_matches());
        let untouched = home.keys().filter(|name| !setup.contains_key(*name));
        prop_assert!(untouched.into_iter().all(|name| person.home(name).symlink_metadata().is_ok()));
        if !receipt.plan.is_empty() {
            person.undo(&receipt);
            for (name, put) in &home {
                match put {
                    Put::File(text, executable) => {
                        prop_assert_eq!(read(&person.home(name)), Some((*text).to_owned()));
                        let mode = person.home(name).metadata().unwrap().permissions().mode();
                        prop_assert_eq!(mode & 0o111 != 0, *executable);
                    }
                    Put::Link(target) => prop_assert_eq!(std::fs::read_link(person.home(name)).unwrap(), Path::new(target)),
                }
            }
            prop_assert!(setup.keys().filter(|name| !home.contains_key(*name)).all(|name| !person.home(name).exists()));
        }
    }

    #[test]
    fn capture_then_nothing_is_left_to_plan(setup in side(), home in side()) {
        let person = Person::new();
        fill(&person, Person::skel, &setup);
        fill(&person, Person::home, &home);
        let receipt = person.decide(Decision::Capture);
        prop_assert!(receipt.operations.iter().all(|step| step.state == StepState::Done), "{:?}", receipt.operations);
        prop_assert!(person.look().comparison.everything_matches());
        prop_assert!(person.decide(Decision::Apply).plan.is_empty());
    }
}
