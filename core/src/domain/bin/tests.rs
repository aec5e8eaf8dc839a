// SPDX-License-Identifier: GPL-3.0-or-later
//! Manifests as existing setups have them, releases as GitHub describes them; real downloads are tested with the
//! command line.

use std::path::Path;

use super::*;
use crate::deployment::System;
use crate::digest::sha256;
use crate::host::Output;
use crate::host::recording::RecordingHost;
use crate::item::{Domain, ItemId};
use crate::manifest::edit::edited;

const CURL: &str = "curl --fail --silent --show-error --location --globoff --connect-timeout 30 --proto =https --proto-redir =https --max-redirs 5";
const API: &str = "--max-time 60 --header 'Accept: application/vnd.github+json' --url https://api.github.com/repos";
const FETCH: &str = "/home/sam/.cache/bkt/fetch";

fn read(text: &str) -> Result<Declarations, ManifestError> {
    Reader::declarations(Manifest::HostBinaries, Domain::Bin, text).map(|(declared, _)| declared)
}

fn observed(host: &RecordingHost, declared: &Declarations) -> Observation {
    Binaries.observe(&Look { host, system: &System::probe(host), declared }).unwrap()
}

fn wanted(json: &str) -> Value {
    Binaries.value(&serde_json::from_str(json).unwrap()).unwrap()
}

/// A host on which `o/r` has one release with one file, which is what is downloaded.
fn release(asset: &str, content: &str, digest: Option<&str>) -> RecordingHost {
    let url = format!("https://github.com/o/r/releases/download/v1.2.0/{asset}");
    let answer = serde_json::json!({"tag_name": "v1.2.0", "draft": false, "prerelease": false,
        "assets": [{"name": asset, "browser_download_url": url, "digest": digest, "size": 3}]});
    let file = format!("{FETCH}/tool/{asset}");
    RecordingHost::default()
        .with_home("/home/sam")
        .prints(&format!("{CURL} {API}/o/r/releases/latest"), &answer.to_string())
        .prints(&format!("{CURL} --create-dirs --output {file} --url {url}"), "")
        .file(&file, content)
}

const TOOL: &str = r#"{"source": {"type": "github", "repo": "o/r"}}"#;

#[test]
fn every_kind_of_source_is_read() {
    let declared = read(
        r#"{"binaries": [
        {"name": "turbo", "source": {"type": "npm", "package": "@vercel/turbo"}, "version": "^2"},
        {"name": "bat", "source": {"type": "cargo", "crate_name": "bat"}, "version": null, "binary": "bat"},
        {"name": "rg", "source": {"type": "github", "repo": "BurntSushi/ripgrep", "asset_pattern": "*musl*"}, "version": "latest"}]}"#,
    )
    .unwrap();
    let said: Vec<_> = declared.values().map(|said| said.value.as_ref().unwrap().to_string()).collect();
    assert_eq!(said, ["cargo:bat", "github:BurntSushi/ripgrep (*musl*)", "npm:@vercel/turbo ^2"]);
    for entry in [
        r#"{"name": "../x", "source": {"type": "npm", "package": "x"}}"#,
        r#"{"name": "x", "source": {"type": "pip", "package": "x"}}"#,
        r#"{"name": "x", "source": {"type": "npm", "package": "--x"}}"#,
        r#"{"name": "x", "source": {"type": "npm"}}"#,
        r#"{"name": "x"}"#,
        r#"{"name": "x", "source": {"type": "github", "repo": "https://github.com/o/r"}}"#,
        r#"{"name": "x", "source": {"type": "cargo", "crate_name": "x"}, "sha256": "abc"}"#,
    ] {
        assert!(read(&format!("{{\"binaries\": [{entry}]}}")).is_err(), "{entry}");
    }
}

#[test]
fn an_edit_keeps_what_bucket_does_not_know() {
    let text = "{\n  \"binaries\": [\n    {\n      \"name\": \"turbo\", // fast\n      \"source\": {\n        \"type\": \"npm\",\n        \"package\": \"turbo\",\n        \"asset_pattern\": null,\n        \"note\": 1\n      },\n      \"version\": \"2.0.0\",\n      \"later\": {}\n    }\n  ]\n}\n";
    let edit = |text: &str, name: &str, value: Option<&Value>| {
        edited(Manifest::HostBinaries, text, &ItemId::new(Domain::Bin, name), value).unwrap()
    };
    let newer = wanted(r#"{"source": {"type": "npm", "package": "turbo"}, "version": "2.1.0"}"#);
    assert_eq!(edit(text, "turbo", Some(&newer)), text.replace("2.0.0", "2.1.0"));
    let github = wanted(r#"{"source": {"type": "github", "repo": "o/r"}, "version": "2.0.0"}"#);
    let moved = edit(text, "turbo", Some(&github));
    assert!(moved.contains("\"note\": 1") && !moved.contains("package"), "{moved}");
    assert_eq!(read(&moved).unwrap()["turbo"].value, Some(github));
    let added = edit(text, "bat", Some(&wanted(r#"{"source": {"type": "cargo", "crate_name": "bat"}}"#)));
    assert!(!added.contains("\"repo\""), "{added}");
    assert_eq!(edit(&added, "bat", None), text);
}

#[test]
fn a_program_is_placed_only_with_the_right_checksum_and_then_known() {
    let digest = format!("sha256:{}", sha256(b"program"));
    let host = release("tool-linux-x86_64", "program", Some(&digest));
    Binaries.perform(&host, "tool", Some(&wanted(TOOL)), &mut |_| {}).unwrap();
    let seen = observed(&host, &Declarations::new());
    let tool = &seen.entries["tool"];
    assert!(tool.own && tool.fixed.is_none());
    assert_eq!(tool.value.as_ref().unwrap().to_string(), "github:o/r v1.2.0");
    assert!(wanted(TOOL).is_met_by(tool.value.as_ref().unwrap()));
    assert!(host.effects().contains(&"put /home/sam/.local/bin/tool 755".to_owned()), "{:?}", host.effects());
    assert_eq!(host.read(Path::new(&format!("{FETCH}/tool/tool-linux-x86_64"))).unwrap(), None);

    Binaries.perform(&host, "tool", None, &mut |_| {}).unwrap();
    assert!(observed(&host, &Declarations::new()).entries.is_empty());
    assert_eq!(host.list(Path::new("/home/sam/.local/bin")).unwrap(), [""; 0]);
    assert_eq!(host.list(Path::new("/home/sam/.local/share/bkt/bin")).unwrap(), [""; 0]);
}

#[test]
fn a_wrong_or_missing_checksum_places_nothing() {
    let wrong = format!("sha256:{}", "0".repeat(64));
    for (digest, code) in [(Some(wrong.as_str()), "checksum_mismatch"), (None, "no_checksum")] {
        let host = release("tool-linux-x86_64", "program", digest);
        let problem = Binaries.perform(&host, "tool", Some(&wanted(TOOL)), &mut |_| {}).unwrap_err();
        assert_eq!(problem.code, code);
        assert!(problem.message.contains(&sha256(b"program")), "{problem}");
        assert!(!host.effects().iter().any(|effect| effect.starts_with("put")), "{:?}", host.effects());
        assert_eq!(host.read(Path::new(&format!("{FETCH}/tool/tool-linux-x86_64"))).unwrap(), None);
    }
    // The setup's own checksum is as good, and comes first.
    let pinned = format!(r#"{{"source": {{"type": "github", "repo": "o/r"}}, "sha256": "{}"}}"#, sha256(b"program"));
    let host = release("tool-linux-x86_64", "program", Some(&wrong));
    Binaries.perform(&host, "tool", Some(&wanted(&pinned)), &mut |_| {}).unwrap();
}

#[test]
fn files_of_others_and_changed_ones_are_left_alone() {
    let digest = format!("sha256:{}", sha256(b"program"));
    let host = release("tool-linux-x86_64", "program", Some(&digest));
    let mine = host.file_with_mode("/home/sam/.local/bin/tool", "mine", 0o755);
    let declared = read(&format!(r#"{{"binaries": [{{"name": "tool", {}]}}"#, TOOL.trim_start_matches('{'))).unwrap();
    assert_eq!(observed(&mine, &declared).entries["tool"].problem.as_ref().unwrap().code, "not_ours");
    assert!(observed(&mine, &Declarations::new()).entries.is_empty());
    for to in [Some(wanted(TOOL)), None] {
        assert_eq!(Binaries.perform(&mine, "tool", to.as_ref(), &mut |_| {}).unwrap_err().code, "not_ours");
    }
    assert!(mine.effects().is_empty(), "{:?}", mine.effects());

    let host = release("tool-linux-x86_64", "program", Some(&digest));
    Binaries.perform(&host, "tool", Some(&wanted(TOOL)), &mut |_| {}).unwrap();
    host.put(Path::new("/home/sam/.local/bin/tool"), b"changed by hand", 0o755).unwrap();
    let problem = observed(&host, &declared).entries["tool"].problem.clone().unwrap();
    assert!(problem.message.contains("was changed since Bucket placed it"), "{problem}");
    assert!(Binaries.perform(&host, "tool", None, &mut |_| {}).is_err());
    assert!(observed(&host, &Declarations::new()).entries.is_empty());
    assert!(Binaries.perform(&host, "../tool", None, &mut |_| {}).is_err());
}

#[test]
fn what_fetchbin_installed_is_seen_and_left_to_it() {
    let list = r#"{"runtime_versions": {"node": {"default": null, "installed": []}}, "binaries": {
        "turbo": {"source": {"type": "npm", "package": "turbo", "version": "2.3.4"}, "binary": "turbo",
            "sha256": "abc", "installed_at": "2026-01-27T10:00:00Z", "runtime": {"type": "node", "version": "22.2.0"}},
        "rg": {"source": {"type": "github", "repo": "BurntSushi/ripgrep", "asset": "ripgrep-14.1.0-x86_64.tar.gz",
            "version": "14.1.0"}, "binary": "rg", "sha256": "abc", "installed_at": "2026-01-27T10:00:00Z", "runtime": null},
        "gone": {"source": {"type": "cargo", "crate_name": "gone", "version": "1.0.0"}}}}"#;
    let host = RecordingHost::default()
        .with_home("/home/sam")
        .file("/home/sam/.local/share/fetchbin/manifest.json", list)
        .file("/home/sam/.local/share/fetchbin/bin/turbo", "")
        .file("/home/sam/.local/share/fetchbin/bin/rg", "");
    let seen = observed(&host, &Declarations::new());
    assert_eq!(seen.entries.keys().collect::<Vec<_>>(), ["rg", "turbo"]);
    assert!(seen.entries["rg"].fixed.is_some());
    // The setup may call it otherwise.
    let declared = read(
        r#"{"binaries": [{"name": "ripgrep", "binary": "rg", "source": {"type": "github", "repo": "burntsushi/ripgrep"}, "version": "^14"}]}"#,
    )
    .unwrap();
    let seen = observed(&host, &declared);
    let said = declared["ripgrep"].value.as_ref().unwrap();
    assert!(said.is_met_by(seen.entries["ripgrep"].value.as_ref().unwrap()));
}

#[test]
fn crates_are_built_and_packages_installed_by_their_own_tools() {
    let list = r#"{"installs": {"bat-extras 1.0.0 (registry+x)": {}, "bat 0.25.0 (registry+https://github.com/rust-lang/crates.io-index)": {"bins": ["bat"]}}}"#;
    let host = RecordingHost::default()
        .with_home("/home/sam")
        .file("/home/sam/.cargo/bin/cargo", "")
        .prints(
            &format!("/home/sam/.cargo/bin/cargo install --locked --force --root {FETCH}/bat --version '^0.25' --bin bat -- bat"),
            "",
        )
        .file(&format!("{FETCH}/bat/.crates2.json"), list)
        .file(&format!("{FETCH}/bat/bin/bat"), "built");
    let bat = wanted(r#"{"source": {"type": "cargo", "crate_name": "bat"}, "version": "^0.25"}"#);
    Binaries.perform(&host, "bat", Some(&bat), &mut |_| {}).unwrap();
    assert_eq!(
        observed(&host, &Declarations::new()).entries["bat"].value.as_ref().unwrap().to_string(),
        "cargo:bat 0.25.0"
    );

    let store = "/home/sam/.local/share/bkt/npm/biome";
    let npm =
        |verb: &str, spec: &str| format!("npm {verb} --prefix {store} --ignore-scripts --no-audit --no-fund -- {spec}");
    let host = RecordingHost::default()
        .with_home("/home/sam")
        .prints(&npm("install", "@biomejs/biome"), "added 2 packages\n")
        .prints(&npm("uninstall", "@biomejs/biome"), "removed 2 packages\n")
        .file(
            &format!("{store}/node_modules/@biomejs/biome/package.json"),
            r#"{"name": "@biomejs/biome", "version": "1.9.4", "bin": {"biome": "bin/biome"}}"#,
        );
    let biome = wanted(r#"{"source": {"type": "npm", "package": "@biomejs/biome"}}"#);
    Binaries.perform(&host, "biome", Some(&biome), &mut |_| {}).unwrap();
    let script = host.read(Path::new("/home/sam/.local/bin/biome")).unwrap().unwrap();
    assert!(script.contains(&format!("exec '{store}/node_modules/.bin/biome' \"$@\"")), "{script}");
    Binaries.perform(&host, "biome", None, &mut |_| {}).unwrap();
    assert!(host.effects().contains(&npm("uninstall", "@biomejs/biome")));

    let host = RecordingHost::default().with_home("/home/sam").answers(
        &npm("install", "nosuch").replace("biome", "tool"),
        Output { status: 1, stderr: "npm error 404 Not Found\n".into(), ..Output::default() },
    );
    let nosuch = wanted(r#"{"source": {"type": "npm", "package": "nosuch"}}"#);
    assert_eq!(Binaries.perform(&host, "tool", Some(&nosuch), &mut |_| {}).unwrap_err().code, "command_failed");
    let missing = Binaries.perform(&host, "bat", Some(&bat), &mut |_| {}).unwrap_err();
    assert_eq!((missing.code.as_str(), missing.message.as_str()), ("command_missing", "cargo is not installed"));
}

#[test]
fn a_capture_pins_the_version_and_leaves_the_checksum_to_each_computer() {
    let sum = sha256(b"x");
    let here = wanted(&format!(
        r#"{{"source": {{"type": "github", "repo": "o/r"}}, "version": "v1.2.0", "sha256": "{sum}"}}"#
    ));
    let change = |setup: Option<Value>| Change {
        id: ItemId::new(Domain::Bin, "tool"),
        name: None,
        setup,
        computer: Some(here.clone()),
        base: crate::agreed::Base::Unknown,
        shape: crate::compare::Shape::OnlyHere,
        origin: crate::compare::Origin::New,
        effect: crate::compare::Effect::Now,
        privilege: crate::compare::Privilege::User,
        declared_at: None,
        fixed: None,
    };
    let captured = |setup: Option<Value>| serde_json::json!(Binaries.captured(&change(setup)));
    let plain = serde_json::json!({"source": {"type": "github", "repo": "o/r"}, "version": "v1.2.0"});
    assert_eq!(captured(None), plain);
    let pinned = format!(
        r#"{{"source": {{"type": "github", "repo": "o/r", "asset_pattern": "*.gz"}}, "sha256": "{}"}}"#,
        "0".repeat(64)
    );
    let captured = captured(Some(wanted(&pinned)));
    assert_eq!((&captured["sha256"], &captured["source"]["asset_pattern"]), (&sum.into(), &"*.gz".into()));
}
