// SPDX-License-Identifier: GPL-3.0-or-later
//! Host commands: declared in `host-shims.json`, observed as wrapper files in `~/.local/toolbox/shims`.
//!
//! A wrapper runs a command of the host from inside a toolbox. Its value is that command, whatever comments
//! and shell the file has, so one that an older tool wrote is the same.
//!
//! Invariant: a file that is no such wrapper is never replaced or removed.

use std::path::{Path, PathBuf};

use jsonc_parser::ast::Object;
use serde_json::Value as Json;

use crate::host::{FileKind, Host};
use crate::manifest::place::{Edit, Entry, Fields};
use crate::manifest::{Declarations, Manifest, ManifestError, Reader, named};
use crate::name::{HostCommand, ShimName};
use crate::problem::Problem;
use crate::value::Value;

use super::{Kind, Log, Look, Observation, Observed};

/// Where wrappers are, inside the person's home.
pub const DIRECTORY: &str = ".local/toolbox/shims";

/// No wrapper is larger, in bytes.
const LARGEST: u64 = 16 << 10;

/// Reads `{"shims": [{"name", "host"?}]}`.
fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    reader.know(root, &["shims"]);
    let mut declarations = Declarations::new();
    reader.each(reader.list(root, "shims")?, named(&["name"]), |reader, value| {
        let entry = reader.entry("shims", value)?;
        reader.know(entry, &["name", "host"]);
        let name: ShimName = reader.name(entry, reader.needed(entry, "shims", "name")?)?;
        let command = reader.string_field(entry, "host")?.unwrap_or(name.as_str());
        let command: HostCommand = reader.name(entry, command)?;
        reader.declare(&mut declarations, entry, name.as_str(), Some(Value::Command(command)))
    });
    Ok(declarations)
}

/// The content of the wrapper that runs a command of the host.
#[must_use]
pub fn script(command: &HostCommand) -> String {
    format!("#!/bin/bash\nexec flatpak-spawn --host {command} \"$@\"\n")
}

/// The command a file's content runs on the host, and whether it really does; `None` when it is no such wrapper.
fn parse(text: &str) -> Option<(HostCommand, bool)> {
    let mut lines = text.lines();
    let shell = lines.next()?.strip_prefix("#!")?.trim();
    if !["sh", "bash"].contains(&shell.rsplit(['/', ' ']).next()?) {
        return None;
    }
    let mut code = lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let words = code.next()?.strip_prefix("exec flatpak-spawn --host ")?.strip_suffix(" \"$@\"")?.trim();
    if code.next().is_some() {
        return None;
    }
    // An older tool quoted all words as one, which names no program.
    match words.strip_prefix('\'').and_then(|words| words.strip_suffix('\'')) {
        Some(quoted) => quoted.parse().ok().map(|command| (command, !quoted.contains(' '))),
        None => words.parse().ok().map(|command| (command, true)),
    }
}

/// What is at a wrapper's place.
enum Found {
    Nothing,
    /// A wrapper, and whether it works.
    Wrapper(HostCommand, bool),
    /// Something that is not ours.
    Other,
}

fn found(host: &dyn Host, path: &Path) -> Result<Found, Problem> {
    let Some(facts) = host.look(path)? else { return Ok(Found::Nothing) };
    if facts.kind != FileKind::File || facts.size > LARGEST {
        return Ok(Found::Other);
    }
    let text = host.bytes(path)?.and_then(|content| String::from_utf8(content).ok());
    let parsed = text.as_deref().and_then(parse);
    Ok(parsed.map_or(Found::Other, |(command, works)| Found::Wrapper(command, works && facts.is_executable())))
}

fn directory(host: &dyn Host) -> Result<PathBuf, Problem> {
    let missing = || Problem::new("no_home", "there is no home directory to look for host commands in");
    Ok(host.home().ok_or_else(missing)?.join(DIRECTORY))
}

fn in_the_way(path: &Path) -> Problem {
    let path = path.display();
    Problem::new("not_ours", format!("{path} is a file of another kind and is left alone"))
        .hinted(format!("Move {path} away and check again"))
}

/// Commands of the host.
#[derive(Debug)]
pub(super) struct Shims;

impl Kind for Shims {
    fn manifest(&self) -> Manifest {
        Manifest::HostShims
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared(reader, root)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        let mut seen = Observation::default();
        if look.host.home().is_none() && look.declared.is_empty() {
            return Ok(seen);
        }
        let directory = directory(look.host)?;
        for name in look.host.list(&directory)? {
            let path = directory.join(&name);
            let is_declared = look.declared.contains_key(&name);
            let observed = match found(look.host, &path) {
                // One that does not work is none: applying makes it one.
                Ok(Found::Wrapper(command, true)) if name.parse::<ShimName>().is_ok() => {
                    Observed { own: true, ..Observed::of(Value::Command(command)) }
                }
                Ok(Found::Other) if is_declared => Observed { problem: Some(in_the_way(&path)), ..Observed::default() },
                Err(problem) if is_declared => Observed { problem: Some(problem), ..Observed::default() },
                _ => continue,
            };
            seen.entries.insert(name, observed);
        }
        Ok(seen)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        json.as_str()?.parse().ok().map(Value::Command)
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let name: ShimName = key.parse().ok()?;
        let command = match value {
            None => None,
            Some(Value::Command(command)) => Some(command.to_string()),
            Some(_) => return None,
        };
        let host = command.filter(|command| command != name.as_str()).map(Json::from);
        let fields = vec![("name", Some(Json::from(name.as_str()))), ("host", host)];
        let entry = Fields { id: &[("name", None)], fields, or_word: false, apart: None };
        Some(vec![Edit { path: &["shims"], entry: Entry::Object(entry), there: value.is_some() }])
    }

    fn is_own(&self) -> bool {
        true
    }

    fn perform(&self, host: &dyn Host, key: &str, to: Option<&Value>, _log: Log<'_>) -> Result<(), Problem> {
        let name: ShimName =
            key.parse().map_err(|error: crate::name::NameError| Problem::new("name_invalid", error.to_string()))?;
        let path = directory(host)?.join(name.as_str());
        match (found(host, &path)?, to) {
            (Found::Other, _) => return Err(in_the_way(&path)),
            (Found::Nothing, None) => {}
            (Found::Wrapper(..), None) => host.remove(&path)?,
            (_, Some(Value::Command(command))) => host.put(&path, script(command).as_bytes(), 0o755)?,
            (_, Some(_)) => return Err(Problem::new("internal", format!("{name} is no command"))),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::System;
    use crate::host::recording::RecordingHost;
    use crate::item::Domain;

    const OLD: &str = "#!/bin/bash\n# Host shim: docker\n# Runs podman on the host\n# Managed by bkt\nexec flatpak-spawn --host podman \"$@\"\n";

    fn read(text: &str) -> Result<Declarations, ManifestError> {
        Reader::declarations(Manifest::HostShims, Domain::Shim, text).map(|(declared, _)| declared)
    }

    fn observe(host: &RecordingHost, declared: &Declarations) -> Observation {
        Shims.observe(&Look { host, system: &System::probe(host), declared }).unwrap()
    }

    fn command(text: &str) -> Value {
        Value::Command(text.parse().unwrap())
    }

    #[test]
    fn a_wrapper_of_an_older_tool_has_the_same_value() {
        assert_eq!(parse(OLD), Some(("podman".parse().unwrap(), true)));
        for text in ["podman", "docker compose", "/usr/bin/nmcli --terse"] {
            let command: HostCommand = text.parse().unwrap();
            assert_eq!(parse(&script(&command)), Some((command, true)));
        }
        let quoted = OLD.replace("podman", "'docker compose'");
        assert_eq!(parse(&quoted), Some(("docker compose".parse().unwrap(), false)));
        for text in [
            "",
            "exec flatpak-spawn --host a \"$@\"",
            "#!/usr/bin/python3
exec flatpak-spawn --host a \"$@\"",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        for words in ["$(rm x)", "a; b", "--directory=/ a", "a && b", "a `b`", ""] {
            assert_eq!(
                parse(&format!(
                    "#!/bin/sh
exec flatpak-spawn --host {words} \"$@\"
"
                )),
                None,
                "{words:?}"
            );
        }
        assert_eq!(
            parse(&format!(
                "{OLD}rm -rf x
"
            )),
            None
        );
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused_with_their_line() {
        for name in ["../../../pwned", "a/b", "-x", ".hidden", ""] {
            let error = read(&format!("{{\"shims\": [\n{{\"name\": \"{name}\"}}]}}")).unwrap_err();
            assert_eq!(error.line, 2, "{name}");
        }
        assert!(read(r#"{"shims": [{"name": "docker", "host": "-x"}]}"#).is_err());
    }

    #[test]
    fn only_wrappers_are_items_and_files_in_the_way_are_named() {
        let host = RecordingHost::default()
            .with_home("/home/sam")
            .file_with_mode("/home/sam/.local/toolbox/shims/docker", OLD, 0o755)
            .file_with_mode("/home/sam/.local/toolbox/shims/nmcli", "#!/bin/sh\necho mine\n", 0o755)
            .file_with_mode("/home/sam/.local/toolbox/shims/mine", "#!/bin/sh\necho mine\n", 0o755)
            .file("/home/sam/.local/toolbox/shims/off", OLD);
        let declared = read(r#"{"shims": [{"name": "nmcli"}, {"name": "off", "host": "podman"}]}"#).unwrap();
        let seen = observe(&host, &declared);
        assert_eq!(seen.entries["docker"].value, Some(command("podman")));
        assert_eq!(seen.entries["nmcli"].problem.as_ref().unwrap().code, "not_ours");
        assert_eq!(seen.entries.keys().collect::<Vec<_>>(), ["docker", "nmcli"]);
        let refused = Shims.perform(&host, "nmcli", Some(&command("nmcli")), &mut |_| {}).unwrap_err();
        assert_eq!(refused.code, "not_ours");
        assert!(Shims.perform(&host, "mine", None, &mut |_| {}).is_err());
        assert!(Shims.perform(&host, "../x", None, &mut |_| {}).is_err());
        assert!(host.effects().is_empty());
    }

    #[test]
    fn applying_and_removing_are_read_back() {
        let host = RecordingHost::default().with_home("/home/sam");
        let wanted = command("docker compose");
        Shims.perform(&host, "dc", Some(&wanted), &mut |_| {}).unwrap();
        assert_eq!(observe(&host, &Declarations::new()).entries["dc"].value, Some(wanted));
        assert_eq!(
            host.read(Path::new("/home/sam/.local/toolbox/shims/dc")).unwrap().unwrap(),
            "#!/bin/bash\nexec flatpak-spawn --host docker compose \"$@\"\n"
        );
        Shims.perform(&host, "dc", None, &mut |_| {}).unwrap();
        assert!(observe(&host, &Declarations::new()).entries.is_empty());
        assert_eq!(
            host.effects(),
            ["put /home/sam/.local/toolbox/shims/dc 755", "remove /home/sam/.local/toolbox/shims/dc"]
        );
    }
}
