// SPDX-License-Identifier: GPL-3.0-or-later
//! When the run is due, and what of it is remembered.

use super::*;
use crate::deployment::HostKind;

fn deployment(id: &str, digest: Option<&str>, base: Option<&str>) -> Deployment {
    Deployment {
        id: id.to_owned(),
        digest: digest.map(str::to_owned),
        base: base.map(str::to_owned),
        ..Deployment::default()
    }
}

/// A computer with these deployments, of which the first one runs.
fn system(deployments: &[Deployment]) -> System {
    System {
        kind: HostKind::Image,
        boot_id: None,
        booted: deployments.first().cloned(),
        staged: None,
        rollback: None,
        kept: deployments.iter().skip(1).cloned().collect(),
        next: None,
        layered: Vec::new(),
        usr_overlay: false,
        deployment_path: None,
    }
}

fn one(id: &str, digest: Option<&str>) -> System {
    system(&[deployment(id, digest, None)])
}

/// A person's or the system's state directory.
struct State(tempfile::TempDir);

impl State {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn marker(&self) -> Marker {
        marker(self.0.path()).unwrap().unwrap()
    }

    fn due(&self, system: &System) -> bool {
        is_due(marker(self.0.path()).unwrap().as_ref(), &Image::of(system))
    }

    fn begin(&self, system: &System, steps: usize) -> Marker {
        begin(self.0.path(), system, steps, Timestamp::UNIX_EPOCH).unwrap()
    }

    fn ends(&self, system: &System, left: &[&str]) {
        let left = left.iter().map(|item| Left { item: (*item).to_owned(), reason: "no network".to_owned() });
        end(self.0.path(), system, left.collect(), Timestamp::UNIX_EPOCH).unwrap();
    }
}

#[test]
fn an_image_is_done_once_and_a_failure_is_tried_again() {
    let (state, a) = (State::new(), one("a.0", None));
    assert!(state.due(&a));
    state.begin(&a, 2);
    state.ends(&a, &["pkg:htop"]);
    state.begin(&a, 1);
    state.ends(&a, &["pkg:htop"]);
    assert_eq!((state.marker().failures, state.marker().left[0].item.as_str()), (2, "pkg:htop"));
    assert!(state.due(&a));
    state.ends(&a, &[]);
    assert_eq!((state.marker().failures, state.marker().left.len()), (0, 0));
    assert!(!state.due(&a));
    assert!(state.due(&one("b.0", None)));
}

#[test]
fn the_same_image_with_other_kernel_arguments_is_done() {
    for digest in [Some("sha256:1"), None] {
        let state = State::new();
        state.ends(&one("a.0", digest), &[]);
        assert!(!state.due(&one("a.1", digest)), "{digest:?}");
        assert!(state.due(&one("b.0", digest.map(|_| "sha256:2"))), "{digest:?}");
    }
}

#[test]
fn who_does_not_learn_the_digest_knows_the_image_by_its_tree() {
    let state = State::new();
    state.ends(&one("a.0", Some("sha256:1")), &[]);
    assert!(!state.due(&one("a.1", None)));
    let state = State::new();
    state.ends(&one("a.0", None), &[]);
    assert!(!state.due(&one("a.1", Some("sha256:1"))));
}

#[test]
fn layered_packages_make_no_new_image() {
    // From a container image: the digest stays that of the image below.
    let state = State::new();
    state.ends(&one("a.0", Some("sha256:1")), &[]);
    assert!(!state.due(&system(&[deployment("layered.0", Some("sha256:1"), Some("a"))])));
    // From an ostree remote there is no digest, but the commit below; and back again without the layers.
    let layered = system(&[deployment("layered.0", None, Some("a"))]);
    let state = State::new();
    state.ends(&one("a.0", None), &[]);
    assert!(!state.due(&layered));
    let state = State::new();
    state.ends(&layered, &[]);
    assert!(!state.due(&one("a.1", None)));
    assert!(!state.due(&system(&[deployment("other.0", None, Some("a"))])));
    assert!(state.due(&system(&[deployment("other.0", None, Some("b"))])));
}

#[test]
fn a_composefs_image_and_a_computer_of_packages_have_names_without_a_serial() {
    let state = State::new();
    state.ends(&one("0123abcd", None), &[]);
    assert!(!state.due(&one("0123abcd", Some("sha256:1"))));
    assert!(state.due(&one("4567cdef", None)));
    let packages = System { booted: None, kind: HostKind::Package, ..one("", None) };
    let state = State::new();
    assert!(state.due(&packages));
    state.ends(&packages, &[]);
    assert!(!state.due(&packages));
}

#[test]
fn an_image_that_is_gone_back_to_is_not_set_up_again() {
    let (a, b) = (deployment("a.0", Some("sha256:1"), None), deployment("b.0", Some("sha256:2"), None));
    let state = State::new();
    state.ends(&system(std::slice::from_ref(&a)), &[]);
    state.begin(&system(&[b.clone(), a.clone()]), 1);
    assert!(!state.due(&system(&[a.clone(), b.clone()])), "not even while the newer one is not complete");
    state.ends(&system(&[b.clone(), a.clone()]), &["unit:x"]);
    assert!(!state.due(&system(&[a.clone(), b.clone()])));
    assert!(state.due(&system(&[b.clone(), a.clone()])), "but that one is still due");
    state.ends(&system(&[b.clone(), a.clone()]), &[]);
    assert!(!state.due(&system(&[a, b.clone()])));
    assert!(!state.due(&system(&[b])));
}

#[test]
fn images_that_are_gone_are_forgotten_and_the_others_are_few() {
    let state = State::new();
    let names: Vec<String> = (0..40).map(|n| format!("{n:02}.0")).collect();
    for pair in names.windows(2) {
        state.ends(&system(&[deployment(&pair[1], None, None), deployment(&pair[0], None, None)]), &[]);
    }
    assert_eq!(state.marker().done.len(), 1);
    assert!(!state.due(&one("38.0", None)) && state.due(&one("37.0", None)));
    // Where the others cannot be seen.
    let state = State::new();
    names.iter().for_each(|name| state.ends(&one(name, None), &[]));
    assert_eq!(state.marker().done.len(), REMEMBERED);
    assert!(!state.due(&one("38.0", None)) && state.due(&one("02.0", None)));
}

#[test]
fn what_the_first_version_wrote_still_counts_and_it_can_read_what_is_written_now() {
    #[derive(Deserialize)]
    struct First {
        deployment: String,
        complete: bool,
    }
    let state = State::new();
    let file = state.0.path().join(MARKER);
    files::replace(&file, r#"{"deployment": "a.0", "digest": "sha256:1", "failures": 0, "complete": true}"#.as_bytes())
        .unwrap();
    assert!(!state.due(&one("a.1", Some("sha256:1"))));
    files::replace(&file, r#"{"deployment": "a.0", "failures": 3, "complete": false}"#.as_bytes()).unwrap();
    assert!(state.due(&one("a.0", None)));
    state.ends(&one("a.0", None), &["pkg:htop"]);
    assert_eq!(state.marker().failures, 4);
    state.ends(&one("a.0", None), &[]);
    state.ends(&one("b.0", None), &[]);
    let first: First = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert!(first.deployment == "b.0" && first.complete);
    files::replace(&file, "not JSON".as_bytes()).unwrap();
    assert!(state.due(&one("b.0", None)));
}

#[test]
fn tries_that_are_cut_off_end_unless_they_get_further() {
    let (state, a) = (State::new(), one("a.0", None));
    assert!(!state.begin(&a, 5).is_held(5));
    assert!(!state.begin(&a, 5).is_held(5));
    let third = state.begin(&a, 5);
    assert!(third.is_held(5) && state.due(&a), "three began and none ended");
    assert!(!third.is_held(4), "the third one got further");
    assert_eq!(third.failures, 2);
    // A new image is another chance, and so is one that ended.
    assert!(!state.begin(&one("b.0", None), 5).is_held(5));
    state.begin(&a, 5);
    state.ends(&a, &["pkg:htop"]);
    assert!(!state.begin(&a, 5).is_held(5));
    assert_eq!(state.marker().failures, 1);
    for left in (1..5).rev() {
        assert!(!state.begin(&a, left).is_held(left), "{left} left");
    }
}

#[test]
fn what_is_left_is_named_up_to_a_limit() {
    let (state, a) = (State::new(), one("a.0", None));
    let items: Vec<String> = (0..NAMED * 2).map(|n| format!("flatpak:org.a{n}")).collect();
    state.ends(&a, &items.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(state.marker().left.len(), NAMED);
    assert!(!state.marker().complete);
}
