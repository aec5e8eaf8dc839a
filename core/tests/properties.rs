// SPDX-License-Identifier: GPL-3.0-or-later
//! What must hold for every setup and every computer, tried on many.

#[path = "support/nobody.rs"]
mod nobody;

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

use nobody::Nobody;

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

/// What one manifest says of units, as states by short names.
fn lists(units: &Units) -> serde_json::Value {
    let list = |state| -> Vec<&str> {
        units.iter().filter(|(_, known)| **known == state).map(|(name, _)| name.trim_end_matches(".service")).collect()
    };
    serde_json::json!({
        "enable": list(UnitState::Enabled), "disable": list(UnitState::Disabled), "mask": list(UnitState::Masked),
    })
}

fn arguments() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set(prop_oneof!["[ab]=[12]", Just("quiet".to_owned()), "console=tty[0S]"], 0..4)
}

fn failed(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// Sets unit states as systemd would, in a computer made of files.
struct Obedient<'h>(&'h RecordingHost);

impl bkt_core::run::Administrator for Obedient<'_> {
    fn perform(
        &self,
        plan: &Plan,
        sink: bkt_core::run::Sink<'_>,
    ) -> Result<Vec<bkt_core::run::StepResult>, bkt_core::run::AdministratorError> {
        let units = bkt_core::run::administrator::SystemctlRoot(self.0);
        bkt_core::run::administrator::perform(plan, self.0, &units, &|| false, sink)
            .map_err(|stale| bkt_core::run::AdministratorError::Stale(stale.to_string()))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn captured_units_are_in_the_manifests_that_declared_them_and_contradictions_are_named(
        image in units(),
        services in units(),
        here in units(),
    ) {
        let dir = tempfile::tempdir()?;
        let setup = dir.path().join("setup");
        std::fs::create_dir_all(setup.join("manifests"))?;
        let write = |manifest: Manifest, json: serde_json::Value| bkt_core::files::replace(&setup.join(manifest.path()), json.to_string().as_bytes());
        write(Manifest::SystemConfig, serde_json::json!({"systemd": lists(&image)}))?;
        write(Manifest::SystemdServices, serde_json::json!({"services": services}))?;
        let session = Session { host: Arc::new(computer(&BTreeSet::new(), &here)), setup: setup.clone(), state: dir.path().join("state") };
        let snapshot = session.compare_some(&[Domain::Unit]).map_err(failed)?;
        let contradicting: BTreeSet<&String> =
            image.iter().filter(|(name, state)| services.get(*name).is_some_and(|other| other != *state)).map(|(name, _)| name).collect();
        let named: BTreeSet<&String> =
            snapshot.comparison.unknown.iter().filter_map(|unknown| unknown.item.as_ref()).map(|item| &item.key).collect();
        prop_assert_eq!(&named, &contradicting);
        prop_assert!(snapshot.comparison.unknown.iter().all(|unknown| unknown.problem.code == "declared_twice"));

        let decisions = snapshot.comparison.changes.iter().map(|change| (change.id.clone(), Decision::Capture)).collect();
        let plan = session.plan(&snapshot, &decisions).map_err(failed)?;
        prop_assert_eq!(&Plan::from_bytes(&plan.to_bytes()).map_err(failed)?, &plan);
        session.run(plan, &Nobody, bkt_core::run::Source::Cli, &mut |_| {}).map_err(failed)?;
        let after = session.compare_some(&[Domain::Unit]).map_err(failed)?;
        prop_assert!(after.comparison.changes.is_empty(), "{:?}", after.comparison.changes);
        for (name, before) in [(&image, Manifest::SystemConfig), (&services, Manifest::SystemdServices)].into_iter().flat_map(|(units, manifest)| units.keys().map(move |name| (name, manifest))) {
            // What was declared in a manifest is there still, or, where the unit is not here at all, in none.
            let item = ItemId::new(Domain::Unit, name.clone());
            let manifests = after.setup.manifests_of(&item);
            let is_here = here.contains_key(name) || after.comparison.in_sync.iter().any(|same| same.id == item);
            prop_assert!(manifests.contains(&before) || !is_here, "{name}: {manifests:?}");
        }
    }

    #[test]
    fn kernel_arguments_that_are_applied_or_captured_leave_nothing_to_do(
        append in arguments(),
        remove in arguments(),
        here in arguments(),
        image in arguments(),
        apply in any::<bool>(),
    ) {
        let remove: BTreeSet<&String> = remove.difference(&append).collect();
        let dir = tempfile::tempdir()?;
        let setup = dir.path().join("setup");
        std::fs::create_dir_all(setup.join("manifests"))?;
        let config = serde_json::json!({"kargs": {"append": append, "remove": remove}}).to_string();
        bkt_core::files::replace(&setup.join(Manifest::SystemConfig.path()), config.as_bytes())?;
        let line: Vec<&str> = here.union(&image).map(String::as_str).collect();
        let line = format!("root=UUID=1 {}\n", line.join(" "));
        let toml = format!("kargs = {}\n", serde_json::json!(image));
        let host = Arc::new(computer(&BTreeSet::new(), &Units::new())
            .file("/proc/cmdline", &line)
            .file("/boot/loader/entries/a.conf", &format!("title a\noptions {line}"))
            .file("/usr/lib/bootc/kargs.d/10-os.toml", &toml));
        let session = Session { host: host.clone(), setup: setup.clone(), state: dir.path().join("state") };
        let snapshot = session.compare_some(&[Domain::Karg]).map_err(failed)?;
        let decision = if apply { Decision::Apply } else { Decision::Capture };
        let decisions: Decisions = snapshot.comparison.changes.iter().map(|change| (change.id.clone(), decision)).collect();
        let plan = session.plan(&snapshot, &decisions).map_err(failed)?;
        let receipt = session.run(plan, &Obedient(&host), bkt_core::run::Source::Cli, &mut |_| {}).map_err(failed)?;
        prop_assert!(receipt.operations.iter().all(|result| result.problem.is_none()), "{:?}", receipt.operations);
        let after = session.compare_some(&[Domain::Karg]).map_err(failed)?.comparison;
        let left: BTreeSet<&String> = after.changes.iter().map(|change| &change.id.key).collect();
        // What the image provides stays, whatever the setup wants removed.
        let provided: BTreeSet<&String> = if apply { remove.iter().copied().filter(|name| image.contains(*name)).collect() } else { BTreeSet::new() };
        prop_assert_eq!(&left, &provided, "{:?}", after.changes);
        prop_assert!(after.changes.iter().all(|change| change.fixed.is_some()));
        let entry = bkt_core::host::Host::read(host.as_ref(), std::path::Path::new("/boot/loader/entries/a.conf")).map_err(failed)?.unwrap_or_default();
        for argument in &image {
            prop_assert!(entry.split_whitespace().any(|word| word == argument), "{argument} of the image is gone from {entry}");
        }
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
