// SPDX-License-Identifier: GPL-3.0-or-later
//! AppImages: declared in `appimage-apps.json`, managed by Gear Lever, observed by the desktop entries it writes and
//! by what it knows of their origin.
//!
//! Gear Lever updates AppImages and cannot get one the first time. So Bucket downloads it from the release, checks
//! its checksum, has Gear Lever integrate the file, and tells it where updates come from. An entry that is
//! `disabled` is kept in the setup and wanted on no computer.
//!
//! Invariant: an AppImage whose origin is not known is nobody's business: it is no change, and is not removed.

mod gear_lever;

use std::collections::BTreeMap;

use jsonc_parser::ast::{self, Object};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::compare::Change;
use crate::deployment::HostKind;
use crate::fetch::{self, github};
use crate::host::Host;
use crate::i18n::{fill, gettext};
use crate::manifest::place::{Edit, Entry, Fields};
use crate::manifest::{Declarations, Manifest, ManifestError, ManifestErrorKind, Reader, named};
use crate::name::{AppImageName, AssetPattern, GithubRepo, NameError};
use crate::plan::Action;
use crate::problem::Problem;
use crate::value::{AppImageSource, Value};

use super::{Actions, Kind, Log, Look, Observation, Observed};
use gear_lever::Integrated;

/// Where Bucket remembers what it had integrated, inside the person's home: which item, and from where.
const NOTES: &str = ".local/share/bkt/appimage";

/// The files of a release that an entry means which names none.
const ANY: &str = "*.AppImage";

/// Reads `{"apps": [{"name", "repo", "asset"?, "prereleases"?, "disabled"?}]}`.
fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    reader.know(root, &["apps"]);
    let mut declarations = Declarations::new();
    reader.each(reader.list(root, "apps")?, named(&["name"]), |reader, value| {
        let entry = reader.entry("apps", value)?;
        reader.know(entry, &["name", "repo", "asset", "prereleases", "disabled"]);
        let name: AppImageName = reader.name(entry, reader.needed(entry, "apps", "name")?)?;
        let repo: GithubRepo = reader.name(entry, reader.needed(entry, "apps", "repo")?)?;
        let asset: AssetPattern = reader.name(entry, reader.string_field(entry, "asset")?.unwrap_or(ANY))?;
        let (prereleases, disabled) = (flag(reader, entry, "prereleases")?, flag(reader, entry, "disabled")?);
        let value = Value::AppImage(AppImageSource { repo, asset, prereleases, disabled });
        reader.declare(&mut declarations, entry, name.as_str(), Some(value))
    });
    Ok(declarations)
}

fn flag(reader: &Reader, entry: &Object<'_>, field: &str) -> Result<bool, ManifestError> {
    match entry.get(field).map(|field| &field.value) {
        None | Some(ast::Value::NullKeyword(_)) => Ok(false),
        Some(ast::Value::BooleanLit(flag)) => Ok(flag.value),
        Some(other) => {
            let message = format!("‘{field}’ should be true or false");
            Err(reader.error(other, ManifestErrorKind::Value(message)))
        }
    }
}

/// What Bucket had integrated.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note {
    /// Where Gear Lever put it.
    path: String,
    source: AppImageSource,
}

fn note_path(host: &dyn Host, name: &AppImageName) -> Result<std::path::PathBuf, Problem> {
    Ok(fetch::home(host)?.join(NOTES).join(format!("{name}.json")))
}

/// The notes, by where Gear Lever put the file.
fn notes(host: &dyn Host) -> Result<BTreeMap<String, (AppImageName, AppImageSource)>, Problem> {
    let directory = fetch::home(host)?.join(NOTES);
    let mut notes = BTreeMap::new();
    for file in host.list(&directory)? {
        let Some(Ok(name)) = file.strip_suffix(".json").map(str::parse::<AppImageName>) else { continue };
        let text = host.read(&directory.join(&file))?;
        if let Some(note) = text.and_then(|text| serde_json::from_str::<Note>(&text).ok()) {
            notes.insert(note.path, (name, note.source));
        }
    }
    Ok(notes)
}

/// An integrated AppImage, and its origin where that is known.
struct Found {
    integrated: Integrated,
    source: Option<AppImageSource>,
}

/// What is integrated: by the name it was given when Bucket had it integrated, or else its own.
fn find(host: &dyn Host) -> Result<BTreeMap<String, Found>, Problem> {
    let (notes, origins) = (notes(host)?, gear_lever::origins(host)?);
    let mut found = BTreeMap::new();
    for integrated in gear_lever::integrated(host)? {
        let note = notes.get(&integrated.path);
        let source = origins.of(&integrated).or_else(|| note.map(|(_, source)| source)).cloned();
        let key = note.map_or_else(|| integrated.plain_name(), |(name, _)| name.to_string());
        if key.parse::<AppImageName>().is_ok() {
            found.entry(key).or_insert(Found { integrated, source });
        }
    }
    Ok(found)
}

fn observe(host: &dyn Host, declared: &Declarations) -> Result<Observation, Problem> {
    let mut seen = Observation::default();
    if host.home().is_none() && declared.is_empty() {
        return Ok(seen);
    }
    let mut found = find(host)?;
    // One that the setup calls otherwise is neither missing nor new.
    for (key, said) in declared.iter().filter(|(key, _)| !found.contains_key(*key)).collect::<Vec<_>>() {
        let Some(Value::AppImage(wanted)) = &said.value else { continue };
        let same = |source: &Option<AppImageSource>| source.as_ref().is_some_and(|source| is_same_file(source, wanted));
        let other = found.iter().find(|(name, found)| !declared.contains_key(*name) && same(&found.source));
        let Some(name) = other.map(|(name, _)| name.clone()) else { continue };
        found.remove(&name);
        let problem = Problem::new("other_name", format!("{key} is there, and its name is {name}"))
            .hinted(format!("Call it {name} in {} and check again", Manifest::AppImageApps.path()));
        seen.entries.insert(key.clone(), Observed { problem: Some(problem), ..Observed::default() });
    }
    for (key, Found { integrated, source }) in found {
        let observed = match source {
            Some(source) => {
                Observed { own: true, name: Some(integrated.name), ..Observed::of(Value::AppImage(source)) }
            }
            None if declared.contains_key(&key) => {
                let message = format!("{key} is there, and Gear Lever does not know where it comes from");
                let hint = "Set its update source in Gear Lever and check again";
                Observed { problem: Some(Problem::new("origin_unknown", message).hinted(hint)), ..Observed::default() }
            }
            None => continue,
        };
        seen.entries.insert(key, observed);
    }
    let can_integrate = gear_lever::is_installed(host)?;
    for (key, said) in declared {
        if seen.entries.contains_key(key) {
            continue;
        }
        let observed = match &said.value {
            // That it is not there is what the setup wants.
            Some(Value::AppImage(source)) if source.disabled => Observed::of(Value::AppImage(source.clone())),
            _ if !can_integrate => Observed { fixed: Some(gear_lever::MISSING.to_owned()), ..Observed::default() },
            _ => continue,
        };
        seen.entries.insert(key.clone(), observed);
    }
    Ok(seen)
}

/// Downloads an AppImage, checks it and has Gear Lever integrate it.
fn integrate(host: &dyn Host, name: &AppImageName, source: &AppImageSource, log: Log<'_>) -> Result<String, Problem> {
    let release = github::release(host, &source.repo, None, source.prereleases)?;
    let asset = github::asset(&source.repo, &release, Some(&source.asset))?;
    let expected = github::checksum(host, &release, asset)?.ok_or_else(|| {
        let message = format!("{} publishes no checksum for {}", source.repo, asset.name);
        Problem::new("no_checksum", message).hinted("Download it yourself and open it with Gear Lever")
    })?;
    log(&format!("{} {}: {}", source.repo, release.tag_name, asset.name));
    // Gear Lever keeps the end of the name.
    let file = fetch::directory(host, "appimage")?.join(format!("{}.AppImage", name.as_str().replace(' ', "_")));
    fetch::file(host, &asset.url()?, &file, Some(&expected))?;
    let integrated = gear_lever::integrate(host, &file, log);
    // It moves the file away, unless it was told to copy, or failed.
    host.remove(&file)?;
    integrated
}

fn remember(host: &dyn Host, name: &AppImageName, path: String, source: &AppImageSource) -> Result<(), Problem> {
    let note = serde_json::json!(Note { path, source: source.clone() });
    Ok(host.put(&note_path(host, name)?, format!("{note:#}\n").as_bytes(), 0o644)?)
}

/// AppImages.
#[derive(Debug)]
pub(super) struct AppImages;

impl Kind for AppImages {
    fn manifest(&self) -> Manifest {
        Manifest::AppImageApps
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared(reader, root)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        observe(look.host, look.declared)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        serde_json::from_value(json.clone()).ok().map(Value::AppImage)
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let name: AppImageName = key.parse().ok()?;
        let source = match value {
            None => None,
            Some(Value::AppImage(source)) => Some(source),
            Some(_) => return None,
        };
        let flag = |flag: fn(&AppImageSource) -> bool| source.is_some_and(flag).then(|| Json::from(true));
        let fields = vec![
            ("name", Some(Json::from(name.as_str()))),
            ("repo", source.map(|source| Json::from(source.repo.as_str()))),
            ("asset", source.map(|source| Json::from(source.asset.as_str()))),
            ("prereleases", flag(|source| source.prereleases)),
            ("disabled", flag(|source| source.disabled)),
        ];
        let entry = Fields { id: &[("name", None)], fields, or_word: false, apart: None };
        Some(vec![Edit { path: &["apps"], entry: Entry::Object(entry), there: value.is_some() }])
    }

    fn actions(&self, change: &Change, _system: HostKind) -> Actions {
        let wanted = match &change.setup {
            Some(Value::AppImage(source)) if source.disabled => None,
            wanted => wanted.as_ref(),
        };
        let value = wanted.map(|value| serde_json::json!(value));
        Ok(change.id.key.parse::<AppImageName>().map(|_| vec![Action::SetOwn { value }]))
    }

    fn sentence(&self, key: &str, from: Option<&Value>, to: Option<&Value>) -> Option<String> {
        let to = match to {
            Some(Value::AppImage(source)) => source,
            _ => return Some(fill(&gettext("Remove the AppImage {name}"), &[("name", key)])),
        };
        let is_same = matches!(from, Some(Value::AppImage(from)) if is_same_file(from, to));
        let sentence = match (from, is_same) {
            (_, true) => gettext("Change where updates of {name} come from"),
            (None, _) => gettext("Get the AppImage {name} from {repository}"),
            (Some(_), _) => gettext("Get the AppImage {name} from {repository} instead"),
        };
        Some(fill(&sentence, &[("name", key), ("repository", to.repo.as_str())]))
    }

    fn is_own(&self) -> bool {
        true
    }

    fn perform(&self, host: &dyn Host, key: &str, to: Option<&Value>, log: Log<'_>) -> Result<(), Problem> {
        let name: AppImageName =
            key.parse().map_err(|error: NameError| Problem::new("name_invalid", error.to_string()))?;
        if !gear_lever::is_installed(host)? {
            return Err(gear_lever::missing());
        }
        let here = find(host)?.remove(key);
        let wanted = match to {
            Some(Value::AppImage(source)) if !source.disabled => Some(source),
            Some(Value::AppImage(_)) | None => None,
            Some(_) => return Err(Problem::new("internal", format!("{name} is no AppImage"))),
        };
        let Some(wanted) = wanted else {
            if let Some(found) = here {
                gear_lever::remove(host, &found.integrated, log)?;
            }
            return Ok(host.remove(&note_path(host, &name)?)?);
        };
        let (path, old) = match here {
            Some(Found { integrated, source: Some(source) }) if is_same_file(&source, wanted) => {
                (integrated.path, None)
            }
            other => (integrate(host, &name, wanted, log)?, other),
        };
        remember(host, &name, path.clone(), wanted)?;
        gear_lever::set_origin(host, &path, wanted, log)?;
        // The new one is there before the old one goes.
        old.map_or(Ok(()), |old| gear_lever::remove(host, &old.integrated, log))
    }
}

/// Whether the same file of the same repository is meant, be it of other releases.
fn is_same_file(one: &AppImageSource, other: &AppImageSource) -> bool {
    one.repo.is(&other.repo) && one.asset == other.asset
}

#[cfg(test)]
mod tests;
