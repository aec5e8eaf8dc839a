// SPDX-License-Identifier: GPL-3.0-or-later
//! systemd units: declared in `systemd-services.json` (run time) and `system-config.json` (image).
//!
//! The states are those of systemctl(1) `is-enabled`: only enabled, disabled and masked can be chosen;
//! static, indirect, generated and alias units are shown but cannot be changed. A unit the setup does not
//! mention counts as a change only when someone masked it on this computer, or enabled it against its preset.
//!
//! Invariant: all unit files are read in one pass (`systemctl list-unit-files`), also below a root.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jsonc_parser::ast::Object;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::compare::{Change, Privilege};
use crate::deployment::HostKind;
use crate::host::{Host, HostError, Invocation};
use crate::manifest::place::{Edit, Entry};
use crate::manifest::{Declaration, Declarations, Manifest, ManifestError, ManifestErrorKind, Reader, property};
use crate::name::UnitName;
use crate::plan::Action;
use crate::problem::Problem;
use crate::value::{UnitState, Value};

use super::{Actions, Kind, Look, Observation, Observed};

/// Reads `{"services": {"x.service": "enabled"}}`, or `{"systemd": {"enable": [], "disable": [], "mask": []}}`.
pub(crate) fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    let mut declarations = Declarations::new();
    if reader.manifest() == Manifest::SystemConfig {
        let Some(systemd) = reader.object(root, "systemd")? else { return Ok(declarations) };
        reader.know(systemd, &["enable", "disable", "mask", "custom"]);
        for (list, state) in
            [("enable", UnitState::Enabled), ("disable", UnitState::Disabled), ("mask", UnitState::Masked)]
        {
            for value in reader.list(systemd, list)? {
                let unit = unit_name(reader, value, reader.string(list, value)?)?;
                reader.declare(&mut declarations, value, unit.as_str(), Some(Value::Unit(state)))?;
            }
        }
        return Ok(declarations);
    }
    reader.know(root, &["services"]);
    if let Some(services) = reader.object(root, "services")? {
        for entry in &services.properties {
            let (name, value) = property(entry);
            let unit = unit_name(reader, entry, name)?;
            let word = reader.string(name, value)?;
            let state: UnitState = word.parse().map_err(|error: crate::value::UnitStateError| {
                reader.error(value, ManifestErrorKind::Value(error.to_string()))
            })?;
            reader.declare(&mut declarations, entry, unit.as_str(), Some(Value::Unit(state)))?;
        }
    }
    Ok(declarations)
}

/// A unit's name in a manifest.
fn unit_name(reader: &Reader, at: &impl jsonc_parser::common::Ranged, text: &str) -> Result<UnitName, ManifestError> {
    reader.name(at, &full_name(text))
}

/// One line of `systemctl list-unit-files --output=json`.
#[derive(Debug, Deserialize)]
struct UnitFile {
    unit_file: String,
    state: String,
    #[serde(default, alias = "vendor_preset")]
    preset: Option<String>,
}

impl UnitFile {
    fn name(&self) -> String {
        Path::new(&self.unit_file).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }
}

fn list(host: &dyn Host) -> Result<Vec<UnitFile>, Problem> {
    let mut query = Invocation::new("systemctl", ["list-unit-files", "--output=json", "--no-pager"]);
    if let Some(root) = host.root() {
        query = query.arg("--root").arg(root.display().to_string());
    }
    parse(&host.run(&query)?.success("systemctl")?)
}

fn parse(text: &str) -> Result<Vec<UnitFile>, Problem> {
    serde_json::from_str(text)
        .map_err(|error| Problem::new("unexpected_output", format!("systemctl list-unit-files: {error}")))
}

/// Reads the unit file states of this computer.
pub(crate) fn observe(host: &dyn Host, declared: &Declarations) -> Result<Observation, Problem> {
    let mut entries = BTreeMap::new();
    let mut templates = BTreeSet::new();
    for file in list(host)? {
        let name = file.name();
        if name.contains("@.") {
            templates.insert(name);
            continue;
        }
        let is_declared = declared.contains_key(&name);
        let own = match file.state.as_str() {
            "masked" => masked_here(host, &name)?,
            "enabled" => file.preset.as_deref() == Some("disabled") && !enabled_by_image(host, &name)?,
            _ => false,
        };
        if own || is_declared {
            let mut seen = observed(&file.state, own);
            if seen.fixed.is_none() && name.parse().is_ok_and(|unit| asks_off(declared.get(&name), &unit)) {
                seen.fixed = Some("this unit keeps the computer usable and is never turned off".to_owned());
            }
            entries.insert(name, seen);
        }
    }
    // A unit that is not there cannot start by itself: that is what "disabled" asks for.
    for (name, declaration) in declared {
        if declaration.value == Some(Value::Unit(UnitState::Disabled)) {
            entries.entry(name.clone()).or_insert_with(|| Observed::of(Value::Unit(UnitState::Disabled)));
        }
    }
    // An instance of a template has no unit file of its own until it is enabled.
    for name in declared.keys().filter(|name| template(name).is_some_and(|template| templates.contains(&template))) {
        entries.entry(name.clone()).or_insert_with(|| Observed::of(Value::Unit(UnitState::Disabled)));
    }
    Ok(Observation { entries, cookie: None })
}

/// Whether a setup asks to turn off a unit the computer needs.
fn asks_off(declaration: Option<&Declaration>, unit: &UnitName) -> bool {
    let off = |value: &Value| matches!(value, Value::Unit(UnitState::Disabled | UnitState::Masked));
    unit.keeps_computer_usable() && declaration.and_then(|declaration| declaration.value.as_ref()).is_some_and(off)
}

fn observed(state: &str, own: bool) -> Observed {
    let value = match state {
        "enabled" | "enabled-runtime" => UnitState::Enabled,
        "disabled" | "linked" | "linked-runtime" => UnitState::Disabled,
        "masked" | "masked-runtime" => UnitState::Masked,
        // A unit that is always there counts as enabled (existing setups say so of static units).
        _ => {
            let fixed = Some(format!("systemd calls this unit {state}; it cannot be enabled or disabled"));
            return Observed { own, fixed, ..Observed::of(Value::Unit(UnitState::Enabled)) };
        }
    };
    Observed { own, ..Observed::of(Value::Unit(value)) }
}

fn masked_here(host: &dyn Host, unit: &str) -> Result<bool, HostError> {
    let null = |directory: &str| {
        Ok::<_, HostError>(
            host.link(&host.at(&format!("{directory}/{unit}")))?.is_some_and(|target| target == Path::new("/dev/null")),
        )
    };
    Ok(null("/etc/systemd/system")? && !null("/usr/etc/systemd/system")?)
}

/// Whether the image itself enables a unit: a link in one of its wants directories.
fn enabled_by_image(host: &dyn Host, unit: &str) -> Result<bool, HostError> {
    let base = host.at("/usr/etc/systemd/system");
    for directory in host.list(&base)?.iter().filter(|name| name.ends_with(".wants") || name.ends_with(".requires")) {
        if host.link(&base.join(directory).join(unit))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The state of some units now; one that does not exist is missing.
///
/// # Errors
/// systemctl is missing or fails.
pub fn states<'u>(
    host: &dyn Host,
    units: impl Iterator<Item = &'u UnitName>,
) -> Result<BTreeMap<&'u UnitName, UnitState>, Problem> {
    let files: BTreeMap<String, String> = list(host)?.into_iter().map(|file| (file.name(), file.state)).collect();
    let state = |unit: &str| match files.get(unit) {
        Some(word) => match observed(word, false).value {
            Some(Value::Unit(state)) => Some(state),
            _ => None,
        },
        None => template(unit).filter(|template| files.contains_key(template)).map(|_| UnitState::Disabled),
    };
    Ok(units.filter_map(|unit| Some((unit, state(unit.as_str())?))).collect())
}

/// `getty@.service` for `getty@tty1.service`.
fn template(unit: &str) -> Option<String> {
    let (prefix, instance) = unit.split_once('@')?;
    let (_, suffix) = instance.rsplit_once('.')?;
    Some(format!("{prefix}@.{suffix}"))
}

/// systemd units.
#[derive(Debug)]
pub(super) struct Units;

impl Kind for Units {
    fn manifest(&self) -> Manifest {
        Manifest::SystemdServices
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared(reader, root)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        observe(look.host, look.declared)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        json.as_str()?.parse().ok().map(Value::Unit)
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let state = match value {
            None => Json::Null,
            Some(Value::Unit(state)) => Json::from(state.as_str()),
            Some(_) => return None,
        };
        let entry = Entry::Property { name: key.to_owned(), value: state, spelling: full_name };
        Some(vec![Edit { path: &["services"], entry, there: value.is_some() }])
    }

    fn is_total(&self) -> bool {
        true
    }

    fn is_personal(&self) -> bool {
        false
    }

    fn privilege(&self, _value: Option<&Value>) -> Privilege {
        Privilege::Admin
    }

    fn at_first_boot(&self, _system: HostKind, part: Privilege) -> bool {
        part == Privilege::Admin
    }

    fn actions(&self, change: &Change, _system: HostKind) -> Actions {
        let unit = change.id.key.parse();
        Ok(unit.map(|unit| match &change.setup {
            Some(Value::Unit(state)) => vec![Action::SetUnit { unit, state: *state }],
            // A unit the setup does not mention goes back to what it was before someone touched it.
            _ if change.computer == Some(Value::Unit(UnitState::Masked)) => vec![Action::UnmaskUnit { unit }],
            _ => vec![Action::SetUnit { unit, state: UnitState::Disabled }],
        }))
    }
}

/// A unit's name; one without a dot is a service, as for systemctl (existing setups leave the suffix out).
fn full_name(name: &str) -> String {
    if name.contains('.') { name.to_owned() } else { format!("{name}.service") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;
    use crate::item::Domain;

    const LIST: &str = r#"[{"unit_file":"tuned.service","state":"masked","preset":"disabled"},
        {"unit_file":"cups.service","state":"enabled","preset":"enabled"},
        {"unit_file":"sshd.service","state":"enabled","preset":"disabled"},
        {"unit_file":"dbus.service","state":"static","preset":null}]"#;

    #[test]
    fn only_what_someone_changed_counts_without_the_setup() {
        let host = RecordingHost::default()
            .prints("systemctl list-unit-files --output=json --no-pager", LIST)
            .symlink("/etc/systemd/system/tuned.service", "/dev/null");
        let seen = observe(&host, &Declarations::new()).unwrap();
        assert_eq!(seen.entries.keys().collect::<Vec<_>>(), ["sshd.service", "tuned.service"]);
        assert_eq!(seen.entries["tuned.service"].value, Some(Value::Unit(UnitState::Masked)));
    }

    #[test]
    fn what_the_image_masks_or_enables_is_no_change() {
        let host = RecordingHost::default()
            .prints("systemctl list-unit-files --output=json --no-pager", LIST)
            .symlink("/etc/systemd/system/tuned.service", "/dev/null")
            .symlink("/usr/etc/systemd/system/tuned.service", "/dev/null")
            .symlink(
                "/usr/etc/systemd/system/multi-user.target.wants/sshd.service",
                "/usr/lib/systemd/system/sshd.service",
            );
        assert!(observe(&host, &Declarations::new()).unwrap().entries.is_empty());
    }

    #[test]
    fn a_unit_that_is_not_there_is_as_disabled_as_a_setup_can_ask() {
        let text =
            r#"{"services": {"packagekit": "disabled", "gone.service": "enabled", "systemd-oomd.service": "masked"}}"#;
        let (declared, _) = Reader::declarations(Manifest::SystemdServices, Domain::Unit, text).unwrap();
        let list = r#"[{"unit_file":"systemd-oomd.service","state":"enabled","preset":"enabled"}]"#;
        let host = RecordingHost::default().prints("systemctl list-unit-files --output=json --no-pager", list);
        let seen = observe(&host, &declared).unwrap().entries;
        assert_eq!(seen["packagekit.service"].value, Some(Value::Unit(UnitState::Disabled)));
        assert!(!seen.contains_key("gone.service"));
        assert!(seen["systemd-oomd.service"].fixed.is_some(), "the helper would refuse it");
    }
}
