// SPDX-License-Identifier: GPL-3.0-or-later
//! Each updater on the hosts it is found on, and each way it silently stops.
//!
//! Invariant: the texts are those of systemd 257; the time is given.

use super::*;
use crate::host::recording::RecordingHost;

/// 2026-11-25 12:00 UTC.
const NOW: i64 = 1_795_608_000;
const DAY: i64 = 24 * 60 * 60;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn ago(days: i64) -> Timestamp {
    Timestamp::from_second(NOW - days * DAY).unwrap()
}

const SHOW: &str = "systemctl show --timestamp=unix --property \
    Id,LoadState,UnitFileState,ActiveState,Result,LastTriggerUSec,ExecMainExitTimestamp \
    uupd.timer uupd.service rpm-ostreed-automatic.timer rpm-ostreed-automatic.service \
    bootc-fetch-apply-updates.timer bootc-fetch-apply-updates.service dnf5-automatic.timer dnf5-automatic.service \
    dnf-automatic-install.timer dnf-automatic-install.service dnf-automatic.timer dnf-automatic.service";
const JOURNAL: &str = "journalctl --quiet --no-pager --output=json --output-fields=MESSAGE_ID,UNIT --reverse --lines=50 \
    MESSAGE_ID=7ad2d189f7e94e70a38c781354912448 MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c \
    UNIT=uupd.service UNIT=rpm-ostreed-automatic.service UNIT=bootc-fetch-apply-updates.service \
    UNIT=dnf5-automatic.service UNIT=dnf-automatic-install.service UNIT=dnf-automatic.service";
const WELL: &str = "7ad2d189f7e94e70a38c781354912448";
const BADLY: &str = "d9b373ed55a64feb8242e02dbe79a49c";

fn timer(name: &str, file: &str, active: &str, triggered: i64) -> String {
    format!(
        "Id={name}.timer\nLoadState=loaded\nUnitFileState={file}\nActiveState={active}\nResult=success\n\
         LastTriggerUSec=@{}\n\nId={name}.service\nLoadState=loaded\nUnitFileState=static\nActiveState=inactive\n\
         Result=success\nExecMainExitTimestamp=\n\n",
        NOW - triggered * DAY
    )
}

fn entry(name: &str, message: &str, days: i64) -> String {
    let time = (NOW - days * DAY) * 1_000_000;
    format!(
        "{{\"__REALTIME_TIMESTAMP\":\"{time}\",\"MESSAGE_ID\":\"{message}\",\"UNIT\":\"{name}.service\",\"__CURSOR\":\"s\"}}\n"
    )
}

fn host(units: &str, journal: &str) -> RecordingHost {
    RecordingHost::default().prints(SHOW, units).prints(JOURNAL, journal)
}

fn system(kind: HostKind, built: i64) -> System {
    let booted = crate::deployment::Deployment {
        timestamp: Some(ago(built)),
        incompatible: kind == HostKind::Layered,
        ..Default::default()
    };
    System { kind, booted: Some(booted), ..System::probe(&RecordingHost::default()) }
}

fn decided(host: &RecordingHost, system: &System) -> Updates {
    decide(&Facts::read(host).unwrap(), system, now())
}

#[test]
fn a_uupd_that_works_is_named_with_its_last_success() {
    let host = host(&timer("uupd", "enabled", "active", 0), &entry("uupd", WELL, 1));
    let updates = decided(&host, &system(HostKind::Image, 3));
    assert_eq!(updates.handled_by, Some(Updater::Uupd));
    assert_eq!((updates.last_check, updates.last_success), (Some(ago(0)), Some(ago(1))));
    assert_eq!((updates.stale_days, updates.stopped), (Some(1), None));
    assert_eq!(host.effects().len(), 2);
}

#[test]
fn a_failure_since_the_last_success_is_told_and_one_before_it_is_not() {
    let units = timer("uupd", "enabled", "active", 0);
    let journal = entry("uupd", BADLY, 2) + &entry("uupd", WELL, 5) + &entry("uupd", BADLY, 6);
    let updates = decided(&host(&units, &journal), &system(HostKind::Image, 3));
    let failed = Stopped::Failed { by: Updater::Uupd, unit: "uupd.service".into(), days: 2 };
    assert_eq!((updates.last_failure, updates.stopped), (Some(ago(2)), Some(failed)));
    let journal = entry("uupd", WELL, 1) + &entry("uupd", BADLY, 2);
    assert_eq!(decided(&host(&units, &journal), &system(HostKind::Image, 3)).stopped, None);
}

#[test]
fn a_failure_of_this_boot_is_seen_without_the_journal() {
    let units = timer("uupd", "enabled", "active", 0).replace(
        "Result=success\nExecMainExitTimestamp=",
        &format!("Result=exit-code\nExecMainExitTimestamp=@{}", NOW - 60),
    );
    let updates = decided(&host(&units, ""), &system(HostKind::Image, 3));
    assert_eq!(updates.stopped.as_ref().unwrap().message(), "the last update by uupd failed today");
    assert_eq!(updates.stopped.unwrap().hint(), "journalctl -u uupd.service -n 50");
}

#[test]
fn a_timer_that_never_goes_off_is_late() {
    let updates = decided(&host(&timer("uupd", "enabled", "active", 15), ""), &system(HostKind::Image, 16));
    assert_eq!(updates.stopped, Some(Stopped::Late { by: Updater::Uupd, days: 15 }));
    let updates = decided(&host(&timer("uupd", "enabled", "active", 14), ""), &system(HostKind::Image, 16));
    assert_eq!(updates.stopped, None);
}

#[test]
fn an_enabled_timer_that_does_not_run_is_told() {
    let updates = decided(&host(&timer("uupd", "enabled", "inactive", 1), ""), &system(HostKind::Image, 3));
    assert_eq!(updates.stopped, Some(Stopped::NotRunning { unit: "uupd.timer".into() }));
}

#[test]
fn what_someone_turned_off_after_it_worked_stopped_and_what_never_ran_did_not() {
    let units =
        timer("uupd", "disabled", "inactive", 40) + &timer("bootc-fetch-apply-updates", "disabled", "inactive", 0);
    let updates = decided(&host(&units, &entry("uupd", WELL, 20)), &system(HostKind::Image, 3));
    assert_eq!(updates.handled_by, None);
    assert_eq!(updates.stopped, Some(Stopped::Disabled { by: Updater::Uupd, unit: "uupd.timer".into() }));
    assert_eq!(decided(&host(&units, ""), &system(HostKind::Image, 3)).stopped, None);
}

#[test]
fn b_layered_packages_block_bootc_but_not_uupd() {
    let units = timer("bootc-fetch-apply-updates", "enabled", "active", 0);
    let updates = decided(&host(&units, ""), &system(HostKind::Layered, 3));
    assert_eq!((updates.handled_by, updates.stopped), (Some(Updater::Bootc), Some(Stopped::Layered)));
    let units = units + &timer("uupd", "enabled", "active", 0);
    let updates = decided(&host(&units, ""), &system(HostKind::Layered, 3));
    assert_eq!((updates.handled_by, updates.stopped), (Some(Updater::Uupd), None));
    assert_eq!(updates.also, [Updater::Bootc]);
}

#[test]
fn c_rpm_ostree_updates_only_where_its_policy_says_so() {
    let units = timer("rpm-ostreed-automatic", "enabled", "active", 0);
    for (policy, handled) in [("stage", true), ("apply", true), ("check", false), ("none", false)] {
        let text =
            format!("# rpm-ostreed.conf(5)\n[Daemon]\n#AutomaticUpdatePolicy=apply\nAutomaticUpdatePolicy={policy}\n");
        let host = host(&units, "").file("/etc/rpm-ostreed.conf", &text);
        let updates = decided(&host, &system(HostKind::Ostree, 3));
        assert_eq!(updates.handled_by.is_some(), handled, "{policy}");
        assert_eq!(updates.stopped, None, "{policy}");
    }
}

#[test]
fn c_gnome_software_updates_where_no_timer_does() {
    let with = |automatic: &str, checked: i64| {
        host("", "")
            .setting("org.gnome.software/download-updates", automatic)
            .setting("org.gnome.software/check-timestamp", &format!("int64 {}", NOW - checked * DAY))
            .setting("org.gnome.software/install-timestamp", "int64 0")
    };
    let updates = decided(&with("true", 1), &system(HostKind::Ostree, 3));
    assert_eq!((updates.handled_by, updates.last_check), (Some(Updater::GnomeSoftware), Some(ago(1))));
    assert_eq!(updates.stopped, None);
    let late = decided(&with("true", 20), &system(HostKind::Ostree, 21)).stopped.unwrap();
    assert_eq!(late.message(), "GNOME Software last succeeded 20 days ago");
    assert_eq!(decided(&with("false", 1), &system(HostKind::Ostree, 3)).handled_by, None);
    assert_eq!(decided(&with("true", 1), &system(HostKind::ImageOnly, 3)).handled_by, None);
}

#[test]
fn d_an_image_nobody_builds_any_more_is_told_however_often_someone_looks() {
    let units = timer("bootc-fetch-apply-updates", "enabled", "active", 0);
    let journal = entry("bootc-fetch-apply-updates", WELL, 0);
    let updates = decided(&host(&units, &journal), &system(HostKind::ImageOnly, 40));
    assert_eq!(updates.stopped, Some(Stopped::OldImage { days: 40 }));
    let mut waiting = system(HostKind::ImageOnly, 40);
    waiting.staged = system(HostKind::ImageOnly, 1).booted;
    assert_eq!(decided(&host(&units, &journal), &waiting).stopped, None);
}

#[test]
fn p_dnf_automatic_counts_where_it_installs() {
    let units = timer("dnf5-automatic", "enabled", "active", 0);
    let package = System { booted: None, ..system(HostKind::Package, 0) };
    assert_eq!(decided(&host(&units, ""), &package), Updates::default());
    let applies = host(&units, "").file("/etc/dnf/automatic.conf", "[commands]\napply_updates = yes\n");
    assert_eq!(decided(&applies, &package).handled_by, Some(Updater::DnfAutomatic));
    let installs = host(&timer("dnf-automatic-install", "enabled", "active", 0), "");
    assert_eq!(decided(&installs, &package).handled_by, Some(Updater::DnfAutomatic));
}

#[test]
fn n_in_a_container_nothing_is_asked() {
    let host = host("", "").file("/run/.containerenv", "");
    assert_eq!(Facts::read(&host), None);
    assert!(host.effects().is_empty());
}
