// SPDX-License-Identifier: GPL-3.0-or-later
//! What a box is made from, in the form of `distrobox.json`.
//!
//! A setup says as little as it wants: only what it says is compared, and a box may have more of it. Paths in the
//! home begin with `~`, so that one setup is right on every computer.
//!
//! Invariant: what could not be read of a box is in `unread`, and never a difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::name::ImageName;

/// A list of a manifest, which may be missing.
pub type Words = Option<Vec<String>>;

/// What a box is made from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoxSource {
    /// The image; without one, distrobox's own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageName>,
    /// Packages put into it when it is first started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Words,
    /// Programs of the box that the host has, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins: Option<Bins>,
    /// Apps of the box in the host's menu.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exported_apps: Words,
    /// Commands run in the box at the end of each of its starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_hooks: Words,
    /// Commands run in the box at the beginning of each of its starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_init_hooks: Words,
    /// Folders of the host that it has, too: `FROM:TO[:OPTIONS]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Words,
    /// Whether the image is fetched again although it is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<bool>,
    /// Whether it runs a system manager of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<bool>,
    /// Whether it belongs to root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<bool>,
    /// Folders programs are looked for in before the usual ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Words,
    /// Variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<BTreeMap<String, String>>,
    /// More options for the container manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_flags: Words,
    /// The fields that could not be read.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unread: BTreeSet<String>,
}

/// Programs of a box that the host has, too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bins {
    /// Folders of the box, of which every program is exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Words,
    /// Single programs, by path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also: Words,
    /// Names that are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Words,
    /// The folder of the host they go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What else the setup says there, which is kept.
    #[serde(flatten)]
    pub other: Map<String, Json>,
}

impl Bins {
    /// Where programs go unless something else is said.
    pub const TO: &str = "~/.local/bin";

    /// Where they go.
    #[must_use]
    pub fn to(&self) -> &str {
        self.to.as_deref().unwrap_or(Self::TO).trim_end_matches('/')
    }

    /// Whether a program of a folder of the box is among those it names.
    fn exports_of(&self, folder: &str) -> bool {
        words(&self.also).any(|program| is_directly_in(program, folder))
    }
}

impl BoxSource {
    /// The fields a manifest has, in the order a new entry has them.
    pub const FIELDS: [&str; 13] = [
        "image",
        "packages",
        "init_hooks",
        "pre_init_hooks",
        "volume",
        "path",
        "env",
        "init",
        "root",
        "pull",
        "additional_flags",
        "exported_apps",
        "bins",
    ];

    /// Whether a box made from `here` is what this one asks for.
    #[must_use]
    pub fn is_met_by(&self, here: &Self) -> bool {
        self.is_made_like(here) && self.are_exports_met_by(here)
    }

    /// The same without what it exports, which can be changed without making it anew.
    #[must_use]
    pub fn is_made_like(&self, here: &Self) -> bool {
        let is_open = |field: &str| here.unread.contains(field);
        let within = |field, mine: &Words, its: &Words| is_open(field) || words(mine).all(|word| has(its, word));
        let hooks = |field, mine: &Words, its: &Words| {
            let mine = one_line(mine);
            mine.is_empty() || is_open(field) || mine == one_line(its)
        };
        let image = match (&self.image, &here.image) {
            (Some(mine), Some(its)) => mine.leads_to(its),
            (mine, _) => mine.is_none(),
        };
        let env = self.env.iter().flatten();
        image
            && self.init.is_none_or(|init| is_open("init") || init == here.init.unwrap_or_default())
            && within("packages", &self.packages, &here.packages)
            && within("volume", &self.volume, &here.volume)
            && within("path", &self.path, &here.path)
            && within("additional_flags", &self.additional_flags, &here.additional_flags)
            && hooks("init_hooks", &self.init_hooks, &here.init_hooks)
            && hooks("pre_init_hooks", &self.pre_init_hooks, &here.pre_init_hooks)
            && (is_open("env")
                || env.into_iter().all(|(name, value)| here.env.iter().any(|its| its.get(name) == Some(value))))
    }

    /// Whether its apps, the programs it names one by one, and something of each folder it names are exported.
    fn are_exports_met_by(&self, here: &Self) -> bool {
        let apps = words(&self.exported_apps).all(|app| has(&here.exported_apps, app));
        let is_met = |bins: &Bins| match &here.bins {
            None => words(&bins.also).chain(words(&bins.from)).next().is_none(),
            Some(its) => {
                let same = its.to() == bins.to() && words(&bins.also).all(|word| has(&its.also, word));
                same && words(&bins.from).all(|folder| has(&its.from, folder) || its.exports_of(folder))
            }
        };
        let open = |field: &str| here.unread.contains(field);
        (open("exported_apps") || apps) && (open("bins") || self.bins.as_ref().is_none_or(is_met))
    }

    /// What a capture of `self`, a box of the computer, writes where the setup says `said`: what is compared as it
    /// is here, the rest as the setup has it.
    #[must_use]
    pub fn captured(&self, said: Option<&Self>) -> Self {
        let nothing = Self::default();
        let said = said.unwrap_or(&nothing);
        let mut new = Self { unread: BTreeSet::new(), ..self.clone() };
        let open = |field: &str, here: &Words, setup: &Words| {
            // An empty list is as good as none.
            if self.unread.contains(field) || words(here).next().is_none() && words(setup).next().is_none() {
                setup.clone()
            } else {
                here.clone()
            }
        };
        new.packages = open("packages", &self.packages, &said.packages);
        new.volume = open("volume", &self.volume, &said.volume);
        new.path = open("path", &self.path, &said.path);
        new.additional_flags = open("additional_flags", &self.additional_flags, &said.additional_flags);
        new.init_hooks = open("init_hooks", &self.init_hooks, &said.init_hooks);
        new.pre_init_hooks = open("pre_init_hooks", &self.pre_init_hooks, &said.pre_init_hooks);
        for (mine, its) in [(&mut new.init_hooks, &said.init_hooks), (&mut new.pre_init_hooks, &said.pre_init_hooks)] {
            if one_line(mine) == one_line(its) {
                *mine = its.clone();
            }
        }
        if self.unread.contains("env") || self.env.iter().chain(&said.env).all(BTreeMap::is_empty) {
            new.env = said.env.clone();
        }
        if self.unread.contains("init") || self.init.unwrap_or_default() == said.init.unwrap_or_default() {
            new.init = said.init;
        }
        if said.image.as_ref().zip(self.image.as_ref()).is_some_and(|(said, here)| said.leads_to(here)) {
            new.image = said.image.clone();
        }
        (new.pull, new.root) = (said.pull, said.root);
        new.exported_apps = open("exported_apps", &self.exported_apps, &said.exported_apps);
        new.bins = match (&said.bins, &self.bins) {
            (Some(said), _) if self.unread.contains("bins") => Some(said.clone()),
            // Programs of a whole folder are here one by one.
            (Some(said), Some(here)) if words(&said.from).next().is_none() => {
                Some(Bins { also: open("bins", &here.also, &said.also), ..said.clone() })
            }
            (Some(said), Some(here)) => {
                let kept = |list: &Words, is_here: &dyn Fn(&String) -> bool| -> Words {
                    list.as_ref().map(|list| list.iter().filter(|word| is_here(word)).cloned().collect())
                };
                let also = kept(&said.also, &|word| has(&here.also, word));
                Some(Bins { also, from: kept(&said.from, &|folder| here.exports_of(folder)), ..said.clone() })
            }
            (Some(said), None) => {
                let none = |list: &Words| list.as_ref().map(|_| Vec::new());
                Some(Bins { also: none(&said.also), from: none(&said.from), ..said.clone() })
            }
            (None, here) => here.clone(),
        };
        new
    }

    /// The same with every text changed that can name a place in the home.
    #[must_use]
    pub fn map_paths(mut self, change: impl Fn(&str) -> String) -> Self {
        let all = |words: &mut Words| words.iter_mut().flatten().for_each(|word| *word = change(word));
        all(&mut self.volume);
        all(&mut self.path);
        all(&mut self.additional_flags);
        if let Some(bins) = &mut self.bins {
            all(&mut bins.from);
            all(&mut bins.also);
            bins.to = bins.to.as_deref().map(&change);
        }
        self.env.iter_mut().flat_map(BTreeMap::values_mut).for_each(|value| *value = change(value));
        self
    }
}

/// The words of a list that may be missing.
pub fn words(list: &Words) -> impl Iterator<Item = &String> {
    list.iter().flatten()
}

/// Whether a path leads to something in a folder, and not further down.
pub(crate) fn is_directly_in(path: &str, folder: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(above, _)| above == folder.trim_end_matches('/'))
}

fn has(list: &Words, word: &String) -> bool {
    list.as_ref().is_some_and(|list| list.contains(word))
}

/// Commands as the one that distrobox makes of them, without what its own joining adds.
fn one_line(commands: &Words) -> String {
    let joined = words(commands).map(|command| command.trim()).collect::<Vec<_>>().join(" && ");
    let line = joined.split_whitespace().collect::<Vec<_>>().join(" ");
    line.strip_prefix(": ;").map_or(line.clone(), |rest| rest.trim_start().to_owned())
}

impl fmt::Display for BoxSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (name, list) in [
            ("packages", &self.packages),
            ("volumes", &self.volume),
            ("path", &self.path),
            ("flags", &self.additional_flags),
            ("init hooks", &self.init_hooks),
            ("pre-init hooks", &self.pre_init_hooks),
        ] {
            if words(list).next().is_some() {
                parts.push(format!("{name} {}", words(list).cloned().collect::<Vec<_>>().join(" ")));
            }
        }
        let env: Vec<_> = self.env.iter().flatten().map(|(name, value)| format!("{name}={value}")).collect();
        if !env.is_empty() {
            parts.push(format!("env {}", env.join(" ")));
        }
        if let Some(bins) =
            self.bins.as_ref().filter(|bins| words(&bins.also).chain(words(&bins.from)).next().is_some())
        {
            let all: Vec<_> =
                words(&bins.from).map(|from| format!("{from}/*")).chain(words(&bins.also).cloned()).collect();
            parts.push(format!("exports {}", all.join(" ")));
        }
        if self.init == Some(true) {
            parts.push("init".to_owned());
        }
        f.write_str(self.image.as_ref().map_or("distrobox’s own image", ImageName::as_str))?;
        if parts.is_empty() { Ok(()) } else { write!(f, " ({})", parts.join(", ")) }
    }
}
