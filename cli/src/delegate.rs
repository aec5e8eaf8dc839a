// SPDX-License-Identifier: GPL-3.0-or-later
//! Inside a toolbox, a distrobox or a Flatpak: `bkt` becomes `flatpak-spawn --host … bkt` with the same arguments.
//!
//! The computer that is compared and changed is the host, which a container does not see. Before it hands over, it
//! asks the host one harmless question, because flatpak-spawn says in free text only why it could not start
//! something. The handing over itself replaces this process, so that streams, signals and exit code are
//! flatpak-spawn's, and nothing could be tried a second time.
//!
//! A folder the host does not have is refused: in any other one relative paths, and the search for the setup, would
//! mean something else than they do here.
//!
//! Invariant: a command is handed over at most once. `BKT_DELEGATED` travels with it, and where that is set nothing
//! is handed over.

use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command as Program, ExitStatus, Stdio};

use bkt_core::host::last_words;
use bkt_core::i18n::{fill, gettext};

use crate::args::Command;
use crate::context::Context;
use crate::error::{Failure, exit};

/// Files that only containers have.
const MARKS: [&str; 3] = ["/run/.toolboxenv", "/run/.containerenv", "/.flatpak-info"];
/// Set on the host's side, so that a host that is a container itself does not hand over again.
const GUARD: &str = "BKT_DELEGATED";
/// What decides how `bkt` speaks and which setup it uses; everything else the host has itself.
const FORWARDED: [&str; 18] = [
    "BKT_NO_INPUT",
    "BKT_REPO",
    "BKT_REPO_PATH",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_COLLATE",
    "LC_CTYPE",
    "LC_MESSAGES",
    "LC_MONETARY",
    "LC_NUMERIC",
    "LC_TIME",
    "NO_COLOR",
    "TERM",
    "TZ",
];
/// Asks whether the host has this folder and `bkt`.
const QUESTION: &str = r#"cd -- "$1" 2>/dev/null || exit 65; command -v bkt >/dev/null || exit 66"#;
const NO_FOLDER: i32 = 65;
const NO_BKT: i32 = 66;

/// Hands a command that is about the computer over to the host, when this is a container; returns when it is to be
/// done here.
pub(crate) fn to_host(
    context: &Context,
    command: Option<&Command>,
    words: &[OsString],
    get: impl Fn(&str) -> Option<OsString>,
) -> Result<(), Failure> {
    let set = |name: &str| get(name).is_some_and(|value| !value.is_empty());
    let contained = MARKS.iter().any(|mark| Path::new(mark).exists()) || set("CONTAINER_ID");
    let wanted = !context.globals.no_delegate && !set("BKT_FORCE_HOST");
    if !contained || !wanted || !is_about_the_host(context, command) {
        return Ok(());
    }
    if set(GUARD) {
        let message = gettext("this command came from a container and is in a container again");
        return Err(impossible("delegation_loop", message).hinted(elsewhere()));
    }
    let here = std::env::current_dir().map_err(|error| {
        let values = [("reason", &*error.to_string())];
        impossible("no_current_folder", fill(&gettext("the current folder cannot be used: {reason}"), &values))
    })?;
    let variables = variables(&get)?;
    ask(&here)?;
    let error = spawn(&here).args(variables).arg("bkt").args(words).exec();
    Err(not_started(&error))
}

/// Whether a command needs the computer, and not only this program or a directory.
fn is_about_the_host(context: &Context, command: Option<&Command>) -> bool {
    let anywhere = matches!(
        command,
        None | Some(Command::Completions(_) | Command::Man(_) | Command::Containerfile(_) | Command::Schema(_))
    );
    // A development container is changed from inside, unless another one is named. A Flatpak is none.
    let here = matches!(command, Some(Command::Dev { command }) if command.container().is_none())
        && !Path::new("/.flatpak-info").exists();
    !anywhere && !here && matches!(context.root(), Ok(None))
}

/// `--env` for each variable that is set here, and for the guard.
fn variables(get: &impl Fn(&str) -> Option<OsString>) -> Result<Vec<String>, Failure> {
    let mut options = vec![format!("--env={GUARD}=1")];
    for name in FORWARDED {
        let Some(value) = get(name) else { continue };
        // D-Bus carries variables as text.
        let Some(value) = value.to_str() else {
            let message = fill(&gettext("{name} is not UTF-8 and cannot be passed to the host"), &[("name", name)]);
            return Err(impossible("variable_not_text", message));
        };
        options.push(format!("--env={name}={value}"));
    }
    Ok(options)
}

fn ask(here: &Path) -> Result<(), Failure> {
    let (asked, said) = answer(spawn(Path::new("/")).args(["sh", "-c", QUESTION, "sh"]).arg(here))
        .map_err(|error| not_started(&error))?;
    match asked.code() {
        Some(0) => Ok(()),
        Some(NO_FOLDER) => {
            let message = gettext("the host has no folder {path}");
            let message = fill(&message, &[("path", &here.display().to_string())]);
            Err(impossible("folder_not_on_host", message)
                .hinted(gettext("Change to a folder that the host has too, such as your home")))
        }
        Some(NO_BKT) => {
            let message = gettext("bkt is not installed on the host, only in this container");
            Err(impossible("not_on_host", message).hinted(gettext("Install Bucket on the host")))
        }
        _ => {
            let said = last_words(&said);
            let reason = said.strip_prefix("Portal call failed: ").unwrap_or(&said);
            let message = fill(&gettext("the host does not answer: {reason}"), &[("reason", reason)]);
            Err(impossible("host_unreachable", message).hinted(elsewhere()))
        }
    }
}

/// How a program ended, and what it had said on standard error by then. That may never be closed: a session helper
/// that hangs holds the copy it was sent.
fn answer(program: &mut Program) -> std::io::Result<(ExitStatus, String)> {
    let (mut ours, theirs) = UnixStream::pair()?;
    let mut child = program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(OwnedFd::from(theirs)).spawn()?;
    let status = child.wait()?;
    ours.set_nonblocking(true)?;
    let mut said = Vec::new();
    match ours.read_to_end(&mut said) {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok((status, String::from_utf8_lossy(&said).into_owned())),
    }
}

/// flatpak-spawn, up to where the program's variables and the program follow. When this end goes away the program
/// is interrupted.
#[expect(clippy::disallowed_methods, reason = "it replaces this process, which Host::run cannot do")]
fn spawn(directory: &Path) -> Program {
    let mut option = OsString::from("--directory=");
    option.push(directory);
    let mut program = Program::new("flatpak-spawn");
    program.args([OsStr::new("--host"), OsStr::new("--watch-bus"), &option]);
    program
}

fn not_started(error: &std::io::Error) -> Failure {
    if error.kind() == ErrorKind::NotFound {
        let message = gettext("this is a container, and without flatpak-spawn it cannot reach the host");
        return impossible("command_missing", message)
            .hinted(gettext("Install flatpak-spawn here, or run ‘bkt’ on the host"));
    }
    let message = fill(&gettext("flatpak-spawn could not be run: {reason}"), &[("reason", &error.to_string())]);
    impossible("command_failed_to_start", message)
}

fn impossible(code: &str, message: String) -> Failure {
    Failure::new(exit::NOT_POSSIBLE, code, message)
}

fn elsewhere() -> String {
    gettext("Run ‘bkt’ on the host, or with ‘--no-delegate’ for this container itself")
}
