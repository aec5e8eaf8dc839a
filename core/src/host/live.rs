// SPDX-License-Identifier: GPL-3.0-or-later
//! The real computer, or one below a directory.
//!
//! Invariant: the only file in which Bucket starts programs; each gets a fixed PATH and the C.UTF-8 locale,
//! so that what it prints can be parsed, and never a terminal to ask questions on.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Host, HostError, Invocation, NoSettings, Output, Settings};
use crate::files;

const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How much of a tool's output is kept, in bytes.
const OUTPUT_LIMIT: usize = 64 << 20;

/// The computer this program runs on, or the one below `root`.
pub struct LiveHost {
    root: Option<PathBuf>,
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
        Self { root, settings, keep_environment: true }
    }

    /// The root helper's side: tools get an environment of three fixed variables and no settings.
    #[must_use]
    pub fn of_system() -> Self {
        Self { root: None, settings: Arc::new(NoSettings), keep_environment: false }
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
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
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
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
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
        use std::io::ErrorKind;
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

    fn write(&self, path: &Path, content: &str) -> Result<(), HostError> {
        files::replace(path, content.as_bytes()).map_err(|source| HostError::File { path: path.to_owned(), source })
    }

    fn run_with(&self, invocation: &Invocation, on_line: &mut dyn FnMut(&str)) -> Result<Output, HostError> {
        let program = &invocation.program;
        let failed = |source| HostError::Run { program: program.clone(), source };
        let mut child = match self.command(invocation).spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(HostError::Missing(program.clone()));
            }
            Err(source) => return Err(failed(source)),
        };
        let mut stderr_pipe = child.stderr.take();
        let stderr = std::thread::spawn(move || {
            let mut said = Vec::new();
            if let Some(pipe) = stderr_pipe.as_mut() {
                // An unreadable pipe only shortens the explanation of a failure.
                let _ = pipe.by_ref().take(OUTPUT_LIMIT as u64).read_to_end(&mut said);
                let _ = std::io::copy(pipe, &mut std::io::sink());
            }
            String::from_utf8_lossy(&said).into_owned()
        });
        let mut stdout = String::new();
        if let Some(pipe) = child.stdout.take() {
            let mut reader = BufReader::new(pipe);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).map_err(failed)? > 0 {
                let text = String::from_utf8_lossy(&line);
                on_line(text.trim_end_matches(['\n', '\r']));
                if stdout.len() + text.len() <= OUTPUT_LIMIT {
                    stdout.push_str(&text);
                }
                line.clear();
            }
        }
        let status = child.wait().map_err(failed)?;
        let status = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        Ok(Output { status, stdout, stderr: stderr.join().unwrap_or_default() })
    }

    fn settings(&self) -> &dyn Settings {
        self.settings.as_ref()
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
