// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt admin kargs`: every kernel argument with where it is and whose it is; adding and removing them.
//!
//! Invariant: what the image provides is never taken out on this computer; the setup can ask the recipe to.

use bkt_core::deployment::System;
use bkt_core::domain::karg::{self, Fact, Source};
use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::manifest::Declarations;
use bkt_core::name::KernelArgument;
use bkt_core::plan::{Wish, Wishes};
use bkt_core::session::Session;
use bkt_core::setup::Setup;
use bkt_core::value::Value;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::super::verb;
use crate::args::{KargsCommand, NamesArgs, TwoSidesArgs};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::ui::{BOLD, padded, styled, widest};

/// Longer arguments get a line of their own.
const LONG: usize = 34;

pub(super) fn kargs(context: &Context, command: &KargsCommand) -> Result<Answer, Failure> {
    match command {
        KargsCommand::List => list(context, None),
        KargsCommand::Show(NamesArgs { names }) => list(context, Some(names)),
        KargsCommand::Append(args) => append(context, args),
        KargsCommand::Remove(args) => remove(context, args),
    }
}

fn arguments(names: &[String]) -> Result<Vec<KernelArgument>, Failure> {
    let arguments: Result<Vec<KernelArgument>, _> = names.iter().map(|name| name.parse()).collect();
    let arguments = arguments.map_err(|error| Failure::new(exit::USAGE, "name_invalid", error.to_string()))?;
    match arguments.iter().find(|argument| argument.is_essential()) {
        None => Ok(arguments),
        Some(argument) => {
            let message = gettext("{argument} belongs to the boot loader and the installer and is never changed");
            let message = fill(&message, &[("argument", argument.as_str())]);
            Err(Failure::new(exit::NOT_POSSIBLE, "protected", message))
        }
    }
}

/// What is known of every argument, and which entries of the setup could not be read; without a setup, what this
/// computer knows.
fn facts(session: &Session) -> Result<(Vec<Fact>, String), Failure> {
    let setup = Setup::load(&session.setup);
    let nothing = Declarations::new();
    let declared = match &setup {
        Ok(setup) => setup.declared(Domain::Karg).map_err(|error| super::impossible(error.into()))?,
        Err(_) => &nothing,
    };
    let host = session.host.as_ref();
    let facts = karg::facts(host, &System::probe(host), declared);
    let unread = setup.iter().flat_map(|setup| setup.unread(Domain::Karg)).map(|(_, problem)| problem.to_string());
    Ok((facts.map_err(|error| super::impossible(error.into()))?, unread.collect::<Vec<_>>().join("\n")))
}

fn list(context: &Context, only: Option<&[String]>) -> Result<Answer, Failure> {
    let session = context.session_without_setup()?;
    let (mut facts, unread) = facts(&session)?;
    if let Some(only) = only {
        if let Some(name) = only.iter().find(|name| !facts.iter().any(|fact| fact.argument.as_str() == *name)) {
            let message = fill(&gettext("nothing here or in the setup is called ‘{item}’"), &[("item", name)]);
            return Err(Failure::new(exit::USAGE, "unknown_item", message));
        }
        facts.retain(|fact| only.iter().any(|name| fact.argument.as_str() == name));
    }
    let document = json!({"format": "bkt.kargs", "format_version": "1.0", "arguments": facts});
    Ok(Answer::new(table(&facts), document).hinted(unread))
}

/// Whose an argument is, in a few words.
pub(crate) fn source(from: &Source) -> String {
    match from {
        Source::Image { file } => fill(&gettext("image ({file})"), &[("file", file)]),
        Source::Tool { name } => name.clone(),
        Source::Start => gettext("boot loader"),
        Source::Installer => gettext("installer"),
        Source::Setup => gettext("setup"),
        Source::Computer => gettext("this computer"),
    }
}

fn yes(there: bool) -> String {
    if there { gettext("yes") } else { gettext("no") }
}

fn table(facts: &[Fact]) -> String {
    let head = [gettext("ARGUMENT"), gettext("RUNNING"), gettext("AFTER RESTART"), gettext("SETUP"), gettext("FROM")];
    let mut rows = vec![head];
    rows.extend(facts.iter().map(|fact| {
        let setup = match fact.setup {
            Some(true) => gettext("yes"),
            Some(false) => gettext("remove"),
            None => "–".to_owned(),
        };
        [fact.argument.to_string(), yes(fact.running), yes(fact.next), setup, source(&fact.from)]
    }));
    let is_long = |text: &str| text.width() > LONG;
    let first = widest(rows.iter().map(|row| &row[0]).filter(|text| !is_long(text)));
    let wide = [1, 2, 3].map(|column| widest(rows.iter().map(|row| &row[column])));
    let mut text = String::new();
    for (n, [argument, running, next, setup, from]) in rows.iter().enumerate() {
        let begin =
            if is_long(argument) { format!("{argument}\n{}", " ".repeat(first)) } else { padded(argument, first) };
        let cells = [(running, wide[0]), (next, wide[1]), (setup, wide[2])];
        let cells = cells.map(|(cell, wide)| padded(cell, wide)).join("  ");
        let line = format!("{begin}  {cells}  {from}");
        text.push_str(&if n == 0 { styled(BOLD, &line) } else { line });
        text.push('\n');
    }
    text
}

fn append(context: &Context, args: &TwoSidesArgs) -> Result<Answer, Failure> {
    let args = &args.of(context.globals.pr_only);
    let wish = |argument: KernelArgument| {
        let there = Some(Some(Value::Present));
        let setup = there.clone().filter(|_| !args.here_only);
        let computer = there.filter(|_| !args.setup_only);
        (ItemId::new(Domain::Karg, argument.as_str()), Wish { setup, computer, ..Wish::default() })
    };
    let wishes: Wishes = arguments(&args.names)?.into_iter().map(wish).collect();
    let session = context.session()?;
    let answer = verb::fulfil(context, &session, &wishes, true)?;
    if !args.setup_only {
        return Ok(answer);
    }
    // Where this computer cannot be asked, it may well be otherwise.
    let (facts, _) = facts(&session).unwrap_or_default();
    Ok(super::later(&session, answer, wishes.keys().filter(|item| !is_there(&facts, item))))
}

fn remove(context: &Context, args: &TwoSidesArgs) -> Result<Answer, Failure> {
    let args = &args.of(context.globals.pr_only);
    let arguments = arguments(&args.names)?;
    let session = context.session()?;
    let (facts, _) = facts(&session)?;
    let mut wishes = Wishes::new();
    for argument in &arguments {
        let fact = facts.iter().find(|fact| fact.argument == *argument);
        let (setup, computer) = removal(fact, args);
        wishes.insert(ItemId::new(Domain::Karg, argument.as_str()), Wish { setup, computer, ..Wish::default() });
    }
    match verb::fulfil(context, &session, &wishes, true) {
        Err(failure) if failure.problem.code == "not_possible" && !args.setup_only => {
            Err(failure.hinted(gettext("Let the recipe remove it: --setup-only")))
        }
        Ok(answer) if args.setup_only => {
            Ok(super::later(&session, answer, wishes.keys().filter(|item| is_there(&facts, item))))
        }
        ended => ended,
    }
}

/// Whether the next start has an argument.
fn is_there(facts: &[Fact], item: &ItemId) -> bool {
    facts.iter().any(|fact| fact.next && fact.argument.as_str() == item.key)
}

type Side = Option<Option<Value>>;

/// What removing an argument means on both sides. Where only the setup added it, it is enough that it no longer
/// does; where something else does, the setup says that it is to be removed.
fn removal(fact: Option<&Fact>, args: &TwoSidesArgs) -> (Side, Side) {
    let added = fact.is_some_and(|fact| fact.setup == Some(true));
    let ours = |from: &Source| matches!(from, Source::Image { file } if file == karg::OUR_FILE);
    let from = fact.map(|fact| &fact.from);
    let by_setup_alone = added && from.is_some_and(|from| *from == Source::Setup || ours(from));
    let setup = match from {
        _ if args.here_only => None,
        _ if by_setup_alone => Some(None),
        // Nobody but someone on this computer: the setup need not speak of it.
        Some(Source::Computer) if !args.setup_only && !added => None,
        _ => Some(Some(Value::Absent)),
    };
    // What the image has from the setup goes with the next image.
    let stays = args.setup_only || (by_setup_alone && from.is_some_and(ours));
    (setup, (!stays).then_some(None))
}
