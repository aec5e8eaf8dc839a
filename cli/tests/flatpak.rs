// SPDX-License-Identifier: GPL-3.0-or-later
//! Remotes and applications on a copy of the sample computer, with the real flatpak and its signed repository.

use serde_json::{Value as Json, json};

use crate::computer::{Computer, Said};

/// Where the lab's repository is, without `file://`, its description and its key.
fn repository(computer: &Computer) -> (String, String, String) {
    let text = std::fs::read_to_string(computer.path("setup/manifests/flatpak-remotes.json")).unwrap();
    let manifest: Json = serde_json::from_str(&text).unwrap();
    let url = manifest["remotes"][0]["url"].as_str().unwrap().to_owned();
    let description = format!("{}/lab.flatpakrepo", url.strip_suffix("/repo").unwrap());
    let text = std::fs::read_to_string(description.trim_start_matches("file://")).unwrap();
    let key = text.lines().find_map(|line| line.strip_prefix("GPGKey=")).unwrap().to_owned();
    (url, description, key)
}

fn remotes(computer: &Computer) -> String {
    let system = format!("FLATPAK_SYSTEM_DIR={}", computer.path("root/var/lib/flatpak").display());
    let said = computer.run("env", &[&system, "flatpak", "remotes", "--columns=name,options"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let mut lines: Vec<_> = said.out.lines().map(|line| line.replace('\t', " ")).collect();
    lines.sort();
    lines.join("\n")
}

fn porcelain(computer: &Computer) -> Vec<String> {
    let said: Said = computer.bkt(&["status", "--porcelain"]);
    said.out.lines().filter(|line| line.contains("remote:")).map(str::to_owned).collect()
}

#[test]
fn remotes_come_before_their_apps_and_go_only_when_nothing_came_from_them() {
    let Some(computer) = Computer::sample() else { return };
    assert_eq!(porcelain(&computer), Vec::<String>::new());
    let (url, description, key) = repository(&computer);
    let lab = json!({"name": "lab", "url": description});
    let own = json!({"name": "lab", "url": url, "scope": "user"});
    let manifest = json!({"remotes": [
        lab,
        own,
        {"name": "next", "url": description, "scope": "user"},
        {"name": "signed", "url": url, "gpg_key": key},
        {"name": "keyless", "url": url, "scope": "user"},
    ]});
    computer.manifest("flatpak-remotes.json", &manifest.to_string());
    let app = json!({"apps": [{"id": "org.gnome.Weather", "remote": "next", "scope": "user"}]});
    computer.manifest("flatpak-apps.json", &app.to_string());
    assert_eq!(porcelain(&computer), [" A remote:keyless", " A remote:next", " A remote:signed"]);
    let said = computer.bkt(&["apply", "remote", "flatpak:org.gnome.Weather", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    insta::assert_snapshot!(said.err, @r"
    [1/3] done     Add the Flatpak remote next for this user
    [2/3] done     Install org.gnome.Weather from next for this user
    [3/3] done     Add the Flatpak remote signed for everyone
    ");
    assert_eq!(remotes(&computer), "lab system\nlab user\nnext user\nsigned system");
    assert_eq!(porcelain(&computer), [" A remote:keyless"]);

    // What goes from the setup goes from the computer, unless something came from it.
    let manifest = json!({"remotes": [{"name": "signed", "url": url, "gpg_key": key}]});
    computer.manifest("flatpak-remotes.json", &manifest.to_string());
    let said = computer.bkt(&["apply", "remote:lab", "remote:next", "-y"]);
    assert_eq!(said.exit, 1, "{said:?}");
    assert!(said.out.contains("next is kept: org.gnome.Weather came from it"), "{said:?}");
    computer.manifest("flatpak-apps.json", r#"{"apps": []}"#);
    let said = computer.bkt(&["apply", "remote:next", "flatpak:org.gnome.Weather", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(!remotes(&computer).contains("next"), "{}", remotes(&computer));
}

#[test]
fn a_remote_without_signatures_is_shouted_and_never_the_result_of_silence() {
    let Some(computer) = Computer::sample() else { return };
    let (url, description, _) = repository(&computer);
    let open = computer.path("open.flatpakrepo").display().to_string();
    std::fs::write(&open, format!("[Flatpak Repo]\nTitle=Open\nUrl={url}\n")).unwrap();
    let manifest = |remotes: Json| computer.manifest("flatpak-remotes.json", &json!({"remotes": remotes}).to_string());
    let lab = [json!({"name": "lab", "url": description}), json!({"name": "lab", "url": url, "scope": "user"})];
    manifest(json!([lab[0], lab[1], {"name": "open", "url": format!("file://{open}"), "scope": "user"}]));
    let said = computer.bkt(&["apply", "remote:open", "-y"]);
    assert_eq!(said.exit, 1, "{said:?}");
    assert!(said.out.contains("does not say which key its apps are signed with"), "{said:?}");
    assert_eq!(remotes(&computer), "lab system\nlab user");

    manifest(json!([lab[0], lab[1], {"name": "open", "url": url, "scope": "user", "gpg_verify": false}]));
    let said = computer.bkt(&["plan", "show", "--apply", "remote:open"]);
    assert!(said.out.contains("WITHOUT checking signatures"), "{said:?}");
    assert_eq!(computer.bkt(&["apply", "remote:open", "-y"]).exit, 0);
    assert_eq!(remotes(&computer), "lab system\nlab user\nopen user,no-gpg-verify");
    // The setup asks for signatures again.
    manifest(json!([lab[0], lab[1], {"name": "open", "url": url, "scope": "user"}]));
    assert!(computer.bkt(&["diff", "remote:open"]).out.contains("NOT checked"));
    assert_eq!(computer.bkt(&["apply", "remote:open", "-y"]).exit, 0);
    assert_eq!(remotes(&computer), "lab system\nlab user\nopen user");

    let add = ["remote-add", "--user", "--no-gpg-verify", "found", &url];
    assert_eq!(computer.run("flatpak", &add).exit, 0);
    let said = computer.bkt(&["capture", "remote:found", "-y"]);
    assert!(said.exit == 0 && said.err.contains("WITHOUT checking signatures"), "{said:?}");
    let text = std::fs::read_to_string(computer.path("setup/manifests/flatpak-remotes.json")).unwrap();
    assert!(text.contains("\"gpg_verify\": false"), "{text}");
    assert_eq!(porcelain(&computer), Vec::<String>::new());
}
