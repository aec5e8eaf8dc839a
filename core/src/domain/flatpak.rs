// SPDX-License-Identifier: GPL-3.0-or-later
//! Flatpak applications: declared in `flatpak-apps.json`, observed by one `flatpak list`.
//!
//! Invariant: one call lists both scopes; runtimes are dependencies and never items. Where an application is
//! installed more than once, the plain id is the one the setup asks for, else the person's own; `user/ID`,
//! `system/ID` and `ID//BRANCH` name the others.

use std::collections::{BTreeMap, BTreeSet};

use jsonc_parser::ast::Object;
use serde_json::Value as Json;

use crate::compare::{Change, Privilege};
use crate::deployment::HostKind;
use crate::host::{Host, HostError, Invocation};
use crate::manifest::place::{Edit, Entry, Fields};
use crate::manifest::{Declaration, Declarations, Manifest, ManifestError, ManifestErrorKind, Reader};
use crate::name::{BranchName, FlatpakId};
use crate::problem::Problem;
use crate::value::{FlatpakSource, Scope, Value};

use super::{Actions, Kind, Look, Observation, Observed};
use crate::plan::Action;

/// Reads `{"apps": [{"id", "remote", "scope", "branch"?, "commit"?, "overrides"?}]}`.
pub(crate) fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    reader.know(root, &["apps"]);
    let mut declarations = Declarations::new();
    for value in reader.list(root, "apps")? {
        let entry = reader.entry("apps", value)?;
        reader.know(entry, &["id", "remote", "scope", "branch", "commit", "overrides"]);
        let id: FlatpakId = reader.name(entry, reader.needed(entry, "apps", "id")?)?;
        let source = FlatpakSource {
            remote: reader.name(entry, reader.string_field(entry, "remote")?.unwrap_or("flathub"))?,
            scope: scope_field(reader, entry)?,
            branch: reader.string_field(entry, "branch")?.map(|text| reader.name(entry, text)).transpose()?,
            commit: reader.string_field(entry, "commit")?.map(|text| reader.name(entry, text)).transpose()?,
        };
        if source.commit.is_some() {
            reader.warn(entry, format!("the commit of ‘{id}’ is kept but not enforced yet"));
        }
        reader.declare(&mut declarations, entry, id.as_str(), Some(Value::Flatpak(source)))?;
    }
    Ok(declarations)
}

/// The scope of an entry; what names none is for everyone.
pub(super) fn scope_field(reader: &Reader, entry: &Object<'_>) -> Result<Scope, ManifestError> {
    match reader.string_field(entry, "scope")? {
        None | Some("system") => Ok(Scope::System),
        Some("user") => Ok(Scope::User),
        Some(other) => {
            let message = format!("scope ‘{}’ is not system or user", other.escape_debug());
            Err(reader.error(entry, ManifestErrorKind::Value(message)))
        }
    }
}

/// A question about both scopes, but not about a system installation that is not there: flatpak would make one.
pub(super) fn of_what_is_there(host: &dyn Host, question: Invocation) -> Result<Invocation, HostError> {
    let is_there = host.root().is_none() || !host.list(&host.at("/var/lib/flatpak/repo"))?.is_empty();
    Ok(if is_there { question } else { question.arg("--user") })
}

/// The environment that points flatpak at a root's system installation; the user's follows HOME.
pub(crate) fn invocation<I: IntoIterator<Item = S>, S: Into<String>>(host: &dyn Host, args: I) -> Invocation {
    let invocation = Invocation::new("flatpak", args);
    match host.root() {
        Some(_) => invocation.env("FLATPAK_SYSTEM_DIR", host.at("/var/lib/flatpak").display().to_string()),
        None => invocation,
    }
}

/// The application id in an item key, `[system/|user/]ID[//BRANCH]`.
#[must_use]
pub fn id_of(key: &str) -> &str {
    let key = key.strip_prefix("system/").or_else(|| key.strip_prefix("user/")).unwrap_or(key);
    key.split_once("//").map_or(key, |(id, _)| id)
}

/// `ID` or `ID//BRANCH`, as flatpak takes it.
fn reference(id: &FlatpakId, branch: Option<&BranchName>) -> String {
    branch.map_or_else(|| id.to_string(), |branch| format!("{id}//{branch}"))
}

/// Installs an application from a remote that is set up already; replaces one from another remote.
pub(crate) fn install(host: &dyn Host, id: &FlatpakId, source: &FlatpakSource) -> Invocation {
    let reference = reference(id, source.branch.as_ref());
    let scope = scope_option(source.scope);
    invocation(host, ["install", "--noninteractive", "--reinstall", scope, source.remote.as_str(), &reference])
}

/// Removes an application and keeps its data.
pub(crate) fn remove(host: &dyn Host, id: &FlatpakId, scope: Scope, branch: Option<&BranchName>) -> Invocation {
    invocation(host, ["uninstall", "--noninteractive", scope_option(scope), &reference(id, branch)])
}

pub(super) const fn scope_option(scope: Scope) -> &'static str {
    match scope {
        Scope::System => "--system",
        Scope::User => "--user",
    }
}

/// Whether an application is installed for a scope, in a branch if one is named.
pub(crate) fn is_installed(
    host: &dyn Host,
    id: &FlatpakId,
    scope: Scope,
    branch: Option<&BranchName>,
) -> Result<bool, HostError> {
    let list = invocation(host, ["list", "--app", scope_option(scope), "--columns=application,branch"]);
    let list = host.run(&list)?.success("flatpak")?;
    let mut rows = list.lines().filter_map(|line| line.split_once('\t'));
    Ok(rows.any(|(app, here)| app.trim() == id.as_str() && branch.is_none_or(|branch| branch.as_str() == here.trim())))
}

/// The applications installed for a scope.
///
/// # Errors
/// flatpak is missing or fails.
pub(crate) fn installed(host: &dyn Host, scope: Scope) -> Result<BTreeSet<String>, HostError> {
    let list = invocation(host, ["list", "--app", scope_option(scope), "--columns=application"]);
    let list = host.run(&list)?.success("flatpak")?;
    Ok(list.lines().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect())
}

/// Whether an observation has an application for a scope.
pub(crate) fn has(seen: &Observation, id: &FlatpakId, scope: Scope) -> bool {
    let same = |(key, observed): (&String, &Observed)| {
        let at = matches!(&observed.value, Some(Value::Flatpak(source)) if source.scope == scope);
        at && id_of(key) == id.as_str()
    };
    seen.entries.iter().any(same)
}

/// Reads the installed applications of both scopes.
pub(crate) fn observe(host: &dyn Host, declared: &Declarations) -> Result<Observation, Problem> {
    let columns = "--columns=installation,application,origin,branch,active,name";
    let list = of_what_is_there(host, invocation(host, ["list", "--app", columns]))?;
    let text = host.run(&list)?.success("flatpak")?;
    Ok(Observation { entries: parse(&text, declared)?, cookie: None })
}

fn parse(text: &str, declared: &Declarations) -> Result<BTreeMap<String, Observed>, Problem> {
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut columns = line.split('\t').map(str::trim);
        let mut next = || columns.next().unwrap_or_default();
        let (installation, id, origin, branch, _active, name) = (next(), next(), next(), next(), next(), next());
        let unexpected =
            |error: &dyn std::fmt::Display| Problem::new("unexpected_output", format!("flatpak list: {error}"));
        let id: FlatpakId = id.parse().map_err(|error| unexpected(&error))?;
        let scope = if installation == "user" { Scope::User } else { Scope::System };
        let named: Option<BranchName> =
            if branch.is_empty() { None } else { Some(branch.parse().map_err(|error| unexpected(&error))?) };
        // An app whose remote is gone or oddly named is one problem; the others can be compared.
        let seen = match origin.parse() {
            Ok(remote) => Observed::of(Value::Flatpak(FlatpakSource { remote, scope, branch: named, commit: None })),
            Err(error) => {
                let error: crate::name::NameError = error;
                let message = format!("where {id} came from is not known: {error}");
                let hint = "Install it again from a remote that is there";
                Observed { problem: Some(Problem::new("no_origin", message).hinted(hint)), ..Observed::default() }
            }
        };
        let name = (!name.is_empty() && name != id.as_str()).then(|| name.to_owned());
        let branch = branch.to_owned();
        let seen = Observed { own: true, name, ..seen };
        rows.push((id, scope, branch, seen));
    }
    // The plain id names what the setup asks for, where it is there; else the person's own, else the first.
    let wants = |id: &FlatpakId, seen: &Observed| match (declared.get(id.as_str()), &seen.value) {
        (Some(Declaration { value: Some(wanted), .. }), Some(value)) => wanted.is_met_by(value),
        _ => false,
    };
    rows.sort_by(|(a, a_scope, a_branch, a_seen), (b, b_scope, b_branch, b_seen)| {
        let wanted = wants(b, b_seen).cmp(&wants(a, a_seen));
        a.cmp(b).then(wanted).then(b_scope.cmp(a_scope)).then(a_branch.cmp(b_branch))
    });
    let mut entries: BTreeMap<String, Observed> = BTreeMap::new();
    let mut plain: BTreeMap<String, Scope> = BTreeMap::new();
    for (id, scope, branch, seen) in rows {
        let scoped = match plain.get(id.as_str()) {
            Some(first) if *first != scope => format!("{}/{id}", scope.as_str()),
            _ => id.to_string(),
        };
        plain.entry(id.to_string()).or_insert(scope);
        let key = if entries.contains_key(&scoped) { format!("{scoped}//{branch}") } else { scoped };
        entries.insert(key, seen);
    }
    Ok(entries)
}

/// Flatpak applications.
#[derive(Debug)]
pub(super) struct Applications;

impl Kind for Applications {
    fn manifest(&self) -> Manifest {
        Manifest::FlatpakApps
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared(reader, root)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        observe(look.host, look.declared)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        serde_json::from_value(json.clone()).ok().map(Value::Flatpak)
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let source = match value {
            None => None,
            Some(Value::Flatpak(source)) => Some(source),
            Some(_) => return None,
        };
        let fields = vec![
            ("id", Some(Json::from(id_of(key)))),
            ("remote", source.map(|source| Json::from(source.remote.as_str()))),
            ("scope", source.map(|source| Json::from(source.scope.as_str()))),
            ("branch", source.and_then(|source| source.branch.as_ref()).map(|branch| Json::from(branch.as_str()))),
            ("commit", source.and_then(|source| source.commit.as_ref()).map(|commit| Json::from(commit.as_str()))),
        ];
        let entry = Fields { id: &[("id", None)], fields, or_word: false };
        Some(vec![Edit { path: &["apps"], entry: Entry::Object(entry), there: value.is_some() }])
    }

    /// An application stands in the setup once, whatever scopes and branches of it are installed.
    fn can_hold(&self, key: &str) -> bool {
        id_of(key) == key
    }

    fn privilege(&self, value: Option<&Value>) -> Privilege {
        match value {
            Some(Value::Flatpak(source)) if source.scope == Scope::User => Privilege::User,
            _ => Privilege::Admin,
        }
    }

    fn at_first_boot(&self, _system: HostKind, _part: Privilege) -> bool {
        true
    }

    fn actions(&self, change: &Change, _system: HostKind) -> Actions {
        let id: FlatpakId = match id_of(&change.id.key).parse() {
            Ok(id) => id,
            Err(error) => return Ok(Err(error)),
        };
        let source = |value: Option<&Value>| match value {
            Some(Value::Flatpak(source)) => Some(source.clone()),
            _ => None,
        };
        let mut actions = Vec::new();
        let (wanted, here) = (source(change.setup.as_ref()), source(change.computer.as_ref()));
        // Another remote for the same branch and scope is one reinstallation; anything else leaves the old one to remove.
        let stays = wanted.as_ref().zip(here.as_ref()).is_some_and(|(wanted, here)| {
            wanted.scope == here.scope && (wanted.branch.is_none() || wanted.branch == here.branch)
        });
        if let Some(source) = wanted {
            actions.push(Action::InstallFlatpak { id: id.clone(), source });
        }
        if let Some(old) = here.filter(|_| !stays) {
            actions.push(Action::RemoveFlatpak { id, scope: old.scope, branch: old.branch });
        }
        Ok(Ok(actions))
    }

    fn captured(&self, change: &Change) -> Option<Value> {
        let Some(Value::Flatpak(here)) = &change.computer else { return change.computer.clone() };
        let declared = match &change.setup {
            Some(Value::Flatpak(declared)) => Some(declared),
            _ => None,
        };
        let mut source = here.clone();
        source.branch = source.branch.filter(|_| declared.is_some_and(|declared| declared.branch.is_some()));
        source.commit = declared.and_then(|declared| declared.commit.clone());
        Some(Value::Flatpak(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Domain;
    use crate::manifest::Manifest;

    #[test]
    fn both_scopes_of_one_application_are_two_items() {
        let seen = parse("system\torg.gnome.Boxes\tflathub\tstable\tabc\tBoxes\nuser\torg.gnome.Boxes\tflathub\tstable\tabc\tBoxes\n", &Declarations::new()).unwrap();
        let scope = |key: &str| match &seen[key].value {
            Some(Value::Flatpak(source)) => source.scope,
            other => panic!("{other:?}"),
        };
        assert_eq!(scope("org.gnome.Boxes"), Scope::User);
        assert_eq!(scope("system/org.gnome.Boxes"), Scope::System);
        assert_eq!(seen["org.gnome.Boxes"].name.as_deref(), Some("Boxes"));
    }

    #[test]
    fn an_application_without_a_remote_hides_no_other() {
        let rows = "user\torg.gnome.Boxes\t\tstable\tabc\tBoxes\nuser\torg.gnome.Maps\tflathub\tstable\tabc\tMaps\n";
        let seen = parse(rows, &Declarations::new()).unwrap();
        assert_eq!(seen["org.gnome.Boxes"].problem.as_ref().unwrap().code, "no_origin");
        assert!(seen["org.gnome.Maps"].problem.is_none() && seen["org.gnome.Maps"].value.is_some());
    }

    #[test]
    fn output_of_another_shape_is_a_problem() {
        assert_eq!(parse("error: something\n", &Declarations::new()).unwrap_err().code, "unexpected_output");
    }

    #[test]
    fn the_plain_id_is_the_installation_the_setup_asks_for() {
        let text = r#"{"apps": [{"id": "org.gnome.Boxes", "remote": "flathub", "scope": "system"}]}"#;
        let (declared, _) = Reader::declarations(Manifest::FlatpakApps, Domain::Flatpak, text).unwrap();
        let rows = "system\torg.gnome.Boxes\tflathub\tstable\tabc\tBoxes\nuser\torg.gnome.Boxes\tflathub\tstable\tabc\tBoxes\n";
        let seen = parse(rows, &declared).unwrap();
        assert_eq!(seen.keys().collect::<Vec<_>>(), ["org.gnome.Boxes", "user/org.gnome.Boxes"]);
        let rows = "user\torg.gnome.Boxes\tflathub\tbeta\tabc\t\nuser\torg.gnome.Boxes\tflathub\tstable\tabc\t\n";
        let keys: Vec<String> = parse(rows, &declared).unwrap().into_keys().collect();
        assert_eq!(keys, ["org.gnome.Boxes", "org.gnome.Boxes//stable"]);
        assert!(keys.iter().all(|key| id_of(key) == "org.gnome.Boxes"));
    }
}
