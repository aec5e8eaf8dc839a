// SPDX-License-Identifier: GPL-3.0-or-later
//! What apply, capture and a saved plan share: review, consent, run, result.
//!
//! Invariant: nothing runs that was not agreed to by a person or by `--yes`; failures are told last, with
//! their causes.

mod left_out;

use std::collections::BTreeMap;
use std::time::Instant;

use bkt_core::compare::{Change, Comparison, Decision};
use bkt_core::document;
use bkt_core::domain::unit::at_once::at_once;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::manifest::Manifest;
use bkt_core::plan::{Consent as PlanConsent, Decisions, Direction, Plan, Terms};
use bkt_core::problem::Problem;
use bkt_core::recipe::behind::{Behind, behind};
use bkt_core::run::{Administrator, Outcome, Receipt, RunError, Sink, Source, StepState};
use bkt_core::session::{Session, SessionError, Snapshot, Undone};
use bkt_core::setup::Setup;
use serde_json::{Value as Json, json};
use unicode_width::UnicodeWidthStr;

use crate::card::Cards;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::interrupt::Interrupt;
use crate::progress::Reporter;
use crate::prompt::{self, Consent};
use crate::review;
use crate::ui::{BAD, DIM, GOOD, padded, styled};

/// Compares, and tells with `--verbose` how long it took.
pub(super) fn compare(context: &Context, session: &Session) -> Result<Snapshot, Failure> {
    timed(context, || session.compare())
}

/// The same, where words may name settings that the setup does not mention.
pub(super) fn compare_named(
    context: &Context,
    session: &Session,
    domains: &[Domain],
    words: &[String],
) -> Result<Snapshot, Failure> {
    let mut also = super::gsetting::also(session.host.as_ref(), words)?;
    let files = words.iter().filter(|word| !word.contains('*')).filter_map(|word| word.parse::<ItemId>().ok());
    also.extend(files.filter(|item| Manifest::of(item.domain).tree().is_some()));
    timed(context, || session.compare_also(domains, &also))
}

fn timed(context: &Context, compare: impl FnOnce() -> Result<Snapshot, SessionError>) -> Result<Snapshot, Failure> {
    let start = Instant::now();
    let snapshot = compare()?;
    if context.ui.verbose {
        let mut took: Vec<_> = snapshot.comparison.took.iter().collect();
        took.sort_by_key(|(_, took)| std::cmp::Reverse(**took));
        let each: Vec<_> = took.iter().map(|(domain, took)| format!("{domain} {:.3}", took.as_secs_f64())).collect();
        let values = [("seconds", format!("{:.3}", start.elapsed().as_secs_f64())), ("each", each.join(" · "))];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        context.ui.say(&styled(DIM, &fill(&gettext("Compared in {seconds} s ({each})."), &values)));
    }
    Ok(snapshot)
}

/// Compares some kinds of items only.
pub(super) fn compare_kinds(context: &Context, session: &Session, domains: &[Domain]) -> Result<Snapshot, Failure> {
    timed(context, || session.compare_some(domains))
}

/// The same for one kind of files, which also looks at those that were named.
pub(super) fn compare_files(
    context: &Context,
    session: &Session,
    domain: Domain,
    named: &[ItemId],
) -> Result<Snapshot, Failure> {
    timed(context, || session.compare_within(&[domain], named))
}

/// Every change with a suggestion, decided as suggested.
pub(super) fn suggested(comparison: &Comparison) -> Decisions {
    comparison.changes.iter().filter_map(|change| Some((change.id.clone(), change.suggestion()?))).collect()
}

/// What to do where nothing is suggested.
pub(super) fn undecided_hint() -> String {
    gettext(
        "No change has a suggestion. Decide with ‘bkt apply ITEM…’ or ‘bkt capture ITEM…’, \
         or make this computer what the setup says with ‘bkt apply --all’.",
    )
}

/// A plan in words and as a document, with what becomes of the recipe.
pub(super) fn shown(context: &Context, session: &Session, plan: &Plan, undecided: usize) -> (String, Json) {
    let recipe = session.foresee(plan);
    (review::plan_with(plan, &recipe, undecided, context.ui.width()), document::plan_with(plan, &recipe))
}

/// The plan of some decisions; where they are to be so at once, services start and stop, too.
pub(super) fn planned(
    session: &Session,
    snapshot: &Snapshot,
    decisions: &Decisions,
    terms: Terms,
) -> Result<Plan, Failure> {
    let plan = session.plan_with(snapshot, decisions, terms)?;
    if !terms.live {
        return Ok(plan);
    }
    at_once(session.host.as_ref(), plan).map_err(|problem| Failure { problem, exit: exit::NOT_POSSIBLE })
}

/// A plan to be agreed to.
#[derive(Debug)]
pub(super) struct Proposal<'c> {
    /// The changes a person may select from.
    pub(super) changes: Vec<&'c Change>,
    /// What was decided about them.
    pub(super) decisions: Decisions,
    /// The question under the plan.
    pub(super) question: String,
    /// Whether the person named the items.
    pub(super) named: bool,
    /// Whether values that look private may be captured.
    pub(super) private: PlanConsent,
    /// Whether services start or stop, and packages of an image come or go, at once.
    pub(super) now: bool,
}

/// Shows the plan of some decisions, asks, and runs it.
pub(super) fn propose(
    context: &Context,
    session: &Session,
    snapshot: &Snapshot,
    mut proposal: Proposal<'_>,
) -> Result<Answer, Failure> {
    let ui = &context.ui;
    let comparison = &snapshot.comparison;
    let mut may_select = proposal.changes.len() > 1;
    loop {
        let terms = Terms { private: proposal.private, live: proposal.now };
        let plan = planned(session, snapshot, &proposal.decisions, terms)?;
        let ignored: Vec<ItemId> = proposal
            .decisions
            .iter()
            .filter(|(_, decision)| **decision == Decision::Ignore)
            .map(|(item, _)| item.clone())
            .collect();
        let open = comparison.changes.iter().filter(|change| !proposal.decisions.contains_key(&change.id));
        let undecided = if proposal.named { 0 } else { open.count() };
        let (text, document) = shown(context, session, &plan, undecided);
        if plan.is_empty() && ignored.is_empty() {
            let answer = Answer::new(text, document);
            let is_open = undecided > 0 && plan.deferred.is_empty() && !proposal.named;
            let answer = if is_open { answer.hinted(undecided_hint()) } else { answer };
            return Ok(left_out::ending(answer, &plan, proposal.named && !context.globals.dry_run));
        }
        if context.globals.dry_run {
            return Ok(left_out::ending(Answer::new(text, document), &plan, false));
        }
        let consent = if context.globals.yes {
            Consent::Yes
        } else {
            may_ask(context)?;
            ui.say(&text);
            let cards = Cards::new(session, snapshot, &proposal.changes, ui.width());
            prompt::consent(ui, &proposal.question, Some((&cards, &named(&proposal))), may_select)
        };
        match consent {
            Consent::No => return Ok(nothing_changed(&plan)),
            Consent::Yes => {
                let named = proposal.named;
                if plan.is_empty() {
                    ignore(context, session, &ignored)?;
                    let answer = Answer::new(gettext("Nothing else to do."), document::plan(&plan));
                    return Ok(left_out::ending(answer, &plan, named));
                }
                return run(context, session, plan, &ignored, named);
            }
            Consent::Select => {
                let cards = Cards::new(session, snapshot, &proposal.changes, ui.width());
                match prompt::select(ui, &cards, &proposal.changes, &proposal.decisions) {
                    None => return Ok(nothing_changed(&plan)),
                    Some(decisions) => proposal.decisions = decisions,
                }
                may_select = false;
            }
        }
    }
}

fn named<'c>(proposal: &Proposal<'c>) -> Vec<&'c Change> {
    proposal.changes.iter().copied().filter(|change| proposal.decisions.contains_key(&change.id)).collect()
}

/// Shows a plan that was made earlier, asks, and runs exactly it.
pub(super) fn replay(context: &Context, session: &Session, plan: Plan) -> Result<Answer, Failure> {
    let ui = &context.ui;
    let (text, document) = shown(context, session, &plan, 0);
    if plan.is_empty() || context.globals.dry_run {
        return Ok(Answer::new(text, document));
    }
    if !context.globals.yes {
        may_ask(context)?;
        ui.say(&text);
        if prompt::consent(ui, &gettext("Run this plan?"), None, false) != Consent::Yes {
            return Ok(nothing_changed(&plan));
        }
    }
    run(context, session, plan, &[], false)
}

/// How a plan that changes setup and computer runs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Together<'r> {
    /// At once; what fails on the computer is taken back in the setup.
    Do,
    /// The same, after asking.
    Ask,
    /// After asking; on this computer alone, which is written down.
    Here,
    /// After asking; into the setup, what was on this computer alone.
    Kept,
    /// After asking; what a run did is taken back.
    Back(Undone<'r>),
}

/// Runs the plan of what was asked for by name.
pub(super) fn fulfil(context: &Context, session: &Session, plan: Plan, how: Together<'_>) -> Result<Answer, Failure> {
    let ui = &context.ui;
    let (text, document) = shown(context, session, &plan, 0);
    if context.globals.dry_run {
        return Ok(Answer::new(text, document));
    }
    if !matches!(how, Together::Do) && !context.globals.yes {
        may_ask(context)?;
        ui.say(&text);
        if prompt::consent(ui, &gettext("Run this plan?"), None, false) != Consent::Yes {
            return Ok(nothing_changed(&plan));
        }
    }
    // A run that was killed may have left the recipe behind a manifest that needs nothing any more.
    let both = matches!(how, Together::Do | Together::Ask);
    let writes = both || plan.steps.iter().any(|step| step.manifest().is_some());
    execute(context, session, plan, |plan, administrator, sink| match how {
        Together::Here => session.run_here(plan, administrator, Source::Cli, Some(&context.command), sink),
        Together::Back(undone) => session.run_back(plan, undone, administrator, Source::Cli, &context.command, sink),
        Together::Kept => session.run_here(plan, administrator, Source::Cli, None, sink),
        Together::Do | Together::Ask => session.run_together(plan, administrator, Source::Cli, sink),
    })
    .map(|receipt| {
        let ended = ended_as(&receipt, Some(&context.command));
        if writes { with_recipe(session, ended) } else { ended }
    })
}

/// Says what to do where the recipe is behind: it could not be written, a run that was killed did not get there, or
/// someone wrote it so that it cannot follow.
pub(super) fn with_recipe(session: &Session, mut answer: Answer) -> Answer {
    let behind = Setup::load(&session.setup).ok().and_then(|setup| behind(&setup));
    answer.document["recipe_behind"] = json!(behind);
    let hints = behind.iter().flat_map(Behind::sentences);
    let lines = std::iter::once(answer.hints).chain(hints).filter(|line| !line.is_empty());
    answer.hints = lines.collect::<Vec<_>>().join("\n");
    answer
}

/// Whether there is someone to ask.
pub(super) fn may_ask(context: &Context) -> Result<(), Failure> {
    if context.ui.can_ask {
        return Ok(());
    }
    let message = gettext("not a terminal; add --yes to do it without asking, or --dry-run to only look");
    Err(Failure::new(exit::USAGE, "needs_yes", message))
}

fn nothing_changed(plan: &Plan) -> Answer {
    Answer::new(gettext("Nothing was changed."), document::plan(plan)).exiting(exit::FAILED)
}

/// Stops reporting items.
fn ignore(context: &Context, session: &Session, items: &[ItemId]) -> Result<(), Failure> {
    for item in items {
        session.ignore(item)?;
        context.ui.say(&fill(&gettext("Ignoring {item}."), &[("item", &item.to_string())]));
    }
    Ok(())
}

/// Runs a plan with whoever does the administrator's part, and tells how it goes.
fn execute(
    context: &Context,
    session: &Session,
    plan: Plan,
    run: impl FnOnce(Plan, &dyn Administrator, Sink<'_>) -> Result<Receipt, RunError>,
) -> Result<Receipt, Failure> {
    let interrupt = Interrupt::default();
    let administrator = context.administrator(session.host.as_ref(), &plan, &interrupt)?;
    let mut reporter = Reporter::new(&context.ui, &plan);
    interrupt.watch(&context.ui);
    Ok(run(plan, administrator.as_ref(), &mut |event| reporter.event(event))?)
}

pub(super) use left_out::private_hint;

/// Runs a plan, then ignores what was to be ignored beside it, and says how it ended.
///
/// A plan that is out of date or not permitted changes nothing, so it ignores nothing either.
fn run(context: &Context, session: &Session, plan: Plan, ignored: &[ItemId], named: bool) -> Result<Answer, Failure> {
    let receipt = execute(context, session, plan, |plan, administrator, sink| {
        session.run(plan, administrator, Source::Cli, sink)
    })?;
    let mut answer = left_out::ending(ended(&receipt), &receipt.plan, named);
    answer.text.push_str(&left_out::listed(&receipt.plan));
    if receipt.result != Outcome::Failed
        && let Err(failure) = ignore(context, session, ignored)
    {
        // The run is over; its receipt is still the answer.
        context.ui.explain(&failure);
        if answer.exit == exit::DONE {
            answer.exit = exit::PARTIAL;
        }
    }
    Ok(answer)
}

/// How a run ended: in words, as a document, and as an exit code.
pub(super) fn ended(receipt: &Receipt) -> Answer {
    ended_as(receipt, None)
}

/// The same; what was asked for by a command that names it is tried again by that, not as a difference.
fn ended_as(receipt: &Receipt, command: Option<&str>) -> Answer {
    let exit = exit_code(receipt);
    let mut document = json!(receipt);
    document["summary"] = json!({
        "done": receipt.count(StepState::Done),
        "waiting": receipt.count(StepState::Waiting),
        "failed": receipt.count(StepState::Failed),
        "skipped": receipt.count(StepState::Skipped),
    });
    let first = receipt.operations.iter().find_map(|result| result.problem.as_ref());
    document["error"] = match first {
        Some(problem) if exit != exit::DONE => {
            json!({"code": problem.code, "message": problem.message, "hint": problem.hint, "exit": exit})
        }
        _ => Json::Null,
    };
    let mut text = String::new();
    if let Some(refusal) = refused(receipt) {
        text.push_str(&format!("{}\n", styled(BAD, &refusal)));
    } else {
        text.push_str(&tally(receipt));
    }
    text.push_str(&causes(receipt));
    if let Some(reason) = &receipt.lost {
        let sentence = gettext("The record of this run could not be kept, so it cannot be undone: {reason}\n");
        text.push_str(&fill(&sentence, &[("reason", reason)]));
    }
    Answer::new(text, document).hinted(after(receipt, command)).exiting(exit)
}

fn problems(receipt: &Receipt) -> impl Iterator<Item = &Problem> {
    receipt.operations.iter().filter_map(|result| result.problem.as_ref())
}

fn exit_code(receipt: &Receipt) -> u8 {
    let all = |codes: &[&str]| problems(receipt).all(|problem| codes.contains(&problem.code.as_str()));
    match receipt.result {
        Outcome::Done => exit::DONE,
        _ if problems(receipt).any(|problem| problem.code == "stopped") => exit::INTERRUPTED,
        Outcome::Partial => exit::PARTIAL,
        Outcome::Failed if all(&["not_authorized"]) => exit::NOT_AUTHORIZED,
        Outcome::Failed if all(&["helper_missing", "busy", "not_possible"]) => exit::NOT_POSSIBLE,
        Outcome::Failed | Outcome::Running | Outcome::CutOff => exit::FAILED,
    }
}

/// `Nothing was changed. Administrator permission was not given.`, when that is the whole story.
fn refused(receipt: &Receipt) -> Option<String> {
    let skipped = receipt.result == Outcome::Failed && receipt.count(StepState::Failed) == 0;
    let problem = problems(receipt).next().filter(|first| skipped && problems(receipt).all(|other| other == *first))?;
    let reason = match problem.code.as_str() {
        "not_authorized" => return Some(gettext("Nothing was changed. Administrator permission was not given.")),
        _ => problem.message.as_str(),
    };
    Some(fill(&gettext("Nothing was changed: {reason}."), &[("reason", reason)]))
}

/// `3 done, 1 after restart, 1 failed.`
fn tally(receipt: &Receipt) -> String {
    let count = |state: StepState, one: &str, many: &str| {
        let n = receipt.count(state);
        let words = ngettext(one, many, u32::try_from(n).unwrap_or(u32::MAX));
        (n > 0).then(|| fill(&words, &[("count", &n.to_string())]))
    };
    let parts = [
        count(StepState::Done, "{count} done", "{count} done").map(|text| styled(GOOD, &text)),
        count(StepState::Waiting, "{count} after restart", "{count} after restart"),
        count(StepState::Skipped, "{count} skipped", "{count} skipped"),
        count(StepState::Failed, "{count} failed", "{count} failed").map(|text| styled(BAD, &text)),
    ];
    let parts = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let sentence =
        if receipt.restart_required { gettext("{parts}. Restart to finish.\n") } else { gettext("{parts}.\n") };
    fill(&sentence, &[("parts", &parts)])
}

/// What failed or was skipped, grouped by why.
fn causes(receipt: &Receipt) -> String {
    if refused(receipt).is_some() {
        return String::new();
    }
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let ids: Vec<String> = receipt.operations.iter().map(|result| result.item.to_string()).collect();
    for (result, id) in receipt.operations.iter().zip(&ids) {
        if let Some(problem) = &result.problem {
            groups.entry(&problem.message).or_default().push(id);
        }
    }
    let wide = groups.values().flatten().map(|id| id.width()).filter(|width| *width <= 30).max().unwrap_or(0);
    let mut out = String::new();
    for (why, items) in groups {
        for (index, item) in items.iter().enumerate() {
            let why = if index == 0 { why } else { "″" };
            let gap = if item.width() <= wide && 4 + wide + why.width() <= 80 { "  " } else { "\n      " };
            out.push_str(&format!("  {}{gap}{why}\n", padded(item, if gap == "  " { wide } else { 0 })));
        }
    }
    out
}

/// The next step that comes with the first problem.
fn first_hint(receipt: &Receipt) -> Option<String> {
    problems(receipt).find_map(|problem| problem.hint.clone())
}

/// What to do after a run.
fn after(receipt: &Receipt, command: Option<&str>) -> String {
    if refused(receipt).is_some() {
        return first_hint(receipt).unwrap_or_default();
    }
    let mut lines = Vec::new();
    if let Some(problem) = &receipt.unrecorded {
        let values = [("reason", problem.message.as_str())];
        lines.push(fill(&gettext("It was not written down as temporary: {reason}"), &values));
    }
    if let Some(problem) = &receipt.undrafted {
        let values = [("reason", problem.message.as_str())];
        lines.push(fill(&gettext("No entry of the changelog was drafted: {reason}"), &values));
    }
    let step = |n: usize| n.checked_sub(1).and_then(|index| receipt.plan.steps.get(index));
    let again = |wanted: Direction| {
        // What sets nothing is no difference that could be applied: it is asked for anew, as its own words say.
        let failed = receipt.operations.iter().filter(|result| {
            matches!(result.state, StepState::Failed | StepState::Skipped)
                && step(result.n).is_some_and(|step| step.direction == wanted && !step.action.is_momentary())
        });
        failed.map(|result| result.item.to_string()).collect::<Vec<_>>()
    };
    // What was taken back, or done on neither side, differs no longer: there is nothing to apply or capture.
    let taken_back = problems(receipt).any(|problem| matches!(&*problem.code, "taken_back" | "not_tried"));
    let commands = [(again(Direction::Apply), "apply"), (again(Direction::Capture), "capture")];
    let commands = commands.into_iter().filter(|(items, _)| !items.is_empty() && !taken_back);
    let mut commands: Vec<String> = commands
        .map(|(items, verb)| command.map_or_else(|| format!("bkt {verb} {}", items.join(" ")), str::to_owned))
        .collect();
    commands.dedup();
    for command in commands {
        lines.push(fill(&gettext("Try again: {command}"), &[("command", &command)]));
    }
    let momentary =
        receipt.operations.iter().filter(|result| step(result.n).is_some_and(|it| it.action.is_momentary()));
    lines.extend(momentary.filter_map(|result| result.problem.as_ref()?.hint.clone()).next());
    let written = receipt.operations.iter().filter(|result| result.state == StepState::Done);
    let mut files: Vec<&str> = written
        .filter_map(|result| receipt.plan.steps.get(result.n.checked_sub(1)?)?.manifest())
        .map(bkt_core::manifest::Manifest::path)
        .collect();
    files.dedup();
    if !files.is_empty() {
        lines.push(fill(&gettext("Not committed: {files}"), &[("files", &files.join(", "))]));
    }
    if receipt.run > 0 && receipt.result != Outcome::Done {
        lines.push(fill(&gettext("See it again: bkt log {run}"), &[("run", &receipt.run.to_string())]));
    }
    lines.join("\n")
}
