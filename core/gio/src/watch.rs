// SPDX-License-Identifier: GPL-3.0-or-later
//! Telling of changes as they happen.
//!
//! GSettings signals arrive in the main context of whoever opened the settings, so a watch has one of its own
//! and sleeps in it. Every value is read once, because only keys that were read are signalled.
//!
//! Invariant: a change is told when the value differs from the one last told; a signal alone is no change.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel};

use bkt_core::host::HostError;
use bkt_core::host::settings::{SettingError, SettingEvent};
use bkt_core::name::{SchemaName, SettingKey};
use gio::prelude::SettingsExt;

use crate::lookup::{Opened, Schemas};
use crate::text;

type Sink<'s> = &'s mut dyn FnMut(SettingEvent) -> ControlFlow<()>;

/// Watches until `sink` breaks off.
pub(crate) fn watch(
    open: impl FnOnce() -> Result<Schemas, HostError>,
    named: &[SchemaName],
    sink: Sink<'_>,
) -> Result<(), SettingError> {
    let context = glib::MainContext::new();
    let watched = context.with_thread_default(|| {
        let schemas = open()?;
        let (signals, signalled) = channel();
        let mut watch = Watch { schemas, signals, opened: BTreeMap::new(), values: BTreeMap::new() };
        for opened in watch.schemas.all(named)? {
            watch.add(opened);
        }
        if sink(SettingEvent::Watching { keys: watch.values.len() }).is_continue() {
            watch.run(&context, &signalled, sink);
        }
        Ok(())
    });
    watched.map_err(|error| HostError::Failed { program: "gsettings".to_owned(), reason: error.to_string() })?
}

struct Watch {
    schemas: Schemas,
    signals: Sender<(SchemaName, String)>,
    opened: BTreeMap<SchemaName, Opened>,
    values: BTreeMap<SettingKey, String>,
}

impl Watch {
    fn add(&mut self, opened: Opened) {
        let (signals, name) = (self.signals.clone(), opened.name.clone());
        opened.settings.connect_changed(None, move |_, key| {
            // The receiver lives as long as the settings.
            let _ = signals.send((name.clone(), key.to_owned()));
        });
        for (key, name) in opened.keys() {
            self.values.insert(name, text::canonical(&opened.settings.value(&key)));
        }
        self.opened.insert(opened.name.clone(), opened);
    }

    fn run(&mut self, context: &glib::MainContext, signalled: &Receiver<(SchemaName, String)>, sink: Sink<'_>) {
        loop {
            context.iteration(true);
            // One write may be signalled several times, by key and by path.
            let signals: BTreeSet<_> = signalled.try_iter().collect();
            for (name, key) in &signals {
                if self.tell(name, key, sink).is_break() || self.follow(name, sink).is_break() {
                    return;
                }
            }
        }
    }

    /// Tells of a key, where its value is another one.
    fn tell(&mut self, name: &SchemaName, key: &str, sink: Sink<'_>) -> ControlFlow<()> {
        let (Some(opened), Ok(id)) = (self.opened.get(name), name.key(key)) else { return ControlFlow::Continue(()) };
        let new = text::canonical(&opened.settings.value(key));
        match self.values.insert(id.clone(), new.clone()) {
            Some(old) if old != new => {
                let reset = opened.settings.user_value(key).is_none();
                sink(SettingEvent::Changed { key: id, old, new, reset })
            }
            _ => ControlFlow::Continue(()),
        }
    }

    /// Watches instances that a list names since now, and tells what is set in them.
    fn follow(&mut self, name: &SchemaName, sink: Sink<'_>) -> ControlFlow<()> {
        let Some(parent) = self.opened.get(name) else { return ControlFlow::Continue(()) };
        let known = |opened: &Opened| self.opened.contains_key(&opened.name);
        let new: Vec<_> = self.schemas.instances(parent).into_iter().filter(|opened| !known(opened)).collect();
        for opened in new {
            let (name, keys) = (opened.name.clone(), opened.keys());
            let defaults = keys.iter().map(|(key, id)| (id.clone(), text::canonical(&default(&opened, key))));
            let defaults: Vec<_> = defaults.collect();
            self.add(opened);
            self.values.extend(defaults);
            for key in keys.keys() {
                self.tell(&name, key, sink)?;
            }
        }
        ControlFlow::Continue(())
    }
}

/// The value of a key where the person chose none.
pub(crate) fn default(opened: &Opened, key: &str) -> glib::Variant {
    opened.settings.default_value(key).unwrap_or_else(|| opened.schema.key(key).default_value())
}
