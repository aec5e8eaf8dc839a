// SPDX-License-Identifier: GPL-3.0-or-later
//! Applications and remotes of any setup on any computer, with a model of flatpak: what is applied or captured
//! differs no longer.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bkt_core::compare::Decision;
use bkt_core::host::{Facts, Host, HostError, Invocation, NoSettings, Output, Settings};
use bkt_core::item::{Domain, ItemId};
use bkt_core::plan::Plan;
use bkt_core::run::{Direct, Source, StepState};
use bkt_core::session::Session;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const USER: &str = "/home/sam/.local/share/flatpak";
const SYSTEM: &str = "/var/lib/flatpak";

fn commit(n: u8) -> String {
    format!("{n}").repeat(64)
}

/// One scope: applications by id and branch with their remote and commit, masks, options by application, and
/// remotes with their address and whether they are checked.
#[derive(Debug, Clone, Default)]
struct Installation {
    apps: BTreeMap<(String, String), (String, String)>,
    masks: BTreeSet<String>,
    options: BTreeMap<String, BTreeMap<String, String>>,
    remotes: BTreeMap<String, (String, bool)>,
}

impl Installation {
    /// The override file of an application.
    fn file(&self, id: &str) -> Option<String> {
        let options = self.options.get(id)?;
        let of = |kind: &str| -> String {
            options.iter().filter(|(slot, _)| slot.starts_with(kind)).map(|(_, word)| word.as_str()).collect()
        };
        Some(format!("[Context]\nfilesystems={}\nshared={}\n\n[Environment]\n{}", of("f "), of("s "), of("e ")))
    }

    /// What an option is in the file, and what it replaces there.
    fn allow(&mut self, id: &str, option: &str) {
        let (name, value) = option.trim_start_matches("--").split_once('=').unwrap();
        let (slot, word) = match name {
            "filesystem" => (format!("f {value}"), format!("{value};")),
            "nofilesystem" => (format!("f {value}"), format!("!{value};")),
            "unshare" => (format!("s {value}"), format!("!{value};")),
            _ => (format!("e {}", value.split('=').next().unwrap()), format!("{value}\n")),
        };
        self.options.entry(id.to_owned()).or_default().insert(slot, word);
    }
}

/// A computer with flatpak.
#[derive(Debug, Default)]
struct Computer(Mutex<BTreeMap<&'static str, Installation>>);

impl Computer {
    fn flatpak(&self, args: &[&str]) -> Result<String, String> {
        let mut all = self.0.lock().unwrap();
        let scopes = ["user", "system"].map(|scope| (scope, args.contains(&format!("--{scope}").as_str())));
        let named = scopes.iter().find(|(_, named)| *named).map(|(scope, _)| *scope);
        let words: Vec<&str> = args.iter().copied().filter(|arg| !arg.starts_with("--")).collect();
        let has = |option: &str| args.contains(&option);
        if let ("list" | "remotes", columns) = (words[0], args.last().unwrap()) {
            let mut out = String::new();
            for (scope, installation) in all.iter().filter(|(scope, _)| named.is_none_or(|named| named == **scope)) {
                for ((id, branch), (remote, _)) in installation.apps.iter().filter(|_| words[0] == "list") {
                    out.push_str(&match *columns {
                        "--columns=origin,application" => format!("{remote}\t{id}\n"),
                        _ => format!("{scope}\t{id}\t{remote}\t{branch}\tabc\t{id}\n"),
                    });
                }
                for (name, (url, checked)) in installation.remotes.iter().filter(|_| words[0] == "remotes") {
                    let checked = if *checked { "" } else { ",no-gpg-verify" };
                    out.push_str(&format!("{name}\t{url}\t{scope}{checked}\t-\n"));
                }
            }
            return Ok(out);
        }
        let installation = all.entry(named.ok_or("no scope")?).or_default();
        let app = |word: &str| {
            word.split_once("//")
                .map_or((word.to_owned(), "stable".to_owned()), |(id, branch)| (id.to_owned(), branch.to_owned()))
        };
        match words.as_slice() {
            ["install", remote, reference] => {
                installation.remotes.get(*remote).ok_or("no such remote")?;
                installation.apps.insert(app(reference), ((*remote).to_owned(), commit(9)));
            }
            ["uninstall", reference] => installation.apps.remove(&app(reference)).map(|_| ()).ok_or("not installed")?,
            ["update", reference] => {
                let here = installation.apps.get_mut(&app(reference)).ok_or("not installed")?;
                let to = args.iter().find_map(|arg| arg.strip_prefix("--commit=")).ok_or("no commit")?;
                if !installation.masks.contains(*reference) {
                    to.clone_into(&mut here.1);
                }
            }
            ["mask", mask] if has("--remove") => {
                installation.masks.remove(*mask).then_some(()).ok_or("no such mask")?;
            }
            ["mask", mask] => {
                installation.masks.insert((*mask).to_owned());
            }
            ["override", id] if has("--reset") => {
                installation.options.remove(*id);
            }
            ["override", id] => {
                let options = args[2..].iter().filter(|arg| arg.starts_with("--"));
                options.for_each(|option| installation.allow(id, option));
            }
            ["remote-add", name, url] => {
                let at = url.rsplit_once('/').map_or("", |(directory, _)| directory);
                let added = (format!("{at}/repo"), !has("--no-gpg-verify"));
                if installation.remotes.insert((*name).to_owned(), added).is_some() {
                    return Err("it is there already".to_owned());
                }
            }
            ["remote-modify", name] => {
                let remote = installation.remotes.get_mut(*name).ok_or("no such remote")?;
                remote.1 = (remote.1 || has("--gpg-verify")) && !has("--no-gpg-verify");
            }
            ["remote-delete", name] => installation.remotes.remove(*name).map(|_| ()).ok_or("no such remote")?,
            _ => return Err(format!("{args:?} is not in the model")),
        }
        Ok(String::new())
    }

    fn of<T>(&self, path: &Path, read: impl Fn(&Installation, &str) -> T) -> Option<T> {
        let (scope, rest) = [("user", USER), ("system", SYSTEM)]
            .into_iter()
            .find_map(|(scope, directory)| Some((scope, path.strip_prefix(directory).ok()?)))?;
        let all = self.0.lock().unwrap();
        Some(read(all.get(scope)?, rest.to_str().unwrap()))
    }
}

impl Host for Computer {
    fn root(&self) -> Option<&Path> {
        None
    }

    fn read(&self, path: &Path) -> Result<Option<String>, HostError> {
        let read = |installation: &Installation, file: &str| match file.split_once('/') {
            Some(("repo", "config")) => {
                let masks: Vec<&str> = installation.masks.iter().map(String::as_str).collect();
                Some(format!("[core]\nmode=bare\nxa.masked={}\n", masks.join(";")))
            }
            Some(("overrides", id)) => installation.file(id),
            _ => None,
        };
        Ok(self.of(path, read).flatten())
    }

    fn list(&self, path: &Path) -> Result<Vec<String>, HostError> {
        let list = |installation: &Installation, directory: &str| match directory.split_once('/') {
            None if directory == "overrides" => installation.options.keys().cloned().collect(),
            Some(("app", _)) => vec!["current".to_owned(), "x86_64".to_owned()],
            _ => Vec::new(),
        };
        Ok(self.of(path, list).unwrap_or_default())
    }

    fn link(&self, path: &Path) -> Result<Option<PathBuf>, HostError> {
        let link = |installation: &Installation, file: &str| match file.split('/').collect::<Vec<_>>()[..] {
            ["app", id, "x86_64", branch, "active"] => {
                Some(PathBuf::from(&installation.apps.get(&(id.to_owned(), branch.to_owned()))?.1))
            }
            _ => None,
        };
        Ok(self.of(path, link).flatten())
    }

    fn home(&self) -> Option<&Path> {
        Some(Path::new("/home/sam"))
    }

    fn look(&self, _: &Path) -> Result<Option<Facts>, HostError> {
        Ok(None)
    }

    fn bytes(&self, _: &Path) -> Result<Option<Vec<u8>>, HostError> {
        Ok(None)
    }

    fn put(&self, path: &Path, _: &[u8], _: u32) -> Result<(), HostError> {
        Err(HostError::Refused(path.display().to_string()))
    }

    fn remove(&self, path: &Path) -> Result<(), HostError> {
        Err(HostError::Refused(path.display().to_string()))
    }

    fn write(&self, path: &Path, _: &str) -> Result<(), HostError> {
        Err(HostError::Refused(path.display().to_string()))
    }

    fn run_with(&self, call: &Invocation, _: &mut dyn FnMut(&str)) -> Result<Output, HostError> {
        if call.program != "flatpak" {
            return Err(HostError::Missing(call.program.clone()));
        }
        let args: Vec<&str> = call.args.iter().map(String::as_str).collect();
        Ok(match self.flatpak(&args) {
            Ok(stdout) => Output { stdout, ..Output::default() },
            Err(stderr) => Output { status: 1, stderr, ..Output::default() },
        })
    }

    fn settings(&self) -> &dyn Settings {
        &NoSettings
    }

    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }
}

/// An application of one scope: its options, and its branches with remote and commit; a branch may be left open.
#[derive(Debug, Clone)]
struct App {
    options: Vec<&'static str>,
    branches: BTreeMap<&'static str, (&'static str, Option<u8>)>,
    open: bool,
}

type Apps = BTreeMap<(&'static str, &'static str), App>;

fn apps() -> impl Strategy<Value = Apps> {
    let key = (prop::sample::select(vec!["user", "system"]), prop::sample::select(vec!["a.b.C", "a.b.D"]));
    let options = ["--filesystem=home", "--nofilesystem=home", "--env=A=1", "--unshare=ipc"];
    let branch = (prop::sample::select(vec!["lab", "next"]), prop::option::of(1_u8..3));
    let app = (
        prop::sample::subsequence(options.to_vec(), 0..3),
        prop::collection::btree_map(prop::sample::select(vec!["stable", "beta"]), branch, 1..3),
        any::<bool>(),
    );
    let app = app.prop_map(|(options, branches, open)| App {
        options,
        open: open && branches.contains_key("stable") && branches.len() == 1,
        branches,
    });
    prop::collection::btree_map(key, app, 0..4)
}

fn entries(apps: &Apps) -> Vec<Json> {
    let mut entries = Vec::new();
    for ((scope, id), app) in apps {
        for (branch, (remote, pin)) in &app.branches {
            let mut entry = json!({"id": id, "remote": remote, "scope": scope, "overrides": app.options});
            if !app.open {
                entry["branch"] = json!(branch);
            }
            if let Some(pin) = pin {
                entry["commit"] = json!(commit(*pin));
            }
            entries.push(entry);
        }
    }
    entries
}

fn computer(apps: &Apps, remotes: &BTreeMap<(&'static str, &'static str), (u8, bool)>) -> Computer {
    let computer = Computer::default();
    {
        let mut all = computer.0.lock().unwrap();
        for scope in ["user", "system"] {
            all.insert(scope, Installation::default());
        }
        for ((scope, name), (place, checked)) in remotes {
            all.get_mut(scope)
                .unwrap()
                .remotes
                .insert((*name).to_owned(), (format!("https://{place}.example/repo"), *checked));
        }
        for ((scope, id), app) in apps {
            let installation = all.get_mut(scope).unwrap();
            app.options.iter().for_each(|option| installation.allow(id, option));
            for (branch, (remote, pin)) in &app.branches {
                let key = ((*id).to_owned(), (*branch).to_owned());
                installation.apps.insert(key, ((*remote).to_owned(), commit(pin.unwrap_or(9))));
                if pin.is_some() {
                    installation.masks.insert(format!("{id}//{branch}"));
                }
            }
        }
    }
    computer
}

fn remotes() -> impl Strategy<Value = BTreeMap<(&'static str, &'static str), (u8, bool)>> {
    let key = (prop::sample::select(vec!["user", "system"]), prop::sample::select(vec!["lab", "next"]));
    prop::collection::btree_map(key, (1_u8..3, any::<bool>()), 0..4)
}

fn remote_entries(remotes: &BTreeMap<(&'static str, &'static str), (u8, bool)>) -> Vec<Json> {
    let entry = |((scope, name), (place, checked)): (&(&str, &str), &(u8, bool))| {
        let url = format!("https://{place}.example/{name}.flatpakrepo");
        json!({"name": name, "url": url, "scope": scope, "gpg_verify": checked})
    };
    remotes.iter().map(entry).collect()
}

/// Decides all differences of a setup and a computer alike, runs the plan, and tells what differs then.
fn after(
    computer: Computer,
    apps: &[Json],
    remotes: &[Json],
    decision: Decision,
) -> Result<Vec<String>, TestCaseError> {
    let failed = |error: &dyn std::fmt::Display| TestCaseError::fail(error.to_string());
    let dir = tempfile::tempdir()?;
    let setup = dir.path().join("setup");
    std::fs::create_dir_all(setup.join("manifests"))?;
    let write = |name: &str, json: Json| {
        bkt_core::files::replace(&setup.join("manifests").join(name), json.to_string().as_bytes())
    };
    write("flatpak-apps.json", json!({"apps": apps}))?;
    write("flatpak-remotes.json", json!({"remotes": remotes}))?;
    let host = Arc::new(computer);
    let session = Session { host: host.clone(), setup, state: dir.path().join("state") };
    let look = || session.compare_some(&[Domain::Remote, Domain::Flatpak]).map_err(|error| failed(&error));
    let snapshot = look()?;
    prop_assert!(snapshot.comparison.unknown.is_empty(), "{:?}", snapshot.comparison.unknown);
    let decisions = snapshot.comparison.changes.iter().map(|change| (change.id.clone(), decision)).collect();
    let plan = session.plan(&snapshot, &decisions).map_err(|error| failed(&error))?;
    let text = format!("{plan:#?}");
    let done =
        session.run(plan, &Direct { host: host.as_ref() }, Source::Cli, &mut |_| {}).map_err(|error| failed(&error))?;
    let bad: Vec<_> = done.operations.iter().filter(|result| result.state != StepState::Done).collect();
    prop_assert!(bad.is_empty(), "{bad:?}\n{text}");
    let after = look()?.comparison;
    prop_assert!(after.unknown.is_empty(), "{:?}", after.unknown);
    Ok(after
        .changes
        .iter()
        .map(|change| format!("{}: {:?} / {:?}", change.id, change.setup, change.computer))
        .collect())
}

fn both() -> BTreeMap<(&'static str, &'static str), (u8, bool)> {
    [("user", "lab"), ("user", "next"), ("system", "lab"), ("system", "next")].map(|key| (key, (1, true))).into()
}

proptest! {
    // Each case writes and syncs real files.
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_applied_differs_no_longer(wanted in apps(), here in apps()) {
        let left = after(computer(&here, &both()), &entries(&wanted), &remote_entries(&both()), Decision::Apply)?;
        prop_assert!(left.is_empty(), "{left:#?}");
    }

    #[test]
    fn what_is_captured_differs_no_longer(wanted in apps(), here in apps()) {
        let left = after(computer(&here, &both()), &entries(&wanted), &remote_entries(&both()), Decision::Capture)?;
        prop_assert!(left.is_empty(), "{left:#?}");
    }

    #[test]
    fn remotes_differ_no_longer(wanted in remotes(), here in remotes(), apply in any::<bool>()) {
        let decision = if apply { Decision::Apply } else { Decision::Capture };
        let left = after(computer(&Apps::new(), &here), &[], &remote_entries(&wanted), decision)?;
        prop_assert!(left.is_empty(), "{left:#?}");
    }
}

#[test]
fn a_plan_for_everyone_holds_nothing_but_what_flatpak_is_to_be_told() {
    let computer = computer(&Apps::new(), &both());
    let dir = tempfile::tempdir().unwrap();
    let setup = dir.path().join("setup");
    std::fs::create_dir_all(setup.join("manifests")).unwrap();
    let entry = json!({"id": "a.b.C", "remote": "lab", "commit": commit(1), "overrides": ["--filesystem=home"]});
    let write = |name: &str, json: Json| {
        bkt_core::files::replace(&setup.join("manifests").join(name), json.to_string().as_bytes()).unwrap();
    };
    write("flatpak-apps.json", json!({"apps": [entry]}));
    write("flatpak-remotes.json", json!({"remotes": remote_entries(&both())}));
    let session = Session { host: Arc::new(computer), setup, state: dir.path().join("state") };
    let snapshot = session.compare_some(&[Domain::Remote, Domain::Flatpak]).unwrap();
    let id = ItemId::new(Domain::Flatpak, "a.b.C");
    let plan = session.plan(&snapshot, &[(id, Decision::Apply)].into()).unwrap();
    let text = String::from_utf8(plan.to_bytes()).unwrap();
    assert_eq!(Plan::from_bytes(text.as_bytes()).unwrap(), plan);
    for (from, to, why) in [
        (commit(1), "--no-deploy".to_owned(), "not a valid commit"),
        ("--filesystem=home".to_owned(), "--reset".to_owned(), "not a valid override"),
        ("--filesystem=home".to_owned(), "--env-fd=0".to_owned(), "no such override"),
        ("--filesystem=home".to_owned(), "--filesystem=a\\u000ab".to_owned(), "not allowed"),
        ("\"remote\":\"lab\"".to_owned(), "\"remote\":\"-y\"".to_owned(), "not a valid remote name"),
        ("\"flatpak:a.b.C\"".to_owned(), "\"flatpak:user/a.b.C\"".to_owned(), "another scope"),
        ("\"flatpak:a.b.C\"".to_owned(), "\"flatpak:a.b.D\"".to_owned(), "not the one the action changes"),
        ("\"flatpaks\":{\"system/a.b.C\":[]}".to_owned(), "\"flatpaks\":{}".to_owned(), "missing"),
    ] {
        assert!(text.contains(&from), "{from} in {text}");
        let refused = Plan::from_bytes(text.replace(&from, &to).as_bytes()).unwrap_err().to_string();
        assert!(refused.contains(why), "{from} → {to}: {refused}");
    }
    // It was not there when the plan was made.
    session.host.run(&Invocation::new("flatpak", ["install", "--system", "lab", "a.b.C"])).unwrap();
    let run = |plan| session.run(plan, &Direct { host: session.host.as_ref() }, Source::Cli, &mut |_| {});
    let stale = run(plan).unwrap_err();
    assert!(stale.to_string().contains("flatpak:a.b.C changed"), "{stale}");
    // Nor had it these permissions, nor was it held.
    for change in
        [&["override", "--system", "--nofilesystem=host", "a.b.C"][..], &["mask", "--system", "app/a.b.C//stable"]]
    {
        let snapshot = session.compare_some(&[Domain::Flatpak]).unwrap();
        let id = ItemId::new(Domain::Flatpak, "a.b.C");
        let plan = session.plan(&snapshot, &[(id, Decision::Apply)].into()).unwrap();
        session.host.run(&Invocation::new("flatpak", change.iter().copied())).unwrap();
        let stale = run(plan).unwrap_err();
        assert!(stale.to_string().contains("flatpak:a.b.C changed"), "{change:?}: {stale}");
    }
}
