// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt admin bootc`: the versions of the system, a newer one, another image, or back to the one before.
//!
//! Invariant: nothing restarts the computer; another image is followed only once its name was typed a second time.

use bkt_core::compare::Origin;
use bkt_core::deployment::{System, image};
use bkt_core::document;
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::name::SystemImage;
use bkt_core::plan::step::SYSTEM_IMAGE;
use bkt_core::plan::{Action, Plan, Preconditions, Step};
use bkt_core::run::StepState;
use bkt_core::session::Session;
use serde_json::json;

use super::super::run::{self, Together};
use super::super::system;
use super::impossible;
use crate::args::{BootcCommand, SwitchArgs, SystemArgs, SystemCommand, UpgradeArgs};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};

pub(super) fn bootc(context: &Context, command: &BootcCommand) -> Result<Answer, Failure> {
    let show = |command| system::system(context, &SystemArgs { command: Some(command) });
    match command {
        BootcCommand::Status => show(SystemCommand::Show),
        BootcCommand::Diff(args) => show(SystemCommand::Diff(args.clone())),
        BootcCommand::Upgrade(args) => upgrade(context, args),
        BootcCommand::Switch(args) => switch(context, args),
        BootcCommand::Rollback => rollback(context),
        BootcCommand::Reset => reset(context),
    }
}

/// This computer, which must be able to do it.
fn able(context: &Context, action: &Action) -> Result<(Session, System), Failure> {
    let session = context.session_without_setup()?;
    let system = System::probe(session.host.as_ref());
    image::possible(&system, action).map_err(impossible)?;
    Ok((session, system))
}

/// The plan of one step.
fn plan(system: &System, action: Action) -> Result<Plan, Failure> {
    let steps = if image::is_so_already(system, &action) {
        Vec::new()
    } else {
        let effect = action.effect();
        vec![Step::apply(ItemId::new(Domain::Pkg, SYSTEM_IMAGE), action, effect, Origin::SetupChanged)]
    };
    let plan = Plan::new(Preconditions::of_image(system), steps, Vec::new());
    plan.check()?;
    Ok(plan)
}

fn upgrade(context: &Context, args: &UpgradeArgs) -> Result<Answer, Failure> {
    let action = Action::UpgradeSystem {};
    if args.check {
        return check(context);
    }
    let (session, system) = able(context, &action)?;
    let mut answer = run::fulfil(context, &session, plan(&system, action)?, Together::Ask)?;
    // What was done without anything to wait for was a question whose answer was no.
    if answer.document["operations"][0]["state"] == json!(StepState::Done) {
        answer.text = gettext("This computer has the newest version already.");
    }
    Ok(answer)
}

/// `upgrade --check`: only says whether there is a newer version.
fn check(context: &Context) -> Result<Answer, Failure> {
    let host = context.brief_host()?;
    let system = System::probe(host.as_ref());
    if !system.kind.is_image_based() {
        image::possible(&system, &Action::UpgradeSystem {}).map_err(impossible)?;
    }
    let update = image::check(host.as_ref(), &system).map_err(impossible)?;
    let staged = system.staged.as_ref().filter(|_| !system.waits_for_arguments()).map(|staged| staged.title());
    let document = json!({
        "format": "bkt.system-update", "format_version": "1.0", "staged": staged,
        "update": update.as_ref().map(|update| json!({"version": update.version, "digest": update.digest})),
    });
    let text = match (&update, &staged) {
        (Some(update), _) => {
            let name = update.version.clone().or_else(|| update.digest.clone()).unwrap_or_default();
            fill(&gettext("There is a newer version: {version}"), &[("version", &name)])
        }
        (None, Some(staged)) => fill(&gettext("{version} waits for the restart."), &[("version", staged)]),
        (None, None) => gettext("This computer has the newest version already."),
    };
    let hint = update.map(|_| gettext("Prepare it for the next start: bkt admin bootc upgrade"));
    Ok(Answer::new(text, document).hinted(hint.unwrap_or_default()))
}

fn switch(context: &Context, args: &SwitchArgs) -> Result<Answer, Failure> {
    let parse = |text: &String| text.parse::<SystemImage>();
    let invalid = |error: bkt_core::name::NameError| {
        Failure::new(exit::USAGE, "name_invalid", error.to_string()).hinted(gettext("Name it as ghcr.io/you/image:tag"))
    };
    let image = parse(&args.image).map_err(invalid)?;
    let probe = System::probe(context.brief_host()?.as_ref());
    let action = Action::SwitchSystem { image: image.clone(), signed: probe.is_signed() };
    let (session, system) = able(context, &action)?;
    let plan = plan(&system, action)?;
    if plan.is_empty() {
        let message = fill(&gettext("This computer follows {image} already."), &[("image", image.as_str())]);
        let hint = gettext("Prepare its newest version: bkt admin bootc upgrade");
        return Ok(Answer::new(message, document::plan(&plan)).hinted(hint));
    }
    let how = match &args.confirm_image {
        _ if context.globals.dry_run => Together::Ask,
        Some(again) if *again == args.image => Together::Ask,
        Some(_) => return Err(differs()),
        None => typed(context, &session, &plan, &image)?,
    };
    run::fulfil(context, &session, plan, how)
}

fn differs() -> Failure {
    let message = gettext("the two names of the image differ; nothing was changed");
    Failure::new(exit::USAGE, "not_confirmed", message)
}

/// Has the person type the image's name under the plan, which is their yes.
fn typed(context: &Context, session: &Session, plan: &Plan, image: &SystemImage) -> Result<Together<'static>, Failure> {
    if !context.ui.can_ask {
        let message = gettext("following another image replaces the whole system, so its name is asked for twice");
        let hint = fill(&gettext("Add --confirm-image {image}"), &[("image", image.as_str())]);
        return Err(Failure::new(exit::USAGE, "needs_confirmation", message).hinted(hint));
    }
    context.ui.say(&run::shown(context, session, plan, 0).0);
    let question = gettext("Type the name of the image to replace the whole system with it:");
    match context.ui.ask(&question) {
        Some(answer) if answer == image.as_str() => Ok(Together::Do),
        _ => Err(differs()),
    }
}

fn rollback(context: &Context) -> Result<Answer, Failure> {
    let action = Action::RollBackSystem {};
    let (session, system) = able(context, &action)?;
    let plan = plan(&system, action)?;
    if plan.is_empty() {
        let title = system.rollback.as_ref().map(|rollback| rollback.title()).unwrap_or_default();
        let message = fill(&gettext("The next start uses {version} already."), &[("version", &title)]);
        return Ok(Answer::new(message, document::plan(&plan)));
    }
    run::fulfil(context, &session, plan, Together::Ask)
}

fn reset(context: &Context) -> Result<Answer, Failure> {
    let action = Action::ResetSystem {};
    let (session, system) = able(context, &action)?;
    let plan = plan(&system, action)?;
    if plan.is_empty() {
        let message = gettext("Nothing is layered on the image, replaced or removed in it.");
        return Ok(Answer::new(message, document::plan(&plan)));
    }
    run::fulfil(context, &session, plan, Together::Ask)
}
