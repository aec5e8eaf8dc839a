// SPDX-License-Identifier: GPL-3.0-or-later
//! The one door to the computer: reading its files, running its tools, asking its settings, the time.
//!
//! Domains read and change the computer only through [`Host`]. [`live::LiveHost`] is the real thing, for
//! the running system or, as `systemctl --root` and `dnf --installroot` do, for one below a directory;
//! [`recording::RecordingHost`] answers from recorded outputs and keeps a log of what was asked;
//! [`dry_run::DryRunHost`] lets reads pass and refuses everything else; [`spawned::SpawnedHost`] looks out of a
//! Flatpak.
//!
//! Invariant: system paths go through [`Host::at`], so a host with a root never touches the real system.

#[macro_use]
mod around;

mod beneath;
pub mod dry_run;
pub mod live;
mod pipe;
pub mod recording;
pub mod remembering;
pub mod settings;
pub mod spawned;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::name::FileDigest;
use crate::problem::Problem;
use crate::tree::TreePath;

pub use beneath::{Content, OwnedFile};
pub use settings::{NoSettings, SettingQuery, SettingReading, Settings};

/// Where tools are found.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a domain may ask of a computer.
pub trait Host: Send + Sync {
    /// The directory that holds the computer's system, when it is not the running one.
    fn root(&self) -> Option<&Path>;

    /// Where an absolute system path is found on this host.
    fn at(&self, path: &str) -> PathBuf {
        match self.root() {
            Some(root) => root.join(path.trim_start_matches('/')),
            None => PathBuf::from(path),
        }
    }

    /// The content of a file, `None` where there is none.
    ///
    /// # Errors
    /// The file is there but cannot be read.
    fn read(&self, path: &Path) -> Result<Option<String>, HostError>;

    /// The names in a directory, sorted; empty where there is none.
    ///
    /// # Errors
    /// The directory is there but cannot be read.
    fn list(&self, path: &Path) -> Result<Vec<String>, HostError>;

    /// Where a symbolic link points, `None` where there is no link.
    ///
    /// # Errors
    /// The path cannot be looked at.
    fn link(&self, path: &Path) -> Result<Option<PathBuf>, HostError>;

    /// The home directory of the person at this computer; a root helper has none.
    fn home(&self) -> Option<&Path>;

    /// What is at a path, links not followed; `None` where there is nothing.
    ///
    /// # Errors
    /// The path cannot be looked at.
    fn look(&self, path: &Path) -> Result<Option<Facts>, HostError>;

    /// Everything below a directory, links not followed; nothing where there is no directory.
    ///
    /// # Errors
    /// The directory is there but cannot be looked into; one further down is named in the answer.
    fn below(&self, path: &Path) -> Result<Below, HostError> {
        let mut below = Below::default();
        if self.look(path)?.is_some_and(|facts| facts.kind == FileKind::Directory) {
            walk(self, path, "", &self.list(path)?, &mut below)?;
        }
        Ok(below)
    }

    /// A file below a directory with all that belongs to it, no link followed whatever changes meanwhile; `None` where
    /// there is nothing.
    ///
    /// # Errors
    /// It cannot be read, is no file and no link, or a link leads there.
    fn owned(&self, base: &Path, place: &TreePath) -> Result<Option<OwnedFile>, HostError> {
        Err(HostError::Refused(format!("reading {} as a whole", base.join(place.as_str()).display())))
    }

    /// Makes what is at a place below a directory such a file, or nothing, atomically and without following a link.
    ///
    /// # Errors
    /// What was there is untouched.
    fn put_owned(&self, base: &Path, place: &TreePath, _file: Option<&OwnedFile>) -> Result<(), HostError> {
        Err(HostError::Refused(format!("writing {}", base.join(place.as_str()).display())))
    }

    /// The content of a file of any kind of data, `None` where there is none.
    ///
    /// # Errors
    /// The file is there but cannot be read, or is too large to be held.
    fn bytes(&self, path: &Path) -> Result<Option<Vec<u8>>, HostError>;

    /// Replaces or makes a file with these permissions atomically, and the directories above it.
    ///
    /// # Errors
    /// The old content is untouched.
    fn put(&self, path: &Path, content: &[u8], mode: u32) -> Result<(), HostError>;

    /// The SHA-256 of a file's content, in hexadecimal, however large it is; `None` where there is none.
    ///
    /// # Errors
    /// The file is there but cannot be read.
    fn digest(&self, path: &Path) -> Result<Option<String>, HostError> {
        Ok(self.bytes(path)?.map(|content| crate::digest::sha256(&content)))
    }

    /// Moves a file to where another one may be, with these permissions, atomically, however large it is.
    ///
    /// # Errors
    /// What was there is untouched.
    fn place(&self, from: &Path, to: &Path, mode: u32) -> Result<(), HostError> {
        let gone = || HostError::File { path: from.to_owned(), source: std::io::ErrorKind::NotFound.into() };
        self.put(to, &self.bytes(from)?.ok_or_else(gone)?, mode)?;
        self.remove(from)
    }

    /// Replaces or makes a symbolic link atomically, and the directories above it.
    ///
    /// # Errors
    /// What was there is untouched.
    fn put_link(&self, path: &Path, _target: &Path) -> Result<(), HostError> {
        Err(HostError::Refused(format!("linking {}", path.display())))
    }

    /// The digest of a file's content, `None` where there is no file. A host with a memory may know it from the
    /// file's stamp.
    ///
    /// # Errors
    /// As [`Host::digest`].
    fn known_digest(&self, path: &Path) -> Result<Option<FileDigest>, HostError> {
        Ok(self.digest(path)?.and_then(|digest| digest.parse().ok()))
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// It is there and stays.
    fn remove(&self, path: &Path) -> Result<(), HostError>;

    /// Replaces a file atomically; used by administrator steps on boot entries.
    ///
    /// # Errors
    /// Nothing was written.
    fn write(&self, path: &Path, content: &str) -> Result<(), HostError>;

    /// Runs a tool and waits for it, passing each line it prints to `on_line`.
    ///
    /// # Errors
    /// The tool is missing or could not be started. A tool that ran and failed is an [`Output`].
    fn run_with(&self, invocation: &Invocation, on_line: &mut dyn FnMut(&str)) -> Result<Output, HostError>;

    /// Runs a tool and waits for it.
    ///
    /// # Errors
    /// As [`Host::run_with`].
    fn run(&self, invocation: &Invocation) -> Result<Output, HostError> {
        self.run_with(invocation, &mut |_| {})
    }

    /// What tells the present content of a file from any other, without reading it; `None` where there is no file.
    ///
    /// # Errors
    /// It cannot be looked at, or not by this form of host.
    fn stamp(&self, path: &Path) -> Result<Option<Stamp>, HostError> {
        Err(HostError::Refused(format!("looking at {}", path.display())))
    }

    /// Runs a tool that only reads and whose answer stays the same as long as `basis` does. A host with a memory
    /// ([`remembering::Remembering`]) may answer from it; any other runs the tool.
    ///
    /// # Errors
    /// As [`Host::run_with`].
    fn recall(&self, invocation: &Invocation, _basis: &Basis) -> Result<Output, HostError> {
        self.run(invocation)
    }

    /// The settings of the person at this computer.
    fn settings(&self) -> &dyn Settings;

    /// The time.
    fn now(&self) -> Timestamp;

    /// Whether nothing is to change here, not even what is remembered of it.
    fn is_read_only(&self) -> bool {
        false
    }
}

/// What is below a directory, by its path from there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Below {
    /// Files, folders and links.
    pub entries: BTreeMap<String, BelowEntry>,
    /// Folders that cannot be looked into.
    pub closed: BTreeSet<String>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BelowEntry {
    /// What it is.
    pub facts: Facts,
    /// Where it points, for a link.
    pub link: Option<PathBuf>,
}

/// How deep a directory is looked into.
const DEEPEST: usize = 64;

fn walk<H: Host + ?Sized>(
    host: &H,
    base: &Path,
    below: &str,
    names: &[String],
    into: &mut Below,
) -> Result<(), HostError> {
    for name in names {
        let place = format!("{below}{name}");
        let path = base.join(&place);
        let Some(facts) = host.look(&path)? else { continue };
        let link = if facts.kind == FileKind::Link { host.link(&path)? } else { None };
        if facts.kind == FileKind::Directory {
            match host.list(&path) {
                Ok(names) if place.split('/').count() < DEEPEST => {
                    walk(host, base, &format!("{place}/"), &names, into)?;
                }
                Ok(_) | Err(_) => {
                    into.closed.insert(place.clone());
                }
            }
        }
        into.entries.insert(place, BelowEntry { facts, link });
    }
    Ok(())
}

/// What changes whenever a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Its number in the file system; a replaced file has another one.
    pub inode: u64,
    /// Its length in bytes.
    pub size: u64,
    /// When its content was written; a tool may set this to anything.
    pub modified: Timestamp,
    /// When the file system last changed anything about it; nobody can set this.
    pub changed: Timestamp,
}

/// What an answer depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Basis {
    /// Files, told apart by their stamps; at least one must be there.
    pub files: Vec<PathBuf>,
    /// Files told apart by their content, because the tool itself writes them without changing anything.
    pub contents: Vec<PathBuf>,
    /// What else it depends on, as text.
    pub on: String,
}

/// What a path is, and what tells whether it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// What it is.
    pub kind: FileKind,
    /// Its size in bytes.
    pub size: u64,
    /// Its permissions.
    pub mode: u32,
    /// When its content was changed, in nanoseconds since 1970.
    pub changed: i128,
}

impl Facts {
    /// Whether its owner may run it.
    #[must_use]
    pub const fn is_executable(&self) -> bool {
        self.mode & 0o100 != 0
    }
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A socket, pipe or device.
    Other,
}

/// Why the computer could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A tool is not installed.
    #[error("{0} was not found")]
    Missing(String),
    /// A tool could not be started or waited for.
    #[error("{program} could not be run: {source}")]
    Run {
        /// The tool.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file or directory could not be used.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A tool ran and failed.
    #[error("{program} failed: {reason}")]
    Failed {
        /// The tool.
        program: String,
        /// The end of what it said, or its exit status.
        reason: String,
    },
    /// This form of host does not do that.
    #[error("{0} is not possible here")]
    Refused(String),
}

impl HostError {
    /// The stable word for this failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "command_missing",
            Self::Run { .. } => "command_failed_to_start",
            Self::File { .. } => "unreadable",
            Self::Failed { .. } => "command_failed",
            Self::Refused(_) => "not_possible",
        }
    }
}

impl From<HostError> for Problem {
    fn from(error: HostError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// A program and its arguments, as data; `Display` gives a line a person can paste into a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program's name, looked up in the fixed system path.
    pub program: String,
    /// Its arguments, never parsed by a shell.
    pub args: Vec<String>,
    /// Variables set in addition to the host's own.
    pub env: Vec<(String, String)>,
    /// What it reads from its standard input; nothing as a rule.
    pub input: Option<String>,
    /// A named pipe that is there while it runs, for a tool with more to say than its output; its lines are passed on and
    /// not kept.
    pub pipe: Option<PathBuf>,
}

impl Invocation {
    /// A program with arguments.
    pub fn new<I, S>(program: &str, args: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        Self {
            program: program.to_owned(),
            args: args.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            input: None,
            pipe: None,
        }
    }

    /// Adds one more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Gives it text to read.
    #[must_use]
    pub fn input(mut self, text: impl Into<String>) -> Self {
        self.input = Some(text.into());
        self
    }

    /// Has a named pipe there while it runs.
    #[must_use]
    pub fn pipe(mut self, path: PathBuf) -> Self {
        self.pipe = Some(path);
        self
    }

    /// Adds a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quote(value))?;
        }
        f.write_str(&quote(&self.program))?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", quote(arg)))
    }
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// What a tool left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Its exit status; 128 + N when signal N ended it.
    pub status: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Output {
    /// The standard output of a tool that succeeded.
    ///
    /// # Errors
    /// The tool failed; the error carries the end of what it said.
    pub fn success(self, program: &str) -> Result<String, HostError> {
        if self.status == 0 {
            return Ok(self.stdout);
        }
        let said = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        let reason = last_words(said);
        let reason = if reason.is_empty() { format!("exit status {}", self.status) } else { reason };
        Err(HostError::Failed { program: program.to_owned(), reason })
    }
}

/// The last line that says something, without control characters, at most 300 characters. dnf5 ends with advice and
/// warnings after the line that says why.
#[must_use]
pub fn last_words(said: &str) -> String {
    let said = said.split("You can try to add to command line:").next().unwrap_or_default();
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty()).rev();
    let last = lines.clone().next().unwrap_or_default();
    let line = lines.find(|line| !line.starts_with("Warning: ")).unwrap_or(last);
    let line = line.strip_prefix("error: ").or_else(|| line.strip_prefix("Error: ")).unwrap_or(line);
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}
