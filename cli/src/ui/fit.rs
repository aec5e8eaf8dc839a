// SPDX-License-Identifier: GPL-3.0-or-later
//! Lines that fit a terminal.
//!
//! Invariant: only spaces become line breaks, and a command that is there to be copied stays in one line.

use unicode_width::UnicodeWidthChar;

/// Text whose lines are broken between words where they pass a width, each further line indented a little more.
pub(crate) fn fitted(text: &str, width: usize) -> String {
    text.split_inclusive('\n').map(|line| line_fitted(line, width)).collect()
}

fn line_fitted(line: &str, width: usize) -> String {
    let indent = line.len() - line.trim_start_matches(' ').len() + 2;
    if columns(line) <= width || is_command(line) || indent * 2 > width {
        return line.to_owned();
    }
    let (mut out, mut column) = (String::new(), 0);
    for (gap, word) in words(line) {
        let (spaces, wide) = (gap.len(), columns(word));
        if column > 0 && column + spaces + wide > width && column > indent {
            out.push_str(&format!("\n{}", " ".repeat(indent)));
            column = indent;
        } else {
            out.push_str(gap);
            column += spaces;
        }
        out.push_str(word);
        column += wide;
    }
    out
}

/// Whether a line is, or ends in, a command of ours that is not quoted in a sentence.
fn is_command(line: &str) -> bool {
    line.trim_start().starts_with("bkt ") || line.contains(": bkt ")
}

/// The words of a line, each with the spaces before it.
fn words(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let begin = rest.find(|c| c != ' ').filter(|_| !rest.is_empty())?;
        let (gap, after) = rest.split_at(begin);
        let (word, left) = after.split_at(after.find(' ').unwrap_or(after.len()));
        rest = left;
        Some((gap, word))
    })
}

/// The columns of text, in which the sequences that begin and end a style take none.
fn columns(text: &str) -> usize {
    let mut in_sequence = false;
    let mut count = 0;
    for c in text.chars() {
        match (in_sequence, c) {
            (false, '\x1b') => in_sequence = true,
            (false, _) => count += c.width().unwrap_or(0),
            (true, _) => in_sequence = !c.is_ascii_alphabetic(),
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_only_where_they_are_too_long() {
        let text = "  short\n  one two three four\n    five   six seven\n";
        assert_eq!(fitted(text, 14), "  short\n  one two\n    three four\n    five   six\n      seven\n");
        assert_eq!(fitted(text, 80), text);
        assert_eq!(fitted("averyveryverylongword and more", 12), "averyveryverylongword\n  and more");
    }

    #[test]
    fn styles_take_no_room_and_commands_stay_whole() {
        assert_eq!(fitted("\x1b[1mone\x1b[0m two", 7), "\x1b[1mone\x1b[0m two");
        assert_eq!(fitted("日本 日本 日本", 9), "日本 日本\n  日本");
        for line in ["  bkt capture a b c d e f", "Try again: bkt apply a b c d e f"] {
            assert_eq!(fitted(line, 12), line);
        }
        assert_eq!(fitted("see ‘bkt log’ for more", 14), "see ‘bkt log’\n  for more");
    }
}
