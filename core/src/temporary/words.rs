// SPDX-License-Identifier: GPL-3.0-or-later
//! Temporary changes in words: for lists, and for whoever reviews a pull request that keeps them.
//!
//! Invariant: what looks private is left out of what others read.

use serde_json::json;

use super::{Standing, Temporary};
use crate::i18n::{fill, gettext};
use crate::private;
use crate::value::Value;

/// What a group of records is called.
#[must_use]
pub fn heading(standing: Standing) -> String {
    match standing {
        Standing::EndsAtRestart => gettext("Ends at the next restart"),
        Standing::Stays => gettext("Stays on this computer until it is changed back"),
        Standing::Gone => gettext("Gone since the last restart"),
        Standing::Unknown => gettext("Could not be checked"),
    }
}

/// What is known of a change, a line for each: when and since which start of the computer, its value, by which
/// command, and what became of it.
#[must_use]
pub fn notes(temporary: &Temporary) -> Vec<String> {
    let Temporary { id, standing, record, .. } = temporary;
    let when = record.timestamp.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let mut notes = vec![match record.boot_id.as_deref().filter(|boot| !boot.is_empty()) {
        Some(boot) => fill(
            &gettext("Changed on one computer on {when}, in its start {boot}"),
            &[("when", when.as_str()), ("boot", boot)],
        ),
        None => fill(&gettext("Changed on one computer on {when}"), &[("when", when.as_str())]),
    }];
    // Presence says nothing more than that it was added.
    if let Some(value) = record.left().filter(|value| *value != Value::Present)
        && private::look(id, &json!(value)).is_none()
    {
        notes.push(fill(&gettext("Its value there: {value}"), &[("value", &code(&value.to_string()))]));
    }
    let command = record.command.as_deref().map(without_folders);
    if let Some(command) = command.filter(|command| private::look(id, &json!(command)).is_none()) {
        notes.push(fill(&gettext("By {command}"), &[("command", &code(&command))]));
    }
    notes.push(heading(*standing));
    notes
}

/// A command without the folders it was about: they say nothing to anybody else.
fn without_folders(command: &str) -> String {
    let (mut kept, mut rest) = (Vec::new(), command.split(' '));
    while let Some(word) = rest.next() {
        if !matches!(word, "-C" | "--repo" | "--root") {
            kept.push(word);
            continue;
        }
        // A quoted folder may have spaces.
        let mut inside = rest.next().is_some_and(|word| word.starts_with('\'') && !word.ends_with('\''));
        while inside {
            inside = rest.next().is_some_and(|word| !word.ends_with('\''));
        }
    }
    kept.join(" ")
}

/// Text as Markdown shows it unchanged, on one line.
fn code(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    let runs = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(runs + 1);
    let gap = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reviewer_is_told_everything_but_what_looks_private() {
        let told = |json: serde_json::Value| {
            let record: super::super::Record = serde_json::from_value(json).unwrap();
            let id = record.id().unwrap();
            notes(&Temporary { id, standing: Standing::Stays, record, change: None }).join("\n")
        };
        let record = json!({
            "domain": "shim", "action": "add", "identifier": "docker", "timestamp": "2026-11-20T08:00:00Z",
            "item": "shim:docker", "boot_id": "5f1c2f0e-3b6d-4b8e-9a1f-7c20d4a1b2c3",
            "command": "bkt shim add docker --host podman --local", "value": "podman",
        });
        assert_eq!(
            told(record.clone()),
            "Changed on one computer on 2026-11-20 08:00 UTC, in its start 5f1c2f0e-3b6d-4b8e-9a1f-7c20d4a1b2c3\n\
             Its value there: `podman`\n\
             By `bkt shim add docker --host podman --local`\n\
             Stays on this computer until it is changed back"
        );
        let by = |command: &str| {
            let mut record = record.clone();
            record["command"] = json!(command);
            told(record)
        };
        assert!(by("bkt -C '/home/sam/my setup' --root /x shim add docker").contains("By `bkt shim add docker`\n"));
        assert!(!by("bkt shim add docker --host /home/sam/bin/podman").contains("sam"));
        let old = json!({"domain": "dnf", "action": "add", "identifier": "htop", "timestamp": "2026-11-20T08:00:00Z"});
        assert_eq!(
            told(old),
            "Changed on one computer on 2026-11-20 08:00 UTC\nStays on this computer until it is changed back"
        );
    }

    #[test]
    fn text_with_backticks_stays_as_it_is() {
        assert_eq!(code("a `b`"), "`` a `b` ``");
        assert_eq!(code("a\nb"), "`a b`");
    }
}
