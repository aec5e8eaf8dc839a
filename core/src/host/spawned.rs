// SPDX-License-Identifier: GPL-3.0-or-later
//! The computer, seen from inside a Flatpak: its tools run on the host, through `flatpak-spawn --host`.
//!
//! Which files are read where:
//!
//! | Path | Read from | Permission |
//! | --- | --- | --- |
//! | `/usr/…` | `/run/host/usr/…` | `--filesystem=host-os` |
//! | `/etc/…` | `/run/host/etc/…` | `--filesystem=host-etc` |
//! | `/proc/…`, `/sys/…` | the sandbox: one kernel serves both | none |
//! | everything else, and symbolic links in `/run/host` | the host, by a tool | `--talk-name=org.freedesktop.Flatpak` |
//!
//! Invariant: nothing of the sandbox's own system is ever taken for the computer's.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Below, BelowEntry, Facts, FileKind, Host, HostError, Invocation, Output, SYSTEM_PATH, Settings, last_words,
};

/// The exit status by which the host's shell says that there is no such file.
const NO_FILE: i32 = 66;
/// The exit statuses by which `env` says that a program is missing, or cannot be started.
const NO_PROGRAM: i32 = 127;
const NOT_STARTED: i32 = 126;

/// Runs tools on the host of a sandbox, and reads the host's files.
pub struct SpawnedHost {
    sandbox: Arc<dyn Host>,
}

impl std::fmt::Debug for SpawnedHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpawnedHost").finish_non_exhaustive()
    }
}

/// The same call, from inside a sandbox. The working directory is `/`, because the sandbox's may not be there; `env`
/// finds the program in the fixed path, and tells in its exit status, not in a translated sentence, when it cannot.
fn from_sandbox(invocation: &Invocation) -> Invocation {
    let variables = invocation.env.iter().map(|(name, value)| format!("--env={name}={value}"));
    let fixed = ["--host", "--watch-bus", "--directory=/", "--env=LC_ALL=C.UTF-8", "--env=LANGUAGE="];
    let program = ["env".to_owned(), format!("PATH={SYSTEM_PATH}"), invocation.program.clone()];
    let args = fixed.into_iter().map(str::to_owned).chain(variables).chain(program);
    let input = invocation.input.clone();
    Invocation { input, ..Invocation::new("flatpak-spawn", args.chain(invocation.args.iter().cloned())) }
}

/// Reads `MODE SIZE SECONDS.NANOSECONDS`, the mode in hexadecimal.
fn facts(said: &str) -> Option<Facts> {
    let mut words = said.split_whitespace();
    let mode = u32::from_str_radix(words.next()?, 16).ok()?;
    let kind = match mode & 0o170_000 {
        0o100_000 => FileKind::File,
        0o040_000 => FileKind::Directory,
        0o120_000 => FileKind::Link,
        _ => FileKind::Other,
    };
    let size = words.next()?.parse().ok()?;
    let changed = words.next()?.replace('.', "").parse().ok()?;
    Some(Facts { kind, size, mode: mode & 0o7777, changed })
}

/// Reads what find(1) says of each file: its path, `f`, `d`, `l` or another letter, `!` for a folder that is closed,
/// its permissions, its size, when it was changed, and where it points.
fn below(said: &str) -> Option<Below> {
    let fields: Vec<&str> = said.split_terminator('\0').collect();
    let mut below = Below::default();
    for fields in fields.chunks(6) {
        let [place, kind, mode, size, changed, link] = fields else { return None };
        let kind = match *kind {
            "f" => FileKind::File,
            "d" | "!" => FileKind::Directory,
            "l" => FileKind::Link,
            _ => FileKind::Other,
        };
        if fields[1] == "!" {
            below.closed.insert((*place).to_owned());
        }
        let (seconds, fraction) = changed.split_once('.').unwrap_or((changed, "0"));
        let nanoseconds: i128 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
        let changed = seconds.parse::<i128>().ok()? * 1_000_000_000 + nanoseconds;
        let facts = Facts { kind, size: size.parse().ok()?, mode: u32::from_str_radix(mode, 8).ok()?, changed };
        let link = (kind == FileKind::Link).then(|| PathBuf::from(link));
        below.entries.insert((*place).to_owned(), BelowEntry { facts, link });
    }
    Some(below)
}

impl SpawnedHost {
    /// The computer around a sandbox.
    #[must_use]
    pub fn new(sandbox: Arc<dyn Host>) -> Self {
        Self { sandbox }
    }

    /// Where the sandbox has a file of the host, when it has it and it is no link, which would lead astray.
    fn shown(&self, path: &Path) -> Result<Option<PathBuf>, HostError> {
        if path.starts_with("/proc") || path.starts_with("/sys") {
            return Ok(Some(path.to_owned()));
        }
        let Some(part) = ["/usr", "/etc"].into_iter().find(|part| path.starts_with(part)) else { return Ok(None) };
        let host = Path::new("/run/host");
        if self.sandbox.list(&host.join(part.trim_start_matches('/')))?.is_empty() {
            return Ok(None);
        }
        let seen = host.join(path.strip_prefix("/").unwrap_or(path));
        Ok(if self.sandbox.link(&seen)?.is_some() { None } else { Some(seen) })
    }

    /// What a line of shell prints about a path on the host; `None` where there is no such file.
    fn ask(&self, script: &str, path: &Path) -> Result<Option<String>, HostError> {
        let failed = |reason| HostError::File { path: path.to_owned(), source: io::Error::other(reason) };
        let name = path.to_str().ok_or_else(|| failed("not UTF-8".to_owned()))?;
        let output = self.run(&Invocation::new("sh", ["-c", script, "sh", name]))?;
        match output.status {
            0 => Ok(Some(output.stdout)),
            NO_FILE => Ok(None),
            _ => Err(failed(last_words(&output.stderr))),
        }
    }
}

impl Host for SpawnedHost {
    fn root(&self) -> Option<&Path> {
        None
    }

    fn read(&self, path: &Path) -> Result<Option<String>, HostError> {
        match self.shown(path)? {
            Some(seen) => self.sandbox.read(&seen),
            None => self.ask(r#"test -e "$1" || exit 66; exec cat -- "$1""#, path),
        }
    }

    fn list(&self, path: &Path) -> Result<Vec<String>, HostError> {
        if let Some(seen) = self.shown(path)? {
            return self.sandbox.list(&seen);
        }
        let names =
            self.ask(r#"test -e "$1" || exit 66; exec find "$1/" -mindepth 1 -maxdepth 1 -printf '%f\0'"#, path)?;
        let mut names: Vec<_> = names.unwrap_or_default().split_terminator('\0').map(str::to_owned).collect();
        names.sort();
        Ok(names)
    }

    fn link(&self, path: &Path) -> Result<Option<PathBuf>, HostError> {
        if self.shown(path)?.is_some() {
            return Ok(None);
        }
        let target = self.ask(r#"test -L "$1" || exit 66; exec readlink -n -- "$1""#, path)?;
        Ok(target.map(PathBuf::from))
    }

    fn home(&self) -> Option<&Path> {
        self.sandbox.home()
    }

    fn look(&self, path: &Path) -> Result<Option<Facts>, HostError> {
        let script = r#"test -e "$1" || test -L "$1" || exit 66; exec stat -c '%f %s %.9Y' -- "$1""#;
        let Some(said) = self.ask(script, path)? else { return Ok(None) };
        let unexpected =
            || HostError::File { path: path.to_owned(), source: io::Error::other(format!("stat said {said:?}")) };
        facts(&said).map(Some).ok_or_else(unexpected)
    }

    /// One tool for all of it, as the sandbox may see no links and no folders of the host.
    fn below(&self, path: &Path) -> Result<Below, HostError> {
        let said = self.ask(
            r#"test -d "$1" && test ! -L "$1" || exit 66; cd -- "$1" && exec find . -mindepth 1 \
\( -type d \( ! -readable -o ! -executable \) -printf '%P\0!\0%m\0%s\0%T@\0%l\0' -prune \) -o \
-printf '%P\0%y\0%m\0%s\0%T@\0%l\0'"#,
            path,
        )?;
        let unexpected = || HostError::File { path: path.to_owned(), source: io::Error::other("find said too little") };
        below(&said.unwrap_or_default()).ok_or_else(unexpected)
    }

    fn bytes(&self, path: &Path) -> Result<Option<Vec<u8>>, HostError> {
        let text = self.read(path)?;
        // What a tool prints is taken as text, so other data would come out changed.
        if text.as_ref().is_some_and(|text| text.contains(char::REPLACEMENT_CHARACTER)) {
            return Err(HostError::Refused(format!("reading {}, which is not text, from a Flatpak", path.display())));
        }
        Ok(text.map(String::into_bytes))
    }

    fn put(&self, path: &Path, _content: &[u8], _mode: u32) -> Result<(), HostError> {
        Err(HostError::Refused(format!("writing {} from a Flatpak", path.display())))
    }

    fn remove(&self, path: &Path) -> Result<(), HostError> {
        Err(HostError::Refused(format!("removing {} from a Flatpak", path.display())))
    }

    fn write(&self, path: &Path, _content: &str) -> Result<(), HostError> {
        Err(HostError::Refused(format!("writing {} from a Flatpak", path.display())))
    }

    fn run_with(&self, invocation: &Invocation, on_line: &mut dyn FnMut(&str)) -> Result<Output, HostError> {
        let output = self.sandbox.run_with(&from_sandbox(invocation), on_line)?;
        let program = invocation.program.clone();
        match output.status {
            NO_PROGRAM if output.stderr.starts_with("env: ") => Err(HostError::Missing(program)),
            NOT_STARTED if output.stderr.starts_with("env: ") => {
                Err(HostError::Run { program, source: io::Error::other(last_words(&output.stderr)) })
            }
            1 if ["Portal call failed: ", "Can't find bus: "].iter().any(|said| output.stderr.starts_with(said)) => {
                Err(HostError::Run { program, source: io::Error::other(last_words(&output.stderr)) })
            }
            _ => Ok(output),
        }
    }

    fn settings(&self) -> &dyn Settings {
        self.sandbox.settings()
    }

    fn now(&self) -> Timestamp {
        self.sandbox.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;

    const SPAWN: &str = "flatpak-spawn --host --watch-bus --directory=/ --env=LC_ALL=C.UTF-8 --env=LANGUAGE=";
    const ENV: &str = "env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    fn said(status: i32, stderr: &str) -> Output {
        Output { status, stderr: stderr.to_owned(), ..Output::default() }
    }

    #[test]
    fn a_tool_runs_on_the_host_with_its_arguments_and_variables() {
        let line = format!("{SPAWN} '--env=A=b c' {ENV} flatpak install -- 'a b' '' -x");
        let sandbox = Arc::new(RecordingHost::default().prints(&line, "done\n"));
        let host = SpawnedHost::new(sandbox.clone());
        let invocation = Invocation::new("flatpak", ["install", "--", "a b", "", "-x"]).env("A", "b c");
        assert_eq!(host.run(&invocation).unwrap().stdout, "done\n");
        assert_eq!(sandbox.effects(), [line]);
    }

    #[test]
    fn what_did_not_start_is_no_answer_of_the_tool() {
        let sandbox = RecordingHost::default()
            .answers(&format!("{SPAWN} {ENV} brew list"), said(127, "env: ‘brew’: No such file or directory\n"))
            .answers(&format!("{SPAWN} {ENV} rpm -qa"), said(1, "Portal call failed: Timeout was reached\n"))
            .answers(&format!("{SPAWN} {ENV} sh -c x"), said(127, "sh: 1: x: not found\n"));
        let host = SpawnedHost::new(Arc::new(sandbox));
        let run = |program: &str, args: &[&str]| host.run(&Invocation::new(program, args.iter().copied()));
        assert_eq!(run("brew", &["list"]).unwrap_err().to_string(), "brew was not found");
        let unreachable = run("rpm", &["-qa"]).unwrap_err();
        assert_eq!(unreachable.to_string(), "rpm could not be run: Portal call failed: Timeout was reached");
        assert_eq!(run("sh", &["-c", "x"]).unwrap().status, 127);
    }

    #[test]
    fn what_find_says_is_read() {
        let said = |text: &str| text.replace('|', "\0");
        let seen = below(&said("a|d|755|40|1.5000000000||a/b|l|777|5|1.0000000070|/x y|c|!|700|40|1.0||")).unwrap();
        let kinds: Vec<_> = seen.entries.iter().map(|(place, entry)| (place.as_str(), entry.facts.kind)).collect();
        assert_eq!(kinds, [("a", FileKind::Directory), ("a/b", FileKind::Link), ("c", FileKind::Directory)]);
        let link = &seen.entries["a/b"];
        assert_eq!((link.link.as_deref(), link.facts.changed), (Some(Path::new("/x y")), 1_000_000_007));
        assert_eq!((link.facts.mode, seen.entries["a"].facts.changed), (0o777, 1_500_000_000));
        assert_eq!(seen.closed.iter().collect::<Vec<_>>(), ["c"]);
        assert_eq!(below(&said("a|d|755")), None);
        assert_eq!(below(""), Some(Below::default()));
    }

    #[test]
    fn what_stat_says_is_read() {
        let file = facts("81ed 5 1700000000.000000007\n").unwrap();
        assert_eq!((file.kind, file.size, file.mode), (FileKind::File, 5, 0o755));
        assert_eq!(file.changed, 1_700_000_000_000_000_007);
        assert_eq!(facts("a1ff 5 1.000000000").unwrap().kind, FileKind::Link);
        assert_eq!(facts("stat: no"), None);
    }

    #[test]
    fn system_files_are_the_hosts() {
        let cat = r#"'test -e "$1" || exit 66; exec cat -- "$1"'"#;
        let sandbox = Arc::new(
            RecordingHost::default()
                .file("/etc/os-release", "the runtime's")
                .file("/run/ostree-booted", "the sandbox's")
                .file("/proc/cmdline", "quiet")
                .file("/run/host/usr/lib/os-release", "the host's")
                .file("/run/host/etc/hostname", "laptop")
                .symlink("/run/host/etc/os-release", "../usr/lib/os-release")
                .prints(&format!("{SPAWN} {ENV} sh -c {cat} sh /etc/os-release"), "the host's")
                .answers(&format!("{SPAWN} {ENV} sh -c {cat} sh /run/ostree-booted"), said(66, "")),
        );
        let host = SpawnedHost::new(sandbox.clone());
        let read = |path: &str| host.read(Path::new(path)).unwrap();
        assert_eq!(read("/usr/lib/os-release").as_deref(), Some("the host's"));
        assert_eq!(read("/etc/hostname").as_deref(), Some("laptop"));
        assert_eq!(read("/etc/hosts"), None);
        assert_eq!(read("/proc/cmdline").as_deref(), Some("quiet"));
        assert_eq!(sandbox.effects(), [""; 0]);
        assert_eq!(read("/etc/os-release").as_deref(), Some("the host's"));
        assert_eq!(read("/run/ostree-booted"), None);
        assert_eq!(sandbox.effects().len(), 2);
        assert!(host.write(Path::new("/etc/hostname"), "x").is_err());
    }

    #[test]
    fn without_the_hosts_system_in_the_sandbox_the_host_is_asked() {
        let find = r#"'test -e "$1" || exit 66; exec find "$1/" -mindepth 1 -maxdepth 1 -printf '\''%f\0'\'''"#;
        let link = r#"'test -L "$1" || exit 66; exec readlink -n -- "$1"'"#;
        let sandbox = RecordingHost::default()
            .prints(&format!("{SPAWN} {ENV} sh -c {find} sh /usr/lib/bootc/kargs.d"), "b.toml\0a.toml\0")
            .prints(&format!("{SPAWN} {ENV} sh -c {link} sh /ostree/boot.1"), "boot.1.1");
        let host = SpawnedHost::new(Arc::new(sandbox));
        assert_eq!(host.list(Path::new("/usr/lib/bootc/kargs.d")).unwrap(), ["a.toml", "b.toml"]);
        assert_eq!(host.link(Path::new("/ostree/boot.1")).unwrap(), Some("boot.1.1".into()));
    }
}
