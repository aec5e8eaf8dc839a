// SPDX-License-Identifier: GPL-3.0-or-later
//! What must hold for every kind of item, tried on many computers of each.
//!
//! A new kind of item does not compile here until [`put`] says how a computer that has such items answers.
//!
//! Invariant: what a setup says is always what a capture wrote; nothing here knows how a manifest looks.

#![expect(clippy::panic, clippy::unwrap_used, reason = "tests stop at the first surprise")]

#[path = "recorded/host.rs"]
#[expect(dead_code, reason = "computers are made up here, not read")]
mod recorded;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bkt_core::compare::{Change, Comparison, Decision, Origin};
use bkt_core::domain::kind;
use bkt_core::item::Domain;
use bkt_core::manifest::Manifest;
use bkt_core::plan::wish::{Undo, undo};
use bkt_core::plan::{Consent, Decisions, Plan};
use bkt_core::run::{Direct, Receipt, Source, StepState};
use bkt_core::session::{Session, Undone};
use bkt_core::setup::Setup;
use bkt_core::value::Value;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use recorded::Recorded;

/// Which of three items a computer has, each in one of two forms.
type Items = [Option<bool>; 3];

/// What a computer with such items answers.
struct Computer {
    recorded: Recorded,
    /// Whether the recording follows what is done to it; where it does not, real tools do, on the sample computer and
    /// on lab hosts.
    follows: bool,
    /// Whether an item can be gone; a setting, a unit and an installed extension have another value then.
    goes: bool,
}

/// How a computer answers that has these items. This is the one place where a kind of item is known; `None` is for
/// one that cannot be made up, with the reason.
fn put(domain: Domain, items: Items) -> Option<Computer> {
    let mut recorded = Recorded { home: Some("/home/sam".to_owned()), ..Recorded::default() };
    let there = || ["alpha", "beta", "gamma"].into_iter().zip(items).filter_map(|(name, form)| Some((name, form?)));
    let lines = |line: &dyn Fn(&str, bool) -> String| there().map(|(name, form)| line(name, form)).collect::<String>();
    let mut prints = |command: &str, text: String| recorded.outputs.insert(command.to_owned(), text);
    let (mut follows, mut goes) = (false, true);
    match domain {
        Domain::Remote => {
            let text = lines(&|name, form| {
                let (host, scope) = if form { ("a", "user") } else { ("b", "user,no-gpg-verify") };
                format!("{name}\thttps://{host}.org/{name}/\t{scope}\t-\n")
            });
            prints("flatpak remotes --show-disabled --columns=name,url,options,title", text);
        }
        Domain::Flatpak => {
            let text = lines(&|name, form| {
                let from = if form { "flathub" } else { "fedora" };
                format!("user\torg.example.{name}\t{from}\tstable\tabc\t{name}\n")
            });
            prints("flatpak list --app --columns=installation,application,origin,branch,active,name", text);
        }
        Domain::Ext => {
            (follows, goes) = (true, false);
            let switched = |on: bool| -> String {
                let ids: Vec<String> =
                    there().filter(|(_, form)| *form == on).map(|(name, _)| format!("'{name}@a.org'")).collect();
                if ids.is_empty() { "@as []".to_owned() } else { format!("[{}]", ids.join(", ")) }
            };
            for name in ["alpha", "beta", "gamma"] {
                let path = format!("/home/sam/.local/share/gnome-shell/extensions/{name}@a.org/metadata.json");
                let text = format!("{{\"uuid\": \"{name}@a.org\", \"name\": \"{name}\", \"shell-version\": [\"48\"]}}");
                recorded.files.insert(path, text);
            }
            for (key, text) in [
                ("enabled-extensions", switched(true)),
                ("disabled-extensions", switched(false)),
                ("disable-user-extensions", "false".to_owned()),
            ] {
                recorded.settings.insert(format!("org.gnome.shell/{key}"), text);
            }
        }
        Domain::Gsetting => {
            (follows, goes) = (true, false);
            for (name, form) in ["alpha", "beta", "gamma"].into_iter().zip(items) {
                let value = form.map_or("'default'", |form| if form { "'one'" } else { "'two'" });
                recorded.settings.insert(format!("org.example.keys/{name}"), value.to_owned());
            }
        }
        Domain::Shim => {
            follows = true;
            for (name, form) in there() {
                let command = if form { name } else { "other" };
                let path = format!("/home/sam/.local/toolbox/shims/{name}");
                let text = format!("#!/bin/bash\nexec flatpak-spawn --host {command} \"$@\"\n");
                recorded.executable.push(path.clone());
                recorded.files.insert(path, text);
            }
        }
        Domain::Unit => {
            goes = false;
            let units: Vec<_> = ["alpha", "beta", "gamma"]
                .into_iter()
                .zip(items)
                .map(|(name, form)| {
                    let state = form.map_or("disabled", |form| if form { "enabled" } else { "masked" });
                    serde_json::json!({"unit_file": format!("{name}.service"), "state": state, "preset": "disabled"})
                })
                .collect();
            prints("systemctl list-unit-files --output=json --no-pager", serde_json::Value::from(units).to_string());
            for (name, _) in there().filter(|(_, form)| !form) {
                recorded.links.insert(format!("/etc/systemd/system/{name}.service"), "/dev/null".to_owned());
            }
        }
        Domain::Box => {
            let header = "ID           | NAME                 | STATUS             | IMAGE\n";
            let rows = lines(&|name, form| {
                format!("6212a22a7d27 | {name:20} | Created            | quay.io/a/b:{}\n", u8::from(form))
            });
            prints("distrobox list --no-color", format!("{header}{rows}"));
        }
        Domain::Brew => {
            let prefix = "/home/linuxbrew/.linuxbrew";
            recorded.files.insert(format!("{prefix}/bin/brew"), String::new());
            for (name, _) in there() {
                let path = format!("{prefix}/Cellar/{name}/1.0/INSTALL_RECEIPT.json");
                let receipt = r#"{"installed_on_request": true, "source": {"tap": "homebrew/core"}}"#;
                recorded.files.insert(path, receipt.to_owned());
            }
        }
        Domain::Bin => {
            for (name, form) in there() {
                let program = format!("/home/sam/.local/bin/{name}");
                recorded.executable.push(program.clone());
                recorded.files.insert(program, "x".to_owned());
                let from = if form { name } else { "other" };
                let value = serde_json::json!({"source": {"type": "cargo", "crate_name": from}, "version": "1.0.0"});
                let note = serde_json::json!({"value": value, "size": 1, "changed": 0});
                recorded.files.insert(format!("/home/sam/.local/share/bkt/bin/{name}.json"), note.to_string());
            }
        }
        // Three programs and the network have a say in each; `core/src/domain/appimage/tests.rs` has their answers.
        Domain::AppImage => return None,
        // Its declarations are files and its links are real; `core/tests/files.rs` tries both ways on directories.
        Domain::Skel => return None,
        // So are these; `core/tests/etc.rs` tries both ways beside an image's own.
        Domain::Etc => return None,
        Domain::Copr => {
            for (name, form) in there() {
                let id = format!("copr:copr.fedorainfracloud.org:owner:{name}");
                let text = format!("[{id}]\nname=Copr\nenabled=1\ngpgcheck={}\n", u8::from(form));
                recorded.files.insert(format!("/etc/yum.repos.d/_{id}.repo"), text);
            }
        }
        Domain::Pkg => {
            prints(
                "rpm -qa --qf '%{NAME}\\t%{EVR}.%{ARCH}\\n'",
                lines(&|name, form| format!("{name}\t{}-1.noarch\n", u8::from(form))),
            );
            prints(
                "dnf -q '--disablerepo=*' repoquery --installed --qf '%{name} %{reason}\\n'",
                lines(&|name, _| format!("{name} user\n")),
            );
        }
        Domain::Karg => {
            follows = true;
            let words = lines(&|name, form| format!(" {name}={}", u8::from(form)));
            recorded.files.insert("/proc/cmdline".to_owned(), format!("root=UUID=1{words}\n"));
            let entry = format!("title A\noptions root=UUID=1{words}\nlinux /a\n");
            recorded.files.insert("/boot/loader/entries/a.conf".to_owned(), entry);
        }
    }
    Some(Computer { recorded, follows, goes })
}

/// The kinds of items that can be made up.
fn kinds() -> impl Iterator<Item = Domain> {
    Domain::ALL.into_iter().filter(|domain| put(*domain, [None; 3]).is_some())
}

/// What a setup says before anything was captured, for kinds of which only what is named there is looked at.
fn first(domain: Domain) -> Option<&'static str> {
    let keys = r#"{"settings": [
  {"schema": "org.example.keys", "key": "alpha", "value": "'default'"},
  {"schema": "org.example.keys", "key": "beta", "value": "'default'"}
]}"#;
    (domain == Domain::Gsetting).then_some(keys)
}

/// A setup with its person's state, and computers that come and go.
struct Desk {
    domain: Domain,
    directory: tempfile::TempDir,
}

impl Desk {
    fn new(domain: Domain) -> Self {
        let desk = Self { domain, directory: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(desk.setup().join("manifests")).unwrap();
        if let Some(text) = first(domain) {
            bkt_core::files::replace(&desk.file(), text.as_bytes()).unwrap();
        }
        desk
    }

    fn setup(&self) -> std::path::PathBuf {
        self.directory.path().join("setup")
    }

    fn file(&self) -> std::path::PathBuf {
        self.setup().join(Manifest::of(self.domain).path())
    }

    fn session(&self, items: Items) -> Session {
        let host = Arc::new(put(self.domain, items).unwrap().recorded.host());
        Session { host, setup: self.setup(), state: self.directory.path().join("state") }
    }

    fn text(&self) -> Option<String> {
        bkt_core::files::read(&self.file()).unwrap()
    }

    fn declared(&self) -> BTreeMap<String, Option<Value>> {
        let setup = Setup::load(&self.setup()).unwrap();
        let declared = setup.declared(self.domain).unwrap();
        declared.iter().map(|(key, declaration)| (key.clone(), declaration.value.clone())).collect()
    }

    fn compare(&self, session: &Session) -> Comparison {
        let comparison = session.compare_some(&[self.domain]).unwrap().comparison;
        assert_eq!(comparison.unknown, [], "{}", self.domain);
        comparison
    }

    /// Decides about changes and runs the plan; the items that could not be done.
    fn run(&self, session: &Session, decide: impl Fn(&Change) -> Option<Decision>) -> Vec<String> {
        self.ran(session, decide).0
    }

    /// The same, with the receipt.
    fn ran(&self, session: &Session, decide: impl Fn(&Change) -> Option<Decision>) -> (Vec<String>, Receipt) {
        let snapshot = session.compare_some(&[self.domain]).unwrap();
        let decisions: Decisions = snapshot
            .comparison
            .changes
            .iter()
            .filter_map(|change| Some((change.id.clone(), decide(change)?)))
            .collect();
        let plan = session.plan_with(&snapshot, &decisions, Consent::Given).unwrap();
        assert_eq!(Plan::from_bytes(&plan.to_bytes()).unwrap(), plan);
        let mut left: Vec<String> = plan.deferred.iter().map(|deferred| deferred.item.key.clone()).collect();
        let administrator = Direct { host: session.host.as_ref() };
        let receipt = session.run(plan, &administrator, Source::Cli, &mut |_| {}).unwrap();
        let bad = receipt.operations.iter().filter(|one| !matches!(one.state, StepState::Done | StepState::Waiting));
        assert_eq!(bad.collect::<Vec<_>>(), Vec::<&bkt_core::run::StepResult>::new(), "{}", self.domain);
        left.sort();
        (left, receipt)
    }

    /// Someone else captured another computer, and their manifest was pulled.
    fn pull(&self, agreed: Items, pulled: Items) {
        let other = Self::new(self.domain);
        other.run(&other.session(agreed), |_| Some(Decision::Capture));
        other.run(&other.session(pulled), |_| Some(Decision::Capture));
        match other.text() {
            Some(text) => bkt_core::files::replace(&self.file(), text.as_bytes()).unwrap(),
            None => bkt_core::files::remove(&self.file()).unwrap(),
        }
    }

    /// What the setup says, and every difference with what is suggested about it.
    fn standing(&self, session: &Session) -> (BTreeMap<String, Option<Value>>, Vec<String>) {
        // On which line an entry stands is how it is written.
        let change = |change: &Change| {
            let suggestion = change.suggestion();
            format!("{:?} {suggestion:?}", Change { declared_at: None, ..change.clone() })
        };
        (self.declared(), self.compare(session).changes.iter().map(change).collect())
    }

    fn keys(changes: &[Change]) -> Vec<String> {
        let mut keys: Vec<String> = changes.iter().map(|change| change.id.key.clone()).collect();
        keys.sort();
        keys
    }
}

fn seen(comparison: &Comparison, domain: Domain, key: &str) -> Option<Value> {
    comparison.observed[&domain].entries.get(key).and_then(|seen| seen.value.clone())
}

/// Whether a value is another one by its meaning.
fn moved(from: Option<Value>, to: Option<Value>) -> bool {
    match (from, to) {
        (None, None) => false,
        (Some(from), Some(to)) => !from.is_met_by(&to),
        _ => true,
    }
}

fn items() -> impl Strategy<Value = Items> {
    [any::<Option<bool>>(), any::<Option<bool>>(), any::<Option<bool>>()]
}

/// Tries something on many computers of every kind of item.
fn try_all(cases: u32, test: impl Fn(Domain, Items, Items, Items)) {
    for domain in kinds() {
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let tried = TestRunner::new(config).run(&(items(), items(), items()), |(one, two, three)| {
            test(domain, one, two, three);
            Ok(())
        });
        tried.unwrap_or_else(|error| panic!("{domain}: {error}"));
    }
}

#[test]
fn every_kind_of_item_differs_where_its_computers_do() {
    for domain in kinds() {
        let desk = Desk::new(domain);
        let here = |items: Items| Desk::keys(&desk.compare(&desk.session(items)).changes);
        let before = here([None; 3]);
        assert_ne!(here([Some(true), Some(false), None]), before, "{domain}: ‘put’ puts nothing there");
    }
}

#[test]
fn capturing_everything_leaves_nothing_to_plan_and_touches_nothing_twice() {
    try_all(8, |domain, one, two, _| {
        let desk = Desk::new(domain);
        for items in [one, two] {
            let session = desk.session(items);
            let left = desk.run(&session, |_| Some(Decision::Capture));
            assert_eq!(Desk::keys(&desk.compare(&session).changes), left, "{:?}", desk.text());
            let text = desk.text();
            desk.run(&session, |_| Some(Decision::Capture));
            assert_eq!(desk.text(), text, "a second capture changes no byte");
        }
    });
}

#[test]
fn applying_everything_leaves_nothing_to_plan() {
    try_all(8, |domain, one, two, _| {
        if !put(domain, one).unwrap().follows {
            return;
        }
        let desk = Desk::new(domain);
        desk.run(&desk.session(one), |_| Some(Decision::Capture));
        let text = desk.text();
        let session = desk.session(two);
        let left = desk.run(&session, |_| Some(Decision::Apply));
        assert_eq!(Desk::keys(&desk.compare(&session).changes), left, "{text:?}");
        assert_eq!(desk.text(), text, "applying leaves the setup alone");
    });
}

#[test]
fn a_change_that_was_pulled_is_never_captured_away_and_a_conflict_is_one() {
    try_all(12, |domain, agreed, here, pulled| {
        let desk = Desk::new(domain);
        let session = desk.session(agreed);
        desk.run(&session, |_| Some(Decision::Capture));
        let before = desk.compare(&session);
        let said = desk.declared();

        desk.pull(agreed, pulled);
        let says = desk.declared();

        let session = desk.session(here);
        let now = desk.compare(&session);
        for change in &now.changes {
            let key = &change.id.key;
            let set = |declared: &BTreeMap<String, Option<Value>>| declared.get(key).cloned().flatten();
            let setup_moved = moved(set(&said), set(&says));
            let computer_moved = moved(seen(&before, domain, key), seen(&now, domain, key));
            if setup_moved {
                assert_ne!(change.suggestion(), Some(Decision::Capture), "{change:?}");
            }
            if !kind(domain).is_total() {
                let origin = match (setup_moved, computer_moved) {
                    (true, false) => Origin::SetupChanged,
                    (false, true) => Origin::ComputerChanged,
                    (true, true) => Origin::BothChanged,
                    (false, false) => Origin::New,
                };
                assert_eq!(change.origin, origin, "{change:?}");
            }
        }
        desk.run(&session, |change| change.suggestion().filter(|decision| *decision == Decision::Capture));
        for (key, value) in &says {
            if moved(said.get(key).cloned().flatten(), value.clone()) {
                assert_eq!(desk.declared().get(key), Some(value), "{key} was captured away");
            }
        }
    });
}

#[test]
fn what_is_undone_is_as_it_was_on_both_sides_and_in_what_is_suggested() {
    try_all(8, |domain, agreed, here, pulled| {
        let desk = Desk::new(domain);
        desk.run(&desk.session(agreed), |_| Some(Decision::Capture));
        desk.pull(agreed, pulled);
        let session = desk.session(here);
        let directions = [Decision::Capture, Decision::Apply];
        for decision in
            directions.into_iter().filter(|it| *it == Decision::Capture || put(domain, here).unwrap().follows)
        {
            let before = desk.standing(&session);
            let (_, receipt) = desk.ran(&session, |_| Some(decision));
            let Undo { before: wishes, .. } = undo(receipt.undoable());
            let (_, plan) = session.wish(&wishes).unwrap();
            let undone = Undone { receipt: &receipt, wishes: &wishes };
            let administrator = Direct { host: session.host.as_ref() };
            session.run_back(plan, undone, &administrator, Source::Cli, "bkt undo", &mut |_| {}).unwrap();
            assert_eq!(desk.standing(&session), before, "{decision:?}: {:?}", receipt.plan.steps);
        }
    });
}

#[test]
fn an_entry_comes_and_goes_without_a_trace_in_what_someone_wrote() {
    for domain in kinds() {
        let desk = Desk::new(domain);
        desk.run(&desk.session([Some(true), None, Some(false)]), |_| Some(Decision::Capture));
        let Some(text) = desk.text() else { panic!("{domain}: nothing was captured") };
        // Comments, and a field that nobody knows, on lines of their own.
        let by_hand =
            text.replacen('\n', "\n  // mine, and it stays\n", 1).replacen("{\n", "{\n  \"later\": [1 ,2],\n", 1);
        bkt_core::files::replace(&desk.file(), by_hand.as_bytes()).unwrap();
        let kept = desk.declared();
        for items in [[Some(true), Some(true), Some(false)], [Some(true), None, Some(false)]] {
            desk.run(&desk.session(items), |_| Some(Decision::Capture));
            let now = desk.text().unwrap();
            for line in by_hand.lines().filter(|line| line.contains("mine") || line.contains("later")) {
                assert!(now.lines().any(|one| one == line), "{domain}: {line} is gone: {now}");
            }
        }
        if put(domain, [None; 3]).unwrap().goes {
            assert_eq!(desk.text().as_deref(), Some(&*by_hand), "{domain}");
            assert_eq!(desk.declared(), kept);
        }
        assert!(Path::new(&desk.file()).exists());
    }
}
