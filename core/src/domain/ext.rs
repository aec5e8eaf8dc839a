// SPDX-License-Identifier: GPL-3.0-or-later
//! Extensions of GNOME Shell: declared in `gnome-extensions.json`, observed by one D-Bus call to the Shell, or,
//! where it does not run, in its settings and folders.
//!
//! Nothing is uninstalled: an extension that leaves the setup is turned off, which keeps its files and settings.
//!
//! Invariant: an extension that is off, or that the distribution turns on, is no change unless the setup names it.

use std::collections::{BTreeMap, BTreeSet};

use jsonc_parser::ast::{self, Object};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::compare::Change;
use crate::deployment::HostKind;
use crate::host::{Host, Invocation, SettingQuery, SettingReading};
use crate::i18n::{fill, gettext};
use crate::manifest::place::{Edit, Entry, Fields};
use crate::manifest::{Declarations, Manifest, ManifestError, ManifestErrorKind, Reader, named};
use crate::name::{ExtensionId, NameError, SettingKey};
use crate::plan::Action;
use crate::problem::Problem;
use crate::value::{ExtensionState, Value};

use super::{Actions, Kind, Log, Look, Observation, Observed};

const SYSTEM_FOLDER: &str = "/usr/share/gnome-shell/extensions";
const OWN_FOLDER: &str = ".local/share/gnome-shell/extensions";
/// The Shell's word for an extension that is made for other versions of it (`ExtensionState.OUT_OF_DATE`).
const OUT_OF_DATE: f64 = 4.0;

/// Reads `{"extensions": ["ID", {"id", "enabled"?}]}`.
fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    reader.know(root, &["extensions"]);
    let mut declarations = Declarations::new();
    reader.each(reader.list(root, "extensions")?, named(&["id"]), |reader, value| {
        let (id, state): (ExtensionId, _) = match value {
            ast::Value::StringLit(text) => (reader.name(value, &text.value)?, ExtensionState::Enabled),
            _ => {
                let entry = reader.entry("extensions", value)?;
                reader.know(entry, &["id", "enabled"]);
                let state = match entry.get("enabled").map(|field| &field.value) {
                    None | Some(ast::Value::NullKeyword(_)) => ExtensionState::Enabled,
                    Some(ast::Value::BooleanLit(on)) if on.value => ExtensionState::Enabled,
                    Some(ast::Value::BooleanLit(_)) => ExtensionState::Disabled,
                    Some(other) => {
                        let message = "‘enabled’ should be true or false".to_owned();
                        return Err(reader.error(other, ManifestErrorKind::Value(message)));
                    }
                };
                (reader.name(entry, reader.needed(entry, "extensions", "id")?)?, state)
            }
        };
        reader.declare(&mut declarations, value, id.as_str(), Some(Value::Extension(state)))
    });
    Ok(declarations)
}

/// An installed extension.
#[derive(Debug, PartialEq, Eq)]
struct Installed {
    name: Option<String>,
    enabled: bool,
    /// The versions of GNOME it is made for, when the one here is none of them.
    made_for: Option<String>,
}

#[derive(Deserialize)]
struct Reply {
    data: (BTreeMap<String, BTreeMap<String, Json>>,),
}

/// Reads what the Shell answers to `ListExtensions`, as `busctl --json=short` prints it.
fn parse(text: &str) -> Result<BTreeMap<String, Installed>, Problem> {
    let reply: Reply = serde_json::from_str(text)
        .map_err(|error| Problem::new("unexpected_output", format!("GNOME Shell’s list of extensions: {error}")))?;
    let installed = |properties: &BTreeMap<String, Json>| {
        let data = |name: &str| properties.get(name).map(|property| &property["data"]);
        let versions = data("shell-version").and_then(Json::as_array).into_iter().flatten();
        let versions: Vec<&str> = versions.filter_map(|version| version["data"].as_str()).collect();
        let is_old = data("state").and_then(Json::as_f64) == Some(OUT_OF_DATE);
        Installed {
            name: data("name").and_then(Json::as_str).map(str::to_owned),
            enabled: data("enabled").and_then(Json::as_bool).unwrap_or_default(),
            made_for: is_old.then(|| versions.join(", ")),
        }
    };
    Ok(reply.data.0.iter().map(|(id, properties)| (id.clone(), installed(properties))).collect())
}

/// A call of the Shell, if it runs; never starts one.
fn call<const N: usize>(args: [&str; N]) -> Invocation {
    let shell = ["org.gnome.Shell", "/org/gnome/Shell", "org.gnome.Shell.Extensions"];
    let options = ["--user", "--json=short", "--auto-start=no", "call"];
    Invocation::new("busctl", options.into_iter().chain(shell).chain(args))
}

/// What the running Shell knows; `None` where it does not run.
fn ask_shell(host: &dyn Host) -> Result<Option<BTreeMap<String, Installed>>, Problem> {
    if host.root().is_some() {
        return Ok(None);
    }
    match host.run(&call(["ListExtensions"])) {
        Ok(output) if output.status == 0 => parse(&output.stdout).map(Some),
        _ => Ok(None),
    }
}

/// The Shell's settings about extensions.
struct Switches {
    enabled: BTreeSet<String>,
    disabled: BTreeSet<String>,
    all_off: bool,
}

fn setting(name: &str) -> Result<SettingKey, Problem> {
    let key = format!("org.gnome.shell/{name}");
    key.parse().map_err(|error: NameError| Problem::new("name_invalid", error.to_string()))
}

/// The switches, `None` where GNOME Shell is not installed.
fn switches(host: &dyn Host) -> Result<Option<Switches>, Problem> {
    let names = ["enabled-extensions", "disabled-extensions", "disable-user-extensions"];
    let mut queries = Vec::new();
    for name in names {
        queries.push(SettingQuery { key: setting(name)?, declared: None });
    }
    let texts = host.settings().read(&queries)?.into_iter().map(|reading| match reading {
        SettingReading::Read { current, .. } => Some(current),
        SettingReading::Missing(_) => None,
    });
    let Some([enabled, disabled, all_off]) =
        texts.collect::<Option<Vec<_>>>().and_then(|texts| <[String; 3]>::try_from(texts).ok())
    else {
        return Ok(None);
    };
    Ok(Some(Switches { enabled: ids(&enabled), disabled: ids(&disabled), all_off: all_off == "true" }))
}

/// What the distribution turns on.
fn turned_on_by_default(host: &dyn Host) -> BTreeSet<String> {
    let infos = "org.gnome.shell".parse().ok().and_then(|schema| host.settings().describe(&schema).ok());
    let info = infos.into_iter().flatten().find(|info| info.key.key() == "enabled-extensions");
    info.map(|info| ids(&info.default)).unwrap_or_default()
}

/// The ids in the GVariant text of a list of strings.
fn ids(text: &str) -> BTreeSet<String> {
    text.split(['\'', '"'])
        .skip(1)
        .step_by(2)
        .filter(|id| id.parse::<ExtensionId>().is_ok())
        .map(str::to_owned)
        .collect()
}

fn list(ids: &BTreeSet<String>) -> String {
    if ids.is_empty() {
        return "@as []".to_owned();
    }
    format!("[{}]", ids.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", "))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: Option<String>,
}

/// What the folders hold and the settings say.
fn look_around(host: &dyn Host, switches: Option<&Switches>) -> Result<BTreeMap<String, Installed>, Problem> {
    let mut found = BTreeMap::new();
    let own = host.home().map(|home| home.join(OWN_FOLDER));
    for folder in [Some(host.at(SYSTEM_FOLDER)), own].into_iter().flatten() {
        for id in host.list(&folder)? {
            let metadata = folder.join(&id).join("metadata.json");
            let (Ok(_), Ok(Some(text))) = (id.parse::<ExtensionId>(), host.read(&metadata)) else { continue };
            let metadata: Metadata = serde_json::from_str(&text).unwrap_or_default();
            let enabled = switches.is_some_and(|switches| {
                !switches.all_off && switches.enabled.contains(&id) && !switches.disabled.contains(&id)
            });
            found.insert(id, Installed { name: metadata.name, enabled, made_for: None });
        }
    }
    Ok(found)
}

fn observe(host: &dyn Host, declared: &Declarations) -> Result<Observation, Problem> {
    let switches = switches(host).ok().flatten();
    let shell = ask_shell(host)?;
    let runs = shell.is_some();
    let wanted_on =
        |id: &str| declared.get(id).is_some_and(|said| said.value == Some(Value::Extension(ExtensionState::Enabled)));
    if switches.is_none() && !runs && !declared.is_empty() {
        return Err(Problem::new("shell_missing", "GNOME Shell is not installed, so there are no extensions"));
    }
    if switches.as_ref().is_some_and(|switches| switches.all_off) && declared.keys().any(|id| wanted_on(id)) {
        return Err(Problem::new("extensions_off", "all extensions are turned off")
            .hinted("Turn ‘Use Extensions’ on in the app Extensions and check again"));
    }
    let found = match shell {
        Some(found) => found,
        None => look_around(host, switches.as_ref())?,
    };
    let by_default = turned_on_by_default(host);
    let mut seen = Observation::default();
    for (id, installed) in found.into_iter().filter(|(id, _)| id.parse::<ExtensionId>().is_ok()) {
        let old =
            installed.made_for.map(|versions| format!("{id} is made for GNOME {versions}, not for the one that runs"));
        let state = if installed.enabled { ExtensionState::Enabled } else { ExtensionState::Disabled };
        let observed = match old {
            Some(message) if wanted_on(&id) => Observed {
                name: installed.name,
                problem: Some(
                    Problem::new("incompatible", message).hinted("Look for an update on https://extensions.gnome.org"),
                ),
                ..Observed::default()
            },
            fixed => Observed {
                name: installed.name,
                by_default: !installed.enabled,
                own: installed.enabled && !by_default.contains(&id),
                fixed: fixed.filter(|_| !installed.enabled),
                ..Observed::of(Value::Extension(state))
            },
        };
        seen.entries.insert(id, observed);
    }
    // Only the Shell can install one.
    for id in declared.keys().filter(|_| !runs) {
        seen.entries.entry(id.clone()).or_insert_with(|| Observed {
            fixed: Some("it is not installed, and GNOME Shell does not run, which could install it".to_owned()),
            ..Observed::default()
        });
    }
    Ok(seen)
}

/// Has the Shell download and install an extension; it asks the person itself.
fn install(host: &dyn Host, id: &ExtensionId, log: Log<'_>) -> Result<(), Problem> {
    let mut install = call(["InstallRemoteExtension", "s", id.as_str()]);
    install.args.insert(0, "--timeout=600".to_owned());
    let failed = |reason: String| {
        Problem::new("not_installed", format!("{id} was not installed: {reason}"))
            .hinted("Install it from https://extensions.gnome.org or as a package, and apply again")
    };
    let said = host.run_with(&install, log)?.success("GNOME Shell").map_err(|error| failed(error.to_string()))?;
    if said.contains("successful") { Ok(()) } else { Err(failed("it was cancelled".to_owned())) }
}

/// Turns an extension on or off in the settings, which a running Shell follows.
fn switch(host: &dyn Host, id: &ExtensionId, on: bool) -> Result<(), Problem> {
    let Some(Switches { mut enabled, mut disabled, .. }) = switches(host)? else {
        return Err(Problem::new("shell_missing", "GNOME Shell is not installed"));
    };
    let (into, out_of) = if on { (&mut enabled, &mut disabled) } else { (&mut disabled, &mut enabled) };
    let is_added = into.insert(id.to_string());
    let is_removed = out_of.remove(id.as_str());
    let (enabled_changed, disabled_changed) = if on { (is_added, is_removed) } else { (is_removed, is_added) };
    for (name, ids, changed) in
        [("enabled-extensions", &enabled, enabled_changed), ("disabled-extensions", &disabled, disabled_changed)]
    {
        if changed {
            let written = host.settings().set(&setting(name)?, Some(&list(ids)));
            written.map_err(|error| Problem::new("setting_not_written", error.to_string()))?;
        }
    }
    Ok(())
}

/// Extensions of GNOME Shell.
#[derive(Debug)]
pub(super) struct Extensions;

impl Kind for Extensions {
    fn manifest(&self) -> Manifest {
        Manifest::GnomeExtensions
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared(reader, root)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        observe(look.host, look.declared)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        serde_json::from_value(json.clone()).ok().map(Value::Extension)
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let id: ExtensionId = key.parse().ok()?;
        let enabled = match value {
            None | Some(Value::Extension(ExtensionState::Enabled)) => None,
            Some(Value::Extension(ExtensionState::Disabled)) => Some(Json::from(false)),
            Some(_) => return None,
        };
        let fields = vec![("id", Some(Json::from(id.as_str()))), ("enabled", enabled)];
        let entry = Fields { id: &[("id", None)], fields, or_word: true, apart: None };
        Some(vec![Edit { path: &["extensions"], entry: Entry::Object(entry), there: value.is_some() }])
    }

    /// One that is installed and off, as most that come with the system are.
    fn is_unremarkable(&self, value: &Value) -> bool {
        *value == Value::Extension(ExtensionState::Disabled)
    }

    fn actions(&self, change: &Change, _system: HostKind) -> Actions {
        let off = Value::Extension(ExtensionState::Disabled);
        let value = serde_json::json!(change.setup.as_ref().unwrap_or(&off));
        Ok(change.id.key.parse::<ExtensionId>().map(|_| vec![Action::SetOwn { value: Some(value) }]))
    }

    fn sentence(&self, key: &str, from: Option<&Value>, to: Option<&Value>) -> Option<String> {
        let sentence = match (from, to) {
            (None, Some(Value::Extension(ExtensionState::Enabled))) => gettext("Install {extension} and turn it on"),
            (None, Some(_)) => gettext("Install {extension} and turn it off"),
            (Some(_), Some(Value::Extension(ExtensionState::Enabled))) => gettext("Turn {extension} on"),
            _ => gettext("Turn {extension} off"),
        };
        Some(fill(&sentence, &[("extension", key)]))
    }

    fn is_own(&self) -> bool {
        true
    }

    fn perform(&self, host: &dyn Host, key: &str, to: Option<&Value>, log: Log<'_>) -> Result<(), Problem> {
        let id: ExtensionId =
            key.parse().map_err(|error: NameError| Problem::new("name_invalid", error.to_string()))?;
        let on = to == Some(&Value::Extension(ExtensionState::Enabled));
        let Some(known) = ask_shell(host)? else { return switch(host, &id, on) };
        if !known.contains_key(id.as_str()) {
            install(host, &id, log)?;
        }
        let method = if on { "EnableExtension" } else { "DisableExtension" };
        host.run(&call([method, "s", id.as_str()]))?.success("GNOME Shell")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;
    use crate::item::Domain;

    /// What GNOME Shell 48.7 said after `EnableExtension` of an extension made for it and one made for 3.36.
    const SHELL: &str = include_str!("../../tests/fixtures/gnome-shell-48.7-extensions.json");
    const CALL: &str =
        "busctl --user --json=short --auto-start=no call org.gnome.Shell /org/gnome/Shell org.gnome.Shell.Extensions";

    fn read(text: &str) -> Declarations {
        Reader::declarations(Manifest::GnomeExtensions, Domain::Ext, text).unwrap().0
    }

    fn state(seen: &Observation, id: &str) -> Option<Value> {
        seen.entries[id].value.clone()
    }

    fn settings(host: RecordingHost, enabled: &str) -> RecordingHost {
        host.setting("org.gnome.shell/enabled-extensions", enabled)
            .setting("org.gnome.shell/disabled-extensions", "@as []")
            .setting("org.gnome.shell/disable-user-extensions", "false")
    }

    const ON: Value = Value::Extension(ExtensionState::Enabled);
    const OFF: Value = Value::Extension(ExtensionState::Disabled);

    #[test]
    fn words_and_objects_declare() {
        let declared = read(r#"{"extensions": ["a@b", {"id": "c@d", "enabled": false}, {"id": "e@f"}]}"#);
        let values: Vec<_> = declared.values().map(|said| said.value.clone().unwrap()).collect();
        assert_eq!(values, [ON, OFF, ON]);
        let broken = r#"{"extensions": ["../x"]}"#;
        assert!(Reader::declarations(Manifest::GnomeExtensions, Domain::Ext, broken).is_err());
    }

    #[test]
    fn the_running_shell_tells_what_is_on_and_what_cannot_be() {
        let host = RecordingHost::default().prints(&format!("{CALL} ListExtensions"), SHELL);
        let seen = observe(&host, &read(r#"{"extensions": ["old@bkt.lab", "none@bkt.lab"]}"#)).unwrap();
        assert_eq!(state(&seen, "hello@bkt.lab"), Some(ON));
        assert!(seen.entries["hello@bkt.lab"].own);
        assert_eq!(seen.entries["hello@bkt.lab"].name.as_deref(), Some("Hello"));
        let menu = &seen.entries["apps-menu@gnome-shell-extensions.gcampax.github.com"];
        assert_eq!((menu.value.clone(), menu.own), (Some(OFF), false));
        let problem = seen.entries["old@bkt.lab"].problem.as_ref().unwrap();
        assert_eq!(problem.message, "old@bkt.lab is made for GNOME 3.36, not for the one that runs");
        assert!(!seen.entries.contains_key("none@bkt.lab"));
        assert_eq!(parse("{}").unwrap_err().code, "unexpected_output");
    }

    #[test]
    fn without_a_shell_settings_and_folders_tell() {
        let host = RecordingHost::default()
            .with_home("/home/sam")
            .file("/usr/share/gnome-shell/extensions/a@b/metadata.json", r#"{"name": "A"}"#)
            .file("/home/sam/.local/share/gnome-shell/extensions/c@d/metadata.json", "{}");
        let host = settings(host, "['a@b', 'gone@x']");
        let seen = observe(&host, &read(r#"{"extensions": ["c@d", "none@x"]}"#)).unwrap();
        assert_eq!((state(&seen, "a@b"), state(&seen, "c@d")), (Some(ON), Some(OFF)));
        assert!(seen.entries["none@x"].fixed.is_some() && seen.entries["none@x"].value.is_none());
        Extensions.perform(&host, "c@d", Some(&ON), &mut |_| {}).unwrap();
        Extensions.perform(&host, "a@b", Some(&OFF), &mut |_| {}).unwrap();
        let seen = observe(&host, &Declarations::new()).unwrap();
        assert_eq!((state(&seen, "a@b"), state(&seen, "c@d")), (Some(OFF), Some(ON)));
        assert!(host.effects().contains(&"set org.gnome.shell/enabled-extensions ['c@d', 'gone@x']".to_owned()));
    }

    #[test]
    fn all_off_is_unknown_not_drift() {
        let host =
            settings(RecordingHost::default(), "@as []").setting("org.gnome.shell/disable-user-extensions", "true");
        assert_eq!(observe(&host, &read(r#"{"extensions": ["a@b"]}"#)).unwrap_err().code, "extensions_off");
        assert!(observe(&host, &Declarations::new()).is_ok());
    }

    #[test]
    fn the_shell_installs_and_switches() {
        let host = RecordingHost::default()
            .prints(&format!("{CALL} ListExtensions"), SHELL)
            .prints(&format!("{CALL} DisableExtension s hello@bkt.lab"), "{\"type\":\"b\",\"data\":[true]}\n")
            .answers(
                &format!("busctl --timeout=600 {} InstallRemoteExtension s new@x", CALL.trim_start_matches("busctl ")),
                crate::host::Output {
                    status: 1,
                    stderr: "Call failed: Error resolving “extensions.gnome.org”: Name or service not known\n".into(),
                    ..Default::default()
                },
            );
        Extensions.perform(&host, "hello@bkt.lab", Some(&OFF), &mut |_| {}).unwrap();
        let problem = Extensions.perform(&host, "new@x", Some(&ON), &mut |_| {}).unwrap_err();
        assert_eq!(problem.code, "not_installed");
        assert!(problem.message.contains("extensions.gnome.org"), "{}", problem.message);
    }
}
