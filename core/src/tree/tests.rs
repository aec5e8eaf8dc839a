// SPDX-License-Identifier: GPL-3.0-or-later
//! What is a file of a tree, and what is refused.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    crate::files::replace(path, text.as_bytes()).unwrap();
}

fn file(text: &str, executable: bool) -> FileState {
    FileState::File { sha256: FileDigest::of(text.as_bytes()), executable }
}

#[test]
fn paths_lead_below_their_directory() {
    for text in ["", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\nb", "a\0"] {
        assert!(text.parse::<TreePath>().is_err(), "{text:?}");
    }
    for text in [".bashrc", ".config/a b/c", "-x", "..a", "é"] {
        assert_eq!(text.parse::<TreePath>().unwrap().as_str(), text);
    }
    assert!("a/".repeat(40).trim_end_matches('/').parse::<TreePath>().is_err());
}

#[test]
fn a_tree_is_read_with_links_kept_and_what_cannot_be_read_named() {
    let dir = tempfile::tempdir().unwrap();
    let skel = dir.path().join("skel");
    write(&skel.join(".bashrc"), "a");
    write(&skel.join("bin/run"), "b");
    std::fs::set_permissions(skel.join("bin/run"), PermissionsExt::from_mode(0o755)).unwrap();
    symlink("/etc", skel.join("link")).unwrap();
    write(&skel.join(OsStr::from_bytes(b"caf\xe9")), "c");
    std::fs::File::create(skel.join("large")).unwrap().set_len(LARGEST + 1).unwrap();
    let files = files(dir.path(), Tree::Skel).unwrap();
    let declared: Vec<_> =
        files.declared.iter().map(|(key, said)| (key.as_str(), said.value.clone().unwrap())).collect();
    let expected = [
        (".bashrc", file("a", false)),
        ("bin/run", file("b", true)),
        ("link", FileState::Link { link: "/etc".into() }),
    ];
    assert_eq!(declared, expected.map(|(key, state)| (key, Value::File(state))));
    let problems: Vec<_> = files.problems.iter().map(|(key, problem)| (key.as_str(), problem.code.as_str())).collect();
    assert_eq!(problems, [("caf\u{fffd}", "name_not_text"), ("large", "too_large")]);
}

#[test]
fn a_tree_behind_a_link_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    symlink("/etc", dir.path().join("skel")).unwrap();
    assert_eq!(files(dir.path(), Tree::Skel).unwrap_err().code, "behind_a_link");
}

#[test]
fn nothing_is_read_or_written_through_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let (home, outside) = (dir.path().join("home"), dir.path().join("outside"));
    write(&outside.join("a"), "secret");
    std::fs::create_dir(&home).unwrap();
    symlink(&outside, home.join("way")).unwrap();
    symlink(outside.join("a"), home.join("last")).unwrap();
    let (host, place) = (disk(), "way/a".parse().unwrap());
    assert_eq!(look(&host, &home, &place).unwrap_err().code, "behind_a_link");
    assert_eq!(put(&host, &home, &place, Some((&file("x", false), b"x"))).unwrap_err().code, "behind_a_link");
    assert_eq!(put(&host, &home, &place, None).unwrap_err().code, "behind_a_link");
    let wanted = FileDigest::of(b"secret");
    assert_eq!(content(&host, &home, &"last".parse().unwrap(), &wanted).unwrap(), None);
    // A link in the last place is replaced itself.
    put(&host, &home, &"last".parse().unwrap(), Some((&file("x", false), b"x"))).unwrap();
    assert_eq!(crate::files::read(&home.join("last")).unwrap().as_deref(), Some("x"));
    assert!(!home.join("last").is_symlink());
    assert_eq!(crate::files::read(&outside.join("a")).unwrap().as_deref(), Some("secret"));
}

#[test]
fn what_is_put_is_what_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let (host, base) = (disk(), dir.path());
    let place: TreePath = "deep/a".parse().unwrap();
    let mode = || base.join("deep/a").metadata().unwrap().permissions().mode() & 0o777;
    for (state, text) in [
        (file("a", false), "a"),
        (file("a", true), "a"),
        (FileState::Link { link: "../elsewhere".into() }, ""),
        (file("b", false), "b"),
    ] {
        put(&host, base, &place, Some((&state, text.as_bytes()))).unwrap();
        assert_eq!(look(&host, base, &place).unwrap(), Some(state));
    }
    // What the person allowed others stays, but for running it.
    std::fs::set_permissions(base.join("deep/a"), PermissionsExt::from_mode(0o600)).unwrap();
    put(&host, base, &place, Some((&file("c", true), b"c"))).unwrap();
    assert_eq!(mode(), 0o700);
    put(&host, base, &place, Some((&file("c", false), b"c"))).unwrap();
    assert_eq!(mode(), 0o600);
    put(&host, base, &place, None).unwrap();
    assert_eq!(look(&host, base, &place).unwrap(), None);
    put(&host, base, &".ssh/config".parse().unwrap(), Some((&file("", false), b""))).unwrap();
    assert_eq!(base.join(".ssh/config").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::create_dir(base.join("dir")).unwrap();
    assert_eq!(put(&host, base, &"dir".parse().unwrap(), None).unwrap_err().code, "in_the_way");
    assert_eq!(look(&host, base, &"dir/x/y".parse().unwrap()).unwrap(), None);
    assert_eq!(look(&host, base, &".ssh/config/x".parse().unwrap()).unwrap_err().code, "in_the_way");
}
