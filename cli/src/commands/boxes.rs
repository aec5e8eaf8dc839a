// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt distrobox`: from words to boxes and what they are made from.
//!
//! Invariant: what distrobox would hand to a shell is refused before anything is looked at or written.

use std::fmt::Display;
use std::str::FromStr;

use bkt_core::domain::boxes::assemble::Assembled;
use bkt_core::domain::boxes::{self, assemble};
use bkt_core::files;
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::name::{BoxName, ImageName, NameError};
use bkt_core::setup::Setup;
use bkt_core::value::{BoxSource, Value, Words};

use super::verb;
use crate::args::{ApplyArgs, BoxAdd, BoxCapture, BoxCommand, BoxImport, CaptureArgs, KindsArgs, SideArgs};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};

/// `bkt distrobox`.
pub(super) fn boxes(context: &Context, command: &BoxCommand) -> Result<Answer, Failure> {
    match command {
        BoxCommand::Add(args) => add(context, args),
        BoxCommand::Remove(args) => {
            items(&args.names)?;
            verb::change(context, verb::gone(Domain::Box, &args.names), &args.sides)
        }
        BoxCommand::List => verb::list(context, Domain::Box),
        BoxCommand::Show(args) => {
            let answer = verb::show(context, Domain::Box, &args.names)?;
            let note = gettext(
                "Not compared: what was installed in a box since, programs of whole folders, apps in the menu, ‘pull’.",
            );
            Ok(answer.hinted(note))
        }
        BoxCommand::Apply(args) => super::apply::apply(
            context,
            &ApplyArgs { kinds: KindsArgs::default(), items: items(&args.names)?, all: false, now: false },
        ),
        BoxCommand::Capture(args) => capture(context, args),
        BoxCommand::Import(args) => import(context, args),
    }
}

/// The items of names; of all boxes where none is named.
fn items(names: &[String]) -> Result<Vec<String>, Failure> {
    if names.is_empty() {
        return Ok(vec![Domain::Box.to_string()]);
    }
    names.iter().map(|name| Ok(ItemId::new(Domain::Box, parsed::<BoxName>(name)?.as_str()).to_string())).collect()
}

fn capture(context: &Context, args: &BoxCapture) -> Result<Answer, Failure> {
    if args.packages.is_some() || args.only_packages {
        let message = gettext("what was installed inside a box is not captured");
        let name = args.packages.as_deref().unwrap_or("NAME");
        let hint = gettext("Name the packages it is to be made with: bkt distrobox add {box} --package PACKAGE");
        return Err(Failure::new(exit::USAGE, "not_captured", message).hinted(fill(&hint, &[("box", name)])));
    }
    let items = items(&args.boxes.names)?;
    let include_private = args.include_private;
    super::capture::capture(context, &CaptureArgs { kinds: KindsArgs::default(), items, all: false, include_private })
}

/// The boxes of a file, into the setup alone: what they are made into here is decided about like any other change.
fn import(context: &Context, args: &BoxImport) -> Result<Answer, Failure> {
    let file = args.file.display().to_string();
    let unusable = |reason: &str| {
        let message = fill(&gettext("{file}: {reason}"), &[("file", &file), ("reason", reason)]);
        Failure::new(exit::USAGE, "import_invalid", message)
    };
    let text = files::read(&args.file).map_err(|error| unusable(&error.to_string()))?;
    let text = text.ok_or_else(|| unusable(&gettext("there is no such file")))?;
    let home = context.environment.home.as_ref().map(|home| home.display().to_string());
    let found = assemble::read(&text, home.as_deref()).map_err(|problem| unusable(&problem.message))?;
    if found.is_empty() {
        return Err(unusable(&gettext("it has no box")));
    }
    let mut wanted = Vec::new();
    for Assembled { name, source, left } in found {
        refuse(&name, &source)?;
        if !left.is_empty() {
            let sentence = gettext("Left out of {box}, because a setup has no place for it: {keys}");
            context.ui.say(&fill(&sentence, &[("box", name.as_str()), ("keys", &left.join(", "))]));
        }
        wanted.push((ItemId::new(Domain::Box, name.as_str()), Some(Value::Box(Box::new(source)))));
    }
    verb::change(context, wanted, &SideArgs { setup_only: true, ..SideArgs::default() })
}

/// Refuses what distrobox would hand to a shell.
fn refuse(name: &BoxName, source: &BoxSource) -> Result<(), Failure> {
    let Some(reason) = boxes::objection(source) else { return Ok(()) };
    let values = [("box", name.as_str()), ("reason", &reason)];
    let message = fill(&gettext("{box} cannot be made: {reason}"), &values);
    Err(Failure::new(exit::USAGE, "box_refused", message))
}

fn add(context: &Context, args: &BoxAdd) -> Result<Answer, Failure> {
    let name: BoxName = parsed(&args.name)?;
    let image = args.image.as_deref().map(parsed::<ImageName>).transpose()?;
    let setup = Setup::load(&context.setup()?).map_err(bkt_core::session::SessionError::from)?;
    let said = setup.declared(Domain::Box).ok().and_then(|declared| declared.get(name.as_str())?.value.as_ref());
    let mut source = match said {
        Some(Value::Box(source)) => source.as_ref().clone(),
        _ => BoxSource::default(),
    };
    source.image = image.or(source.image);
    if source.image.is_none() {
        let message = fill(&gettext("the setup has no box {box}, so it needs an image"), &[("box", name.as_str())]);
        let hint = gettext("Add --image, for example --image registry.fedoraproject.org/fedora-toolbox:latest");
        return Err(Failure::new(exit::USAGE, "image_missing", message).hinted(hint));
    }
    for (list, words) in [
        (&mut source.packages, &args.packages),
        (&mut source.volume, &args.volumes),
        (&mut source.path, &args.path),
        (&mut source.init_hooks, &args.init_hooks),
        (&mut source.pre_init_hooks, &args.pre_init_hooks),
        (&mut source.additional_flags, &args.flags),
        (&mut source.exported_apps, &args.apps),
    ] {
        put(list, words);
    }
    if !args.exports.is_empty() {
        put(&mut source.bins.get_or_insert_default().also, &args.exports);
    }
    for variable in &args.env {
        let (variable, value) = variable.split_once('=').unwrap_or((variable, ""));
        source.env.get_or_insert_default().insert(variable.to_owned(), value.to_owned());
    }
    source.init = args.init.then_some(true).or(source.init);
    source.pull = args.pull.then_some(true).or(source.pull);
    refuse(&name, &source)?;
    let item = ItemId::new(Domain::Box, name.as_str());
    verb::change(context, [(item, Some(Value::Box(Box::new(source))))], &args.sides)
}

/// Adds words that are not there yet.
fn put(list: &mut Words, words: &[String]) {
    for word in words {
        let list = list.get_or_insert_default();
        if !list.contains(word) {
            list.push(word.clone());
        }
    }
}

fn parsed<N: FromStr<Err = NameError> + Display>(text: &str) -> Result<N, Failure> {
    text.parse().map_err(|error: NameError| Failure::new(exit::USAGE, "name_invalid", error.to_string()))
}
