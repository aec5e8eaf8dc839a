// SPDX-License-Identifier: GPL-3.0-or-later
//! Every host kind, from recorded documents and from the disk.
//!
//! Invariant: a test names the host it stands on; nothing here is read from the computer that runs it.

use super::*;
use crate::host::Output;
use crate::host::recording::RecordingHost;

const A_IMAGE: &str = include_str!("../../fixtures/hosts/a-image.rpm-ostree.json");
const A_QUEUED: &str = include_str!("../../fixtures/hosts/a-rollback-queued.rpm-ostree.json");
const B_LAYERED: &str = include_str!("../../fixtures/hosts/b-layered.rpm-ostree.json");
const B_BOOTC: &str = include_str!("../../fixtures/hosts/b-layered.bootc.json");
const C_SILVERBLUE: &str = include_str!("../../fixtures/hosts/c-silverblue.rpm-ostree.json");
const D_STAGED: &str = include_str!("../../fixtures/bootc/status-staged.json");
const NOT_BOOTC: &str = include_str!("../../fixtures/bootc/status-not-booted.json");
const E_COMPOSEFS: &str = include_str!("../../fixtures/hosts/e-composefs.bootc.json");
const BOOTC: &str = "bootc status --format=json --format-version=1";

/// A checksum as the fixtures have them.
fn sum(part: &str) -> String {
    part.repeat(64 / part.len())
}

fn id(part: &str) -> String {
    format!("{}.0", sum(part))
}

/// An ostree host that booted this deployment of this state root.
fn ostree(stateroot: &str, booted: &str) -> RecordingHost {
    let boot = format!("/ostree/boot.1/{stateroot}/{}/0", sum("b007"));
    RecordingHost::default()
        .file("/run/ostree-booted", "")
        .file("/proc/cmdline", &format!("quiet ostree={boot} rw\n"))
        .symlink(&boot, &format!("../../../deploy/{stateroot}/deploy/{booted}"))
}

fn refused(host: RecordingHost, command: &str) -> RecordingHost {
    host.answers(command, Output { status: 1, stderr: "error: must be root".into(), ..Output::default() })
}

fn roles(system: &System) -> Vec<(Role, String)> {
    system.deployments().map(|(role, deployment)| (role, deployment.title())).collect()
}

fn role(role: Role, title: &str) -> (Role, String) {
    (role, title.to_owned())
}

#[test]
fn a_image_has_all_four_roles_and_the_first_of_the_list_is_not_the_running_one() {
    let system = System::probe(&ostree("default", &id("bbbb")).prints("rpm-ostree status --json", A_IMAGE));
    assert_eq!(system.kind, HostKind::Image);
    assert_eq!(system.deployment_id(), id("bbbb"));
    assert_eq!(
        roles(&system),
        [
            role(Role::Booted, "44.20261118.0"),
            role(Role::Staged, "44.20261122.0"),
            role(Role::Rollback, "44.20261110.0"),
            role(Role::Kept, "43.20260901.0"),
        ]
    );
    assert_eq!(system.next_start(), system.staged.as_ref());
    let booted = system.booted.as_ref().unwrap();
    assert_eq!(booted.image.as_deref(), Some("ghcr.io/sam/my-silverblue:latest"));
    assert_eq!(booted.digest.as_ref().unwrap().len(), 71);
    assert_eq!(booted.timestamp.unwrap().to_string(), "2026-11-18T05:00:00Z");
    assert_eq!((booted.pinned, system.kept[0].pinned), (false, true));
    assert_eq!(system.layers(), Layers::default());
}

#[test]
fn a_queued_rollback_is_the_next_start_and_nothing_is_staged() {
    let system = System::probe(&ostree("default", &id("bbbb")).prints("rpm-ostree status --json", A_QUEUED));
    assert_eq!(roles(&system), [role(Role::Booted, "44.20261118.0"), role(Role::Rollback, "44.20261110.0")]);
    assert_eq!(system.next_start(), system.rollback.as_ref());
}

#[test]
fn b_layered_tells_what_was_done_to_it_and_what_the_next_start_drops() {
    let host = ostree("default", &id("cccc")).prints("rpm-ostree status --json", B_LAYERED);
    let system = System::probe(&host);
    assert_eq!(system.kind, HostKind::Layered);
    let booted = system.booted.as_ref().unwrap();
    assert!(booted.incompatible);
    assert_eq!(booted.layered, ["htop", "tmux"]);
    assert_eq!(booted.local, ["1password-8.11.2-1.x86_64"]);
    assert_eq!(booted.removed, ["firefox"]);
    assert_eq!(booted.replaced, ["mesa-dri-drivers"]);
    assert_eq!(booted.timestamp.unwrap().to_string(), "2026-11-18T05:00:00Z", "the image's age, not the layers'");
    assert_eq!(system.layered, ["tmux"]);
    let layers = system.layers();
    assert!(layers.added.is_empty());
    assert_eq!(layers.removed, ["htop", "1password-8.11.2-1.x86_64"]);
}

#[test]
fn b_a_dropped_layer_that_the_next_image_has_does_not_leave() {
    let database = format!("/ostree/deploy/default/deploy/{}/usr/lib/sysimage/rpm", id("dddd"));
    let query = format!("rpm -qa --dbpath {database} --qf '%{{NAME}}\\t%{{EVR}}\\t%{{ARCH}}\\n'");
    let host = ostree("default", &id("cccc"))
        .prints("rpm-ostree status --json", B_LAYERED)
        .file(&format!("{database}/rpmdb.sqlite"), "")
        .prints(&query, "1password\t8.12-1\tx86_64\n");
    assert_eq!(System::probe(&host).leaving(&host).unwrap(), ["htop"]);
}

#[test]
fn b_layered_where_only_bootc_answers_takes_the_image_from_the_origin() {
    let deployment = format!("/ostree/deploy/default/deploy/{}", id("cccc"));
    let origin = "[origin]\ncontainer-image-reference=ostree-unverified-registry:ghcr.io/ublue-os/bazzite:stable\n\
                  [packages]\nrequested=htop;tmux;\nrequested-local=abc:1password-8.11.2-1.x86_64;\n[overrides]\nremove=firefox;\n";
    let host = refused(ostree("default", &id("cccc")), "rpm-ostree status --json")
        .prints(BOOTC, B_BOOTC)
        .file(&format!("{deployment}.origin"), origin)
        .file(&format!("{deployment}/usr/lib/os-release"), "VERSION_ID=44\nOSTREE_VERSION='44.20261118.0'\n");
    let system = System::probe(&host);
    assert_eq!(system.kind, HostKind::Layered);
    assert_eq!(
        roles(&system),
        [role(Role::Booted, "44.20261118.0"), role(Role::Rollback, "44.20261110.0"), role(Role::Kept, "43.20260901.0")]
    );
    let booted = system.booted.unwrap();
    assert_eq!(booted.image.as_deref(), Some("ghcr.io/ublue-os/bazzite:stable"));
    assert_eq!(
        (&booted.layered[..], &booted.local[..]),
        (&["htop".into(), "tmux".into()][..], &["1password-8.11.2-1.x86_64".into()][..])
    );
    assert_eq!(booted.removed, ["firefox"]);
}

#[test]
fn c_silverblue_follows_a_remote_in_a_state_root_of_its_own() {
    let system = System::probe(&ostree("fedora", &id("5516")).prints("rpm-ostree status --json", C_SILVERBLUE));
    assert_eq!(system.kind, HostKind::Ostree);
    let booted = system.booted.as_ref().unwrap();
    assert_eq!((booted.image.as_ref(), booted.remote.as_deref()), (None, Some("fedora:fedora/44/x86_64/silverblue")));
    assert_eq!(booted.directory(), Some(format!("/ostree/deploy/fedora/deploy/{}", id("5516"))));
    assert_eq!(system.layers().added, ["vim"]);
    assert!(system.rollback.as_ref().unwrap().pinned);
}

#[test]
fn d_without_rpm_ostree_root_asks_bootc() {
    let booted = "599237197d348d0391fb2cd08b914d10b3cfe6ba91efed5d89488dfd15c30a65.0";
    let system = System::probe(&ostree("default", booted).prints(BOOTC, D_STAGED));
    assert_eq!(system.kind, HostKind::ImageOnly);
    assert_eq!(roles(&system), [role(Role::Booted, "v1"), role(Role::Staged, "v2")]);
    assert_eq!(system.booted.unwrap().image.as_deref(), Some("/run/osimages/os:latest"));
}

/// Three deployments on the disk: one waiting, one running, one before; another state root beside them.
fn on_disk(host: RecordingHost) -> RecordingHost {
    leftovers(host).file("/run/ostree/staged-deployment", "")
}

/// The same, where the third only was not tidied away yet.
fn leftovers(host: RecordingHost) -> RecordingHost {
    let mut host = refused(host, BOOTC);
    for (part, version) in [("aaaa", "v1"), ("bbbb", "v2"), ("cccc", "v3")] {
        let path = format!("/ostree/deploy/lab/deploy/{}", id(part));
        let pinned = if part == "aaaa" { "[libostree-transient]\npinned=true\n" } else { "" };
        let origin = format!("[origin]\ncontainer-image-reference=ostree-unverified-registry:quay.io/a/b:c\n{pinned}");
        host = host
            .file(&format!("{path}.origin"), &origin)
            .file(&format!("{path}/usr/lib/os-release"), &format!("IMAGE_VERSION={version}\n"));
    }
    host.file(&format!("/ostree/deploy/other/deploy/{}/usr/lib/os-release", id("eeee")), "VERSION_ID=1\n").symlink(
        &format!("/ostree/boot.1/lab/{}/0", sum("01db")),
        &format!("../../../deploy/lab/deploy/{}", id("aaaa")),
    )
}

#[test]
fn d_unprivileged_reads_deployments_and_boot_entries() {
    let entry = |version: u32, boot: &str| {
        format!(
            "title Lab\nversion {version}\noptions root=UUID=1 rw ostree=/ostree/boot.1/lab/{}/0\nlinux /x\n",
            sum(boot)
        )
    };
    let host = on_disk(ostree("lab", &id("bbbb")))
        .file("/boot/loader/entries/ostree-1-lab.conf", &entry(1, "01db"))
        .file("/boot/loader/entries/ostree-2-lab.conf", &entry(2, "b007"));
    let system = System::probe(&host);
    assert_eq!(system.kind, HostKind::ImageOnly);
    assert_eq!(roles(&system), [role(Role::Booted, "v2"), role(Role::Staged, "v3"), role(Role::Rollback, "v1")]);
    assert_eq!(system.next, Some(id("cccc")));
    assert!(system.rollback.as_ref().unwrap().pinned);
    assert_eq!(system.booted.unwrap().image.as_deref(), Some("quay.io/a/b:c"));
}

#[test]
fn d_without_readable_boot_entries_claims_no_order() {
    let system = System::probe(&on_disk(ostree("lab", &id("bbbb"))));
    assert_eq!(roles(&system), [role(Role::Booted, "v2"), role(Role::Staged, "v3"), role(Role::Rollback, "v1")]);
    let system = System::probe(&leftovers(ostree("lab", &id("bbbb"))));
    assert_eq!(roles(&system), [role(Role::Booted, "v2"), role(Role::Rollback, "v1")]);
    assert_eq!(system.next, None);
}

#[test]
fn d_a_broken_daemon_is_no_missing_one() {
    let host = refused(on_disk(ostree("lab", &id("bbbb"))), "rpm-ostree status --json");
    assert_eq!(System::probe(&host).kind, HostKind::Image);
}

#[test]
fn without_a_tool_the_kernel_argument_still_names_the_running_one() {
    let system = System::probe(&ostree("default", "aaa.0"));
    assert_eq!((system.kind, system.deployment_id()), (HostKind::ImageOnly, "aaa.0"));
    assert_eq!(system.deployment_path.as_deref(), Some("/ostree/deploy/default/deploy/aaa.0"));
}

#[test]
fn what_is_mounted_goes_before_the_kernel_argument() {
    // After a soft reboot the argument is stale; after another deployment its link may be gone.
    let etc = format!("31 25 0:29 /root/ostree/deploy/fedora/deploy/{}/etc /etc rw - btrfs /dev/vda3 rw\n", id("5516"));
    let system = System::probe(&ostree("fedora", &id("d184")).file("/proc/self/mountinfo", &etc));
    assert_eq!(system.deployment_id(), id("5516"));
}

#[test]
fn e_composefs_is_told_by_bootc_to_root() {
    let host = RecordingHost::default().file("/proc/cmdline", &format!("rw composefs=?{}\n", "b".repeat(128)));
    let system = System::probe(&host.prints(BOOTC, E_COMPOSEFS));
    assert_eq!(system.kind, HostKind::Composefs);
    assert_eq!(system.deployment_id(), "b".repeat(128));
    assert_eq!(
        roles(&system),
        [role(Role::Booted, "44.20261118"), role(Role::Staged, "44.20261122"), role(Role::Rollback, "44.20261110")]
    );
}

#[test]
fn e_composefs_unprivileged_reads_the_states() {
    let [running, waiting] = ["b", "c"].map(|letter| letter.repeat(128));
    let origin = "[origin]\ncontainer-image-reference=ostree-unverified-image:docker://ghcr.io/sam/sealed:latest\n";
    let root = format!("24 1 0:22 / / ro,relatime - overlay composefs:{running} ro\n");
    let host = RecordingHost::default()
        .file("/proc/cmdline", &format!("rw composefs={}\n", "a".repeat(128)))
        .file("/proc/self/mountinfo", &root)
        .file("/usr/lib/os-release", "IMAGE_VERSION=\"44.1\"\n")
        .file(
            "/run/composefs/staged-deployment",
            &format!("{{\"depl_id\":\"{waiting}\",\"finalization_locked\":true}}"),
        )
        .file(&format!("/sysroot/state/deploy/{running}/{running}.origin"), origin)
        .file(&format!("/sysroot/state/deploy/{waiting}/{waiting}.origin"), origin);
    let system = System::probe(&host);
    assert_eq!((system.kind, system.deployment_id()), (HostKind::Composefs, &*running));
    assert_eq!(system.booted.as_ref().unwrap().image.as_deref(), Some("ghcr.io/sam/sealed:latest"));
    assert_eq!(system.booted.as_ref().unwrap().version.as_deref(), Some("44.1"));
    assert_eq!((system.staged.as_ref().map(|staged| staged.download_only), system.next), (Some(true), Some(waiting)));
}

#[test]
fn p_a_plain_computer_has_no_deployments_whatever_is_installed() {
    let system = System::probe(&RecordingHost::default().prints(BOOTC, NOT_BOOTC));
    assert_eq!((system.kind, system.deployment_id()), (HostKind::Package, "package-mode"));
    assert_eq!(system.deployments().count(), 0);
    assert_eq!(bootc::parse(NOT_BOOTC), None);
}

#[test]
fn n_in_a_container_the_host_is_elsewhere() {
    let host =
        ostree("default", &id("bbbb")).file("/run/.containerenv", "").prints("rpm-ostree status --json", A_IMAGE);
    let system = System::probe(&host);
    assert_eq!((system.kind, system.booted), (HostKind::Container, None));
}

#[test]
fn an_overlay_on_usr_is_seen_in_the_mounts() {
    assert!(is_usr_overlay("91 29 0:52 / /usr rw,relatime shared:1 - overlay overlay rw,lowerdir=usr"));
    assert!(!is_usr_overlay("29 1 0:52 / / rw,relatime shared:1 - overlay overlay rw"));
}
