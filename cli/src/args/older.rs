// SPDX-License-Identifier: GPL-3.0-or-later
//! What people type who know an older `bkt`: other spellings of what is there are understood, and what has another
//! name now, or is there no longer, is answered.
//!
//! Invariant: a line that is understood today keeps its meaning; nothing that means something else is run in place of
//! what was typed; every command that an answer names is one.

mod answers;
mod spellings;
#[cfg(test)]
mod tests;

use bkt_core::i18n::{fill, gettext};
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use self::answers::Answer;
pub(super) use self::spellings::today;
use crate::ui::wrapped;

/// Options that may stand before a command with a value.
const WITH_VALUE: [&str; 7] = ["-C", "--repo", "--root", "--color", "--progress", "--format", "--context"];

/// What begins a line of advice, and how far help and errors go to the right.
const TIP: usize = "  tip: ".len();
const WIDTH: usize = 80;

/// Where the words are that are neither options nor the values of those before a command.
fn positions<S: AsRef<str>>(words: &[S]) -> Vec<usize> {
    let is_word = |at: &usize| {
        let (word, before) = (words[*at].as_ref(), words[*at - 1].as_ref());
        !word.starts_with('-') && !WITH_VALUE.contains(&before)
    };
    (1..words.len()).filter(is_word).collect()
}

/// A sentence in lines; a command in it stays in one.
fn broken(sentence: &str) -> String {
    const KEPT: char = '\u{a0}';
    let mut quoted = false;
    let keep = |c: char| {
        quoted = if quoted { !['’', '«'].contains(&c) } else { ['‘', '»'].contains(&c) };
        if quoted && c == ' ' { KEPT } else { c }
    };
    let sentence: String = sentence.chars().map(keep).collect();
    wrapped(&sentence, TIP, TIP, WIDTH).replace(KEPT, " ")
}

/// Adds to a refusal what replaces the words of an older version; gives what was added.
pub(super) fn point(error: &mut Error, words: &[&str]) -> Option<String> {
    let known =
        [ErrorKind::InvalidSubcommand, ErrorKind::UnknownArgument, ErrorKind::InvalidValue, ErrorKind::ValueValidation];
    let refused = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) => word.clone(),
        _ => String::new(),
    };
    let answer = known.contains(&error.kind()).then(|| answers::answer(words, &refused)).flatten()?;
    let (tip, shown) = match answer {
        Answer::Command(command) => {
            let tip = fill(&gettext("this is ‘{command}’ now"), &[("command", &command)]);
            // A command that is there to be copied stays in one line.
            (tip.clone(), tip)
        }
        Answer::Sentence(sentence) => (sentence.clone(), broken(&sentence)),
    };
    // The usage follows the guess, too.
    use ContextKind::{SuggestedArg, SuggestedSubcommand, SuggestedValue, Usage};
    [SuggestedSubcommand, SuggestedArg, SuggestedValue, Usage].into_iter().for_each(|guess| drop(error.remove(guess)));
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(shown)]));
    Some(tip)
}
