// SPDX-License-Identifier: GPL-3.0-or-later
//! COPR projects through a whole plan: in order, refused where they must be, and captured back.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

#[path = "support/nobody.rs"]
mod nobody;

use std::collections::BTreeMap;
use std::sync::Arc;

use bkt_core::compare::Decision;
use bkt_core::describe;
use bkt_core::host::recording::RecordingHost;
use bkt_core::item::{Domain, ItemId};
use bkt_core::name::{CoprProject, UnitName};
use bkt_core::plan::{Action, Deferral, Plan, Stale, Wish, Wishes, hash};
use bkt_core::problem::Problem;
use bkt_core::run::{Source, StepState, UnitControl, administrator};
use bkt_core::session::Session;
use bkt_core::value::{CoprState, UnitState, Value};
use proptest::prelude::*;

use nobody::Nobody;

struct NoUnits;

impl UnitControl for NoUnits {
    fn set(&self, _: &UnitName, _: UnitState) -> Result<(), Problem> {
        Err(Problem::new("internal", "no units here"))
    }

    fn unmask(&self, _: &UnitName) -> Result<(), Problem> {
        Err(Problem::new("internal", "no units here"))
    }
}

/// A package-mode computer without packages of its own, and with these projects.
fn computer(projects: &BTreeMap<String, CoprState>) -> RecordingHost {
    let mut host = RecordingHost::default()
        .prints("rpm -qa --qf '%{NAME}\\t%{EVR}.%{ARCH}\\n'", "base\t1-1.noarch\n")
        .prints("dnf -q '--disablerepo=*' repoquery --installed --qf '%{name} %{reason}\\n'", "base dependency\n");
    for (name, state) in projects {
        let id = name.parse::<CoprProject>().unwrap().repository();
        let text = format!("[{id}]\nenabled={}\ngpgcheck={}\n", u8::from(state.enabled), u8::from(state.gpg_check));
        host = host.file(&format!("/etc/yum.repos.d/_{id}.repo"), &text);
    }
    host
}

fn session(host: RecordingHost, packages: &str) -> (tempfile::TempDir, Session, Arc<RecordingHost>) {
    let dir = tempfile::tempdir().unwrap();
    let manifests = dir.path().join("setup/manifests");
    std::fs::create_dir_all(&manifests).unwrap();
    bkt_core::files::replace(&manifests.join("system-packages.json"), packages.as_bytes()).unwrap();
    let host = Arc::new(host);
    let session = Session { host: host.clone(), setup: dir.path().join("setup"), state: dir.path().join("state") };
    (dir, session, host)
}

fn decided(session: &Session, decision: Decision) -> Plan {
    let snapshot = session.compare_some(&[Domain::Copr, Domain::Pkg]).unwrap();
    assert!(snapshot.comparison.unknown.is_empty(), "{:?}", snapshot.comparison.unknown);
    let decisions = snapshot.comparison.changes.iter().map(|change| (change.id.clone(), decision)).collect();
    session.plan(&snapshot, &decisions).unwrap()
}

#[test]
fn a_project_is_there_before_what_comes_from_it_and_is_read_back() {
    let declared = r#"{"packages": ["starship"], "copr_repos": [{"name": "atim/starship", "enabled": true}]}"#;
    let old = BTreeMap::from([("b/old".to_owned(), CoprState::CHECKED)]);
    let (_dir, session, _) = session(computer(&old), declared);
    let plan = decided(&session, Decision::Apply);
    let sentences: Vec<String> = plan.steps.iter().map(describe::step).collect();
    assert_eq!(
        sentences,
        [
            "Add the COPR atim/starship, whose packages the distribution does not check",
            "Turn off the COPR b/old; its packages stay",
            "Install starship",
        ]
    );
    assert!(describe::admin_summary(&plan).contains("change 2 sources of packages"));
    assert_eq!(Plan::from_bytes(&plan.to_bytes()).unwrap(), plan);

    let here = computer(&old)
        .prints("dnf copr enable atim/starship", "")
        .prints("dnf copr disable b/old", "")
        .prints("dnf -y --setopt=exit_on_lock=True install starship", "");
    let results = administrator::perform(&plan, &here, &NoUnits, &|| false, &mut |_| {}).unwrap();
    let changing: Vec<String> = here
        .effects()
        .into_iter()
        .filter(|effect| effect.starts_with("dnf copr") || effect.contains("install "))
        .collect();
    assert_eq!(
        changing,
        [
            "dnf copr enable atim/starship",
            "dnf copr disable b/old",
            "dnf -y --setopt=exit_on_lock=True install starship"
        ]
    );
    // Recorded files never change, so what the tool claims is found out.
    assert!(results.iter().all(|result| result.state == StepState::Failed), "{results:?}");
}

#[test]
fn what_is_not_to_be_checked_is_left_to_the_recipe() {
    let declared = r#"{"copr_repos": [{"name": "a/b", "gpg_check": false}]}"#;
    let (_dir, session, _) = session(computer(&BTreeMap::new()), declared);
    let plan = decided(&session, Decision::Apply);
    assert!(plan.steps.is_empty());
    assert_eq!(plan.deferred.iter().map(|deferred| deferred.why).collect::<Vec<_>>(), [Deferral::Unchecked]);
    // One that is here and checked is more than that setup asks for.
    let here = computer(&BTreeMap::from([("a/b".to_owned(), CoprState::CHECKED)]));
    let session = Session { host: Arc::new(here), ..session };
    assert!(session.compare_some(&[Domain::Copr]).unwrap().comparison.changes.is_empty());
}

#[test]
fn what_a_plan_may_not_say_is_refused() {
    let (_dir, session, _) = session(computer(&BTreeMap::new()), r#"{"copr_repos": ["atim/starship"]}"#);
    let text = String::from_utf8(decided(&session, Decision::Apply).to_bytes()).unwrap();
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}: {text}");
        Plan::from_bytes(text.replace(from, to).as_bytes()).unwrap_err().to_string()
    };
    assert!(refused("\"project\":\"atim/starship\"", "\"project\":\"-y\"").contains("not a valid COPR project"));
    assert!(refused("\"project\":\"atim/starship\"", "\"project\":\"a;b/c\"").contains("not a valid COPR project"));
    assert!(refused("\"project\":\"atim/starship\"", "\"project\":\"evil/other\"").contains("contradicts itself"));
    assert!(refused("\"privilege\":\"admin\"", "\"privilege\":\"user\"").contains("contradicts itself"));
    // No repository, key or option travels with it.
    let field = |field: &str| format!("\"project\":\"atim/starship\",{field}");
    for extra in ["\"gpg_check\":false", "\"baseurl\":\"https://example.org\"", "\"chroot\":\"fedora-44-x86_64\""] {
        assert!(refused("\"project\":\"atim/starship\"", &field(extra)).contains("unknown field"), "{extra}");
    }
    let shown = r#""to":{"enabled":true}"#;
    assert!(refused(shown, r#""to":{"enabled":true,"gpg_check":false}"#).contains("not what the action does"));
    assert!(refused(",\"coprs\":{\"atim/starship\":false}", "").contains("missing"));
    assert_ne!(hash(text.as_bytes()), hash(text.replace("starship", "starshiq").as_bytes()));
}

#[test]
fn a_project_that_came_or_went_meanwhile_makes_the_plan_stale() {
    let (_dir, session, _) = session(computer(&BTreeMap::new()), r#"{"copr_repos": ["a/b"]}"#);
    let plan = decided(&session, Decision::Apply);
    let meanwhile = computer(&BTreeMap::from([("a/b".to_owned(), CoprState::CHECKED)]));
    let stale = administrator::perform(&plan, &meanwhile, &NoUnits, &|| false, &mut |_| {}).unwrap_err();
    assert!(matches!(stale, Stale::Item(item) if item == ItemId::new(Domain::Copr, "a/b")));
    assert!(meanwhile.effects().iter().all(|effect| !effect.starts_with("dnf copr")));
}

#[test]
fn a_wish_names_both_sides_and_is_undone_on_both() {
    let project = |state: CoprState| BTreeMap::from([("a/b".to_owned(), state)]);
    let (_dir, session, _) = session(computer(&project(CoprState::CHECKED)), r#"{"copr_repos": ["a/b"]}"#);
    let wish = |value: Option<CoprState>| {
        let value = value.map(Value::Copr);
        let wish = Wish { setup: Some(value.clone()), computer: Some(value), ..Wish::default() };
        Wishes::from([(ItemId::new(Domain::Copr, "a/b"), wish)])
    };
    let actions = |wishes: &Wishes| -> Vec<Action> {
        session.wish(wishes).unwrap().1.steps.into_iter().map(|step| step.action).collect()
    };
    let disable = Action::DisableCopr { project: "a/b".parse().unwrap() };
    assert!(
        matches!(&actions(&wish(Some(CoprState::DISABLED)))[..], [Action::WriteManifest { .. }, last] if *last == disable)
    );
    assert!(matches!(&actions(&wish(None))[..], [Action::WriteManifest { value: None, .. }, last] if *last == disable));
    assert!(actions(&wish(Some(CoprState::CHECKED))).is_empty());
    let (_, plan) = session.wish(&wish(None)).unwrap();
    let undone: Wishes = bkt_core::plan::wish::undo(&plan.steps).before;
    let off = Session { host: Arc::new(computer(&project(CoprState::DISABLED))), ..session.clone() };
    let (_, back) = off.wish(&undone).unwrap();
    let enable = Action::EnableCopr { project: "a/b".parse().unwrap() };
    assert!(back.steps.iter().any(|step| step.action == enable), "{back:?}");
}

fn projects() -> impl Strategy<Value = BTreeMap<String, CoprState>> {
    let state = (any::<bool>(), any::<bool>()).prop_map(|(enabled, gpg_check)| CoprState { enabled, gpg_check });
    prop::collection::btree_map("@?[a-c]/[a-c]", state, 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn capturing_everything_leaves_nothing_and_a_plan_reads_back(declared in projects(), here in projects()) {
        let entries: Vec<_> = declared
            .iter()
            .map(|(name, state)| serde_json::json!({"name": name, "enabled": state.enabled, "gpg_check": state.gpg_check}))
            .collect();
        let (_dir, session, _) = session(computer(&here), &serde_json::json!({"copr_repos": entries}).to_string());
        for decision in [Decision::Apply, Decision::Capture] {
            let plan = decided(&session, decision);
            prop_assert_eq!(&Plan::from_bytes(&plan.to_bytes()).unwrap(), &plan);
        }
        let plan = decided(&session, Decision::Capture);
        session.run(plan, &Nobody, Source::Cli, &mut |_| {}).unwrap();
        let after = session.compare_some(&[Domain::Copr]).unwrap().comparison;
        prop_assert!(after.changes.is_empty(), "{:?}", after.changes);
    }
}
