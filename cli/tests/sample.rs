// SPDX-License-Identifier: GPL-3.0-or-later
//! Whole stories on a copy of the sample computer: real rpm, dnf, systemctl, flatpak and dconf.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::computer::Computer;

fn ids_and_shapes(items: &Json) -> BTreeSet<(String, String)> {
    let text = |json: &Json| json.as_str().unwrap().to_owned();
    items.as_array().unwrap().iter().map(|item| (text(&item["id"]), text(&item["shape"]))).collect()
}

#[test]
fn drift_is_exactly_the_known_differences() {
    let Some(computer) = Computer::sample() else { return };
    let expected: Json =
        serde_json::from_str(&std::fs::read_to_string(computer.path("expected.json")).unwrap()).unwrap();
    let drift = computer.bkt(&["drift", "--json"]).document();
    assert_eq!(ids_and_shapes(&drift["items"]), ids_and_shapes(&expected));
    assert_eq!(drift["unknown"], Json::Array(Vec::new()));
    assert_eq!(computer.bkt(&["drift", "check", "-q"]).exit, 3);
    let status = computer.bkt(&["status", "--porcelain", "-z"]);
    assert_eq!(status.out.matches('\0').count(), expected.as_array().unwrap().len());
    assert_eq!(computer.bkt(&["status", "--exit-code"]).exit, 3);
    let every = computer.bkt(&["drift", "--exit-code"]);
    assert_eq!(every.exit, 3);
    assert!(every.out.lines().all(|line| line.chars().count() <= 80), "{}", every.out);
    insta::assert_snapshot!(every.out, @r"
    Flatpak Apps
      ~ org.gnome.Boxes
          lab (user, beta) → lab (user, stable)
      + org.gnome.Maps     only here
      - org.gnome.Weather  missing here
    Settings
      ~ org.gnome.desktop.interface/clock-format  '12h' → '24h'
      ~ org.gnome.desktop.wm.preferences/button-layout
          'appmenu:minimize,maximize,close' → 'appmenu:close'
    System Services                                                    Administrator
      ~ bluetooth-lab.service  disabled → enabled
      ~ cups-lab.service       masked → enabled
      + sshd-lab.service       only here
    Packages                                                           Administrator
      + nano      only here
      + powertop  only here
      - strace    missing here
    Kernel Arguments                                    After restart, Administrator
      + mitigations=off  only here
      - preempt=full     missing here

    13 changes: 5 only here, 3 missing, 5 different.
    ");
}

#[test]
fn looking_changes_nothing() {
    let Some(computer) = Computer::sample() else { return };
    let parts = ["root", "setup", "home/.config", "home/.local/share"];
    let before = computer.tree(&parts);
    for command in [
        &["status"][..],
        &["status", "--porcelain"],
        &["drift"],
        &["drift", "check"],
        &["diff"],
        &["diff", "unit:cups-lab.service"],
        &["plan", "show"],
        &["plan", "show", "--apply", "pkg", "unit", "karg", "gsetting", "--capture", "flatpak"],
        &["apply", "--all", "-n"],
        &["apply", "--all"],
        &["capture", "--all", "-n"],
        &["ignore", "pkg", "-n"],
        &["log"],
        &["notify", "-n"],
        &["doctor"],
    ] {
        let said = computer.bkt(command);
        assert!([0, 2, 3].contains(&said.exit), "{command:?}: {said:?}");
        let after = computer.tree(&parts);
        let changed: Vec<_> =
            after.iter().filter(|(path, content)| before.get(*path) != Some(*content)).map(|(path, _)| path).collect();
        assert!(changed.is_empty() && after.len() == before.len(), "{command:?} changed {changed:?}");
    }
}

#[test]
fn applying_everything_brings_both_sides_together() {
    let Some(computer) = Computer::sample() else { return };
    let said = computer.bkt(&["apply", "--all", "--yes"]);
    assert_eq!(said.exit, 0, "{said:?}");
    insta::assert_snapshot!(said.out, @r"
    12 done, 2 after restart. Restart to finish.
    ");
    insta::assert_snapshot!(said.err, @r"
    [ 1/14] done     Install org.gnome.Boxes//beta from lab for this user
    [ 2/14] done     Install org.gnome.Weather from lab for this user
    [ 3/14] done     Set org.gnome.desktop.interface/clock-format to '12h'
    [ 4/14] done     Set org.gnome.desktop.wm.preferences/button-layout to 'appmenu:minimize,maximize,close'
    [ 5/14] done     Remove org.gnome.Boxes//stable and keep its data
    [ 6/14] done     Remove org.gnome.Maps//stable and keep its data
    [ 7/14] done     Disable bluetooth-lab.service
    [ 8/14] done     Mask cups-lab.service
    [ 9/14] done     Remove nano
    [10/14] done     Remove powertop
    [11/14] done     Install strace
    [12/14] done     Unmask sshd-lab.service
    [13/14] waiting  Remove kernel argument mitigations=off  after restart
    [14/14] waiting  Add kernel argument preempt=full  after restart
    ");
    let status = computer.bkt(&["status", "--exit-code"]);
    assert_eq!(status.exit, 0, "{status:?}");
    insta::assert_snapshot!(status.out, @r"
    Setup     /tmp/x/setup · main
    Computer  /tmp/x/root
    Running   Fedora Linux 44 (Workstation Edition)

    Everything matches (22 entries).
    2 match after restart

    Recipe  Containerfile does not follow the setup
    ");
    assert_eq!(computer.bkt(&["drift", "check", "-q"]).exit, 0);
    let said = computer.bkt(&["apply", "--all", "--yes"]);
    assert_eq!((said.exit, said.out.as_str()), (0, "Nothing to run.\n"));
    let log = computer.bkt(&["log", "--json"]).document();
    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    assert_eq!(log["runs"][0]["result"], "done");
    assert!(computer.bkt(&["log", "1"]).out.contains("Install strace"));
}

#[test]
fn capturing_everything_leaves_nothing_to_do() {
    let Some(computer) = Computer::sample() else { return };
    let before = computer.tree(&["root"]);
    let said = computer.bkt(&["capture", "--all", "--yes"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.err.contains("Not committed: manifests/"), "{said:?}");
    assert_eq!(computer.tree(&["root"]), before);
    let plan = computer.bkt(&["plan", "show", "--exit-code", "--json"]);
    assert_eq!((plan.exit, &plan.document()["operations"]), (0, &Json::Array(Vec::new())));
    let status = computer.bkt(&["status"]);
    assert!(status.out.contains("Everything matches"), "{status:?}");
}

#[test]
fn what_someone_does_afterwards_is_theirs_and_is_suggested_for_capture() {
    let Some(computer) = Computer::sample() else { return };
    assert_eq!(computer.bkt(&["apply", "--all", "--yes"]).exit, 0);
    let set = ["set", "org.gnome.desktop.interface", "clock-format", "24h"];
    assert_eq!(computer.run("gsettings", &set).exit, 0);
    let item = "gsetting:org.gnome.desktop.interface/clock-format";
    assert_eq!(computer.bkt(&["status", "--porcelain"]).out, format!("M  {item}\n"));
    insta::assert_snapshot!(computer.bkt(&["diff"]).out, @r"
    ~ gsetting:org.gnome.desktop.interface/clock-format
        Whether the clock displays in 24h or 12h format
        last agreed    '12h'
        setup          '12h'   manifests/gsettings.json:3
        this computer  '24h'   Changed here
        apply          Set org.gnome.desktop.interface/clock-format to '12h'
        capture        Change org.gnome.desktop.interface/clock-format in
                         manifests/gsettings.json
    ");
    let refused = computer.bkt(&["capture"]);
    assert_eq!(refused.exit, 2, "{refused:?}");
    assert!(refused.err.contains("add --yes"), "{refused:?}");
    let said = computer.bkt(&["apply", "--yes", "--json"]);
    let receipt = said.document();
    assert_eq!((said.exit, &receipt["format"], &receipt["error"]), (0, &"bkt.run".into(), &Json::Null));
    assert_eq!(receipt["summary"]["done"], 1);
    let manifest = std::fs::read_to_string(computer.path("setup/manifests/gsettings.json")).unwrap();
    assert!(manifest.contains("\"'24h'\"") && manifest.contains("as on the phone"), "{manifest}");
    // The other way round: a commit someone pulled.
    computer.manifest("gsettings.json", &manifest.replace("'24h'", "'12h'"));
    assert_eq!(computer.bkt(&["status", "--porcelain"]).out, format!(" M {item}\n"));
    assert_eq!(computer.bkt(&["apply", "--yes"]).exit, 0);
    assert_eq!(computer.bkt(&["drift", "check"]).exit, 0);
}

#[test]
fn patterns_and_wrong_names() {
    let Some(computer) = Computer::sample() else { return };
    let chosen = |args: &[&str]| {
        let plan = computer.bkt(&[&["plan", "--json"], args].concat()).document();
        let items: BTreeSet<String> = plan["operations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["item"].as_str().unwrap().to_owned())
            .collect();
        items.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(chosen(&["--apply", "flatpak:org.gnome.W*"]), "flatpak:org.gnome.Weather");
    assert_eq!(chosen(&["--apply", "karg"]), "karg:mitigations=off karg:preempt=full");
    assert_eq!(chosen(&["--apply", "pkg:nano", "pkg:nano", "--capture", "pkg:powertop"]), "pkg:nano pkg:powertop");
    let said = computer.bkt(&["apply", "pkg:htpo", "-y"]);
    assert_eq!((said.exit, said.out.as_str()), (2, ""));
    assert!(said.err.contains("Did you mean pkg:htop?"), "{said:?}");
    let said = computer.bkt(&["apply", "pkg:htop", "-y"]);
    assert_eq!(
        (said.exit, said.out.as_str(), said.err.as_str()),
        (0, "Nothing to run.\n", "pkg:htop matches the setup.\n")
    );
    let said = computer.bkt(&["plan", "--apply", "pkg:nano", "--capture", "pkg"]);
    assert_eq!(said.exit, 2, "{said:?}");
}

#[test]
fn a_failing_step_is_told_last_with_its_cause_and_the_rest_is_done() {
    let Some(computer) = Computer::sample() else { return };
    computer.manifest("system-packages.json", r#"{"packages": ["htop", "tuned", "no-such-package"]}"#);
    let said = computer.bkt(&["apply", "pkg:no-such-package", "unit:cups-lab.service", "-y"]);
    assert_eq!(said.exit, 5, "{said:?}");
    assert!(said.out.starts_with("1 done, 1 failed.\n  pkg:no-such-package"), "{said:?}");
    assert!(said.err.contains("Try again: bkt apply pkg:no-such-package\n"), "{said:?}");
    let said = computer.bkt(&["apply", "pkg:no-such-package", "-y", "--json", "--progress", "none"]);
    let receipt = said.document();
    assert_eq!((said.exit, &receipt["result"], receipt["error"]["exit"].as_i64()), (1, &"failed".into(), Some(1)));
    assert_eq!(said.err, "");
}

#[test]
fn progress_can_be_read_by_programs() {
    let Some(computer) = Computer::sample() else { return };
    let said = computer.bkt(&["apply", "unit", "-y", "--progress", "json", "-q"]);
    let events: Vec<Json> = said.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&events[0]["type"], &events[0]["format"]), (&"start".into(), &"bkt.progress".into()));
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["done"], &last["failed"]), (&"end".into(), &3.into(), &0.into()));
}

#[test]
fn the_first_boot_runs_once_and_removes_nothing() {
    let Some(computer) = Computer::sample() else { return };
    let root = computer.path("root");
    let boot = |args: &[&str]| {
        let words = [&["--root", root.to_str().unwrap(), "first-boot"], args].concat();
        computer.run(env!("CARGO_BIN_EXE_bkt"), &words)
    };
    std::fs::create_dir_all(root.join("usr/share/bkt")).unwrap();
    std::fs::rename(computer.path("setup"), root.join("usr/share/bkt/setup")).unwrap();
    assert!(boot(&["--system", "--status"]).out.starts_with("The first setup has not run yet."));
    let said = boot(&["--system"]);
    assert_eq!(said.exit, 0, "{said:?}");
    insta::assert_snapshot!(said.err, @r"
    [1/3] done     Disable bluetooth-lab.service
    [2/3] done     Mask cups-lab.service
    [3/3] done     Install strace
    ");
    let before = computer.tree(&["root"]);
    let said = boot(&["--system"]);
    assert_eq!((said.exit, said.out.as_str()), (0, "First setup for package-mode: done.\n"));
    assert_eq!(computer.tree(&["root"]), before);
    let said = boot(&[]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.err.contains("Set org.gnome.desktop.interface/clock-format"), "{said:?}");
    assert!(!said.err.contains("Remove org.gnome.Maps"), "{said:?}");
}

#[test]
fn a_first_boot_does_what_it_can_and_tries_the_rest_again() {
    let Some(computer) = Computer::sample() else { return };
    let root = computer.path("root");
    let boot = |args: &[&str]| {
        let words = [&["--root", root.to_str().unwrap(), "first-boot", "--system"], args].concat();
        computer.run(env!("CARGO_BIN_EXE_bkt"), &words)
    };
    let baked = root.join("usr/share/bkt/setup");
    std::fs::create_dir_all(baked.parent().unwrap()).unwrap();
    std::fs::rename(computer.path("setup"), &baked).unwrap();
    let packages = baked.join("manifests/system-packages.json");
    let before = std::fs::read_to_string(&packages).unwrap();
    let with = before.replacen("\"packages\": [", "\"packages\": [\"nobody-has-it\",", 1);
    assert_ne!(with, before);
    std::fs::write(&packages, &with).unwrap();
    let said = boot(&[]);
    assert_eq!(said.exit, 5, "{said:?}");
    assert!(
        said.err.contains("done     Mask cups-lab.service") && said.err.contains("done     Install strace"),
        "{said:?}"
    );
    assert!(said.err.contains("FAILED   Install nobody-has-it"), "{said:?}");
    let status = boot(&["--status"]).out;
    assert!(
        status.starts_with("First setup for package-mode: not complete after 1 try.\n  pkg:nobody-has-it: "),
        "{status}"
    );
    let said = boot(&[]);
    assert_eq!(said.exit, 1, "{said:?}");
    assert!(!said.err.contains("strace"), "only what is left is tried again: {said:?}");
    let told = boot(&["--status", "--json"]).document();
    assert_eq!((&told["done"], &told["marker"]["failures"]), (&false.into(), &2.into()));
    assert_eq!(told["marker"]["left"][0]["item"], "pkg:nobody-has-it");
    std::fs::write(&packages, &before).unwrap();
    let said = boot(&[]);
    assert_eq!((said.exit, said.out.as_str()), (0, "Nothing was to be done.\n"), "{said:?}");
    assert_eq!(boot(&["--status", "--json"]).document()["done"], true);
}

#[test]
fn a_first_boot_that_is_cut_off_again_and_again_has_to_be_asked_for() {
    let Some(computer) = Computer::sample() else { return };
    let root = computer.path("root");
    let boot = |args: &[&str]| {
        let words = [&["--root", root.to_str().unwrap(), "first-boot", "--system"], args].concat();
        computer.run(env!("CARGO_BIN_EXE_bkt"), &words)
    };
    std::fs::create_dir_all(root.join("usr/share/bkt")).unwrap();
    std::fs::rename(computer.path("setup"), root.join("usr/share/bkt/setup")).unwrap();
    let state = root.join("var/lib/bkt/first-boot");
    std::fs::create_dir_all(&state).unwrap();
    let cut = r#"{"deployment": "package-mode", "failures": 2, "complete": false, "running": 3, "cut_off": 2}"#;
    std::fs::write(state.join("first-boot.json"), cut).unwrap();
    let before = computer.tree(&["root/etc"]);
    let said = boot(&[]);
    assert_eq!(said.exit, 1, "{said:?}");
    assert!(said.err.contains("cut off three times"), "{said:?}");
    assert!(said.err.contains("bkt first-boot --system --again"), "{said:?}");
    assert_eq!(computer.tree(&["root/etc"]), before);
    assert_eq!(std::fs::read_to_string(state.join("first-boot.json")).unwrap(), cut);
    assert!(boot(&["--status"]).out.contains("cut off three times"));
    assert_eq!(boot(&["--again"]).exit, 0);
    assert_eq!(boot(&["--status"]).out, "First setup for package-mode: done.\n");
}

#[test]
fn on_a_terminal_it_asks_and_does_what_is_answered() {
    let Some(computer) = Computer::sample() else { return };
    let before = computer.tree(&["root", "setup"]);
    let said = computer.bkt_answered(&["apply", "pkg", "karg"], "?\nd\nn\n");
    assert!(said.out.contains("Run this plan? [y]es, [N]o, [s]elect, [d]iff, [?]"), "{said:?}");
    assert!(said.out.contains("change nothing") && said.out.contains("last agreed"), "{said:?}");
    assert!(said.out.ends_with("Nothing was changed.\r\n") && said.exit == 1, "{said:?}");
    assert_eq!(computer.tree(&["root", "setup"]), before);
    // Conflicts come first, then by name: leave nano, capture powertop, apply strace, ignore the arguments.
    let said = computer.bkt_answered(&["apply", "pkg", "karg"], "s\nl\nc\na\ni\ni\ny\n");
    assert_eq!(said.exit, 0, "{said:?}");
    let left = computer.bkt(&["status", "--porcelain", "--ignored"]).out;
    assert!(left.contains("pkg:nano") && !left.contains("pkg:powertop") && !left.contains("pkg:strace"), "{left}");
    assert!(left.contains("!! karg:mitigations=off\n!! karg:preempt=full\n"), "{left}");
    let said = computer.bkt_answered(&["apply", "unit"], "s\ni\ni\nl\ny\n");
    assert!(said.exit == 0 && said.out.ends_with("Nothing else to do.\r\n"), "{said:?}");
}

#[test]
fn a_plan_that_is_out_of_date_ignores_nothing_either() {
    let Some(computer) = Computer::sample() else { return };
    let change = "printf '\\n' >> setup/manifests/system-packages.json";
    // Leave nano, capture powertop, ignore strace; the second question is the one without ‘select’.
    let said = computer.bkt_disturbed(&["apply", "pkg"], "s\nl\nc\ni\n", "[N]o, [d]iff", change, "y\n");
    assert!(said.exit == 1 && said.out.contains("out of date"), "{said:?}");
    assert!(!said.out.contains("Ignoring") && !computer.path("setup/.bktignore").exists(), "{said:?}");
    let said = computer.bkt_answered(&["apply", "pkg"], "s\nl\nc\ni\ny\n");
    assert!(said.exit == 0 && said.out.contains("Ignoring pkg:strace."), "{said:?}");
    assert!(std::fs::read_to_string(computer.path("setup/.bktignore")).unwrap().contains("pkg:strace"));
}

#[test]
fn a_run_that_is_interrupted_leaves_a_receipt_and_the_system_alone() {
    let Some(computer) = Computer::sample() else { return };
    let said = computer.bkt_interrupted(&["apply", "gsetting", "flatpak", "unit", "karg", "--yes"]);
    assert_eq!(said.exit, 130, "{said:?}");
    assert!(said.err.contains("Stopping after your own steps…"), "{said:?}");
    let log = computer.bkt(&["log", "1", "--json"]);
    assert_eq!(log.exit, 0, "{log:?}");
    let left = computer.bkt(&["status", "--porcelain"]).out;
    assert!(left.contains("unit:sshd-lab.service") && !left.contains("flatpak:"), "{left}");
}
