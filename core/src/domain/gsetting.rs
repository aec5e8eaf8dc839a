// SPDX-License-Identifier: GPL-3.0-or-later
//! Settings: declared in `gsettings.json` as GVariant text, observed through GSettings.
//!
//! Invariant: values are compared in the canonical text of the key's own type, so `"24h"` and `'24h'`, or
//! `uint32 5` and `5`, never differ.

pub mod places;

use std::collections::BTreeMap;

use jsonc_parser::ast::{self, Object};
use serde_json::Value as Json;

use crate::deployment::HostKind;
use crate::host::{Host, SettingQuery, SettingReading};
use crate::manifest::place::{Edit, Entry, Fields};
use crate::manifest::{Declarations, Manifest, ManifestError, Reader};
use crate::name::SettingKey;
use crate::problem::Problem;
use crate::value::Value;

use super::{Actions, Kind, Look, Observation, Observed};
use crate::compare::Change;
use crate::plan::{Action, Deferral};

/// Reads `{"settings": [{"schema", "key", "value", "comment"?}]}`.
pub(crate) fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    reader.know(root, &["settings"]);
    let mut declarations = Declarations::new();
    let key = |value: &ast::Value<'_>| {
        let object = value.as_object()?;
        let field = |name: &str| Some(object.get(name)?.value.as_string_lit()?.value.to_string());
        let path = field("path").map(|path| format!(":{path}")).unwrap_or_default();
        Some(format!("{}{path}/{}", field("schema")?, field("key")?))
    };
    reader.each(reader.list(root, "settings")?, key, |reader, value| {
        let entry = reader.entry("settings", value)?;
        reader.know(entry, &["schema", "key", "value", "comment", "path"]);
        let schema = reader.needed(entry, "settings", "schema")?;
        let key = reader.needed(entry, "settings", "key")?;
        let key: SettingKey = match reader.string_field(entry, "path")? {
            Some(path) => reader.name(entry, &format!("{schema}:{path}/{key}"))?,
            None => reader.name(entry, &format!("{schema}/{key}"))?,
        };
        let text = reader.needed(entry, "settings", "value")?;
        reader.declare(&mut declarations, entry, key.as_str(), Some(Value::Setting(text.to_owned())))
    });
    Ok(declarations)
}

/// Reads the declared keys in one pass.
pub(crate) fn observe(host: &dyn Host, declared: &Declarations) -> Result<Observation, Problem> {
    let mut queries = Vec::new();
    for (key, declaration) in declared {
        let key =
            key.parse().map_err(|error: crate::name::NameError| Problem::new("name_invalid", error.to_string()))?;
        let declared = match &declaration.value {
            Some(Value::Setting(text)) => Some(text.clone()),
            _ => None,
        };
        queries.push(SettingQuery { key, declared });
    }
    if queries.is_empty() {
        return Ok(Observation::default());
    }
    let readings = host.settings().read(&queries)?;
    let entries =
        queries.iter().zip(readings).map(|(query, reading)| (query.key.to_string(), observed(query, reading)));
    Ok(Observation { entries: entries.collect::<BTreeMap<_, _>>(), cookie: None })
}

fn observed(query: &SettingQuery, reading: SettingReading) -> Observed {
    let unknown = |problem: Problem| Observed { problem: Some(problem), ..Observed::default() };
    let key = &query.key;
    match reading {
        SettingReading::Missing(error) => unknown(error.into()),
        SettingReading::Read { declared: Some(Err(error)), .. } => {
            let message = format!("the setup’s value for {key} does not fit: {error}");
            unknown(Problem::new(error.code(), message))
        }
        SettingReading::Read { current, declared, summary, locked, is_set } => Observed {
            by_default: !is_set,
            // Without a declared value the key is looked at because a person asked for it.
            own: query.declared.is_none(),
            name: summary,
            declared_as: declared.and_then(Result::ok).map(Value::Setting),
            fixed: locked.then(|| "an administrator locked this setting".to_owned()),
            ..Observed::of(Value::Setting(current))
        },
    }
}

/// GSettings keys.
#[derive(Debug)]
pub(super) struct Settings;

impl Kind for Settings {
    fn manifest(&self) -> Manifest {
        Manifest::Gsettings
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared(reader, root)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        observe(look.host, look.declared)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        json.as_str().map(|text| Value::Setting(text.to_owned()))
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let key: SettingKey = key.parse().ok()?;
        let text = match value {
            None => None,
            Some(Value::Setting(text)) => Some(Json::from(text.as_str())),
            Some(_) => return None,
        };
        let fields = vec![
            ("schema", Some(Json::from(key.schema()))),
            ("path", key.path().map(Json::from)),
            ("key", Some(Json::from(key.key()))),
            ("value", text),
        ];
        let entry =
            Fields { id: &[("schema", None), ("key", None), ("path", None)], fields, or_word: false, apart: None };
        Some(vec![Edit { path: &["settings"], entry: Entry::Object(entry), there: value.is_some() }])
    }

    fn is_total(&self) -> bool {
        true
    }

    fn actions(&self, change: &Change, _system: HostKind) -> Actions {
        let value = match &change.setup {
            Some(Value::Setting(value)) => Some(value.clone()),
            // A person asked for it to have no value of its own.
            None if change.declared_at.is_some() => None,
            _ => return Err(Deferral::Fixed),
        };
        Ok(change.id.key.parse().map(|key| vec![Action::SetSetting { key, value }]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;
    use crate::item::Domain;
    use crate::manifest::Manifest;

    #[test]
    fn a_missing_schema_is_unknown_not_drift() {
        let text = r#"{"settings": [{"schema": "org.a", "key": "x", "value": "1"}, {"schema": "org.b", "key": "y", "value": "2"}]}"#;
        let (declared, _) = Reader::declarations(Manifest::Gsettings, Domain::Gsetting, text).unwrap();
        let host = RecordingHost::default().setting("org.a/x", "1");
        let seen = observe(&host, &declared).unwrap();
        assert_eq!(seen.entries["org.a/x"].value, Some(Value::Setting("1".into())));
        assert_eq!(seen.entries["org.b/y"].problem.as_ref().unwrap().code, "schema_missing");
    }
}
