// SPDX-License-Identifier: GPL-3.0-or-later
//! Reading and setting real compiled schemas, with values in a key file.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::ops::ControlFlow;
use std::path::Path;

use bkt_core::host::settings::{Allowed, SettingError, SettingEvent};
use bkt_core::host::{SettingQuery, SettingReading, Settings};
use bkt_core::name::SettingKey;
use bkt_gio::GioSettings;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const SCHEMA: &str = "org.bkt.test.gschema.xml";

/// Compiled schemas and an empty database, both gone after the test.
fn settings() -> (tempfile::TempDir, GioSettings) {
    let dir = tempfile::tempdir().unwrap();
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas");
    // The descriptions are read from the source beside the compiled file.
    std::fs::copy(schemas.join(SCHEMA), dir.path().join(SCHEMA)).unwrap();
    let arguments = ["glib-compile-schemas".as_ref(), "--strict".as_ref(), dir.path().as_os_str()];
    gio::Subprocess::newv(&arguments, gio::SubprocessFlags::NONE).unwrap().wait_check(gio::Cancellable::NONE).unwrap();
    let settings = GioSettings::new().with_schemas(dir.path()).with_keyfile(dir.path().join("values.ini"));
    (dir, settings)
}

fn read(settings: &GioSettings, key: &str, declared: Option<&str>) -> SettingReading {
    let query = SettingQuery { key: key.parse().unwrap(), declared: declared.map(str::to_owned) };
    settings.read(&[query]).unwrap().remove(0)
}

fn declared(settings: &GioSettings, key: &str, text: &str) -> Result<String, String> {
    match read(settings, key, Some(text)) {
        SettingReading::Read { declared: Some(declared), .. } => declared.map_err(|error| error.to_string()),
        SettingReading::Missing(error) => Err(error.to_string()),
        other => panic!("{other:?}"),
    }
}

fn current(settings: &GioSettings, key: &str) -> String {
    match read(settings, key, None) {
        SettingReading::Read { current, .. } => current,
        other => panic!("{other:?}"),
    }
}

fn hint(settings: &GioSettings, key: &str) -> (&'static str, Option<String>) {
    match read(settings, key, None) {
        SettingReading::Missing(error) => (error.code(), error.hint()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_are_compared_in_the_text_of_their_type() {
    let (_dir, settings) = settings();
    assert_eq!(declared(&settings, "org.bkt.test/format", "\"12h\"").unwrap(), "'12h'");
    assert_eq!(declared(&settings, "org.bkt.test/format", "12h").unwrap(), "'12h'");
    assert_eq!(declared(&settings, "org.bkt.test/size", "uint32 5").unwrap(), "5");
    assert_eq!(declared(&settings, "org.bkt.test/names", "@as []").unwrap(), "[]");
    assert_eq!(declared(&settings, "org.bkt.test/names", "['a',\"b\"]").unwrap(), "['a', 'b']");
    assert_eq!(current(&settings, "org.bkt.test/size"), "5");
    let SettingReading::Read { summary, locked, .. } = read(&settings, "org.bkt.test/format", None) else { panic!() };
    assert_eq!((summary.as_deref(), locked), (Some("Clock format"), false));
}

#[test]
fn a_value_that_does_not_fit_says_why() {
    let (_dir, settings) = settings();
    let reason = declared(&settings, "org.bkt.test/format", "'13h'").unwrap_err();
    assert_eq!(reason, "'13h' is not allowed; allowed is one of '24h', '12h'");
    let reason = declared(&settings, "org.bkt.test/size", "99").unwrap_err();
    assert_eq!(reason, "99 is not allowed; allowed is 1 to 9");
    let reason = declared(&settings, "org.bkt.test/size", "'a'").unwrap_err();
    assert_eq!(reason, "‘'a'’ is not a whole number from 0 (type u)");
}

#[test]
fn what_does_not_exist_is_named_and_ends_nothing() {
    let (_dir, settings) = settings();
    assert_eq!(hint(&settings, "org.bkt.nothing/x"), ("schema_missing", None));
    assert_eq!(hint(&settings, "org.bkt.tset/x"), ("schema_missing", Some("Did you mean ‘org.bkt.test’?".into())));
    assert_eq!(hint(&settings, "org.bkt.test/nothing"), ("key_missing", None));
    assert_eq!(hint(&settings, "org.bkt.test/tilte"), ("key_missing", Some("Did you mean ‘title’?".into())));
    let reason = declared(&settings, "org.bkt.test:/elsewhere//size", "1").unwrap_err();
    assert_eq!(reason, "the schema org.bkt.test is always at /org/bkt/test/");
    let reason = declared(&settings, "org.bkt.test.movable/command", "'a'").unwrap_err();
    assert_eq!(reason, "the schema org.bkt.test.movable needs a path");
    let set = |key: &str, value| settings.set(&key.parse().unwrap(), value).unwrap_err().to_string();
    assert!(set("org.bkt.nothing/x", Some("1")).contains("is not installed"));
    assert!(set("org.bkt.test/nothing", Some("1")).contains("has no key"));
    assert!(set("org.bkt.test/size", Some("99")).contains("not allowed"));
    assert!(set("org.bkt.test.movable/command", None).contains("needs a path"));
}

#[test]
fn what_is_set_is_read_back_and_reset_returns_the_default() {
    let (dir, settings) = settings();
    let size = "org.bkt.test/size".parse().unwrap();
    settings.set(&size, Some("7")).unwrap();
    assert_eq!(current(&settings, "org.bkt.test/size"), "7");
    let again = GioSettings::new().with_schemas(dir.path()).with_keyfile(dir.path().join("values.ini"));
    assert_eq!(current(&again, "org.bkt.test/size"), "7");
    settings.set(&size, None).unwrap();
    assert_eq!(current(&settings, "org.bkt.test/size"), "5");
    let command = "org.bkt.test.movable:/org/bkt/a//command";
    settings.set(&command.parse().unwrap(), Some("'run'")).unwrap();
    assert_eq!(current(&settings, command), "'run'");
    assert_eq!(current(&settings, "org.bkt.test.movable:/org/bkt/b//command"), "''");
}

#[test]
fn it_works_on_threads_that_run_no_main_loop() {
    let (_dir, settings) = settings();
    let command = "org.bkt.test.movable:/org/bkt/t//command";
    let seen = std::thread::spawn(move || {
        settings.set(&command.parse().unwrap(), Some("'there'")).unwrap();
        current(&settings, command)
    });
    assert_eq!(seen.join().unwrap(), "'there'");
}

#[test]
fn a_root_without_schemas_has_none() {
    let dir = tempfile::tempdir().unwrap();
    let settings = GioSettings::new().with_schemas(dir.path());
    assert_eq!(hint(&settings, "org.bkt.test/size"), ("schema_missing", None));
}

#[test]
fn a_value_is_checked_without_being_set() {
    let (_dir, settings) = settings();
    let check = |key: &str, text: &str| settings.check(&key.parse().unwrap(), text);
    assert_eq!(check("org.bkt.test/format", "12h").unwrap(), "'12h'");
    assert_eq!(check("org.bkt.test/parts", "['right','left']").unwrap(), "['right', 'left']");
    let error = check("org.bkt.test/parts", "['middle']").unwrap_err();
    let SettingError::Range { allowed: Allowed::AnyOf(words), .. } = &error else { panic!("{error}") };
    assert_eq!(words, &["'left'", "'right'"]);
    assert_eq!(error.to_string(), "['middle'] is not allowed; allowed is a list of any of 'left', 'right'");
    assert!(matches!(check("org.bkt.test/size", "x"), Err(SettingError::Type { .. })));
    assert_eq!(check("org.bkt.test/size", "0").unwrap_err().to_string(), "0 is not allowed; allowed is 1 to 9");
    assert!(matches!(check("org.bkt.test.movable/command", "a"), Err(SettingError::NeedsPath(_))));
    assert_eq!(current(&settings, "org.bkt.test/format"), "'24h'");
}

#[test]
fn a_schema_is_described_by_its_keys() {
    let (_dir, settings) = settings();
    settings.set(&"org.bkt.test/size".parse().unwrap(), Some("7")).unwrap();
    let keys = settings.describe(&"org.bkt.test".parse().unwrap()).unwrap();
    let key = |name: &str| keys.iter().find(|info| info.key.key() == name).unwrap();
    let (format, size) = (key("format"), key("size"));
    assert_eq!((format.summary.as_deref(), format.is_set), (Some("Clock format"), false));
    assert_eq!((size.value.as_str(), size.default.as_str(), size.is_set, size.kind.as_str()), ("7", "5", true, "u"));
    assert_eq!(size.allowed, Some(Allowed::Between("1".into(), "9".into())));
    assert!(matches!(settings.describe(&"org.bkt.test.movable".parse().unwrap()), Err(SettingError::NeedsPath(_))));
}

const FOLDER: &str = "org.gnome.desktop.app-folders.folder:/org/gnome/desktop/app-folders/folders/Games//name";

#[test]
fn what_differs_from_its_default_is_found_also_in_instances_that_a_list_names() {
    let (_dir, settings) = settings();
    let changed = |settings: &GioSettings| -> Vec<String> {
        settings.changed(&[]).unwrap().into_iter().map(|info| format!("{} {}", info.key, info.value)).collect()
    };
    assert_eq!(changed(&settings), [""; 0]);
    let set = |key: &str, value: &str| settings.set(&key.parse().unwrap(), Some(value)).unwrap();
    // Chosen, but the same as the default.
    set("org.bkt.test/format", "24h");
    set("org.bkt.test/title", "x");
    set(FOLDER, "Games");
    assert_eq!(changed(&settings), ["org.bkt.test/title 'x'"]);
    set("org.gnome.desktop.app-folders/folder-children", "['Games', 'Empty', '../no/path//']");
    let folders = "org.gnome.desktop.app-folders/folder-children ['Games', 'Empty', '../no/path//']";
    assert_eq!(changed(&settings), ["org.bkt.test/title 'x'", folders, &format!("{FOLDER} 'Games'")]);
    let one = settings.changed(&["org.bkt.test".parse().unwrap()]).unwrap();
    assert_eq!(one.len(), 1);
    assert!(settings.changed(&["org.bkt.nothing".parse().unwrap()]).is_err());
}

#[test]
fn changes_are_told_as_they_happen_also_of_a_new_instance() {
    let (dir, settings) = settings();
    let path = dir.path().to_owned();
    let set = move |key: &str, value: Option<&str>| {
        let other = GioSettings::new().with_schemas(&path).with_keyfile(path.join("values.ini"));
        other.set(&key.parse().unwrap(), value).unwrap();
    };
    let mut told = Vec::new();
    let watched = settings.watch(&[], &mut |event| {
        match event {
            SettingEvent::Watching { keys } => {
                assert!(keys > 10, "{keys}");
                set("org.bkt.test/size", Some("7"));
            }
            SettingEvent::Changed { key, old, new, reset } => {
                told.push(format!("{key} {old} {new} {reset}"));
                match told.len() {
                    1 => set("org.bkt.test/size", None),
                    2 => {
                        set(FOLDER, Some("Games"));
                        set("org.gnome.desktop.app-folders/folder-children", Some("['Games']"));
                    }
                    3 => {}
                    4 => set(FOLDER, Some("More")),
                    _ => return ControlFlow::Break(()),
                }
            }
        }
        ControlFlow::Continue(())
    });
    watched.unwrap();
    let expected = [
        "org.bkt.test/size 5 7 false".to_owned(),
        "org.bkt.test/size 7 5 true".to_owned(),
        "org.gnome.desktop.app-folders/folder-children [] ['Games'] false".to_owned(),
        format!("{FOLDER} '' 'Games' false"),
        format!("{FOLDER} 'Games' 'More' false"),
    ];
    assert_eq!(told, expected);
}

/// Values of the types that settings have, as text someone could write.
fn written() -> impl Strategy<Value = (&'static str, String)> {
    let word = || "[a-zA-Z0-9 äöü'\"\\\\=;,\\[\\]{}<>%@:-]{0,12}";
    let quoted = |text: &str| glib::Variant::from(text).print(true).to_string();
    let list = move |words: Vec<String>| {
        let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        format!("[{}]", words.join(" ,"))
    };
    let words = || proptest::collection::vec(word(), 0..4);
    let map = move |words: Vec<String>| {
        let unique: std::collections::BTreeSet<_> = words.into_iter().collect();
        let entries = unique.iter().enumerate().map(|(n, word)| match n {
            0 => format!("{}: <uint32 {n}>", quoted(word)),
            _ => format!("{}: <{}>", quoted(word), quoted(word)),
        });
        format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
    };
    prop_oneof![
        word().prop_map(move |text| ("title", quoted(&text))),
        words().prop_map(move |words| ("names", list(words))),
        (1..=9_u32, any::<bool>())
            .prop_map(|(n, plain)| ("size", if plain { n.to_string() } else { format!("uint32 {n}") })),
        any::<i64>().prop_map(|n| ("far", n.to_string())),
        any::<f64>()
            .prop_filter("a number GVariant reads", |n| n.is_normal())
            .prop_map(|n| ("ratio", format!("{n:e}"))),
        any::<(i32, i32)>().prop_map(|(a, b)| ("pair", format!("({a} ,{b})"))),
        proptest::collection::vec(any::<u8>(), 0..5).prop_map(|bytes| ("bytes", format!("{bytes:?}"))),
        proptest::option::of(word()).prop_map(move |text| (
            "maybe",
            text.map_or("nothing".to_owned(), |text| format!("just {}", quoted(&text)))
        )),
        words().prop_map(move |words| ("any", map(words))),
        proptest::sample::subsequence(vec!["'left'", "'right'"], 0..=2)
            .prop_map(|parts| ("parts", format!("[{}]", parts.join(",")))),
    ]
}

#[test]
fn canonical_text_is_stable_and_what_is_set_is_what_is_read() {
    let (_dir, settings) = settings();
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(200) });
    let ran = runner.run(&written(), |(key, text)| {
        let key: SettingKey = format!("org.bkt.test/{key}").parse().unwrap();
        let once = settings.check(&key, &text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        prop_assert_eq!(settings.check(&key, &once).unwrap(), once.clone());
        settings.set(&key, Some(&text)).unwrap();
        prop_assert_eq!(current(&settings, key.as_str()), once);
        Ok(())
    });
    ran.unwrap();
}
