// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt dnf`, `bkt flatpak`: from words to items and the values they are to have.
//!
//! Invariant: a name no tool would accept is refused before anything is looked at.

use bkt_core::item::{Domain, ItemId};
use bkt_core::name::{BranchName, FlatpakId, HostCommand, NameError, PackageName, RemoteName, ShimName};
use bkt_core::value::{FlatpakSource, Scope, Value};

use super::verb;
use crate::args::{DnfCommand, FlatpakAdd, FlatpakCommand, ShimCommand};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};

/// `bkt dnf`.
pub(super) fn dnf(context: &Context, command: &DnfCommand) -> Result<Answer, Failure> {
    match command {
        DnfCommand::Install(args) => {
            let wanted = verb::named::<PackageName>(Domain::Pkg, &args.names, &Value::Present)?;
            verb::change(context, wanted, &args.sides)
        }
        DnfCommand::Remove(args) => {
            verb::named::<PackageName>(Domain::Pkg, &args.names, &Value::Present)?;
            verb::change(context, verb::gone(Domain::Pkg, &args.names), &args.sides)
        }
        DnfCommand::List => verb::list(context, Domain::Pkg),
        DnfCommand::Show(args) => verb::show(context, Domain::Pkg, &args.names),
    }
}

/// `bkt flatpak`.
pub(super) fn flatpak(context: &Context, command: &FlatpakCommand) -> Result<Answer, Failure> {
    match command {
        FlatpakCommand::Add(args) => {
            let source = Value::Flatpak(source(args).map_err(refused)?);
            let wanted = verb::named::<FlatpakId>(Domain::Flatpak, &args.things.names, &source)?;
            verb::change(context, wanted, &args.things.sides)
        }
        FlatpakCommand::Remove(args) => verb::change(context, verb::gone(Domain::Flatpak, &args.names), &args.sides),
        FlatpakCommand::List => verb::list(context, Domain::Flatpak),
        FlatpakCommand::Show(args) => verb::show(context, Domain::Flatpak, &args.names),
    }
}

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
        ShimCommand::Show(args) => verb::show(context, Domain::Shim, &args.names),
    }
}

fn source(args: &FlatpakAdd) -> Result<FlatpakSource, NameError> {
    Ok(FlatpakSource {
        remote: args.remote.parse::<RemoteName>()?,
        scope: if args.system || args.scope.as_deref() == Some("system") { Scope::System } else { Scope::User },
        branch: args.branch.as_deref().map(str::parse::<BranchName>).transpose()?,
        commit: None,
    })
}

fn refused(error: NameError) -> Failure {
    Failure::new(exit::USAGE, "name_invalid", error.to_string())
}
