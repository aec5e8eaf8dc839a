// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt admin systemctl` on recorded answers of systemd 257.
//!
//! Invariant: what is printed is read as a pipe gets it.

use std::sync::Arc;

use bkt_core::host::recording::RecordingHost;

use super::*;

/// A service that failed, and one that runs.
const FAILED: &str = "Id=tuned.service\nDescription=Dynamic System Tuning Daemon\nLoadState=loaded\n\
    ActiveState=failed\nSubState=failed\nFragmentPath=/usr/lib/systemd/system/tuned.service\n\
    UnitFileState=enabled\nUnitFilePreset=disabled\nNeedDaemonReload=no\nResult=exit-code\n";
const RUNS: &str = "Id=sshd.service\nDescription=OpenSSH server daemon\nLoadState=loaded\nActiveState=active\n\
    SubState=running\nFragmentPath=/usr/lib/systemd/system/sshd.service\nUnitFileState=disabled\n\
    UnitFilePreset=disabled\nNeedDaemonReload=yes\nResult=success\n";
const UNKNOWN: &str = "Id=nosuch.service\nDescription=nosuch.service\nLoadState=not-found\nActiveState=inactive\n\
    SubState=dead\nFragmentPath=\nUnitFileState=\nUnitFilePreset=\nNeedDaemonReload=no\nResult=success\n";

fn session() -> Session {
    let show = "systemctl show --no-pager --property=Id,Description,LoadState,ActiveState,SubState,UnitFileState,\
                UnitFilePreset,FragmentPath,NeedDaemonReload,Result --";
    let host = RecordingHost::default()
        .prints(&format!("{show} tuned.service"), FAILED)
        .prints(&format!("{show} sshd.service"), RUNS)
        .prints(&format!("{show} nosuch.service"), UNKNOWN);
    Session { host: Arc::new(host), setup: "/nowhere".into(), state: "/nowhere".into() }
}

fn unit(name: &str) -> UnitName {
    name.parse().unwrap()
}

fn shown(name: &str, said: Option<&str>) -> String {
    let found = look(&session(), &[unit(name)]).unwrap();
    anstream::adapter::strip_str(&card(&found[0], said)).to_string()
}

#[test]
fn the_status_says_what_a_service_does_and_what_the_setup_says() {
    insta::assert_snapshot!(shown("tuned.service", Some("enabled")), @r"
    ● tuned.service  Dynamic System Tuning Daemon
        Runs   failed (failed)
        Ended  exit-code
        State  enabled   preset disabled
        Setup  enabled
        File   /usr/lib/systemd/system/tuned.service
    ");
    insta::assert_snapshot!(shown("sshd.service", None), @r"
    ● sshd.service  OpenSSH server daemon
        Runs     active (running)
        State    disabled   preset disabled
        Setup    says nothing
        File     /usr/lib/systemd/system/sshd.service
        Changed  its file changed since systemd read it
    ");
    let failure = look(&session(), &[unit("nosuch.service")]).unwrap_err();
    assert_eq!((failure.problem.code.as_str(), failure.exit), ("unknown_item", exit::USAGE));
}

/// What `--now` adds to a plan that sets a state.
fn added(name: &str, state: Option<UnitState>) -> (Vec<Action>, Vec<bool>) {
    let action = Action::SetUnit { unit: unit(name), state: state.unwrap_or(UnitState::Enabled) };
    let set = Step::apply(item(&unit(name)), action.clone(), Effect::Now, Origin::SetupChanged);
    let preconditions = Preconditions { units: [(unit(name), None)].into(), ..Preconditions::default() };
    let plan = with_operation(&session(), Plan::new(preconditions, vec![set], vec![]), &[unit(name)], state).unwrap();
    plan.check().unwrap();
    let steps = plan.steps.iter().map(|step| step.action.clone()).filter(|other| *other != action).collect();
    (steps, plan.preconditions.running.values().copied().collect())
}

#[test]
fn with_now_what_is_enabled_starts_and_what_is_turned_off_stops() {
    let (tuned, sshd) = (unit("tuned.service"), unit("sshd.service"));
    assert_eq!(
        added("tuned.service", Some(UnitState::Enabled)),
        (vec![Action::StartUnit { unit: tuned }], vec![false])
    );
    for off in [UnitState::Disabled, UnitState::Masked] {
        assert_eq!(added("sshd.service", Some(off)), (vec![Action::StopUnit { unit: sshd.clone() }], vec![true]));
    }
    // What is so already needs no step, and whether it runs is what the plan rests on all the same.
    assert_eq!(added("sshd.service", Some(UnitState::Enabled)), (vec![], vec![true]));
    assert_eq!(added("tuned.service", Some(UnitState::Disabled)), (vec![], vec![false]));
    // Unmasking starts nothing.
    assert_eq!(added("tuned.service", None), (vec![], vec![]));
}

#[test]
fn a_masked_service_is_not_started_and_the_way_out_is_named() {
    let masked = Status { load: "masked".to_owned(), active: "inactive".to_owned(), ..Status::default() };
    let failure = step(&unit("tuned.service"), &masked, Operation::Start).unwrap_err();
    assert_eq!(failure.problem.code, "unit_masked");
    assert_eq!(failure.problem.hint.as_deref(), Some("Unmask it first: bkt admin systemctl unmask tuned.service"));
    assert_eq!(step(&unit("tuned.service"), &masked, Operation::Stop).unwrap(), None);
}
