// SPDX-License-Identifier: GPL-3.0-or-later
//! A new setup from every recorded computer.
//!
//! Invariant: a computer and the setup that was just made from it differ only by what was left out and named.

#![expect(clippy::panic, clippy::unwrap_used, reason = "tests stop at the first surprise")]

#[path = "recorded/host.rs"]
mod recorded;

use std::collections::BTreeSet;
use std::path::Path;

use bkt_core::compare::compare;
use bkt_core::host::Host;
use bkt_core::host::recording::RecordingHost;
use bkt_core::ignore::Ignored;
use bkt_core::item::{Domain, ItemId};
use bkt_core::plan::Consent;
use bkt_core::recipe::{self, State};
use bkt_core::setup::Setup;
use bkt_core::start::{self, Draft, Wishes};

fn wishes() -> Wishes<'static> {
    Wishes { name: "setup", base: None, private: Consent::Asked }
}

fn draft(host: &dyn Host, state: &Path) -> Draft {
    start::draft(host, state, wishes()).unwrap()
}

#[test]
fn a_computer_is_what_the_setup_made_from_it_says() {
    let mut captured = 0;
    for (name, recorded) in recorded::all() {
        let host = recorded.host();
        let state = tempfile::tempdir().unwrap();
        let draft = draft(&host, state.path());
        captured += draft.captured.len();
        let setup = Setup::load(draft.folder()).unwrap();
        let comparison = compare(&host, &setup, &Ignored::load(draft.folder()).unwrap());
        let left: BTreeSet<&ItemId> = draft.left.iter().map(|left| &left.item).collect();
        let differing: Vec<String> = comparison
            .changes
            .iter()
            .filter(|change| !left.contains(&change.id) && change.id.domain != Domain::Etc)
            .map(|change| format!("{}: {:?} → {:?}", change.id, change.setup, change.computer))
            .collect();
        assert!(differing.is_empty(), "{name}: {differing:#?}");
        if draft.base.is_some() {
            let text = bkt_core::files::read(&draft.folder().join("Containerfile")).unwrap().unwrap();
            let (statuses, notes) = recipe::check(&setup, &text).unwrap();
            assert!(statuses.iter().all(|status| status.state == State::InSync), "{name}: {statuses:?}");
            assert!(notes.is_empty(), "{name}: {notes:?}");
        }
    }
    assert!(captured > 20, "{captured}");
}

#[test]
fn without_an_image_there_is_no_recipe_and_nothing_to_build() {
    let state = tempfile::tempdir().unwrap();
    let draft = draft(&RecordingHost::default().file("/etc/os-release", "ID=debian\n"), state.path());
    assert_eq!(draft.base, None);
    assert_eq!(draft.files, [".bktignore", ".gitignore", "README.md", "manifests/system-packages.json"]);
    assert!(Setup::load(draft.folder()).unwrap().is_empty());
    let folder = draft.folder().to_owned();
    drop(draft);
    assert!(!folder.exists());
}

/// Words of scripts and recipes, in any order.
const WORDS: &[&str] = &[
    "dnf5",
    "dnf",
    "-y",
    "install",
    "copr",
    "enable",
    "atim/starship",
    "systemctl",
    "mask",
    "a.service",
    "htop",
    "@x",
    "&&",
    ";",
    "|",
    "$X",
    "\"",
    "'",
    "\\",
    "\n",
    "\n",
    "#",
    "if",
    "then",
    "fi",
    "{",
    "}",
    "<<EOF",
    "EOF",
    "--exclude=y",
    "../../x",
    "\u{e9}",
    "`id`",
    "$(id)",
    "rm -rf /",
    "--",
    "a=b",
    "RUN",
    "FROM x",
    "~",
    "*",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]

    /// Whatever a script says, what is made of it is a setup that reads without an error, with a recipe in step.
    #[test]
    fn any_script_becomes_a_setup_or_is_refused(words in proptest::collection::vec(0..WORDS.len(), 0..40)) {
        let script: String = words.iter().map(|index| format!("{} ", WORDS[*index])).collect();
        let (dir, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let put = |name: &str, text: &str| bkt_core::files::put(&folder.path().join(name), text.as_bytes(), 0o644).unwrap();
        put("build_files/build.sh", &script);
        put("Containerfile", "FROM ghcr.io/a/b:1\nRUN /ctx/build.sh\nRUN bootc container lint\n");
        let import = start::import(folder.path(), &start::recognise(folder.path()), dir.path()).unwrap();
        import.write(folder.path()).unwrap();
        let setup = Setup::load(folder.path()).unwrap();
        for domain in Domain::ALL {
            proptest::prop_assert!(setup.declared(domain).is_ok(), "{script:?}: {:?}", setup.declared(domain));
        }
        let declared: BTreeSet<ItemId> = import.taken.iter().map(|taken| taken.item.clone()).collect();
        proptest::prop_assert!(declared.iter().all(|item| !setup.manifests_of(item).is_empty()), "{script:?}");
        let text = bkt_core::files::read(&folder.path().join("Containerfile")).unwrap().unwrap();
        let (statuses, _) = recipe::check(&setup, &text).unwrap();
        proptest::prop_assert!(statuses.iter().all(|status| status.state == State::InSync), "{script:?}: {statuses:?}");
    }
}
