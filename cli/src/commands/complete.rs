// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt complete -- WORDS…`: the names the last word could become, for the completion scripts.
//!
//! Which names those are follows from the grammar: the name of the value an argument takes says what it is. Only the
//! one kind of item that is being typed is looked at, and nothing is agreed on by it.
//!
//! Invariant: neither setup nor computer is changed, no administrator is asked, and whatever fails offers nothing.

mod offered;

use std::path::Path;

use bkt_core::changelog::{Category, Kind};
use bkt_core::compare::{self, Comparison};
use bkt_core::host::remembering::Remembering;
use bkt_core::ignore::Ignored;
use bkt_core::item::Domain;
use bkt_core::name::SchemaName;
use bkt_core::recipe::Section;
use bkt_core::run::receipt::{Receipt, history};
use bkt_core::schema;
use bkt_core::setup::Setup;
use bkt_core::temporary::Store;
use clap::{Arg, Command, CommandFactory};
use serde_json::json;

use super::log::when;
use crate::args::{Args, CompleteArgs};
use crate::context::Context;
use crate::error::Answer;

/// How many past runs are offered.
const RUNS: usize = 20;

/// A name, and a word about it.
type Name = (String, String);

/// What is being typed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place {
    /// The commands before it, by their full names.
    commands: Vec<String>,
    /// The name of the value it is, for example `ITEM|PATTERN`.
    value: String,
    /// The other words of the same command that are values.
    before: Vec<String>,
    /// The directories given with -C and --root.
    repo: Option<String>,
    root: Option<String>,
}

/// `bkt complete`.
pub(super) fn complete(context: &Context, args: &CompleteArgs) -> Answer {
    let (last, words) = args.words.split_last().map_or(("", &[][..]), |(last, words)| (last.as_str(), words));
    let mut context = context.clone();
    let names = place(&Args::command(), words, last).map(|place| {
        if let Some(repo) = &place.repo {
            context.globals.repo = Some(repo.into());
        }
        if let Some(root) = &place.root {
            context.globals.root = Some(root.into());
        }
        names(&context, &place, last)
    });
    let names: Vec<Name> = names.unwrap_or_default().into_iter().filter(|(name, _)| name.starts_with(last)).collect();
    let line = |(name, about): &Name| {
        if about.is_empty() { format!("{name}\n") } else { format!("{name}\t{about}\n") }
    };
    let document = json!({
        "format": "bkt.complete",
        "format_version": "1.0",
        "names": names.iter().map(|(name, about)| json!({"name": name, "about": about})).collect::<Vec<_>>(),
    });
    Answer::new(names.iter().map(line).collect::<String>(), document).verbatim()
}

/// The option a word is, by its long or short spelling.
fn option<'c>(command: &'c Command, root: &'c Command, word: &str) -> Option<&'c Arg> {
    let is_it = |arg: &&Arg| match word.strip_prefix("--") {
        Some(long) => {
            arg.get_long() == Some(long) || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&long))
        }
        None => arg.get_short().is_some_and(|short| word.ends_with(short)),
    };
    command.get_arguments().chain(root.get_arguments()).find(is_it)
}

fn value_name(arg: &Arg) -> Option<String> {
    arg.get_value_names()?.first().map(ToString::to_string)
}

/// Where a word stands after others; `None` where it is an option or no more words are taken.
fn place(root: &Command, words: &[String], last: &str) -> Option<Place> {
    let mut place = Place::default();
    let mut command = root;
    let mut open: Option<&Arg> = None;
    let mut only_values = false;
    for word in words {
        if let Some(arg) = open.take_if(|arg| !is_list(arg) || word.starts_with('-'))
            && !is_list(arg)
        {
            match arg.get_id().as_str() {
                "repo" => place.repo = Some(word.clone()),
                "root" => place.root = Some(word.clone()),
                _ => {}
            }
            continue;
        }
        if open.is_some() {
            continue;
        }
        if only_values || !word.starts_with('-') {
            let found = command.find_subcommand(word).filter(|_| !only_values && place.before.is_empty());
            match found {
                Some(found) => {
                    place.commands.push(found.get_name().to_owned());
                    command = found;
                }
                None => place.before.push(word.clone()),
            }
        } else if word == "--" {
            only_values = true;
        } else if let Some((name, value)) = word.split_once('=') {
            match option(command, root, name).map(|arg| arg.get_id().as_str()) {
                Some("repo") => place.repo = Some(value.to_owned()),
                Some("root") => place.root = Some(value.to_owned()),
                _ => {}
            }
        } else {
            open = option(command, root, word).filter(|arg| arg.get_action().takes_values());
        }
    }
    if last.starts_with('-') && !only_values {
        return None;
    }
    let arg = match open {
        Some(arg) => arg,
        None => {
            let positionals: Vec<&Arg> = command.get_positionals().collect();
            let at = place.before.len();
            positionals.get(at).or_else(|| positionals.last().filter(|arg| is_list(arg))).copied()?
        }
    };
    place.value = value_name(arg)?;
    Some(place)
}

/// Whether an argument takes more than one value.
fn is_list(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|count| count.max_values() > 1)
        || matches!(arg.get_action(), clap::ArgAction::Append) && arg.is_positional()
}

fn names(context: &Context, place: &Place, last: &str) -> Vec<Name> {
    let commands: Vec<&str> = place.commands.iter().map(String::as_str).collect();
    match (place.value.split('|').next().unwrap_or_default(), commands.as_slice()) {
        ("ITEM", ["local", ..]) => temporary(context),
        ("ITEM", ["diff"]) => items(context, last, true).into_iter().chain(offered::sections(last)).collect(),
        ("ITEM", ["apply" | "capture" | "plan", ..]) => items(context, last, true),
        ("ITEM", _) => items(context, last, false),
        ("PATTERN", _) => patterns(context),
        ("N", ["log" | "undo"]) => runs(context),
        ("KIND", _) => offered::kinds(last),
        ("NAME", ["schema", ..]) => schema::ALL.iter().map(|schema| (schema.name.to_owned(), String::new())).collect(),
        ("NAME", ["admin", "kargs", verb]) => offered::arguments(context, verb),
        ("NAME", ["admin", "systemd" | "systemctl", verb]) => offered::services(context, verb),
        ("PACKAGE", ["dev", "remove"]) => offered::of_container(context, false),
        ("PROJECT", ["dev", "copr", _]) => offered::of_container(context, true),
        ("SECTION", _) => Section::ALL.map(|section| (section.name().to_owned(), String::new())).into(),
        ("VERSION", ["changelog", "show" | "built"]) => offered::releases(context),
        ("ENTRY", ["changelog", verb]) => offered::entries(context, *verb == "ready"),
        ("TYPE", ["changelog", ..]) => Kind::ALL.map(|(_, name, _)| (name.to_owned(), String::new())).into(),
        ("CATEGORY", ["changelog", ..]) => Category::ALL.map(|(_, id, ..)| (id.to_owned(), String::new())).into(),
        ("FROM" | "TO", ["system" | "admin", ..]) => offered::deployments(context),
        ("NAME", ["flatpak", "remote", verb] | ["remote", verb]) if *verb == "remove" => remotes(context),
        ("NAME", ["flatpak", "remote", "show"]) => keys(context, Domain::Remote, false),
        ("NAME", [thing, verb]) if !matches!(*verb, "add" | "install") => {
            kind_of(thing).map(|domain| keys(context, domain, false)).unwrap_or_default()
        }
        ("FILE", ["etc", ..]) => keys(context, Domain::Etc, true),
        ("SCHEMA", ["gsetting", ..]) => schemas(context),
        ("KEY", ["gsetting", ..]) => {
            place.before.last().map(|schema| setting_keys(context, schema)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// The kind of item a command is about.
fn kind_of(command: &str) -> Option<Domain> {
    let id = match command {
        "dnf" => "pkg",
        "distrobox" => "box",
        other => other,
    };
    id.parse().ok()
}

fn setup(context: &Context) -> Option<Setup> {
    Setup::load(&context.setup().ok()?).ok()
}

/// One kind of item, as it is now.
fn compared(context: &Context, domain: Domain) -> Option<Comparison> {
    let (host, setup) = (context.brief_host().ok()?, setup(context)?);
    let ignored = Ignored::load(&setup.directory).unwrap_or_default();
    let state = context.environment.state().ok()?;
    let host = Remembering::new(host.as_ref(), &state);
    Some(compare::compare_some(&host, &setup, &ignored, &[domain]))
}

/// The names of one kind that setup or computer have, or those that differ.
fn keys(context: &Context, domain: Domain, only_changes: bool) -> Vec<Name> {
    let Some(comparison) = compared(context, domain) else { return Vec::new() };
    let changes = comparison.changes.iter().chain(&comparison.ignored);
    let changes = changes.map(|change| (change.id.key.clone(), change.name.clone().unwrap_or_default()));
    let equal = comparison.in_sync.iter().filter(|_| !only_changes);
    changes.chain(equal.map(|item| (item.id.key.clone(), item.name.clone().unwrap_or_default()))).collect()
}

/// Remotes by their own names; which of two is meant is said with an option.
fn remotes(context: &Context) -> Vec<Name> {
    let own = |key: String| key.rsplit_once('/').map_or(key.clone(), |(_, name)| name.to_owned());
    let mut names: Vec<Name> =
        keys(context, Domain::Remote, false).into_iter().map(|(key, about)| (own(key), about)).collect();
    names.sort();
    names.dedup();
    names
}

/// Kinds with their colon; after it, the items of the kind.
fn items(context: &Context, last: &str, only_changes: bool) -> Vec<Name> {
    let domain = last.split_once(':').and_then(|(domain, _)| domain.parse::<Domain>().ok());
    match domain {
        Some(domain) => {
            let named = keys(context, domain, only_changes).into_iter();
            named.map(|(key, about)| (format!("{domain}:{key}"), about)).collect()
        }
        None => {
            let kinds = Domain::ALL.into_iter();
            kinds.map(|domain| (format!("{domain}:"), bkt_core::describe::domain(domain))).collect()
        }
    }
}

fn temporary(context: &Context) -> Vec<Name> {
    let store = context.brief_host().ok().and_then(|host| Store::of(host.as_ref()));
    let records = store.and_then(|store| store.load().ok()).unwrap_or_default();
    records.iter().filter_map(|record| Some((record.id()?.to_string(), record.command.unwrap_or_default()))).collect()
}

fn patterns(context: &Context) -> Vec<Name> {
    let ignored = context.setup().ok().and_then(|setup| Ignored::load(Path::new(&setup)).ok()).unwrap_or_default();
    ignored.patterns().map(|pattern| (pattern.to_owned(), String::new())).collect()
}

fn runs(context: &Context) -> Vec<Name> {
    let runs = context.environment.state().ok().and_then(|state| history(&state).ok()).unwrap_or_default();
    let about = |run: &Receipt| {
        let ids: Vec<String> = run.items().iter().map(ToString::to_string).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        format!("{}  {}", when(run.started_at), bkt_core::describe::names(&ids))
    };
    runs.iter().take(RUNS).map(|run| (run.run.to_string(), about(run))).collect()
}

/// The schemas the setup speaks of.
fn schemas(context: &Context) -> Vec<Name> {
    let Some(setup) = setup(context) else { return Vec::new() };
    let declared = setup.declared(Domain::Gsetting).ok();
    let schemas = declared.into_iter().flatten().filter_map(|(key, _)| Some(key.rsplit_once('/')?.0.to_owned()));
    let schemas: std::collections::BTreeSet<String> = schemas.collect();
    schemas.into_iter().map(|schema| (schema, String::new())).collect()
}

fn setting_keys(context: &Context, schema: &str) -> Vec<Name> {
    let (Ok(host), Ok(schema)) = (context.brief_host(), schema.parse::<SchemaName>()) else { return Vec::new() };
    let infos = host.settings().describe(&schema).unwrap_or_default();
    infos.into_iter().map(|info| (info.key.key().to_owned(), info.value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &str) -> Option<Place> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let (last, words) = words.split_last().unwrap();
        place(&Args::command(), words, last)
    }

    fn value(line: &str) -> String {
        at(line).map(|place| place.value).unwrap_or_default()
    }

    #[test]
    fn the_grammar_says_what_a_word_is() {
        assert_eq!(value("apply pkg:"), "ITEM|PATTERN|PLAN.json");
        assert_eq!(value("capture pkg:htop --yes pkg:"), "ITEM|PATTERN");
        assert_eq!(value("plan show --apply a b"), "ITEM|PATTERN");
        assert_eq!(value("undo "), "N");
        assert_eq!(value("history "), "N");
        assert_eq!(value("undo 41 "), "");
        assert_eq!(value("unignore "), "PATTERN");
        assert_eq!(value("gs set org.gnome.x "), "KEY");
        assert_eq!(value("-C /x dnf remove h"), "NAME");
        assert_eq!(value("etc restore /etc/x "), "FILE");
        assert_eq!(value("apply --r"), "");
        assert_eq!(value("apply -- --r"), "ITEM|PATTERN|PLAN.json");
        assert_eq!(value("status "), "");
    }

    #[test]
    fn the_directories_that_were_typed_are_used() {
        let place = at("-C /a --root=/b extension disable x y").unwrap();
        assert_eq!((place.repo.as_deref(), place.root.as_deref()), (Some("/a"), Some("/b")));
        assert_eq!((place.commands, place.before), (vec!["ext".into(), "disable".into()], vec!["x".into()]));
    }
}
