// SPDX-License-Identifier: GPL-3.0-or-later
//! systemd units: declared in `systemd-services.json` (run time) and `system-config.json` (image).
//!
//! The states are those of systemctl(1) `is-enabled`: only enabled, disabled and masked can be chosen; every other
//! one says why it cannot be changed ([`files`]). A unit the setup does not mention counts as a change only when
//! someone masked it on this computer, enabled it against its preset, or turned off what the image turns on.
//!
//! One manifest is enough to say a state: the image's, where the recipe enables it, or the run-time one. A capture
//! is written to those that declare the unit, and two that disagree are a problem of that unit alone.
//!
//! Invariant: all unit files are read in one pass (`systemctl list-unit-files`), also below a root.

pub mod at_once;
mod basis;
mod files;
pub mod run;

use std::collections::{BTreeMap, BTreeSet};

use jsonc_parser::ast::{Object, ObjectProp, Value as Ast};
use serde_json::Value as Json;

use crate::compare::{Change, Privilege};
use crate::deployment::{HostKind, System};
use crate::host::Host;
use crate::i18n::{fill, gettext};
use crate::manifest::place::{Edit, Entry};
use crate::manifest::{Declaration, Declarations, Manifest, ManifestError, ManifestErrorKind, Reader, property};
use crate::name::UnitName;
use crate::plan::Action;
use crate::problem::Problem;
use crate::value::{UnitState, Value};

use super::{Actions, Kind, Look, Observation, Observed};

pub use files::{UnitFile, list, states};

/// Reads `{"services": {"x.service": "enabled"}}`, or `{"systemd": {"enable": [], "disable": [], "mask": []}}`.
pub(crate) fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    let mut declarations = Declarations::new();
    if reader.manifest() == Manifest::SystemConfig {
        let Some(systemd) = reader.object(root, "systemd")? else { return Ok(declarations) };
        reader.know(systemd, &["enable", "disable", "mask", "custom"]);
        for (list, state) in
            [("enable", UnitState::Enabled), ("disable", UnitState::Disabled), ("mask", UnitState::Masked)]
        {
            let key = |value: &Ast<'_>| value.as_string_lit().map(|text| full_name(&text.value));
            reader.each(reader.list(systemd, list)?, key, |reader, value| {
                let unit = unit_name(reader, value, reader.string(list, value)?)?;
                let earlier = declarations.get(unit.as_str()).and_then(|earlier| earlier.value.as_ref());
                // Masking turns off, too; existing setups list such a unit twice.
                if state == UnitState::Masked && earlier == Some(&Value::Unit(UnitState::Disabled)) {
                    reader.warn(value, format!("‘{unit}’ is to be disabled and masked; masking is enough"));
                    declarations.remove(unit.as_str());
                }
                reader.declare(&mut declarations, value, unit.as_str(), Some(Value::Unit(state)))
            });
        }
        return Ok(declarations);
    }
    reader.know(root, &["services"]);
    if let Some(services) = reader.object(root, "services")? {
        let key = |entry: &ObjectProp<'_>| Some(full_name(property(entry).0));
        reader.each(&services.properties, key, |reader, entry| {
            let (name, value) = property(entry);
            let unit = unit_name(reader, entry, name)?;
            let word = reader.string(name, value)?;
            let state: UnitState = word.parse().map_err(|error: crate::value::UnitStateError| {
                reader.error(value, ManifestErrorKind::Value(error.to_string()))
            })?;
            reader.declare(&mut declarations, entry, unit.as_str(), Some(Value::Unit(state)))
        });
    }
    Ok(declarations)
}

/// A unit's name in a manifest.
fn unit_name(reader: &Reader, at: &impl jsonc_parser::common::Ranged, text: &str) -> Result<UnitName, ManifestError> {
    reader.name(at, &full_name(text))
}

/// Reads the unit file states of this computer.
pub(crate) fn observe(host: &dyn Host, system: &System, declared: &Declarations) -> Result<Observation, Problem> {
    let mut entries = BTreeMap::new();
    let mut templates = BTreeSet::new();
    let listed = files::recall(host, system)?;
    let from_image = files::enabled_by_image(host)?;
    let mut aliases = Vec::new();
    for file in &listed {
        let name = file.name();
        if name.contains("@.") {
            templates.insert(name);
            continue;
        }
        let declaration = declared.get(&name);
        let preset = file.preset.as_deref();
        let own = match file.state.as_str() {
            "masked" => files::masked_here(host, &name)?,
            "enabled" => preset == Some("disabled") && !from_image.contains(&name),
            // The image turned it on, and someone turned it off here.
            "disabled" => from_image.contains(&name),
            _ => false,
        };
        if !own && declaration.is_none() {
            continue;
        }
        let mut seen = Observed { own, ..files::observed(&file.state) };
        let wanted = declaration.and_then(|declaration| declaration.value.as_ref());
        if wanted == Some(&Value::Unit(UnitState::Masked)) && files::can_be_masked(&file.state) {
            seen.fixed = None;
        }
        if seen.fixed.is_none() && name.parse().is_ok_and(|unit| asks_off(declaration, &unit)) {
            seen.fixed = Some(gettext("this unit keeps the computer usable and is never turned off"));
        }
        if file.state == "alias" {
            aliases.push(name.clone());
        }
        entries.insert(name, seen);
    }
    // An alias is what the unit is that it leads to.
    for alias in aliases {
        let Some(target) = files::target(host, &alias) else { continue };
        let real = listed.iter().find(|file| file.name() == target).map(|file| files::observed(&file.state));
        let fixed = fill(&gettext("it is another name of {unit}; say it of that one"), &[("unit", &target)]);
        if let (Some(seen), Some(real)) = (entries.get_mut(&alias), real) {
            seen.fixed = Some(fixed);
            seen.value = real.value;
        }
    }
    // A unit that is not there cannot start by itself: that is what "disabled" asks for.
    for (name, declaration) in declared {
        if declaration.value == Some(Value::Unit(UnitState::Disabled)) {
            entries.entry(name.clone()).or_insert_with(|| Observed::of(Value::Unit(UnitState::Disabled)));
        }
    }
    // An instance of a template has no unit file of its own until it is enabled.
    for name in
        declared.keys().filter(|name| files::template(name).is_some_and(|template| templates.contains(&template)))
    {
        entries.entry(name.clone()).or_insert_with(|| Observed::of(Value::Unit(UnitState::Disabled)));
    }
    Ok(Observation { entries, cookie: None })
}

/// Whether a setup asks to turn off a unit the computer needs.
fn asks_off(declaration: Option<&Declaration>, unit: &UnitName) -> bool {
    let off = |value: &Value| matches!(value, Value::Unit(UnitState::Disabled | UnitState::Masked));
    unit.keeps_computer_usable() && declaration.and_then(|declaration| declaration.value.as_ref()).is_some_and(off)
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
        observe(look.host, look.system, look.declared)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        json.as_str()?.parse().ok().map(Value::Unit)
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        self.places_in(Manifest::SystemdServices, key, value)
    }

    fn places_in(&self, manifest: Manifest, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let state = match value {
            None => None,
            Some(Value::Unit(state)) => Some(*state),
            Some(_) => return None,
        };
        if manifest == Manifest::SystemConfig {
            return Some(in_lists(key, state));
        }
        let state = state.map_or(Json::Null, |state| Json::from(state.as_str()));
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
            _ => match change.computer {
                Some(Value::Unit(UnitState::Masked)) => vec![Action::UnmaskUnit { unit }],
                Some(Value::Unit(UnitState::Disabled)) => vec![Action::SetUnit { unit, state: UnitState::Enabled }],
                _ => vec![Action::SetUnit { unit, state: UnitState::Disabled }],
            },
        }))
    }
}

/// The edits that put a unit into the one list of `system-config.json` for its state, and out of the others; a
/// service may be listed without its suffix.
fn in_lists(key: &str, state: Option<UnitState>) -> Vec<Edit> {
    let short = key.strip_suffix(".service").filter(|short| !short.contains('.'));
    let lists: [(&'static [&'static str], UnitState); 3] = [
        (&["systemd", "enable"], UnitState::Enabled),
        (&["systemd", "disable"], UnitState::Disabled),
        (&["systemd", "mask"], UnitState::Masked),
    ];
    let mut edits = Vec::new();
    for (path, list) in lists {
        edits.extend(short.map(|short| Edit { path, entry: Entry::Word(short.to_owned()), there: false }));
        edits.push(Edit { path, entry: Entry::Word(key.to_owned()), there: state == Some(list) });
    }
    edits
}

/// A unit's name; one without a dot is a service, as for systemctl (existing setups leave the suffix out).
#[must_use]
pub fn full_name(name: &str) -> String {
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
        let seen = observe(&host, &System::probe(&host), &Declarations::new()).unwrap();
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
        assert!(observe(&host, &System::probe(&host), &Declarations::new()).unwrap().entries.is_empty());
    }

    #[test]
    fn what_the_image_turns_on_and_someone_turned_off_is_a_change_back_to_on() {
        let list = r#"[{"unit_file":"sshd.service","state":"disabled","preset":"disabled"},
            {"unit_file":"cups.service","state":"disabled","preset":"enabled"}]"#;
        let host = RecordingHost::default().prints("systemctl list-unit-files --output=json --no-pager", list).symlink(
            "/usr/etc/systemd/system/multi-user.target.wants/sshd.service",
            "/usr/lib/systemd/system/sshd.service",
        );
        let seen = observe(&host, &System::probe(&host), &Declarations::new()).unwrap().entries;
        assert_eq!(seen.keys().collect::<Vec<_>>(), ["sshd.service"]);
        assert!(seen["sshd.service"].own);
    }

    #[test]
    fn every_state_of_systemd_is_one_of_three_or_says_why_not() {
        let states = [
            ("enabled", Some(UnitState::Enabled), false),
            ("enabled-runtime", Some(UnitState::Disabled), false),
            ("linked", Some(UnitState::Disabled), false),
            ("linked-runtime", Some(UnitState::Disabled), false),
            ("alias", Some(UnitState::Disabled), true),
            ("masked", Some(UnitState::Masked), false),
            ("masked-runtime", Some(UnitState::Masked), true),
            ("static", Some(UnitState::Enabled), true),
            ("disabled", Some(UnitState::Disabled), false),
            ("indirect", Some(UnitState::Enabled), true),
            ("generated", Some(UnitState::Enabled), true),
            ("transient", Some(UnitState::Enabled), true),
            ("bad", None, false),
        ];
        let list: Vec<_> = states
            .iter()
            .map(|(state, ..)| serde_json::json!({"unit_file": format!("{state}.service"), "state": state}))
            .collect();
        let wanted = |value: &str| {
            let services: BTreeMap<_, _> = states.iter().map(|(state, ..)| (*state, value)).collect();
            let text = serde_json::json!({"services": services}).to_string();
            Reader::declarations(Manifest::SystemdServices, Domain::Unit, &text).unwrap().0
        };
        let host = RecordingHost::default()
            .prints("systemctl list-unit-files --output=json --no-pager", &serde_json::json!(list).to_string())
            .symlink("/etc/systemd/system/alias.service", "/usr/lib/systemd/system/disabled.service");
        let seen = observe(&host, &System::probe(&host), &wanted("enabled")).unwrap().entries;
        for (state, value, is_fixed) in &states {
            let seen = &seen[&format!("{state}.service")];
            assert_eq!(seen.value, value.map(Value::Unit), "{state}");
            assert_eq!(seen.fixed.is_some(), *is_fixed, "{state}");
            assert_eq!(seen.problem.is_some(), value.is_none(), "{state}");
        }
        assert!(seen["alias.service"].fixed.as_deref().unwrap().contains("disabled.service"));
        let masked = observe(&host, &System::probe(&host), &wanted("masked")).unwrap().entries;
        let fixed: Vec<&str> = states
            .iter()
            .map(|(state, ..)| *state)
            .filter(|state| masked[&format!("{state}.service")].fixed.is_some())
            .collect();
        assert_eq!(fixed, ["alias", "masked-runtime", "transient"]);
    }

    #[test]
    fn a_unit_is_in_one_list_of_the_image_and_short_names_are_found() {
        let edited = |text: &str, unit: &str, state: Option<UnitState>| {
            let item = crate::item::ItemId::new(Domain::Unit, unit);
            let value = state.map(Value::Unit);
            let after = crate::manifest::edit::edited(Manifest::SystemConfig, text, &item, value.as_ref()).unwrap();
            serde_json::from_str::<Json>(&after).unwrap()["systemd"].clone()
        };
        let text = r#"{"systemd": {"enable": ["sshd", "cups.socket"], "mask": []}}"#;
        let is = |json: &str| serde_json::from_str::<Json>(json).unwrap();
        assert_eq!(
            edited(text, "sshd.service", Some(UnitState::Masked)),
            is(r#"{"enable": ["cups.socket"], "mask": ["sshd.service"]}"#)
        );
        assert_eq!(edited(text, "sshd.service", None), is(r#"{"enable": ["cups.socket"], "mask": []}"#));
        assert_eq!(
            edited(text, "cups.socket", Some(UnitState::Disabled)),
            is(r#"{"enable": ["sshd"], "mask": [], "disable": ["cups.socket"]}"#)
        );
    }

    #[test]
    fn a_setup_that_disables_and_masks_a_unit_masks_it() {
        let text = r#"{"systemd": {"disable": ["a"], "mask": ["a.service"]}}"#;
        let (declared, warnings) = Reader::declarations(Manifest::SystemConfig, Domain::Unit, text).unwrap();
        assert_eq!(declared["a.service"].value, Some(Value::Unit(UnitState::Masked)));
        assert_eq!(warnings.len(), 1);
        let text = r#"{"systemd": {"enable": ["a"], "mask": ["a.service"]}}"#;
        assert!(Reader::declarations(Manifest::SystemConfig, Domain::Unit, text).is_err());
    }

    #[test]
    fn a_unit_that_is_not_there_is_as_disabled_as_a_setup_can_ask() {
        let text =
            r#"{"services": {"packagekit": "disabled", "gone.service": "enabled", "systemd-oomd.service": "masked"}}"#;
        let (declared, _) = Reader::declarations(Manifest::SystemdServices, Domain::Unit, text).unwrap();
        let list = r#"[{"unit_file":"systemd-oomd.service","state":"enabled","preset":"enabled"}]"#;
        let host = RecordingHost::default().prints("systemctl list-unit-files --output=json --no-pager", list);
        let seen = observe(&host, &System::probe(&host), &declared).unwrap().entries;
        assert_eq!(seen["packagekit.service"].value, Some(Value::Unit(UnitState::Disabled)));
        assert!(!seen.contains_key("gone.service"));
        assert!(seen["systemd-oomd.service"].fixed.is_some(), "the helper would refuse it");
    }
}
