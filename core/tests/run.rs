// SPDX-License-Identifier: GPL-3.0-or-later
//! Plans on a recorded computer: what is run, in which order, and what is refused.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::cell::RefCell;
use std::sync::Arc;

use bkt_core::compare::{Decision, Origin};
use bkt_core::host::recording::RecordingHost;
use bkt_core::name::UnitName;
use bkt_core::plan::{Action, Plan, Stale};
use bkt_core::problem::Problem;
use bkt_core::run::{Event, Operation, StepState, UnitControl, administrator};
use bkt_core::session::Session;
use bkt_core::value::UnitState;

const RPM: &str = "rpm -qa --qf '%{NAME}\\t%{EVR}.%{ARCH}\\n'";
const DNF: &str = "dnf -q '--disablerepo=*' repoquery --installed --qf '%{name} %{reason}\\n'";
const FLATPAK: &str = "flatpak list --app --columns=installation,application,origin,branch,active,name";
const REMOTES: &str = "flatpak remotes --show-disabled --columns=name,url,options,title";
const UNITS: &str = "systemctl list-unit-files --output=json --no-pager";

/// A package-mode computer: nano was added, tuned is disabled, no kernel arguments.
fn computer() -> RecordingHost {
    RecordingHost::default()
        .prints(RPM, "base\t1-1.noarch\nnano\t1-1.noarch\n")
        .prints(DNF, "base dependency\nnano user\n")
        .prints(FLATPAK, "user\torg.gnome.Maps\tflathub\tstable\tabc\tMaps\n")
        .prints(REMOTES, "")
        .prints(UNITS, r#"[{"unit_file":"tuned.service","state":"disabled","preset":"disabled"}]"#)
        .setting("org.gnome.desktop.interface/clock-format", "'12h'")
        .file("/boot/loader/entries/a.conf", "title a\noptions root=UUID=1\n")
        .file("/proc/cmdline", "root=UUID=1\n")
}

fn session(host: RecordingHost) -> (tempfile::TempDir, Session, Arc<RecordingHost>) {
    let dir = tempfile::tempdir().unwrap();
    let manifests = dir.path().join("setup/manifests");
    std::fs::create_dir_all(&manifests).unwrap();
    let write = |name: &str, text: &str| bkt_core::files::replace(&manifests.join(name), text.as_bytes()).unwrap();
    write("system-packages.json", r#"{"packages": ["htop", "strace"]}"#);
    write("systemd-services.json", r#"{"services": {"tuned.service": "enabled"}}"#);
    write("system-config.json", r#"{"kargs": {"append": ["preempt=full"]}}"#);
    write(
        "gsettings.json",
        r#"{"settings": [{"schema": "org.gnome.desktop.interface", "key": "clock-format", "value": "'24h'"}]}"#,
    );
    let host = Arc::new(host);
    let session = Session { host: host.clone(), setup: dir.path().join("setup"), state: dir.path().join("state") };
    (dir, session, host)
}

/// Unit states that only remember what they were asked for.
#[derive(Default)]
struct Units(RefCell<Vec<String>>);

impl UnitControl for Units {
    fn operate(&self, unit: &UnitName, operation: Operation) -> Result<(), Problem> {
        self.0.borrow_mut().push(format!("{unit} {operation:?}"));
        Ok(())
    }

    fn reload(&self) -> Result<(), Problem> {
        self.0.borrow_mut().push("reload".to_owned());
        Ok(())
    }

    fn unmask(&self, unit: &UnitName) -> Result<(), Problem> {
        self.0.borrow_mut().push(format!("{unit} unmasked"));
        Ok(())
    }

    fn set(&self, unit: &UnitName, state: UnitState) -> Result<(), Problem> {
        self.0.borrow_mut().push(format!("{unit} {state}"));
        Ok(())
    }
}

fn plan_of(session: &Session, decision: Decision) -> Plan {
    let snapshot = session.compare().unwrap();
    let decisions = snapshot.comparison.changes.iter().map(|change| (change.id.clone(), decision)).collect();
    session.plan(&snapshot, &decisions).unwrap()
}

#[test]
fn the_first_comparison_finds_every_difference_and_guesses_no_origin() {
    let (_dir, session, _) = session(computer());
    let comparison = session.compare().unwrap().comparison;
    let ids: Vec<String> = comparison.changes.iter().map(|change| change.id.to_string()).collect();
    assert_eq!(
        ids,
        [
            "flatpak:org.gnome.Maps",
            "gsetting:org.gnome.desktop.interface/clock-format",
            "unit:tuned.service",
            "pkg:htop",
            "pkg:nano",
            "pkg:strace",
            "karg:preempt=full"
        ]
    );
    assert!(comparison.changes.iter().all(|change| change.origin == Origin::New && change.suggestion().is_none()));
    assert!(comparison.unknown.is_empty());
}

#[test]
fn a_plan_applies_the_setup_in_order_with_one_call_per_tool() {
    let (_dir, session, _) = session(computer());
    let plan = plan_of(&session, Decision::Apply);
    let actions: Vec<&str> = plan
        .steps
        .iter()
        .map(|step| match &step.action {
            Action::InstallPackage { .. } => "install",
            Action::RemovePackage { .. } => "remove",
            Action::SetUnit { .. } => "unit",
            Action::AddKernelArgument { .. } => "karg",
            Action::SetSetting { .. } => "setting",
            Action::RemoveFlatpak { .. } => "flatpak",
            _ => "other",
        })
        .collect();
    assert_eq!(actions, ["setting", "flatpak", "remove", "install", "install", "unit", "karg"]);

    let after = computer()
        .prints("dnf -y --setopt=exit_on_lock=True remove nano", "Removed: nano\n")
        .prints("dnf -y --setopt=exit_on_lock=True install htop strace", "Installed\n");
    let units = Units::default();
    let mut events = Vec::new();
    let results =
        administrator::perform(&plan, &after, &units, &|| false, &mut |event| events.push(event.clone())).unwrap();
    let changed: Vec<String> = after
        .effects()
        .into_iter()
        .filter(|effect| effect.starts_with("dnf -y") || effect.starts_with("write"))
        .collect();
    assert_eq!(
        changed,
        [
            "dnf -y --setopt=exit_on_lock=True remove nano",
            "dnf -y --setopt=exit_on_lock=True install htop strace",
            "write /boot/loader/entries/a.conf"
        ]
    );
    assert_eq!(units.0.into_inner(), ["tuned.service enabled"]);
    // The recorded rpm database never changes, so the package steps are found out; the boot entry is real.
    let state = |item: &str| results.iter().find(|result| result.item.to_string() == item).unwrap().state;
    assert_eq!(state("pkg:htop"), StepState::Failed);
    assert_eq!(state("karg:preempt=full"), StepState::Waiting);
    let firsts: Vec<&Event> =
        events.iter().filter(|event| matches!(event, Event::Operation { state: StepState::Running, .. })).collect();
    assert_eq!(firsts.len(), 5, "every step is announced before it runs");
}

#[test]
fn a_stale_plan_runs_nothing() {
    let (_dir, session, _) = session(computer());
    let plan = plan_of(&session, Decision::Apply);
    let changed = computer().prints(RPM, "base\t1-1.noarch\n");
    let result = administrator::perform(&plan, &changed, &Units::default(), &|| false, &mut |_| {});
    assert!(matches!(result, Err(Stale::Packages)));
    assert!(changed.effects().iter().all(|effect| !effect.starts_with("dnf -y")));
}

#[test]
fn a_stop_is_heard_between_batches() {
    let (_dir, session, _) = session(computer());
    let plan = plan_of(&session, Decision::Apply);
    let host = computer().prints("dnf -y --setopt=exit_on_lock=True remove nano", "Removed: nano\n");
    let asked = std::cell::Cell::new(0);
    let stop = || asked.replace(asked.get() + 1) > 0;
    let results = administrator::perform(&plan, &host, &Units::default(), &stop, &mut |_| {}).unwrap();
    let tried: Vec<String> = results
        .iter()
        .filter(|result| result.state != StepState::Skipped)
        .map(|result| result.item.to_string())
        .collect();
    assert_eq!(tried, ["pkg:nano"], "the first batch had begun, the others were not tried");
    assert_eq!(results.len(), 5, "every administrator step has an end");
}

#[test]
fn capturing_everything_leaves_nothing_to_decide_and_the_agreement_is_kept() {
    struct Nobody;
    impl bkt_core::run::Administrator for Nobody {
        fn perform(
            &self,
            _: &Plan,
            _: bkt_core::run::Sink<'_>,
        ) -> Result<Vec<bkt_core::run::StepResult>, bkt_core::run::AdministratorError> {
            panic!("a capture needs no administrator")
        }
    }
    let (_dir, session, host) = session(computer());
    let plan = plan_of(&session, Decision::Capture);
    let receipt = session.run(plan, &Nobody, bkt_core::run::Source::Cli, &mut |_| {}).unwrap();
    assert_eq!(receipt.run, 1);
    assert!(receipt.operations.iter().all(|result| result.state == StepState::Done), "{:?}", receipt.operations);
    let comparison = session.compare().unwrap().comparison;
    assert!(comparison.changes.is_empty(), "{:?}", comparison.changes);
    // Once agreed, a change on the computer is known to be the computer's.
    bkt_core::host::Host::settings(host.as_ref())
        .set(&"org.gnome.desktop.interface/clock-format".parse().unwrap(), Some("'24h'"))
        .unwrap();
    let comparison = session.compare().unwrap().comparison;
    assert_eq!(comparison.changes[0].origin, Origin::ComputerChanged);
    assert_eq!(comparison.changes[0].suggestion(), Some(Decision::Capture));
}

#[test]
fn an_edited_manifest_makes_a_capture_stale() {
    let (_dir, session, _) = session(computer());
    let plan = plan_of(&session, Decision::Capture);
    let path = session.setup.join("manifests/system-packages.json");
    bkt_core::files::replace(&path, br#"{"packages": ["htop", "strace", "bat"]}"#).unwrap();
    let error = plan.preconditions.check_user(session.host.as_ref(), &session.setup).unwrap_err();
    assert!(matches!(error, Stale::File(file) if file == "manifests/system-packages.json"));
}

#[test]
fn twenty_writers_at_once_lose_nothing() {
    let (_dir, session, _) = session(computer());
    std::thread::scope(|scope| {
        for n in 0..20 {
            let setup = &session.setup;
            scope.spawn(move || {
                let item = format!("pkg:tool-{n:02}").parse().unwrap();
                let manifest = bkt_core::manifest::Manifest::SystemPackages;
                bkt_core::run::user::edit_manifest(setup, manifest, [(&item, Some(bkt_core::value::Value::Present))])
                    .unwrap();
            });
        }
    });
    let setup = bkt_core::setup::Setup::load(&session.setup).unwrap();
    assert_eq!(setup.declared(bkt_core::item::Domain::Pkg).unwrap().len(), 22);
}

#[test]
fn a_package_whose_script_failed_is_installed_and_the_script_is_named() {
    for (said, status) in
        [(include_str!("fixtures/dnf5-5.4.6-post-fails.txt"), 1), (include_str!("fixtures/dnf-4.23-post-fails.txt"), 0)]
    {
        let host = || computer().prints(RPM, "base\t1-1.noarch\nlab-post\t1-1.noarch\n");
        let (_dir, session, _) = session(host());
        let item: bkt_core::item::ItemId = "pkg:gone".parse().unwrap();
        let wish = bkt_core::plan::Wish {
            computer: Some(Some(bkt_core::value::Value::Present)),
            ..bkt_core::plan::Wish::default()
        };
        let (_, plan) = session.wish(&bkt_core::plan::Wishes::from([(item, wish)])).unwrap();
        // The recorded rpm database never changes: the plan is about a package that is there afterwards.
        let plan =
            Plan::from_bytes(&String::from_utf8(plan.to_bytes()).unwrap().replace("gone", "lab-post").into_bytes());
        let output = bkt_core::host::Output { status, stderr: said.to_owned(), ..bkt_core::host::Output::default() };
        let after = host().answers("dnf -y --setopt=exit_on_lock=True install lab-post", output);
        let results =
            administrator::perform(&plan.unwrap(), &after, &Units::default(), &|| false, &mut |_| {}).unwrap();
        assert_eq!(results[0].state, StepState::Done, "{results:?}");
        let problem = results[0].problem.as_ref().unwrap();
        assert_eq!(problem.message, "lab-post was installed, but its %post script failed");
    }
}

#[test]
fn unattended_what_cannot_be_done_keeps_nothing_else_away() {
    let (_dir, session, _) = session(computer());
    let plan = plan_of(&session, Decision::Apply);
    let no = |command: &str, said: &str| {
        let output = bkt_core::host::Output { status: 1, stdout: String::new(), stderr: said.to_owned() };
        (command.to_owned(), output)
    };
    let (strict, failed) = no("dnf -y --setopt=exit_on_lock=True install htop strace", "No match for argument: htop");
    let after = || {
        computer()
            .prints("dnf -y --setopt=exit_on_lock=True remove nano", "")
            .answers(&strict, failed.clone())
            .prints("dnf --setopt=strict=False -y --setopt=exit_on_lock=True install htop strace", "")
            .prints("systemctl unmask tuned.service", "")
            .prints("systemctl enable tuned.service", "")
    };
    let changed = |host: &RecordingHost| -> Vec<String> {
        let is_ours =
            |effect: &String| effect.starts_with("dnf -") && !effect.contains("-q") || effect.contains("able");
        host.effects().into_iter().filter(is_ours).collect()
    };
    let host = after();
    let administrator = bkt_core::run::Unattended { host: &host, stop: &|| false };
    let results = bkt_core::run::Administrator::perform(&administrator, &plan, &mut |_| {}).unwrap();
    assert_eq!(
        changed(&host),
        [
            "dnf -y --setopt=exit_on_lock=True remove nano",
            "dnf -y --setopt=exit_on_lock=True install htop strace",
            "dnf --setopt=strict=False -y --setopt=exit_on_lock=True install htop strace",
            "systemctl enable tuned.service",
        ]
    );
    assert!(results.iter().all(|result| !matches!(result.state, StepState::Running)));

    // A plan that was reviewed as a whole is tried once, as it is.
    let host = after();
    administrator::perform(&plan, &host, &Units::default(), &|| false, &mut |_| {}).unwrap();
    assert!(!changed(&host).iter().any(|effect| effect.contains("strict")));

    // Another program installs packages: the unit does not wait for it.
    let locked = || after().file("/var/lib/dnf/rpmdb_lock.pid", "7").file("/proc/7/comm", "dnf");
    let host = locked();
    let administrator = bkt_core::run::Unattended { host: &host, stop: &|| false };
    bkt_core::run::Administrator::perform(&administrator, &plan, &mut |_| {}).unwrap();
    assert_eq!(changed(&host), ["systemctl enable tuned.service"]);
    let units = Units::default();
    administrator::perform(&plan, &locked(), &units, &|| false, &mut |_| {}).unwrap();
    assert!(units.0.borrow().is_empty(), "in a reviewed plan it does");

    // It was stopped.
    let host = after();
    let administrator = bkt_core::run::Unattended { host: &host, stop: &|| true };
    let results = bkt_core::run::Administrator::perform(&administrator, &plan, &mut |_| {}).unwrap();
    assert!(changed(&host).is_empty() && results.iter().all(|result| result.state == StepState::Skipped));
}
