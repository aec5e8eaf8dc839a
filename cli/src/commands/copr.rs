// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt copr`, also as `bkt dnf copr`: where packages come from besides the distribution.
//!
//! Invariant: a project that is added is one whose packages are checked.

use bkt_core::item::Domain;
use bkt_core::name::CoprProject;
use bkt_core::value::{CoprState, Value};

use super::verb;
use crate::args::CoprCommand;
use crate::context::Context;
use crate::error::{Answer, Failure};

/// `bkt copr`.
pub(super) fn copr(context: &Context, command: &CoprCommand) -> Result<Answer, Failure> {
    let named = |names: &[String], state| verb::named::<CoprProject>(Domain::Copr, names, &Value::Copr(state));
    match command {
        CoprCommand::Add(args) => verb::change(context, named(&args.names, CoprState::CHECKED)?, &args.sides),
        CoprCommand::Disable(args) => verb::change(context, named(&args.names, CoprState::DISABLED)?, &args.sides),
        CoprCommand::Remove(args) => {
            named(&args.names, CoprState::DISABLED)?;
            verb::change(context, verb::gone(Domain::Copr, &args.names), &args.sides)
        }
        CoprCommand::List => verb::list(context, Domain::Copr),
        CoprCommand::Show(args) => verb::show(context, Domain::Copr, &args.names),
    }
}
