// SPDX-License-Identifier: GPL-3.0-or-later
//! COPR projects: declared in `system-packages.json`, observed in `/etc/yum.repos.d/_copr*.repo`.
//!
//! A project counts as here while packages can come from it. One that is turned off was left behind by whoever
//! turned it off, and is no change. An image built from a setup has its projects turned off (see the recipe): there
//! the file alone says that the project was used, and one that the image brings along is no one's choice.
//!
//! Invariant: nothing turns the checking of signatures off; what is added through dnf is checked, and a setup that
//! does not want that is followed by the recipe alone.

use std::collections::{BTreeMap, BTreeSet};

use jsonc_parser::ast::{self, Object};
use serde_json::Value as Json;

use crate::compare::{Change, Effect, Privilege, Shape};
use crate::deployment::{HostKind, System};
use crate::host::{Host, HostError, Invocation};
use crate::i18n::{fill, gettext};
use crate::keyfile::Keyfile;
use crate::manifest::place::{Edit, Entry, Fields};
use crate::manifest::{Declaration, Declarations, Manifest, ManifestError, Reader, named};
use crate::name::CoprProject;
use crate::plan::{Action, Deferral};
use crate::problem::Problem;
use crate::value::{CoprState, Value};

use super::{Actions, Kind, Log, Look, Observation, Observed};

/// Where dnf keeps the repositories' files, and what `dnf config-manager` of dnf5 puts on top of them.
const REPOSITORIES: &str = "yum.repos.d";
const OVERRIDES: &str = "dnf/repos.override.d";

fn of(value: Option<&Value>) -> Option<CoprState> {
    match value {
        Some(Value::Copr(state)) => Some(*state),
        _ => None,
    }
}

/// Reads `{"copr_repos": [{"name", "enabled"?, "gpg_check"?}, "OWNER/PROJECT"]}`.
fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    let mut declarations = Declarations::new();
    reader.each(reader.list(root, "copr_repos")?, named(&["name"]), |reader, value| {
        let (name, state) = match value {
            ast::Value::StringLit(name) => (name.value.as_ref(), CoprState::CHECKED),
            value => {
                let entry = reader.entry("copr_repos", value)?;
                reader.know(entry, &["name", "enabled", "gpg_check"]);
                let enabled = reader.flag(entry, "enabled")?.unwrap_or(true);
                let gpg_check = reader.flag(entry, "gpg_check")?.unwrap_or(true);
                (reader.needed(entry, "copr_repos", "name")?, CoprState { enabled, gpg_check })
            }
        };
        let project: CoprProject = reader.name(value, name)?;
        if state.enabled && !state.gpg_check {
            reader.warn(value, format!("signatures of packages from ‘{project}’ are NOT checked in the image"));
        }
        reader.declare(&mut declarations, value, project.as_str(), Some(Value::Copr(state)))
    });
    Ok(declarations)
}

/// The project a repository belongs to; `None` for other repositories, and for those a project only needs.
fn project_of(repository: &str) -> Option<CoprProject> {
    let (owner, project) = repository.strip_prefix("copr:copr.fedorainfracloud.org:")?.split_once(':')?;
    let owner = owner.strip_prefix("group_").map_or_else(|| owner.to_owned(), |group| format!("@{group}"));
    // A colon does not parse: `OWNER:PROJECT:ml` is the same project for another architecture.
    format!("{owner}/{project}").parse().ok()
}

/// What dnf takes for yes (dnf.conf(5)).
fn is_on(word: &str) -> bool {
    ["1", "yes", "true", "on"].iter().any(|on| word.eq_ignore_ascii_case(on))
}

/// The projects of some repository files, where `over` lies on top of them and `main` is dnf's own configuration.
fn parse(files: &[String], over: &[String], main: &str) -> BTreeMap<CoprProject, CoprState> {
    let over: Vec<Keyfile> = over.iter().map(|text| Keyfile::parse(text)).collect();
    let main = Keyfile::parse(main);
    let mut projects = BTreeMap::new();
    for file in files.iter().map(|text| Keyfile::parse(text)) {
        for repository in file.groups() {
            let Some(project) = project_of(repository) else { continue };
            let says = |key: &str| {
                let on_top = over.iter().rev().find_map(|file| file.get(repository, key));
                on_top.or_else(|| file.get(repository, key))
            };
            let checks = |keys: [&str; 2]| {
                let own = keys.iter().find_map(|key| says(key));
                own.or_else(|| keys.iter().find_map(|key| main.get("main", key)))
            };
            let state = CoprState {
                enabled: says("enabled").is_none_or(is_on),
                gpg_check: checks(["pkg_gpgcheck", "gpgcheck"]).is_some_and(is_on),
            };
            projects.insert(project, state);
        }
    }
    projects
}

fn texts(host: &dyn Host, directory: &str, prefix: &str) -> Result<Vec<String>, HostError> {
    let directory = host.at(directory);
    let mut texts = Vec::new();
    for name in host.list(&directory)?.iter().filter(|name| name.starts_with(prefix) && name.ends_with(".repo")) {
        texts.extend(host.read(&directory.join(name))?);
    }
    Ok(texts)
}

fn below(host: &dyn Host, etc: &str) -> Result<BTreeMap<CoprProject, CoprState>, HostError> {
    let files = texts(host, &format!("{etc}/{REPOSITORIES}"), "_copr")?;
    if files.is_empty() {
        return Ok(BTreeMap::new());
    }
    let over = texts(host, &format!("{etc}/{OVERRIDES}"), "")?;
    Ok(parse(&files, &over, &host.read(&host.at(&format!("{etc}/dnf/dnf.conf")))?.unwrap_or_default()))
}

/// The projects packages can come from, and whether their signatures are checked.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn enabled(host: &dyn Host) -> Result<BTreeMap<CoprProject, CoprState>, HostError> {
    Ok(below(host, "/etc")?.into_iter().filter(|(_, state)| state.enabled).collect())
}

fn observe(host: &dyn Host, system: &System, declared: &Declarations) -> Result<Observation, Problem> {
    let image_based = system.kind.is_image_based();
    let of_image: BTreeSet<CoprProject> = match image_based {
        true => below(host, "/usr/etc")?.into_iter().filter(|(_, state)| state.enabled).map(|(name, _)| name).collect(),
        false => BTreeSet::new(),
    };
    let mut entries = BTreeMap::new();
    for (project, state) in below(host, "/etc")? {
        let said = declared.get(project.as_str()).and_then(|said| of(said.value.as_ref()));
        let seen = match said {
            _ if state.enabled => state,
            Some(said) if said.enabled && image_based => said,
            Some(_) => CoprState::DISABLED,
            None => continue,
        };
        let own = state.enabled && !of_image.contains(&project);
        entries.insert(project.to_string(), Observed { own, ..Observed::of(Value::Copr(seen)) });
    }
    let is_off = |said: &Declaration| of(said.value.as_ref()).is_some_and(|said| !said.enabled);
    for (key, _) in declared.iter().filter(|(_, said)| is_off(said)) {
        // What is not here at all is turned off.
        entries.entry(key.clone()).or_insert_with(|| Observed::of(Value::Copr(CoprState::DISABLED)));
    }
    Ok(Observation { entries, cookie: None })
}

/// Repositories that came with a project and do not belong to it, of which nobody has read.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn companions(host: &dyn Host, project: &CoprProject) -> Result<Vec<String>, HostError> {
    let files = texts(host, &format!("/etc/{REPOSITORIES}"), "_copr")?;
    let files = files.iter().map(|text| Keyfile::parse(text)).filter(|file| file.has_group(&project.repository()));
    let mut companions = Vec::new();
    for file in files {
        let own = project.repository();
        let strange = |id: &&str| **id != own && !id.starts_with(&format!("{own}:"));
        let on = |id: &&str| file.get(id, "enabled").is_none_or(is_on);
        companions.extend(file.groups().filter(strange).filter(on).map(str::to_owned));
    }
    Ok(companions)
}

/// The answers to the questions of `dnf copr`. A project may name other repositories it needs, which `-y` would add as
/// well; so the first question, whether to add the project, is answered with yes, and the one after it with no.
pub(crate) const ANSWERS: &str = "y\nn\n";

/// Turns a project on or off with `dnf copr`, spelled so that dnf4 and dnf5 both take it.
pub(crate) fn switch(host: &dyn Host, project: &CoprProject, on: bool, log: Log<'_>) -> Result<(), Problem> {
    if host.root().is_some() {
        // dnf looks for the distribution, and writes the file, on the running computer, whatever --installroot says.
        let message = gettext("dnf adds COPR projects to the running computer only, not to a directory");
        return Err(Problem::new("not_possible", message).hinted(gettext("Write it to the setup with ‘--setup-only’")));
    }
    let verb = if on { "enable" } else { "disable" };
    let dnf = Invocation::new("dnf", ["copr", verb, project.as_str()]).input(ANSWERS);
    host.run_with(&dnf, log)?.success("dnf")?;
    Ok(())
}

/// Whether a project is as it should be; with repositories that are not its own it never is.
pub(crate) fn is_so(host: &dyn Host, project: &CoprProject, on: bool) -> Result<bool, Problem> {
    let state = enabled(host)?.remove(project);
    if !on || state.is_none() {
        return Ok(on == state.is_some());
    }
    let companions = companions(host, project)?;
    if let Some(first) = companions.first() {
        let values = [("project", project.as_str()), ("repository", first.as_str())];
        let message =
            fill(&gettext("{project} also added the repository {repository}, which was not asked for"), &values);
        return Err(Problem::new("unverified", message).hinted(gettext("Turn it off, or turn the project off")));
    }
    Ok(state == Some(CoprState::CHECKED))
}

/// COPR projects.
#[derive(Debug)]
pub(super) struct Projects;

impl Kind for Projects {
    fn manifest(&self) -> Manifest {
        Manifest::SystemPackages
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared(reader, root)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        observe(look.host, look.system, look.declared)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        serde_json::from_value(json.clone()).ok().map(Value::Copr)
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let state = match value {
            None => None,
            value => Some(of(value)?),
        };
        let fields = vec![
            ("name", Some(Json::from(key))),
            ("enabled", state.map(|state| Json::from(state.enabled))),
            ("gpg_check", state.map(|state| Json::from(state.gpg_check))),
        ];
        let entry = Fields { id: &[("name", None)], fields, or_word: true, apart: None };
        Some(vec![Edit { path: &["copr_repos"], entry: Entry::Object(entry), there: state.is_some() }])
    }

    fn is_personal(&self) -> bool {
        false
    }

    /// On an image a declared project is used while the next one is built.
    fn effect(&self, system: HostKind, shape: Shape) -> Effect {
        match shape {
            Shape::Missing if system.is_image_based() => Effect::Image,
            _ => Effect::Now,
        }
    }

    fn privilege(&self, _value: Option<&Value>) -> Privilege {
        Privilege::Admin
    }

    fn at_first_boot(&self, system: HostKind, part: Privilege) -> bool {
        part == Privilege::Admin && !system.is_image_based()
    }

    fn actions(&self, change: &Change, _system: HostKind) -> Actions {
        let project = change.id.key.parse();
        match (change.effect, of(change.setup.as_ref())) {
            (Effect::Image, _) => Err(Deferral::NextImage),
            (_, Some(CoprState { enabled: true, gpg_check: false })) => Err(Deferral::Unchecked),
            (_, Some(CoprState { enabled: true, .. })) => {
                Ok(project.map(|project| vec![Action::EnableCopr { project }]))
            }
            _ => Ok(project.map(|project| vec![Action::DisableCopr { project }])),
        }
    }
}

#[cfg(test)]
mod tests;
