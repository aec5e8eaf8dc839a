// SPDX-License-Identifier: GPL-3.0-or-later
//! Commands of older versions that have another name now: what is typed out of habit is answered by the new name.
//!
//! Invariant: nothing is run in its place; where the habit may mean a command that is there, clap's own words stand.

use bkt_core::i18n::{fill, gettext};
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// Whole commands.
const COMMANDS: [(&str, &str); 6] = [
    ("upgrade", "bkt system staged"),
    ("try", "bkt dnf install NAME --here-only"),
    ("profile", "bkt drift"),
    ("bootstrap", "bkt first-boot"),
    ("migrate", "bkt status"),
    ("sync", "bkt apply"),
];
/// What was said below a command about one kind of thing.
const THINGS: [(&str, &str); 6] = [
    ("dnf", "pkg"),
    ("flatpak", "flatpak"),
    ("fp", "flatpak"),
    ("gsetting", "gsetting"),
    ("gs", "gsetting"),
    ("extension", "ext"),
];

/// Options that may stand before a command with a value.
const WITH_VALUE: [&str; 6] = ["-C", "--repo", "--root", "--color", "--progress", "--format"];

/// Adds the new name to the refusal of an old one.
pub(super) fn point(error: &mut Error, words: &[&str]) {
    let known = [ErrorKind::InvalidSubcommand, ErrorKind::UnknownArgument, ErrorKind::InvalidValue];
    let Some(command) = known.contains(&error.kind()).then(|| new_name(words)).flatten() else { return };
    let tip = fill(&gettext("this is ‘{command}’ now"), &[("command", &command)]);
    error.remove(ContextKind::SuggestedSubcommand);
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
}

fn new_name(words: &[&str]) -> Option<String> {
    let is_word = |at: &usize| !words[*at].starts_with('-') && !WITH_VALUE.contains(&words[*at - 1]);
    let mut words = (1..words.len()).filter(is_word).map(|at| &words[at]);
    let first = words.next()?;
    let second = words.next().copied().unwrap_or_default();
    let rest: String = words.map(|word| format!(" {word}")).collect();
    match (*first, second) {
        ("system" | "sys", "add") => return Some(format!("bkt dnf install{rest}")),
        ("system" | "sys", "remove") => return Some(format!("bkt dnf remove{rest}")),
        ("system" | "sys", "list") => return Some("bkt dnf list".to_owned()),
        ("system" | "sys", "capture") => return Some("bkt capture pkg".to_owned()),
        _ => {}
    }
    let kind = THINGS.iter().find(|(thing, _)| thing == first).map_or(*first, |(_, kind)| *kind);
    match second {
        "sync" | "apply" => Some(format!("bkt apply {kind}")),
        "capture" => Some(format!("bkt capture {kind}")),
        _ => COMMANDS.iter().find(|(old, _)| old == first).map(|(_, new)| (*new).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_lead_to_new_ones() {
        let name = |line: &str| new_name(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(name("bkt -C x extension sync").as_deref(), Some("bkt apply ext"));
        assert_eq!(name("bkt -n fp capture --apply").as_deref(), Some("bkt capture flatpak"));
        assert_eq!(name("bkt system add htop git").as_deref(), Some("bkt dnf install htop git"));
        assert_eq!(name("bkt try htop").as_deref(), Some("bkt dnf install NAME --here-only"));
        assert_eq!(name("bkt statsu"), None);
    }
}
