// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt` killed, or refused by the disk, at every point at which it writes; and on disks that are full or read-only.
//!
//! strace runs the real command, lists what it does to files below the computer, and then stops it at each of these
//! calls in turn. What reader threads remember of tools' answers is not among them: a damaged memory is only slow.
//!
//! Invariant: whatever the point, each file is as before or as after, and the next run ends where this one would have.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::computer::{Computer, Said};

/// The calls that change files, and `openat`, which makes them.
const CALLS: &str = "openat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,\
                     mkdirat,chmod,fchmod,fchmodat,ftruncate,link,linkat,symlink,symlinkat,copy_file_range,sendfile";

/// Where the person's state is.
const STATE: &str = "home/.local/state/bkt";

/// Entries of the changelog, which are named by the time.
const PENDING: &str = "setup/.changelog/pending";

/// The version that is released.
const VERSION: &str = "setup/.changelog/versions/v1.yaml";

/// What was changed on this computer alone.
const LOCAL: &str = "home/.local/share/bkt/ephemeral.json";

/// What a command is tried on, and what came of it undisturbed.
struct Trial {
    computer: Computer,
    words: &'static [&'static str],
    differed: Vec<String>,
    runs: usize,
    before: Files,
    after: Files,
    points: Vec<Point>,
}

/// One call that changes a file.
#[derive(Debug)]
struct Point {
    call: String,
    /// It is the nth of its name, counted from 1.
    nth: usize,
    path: PathBuf,
}

/// Every file by its path in the computer, with its permissions.
type Files = BTreeMap<PathBuf, (u32, Vec<u8>)>;

fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs {program}");
        eprintln!("skipped: there is no {program}");
    }
    found
}

fn computer() -> Computer {
    let computer = Computer::bare(&[
        ("host-shims.json", "{\n  // mine\n  \"shims\": [{\"name\": \"code\"}],\n  \"later\": [1 ,2]\n}\n"),
        ("system-packages.json", "{\"packages\": [\"htop\",\n  \"strace\"]}\n"),
    ]);
    let shims = computer.path("home/.local/toolbox/shims");
    std::fs::create_dir_all(&shims).unwrap();
    std::fs::write(shims.join("docker"), "#!/bin/bash\nexec flatpak-spawn --host podman \"$@\"\n").unwrap();
    std::fs::set_permissions(shims.join("docker"), PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(computer.path("setup/Containerfile"), "FROM x\n").unwrap();
    assert_eq!(computer.bkt(&["containerfile", "adopt", "--all", "-y"]).exit, 0);
    // Tools leave files behind when they are first asked, and two that do so at once can be in each other's way.
    (0..2).for_each(|_| assert_eq!(computer.bkt(&["status"]).exit, 0));
    computer
}

/// What differs between setup and computer.
fn differences(computer: &Computer) -> Vec<String> {
    let drift = computer.bkt(&["drift", "--json"]).document();
    let items = drift["items"].as_array().unwrap().iter();
    items.map(|item| format!("{} {} {} {}", item["id"], item["shape"], item["setup"], item["computer"])).collect()
}

fn read(directory: &Path, base: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, base, files);
        } else {
            let mode = path.metadata().unwrap().permissions().mode();
            files.insert(path.strip_prefix(base).unwrap().to_owned(), (mode, std::fs::read(&path).unwrap()));
        }
    }
}

/// Whether a file is only ever one of its kind: receipts and records have times in them, answers are checked when they
/// are used.
fn varies(path: &Path) -> bool {
    path == Path::new(LOCAL)
        || path.starts_with(PENDING)
        || path.starts_with(Path::new(STATE).join("runs"))
        || path.starts_with(Path::new(STATE).join("answers"))
}

impl Trial {
    /// Prepares a computer, and looks at what a command does there.
    fn of(prepare: fn(&Computer), words: &'static [&'static str]) -> Self {
        let computer = computer();
        prepare(&computer);
        let differed = differences(&computer);
        let runs = computer.bkt(&["log", "--json"]).document()["runs"].as_array().unwrap().len();
        let kept = computer.path("kept");
        std::fs::create_dir(&kept).unwrap();
        std::fs::create_dir(computer.path("killed")).unwrap();
        copy(&computer, Path::new(""), Path::new("kept"));
        let mut trial =
            Self { computer, words, differed, runs, before: Files::new(), after: Files::new(), points: Vec::new() };
        trial.before = trial.files();
        let said = trial.traced(&[]);
        assert_eq!(said.exit, 0, "{words:?}: {said:?}");
        trial.after = trial.files();
        assert!(trial.after != trial.before, "{words:?} changes nothing");
        trial.points =
            points(&std::fs::read_to_string(trial.computer.path("trace")).unwrap(), &trial.computer.path(""));
        trial
    }

    fn files(&self) -> Files {
        let base = self.computer.path("");
        let mut files = Files::new();
        ["root", "home", "setup"].iter().for_each(|part| read(&base.join(part), &base, &mut files));
        files
    }

    fn again_from_the_start(&self) {
        copy(&self.computer, Path::new("kept"), Path::new(""));
    }

    /// Runs the command under strace.
    fn traced(&self, options: &[&str]) -> Said {
        let [root, setup, trace] =
            ["root", "setup", "trace"].map(|part| self.computer.path(part).display().to_string());
        let calls = format!("trace={CALLS}");
        let mut all = vec!["-y", "-qq", "-o", &trace, "-e", &calls];
        all.extend(options);
        all.extend(["--", env!("CARGO_BIN_EXE_bkt"), "--root", &root, "-C", &setup]);
        all.extend(self.words);
        self.computer.run("strace", &all)
    }

    /// Each file is as before or as after, and those that vary are whole.
    fn check(&self, point: &Point) {
        let now = self.files();
        for (path, file) in &now {
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.starts_with(".bkt-") || path.starts_with(Path::new(STATE).join("answers")) {
                continue;
            }
            if path.starts_with(Path::new(STATE).join("replaced")) {
                continue; // What was there before, under the name of its sum.
            }
            if path.starts_with(STATE) {
                let text = String::from_utf8(file.1.clone()).unwrap();
                assert!(text.ends_with('\n'), "{point:?}: {}", path.display());
                let json: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert!(json.is_object(), "{point:?}: {}", path.display());
            } else if path.starts_with(PENDING) {
                let text = std::str::from_utf8(&file.1).unwrap();
                assert!(text.ends_with("draft: false\n"), "{point:?}: {text}");
            } else if path == Path::new(LOCAL) {
                let json: serde_json::Value = serde_json::from_slice(&file.1).unwrap();
                assert!(json["changes"].is_array(), "{point:?}: {json}");
            } else {
                let is_known = [&self.before, &self.after].into_iter().any(|known| known.get(path) == Some(file));
                assert!(is_known, "{point:?}: {} is neither old nor new", path.display());
            }
        }
        for path in self.before.keys().filter(|path| self.after.contains_key(*path)) {
            assert!(now.contains_key(path), "{point:?}: {} is lost", path.display());
        }
    }

    /// The next run ends where the undisturbed one did, and nothing is left beside the files. Killed between a
    /// manifest and the recipe it leaves that behind, as an edit by hand does, and as that is told and put right.
    fn check_next(&self, point: &Point) {
        // What was done before the point is not done twice, and that is told.
        let listed = std::fs::read_to_string(self.computer.path(LOCAL)).unwrap_or_default();
        let exit = match self.words {
            ["changelog", "release", ..] if self.computer.path(VERSION).exists() => 6,
            ["local", "clear", item, ..] if !listed.contains(item) => 2,
            _ => 0,
        };
        let said = self.computer.bkt(self.words);
        assert_eq!(said.exit, exit, "{point:?}: {said:?}");
        if self.words[0] == "changelog" {
            self.check_pending(point);
        }
        if self.words[0] != "containerfile" && self.computer.bkt(&["containerfile", "check"]).exit == 3 {
            let told = if self.words[0] == "changelog" { self.computer.bkt(&["status"]) } else { said };
            assert!(told.err.contains("bkt containerfile "), "{point:?}: {told:?}");
            assert_eq!(self.computer.bkt(&["containerfile", "sync"]).exit, 0, "{point:?}");
        }
        // Where both sides have it already nothing runs, and the next look agrees on it.
        assert!(self.words[0] != "shim" || self.computer.bkt(&["status"]).exit == 0, "{point:?}");
        let same = |files: &Files| -> Files {
            files.iter().filter(|(path, _)| !varies(path)).map(|(path, file)| (path.clone(), file.clone())).collect()
        };
        let (now, wanted) = (same(&self.files()), same(&self.after));
        for path in now.keys().chain(wanted.keys()) {
            let text = |files: &Files| files.get(path).map(|file| String::from_utf8_lossy(&file.1).into_owned());
            pretty(text(&now), text(&wanted), &format!("{point:?}: {}", path.display()));
        }
        assert!(now == wanted, "{point:?}: permissions differ");
        self.check_local(point);
        self.check_tidy(point, &[Path::new(STATE).join("runs")]);
    }

    /// Entries of the changelog are there, once for each time they were added, until a version has them.
    fn check_pending(&self, point: &Point) {
        let document = self.computer.bkt(&["changelog", "pending", "--json"]).document();
        let count = document["pending"].as_array().unwrap().len();
        match self.words {
            ["changelog", "add", ..] => assert!((1..=2).contains(&count), "{point:?}: {document}"),
            _ => assert_eq!(count, 0, "{point:?}: {document}"),
        }
    }

    /// No temporary file is left, but in folders that nobody wrote to since.
    fn check_tidy(&self, point: &Point, except: &[PathBuf]) {
        for path in self.files().keys().filter(|path| !except.iter().any(|folder| path.starts_with(folder))) {
            assert!(!path.file_name().unwrap().to_str().unwrap().starts_with(".bkt-"), "{point:?}: {}", path.display());
        }
    }

    /// Kills the command before each of its calls.
    fn kill(&self) {
        for point in &self.points {
            self.again_from_the_start();
            let said = self.traced(&["-e", &format!("inject={}:signal=KILL:when={}", point.call, point.nth)]);
            assert_eq!(said.exit, -1, "{point:?} was not reached: {said:?}");
            self.check(point);
            if ["apply", "capture", "dnf", "etc", "shim", "skel", "undo"].contains(&self.words[0]) {
                copy(&self.computer, Path::new(""), Path::new("killed"));
                let is_known = self.check_undo(point);
                copy(&self.computer, Path::new("killed"), Path::new(""));
                assert!(is_known || !self.has_changed(), "{point:?}: nobody knows of the run");
            }
            self.check_local(point);
            self.check_next(point);
        }
    }

    /// What a command for this computer alone changed is listed, and is no difference to decide on; what it did not is not.
    fn check_local(&self, point: &Point) {
        if !self.words.contains(&"--here-only") {
            return;
        }
        let drift = self.computer.bkt(&["drift", "--json"]).document();
        let open: Vec<&str> =
            drift["items"].as_array().unwrap().iter().filter_map(|item| item["id"].as_str()).collect();
        let list = self.computer.bkt(&["local", "list", "--json"]).document();
        let local: Vec<String> = list["items"].as_array().unwrap().iter().map(|item| item["id"].to_string()).collect();
        for (item, shim) in [("shim:make", "make"), ("shim:code", "code")] {
            let file = Path::new("home/.local/toolbox/shims").join(shim);
            let was = self.before.get(&file);
            let is_made = self.files().get(&file) != was;
            let is_listed = local.contains(&format!("\"{item}\""));
            assert_eq!(is_listed, is_made, "{point:?}: {item}: {list}");
            assert!(!is_made || !open.contains(&item), "{point:?}: {item}: {drift}");
        }
    }

    /// Whether a file other than this person's state is not as before.
    fn has_changed(&self) -> bool {
        let now = self.files();
        let outside = |path: &Path| !path.starts_with(STATE) && !path.to_string_lossy().contains("/.bkt-");
        now.iter().any(|(path, file)| outside(path) && self.before.get(path) != Some(file))
            || self.before.keys().any(|path| outside(path) && !now.contains_key(path))
    }

    /// A run that was cut off is told as that, and undoing it leads to where it began; whether there is one, or one that
    /// ended.
    fn check_undo(&self, point: &Point) -> bool {
        let log = self.computer.bkt(&["log", "--json"]).document();
        let Some(newest) = log["runs"].get(0).filter(|run| run["result"] == "cut-off") else {
            return log["runs"].as_array().unwrap().len() > self.runs;
        };
        let number = newest["run"].to_string();
        let status = self.computer.bkt(&["status"]).out;
        assert!(status.contains(&format!("‘bkt log {number}’")), "{point:?}: {status}");
        let told = self.computer.bkt(&["log", &number]).out;
        assert!(told.contains(&format!("bkt undo {number}")), "{point:?}: {told}");
        let said = self.computer.bkt(&["undo", &number, "-y"]);
        assert_eq!(said.exit, 0, "{point:?}: {said:?}");
        assert_eq!(differences(&self.computer), self.differed, "{point:?}: {said:?}");
        true
    }

    /// Lets each of its calls fail.
    fn refuse(&self) {
        for point in &self.points {
            let error = match point.call.as_str() {
                "openat" | "write" | "mkdir" => "ENOSPC",
                "fsync" => "EIO",
                _ => "EROFS",
            };
            self.again_from_the_start();
            let said = self.traced(&["-e", &format!("inject={}:error={error}:when={}", point.call, point.nth)]);
            self.check(point);
            self.check_tidy(point, &[]);
            self.check_said(point, error, &said);
            self.check_local(point);
            self.check_next(point);
        }
    }

    /// A failure is told, with the file; what costs the setup or the computer nothing is no failure.
    fn check_said(&self, point: &Point, error: &str, said: &Said) {
        assert!(said.exit >= 0 && !said.err.contains("panicked"), "{point:?} {error}: {said:?}");
        let path = point.path.strip_prefix(self.computer.path("")).unwrap();
        let text = format!("{}{}", said.out, said.err);
        let directory = if self.computer.path("").join(path).is_dir() { path } else { path.parent().unwrap() };
        let files = self.before.keys().chain(self.after.keys()).filter(|file| file.parent() == Some(directory));
        let names: Vec<&str> = files.map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
        let named = names.iter().any(|name| text.contains(name)) || text.contains(directory.to_str().unwrap());
        let outside = |files: &Files| -> Vec<_> {
            files
                .iter()
                .filter(|(path, _)| !path.starts_with(STATE) && *path != Path::new(LOCAL) && !path.starts_with(PENDING))
                .map(|(path, file)| (path.clone(), file.clone()))
                .collect()
        };
        // What could not be written before the run is there after it.
        let runs = Path::new(STATE).join("runs");
        let is_whole = |file: &(u32, Vec<u8>)| {
            serde_json::from_slice::<serde_json::Value>(&file.1).is_ok_and(|json| json["result"] == "done")
        };
        let newest = || {
            let files = self.files().into_iter().filter(|(path, _)| path.starts_with(&runs));
            files
                .max_by_key(|(path, _)| path.file_stem()?.to_str()?.parse::<u64>().ok())
                .is_some_and(|(_, file)| is_whole(&file))
        };
        let harmless =
            said.exit == 0 && (!path.starts_with(&runs) || newest()) && outside(&self.files()) == outside(&self.after);
        assert!(named || harmless, "{point:?} {error} is not named: {said:?}");
        let follows = directory == Path::new("setup") && self.words[0] != "containerfile" && self.words[0] != "ignore";
        assert!(
            said.exit == 1 || said.exit == 5 || path.starts_with(STATE) || follows || harmless,
            "{point:?} {error}: {said:?}"
        );
    }
}

fn pretty(now: Option<String>, wanted: Option<String>, what: &str) {
    let lines =
        |text: Option<String>| text.unwrap_or_else(|| "not there".to_owned()).lines().map(str::to_owned).collect();
    let (now, wanted): (Vec<String>, Vec<String>) = (lines(now), lines(wanted));
    if let Some((now, wanted)) = now.iter().zip(&wanted).find(|(now, wanted)| now != wanted) {
        panic!("{what}:\n  is     {now}\n  wanted {wanted}");
    }
    assert_eq!(now.len(), wanted.len(), "{what}");
}

/// Copies what a command may change from one place in the computer to another.
fn copy(computer: &Computer, from: &Path, to: &Path) {
    for part in ["root", "home", "setup"] {
        let to = computer.path("").join(to).join(part);
        if to.exists() {
            std::fs::remove_dir_all(&to).unwrap();
        }
        let copied =
            Command::new("cp").arg("-a").arg(computer.path("").join(from).join(part)).arg(&to).status().unwrap();
        assert!(copied.success());
    }
}

/// The calls in a trace that change something below a directory.
fn points(trace: &str, below: &Path) -> Vec<Point> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut points = Vec::new();
    for line in trace.lines() {
        let Some((call, args)) = line.split_once('(').filter(|(call, _)| CALLS.contains(call)) else { continue };
        let nth = counts.entry(call).or_default();
        *nth += 1;
        if call == "openat" && !args.contains("O_CREAT") && !args.contains("O_TMPFILE") {
            continue;
        }
        // The file of a descriptor, or the last path that is named.
        let path = if args.starts_with(|c: char| c.is_ascii_digit()) {
            args.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(path, _)| path)
        } else {
            args.rsplit('"').nth(1)
        };
        let path = PathBuf::from(path.unwrap_or_default());
        if path.starts_with(below) && !path.starts_with(below.join("trace")) {
            points.push(Point { call: call.to_owned(), nth: *nth, path });
        }
    }
    points
}

/// Tries a command both ways.
fn try_all(prepare: fn(&Computer), words: &'static [&'static str]) {
    if !has("strace") {
        return;
    }
    let trial = Trial::of(prepare, words);
    assert!(trial.points.iter().any(|point| point.call.starts_with("rename")), "{:?}", trial.points);
    trial.kill();
    trial.refuse();
    println!("{}: stopped at {} points, and refused at each", words.join(" "), trial.points.len());
}

#[test]
fn capturing() {
    try_all(|_| {}, &["capture", "shim", "--yes"]);
}

#[test]
fn applying() {
    try_all(|_| {}, &["apply", "shim", "--yes"]);
}

#[test]
fn adding_a_package_to_the_setup() {
    try_all(|_| {}, &["dnf", "install", "ripgrep", "--setup-only"]);
}

#[test]
fn adding_to_both_sides() {
    // How a refusal of each write is told does not depend on how many sides are written.
    if has("strace") {
        Trial::of(|_| {}, &["shim", "add", "make"]).kill();
    }
}

#[test]
fn changing_this_computer_alone() {
    try_all(|_| {}, &["shim", "add", "make", "--here-only", "-y"]);
}

#[test]
fn taking_away_on_this_computer_alone() {
    let there = |computer: &Computer| assert_eq!(computer.bkt(&["apply", "shim:code", "-y"]).exit, 0);
    try_all(there, &["shim", "remove", "code", "--here-only", "-y"]);
}

#[test]
fn undoing() {
    let captured = |computer: &Computer| assert_eq!(computer.bkt(&["capture", "shim", "--yes"]).exit, 0);
    try_all(captured, &["undo", "1", "--yes"]);
}

#[test]
fn updating_the_recipe() {
    const BEHIND: &str = "{\"packages\": [\"htop\",\n  \"strace\", \"tree\"]}\n";
    try_all(|computer| computer.manifest("system-packages.json", BEHIND), &["containerfile", "sync"]);
}

#[test]
fn ignoring() {
    let ignored = |computer: &Computer| assert_eq!(computer.bkt(&["ignore", "pkg:vim"]).exit, 0);
    try_all(ignored, &["ignore", "shim:docker"]);
}

/// Writes files of a computer.
fn write(computer: &Computer, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = computer.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

#[test]
fn assuming_something_of_the_base() {
    const KNOWN: &str = "{\n  // mine\n  \"packages\": [\"bash\"]\n}\n";
    let known = |computer: &Computer| computer.manifest("base-image-assumptions.json", KNOWN);
    try_all(known, &["base", "assume", "git", "-r", "clones"]);
}

#[test]
fn forgetting_what_was_changed_here_alone() {
    let changed = |computer: &Computer| {
        assert_eq!(computer.bkt(&["shim", "add", "make", "git", "--here-only", "-y"]).exit, 0);
    };
    try_all(changed, &["local", "clear", "shim:make", "-y"]);
}

/// Kills a command before each call that is about a folder: what is done around them is the same in every run.
fn kill_in(folder: &str, prepare: fn(&Computer), words: &'static [&'static str]) {
    if has("strace") {
        let mut trial = Trial::of(prepare, words);
        let folder = trial.computer.path(folder);
        trial.points.retain(|point| point.path.starts_with(&folder));
        assert!(trial.points.iter().any(|point| point.call.starts_with("rename")), "{:?}", trial.points);
        trial.kill();
    }
}

#[test]
fn adding_a_file_of_the_home() {
    let there = |computer: &Computer| write(computer, &[("home/.config/app/a", "one\n")]);
    kill_in("setup/skel", there, &["skel", "add", ".config/app/a", "-y"]);
}

#[test]
fn bringing_a_file_into_the_home() {
    let there = |computer: &Computer| {
        write(computer, &[("setup/skel/.config/app/a", "one\n"), ("home/.config/app/a", "uno\n")]);
        assert_eq!(computer.bkt(&["containerfile", "sync"]).exit, 0);
    };
    kill_in("home/.config", there, &["skel", "sync", "--force", "-y"]);
}

#[test]
fn capturing_a_file_of_etc() {
    let there = |computer: &Computer| {
        write(computer, &[("root/usr/etc/os-release", "PRETTY_NAME=\"Test Linux 1\"\n")]);
        write(computer, &[("root/etc/keyd/a", "[ids]\n")]);
        write(computer, &[("setup/system/etc/motd", "Hello\n"), ("root/etc/motd", "Hello\n")]);
        assert_eq!(computer.bkt(&["containerfile", "adopt", "--all", "-y"]).exit, 0);
    };
    kill_in("setup/system", there, &["etc", "capture", "keyd", "-y"]);
}

#[test]
fn adding_an_entry_to_the_changelog() {
    if has("strace") {
        Trial::of(|_| {}, &["changelog", "add", "One thing"]).kill();
    }
}

#[test]
fn releasing_a_version() {
    let pending = |computer: &Computer| {
        for message in ["One thing", "Another"] {
            assert_eq!(computer.bkt(&["changelog", "add", message]).exit, 0);
        }
        write(computer, &[("setup/CHANGELOG.md", "# Changelog\n\nMine\n")]);
    };
    try_all(pending, &["changelog", "release", "v1"]);
}

/// Runs a script as root with mounts of its own; `$1` is the computer, `$bkt` the command on it.
fn with_mounts(computer: &Computer, script: &str) -> Option<String> {
    // The build root is no mount of its own, so propagation cannot be set there; it is a private one already.
    let works = |how: &&&str| {
        let tried = Command::new("unshare").args(["-m", "--propagation", how, "true"]).output();
        tried.is_ok_and(|output| output.status.success())
    };
    let Some(how) = ["private", "unchanged"].iter().find(works) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs to be allowed to mount");
        eprintln!("skipped: mounting needs root");
        return None;
    };
    let bkt = format!(
        "bkt() {{ {} --root \"$1/root\" -C \"$1/setup\" \"${{@:2}}\"; echo \"exit $?\"; }}",
        env!("CARGO_BIN_EXE_bkt")
    );
    let script = format!("set -u; cd \"$1\"\n{bkt}\n{script}");
    let place = computer.path("").display().to_string();
    let said = computer
        .run("unshare", &["-m", "--propagation", how, "bash", "-c", &script, "bash", place.trim_end_matches('/')]);
    assert_eq!(said.exit, 0, "{said:?}");
    Some(said.out)
}

#[test]
fn a_full_disk_keeps_what_was_there_and_is_named() {
    let computer = computer();
    let Some(out) = with_mounts(
        &computer,
        "cp -a setup full; mount -t tmpfs -o size=64k full setup; cp -a full/. setup/; cat /dev/zero >setup/zeros 2>/dev/null
         bkt \"$1\" capture shim --yes 2>&1; rm setup/zeros; diff -r full setup && echo same
         bkt \"$1\" capture shim --yes 2>&1; ls -A setup/manifests; grep -o docker setup/manifests/host-shims.json",
    ) else {
        return;
    };
    insta::assert_snapshot!(out, @r#"
    [1/2] FAILED   Take code out of manifests/host-shims.json
            manifests/host-shims.json: No space left on device (os error 28)
    [2/2] FAILED   Add docker to manifests/host-shims.json
            manifests/host-shims.json: No space left on device (os error 28)
    2 failed.
      shim:code    manifests/host-shims.json: No space left on device (os error 28)
      shim:docker  ″
    Try again: bkt capture shim:code shim:docker
    See it again: bkt log 1
    exit 1
    same
    [1/2] done     Take code out of manifests/host-shims.json
    [2/2] done     Add docker to manifests/host-shims.json
    2 done.
    Not committed: manifests/host-shims.json
    exit 0
    host-shims.json
    system-packages.json
    docker
    "#);
}

#[test]
fn a_read_only_setup_and_a_read_only_state_are_named() {
    let computer = computer();
    let Some(out) = with_mounts(
        &computer,
        "cp -a setup kept; mount --bind setup setup; mount -o remount,ro,bind setup
         for command in 'capture shim --yes' 'dnf install ripgrep --setup-only' 'containerfile sync --force' 'ignore shim:docker'; do
           bkt \"$1\" $command 2>&1
         done
         diff -r kept setup && echo same; umount setup
         mount --bind home/.local/state home/.local/state; mount -o remount,ro,bind home/.local/state
         bkt \"$1\" drift check -q 2>&1; bkt \"$1\" dnf install ripgrep --setup-only 2>&1; grep -o ripgrep setup/manifests/*",
    ) else {
        return;
    };
    insta::assert_snapshot!(out, @r#"
    [1/2] FAILED   Take code out of manifests/host-shims.json
            manifests/host-shims.json: read-only filesystem or storage medium
    [2/2] FAILED   Add docker to manifests/host-shims.json
            manifests/host-shims.json: read-only filesystem or storage medium
    2 failed.
      shim:code    manifests/host-shims.json: read-only filesystem or storage medium
      shim:docker  ″
    Try again: bkt capture shim:code shim:docker
    See it again: bkt log 1
    exit 1
    [1/1] FAILED   Add ripgrep to manifests/system-packages.json
            manifests/system-packages.json: read-only filesystem or storage medium
    1 failed.
      pkg:ripgrep
          manifests/system-packages.json: read-only filesystem or storage medium
    Try again: bkt --root /tmp/x/root -C /tmp/x/setup dnf install ripgrep --setup-only
    See it again: bkt log 2
    exit 1
    Containerfile has nothing to update.
    exit 0
    bkt: /tmp/x/setup/.bktignore: read-only filesystem or storage medium
    exit 1
    same
    exit 3
    [1/1] done     Add ripgrep to manifests/system-packages.json
    1 done.
    The record of this run could not be kept, so it cannot be undone: /tmp/x/home/.local/state/bkt/runs: read-only filesystem or storage medium
    Not committed: manifests/system-packages.json
    exit 0
    setup/manifests/system-packages.json:ripgrep
    "#);
}

#[test]
fn what_cannot_be_written_down_is_not_done_on_the_computer() {
    let computer = computer();
    let Some(out) = with_mounts(
        &computer,
        "mount --bind setup setup; mount -o remount,ro,bind setup
         bkt \"$1\" shim add make --yes 2>&1; find home -name 'make*'
         umount setup; bkt \"$1\" shim add make --yes 2>&1; find home -name 'make*'",
    ) else {
        return;
    };
    insta::assert_snapshot!(out, @r"
    [1/2] FAILED   Add make to manifests/host-shims.json
            manifests/host-shims.json: read-only filesystem or storage medium
    1 skipped, 1 failed.
      shim:make  manifests/host-shims.json: read-only filesystem or storage medium
      shim:make  not tried: the setup could not be written
    See it again: bkt log 1
    exit 1
    [1/2] done     Add make to manifests/host-shims.json
    [2/2] done     Add make: make
    2 done.
    Not committed: manifests/host-shims.json
    exit 0
    home/.local/toolbox/shims/make
    ");
}
