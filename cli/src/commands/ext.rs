// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt ext`: extensions of GNOME Shell by name.
//!
//! Only the running Shell installs one, from extensions.gnome.org, and asks the person itself.
//!
//! Invariant: an extension that is not installed is turned neither on nor off, unless it is only written down.

use bkt_core::i18n::{fill, gettext};
use bkt_core::item::Domain;
use bkt_core::name::ExtensionId;
use bkt_core::value::{ExtensionState, Value};

use super::run;
use super::verb;
use crate::args::{ExtCommand, ThingsArgs};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::select::nearest;

/// `bkt ext`.
pub(super) fn ext(context: &Context, command: &ExtCommand) -> Result<Answer, Failure> {
    match command {
        ExtCommand::Add(args) => set(context, args, ExtensionState::Enabled),
        ExtCommand::Remove(args) => verb::change(context, verb::gone(Domain::Ext, &args.names), &args.sides),
        ExtCommand::Enable(args) => {
            installed(context, args)?;
            set(context, args, ExtensionState::Enabled)
        }
        ExtCommand::Disable(args) => {
            installed(context, args)?;
            set(context, args, ExtensionState::Disabled)
        }
        ExtCommand::List => verb::list(context, Domain::Ext),
        ExtCommand::Sync => verb::sync(context, &[Domain::Ext], false),
        ExtCommand::Show(args) => verb::show(context, Domain::Ext, &args.names),
    }
}

fn set(context: &Context, args: &ThingsArgs, state: ExtensionState) -> Result<Answer, Failure> {
    let wanted = verb::named::<ExtensionId>(Domain::Ext, &args.names, &Value::Extension(state))?;
    verb::change(context, wanted, &args.sides).map_err(|mut failure| {
        if failure.problem.code == "incompatible" {
            failure.problem.hint = Some(gettext("With --setup-only it is written down anyway"));
        }
        failure
    })
}

/// Refuses the first extension that is not installed.
fn installed(context: &Context, args: &ThingsArgs) -> Result<(), Failure> {
    if context.setup_only(&args.sides) {
        return Ok(());
    }
    let snapshot = run::compare_kinds(context, &context.brief_session()?, &[Domain::Ext])?;
    // What could not be looked at is told of when it is to be changed.
    let Some(seen) = snapshot.comparison.observed.get(&Domain::Ext) else { return Ok(()) };
    let here = |name: &str| seen.entries.get(name).is_some_and(|seen| seen.value.is_some() || seen.problem.is_some());
    let Some(missing) = args.names.iter().find(|name| !here(name)) else { return Ok(()) };
    let values = [("extension", missing.as_str())];
    let failure =
        Failure::new(exit::NOT_POSSIBLE, "not_installed", fill(&gettext("{extension} is not installed"), &values));
    let known = seen.entries.iter().filter(|(_, seen)| seen.value.is_some()).map(|(id, _)| id.as_str());
    Err(failure.hinted(match nearest(missing, known) {
        Some(similar) => fill(&gettext("Did you mean {item}?"), &[("item", similar)]),
        None => fill(&gettext("‘bkt ext add {extension}’ installs it"), &values),
    }))
}
