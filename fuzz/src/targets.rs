// SPDX-License-Identifier: GPL-3.0-or-later
//! What is read from outside, and what must hold whatever it says. No input may end in a panic.
//!
//! Invariant: a seed is a recorded or shipped file; a target decides by its bytes alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bkt_core::agreed::Agreed;
use bkt_core::compare::{Comparison, Decision, compare};
use bkt_core::deployment::System;
use bkt_core::deployment::packages::Packages;
use bkt_core::domain::boxes::assemble;
use bkt_core::domain::etc::EtcPath;
use bkt_core::ignore::{self, Ignored};
use bkt_core::item::{Domain, ItemId};
use bkt_core::manifest::{Declarations, Manifest, Reader, edit};
use bkt_core::plan::{self, Consent, Decisions, Plan};
use bkt_core::recipe::{self, Section, Wanted};
use bkt_core::run::{Event, Receipt};
use bkt_core::setup::Setup;
use bkt_core::temporary::Records;
use bkt_core::{changelog, describe, dev, name, private, repository, start, updates};

use crate::recorded::{self, Recorded};

/// One thing to fuzz.
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: &'static str,
    /// Where to begin.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
    /// Reads one input.
    pub(crate) run: fn(&[u8]),
}

/// All of them.
pub(crate) const ALL: [Target; 10] = [
    Target { name: "host", seeds: host_seeds, run: host },
    Target { name: "manifest", seeds: manifest_seeds, run: manifest },
    Target { name: "setup", seeds: setup_seeds, run: whole_setup },
    Target { name: "recipe", seeds: recipe_seeds, run: recipe },
    Target { name: "plan", seeds: plan_seeds, run: plan },
    Target { name: "event", seeds: event_seeds, run: event },
    Target { name: "state", seeds: state_seeds, run: state },
    Target { name: "ignore", seeds: ignore_seeds, run: ignore },
    Target { name: "other", seeds: other_seeds, run: other },
    Target { name: "name", seeds: name_seeds, run: name },
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/fixtures")
}

fn setup() -> &'static Setup {
    static SETUP: OnceLock<Setup> = OnceLock::new();
    SETUP.get_or_init(|| Setup::load(&fixtures().join("setups/existing")).unwrap())
}

fn hosts() -> &'static [Recorded] {
    static HOSTS: OnceLock<Vec<Recorded>> = OnceLock::new();
    HOSTS.get_or_init(|| recorded::all().into_values().collect())
}

/// One byte that chooses, and the rest as text.
fn chosen(data: &[u8]) -> Option<(usize, String)> {
    let (first, rest) = data.split_first()?;
    Some((usize::from(*first), String::from_utf8_lossy(rest).into_owned()))
}

fn with_choice(choice: usize, text: &str) -> Vec<u8> {
    [&[u8::try_from(choice).unwrap()], text.as_bytes()].concat()
}

fn is_id(id: &ItemId) {
    assert_eq!(id.to_string().parse().as_ref(), Ok(id), "an item must be found by its id again");
}

// ---- what a computer says

/// The answers of a host that can be another one: files, what tools print, settings.
fn answers(host: &mut Recorded) -> Vec<&mut String> {
    host.files.values_mut().chain(host.outputs.values_mut()).chain(host.settings.values_mut()).collect()
}

fn host_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (n, host) in hosts().iter().enumerate() {
        for (question, answer) in answers(&mut host.clone()).into_iter().enumerate() {
            seeds.push(with_choice(n, std::str::from_utf8(&with_choice(question, answer)).unwrap()));
        }
    }
    seeds
}

/// Any one answer is another one than recorded: every kind of item is observed, compared and planned both ways.
fn host(data: &[u8]) {
    let [n, question, text @ ..] = data else { return };
    let mut recorded = hosts()[usize::from(*n) % hosts().len()].clone();
    let mut all = answers(&mut recorded);
    let question = usize::from(*question) % all.len();
    *all[question] = String::from_utf8_lossy(text).into_owned();
    let host = recorded.host();
    let system = System::probe(&host);
    let _ = updates::look(&host, &system);
    let comparison = compare(&host, setup(), &Ignored::default());
    let items = comparison.changes.iter().map(|change| &change.id);
    items.chain(comparison.in_sync.iter().map(|item| &item.id)).for_each(is_id);
    comparison.changes.iter().filter_map(|change| Some((&change.id, change.computer.as_ref()?))).for_each(
        |(id, value)| {
            let _ = private::look(id, &serde_json::json!(value));
        },
    );
    for decision in [Decision::Apply, Decision::Capture] {
        planned(&comparison, decision);
    }
}

fn planned(comparison: &Comparison, decision: Decision) {
    let decisions: Decisions = comparison.changes.iter().map(|change| (change.id.clone(), decision)).collect();
    let Ok(plan) = plan::build(comparison, setup(), &decisions, Consent::Given.into()) else { return };
    assert_eq!(Plan::from_bytes(&plan.to_bytes()).unwrap(), plan, "a plan reads back from its bytes");
    plan.steps.iter().for_each(|step| {
        let _ = describe::step(step);
    });
}

// ---- what a setup says

fn manifests() -> Vec<String> {
    Manifest::ALL
        .iter()
        .map(|manifest| std::fs::read_to_string(setup().directory.join(manifest.path())).unwrap_or_default())
        .collect()
}

fn manifest_seeds() -> Vec<Vec<u8>> {
    manifests().iter().enumerate().map(|(n, text)| with_choice(n, text)).collect()
}

fn declared(manifest: Manifest, domain: Domain, text: &str) -> Option<Declarations> {
    Reader::declarations(manifest, domain, text).ok().map(|(declared, _)| declared)
}

/// The values that are declared, without the lines they stand on.
fn values(declared: &Declarations) -> BTreeMap<&String, String> {
    declared.iter().map(|(key, declaration)| (key, format!("{:?}", declaration.value))).collect()
}

/// What is declared is written as it stands; one entry goes and comes back, and nothing else changes.
fn manifest(data: &[u8]) {
    let Some((n, text)) = chosen(data) else { return };
    let manifest = Manifest::ALL[n % Manifest::ALL.len()];
    let all: Vec<Option<Declarations>> =
        manifest.domains().iter().map(|domain| declared(manifest, *domain, &text)).collect();
    for (domain, before) in manifest.domains().iter().zip(&all) {
        let (Some(before), true) = (before, Manifest::of(*domain) == manifest) else { continue };
        for (key, declaration) in before.iter().take(4) {
            let item = ItemId::new(*domain, key.clone());
            is_id(&item);
            let Some(value) = declaration.value.as_ref() else { continue };
            let set = edit::edited(manifest, &text, &item, Some(value)).unwrap();
            assert_eq!(declared(manifest, *domain, &set).as_ref().map(values), Some(values(before)), "{item}: {set}");
            let gone = edit::edited(manifest, &text, &item, None).unwrap();
            let left = declared(manifest, *domain, &gone).unwrap();
            let mut wanted = values(before);
            wanted.remove(key);
            assert_eq!(values(&left), wanted, "{item} goes alone: {gone}");
            let back = edit::edited(manifest, &gone, &item, Some(value)).unwrap();
            let back = declared(manifest, *domain, &back).unwrap();
            assert_eq!(back.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "{item} comes back");
            // What is not understood of an entry is kept only for as long as that stands.
            let value_back = back[key].value.as_ref().unwrap();
            assert!(value.is_met_by(value_back), "{item} comes back as it was: {value_back:?}");
        }
    }
}

fn setup_files() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(setup().directory.join("manifests"))
        .unwrap()
        .map(|entry| format!("manifests/{}", entry.unwrap().file_name().into_string().unwrap()))
        .collect();
    names.push("upstream/manifest.json".to_owned());
    names.sort();
    names
}

fn setup_seeds() -> Vec<Vec<u8>> {
    let read = |name: &String| std::fs::read_to_string(setup().directory.join(name)).unwrap_or_default();
    setup_files().iter().enumerate().map(|(n, name)| with_choice(n, &read(name))).collect()
}

/// Any one file of a setup, those without items among them; the others are not there.
fn whole_setup(data: &[u8]) {
    let Some((n, text)) = chosen(data) else { return };
    let names = setup_files();
    let directory = std::env::temp_dir().join(format!("bkt-fuzz-{}", std::process::id()));
    let path = directory.join(&names[n % names.len()]);
    for folder in ["manifests", "upstream"] {
        std::fs::create_dir_all(directory.join(folder)).unwrap();
    }
    std::fs::write(&path, text).unwrap();
    let setup = Setup::load(&directory).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(setup.warnings.iter().all(|warning| warning.line > 0));
    for domain in Domain::ALL {
        setup.declared(domain).into_iter().flat_map(|declared| declared.keys()).for_each(|key| {
            is_id(&ItemId::new(domain, key.clone()));
        });
    }
    let _ = setup.reports();
    let _ = recipe::check(&setup, "FROM x\n");
}

fn recipe_seeds() -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(setup().directory.join("Containerfile")).unwrap();
    let adopted = recipe::adopted(setup(), "FROM x AS y\nRUN <<EOF\n# === SETUP\nEOF\n", &Wanted::All).unwrap().0;
    [text.replace('\n', "\r\n"), text, adopted].into_iter().map(String::into_bytes).collect()
}

/// The lines that no section holds.
fn outside(text: &str) -> Vec<&str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let marker = line.trim().strip_prefix("# === ").and_then(|rest| rest.strip_suffix(" ===")).unwrap_or_default();
        let is_section = |name: &str| Section::of_name(name).is_some();
        if marker.strip_prefix("END ").is_some_and(is_section) {
            inside = false;
        } else if marker.strip_suffix(" (managed by bkt)").is_some_and(is_section) {
            inside = true;
        }
        if !inside {
            lines.push(line);
        }
    }
    lines
}

/// What is outside the sections stays, and bringing in step what is in step changes nothing.
fn recipe(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    for force in [false, true] {
        let Ok(synced) = recipe::synced(setup(), &text, force) else { continue };
        assert_eq!(outside(&synced.text), outside(&text), "outside the sections");
        let again = recipe::synced(setup(), &synced.text, force).unwrap();
        assert_eq!((&again.text, again.changed.len()), (&synced.text, 0), "in step after one time");
        let _ = recipe::unified(&text, &synced.text, "Containerfile");
    }
    if let Ok((adopted, _)) = recipe::adopted(setup(), &text, &Wanted::All) {
        let (again, added) = recipe::adopted(setup(), &adopted, &Wanted::All).unwrap();
        assert_eq!((again, added.len()), (adopted, 0), "inserted once");
    }
}

// ---- what was kept

fn plan_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for host in hosts() {
        let comparison = compare(&host.host(), setup(), &Ignored::default());
        for decision in [Decision::Apply, Decision::Capture] {
            let decisions: Decisions = comparison.changes.iter().map(|change| (change.id.clone(), decision)).collect();
            seeds.extend(
                plan::build(&comparison, setup(), &decisions, Consent::Given.into()).ok().map(|plan| plan.to_bytes()),
            );
        }
    }
    seeds
}

/// What a root helper is handed: read only in its one spelling.
fn plan(data: &[u8]) {
    let Ok(plan) = Plan::from_bytes(data) else { return };
    assert_eq!(plan.to_bytes(), data);
    assert!(!describe::admin_summary(&plan).contains(char::is_control), "polkit shows it");
    plan.steps.iter().for_each(|step| {
        let _ = describe::step(step);
    });
}

fn event_seeds() -> Vec<Vec<u8>> {
    let operation = |state: &str| format!(r#"{{"type":"operation","n":1,"item":"pkg:htop","state":"{state}"}}"#);
    let end = r#"{"type":"end","done":1,"failed":0,"skipped":0,"waiting":0,"restart_required":false}"#;
    vec![operation("running").into(), operation("done").into(), format!("{}\n{end}\n", operation("failed")).into()]
}

/// What a helper tells of a job, one line each: an event that is understood is written as it was read.
fn event(data: &[u8]) {
    for line in String::from_utf8_lossy(data).lines() {
        let Ok(event) = serde_json::from_str::<Event>(line) else { continue };
        let again: Event = serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
        assert_eq!(again, event);
    }
}

fn state_seeds() -> Vec<Vec<u8>> {
    let mut agreed = Agreed::default();
    for host in hosts() {
        compare(&host.host(), setup(), &Ignored::default()).record(&mut agreed);
    }
    let text = |json: serde_json::Value| json.to_string().into_bytes();
    let packages: Vec<u8> =
        b"htop\t3.4-1\tx86_64\nkernel-core\t6.17-1\tx86_64\nkernel-core\t6.18~rc1-1\tx86_64\n".into();
    let marker = serde_json::json!({"deployment": "a.0", "setup": null, "worked": true});
    vec![text(serde_json::to_value(agreed).unwrap()), packages, text(marker)]
}

/// The agreed store, receipts, package lists of deployments.
fn state(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(agreed) = serde_json::from_str::<Agreed>(&text) {
        let again: Agreed = serde_json::from_str(&serde_json::to_string(&agreed).unwrap()).unwrap();
        assert_eq!(again, agreed);
        for domain in Domain::ALL {
            setup().declared(domain).into_iter().flat_map(|declared| declared.keys()).for_each(|key| {
                let _ = agreed.base(&ItemId::new(domain, key.clone()));
            });
        }
    }
    if let Ok(receipt) = serde_json::from_str::<Receipt>(&text) {
        let again: Receipt = serde_json::from_str(&serde_json::to_string(&receipt).unwrap()).unwrap();
        assert_eq!(again, receipt);
    }
    let packages = Packages::parse(&text);
    let diff = packages.diff(&Packages::parse("htop\t3.4-1\tx86_64\n"));
    assert!(packages.diff(&packages).is_empty(), "nothing differs from itself");
    let _ = diff.is_empty();
}

fn ignore_seeds() -> Vec<Vec<u8>> {
    let text = "# games\nflatpak:com.valvesoftware.*\nkarg\npkg:htop  # mine\n*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b\n";
    vec![text.into(), b"*".into(), b"unit:*@*.service\r\n".into()]
}

/// Any pattern is matched soon; a text without a star matches itself alone.
fn ignore(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let ignored = Ignored::parse(&text);
    for id in ["pkg:htop", "flatpak:com.valvesoftware.Steam", &format!("pkg:{}", "a".repeat(200))] {
        let _ = ignored.matches(&id.parse().unwrap());
    }
    if !text.contains('*') {
        assert!(ignore::matches(&text, &text) && !ignore::matches(&text, &format!("{text}x")));
    }
    assert!(ignore::matches(&format!("{}*", text.replace('*', "")), &text.replace('*', "")));
}

const BLUEBUILD: &str = "name: mine\nbase-image: ghcr.io/ublue-os/silverblue-main\nimage-version: 43\nmodules:\n\
    - type: dnf\n  install:\n    packages: [htop, mc]\n  remove:\n    packages: [firefox]\n  repos:\n    copr: [a/b]\n\
    - type: systemd\n  system:\n    enabled: [tuned.service]\n    masked: [a.service]\n- type: kargs\n  kargs: [quiet]\n\
    - type: default-flatpaks\n  configurations:\n  - scope: user\n    repo: {name: flathub}\n    install: [org.a.B]\n\
    - type: gnome-extensions\n  install: [19, a@b.org]\n- type: script\n  snippets:\n  - dnf install -y a && echo b\n";
const SCRIPT: &str = "#!/usr/bin/bash\nset -eux\ndnf5 install -y tmux \\\n  htop\ndnf5 -y copr enable a/b\n\
    systemctl enable podman.socket\ncat <<'EOF' >/etc/x\ndnf install y\nEOF\n";
const ENTRY: &str =
    "timestamp: '2026-01-02T03:04:05Z'\ntype: added\ncategory: package\nmessage: 'Add htop'\ndraft: true\n";
const BOXES: &str =
    "[dev]\nimage=quay.io/a/b:1\nadditional_packages=\"git make\"\nexported_apps=\"a b\" # why\ninit=true\n";
const STATUS: &str = "# branch.oid abc\0# branch.head main\0# branch.upstream origin/main\0# branch.ab +1 -2\0\
    1 .M N... 100644 100644 100644 a b manifests/host-shims.json\0\
    2 R. N... 100644 100644 100644 a b R100 x\0y\0? z\0";
const LOCAL: &str = r#"{"boot_id":"b","changes":[{"item":"pkg:htop","at":"2026-01-02T03:04:05Z","command":"bkt"}]}"#;
const BOX_PACKAGES: &str = r#"{"packages": ["gcc", 7], "copr_repos": [{"name": "a/b", "enabled": false}]}"#;

fn other_seeds() -> Vec<Vec<u8>> {
    let texts = [BLUEBUILD, SCRIPT, ENTRY, BOXES, STATUS, LOCAL, BOX_PACKAGES];
    texts.iter().enumerate().map(|(n, text)| with_choice(n, text)).collect()
}

/// Recipes of other kinds, the changelog, boxes as distrobox writes them, what git says, temporary changes.
fn other(data: &[u8]) {
    let Some((n, text)) = chosen(data) else { return };
    match n % 7 {
        0 => taken_over(&[("recipes/recipe.yml", &text)]),
        1 => taken_over(&[("Containerfile", "FROM x\nCOPY build_files /ctx\n"), ("build_files/build.sh", &text)]),
        2 => changelog::changes_in(&text).iter().for_each(|change| {
            let _ = (change.line(), change.validate());
        }),
        3 => assemble::read(&text, Some("/home/sam")).into_iter().flatten().for_each(|one| {
            assert_eq!(one.name.as_str().parse().as_ref(), Ok(&one.name));
        }),
        4 => {
            let _ = repository::status::parse(&text);
        }
        5 => {
            let Ok(records) = Records::parse(&text) else { return };
            let again = Records::parse(&serde_json::to_string(&records).unwrap()).unwrap();
            assert!(again.iter().eq(records.iter()));
        }
        _ => {
            let _ = dev::Declared::read(&text);
        }
    }
}

/// A recipe of another kind is taken over or refused; the setup it becomes can be read.
fn taken_over(files: &[(&str, &str)]) {
    let directory = std::env::temp_dir().join(format!("bkt-fuzz-other-{}", std::process::id()));
    let folder = directory.join("folder");
    let _ = std::fs::remove_dir_all(&directory);
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    if let Ok(import) = start::import(&folder, &start::recognise(&folder), &directory.join("state")) {
        import.write(&folder).unwrap();
        let setup = Setup::load(&folder).unwrap();
        for domain in Domain::ALL {
            assert!(setup.declared(domain).is_ok() && setup.unread(domain).next().is_none(), "{domain}");
        }
    }
}

fn name_seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for domain in Domain::ALL {
        seeds.extend(setup().declared(domain).unwrap().keys().map(|key| key.clone().into_bytes()));
    }
    seeds.extend(
        [
            "-y",
            "a;b",
            "https://dl.flathub.org/repo/flathub.flatpakrepo",
            "a@b.service",
            "/etc/ssh/sshd_config",
            "--filesystem=home",
        ]
        .map(Into::into),
    );
    seeds
}

/// A name that is accepted reads back and is no option, no shell and no path upwards.
fn name(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    macro_rules! check {
        ($($name:ident),*) => {
            $(if let Ok(name) = text.parse::<name::$name>() {
                assert_eq!(name.as_str(), text);
                assert!(!text.starts_with('-') && !text.contains(char::is_control), "{text:?}");
            })*
        };
    }
    check!(
        PackageName,
        UnitName,
        KernelArgument,
        GroupName,
        CoprProject,
        ShimName,
        HostCommand,
        ExtensionId,
        FlatpakId,
        RemoteName,
        RemoteUrl,
        GpgKey,
        BranchName,
        CommitId,
        FileDigest,
        SystemImage,
        BoxName,
        ImageName,
        SchemaName,
        SettingKey
    );
    if let Ok(id) = text.parse::<ItemId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(path) = text.parse::<EtcPath>() {
        assert_eq!(path.to_string(), text);
        assert!(text.split('/').skip(2).all(|part| !["", ".", ".."].contains(&part)), "{text:?}");
        assert!(text.starts_with("/etc/") && !text.contains(char::is_control), "{text:?}");
    }
    if let Ok(option) = text.parse::<name::OverrideOption>() {
        assert_eq!(option.as_str(), text);
        assert!(text.starts_with("--") && !text.contains(char::is_control), "{text:?}");
    }
}
