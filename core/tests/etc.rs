// SPDX-License-Identifier: GPL-3.0-or-later
//! Files of `/etc` on real directories, beside an image's: told, restored, undone, captured, and what is refused.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bkt_core::compare::{Decision, Effect, Privilege, Shape};
use bkt_core::host::NoSettings;
use bkt_core::host::live::LiveHost;
use bkt_core::item::{Domain, ItemId};
use bkt_core::plan::wish::undo;
use bkt_core::plan::{Consent, Decisions, Deferral, Plan};
use bkt_core::run::{Direct, Outcome, Receipt, RunError, Source, StepState};
use bkt_core::session::{Session, Snapshot};

/// A computer made from an image, below a directory.
struct Computer {
    directory: tempfile::TempDir,
    session: Session,
}

impl Computer {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |part: &str| directory.path().join(part);
        for part in ["root/etc", "root/usr/etc", "setup/manifests", "state"] {
            std::fs::create_dir_all(at(part)).unwrap();
        }
        let host = LiveHost::of_user(Some(at("root")), Arc::new(NoSettings));
        let session = Session { host: Arc::new(host), setup: at("setup"), state: at("state") };
        let computer = Self { directory, session };
        computer.image("a.conf", "image");
        computer
    }

    fn at(&self, part: &str) -> PathBuf {
        self.directory.path().join(part)
    }

    fn here(&self, file: &str) -> PathBuf {
        self.at("root/etc").join(file)
    }

    fn image(&self, file: &str, text: &str) {
        write(&self.at("root/usr/etc").join(file), text);
    }

    fn look(&self) -> Snapshot {
        self.session.compare_some(&[Domain::Etc]).unwrap()
    }

    fn differ(&self) -> Vec<String> {
        self.look().comparison.changes.iter().map(|change| change.id.key.clone()).collect()
    }

    fn plan(&self, key: &str, decision: Decision, consent: Consent) -> Plan {
        let decisions: Decisions = [(ItemId::new(Domain::Etc, key), decision)].into();
        self.session.plan_with(&self.look(), &decisions, consent).unwrap()
    }

    fn run(&self, plan: Plan) -> Result<Receipt, RunError> {
        let plan = Plan::from_bytes(&plan.to_bytes()).unwrap();
        self.session.run(plan, &Direct { host: self.session.host.as_ref() }, Source::Cli, &mut |_| {})
    }

    fn apply(&self, key: &str) -> Receipt {
        let receipt = self.run(self.plan(key, Decision::Apply, Consent::Asked)).unwrap();
        assert_eq!(receipt.result, Outcome::Done, "{:?}", receipt.operations);
        receipt
    }

    fn undo(&self, receipt: &Receipt) -> Receipt {
        let left = self.session.wish(&undo(receipt.changed()).left).unwrap().1;
        assert!(left.is_empty(), "it is still as the run left it: {left:?}");
        let (_, plan) = self.session.wish(&undo(receipt.changed()).before).unwrap();
        self.run(plan).unwrap()
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    bkt_core::files::put(path, text.as_bytes(), 0o644).unwrap();
}

fn read(path: &Path) -> Option<String> {
    bkt_core::files::read(path).unwrap()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_changed_file_is_restored_and_put_back() {
    let computer = Computer::new();
    let file = computer.here("a.conf");
    write(&file, "mine");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    let snapshot = computer.look();
    let change = &snapshot.comparison.changes[0];
    assert_eq!((change.id.key.as_str(), change.shape, change.effect), ("/etc/a.conf", Shape::OnlyHere, Effect::Now));
    assert_eq!((change.privilege, change.suggestion()), (Privilege::Admin, None));

    let restored = computer.apply("/etc/a.conf");
    assert_eq!((read(&file).as_deref(), mode(&file)), (Some("image"), 0o644));
    assert!(computer.differ().is_empty());
    let undone = computer.undo(&restored);
    assert_eq!((undone.result, read(&file).as_deref(), mode(&file)), (Outcome::Done, Some("mine"), 0o640));
    computer.undo(&undone);
    assert_eq!(read(&file).as_deref(), Some("image"));
    let kept = std::fs::read_dir(computer.at("root/var/lib/bkt/etc")).unwrap();
    let modes: Vec<u32> = kept.map(|entry| mode(&entry.unwrap().path())).collect();
    assert_eq!(modes, [0o600], "kept once, for nobody else");
}

#[test]
fn a_deleted_file_comes_back_with_its_folder_and_goes_again() {
    let computer = Computer::new();
    write(&computer.here("a.conf"), "image");
    computer.image("d/b.conf", "b");
    std::fs::set_permissions(computer.at("root/usr/etc/d"), PermissionsExt::from_mode(0o750)).unwrap();
    assert_eq!(computer.differ(), ["/etc/d/b.conf"]);
    let restored = computer.apply("/etc/d/b.conf");
    assert_eq!((read(&computer.here("d/b.conf")).as_deref(), mode(&computer.here("d"))), (Some("b"), 0o750));
    let undone = computer.undo(&restored);
    assert_eq!((undone.result, read(&computer.here("d/b.conf"))), (Outcome::Done, None));
    assert_eq!(computer.undo(&undone).result, Outcome::Done);
    assert_eq!(read(&computer.here("d/b.conf")).as_deref(), Some("b"));
}

#[test]
fn a_file_that_bucket_did_not_put_there_is_not_removed() {
    let computer = Computer::new();
    write(&computer.here("a.conf"), "image");
    computer.image("b.conf", "b");
    let restored = computer.apply("/etc/b.conf");
    std::fs::remove_dir_all(computer.at("root/var/lib/bkt/etc")).unwrap();
    let ended = computer.undo(&restored);
    assert_eq!(ended.operations[0].problem.as_ref().unwrap().code, "not_put_here");
    assert_eq!(read(&computer.here("b.conf")).as_deref(), Some("b"));
}

#[test]
fn permissions_and_links_are_restored_too() {
    let computer = Computer::new();
    write(&computer.here("a.conf"), "image");
    std::fs::set_permissions(computer.here("a.conf"), PermissionsExt::from_mode(0o666)).unwrap();
    symlink("../usr/share/zoneinfo/UTC", computer.at("root/usr/etc/link")).unwrap();
    symlink("/tmp/x", computer.here("link")).unwrap();
    assert_eq!(computer.differ(), ["/etc/a.conf", "/etc/link"]);
    computer.apply("/etc/a.conf");
    let linked = computer.apply("/etc/link");
    assert_eq!(mode(&computer.here("a.conf")), 0o644);
    assert_eq!(std::fs::read_link(computer.here("link")).unwrap(), Path::new("../usr/share/zoneinfo/UTC"));
    computer.undo(&linked);
    assert_eq!(std::fs::read_link(computer.here("link")).unwrap(), Path::new("/tmp/x"));
}

#[test]
fn what_the_image_does_not_have_is_never_removed() {
    let computer = Computer::new();
    write(&computer.here("a.conf"), "image");
    write(&computer.here("mine.conf"), "x");
    let plan = computer.plan("/etc/mine.conf", Decision::Apply, Consent::Asked);
    assert!(plan.is_empty() && plan.deferred[0].why == Deferral::NotOfImage, "{plan:?}");
}

#[test]
fn a_file_of_the_setup_arrives_with_the_image_and_is_restored_where_it_does_not_get_through() {
    let computer = Computer::new();
    write(&computer.here("a.conf"), "mine");
    write(&computer.at("setup/system/etc/a.conf"), "setup");
    let snapshot = computer.look();
    assert_eq!(snapshot.comparison.changes[0].effect, Effect::Image);
    let plan = computer.plan("/etc/a.conf", Decision::Apply, Consent::Asked);
    assert!(plan.is_empty() && plan.deferred[0].why == Deferral::NextImage, "{plan:?}");
    // The next image has it, and the merge kept what was changed here.
    computer.image("a.conf", "setup");
    let snapshot = computer.look();
    assert_eq!(snapshot.comparison.changes[0].effect, Effect::Now);
    let unattended = bkt_core::first_boot::decisions(&snapshot.comparison, bkt_core::first_boot::Part::System);
    assert!(unattended.is_empty(), "nobody is there to say whether their change may go");
    computer.apply("/etc/a.conf");
    assert_eq!(read(&computer.here("a.conf")).as_deref(), Some("setup"));
    assert!(computer.look().comparison.everything_matches());
    // Deleted here, too.
    bkt_core::files::remove(&computer.here("a.conf")).unwrap();
    computer.apply("/etc/a.conf");
    assert_eq!(read(&computer.here("a.conf")).as_deref(), Some("setup"));
}

#[test]
fn a_capture_goes_into_the_setup_and_its_recipe_and_secrets_wait_for_consent() {
    let computer = Computer::new();
    write(&computer.here("a.conf"), "mine");
    write(&computer.here("keyd/default.conf"), "[ids]\n");
    write(&computer.here("secret.conf"), "password = hunter2\n");
    write(
        &computer.at("setup/Containerfile"),
        "FROM a\n# === ETC_FILES (managed by bkt) ===\n# === END ETC_FILES ===\n",
    );
    let setup = |file: &str| read(&computer.at("setup/system/etc").join(file));
    let plan = computer.plan("/etc/keyd/default.conf", Decision::Capture, Consent::Asked);
    let foreseen = computer.session.foresee(&plan);
    assert_eq!(foreseen.changed, [bkt_core::recipe::Section::EtcFiles]);
    assert_eq!(computer.run(plan).unwrap().result, Outcome::Done);
    assert_eq!(setup("keyd/default.conf").as_deref(), Some("[ids]\n"));
    let recipe = read(&computer.at("setup/Containerfile")).unwrap();
    assert!(recipe.contains("install -D -m 0644 /tmp/bkt-etc/keyd/default.conf /etc/keyd/default.conf"), "{recipe}");
    assert_eq!(computer.differ(), ["/etc/a.conf", "/etc/secret.conf"]);

    let plan = computer.plan("/etc/secret.conf", Decision::Capture, Consent::Asked);
    assert!(plan.is_empty() && plan.deferred[0].why == Deferral::Private, "{plan:?}");
    computer.run(computer.plan("/etc/secret.conf", Decision::Capture, Consent::Given)).unwrap();
    assert_eq!(setup("secret.conf").as_deref(), Some("password = hunter2\n"));
    // That a file is gone is nothing a folder can hold.
    bkt_core::files::remove(&computer.here("a.conf")).unwrap();
    let plan = computer.plan("/etc/a.conf", Decision::Capture, Consent::Given);
    assert!(plan.is_empty() && plan.deferred[0].why == Deferral::NoPlace, "{plan:?}");
}

#[test]
fn a_plan_holds_only_for_what_was_shown() {
    let computer = Computer::new();
    write(&computer.here("a.conf"), "mine");
    let plan = computer.plan("/etc/a.conf", Decision::Apply, Consent::Asked);
    write(&computer.here("a.conf"), "changed meanwhile");
    assert!(matches!(computer.run(plan.clone()), Err(RunError::Stale(_))));
    write(&computer.here("a.conf"), "mine");
    computer.image("a.conf", "another image");
    let ended = computer.run(plan).unwrap();
    assert_eq!(ended.operations[0].problem.as_ref().unwrap().code, "content_gone");
    assert_eq!(read(&computer.here("a.conf")).as_deref(), Some("mine"));
}

#[test]
fn a_folder_that_is_a_link_is_not_followed() {
    let computer = Computer::new();
    write(&computer.here("a.conf"), "image");
    computer.image("d/b.conf", "b");
    write(&computer.here("d/b.conf"), "mine");
    let plan = computer.plan("/etc/d/b.conf", Decision::Apply, Consent::Asked);
    let outside = computer.at("outside");
    write(&outside.join("b.conf"), "mine");
    bkt_core::files::remove(&computer.here("d/b.conf")).unwrap();
    std::fs::remove_dir(computer.here("d")).unwrap();
    symlink(&outside, computer.here("d")).unwrap();
    assert!(computer.run(plan).is_err(), "what is there now is not what was shown");
    assert_eq!(read(&outside.join("b.conf")).as_deref(), Some("mine"));
    assert_eq!(computer.differ(), ["/etc/d"], "the link is what differs");
}

/// A plan as somebody else might write it.
fn forged(change: impl Fn(String) -> String) -> Result<Plan, bkt_core::plan::PlanError> {
    let computer = Computer::new();
    write(&computer.here("a.conf"), "mine");
    let plan = computer.plan("/etc/a.conf", Decision::Apply, Consent::Asked);
    Plan::from_bytes(change(String::from_utf8(plan.to_bytes()).unwrap()).as_bytes())
}

#[test]
fn a_plan_names_nothing_outside_of_etc_and_nothing_of_the_machine() {
    assert!(forged(|plan| plan).is_ok());
    let path = |path: &str| forged(|plan| plan.replace("/etc/a.conf", path)).unwrap_err().to_string();
    for bad in ["/usr/etc/a.conf", "/etc/../usr/bin/a", "/etc/a/./b", "/etc//a", "etc/a.conf", "/etc/", "/root/.ssh/x"]
    {
        assert!(path(bad).contains("is not a valid path of a file of /etc"), "{bad}: {}", path(bad));
    }
    for own in
        ["/etc/passwd", "/etc/shadow", "/etc/fstab", "/etc/machine-id", "/etc/ssh/ssh_host_rsa_key", "/etc/hostname"]
    {
        assert!(path(own).contains("belongs to the machine and is never restored"), "{own}: {}", path(own));
    }
    let said = |from: &str, to: &str| forged(|plan| plan.replace(from, to)).unwrap_err().to_string();
    assert!(
        said("\"mode\":\"0644\"", "\"mode\":\"0755\"").contains("a file has permissions"),
        "not executable, and is"
    );
    assert!(said("\"path\":", "\"content\":\"x\",\"path\":").contains("unknown field"));
    assert!(said("\"privilege\":\"admin\"", "\"privilege\":\"user\"").contains("privilege"));
    assert!(said("\"etc\":{", "\"etc\":{\"/etc/../x\":null,").contains("valid path"));
    assert!(said("\"/etc/a.conf\":{\"file\"", "\"/etc/b.conf\":{\"file\"").contains("worked out from is missing"));
}

#[test]
fn content_that_neither_image_nor_computer_ever_had_is_refused() {
    let computer = Computer::new();
    write(&computer.here("a.conf"), "mine");
    let plan = computer.plan("/etc/a.conf", Decision::Apply, Consent::Asked);
    let text = String::from_utf8(plan.to_bytes()).unwrap();
    let digest = |text: &str| bkt_core::name::FileDigest::of(text.as_bytes()).to_string();
    let forged = text.replace(&digest("image"), &digest("evil"));
    write(&computer.at("root/usr/etc/other.conf"), "evil");
    let ended = computer.run(Plan::from_bytes(forged.as_bytes()).unwrap()).unwrap();
    assert_eq!(ended.operations[0].problem.as_ref().unwrap().code, "content_gone");
    assert_eq!(ended.operations[0].state, StepState::Failed);
    assert_eq!(read(&computer.here("a.conf")).as_deref(), Some("mine"));
    let owner = computer.here("a.conf").metadata().unwrap().uid();
    assert_eq!(owner, computer.at("root").metadata().unwrap().uid());
}
