// SPDX-License-Identifier: GPL-3.0-or-later
//! Where a section belongs: in the last stage, in the sections' own order, before the final lint.
//!
//! Invariant: inserting only inserts; every byte of the file is still there, in its order.

use super::text::{Outline, content, line_end, outline};
use super::{RecipeError, Section};

/// The text with a section put where it belongs.
///
/// # Errors
/// The text cannot be read, or has no `FROM`.
pub(super) fn inserted(text: &str, section: Section, body: &[String]) -> Result<String, RecipeError> {
    let outline = outline(text)?;
    let at = position(text, &outline, section)?;
    let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else { return Err(RecipeError::NoStage) };
    let end = text.split_inclusive('\n').next().map_or("\n", line_end);
    let mut out = String::with_capacity(text.len() + 512);
    out.push_str(before);
    if !before.is_empty() && !before.ends_with('\n') {
        out.push_str(end);
    }
    let is_blank = |line: Option<&str>| line.is_none_or(|line| content(line).trim().is_empty());
    if !is_blank(before.split_inclusive('\n').next_back()) {
        out.push_str(end);
    }
    out.push_str(&format!("# === {section} (managed by bkt) ==={end}"));
    for line in body {
        out.push_str(line);
        out.push_str(end);
    }
    out.push_str(&format!("# === END {section} ==={end}"));
    if !is_blank(after.split_inclusive('\n').next()) {
        out.push_str(end);
    }
    out.push_str(after);
    Ok(out)
}

fn position(text: &str, outline: &Outline, section: Section) -> Result<usize, RecipeError> {
    let stage = outline.last_stage().and_then(|stage| stage.first()).ok_or(RecipeError::NoStage)?;
    let here = || outline.sections.iter().filter(|found| found.line > stage.line);
    let earlier = here().filter(|found| found.section < section).map(|found| found.whole.end).max();
    let later = here().filter(|found| found.section > section).map(|found| found.whole.start).min();
    let lint = outline.lint().map_or(text.len(), |lint| lint.start);
    Ok(earlier.or(later).unwrap_or(lint).min(lint))
}
