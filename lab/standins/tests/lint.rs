// SPDX-License-Identifier: GPL-3.0-or-later
//! The lints say what the recorded ones say.

use std::path::PathBuf;

use bkt_standins::lint::lint;

struct Root(PathBuf);

#[expect(clippy::expect_used, clippy::disallowed_methods, reason = "a test's own files")]
impl Root {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&root);
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("below the root")).expect("directory");
            std::fs::write(&path, text).expect("file");
        }
        Self(root)
    }
}

#[test]
fn a_clean_image_passes() {
    let root = Root::new("clean", &[("etc/a", ""), ("usr/lib/bootc/kargs.d/10-a.toml", "kargs = [\"a=1\"]")]);
    assert_eq!(lint(&root.0, &[], true).unwrap(), "Checks passed: 7\n");
}

#[test]
fn broken_kernel_arguments_are_an_error_that_names_the_file() {
    let root = Root::new("kargs", &[("usr/lib/bootc/kargs.d/10-bad.toml", "kargs = 1")]);
    let error = lint(&root.0, &[], false).unwrap_err();
    assert!(format!("{error:#}").starts_with("Unexpected runtime error running lint bootc-kargs: Parsing 10-bad.toml"));
}

#[test]
fn usr_etc_is_fatal_and_logs_are_a_warning() {
    let root = Root::new("etc", &[("etc/a", ""), ("usr/etc/a", ""), ("var/log/dnf.log", "x")]);
    assert_eq!(lint(&root.0, &[], false).unwrap_err().to_string(), "Checks failed: 1");
    let skip = ["etc-usretc".to_owned()];
    let text = lint(&root.0, &skip, false).unwrap();
    assert!(text.starts_with("Lint warning: var-log: "), "{text}");
    assert!(text.ends_with("Checks passed: 5\nChecks skipped: 1\nWarnings: 1\n"), "{text}");
    assert!(lint(&root.0, &skip, true).is_err());
}
