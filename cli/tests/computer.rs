// SPDX-License-Identifier: GPL-3.0-or-later
//! Computers to run `bkt` on: a bare one in an empty directory, or a copy of the sample computer.
//!
//! Invariant: everything a test changes is below one temporary directory.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

/// A computer below a temporary directory: `root`, `home` and `setup`.
pub(crate) struct Computer {
    directory: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

/// What a program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// The one JSON document on standard output.
    pub(crate) fn document(&self) -> Json {
        let document: Json = serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert!(document["format"].as_str().unwrap().starts_with("bkt."), "{self:?}");
        assert_eq!(document["format_version"], "1.0", "{self:?}");
        valid(&document);
        document
    }
}

impl Computer {
    /// A root with nothing but a name, and a setup with these manifests.
    pub(crate) fn bare(manifests: &[(&str, &str)]) -> Self {
        let computer = Self { directory: tempfile::tempdir().unwrap(), variables: BTreeMap::new() };
        for directory in ["root/etc", "home/.local/state", "setup/manifests"] {
            std::fs::create_dir_all(computer.path(directory)).unwrap();
        }
        std::fs::write(computer.path("root/etc/os-release"), "PRETTY_NAME=\"Test Linux 1\"\n").unwrap();
        manifests.iter().for_each(|(name, text)| computer.manifest(name, text));
        computer.with_home()
    }

    /// A copy of the sample computer, where there is one.
    pub(crate) fn sample() -> Option<Self> {
        let sample = std::env::var_os("BKT_SAMPLE").map(PathBuf::from);
        let Some(sample) = sample else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs BKT_SAMPLE");
            eprintln!("skipped: BKT_SAMPLE names no sample computer");
            return None;
        };
        let computer = Self { directory: tempfile::tempdir().unwrap(), variables: BTreeMap::new() };
        for part in ["root", "home", "setup", "expected.json", "dconf-profile"] {
            let copied = Command::new("cp")
                .args(["-a", "--reflink=auto"])
                .args([sample.join(part), computer.path(part)])
                .status()
                .unwrap();
            assert!(copied.success());
        }
        let mut computer = computer.with_home();
        computer.set("DCONF_PROFILE", computer.path("dconf-profile").display().to_string());
        computer.set("GSETTINGS_BACKEND", "dconf".to_owned());
        Some(computer)
    }

    fn with_home(mut self) -> Self {
        let home = self.path("home").display().to_string();
        std::fs::create_dir_all(self.path("runtime")).unwrap();
        for (name, below) in [
            ("HOME", ""),
            ("XDG_CONFIG_HOME", "/.config"),
            ("XDG_DATA_HOME", "/.local/share"),
            ("XDG_STATE_HOME", "/.local/state"),
            ("XDG_CACHE_HOME", "/.cache"),
        ] {
            self.set(name, format!("{home}{below}"));
        }
        self.set("XDG_RUNTIME_DIR", self.path("runtime").display().to_string());
        self
    }

    /// Sets a variable of the environment.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.variables.insert(name.to_owned(), value);
    }

    /// Where a part of it is.
    pub(crate) fn path(&self, part: &str) -> PathBuf {
        self.directory.path().join(part)
    }

    /// Writes a manifest of the setup.
    pub(crate) fn manifest(&self, name: &str, text: &str) {
        std::fs::write(self.path("setup/manifests").join(name), text).unwrap();
    }

    /// Runs `bkt` on this computer and its setup.
    pub(crate) fn bkt(&self, args: &[&str]) -> Said {
        let (root, setup) = (self.path("root"), self.path("setup"));
        let mut all = vec!["--root", root.to_str().unwrap(), "-C", setup.to_str().unwrap()];
        all.extend(args);
        self.run(env!("CARGO_BIN_EXE_bkt"), &all)
    }

    /// Runs `bkt` on a terminal of 80 columns and gives these answers.
    pub(crate) fn bkt_answered(&self, args: &[&str], answers: &str) -> Said {
        let (root, setup) = (self.path("root"), self.path("setup"));
        let words = [env!("CARGO_BIN_EXE_bkt"), "--root", root.to_str().unwrap(), "-C", setup.to_str().unwrap()];
        let command = [&words[..], args].concat().join(" ");
        std::fs::write(self.path("answers"), answers).unwrap();
        let typed = format!("script -qec 'stty cols 80 -echo; {command}' /dev/null < answers");
        self.run("sh", &["-c", &typed])
    }

    /// The same, where `meanwhile` is run by a shell, here, while `question` waits for the answers after it.
    pub(crate) fn bkt_disturbed(
        &self,
        args: &[&str],
        answers: &str,
        question: &str,
        meanwhile: &str,
        after: &str,
    ) -> Said {
        let (root, setup) = (self.path("root"), self.path("setup"));
        let words = [env!("CARGO_BIN_EXE_bkt"), "--root", root.to_str().unwrap(), "-C", setup.to_str().unwrap()];
        let command = [&words[..], args].concat().join(" ");
        std::fs::write(self.path("answers"), answers).unwrap();
        std::fs::write(self.path("after"), after).unwrap();
        std::fs::write(self.path("shown"), "").unwrap();
        let typed = format!(
            "(cat answers; until grep -qF '{question}' shown; do sleep 0.1; done; {meanwhile}; cat after) \
             | timeout 60 script -qefc 'stty cols 80 -echo; {command}' shown"
        );
        self.run("sh", &["-c", &typed])
    }

    /// Runs `bkt` and presses Ctrl-C, once, when its run began.
    pub(crate) fn bkt_interrupted(&self, args: &[&str]) -> Said {
        let (root, setup) = (self.path("root"), self.path("setup"));
        let words = [env!("CARGO_BIN_EXE_bkt"), "--root", root.to_str().unwrap(), "-C", setup.to_str().unwrap()];
        let command = [&words[..], args, &["--progress", "json"]].concat().join(" ");
        let script = format!(
            "{command} 2>progress & bkt=$!; until grep -q start progress; do sleep 0.01; done; kill -INT $bkt; \
             wait $bkt; exit=$?; cat progress >&2; exit $exit"
        );
        self.run("sh", &["-c", &script])
    }

    /// Runs a program as this computer's person, with a session bus of their own where settings are kept.
    pub(crate) fn run(&self, program: &str, args: &[&str]) -> Said {
        let mut command = if self.variables.contains_key("DCONF_PROFILE") {
            let mut command = Command::new("dbus-run-session");
            command.args(["--", program]);
            command
        } else {
            Command::new(program)
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .args(args)
            .env_clear()
            .env("PATH", path)
            .envs(&self.variables)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC");
        let output = command.current_dir(self.directory.path()).output().unwrap();
        let text = |bytes: Vec<u8>| self.normal(&String::from_utf8(bytes).unwrap());
        Said { exit: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Text without what differs from run to run.
    fn normal(&self, text: &str) -> String {
        let text = text.replace(self.directory.path().to_str().unwrap(), "/tmp/x");
        let ours = |line: &&str| !line.starts_with("dbus-daemon[");
        text.split_inclusive('\n').filter(ours).map(timeless).collect()
    }

    /// Every file below the given parts with the hash of its content, except the tools' own logs.
    pub(crate) fn tree(&self, parts: &[&str]) -> BTreeMap<PathBuf, u64> {
        let mut files = BTreeMap::new();
        parts.iter().for_each(|part| walk(&self.path(part), &mut files));
        files
    }
}

/// A line of progress without how long its step took, which it says of one that took longer than a second.
fn timeless(line: &str) -> String {
    let seconds = |word: &str| word.strip_suffix(" s").is_some_and(|number| number.parse::<f64>().is_ok());
    let text = line.trim_end_matches(['\r', '\n']);
    let is_step = text.starts_with('[') && text.contains("] ");
    match text.rsplit_once("  ").filter(|(_, last)| is_step && seconds(last)) {
        Some((step, _)) => format!("{}{}", step.trim_end(), &line[text.len()..]),
        None => line.to_owned(),
    }
}

#[test]
fn only_how_long_a_step_took_is_left_out() {
    assert_eq!(timeless("[ 1/14] done     Install htop  1.5 s\n"), "[ 1/14] done     Install htop\n");
    assert_eq!(
        timeless("[1/1] waiting  Remove a=1  after restart  61.0 s\r\n"),
        "[1/1] waiting  Remove a=1  after restart\r\n"
    );
    for line in ["[1/1] done     Set x to 2.0 s\n", "It took  1.5 s\n", "[1/1] done     Install htop\n"] {
        assert_eq!(timeless(line), line);
    }
}

/// Every document has a schema in data/schemas, and is what that says.
pub(crate) fn valid(document: &Json) {
    valid_as(document["format"].as_str().unwrap(), document);
}

/// Checks a document that does not name its own format.
pub(crate) fn valid_as(format: &str, document: &Json) {
    let schema = bkt_core::schema::find(format).unwrap_or_else(|| panic!("{format} has no schema in data/schemas"));
    let validator = jsonschema::draft202012::new(&schema.json()).unwrap();
    let wrong: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{format}: {wrong:#?}\n{document:#}");
}

fn walk(directory: &Path, files: &mut BTreeMap<PathBuf, u64>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            files.insert(path.clone(), hash(std::fs::read_link(&path).unwrap().as_os_str().as_bytes()));
        } else if path.is_dir() && !path.ends_with("root/var/log") {
            walk(&path, files);
        } else if path.is_file() {
            files.insert(path.clone(), hash(&std::fs::read(&path).unwrap()));
        }
    }
}

fn hash(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    hasher.finish()
}
