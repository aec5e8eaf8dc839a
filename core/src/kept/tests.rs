use super::*;

fn setup(files: &[(&str, &str)]) -> (tempfile::TempDir, Kept) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        files::replace(&path, text.as_bytes()).unwrap();
    }
    let kept = Kept::load(dir.path());
    (dir, kept)
}

fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let (_dir, kept) = setup(files);
    kept.problems().map(|(_, finding)| format!("{}: {}", finding.line, finding.message)).collect()
}

#[test]
fn a_setup_without_them_has_no_reports() {
    assert_eq!(setup(&[]).1, Kept::default());
}

#[test]
fn every_wrong_repository_is_named_by_line() {
    let text = r#"{"repos": [
{"name": "a", "baseurl": "http://a/x", "gpg_key": "https://a/key", "packages": ["-y"]},
{"name": "a", "baseurl": "https://a/x"},
{"name": "b", "baseurl": "https://b/$basearch", "gpg_key": "file:///etc/pki/b", "opt_path": "../x", "layer_group": "own"},
7
]}"#;
    assert_eq!(
        problems(&[(EXTERNAL_REPOS, text)]),
        [
            "2: ‘baseurl’ is not an address that begins with https://",
            "2: ‘-y’ is not a valid package name: it starts with a character that is not allowed there",
            "3: ‘a’ is declared twice",
            "3: an entry of ‘repos’ has no ‘gpg_key’",
            "4: ‘opt_path’ is not a path inside the setup: ../x",
            "4: ‘layer_group’ is ‘own’, not one of independent, bundled",
            "5: ‘repos’ should be a list of objects",
        ]
    );
}

#[test]
fn a_feed_needs_to_say_where_its_answer_is() {
    let text = r#"{"artifacts": [{"name": "code", "kind": "deb", "source": {
"type": "vendor-feed", "url": "https://v/feed", "response_map": {"url": "url", "version": ""}}}]}"#;
    assert_eq!(
        problems(&[(VENDOR_ARTIFACTS, text)]),
        [
            "1: ‘kind’ is ‘deb’, not one of rpm",
            "2: ‘version’ is empty",
            "2: an entry of ‘response_map’ has no ‘sha256’",
        ]
    );
}

#[test]
fn a_file_of_the_image_must_be_in_the_setup() {
    let text = r#"{"modules": [
{"type": "files", "name": "etc", "files": [
{"src": "system/etc/a.conf", "dest": "/etc/a.conf", "mode": "0644"},
{"src": "system/etc/gone.conf", "dest": "etc/x", "mode": "rw"},
{"src": "../secret", "dest": "/etc/../x"},
{"src": "/etc/passwd", "dest": "/x", "mode": "0999"}]},
{"type": "sysctl", "name": "x"}]}"#;
    assert_eq!(
        problems(&[(IMAGE_CONFIG, text), ("system/etc/a.conf", "x")]),
        [
            "4: system/etc/gone.conf is not in the setup",
            "4: ‘dest’ is not a whole path from /: etc/x",
            "4: ‘mode’ is ‘rw’, not three or four octal digits",
            "5: ‘src’ is not a path inside the setup: ../secret",
            "5: ‘dest’ is not a whole path from /: /etc/../x",
            "6: ‘src’ is not a path inside the setup: /etc/passwd",
            "6: ‘mode’ is ‘0999’, not three or four octal digits",
            "7: ‘type’ is ‘sysctl’, not one of files, systemd-enable, optional-feature, run, wrapper",
        ]
    );
}

#[test]
fn a_link_out_of_the_setup_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("manifests")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link")).unwrap();
    let text = r#"{"modules": [{"type": "files", "name": "x", "files": [{"src": "link", "dest": "/x"}]}]}"#;
    files::replace(&dir.path().join(IMAGE_CONFIG), text.as_bytes()).unwrap();
    let kept = Kept::load(dir.path());
    assert_eq!(kept.reports[0].problems[0].message, "link is a link out of the setup");
}

#[test]
fn a_pin_must_agree_with_the_files_beside_it() {
    let sha = "0123456789abcdef".repeat(4);
    let entry = |name: &str, sha: &str| {
        format!(
            r#"{{"name": "{name}", "source": {{"type": "github", "repo": "a/b"}}, "pinned": {{"version": "v1", "sha256": "{sha}", "gpg_verified": false, "pinned_at": "2026-01-01T00:00:00Z"}}}}"#
        )
    };
    let entries = [entry("good", &sha), entry("moved", &sha), entry("open", &"0".repeat(64)), entry("bad", "abc")];
    let text = format!("{{\"upstreams\": [\n{}\n]}}", entries.join(",\n"));
    let (_dir, kept) =
        setup(&[(upstream::FILE, &text), ("upstream/good/version", "v1\n"), ("upstream/moved/version", "v0\n")]);
    let found: Vec<(u32, &str)> = kept.problems().map(|(_, found)| (found.line, found.message.as_str())).collect();
    assert_eq!(
        found,
        [
            (3, "‘moved’ is pinned to version v1, and upstream/moved/version says v0"),
            (5, "‘bad’ has a sha256 that is not 64 hexadecimal digits"),
        ]
    );
    assert_eq!(kept.warnings[0].message, "‘open’ is pinned without a checksum");
    assert_eq!(kept.upstreams.iter().map(|upstream| upstream.problems.len()).collect::<Vec<_>>(), [0, 1, 1, 1]);
}

#[test]
fn what_is_not_json_is_one_problem_and_hides_no_other_file() {
    let (_dir, kept) = setup(&[(EXTERNAL_REPOS, "{"), (TOOLBOX_PACKAGES, r#"{"packages": ["gcc"], "mine": 1}"#)]);
    assert_eq!(kept.reports.iter().map(|report| report.state).collect::<Vec<_>>(), [State::Broken, State::Noted]);
    assert_eq!(kept.reports[1].entries, 1);
}
