// SPDX-License-Identifier: GPL-3.0-or-later
//! With `--json` standard output is exactly one document, whatever happens.

use crate::computer::Computer;

#[test]
fn every_command_answers_with_one_document() {
    let computer = Computer::bare(&[]);
    let commands: [&[&str]; 48] = [
        &[],
        &["status"],
        &["drift"],
        &["drift", "list", "--ignored"],
        &["drift", "check"],
        &["diff"],
        &["plan", "show"],
        &["apply", "--yes"],
        &["capture", "--yes"],
        &["ignore", "pkg:htop"],
        &["ignore", "--list"],
        &["local", "list"],
        &["local", "clear"],
        &["log"],
        &["system"],
        &["admin", "kargs", "list"],
        &["admin", "systemd", "list"],
        &["gsetting", "list"],
        &["gsetting", "discover"],
        &["skel", "list"],
        &["skel", "diff"],
        &["repo", "path"],
        &["shim", "sync"],
        &["skel", "sync"],
        &["etc", "list"],
        &["etc", "diff"],
        &["init", "new", "-n"],
        &["doctor"],
        &["notify"],
        &["first-boot", "--status"],
        &["topgrade"],
        &["topgrade", "install"],
        &["topgrade", "remove"],
        &["completions", "bash"],
        &["base", "verify"],
        &["base", "list"],
        &["base", "info"],
        &["base", "assume", "git"],
        &["base", "unassume", "git"],
        &["upstream", "list"],
        &["upstream", "verify"],
        &["dev", "list"],
        &["dev", "install", "git", "--setup-only"],
        &["distrobox", "list"],
        &["schema"],
        &["schema", "status"],
        &["schema", "generate", "-o", "schemas"],
        &["apply", "--all", "-n"],
    ];
    for command in commands {
        for flags in [&["--json"][..], &["--format", "json"]] {
            let document = computer.bkt(&[flags, command].concat()).document();
            assert!(document.get("error").is_none_or(serde_json::Value::is_null), "{command:?}: {document}");
        }
    }
}

#[test]
fn every_failure_answers_with_one_document() {
    let computer = Computer::bare(&[]);
    for (command, code, exit) in [
        (&["nosuch"][..], "usage", 2),
        (&["status", "--nosuch"], "usage", 2),
        (&["diff", "pkg:nosuch"], "no_rpm_database", 6),
        (&["apply", "nosuch"], "unknown_item", 2),
        (&["apply", "nosuch.json"], "plan_not_found", 2),
        (&["gs", "get", "org.a", "b"], "schema_missing", 2),
        (&["log", "7"], "unknown_run", 2),
        (&["system", "diff"], "not_image_based", 6),
        (&["system", "staged"], "not_image_based", 6),
        (&["init", "home"], "folder_not_empty", 6),
        (&["containerfile", "check"], "recipe_not_found", 6),
        (&["status", "-C", "/nonexistent"], "repo_not_found", 6),
        (&["status", "--root", "/nonexistent"], "root_not_found", 2),
    ] {
        let words = [&["--json"], command].concat();
        let said = if command.contains(&"-C") || command.contains(&"--root") {
            computer.run(env!("CARGO_BIN_EXE_bkt"), &words)
        } else {
            computer.bkt(&words)
        };
        let document = said.document();
        assert_eq!(document["format"], "bkt.error", "{said:?}");
        assert_eq!((document["error"]["code"].as_str(), said.exit), (Some(code), exit), "{said:?}");
        assert_eq!(document["error"]["exit"], exit);
    }
}
