// SPDX-License-Identifier: GPL-3.0-or-later
//! What boxes export to the host: programs in folders, and apps in the menu, found in the files that distrobox writes.
//!
//! Invariant: no box is started to look; what a folder inside a box holds is not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{LARGEST, made, make, of};
use crate::host::{FileKind, Host, HostError};
use crate::keyfile::Keyfile;
use crate::manifest::Declarations;
use crate::value::{Bins, Words, words};

/// Where the menu's apps are, below the home.
const MENU: &str = ".local/share/applications";

/// What all boxes export, by box.
pub(super) struct Exported {
    /// Their programs in each folder that was looked at.
    programs: BTreeMap<PathBuf, BTreeMap<String, Vec<String>>>,
    /// Their apps.
    apps: BTreeMap<String, Vec<App>>,
    home: PathBuf,
}

/// An app of a box in the host's menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct App {
    /// Its file in the box, without the ending.
    pub(super) id: String,
    /// What it runs in the box.
    pub(super) command: String,
    /// What it is called.
    pub(super) name: String,
}

impl App {
    /// Whether `distrobox-export --app WORD` finds it: by the beginning of its file, or by what it is called or runs.
    pub(super) fn is_called(&self, word: &str) -> bool {
        self.id.starts_with(word) || self.name.contains(word) || self.command.contains(word)
    }
}

impl Exported {
    /// Looks into the menu, the usual folder, and those that the setup names.
    pub(super) fn look(host: &dyn Host, declared: &Declarations) -> Result<Self, HostError> {
        let Some(home) = host.home() else { return Err(HostError::Refused("looking into a home".to_owned())) };
        let mut exported = Self { programs: BTreeMap::new(), apps: BTreeMap::new(), home: home.to_owned() };
        let sources = declared.values().filter_map(|said| of(said.value.as_ref()));
        let mut folders: BTreeSet<PathBuf> = sources.map(|source| exported.folder(source.bins.as_ref())).collect();
        folders.insert(exported.folder(None));
        for folder in folders {
            let mut programs: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for file in host.list(&folder)? {
                if let Some((name, program)) = program(host, &folder.join(file)) {
                    programs.entry(name).or_default().push(program);
                }
            }
            exported.programs.insert(folder, programs);
        }
        let menu = home.join(MENU);
        for file in host.list(&menu)?.iter().filter(|file| file.ends_with(".desktop")) {
            if let Some((name, app)) = text(host, &menu.join(file)).and_then(|text| app(file, &text)) {
                exported.apps.entry(name).or_default().push(app);
            }
        }
        Ok(exported)
    }

    /// Where programs go that are exported as is said.
    fn folder(&self, bins: Option<&Bins>) -> PathBuf {
        match bins.map(Bins::to).filter(|to| *to != Bins::TO) {
            None => self.home.join(make::USUAL_PATH),
            Some(to) => PathBuf::from(made::expanded(to, &self.home.to_string_lossy())),
        }
    }

    /// The programs of a box in the folder the setup says.
    pub(super) fn bins(&self, name: &str, said: Option<&Bins>) -> Option<Bins> {
        let programs = self.programs.get(&self.folder(said))?.get(name)?;
        Some(Bins { also: Some(programs.clone()), to: said.and_then(|said| said.to.clone()), ..Bins::default() })
    }

    /// The apps of a box, by the words the setup has for them, else by their files.
    pub(super) fn apps(&self, name: &str, said: &Words) -> Words {
        let here = self.apps.get(name)?;
        let called = words(said).filter(|word| here.iter().any(|app| app.is_called(word))).cloned();
        let others = here.iter().filter(|app| !words(said).any(|word| app.is_called(word)));
        Some(called.chain(others.map(|app| app.id.clone())).collect())
    }
}

fn text(host: &dyn Host, path: &Path) -> Option<String> {
    let facts = host.look(path).ok()??;
    if facts.kind != FileKind::File || facts.size > LARGEST {
        return None;
    }
    String::from_utf8(host.bytes(path).ok()??).ok()
}

/// The box and its program that a file runs; `None` where it is another file.
pub(super) fn program(host: &dyn Host, path: &Path) -> Option<(String, String)> {
    made::exported(&text(host, path)?)
}

/// The app of a box that a file of the menu is, and the box.
pub(super) fn app(file: &str, text: &str) -> Option<(String, App)> {
    let entry = Keyfile::parse(text);
    let field = |key: &str| entry.get("Desktop Entry", key);
    let (enter, command) = field("Exec")?.split_once(" -- ")?;
    let mut before = enter.split_whitespace();
    let program = before.next()?.rsplit('/').next()?;
    if program != "distrobox-enter" && program != "distrobox" {
        return None;
    }
    let mut options = before.skip_while(|word| !matches!(*word, "-n" | "--name"));
    let name = options.nth(1)?;
    let id = file.trim_end_matches(".desktop");
    let id = id.strip_prefix(name).and_then(|id| id.strip_prefix('-')).unwrap_or(id);
    let app = App {
        id: id.to_owned(),
        command: command.trim().to_owned(),
        name: field("Name").unwrap_or_default().to_owned(),
    };
    Some((name.to_owned(), app))
}
