// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt dnf`: packages of the setup and of this computer, in dnf's own words.
//!
//! What only looks is dnf's to answer: its words are passed on as they are.
//!
//! Invariant: no word a person typed becomes an option of a tool.

mod groups;

use bkt_core::compare::{Change, Decision};
use bkt_core::host::{HostError, Invocation, Output};
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::Domain;
use bkt_core::name::PackageName;
use bkt_core::plan::Consent;
use bkt_core::recipe::of_the_image;
use bkt_core::setup::Setup;
use bkt_core::value::Value;
use serde_json::json;

use super::run::{self, Proposal};
use super::{diff, verb};
use crate::args::{DiffArgs, DnfCommand};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};

/// `bkt dnf`.
pub(super) fn dnf(context: &Context, command: &DnfCommand) -> Result<Answer, Failure> {
    match command {
        DnfCommand::Install(args) => {
            if let Some(named) = groups::named(args)? {
                return groups::change(context, named, true);
            }
            let wanted = verb::named::<PackageName>(Domain::Pkg, &args.names, &Value::Present)?;
            verb::change(context, wanted, &args.sides)
        }
        DnfCommand::Remove(args) => {
            if let Some(named) = groups::named(args)? {
                return groups::change(context, named, false);
            }
            verb::named::<PackageName>(Domain::Pkg, &args.names, &Value::Present)?;
            verb::change(context, verb::gone(Domain::Pkg, &args.names), &args.sides)
        }
        DnfCommand::Copr { command } => super::copr::copr(context, command),
        DnfCommand::List => list(context),
        DnfCommand::Show(args) => verb::show(context, Domain::Pkg, &args.names),
        DnfCommand::Diff => {
            let items = vec![Domain::Copr.to_string(), Domain::Pkg.to_string()];
            diff::diff(context, &DiffArgs { items, exit_code: false })
        }
        DnfCommand::Sync => sync(context),
        DnfCommand::Search { words } => ask(context, "search", words),
        DnfCommand::Info { words } => ask(context, "info", words),
        DnfCommand::Provides { words } => ask(context, "provides", words),
    }
}

/// `list`: packages, and what of the setup concerns the image alone.
fn list(context: &Context) -> Result<Answer, Failure> {
    let mut answer = verb::list(context, Domain::Pkg)?;
    // A manifest that cannot be read is told of by the list itself.
    let of_image = Setup::load(&context.setup()?).ok().and_then(|setup| of_the_image(&setup).ok()).unwrap_or_default();
    for (names, sentence) in [
        (&of_image.groups, gettext("Groups for the image: {names}\n")),
        (&of_image.excluded, gettext("Kept out of the image: {names}\n")),
    ] {
        if !names.is_empty() {
            answer.text.push_str(&fill(&sentence, &[("names", &names.join(", "))]));
        }
    }
    answer.document["groups"] = json!(of_image.groups);
    answer.document["excluded"] = json!(of_image.excluded);
    Ok(answer)
}

/// `sync`: what the setup asks for and is not here; nothing is removed.
fn sync(context: &Context) -> Result<Answer, Failure> {
    let session = context.session()?;
    let snapshot = run::compare_kinds(context, &session, &[Domain::Copr, Domain::Pkg])?;
    let wanted = |change: &&Change| change.setup.is_some() && change.fixed.is_none();
    let changes: Vec<&Change> = snapshot.comparison.changes.iter().filter(wanted).collect();
    let decisions = changes.iter().map(|change| (change.id.clone(), Decision::Apply)).collect();
    let question = gettext("Run this plan?");
    let proposal = Proposal { changes, decisions, question, named: true, private: Consent::Asked, now: false };
    run::propose(context, &session, &snapshot, proposal)
}

/// Lets dnf answer; rpm where there is no dnf and rpm knows.
fn ask(context: &Context, verb: &str, words: &[String]) -> Result<Answer, Failure> {
    if let Some(option) = words.iter().find(|word| word.starts_with('-')) {
        let message = fill(&gettext("‘{word}’ is an option of dnf; only names are passed on"), &[("word", option)]);
        return Err(Failure::new(exit::USAGE, "usage", message));
    }
    let host = context.host()?;
    let root = host.root().map(|root| root.display().to_string());
    let mut invocation = Invocation::new("dnf", ["-q"]);
    if let Some(root) = &root {
        invocation = invocation.arg("--installroot").arg(root);
    }
    invocation = words.iter().fold(invocation.arg(verb), |invocation, word| invocation.arg(word));
    let answered = match host.run(&invocation) {
        Err(HostError::Missing(_)) if verb != "search" => {
            invocation =
                Invocation::new("rpm", if verb == "info" { vec!["-q", "-i"] } else { vec!["-q", "--whatprovides"] });
            if let Some(root) = &root {
                invocation = invocation.arg("--root").arg(root);
            }
            invocation = words.iter().fold(invocation, |invocation, word| invocation.arg(word));
            host.run(&invocation)
        }
        other => other,
    };
    let Output { status, stdout, stderr } = answered?;
    let document = json!({
        "format": "bkt.dnf",
        "format_version": "1.0",
        "program": invocation.program,
        "arguments": invocation.args,
        "exit": status,
        "output": stdout,
    });
    let said = stderr.trim_end();
    if !said.is_empty() {
        context.ui.say(said);
    }
    let exit = if status == 0 { exit::DONE } else { exit::FAILED };
    Ok(Answer::new(stdout, document).exiting(exit))
}
