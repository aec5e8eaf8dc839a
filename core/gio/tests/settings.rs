// SPDX-License-Identifier: GPL-3.0-or-later
//! Reading and setting real compiled schemas, with values in a key file.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::path::Path;

use bkt_core::host::{SettingQuery, SettingReading, Settings};
use bkt_gio::GioSettings;

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
        SettingReading::Read { declared: Some(declared), .. } => declared,
        other => panic!("{other:?}"),
    }
}

fn current(settings: &GioSettings, key: &str) -> String {
    match read(settings, key, None) {
        SettingReading::Read { current, .. } => current,
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
    assert_eq!(reason, "'13h' is not allowed; allowed is one of ['24h', '12h']");
    let reason = declared(&settings, "org.bkt.test/size", "99").unwrap_err();
    assert_eq!(reason, "99 is not allowed; allowed is 1 to 9");
    let reason = declared(&settings, "org.bkt.test/size", "'a'").unwrap_err();
    assert_eq!(reason, "‘'a'’ is no value of type u");
}

#[test]
fn what_does_not_exist_is_named_and_ends_nothing() {
    let (_dir, settings) = settings();
    assert_eq!(read(&settings, "org.bkt.nothing/x", None), SettingReading::NoSchema);
    assert_eq!(read(&settings, "org.bkt.test/nothing", None), SettingReading::NoKey);
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
    assert_eq!(read(&settings, "org.bkt.test/size", None), SettingReading::NoSchema);
}
