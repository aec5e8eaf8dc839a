// SPDX-License-Identifier: GPL-3.0-or-later
//! What must hold for every setup and every computer, tried on many.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bkt_core::compare::{Decision, Effect, Origin};
use bkt_core::host::recording::RecordingHost;
use bkt_core::item::{Domain, ItemId};
use bkt_core::manifest::{Manifest, Reader, edit};
use bkt_core::plan::{Action, Decisions, Plan, Preconditions, Step};
use bkt_core::session::Session;
use bkt_core::value::{UnitState, Value};
use proptest::prelude::*;

type Units = BTreeMap<String, UnitState>;

fn package() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9+-]{0,8}"
}

fn units() -> impl Strategy<Value = Units> {
    let state = prop_oneof![Just(UnitState::Enabled), Just(UnitState::Disabled), Just(UnitState::Masked)];
    prop::collection::btree_map("[a-d]\\.service", state, 0..4)
}

fn computer(packages: &BTreeSet<String>, units: &Units) -> RecordingHost {
    let rpm: String = packages.iter().map(|name| format!("{name}\t1-1.noarch\n")).collect();
    let chosen: String = packages.iter().map(|name| format!("{name} user\n")).collect();
    let files: Vec<_> = units
        .iter()
        .map(|(name, state)| serde_json::json!({"unit_file": name, "state": state, "preset": "disabled"}))
        .collect();
    let mut host = RecordingHost::default()
        .prints("rpm -qa --qf '%{NAME}\\t%{EVR}.%{ARCH}\\n'", &rpm)
        .prints("dnf -q '--disablerepo=*' repoquery --installed --qf '%{name} %{reason}\\n'", &chosen)
        .prints("flatpak list --app --columns=installation,application,origin,branch,active,name", "")
        .prints("flatpak remotes --show-disabled --columns=name,url,options,title", "")
        .prints("systemctl list-unit-files --output=json --no-pager", &serde_json::Value::from(files).to_string())
        .file("/proc/cmdline", "root=UUID=1\n");
    for name in units.iter().filter(|(_, state)| **state == UnitState::Masked).map(|(name, _)| name) {
        host = host.symlink(&format!("/etc/systemd/system/{name}"), "/dev/null");
    }
    host
}

/// A list of packages in one of the ways people write it.
fn written_by_hand(names: &BTreeSet<String>, layout: usize) -> String {
    let last = names.len().saturating_sub(1);
    let entry = |(n, name): (usize, &String)| match layout {
        0 => format!("\n    \"{name}\"{}", if n == last { "" } else { "," }),
        1 => format!("\n\t\"{name}\", // why {name}"),
        2 => format!("\r\n    // own line, before\r\n    \"{name}\" /* , */{}", if n == last { "" } else { "," }),
        3 => format!("\n\n  /* own line,\n own line */\n    \"{name}\","),
        4 => format!("\"{name}\"{}", if n == last { "" } else { ", " }),
        _ => format!(" /* [ */ \"{name}\" {}", if n == last { "" } else { "," }),
    };
    let entries: String = names.iter().enumerate().map(entry).collect();
    let newline = if layout < 4 && !names.is_empty() { "\n  " } else { "" };
    format!("{{\n  // own line, first\n  \"packages\": [{entries}{newline}],\n  \"later\": {{ \"x\":[1 ,2] }}\n}}")
}

struct Nobody;

impl bkt_core::run::Administrator for Nobody {
    fn perform(
        &self,
        _: &Plan,
        _: bkt_core::run::Sink<'_>,
    ) -> Result<Vec<bkt_core::run::StepResult>, bkt_core::run::AdministratorError> {
        Err(bkt_core::run::AdministratorError::Unavailable)
    }
}

proptest! {
    // Each case writes and syncs real files.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn capturing_everything_makes_the_next_plan_empty(
        declared in prop::collection::btree_set(package(), 0..6),
        installed in prop::collection::btree_set(package(), 0..6),
        wanted in units(),
        here in units(),
    ) {
        let dir = tempfile::tempdir()?;
        let setup = dir.path().join("setup");
        std::fs::create_dir_all(setup.join("manifests"))?;
        let write = |manifest: Manifest, json: serde_json::Value| bkt_core::files::replace(&setup.join(manifest.path()), json.to_string().as_bytes());
        write(Manifest::SystemPackages, serde_json::json!({"packages": declared}))?;
        write(Manifest::SystemdServices, serde_json::json!({"services": wanted}))?;
        let session = Session { host: Arc::new(computer(&installed, &here)), setup: setup.clone(), state: dir.path().join("state") };
        let snapshot = session.compare().map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(snapshot.comparison.unknown.is_empty(), "{:?}", snapshot.comparison.unknown);
        let decisions = snapshot.comparison.changes.iter().map(|change| (change.id.clone(), Decision::Capture)).collect();
        let plan = session.plan(&snapshot, &decisions).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&Plan::from_bytes(&plan.to_bytes()).map_err(|error| TestCaseError::fail(error.to_string()))?, &plan);
        session.run(plan, &Nobody, bkt_core::run::Source::Cli, &mut |_| {}).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let after = session.compare().map_err(|error| TestCaseError::fail(error.to_string()))?.comparison;
        prop_assert!(after.changes.is_empty(), "{:?}", after.changes);
    }

}

proptest! {
    #[test]
    fn adding_and_removing_an_entry_gives_back_the_same_bytes(
        packages in prop::collection::btree_set(package(), 1..8),
        new in package(),
    ) {
        prop_assume!(!packages.contains(&new));
        let text = serde_json::to_string_pretty(&serde_json::json!({"packages": packages, "kept": {"x": [1, 2]}}))? + "\n";
        let item = ItemId::new(Domain::Pkg, new.clone());
        let edit = |text: &str, value: Option<&Value>| edit::edited(Manifest::SystemPackages, text, &item, value).map_err(|error| TestCaseError::fail(error.to_string()));
        let added = edit(&text, Some(&Value::Present))?;
        let (declared, _) = Reader::declarations(Manifest::SystemPackages, Domain::Pkg, &added).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(declared.contains_key(&new));
        prop_assert_eq!(added.lines().count(), text.lines().count() + 1);
        prop_assert_eq!(edit(&added, None)?, text);
    }

    #[test]
    fn editing_a_manifest_someone_wrote_keeps_every_line_that_is_not_the_entry(
        here in prop::collection::btree_set("[a-e]{1,2}", 0..6),
        changes in prop::collection::btree_map("[a-e]{1,2}", any::<bool>(), 0..6),
        layout in 0_usize..6,
    ) {
        let text = written_by_hand(&here, layout);
        let items: Vec<ItemId> = changes.keys().map(|name| ItemId::new(Domain::Pkg, name.clone())).collect();
        let edits = items.iter().zip(changes.values().map(|there| there.then_some(&Value::Present)));
        let after = edit::apply(Manifest::SystemPackages, &text, edits.clone()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let (declared, _) = Reader::declarations(Manifest::SystemPackages, Domain::Pkg, &after).map_err(|error| TestCaseError::fail(format!("{error}: {after}")))?;
        let mut wanted = here.clone();
        for (name, there) in &changes {
            if *there { wanted.insert(name.clone()); } else { wanted.remove(name); }
        }
        prop_assert_eq!(declared.keys().collect::<Vec<_>>(), wanted.iter().collect::<Vec<_>>(), "{}", after);
        let order: Vec<&str> = after.split('"').filter(|word| wanted.contains(*word)).collect();
        prop_assert!(order.is_sorted(), "{}", after);
        if wanted == here {
            prop_assert_eq!(&after, &text);
        }
        let is_kept = |line: &&str| line.contains("own line") || line.contains("later");
        prop_assert_eq!(after.lines().filter(is_kept).collect::<Vec<_>>(), text.lines().filter(is_kept).collect::<Vec<_>>());
        if layout < 4 && !wanted.is_empty() && !here.is_empty() {
            for name in here.intersection(&wanted) {
                let of = |text: &str| text.lines().find(|line| line.contains(&format!("\"{name}\""))).map(|line| line.replace([',', ' '], ""));
                prop_assert_eq!(of(&after), of(&text), "{}", after);
            }
        }
        let mut step_by_step = text;
        for (item, value) in edits {
            step_by_step = edit::edited(Manifest::SystemPackages, &step_by_step, item, value).map_err(|error| TestCaseError::fail(error.to_string()))?;
        }
        let (same, _) = Reader::declarations(Manifest::SystemPackages, Domain::Pkg, &step_by_step).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(same.into_keys().collect::<Vec<_>>(), declared.into_keys().collect::<Vec<_>>());
    }

    #[test]
    fn no_accepted_package_name_can_be_an_option(text in "[-a-zA-Z0-9_.+ ;/*@\n]{0,6}[a-z0-9.+_-]{0,6}") {
        if let Ok(name) = text.parse::<bkt_core::name::PackageName>() {
            prop_assert!(!name.as_str().starts_with('-') && !name.as_str().contains(|c: char| c.is_whitespace() || ";/*@".contains(c)));
            let step = Step::apply(ItemId::new(Domain::Pkg, name.as_str()), Action::InstallPackage { name }, Effect::Now, Origin::New);
            let preconditions = Preconditions { rpmdb: Some("0".to_owned()), ..Preconditions::default() };
            let plan = Plan::new(preconditions, vec![step], Vec::new());
            prop_assert_eq!(Plan::from_bytes(&plan.to_bytes()).map_err(|error| TestCaseError::fail(error.to_string()))?, plan);
        }
    }

    #[test]
    fn a_damaged_plan_is_refused_or_still_canonical(name in package(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let action = Action::InstallPackage { name: name.parse().map_err(|_| TestCaseError::reject("no name"))? };
        let step = Step::apply(ItemId::new(Domain::Pkg, name), action, Effect::Now, Origin::New);
        let preconditions = Preconditions { rpmdb: Some("0".to_owned()), ..Preconditions::default() };
        let mut bytes = Plan::new(preconditions, vec![step], Vec::new()).to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(plan) = Plan::from_bytes(&bytes) {
            prop_assert_eq!(plan.to_bytes(), bytes);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic_the_readers(text in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Plan::from_bytes(&bytes);
        for manifest in Manifest::ALL {
            for domain in manifest.domains() {
                let _ = Reader::declarations(manifest, *domain, &text);
            }
        }
    }
}

#[test]
fn a_large_capture_writes_each_manifest_once_and_a_larger_one_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let setup = dir.path().join("setup");
    std::fs::create_dir_all(setup.join("manifests")).unwrap();
    let installed: BTreeSet<String> = (0..1901).map(|n| format!("package-{n}")).collect();
    let here: Units = (0..100).map(|n| (format!("unit-{n}.service"), UnitState::Enabled)).collect();
    let host = Arc::new(computer(&installed, &here));
    let session = Session { host, setup: setup.clone(), state: dir.path().join("state") };
    let snapshot = session.compare().unwrap();
    let mut decisions: Decisions =
        snapshot.comparison.changes.iter().map(|change| (change.id.clone(), Decision::Capture)).collect();
    let error = session.plan(&snapshot, &decisions).unwrap_err().to_string();
    assert!(error.contains("2001 steps and one plan holds 2000"), "{error}");
    decisions.pop_first();
    let plan = session.plan(&snapshot, &decisions).unwrap();
    assert_eq!(Plan::from_bytes(&plan.to_bytes()).unwrap(), plan);

    let manifests = [Manifest::SystemPackages, Manifest::SystemdServices];
    let read = |manifest: Manifest| bkt_core::files::read(&setup.join(manifest.path())).unwrap();
    let mut versions: BTreeMap<Manifest, Vec<Option<String>>> = BTreeMap::new();
    let mut look = || {
        for manifest in manifests {
            let seen = versions.entry(manifest).or_default();
            seen.push(read(manifest));
            seen.dedup();
        }
    };
    let source = bkt_core::run::Source::Cli;
    session.run(plan, &Nobody, source, &mut |_| look()).unwrap();
    for manifest in manifests {
        assert_eq!(versions[&manifest].len(), 2, "{} was written more than once", manifest.path());
    }
    assert_eq!(session.compare().unwrap().comparison.changes.len(), 1);

    // Nothing is written while there are edits to come.
    let items: Vec<ItemId> = installed.iter().map(|name| ItemId::new(Domain::Pkg, name.clone())).collect();
    let before = read(Manifest::SystemPackages);
    let edits = items.iter().map(|item| {
        assert_eq!(read(Manifest::SystemPackages), before);
        (item, None)
    });
    bkt_core::run::user::edit_manifest(&setup, Manifest::SystemPackages, edits).unwrap();
    assert_eq!(read(Manifest::SystemPackages).as_deref(), Some("{\n  \"packages\": []\n}\n"));
}
