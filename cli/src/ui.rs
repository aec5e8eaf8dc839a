// SPDX-License-Identifier: GPL-3.0-or-later
//! The terminal: answers on standard output, everything else on standard error.
//!
//! Invariant: with `--json` standard output gets exactly one document; a closed pipe ends quietly; escape
//! sequences are only written where colour is wanted.

mod fit;

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use bkt_core::document;
use bkt_core::i18n::{fill, gettext};
use unicode_width::UnicodeWidthStr;

use crate::args::{Globals, Progress, When};
use crate::error::{Answer, Failure, exit};
use crate::output::document_to;

/// Headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// What matters less.
pub(crate) const DIM: Style = Style::new().dimmed();
/// What is fine.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What wants a decision.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
/// What failed.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// How wide a terminal is that does not say so.
const USUAL: usize = 80;
/// Narrower terminals break lines themselves.
const NARROWEST: usize = 40;

/// Text in a style.
pub(crate) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Text filled with spaces up to a width in terminal columns.
pub(crate) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// The width of the widest of some texts, in terminal columns.
pub(crate) fn widest<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> usize {
    texts.into_iter().map(|text| text.as_ref().width()).max().unwrap_or(0)
}

/// Plain text broken between words where it would pass a width, each further line indented.
pub(crate) fn wrapped(text: &str, first: usize, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut column = first;
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 && column + 1 + word.width() > width {
            out.push_str(&format!("\n{}", " ".repeat(indent)));
            column = indent;
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.width();
    }
    out
}

/// How wide a terminal is; `None` where a stream is none.
fn columns(stream: &(impl IsTerminal + AsFd)) -> Option<usize> {
    let known = || terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0));
    stream.is_terminal().then(|| known().unwrap_or(USUAL).max(NARROWEST))
}

/// How the program talks.
#[derive(Debug, Clone)]
pub(crate) struct Ui {
    /// One JSON document is wanted.
    pub(crate) json: bool,
    /// No hints and no progress.
    pub(crate) quiet: bool,
    /// Also what tools print.
    pub(crate) verbose: bool,
    /// How to show progress.
    pub(crate) progress: Progress,
    /// Whether questions can be asked.
    pub(crate) can_ask: bool,
    color: ColorChoice,
}

impl Ui {
    /// Takes what the flags and the streams allow.
    pub(crate) fn new(globals: &Globals, no_input: bool) -> Self {
        let asked = !(globals.no_input || no_input || globals.yes || globals.wants_json());
        Self {
            json: globals.wants_json(),
            quiet: globals.quiet,
            verbose: globals.verbose,
            progress: globals.progress,
            can_ask: asked && io::stdin().is_terminal() && io::stderr().is_terminal(),
            color: match globals.color() {
                When::Auto => ColorChoice::Auto,
                When::Always => ColorChoice::Always,
                When::Never => ColorChoice::Never,
            },
        }
    }

    /// How wide lines may be; pipes and files have 80 columns, so that their text does not depend on a window.
    pub(crate) fn width(&self) -> usize {
        columns(&io::stdout()).map_or(USUAL, |width| width.min(100))
    }

    /// Whether standard error is a terminal whose lines can be written over.
    pub(crate) fn is_live(&self) -> bool {
        let stderr = io::stderr();
        stderr.is_terminal() && AutoStream::new(stderr, self.color).current_choice() != ColorChoice::Never
    }

    /// Says something on standard error; on a terminal its lines fit.
    pub(crate) fn say(&self, text: &str) {
        let fitted = columns(&io::stderr()).map(|width| fit::fitted(text, width));
        self.say_raw(&format!("{}\n", fitted.as_deref().unwrap_or(text)));
    }

    /// An answer whose lines fit, where it goes to a terminal.
    fn fit<'a>(answer: &'a Answer) -> Cow<'a, str> {
        match columns(&io::stdout()) {
            Some(width) if !answer.verbatim => fit::fitted(&answer.text, width).into(),
            _ => answer.text.as_str().into(),
        }
    }

    /// Says something on standard error, without ending the line.
    pub(crate) fn say_raw(&self, text: &str) {
        let mut stream = AutoStream::new(io::stderr(), self.color).lock();
        // Nobody is left to tell that standard error is closed.
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }

    /// Asks for one line; `None` at the end of the input.
    pub(crate) fn ask(&self, question: &str) -> Option<String> {
        self.say_raw(&format!("{question} "));
        let mut line = String::new();
        match io::stdin().read_line(&mut line) {
            Ok(0) | Err(_) => {
                self.say("");
                None
            }
            Ok(_) => Some(line.trim().to_owned()),
        }
    }

    /// Prints how the command ended and gives its exit code.
    pub(crate) fn end(&self, ended: &Result<Answer, Failure>) -> ExitCode {
        let (printed, exit) = match ended {
            // What was told line by line is no document.
            Ok(answer) if self.json && answer.document.is_null() => (Ok(()), answer.exit),
            Ok(answer) if self.json => (document_to(io::stdout(), &answer.document), answer.exit),
            Ok(answer) => (self.print(&Self::fit(answer)), answer.exit),
            Err(failure) if self.json => {
                (document_to(io::stdout(), &document::error(&failure.problem, failure.exit)), failure.exit)
            }
            Err(failure) => {
                self.explain(failure);
                (Ok(()), failure.exit)
            }
        };
        match printed {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return ExitCode::from(exit),
            Err(error) => {
                let reason = error.to_string();
                self.say(&fill(&gettext("bkt: standard output cannot be written: {reason}"), &[("reason", &reason)]));
                return ExitCode::from(exit::FAILED);
            }
        }
        if let Ok(answer) = ended
            && !self.json
            && !self.quiet
            && !answer.hints.is_empty()
        {
            self.say(&answer.hints);
        }
        ExitCode::from(exit)
    }

    /// Prints on standard output, for what is told while it happens.
    pub(crate) fn print(&self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        // Text without styles goes out as it is: taking styles out would also take out NUL.
        let color = if text.contains('\x1b') { self.color } else { ColorChoice::AlwaysAnsi };
        let mut stream = AutoStream::new(io::stdout(), color).lock();
        stream.write_all(text.as_bytes())?;
        if !text.ends_with(['\n', '\0']) {
            stream.write_all(b"\n")?;
        }
        stream.flush()
    }

    /// Says what went wrong, and the next step.
    pub(crate) fn explain(&self, failure: &Failure) {
        let problem = &failure.problem;
        self.say(&format!("{} {}", styled(BAD, "bkt:"), problem.message));
        if let Some(hint) = problem.hint.as_ref().filter(|_| !self.quiet) {
            self.say(&format!("     {hint}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{padded, widest, wrapped};

    #[test]
    fn widths_are_counted_in_columns() {
        assert_eq!(padded("日本", 5), "日本 ");
        assert_eq!(widest(["htop", "日本語"]), 6);
    }

    #[test]
    fn long_sentences_are_broken_between_words() {
        assert_eq!(wrapped("Add boxes to the file", 4, 2, 14), "Add boxes\n  to the file");
        assert_eq!(wrapped("averylongword here", 0, 2, 8), "averylongword\n  here");
    }
}
