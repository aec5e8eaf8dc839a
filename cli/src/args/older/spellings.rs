// SPDX-License-Identifier: GPL-3.0-or-later
//! Older spellings of what means the same today.
//!
//! Invariant: only a line that is refused as it stands is read in this way.

use std::ffi::OsString;

use super::positions;
use crate::args::kinds;

/// Where nothing is checked beforehand that `--force` could skip: the tool that is asked says what it does not know.
const UNCHECKED: [(&str, &str); 9] = [
    ("flatpak", "add"),
    ("fp", "add"),
    ("ext", "add"),
    ("extension", "add"),
    ("gsetting", "set"),
    ("gs", "set"),
    ("dnf", "install"),
    ("copr", "enable"),
    ("shim", "add"),
];

/// The same line in today's words, where it has older ones that mean the same.
pub(in crate::args) fn today(arguments: &[OsString]) -> Option<Vec<OsString>> {
    let words: Vec<String> = arguments.iter().map(|word| word.to_str().map(str::to_owned)).collect::<Option<_>>()?;
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let (line, values) = words.split_at(end);
    let mut line = line.to_vec();
    everywhere(&mut line)?;
    of_one_command(&mut line);
    line.extend_from_slice(values);
    (line != words).then(|| line.into_iter().map(OsString::from).collect())
}

/// What stood with any command; nothing where one of it means something that is not there.
fn everywhere(line: &mut Vec<String>) -> Option<()> {
    for at in 1..line.len() {
        let is_format = line.get(at + 1).is_some_and(|word| ["json", "table", "human"].contains(&word.as_str()));
        if line[at] == "-f" && is_format {
            "--format".clone_into(&mut line[at]);
        }
    }
    // What a pull request needs is looked at when it is made.
    line.retain(|word| word != "--skip-preflight");
    while let Some(at) = line.iter().position(|word| word == "--context" || word.starts_with("--context=")) {
        let option = line.remove(at);
        let context = match option.split_once('=') {
            Some((_, context)) => context.to_owned(),
            None if at < line.len() => line.remove(at),
            None => return None,
        };
        match context.as_str() {
            "host" => {}
            "image" => line.push("--setup-only".to_owned()),
            _ => return None,
        }
    }
    let command = positions(line).first().copied().unwrap_or(line.len());
    if let Some(at) = line[..command].iter().position(|word| word == "--local") {
        line.remove(at);
        line.push("--here-only".to_owned());
    }
    Some(())
}

fn of_one_command(line: &mut Vec<String>) {
    let at = positions(line);
    let word = |n: usize| at.get(n).map_or("", |at| line[*at].as_str());
    let (first, second, third) = (word(0).to_owned(), word(1).to_owned(), word(2).to_owned());
    match (first.as_str(), second.as_str()) {
        ("drift", "check") => {
            line.iter_mut().filter(|word| *word == "--no-host").for_each(|word| "--no-delegate".clone_into(word));
            // A value of an option is no word of its own.
            if at.get(2) == at.get(1).map(|at| at + 1).as_ref() {
                if third == "all" {
                    line.remove(at[2]);
                } else if kinds::kind(&third).is_ok() {
                    line.insert(at[2], "--only".to_owned());
                }
            }
        }
        ("repo", "info") => drop(line.remove(at[1])),
        ("changelog", "clear") => {
            line.splice(at[1]..=at[1], ["remove", "--all"].map(str::to_owned));
        }
        ("appimage" | "ai", "sync") => line.retain(|word| word != "--keep"),
        ("dev", "capture") => line.retain(|word| word != "--apply"),
        ("capture", _) => {
            line.iter_mut().filter(|word| *word == "--apply").for_each(|word| "--yes".clone_into(word));
        }
        (first, second) if UNCHECKED.contains(&(first, second)) => line.retain(|word| word != "--force"),
        _ => {}
    }
}
