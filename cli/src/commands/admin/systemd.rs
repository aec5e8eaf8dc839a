// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt admin systemd`: what the setup says of services, above all what its image does with them.
//!
//! Invariant: only the setup and its recipe are written; no unit of this computer changes.

use std::collections::BTreeMap;

use bkt_core::domain::unit;
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::manifest::{Declaration, Manifest};
use bkt_core::name::UnitName;
use bkt_core::plan::{Wish, Wishes};
use bkt_core::session::Session;
use bkt_core::setup::Setup;
use bkt_core::value::{UnitState, Value};
use serde_json::json;

use super::super::{run, verb};
use crate::args::SystemdCommand;
use crate::context::Context;
use crate::error::{Answer, Failure};
use crate::ui::{BOLD, padded, styled, widest};

pub(super) fn systemd(context: &Context, command: &SystemdCommand) -> Result<Answer, Failure> {
    let (names, state) = match command {
        SystemdCommand::List => return list(context),
        SystemdCommand::Enable(args) => (&args.names, Some(UnitState::Enabled)),
        SystemdCommand::Disable(args) => (&args.names, Some(UnitState::Disabled)),
        SystemdCommand::Mask(args) => (&args.names, Some(UnitState::Masked)),
        SystemdCommand::Unmask(args) | SystemdCommand::Unset(args) => (&args.names, None),
    };
    let units = super::units(names)?;
    if matches!(state, Some(UnitState::Disabled | UnitState::Masked)) {
        super::spare(&units)?;
    }
    let session = context.session()?;
    let setup = Setup::load(&session.setup).map_err(bkt_core::session::SessionError::from)?;
    let mut wishes = Wishes::new();
    for unit in &units {
        let item = ItemId::new(Domain::Unit, unit.as_str());
        let masked = said(&setup, &item, Manifest::SystemConfig)
            .is_some_and(|said| said.value == Some(Value::Unit(UnitState::Masked)));
        if matches!(command, SystemdCommand::Unmask(_)) && !masked {
            continue;
        }
        // Nothing is said of a unit in either file; a state is said in the image's.
        let manifests = state.map(|state| (Manifest::SystemConfig, Some(Value::Unit(state)))).into_iter().collect();
        let wish = Wish { setup: Some(None), manifests, ..Wish::default() };
        wishes.insert(item, wish);
    }
    if wishes.is_empty() {
        let text = gettext("Nothing to do: the image masks none of them.");
        return Ok(Answer::new(text, bkt_core::document::plan(&nothing())));
    }
    let answer = verb::fulfil(context, &session, &wishes, true)?;
    Ok(super::later(&session, answer, wishes.keys()))
}

/// A plan without steps.
fn nothing() -> bkt_core::plan::Plan {
    bkt_core::plan::Plan::new(bkt_core::plan::Preconditions::default(), Vec::new(), Vec::new())
}

/// What one manifest says of a unit.
fn said<'s>(setup: &'s Setup, item: &ItemId, manifest: Manifest) -> Option<&'s Declaration> {
    let declared = setup.declared(Domain::Unit).ok().and_then(|declared| declared.get(&item.key));
    declared.into_iter().chain(setup.also(item)).find(|said| said.manifest == manifest)
}

/// One unit of the list.
#[derive(Debug, Default)]
struct Row {
    here: Option<String>,
    preset: Option<String>,
    image: Option<String>,
    services: Option<String>,
}

fn list(context: &Context) -> Result<Answer, Failure> {
    let session: Session = context.brief_session()?;
    let snapshot = run::compare_kinds(context, &session, &[Domain::Unit])?;
    let setup = &snapshot.setup;
    let declared = setup.declared(Domain::Unit).map_err(|error| super::impossible(error.into()))?;
    let mut rows: BTreeMap<String, Row> = declared.keys().map(|key| (key.clone(), Row::default())).collect();
    let own = snapshot.comparison.changes.iter().chain(&snapshot.comparison.ignored);
    rows.extend(own.map(|change| (change.id.key.clone(), Row::default())));
    let unread = snapshot.comparison.unknown.iter().filter_map(|unknown| unknown.item.as_ref());
    rows.extend(unread.map(|item| (item.key.clone(), Row::default())));
    // What the setup says is told even where this computer cannot be asked.
    let here = unit::list(session.host.as_ref());
    for file in here.as_ref().ok().into_iter().flatten() {
        if let Some(row) = rows.get_mut(&file.name()) {
            row.here = Some(file.state.clone());
            row.preset.clone_from(&file.preset);
        }
    }
    for (key, row) in &mut rows {
        let item = ItemId::new(Domain::Unit, key);
        let word = |manifest| said(setup, &item, manifest)?.value.as_ref().map(ToString::to_string);
        row.image = word(Manifest::SystemConfig);
        row.services = word(Manifest::SystemdServices);
    }
    let unread = snapshot.comparison.unknown.iter().filter(|unknown| unknown.item.is_none());
    let unread: Vec<&str> = unread.map(|unknown| unknown.problem.message.as_str()).collect();
    let problems: BTreeMap<String, String> = snapshot
        .comparison
        .unknown
        .iter()
        .filter_map(|unknown| Some((unknown.item.as_ref()?.key.clone(), unknown.problem.message.clone())))
        .collect();
    let units: Vec<_> = rows
        .iter()
        .map(|(key, row)| {
            json!({"id": ItemId::new(Domain::Unit, key), "here": row.here, "preset": row.preset, "image": row.image,
                "services": row.services, "problem": problems.get(key)})
        })
        .collect();
    let document = json!({"format": "bkt.units", "format_version": "1.0", "units": units});
    if rows.is_empty() {
        let text = gettext("The setup says nothing of services, and none was changed here.");
        return Ok(Answer::new(text, document));
    }
    let mut text = table(&rows);
    for problem in problems.values().map(String::as_str).chain(unread) {
        text.push_str(&format!("{problem}\n"));
    }
    Ok(Answer::new(text, document))
}

fn table(rows: &BTreeMap<String, Row>) -> String {
    let head = [gettext("UNIT"), gettext("HERE"), gettext("PRESET"), gettext("IMAGE"), gettext("SETUP, NOW")];
    let cell = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    let mut lines = vec![head];
    lines.extend(rows.iter().map(|(key, row)| {
        let here = row.here.clone().unwrap_or_else(|| gettext("not there"));
        [key.clone(), here, cell(&row.preset), cell(&row.image), cell(&row.services)]
    }));
    let wide = [0, 1, 2, 3].map(|column| widest(lines.iter().map(|row| &row[column])));
    let mut text = String::new();
    for (n, row) in lines.iter().enumerate() {
        let cells: Vec<String> = row.iter().zip(wide).map(|(cell, wide)| padded(cell, wide)).collect();
        let line = format!("{}  {}", cells.join("  "), row[4]);
        text.push_str(&if n == 0 { styled(BOLD, &line) } else { line });
        text.push('\n');
    }
    text
}

/// The words for a unit's state in the setup and where it says so.
pub(super) fn in_setup(setup: &Setup, unit: &UnitName) -> Option<String> {
    let item = ItemId::new(Domain::Unit, unit.as_str());
    let words = setup.manifests_of(&item).into_iter().filter_map(|manifest| {
        let said = said(setup, &item, manifest)?;
        let values = [("value", said.value.as_ref()?.to_string()), ("file", manifest.path().to_owned())];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        Some(fill(&gettext("{value} ({file})"), &values))
    });
    Some(words.collect::<Vec<_>>().join(", ")).filter(|words| !words.is_empty())
}
