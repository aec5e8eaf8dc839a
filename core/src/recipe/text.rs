// SPDX-License-Identifier: GPL-3.0-or-later
//! A Containerfile by lines: where its managed sections, its instructions and its stages are.
//!
//! Only as much of the grammar is known as is needed never to mistake text for a marker: comments, instructions
//! continued over lines, and here-documents, whose bodies are text whatever they say (BuildKit's Dockerfile
//! reference, "Here-Documents"). Section names that are not ours are text, too.
//!
//! Invariant: bytes outside a section's body are never looked at for more than that, and never changed.

use std::collections::VecDeque;
use std::ops::Range;

use super::{RecipeError, Section};

/// A managed section of a Containerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Which.
    pub(super) section: Section,
    /// The line of its start marker, from 1.
    pub(super) line: u32,
    /// The line of its end marker.
    pub(super) end_line: u32,
    /// From the start marker to behind the end marker's line.
    pub(super) whole: Range<usize>,
    /// Between the two marker lines.
    pub(super) body: Range<usize>,
    /// How its start marker's line ends.
    pub(super) line_end: &'static str,
}

/// An instruction: `RUN …` with all the lines it is continued on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instruction {
    /// Its first word, in capitals.
    pub(super) keyword: String,
    /// The line it begins on, from 1.
    pub(super) line: u32,
    /// Where it begins, with the comment lines right above it.
    pub(super) start: usize,
    /// Whether it runs `bootc container lint`.
    pub(super) lints: bool,
}

/// What is in a Containerfile.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The managed sections, in the order of the file.
    pub(super) sections: Vec<Found>,
    /// The instructions, in the order of the file.
    pub(super) instructions: Vec<Instruction>,
}

impl Outline {
    /// Where a section is, if the file has it.
    pub(super) fn section(&self, section: Section) -> Option<&Found> {
        self.sections.iter().find(|found| found.section == section)
    }

    /// The `FROM` that begins the last stage, and what follows it.
    pub(super) fn last_stage(&self) -> Option<&[Instruction]> {
        let from = self.instructions.iter().rposition(|instruction| instruction.keyword == "FROM")?;
        self.instructions.get(from..)
    }

    /// The lint at the end of the last stage.
    pub(super) fn lint(&self) -> Option<&Instruction> {
        self.last_stage()?.iter().rfind(|instruction| instruction.lints)
    }
}

/// How a line ends, without which its text is compared.
pub(super) fn line_end(line: &str) -> &'static str {
    if line.ends_with("\r\n") { "\r\n" } else { "\n" }
}

/// A line without its end.
pub(super) fn content(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

/// Reads a Containerfile.
///
/// # Errors
/// Its markers do not pair up, or something could hide one; the error names the line.
pub(super) fn outline(text: &str) -> Result<Outline, RecipeError> {
    let mut reading = Reading::default();
    let mut offset = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        reading.line(number, offset, line)?;
        offset += line.len();
    }
    reading.end()
}

#[derive(Debug, Default)]
struct Reading {
    outline: Outline,
    /// The section that is open: which, its line, where it and its body begin, its line end.
    open: Option<(Section, u32, usize, usize, &'static str)>,
    /// The instruction that goes on, with what it says so far.
    instruction: Option<(Instruction, String)>,
    /// The here-documents that are still to be read.
    documents: VecDeque<Document>,
    /// Where the comment lines right above begin.
    comments: Option<usize>,
    /// Whether parser directives can still come.
    past_directives: bool,
}

/// A here-document: `<<WORD`.
#[derive(Debug)]
struct Document {
    word: String,
    strips_tabs: bool,
    line: u32,
}

impl Reading {
    fn line(&mut self, number: u32, offset: usize, line: &str) -> Result<(), RecipeError> {
        let text = content(line);
        if let Some(document) = self.documents.front() {
            let closing = if document.strips_tabs { text.trim_start_matches('\t') } else { text };
            if closing == document.word {
                self.documents.pop_front();
            }
            return Ok(());
        }
        if let Some(marker) = Marker::read(text) {
            self.comments = None;
            self.past_directives = true;
            return match self.instruction {
                Some(_) => Err(RecipeError::InsideInstruction { section: marker.section(), line: number }),
                None => self.marker(marker, number, offset, line),
            };
        }
        let trimmed = text.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return self.comment(number, offset, trimmed);
        }
        self.past_directives = true;
        let (mut instruction, mut said) = self.instruction.take().unwrap_or_else(|| {
            let keyword = trimmed.split_ascii_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            let start = self.comments.unwrap_or(offset);
            (Instruction { keyword, line: number, start, lints: false }, String::new())
        });
        self.comments = None;
        if let Some(rest) = continued(text) {
            said.push_str(rest);
            self.instruction = Some((instruction, said));
        } else {
            said.push_str(text);
            instruction.lints = instruction.keyword == "RUN" && lints(&said);
            self.documents = documents(&said, number);
            self.outline.instructions.push(instruction);
        }
        Ok(())
    }

    fn comment(&mut self, number: u32, offset: usize, trimmed: &str) -> Result<(), RecipeError> {
        match trimmed.strip_prefix('#') {
            None => self.comments = None,
            Some(comment) => {
                self.comments.get_or_insert(offset);
                if !self.past_directives
                    && let Some((name, value)) = comment.split_once('=')
                {
                    if name.trim().eq_ignore_ascii_case("escape") && value.trim() != "\\" {
                        return Err(RecipeError::Escape { line: number });
                    }
                    return Ok(());
                }
            }
        }
        self.past_directives = true;
        Ok(())
    }

    fn marker(&mut self, marker: Marker, line: u32, offset: usize, text: &str) -> Result<(), RecipeError> {
        let after = offset + text.len();
        match (marker, self.open.take()) {
            (Marker::Start(section), None) => {
                if let Some(first) = self.outline.section(section) {
                    return Err(RecipeError::Twice { section, line, first: first.line });
                }
                self.open = Some((section, line, offset, after, line_end(text)));
                Ok(())
            }
            (Marker::Start(inner), Some((section, outer, ..))) => {
                Err(RecipeError::Nested { section, line: outer, inner, inner_line: line })
            }
            (Marker::End(section), None) => Err(RecipeError::EndWithoutStart { section, line }),
            (Marker::End(ended), Some((section, start, begin, body, line_end))) => {
                if ended != section {
                    return Err(RecipeError::OtherEnd { section, line: start, ended, end_line: line });
                }
                let found =
                    Found { section, line: start, end_line: line, whole: begin..after, body: body..offset, line_end };
                self.outline.sections.push(found);
                Ok(())
            }
        }
    }

    fn end(mut self) -> Result<Outline, RecipeError> {
        if let Some(document) = self.documents.pop_front() {
            return Err(RecipeError::UnclosedDocument { word: document.word, line: document.line });
        }
        if let Some((section, line, ..)) = self.open {
            return Err(RecipeError::Unclosed { section, line });
        }
        if let Some((instruction, _)) = self.instruction.take() {
            self.outline.instructions.push(instruction);
        }
        Ok(self.outline)
    }
}

/// A marker line of one of our sections.
#[derive(Debug, Clone, Copy)]
enum Marker {
    Start(Section),
    End(Section),
}

impl Marker {
    fn read(line: &str) -> Option<Self> {
        let inner = line.trim().strip_prefix("# === ")?.strip_suffix(" ===")?;
        match (inner.strip_suffix(" (managed by bkt)"), inner.strip_prefix("END ")) {
            (Some(name), _) => Section::of_name(name).map(Self::Start),
            (None, Some(name)) => Section::of_name(name).map(Self::End),
            (None, None) => None,
        }
    }

    const fn section(self) -> Section {
        match self {
            Self::Start(section) | Self::End(section) => section,
        }
    }
}

fn lints(instruction: &str) -> bool {
    instruction.contains("bootc")
        && instruction
            .split_whitespace()
            .collect::<Vec<_>>()
            .windows(3)
            .any(|words| words == ["bootc", "container", "lint"])
}

/// What a line says before the backslash that continues it.
fn continued(line: &str) -> Option<&str> {
    let rest = line.trim_end_matches([' ', '\t']).strip_suffix('\\')?;
    (!rest.ends_with('\\')).then_some(rest)
}

/// The here-documents an instruction is followed by.
fn documents(instruction: &str, line: u32) -> VecDeque<Document> {
    if !instruction.contains("<<") {
        return VecDeque::new();
    }
    let words = words(instruction);
    let keyword = |at: usize| words.get(at).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    let named = if keyword(0) == "ONBUILD" { keyword(1) } else { keyword(0) };
    if !["RUN", "COPY", "ADD"].contains(&named.as_str()) {
        return VecDeque::new();
    }
    words.iter().filter_map(|word| document(word, line)).collect()
}

/// `<<WORD`, `<<-WORD`, `3<<"WORD"`.
fn document(word: &str, line: u32) -> Option<Document> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (rest, strips_tabs) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let word: String = rest.chars().filter(|c| !['"', '\'', '\\'].contains(c)).collect();
    Some(Document { word, strips_tabs, line })
}

/// Words as the builder splits them, with their quotes.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => {
                push(&mut words, c);
                chars.next().into_iter().for_each(|next| push(&mut words, next));
            }
            ('"' | '\'', None) => {
                quote = Some(c);
                push(&mut words, c);
            }
            (c, Some(open)) => {
                quote = (c != open).then_some(open);
                push(&mut words, c);
            }
            (c, None) if c.is_whitespace() => words.push(String::new()),
            (c, None) => push(&mut words, c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn push(words: &mut [String], c: char) {
    if let Some(word) = words.last_mut() {
        word.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(Section, u32, u32)> {
        outline(text).unwrap().sections.iter().map(|found| (found.section, found.line, found.end_line)).collect()
    }

    const UNITS: &str = "# === SYSTEMD_UNITS (managed by bkt) ===\n# === END SYSTEMD_UNITS ===\n";

    #[test]
    fn markers_are_found_whatever_stands_around_them() {
        assert_eq!(names(&format!("FROM a\n{UNITS}")), [(Section::SystemdUnits, 2, 3)]);
        let indented = UNITS.replace('#', "  #").replace('\n', " \r\n");
        assert_eq!(names(&indented), [(Section::SystemdUnits, 1, 2)]);
        assert_eq!(names(UNITS.trim_end()), [(Section::SystemdUnits, 1, 2)]);
        assert_eq!(names("# === OTHER (managed by bkt) ===\nRUN x\n# === END ELSE ===\n"), []);
    }

    #[test]
    fn a_marker_in_a_here_document_is_text() {
        for opening in [
            "RUN cat <<EOF > /a",
            "RUN cat <<'EOF'",
            "COPY <<-\"EOF\" /a",
            "onbuild run x 3<<EOF",
            "RUN a \\\n # note\n\n  <<EOF && \\\n  b",
        ] {
            let text = format!("{opening}\n# === SYSTEM_PACKAGES (managed by bkt) ===\nEOF\n{UNITS}");
            assert_eq!(names(&text).len(), 1, "{text}");
        }
        let two = format!("RUN a <<ONE b <<-TWO\n{UNITS}ONE\n{UNITS}\tTWO\n{UNITS}");
        assert_eq!(names(&two), [(Section::SystemdUnits, 8, 9)]);
        for none in ["RUN a '<<EOF'", "RUN a <<<EOF", "RUN a << EOF", "LABEL a=b <<EOF", "# RUN <<EOF", "RUN a<<EOF"] {
            assert_eq!(names(&format!("{none}\n{UNITS}")).len(), 1, "{none}");
        }
    }

    #[test]
    fn markers_that_do_not_pair_up_are_refused_by_line() {
        let start = "# === SYSTEM_PACKAGES (managed by bkt) ===\n";
        let end = "# === END SYSTEM_PACKAGES ===\n";
        for (text, wanted) in [
            (format!("\n{start}RUN x\n"), "SYSTEM_PACKAGES begins at line 2 and does not end"),
            (format!("FROM x\n{end}"), "SYSTEM_PACKAGES ends at line 2 and does not begin"),
            (
                format!("{start}{end}{start}{end}"),
                "SYSTEM_PACKAGES begins a second time at line 3; the first is at line 1",
            ),
            (format!("{start}{start}{end}{end}"), "SYSTEM_PACKAGES begins at line 2 inside SYSTEM_PACKAGES of line 1"),
            (format!("{start}{UNITS}{end}"), "SYSTEMD_UNITS begins at line 2 inside SYSTEM_PACKAGES of line 1"),
            (
                format!("{start}# === END SYSTEMD_UNITS ===\n{end}"),
                "SYSTEMD_UNITS ends at line 2 while SYSTEM_PACKAGES of line 1 is open",
            ),
            (format!("RUN a \\\n{UNITS}"), "a marker of SYSTEMD_UNITS stands inside an instruction at line 2"),
            (format!("{start}RUN a \\\n{end}"), "a marker of SYSTEM_PACKAGES stands inside an instruction at line 3"),
            (format!("RUN <<EOF\n{UNITS}"), "the here-document ‘EOF’ of line 1 does not end"),
            (format!("# escape=`\n{UNITS}"), "line 1 sets another escape character than the backslash"),
        ] {
            assert_eq!(outline(&text).unwrap_err().to_string(), wanted, "{text}");
        }
    }

    #[test]
    fn the_last_stage_ends_with_its_lint() {
        let text = "ARG A=1\nFROM a AS b\nRUN bootc container lint\nFROM c\nRUN x && \\\n  y\n# last\n# step\nRUN bootc container \\\n lint\n";
        let outline = outline(text).unwrap();
        let stage: Vec<_> = outline.last_stage().unwrap().iter().map(|one| (one.keyword.as_str(), one.line)).collect();
        assert_eq!(stage, [("FROM", 4), ("RUN", 5), ("RUN", 9)]);
        assert_eq!(outline.lint().map(|lint| text.find("# last") == Some(lint.start)), Some(true));
    }
}
