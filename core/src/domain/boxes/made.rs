// SPDX-License-Identifier: GPL-3.0-or-later
//! What boxes there are and what they were made from: the answers of distrobox and of podman, and files on the host.
//!
//! Invariant: what an answer does not tell is unread, not absent.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::make::{self, RUN, STANDARD_PATH};
use crate::value::{Bins, BoxSource, Words};

/// The boxes in the answer of `distrobox list --no-color`, with the images they were made from.
pub(super) fn listed(text: &str) -> Option<BTreeMap<String, String>> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next()?.split('|').map(str::trim).collect();
    let column = |name: &str| header.iter().position(|title| *title == name);
    let (name, image) = (column("NAME")?, column("IMAGE")?);
    let row = |line: &str| {
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        Some(((*fields.get(name)?).to_owned(), (*fields.get(image)?).to_owned()))
    };
    Some(lines.filter_map(row).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    name: String,
    #[serde(default)]
    config: Config,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    create_command: Option<Vec<String>>,
}

/// The boxes in the answer of `podman inspect`, without their images.
pub(super) fn inspected(text: &str) -> Option<BTreeMap<String, BoxSource>> {
    let containers: Vec<Container> = serde_json::from_str(text).ok()?;
    let made = containers.into_iter().filter_map(|container| {
        let command = container.config.create_command?;
        Some((container.name.trim_start_matches('/').to_owned(), created_by(&command)?))
    });
    Some(made.collect())
}

/// What the command that made a box says of it. `distrobox create` puts the options it was given behind its own
/// last ones, `--ulimit host [--systemd=always] [--userns keep-id]`.
fn created_by(command: &[String]) -> Option<BoxSource> {
    let entrypoint = command.iter().rposition(|word| word == "--entrypoint")?;
    let (options, own) = command.split_at(entrypoint);
    let last = options.windows(2).position(|pair| pair == ["--ulimit", "host"])?;
    let mut theirs = options.get(last + 2..)?;
    for known in [&["--systemd=always"][..], &["--userns", "keep-id"]] {
        theirs = theirs
            .strip_prefix(known.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>().as_slice())
            .unwrap_or(theirs);
    }
    let mut made = BoxSource::default();
    sort_flags(&mut made, theirs.iter().map(String::as_str));
    let after = |option: &str| {
        let at = own.iter().position(|word| word == option)?;
        own.get(at + 1).map(String::as_str)
    };
    made.init = Some(after("--init")? == "1");
    let packages: Vec<String> = after("--additional-packages")?.split_whitespace().map(str::to_owned).collect();
    made.packages = (!packages.is_empty()).then_some(packages);
    let end = own.iter().position(|word| word == "--")?;
    let hook = own.get(end + 1..)?.join(" ");
    for (field, text) in [("pre_init_hooks", after("--pre-init-hooks")?), ("init_hooks", hook.as_str())] {
        match commands(text) {
            Some(hooks) if field == "init_hooks" => made.init_hooks = hooks,
            Some(hooks) => made.pre_init_hooks = hooks,
            None => drop(made.unread.insert(field.to_owned())),
        }
    }
    Some(made)
}

/// A setup's source in the form that is read of boxes: each option in one word and, where it has a field, there.
pub(super) fn spelled(mut source: BoxSource, home: Option<&str>) -> BoxSource {
    if let Some(flags) = source.additional_flags.take() {
        sort_flags(&mut source, flags.iter().flat_map(|flag| flag.split_whitespace()));
    }
    source.map_paths(|text| portable(text, home))
}

/// Takes in options for the container manager.
fn sort_flags<'w>(into: &mut BoxSource, words: impl Iterator<Item = &'w str>) {
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        // A value is in the same word, or is the next one that is no option.
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => (word, words.next_if(|next| !next.starts_with('-'))),
        };
        let variable = value.and_then(|value| value.split_once('='));
        match (option, value, variable) {
            ("--volume" | "-v", Some(value), _) => into.volume.get_or_insert_default().push(value.to_owned()),
            ("--env" | "-e", _, Some(("PATH", path))) => {
                let path = path.split(':').filter(|folder| !STANDARD_PATH.contains(folder));
                into.path = Some(path.map(str::to_owned).collect());
            }
            ("--env" | "-e", _, Some((name, value))) => {
                into.env.get_or_insert_default().insert(name.to_owned(), value.to_owned());
            }
            _ => {
                let value = value.map_or_else(String::new, |value| format!("={value}"));
                into.additional_flags.get_or_insert_default().push(format!("{option}{value}"));
            }
        }
    }
}

/// The commands in what a box was told to run; `None` where a shell has changed it on the way.
fn commands(text: &str) -> Option<Words> {
    let text = text.trim();
    let text = text.strip_prefix(": ;").unwrap_or(text).trim();
    if text.is_empty() || text == ":" {
        return Some(None);
    }
    if !text.contains(RUN) {
        let is_changed = text.chars().any(|c| "\"'\\$`*?[".contains(c));
        return (!is_changed).then(|| Some(vec![text.to_owned()]));
    }
    text.split(" && ").map(|part| make::decoded(part.trim())).collect::<Option<Vec<_>>>().map(Some)
}

/// The program of a box that a file on the host runs, and the box, where it is such a file.
pub(super) fn exported(text: &str) -> Option<(String, String)> {
    let mut lines = text.lines();
    lines.find(|line| line.trim() == "# distrobox_binary")?;
    let name = lines.next()?.strip_prefix("# name:")?.trim().to_owned();
    let program = lines.filter_map(|line| line.trim().strip_prefix("exec ")).next_back()?;
    let quote = program.chars().next().filter(|c| "'\"".contains(*c))?;
    Some((name, program[1..].split(quote).next()?.to_owned()))
}

/// What one box is, all answers together. `details` is what podman said, `exports` which of its programs and apps are.
pub(super) fn source(
    image: &str,
    details: Option<BoxSource>,
    exports: Option<(Option<Bins>, Words)>,
    home: Option<&str>,
) -> BoxSource {
    let all = ["packages", "init_hooks", "pre_init_hooks", "volume", "path", "env", "additional_flags", "init"];
    let mut source = details
        .unwrap_or_else(|| BoxSource { unread: all.into_iter().map(str::to_owned).collect(), ..BoxSource::default() });
    source.image = image.parse().ok();
    match exports {
        None => source.unread.extend(["bins", "exported_apps"].map(str::to_owned)),
        Some((bins, apps)) => (source.bins, source.exported_apps) = (bins, apps),
    }
    source.map_paths(|text| portable(text, home))
}

/// Text with the home in its short form.
pub(super) fn portable(text: &str, home: Option<&str>) -> String {
    let text = text.replace("${HOME}", "~").replace("$HOME", "~");
    let Some(home) = home.filter(|home| home.len() > 1) else { return text };
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(home) {
        let (before, after) = (&rest[..at], &rest[at + home.len()..]);
        let begins = before.chars().next_back().or(out.chars().next_back()).is_none_or(|c| ":=, ".contains(c));
        let ends = after.chars().next().is_none_or(|c| "/:, ".contains(c));
        out.push_str(before);
        out.push_str(if begins && ends { "~" } else { home });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Text with the home in full.
pub(super) fn expanded(text: &str, home: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let begins = out.chars().next_back().is_none_or(|before| ":=, ".contains(before));
        if c == '~' && begins { out.push_str(home) } else { out.push(c) }
    }
    out
}
