// SPDX-License-Identifier: GPL-3.0-or-later
//! Progress on standard error, as lines for people or as JSON lines for programs.
//!
//! Invariant: one line per finished step, in the order they finish; what runs is shown only where it can be
//! written over.

use std::collections::BTreeMap;
use std::time::Instant;

use anstyle::Style;
use bkt_core::describe;
use bkt_core::i18n::gettext;
use bkt_core::plan::Plan;
use bkt_core::run::{Event, StepState};
use unicode_width::UnicodeWidthStr;

use crate::args::Progress;
use crate::ui::{BAD, DIM, GOOD, Ui, WARN, cut, padded, styled};

/// Shows the events of one run.
#[derive(Debug)]
pub(crate) struct Reporter<'u> {
    ui: &'u Ui,
    sentences: Vec<String>,
    started: BTreeMap<usize, Instant>,
    live: bool,
}

impl<'u> Reporter<'u> {
    /// Prepares the words of a plan's steps.
    pub(crate) fn new(ui: &'u Ui, plan: &Plan) -> Self {
        let live = ui.progress == Progress::Auto && ui.is_live() && !ui.quiet;
        Self { ui, sentences: plan.steps.iter().map(describe::step).collect(), started: BTreeMap::new(), live }
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
                if self.live {
                    self.ui.say_raw(&format!("\r\x1b[K{}\r", self.row(*n, &gettext("running"), DIM)));
                }
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
            Event::Log { .. } | Event::Start { .. } | Event::End { .. } => {}
        }
    }

    fn clear(&self) {
        if self.live {
            self.ui.say_raw("\r\x1b[K");
        }
    }

    fn row(&self, n: usize, word: &str, style: Style) -> String {
        let total = self.sentences.len();
        let number = format!("[{n:>width$}/{total}]", width = total.to_string().len());
        let sentence = n.checked_sub(1).and_then(|index| self.sentences.get(index)).map_or("", String::as_str);
        let wide = [gettext("running"), gettext("waiting"), gettext("FAILED")].iter().map(|text| text.width()).max();
        let fill = padded("", wide.unwrap_or(0).saturating_sub(word.width()));
        let line = format!("{number} {}{fill}  ", styled(style, word));
        // A line that is written over must not wrap.
        let room = if style == DIM { self.ui.width().saturating_sub(number.width() + 12) } else { usize::MAX };
        line + &cut(sentence, room)
    }
}
