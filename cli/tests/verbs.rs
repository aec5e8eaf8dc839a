// SPDX-License-Identifier: GPL-3.0-or-later
//! Things changed by name on a copy of the sample computer, on both sides at once, and undone.

use serde_json::Value as Json;

use crate::computer::Computer;

fn packages(computer: &Computer) -> String {
    std::fs::read_to_string(computer.path("setup/manifests/system-packages.json")).unwrap()
}

fn item(computer: &Computer, name: &str) -> Json {
    let list = computer.bkt(&["dnf", "list", "--json"]).document();
    let id = format!("pkg:{name}");
    list["items"].as_array().unwrap().iter().find(|item| item["id"] == id.as_str()).cloned().unwrap_or(Json::Null)
}

#[test]
fn a_package_is_installed_and_written_down_and_undone() {
    let Some(computer) = Computer::sample() else { return };
    let before = packages(&computer);
    let plan = computer.bkt(&["dnf", "install", "ripgrep", "-n"]);
    assert_eq!((plan.exit, packages(&computer)), (0, before.clone()), "{plan:?}");
    // The sample's arguments are written as an older version did.
    assert!(plan.out.contains("system-packages.json\n  Containerfile: SYSTEM_PACKAGES, KERNEL_ARGUMENTS\n"));
    let plan = computer.bkt(&["dnf", "install", "ripgrep", "-n", "--json"]).document();
    let foreseen =
        serde_json::json!({"file": "Containerfile", "changed": ["SYSTEM_PACKAGES", "KERNEL_ARGUMENTS"], "missing": []});
    assert_eq!(plan["recipe"], foreseen);
    let here = computer.bkt(&["dnf", "install", "ripgrep", "-n", "--json", "--here-only"]).document();
    assert_eq!(here["recipe"], Json::Null);
    let said = computer.bkt(&["dnf", "install", "ripgrep", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(packages(&computer), before.replace("    \"htop\",\n", "    \"htop\",\n    \"ripgrep\",\n"));
    assert_eq!(item(&computer, "ripgrep")["computer"], Json::Bool(true));
    let recipe = || std::fs::read_to_string(computer.path("setup/Containerfile")).unwrap();
    assert!(recipe().contains("    ripgrep \\\n"), "{}", recipe());
    assert!(computer.bkt(&["dnf", "install", "ripgrep", "-y"]).out.contains("Nothing to do"));
    let said = computer.bkt(&["undo", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!((packages(&computer), item(&computer, "ripgrep")), (before, Json::Null));
    assert!(!recipe().contains("ripgrep"), "{}", recipe());
}

#[test]
fn what_cannot_be_installed_is_not_left_in_the_setup() {
    let Some(computer) = Computer::sample() else { return };
    let before = packages(&computer);
    let said = computer.bkt(&["dnf", "install", "nosuchpkg", "-y"]);
    assert_eq!(said.exit, 1, "{said:?}");
    assert!(!said.err.contains("Try again"), "{said:?}");
    assert_eq!(packages(&computer), before);
    assert_eq!(computer.bkt(&["dnf", "install", "-y", "--", "-y"]).exit, 2);
}

#[test]
fn one_side_alone_and_what_changed_since_is_left_alone() {
    let Some(computer) = Computer::sample() else { return };
    let before = packages(&computer);
    assert_eq!(computer.bkt(&["dnf", "install", "ripgrep", "--setup-only"]).exit, 0);
    assert!(packages(&computer).contains("ripgrep"));
    assert_eq!(item(&computer, "ripgrep")["computer"], Json::Null);
    assert_eq!(computer.bkt(&["dnf", "remove", "ripgrep", "--setup-only"]).exit, 0);
    assert_eq!(packages(&computer), before);
    let said = computer.bkt(&["undo", "1", "-y"]);
    assert!(said.out.contains("Nothing of run 1 is left") && !said.err.contains("changed again"), "{said:?}");
    assert_eq!(packages(&computer), before);
    let scale = |value: &str| {
        let key = ["org.gnome.desktop.interface", "text-scaling-factor"];
        let said = computer.bkt(&["gsetting", "set", key[0], key[1], value, "--setup-only"]);
        assert_eq!(said.exit, 0, "{said:?}");
    };
    scale("1.25");
    scale("1.5");
    let said = computer.bkt(&["undo", "3", "-y"]);
    assert!(said.err.contains("text-scaling-factor was changed again since"), "{said:?}");
    let settings = std::fs::read_to_string(computer.path("setup/manifests/gsettings.json")).unwrap();
    assert!(settings.contains("1.5"), "{settings}");
}

#[test]
fn twenty_at_once_lose_nothing() {
    let Some(computer) = Computer::sample() else { return };
    std::thread::scope(|scope| {
        for n in 0..20 {
            let computer = &computer;
            scope.spawn(move || {
                let said = computer.bkt(&["dnf", "install", &format!("parallel-{n}"), "--setup-only"]);
                assert_eq!(said.exit, 0, "{said:?}");
            });
        }
    });
    let text = packages(&computer);
    assert!((0..20).all(|n| text.contains(&format!("\"parallel-{n}\""))), "{text}");
}

#[test]
fn a_host_command_is_made_and_written_down() {
    let Some(computer) = Computer::sample() else { return };
    let said = computer.bkt(&["shim", "add", "docker", "--host", "podman"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let wrapper = std::fs::read_to_string(computer.path("home/.local/toolbox/shims/docker")).unwrap();
    assert!(wrapper.contains("flatpak-spawn --host podman"), "{wrapper}");
    let manifest = || std::fs::read_to_string(computer.path("setup/manifests/host-shims.json")).unwrap();
    assert!(manifest().contains("\"docker\""), "{}", manifest());
    assert_eq!(computer.bkt(&["shim", "add", "../docker"]).exit, 2);
    assert_eq!(computer.bkt(&["shim", "remove", "docker"]).exit, 0);
    assert!(!computer.path("home/.local/toolbox/shims/docker").exists());
    assert!(!manifest().contains("docker"), "{}", manifest());
}

#[test]
fn a_setting_is_set_and_written_down_in_its_own_spelling() {
    let Some(computer) = Computer::sample() else { return };
    let manifest = || std::fs::read_to_string(computer.path("setup/manifests/gsettings.json")).unwrap();
    let key = ["org.gnome.desktop.interface", "clock-format"];
    let said = computer.bkt(&["gsetting", "set", key[0], key[1], "24h"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(manifest().contains("\"'24h'\""), "{}", manifest());
    assert_eq!(computer.bkt(&["gsetting", "get", key[0], key[1]]).out.trim(), "'24h'");
    let before = manifest();
    assert_ne!(computer.bkt(&["gsetting", "set", key[0], key[1], "25h"]).exit, 0);
    assert_ne!(computer.bkt(&["gsetting", "set", key[0], "clock-formt", "24h"]).exit, 0);
    assert_eq!(manifest(), before);
}

#[test]
fn a_copr_is_written_down_and_never_added_to_another_computer() {
    let Some(computer) = Computer::sample() else { return };
    let before = packages(&computer);
    let said = computer.bkt(&["copr", "add", "atim/starship", "-y"]);
    assert_eq!(said.exit, 1, "{said:?}");
    assert!(said.out.contains("not to a directory"), "{said:?}");
    assert_eq!(packages(&computer), before);
    let plan = computer.bkt(&["copr", "add", "atim/starship", "--setup-only", "-n"]);
    let missing = "  Containerfile: without COPR_REPOS; ‘bkt containerfile adopt’ inserts it\n";
    assert!(plan.out.contains("  Containerfile: SYSTEM_PACKAGES") && plan.out.contains(missing), "{plan:?}");
    for words in
        [&["copr", "add", "atim/starship", "--setup-only"][..], &["dnf", "copr", "enable", "@g/p", "--setup-only"]]
    {
        assert_eq!(computer.bkt(words).exit, 0, "{words:?}");
    }
    let state = |name: &str| {
        let list = computer.bkt(&["copr", "list", "--json"]).document();
        let id = format!("copr:{name}");
        list["items"].as_array().unwrap().iter().find(|item| item["id"] == id.as_str()).cloned().unwrap_or(Json::Null)
    };
    assert_eq!(state("atim/starship")["setup"]["enabled"], Json::Bool(true));
    let recipe = || std::fs::read_to_string(computer.path("setup/Containerfile")).unwrap();
    assert!(recipe().contains("    --enablerepo=copr:copr.fedorainfracloud.org:group_g:p \\\n"), "{}", recipe());
    assert_eq!(computer.bkt(&["containerfile", "adopt", "COPR_REPOS", "-y"]).exit, 0);
    assert!(recipe().contains("    dnf -y copr enable @g/p; \\\n"), "{}", recipe());
    assert_eq!(computer.bkt(&["copr", "disable", "@g/p", "--setup-only"]).exit, 0);
    assert_eq!(state("@g/p")["setup"]["enabled"], Json::Bool(false));
    for name in ["atim/starship", "@g/p"] {
        assert_eq!(computer.bkt(&["copr", "remove", name, "--setup-only"]).exit, 0);
    }
    assert_eq!(state("@g/p"), Json::Null);
    for name in ["starship", "a;b/c", "https://x/y"] {
        assert_eq!(computer.bkt(&["copr", "add", "--setup-only", name]).exit, 2, "{name}");
    }
}

#[test]
fn what_someone_added_from_a_copr_is_captured_and_undone() {
    let Some(computer) = Computer::sample() else { return };
    let file = "root/etc/yum.repos.d/_copr:copr.fedorainfracloud.org:atim:starship.repo";
    std::fs::create_dir_all(computer.path("root/etc/yum.repos.d")).unwrap();
    let text = "[copr:copr.fedorainfracloud.org:atim:starship]\nenabled=1\ngpgcheck=0\n";
    std::fs::write(computer.path(file), text).unwrap();
    let before = packages(&computer);
    let said = computer.bkt(&["capture", "copr:atim/starship", "-n"]);
    assert!(said.out.contains("WITHOUT checking"), "{said:?}");
    assert_eq!(computer.bkt(&["capture", "copr:atim/starship", "-y"]).exit, 0);
    assert!(packages(&computer).contains(r#""gpg_check": false"#), "{}", packages(&computer));
    let drift = computer.bkt(&["drift", "--json"]).document();
    assert!(!drift["items"].to_string().contains("copr:"), "{drift}");
    assert_eq!(computer.bkt(&["undo", "-y"]).exit, 0);
    let entries = |text: &str| serde_json::from_str::<Json>(text).unwrap()["packages"].clone();
    assert!(!packages(&computer).contains("starship") && entries(&packages(&computer)) == entries(&before));
}

#[test]
fn a_setting_leaves_the_setup_and_gets_its_default_and_is_put_back() {
    let Some(computer) = Computer::sample() else { return };
    let manifest = || std::fs::read_to_string(computer.path("setup/manifests/gsettings.json")).unwrap();
    let key = ["org.gnome.desktop.interface", "clock-format"];
    assert_eq!(computer.bkt(&["gsetting", "set", key[0], key[1], "12h"]).exit, 0);
    let before = manifest();
    let chosen = || computer.bkt(&["gsetting", "get", key[0], key[1], "--json"]).document()["items"][0].clone();
    assert_eq!((&chosen()["value"], &chosen()["changed"]), (&"'12h'".into(), &Json::Bool(true)));

    let plan = computer.bkt(&["gsetting", "unset", key[0], key[1], "-n"]);
    insta::assert_snapshot!(plan.out, @r"
    Setup Files
      Take org.gnome.desktop.interface/clock-format out of manifests/gsettings.json
      Containerfile: SYSTEM_PACKAGES, KERNEL_ARGUMENTS
    Now
      Reset org.gnome.desktop.interface/clock-format to its default

    Plan: 1 to apply, 1 to capture.
    ");
    let said = computer.bkt(&["gsetting", "reset", "gsetting:org.gnome.desktop.interface/clock-format"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(!manifest().contains("clock-format"), "{}", manifest());
    assert_eq!((&chosen()["value"], &chosen()["changed"]), (&"'24h'".into(), &Json::Bool(false)));
    assert!(computer.bkt(&["gsetting", "unset", key[0], key[1]]).out.contains("Nothing to do"));

    let said = computer.bkt(&["undo", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(chosen()["value"], "'12h'");
    let parsed = |text: &str| serde_json::from_str::<Json>(text).unwrap()["settings"].as_array().unwrap().len();
    assert_eq!(parsed(&manifest()), parsed(&before));
    assert_eq!(computer.bkt(&["gsetting", "unset", key[0]]).exit, 2);
    let said = computer.bkt(&["gsetting", "unset", key[0], "clock-formt"]);
    assert!(said.exit == 2 && said.err.contains("Did you mean ‘clock-format’?"), "{said:?}");
}

#[test]
fn a_setting_whose_schema_is_gone_can_leave_the_setup() {
    let Some(computer) = Computer::sample() else { return };
    computer
        .manifest("gsettings.json", "{\"settings\": [{\"schema\": \"org.gone\", \"key\": \"x\", \"value\": \"1\"}]}");
    let said = computer.bkt(&["gsetting", "unset", "org.gone", "x"]);
    assert!(said.exit == 2 && said.err.contains("--setup-only"), "{said:?}");
    assert_eq!(computer.bkt(&["gsetting", "unset", "org.gone", "x", "--setup-only"]).exit, 0);
    assert_eq!(std::fs::read_to_string(computer.path("setup/manifests/gsettings.json")).unwrap(), "{\"settings\": []}");
}

#[test]
fn a_setup_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    let Some(computer) = Computer::sample() else { return };
    computer.manifest("gsettings.json", "{\"settings\": [");
    let said = computer.bkt(&["gsetting", "list"]);
    assert!(said.exit == 6 && said.err.contains("gsettings.json") && said.out.is_empty(), "{said:?}");
    let said = computer.bkt(&["gsetting", "describe", "org.gnome.desktop.interface", "clock-format"]);
    assert!(said.exit == 0 && said.err.contains("gsettings.json") && said.out.contains("allowed"), "{said:?}");
    let said = computer.bkt(&["-C", "/nowhere", "gsetting", "list"]);
    assert_eq!(said.exit, 2, "{said:?}");
}

#[test]
fn what_dnf_knows_is_asked_of_dnf_and_sync_removes_nothing() {
    let Some(computer) = Computer::sample() else { return };
    for (words, answer) in [
        (&["dnf", "info", "htop"][..], "htop"),
        (&["dnf", "search", "htop"], "htop"),
        (&["dnf", "provides", "htop"], "htop"),
        (&["dnf", "search", "htop", "-n"], "htop"),
    ] {
        let said = computer.bkt(words);
        assert!(said.exit == 0 && said.out.contains(answer), "{said:?}");
    }
    let document = computer.bkt(&["dnf", "info", "htop", "--json"]).document();
    assert_eq!((&document["program"], &document["exit"]), (&"dnf".into(), &0.into()));
    assert_eq!(computer.bkt(&["dnf", "info", "nosuchpackage"]).exit, 1);
    assert_eq!(computer.bkt(&["dnf", "search", "--", "--setopt=x=y"]).exit, 2);

    let diff = computer.bkt(&["dnf", "diff"]);
    assert!(diff.exit == 0 && diff.out.contains("strace") && !diff.out.contains("Flatpak"), "{diff:?}");
    let plan = computer.bkt(&["dnf", "sync", "-n"]);
    assert!(plan.out.contains("Install strace") && !plan.out.contains("Remove"), "{plan:?}");
    assert_eq!(computer.bkt(&["dnf", "sync", "-y"]).exit, 0);
    assert_eq!(item(&computer, "strace")["computer"], Json::Bool(true));
}

#[test]
fn what_concerns_the_image_alone_is_listed() {
    let text = r#"{"packages": [], "groups": ["@development-tools"], "excluded": ["nano"]}"#;
    let computer = Computer::bare(&[("system-packages.json", text)]);
    let said = computer.bkt(&["dnf", "list"]);
    assert!(said.out.contains("Groups for the image: development-tools\n"), "{said:?}");
    assert!(said.out.contains("Kept out of the image: nano\n"), "{said:?}");
    let list = computer.bkt(&["dnf", "list", "--json"]).document();
    assert_eq!((&list["groups"][0], &list["excluded"][0]), (&"development-tools".into(), &"nano".into()));
}

#[test]
fn groups_go_into_the_setup_and_its_recipe() {
    let computer = Computer::bare(&[("system-packages.json", "{\n  \"packages\": [\"htop\"]\n}\n")]);
    std::fs::write(computer.path("setup/Containerfile"), "FROM x\n").unwrap();
    assert_eq!(computer.bkt(&["containerfile", "adopt", "SYSTEM_PACKAGES", "-y"]).exit, 0);
    let recipe = || std::fs::read_to_string(computer.path("setup/Containerfile")).unwrap();
    let manifest = || std::fs::read_to_string(computer.path("setup/manifests/system-packages.json")).unwrap();
    let before = (manifest(), recipe());
    let said = computer.bkt(&["dnf", "install", "@development-tools", "-n"]);
    assert!(said.out.contains("Add @development-tools to manifests/system-packages.json"), "{said:?}");
    assert_eq!((manifest(), recipe()), before);
    let said = computer.bkt(&["dnf", "install", "@development-tools"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let with_group = (manifest(), recipe());
    assert!(with_group.0.contains("\"development-tools\"") && with_group.0.contains("htop"), "{}", with_group.0);
    assert!(recipe().contains("    @development-tools \\\n"), "{}", recipe());
    let said = computer.bkt(&["dnf", "install", "@development-tools"]);
    assert_eq!(said.out, "Nothing to do: it is so already.\n", "{said:?}");
    assert_eq!(computer.bkt(&["containerfile", "check"]).exit, 0);
    // It is no difference to the computer, and none of its packages.
    let drift = computer.bkt(&["drift", "--only", "pkg", "--json"]);
    assert!(!drift.out.contains("development-tools"), "{drift:?}");
    let document = computer.bkt(&["dnf", "remove", "@development-tools", "--json"]).document();
    assert_eq!(document["operations"][0]["item"], "pkg:@development-tools", "{document}");
    assert_eq!(recipe(), before.1);
    // Undone, one by one.
    assert_eq!(computer.bkt(&["undo", "-y"]).exit, 0);
    assert_eq!((manifest(), recipe()), with_group);
    assert_eq!(computer.bkt(&["undo", "1", "-y"]).exit, 0);
    assert_eq!(recipe(), before.1);
    assert_eq!(computer.bkt(&["dnf", "list", "--json"]).document()["groups"], serde_json::json!([]));
    // One that was written in dnf's words goes, too, and comes back.
    std::fs::write(computer.path("setup/manifests/system-packages.json"), r#"{"groups": ["@fonts", "core"]}"#).unwrap();
    assert_eq!(computer.bkt(&["dnf", "remove", "@fonts", "@core", "-y"]).exit, 0);
    assert!(!manifest().contains("fonts") && !manifest().contains("core"), "{}", manifest());
    assert_eq!(computer.bkt(&["undo", "-y"]).exit, 0);
    assert!(manifest().contains("\"fonts\"") && manifest().contains("\"core\""), "{}", manifest());
    for (words, code) in [
        (&["@a", "--here-only"][..], "not_possible"),
        (&["@a", "--now"], "not_possible"),
        (&["@a b"], "name_invalid"),
        (&["@-x"], "name_invalid"),
    ] {
        let said = computer.bkt(&[&["--json", "dnf", "install"], words].concat());
        assert_eq!((said.exit, &said.document()["error"]["code"]), (2, &code.into()), "{said:?}");
    }
}

#[test]
fn an_entry_that_cannot_be_read_is_told_of_alone_and_stays() {
    let Some(computer) = Computer::sample() else { return };
    let text = packages(&computer).replacen("\"bluez-lab\"", "\"@module:x/y\",\n    \"bluez-lab >= 5\"", 1);
    computer.manifest("system-packages.json", &text);
    let drift = computer.bkt(&["drift", "--only", "pkg", "--json"]).document();
    let ids = |list: &Json| -> Vec<String> {
        let id = |one: &Json| one["id"].as_str().or(one["item"].as_str()).map(str::to_owned);
        list.as_array().unwrap().iter().filter_map(id).filter(|id| id.starts_with("pkg:")).collect()
    };
    assert_eq!(ids(&drift["unknown"]), ["pkg:@module:x/y", "pkg:bluez-lab >= 5"]);
    assert!(drift["unknown"].as_array().unwrap().iter().all(|one| {
        let line = one["message"].as_str().unwrap().starts_with("manifests/system-packages.json line ");
        line && one["hint"].is_string()
    }));
    // What it may be about is not taken away; the others are as they would be without it.
    assert_eq!(ids(&drift["items"]), ["pkg:bluez-lab", "pkg:nano", "pkg:powertop", "pkg:strace"]);
    let said = computer.bkt(&["apply", "--only", "pkg", "--all", "--yes"]);
    assert!(said.exit == 0 && said.err.contains("Install strace") && !said.err.contains("Remove"), "{said:?}");
    let said = computer.bkt(&["dnf", "install", "ripgrep", "--setup-only"]);
    assert!(said.exit == 0 && said.err.contains("Not updated in Containerfile: SYSTEM_PACKAGES"), "{said:?}");
    let after = packages(&computer);
    assert!(after.contains("\"ripgrep\"") && after.contains("\"@module:x/y\",\n    \"bluez-lab >= 5\""), "{after}");
    assert_eq!(computer.bkt(&["doctor"]).exit, 1);
    // The same in other manifests: of a list of objects, of words, and of an object.
    let config = r#"{"kargs": {"append": ["a b", "quiet"]}, "systemd": {"enable": ["tuned", "a/b"]}}"#;
    computer.manifest("system-config.json", config);
    computer.manifest("systemd-services.json", r#"{"services": {"tuned.service": "enabled", "cups-lab": "on"}}"#);
    computer.manifest("host-shims.json", r#"{"shims": [{"name": "a/b"}, {"name": "nmcli"}, {"host": "x"}]}"#);
    let drift = computer.bkt(&["drift", "--json"]).document();
    let unknown: Vec<&str> =
        drift["unknown"].as_array().unwrap().iter().filter_map(|one| one["item"].as_str()).collect();
    for id in ["karg:a b", "unit:a/b.service", "unit:cups-lab.service", "shim:a/b", "shim:line 1"] {
        assert!(unknown.contains(&id), "{id}: {unknown:?}");
    }
    assert!(drift["items"].as_array().unwrap().iter().any(|item| item["id"] == "shim:nmcli"), "{drift}");
    assert!(computer.bkt(&["admin", "kargs", "list"]).err.contains("‘a b’"));
    let said = computer.bkt(&["admin", "systemd", "enable", "cups-lab"]);
    assert!(said.exit == 6 && said.err.contains("systemd-services.json line 1"), "{said:?}");
}

#[test]
fn a_recipe_that_cannot_follow_is_told_wherever_one_looks() {
    let Some(computer) = Computer::sample() else { return };
    let recipe = computer.path("setup/Containerfile");
    assert_eq!(computer.bkt(&["containerfile", "sync", "--force"]).exit, 0);
    let good = std::fs::read_to_string(&recipe).unwrap();
    let told = |text: &str| {
        std::fs::write(&recipe, text).unwrap();
        let said = computer.bkt(&["dnf", "install", "ripgrep", "--setup-only", "-y"]);
        assert_eq!(said.exit, 0, "{said:?}");
        let ran = computer.bkt(&["dnf", "remove", "ripgrep", "--setup-only", "-y", "--json"]).document();
        let status = computer.bkt(&["status"]);
        let document = computer.bkt(&["status", "--json"]).document();
        assert_eq!(ran["recipe_behind"], document["recipe_behind"]);
        let doctor = computer.bkt(&["doctor", "--json"]).document();
        let check = doctor["checks"].as_array().unwrap().iter().find(|check| check["name"] == "Recipe").cloned();
        let about = |text: &str| -> Vec<String> {
            text.lines().filter(|line| line.contains("ontainerfile")).map(str::to_owned).collect()
        };
        let check = check.unwrap();
        format!(
            "{}\n{}\n{}: {} ({})\n{}\n",
            about(&said.err).join("\n"),
            [about(&status.out), about(&status.err)].concat().join("\n"),
            check["state"],
            check["message"],
            check["hint"],
            document["recipe_behind"]
        )
    };
    insta::assert_snapshot!(told(&good), @r#"


    "ok": "Containerfile follows the setup" (null)
    null
    "#);
    insta::assert_snapshot!(told(&good.replace("    htop \\\n", "    htop \\\n    mine \\\n")), @r#"
    Containerfile: SYSTEM_PACKAGES edited by hand, not updated; ‘bkt containerfile diff’ shows what differs
    Recipe  Containerfile does not follow the setup
      bkt containerfile check      see where the recipe does not follow the setup
    "warn": "Containerfile does not follow the setup" ("Containerfile: SYSTEM_PACKAGES edited by hand, not updated; ‘bkt containerfile diff’ shows what differs")
    {"file":"Containerfile","sections":[{"name":"SYSTEM_PACKAGES","state":"hand-edited","problem":null}],"problem":null}
    "#);
    insta::assert_snapshot!(told(&good.replace("# === END SYSTEM_PACKAGES ===\n", "")), @r#"
    Containerfile cannot be updated: KERNEL_ARGUMENTS begins at line 15 inside SYSTEM_PACKAGES of line 3
    Recipe  Containerfile does not follow the setup
      bkt containerfile check      see where the recipe does not follow the setup
    "fail": "Containerfile does not follow the setup" ("Containerfile cannot be updated: KERNEL_ARGUMENTS begins at line 15 inside SYSTEM_PACKAGES of line 3")
    {"file":"Containerfile","sections":[],"problem":"KERNEL_ARGUMENTS begins at line 15 inside SYSTEM_PACKAGES of line 3"}
    "#);
    insta::assert_snapshot!(told("FROM quay.io/fedora/fedora-bootc:43\n"), @r#"
    Containerfile: without SYSTEM_PACKAGES, KERNEL_ARGUMENTS, SYSTEMD_UNITS; ‘bkt containerfile adopt’ inserts it
    Recipe  Containerfile does not follow the setup
      bkt containerfile check      see where the recipe does not follow the setup
    "warn": "Containerfile does not follow the setup" ("Containerfile: without SYSTEM_PACKAGES, KERNEL_ARGUMENTS, SYSTEMD_UNITS; ‘bkt containerfile adopt’ inserts it")
    {"file":"Containerfile","sections":[{"name":"SYSTEM_PACKAGES","state":"missing","problem":null},{"name":"KERNEL_ARGUMENTS","state":"missing","problem":null},{"name":"SYSTEMD_UNITS","state":"missing","problem":null}],"problem":null}
    "#);
    insta::assert_snapshot!(told(""), @r#"
    Containerfile: without SYSTEM_PACKAGES, KERNEL_ARGUMENTS, SYSTEMD_UNITS; ‘bkt containerfile adopt’ inserts it
    Recipe  Containerfile does not follow the setup
      bkt containerfile check      see where the recipe does not follow the setup
    "warn": "Containerfile does not follow the setup" ("Containerfile: without SYSTEM_PACKAGES, KERNEL_ARGUMENTS, SYSTEMD_UNITS; ‘bkt containerfile adopt’ inserts it")
    {"file":"Containerfile","sections":[{"name":"SYSTEM_PACKAGES","state":"missing","problem":null},{"name":"KERNEL_ARGUMENTS","state":"missing","problem":null},{"name":"SYSTEMD_UNITS","state":"missing","problem":null}],"problem":null}
    "#);
}

#[test]
fn what_was_captured_and_undone_is_no_wish_to_be_rid_of_it() {
    let Some(computer) = Computer::sample() else { return };
    let suggested = || {
        let drift = computer.bkt(&["drift", "--only", "pkg", "--json"]).document();
        let items = drift["items"].as_array().unwrap().iter();
        items.map(|item| format!("{} {}", item["id"], item["suggestion"])).collect::<Vec<_>>()
    };
    let before = (packages(&computer), suggested());
    for run in [&["capture", "pkg:powertop", "-y"][..], &["apply", "pkg:strace", "-y"]] {
        assert_eq!(computer.bkt(run).exit, 0);
        assert_ne!((packages(&computer), suggested()), before);
        let said = computer.bkt(&["undo", "-y"]);
        assert_eq!(said.exit, 0, "{said:?}");
        assert_eq!((packages(&computer), suggested()), before, "{run:?}");
    }
    // What is undone twice is done again.
    assert_eq!(computer.bkt(&["capture", "pkg:powertop", "-y"]).exit, 0);
    let captured = (packages(&computer), suggested());
    assert_eq!([computer.bkt(&["undo", "-y"]).exit, computer.bkt(&["undo", "-y"]).exit], [0, 0]);
    assert_eq!((packages(&computer), suggested()), captured);
}
