// SPDX-License-Identifier: GPL-3.0-or-later
//! Progress on standard error, as lines for people or as JSON lines for programs.
//!
//! Invariant: one line per finished step, in the order they finish; what runs is shown only where it can be
//! written over.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anstyle::Style;
use bkt_core::describe;
use bkt_core::i18n::gettext;
use bkt_core::plan::Plan;
use bkt_core::run::{Event, StepState};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use unicode_width::UnicodeWidthStr;

use crate::args::Progress;
use crate::ui::{BAD, DIM, GOOD, Ui, WARN, padded, styled};

/// How often the line of what runs is drawn again.
const TICK: Duration = Duration::from_millis(120);
/// From when on it says how long it runs.
const LONG: Duration = Duration::from_secs(2);

/// Shows the events of one run.
#[derive(Debug)]
pub(crate) struct Reporter<'u> {
    ui: &'u Ui,
    sentences: Vec<String>,
    started: BTreeMap<usize, Instant>,
    live: bool,
    running: Option<ProgressBar>,
}

impl<'u> Reporter<'u> {
    /// Prepares the words of a plan's steps.
    pub(crate) fn new(ui: &'u Ui, plan: &Plan) -> Self {
        let live = ui.progress == Progress::Auto && ui.is_live() && !ui.quiet;
        let sentences = plan.steps.iter().map(describe::step).collect();
        Self { ui, sentences, started: BTreeMap::new(), live, running: None }
    }

    /// Shows one event.
    pub(crate) fn event(&mut self, event: &Event) {
        match self.ui.progress {
            Progress::Json => {
                // Events are strings and numbers, which always serialise.
                self.ui.say(&serde_json::to_string(event).unwrap_or_default());
            }
            Progress::None => {}
            Progress::Auto | Progress::Plain if self.ui.quiet => {}
            Progress::Auto | Progress::Plain => self.line(event),
        }
    }

    fn line(&mut self, event: &Event) {
        match event {
            Event::Operation { n, state: StepState::Running, .. } => {
                self.started.insert(*n, Instant::now());
                self.show(*n, None);
            }
            // What was never tried is named with its reason after the run.
            Event::Operation { state: StepState::Skipped, .. } => self.clear(),
            Event::Operation { n, state, problem, .. } => {
                let (word, style) = match state {
                    StepState::Waiting => (gettext("waiting"), WARN),
                    StepState::Failed => (gettext("FAILED"), BAD),
                    _ => (gettext("done"), GOOD),
                };
                let mut row = self.row(*n, &word, style);
                if *state == StepState::Waiting {
                    row.push_str(&format!("  {}", styled(DIM, &gettext("after restart"))));
                }
                // The first finished step of a batch ends the wait for all of them.
                let took = self.started.remove(n).map_or(0.0, |start| start.elapsed().as_secs_f64());
                if took >= 1.0 {
                    row.push_str(&styled(DIM, &format!("  {took:.1} s")));
                }
                self.clear();
                self.ui.say(&row);
                if let Some(problem) = problem.as_ref().filter(|_| *state == StepState::Failed) {
                    self.ui.say(&format!("        {}", problem.message));
                }
            }
            Event::Log { line, .. } if self.ui.verbose => {
                self.clear();
                self.ui.say(&styled(DIM, &format!("        {line}")));
            }
            Event::Log { n, line } => self.show(*n, Some(line)),
            Event::Progress { n, percent, stage } => self.show(*n, Some(&describe::progress(*stage, *percent))),
            Event::Start { .. } | Event::End { .. } => self.clear(),
        }
    }

    /// Shows what runs, with the last thing its tool said.
    fn show(&mut self, n: usize, said: Option<&str>) {
        if !self.live || !self.started.contains_key(&n) {
            return;
        }
        let bar = self.running.get_or_insert_with(|| {
            // Only a template that is none could be refused; without one the bar would show numbers.
            let style = ProgressStyle::with_template("{spinner} {wide_msg} {long}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner())
                .with_key("long", |state: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
                    if state.elapsed() >= LONG {
                        // Writing into a line of text does not fail.
                        let _ = write!(out, "{} s", state.elapsed().as_secs());
                    }
                });
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
            bar.enable_steady_tick(TICK);
            bar
        });
        let number = number(n, self.sentences.len());
        let sentence = n.checked_sub(1).and_then(|index| self.sentences.get(index)).map_or("", String::as_str);
        let said = said.map(|said| said.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default();
        let said = if said.is_empty() { said } else { format!(" · {said}") };
        bar.set_message(format!("{number} {sentence}{said}"));
    }

    fn clear(&mut self) {
        if let Some(bar) = self.running.take() {
            bar.finish_and_clear();
        }
    }

    fn row(&self, n: usize, word: &str, style: Style) -> String {
        let sentence = n.checked_sub(1).and_then(|index| self.sentences.get(index)).map_or("", String::as_str);
        let wide = [gettext("done"), gettext("waiting"), gettext("FAILED")].iter().map(|text| text.width()).max();
        let fill = padded("", wide.unwrap_or(0).saturating_sub(word.width()));
        format!("{} {}{fill}  {sentence}", number(n, self.sentences.len()), styled(style, word))
    }
}

/// `[ 2/14]`
fn number(n: usize, total: usize) -> String {
    format!("[{n:>width$}/{total}]", width = total.to_string().len())
}
