// SPDX-License-Identifier: GPL-3.0-or-later
//! A list or an object of a manifest, taken apart at its commas and put together again.
//!
//! Each part keeps the white space and comments around it, so that what is not changed is written back byte
//! for byte, and any number of changes costs one pass. The syntax tree knows where the parts are.
//!
//! Invariant: unchanged parts are written as they were, except for the comma after one that becomes or was
//! the last; no comment is dropped but those on the same line as a removed part.

use std::borrow::Cow;

use jsonc_parser::ast::{Array, Object};
use jsonc_parser::common::{Range, Ranged};

/// How the manifest is laid out.
#[derive(Debug)]
pub(super) struct Style {
    /// How its lines end.
    pub(super) newline: &'static str,
    /// One step of indentation.
    pub(super) step: String,
}

/// One element or property, with what stands around it.
#[derive(Debug, Default)]
struct Part<'t> {
    /// From the end of the previous part's line.
    lead: Cow<'t, str>,
    /// The name of a property up to its value.
    head: Cow<'t, str>,
    value: Cow<'t, str>,
    before_comma: &'t str,
    /// The comment after it on its line.
    after: &'t str,
    removed: bool,
}

/// A list or an object.
#[derive(Debug)]
pub(super) struct Parts<'t> {
    brackets: [char; 2],
    /// The comment beside the opening bracket.
    open: Cow<'t, str>,
    parts: Vec<Part<'t>>,
    /// New parts, each before the old part of that number.
    added: Vec<(usize, Part<'t>)>,
    tail: Cow<'t, str>,
    trailing_comma: bool,
    /// Stays on one line when it grows.
    one_line: bool,
    changed: bool,
}

impl<'t> Parts<'t> {
    /// The parts of a list.
    pub(super) fn list(text: &'t str, list: &Array<'t>) -> Self {
        let parts = list.elements.iter().map(|element| (element.start(), element.range()));
        Self::cut(text, ['[', ']'], list.range, parts)
    }

    /// The parts of an object.
    pub(super) fn object(text: &'t str, object: &Object<'t>) -> Self {
        let parts = object.properties.iter().map(|property| (property.start(), property.value.range()));
        Self::cut(text, ['{', '}'], object.range, parts)
    }

    /// The parts of an object that is an entry of a list: if it stands on one line, it stays there.
    pub(super) fn entry(text: &'t str, object: &Object<'t>) -> Self {
        Self { one_line: true, ..Self::object(text, object) }
    }

    /// A new list or object.
    pub(super) fn empty(brackets: [char; 2]) -> Self {
        Self {
            brackets,
            open: Cow::Borrowed(""),
            parts: Vec::new(),
            added: Vec::new(),
            tail: Cow::Borrowed(""),
            trailing_comma: false,
            one_line: false,
            changed: false,
        }
    }

    fn cut(text: &'t str, brackets: [char; 2], range: Range, ranges: impl Iterator<Item = (usize, Range)>) -> Self {
        let mut all = Self::empty(brackets);
        let mut at = range.start + 1;
        for (start, value) in ranges {
            let lead = all.close(&text[at..start]);
            let part = Part {
                lead: Cow::Borrowed(lead),
                head: Cow::Borrowed(&text[start..value.start]),
                value: Cow::Borrowed(&text[value.start..value.end]),
                ..Part::default()
            };
            all.parts.push(part);
            at = value.end;
        }
        all.tail = Cow::Borrowed(all.close(&text[at..range.end - 1]));
        all
    }

    /// Takes what belongs to the line of the last part, or of the opening bracket; the rest leads the next.
    fn close(&mut self, gap: &'t str) -> &'t str {
        let comma = comma(gap);
        self.trailing_comma = comma.is_some();
        let (before, gap) = comma.map_or(("", gap), |at| (&gap[..at], &gap[at + 1..]));
        let (line, rest) = gap.split_at(rest_of_line(gap));
        match self.parts.last_mut() {
            Some(part) => (part.before_comma, part.after) = (before, line),
            None => self.open = Cow::Borrowed(line),
        }
        rest
    }

    /// How many parts it was read with.
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether writing it would give other bytes.
    pub(super) fn is_changed(&self) -> bool {
        self.changed
    }

    /// Gives a part another value.
    pub(super) fn set(&mut self, n: usize, value: String) {
        if let Some(part) = self.parts.get_mut(n).filter(|part| part.value != value) {
            part.value = Cow::Owned(value);
            self.changed = true;
        }
    }

    /// Takes a part out.
    pub(super) fn remove(&mut self, n: usize) {
        if let Some(part) = self.parts.get_mut(n) {
            part.removed = true;
            self.changed = true;
        }
    }

    /// Puts a part before the one that was read as number `before`; at the same place, after earlier ones.
    pub(super) fn insert(&mut self, before: usize, name: Option<&str>, value: String) {
        let head = name.map_or_else(String::new, |name| format!("{}: ", quoted(name)));
        let part = Part { head: Cow::Owned(head), value: Cow::Owned(value), ..Part::default() };
        self.added.push((before, part));
        self.changed = true;
    }

    fn is_broken(&self) -> bool {
        let breaks =
            |part: &Part<'_>| [&part.lead, part.before_comma, part.after].iter().any(|text| text.contains('\n'));
        self.open.contains('\n') || self.tail.contains('\n') || self.parts.iter().any(breaks)
    }

    /// The indentation of its parts, or of what it `grows` by, when its own line is indented by `indent`.
    pub(super) fn inner_indent(&self, style: &Style, indent: &str, grows: bool) -> String {
        let own_line = self.parts.iter().find_map(|part| {
            let (_, line) = part.lead.rsplit_once('\n')?;
            line.trim().is_empty().then(|| line.to_owned())
        });
        own_line.unwrap_or_else(|| {
            let on_this_line = !grows && !self.parts.is_empty() && !self.is_broken();
            if on_this_line { indent.to_owned() } else { format!("{indent}{}", style.step) }
        })
    }

    /// The text, when its own line is indented by `indent`.
    pub(super) fn write(mut self, style: &Style, indent: &str) -> String {
        let inner = self.inner_indent(style, indent, !self.added.is_empty());
        let own_line = format!("{}{inner}", style.newline);
        let stays = self.one_line && !self.parts.is_empty() && !self.is_broken();
        if !self.added.is_empty() && !stays {
            self.break_lines(style, &own_line, indent);
        }
        let last = self.parts.iter().filter(|part| !part.removed).count() + self.added.len();
        let mut out = String::from(self.brackets[0]);
        out.push_str(&self.open);
        let mut gone = None;
        let mut written = 0;
        self.added.sort_by_key(|(before, _)| *before);
        let mut added = self.added.into_iter().peekable();
        let mut write = |part: Part<'_>, gone: &mut Option<String>, out: &mut String| {
            written += 1;
            out.push_str(&lead(gone.take(), &part.lead));
            out.push_str(&part.head);
            out.push_str(&part.value);
            out.push_str(part.before_comma);
            if written < last || self.trailing_comma {
                out.push(',');
            }
            out.push_str(part.after);
        };
        let first_lead = if stays { " " } else { &own_line };
        for (n, part) in self.parts.into_iter().map(Some).chain([None]).enumerate() {
            while let Some((_, mut new)) = added.next_if(|(before, _)| *before <= n || part.is_none()) {
                if new.lead.is_empty() {
                    new.lead = Cow::Borrowed(first_lead);
                }
                write(new, &mut gone, &mut out);
            }
            match part {
                Some(part) if part.removed => gone = Some(lead(gone, &part.lead)),
                Some(part) => write(part, &mut gone, &mut out),
                None => {}
            }
        }
        let tail = match gone {
            Some(blank) if blank.trim().is_empty() && !blank.contains('\n') => self.tail.into_owned(),
            gone => lead(gone, &self.tail),
        };
        if last > 0 || !out[1..].trim().is_empty() || !tail.trim().is_empty() {
            out.push_str(&tail);
        }
        out.push(self.brackets[1]);
        out
    }

    /// One part on each line, as before a part comes in.
    fn break_lines(&mut self, style: &Style, own_line: &str, indent: &str) {
        let last_line = format!("{}{indent}", style.newline);
        if self.parts.is_empty() {
            // What stood in it alone, a comment perhaps, stays before the first part.
            if let Some((_, first)) = self.added.first_mut().filter(|_| !self.tail.trim().is_empty()) {
                first.lead = Cow::Owned(format!("{}{own_line}", self.tail.trim_end()));
            }
            self.tail = Cow::Owned(last_line);
        } else if !self.is_broken() {
            for part in &mut self.parts {
                let comment = part.lead.trim();
                let space = if comment.is_empty() { "" } else { " " };
                part.lead = Cow::Owned(format!("{own_line}{comment}{space}"));
            }
            self.tail = Cow::Owned(format!("{}{last_line}", self.tail.trim_end()));
        }
    }
}

/// What leads to a part after others before it have `gone`: their comments on lines of their own stay.
fn lead(gone: Option<String>, next: &str) -> String {
    let Some(gone) = gone else { return next.to_owned() };
    let inline = next.trim_start_matches([' ', '\t']);
    if !inline.starts_with(['\n', '\r']) {
        return gone + inline;
    }
    let kept = gone.trim_end_matches([' ', '\t']);
    let kept = kept.strip_suffix('\n').map_or(kept, |kept| kept.strip_suffix('\r').unwrap_or(kept));
    format!("{kept}{next}")
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// How long the comment at the start of a text is, 0 if there is none.
fn comment(text: &str) -> usize {
    if text.starts_with("//") {
        text.find('\n').unwrap_or(text.len())
    } else if text.starts_with("/*") {
        text.find("*/").map_or(text.len(), |end| end + 2)
    } else {
        0
    }
}

/// Where the comma is in what stands between two parts.
fn comma(gap: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(next) = gap[at..].chars().next() {
        match (next, comment(&gap[at..])) {
            (',', _) => return Some(at),
            (_, 0) => at += next.len_utf8(),
            (_, length) => at += length,
        }
    }
    None
}

/// How much of white space and comments belongs to the line they begin on; 0 if something follows on that line.
fn rest_of_line(gap: &str) -> usize {
    let mut at = 0;
    while let Some(next) = gap[at..].chars().next() {
        match (next, comment(&gap[at..])) {
            ('\n', _) => return gap[..at].trim_end_matches('\r').len(),
            (_, 0) => at += next.len_utf8(),
            (_, length) => at += length,
        }
    }
    0
}
