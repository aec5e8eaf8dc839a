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
    // One was asked for and cannot be added without its key.
    assert_eq!(said.exit, 5, "{said:?}");
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

/// The real flatpak on this computer.
fn flatpak(computer: &Computer, args: &[&str]) -> Said {
    let system = format!("FLATPAK_SYSTEM_DIR={}", computer.path("root/var/lib/flatpak").display());
    let said = computer.run("env", &[&[&*system, "flatpak"], args].concat());
    assert_eq!(said.exit, 0, "{args:?} {said:?}");
    said
}

fn apps(computer: &Computer, id: &str) -> Vec<String> {
    let said = flatpak(computer, &["list", "--app", "--columns=application,installation,branch"]);
    let mut lines: Vec<_> =
        said.out.lines().filter(|line| line.starts_with(id)).map(|line| line.replace('\t', " ")).collect();
    lines.sort();
    lines
}

fn manifest(computer: &Computer) -> Vec<Json> {
    let text = std::fs::read_to_string(computer.path("setup/manifests/flatpak-apps.json")).unwrap();
    serde_json::from_str::<Json>(&text).unwrap()["apps"].as_array().unwrap().clone()
}

fn entries(computer: &Computer, id: &str) -> Vec<Json> {
    manifest(computer).into_iter().filter(|entry| entry["id"] == id).collect()
}

/// What differs of one application.
fn drift(computer: &Computer, id: &str) -> Vec<String> {
    let said = computer.bkt(&["status", "--porcelain"]);
    said.out.lines().filter(|line| line.contains(id)).map(|line| line[3..].to_owned()).collect()
}

fn done(computer: &Computer, args: &[&str]) -> Said {
    let said = computer.bkt(args);
    assert_eq!(said.exit, 0, "{args:?} {said:?}");
    said
}

#[test]
fn each_scope_and_branch_is_an_item_of_its_own() {
    let Some(computer) = Computer::sample() else { return };
    let maps = "org.gnome.Maps";
    done(&computer, &["flatpak", "add", maps, "-r", "lab"]);
    assert_eq!(entries(&computer, maps), [json!({"id": maps, "remote": "lab", "scope": "user"})]);
    done(&computer, &["flatpak", "add", maps, "-r", "lab", "--system", "-y"]);
    assert_eq!(apps(&computer, maps), ["org.gnome.Maps system stable", "org.gnome.Maps user stable"]);
    assert_eq!((entries(&computer, maps).len(), drift(&computer, maps)), (2, Vec::<String>::new()));
    let list = done(&computer, &["flatpak", "list"]).out;
    assert!(list.contains("system/org.gnome.Maps  ") && list.contains("user/org.gnome.Maps  "), "{list}");

    let said = computer.bkt(&["flatpak", "remove", maps]);
    assert_eq!(said.exit, 2, "{said:?}");
    insta::assert_snapshot!(said.err, @r"
    bkt: org.gnome.Maps is there more than once: system/org.gnome.Maps, user/org.gnome.Maps
         Say which with --system, --user or --branch
    ");
    done(&computer, &["flatpak", "remove", maps, "--system", "-y"]);
    assert_eq!(apps(&computer, maps), ["org.gnome.Maps user stable"]);
    assert_eq!(entries(&computer, maps), [json!({"id": maps, "remote": "lab", "scope": "user"})]);
    done(&computer, &["undo", "-y"]);
    assert_eq!((apps(&computer, maps).len(), entries(&computer, maps).len()), (2, 2));

    // Another branch beside the one the setup asks for.
    let boxes = "org.gnome.Boxes";
    done(&computer, &["flatpak", "add", boxes, "-r", "lab", "--branch", "stable"]);
    assert_eq!(drift(&computer, boxes), ["flatpak:org.gnome.Boxes//beta"]);
    // The plain name still means all of them.
    done(&computer, &["apply", "flatpak:org.gnome.Boxes", "-y"]);
    assert_eq!(apps(&computer, boxes), ["org.gnome.Boxes user beta", "org.gnome.Boxes user stable"]);
    assert_eq!(drift(&computer, boxes), Vec::<String>::new());
    flatpak(&computer, &["uninstall", "--user", "--noninteractive", "org.gnome.Boxes//stable"]);
    assert_eq!(drift(&computer, boxes), ["flatpak:org.gnome.Boxes//stable"]);
    done(&computer, &["capture", "flatpak:org.gnome.Boxes//stable", "-y"]);
    assert_eq!(entries(&computer, boxes), [json!({"id": boxes, "remote": "lab", "scope": "user", "branch": "beta"})]);
    assert_eq!(drift(&computer, boxes), Vec::<String>::new());
}

#[test]
fn a_pinned_app_is_held_at_its_commit_until_the_pin_goes() {
    let Some(computer) = Computer::sample() else { return };
    let id = "org.gnome.Calculator";
    let log = flatpak(&computer, &["remote-info", "--user", "--log", "lab", id]).out;
    let commits: Vec<&str> = log.lines().filter_map(|line| line.trim().strip_prefix("Commit: ")).collect();
    let [new, old] = commits[..] else { panic!("{log}") };
    let now = |scope: &str| {
        let active = flatpak(&computer, &["list", scope, "--app", "--columns=application,active"]).out;
        let active = active.lines().find_map(|line| Some(line.strip_prefix(id)?.trim().to_owned()));
        (active.unwrap(), flatpak(&computer, &["mask", scope]).out.trim().to_owned())
    };
    let held = (old[..12].to_owned(), format!("{id}//stable"));
    let free = |commit: &str| (commit[..12].to_owned(), String::new());

    done(&computer, &["flatpak", "add", id, "-r", "lab", "--user"]);
    let said = done(&computer, &["flatpak", "pin", id, "--user", &old[..8]]);
    assert!(said.err.contains(&format!("Hold {id} at commit {}", &old[..12])), "{said:?}");
    assert_eq!(now("--user"), held);
    let pinned = json!({"id": id, "remote": "lab", "scope": "user", "commit": old});
    assert!(entries(&computer, id).contains(&pinned), "{:?}", entries(&computer, id));
    // Everyone's own is another one, and an administrator's step.
    done(&computer, &["flatpak", "pin", id, old, "--system", "-y"]);
    assert_eq!((now("--system"), drift(&computer, id)), (held.clone(), Vec::<String>::new()));

    flatpak(&computer, &["update", "--user", "--noninteractive"]);
    assert_eq!(now("--user"), held);
    flatpak(&computer, &["mask", "--user", "--remove", &held.1]);
    flatpak(&computer, &["update", "--user", "--noninteractive"]);
    assert_eq!(now("--user"), free(new));
    assert_eq!(drift(&computer, id), [format!("flatpak:user/{id}")]);
    let said = done(&computer, &["diff", &format!("flatpak:user/{id}")]);
    assert!(said.out.contains(&format!("held at {}", &old[..12])), "{said:?}");
    done(&computer, &["apply", &format!("flatpak:user/{id}"), "-y"]);
    assert_eq!(now("--user"), held);

    // Older setups name its beginning alone.
    let manifest = std::fs::read_to_string(computer.path("setup/manifests/flatpak-apps.json")).unwrap();
    computer.manifest("flatpak-apps.json", &manifest.replace(old, &old[..10]));
    assert_eq!(drift(&computer, id), Vec::<String>::new());
    flatpak(&computer, &["mask", "--user", "--remove", &held.1]);
    flatpak(&computer, &["update", "--user", "--noninteractive"]);
    assert_eq!(drift(&computer, id), [format!("flatpak:user/{id}")]);
    done(&computer, &["apply", &format!("flatpak:user/{id}"), "-y"]);
    assert_eq!((now("--user"), drift(&computer, id)), (held.clone(), Vec::<String>::new()));
    computer.manifest("flatpak-apps.json", &manifest);

    // What cannot be reached leaves everything as it was.
    let nowhere = "0".repeat(64);
    let said = computer.bkt(&["flatpak", "pin", id, "--user", &nowhere]);
    assert!(said.exit == 1 && said.out.contains("cannot be held at 000000000000"), "{said:?}");
    assert_eq!((now("--user"), drift(&computer, id)), (held.clone(), Vec::<String>::new()));
    let said = computer.bkt(&["flatpak", "pin", id, "--user", "fffffff"]);
    assert!(said.exit == 6 && said.err.contains(&format!("The newest are {}, {}", &new[..12], &old[..12])), "{said:?}");

    done(&computer, &["flatpak", "unpin", id, "--user"]);
    assert_eq!(now("--user"), free(old));
    assert!(!entries(&computer, id).contains(&pinned));
    // Held by hand: a capture writes it down.
    flatpak(&computer, &["mask", "--user", id]);
    done(&computer, &["capture", &format!("flatpak:user/{id}"), "-y"]);
    assert!(entries(&computer, id).contains(&pinned));
    done(&computer, &["undo", "-y"]);
    assert!(!entries(&computer, id).contains(&pinned));
}

#[test]
fn overrides_go_both_ways_and_what_flatpak_refuses_costs_nothing() {
    let Some(computer) = Computer::sample() else { return };
    let id = "com.github.tchx84.Flatseal";
    let file =
        || std::fs::read_to_string(computer.path("home/.local/share/flatpak/overrides").join(id)).unwrap_or_default();
    let overrides = || entries(&computer, id)[0]["overrides"].clone();
    done(&computer, &["flatpak", "override", id, "--filesystem=home", "--env=GTK_THEME=Adwaita"]);
    assert_eq!(overrides(), json!(["--filesystem=home", "--env=GTK_THEME=Adwaita"]));
    assert!(file().contains("filesystems=home;") && file().contains("GTK_THEME=Adwaita"), "{}", file());
    assert_eq!(drift(&computer, id), Vec::<String>::new());
    let said = computer.bkt(&["flatpak", "show", id]);
    assert!(said.out.contains("lab (user) --filesystem=home --env=GTK_THEME=Adwaita"), "{said:?}");

    // By hand, and in another order: it is the same, until it is not.
    flatpak(&computer, &["override", "--user", "--reset", id]);
    flatpak(&computer, &["override", "--user", "--env=GTK_THEME=Adwaita", "--filesystem=home", id]);
    assert_eq!(drift(&computer, id), Vec::<String>::new());
    flatpak(&computer, &["override", "--user", "--nofilesystem=home", id]);
    let said = done(&computer, &["status", "--porcelain"]);
    assert!(said.out.contains(&format!("M  flatpak:{id}")), "{said:?}");
    done(&computer, &["capture", "-y"]);
    assert_eq!(overrides(), json!(["--nofilesystem=home", "--env=GTK_THEME=Adwaita"]));
    done(&computer, &["undo", "-y"]);
    done(&computer, &["apply", &format!("flatpak:{id}"), "-y"]);
    assert!(file().contains("filesystems=home;"), "{}", file());

    let before = file();
    let said = computer.bkt(&["flatpak", "override", id, "--filesystem=bogus"]);
    assert!(said.exit == 1 && said.out.contains("Unknown filesystem location bogus"), "{said:?}");
    assert_eq!((file(), drift(&computer, id)), (before, Vec::<String>::new()));
    let said = computer.bkt(&["flatpak", "override", id, "--filesystem"]);
    assert!(said.exit == 2 && said.err.contains("Options of bkt itself stand before the app"), "{said:?}");
    done(&computer, &["flatpak", "override", "--reset", id]);
    assert_eq!((file().as_str(), overrides(), drift(&computer, id)), ("", Json::Null, Vec::new()));

    // For everyone: an administrator's step.
    let everyone = "org.gnome.Calculator";
    done(&computer, &["flatpak", "override", "-y", everyone, "--unshare=network"]);
    let file = computer.path("root/var/lib/flatpak/overrides").join(everyone);
    assert!(std::fs::read_to_string(file).unwrap().contains("shared=!network;"));
    assert_eq!(drift(&computer, everyone), Vec::<String>::new());
}

#[test]
fn remotes_by_name_and_what_was_probably_meant() {
    let Some(computer) = Computer::sample() else { return };
    let (url, description, key) = repository(&computer);
    let said = computer.bkt(&["remote", "add", "next", &url]);
    assert_eq!(said.exit, 2, "{said:?}");
    insta::assert_snapshot!(said.err, @r"
    bkt: a repository is added with the key its apps are signed with
         Name its .flatpakrepo file, or the key with --gpg-key FILE
    ");
    std::fs::write(computer.path("key"), &key).unwrap();
    done(&computer, &["remote", "add", "next", &url, "--gpg-key", computer.path("key").to_str().unwrap()]);
    done(&computer, &["flatpak", "remote", "add", "lab2", &description, "--system", "-y"]);
    assert_eq!(remotes(&computer), "lab system\nlab user\nlab2 system\nnext user");
    let said = computer.bkt(&["remote", "list"]);
    assert!(said.out.contains("next") && porcelain(&computer).is_empty(), "{said:?}");
    done(&computer, &["flatpak", "add", "org.gnome.Weather", "-r", "next"]);
    let said = computer.bkt(&["remote", "remove", "next"]);
    assert!(said.exit == 1 && said.out.contains("next is kept: org.gnome.Weather came from it"), "{said:?}");
    assert!(computer.bkt(&["remote", "show", "next"]).out.contains(&url), "the setup still has it");
    done(&computer, &["remote", "remove", "lab2", "-y"]);
    assert_eq!(remotes(&computer), "lab system\nlab user\nnext user");

    for (args, hint) in [
        (&["remote", "remove", "lab"][..], "Say which with --system or --user"),
        (&["remote", "show", "nxet"], "Did you mean next?"),
        (&["flatpak", "show", "boxes"], "Did you mean org.gnome.Boxes?"),
        (&["flatpak", "remove", "org.gnome.Mapps"], "Did you mean org.gnome.Maps?"),
        (&["flatpak", "add", "org.gnome.Maps", "-r", "nxt"], "Did you mean next?"),
        (&["flatpak", "add", "org.gnome.Maps"], "‘bkt remote add flathub’ adds it"),
        (&["remote", "add", "elsewhere"], "Name its .flatpakrepo file"),
    ] {
        let said = computer.bkt(args);
        assert!(said.exit != 0 && said.err.contains(hint), "{args:?} {said:?}");
    }
}

#[test]
fn what_is_unsigned_or_private_is_captured_only_when_it_is_named() {
    let Some(computer) = Computer::sample() else { return };
    let (url, ..) = repository(&computer);
    done(&computer, &["status"]);
    flatpak(&computer, &["remote-add", "--user", "--no-gpg-verify", "found", &url]);
    flatpak(&computer, &["remote-add", "--user", "--no-gpg-verify", "--disable", "hidden", &url]);
    let said = done(&computer, &["drift"]);
    let line = said.out.lines().find(|line| line.contains("found")).unwrap();
    assert!(line.contains("changed here") && !line.contains("capture?"), "{said:?}");
    flatpak(&computer, &["override", "--user", "--env=API_TOKEN=abc", "com.github.tchx84.Flatseal"]);
    done(&computer, &["capture", "-y"]);
    let setup = |name: &str| std::fs::read_to_string(computer.path("setup/manifests").join(name)).unwrap();
    assert!(!setup("flatpak-remotes.json").contains("found") && !setup("flatpak-apps.json").contains("API_TOKEN"));
    done(&computer, &["capture", "remote:found", "-y"]);
    assert!(setup("flatpak-remotes.json").contains("\"gpg_verify\": false"));
}

#[test]
fn a_person_who_never_used_flatpak_can_ask_about_remotes_and_apps_at_once() {
    let Some(computer) = Computer::sample() else { return };
    for _ in 0..20 {
        let own = computer.path("home/.local/share/flatpak");
        if own.exists() {
            std::fs::remove_dir_all(&own).unwrap();
        }
        let drift = computer.bkt(&["drift", "--json"]).document();
        let unknown = drift["unknown"].as_array().unwrap();
        assert!(unknown.iter().all(|one| one["domain"] != "flatpak" && one["domain"] != "remote"), "{unknown:?}");
        assert!(own.join("repo/refs/remotes").is_dir());
    }
}

#[test]
fn an_app_whose_entry_names_no_branch_is_undone() {
    let Some(computer) = Computer::sample() else { return };
    let id = "org.gnome.Weather";
    let entry = json!({"id": id, "remote": "lab", "scope": "user"});
    computer.manifest("flatpak-apps.json", &json!({"apps": [entry]}).to_string());
    done(&computer, &["apply", &format!("flatpak:{id}"), "-y"]);
    assert_eq!(apps(&computer, id), ["org.gnome.Weather user stable"]);
    let said = done(&computer, &["undo", "-y"]);
    assert!(!said.err.contains("changed again since"), "{said:?}");
    assert_eq!(apps(&computer, id), Vec::<String>::new());
    assert_eq!(entries(&computer, id), [entry]);
}
