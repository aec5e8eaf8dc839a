use super::*;
use crate::compare::{self, Shape};
use crate::deployment::System;
use crate::host::Output;
use crate::host::recording::RecordingHost;
use crate::ignore::Ignored;
use crate::item::{Domain, ItemId};
use crate::manifest::edit::edited;
use crate::setup::Setup;

/// What distrobox 1.8.1.2 and podman 5.4.2 said of a box made by the command line below, one made by hand, and one
/// of distrobox-assemble.
const LIST: &str = include_str!("../../../tests/fixtures/distrobox-1.8.1-list.txt");
const INSPECT: &str = include_str!("../../../tests/fixtures/podman-5.4-boxes.json");

const IMAGE: &str = "registry.example.org/team/base:1";

/// The box `dev` of the recording.
const DEV: &str = r#"{"containers": {"dev": {
  "image": "registry.example.org/team/base:1", "packages": ["git", "vim"],
  "init_hooks": ["touch /a", "echo \"$HOME\" *"], "pre_init_hooks": ["true"],
  "volume": ["$HOME/src:/src:ro"], "path": ["~/.cargo/bin"], "env": {"EDITOR": "vim"},
  "additional_flags": ["--pids-limit=100 --device /dev/null"], "init": true, "pull": true
}}}"#;

fn host() -> RecordingHost {
    RecordingHost::default()
        .with_home("/home/sam")
        .prints("distrobox list --no-color", LIST)
        .prints("podman inspect --type container dev old plain", INSPECT)
}

fn read(text: &str) -> Result<Declarations, ManifestError> {
    Reader::declarations(Manifest::Distrobox, Domain::Box, text).map(|(declared, _)| declared)
}

fn source(text: &str) -> BoxSource {
    of(read(text).unwrap().into_values().next().unwrap().value.as_ref()).unwrap().clone()
}

fn observe(host: &RecordingHost, declared: &Declarations) -> Observation {
    Boxes.observe(&Look { host, system: &System::probe(host), declared }).unwrap()
}

/// The changes between a setup with this manifest and the recorded boxes.
fn changes(host: &RecordingHost, text: &str) -> compare::Comparison {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("manifests")).unwrap();
    crate::files::replace(&dir.path().join("manifests/distrobox.json"), text.as_bytes()).unwrap();
    let setup = Setup::load(dir.path()).unwrap();
    compare::compare_some(host, &setup, &Ignored::default(), &[Domain::Box])
}

fn shapes(comparison: &compare::Comparison) -> Vec<(&str, Shape)> {
    comparison.changes.iter().map(|change| (change.id.key.as_str(), change.shape)).collect()
}

#[test]
fn a_box_is_made_by_the_recorded_command() {
    let spelled = made::spelled(source(DEV), Some("/home/sam"));
    let create = make::create(&"dev".parse().unwrap(), &spelled, "/home/sam").unwrap();
    assert_eq!(
        create.to_string(),
        "distrobox create --yes --name dev --image registry.example.org/team/base:1 --additional-packages 'git vim' \
         --init-hooks 'touch /a && echo ZWNobyAiJEhPTUUiICo= | base64 -d | sh' --pre-init-hooks true \
         --volume /home/sam/src:/src:ro \
         --additional-flags --env=PATH=/home/sam/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
         --additional-flags --env=EDITOR=vim --additional-flags --pids-limit=100 \
         --additional-flags --device=/dev/null --init --pull"
    );
}

#[test]
fn what_a_box_was_made_from_is_read_back() {
    let comparison = changes(&host(), DEV);
    assert_eq!(comparison.in_sync.len(), 1, "{:?}", comparison.changes);
    assert_eq!(shapes(&comparison), [("old", Shape::OnlyHere), ("plain", Shape::OnlyHere)]);
    let seen = observe(&host(), &Declarations::new());
    let old = of(seen.entries["old"].value.as_ref()).unwrap();
    assert_eq!(old.packages.as_deref().unwrap(), ["git", "make", "gcc"]);
    assert_eq!(old.init_hooks.as_deref().unwrap(), ["touch /one && touch /two"]);
    assert!(old.unread.contains("pre_init_hooks"), "a shell went over the quotes");
    assert_eq!(old.env.as_ref().unwrap()["A"], "b");
    let plain = of(seen.entries["plain"].value.as_ref()).unwrap();
    assert_eq!(plain.to_string(), IMAGE);
    // What the setup is silent about is not compared; hooks are, as one line.
    let old = r#"{"containers": {"old": {"image": "team/base:1", "packages": ["gcc"],
        "init_hooks": ["touch /one", "touch /two"], "pre_init_hooks": ["echo 'it is'"]}}}"#;
    assert_eq!(shapes(&changes(&host(), old)), [("dev", Shape::OnlyHere), ("plain", Shape::OnlyHere)]);
}

#[test]
fn every_readable_field_can_differ() {
    for (from, to) in [
        ("base:1", "base:2"),
        ("\"vim\"]", "\"emacs\"]"),
        ("touch /a", "touch /b"),
        ("\"true\"]", "\"false\"]"),
        ("/src:ro", "/src:rw"),
        (".cargo", ".local"),
        ("\"EDITOR\": \"vim\"", "\"EDITOR\": \"vi\""),
        ("pids-limit=100", "pids-limit=101"),
        ("\"init\": true", "\"init\": false"),
    ] {
        let text = DEV.replacen(from, to, 1);
        assert_ne!(text, DEV);
        let comparison = changes(&host(), &text);
        let change = comparison.change(&ItemId::new(Domain::Box, "dev")).expect(from);
        assert_eq!(change.shape, Shape::Different, "{from}");
        assert!(!Boxes.is_reversible(change.computer.as_ref(), change.setup.as_ref()));
        let sentence = Boxes.sentence("dev", change.computer.as_ref(), change.setup.as_ref()).unwrap();
        assert!(sentence.contains("anew") && sentence.contains("is lost"), "{sentence}");
    }
}

#[test]
fn a_capture_says_what_is_here_and_then_nothing_differs() {
    let host = host().file(
        "/home/sam/.local/bin/rg",
        "#!/bin/sh\n# distrobox_binary\n# name: plain\nif [ -z \"${CONTAINER_ID}\" ]; then\n\texec \"/usr/bin/distrobox-enter\"  -n plain  --  '/usr/bin/rg'  \"$@\"\nelse\n\texec '/usr/bin/rg' \"$@\"\nfi\n",
    );
    let mut text = "{\n  \"containers\": {\n    \"dev\": {\n      // mine\n      \"image\": \"other\", \"mine\": [1],\n      \"pull\": true, \"bins\": {\"from\": [\"/opt/bin\"], \"x\": 2}\n    }\n  }\n}".to_owned();
    let comparison = changes(&host, &text);
    assert_eq!(comparison.changes.len(), 3);
    for change in &comparison.changes {
        text = edited(Manifest::Distrobox, &text, &change.id, Boxes.captured(change).as_ref()).unwrap();
    }
    let after = changes(&host, &text);
    assert_eq!((after.changes, after.in_sync.len()), (Vec::new(), 3), "{text}");
    assert!(text.contains("// mine\n      \"image\": \"registry.example.org/team/base:1\", \"mine\": [1],"), "{text}");
    assert!(text.contains("\"from\": []") && text.contains("\"x\": 2"), "nothing of it is here: {text}");
    assert!(text.contains("\"~/src:/src:ro\"") && !text.contains("/home/sam"), "{text}");
    assert!(text.contains("\"/usr/bin/rg\"") && !text.contains("unread"), "{text}");
    assert!(!text.ends_with('\n'));
    let taken_out = edited(Manifest::Distrobox, &text, &ItemId::new(Domain::Box, "old"), None).unwrap();
    assert_eq!(read(&taken_out).unwrap().len(), 2);
}

#[test]
fn without_podman_only_the_image_is_compared() {
    let host = || RecordingHost::default().with_home("/home/sam").prints("distrobox list --no-color", LIST);
    assert_eq!(changes(&host(), DEV).in_sync.len(), 1);
    let other = changes(&host(), &DEV.replace("base:1", "base:2").replace("git", "gut"));
    let change = other.change(&ItemId::new(Domain::Box, "dev")).unwrap();
    let captured = Boxes.captured(change).unwrap();
    let captured = of(Some(&captured)).unwrap();
    assert_eq!(captured.image.as_ref().unwrap().as_str(), IMAGE);
    assert_eq!(captured.packages.as_deref().unwrap(), ["gut", "vim"], "what cannot be read stays as it was said");
}

#[test]
fn nothing_of_a_setup_reaches_a_shell() {
    let name: BoxName = "x".parse().unwrap();
    for field in [
        r#""packages": ["$(id)"]"#,
        r#""packages": ["--x"]"#,
        r#""volume": ["/a:/b;id"]"#,
        r#""path": ["`id`"]"#,
        r#""env": {"A": "b c"}"#,
        r#""env": {"A;id": "b"}"#,
        r#""env": {"PATH": "/x"}"#,
        r#""additional_flags": ["--a=$(id)"]"#,
        r#""additional_flags": ["id"]"#,
        r#""exported_apps": ["a'b"]"#,
        r#""bins": {"also": ["/a/../b"]}"#,
        r#""bins": {"to": "x"}"#,
        r#""root": true"#,
    ] {
        let source = source(&format!(r#"{{"containers": {{"x": {{"image": "a", {field}}}}}}}"#));
        let problem = make::create(&name, &source, "/home/sam").unwrap_err();
        assert_eq!(problem.code, "box_refused", "{field}");
    }
    // Hooks are shell text, for the box alone: what arrives there is what was said.
    for hook in ["a", "echo 'x' \"$HOME\"", "a\nb", "rm -rf /tmp/*", "x  y", "`id`", "a && b", "ä"] {
        let source = BoxSource { init_hooks: Some(vec![hook.to_owned()]), ..BoxSource::default() };
        let create = make::create(&name, &source, "/home/sam").unwrap();
        let line = create.args.last().unwrap();
        assert!(line.chars().all(|c| c.is_ascii_alphanumeric() || "_./:=+,@%-| ".contains(c)), "{line}");
        assert_eq!(make::decoded(line).unwrap(), hook);
    }
    for text in [r#"{"containers": {"-x": {}}}"#, r#"{"containers": {"x": {"image": "a b"}}}"#, r#"{"containers": []}"#]
    {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn a_box_that_differs_goes_only_when_its_image_is_here() {
    let podman = |image: &str| format!("podman {image} registry.example.org/team/base:2");
    let failing = host()
        .answers(&podman("image exists"), Output { status: 1, ..Output::default() })
        .answers(&podman("pull"), Output { status: 125, stderr: "Error: no such host\n".into(), ..Output::default() });
    let to = |text: &str| Value::Box(Box::new(source(text)));
    let new = r#"{"containers": {"plain": {"image": "registry.example.org/team/base:2"}}}"#;
    let problem = Boxes.perform(&failing, "plain", Some(&to(new)), &mut |_| {}).unwrap_err();
    assert_eq!(problem.message, "podman failed: no such host");
    assert!(!failing.effects().iter().any(|effect| effect.contains(" rm ")));
    let create = "distrobox create --yes --name plain --image registry.example.org/team/base:2";
    let host = host().prints(&podman("image exists"), "").prints("distrobox rm --force plain", "").prints(create, "");
    Boxes.perform(&host, "plain", Some(&to(new)), &mut |_| {}).unwrap();
    let effects = host.effects();
    assert_eq!(
        effects[effects.len() - 3..],
        [podman("image exists"), "distrobox rm --force plain".into(), create.into()]
    );
    Boxes.perform(&host, "plain", None, &mut |_| {}).unwrap();
    assert!(Boxes.perform(&host, "-x", None, &mut |_| {}).is_err());
}

#[test]
fn programs_are_exported_once_and_foreign_files_stay() {
    let said = r#"{"containers": {"plain": {"image": "registry.example.org/team/base:1",
        "bins": {"from": ["/opt/bin"], "also": ["/usr/bin/rg"], "exclude": ["skip"]}}}}"#;
    let find = "distrobox enter --name plain -- find /opt/bin -maxdepth 1 '!' -type d -perm /111";
    let export = "distrobox enter --name plain -- sh -c 'to=$1; shift; for bin; do distrobox-export --bin \"$bin\" \
                  --export-path \"$to\" || exit; done' sh /home/sam/.local/bin /usr/bin/rg /opt/bin/a";
    let value = Value::Box(Box::new(source(said)));
    let host = || host().prints(find, "/opt/bin/a\n/opt/bin/skip\n").prints(export, "");
    let ready = host();
    Boxes.perform(&ready, "plain", Some(&value), &mut |_| {}).unwrap();
    assert_eq!(ready.effects().last().unwrap(), export);
    let comparison = changes(&host(), said);
    let change = comparison.change(&ItemId::new(Domain::Box, "plain")).unwrap();
    let sentence = Boxes.sentence("plain", change.computer.as_ref(), change.setup.as_ref()).unwrap();
    assert_eq!(sentence, "Export programs of the box plain");
    let taken = host().file("/home/sam/.local/bin/rg", "#!/bin/sh\necho mine\n");
    let problem = Boxes.perform(&taken, "plain", Some(&value), &mut |_| {}).unwrap_err();
    assert_eq!(problem.code, "not_ours");
}

/// The file that exports a program of the box `plain`.
fn exports(program: &str) -> String {
    format!(
        "#!/bin/sh\n# distrobox_binary\n# name: plain\nif [ -z \"${{CONTAINER_ID}}\" ]; then\n\
         \texec \"/usr/bin/distrobox-enter\"  -n plain  --  '{program}'  \"$@\"\nelse\n\texec '{program}' \"$@\"\nfi\n"
    )
}

/// The entry of the menu for an app of the box `plain`.
const FIREFOX: &str = "[Desktop Entry]\nType=Application\nName=Firefox (on plain)\n\
    Exec=/usr/bin/distrobox-enter  -n plain  --   /usr/lib64/firefox/firefox %u\n";

#[test]
fn exports_are_compared_in_their_folder_by_folder_and_in_the_menu() {
    let menu = "/home/sam/.local/share/applications";
    let host = || {
        host()
            .file("/home/sam/tools/rg", &exports("/usr/bin/rg"))
            .file("/home/sam/.local/bin/a", &exports("/opt/bin/a"))
            .file(&format!("{menu}/plain-org.mozilla.firefox.desktop"), FIREFOX)
            .file(&format!("{menu}/plain.desktop"), "[Desktop Entry]\nExec=/usr/bin/distrobox enter plain\n")
            .file(&format!("{menu}/org.gnome.Maps.desktop"), "[Desktop Entry]\nExec=gnome-maps %U\n")
    };
    let differs = |fields: &str| {
        let image = r#""image": "registry.example.org/team/base:1""#;
        let text = format!(r#"{{"containers": {{"plain": {{{image}, {fields}}}}}}}"#);
        let comparison = changes(&host(), &text);
        let change = comparison.change(&ItemId::new(Domain::Box, "plain")).cloned();
        if let Some(change) = &change {
            assert!(Boxes.is_reversible(change.computer.as_ref(), change.setup.as_ref()), "it is not made anew");
            let captured = edited(Manifest::Distrobox, &text, &change.id, Boxes.captured(change).as_ref()).unwrap();
            let after = changes(&host(), &captured);
            assert!(after.change(&change.id).is_none(), "{fields}: {captured}");
        }
        change.is_some()
    };
    for (fields, missing) in [
        (r#""bins": {"also": ["/usr/bin/rg"], "to": "~/tools"}"#, false),
        (r#""bins": {"also": ["/usr/bin/rg"], "to": "~/tools/"}"#, false),
        (r#""bins": {"also": ["/usr/bin/rg"]}"#, true),
        (r#""bins": {"also": ["/usr/bin/rg"], "to": "/home/sam/other"}"#, true),
        (r#""bins": {"from": ["/opt/bin"]}"#, false),
        (r#""bins": {"from": ["/opt"]}"#, true),
        (r#""bins": {"from": ["/opt/bin", "/usr/games"]}"#, true),
        (r#""bins": {"from": ["/opt/bin"], "to": "~/tools"}"#, true),
        (r#""exported_apps": ["firefox"]"#, false),
        (r#""exported_apps": ["org.mozilla"]"#, false),
        (r#""exported_apps": ["Firefox"]"#, false),
        (r#""exported_apps": ["firefox", "gnome-maps"]"#, true),
    ] {
        assert_eq!(differs(fields), missing, "{fields}");
    }
    let seen = observe(&host(), &Declarations::new());
    let plain = of(seen.entries["plain"].value.as_ref()).unwrap();
    assert_eq!(plain.exported_apps.as_deref().unwrap(), ["org.mozilla.firefox"]);
    // What is there is not exported again, and a folder without programs is told of.
    let said = r#"{"containers": {"plain": {"image": "registry.example.org/team/base:1",
        "exported_apps": ["firefox", "maps"], "bins": {"from": ["/opt/x"]}}}}"#;
    let find = "distrobox enter --name plain -- find /opt/x -maxdepth 1 '!' -type d -perm /111";
    let ready = host().prints(find, "").prints("distrobox enter --name plain -- distrobox-export --app maps", "");
    let value = Value::Box(Box::new(source(said)));
    let problem = Boxes.perform(&ready, "plain", Some(&value), &mut |_| {}).unwrap_err();
    assert_eq!(problem.code, "nothing_to_export");
    assert!(ready.effects().iter().all(|effect| !effect.ends_with("--app firefox")), "{:?}", ready.effects());
    assert!(ready.effects().iter().any(|effect| effect.ends_with("--app maps")));
}

#[test]
fn a_computer_without_distrobox_is_unknown_only_where_a_box_is_wanted() {
    let host = RecordingHost::default();
    assert!(observe(&host, &Declarations::new()).entries.is_empty());
    let comparison = changes(&host, DEV);
    assert_eq!(comparison.unknown[0].problem.code, "distrobox_missing");
    let rootful = changes(&self::host(), r#"{"containers": {"r": {"image": "a", "root": true}}}"#);
    assert_eq!(rootful.unknown[0].item.as_ref().unwrap().key, "r");
}
