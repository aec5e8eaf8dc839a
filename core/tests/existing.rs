// SPDX-License-Identifier: GPL-3.0-or-later
//! A setup made for the existing command line is opened unchanged, and whatever is edited in it, every other byte
//! stays.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::path::{Path, PathBuf};

use bkt_core::item::{Domain, ItemId};
use bkt_core::manifest::{Declaration, Manifest, Reader, edit};
use bkt_core::setup::Setup;
use bkt_core::value::Value;
use proptest::prelude::*;

fn setup() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/setups/existing")
}

fn text(manifest: Manifest) -> Option<String> {
    bkt_core::files::read(&setup().join(manifest.path())).unwrap()
}

/// What no edit may touch: comments, fields of other tools, sections nothing here writes.
const FOREIGN: [&str; 17] = [
    "\"$schema\": \"../schemas/",
    "// the desk",
    "/* taste */",
    "\"comment\": \"as on the wall\"",
    "// the shell",
    "\"groups\": [ \"container-management\" ]",
    "\"maintainer\": { \"name\": \"sam\", \"tags\": [1, 2, 3] }",
    "\"excluded\": []",
    "\"custom\": []",
    "\"udev\": {\n    \"rules\": []\n  }",
    "\"selinux\": {\n    \"booleans\": {\n      \"container_use_devices\": true\n    }\n  }",
    "\"firmware_notes\": [\n    \"BIOS 1.23\"\n  ]",
    "\"checked\": \"2025-12-01\"",
    "\"added_by\": \"sam\"",
    "\"overrides\": [\n        \"--filesystem=home\",\n        \"--env=GTK_THEME=Adwaita\"\n      ]",
    "\"filtered\": true",
    "\"maintainer\"",
];

/// Marks of one entry: they go with it, and only with it.
const OF_ENTRIES: [(&str, &str); 5] = [
    ("// the shell", "pkg:zsh"),
    ("\"comment\": \"as on the wall\"", "gsetting:org.gnome.desktop.interface/clock-format"),
    ("\"added_by\": \"sam\"", "flatpak:org.gnome.Boxes"),
    ("\"overrides\": [", "flatpak:org.gnome.Boxes"),
    ("\"filtered\": true", "remote:flathub"),
];

/// What each domain may be asked to hold.
fn values(domain: Domain) -> Vec<(&'static str, Vec<serde_json::Value>)> {
    use serde_json::json;
    match domain.id() {
        "pkg" => ["aaa", "htop", "nano", "zsh", "zzz"].map(|key| (key, vec![json!(true)])).into(),
        "karg" => ["a=1", "mitigations=off", "quiet", "zswap.enabled=1"].map(|key| (key, vec![json!(true)])).into(),
        "unit" => ["aaa.service", "bluetooth.service", "cups.socket", "tuned.service", "zzz.timer"]
            .map(|key| (key, vec![json!("enabled"), json!("disabled"), json!("masked")]))
            .into(),
        "gsetting" => [
            "org.gnome.desktop.interface/clock-format",
            "org.gnome.desktop.interface/enable-animations",
            "org.gnome.mutter/experimental-features",
        ]
        .map(|key| (key, vec![json!("'a'"), json!("true")]))
        .into(),
        "flatpak" => ["org.a.A", "org.gnome.Boxes", "org.gnome.Calculator", "org.z.Z"]
            .map(|key| {
                // `null`: overrides that are not ours to write.
                let plain = json!({"remote": "flathub", "scope": "user", "overrides": null});
                let other = json!({"remote": "other", "scope": "system", "branch": "beta", "overrides": null});
                (key, vec![plain, other])
            })
            .into(),
        _ => Vec::new(),
    }
}

/// Every edit there is: a manifest, an item, and a value or its absence.
fn edits() -> Vec<(Manifest, ItemId, Option<Value>)> {
    let mut all = Vec::new();
    for manifest in Manifest::ALL.into_iter().filter(|manifest| text(*manifest).is_some()) {
        for domain in manifest.domains().iter().filter(|domain| Manifest::of(**domain) == manifest) {
            for (key, values) in values(*domain) {
                let item = ItemId::new(*domain, key);
                all.push((manifest, item.clone(), None));
                let kind = bkt_core::domain::kind(*domain);
                all.extend(values.iter().filter_map(|value| Some((manifest, item.clone(), Some(kind.value(value)?)))));
            }
        }
    }
    all
}

/// The part of the old text that an edit replaced: all but the longest common beginning and end.
fn replaced<'t>(before: &'t str, after: &str) -> &'t str {
    let start = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
    let (rest, new) = (&before.as_bytes()[start..], &after.as_bytes()[start..]);
    let end = rest.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let floor = |mut at: usize| {
        while !before.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    &before[floor(start)..floor(before.len() - end).max(floor(start))]
}

#[test]
fn it_is_opened_without_an_error() {
    let setup = Setup::load(&setup()).unwrap();
    for domain in Domain::ALL {
        assert!(setup.declared(domain).is_ok(), "{domain}: {:?}", setup.declared(domain));
    }
    assert_eq!(setup.kept.problems().collect::<Vec<_>>(), []);
    assert!(setup.len() >= 14, "{}", setup.len());
    assert!(setup.reports().len() >= 10, "{:?}", setup.reports());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_edited_all_else_stays(picks in prop::collection::vec(any::<prop::sample::Index>(), 1..12)) {
        let edits = edits();
        let mut texts: Vec<(Manifest, String)> =
            Manifest::ALL.into_iter().filter_map(|manifest| Some((manifest, text(manifest)?))).collect();
        let mut gone: Vec<String> = Vec::new();
        for pick in picks {
            let (manifest, item, value) = pick.get(&edits);
            let (_, before) = texts.iter_mut().find(|(known, _)| known == manifest).unwrap();
            let after = edit::edited(*manifest, before, item, value.as_ref()).unwrap();
            // What was there before and is not now lies in one place: the entry itself, and the commas around it.
            let old = replaced(before, &after);
            let lines: Vec<&str> = old.lines().filter(|line| !line.trim_matches([' ', '\t', ',']).is_empty()).collect();
            prop_assert!(lines.len() <= 14, "{item}: {old}");
            if value.is_none() {
                gone.push(item.to_string());
            }
            prop_assert_eq!(before.ends_with('\n'), after.ends_with('\n'));
            prop_assert!(after.contains('\t') == before.contains('\t') && !after.contains("\r"));
            // Every other item the manifest declares is declared as before.
            for domain in manifest.domains() {
                let others = |text: &str| {
                    let (declared, _) = Reader::declarations(*manifest, *domain, text).unwrap();
                    let other = |(key, one): (String, Declaration)| {
                        (*domain != item.domain || key != item.key).then_some((key, one.value))
                    };
                    declared.into_iter().filter_map(other).collect::<Vec<_>>()
                };
                prop_assert_eq!(others(before), others(&after));
            }
            // The edit did what was asked, and reading it gives no error.
            let (declared, _) = Reader::declarations(*manifest, item.domain, &after).unwrap();
            let now = declared.get(&item.key).and_then(|declaration| declaration.value.clone());
            prop_assert_eq!(now.is_some(), value.is_some(), "{} in {}", item, after);
            *before = after;
        }
        for (manifest, after) in &texts {
            let before = text(*manifest).unwrap();
            for mark in FOREIGN.iter().filter(|mark| before.contains(*mark)) {
                let leaves = OF_ENTRIES.iter().any(|(of, item)| mark.starts_with(of) && gone.iter().any(|one| one == item));
                prop_assert!(leaves || after.contains(mark), "{}: {} is gone:\n{}", manifest.path(), mark, after);
            }
        }
    }

    #[test]
    fn what_comes_and_goes_again_leaves_the_same_bytes(pick in any::<prop::sample::Index>()) {
        let edits = edits();
        let (manifest, item, value) = pick.get(&edits);
        let before = text(*manifest).unwrap();
        let (declared, _) = Reader::declarations(*manifest, item.domain, &before).unwrap();
        prop_assume!(value.is_some() && !declared.contains_key(&item.key));
        let after = edit::edited(*manifest, &before, item, value.as_ref()).unwrap();
        prop_assert_ne!(&after, &before);
        prop_assert_eq!(edit::edited(*manifest, &after, item, None).unwrap(), before);
    }
}
