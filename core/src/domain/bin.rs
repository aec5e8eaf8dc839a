// SPDX-License-Identifier: GPL-3.0-or-later
//! Fetched programs: declared in `host-binaries.json`, placed in `~/.local/bin`, observed by the note Bucket keeps
//! of each it placed.
//!
//! A note says where a program came from, which version it is, and how large and old its file was when it was
//! placed, so that telling whether it is still the same takes no reading of the file. What `fetchbin`, an older
//! tool, installed is seen in that tool's own list and left to it.
//!
//! Invariant: a file Bucket did not place, or that was changed since, is never replaced or removed.

mod install;
mod note;

use std::path::PathBuf;

use jsonc_parser::ast::Object;
use serde_json::Value as Json;

use crate::compare::Change;
use crate::fetch;
use crate::host::Host;
use crate::i18n::{fill, gettext};
use crate::manifest::place::{Edit, Entry, Fields};
use crate::manifest::{Declarations, Manifest, ManifestError, ManifestErrorKind, Reader, named};
use crate::name::{AssetPattern, BinaryName, CrateName, GithubRepo, NameError, NpmPackage, Sha256, VersionWish};
use crate::problem::Problem;
use crate::value::{BinarySource, Registry, Value};

use super::{Kind, Log, Look, Observation, Observed};
use note::Note;

/// Where programs are placed, inside the person's home.
pub const DIRECTORY: &str = ".local/bin";

/// Reads `{"binaries": [{"name", "source": {"type", …}, "version"?, "binary"?, "sha256"?}]}`.
fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    reader.know(root, &["binaries"]);
    let mut declarations = Declarations::new();
    reader.each(reader.list(root, "binaries")?, named(&["name"]), |reader, value| {
        let entry = reader.entry("binaries", value)?;
        reader.know(entry, &["name", "source", "version", "binary", "sha256"]);
        let name: BinaryName = reader.name(entry, reader.needed(entry, "binaries", "name")?)?;
        let missing = ManifestErrorKind::Missing { list: "binaries", field: "source" };
        let source = reader.object(entry, "source")?.ok_or_else(|| reader.error(entry, missing))?;
        let source = registry(reader, source)?;
        let version = optional::<VersionWish>(reader, entry, "version")?.filter(|version| !version.is_any());
        let binary = optional::<BinaryName>(reader, entry, "binary")?.filter(|binary| *binary != name);
        let sha256 = optional::<Sha256>(reader, entry, "sha256")?;
        let value = Value::Binary(BinarySource { source, version, binary, sha256 });
        reader.declare(&mut declarations, entry, name.as_str(), Some(value))
    });
    Ok(declarations)
}

fn optional<N: std::str::FromStr<Err = NameError>>(
    reader: &Reader,
    object: &Object<'_>,
    field: &str,
) -> Result<Option<N>, ManifestError> {
    reader.string_field(object, field)?.map(|text| reader.name(object, text)).transpose()
}

fn registry(reader: &mut Reader, source: &Object<'_>) -> Result<Registry, ManifestError> {
    match reader.needed(source, "source", "type")? {
        "npm" => {
            reader.know(source, &["type", "package"]);
            let package: NpmPackage = reader.name(source, reader.needed(source, "source", "package")?)?;
            Ok(Registry::Npm { package })
        }
        "cargo" => {
            reader.know(source, &["type", "crate_name"]);
            let crate_name: CrateName = reader.name(source, reader.needed(source, "source", "crate_name")?)?;
            Ok(Registry::Cargo { crate_name })
        }
        "github" => {
            reader.know(source, &["type", "repo", "asset_pattern"]);
            let repo: GithubRepo = reader.name(source, reader.needed(source, "source", "repo")?)?;
            Ok(Registry::Github { repo, asset_pattern: optional::<AssetPattern>(reader, source, "asset_pattern")? })
        }
        other => {
            let message = format!("‘{}’ is not npm, cargo or github", other.escape_debug());
            Err(reader.error(source, ManifestErrorKind::Value(message)))
        }
    }
}

/// Where a program is.
fn place(host: &dyn Host, name: &str) -> Result<PathBuf, Problem> {
    Ok(fetch::home(host)?.join(DIRECTORY).join(name))
}

fn in_the_way(path: &std::path::Path, placed: bool) -> Problem {
    let path = path.display();
    let message = if placed {
        format!("{path} was changed since Bucket placed it and is left alone")
    } else {
        format!("{path} was placed by someone else and is left alone")
    };
    Problem::new("not_ours", message).hinted(format!("Move {path} away and check again"))
}

fn observe(host: &dyn Host, declared: &Declarations) -> Result<Observation, Problem> {
    let mut seen = Observation::default();
    if host.home().is_none() && declared.is_empty() {
        return Ok(seen);
    }
    for (key, source) in note::of_fetchbin(host)? {
        // It names a program by what it is called in its package.
        let is_it = |said: &Option<Value>| matches!(said, Some(Value::Binary(BinarySource { binary: Some(binary), .. })) if binary.as_str() == key);
        let name = declared.iter().find(|(_, said)| is_it(&said.value)).map(|(name, _)| name.clone());
        let fixed = Some("fetchbin installed it; use fetchbin to change or remove it".to_owned());
        let observed = Observed { own: true, fixed, ..Observed::of(Value::Binary(source)) };
        seen.entries.insert(name.unwrap_or(key), observed);
    }
    for (name, note) in note::all(host)? {
        let path = place(host, &name)?;
        let Some(facts) = host.look(&path)? else { continue };
        let observed = match note {
            Some(note) if note.is_of(&facts) => Observed { own: true, ..Observed::of(Value::Binary(note.value)) },
            _ if declared.contains_key(&name) => {
                Observed { problem: Some(in_the_way(&path, true)), ..Observed::default() }
            }
            _ => continue,
        };
        seen.entries.insert(name, observed);
    }
    for name in declared.keys() {
        if seen.entries.contains_key(name) || name.parse::<BinaryName>().is_err() {
            continue;
        }
        let path = place(host, name)?;
        if host.look(&path)?.is_some() {
            let problem = Some(in_the_way(&path, false));
            seen.entries.insert(name.clone(), Observed { problem, ..Observed::default() });
        }
    }
    Ok(seen)
}

/// Fetched programs.
#[derive(Debug)]
pub(super) struct Binaries;

impl Kind for Binaries {
    fn manifest(&self) -> Manifest {
        Manifest::HostBinaries
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared(reader, root)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        observe(look.host, look.declared)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        serde_json::from_value(json.clone()).ok().map(Value::Binary)
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let name: BinaryName = key.parse().ok()?;
        let source = match value {
            None => None,
            Some(Value::Binary(source)) => Some(source),
            Some(_) => return None,
        };
        let registry = source.map(|source| {
            let mut json = serde_json::json!(source.source);
            // What another kind of source has goes; what Bucket does not know stays.
            for field in ["package", "crate_name", "repo", "asset_pattern"] {
                if json.get(field).is_none() {
                    json[field] = Json::Null;
                }
            }
            json
        });
        let text = |text: Option<&str>| text.map(Json::from);
        let fields = vec![
            ("name", Some(Json::from(name.as_str()))),
            ("source", registry),
            ("version", text(source.and_then(|source| source.version.as_ref()).map(VersionWish::as_str))),
            ("binary", text(source.and_then(|source| source.binary.as_ref()).map(BinaryName::as_str))),
            ("sha256", text(source.and_then(|source| source.sha256.as_ref()).map(Sha256::as_str))),
        ];
        let entry = Fields { id: &[("name", None)], fields, or_word: false, apart: None };
        Some(vec![Edit { path: &["binaries"], entry: Entry::Object(entry), there: value.is_some() }])
    }

    /// The checksum is of the file for this processor, so it is only written where the setup has one.
    fn captured(&self, change: &Change) -> Option<Value> {
        let Some(Value::Binary(here)) = &change.computer else { return change.computer.clone() };
        let mut here = here.clone();
        match &change.setup {
            Some(Value::Binary(said)) if said.sha256.is_some() => {}
            _ => here.sha256 = None,
        }
        if let (Registry::Github { asset_pattern: here, .. }, Some(Value::Binary(said))) =
            (&mut here.source, &change.setup)
            && let Registry::Github { asset_pattern: Some(pattern), .. } = &said.source
        {
            here.get_or_insert_with(|| pattern.clone());
        }
        Some(Value::Binary(here))
    }

    fn sentence(&self, key: &str, from: Option<&Value>, to: Option<&Value>) -> Option<String> {
        let Some(to) = to else {
            return Some(fill(&gettext("Remove {file}"), &[("file", &format!("~/{DIRECTORY}/{key}"))]));
        };
        let sentence = match from {
            None => gettext("Fetch {name} from {source}"),
            Some(_) => gettext("Fetch {name} again from {source}"),
        };
        Some(fill(&sentence, &[("name", key), ("source", &to.to_string())]))
    }

    fn is_own(&self) -> bool {
        true
    }

    fn perform(&self, host: &dyn Host, key: &str, to: Option<&Value>, log: Log<'_>) -> Result<(), Problem> {
        let name: BinaryName =
            key.parse().map_err(|error: NameError| Problem::new("name_invalid", error.to_string()))?;
        let path = place(host, name.as_str())?;
        let before = note::read(host, &name)?;
        let here = host.look(&path)?;
        match (&here, &before) {
            (Some(facts), Some(note)) if note.is_of(facts) => {}
            (None, _) => {}
            (Some(_), note) => return Err(in_the_way(&path, note.is_some())),
        }
        match to {
            None => {
                host.remove(&path)?;
                note::forget(host, &name)?;
                before.map_or(Ok(()), |note| install::clean(host, &name, &note.value.source))
            }
            Some(Value::Binary(wanted)) => {
                let value = install::install(host, &name, wanted, &path, log)?;
                let unlike = || Problem::new("unverified", format!("{} is not there", path.display()));
                let facts = host.look(&path)?.ok_or_else(unlike)?;
                let now = Note::of(value, &facts);
                note::write(host, &name, &now)?;
                match before {
                    Some(before) if before.value.source != now.value.source => {
                        install::replaced(host, &name, &before.value.source, &now.value.source)
                    }
                    _ => Ok(()),
                }
            }
            Some(_) => Err(Problem::new("internal", format!("{name} is no fetched program"))),
        }
    }
}

#[cfg(test)]
mod tests;
