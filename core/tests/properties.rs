// SPDX-License-Identifier: GPL-3.0-or-later
//! What must hold for every setup and every computer, tried on many.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bkt_core::compare::{Decision, Effect, Origin};
use bkt_core::host::recording::RecordingHost;
use bkt_core::item::{Domain, ItemId};
use bkt_core::manifest::{Manifest, Reader, edit};
use bkt_core::plan::{Action, Plan, Preconditions, Step};
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
    let chosen: String = packages.iter().map(|name| format!("{name}\n")).collect();
    let files: Vec<_> = units
        .iter()
        .map(|(name, state)| serde_json::json!({"unit_file": name, "state": state, "preset": "disabled"}))
        .collect();
    let mut host = RecordingHost::default()
        .prints("rpm -qa --qf '%{NAME}\\t%{EVR}.%{ARCH}\\n'", &rpm)
        .prints("dnf -q -C '--disablerepo=*' repoquery --userinstalled --qf '%{name}\\n'", &chosen)
        .prints("flatpak list --app --columns=installation,application,origin,branch,active,name", "")
        .prints("systemctl list-unit-files --output=json --no-pager", &serde_json::Value::from(files).to_string())
        .file("/proc/cmdline", "root=UUID=1\n");
    for name in units.iter().filter(|(_, state)| **state == UnitState::Masked).map(|(name, _)| name) {
        host = host.symlink(&format!("/etc/systemd/system/{name}"), "/dev/null");
    }
    host
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
    fn no_accepted_package_name_can_be_an_option(text in ".{0,12}") {
        if let Ok(name) = text.parse::<bkt_core::name::PackageName>() {
            prop_assert!(!name.as_str().starts_with('-') && !name.as_str().contains(char::is_whitespace));
            let step = Step::apply(ItemId::new(Domain::Pkg, name.as_str()), Action::InstallPackage { name }, Effect::Now, Origin::New);
            let plan = Plan::new(Preconditions::default(), vec![step], Vec::new());
            prop_assert_eq!(Plan::from_bytes(&plan.to_bytes()).map_err(|error| TestCaseError::fail(error.to_string()))?, plan);
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
