use super::*;
use crate::compare::{Effect, Origin, Shape, compare_some};
use crate::deployment::HostKind;
use crate::domain::{Observation, Observed};
use crate::host::recording::RecordingHost;
use crate::ignore::Ignored;
use crate::name::PackageName;
use crate::plan::{Action, Preconditions, Step};
use crate::run::{Receipt, Source, receipt};
use crate::setup::Setup;

const BOOT: &str = "5f1c2f0e3b6d4b8e9a1f7c20d4a1b2c3";
const NEXT: &str = "00000000000000000000000000000001";

/// A computer with these packages, on an image or not, compared with a setup that has one.
fn comparison(here: &[&str], kind: HostKind, boot: &str) -> Comparison {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("manifests")).unwrap();
    files::replace(&dir.path().join("manifests/system-packages.json"), br#"{"packages": ["nano"]}"#).unwrap();
    let setup = Setup::load(dir.path()).unwrap();
    let mut comparison = compare_some(&RecordingHost::default(), &setup, &Ignored::default(), &[]);
    comparison.system.kind = kind;
    comparison.system.boot_id = Some(boot.to_owned());
    let own = |name: &&str| ((*name).to_owned(), Observed { own: true, ..Observed::of(Value::Present) });
    let observation = Observation { entries: here.iter().map(own).collect(), cookie: None };
    comparison.add(Domain::Pkg, &observation, &setup, &Ignored::default());
    comparison.observed.insert(Domain::Pkg, observation);
    comparison
}

fn store() -> (tempfile::TempDir, Store) {
    let home = tempfile::tempdir().unwrap();
    let host = RecordingHost::default().with_home(home.path().to_str().unwrap());
    let store = Store::of(&host).unwrap();
    (home, store)
}

fn pkg(name: &str) -> ItemId {
    ItemId::new(Domain::Pkg, name)
}

fn standings(store: &Store, mut comparison: Comparison) -> (Vec<(String, Standing)>, Vec<Shape>) {
    store.set_apart(&mut comparison, Path::new("/nowhere"), true).unwrap();
    let all = comparison.temporary.iter().map(|one| (one.id.to_string(), one.standing)).collect();
    (all, comparison.changes.iter().map(|change| change.shape).collect())
}

#[test]
fn on_an_image_a_package_ends_at_the_restart_and_is_remembered() {
    let (_home, store) = store();
    let now = comparison(&["htop", "nano"], HostKind::Image, BOOT);
    store.record(0, &[pkg("htop"), pkg("nano")], &now, "bkt dnf install htop --here-only").unwrap();
    let htop = "pkg:htop".to_owned();
    assert_eq!(standings(&store, now), (vec![(htop.clone(), Standing::EndsAtRestart)], vec![]));
    let after = || comparison(&["nano"], HostKind::Image, NEXT);
    assert_eq!(standings(&store, after()), (vec![(htop, Standing::Gone)], vec![]));
    let mut late = after();
    late.compared_at += SignedDuration::from_hours(31 * 24);
    assert_eq!(standings(&store, late), (vec![], vec![]));
    assert!(!store.path().exists(), "what is settled is forgotten");
}

#[test]
fn elsewhere_it_stays_until_it_is_changed_back() {
    let (_home, store) = store();
    let here = |boot| comparison(&["htop"], HostKind::Package, boot);
    store.record(0, &[pkg("htop")], &here(BOOT), "bkt").unwrap();
    // nano is missing: nobody said that this is on purpose
    let expected = (vec![("pkg:htop".to_owned(), Standing::Stays)], vec![Shape::Missing]);
    assert_eq!(standings(&store, here(NEXT)), expected);
    assert_eq!(standings(&store, comparison(&["nano"], HostKind::Package, NEXT)), (vec![], vec![]));
    assert!(!store.path().exists());
}

#[test]
fn a_removal_is_on_purpose_too_and_what_is_forgotten_is_a_change_again() {
    let (_home, store) = store();
    let here = || comparison(&[], HostKind::Package, BOOT);
    store.record(0, &[pkg("nano")], &here(), "bkt dnf remove nano --here-only").unwrap();
    assert_eq!(store.load().unwrap().iter().next().unwrap().action, Deed::Remove);
    assert_eq!(standings(&store, here()), (vec![("pkg:nano".to_owned(), Standing::Stays)], vec![]));
    store.forget(&[pkg("nano")]).unwrap();
    assert_eq!(standings(&store, here()), (vec![], vec![Shape::Missing]));
}

#[test]
fn what_could_not_be_checked_is_neither_settled_nor_gone() {
    let (_home, store) = store();
    store.record(0, &[pkg("htop")], &comparison(&["htop"], HostKind::Image, BOOT), "bkt").unwrap();
    let mut unread = comparison(&[], HostKind::Image, NEXT);
    unread.observed.clear();
    unread.changes.clear();
    assert_eq!(standings(&store, unread).0, [("pkg:htop".to_owned(), Standing::Unknown)]);
    assert_eq!(store.load().unwrap().iter().count(), 1);
}

#[test]
fn the_file_of_older_versions_is_read_and_what_it_says_besides_is_kept() {
    let (_home, store) = store();
    let old = r#"{
  "$schema": "x",
  "boot_id": "5f1c2f0e-3b6d-4b8e-9a1f-7c20d4a1b2c3",
  "changes": [
    {"domain": "dnf", "action": "add", "identifier": "htop", "timestamp": "2026-11-20T08:00:00+01:00", "note": "mine"},
    {"domain": "gsetting", "action": "update", "identifier": "org.gnome.desktop.interface.clock-format",
     "timestamp": "2026-11-20T08:00:00Z", "metadata": {"value": "'12h'"}},
    {"domain": "hologram", "action": "add", "identifier": "x", "timestamp": "2026-11-20T08:00:00Z"}
  ]
}"#;
    std::fs::create_dir_all(store.path().parent().unwrap()).unwrap();
    files::replace(store.path(), old.as_bytes()).unwrap();
    let now = comparison(&["htop", "nano", "vim"], HostKind::Image, BOOT);
    let ids: Vec<_> = store.load().unwrap().iter().map(|record| record.id().map(|id| id.to_string())).collect();
    assert_eq!(
        ids,
        [Some("pkg:htop"), Some("gsetting:org.gnome.desktop.interface/clock-format"), None]
            .map(|id| id.map(str::to_owned))
    );
    let (all, changes) = standings(&store, now.clone());
    assert_eq!(all[0], ("pkg:htop".to_owned(), Standing::EndsAtRestart));
    assert_eq!((all[1].1, changes), (Standing::Unknown, vec![Shape::OnlyHere]));
    assert_eq!(std::fs::read_to_string(store.path()).unwrap(), old, "looking writes nothing");
    store.record(0, &[pkg("htop"), pkg("vim")], &now, "bkt").unwrap();
    let text = std::fs::read_to_string(store.path()).unwrap();
    for kept in [
        "\"$schema\": \"x\"",
        "hologram",
        "\"note\": \"mine\"",
        "'12h'",
        "\"boot_id\": \"5f1c2f0e-3b6d-4b8e-9a1f-7c20d4a1b2c3\"",
    ] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    assert_eq!(text.matches("\"htop\"").count(), 1, "a newer record replaces an older one: {text}");
}

/// A plan that installs packages on this computer alone, and the receipts of the run that does.
fn begun(names: &[&str]) -> (tempfile::TempDir, Plan, u64, receipt::Begun) {
    let steps = names.iter().map(|name| {
        let name = name.parse::<PackageName>().unwrap();
        Step::apply(pkg(name.as_str()), Action::InstallPackage { name }, Effect::Now, Origin::New)
    });
    let plan = Plan::new(Preconditions::default(), steps.collect(), Vec::new());
    let state = tempfile::tempdir().unwrap();
    let epoch = Timestamp::UNIX_EPOCH;
    let mut receipt = Receipt::new(plan.clone(), Vec::new(), Source::Cli, epoch, epoch);
    let begun = receipt.begin(state.path()).unwrap();
    (state, plan, receipt.run, begun)
}

#[test]
fn what_a_killed_run_did_becomes_a_record_and_the_rest_of_it_is_forgotten() {
    let (_home, store) = store();
    let (state, plan, run, begun) = begun(&["htop", "vim"]);
    let host = RecordingHost::default();
    store.intend(&plan, run, &host, "bkt dnf install htop vim --here-only").unwrap();
    let look = |here: &[&str], later: SignedDuration| {
        let mut comparison = comparison(here, HostKind::Image, BOOT);
        comparison.compared_at = host.now() + later;
        store.set_apart(&mut comparison, state.path(), true).unwrap();
        let all: Vec<_> = comparison.temporary.iter().map(|one| (one.id.to_string(), one.standing)).collect();
        (all, comparison.changes.len())
    };
    let (now, soon, late) = (SignedDuration::ZERO, SignedDuration::from_mins(59), SignedDuration::from_mins(60));
    let htop = || vec![("pkg:htop".to_owned(), Standing::EndsAtRestart)];
    let kept = || {
        let records = store.load().unwrap();
        (records.changes.len(), records.intended.len())
    };
    // As long as it runs it writes down itself what it did, and what is not so may yet be.
    assert_eq!((look(&["nano"], late), kept()), ((vec![], 0), (0, 2)));
    assert_eq!((look(&["htop", "nano"], late), kept()), ((htop(), 0), (0, 2)));
    drop(begun);
    assert_eq!((look(&["htop", "nano"], now), kept()), ((htop(), 0), (1, 1)));
    let record = store.load().unwrap().iter().next().unwrap();
    assert_eq!(record.command.as_deref(), Some("bkt dnf install htop vim --here-only"));
    assert_eq!((record.action, record.timestamp), (Deed::Add, host.now()));
    // The helper may still be at it, but not for ever.
    assert_eq!((look(&["htop", "nano"], soon), kept()), ((htop(), 0), (1, 1)));
    assert_eq!((look(&["htop", "nano"], late), kept()), ((htop(), 0), (1, 0)));
    assert_eq!(look(&["htop", "nano", "vim"], late), (htop(), 1));
}

#[test]
fn a_run_that_ended_leaves_nothing_intended_and_a_removal_is_known_by_what_was_there() {
    let (_home, store) = store();
    let (_state, plan, run, _begun) = begun(&["htop", "vim"]);
    let host = RecordingHost::default();
    store.intend(&plan, run + 1, &host, "bkt").unwrap();
    store.intend(&plan, run, &host, "bkt").unwrap();
    let now = comparison(&["nano", "vim"], HostKind::Image, BOOT);
    store.record(run, &[pkg("vim")], &now, "bkt").unwrap();
    let records = store.load().unwrap();
    let left: Vec<_> = records.intended().into_iter().map(|one| (one.run, one.item)).collect();
    assert_eq!((records.changes.len(), left), (1, vec![(run + 1, pkg("htop"))]));
    store.record(run + 1, &[], &now, "bkt").unwrap();
    assert!(store.load().unwrap().intended.is_empty());

    let name = "nano".parse::<PackageName>().unwrap();
    let step = Step::apply(pkg("nano"), Action::RemovePackage { name }, Effect::Now, Origin::New);
    let plan = Plan::new(Preconditions::default(), vec![step.from(Some(&Value::Present))], Vec::new());
    store.intend(&plan, 9, &host, "bkt").unwrap();
    let removed = comparison(&["vim"], HostKind::Image, BOOT);
    let all = standings(&store, removed).0;
    assert_eq!(all.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["pkg:vim", "pkg:nano"]);
    assert_eq!(store.load().unwrap().iter().last().unwrap().action, Deed::Remove);
}

#[test]
fn a_file_that_is_something_else_is_never_written_over() {
    let (_home, store) = store();
    std::fs::create_dir_all(store.path().parent().unwrap()).unwrap();
    files::replace(store.path(), b"not json").unwrap();
    let mut now = comparison(&["htop"], HostKind::Image, BOOT);
    let before = now.changes.len();
    assert!(
        store.set_apart(&mut now, Path::new("/nowhere"), true).is_err()
            && store.record(0, &[pkg("htop")], &now, "bkt").is_err()
    );
    assert_eq!(now.changes.len(), before);
    assert_eq!(std::fs::read_to_string(store.path()).unwrap(), "not json");
}

#[test]
fn every_word_of_the_file_names_the_same_item_again() {
    for id in [
        "pkg:htop",
        "ext:caffeine@patapon.info",
        "flatpak:org.gnome.Boxes",
        "shim:nmcli",
        "gsetting:org.gnome.desktop.interface/clock-format",
        "gsetting:org.gnome.desktop.app-folders.folder:/org/gnome/desktop/app-folders/folders/Games//name",
    ] {
        let item: ItemId = id.parse().unwrap();
        assert_eq!(known::item(&known::word(item.domain), &known::identifier(&item)), Some(item));
    }
}
