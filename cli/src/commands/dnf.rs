// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt dnf`: packages of the setup and of this computer, in dnf's own words.
//!
//! What only looks is dnf's to answer: its words are passed on as they are.
//!
//! Invariant: no word a person typed becomes an option of a tool.

use bkt_core::domain::{self, pkg::groups};
use bkt_core::host::{HostError, Invocation, Output};
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::name::{NameError, PackageName};
use bkt_core::recipe::of_the_image;
use bkt_core::setup::Setup;
use bkt_core::value::Value;
use serde_json::json;

use super::{diff, verb};
use crate::args::{DiffArgs, DnfCommand, ThingsArgs};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};

/// `bkt dnf`.
pub(super) fn dnf(context: &Context, command: &DnfCommand) -> Result<Answer, Failure> {
    match command {
        DnfCommand::Install(args) => {
            let items = items(args)?;
            let has_groups = items.iter().any(|item| !domain::kind(item.domain).is_compared(&item.key));
            let wanted = items.into_iter().map(|item| (item, Some(Value::Present)));
            let answer = verb::change(context, wanted, &args.sides)?;
            Ok(if has_groups && !context.globals.dry_run {
                answer.hinted(gettext("The packages of a group come with the next image built from the setup."))
            } else {
                answer
            })
        }
        DnfCommand::Remove(args) => {
            verb::change(context, items(args)?.into_iter().map(|item| (item, None)), &args.sides)
        }
        DnfCommand::Copr { command } => super::copr::copr(context, command),
        DnfCommand::List => list(context),
        DnfCommand::Show(args) => verb::show(context, Domain::Pkg, &args.names),
        DnfCommand::Diff => {
            let items = vec![Domain::Copr.to_string(), Domain::Pkg.to_string()];
            diff::diff(context, &DiffArgs { items, exit_code: false })
        }
        DnfCommand::Sync(args) => verb::sync(context, &[Domain::Copr, Domain::Pkg], args.now),
        DnfCommand::Search { words } => ask(context, "search", words),
        DnfCommand::Info { words } => ask(context, "info", words),
        DnfCommand::Provides { words } => ask(context, "provides", words),
    }
}

/// The items of some names: packages, and groups of them as `@NAME`, which are for the image alone.
fn items(args: &ThingsArgs) -> Result<Vec<ItemId>, Failure> {
    let item = |name: &String| match name.strip_prefix('@') {
        Some(_) if args.sides.here_only || args.sides.now => {
            Err(Failure::new(exit::USAGE, "not_possible", gettext("a group is for the image alone"))
                .hinted(gettext("Name the packages it is about")))
        }
        Some(group) => group.parse().map(|group| groups::key(&group)).map_err(invalid),
        None => name.parse().map(|name: PackageName| name.to_string()).map_err(invalid),
    };
    let keys: Result<Vec<String>, Failure> = args.names.iter().map(item).collect();
    Ok(keys?.into_iter().map(|key| ItemId::new(Domain::Pkg, key)).collect())
}

fn invalid(error: NameError) -> Failure {
    Failure::new(exit::USAGE, "name_invalid", error.to_string())
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
    Ok(Answer::new(stdout, document).verbatim().exiting(exit))
}
