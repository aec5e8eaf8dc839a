// SPDX-License-Identifier: GPL-3.0-or-later
//! Gear Lever as its versions 3 to 4.4 behave, from their source; releases as GitHub describes them.

use std::path::Path;

use super::*;
use crate::deployment::System;
use crate::digest::sha256;
use crate::host::Output;
use crate::host::recording::RecordingHost;
use crate::item::{Domain, ItemId};
use crate::manifest::edit::edited;

const CURL: &str = "curl --fail --silent --show-error --location --globoff --connect-timeout 30 --proto =https --proto-redir =https --max-redirs 5";
const RUN: &str = "flatpak run it.mijorus.gearlever";
const FILE: &str = "/home/sam/.cache/bkt/fetch/appimage/Orca.AppImage";
const PLACE: &str = "/home/sam/AppImages/orcaslicer.appimage";

fn read(text: &str) -> Result<Declarations, ManifestError> {
    Reader::declarations(Manifest::AppImageApps, Domain::AppImage, text).map(|(declared, _)| declared)
}

fn observed(host: &RecordingHost, declared: &Declarations) -> Observation {
    AppImages.observe(&Look { host, system: &System::probe(host), declared }).unwrap()
}

fn source(disabled: bool) -> Value {
    let disabled = if disabled { ", \"disabled\": true" } else { "" };
    let json = format!(r#"{{"repo": "o/r", "asset": "Orca_*.AppImage"{disabled}}}"#);
    AppImages.value(&serde_json::from_str(&json).unwrap()).unwrap()
}

fn gear_lever() -> RecordingHost {
    RecordingHost::default()
        .with_home("/home/sam")
        .file("/var/lib/flatpak/app/it.mijorus.gearlever/current/active/metadata", "")
}

fn integrated(host: RecordingHost, name: &str) -> RecordingHost {
    let entry = format!(
        "[Desktop Entry]\nName={name}\nExec={PLACE} %U\nTryExec={PLACE}\nType=Application\nX-AppImage-Version=2.1.1"
    );
    host.file("/home/sam/.local/share/applications/orcaslicer.desktop", &entry).file(PLACE, "AI")
}

const ORIGIN: &str =
    "--manager GithubUpdater repo_url=https://github.com/o/r 'repo_filename=Orca_*.AppImage' allow_prereleases=false";
const ORIGIN_SINCE_4_5: &str =
    "--manager GithubUpdater repo=o/r 'repo_filename=Orca_*.AppImage' allow_prereleases=false";

#[test]
fn the_manifest_of_an_older_tool_is_read_and_edited_in_place() {
    let text = "{\n  \"apps\": [\n    {\n      \"name\": \"Orca\",\n      \"repo\": \"o/r\",\n      \"asset\": \"Orca_*.AppImage\",\n      \"prereleases\": false,\n      \"why\": \"prints\"\n    }\n  ]\n}\n";
    let declared = read(text).unwrap();
    assert_eq!(declared["Orca"].value, Some(source(false)));
    let edit = |text: &str, name: &str, value: Option<&Value>| {
        edited(Manifest::AppImageApps, text, &ItemId::new(Domain::AppImage, name), value).unwrap()
    };
    let off = edit(text, "Orca", Some(&source(true)));
    assert!(off.contains("\"why\": \"prints\"") && off.contains("\"disabled\": true"), "{off}");
    let on = edit(&off, "Orca", Some(&source(false)));
    assert!(!on.contains("disabled") && on.contains("\"why\": \"prints\""), "{on}");
    assert_eq!(edit(&edit(text, "Zed", Some(&source(false))), "Zed", None), text);
    for entry in [
        r#"{"name": "../x", "repo": "o/r"}"#,
        r#"{"name": "x", "repo": "https://github.com/o/r"}"#,
        r#"{"name": "x", "repo": "o/r", "asset": "../x"}"#,
        r#"{"name": "x", "repo": "o/r", "disabled": "yes"}"#,
        r#"{"name": "x"}"#,
    ] {
        assert!(read(&format!("{{\"apps\": [{entry}]}}")).is_err(), "{entry}");
    }
    let plain = read(r#"{"apps": [{"name": "x", "repo": "o/r"}]}"#).unwrap();
    assert_eq!(plain["x"].value.as_ref().unwrap().to_string(), "o/r (*.AppImage)");
}

#[test]
fn what_is_integrated_is_seen_by_its_origin() {
    let apps = r#"{"T3JjYQ==": {"b64name": "T3JjYQ==", "name": "Orca", "update_url_manager": "GithubUpdater",
        "update_url": "https://github.com/o/r/releases/download/*/Orca_*.AppImage", "update_manager_config":
        {"allow_prereleases": false, "repo_url": "https://github.com/o/r", "repo_filename": "Orca_*.AppImage"}}}"#;
    let config = "/home/sam/.var/app/it.mijorus.gearlever/config/apps.json";
    let host = integrated(gear_lever().file(config, apps), "Orca (2.1.1)");
    let seen = observed(&host, &Declarations::new());
    assert_eq!(seen.entries["Orca"].value, Some(source(false)));
    assert_eq!(seen.entries["Orca"].name.as_deref(), Some("Orca (2.1.1)"));
    // That Gear Lever has been told of one does not make it there.
    assert!(observed(&gear_lever().file(config, apps), &Declarations::new()).entries.is_empty());
    // Without an origin it is no change, and unknown where the setup means it.
    let host = integrated(gear_lever(), "Orca");
    assert!(observed(&host, &Declarations::new()).entries.is_empty());
    let declared = read(r#"{"apps": [{"name": "Orca", "repo": "o/r", "asset": "Orca_*.AppImage"}]}"#).unwrap();
    assert_eq!(observed(&host, &declared).entries["Orca"].problem.as_ref().unwrap().code, "origin_unknown");
    // One that the setup calls otherwise.
    let host = integrated(gear_lever().file(config, apps), "Orca");
    let declared = read(r#"{"apps": [{"name": "Slicer", "repo": "O/R", "asset": "Orca_*.AppImage"}]}"#).unwrap();
    let seen = observed(&host, &declared);
    assert_eq!(seen.entries["Slicer"].problem.as_ref().unwrap().code, "other_name");
    assert_eq!(seen.entries.len(), 1);
}

#[test]
fn a_disabled_one_is_wanted_nowhere_and_without_gear_lever_nothing_can_be_got() {
    let declared = |disabled: bool| {
        read(&format!(
            r#"{{"apps": [{{"name": "Orca", "repo": "o/r", "asset": "Orca_*.AppImage", "disabled": {disabled}}}]}}"#
        ))
        .unwrap()
    };
    let bare = RecordingHost::default().with_home("/home/sam");
    assert_eq!(observed(&bare, &declared(true)).entries["Orca"].value, Some(source(true)));
    assert_eq!(observed(&bare, &declared(false)).entries["Orca"].fixed.as_deref(), Some(gear_lever::MISSING));
    assert!(observed(&gear_lever(), &declared(false)).entries.is_empty());
    let refused = AppImages.perform(&bare, "Orca", Some(&source(false)), &mut |_| {}).unwrap_err();
    assert_eq!(refused.code, "command_missing");
    assert!(!source(true).is_met_by(&source(false)));
}

fn released(host: RecordingHost, content: &str, digest: Option<String>) -> RecordingHost {
    let url = "https://github.com/o/r/releases/download/v2/Orca_Linux.AppImage";
    let answer = serde_json::json!({"tag_name": "v2", "assets": [
        {"name": "Orca_Linux.AppImage.zsync", "browser_download_url": format!("{url}.zsync")},
        {"name": "Orca_Linux.AppImage", "browser_download_url": url, "digest": digest}]});
    let ask = "--max-time 60 --header 'Accept: application/vnd.github+json' --url https://api.github.com/repos/o/r/releases/latest";
    host.prints(&format!("{CURL} {ask}"), &answer.to_string())
        .prints(&format!("{CURL} --create-dirs --output {FILE} --url {url}"), "")
        .file(FILE, content)
}

#[test]
fn one_is_downloaded_checked_integrated_and_remembered() {
    let digest = || Some(format!("sha256:{}", sha256(b"AI")));
    let wrong = Output {
        status: 1,
        stdout: "Missing or invalid update configuration, required keys: allow_prereleases, repo, repo_filename\n"
            .into(),
        ..Output::default()
    };
    let host = released(integrated(gear_lever(), "OrcaSlicer (2.1.1)"), "AI", digest())
        .prints(&format!("{RUN} --integrate {FILE} --yes"), &format!("{PLACE} was integrated successfully\n"))
        .answers(&format!("{RUN} --set-update-source {PLACE} {ORIGIN}"), wrong)
        .prints(&format!("{RUN} --set-update-source {PLACE} {ORIGIN_SINCE_4_5}"), "")
        .prints(&format!("{RUN} --remove {PLACE} --yes"), "");
    AppImages.perform(&host, "Orca", Some(&source(false)), &mut |_| {}).unwrap();
    let seen = observed(&host, &Declarations::new());
    assert_eq!(seen.entries["Orca"].value, Some(source(false)));
    assert!(host.effects().iter().any(|effect| effect.ends_with(ORIGIN_SINCE_4_5)), "{:?}", host.effects());
    assert_eq!(host.read(Path::new(FILE)).unwrap(), None);
    AppImages.perform(&host, "Orca", None, &mut |_| {}).unwrap();
    assert!(host.effects().contains(&format!("{RUN} --remove {PLACE} --yes")));
    assert!(observed(&host, &Declarations::new()).entries.is_empty());

    // Nothing without its checksum reaches Gear Lever.
    for (digest, code) in [(Some(format!("sha256:{}", "0".repeat(64))), "checksum_mismatch"), (None, "no_checksum")] {
        let host = released(gear_lever(), "AI", digest);
        let problem = AppImages.perform(&host, "Orca", Some(&source(false)), &mut |_| {}).unwrap_err();
        assert_eq!(problem.code, code);
        assert!(!host.effects().iter().any(|effect| effect.starts_with("flatpak")), "{:?}", host.effects());
    }
}

#[test]
fn what_gear_lever_refuses_is_said_in_its_words() {
    let said =
        Output { status: 1, stdout: "Error: please specify a valid AppImage file\n".into(), ..Output::default() };
    let host = released(gear_lever(), "AI", Some(format!("sha256:{}", sha256(b"AI"))))
        .answers(&format!("{RUN} --integrate {FILE} --yes"), said);
    let problem = AppImages.perform(&host, "Orca", Some(&source(false)), &mut |_| {}).unwrap_err();
    assert_eq!(problem.message, "Gear Lever failed: please specify a valid AppImage file");
    assert_eq!(host.read(Path::new(FILE)).unwrap(), None);
}
