// SPDX-License-Identifier: GPL-3.0-or-later
//! What is installed: one `flatpak list` for both scopes, and beside it the files in which flatpak keeps what is held
//! and what was changed about permissions.
//!
//! Invariant: no call of a tool for an application of its own; an application whose remote is unknown hides no other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::domain::{Observation, Observed};
use crate::host::{Host, HostError};
use crate::keyfile::Keyfile;
use crate::manifest::Declarations;
use crate::name::{BranchName, CommitId, FlatpakId, RemoteName};
use crate::problem::Problem;
use crate::value::{FlatpakSource, Scope, Value};

use super::basis::ask;
use super::overrides::{self, Overrides};
use super::{id_of, invocation, key, of_what_is_there, scope_option};

/// One installed application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: FlatpakId,
    pub(super) scope: Scope,
    pub(super) branch: BranchName,
    /// Where it came from; an error where that is gone or oddly named.
    pub(super) remote: Result<RemoteName, Problem>,
    name: Option<String>,
}

/// Reads `flatpak list` with the columns installation, application, origin, branch, active, name.
pub(super) fn parse(text: &str) -> Result<Vec<Row>, Problem> {
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut columns = line.split('\t').map(str::trim);
        let mut next = || columns.next().unwrap_or_default();
        let (installation, id, origin, branch, _active, name) = (next(), next(), next(), next(), next(), next());
        let unexpected =
            |error: &dyn std::fmt::Display| Problem::new("unexpected_output", format!("flatpak list: {error}"));
        let scope = if installation == "user" { Scope::User } else { Scope::System };
        let parsed: FlatpakId = id.parse().map_err(|error| unexpected(&error))?;
        let remote = origin.parse().map_err(|error: crate::name::NameError| {
            let message = format!("where {id} came from is not known: {error}");
            Problem::new("no_origin", message).hinted("Install it again from a remote that is there")
        });
        rows.push(Row {
            scope,
            branch: branch.parse().map_err(|error| unexpected(&error))?,
            remote,
            name: (!name.is_empty() && name != id).then(|| name.to_owned()),
            id: parsed,
        });
    }
    // A person's own first, so that where nobody asks for one it has the plain name.
    rows.sort_by(|a, b| a.id.cmp(&b.id).then(b.scope.cmp(&a.scope)).then(a.branch.cmp(&b.branch)));
    Ok(rows)
}

/// The installed applications of one scope.
pub(super) fn rows(host: &dyn Host, scope: Scope) -> Result<Vec<Row>, Problem> {
    let list = ["list", "--app", scope_option(scope), "--columns=installation,application,origin,branch,active,name"];
    let text = host.run(&invocation(host, list))?.success("flatpak")?;
    Ok(parse(&text)?.into_iter().map(|row| Row { scope, ..row }).collect())
}

/// The directory of an installation; a person without a home has none.
pub(super) fn directory(host: &dyn Host, scope: Scope) -> Option<PathBuf> {
    match scope {
        Scope::System => Some(host.at("/var/lib/flatpak")),
        Scope::User => Some(host.home()?.join(".local/share/flatpak")),
    }
}

/// What flatpak keeps in files about the applications of a scope.
#[derive(Debug, Default)]
pub(super) struct Notes {
    directory: Option<PathBuf>,
    masked: Vec<String>,
    overridden: BTreeSet<String>,
}

impl Notes {
    pub(super) fn read(host: &dyn Host, scope: Scope) -> Result<Self, HostError> {
        let Some(directory) = directory(host, scope) else { return Ok(Self::default()) };
        let config = host.read(&directory.join("repo/config"))?.unwrap_or_default();
        let masked = Keyfile::parse(&config).list("core", "xa.masked");
        let overridden = host.list(&directory.join("overrides"))?.into_iter().collect();
        Ok(Self { directory: Some(directory), masked, overridden })
    }

    /// The masks of exactly this application. A pattern with `*` is about more than one, so it holds none of them in
    /// the setup's name.
    pub(super) fn masks(&self, id: &FlatpakId, branch: &BranchName) -> Vec<&str> {
        let is_it = |mask: &&String| {
            let mut parts = mask.strip_prefix("app/").unwrap_or(mask).split('/');
            let named = parts.next() == Some(id.as_str());
            let (_arch, at) = (parts.next(), parts.next().unwrap_or_default());
            named && !mask.contains('*') && (at.is_empty() || at == branch.as_str())
        };
        self.masked.iter().filter(is_it).map(String::as_str).collect()
    }

    /// The commit of an application that is installed.
    pub(super) fn commit(
        &self,
        host: &dyn Host,
        id: &FlatpakId,
        branch: &BranchName,
    ) -> Result<Option<CommitId>, HostError> {
        let Some(directory) = &self.directory else { return Ok(None) };
        let of_app = directory.join("app").join(id.as_str());
        for arch in host.list(&of_app)? {
            let target = host.link(&of_app.join(arch).join(branch.as_str()).join("active"))?;
            let commit = target.as_deref().and_then(|target| target.file_name()?.to_str()?.parse::<CommitId>().ok());
            if let Some(commit) = commit.filter(CommitId::is_whole) {
                return Ok(Some(commit));
            }
        }
        Ok(None)
    }

    /// What was changed about the permissions of an application, and what of that no option can say.
    pub(super) fn overrides(&self, host: &dyn Host, id: &FlatpakId) -> Result<(Overrides, Vec<String>), HostError> {
        let Some(directory) = self.directory.as_ref().filter(|_| self.overridden.contains(id.as_str())) else {
            return Ok(Default::default());
        };
        let text = host.read(&directory.join("overrides").join(id.as_str()))?;
        Ok(overrides::parse(&text.unwrap_or_default()))
    }

    /// The value of an installed application, and what of its overrides no option can say.
    pub(super) fn value(&self, host: &dyn Host, row: &Row) -> Result<(FlatpakSource, Vec<String>), Problem> {
        let commit = match self.masks(&row.id, &row.branch).is_empty() {
            true => None,
            false => self.commit(host, &row.id, &row.branch)?,
        };
        let (overrides, rest) = self.overrides(host, &row.id)?;
        let source = FlatpakSource {
            commit,
            overrides: Some(overrides),
            ..FlatpakSource::new(row.remote.clone()?, row.scope, Some(row.branch.clone()))
        };
        Ok((source, rest))
    }
}

/// The installations of one scope as they are now, by application and in order of their branches. One whose remote
/// is not known has no value to compare.
///
/// # Errors
/// flatpak is missing or fails.
pub(crate) fn installed(host: &dyn Host, scope: Scope) -> Result<BTreeMap<String, Vec<FlatpakSource>>, Problem> {
    let notes = Notes::read(host, scope)?;
    let mut found: BTreeMap<String, Vec<FlatpakSource>> = BTreeMap::new();
    for row in rows(host, scope)? {
        if let Ok((source, _)) = notes.value(host, &row) {
            found.entry(row.id.to_string()).or_default().push(source);
        }
    }
    Ok(found)
}

/// Reads the installed applications of both scopes.
pub(super) fn observe(host: &dyn Host, declared: &Declarations) -> Result<Observation, Problem> {
    let columns = "--columns=installation,application,origin,branch,active,name";
    let list = of_what_is_there(host, invocation(host, ["list", "--app", columns]))?;
    let rows = parse(&ask(host, &list)?.success("flatpak")?)?;
    let notes = |scope| Notes::read(host, scope);
    let (system, user) = (notes(Scope::System)?, notes(Scope::User)?);
    let mut seen = Vec::new();
    for row in rows {
        let notes = if row.scope == Scope::System { &system } else { &user };
        let value = notes.value(host, &row);
        let observed = Observed { own: true, name: row.name.clone(), ..Observed::default() };
        let observed = match value {
            Ok((source, rest)) => Observed { value: Some(Value::Flatpak(source)), fixed: beyond(&rest), ..observed },
            // An app whose remote is gone or oddly named is one problem; the others can be compared.
            Err(problem) => Observed { problem: Some(problem), ..observed },
        };
        seen.push((row, observed));
    }
    Ok(Observation { entries: named(seen, declared), cookie: None })
}

/// Why an application whose overrides hold more than options can say is not changed here.
fn beyond(rest: &[String]) -> Option<String> {
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    (!rest.is_empty()).then(|| {
        let what = crate::describe::names(&rest);
        let sentence =
            crate::i18n::gettext("Its overrides hold something that ‘flatpak override’ cannot write: {what}");
        crate::i18n::fill(&sentence, &[("what", &what)])
    })
}

/// Gives each installation its key.
fn named(seen: Vec<(Row, Observed)>, declared: &Declarations) -> BTreeMap<String, Observed> {
    let mut asked: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (key, declaration) in declared {
        asked.entry(id_of(key)).or_default().push((key.as_str(), declaration));
    }
    let mut entries = BTreeMap::new();
    let mut seen = seen.into_iter().peekable();
    while let Some(first) = seen.next() {
        let id = first.0.id.clone();
        let mut group = vec![first];
        while let Some(next) = seen.next_if(|(row, _)| row.id == id) {
            group.push(next);
        }
        // One from nowhere is still one for this scope and branch.
        let place = |row: &Row| {
            let nowhere = || "unknown".parse().ok();
            let remote = row.remote.clone().ok().or_else(nowhere)?;
            Some(FlatpakSource::new(remote, row.scope, Some(row.branch.clone())))
        };
        let places: Vec<FlatpakSource> = group.iter().filter_map(|(row, _)| place(row)).collect();
        let of_it = asked.get(id.as_str()).map_or(&[][..], Vec::as_slice);
        let names = key::names(id.as_str(), &places.iter().collect::<Vec<_>>(), of_it);
        entries.extend(names.into_iter().zip(group.into_iter().map(|(_, observed)| observed)));
    }
    entries
}
