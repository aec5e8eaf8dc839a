// SPDX-License-Identifier: GPL-3.0-or-later
//! Flatpak remotes: declared in `flatpak-remotes.json`, observed by one `flatpak remotes` for both scopes.
//!
//! A setup names the `.flatpakrepo` file a remote is added from, or the repository itself with the key its
//! content is signed with. A computer keeps only the repository's address, so a `.flatpakrepo` address agrees
//! with every repository in its directory. The plain name is what the setup asks for, else the person's own;
//! `user/NAME` and `system/NAME` name the others. Remotes the system brings along are no one's choice.
//!
//! Invariant: a remote whose signatures are not checked is only ever the result of `"gpg_verify": false`; one
//! that turns out to have no key is taken back.

use std::collections::{BTreeMap, BTreeSet};

use jsonc_parser::ast::Object;
use serde_json::Value as Json;

use crate::compare::{Change, Privilege};
use crate::deployment::HostKind;
use crate::host::{Host, HostError};
use crate::i18n::{fill, gettext};
use crate::manifest::place::{Edit, Entry, Fields};
use crate::manifest::{Declaration, Declarations, Manifest, ManifestError, Reader, named};
use crate::name::{RemoteName, RemoteUrl};
use crate::plan::{Action, Deferral};
use crate::problem::Problem;
use crate::value::{RemoteSource, Scope, Value};

use super::flatpak::{ask, invocation, of_what_is_there, scope_field, scope_option};
use super::{Actions, Kind, Log, Look, Observation, Observed};

/// The name in an item key, `[system/|user/]NAME`.
#[must_use]
pub fn name_of(key: &str) -> &str {
    scoped(key).1
}

/// The items of a name, each with its scope, in setup and on the computer.
#[must_use]
pub fn find(declared: &Declarations, seen: Option<&Observation>, name: &str) -> Vec<(String, Scope)> {
    let (asked, plain) = scoped(name);
    let mut found = BTreeMap::new();
    let here = seen.into_iter().flat_map(|seen| &seen.entries).map(|(key, seen)| (key, seen.value.as_ref()));
    for (key, value) in here.chain(declared.iter().map(|(key, said)| (key, said.value.as_ref()))) {
        if let Some(remote) = of(value).filter(|remote| asked.is_none_or(|scope| scope == remote.scope))
            && name_of(key) == plain
        {
            found.insert(key.clone(), remote.scope);
        }
    }
    found.into_iter().collect()
}

fn scoped(key: &str) -> (Option<Scope>, &str) {
    [Scope::System, Scope::User]
        .into_iter()
        .find_map(|scope| Some((Some(scope), key.strip_prefix(scope.as_str())?.strip_prefix('/')?)))
        .unwrap_or((None, key))
}

fn of(value: Option<&Value>) -> Option<&RemoteSource> {
    match value {
        Some(Value::Remote(remote)) => Some(remote),
        _ => None,
    }
}

/// Reads `{"remotes": [{"name", "url", "scope", "filtered"?, "gpg_verify"?, "gpg_key"?}]}`.
fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    reader.know(root, &["remotes"]);
    let mut entries = Vec::new();
    reader.each(reader.list(root, "remotes")?, named(&["name"]), |reader, value| {
        let entry = reader.entry("remotes", value)?;
        reader.know(entry, &["name", "url", "scope", "filtered", "gpg_verify", "gpg_key"]);
        let name: RemoteName = reader.name(entry, reader.needed(entry, "remotes", "name")?)?;
        let remote = RemoteSource {
            url: reader.name(entry, reader.needed(entry, "remotes", "url")?)?,
            scope: scope_field(reader, entry)?,
            filtered: reader.flag(entry, "filtered")?,
            gpg_verify: reader.flag(entry, "gpg_verify")?.unwrap_or(true),
            gpg_key: reader.string_field(entry, "gpg_key")?.map(|text| reader.name(entry, text)).transpose()?,
        };
        entries.push((entry, name, remote));
        Ok(())
    });
    let mut scopes: BTreeMap<&RemoteName, BTreeSet<Scope>> = BTreeMap::new();
    for (_, name, remote) in &entries {
        scopes.entry(name).or_default().insert(remote.scope);
    }
    let mut declarations = Declarations::new();
    for (entry, name, remote) in &entries {
        let twice = scopes.get(name).is_some_and(|scopes| scopes.len() > 1);
        let key = if twice { format!("{}/{name}", remote.scope.as_str()) } else { name.to_string() };
        if !remote.gpg_verify {
            reader.warn(*entry, format!("signatures of what comes from ‘{name}’ are not checked"));
        }
        if remote.filtered == Some(true) {
            reader.warn(*entry, format!("the filter of ‘{name}’ is compared but cannot be set: no setup holds one"));
        }
        if let Err(error) = reader.declare(&mut declarations, *entry, &key, Some(Value::Remote(remote.clone()))) {
            reader.fault(Some(key), error);
        }
    }
    Ok(declarations)
}

/// One remote as flatpak lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    name: RemoteName,
    /// Its address; an error where it is none Bucket would add.
    url: Result<RemoteUrl, Problem>,
    scope: Scope,
    filtered: bool,
    gpg_verify: bool,
    enabled: bool,
    title: Option<String>,
}

impl Row {
    fn source(&self) -> Result<RemoteSource, Problem> {
        let (scope, filtered, gpg_verify) = (self.scope, Some(self.filtered), self.gpg_verify);
        Ok(RemoteSource { url: self.url.clone()?, scope, filtered, gpg_verify, gpg_key: None })
    }
}

const COLUMNS: &str = "--columns=name,url,options,title";

/// The title comes last: a person may have put anything into it. A remote of another installation than the
/// system's own and the person's is none of ours.
/// Asked about one scope alone, flatpak does not say which it is.
fn parse(text: &str, only: Option<Scope>) -> Result<Vec<Row>, Problem> {
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut columns = line.splitn(4, '\t').map(str::trim);
        let mut next = || columns.next().unwrap_or_default();
        let (name, url, options, title) = (next(), next(), next(), next());
        let unexpected =
            |error: &dyn std::fmt::Display| Problem::new("unexpected_output", format!("flatpak remotes: {error}"));
        let options: Vec<&str> = options.split(',').collect();
        let has = |option: &str| options.contains(&option);
        let scope = match (only, has("system"), has("user")) {
            (Some(scope), ..) => scope,
            (None, true, false) => Scope::System,
            (None, false, true) => Scope::User,
            (None, ..) => continue,
        };
        rows.push(Row {
            name: name.parse().map_err(|error| unexpected(&error))?,
            url: url.parse().map_err(|error: crate::name::NameError| Problem::new("unsafe_remote", error.to_string())),
            scope,
            filtered: has("filtered"),
            gpg_verify: !has("no-gpg-verify"),
            enabled: !has("disabled"),
            title: (!title.is_empty() && title != "-" && title != name).then(|| title.to_owned()),
        });
    }
    Ok(rows)
}

/// The remotes of one scope, disabled ones too.
fn rows(host: &dyn Host, scope: Scope) -> Result<Vec<Row>, Problem> {
    let list = invocation(host, ["remotes", "--show-disabled", scope_option(scope), COLUMNS]);
    parse(&host.run(&list)?.success("flatpak")?, Some(scope))
}

/// The system remotes that are there, by name.
///
/// # Errors
/// flatpak is missing or fails.
pub(crate) fn of_system(host: &dyn Host) -> Result<BTreeMap<RemoteName, RemoteSource>, Problem> {
    let rows = rows(host, Scope::System)?;
    Ok(rows
        .into_iter()
        .filter(|row| row.enabled)
        .filter_map(|row| Some((row.name.clone(), row.source().ok()?)))
        .collect())
}

/// Names of the remotes the image brings along (flatpak-remote(5)).
fn preset(host: &dyn Host) -> Result<Vec<String>, HostError> {
    let mut names = host.list(&host.at("/etc/flatpak/remotes.d"))?;
    names.extend(host.list(&host.at("/usr/share/flatpak/remotes.d"))?);
    Ok(names.iter().filter_map(|file| Some(file.strip_suffix(".flatpakrepo")?.to_owned())).collect())
}

fn entries(rows: &[Row], preset: &[String], declared: &Declarations) -> BTreeMap<String, Observed> {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.enabled).collect();
    let mut entries = BTreeMap::new();
    for row in &rows {
        let name = row.name.as_str();
        let full = format!("{}/{name}", row.scope.as_str());
        let in_both = rows.iter().any(|other| other.name == row.name && other.scope != row.scope);
        let is_plain = match declared.get(name) {
            _ if declared.contains_key(&full) => false,
            // The person's own is what a step of theirs asks for.
            Some(Declaration { value, .. }) => {
                of(value.as_ref()).map_or(Scope::User, |remote| remote.scope) == row.scope
            }
            None => !in_both || row.scope == Scope::User,
        };
        let seen = match row.source() {
            Ok(remote) => Observed::of(Value::Remote(remote)),
            Err(problem) => Observed { problem: Some(problem), ..Observed::default() },
        };
        let own = row.scope == Scope::User || !preset.iter().any(|known| known == name);
        let key = if is_plain { name.to_owned() } else { full };
        let wanted = declared.get(&key).and_then(|said| of(said.value.as_ref()));
        let fixed = wanted.zip(of(seen.value.as_ref())).and_then(|(wanted, here)| unfiltered(wanted, here));
        entries.insert(key, Observed { own, name: row.title.clone(), fixed, ..seen });
    }
    entries
}

/// Why a remote that is only not filtered cannot be made what the setup says.
fn unfiltered(wanted: &RemoteSource, here: &RemoteSource) -> Option<String> {
    let is_all = wanted.asks_for_filter() && !wanted.is_met_by(here) && wanted.without_filter().is_met_by(here);
    is_all.then(|| {
        gettext("Bucket has no filter to set: a setup does not hold one. ‘flatpak remote-modify --filter=FILE’ does it")
    })
}

/// Adds a remote, or changes the one that is there to what the setup says.
pub(crate) fn bring(host: &dyn Host, name: &RemoteName, to: &RemoteSource, log: Log<'_>) -> Result<(), Problem> {
    let find = |rows: Vec<Row>| rows.into_iter().find(|row| row.name == *name);
    let here = find(rows(host, to.scope)?);
    match &here {
        None => add(host, name, to, log)?,
        Some(here) => {
            let same_place = here.url.as_ref().is_ok_and(|url| to.url.leads_to(url));
            let has_key = here.gpg_verify || !to.gpg_verify;
            if to.url.is_repo_file() && !(same_place && has_key) {
                // The new one must be there before the old one goes: it may not be reachable.
                let trial: RemoteName = format!("bkt-{name}").parse().map_err(|_| too_long(name))?;
                add(host, &trial, to, log)?;
                delete(host, &trial, to.scope)?;
                delete(host, name, to.scope)?;
                add(host, name, to, log)?;
            } else {
                let mut modify = invocation(host, ["remote-modify", scope_option(to.scope), "--enable"]);
                if !same_place {
                    modify = modify.arg(format!("--url={}", to.url));
                }
                if to.gpg_verify != here.gpg_verify {
                    modify = modify.arg(if to.gpg_verify { "--gpg-verify" } else { "--no-gpg-verify" });
                }
                if to.filtered == Some(false) {
                    modify = modify.arg("--no-filter");
                }
                if let Some(key) = &to.gpg_key {
                    modify = modify.arg("--gpg-import=-").input(key.armored());
                }
                host.run_with(&modify.arg(name.as_str()), log)?.success("flatpak")?;
            }
        }
    }
    Ok(())
}

fn too_long(name: &RemoteName) -> Problem {
    Problem::new("not_possible", format!("the name {name} is too long"))
}

fn add(host: &dyn Host, name: &RemoteName, to: &RemoteSource, log: Log<'_>) -> Result<(), Problem> {
    let mut add = invocation(host, ["remote-add", scope_option(to.scope)]);
    if to.url.is_repo_file() {
        add = add.arg("--from");
    }
    if !to.gpg_verify {
        add = add.arg("--no-gpg-verify");
    }
    if to.gpg_key.is_some() {
        // Until it has its key, which flatpak takes from standard input only for a remote that is there.
        add = add.arg("--disable");
    }
    let mut done = host.run_with(&add.arg(name.as_str()).arg(to.url.as_str()), log)?.success("flatpak");
    if let (Ok(_), Some(key)) = (&done, &to.gpg_key) {
        let modify = ["remote-modify", scope_option(to.scope), "--enable", "--gpg-import=-", name.as_str()];
        done = host.run_with(&invocation(host, modify).input(key.armored()), log)?.success("flatpak");
    }
    // flatpak leaves one it could not read, and does not check one whose file names no key.
    let here = rows(host, to.scope)?.into_iter().find(|row| row.name == *name);
    let is_unchecked = here.as_ref().is_some_and(|here| to.gpg_verify && !here.gpg_verify);
    if here.is_some() && (done.is_err() || is_unchecked) {
        delete(host, name, to.scope)?;
    }
    done?;
    if is_unchecked {
        let message = format!("{name} does not say which key its apps are signed with, so it was not added");
        return Err(Problem::new("unsigned_remote", message).hinted("Add its key to the setup, as ‘gpg_key’"));
    }
    Ok(())
}

fn delete(host: &dyn Host, name: &RemoteName, scope: Scope) -> Result<(), Problem> {
    let delete = invocation(host, ["remote-delete", "--force", scope_option(scope), name.as_str()]);
    host.run(&delete)?.success("flatpak")?;
    Ok(())
}

/// Removes a remote nothing is installed from.
pub(crate) fn remove(host: &dyn Host, name: &RemoteName, scope: Scope) -> Result<(), Problem> {
    let list = invocation(host, ["list", "--all", scope_option(scope), "--columns=origin,application"]);
    let list = host.run(&list)?.success("flatpak")?;
    let used: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(origin, _)| origin.trim() == name.as_str())
        .map(|(_, id)| id.trim())
        .collect();
    if used.is_empty() {
        return delete(host, name, scope);
    }
    let message = format!("{name} is kept: {} came from it", crate::describe::names(&used));
    Err(Problem::new("in_use", message)
        .hinted("Remove what came from it first; ‘flatpak uninstall --unused’ removes runtimes no app needs"))
}

/// Whether a system remote is as it should be, or gone.
pub(crate) fn is_so(host: &dyn Host, name: &RemoteName, to: Option<&RemoteSource>) -> Result<bool, Problem> {
    Ok(match (to, of_system(host)?.get(name)) {
        (Some(to), Some(here)) => to.without_filter().is_met_by(here),
        (None, here) => here.is_none(),
        (Some(_), None) => false,
    })
}

/// What adding or changing a remote does, with what it means where signatures are not checked.
#[must_use]
pub(crate) fn sentence(name: &str, is_new: bool, to: &RemoteSource) -> String {
    let sentence = match (is_new, to.scope, to.gpg_verify) {
        (true, Scope::System, true) => gettext("Add the Flatpak remote {remote} for everyone"),
        (true, Scope::User, true) => gettext("Add the Flatpak remote {remote} for this user"),
        (true, Scope::System, false) => {
            gettext("Add the Flatpak remote {remote} for everyone, WITHOUT checking signatures")
        }
        (true, Scope::User, false) => {
            gettext("Add the Flatpak remote {remote} for this user, WITHOUT checking signatures")
        }
        (false, _, true) => gettext("Change the Flatpak remote {remote} to {url}"),
        (false, _, false) => gettext("Change the Flatpak remote {remote} to {url}, WITHOUT checking signatures"),
    };
    fill(&sentence, &[("remote", name), ("url", to.url.as_str())])
}

/// Flatpak remotes.
#[derive(Debug)]
pub(super) struct Remotes;

impl Kind for Remotes {
    fn manifest(&self) -> Manifest {
        Manifest::FlatpakRemotes
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared(reader, root)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        let list = invocation(look.host, ["remotes", "--show-disabled", COLUMNS]);
        let list = of_what_is_there(look.host, list)?;
        let only = list.args.iter().any(|arg| arg == scope_option(Scope::User)).then_some(Scope::User);
        let rows = parse(&ask(look.host, &list)?.success("flatpak")?, only)?;
        Ok(Observation { entries: entries(&rows, &preset(look.host)?, look.declared), cookie: None })
    }

    fn value(&self, json: &Json) -> Option<Value> {
        serde_json::from_value(json.clone()).ok().map(Value::Remote)
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let remote = match value {
            None => None,
            value => Some(of(value)?),
        };
        let (scope, name) = scoped(key);
        let edit = |scope: Scope, there: Option<&RemoteSource>| {
            let fields = vec![
                ("name", Some(Json::from(name))),
                ("url", there.map(|remote| Json::from(remote.url.as_str()))),
                ("scope", Some(Json::from(scope.as_str()))),
                ("filtered", there.and_then(|remote| remote.filtered).map(Json::from)),
                ("gpg_verify", there.filter(|remote| !remote.gpg_verify).map(|_| Json::from(false))),
                ("gpg_key", there.and_then(|remote| remote.gpg_key.as_ref()).map(|key| Json::from(key.as_str()))),
            ];
            let entry =
                Fields { id: &[("name", None), ("scope", Some("system"))], fields, or_word: false, apart: None };
            Edit { path: &["remotes"], entry: Entry::Object(entry), there: there.is_some() }
        };
        // The plain name stands in the setup for one scope only.
        let scopes = scope.map_or(vec![Scope::System, Scope::User], |scope| vec![scope]);
        Some(scopes.into_iter().map(|scope| edit(scope, remote.filter(|remote| remote.scope == scope))).collect())
    }

    fn said<'d>(&self, declared: &'d Declarations, key: &str, value: Option<&Value>) -> Option<&'d Declaration> {
        let (scope, name) = scoped(key);
        let Some(scope) = of(value).map(|remote| remote.scope).or(scope) else { return declared.get(key) };
        let is_it = |(key, said): &(&String, &Declaration)| {
            name_of(key) == name && of(said.value.as_ref()).is_some_and(|remote| remote.scope == scope)
        };
        declared.iter().find(is_it).map(|(_, said)| said)
    }

    fn plain<'k>(&self, key: &'k str) -> &'k str {
        name_of(key)
    }

    fn qualified(&self, key: &str, value: &Value) -> String {
        of(Some(value)).map_or_else(|| key.to_owned(), |remote| format!("{}/{}", remote.scope.as_str(), name_of(key)))
    }

    /// One whose signatures nobody checks is written to a setup only when it is asked for by name.
    fn is_suggestible(&self, change: &Change) -> bool {
        of(change.computer.as_ref()).is_none_or(|remote| remote.gpg_verify)
    }

    fn privilege(&self, value: Option<&Value>) -> Privilege {
        match of(value) {
            Some(remote) if remote.scope == Scope::User => Privilege::User,
            _ => Privilege::Admin,
        }
    }

    fn at_first_boot(&self, _system: HostKind, _part: Privilege) -> bool {
        true
    }

    fn actions(&self, change: &Change, _system: HostKind) -> Actions {
        let name: RemoteName = match name_of(&change.id.key).parse() {
            Ok(name) => name,
            Err(error) => return Ok(Err(error)),
        };
        let (wanted, here) = (of(change.setup.as_ref()), of(change.computer.as_ref()));
        if here.is_none() && wanted.is_some_and(|remote| !remote.can_be_added()) {
            return Err(Deferral::NoKey);
        }
        Ok(Ok(vec![match (wanted, wanted.or(here).map(|remote| remote.scope)) {
            (_, Some(Scope::User)) => {
                Action::SetOwn { value: wanted.map(|remote| serde_json::json!(remote.without_filter())) }
            }
            (Some(remote), _) => Action::AddRemote { name, remote: remote.without_filter() },
            (None, _) => Action::RemoveRemote { name },
        }]))
    }

    fn captured(&self, change: &Change) -> Option<Value> {
        let mut remote = of(change.computer.as_ref())?.clone();
        let declared = of(change.setup.as_ref());
        match declared {
            Some(declared) if declared.url.leads_to(&remote.url) => remote.url = declared.url.clone(),
            _ => remote.url = remote.url.known_repo_file().unwrap_or(remote.url),
        }
        let is_said = declared.is_some_and(|declared| declared.filtered.is_some());
        remote.filtered = remote.filtered.filter(|filtered| *filtered || is_said);
        remote.gpg_key = declared.and_then(|declared| declared.gpg_key.clone()).filter(|_| remote.gpg_verify);
        Some(Value::Remote(remote))
    }

    fn sentence(&self, key: &str, from: Option<&Value>, to: Option<&Value>) -> Option<String> {
        let name = name_of(key);
        Some(match of(to) {
            Some(remote) => sentence(name, from.is_none(), remote),
            None => fill(&gettext("Remove the Flatpak remote {remote}"), &[("remote", name)]),
        })
    }

    fn is_own(&self) -> bool {
        true
    }

    fn perform(&self, host: &dyn Host, key: &str, to: Option<&Value>, log: Log<'_>) -> Result<(), Problem> {
        let name: RemoteName = name_of(key).parse().map_err(|error| Problem::new("internal", format!("{error}")))?;
        match of(to) {
            Some(remote) if remote.scope == Scope::User => bring(host, &name, remote, log),
            Some(_) => Err(Problem::new("internal", format!("{key} is the administrator’s to change"))),
            None => remove(host, &name, Scope::User),
        }
    }
}

#[cfg(test)]
mod tests;
