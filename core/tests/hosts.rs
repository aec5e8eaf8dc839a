// SPDX-License-Identifier: GPL-3.0-or-later
//! Packages and kernel arguments on every kind of host, from what such hosts say of themselves: what counts as a
//! change, and what applying it takes.
//!
//! Invariant: a row is a whole host; nothing here is read from the computer that runs it.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::sync::Arc;

use bkt_core::compare::Decision;
use bkt_core::deployment::{HostKind, System};
use bkt_core::describe;
use bkt_core::host::recording::RecordingHost;
use bkt_core::item::Domain;
use bkt_core::session::Session;

const RPM: &str = "rpm -qa --qf '%{NAME}\\t%{EVR}.%{ARCH}\\n'";
const DNF: &str = "dnf -q '--disablerepo=*' repoquery --installed --qf '%{name} %{reason}\\n'";
const STATUS: &str = "rpm-ostree status --json";
const BOOTC: &str = "bootc status --format=json --format-version=1";
const DNF5: &str = "/usr/lib/sysimage/libdnf5/packages.toml";
const INSTALLED: &str = "bash\t5-1.x86_64\nhtop\t3-1.x86_64\ntmux\t3-1.x86_64\n1password\t8.11.2-1.x86_64\n\
                         mesa-dri-drivers\t25-1.x86_64\n";

fn ostree(stateroot: &str, checksum: char) -> RecordingHost {
    let boot = format!("/ostree/boot.1/{stateroot}/{}/0", "b007".repeat(16));
    let id = format!("{}.0", checksum.to_string().repeat(64));
    let mut host = RecordingHost::default()
        .file("/run/ostree-booted", "")
        .file("/proc/cmdline", &format!("quiet ostree={boot} rw\n"))
        .symlink(&boot, &format!("../../../deploy/{stateroot}/deploy/{id}"))
        .prints(RPM, INSTALLED);
    // The next start's own packages, wherever it is.
    for (stateroot, checksum) in [("default", 'd'), ("default", 'a'), ("fedora", 'a'), ("fedora", 'b'), ("fedora", 'c')]
    {
        let database =
            format!("/ostree/deploy/{stateroot}/deploy/{}.0/usr/lib/sysimage/rpm", checksum.to_string().repeat(64));
        host = host.file(&format!("{database}/rpmdb.sqlite"), "").prints(
            &format!("rpm -qa --dbpath {database} --qf '%{{NAME}}\\t%{{EVR}}\\t%{{ARCH}}\\n'"),
            "bash\t5-1\tx86_64\ntmux\t3-1\tx86_64\n",
        );
    }
    host
}

/// The packages that differ, each with what applying it means.
fn told(host: RecordingHost) -> (HostKind, Vec<String>) {
    told_of(host, &[Domain::Copr, Domain::Pkg])
}

fn told_of(host: RecordingHost, domains: &[Domain]) -> (HostKind, Vec<String>) {
    let kind = System::probe(&host).kind;
    let dir = tempfile::tempdir().unwrap();
    let setup = dir.path().join("setup");
    std::fs::create_dir_all(setup.join("manifests")).unwrap();
    let manifest = setup.join("manifests/system-packages.json");
    bkt_core::files::replace(&manifest, br#"{"packages": ["strace"], "copr_repos": ["a/b"]}"#).unwrap();
    let arguments = br#"{"kargs": {"append": ["zswap.enabled=1"], "remove": ["mitigations=off", "debug"]}}"#;
    bkt_core::files::replace(&setup.join("manifests/system-config.json"), arguments).unwrap();
    let session = Session { host: Arc::new(host), setup, state: dir.path().join("state") };
    let snapshot = session.compare_some(domains).unwrap();
    assert!(snapshot.comparison.unknown.is_empty(), "{kind:?}: {:?}", snapshot.comparison.unknown);
    let decisions = snapshot.comparison.changes.iter().map(|change| (change.id.clone(), Decision::Apply)).collect();
    let plan = session.plan(&snapshot, &decisions).unwrap();
    let mut told: Vec<String> =
        plan.steps.iter().map(|step| format!("{}: {}", step.item, describe::step(step))).collect();
    told.extend(plan.deferred.iter().map(|deferred| {
        let change = snapshot.comparison.change(&deferred.item).unwrap();
        let why = change.fixed.clone().unwrap_or_else(|| format!("{:?}", deferred.why));
        format!("{}: {why}", deferred.item)
    }));
    told.sort();
    (kind, told)
}

#[test]
fn every_kind_of_host_tells_its_packages_and_what_applying_them_takes() {
    let next_image = ["copr:a/b: NextImage", "pkg:strace: NextImage"];
    let package_mode = [
        "copr:a/b: Add the COPR a/b, whose packages the distribution does not check",
        "pkg:htop: Remove htop",
        "pkg:strace: Install strace",
    ];
    let layered = [
        "copr:a/b: NextImage",
        "pkg:strace: NextImage",
        "pkg:tmux: Take tmux out of what is layered on the system image",
    ];
    let silverblue = [
        "copr:a/b: NextImage",
        "pkg:greenboot: Take greenboot out of what is layered on the system image",
        "pkg:neovim: Take neovim out of what is layered on the system image",
        "pkg:strace: Layer strace on the system image",
        "pkg:vim: Take vim out of what is layered on the system image",
    ];
    let hosts = [
        (
            "A, clean image",
            ostree("default", 'b').prints(STATUS, include_str!("../fixtures/hosts/a-image.rpm-ostree.json")),
            HostKind::Image,
            &next_image[..],
        ),
        (
            "B, layered; the next start drops htop, the package file, the removal and the replacement",
            ostree("default", 'c').prints(STATUS, include_str!("../fixtures/hosts/b-layered.rpm-ostree.json")),
            HostKind::Layered,
            &layered[..],
        ),
        (
            "C, ostree remote; the next start adds a layer",
            ostree("fedora", 'b').prints(STATUS, include_str!("../fixtures/hosts/c-silverblue.rpm-ostree.json")),
            HostKind::Ostree,
            &silverblue[..],
        ),
        (
            "D, without rpm-ostree",
            ostree("default", 'c').prints(BOOTC, include_str!("../fixtures/bootc/status-staged.json")),
            HostKind::ImageOnly,
            &next_image[..],
        ),
        (
            "E, composefs",
            RecordingHost::default()
                .file("/proc/cmdline", &format!("composefs={} rw\n", "e".repeat(64)))
                .prints(BOOTC, include_str!("../fixtures/hosts/e-composefs.bootc.json"))
                .prints(RPM, INSTALLED),
            HostKind::Composefs,
            &next_image[..],
        ),
        (
            "P, dnf4",
            RecordingHost::default().prints(RPM, INSTALLED).prints(DNF, "bash dependency\nhtop user\ntmux group\n"),
            HostKind::Package,
            &package_mode[..],
        ),
        (
            "P, dnf5",
            RecordingHost::default().prints(RPM, INSTALLED).file(
                DNF5,
                "[packages]\n\"htop.x86_64\" = {reason = \"User\"}\n\"tmux.x86_64\" = {reason = \"External User\"}\n",
            ),
            HostKind::Package,
            &package_mode[..],
        ),
    ];
    for (name, host, kind, expected) in hosts {
        let (seen, told) = told(host);
        assert_eq!(
            (seen, &told[..]),
            (kind, &expected.iter().map(|&line| line.to_owned()).collect::<Vec<_>>()[..]),
            "{name}"
        );
    }
}

/// The same for kernel arguments: one is to come, two are to go, of which one is there.
#[test]
fn every_kind_of_host_tells_its_kernel_arguments_and_what_applying_them_takes() {
    const LINE: &str = "quiet mitigations=off";
    const OTHERS: &str = "bootc takes out on one computer only what was added there, and Bucket did not add it";
    let add = "karg:zswap.enabled=1: Add kernel argument zswap.enabled=1".to_owned();
    let remove = "karg:mitigations=off: Remove kernel argument mitigations=off".to_owned();
    let by_rpm_ostree = |status: &str, host: RecordingHost| {
        host.prints(STATUS, status).prints("rpm-ostree kargs", &format!("{LINE} ostree=/x rw\n"))
    };
    let bootc = |bootc: &str, libostree: &str| {
        ostree("default", 'c')
            .file("/proc/cmdline", &format!("{LINE} ostree=/ostree/boot.1/default/{}/0 rw\n", "b007".repeat(16)))
            .prints(BOOTC, include_str!("../fixtures/bootc/status-booted.json"))
            .prints("bootc --version", &format!("bootc {bootc}\n"))
            .prints("ostree --version", &format!("libostree:\n Version: '{libostree}'\n Git: x\n"))
    };
    let entry = |sources: &str| format!("version 1\noptions {LINE} rw\n{sources}");
    let lack = "bootc sets kernel arguments on one computer from 1.15.2 on, with libostree 2026.1; here are bootc";
    let hosts = [
        (
            "A, clean image",
            by_rpm_ostree(include_str!("../fixtures/hosts/a-image.rpm-ostree.json"), ostree("default", 'b')),
            HostKind::Image,
            vec![remove.clone(), add.clone()],
        ),
        (
            "B, layered",
            by_rpm_ostree(include_str!("../fixtures/hosts/b-layered.rpm-ostree.json"), ostree("default", 'c')),
            HostKind::Layered,
            vec![remove.clone(), add.clone()],
        ),
        (
            "C, ostree remote",
            by_rpm_ostree(include_str!("../fixtures/hosts/c-silverblue.rpm-ostree.json"), ostree("fedora", 'b')),
            HostKind::Ostree,
            vec![remove.clone(), add.clone()],
        ),
        (
            "D, bootc and libostree are new, and the argument is Bucket’s",
            bootc("1.16.9", "2026.1")
                .file("/boot/loader/entries/ostree-1.conf", &entry("x-options-source-bkt mitigations=off\n")),
            HostKind::ImageOnly,
            vec![remove.clone(), add.clone()],
        ),
        (
            "D, and it is the installer’s",
            bootc("1.16.9", "2026.1").file("/boot/loader/entries/ostree-1.conf", &entry("")),
            HostKind::ImageOnly,
            vec![format!("karg:mitigations=off: {OTHERS}"), add.clone()],
        ),
        (
            "D, and boot entries are private: the helper will look",
            bootc("1.16.9", "2026.1"),
            HostKind::ImageOnly,
            vec![remove.clone(), add.clone()],
        ),
        (
            "D, libostree is older",
            bootc("1.16.9", "2025.7"),
            HostKind::ImageOnly,
            vec![
                format!("karg:mitigations=off: {lack} 1.16.9 and libostree 2025.7"),
                "karg:zswap.enabled=1: OlderBootc".to_owned(),
            ],
        ),
        (
            "E, composefs",
            RecordingHost::default()
                .file("/proc/cmdline", &format!("{LINE} composefs={} rw\n", "e".repeat(64)))
                .prints(BOOTC, include_str!("../fixtures/hosts/e-composefs.bootc.json")),
            HostKind::Composefs,
            vec!["karg:mitigations=off: Fixed".to_owned(), "karg:zswap.enabled=1: NextImage".to_owned()],
        ),
        (
            "P",
            RecordingHost::default()
                .file("/proc/cmdline", LINE)
                .file("/boot/loader/entries/a.conf", &format!("options root=UUID=1 {LINE}\n")),
            HostKind::Package,
            vec![remove, add],
        ),
    ];
    for (name, host, kind, expected) in hosts {
        assert_eq!(told_of(host, &[Domain::Karg]), (kind, expected), "{name}");
    }
}
