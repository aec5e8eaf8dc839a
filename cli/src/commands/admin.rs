// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt admin`: kernel arguments, services of the image and of this computer, versions of the system.
//!
//! Invariant: looking never asks for permission; what changes the computer is a plan a person has seen.

mod bootc;
pub(crate) mod kargs;
mod systemctl;
mod systemd;

use bkt_core::deployment::System;
use bkt_core::domain::unit;
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::ItemId;
use bkt_core::name::UnitName;
use bkt_core::problem::Problem;
use bkt_core::session::Session;

use crate::args::{AdminArgs, AdminCommand};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};

/// `bkt admin`.
pub(super) fn admin(context: &Context, args: &AdminArgs) -> Result<Answer, Failure> {
    match &args.command {
        AdminCommand::Kargs { command } => kargs::kargs(context, command),
        AdminCommand::Systemd { command } => systemd::systemd(context, command),
        AdminCommand::Systemctl { command } => systemctl::systemctl(context, command),
        AdminCommand::Bootc { command } => bootc::bootc(context, command),
    }
}

/// Says when what only the setup says becomes real; `items` are those of which this computer is otherwise.
fn later<'i>(session: &Session, answer: Answer, items: impl Iterator<Item = &'i ItemId>) -> Answer {
    let items: Vec<String> = items.map(ToString::to_string).collect();
    if items.is_empty() {
        return answer;
    }
    let hint = if System::probe(session.host.as_ref()).kind.is_image_based() {
        gettext("Takes effect with the next image built from the setup.")
    } else {
        fill(&gettext("Make this computer so: bkt apply {items}"), &[("items", &items.join(" "))])
    };
    let hints = format!("{}\n{hint}", answer.hints.trim_end());
    answer.hinted(hints.trim().to_owned())
}

/// A failure that is this computer's.
fn impossible(problem: Problem) -> Failure {
    Failure { problem, exit: exit::NOT_POSSIBLE }
}

/// The units some words name; one without a dot is a service.
fn units(names: &[String]) -> Result<Vec<UnitName>, Failure> {
    let parse = |name: &String| unit::full_name(name).parse::<UnitName>();
    let units: Result<Vec<_>, _> = names.iter().map(parse).collect();
    units.map_err(|error| Failure::new(exit::USAGE, "name_invalid", error.to_string()))
}

/// Refuses units that are never turned off or stopped.
fn spare(units: &[UnitName]) -> Result<(), Failure> {
    match units.iter().find(|unit| unit.keeps_computer_usable()) {
        None => Ok(()),
        Some(unit) => {
            let message = gettext("{unit} keeps the computer usable and is never turned off");
            let message = fill(&message, &[("unit", unit.as_str())]);
            Err(Failure::new(exit::NOT_POSSIBLE, "protected", message))
        }
    }
}
