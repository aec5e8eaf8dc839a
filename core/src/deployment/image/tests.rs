// SPDX-License-Identifier: GPL-3.0-or-later
//! Every kind of system, from recorded documents: what is refused, what runs, and what counts as done.
//!
//! Invariant: nothing runs on a host that was refused, and success is claimed from what is read back alone.

use serde_json::Value as Json;

use super::*;
use crate::compare::{Effect, Origin};
use crate::host::Output;
use crate::host::recording::RecordingHost;
use crate::item::{Domain, ItemId};
use crate::name::UnitName;
use crate::plan::step::SYSTEM_IMAGE;
use crate::plan::{Plan, Preconditions, Stale, Step};
use crate::run::administrator::{UnitControl, perform};
use crate::run::{StepResult, StepState};
use crate::value::UnitState;

const A_IMAGE: &str = include_str!("../../../fixtures/hosts/a-image.rpm-ostree.json");
const A_QUEUED: &str = include_str!("../../../fixtures/hosts/a-rollback-queued.rpm-ostree.json");
const B_LAYERED: &str = include_str!("../../../fixtures/hosts/b-layered.rpm-ostree.json");
const C_SILVERBLUE: &str = include_str!("../../../fixtures/hosts/c-silverblue.rpm-ostree.json");
const D_BOOTED: &str = include_str!("../../../fixtures/bootc/status-booted.json");
const D_STAGED: &str = include_str!("../../../fixtures/bootc/status-staged.json");
const PID_1: &str = "systemd-run --quiet --collect --wait --pipe --service-type=exec --";

fn sum(part: &str) -> String {
    part.repeat(64 / part.len())
}

fn ostree(stateroot: &str, booted: &str) -> RecordingHost {
    let boot = format!("/ostree/boot.1/{stateroot}/{}/0", sum("b007"));
    RecordingHost::default()
        .file("/run/ostree-booted", "")
        .file("/proc/cmdline", &format!("quiet ostree={boot} rw\n"))
        .symlink(&boot, &format!("../../../deploy/{stateroot}/deploy/{booted}"))
}

/// A host as this document of rpm-ostree's tells it; what bootc is told to do, it does not.
fn told(stateroot: &str, part: &str, status: &str) -> RecordingHost {
    ostree(stateroot, &format!("{}.0", sum(part))).prints("rpm-ostree status --json", status)
}

/// The document without what waits for the restart.
fn unstaged(status: &str) -> String {
    let mut status: Json = serde_json::from_str(status).unwrap();
    status["deployments"].as_array_mut().unwrap().retain(|deployment| deployment["staged"] != true);
    status.to_string()
}

/// What bootc says when the version that runs is the newest it knows.
fn current() -> String {
    let mut status: Json = serde_json::from_str(D_BOOTED).unwrap();
    status["status"]["booted"]["cachedUpdate"] = status["status"]["booted"]["image"].clone();
    status.to_string()
}

/// The document where only kernel arguments wait.
fn arguments(status: &str) -> String {
    let mut status: Json = serde_json::from_str(status).unwrap();
    status["deployments"][0]["checksum"] = status["deployments"][1]["checksum"].clone();
    status["deployments"][0]["serial"] = 1.into();
    status.to_string()
}

fn switch(image: &str, signed: bool) -> Action {
    Action::SwitchSystem { image: image.parse().unwrap(), signed }
}

fn step(action: Action) -> Step {
    Step::apply(ItemId::new(Domain::Pkg, SYSTEM_IMAGE), action, Effect::Restart, Origin::SetupChanged)
}

fn plan(host: &dyn Host, action: Action) -> Plan {
    let plan = Plan::new(Preconditions::of_image(&System::probe(host)), vec![step(action)], Vec::new());
    assert_eq!(Plan::from_bytes(&plan.to_bytes()).unwrap(), plan);
    plan
}

struct NoUnits;

impl UnitControl for NoUnits {
    fn set(&self, _unit: &UnitName, _state: UnitState) -> Result<(), Problem> {
        unreachable!("no unit is changed")
    }

    fn unmask(&self, _unit: &UnitName) -> Result<(), Problem> {
        unreachable!("no unit is changed")
    }

    fn shielded(&self, _work: &mut dyn FnMut() -> Result<(), Problem>) -> Result<(), Problem> {
        unreachable!("ostree prepares a version as a whole or not at all")
    }
}

fn run(host: &RecordingHost, plan: &Plan) -> Result<StepResult, Stale> {
    Ok(perform(plan, host, &NoUnits, &|| false, &mut |_| {})?.pop().unwrap())
}

/// What was run that does not only look.
fn changing(host: &RecordingHost) -> Vec<String> {
    host.effects().into_iter().filter(|effect| !effect.contains("status --")).collect()
}

/// The one command that does a step on a host, which prints this and changes nothing.
fn ran(host: RecordingHost, action: Action, command: &str) -> StepResult {
    let host = host.prints(command, "");
    let result = run(&host, &plan(&host, action)).unwrap();
    assert_eq!(changing(&host), [command]);
    result
}

#[test]
fn pid_1_starts_bootc_or_where_it_cannot_rpm_ostree() {
    let image = || told("default", "bbbb", A_IMAGE);
    ran(image(), Action::UpgradeSystem {}, &format!("{PID_1} bootc upgrade"));
    ran(image(), Action::RollBackSystem {}, &format!("{PID_1} bootc rollback"));
    let signed = format!("{PID_1} bootc switch --enforce-container-sigpolicy ghcr.io/sam/os:2");
    ran(image(), switch("ghcr.io/sam/os:2", true), &signed);
    let only = || ostree("default", "aaa.0").prints("bootc status --format=json --format-version=1", D_STAGED);
    let stored = format!("{PID_1} bootc switch --transport containers-storage localhost/os");
    ran(only(), switch("containers-storage:localhost/os", false), &stored);

    let layered = || told("default", "cccc", B_LAYERED);
    ran(layered(), Action::UpgradeSystem {}, &format!("{PID_1} rpm-ostree upgrade"));
    ran(layered(), Action::ResetSystem {}, &format!("{PID_1} rpm-ostree reset"));
    let remote = || told("fedora", "5516", C_SILVERBLUE);
    ran(remote(), Action::RollBackSystem {}, &format!("{PID_1} rpm-ostree rollback"));
    for (image, signed, reference) in [
        ("ghcr.io/sam/os", false, "ostree-unverified-registry:ghcr.io/sam/os"),
        ("ghcr.io/sam/os", true, "ostree-image-signed:docker://ghcr.io/sam/os"),
        ("containers-storage:localhost/os", false, "ostree-unverified-image:containers-storage:localhost/os"),
        ("containers-storage:localhost/os", true, "ostree-image-signed:containers-storage:localhost/os"),
    ] {
        ran(remote(), switch(image, signed), &format!("{PID_1} rpm-ostree rebase {reference}"));
    }
}

#[test]
fn what_would_lose_kernel_arguments_or_is_not_there_is_refused_and_nothing_runs() {
    let refused = |host: RecordingHost, action: Action| {
        let problem = possible(&System::probe(&host), &action).unwrap_err();
        // The executor refuses the same, whoever made the plan.
        let preconditions = Preconditions::of_image(&System::probe(&host));
        if !preconditions.deployments.is_empty() {
            let result = run(&host, &Plan::new(preconditions, vec![step(action)], Vec::new())).unwrap();
            assert_eq!((result.state, result.problem.unwrap()), (StepState::Failed, problem.clone()));
        }
        assert_eq!(changing(&host), [""; 0]);
        problem.code
    };
    for action in [Action::UpgradeSystem {}, switch("ghcr.io/a/b", true), Action::RollBackSystem {}] {
        let waiting = told("default", "bbbb", &arguments(A_IMAGE));
        assert_eq!(refused(waiting, action.clone()), "arguments_waiting");
        assert_eq!(refused(RecordingHost::default(), action.clone()), "not_possible");
        let container = RecordingHost::default().file("/run/.containerenv", "");
        assert_eq!(refused(container, action), "not_possible");
    }
    // What takes only signed images is not made to take others.
    assert_eq!(refused(told("default", "bbbb", A_IMAGE), switch("ghcr.io/a/b", false)), "signature_required");
    let lonely = ostree("default", "aaa.0").prints("bootc status --format=json --format-version=1", D_BOOTED);
    assert_eq!(refused(lonely, Action::RollBackSystem {}), "not_possible");
    let only = ostree("default", "aaa.0").prints("bootc status --format=json --format-version=1", D_BOOTED);
    assert_eq!(refused(only, Action::ResetSystem {}), "not_possible");
}

#[test]
fn a_rollback_that_is_queued_already_is_not_taken_back() {
    let host = told("default", "bbbb", A_QUEUED);
    assert!(is_so_already(&System::probe(&host), &Action::RollBackSystem {}));
    let result = run(&host, &plan(&host, Action::RollBackSystem {})).unwrap();
    assert_eq!((result.state, changing(&host)), (StepState::Waiting, vec![]));
}

#[test]
fn only_what_is_read_back_counts() {
    let probe = |status: &str| System::probe(&told("default", "bbbb", status));
    let (before, staged, queued) = (probe(&unstaged(A_IMAGE)), probe(A_IMAGE), probe(A_QUEUED));
    let bootc = |status: &str| RecordingHost::default().prints("bootc status --format=json --format-version=1", status);
    let done = |host: &RecordingHost, now: &System, action: Action| is_so(host, &before, now, &action).unwrap();
    let (seen, current) = (bootc(D_BOOTED), bootc(&current()));
    assert!(done(&current, &staged, Action::UpgradeSystem {}));
    assert!(done(&current, &before, Action::UpgradeSystem {}), "there was nothing newer");
    assert!(!done(&seen, &before, Action::UpgradeSystem {}), "bootc saw a newer one and prepared nothing");
    let locked = A_IMAGE.replacen("\"finalization-locked\": false", "\"finalization-locked\": true", 1);
    assert!(!done(&current, &probe(&locked), Action::UpgradeSystem {}), "a restart would drop it");
    assert!(is_so(&RecordingHost::default(), &before, &before, &Action::UpgradeSystem {}).is_err());

    assert!(done(&current, &queued, Action::RollBackSystem {}));
    assert!(!done(&current, &staged, Action::RollBackSystem {}) && !done(&current, &before, Action::RollBackSystem {}));
    let layered = System::probe(&told("default", "cccc", B_LAYERED));
    assert!(done(&current, &staged, Action::ResetSystem {}) && !done(&current, &layered, Action::ResetSystem {}));
    assert!(done(&current, &staged, switch("ghcr.io/sam/my-silverblue:latest", true)));
    assert!(!done(&current, &staged, switch("ghcr.io/sam/my-silverblue:other", true)));
}

#[test]
fn without_a_newer_version_there_is_nothing_to_wait_for() {
    let host =
        told("default", "bbbb", &unstaged(A_IMAGE)).prints("bootc status --format=json --format-version=1", &current());
    let result = ran(host, Action::UpgradeSystem {}, &format!("{PID_1} bootc upgrade"));
    assert_eq!((result.state, result.problem), (StepState::Done, None));
}

#[test]
fn a_version_that_came_or_went_meanwhile_makes_the_plan_stale() {
    let reviewed = plan(&told("default", "bbbb", &unstaged(A_IMAGE)), Action::UpgradeSystem {});
    for now in [A_IMAGE, A_QUEUED] {
        let now = told("default", "bbbb", now);
        assert!(matches!(run(&now, &reviewed), Err(Stale::Versions)));
        assert_eq!(changing(&now), [""; 0]);
    }
    // Who cannot read which is next does not say it.
    let Plan { mut preconditions, .. } = plan(&told("default", "bbbb", A_QUEUED), Action::UpgradeSystem {});
    preconditions.next = None;
    assert!(preconditions.check_system(&told("default", "bbbb", A_QUEUED)).is_ok());
}

#[test]
fn what_a_plan_may_not_say_is_refused() {
    let host = told("default", "bbbb", A_IMAGE);
    let text = String::from_utf8(plan(&host, switch("ghcr.io/a/b", true)).to_bytes()).unwrap();
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}: {text}");
        Plan::from_bytes(text.replace(from, to).as_bytes()).unwrap_err().to_string()
    };
    let image = "\"image\":\"ghcr.io/a/b\"";
    for other in ["--apply", "b", "a b", "/etc/passwd", "docker://ghcr.io/a/b", "oci:/tmp/a.b/c", "ghcr.io/a;b"] {
        assert!(refused(image, &format!("\"image\":\"{other}\"")).contains("not a valid image"), "{other}");
    }
    for extra in ["\"apply\":true", "\"transport\":\"oci\"", "\"options\":\"--apply\""] {
        assert!(refused(image, &format!("{image},{extra}")).contains("unknown field"), "{extra}");
    }
    assert!(refused("\"item\":\"pkg:@image\"", "\"item\":\"pkg:htop\"").contains("contradicts itself"));
    assert!(refused("\"privilege\":\"admin\"", "\"privilege\":\"user\"").contains("contradicts itself"));
    assert!(refused("\"effect\":\"restart\"", "\"effect\":\"now\"").contains("contradicts itself"));
    let without = Plan::new(Preconditions::default(), vec![step(Action::UpgradeSystem {})], Vec::new());
    assert!(without.check().unwrap_err().to_string().contains("missing"));
    let both = vec![step(Action::UpgradeSystem {}), step(Action::RollBackSystem {})];
    let both = Plan::new(Preconditions::of_image(&System::probe(&host)), both, Vec::new());
    assert!(both.check().unwrap_err().to_string().contains("one thing to do with the system’s image"));
}

#[test]
fn a_newer_version_is_told_without_preparing_it() {
    // Recorded: the lines of an update.
    let there = "Update available for: ostree-unverified-image:oci:/run/osimages/os\n  Version: v2\n  Digest: sha256:7585\n\
                 Total new layers: 1     Size: 104.9 MB\n";
    let update = |version: &str, digest: Option<&str>| Update {
        version: Some(version.into()),
        digest: digest.map(str::to_owned),
    };
    let only = || ostree("default", "aaa.0").prints("bootc status --format=json --format-version=1", D_BOOTED);
    let asked = |host: RecordingHost| check(&host, &System::probe(&host));
    assert_eq!(asked(only().prints("bootc upgrade --check", there)).unwrap(), Some(update("v2", Some("sha256:7585"))));
    assert_eq!(
        asked(only().prints("bootc upgrade --check", "No changes in: ostree-unverified-image:oci:x\n")).unwrap(),
        None
    );
    let refusal = "error: Upgrading: Preparing for write: Querying root privilege: This command must be executed as the root user";
    let refusal = Output { status: 1, stderr: refusal.into(), ..Output::default() };
    let refused = only().answers("bootc upgrade --check", refusal.clone());
    assert_eq!(asked(refused).unwrap_err().code, "not_authorized");
    // Where there is rpm-ostree, its daemon answers.
    let image = || told("default", "bbbb", A_IMAGE).answers("bootc upgrade --check", refusal.clone());
    let there = "AvailableUpdate:\n        Version: 44.20261201.0 (2026-12-01T05:00:00Z)\n         Digest: sha256:9f\n";
    let asking = image().prints("rpm-ostree upgrade --check", there);
    assert_eq!(asked(asking).unwrap(), Some(update("44.20261201.0", Some("sha256:9f"))));
    let none = Output { status: 77, stdout: "No updates available.\n".into(), ..Output::default() };
    assert_eq!(asked(image().answers("rpm-ostree upgrade --check", none)).unwrap(), None);
    let broken = Output { status: 1, stderr: "error: Fetching manifest: no route to host".into(), ..Output::default() };
    assert_eq!(asked(only().answers("bootc upgrade --check", broken)).unwrap_err().code, "command_failed");
}
