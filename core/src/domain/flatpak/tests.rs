// SPDX-License-Identifier: GPL-3.0-or-later
//! Entries and installations of Flatpak applications, on recorded output.

use super::*;
use crate::agreed::Base;
use crate::compare::{Effect, Origin, Shape};
use crate::deployment::System;
use crate::host::Output;
use crate::host::recording::RecordingHost;
use crate::item::{Domain, ItemId};

const LIST: &str = "flatpak list --app --columns=installation,application,origin,branch,active,name";
const USER: &str = "flatpak list --app --user --columns=installation,application,origin,branch,active,name";
const OLD: &str = "20f1108b93905862760d2b1e49599108f2546eee972f53c12475047f04a2c203";
const NEW: &str = "7c72a6b2cef4eac94cf206b5d2d59517865ec3dc2d9bfe0263349f767ded9cde";
const HOME: &str = "/home/sam/.local/share/flatpak";

fn read(text: &str) -> Declarations {
    Reader::declarations(Manifest::FlatpakApps, Domain::Flatpak, text).unwrap().0
}

fn warnings(text: &str) -> Vec<String> {
    let (_, warnings) = Reader::declarations(Manifest::FlatpakApps, Domain::Flatpak, text).unwrap();
    warnings.into_iter().map(|warning| warning.message).collect()
}

fn host(rows: &str) -> RecordingHost {
    RecordingHost::default().with_home("/home/sam").prints(LIST, rows).prints(USER, rows)
}

/// With the person's Boxes at a commit, and a line of flatpak's configuration.
fn at(commit: &str, config: &str) -> RecordingHost {
    host("user\torg.gnome.Boxes\tlab\tstable\tabc\tBoxes\n")
        .symlink(&format!("{HOME}/app/org.gnome.Boxes/x86_64/stable/active"), commit)
        .file(&format!("{HOME}/repo/config"), &format!("[core]\n{config}\n\n[remote \"lab\"]\nurl=file:///x\n"))
}

fn observe(host: &dyn Host, declared: &Declarations) -> Observation {
    Applications.observe(&Look { host, system: &System::probe(host), declared }).unwrap()
}

fn boxes(host: &dyn Host) -> FlatpakSource {
    of(observe(host, &Declarations::new()).entries["org.gnome.Boxes"].value.as_ref()).unwrap().clone()
}

fn change(key: &str, setup: Option<&FlatpakSource>, computer: Option<&FlatpakSource>) -> Change {
    let value = |source: Option<&FlatpakSource>| source.cloned().map(Value::Flatpak);
    Change {
        id: ItemId::new(Domain::Flatpak, key),
        name: None,
        setup: value(setup),
        computer: value(computer),
        base: Base::Unknown,
        shape: Shape::Different,
        origin: Origin::New,
        effect: Effect::Now,
        privilege: Privilege::User,
        declared_at: None,
        fixed: None,
    }
}

fn source(json: serde_json::Value) -> FlatpakSource {
    serde_json::from_value(json).unwrap()
}

#[test]
fn an_application_without_a_remote_hides_no_other() {
    let rows = "user\torg.gnome.Boxes\t\tstable\tabc\tBoxes\nuser\torg.gnome.Maps\tflathub\tstable\tabc\tMaps\n";
    let seen = observe(&host(rows), &Declarations::new()).entries;
    assert_eq!(seen["org.gnome.Boxes"].problem.as_ref().unwrap().code, "no_origin");
    assert!(seen["org.gnome.Maps"].problem.is_none() && seen["org.gnome.Maps"].value.is_some());
    assert_eq!(seen["org.gnome.Maps"].name.as_deref(), Some("Maps"));
}

#[test]
fn output_of_another_shape_is_a_problem() {
    let host = host("error: something\n");
    let look = Look { host: &host, system: &System::probe(&host), declared: &Declarations::new() };
    assert_eq!(Applications.observe(&look).unwrap_err().code, "unexpected_output");
}

#[test]
fn entries_of_one_application_say_what_they_are() {
    let entry = |rest: &str| format!("{{\"id\": \"a.b.C\"{rest}}}");
    let keys = |entries: &[&str]| -> Vec<String> {
        let entries: Vec<String> = entries.iter().map(|rest| entry(rest)).collect();
        read(&format!("{{\"apps\": [{}]}}", entries.join(","))).into_keys().collect()
    };
    assert_eq!(keys(&[""]), ["a.b.C"]);
    assert_eq!(keys(&["", ",\"scope\": \"user\""]), ["system/a.b.C", "user/a.b.C"]);
    assert_eq!(keys(&[",\"branch\": \"beta\"", ",\"branch\": \"stable\""]), ["a.b.C//beta", "a.b.C//stable"]);
    // The same twice is one entry.
    assert_eq!(keys(&["", ""]), ["a.b.C"]);
}

#[test]
fn entries_are_edited_one_by_one_whatever_they_are_called() {
    let text = "{\n  \"apps\": [\n    {\"id\": \"a.b.C\", \"remote\": \"lab\", \"note\": 1}\n  ]\n}\n";
    let edit = |text: &str, key: &str, value: Option<&FlatpakSource>| {
        let value = value.cloned().map(Value::Flatpak);
        crate::manifest::edit::edited(Manifest::FlatpakApps, text, &ItemId::new(Domain::Flatpak, key), value.as_ref())
            .unwrap()
    };
    let user = source(serde_json::json!({"remote": "lab", "scope": "user"}));
    let both = edit(text, "user/a.b.C", Some(&user));
    assert_eq!(read(&both).into_keys().collect::<Vec<_>>(), ["system/a.b.C", "user/a.b.C"]);
    assert_eq!(edit(&both, "user/a.b.C", None), text);
    let beta = source(serde_json::json!({"remote": "lab", "scope": "user", "branch": "beta"}));
    let three = edit(&both, "user/a.b.C//beta", Some(&beta));
    assert_eq!(read(&three).len(), 3, "{three}");
    assert_eq!(edit(&three, "user/a.b.C//beta", None), both);
    // The only one changes in place, to another scope too, and keeps what others wrote.
    let moved = edit(text, "a.b.C", Some(&user));
    assert!(moved.contains("\"note\": 1, \"scope\": \"user\"") && read(&moved).len() == 1, "{moved}");
    // Two that came at once.
    let item = |key: &str| ItemId::new(Domain::Flatpak, key);
    let system = Value::Flatpak(source(serde_json::json!({"remote": "lab", "scope": "system"})));
    let (user, one, two) = (Value::Flatpak(user), item("a.b.C"), item("system/a.b.C"));
    let at_once = [(&one, Some(&user)), (&two, Some(&system))];
    let new = crate::manifest::edit::apply(Manifest::FlatpakApps, "", at_once).unwrap();
    assert_eq!(read(&new).into_keys().collect::<Vec<_>>(), ["system/a.b.C", "user/a.b.C"]);
    assert_eq!(crate::manifest::edit::apply(Manifest::FlatpakApps, &new, at_once).unwrap(), new);
}

#[test]
fn a_pin_is_a_commit_and_a_mask_of_exactly_this_application() {
    let pin = |config: &str| boxes(&at(OLD, config)).commit.map(|commit| commit.to_string());
    assert_eq!(pin(""), None);
    for mask in ["org.gnome.Boxes", "org.gnome.Boxes//stable", "app/org.gnome.Boxes/x86_64/stable"] {
        assert_eq!(pin(&format!("xa.masked=org.a.B;{mask}")).as_deref(), Some(OLD), "{mask}");
    }
    for mask in ["org.gnome.*", "org.gnome.Boxes//beta", "org.gnome.Boxes.Locale"] {
        assert_eq!(pin(&format!("xa.masked={mask}")), None, "{mask}");
    }
}

#[test]
fn pins_and_overrides_count_also_by_the_beginning_of_a_commit() {
    let plain = source(serde_json::json!({"remote": "lab", "scope": "user"}));
    let with = |name: &str, value: serde_json::Value| {
        let mut json = serde_json::json!(plain);
        json[name] = value;
        source(json)
    };
    let held = with("commit", OLD.into());
    assert!(!held.is_met_by(&plain) && !plain.is_met_by(&held) && held.is_met_by(&held.clone()));
    assert!(!held.is_met_by(&with("commit", NEW.into())));
    let short = with("commit", "20f1108b9390".into());
    assert!(short.is_met_by(&held) && !short.is_met_by(&plain) && !held.is_met_by(&short));
    assert!(!short.is_met_by(&with("commit", NEW.into())));
    let home = with("overrides", serde_json::json!(["--filesystem=home"]));
    assert!(!home.is_met_by(&plain) && !plain.is_met_by(&home));
    assert!(with("overrides", serde_json::Value::Null).is_met_by(&home));
    assert_eq!(source(serde_json::json!(home)), home);
    assert_eq!(serde_json::json!(plain), serde_json::json!({"remote": "lab", "scope": "user"}));
    assert!(
        serde_json::from_value::<FlatpakSource>(
            serde_json::json!({"remote": "lab", "scope": "user", "overrides": ["--talk"]})
        )
        .is_err()
    );

    let text = |rest: &str| format!("{{\"apps\": [{{\"id\": \"a.b.C\", {rest}}}]}}");
    assert_eq!(warnings(&text("\"commit\": \"20f1108b9390\"")), [""; 0]);
    assert!(warnings(&text("\"overrides\": [\"--filesystem=home\", \"--later=1\"]"))[0].contains("‘--later=1’"));
    assert_eq!(warnings(&text(&format!("\"commit\": \"{OLD}\", \"overrides\": [\"--share=ipc\"]"))), [""; 0]);
    let kept = read(&text("\"overrides\": {\"x\": 1}"));
    assert_eq!(of(kept["a.b.C"].value.as_ref()).unwrap().overrides, None);
}

#[test]
fn a_capture_keeps_what_the_setup_says_in_its_own_words() {
    let setup = source(serde_json::json!({"remote": "old", "scope": "user", "commit": "20f1108b9390",
        "overrides": ["--share=ipc", "--filesystem=~/"]}));
    let computer = source(serde_json::json!({"remote": "lab", "scope": "user", "branch": "stable", "commit": OLD,
        "overrides": ["--filesystem=home", "--share=ipc"]}));
    let captured = Applications.captured(&change("a.b.C", Some(&setup), Some(&computer))).unwrap();
    let expected = FlatpakSource { remote: "lab".parse().unwrap(), ..setup };
    assert_eq!(serde_json::json!(captured), serde_json::json!(expected));
    let captured = Applications.captured(&change("a.b.C//stable", None, Some(&computer))).unwrap();
    assert_eq!(serde_json::json!(captured), serde_json::json!(computer));
    // Nobody is asked to take back at first boot what the setup never spoke of.
    let plain = FlatpakSource::new("lab".parse().unwrap(), Scope::User, None);
    assert!(Applications.takes_away(&change("a.b.C", Some(&plain), Some(&computer))));
    assert!(!Applications.takes_away(&change("a.b.C", Some(&computer), Some(&plain))));
}

#[test]
fn overrides_beyond_options_are_compared_and_left_alone() {
    let host = host("user\torg.gnome.Boxes\tlab\tstable\tabc\tBoxes\n")
        .file(&format!("{HOME}/overrides/org.gnome.Boxes"), "[Context]\nshared=!network;\nlater=x;\n");
    let seen = &observe(&host, &Declarations::new()).entries["org.gnome.Boxes"];
    assert_eq!(of(seen.value.as_ref()).unwrap().overrides.as_ref().unwrap().to_string(), "--unshare=network");
    assert!(seen.fixed.as_ref().unwrap().contains("[Context] later"));
    let to = source(serde_json::json!({"remote": "lab", "scope": "user", "overrides": ["--share=ipc"]}));
    let refused = bring(&host, &"org.gnome.Boxes".parse().unwrap(), &to, &mut |_| {}).unwrap_err();
    assert_eq!(refused.code, "not_ours");
}

#[test]
fn what_is_held_is_let_go_before_it_moves_and_held_again_when_it_could_not() {
    let id: FlatpakId = "org.gnome.Boxes".parse().unwrap();
    let to = source(serde_json::json!({"remote": "lab", "scope": "user", "commit": NEW}));
    let gone = Output { status: 1, stderr: "error: No such commit\n".to_owned(), ..Output::default() };
    let update = format!("flatpak update --noninteractive --user --commit={NEW} org.gnome.Boxes//stable");
    let host = at(OLD, "xa.masked=org.gnome.Boxes")
        .prints("flatpak mask --remove --user org.gnome.Boxes", "")
        .answers(&update, gone)
        .prints("flatpak mask --user org.gnome.Boxes", "");
    let error = bring(&host, &id, &to, &mut |_| {}).unwrap_err();
    assert_eq!(error.code, "no_such_commit");
    assert!(error.message.contains("held at 7c72a6b2cef4: flatpak failed: No such commit"), "{}", error.message);
    let done: Vec<String> = host.effects().into_iter().filter(|call| !call.contains(" list ")).collect();
    let calls = ["flatpak mask --remove --user org.gnome.Boxes", &update, "flatpak mask --user org.gnome.Boxes"];
    assert_eq!(done, calls);

    // Already there, by its beginning, too: only the mask is missing.
    let short = source(serde_json::json!({"remote": "lab", "scope": "user", "commit": &NEW[..7]}));
    for to in [&to, &short] {
        let host = at(NEW, "").prints("flatpak mask --user org.gnome.Boxes//stable", "");
        bring(&host, &id, to, &mut |_| {}).unwrap();
        assert_eq!(host.effects().len(), 3);
    }

    // The remote knows the whole of it, or nothing is let go.
    let log = "flatpak remote-info --log --user lab org.gnome.Boxes";
    let masked = || at(OLD, "xa.masked=org.gnome.Boxes").prints("flatpak mask --remove --user org.gnome.Boxes", "");
    let host = masked().prints(log, &format!("  Commit: {NEW}\n  Commit: {OLD}\n")).prints(&update, "");
    // The stand-in stays where it is, which is told; what matters is what was asked for.
    let _ = bring(&host, &id, &short, &mut |_| {});
    assert!(host.effects().contains(&update), "{:?}", host.effects());
    let host = masked().prints(log, &format!("  Commit: {OLD}\n"));
    let error = bring(&host, &id, &short, &mut |_| {}).unwrap_err();
    assert_eq!(error.code, "no_such_commit");
    assert!(host.effects().iter().all(|call| !call.contains("mask")), "{:?}", host.effects());
}

#[test]
fn what_came_only_to_be_held_goes_when_it_cannot_be() {
    let id: FlatpakId = "org.gnome.Maps".parse().unwrap();
    let to = source(serde_json::json!({"remote": "lab", "scope": "user", "commit": NEW}));
    let install = "flatpak install --noninteractive --reinstall --user lab org.gnome.Maps";
    let host = host("").prints(install, "");
    let error = bring(&host, &id, &to, &mut |_| {}).unwrap_err();
    assert_eq!(error.code, "unverified");
}

#[test]
fn sentences_name_what_changes_and_nothing_else() {
    let id: FlatpakId = "org.gnome.Boxes".parse().unwrap();
    let plain = source(serde_json::json!({"remote": "lab", "scope": "user"}));
    let all =
        source(serde_json::json!({"remote": "lab", "scope": "user", "commit": OLD, "overrides": ["--share=ipc"]}));
    let say = |from: Option<&FlatpakSource>, to: &FlatpakSource| words::sentence(&id, from, to);
    assert_eq!(say(None, &plain), "Install org.gnome.Boxes from lab for this user");
    assert_eq!(
        say(None, &all),
        "Install org.gnome.Boxes from lab for this user; Hold org.gnome.Boxes at commit 20f1108b9390; \
         Override the permissions of org.gnome.Boxes: --share=ipc"
    );
    assert_eq!(
        say(Some(&all), &plain),
        "Let org.gnome.Boxes be updated again; Take back the overrides of org.gnome.Boxes"
    );
    let held = FlatpakSource { overrides: plain.overrides.clone(), ..all.clone() };
    assert_eq!(say(Some(&plain), &held), "Hold org.gnome.Boxes at commit 20f1108b9390");
}
