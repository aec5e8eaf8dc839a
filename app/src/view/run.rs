// SPDX-License-Identifier: GPL-3.0-or-later
//! A run while it happens, and afterwards.
//!
//! Invariant: counts come from the steps' own states, so a lost event can only make a step look unfinished.

use bkt_core::describe;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::plan::Plan;
use bkt_core::run::{Event, Receipt, StepResult, StepState};

use super::{n32, plan};

/// The most lines of output kept per step.
const LOG_LINES: usize = 2000;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunStep {
    pub(crate) icon: &'static str,
    pub(crate) title: String,
    /// Where it is; none before it begins.
    pub(crate) state: Option<StepState>,
    /// How far its tool has come, in words.
    progress: Option<String>,
    /// Why it failed or was skipped, with the next step.
    pub(crate) cause: Option<String>,
    pub(crate) log: Vec<String>,
}

/// All steps of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Run {
    pub(crate) steps: Vec<RunStep>,
    pub(crate) ended: bool,
    refusal: Option<String>,
}

impl RunStep {
    /// Its state in words.
    pub(crate) fn words(&self) -> String {
        match (self.state, &self.progress) {
            (None, _) => gettext("Not started"),
            (Some(StepState::Running), Some(progress)) => progress.clone(),
            (Some(state), _) => describe::step_state(state),
        }
    }

    /// The icon of its state; none while it runs or waits its turn.
    pub(crate) const fn state_icon(&self) -> Option<&'static str> {
        match self.state {
            None | Some(StepState::Running) => None,
            Some(StepState::Done) => Some("bkt-ok-symbolic"),
            Some(StepState::Waiting) => Some("bkt-waiting-symbolic"),
            Some(StepState::Failed) => Some("bkt-failed-symbolic"),
            Some(StepState::Skipped) => Some("bkt-skipped-symbolic"),
        }
    }
}

impl Run {
    /// A plan that is about to run.
    pub(crate) fn of(plan: &Plan) -> Self {
        let step = |step| RunStep {
            icon: plan::step_icon(step),
            title: describe::step(step),
            state: None,
            progress: None,
            cause: None,
            log: Vec::new(),
        };
        Self { steps: plan.steps.iter().map(step).collect(), ended: false, refusal: None }
    }

    /// A run of the past.
    pub(crate) fn of_receipt(receipt: &Receipt) -> Self {
        let mut run = Self::of(&receipt.plan);
        for result in &receipt.operations {
            run.apply(&Event::ended(result));
        }
        run.ended = true;
        run
    }

    /// Takes in an event; tells which step it changed.
    pub(crate) fn apply(&mut self, event: &Event) -> Option<usize> {
        match event {
            Event::Operation { n, state, problem, .. } => {
                let at = n.checked_sub(1)?;
                let step = self.steps.get_mut(at)?;
                step.state = Some(*state);
                step.cause = problem.as_ref().map(|problem| match &problem.hint {
                    Some(hint) => [problem.message.as_str(), hint.as_str()].join(". "),
                    None => problem.message.clone(),
                });
                if problem.as_ref().is_some_and(|problem| REFUSALS.contains(&problem.code.as_str())) {
                    self.refusal = problem.as_ref().map(|problem| problem.code.clone());
                }
                Some(at)
            }
            Event::Log { n, line } => {
                let at = n.checked_sub(1)?;
                let step = self.steps.get_mut(at)?;
                if step.log.len() < LOG_LINES {
                    step.log.push(line.clone());
                }
                Some(at)
            }
            Event::Progress { n, percent, stage } => {
                let at = n.checked_sub(1)?;
                self.steps.get_mut(at)?.progress = Some(describe::progress(*stage, *percent));
                Some(at)
            }
            Event::End { .. } => {
                self.ended = true;
                None
            }
            Event::Start { .. } => None,
        }
    }

    fn count(&self, states: &[StepState]) -> usize {
        self.steps.iter().filter(|step| step.state.is_some_and(|state| states.contains(&state))).count()
    }

    /// Steps that are done.
    pub(crate) fn done(&self) -> usize {
        self.count(&[StepState::Done, StepState::Waiting])
    }

    /// Steps that failed.
    pub(crate) fn failed(&self) -> usize {
        self.count(&[StepState::Failed])
    }

    /// How far it is, from 0 to 1.
    pub(crate) fn fraction(&self) -> f64 {
        let over = self.done() + self.count(&[StepState::Failed, StepState::Skipped]);
        if self.steps.is_empty() { 1.0 } else { f64::from(n32(over)) / f64::from(n32(self.steps.len())) }
    }

    /// `3 of 5 done`.
    pub(crate) fn progress(&self) -> String {
        let (done, total) = (self.done().to_string(), self.steps.len().to_string());
        fill(&gettext("{count} of {total} done"), &[("count", &done), ("total", &total)])
    }

    /// Why the administrator's part did not start, as a code of core.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// How it ended, in a title.
    pub(crate) fn result(&self) -> String {
        let (done, failed) = (self.done(), self.failed());
        match (done, failed) {
            (done, 0) if done == self.steps.len() => gettext("Plan Applied"),
            (0, 0) => gettext("Nothing Was Changed"),
            (_, 0) => gettext("Partly Applied"),
            (_, failed) => fill(
                &ngettext("{count} Step Did Not Work", "{count} Steps Did Not Work", n32(failed)),
                &[("count", &failed.to_string())],
            ),
        }
    }

    /// What is left to do afterwards.
    pub(crate) fn after(&self) -> String {
        if self.count(&[StepState::Waiting]) > 0 {
            return gettext("Restart to finish.");
        }
        self.steps.iter().find_map(|step| step.cause.clone()).unwrap_or_else(|| self.progress())
    }
}

/// Codes of problems with which the administrator's part did not start at all.
const REFUSALS: [&str; 4] = ["not_authorized", "helper_missing", "plan_stale", "busy"];

/// Whether a run was refused as a whole and its plan is worth keeping.
pub(crate) fn nothing_changed(results: &[StepResult]) -> bool {
    results.iter().all(|result| result.state == StepState::Skipped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bkt_core::compare::{Effect, Origin};
    use bkt_core::item::{Domain, ItemId};
    use bkt_core::plan::{Action, Preconditions, Step};
    use bkt_core::problem::Problem;

    fn run() -> Run {
        let step = |name: &str| {
            let action = Action::InstallPackage { name: name.parse().unwrap() };
            Step::apply(ItemId::new(Domain::Pkg, name), action, Effect::Now, Origin::New)
        };
        Run::of(&Plan::new(Preconditions::default(), vec![step("htop"), step("nano")], Vec::new()))
    }

    fn ended(n: usize, state: StepState, problem: Option<Problem>) -> Event {
        Event::ended(&StepResult { n, item: ItemId::new(Domain::Pkg, "x"), state, problem })
    }

    #[test]
    fn events_move_the_steps_and_the_bar() {
        let mut run = run();
        assert_eq!(run.apply(&Event::running(1, &ItemId::new(Domain::Pkg, "htop"))), Some(0));
        assert_eq!((run.fraction(), run.steps[0].state_icon()), (0.0, None));
        run.apply(&Event::log(1, "Downloading"));
        run.apply(&ended(1, StepState::Done, None));
        assert_eq!((run.fraction(), run.progress().as_str()), (0.5, "1 of 2 done"));
        run.apply(&ended(2, StepState::Failed, Some(Problem::new("command_failed", "no such package"))));
        run.apply(&Event::end(&[]));
        assert!(run.ended);
        assert_eq!((run.result().as_str(), run.after().as_str()), ("1 Step Did Not Work", "no such package"));
        assert_eq!(run.apply(&ended(3, StepState::Done, None)), None);
        assert_eq!(run.apply(&ended(0, StepState::Done, None)), None);
    }

    #[test]
    fn a_refusal_is_known_by_its_code() {
        let mut run = run();
        for n in [1, 2] {
            run.apply(&ended(n, StepState::Skipped, Some(Problem::new("not_authorized", "not given"))));
        }
        assert_eq!((run.result().as_str(), run.refusal()), ("Nothing Was Changed", Some("not_authorized")));
    }
}
