// SPDX-License-Identifier: GPL-3.0-or-later
//! Homebrew: formulae and taps, declared in `homebrew.json`, observed by the receipts in Homebrew's Cellar.
//!
//! Homebrew leaves a receipt with every formula, which says whether a person asked for it or another formula
//! needed it. Reading them takes a few milliseconds; `brew` itself takes a second to begin.
//!
//! Invariant: what came as a dependency, and a tap that only serves a wanted formula, is never a change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jsonc_parser::ast::{self, Object};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::host::{Host, Invocation};
use crate::i18n::{fill, gettext};
use crate::manifest::place::{Edit, Entry, Fields};
use crate::manifest::{Declarations, Manifest, ManifestError, Reader, named};
use crate::name::{BrewName, NameError};
use crate::problem::Problem;
use crate::value::Value;

use super::{Kind, Log, Look, Observation, Observed};

/// Where Homebrew is on Linux; nowhere else would it find programs built for it.
pub const PREFIX: &str = "/home/linuxbrew/.linuxbrew";

/// Taps that are Homebrew's own.
const OWN_TAPS: [&str; 5] =
    ["homebrew/core", "homebrew/cask", "homebrew/bundle", "homebrew/services", "homebrew/command-not-found"];

/// Whether a key names a tap, which comes before its formulae and goes after them.
#[must_use]
pub fn is_tap(key: &str) -> bool {
    key.parse::<BrewName>().is_ok_and(|name| name.is_tap())
}

/// Reads `{"formulae": ["NAME", {"name", "tap"?}], "taps"?: ["USER/TAP"]}`.
fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    reader.know(root, &["formulae", "taps"]);
    let mut declarations = Declarations::new();
    reader.each(reader.list(root, "formulae")?, named(&["name"]), |reader, value| {
        let text = match value {
            ast::Value::StringLit(text) => text.value.to_string(),
            _ => {
                let entry = reader.entry("formulae", value)?;
                reader.know(entry, &["name", "tap"]);
                let name = reader.needed(entry, "formulae", "name")?;
                let tap = reader.string_field(entry, "tap")?;
                tap.map_or_else(|| name.to_owned(), |tap| format!("{tap}/{name}"))
            }
        };
        declare(reader, &mut declarations, value, &text, false)
    });
    reader.each(reader.list(root, "taps")?, named(&[]), |reader, value| {
        let text = reader.string("taps", value)?;
        declare(reader, &mut declarations, value, text, true)
    });
    Ok(declarations)
}

fn declare(
    reader: &mut Reader,
    into: &mut Declarations,
    value: &ast::Value<'_>,
    text: &str,
    tap: bool,
) -> Result<(), ManifestError> {
    let name: BrewName = reader.name(value, text)?;
    if name.is_tap() != tap {
        let message =
            if tap { format!("‘{name}’ is no tap: write USER/TAP") } else { format!("‘{name}’ is a tap") };
        return Err(reader.error(value, crate::manifest::ManifestErrorKind::Value(message)));
    }
    reader.declare(into, value, name.as_str(), Some(Value::Present))
}

/// A tap in one spelling; Homebrew takes capitals and the prefix of its repository's name, too.
fn plain_tap(tap: &str) -> String {
    let tap = tap.to_ascii_lowercase();
    tap.split_once('/').map_or_else(String::new, |(user, repository)| {
        format!("{user}/{}", repository.strip_prefix("homebrew-").unwrap_or(repository))
    })
}

/// What a formula or tap is known by: its tap, unless that is Homebrew's own, and its name, unless it is a tap.
type Known = (Option<String>, Option<String>);

fn known(name: &BrewName) -> Known {
    let (tap, formula) = name.parts();
    let tap = tap.map(plain_tap).filter(|tap| formula.is_none() || tap != "homebrew/core");
    (tap, formula.map(str::to_owned))
}

/// An installed formula.
#[derive(Debug, PartialEq, Eq)]
struct Installed {
    /// Where it is from, unless from Homebrew's own tap.
    tap: Option<String>,
    /// Somebody asked for it.
    on_request: bool,
}

#[derive(Deserialize)]
struct Receipt {
    installed_on_request: Option<bool>,
    #[serde(default)]
    installed_as_dependency: bool,
    #[serde(default)]
    source: Source,
}

#[derive(Default, Deserialize)]
struct Source {
    tap: Option<String>,
}

/// Reads an `INSTALL_RECEIPT.json`.
fn parse(text: &str) -> Option<Installed> {
    let receipt: Receipt = serde_json::from_str(text).ok()?;
    let tap = receipt.source.tap.as_deref().map(plain_tap).filter(|tap| !tap.is_empty() && tap != "homebrew/core");
    // Old receipts only say the opposite.
    let on_request = receipt.installed_on_request.unwrap_or(!receipt.installed_as_dependency);
    Some(Installed { tap, on_request })
}

/// What the Cellar holds. Of several versions of a formula, one that was asked for counts.
fn cellar(host: &dyn Host, prefix: &Path) -> Result<BTreeMap<String, Installed>, Problem> {
    let mut found = BTreeMap::new();
    let cellar = prefix.join("Cellar");
    for name in host.list(&cellar)? {
        let rack = cellar.join(&name);
        for version in host.list(&rack)? {
            let receipt = host.read(&rack.join(version).join("INSTALL_RECEIPT.json"))?;
            let Some(installed) = receipt.as_deref().and_then(parse) else { continue };
            let earlier = found.get(&name).is_some_and(|earlier: &Installed| earlier.on_request);
            if !earlier {
                found.insert(name.clone(), installed);
            }
        }
    }
    Ok(found)
}

/// The taps, in their plain spelling.
fn taps(host: &dyn Host, prefix: &Path) -> Result<BTreeSet<String>, Problem> {
    // Homebrew itself is cloned into its prefix, or below it.
    let mut found = BTreeSet::new();
    for library in ["Homebrew/Library/Taps", "Library/Taps"] {
        let library = prefix.join(library);
        for user in host.list(&library)? {
            let repositories = host.list(&library.join(&user))?;
            found.extend(repositories.iter().map(|repository| plain_tap(&format!("{user}/{repository}"))));
        }
    }
    found.retain(|tap| !OWN_TAPS.contains(&tap.as_str()));
    Ok(found)
}

/// The program, where Homebrew is installed.
fn brew(host: &dyn Host) -> Result<Option<PathBuf>, Problem> {
    let program = host.at(PREFIX).join("bin/brew");
    Ok(host.look(&program)?.map(|_| program))
}

fn missing() -> Problem {
    Problem::new("command_missing", "Homebrew is not installed")
        .hinted("Install it from https://brew.sh and check again")
}

fn observe(host: &dyn Host, declared: &Declarations) -> Result<Observation, Problem> {
    let mut seen = Observation::default();
    if brew(host)?.is_none() {
        return if declared.is_empty() { Ok(seen) } else { Err(missing()) };
    }
    let prefix = host.at(PREFIX);
    // The setup's own spelling of what it declares.
    let spelled: BTreeMap<Known, &String> =
        declared.keys().filter_map(|key| Some((known(&key.parse::<BrewName>().ok()?), key))).collect();
    let formulae = cellar(host, &prefix)?;
    let serving: BTreeSet<&String> =
        formulae.values().filter(|formula| formula.on_request).filter_map(|formula| formula.tap.as_ref()).collect();
    for tap in taps(host, &prefix)? {
        let key = spelled.get(&(Some(tap.clone()), None)).map_or_else(|| tap.clone(), |key| (*key).clone());
        if key.parse::<BrewName>().is_ok() {
            let own = !serving.contains(&tap);
            seen.entries.insert(key, Observed { own, ..Observed::of(Value::Present) });
        }
    }
    for (name, formula) in &formulae {
        let with_tap = (formula.tap.clone(), Some(name.clone()));
        // A name without its tap is whichever formula has it.
        let key = spelled.get(&with_tap).or_else(|| spelled.get(&(None, Some(name.clone()))));
        let key = key.map_or_else(
            || formula.tap.as_ref().map_or_else(|| name.clone(), |tap| format!("{tap}/{name}")),
            |key| (*key).clone(),
        );
        if key.parse::<BrewName>().is_ok() {
            seen.entries.insert(key, Observed { own: formula.on_request, ..Observed::of(Value::Present) });
        }
    }
    Ok(seen)
}

/// `brew` with what it is to do, never asking.
fn call(program: &Path, args: &[&str]) -> Invocation {
    Invocation::new(&program.display().to_string(), args.iter().copied())
        .env("NONINTERACTIVE", "1")
        .env("HOMEBREW_NO_ENV_HINTS", "1")
        .env("HOMEBREW_NO_COLOR", "1")
}

/// Why `brew` did not do it, in one line: its reason goes on in the next one, and what follows is advice.
fn refusal(stderr: &str) -> Option<String> {
    let mut lines = stderr.lines().skip_while(|line| !line.starts_with("Error: "));
    let reason = lines.next()?.trim_start_matches("Error: ").to_owned();
    let more = lines.next().filter(|line| line.starts_with("because "));
    Some(more.map_or_else(|| reason.clone(), |more| format!("{reason} {}", more.trim_end_matches('.'))))
}

/// What Homebrew installs.
#[derive(Debug)]
pub(super) struct Formulae;

impl Kind for Formulae {
    fn manifest(&self) -> Manifest {
        Manifest::Homebrew
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared(reader, root)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        observe(look.host, look.declared)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        (*json == Json::Bool(true)).then_some(Value::Present)
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let name: BrewName = key.parse().ok()?;
        let there = match value {
            None => false,
            Some(Value::Present) => true,
            Some(_) => return None,
        };
        let (tap, formula) = name.parts();
        let Some(formula) = formula else {
            return Some(vec![Edit { path: &["taps"], entry: Entry::Word(key.to_owned()), there }]);
        };
        let entry = |name: &str, tap: Option<&str>| Edit {
            path: &["formulae"],
            entry: Entry::Object(Fields {
                id: &[("name", None), ("tap", None)],
                fields: vec![("name", Some(Json::from(name))), ("tap", tap.map(Json::from))],
                or_word: true,
                apart: None,
            }),
            there,
        };
        let mut edits = vec![entry(key, None)];
        // It may be written with its tap apart.
        edits.extend(tap.filter(|_| !there).map(|tap| entry(formula, Some(tap))));
        Some(edits)
    }

    fn sentence(&self, key: &str, _from: Option<&Value>, to: Option<&Value>) -> Option<String> {
        let sentence = match (is_tap(key), to.is_some()) {
            (true, true) => gettext("Add the Homebrew tap {name}"),
            (true, false) => gettext("Remove the Homebrew tap {name}"),
            (false, true) => gettext("Install {name} with Homebrew"),
            (false, false) => gettext("Uninstall {name} with Homebrew"),
        };
        Some(fill(&sentence, &[("name", key)]))
    }

    fn is_own(&self) -> bool {
        true
    }

    fn perform(&self, host: &dyn Host, key: &str, to: Option<&Value>, log: Log<'_>) -> Result<(), Problem> {
        let name: BrewName = key.parse().map_err(|error: NameError| Problem::new("name_invalid", error.to_string()))?;
        let program = brew(host)?.ok_or_else(missing)?;
        let args: &[&str] = match (name.is_tap(), to.is_some()) {
            (true, true) => &["tap", key],
            (true, false) => &["untap", key],
            // What is there already as a dependency is then marked as asked for.
            (false, true) => &["install", "--formula", key],
            (false, false) => &["uninstall", "--formula", key],
        };
        let said = host.run_with(&call(&program, args), log)?;
        match (said.status, refusal(&said.stderr)) {
            (0, _) => Ok(()),
            (_, Some(reason)) => Err(Problem::new("command_failed", format!("brew: {reason}"))),
            _ => said.success("brew").map(|_| ()).map_err(Problem::from),
        }
    }
}

#[cfg(test)]
mod tests;
