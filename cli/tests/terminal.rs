// SPDX-License-Identifier: GPL-3.0-or-later
//! What is written over and asked on a terminal, and what of it reaches a pipe: nothing.

use std::os::unix::fs::PermissionsExt;

use crate::computer::Computer;

/// Three commands of the host that are missing and one that is only here.
fn computer() -> Computer {
    let shims = r#"{"shims": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}"#;
    let computer = Computer::bare(&[("host-shims.json", shims)]);
    let shim = computer.path("home/.local/toolbox/shims/z");
    std::fs::create_dir_all(shim.parent().unwrap()).unwrap();
    std::fs::write(&shim, "#!/bin/bash\nexec flatpak-spawn --host z \"$@\"\n").unwrap();
    std::fs::set_permissions(&shim, PermissionsExt::from_mode(0o755)).unwrap();
    computer
}

fn left(computer: &Computer) -> Vec<String> {
    let said = computer.bkt(&["status", "--porcelain", "--ignored"]).out;
    said.lines().filter(|line| line.contains("shim:")).map(|line| line.replacen("  ", " ", 1)).collect()
}

#[test]
fn each_change_says_what_its_letters_would_do_and_one_letter_decides_the_rest() {
    let computer = computer();
    let said = computer.bkt_answered(&["apply", "shim"], "s\n?\na\nii\ny\n");
    assert_eq!(said.exit, 0, "{said:?}");
    for line in [
        "(1/4)",
        "apply    ",
        "capture  Take a out of manifests/host-shims.json",
        "(or s, skip)",
        "likewise cc, ii and ll",
    ] {
        assert!(said.out.contains(line), "{line}: {said:?}");
    }
    assert_eq!(left(&computer), ["!! shim:b", "!! shim:c", "!! shim:z"]);
}

#[test]
fn what_is_skipped_stays_and_quitting_changes_nothing() {
    let computer = computer();
    let before = left(&computer);
    let said = computer.bkt_answered(&["apply", "shim"], "s\na\nq\n");
    assert!(said.exit == 1 && said.out.contains("Nothing was changed."), "{said:?}");
    assert_eq!(left(&computer), before);
    let said = computer.bkt_answered(&["capture", "shim"], "s\ns\nc\nss\ny\n");
    assert_eq!(said.exit, 0, "{said:?}");
    let manifest = std::fs::read_to_string(computer.path("setup/manifests/host-shims.json")).unwrap();
    assert!(manifest.contains("\"a\"") && !manifest.contains("\"b\"") && manifest.contains("\"c\""), "{manifest}");
}

#[test]
fn what_runs_is_written_over_on_a_terminal_only() {
    let Some(computer) = Computer::sample() else { return };
    let command = format!("stty cols 80; {} --root root -C setup dnf install ripgrep -y", env!("CARGO_BIN_EXE_bkt"));
    let live = computer.run("env", &["TERM=xterm", "script", "-qec", &command, "/dev/null"]);
    assert_eq!(live.exit, 0, "{live:?}");
    // The tool's own words stand behind the step that runs.
    assert!(live.out.contains("Install ripgrep · "), "{live:?}");
    assert!(live.out.contains("[2/2] ") && live.out.contains("done"), "{live:?}");
    assert_eq!(computer.bkt(&["undo", "-y"]).exit, 0);
    for flags in [&[][..], &["--progress", "plain"]] {
        let piped = computer.bkt(&[&["dnf", "install", "ripgrep", "-y"], flags].concat());
        assert!(piped.err.contains("[2/2] done"), "{piped:?}");
        assert!(!piped.err.contains(['\x1b', '\r', '·']), "{piped:?}");
        assert_eq!(computer.bkt(&["undo", "-y"]).exit, 0);
    }
}

#[test]
fn a_wrong_name_gets_the_right_one() {
    let computer = computer();
    for (command, hint) in [
        (&["apply", "shm:a"][..], "Did you mean shim:a?"),
        (&["apply", "shim:aa"], "Did you mean shim:a?"),
        (&["diff", "settings"], "Did you mean gsetting?"),
        (&["capture", "application:a"], "Did you mean flatpak:a?"),
        (&["ignore", "services"], "Did you mean unit?"),
        (&["schema", "statuss"], "Did you mean status?"),
        (&["undo", "7"], "Nothing was run yet"),
        (&["aply"], "a similar subcommand exists: 'apply'"),
        (&["containerfile", "adopt", "SYSTEM_PACKAGE"], "known sections are COPR_REPOS, SYSTEM_PACKAGES"),
        (&["extension", "capture"], "this is ‘bkt capture ext’ now"),
        (&["system", "add", "htop"], "this is ‘bkt dnf install htop’ now"),
    ] {
        let said = computer.bkt(command);
        assert!(said.exit == 2 && said.err.contains(hint), "{command:?}: {said:?}");
    }
    assert_eq!(computer.bkt(&["apply", "shim:a", "-y"]).exit, 0);
    assert!(computer.bkt(&["log", "7"]).err.contains("The only run is 1"));
    assert_eq!(computer.bkt(&["apply", "shim:b", "-y"]).exit, 0);
    assert!(computer.bkt(&["undo", "7"]).err.contains("‘bkt log’ lists the runs, 1 to 2"));
    let document = computer.bkt(&["aply", "--json"]).document();
    assert_eq!(document["error"]["hint"], "a similar subcommand exists: 'apply'");
}

#[test]
fn every_line_fits_a_terminal_and_a_pipe_gets_reasons_in_one() {
    let Some(computer) = Computer::sample() else { return };
    let before = std::fs::read_to_string(computer.path("setup/manifests/system-packages.json")).unwrap();
    computer.manifest("system-packages.json", &before.replacen("\"htop\"", "\"htop\",\n    \"foo >= 1\"", 1));
    let reason = "manifests/system-packages.json line 6: ‘foo >= 1’ is not a valid package name: it holds a character that is not allowed\n";
    for command in [
        &["status"][..],
        &["drift"],
        &["diff"],
        &["doctor"],
        &["plan", "show"],
        &["plan", "show", "--apply", "pkg", "unit", "karg", "gsetting", "flatpak"],
        &["flatpak", "list"],
        &["dnf", "list"],
        &["admin", "systemctl", "status", "tuned.service"],
        &["admin", "kargs", "append", "a=1", "--setup-only"],
        &["shim", "add", "nmcli"],
        &["log"],
    ] {
        let said = computer.bkt_answered(command, "");
        let wide = said.out.split(['\r', '\n']).find(|line| plain(line).chars().count() > 80);
        assert_eq!(wide, None, "{command:?}: {said:?}");
    }
    for command in ["status", "drift", "diff", "doctor"] {
        let said = computer.bkt(&[command]);
        assert!(said.out.contains(reason), "{command}: {said:?}");
    }
    // Both of its steps are about one item.
    let said = computer.bkt(&["log"]);
    assert!(said.out.lines().any(|line| line.ends_with("  shim:nmcli")), "{said:?}");
}

/// A line without what the cursor is moved and text is styled with.
fn plain(line: &str) -> String {
    let parts = line.split('\x1b').enumerate();
    parts
        .map(|(n, part)| if n == 0 { part } else { part.split_once(char::is_alphabetic).map_or("", |it| it.1) })
        .collect()
}
