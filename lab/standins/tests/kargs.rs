// SPDX-License-Identifier: GPL-3.0-or-later
//! What an update and a person's edits do to kernel arguments.

use bkt_standins::kargs::Kargs;
use bkt_standins::kargs_d::merge;

fn list(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn an_update_changes_only_what_images_asked_for() {
    let current = Kargs::parse("root=LABEL=x rw quiet old=1 mine=1 ostree=/ostree/boot.1/x/0");
    let merged = merge(&current, Some(&list("quiet old=1")), Some(&list("quiet new=1")));
    assert_eq!(merged, Kargs::parse("root=LABEL=x rw quiet mine=1 new=1"));
}

#[test]
fn an_image_without_the_directory_repeats_the_old_arguments() {
    let merged = merge(&Kargs::parse("rw quiet"), Some(&list("quiet")), None);
    assert_eq!(merged, Kargs::parse("rw quiet quiet"));
    let merged = merge(&Kargs::parse("rw quiet"), Some(&list("quiet")), Some(&[]));
    assert_eq!(merged, Kargs::parse("rw"));
}

#[test]
fn edits_follow_libostree() {
    let mut kargs = Kargs::parse("quiet console=tty0 console=ttyS0 a=1");
    assert!(kargs.delete("a").unwrap());
    assert!(!kargs.delete("a").unwrap());
    assert!(kargs.delete("console").is_err(), "two values: which one?");
    assert!(kargs.delete("console=tty0").unwrap());
    kargs.append_if_missing("quiet");
    kargs.replace("console=ttyS0=ttyS1").unwrap();
    assert!(kargs.replace("absent=1=2").is_err());
    assert_eq!(kargs, Kargs::parse("quiet console=ttyS1"));
}
