// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt gsetting`: settings, what they mean, which differ from their defaults, and which one a switch writes.
//!
//! Invariant: only `set` and `unset` change anything; a setup is used where there is one and not needed to look.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::ControlFlow;

use bkt_core::domain::gsetting::places::is_state;
use bkt_core::host::Host;
use bkt_core::host::settings::{SettingError, SettingEvent, SettingInfo};
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::ignore;
use bkt_core::item::{Domain, ItemId};
use bkt_core::manifest::Declarations;
use bkt_core::name::{NameError, SchemaName, SettingKey};
use bkt_core::plan::build::BuildError;
use bkt_core::problem::Problem;
use bkt_core::session::SessionError;
use bkt_core::setup::Setup;
use bkt_core::value::Value;
use serde_json::{Value as Json, json};
use unicode_width::UnicodeWidthStr;

use super::{run, verb};
use crate::args::{GsettingChanged, GsettingCommand, GsettingList, GsettingName, GsettingSet, GsettingUnset};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::ui::{BOLD, DIM, WARN, padded, styled, widest, wrapped};

/// `bkt gsetting …`.
pub(super) fn gsetting(context: &Context, command: &GsettingCommand) -> Result<Answer, Failure> {
    match command {
        GsettingCommand::List(args) => list(context, args),
        GsettingCommand::Discover(args) => changed(context, args),
        GsettingCommand::Get(name) => get(context, name),
        GsettingCommand::Set(args) => set(context, args),
        GsettingCommand::Unset(args) => unset(context, args),
        GsettingCommand::Show(name) => show(context, name),
        GsettingCommand::Sync => verb::sync(context, &[Domain::Gsetting], false),
        GsettingCommand::Describe(name) => describe(context, name),
        GsettingCommand::Watch(args) => watch(context, args),
    }
}

/// `bkt gsetting set`; text is taken as gsettings(1) takes it, with or without quotes.
fn set(context: &Context, args: &GsettingSet) -> Result<Answer, Failure> {
    let name = format!("{}/{}", args.schema, args.key);
    let key: SettingKey =
        name.parse().map_err(|error: NameError| Failure::new(exit::USAGE, "name_invalid", error.to_string()))?;
    let host = context.host()?;
    let settings = host.settings();
    let quoted = || format!("'{}'", args.value.replace('\\', "\\\\").replace('\'', "\\'"));
    let canonical =
        settings.check(&key, &args.value).or_else(|error| settings.check(&key, &quoted()).map_err(|_| error));
    let value = Value::Setting(canonical.map_err(failure)?);
    verb::change(context, [(ItemId::new(Domain::Gsetting, key.as_str()), Some(value))], &args.sides)
}

/// `bkt gsetting unset`.
fn unset(context: &Context, args: &GsettingUnset) -> Result<Answer, Failure> {
    let (schema, Some(key)) = parse(&args.name)? else { return Err(keyless(&args.name.schema)) };
    let key = schema.key(&key).map_err(unnamed)?;
    // What is no longer installed can still be taken out of the setup.
    if !context.setup_only(&args.sides) {
        let known = look(context.brief_host()?.as_ref(), &schema, Some(key.key()));
        if let Err(mut failure) = known {
            let written = declared(context).is_ok_and(|declared| declared.contains_key(key.as_str()));
            if written {
                failure.problem.hint = Some(gettext("With --setup-only it is only taken out of the setup"));
            }
            return Err(failure);
        }
    }
    verb::change(context, [(ItemId::new(Domain::Gsetting, key.as_str()), None)], &args.sides)
}

/// The settings named by words that the setup need not mention, so that they can be captured: keys named in full,
/// and those a pattern covers among the keys that differ from their default.
pub(super) fn also(host: &dyn Host, words: &[String]) -> Result<Vec<ItemId>, Failure> {
    let of_settings = |word: &&String| word.starts_with("gsetting:");
    let (patterns, named): (Vec<_>, Vec<_>) = words.iter().filter(of_settings).partition(|word| word.contains('*'));
    let mut items: Vec<ItemId> = named.iter().filter_map(|word| word.parse().ok()).collect();
    if !patterns.is_empty() {
        let found = host.settings().changed(&[]).map_err(failure)?.into_iter().filter(|info| !is_state(&info.key));
        let found = found.map(|info| ItemId::new(Domain::Gsetting, info.key.as_str()));
        items.extend(found.filter(|id| patterns.iter().any(|pattern| ignore::matches(pattern, &id.to_string()))));
    }
    Ok(items)
}

fn failure(error: SettingError) -> Failure {
    let exit = match &error {
        SettingError::Host(_) => exit::FAILED,
        _ => exit::USAGE,
    };
    Failure { problem: error.into(), exit }
}

fn unnamed(error: NameError) -> Failure {
    Failure::new(exit::USAGE, "name_invalid", error.to_string())
}

/// What the setup says about settings; nothing where there is none.
///
/// # Errors
/// There is a setup, or one was named, and it cannot be read.
fn declared(context: &Context) -> Result<Declarations, Failure> {
    let directory = match context.setup() {
        Ok(directory) => directory,
        Err(_) if !context.names_setup() => return Ok(Declarations::new()),
        Err(failure) => return Err(failure),
    };
    let setup = Setup::load(&directory).map_err(SessionError::from)?;
    Ok(setup.declared(Domain::Gsetting).map_err(|error| BuildError::Manifest(error.clone()))?.clone())
}

/// The same for what is about this computer first: a setup that cannot be read is told of and hides nothing else.
fn beside(context: &Context) -> Declarations {
    declared(context).unwrap_or_else(|failure| {
        context.ui.explain(&failure);
        Declarations::new()
    })
}

/// The refusal of a name without a key.
fn keyless(schema: &str) -> Failure {
    let message = fill(&gettext("name a key of {schema}"), &[("schema", schema)]);
    let hint = fill(&gettext("‘bkt gsetting list {schema}’ lists them"), &[("schema", schema)]);
    Failure::new(exit::USAGE, "usage", message).hinted(hint)
}

/// A schema, with the key where one is named: `SCHEMA`, `SCHEMA KEY`, `SCHEMA/KEY` or the item's id.
fn parse(name: &GsettingName) -> Result<(SchemaName, Option<String>), Failure> {
    let word = name.schema.strip_prefix("gsetting:").unwrap_or(&name.schema);
    if let Some(key) = &name.key {
        return Ok((word.parse().map_err(unnamed)?, Some(key.clone())));
    }
    match word.parse::<SchemaName>() {
        Ok(schema) => Ok((schema, None)),
        Err(error) => {
            let key: SettingKey = word.parse().map_err(|_| unnamed(error))?;
            Ok((schema_of(&key)?, Some(key.key().to_owned())))
        }
    }
}

fn schema_of(key: &SettingKey) -> Result<SchemaName, Failure> {
    key.as_str().rsplit_once('/').map_or("", |(schema, _)| schema).parse().map_err(unnamed)
}

/// The keys of a schema, or the one that is named.
fn look(host: &dyn Host, schema: &SchemaName, key: Option<&str>) -> Result<Vec<SettingInfo>, Failure> {
    let Some(key) = key else { return host.settings().describe(schema).map_err(failure) };
    let name = schema.key(key).map_err(unnamed)?;
    let found = host.settings().describe(schema).map_err(failure)?.into_iter().find(|info| info.key == name);
    match found {
        Some(info) => Ok(vec![info]),
        // Whoever checks a key that is not there hears which one was meant.
        None => match host.settings().check(&name, "") {
            Err(error) => Err(failure(error)),
            Ok(_) => Err(Failure::new(exit::FAILED, "internal", name.to_string())),
        },
    }
}

fn document(infos: &[SettingInfo], declared: &Declarations, missing: &[(String, Problem)]) -> Json {
    let item = |info: &SettingInfo| {
        let setup = declared
            .get(info.key.as_str())
            .map(|said| json!({"value": said.value, "file": said.manifest.path(), "line": said.line}));
        json!({
            "id": ItemId::new(Domain::Gsetting, info.key.as_str()),
            "schema": info.key.schema(),
            "path": info.key.path(),
            "key": info.key.key(),
            "value": info.value,
            "default": info.default,
            "changed": info.is_set && info.value != info.default,
            "type": info.kind,
            "allowed": info.allowed,
            "locked": info.locked,
            "summary": info.summary,
            "description": info.description,
            "setup": setup,
        })
    };
    let unknown = missing.iter().map(|(key, problem)| json!({"id": format!("gsetting:{key}"), "problem": problem}));
    json!({
        "format": "bkt.gsetting",
        "format_version": "1.0",
        "items": infos.iter().map(item).collect::<Vec<_>>(),
        "unknown": unknown.collect::<Vec<_>>(),
    })
}

fn get(context: &Context, name: &GsettingName) -> Result<Answer, Failure> {
    let (schema, Some(key)) = parse(name)? else { return Err(keyless(&name.schema)) };
    let host = if context.ui.json { context.host()? } else { context.brief_host()? };
    let infos = look(host.as_ref(), &schema, Some(&key))?;
    let text = infos.iter().map(|info| format!("{}\n", info.value)).collect::<String>();
    // The value alone needs no setup.
    let declared = if context.ui.json { beside(context) } else { Declarations::new() };
    Ok(Answer::new(text, document(&infos, &declared, &[])))
}

/// `bkt gsetting show`; the setup need not mention the key.
fn show(context: &Context, name: &GsettingName) -> Result<Answer, Failure> {
    let (schema, Some(key)) = parse(name)? else { return Err(keyless(&name.schema)) };
    let item = ItemId::new(Domain::Gsetting, schema.key(&key).map_err(unnamed)?.as_str());
    let session = context.session()?;
    let snapshot = run::compare_named(context, &session, &[Domain::Gsetting], &[item.to_string()])?;
    verb::show_of(&snapshot.comparison, &[item])
}

fn describe(context: &Context, name: &GsettingName) -> Result<Answer, Failure> {
    let (schema, key) = parse(name)?;
    let infos = look(context.host()?.as_ref(), &schema, key.as_deref())?;
    let declared = beside(context);
    let cards: Vec<_> = infos.iter().map(|info| card(info, &declared, context.ui.width())).collect();
    Ok(Answer::new(cards.join("\n"), document(&infos, &declared, &[])))
}

/// One key, with everything that is known of it.
fn card(info: &SettingInfo, declared: &Declarations, width: usize) -> String {
    let mut rows = vec![(gettext("this computer"), info.value.clone()), (gettext("default"), info.default.clone())];
    if let Some(said) = declared.get(info.key.as_str())
        && let Some(Value::Setting(value)) = &said.value
    {
        rows.push((gettext("setup"), format!("{value}   {}:{}", said.manifest.path(), said.line)));
    }
    let allowed = info.allowed.as_ref().map_or_else(|| info.kind.clone(), ToString::to_string);
    rows.push((gettext("allowed"), allowed));
    let labels = widest(rows.iter().map(|(label, _)| label));
    let mut out = format!("{}\n", styled(BOLD, info.key.as_str()));
    if let Some(summary) = &info.summary {
        out.push_str(&format!("    {}\n", wrapped(summary, 4, 4, width)));
    }
    for (label, value) in rows {
        let value = wrapped(&value, 6 + labels, 6 + labels, width);
        out.push_str(&format!("    {}  {value}\n", styled(DIM, &padded(&label, labels))));
    }
    if info.locked {
        out.push_str(&format!("    {}\n", styled(WARN, &gettext("An administrator locked this setting."))));
    }
    if let Some(description) = info.description.as_ref().filter(|text| Some(*text) != info.summary.as_ref()) {
        out.push_str(&format!("    {}\n", wrapped(description, 4, 4, width)));
    }
    out
}

fn list(context: &Context, args: &GsettingList) -> Result<Answer, Failure> {
    if args.changed {
        return changed(context, &args.keys);
    }
    let host = context.brief_host()?;
    let declared = if args.keys.schemas.is_empty() { declared(context)? } else { beside(context) };
    let mut infos = Vec::new();
    let mut missing: Vec<(String, Problem)> = Vec::new();
    if args.keys.schemas.is_empty() {
        // What the setup declares, schema by schema.
        let mut wanted: BTreeMap<SchemaName, Vec<SettingKey>> = BTreeMap::new();
        for key in declared.keys().filter_map(|key| key.parse::<SettingKey>().ok()) {
            wanted.entry(schema_of(&key)?).or_default().push(key);
        }
        for (schema, keys) in wanted {
            let known = host.settings().describe(&schema).unwrap_or_default();
            for key in keys {
                match known.iter().find(|info| info.key == key) {
                    Some(info) => infos.push(info.clone()),
                    None => missing.extend(host.settings().check(&key, "").err().map(|e| (key.to_string(), e.into()))),
                }
            }
        }
    }
    for word in &args.keys.schemas {
        infos.extend(look(host.as_ref(), &word.parse().map_err(unnamed)?, None)?);
    }
    let mut text = rows(&infos, context.ui.width());
    for (key, problem) in &missing {
        text.push_str(&format!("{key}\n    {}\n", styled(WARN, &problem.message)));
    }
    if text.is_empty() {
        text = gettext("The setup declares no settings. ‘bkt gsetting discover’ shows what you changed.");
    }
    Ok(Answer::new(text, document(&infos, &declared, &missing)))
}

fn schemas(words: &[String]) -> Result<Vec<SchemaName>, Failure> {
    words.iter().map(|word| word.parse().map_err(unnamed)).collect()
}

fn changed(context: &Context, args: &GsettingChanged) -> Result<Answer, Failure> {
    let host = if context.ui.json { context.host()? } else { context.brief_host()? };
    let found = host.settings().changed(&schemas(&args.schemas)?).map_err(failure)?;
    let all = found.len();
    // Whoever names a schema wants to see it whole.
    let is_shown = |info: &SettingInfo| args.all || !args.schemas.is_empty() || !is_state(&info.key);
    let infos: Vec<_> = found.into_iter().filter(is_shown).collect();
    let declared = beside(context);
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut text = rows(&infos, context.ui.width());
    if text.is_empty() {
        text = gettext("No setting differs from its default.");
    }
    let new = infos.iter().filter(|info| !declared.contains_key(info.key.as_str())).count();
    let mut hints = Vec::new();
    if new > 0 {
        let words = ngettext(
            "{count} is not in the setup. Add it with ‘bkt capture gsetting:SCHEMA/KEY’.",
            "{count} are not in the setup. Add one with ‘bkt capture gsetting:SCHEMA/KEY’.",
            number(new),
        );
        hints.push(fill(&words, &[("count", &new.to_string())]));
    }
    let hidden = all - infos.len();
    if hidden > 0 {
        let words = ngettext(
            "{count} in which a program remembers its state is not shown; see it with --all.",
            "{count} in which programs remember their state are not shown; see them with --all.",
            number(hidden),
        );
        hints.push(fill(&words, &[("count", &hidden.to_string())]));
    }
    Ok(Answer::new(text, document(&infos, &declared, &[])).hinted(hints.join("\n")))
}

/// Keys with their values below their schemas; the default where it is another value.
fn rows(infos: &[SettingInfo], width: usize) -> String {
    let mut out = String::new();
    let mut last = None;
    for info in infos {
        let place = (info.key.schema(), info.key.path());
        let siblings = infos.iter().filter(|other| (other.key.schema(), other.key.path()) == place);
        let keys = widest(siblings.map(|info| info.key.key())).min(30);
        if last.replace(place) != Some(place) {
            let schema = info.key.as_str().rsplit_once('/').map_or("", |(schema, _)| schema);
            out.push_str(&format!("{}\n", styled(BOLD, schema)));
        }
        let default = if info.value == info.default {
            String::new()
        } else {
            fill(&gettext("(default {value})"), &[("value", &info.default)])
        };
        let fits = 4 + keys.max(info.key.key().width()) + info.value.width() + 2 + default.width() <= width;
        let gap = if fits { "  " } else { "\n      " };
        let key = padded(info.key.key(), if fits { keys } else { 0 });
        out.push_str(&format!("  {key}{gap}{}", info.value));
        if !default.is_empty() {
            out.push_str(&format!("  {}", styled(DIM, &default)));
        }
        out.push('\n');
    }
    out
}

fn watch(context: &Context, args: &GsettingChanged) -> Result<Answer, Failure> {
    let ui = &context.ui;
    let host = context.brief_host()?;
    let named = schemas(&args.schemas)?;
    let mut broken = None;
    host.settings()
        .watch(&named, &mut |event| {
            let (key, old, new, reset) = match event {
                SettingEvent::Watching { keys } => {
                    if !ui.quiet {
                        let words = gettext("Watching {count} settings. Change something; Ctrl-C ends.");
                        ui.say(&fill(&words, &[("count", &keys.to_string())]));
                    }
                    return ControlFlow::Continue(());
                }
                SettingEvent::Changed { key, old, new, reset } => (key, old, new, reset),
            };
            if !args.all && named.is_empty() && is_state(&key) {
                return ControlFlow::Continue(());
            }
            let line = if ui.json { json_line(&key, &old, &new, reset) } else { text_line(&key, &old, &new, reset) };
            match ui.print(&format!("{line}\n")) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    broken = (error.kind() != ErrorKind::BrokenPipe).then_some(error);
                    ControlFlow::Break(())
                }
            }
        })
        .map_err(failure)?;
    match broken {
        // Nobody listens any more, which is how a watch ends in a pipe.
        None => Ok(Answer::new(String::new(), Json::Null)),
        Some(error) => Err(Failure::new(exit::FAILED, "file_unusable", error.to_string())),
    }
}

fn json_line(key: &SettingKey, old: &str, new: &str, reset: bool) -> String {
    let line = json!({
        "format": "bkt.gsetting-change",
        "format_version": "1.0",
        "id": ItemId::new(Domain::Gsetting, key.as_str()),
        "schema": key.schema(),
        "path": key.path(),
        "key": key.key(),
        "old": old,
        "new": new,
        "reset": reset,
    });
    line.to_string()
}

fn text_line(key: &SettingKey, old: &str, new: &str, reset: bool) -> String {
    let values = [("key", key.as_str()), ("old", old), ("new", new)];
    if reset {
        fill(&gettext("{key}  {old} → {new} (reset to default)"), &values)
    } else {
        fill(&gettext("{key}  {old} → {new}"), &values)
    }
}
