// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person changed about an application's permissions, as options of flatpak-override(1) and as the key file
//! flatpak keeps them in.
//!
//! Both say the same in different words: options are in order and later ones win, the file has lists. They are
//! compared by what they mean.
//!
//! Invariant: what an override file holds beyond what options can say is named, so that nothing is lost by writing
//! it anew.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::keyfile::Keyfile;
use crate::name::OverrideOption;

/// The most options one application may have.
pub const MOST: usize = 256;

/// Options of flatpak-override(1), all of which are understood.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct Overrides(Vec<OverrideOption>);

impl PartialEq for Overrides {
    fn eq(&self, other: &Self) -> bool {
        self.meaning() == other.meaning()
    }
}

impl Eq for Overrides {}

impl<'de> Deserialize<'de> for Overrides {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = Vec::<OverrideOption>::deserialize(deserializer)?;
        if words.len() > MOST {
            return Err(serde::de::Error::custom("there are more than 256 overrides"));
        }
        Ok(Self(words))
    }
}

impl FromIterator<OverrideOption> for Overrides {
    fn from_iter<I: IntoIterator<Item = OverrideOption>>(options: I) -> Self {
        Self(options.into_iter().collect())
    }
}

impl fmt::Display for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(OverrideOption::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

/// What options mean: for each thing that can be allowed or not, the option that decides.
type Meaning = BTreeMap<String, String>;

impl Overrides {
    /// The options, in their order.
    #[must_use]
    pub fn options(&self) -> &[OverrideOption] {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same with more options, of which the new ones win and old ones that decide nothing any more go.
    #[must_use]
    pub fn with(&self, more: &[OverrideOption]) -> Self {
        let mut all: Vec<OverrideOption> = Vec::new();
        for option in self.0.iter().chain(more) {
            let decides: Vec<String> = decided(option.as_str()).into_iter().flatten().map(|(thing, _)| thing).collect();
            let is_over = |old: &OverrideOption| {
                let mut things = decided(old.as_str()).into_iter().flatten().map(|(thing, _)| thing);
                things.all(|thing| decides.contains(&thing))
            };
            all.retain(|old| !is_over(old));
            all.push(option.clone());
        }
        Self(all)
    }

    fn meaning(&self) -> Meaning {
        self.0.iter().filter_map(|option| decided(option.as_str())).flatten().collect()
    }
}

/// What an option decides: each thing it is about, and itself in one spelling. `None` when it is none of the options
/// that say the same as a key file.
pub(crate) fn decided(option: &str) -> Option<Vec<(String, String)>> {
    let (name, value) = option.strip_prefix("--")?.split_once('=')?;
    if value.is_empty() {
        return None;
    }
    let one = |about: &str, thing: &str| Some(vec![(format!("{about} {thing}"), option.to_owned())]);
    match name {
        "share" | "unshare" => one("share", value),
        "socket" | "nosocket" => one("socket", value),
        "device" | "nodevice" => one("device", value),
        "allow" | "disallow" => one("feature", value),
        "filesystem" => {
            let (path, mode) = match value.rsplit_once(':') {
                Some((path, mode @ ("ro" | "create"))) => (path, format!(":{mode}")),
                Some((path, "rw")) => (path, String::new()),
                _ => (value, String::new()),
            };
            let path = place(path);
            Some(vec![(format!("filesystem {path}"), format!("--filesystem={path}{mode}"))])
        }
        "nofilesystem" => {
            let path = place(value.strip_suffix(":reset").unwrap_or(value));
            let not = |path: &str| (format!("filesystem {path}"), format!("--nofilesystem={path}"));
            let reset = value.ends_with(":reset").then(|| not(&format!("{path}:reset")));
            Some(reset.into_iter().chain([not(&path)]).collect())
        }
        "env" => value.split_once('=').filter(|(name, _)| !name.is_empty()).and_then(|(name, _)| one("env", name)),
        "unset-env" => one("env", value),
        "talk-name" | "own-name" | "no-talk-name" => one("session", value),
        "system-talk-name" | "system-own-name" | "system-no-talk-name" => one("system", value),
        "a11y-own-name" => one("a11y", value),
        "add-policy" | "remove-policy" => {
            let (key, _) = value.split_once('=')?;
            key.contains('.').then(|| one("policy", value))?
        }
        "usb" => one("usb", value),
        "nousb" => one("nousb", value),
        "persist" => one("persist", value),
        _ => None,
    }
}

/// A place in the file system as flatpak writes it.
fn place(path: &str) -> String {
    let mut short = String::new();
    for c in path.chars() {
        if !(c == '/' && short.ends_with('/')) {
            short.push(c);
        }
    }
    match short.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(&short) {
        "~" => "home".to_owned(),
        path => path.to_owned(),
    }
}

/// Reads an override file; what it holds beyond options comes second, in words.
pub(crate) fn parse(text: &str) -> (Overrides, Vec<String>) {
    let file = Keyfile::parse(text);
    let (mut options, mut rest) = (Vec::new(), Vec::new());
    let unset = words(file.get("Context", "unset-environment").unwrap_or_default());
    for (group, key, value) in file.entries() {
        let said = entry(group, key, value, &unset);
        let parsed: Option<Vec<OverrideOption>> =
            said.and_then(|said| said.iter().map(|option| option.parse().ok()).collect());
        match parsed.filter(|parsed| parsed.iter().all(|option| decided(option.as_str()).is_some())) {
            Some(parsed) => options.extend(parsed),
            None => rest.push(format!("[{group}] {key}")),
        }
    }
    // Resets come first, or they would undo what follows, and they say that the place is closed.
    let is_reset = |option: &OverrideOption| option.as_str().ends_with(":reset");
    options.sort_by_key(|option| !is_reset(option));
    let closed: Vec<String> = options
        .iter()
        .filter(|option| is_reset(option))
        .filter_map(|option| option.as_str().strip_suffix(":reset").map(str::to_owned))
        .collect();
    options.retain(|option| !closed.iter().any(|closed| closed == option.as_str()));
    if options.len() > MOST {
        rest.push("more than 256 entries".to_owned());
        options.truncate(MOST);
    }
    (Overrides(options), rest)
}

/// The options one entry of an override file stands for.
fn entry(group: &str, key: &str, value: &str, unset: &[String]) -> Option<Vec<String>> {
    let list = |yes: &str, no: &str| -> Option<Vec<String>> {
        let options = words(value).into_iter().map(|word| match word.strip_prefix('!') {
            // A permission under a condition.
            _ if word.starts_with("if:") => None,
            Some(word) => (!no.is_empty()).then(|| format!("--{no}={word}")),
            None => Some(format!("--{yes}={word}")),
        });
        options.collect()
    };
    let bus = |prefix: &str| -> Option<Vec<String>> {
        let verb = match value {
            "talk" => "talk-name",
            "own" => "own-name",
            "none" => "no-talk-name",
            _ => return None,
        };
        Some(vec![format!("--{prefix}{verb}={key}")])
    };
    match (group, key) {
        ("Context", "shared") => list("share", "unshare"),
        ("Context", "sockets") => list("socket", "nosocket"),
        ("Context", "devices") => list("device", "nodevice"),
        ("Context", "features") => list("allow", "disallow"),
        ("Context", "filesystems") => list("filesystem", "nofilesystem"),
        ("Context", "persistent") => list("persist", ""),
        ("Context", "unset-environment") => list("unset-env", ""),
        ("Environment", name) if unset.iter().any(|unset| unset == name) => Some(Vec::new()),
        ("Environment", name) => Some(vec![format!("--env={name}={}", unescaped(value))]),
        ("Session Bus Policy", _) => bus(""),
        ("System Bus Policy", _) => bus("system-"),
        ("Accessibility Bus Policy", _) if value == "own" => Some(vec![format!("--a11y-own-name={key}")]),
        ("USB Devices", "enumerable-devices") => list("usb", ""),
        ("USB Devices", "hidden-devices") => list("nousb", ""),
        (group, key) => {
            let subsystem = group.strip_prefix("Policy ")?;
            let options = words(value).into_iter().map(|word| match word.strip_prefix('!') {
                Some(word) => format!("--remove-policy={subsystem}.{key}={word}"),
                None => format!("--add-policy={subsystem}.{key}={word}"),
            });
            Some(options.collect())
        }
    }
}

/// The words of a list in a key file; a semicolon in a word is escaped.
fn words(list: &str) -> Vec<String> {
    let (mut words, mut word, mut chars) = (Vec::new(), String::new(), list.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                word.push(c);
                word.extend(chars.next());
            }
            ';' => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.iter().map(|word| unescaped(word)).filter(|word| !word.is_empty()).collect()
}

/// Text without the escapes of key files.
fn unescaped(text: &str) -> String {
    let (mut out, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('s') => out.push(' '),
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                other => out.extend(other),
            },
            (c, false) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Overrides {
        words.iter().map(|word| word.parse::<OverrideOption>().unwrap()).collect()
    }

    /// Options, and the file that flatpak 1.16.6 made of them.
    const RECORDED: [(&[&str], &str); 6] = [
        (
            &[
                "--filesystem=home",
                "--filesystem=xdg-config/foo/:ro",
                "--filesystem=~/x",
                "--filesystem=host:rw",
                "--nofilesystem=/opt",
                "--nofilesystem=host:reset",
                "--filesystem=/a//b/",
                "--filesystem=xdg-run/y:create",
            ],
            "[Context]\nfilesystems=!host:reset;xdg-run/y:create;xdg-config/foo:ro;/a/b;home;~/x;!/opt;!host;\n",
        ),
        (
            &["--env=A=b", "--env=C=", "--unset-env=D", "--env=E=a=b;c", "--env=N=ü"],
            "[Environment]\nD=\nA=b\nC=\nE=a=b;c\nN=ü\n\n[Context]\nunset-environment=D;\n",
        ),
        (
            &[
                "--share=network",
                "--unshare=ipc",
                "--socket=x11",
                "--nosocket=wayland",
                "--device=dri",
                "--nodevice=all",
                "--allow=devel",
                "--disallow=bluetooth",
            ],
            "[Context]\nshared=network;!ipc;\nsockets=x11;!wayland;\ndevices=dri;!all;\nfeatures=devel;!bluetooth;\n",
        ),
        (
            &[
                "--talk-name=org.a.B",
                "--own-name=org.c.D",
                "--no-talk-name=org.e.F",
                "--system-talk-name=org.g.H",
                "--system-own-name=org.i.J",
                "--system-no-talk-name=org.k.L",
                "--a11y-own-name=org.x.Y",
            ],
            "[Session Bus Policy]\norg.a.B=talk\norg.e.F=none\norg.c.D=own\n\n[System Bus Policy]\norg.i.J=own\n\
             org.g.H=talk\norg.k.L=none\n\n[Accessibility Bus Policy]\norg.x.Y=own\n",
        ),
        (
            &[
                "--add-policy=dir.key=v1",
                "--add-policy=dir.key=v2",
                "--remove-policy=dir.other=v3",
                "--persist=.foo",
                "--persist=bar/",
            ],
            "[Context]\npersistent=.foo;bar/;\n\n[Policy dir]\nkey=v1;v2;\nother=!v3;\n",
        ),
        (
            &["--usb=vnd:1234", "--nousb=vnd:4567+dev:1234"],
            "[USB Devices]\nenumerable-devices=vnd:1234;\nhidden-devices=vnd:4567+dev:1234;\n",
        ),
    ];

    #[test]
    fn options_and_the_file_flatpak_makes_of_them_mean_the_same() {
        for (words, file) in RECORDED {
            let (seen, rest) = parse(file);
            assert_eq!((&seen, rest.as_slice()), (&options(words), [].as_slice()), "{seen} / {file}");
        }
        assert!(parse("").0.is_empty());
        assert_eq!(parse("[Context]\nfilesystems=!host:reset;!host;\n").0.to_string(), "--nofilesystem=host:reset");
    }

    #[test]
    fn later_options_win_and_order_is_no_difference_otherwise() {
        let same = |a: &[&str], b: &[&str]| options(a) == options(b);
        assert!(same(&["--filesystem=home", "--nofilesystem=home"], &["--nofilesystem=home"]));
        assert!(same(&["--share=ipc", "--socket=x11"], &["--socket=x11", "--share=ipc"]));
        assert!(same(&["--filesystem=~/"], &["--filesystem=home:rw"]));
        assert!(!same(&["--filesystem=home"], &["--filesystem=home:ro"]));
        assert!(!same(&["--env=A=b"], &["--unset-env=A"]));
        assert!(!same(&["--add-policy=a.b=c"], &["--add-policy=a.b=d"]));
        let now = options(&["--filesystem=home", "--env=A=1"]).with(options(&["--nofilesystem=home"]).options());
        assert_eq!(now.to_string(), "--env=A=1 --nofilesystem=home");
    }

    #[test]
    fn what_no_option_can_say_is_named() {
        let file = "[Session Bus Policy]\norg.a.B=see\n[Context]\nsockets=x11;if:wayland:!has-wayland;\nnew=1\n[Other]\nx=1\n[Context]\nshared=ipc;\n";
        let (seen, rest) = parse(file);
        assert_eq!(seen.to_string(), "--share=ipc");
        assert_eq!(rest, ["[Context] new", "[Context] sockets", "[Other] x", "[Session Bus Policy] org.a.B"]);
        for word in ["--env=A", "--usb-list=x", "--filesystem=", "--reset", "--user", "filesystem=home"] {
            assert!(decided(word).is_none(), "{word}");
        }
    }

    #[test]
    fn escapes_of_key_files_are_read() {
        let (seen, _) = parse("[Environment]\nA=\\sb\\\\c\n[Context]\nfilesystems=/a\\;b;/c;\n");
        assert_eq!(seen, options(&["--env=A= b\\c", "--filesystem=/a;b", "--filesystem=/c"]));
    }
}
