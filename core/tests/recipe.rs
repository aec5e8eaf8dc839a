// SPDX-License-Identifier: GPL-3.0-or-later
//! What holds for every Containerfile: nothing outside the sections changes, and updating once is enough.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "thousands of setups need not survive a crash")]

use bkt_core::recipe::{Section, State, Wanted, adopted, check, synced};
use bkt_core::setup::Setup;
use proptest::prelude::*;

fn setup(packages: &[String], kargs: &[String]) -> (tempfile::TempDir, Setup) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("manifests")).unwrap();
    let write = |name: &str, json: serde_json::Value| {
        std::fs::write(dir.path().join("manifests").join(name), json.to_string()).unwrap();
    };
    write("system-packages.json", serde_json::json!({"packages": packages}));
    write("system-config.json", serde_json::json!({"kargs": {"append": kargs}}));
    let setup = Setup::load(dir.path()).unwrap();
    (dir, setup)
}

/// Pieces of Containerfiles, with what is easily mistaken.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("RUN cat <<EOF\n# === END SETUP ===\nEOF".to_owned()),
        Just("RUN a && \\\n  # note\n  b".to_owned()),
        Just("FROM other".to_owned()),
        Just("RUN bootc container lint".to_owned()),
        Just("# === MINE (managed by bkt) ===".to_owned()),
        Just("# === END MINE ===".to_owned()),
        Just(String::new()),
        "[ -~äß]{0,20}".prop_map(|text| format!("# {text}")),
        "[a-z ]{0,12}".prop_map(|text| format!("RUN {text}")),
    ]
}

fn name() -> impl Strategy<Value = Section> {
    prop::sample::select(Section::ALL.to_vec())
}

/// The lines of a text that stand outside of sections, each with its end.
fn outside(text: &str) -> Vec<&str> {
    let mut inside = false;
    let mut document = false;
    let mut kept = Vec::new();
    for line in text.split_inclusive('\n') {
        let marker = line.trim();
        let ours = Section::ALL.iter().any(|section| marker.contains(&format!(" {section} ")));
        document = (document || marker.ends_with("<<EOF")) && marker != "EOF";
        if ours && !document && marker.starts_with("# === END ") {
            inside = false;
        }
        if !inside {
            kept.push(line);
        }
        if ours && !document && marker.ends_with(" (managed by bkt) ===") {
            inside = true;
        }
    }
    kept
}

proptest! {
    #[test]
    fn only_sections_change_and_once_is_enough(
        pieces in prop::collection::vec(piece(), 0..8),
        sections in prop::collection::btree_map(name(), (0_usize..8, "[a-z\\\\]{0,6}"), 0..5),
        packages in prop::collection::vec("[a-z]{1,6}", 0..4),
        kargs in prop::collection::vec("[a-z]{1,6}(=[a-z0-9%,]{1,4})?", 0..3),
        windows in any::<bool>(),
        ended in any::<bool>(),
    ) {
        let (_dir, setup) = setup(&packages, &kargs);
        let mut all = vec!["FROM base".to_owned()];
        all.extend(pieces);
        for (section, (at, body)) in &sections {
            let at = (*at).min(all.len());
            all.insert(at, format!("# === {section} (managed by bkt) ===\nRUN {}\n# === END {section} ===", body.trim_end_matches('\\')));
        }
        let mut text = all.join("\n") + if ended { "\n" } else { "" };
        if windows { text = text.replace('\n', "\r\n"); }
        let new = synced(&setup, &text, true).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        prop_assert_eq!(outside(&new.text), outside(&text));
        let (statuses, _) = check(&setup, &new.text).unwrap();
        for status in &statuses {
            let there = sections.contains_key(&status.section);
            prop_assert_eq!(there, status.line.is_some());
            prop_assert!(!there || status.state == State::InSync, "{}", new.text);
        }
        prop_assert_eq!(&synced(&setup, &new.text, false).unwrap().text, &new.text);

        let (whole, added) = adopted(&setup, &new.text, &Wanted::These(Section::ALL.to_vec())).unwrap();
        prop_assert_eq!(added.len() + sections.len(), Section::ALL.len());
        prop_assert!(check(&setup, &whole).unwrap().0.iter().all(|status| status.state == State::InSync), "{}", whole);
        let mut rest = whole.as_str();
        for line in new.text.split_inclusive('\n') {
            let found = rest.find(line);
            prop_assert!(found.is_some(), "{line:?} is gone from {whole}");
            rest = &rest[found.unwrap() + line.len()..];
        }
        prop_assert_eq!(&adopted(&setup, &whole, &Wanted::All).unwrap().0, &whole);
    }

    #[test]
    fn an_edit_by_hand_is_always_noticed(
        packages in prop::collection::vec("[a-z]{1,6}", 1..5),
        at in any::<prop::sample::Index>(),
        letter in "[a-z]",
    ) {
        let (_dir, setup) = setup(&packages, &[]);
        let (text, _) = adopted(&setup, "FROM base\n", &Wanted::Missing).unwrap();
        let names: Vec<usize> = text.match_indices("\n    ").map(|(at, line)| at + line.len()).collect();
        let mut edited = text.clone();
        edited.insert_str(*at.get(&names), &letter);
        let left = synced(&setup, &edited, false).unwrap();
        prop_assert_eq!(&left.text, &edited);
        prop_assert_eq!(left.left.len(), 1);
        prop_assert_eq!(synced(&setup, &edited, true).unwrap().text, text);
    }

    #[test]
    fn no_text_makes_it_panic(lines in prop::collection::vec(prop_oneof![
        "\\PC{0,20}",
        name().prop_map(|section| format!("# === {section} (managed by bkt) ===")),
        name().prop_map(|section| format!("# === END {section} ===")),
        Just("RUN x <<A <<-'B' \\".to_owned()),
        Just("FROM".to_owned()),
        Just("A\r".to_owned()),
    ], 0..12)) {
        let (_dir, setup) = setup(&["htop".to_owned()], &[]);
        let text = lines.join("\n");
        if let Ok(new) = synced(&setup, &text, true) {
            prop_assert!(check(&setup, &new.text).is_ok());
        }
        if let Ok((new, _)) = adopted(&setup, &text, &Wanted::All) {
            prop_assert!(check(&setup, &new).is_ok(), "{}", new);
        }
    }
}

/// What the recipe's own sed makes of a file of the base image's kernel arguments.
fn after_removing(argument: &str, file: &str) -> String {
    use std::io::Write;
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("manifests")).unwrap();
    let config = serde_json::json!({"kargs": {"remove": [argument]}}).to_string();
    std::fs::write(dir.path().join("manifests/system-config.json"), config).unwrap();
    let setup = Setup::load(dir.path()).unwrap();
    let (text, _) = adopted(&setup, "FROM base\n", &Wanted::Missing).unwrap();
    let line = text.lines().find(|line| line.contains("sed -i -E")).unwrap();
    let script = line.split('\'').nth(3).unwrap();
    let mut sed = std::process::Command::new("sed")
        .args(["-E", script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    sed.stdin.take().unwrap().write_all(file.as_bytes()).unwrap();
    let output = sed.wait_with_output().unwrap();
    assert!(output.status.success(), "{script}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_argument_that_is_to_go_is_taken_out_of_the_base_images_files_and_nothing_else_is() {
    let file = "kargs = [\"quiet\", \"rhgb quiet x\", 'quiet', \"quiet=1\", \"noquiet\"]\n";
    let after = "kargs = [\"\", \"rhgb  x\", '', \"quiet=1\", \"noquiet\"]\n";
    assert_eq!(after_removing("quiet", file), after);
    for odd in ["a=/dev/x.y", "a=[b]*(c)|d^{e}+?", "a=b;c&d<e>f#g!%@~"] {
        let file = format!("kargs = [\"{odd}\", \"a\"]\n");
        assert_eq!(after_removing(odd, &file), "kargs = [\"\", \"a\"]\n", "{odd}");
        assert!(after_removing(odd, "kargs = [\"aXb\"]\n").contains("aXb"));
    }
}
