// SPDX-License-Identifier: GPL-3.0-or-later
//! The real computer, or one below a directory.
//!
//! Invariant: the only file in which Bucket starts programs, but for the authentication agent of a terminal
//! (`cli/src/privileged.rs`) and the command that hands itself over to the host (`cli/src/delegate.rs`); each gets a fixed PATH and the C.UTF-8 locale,
//! so that what it prints can be parsed, and never a terminal to ask questions on.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use jiff::Timestamp;

use super::pipe::NamedPipe;
use super::{
    Facts, FileKind, Host, HostError, Invocation, NoSettings, Output, OwnedFile, SYSTEM_PATH, Settings, Stamp, beneath,
};
use crate::files;
use crate::tree::TreePath;

/// How much of a tool's output is kept, in bytes.
const OUTPUT_LIMIT: usize = 64 << 20;

/// The computer this program runs on, or the one below `root`.
pub struct LiveHost {
    root: Option<PathBuf>,
    home: Option<PathBuf>,
    settings: Arc<dyn Settings>,
    keep_environment: bool,
}

impl std::fmt::Debug for LiveHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveHost").field("root", &self.root).finish_non_exhaustive()
    }
}

impl LiveHost {
    /// The person's side: tools inherit the session's environment (D-Bus address, home).
    #[must_use]
    pub fn of_user(root: Option<PathBuf>, settings: Arc<dyn Settings>) -> Self {
        Self { root, home: None, settings, keep_environment: true }
    }

    /// The same with the person's home directory.
    #[must_use]
    pub fn with_home(self, home: Option<PathBuf>) -> Self {
        Self { home, ..self }
    }

    /// The root helper's side: tools get an environment of three fixed variables and no settings.
    #[must_use]
    pub fn of_system() -> Self {
        Self { root: None, home: None, settings: Arc::new(NoSettings), keep_environment: false }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where programs are started")]
    fn command(&self, invocation: &Invocation) -> Command {
        let mut command = Command::new(&invocation.program);
        if !self.keep_environment {
            command.env_clear().env("HOME", "/root");
        }
        command
            .env("PATH", SYSTEM_PATH)
            .env("LC_ALL", "C.UTF-8")
            .env_remove("LANGUAGE")
            .args(&invocation.args)
            .envs(invocation.env.iter().map(|(name, value)| (name, value)))
            .stdin(if invocation.input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// How often a silent tool is looked at, and how long its last words are waited for.
const LOOK: Duration = Duration::from_millis(100);

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Output,
    Error,
    Pipe,
}

/// Passes on each line with its end, until there are no more or nobody listens.
fn read_lines(pipe: impl Read, mut pass: impl FnMut(String) -> bool) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        if !pass(String::from_utf8_lossy(&line).into_owned()) {
            return;
        }
        line.clear();
    }
}

impl Host for LiveHost {
    fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    fn read(&self, path: &Path) -> Result<Option<String>, HostError> {
        files::read(path).map_err(|source| HostError::File { path: path.to_owned(), source })
    }

    fn list(&self, path: &Path) -> Result<Vec<String>, HostError> {
        let failed = |source| HostError::File { path: path.to_owned(), source };
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed(source)),
        };
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn link(&self, path: &Path) -> Result<Option<PathBuf>, HostError> {
        match std::fs::read_link(path) {
            Ok(target) => Ok(Some(target)),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(source) => Err(HostError::File { path: path.to_owned(), source }),
        }
    }

    fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    fn look(&self, path: &Path) -> Result<Option<Facts>, HostError> {
        use std::os::unix::fs::MetadataExt;
        let meta = match path.symlink_metadata() {
            Ok(meta) => meta,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(source) => return Err(HostError::File { path: path.to_owned(), source }),
        };
        let kind = match meta.file_type() {
            kind if kind.is_file() => FileKind::File,
            kind if kind.is_dir() => FileKind::Directory,
            kind if kind.is_symlink() => FileKind::Link,
            _ => FileKind::Other,
        };
        let changed = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
        Ok(Some(Facts { kind, size: meta.len(), mode: meta.mode() & 0o7777, changed }))
    }

    fn owned(&self, base: &Path, place: &TreePath) -> Result<Option<OwnedFile>, HostError> {
        beneath::read(base, place).map_err(|source| HostError::File { path: base.join(place.as_str()), source })
    }

    fn put_owned(&self, base: &Path, place: &TreePath, file: Option<&OwnedFile>) -> Result<(), HostError> {
        beneath::put(base, place, file).map_err(|source| HostError::File { path: base.join(place.as_str()), source })
    }

    fn bytes(&self, path: &Path) -> Result<Option<Vec<u8>>, HostError> {
        files::bytes(path).map_err(|source| HostError::File { path: path.to_owned(), source })
    }

    fn put(&self, path: &Path, content: &[u8], mode: u32) -> Result<(), HostError> {
        files::put(path, content, mode).map_err(|source| HostError::File { path: path.to_owned(), source })
    }

    fn digest(&self, path: &Path) -> Result<Option<String>, HostError> {
        files::digest(path).map_err(|source| HostError::File { path: path.to_owned(), source })
    }

    fn place(&self, from: &Path, to: &Path, mode: u32) -> Result<(), HostError> {
        files::place(from, to, mode).map_err(|source| HostError::File { path: to.to_owned(), source })
    }

    fn put_link(&self, path: &Path, target: &Path) -> Result<(), HostError> {
        files::put_link(path, target).map_err(|source| HostError::File { path: path.to_owned(), source })
    }

    fn remove(&self, path: &Path) -> Result<(), HostError> {
        files::remove(path).map_err(|source| HostError::File { path: path.to_owned(), source })
    }

    fn write(&self, path: &Path, content: &str) -> Result<(), HostError> {
        files::replace(path, content.as_bytes()).map_err(|source| HostError::File { path: path.to_owned(), source })
    }

    fn run_with(&self, invocation: &Invocation, on_line: &mut dyn FnMut(&str)) -> Result<Output, HostError> {
        let program = &invocation.program;
        let failed = |source| HostError::Run { program: program.clone(), source };
        let named = invocation.pipe.as_deref().map(NamedPipe::make).transpose().map_err(failed)?;
        let beside = named.as_ref().map(NamedPipe::reader).transpose().map_err(failed)?;
        let mut child = match self.command(invocation).spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(HostError::Missing(program.clone()));
            }
            Err(source) => return Err(failed(source)),
        };
        if let (Some(mut pipe), Some(text)) = (child.stdin.take(), invocation.input.clone()) {
            // A tool that ends without reading it has its reasons, and says them.
            std::thread::spawn(move || pipe.write_all(text.as_bytes()));
        }
        let (lines, said) = std::sync::mpsc::channel();
        for (pipe, from) in [
            (child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>), Source::Output),
            (child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>), Source::Error),
            (beside.map(|pipe| Box::new(pipe) as Box<dyn Read + Send>), Source::Pipe),
        ] {
            let lines = lines.clone();
            let goes_on =
                move |line: String| !(from == Source::Pipe && line == "\n") && lines.send((from, line)).is_ok();
            std::thread::spawn(move || pipe.map(|pipe| read_lines(pipe, goes_on)));
        }
        drop(lines);
        let mut output = Output::default();
        let mut keep = |(from, line): (Source, String), output: &mut Output| {
            let kept = match from {
                Source::Output => Some(&mut output.stdout),
                Source::Error => Some(&mut output.stderr),
                Source::Pipe => None,
            };
            if let Some(kept) = kept.filter(|kept| kept.len() + line.len() <= OUTPUT_LIMIT) {
                kept.push_str(&line);
            }
            if from != Source::Error {
                on_line(line.trim_end_matches(['\n', '\r']));
            }
        };
        // The tool's end counts, not its pipes': what a package script leaves running may hold them open for ever.
        let status = loop {
            match said.recv_timeout(LOOK) {
                Ok(line) => keep(line, &mut output),
                Err(RecvTimeoutError::Disconnected) => break child.wait().map_err(failed)?,
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(status) = child.try_wait().map_err(failed)? {
                        break status;
                    }
                }
            }
        };
        drop(named);
        while let Ok(line) = said.recv_timeout(LOOK) {
            keep(line, &mut output);
        }
        output.status = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        Ok(output)
    }

    fn stamp(&self, path: &Path) -> Result<Option<Stamp>, HostError> {
        let failed = |source| HostError::File { path: path.to_owned(), source };
        let file = match std::fs::metadata(path) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(source) => return Err(failed(source)),
        };
        let time = |seconds: i64, nanoseconds: i64| {
            Timestamp::new(seconds, i32::try_from(nanoseconds).unwrap_or_default())
                .map_err(|error| failed(std::io::Error::other(error)))
        };
        Ok(Some(Stamp {
            inode: file.ino(),
            size: file.size(),
            modified: time(file.mtime(), file.mtime_nsec())?,
            changed: time(file.ctime(), file.ctime_nsec())?,
        }))
    }

    fn settings(&self) -> &dyn Settings {
        self.settings.as_ref()
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> LiveHost {
        LiveHost::of_user(None, Arc::new(NoSettings))
    }

    #[test]
    fn a_tool_is_over_when_it_ends_whatever_it_leaves_running() {
        let started = std::time::Instant::now();
        let invocation = Invocation::new("sh", ["-c", "sleep 30 & echo out; echo err >&2; exit 3"]);
        let mut lines = Vec::new();
        let output = host().run_with(&invocation, &mut |line| lines.push(line.to_owned())).unwrap();
        assert_eq!((output.status, output.stdout.as_str(), output.stderr.as_str()), (3, "out\n", "err\n"));
        assert_eq!(lines, ["out"]);
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn what_is_said_in_a_named_pipe_is_passed_on_to_the_last_line_and_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("progress");
        // Whoever leaves something running with the pipe open makes nobody wait for it.
        let script = "exec 3<>$0; sleep 30 & for n in $(seq 1000); do echo told $n >&3; done; echo out";
        let invocation = Invocation::new("sh", ["-c", script, path.to_str().unwrap()]).pipe(path.clone());
        let mut lines = Vec::new();
        let output = host().run_with(&invocation, &mut |line| lines.push(line.to_owned())).unwrap();
        assert_eq!((output.status, output.stdout.as_str()), (0, "out\n"));
        assert_eq!(lines.iter().filter(|line| line.starts_with("told ")).count(), 1000);
        assert!(!path.exists());
    }

    #[test]
    fn a_missing_tool_is_named() {
        let error = host().run(&Invocation::new("no-such-tool", ["x"])).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), ("command_missing", "no-such-tool was not found"));
    }
}
