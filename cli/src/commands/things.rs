// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt shim`: from words to items and the values they are to have.
//!
//! Invariant: a name no tool would accept is refused before anything is looked at.

use bkt_core::item::{Domain, ItemId};
use bkt_core::name::{HostCommand, NameError, ShimName};
use bkt_core::value::Value;

use super::verb;
use crate::args::ShimCommand;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};

/// `bkt shim`.
pub(super) fn shim(context: &Context, command: &ShimCommand) -> Result<Answer, Failure> {
    match command {
        ShimCommand::Add(args) => {
            let wanted = args.things.names.iter().map(|name| {
                let host: HostCommand = args.host.as_deref().unwrap_or(name).parse()?;
                Ok((ItemId::new(Domain::Shim, name.parse::<ShimName>()?.as_str()), Some(Value::Command(host))))
            });
            let wanted: Vec<_> = wanted.collect::<Result<_, NameError>>().map_err(refused)?;
            verb::change(context, wanted, &args.things.sides)
        }
        ShimCommand::Remove(args) => verb::change(context, verb::gone(Domain::Shim, &args.names), &args.sides),
        ShimCommand::List => verb::list(context, Domain::Shim),
        ShimCommand::Sync => verb::sync(context, &[Domain::Shim], false),
        ShimCommand::Show(args) => verb::show(context, Domain::Shim, &args.names),
    }
}

fn refused(error: NameError) -> Failure {
    Failure::new(exit::USAGE, "name_invalid", error.to_string())
}
