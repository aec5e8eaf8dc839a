// SPDX-License-Identifier: GPL-3.0-or-later
//! The development container: what `toolbox-packages.json` says of it, and what is installed in it.
//!
//! These are no items: a container comes and goes with the person's work, so it is looked at and changed when asked,
//! never on the way of `bkt status`. The manifest is edited entry by entry like every other one.
//!
//! Invariant: only validated names reach dnf, and only inside the container.

use std::collections::BTreeSet;
use std::path::Path;

use crate::domain::pkg::scripts;
use crate::domain::{Log, copr};
use crate::files;
use crate::host::{Host, HostError, Invocation};
use crate::i18n::{fill, gettext};
use crate::kept::TOOLBOX_PACKAGES;
use crate::manifest::edit::{EditError, apply_places};
use crate::manifest::place::{Edit, Entry, Fields};
use crate::manifest::{ManifestError, ManifestErrorKind, Reader, property};
use crate::name::{BoxName, CoprProject, PackageName};
use crate::problem::Problem;

/// What the setup says of the development container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// Packages.
    pub packages: BTreeSet<PackageName>,
    /// COPR projects, and whether each is on.
    pub copr: Vec<(CoprProject, bool)>,
    /// The entries that cannot be read; they stay as they are.
    pub unread: Vec<ManifestError>,
}

impl Declared {
    /// Reads it from a setup.
    ///
    /// # Errors
    /// The file is there and cannot be used.
    pub fn load(setup: &Path) -> Result<Self, ManifestError> {
        let unreadable = |error: std::io::Error| ManifestError {
            file: TOOLBOX_PACKAGES,
            line: 1,
            kind: ManifestErrorKind::Unreadable(error.to_string()),
        };
        Self::read(&files::read(&setup.join(TOOLBOX_PACKAGES)).map_err(unreadable)?.unwrap_or_default())
    }

    /// Reads `{"packages": [NAME], "copr_repos": [{"name", "enabled"?}]}`.
    ///
    /// # Errors
    /// The text has another shape.
    pub fn read(text: &str) -> Result<Self, ManifestError> {
        let reader = Reader::new((), TOOLBOX_PACKAGES, text);
        let parsed = reader.parse(text)?;
        let mut declared = Self::default();
        let Some(root) = reader.root(&parsed)? else { return Ok(declared) };
        for element in reader.list(root, "packages")? {
            match reader.string("packages", element).and_then(|name| reader.name(element, name)) {
                Ok(name) => drop(declared.packages.insert(name)),
                Err(error) => declared.unread.push(error),
            }
        }
        for element in reader.list(root, "copr_repos")? {
            let read = || {
                let entry = reader.entry("copr_repos", element)?;
                Ok((entry, reader.name(entry, reader.needed(entry, "copr_repos", "name")?)?))
            };
            let (entry, project) = match read() {
                Ok(read) => read,
                Err(error) => {
                    declared.unread.push(error);
                    continue;
                }
            };
            let off = entry
                .properties
                .iter()
                .map(property)
                .any(|(name, value)| name == "enabled" && value.as_boolean_lit().is_some_and(|truth| !truth.value));
            declared.copr.push((project, !off));
        }
        Ok(declared)
    }
}

/// A change of what the setup says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// A package is to be there, or not.
    Package(PackageName, bool),
    /// A COPR project is to be on, or off.
    Copr(CoprProject, bool),
}

impl Wish {
    /// What it is about.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Package(name, _) => name.as_str(),
            Self::Copr(project, _) => project.as_str(),
        }
    }
}

/// The text of the manifest with wishes come true. A project that is not listed is not written to be off.
///
/// # Errors
/// The text is not JSON of the manifest's shape.
pub fn edited(text: &str, wishes: &[Wish]) -> Result<String, EditError> {
    let declared = Declared::read(text).unwrap_or_default();
    let edit = |wish: &Wish| match wish {
        Wish::Package(name, there) => {
            Some(Edit { path: &["packages"], entry: Entry::Word(name.to_string()), there: *there })
        }
        Wish::Copr(project, on) => {
            let known = declared.copr.iter().find(|(known, _)| known == project);
            if known.map_or(!on, |(_, is_on)| is_on == on) {
                return None;
            }
            let fields = vec![("name", Some(project.as_str().into())), ("enabled", Some((*on).into()))];
            let fields = Fields { id: &[("name", None)], fields, or_word: false, apart: None };
            Some(Edit { path: &["copr_repos"], entry: Entry::Object(fields), there: true })
        }
    };
    let edits: Vec<Edit> = wishes.iter().filter_map(edit).collect();
    let takes_only = edits.iter().all(|edit| !edit.there);
    if edits.is_empty() || takes_only && text.trim().is_empty() {
        return Ok(text.to_owned());
    }
    apply_places(TOOLBOX_PACKAGES, text, edits)
}

/// Which container, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The one this runs in.
    Here,
    /// A box of Distrobox.
    Box(BoxName),
    /// A toolbox, the usual one where none is named.
    Toolbox(Option<BoxName>),
}

impl Place {
    /// The container of that name; without one, this one, or the usual toolbox.
    ///
    /// # Errors
    /// There is no container of that name, or nothing could tell.
    pub fn find(host: &dyn Host, name: Option<BoxName>) -> Result<Self, Problem> {
        let Some(name) = name else {
            let marks = ["/run/.toolboxenv", "/run/.containerenv"];
            let is_here = marks.iter().any(|mark| matches!(host.look(&host.at(mark)), Ok(Some(_))));
            return Ok(if is_here { Self::Here } else { Self::Toolbox(None) });
        };
        match crate::domain::boxes::names(host) {
            Ok(boxes) if boxes.contains(name.as_str()) => Ok(Self::Box(name)),
            _ => Ok(Self::Toolbox(Some(name))),
        }
    }

    /// Its name, where it has one that is known.
    #[must_use]
    pub const fn name(&self) -> Option<&BoxName> {
        match self {
            Self::Here => None,
            Self::Box(name) => Some(name),
            Self::Toolbox(name) => name.as_ref(),
        }
    }

    /// A command that runs in it.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Invocation {
        let around: Vec<&str> = match self {
            Self::Here => Vec::new(),
            Self::Box(name) => vec!["distrobox", "enter", "--name", name.as_str(), "--"],
            Self::Toolbox(None) => vec!["toolbox", "run"],
            Self::Toolbox(Some(name)) => vec!["toolbox", "run", "--container", name.as_str()],
        };
        let all: Vec<&str> = around.into_iter().chain(words.iter().copied()).collect();
        Invocation::new(all.first().copied().unwrap_or_default(), all.iter().skip(1).copied())
    }

    /// A command that opens a shell in it; `None` where this is it already.
    #[must_use]
    pub fn enter(&self) -> Option<Invocation> {
        match self {
            Self::Here => None,
            Self::Box(name) => Some(Invocation::new("distrobox", ["enter", "--name", name.as_str()])),
            Self::Toolbox(None) => Some(Invocation::new("toolbox", ["enter"])),
            Self::Toolbox(Some(name)) => Some(Invocation::new("toolbox", ["enter", name.as_str()])),
        }
    }

    /// The commands that make wishes come true in it: what goes, sources, what comes. A COPR project may name other
    /// repositories it needs, which `-y` would add as well; so its questions are answered one by one, as everywhere.
    #[must_use]
    pub fn commands(&self, wishes: &[Wish]) -> Vec<Invocation> {
        let packages = |wanted: bool| -> Vec<&str> {
            let name = |wish| match wish {
                &Wish::Package(ref name, there) if there == wanted => Some(name.as_str()),
                _ => None,
            };
            wishes.iter().filter_map(name).collect()
        };
        let dnf = |words: &[&str], names: &[&str]| {
            self.command(&["sudo", "dnf", "-y"].iter().chain(words).chain(names).copied().collect::<Vec<_>>())
        };
        let mut commands = Vec::new();
        let (gone, new) = (packages(false), packages(true));
        if !gone.is_empty() {
            commands.push(dnf(&["remove"], &gone));
        }
        for wish in wishes {
            if let Wish::Copr(project, on) = wish {
                let words = ["sudo", "dnf", "copr", if *on { "enable" } else { "disable" }, project.as_str()];
                commands.push(self.command(&words).input(copr::ANSWERS));
            }
        }
        if !new.is_empty() {
            commands.push(dnf(&["install"], &new));
        }
        commands
    }

    fn ask(&self, host: &dyn Host, words: &[&str]) -> Result<BTreeSet<String>, Problem> {
        let command = self.command(words);
        let answer = host.run(&command).and_then(|answer| answer.success(&command.program));
        let said = answer.map_err(|error| match error {
            HostError::Missing(program) => Problem::new("command_missing", format!("{program} is not installed"))
                .hinted("Install toolbox or distrobox, or run this inside the container"),
            error => error.into(),
        })?;
        Ok(said.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// The names of all packages installed in it.
    ///
    /// # Errors
    /// There is no such container, or it has no rpm.
    pub fn installed(&self, host: &dyn Host) -> Result<BTreeSet<String>, Problem> {
        self.ask(host, &["rpm", "-qa", "--qf", r"%{NAME}\n"])
    }

    /// The names of the packages someone chose to install in it.
    ///
    /// # Errors
    /// There is no such container, or it has no dnf.
    pub fn chosen(&self, host: &dyn Host) -> Result<BTreeSet<String>, Problem> {
        self.ask(host, &["dnf", "-q", "repoquery", "--userinstalled", "--qf", r"%{name}\n"])
    }

    /// The ids of the repositories that are on in it.
    ///
    /// # Errors
    /// There is no such container, or it has no dnf.
    pub fn repositories(&self, host: &dyn Host) -> Result<BTreeSet<String>, Problem> {
        let rows = self.ask(host, &["dnf", "-q", "repolist", "--enabled"])?;
        Ok(rows.iter().filter_map(|row| row.split_whitespace().next()).map(str::to_owned).collect())
    }
}

/// What came of wishes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Those that did not come true.
    pub unmet: Vec<Wish>,
    /// Why, where there are any.
    pub problem: Option<Problem>,
    /// What else is worth knowing.
    pub notes: Vec<Problem>,
}

/// Makes wishes come true in a container, and looks whether they did: dnf may fail and have done all of it, or end well
/// and have installed something of another name.
pub fn carry_out(host: &dyn Host, place: &Place, wishes: &[Wish], log: Log<'_>) -> Outcome {
    let mut said = Vec::new();
    let mut run = |command: Invocation| -> Result<(), HostError> {
        let output = host.run_with(&command, log)?;
        if output.status != 0 {
            // dnf5 says there what a package's script said.
            output.stderr.lines().filter(|line| !line.trim().is_empty()).for_each(&mut *log);
        }
        said.extend(output.stdout.lines().chain(output.stderr.lines()).map(str::to_owned));
        // sudo is only on the way to it.
        let program = if *place == Place::Here { "dnf" } else { &command.program };
        output.success(program).map(drop)
    };
    let failed = place.commands(wishes).into_iter().try_for_each(&mut run).err().map(Problem::from);
    let looked = unmet(host, place, wishes);
    let unmet = looked.unwrap_or_else(|_| if failed.is_some() { wishes.to_vec() } else { Vec::new() });
    let scripts = scripts::failed(said.iter().map(String::as_str));
    let mut notes: Vec<Problem> = wishes
        .iter()
        .filter(|wish| !unmet.contains(wish))
        .filter_map(|wish| match wish {
            Wish::Package(name, there) => Some(scripts::problem(name.as_str(), scripts.get(name.as_str())?, *there)),
            Wish::Copr(..) => None,
        })
        .collect();
    if unmet.is_empty() {
        if notes.is_empty() {
            notes.extend(failed);
        }
        return Outcome { notes, ..Outcome::default() };
    }
    let problem = failed.unwrap_or_else(|| {
        let names: Vec<&str> = unmet.iter().map(Wish::name).collect();
        let message = gettext("dnf ended well, but this is not so in the container: {names}");
        Problem::new("unverified", fill(&message, &[("names", &names.join(", "))]))
            .hinted(gettext("See what is there instead: bkt dev diff"))
    });
    Outcome { unmet, problem: Some(problem), notes }
}

/// The wishes that are not true in a container.
fn unmet(host: &dyn Host, place: &Place, wishes: &[Wish]) -> Result<Vec<Wish>, Problem> {
    let has = |is_copr: bool| wishes.iter().any(|wish| matches!(wish, Wish::Copr(..)) == is_copr);
    let packages = if has(false) { place.installed(host)? } else { BTreeSet::new() };
    let repositories = if has(true) { place.repositories(host)? } else { BTreeSet::new() };
    let is_met = |wish: &&Wish| match wish {
        Wish::Package(name, there) => packages.contains(name.as_str()) == *there,
        Wish::Copr(project, on) => repositories.contains(&project.repository()) == *on,
    };
    Ok(wishes.iter().filter(|wish| !is_met(wish)).cloned().collect())
}

/// What is to be done in a container so that it has what is declared; what it has beyond that stays.
///
/// # Errors
/// It could not be looked at.
pub fn missing(host: &dyn Host, place: &Place, declared: &Declared) -> Result<Vec<Wish>, Problem> {
    let mut wishes = Vec::new();
    if !declared.copr.is_empty() {
        let here = place.repositories(host)?;
        let differs = |(project, on): &&(CoprProject, bool)| here.contains(&project.repository()) != *on;
        wishes.extend(declared.copr.iter().filter(differs).map(|(project, on)| Wish::Copr(project.clone(), *on)));
    }
    if !declared.packages.is_empty() {
        let here = place.installed(host)?;
        let missing = declared.packages.iter().filter(|name| !here.contains(name.as_str()));
        wishes.extend(missing.map(|name| Wish::Package(name.clone(), true)));
    }
    Ok(wishes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Output;
    use crate::host::recording::RecordingHost;

    const TEXT: &str = "{\n  // mine\n  \"packages\": [\n    \"gcc\", // for c\n    \"make\"\n  ],\n  \"x\": 1,\n  \"copr_repos\": [{\"name\": \"a/b\", \"gpg_check\": true, \"y\": 2}]\n}";

    fn package(name: &str, there: bool) -> Wish {
        Wish::Package(name.parse().unwrap(), there)
    }

    fn copr(on: bool) -> Wish {
        Wish::Copr("a/b".parse().unwrap(), on)
    }

    #[test]
    fn an_edit_is_one_entry_and_back_again_the_same_bytes() {
        let after = edited(TEXT, &[package("git", true)]).unwrap();
        assert_eq!(after, TEXT.replace("    \"make\"", "    \"git\",\n    \"make\""));
        assert_eq!(edited(&after, &[package("git", false)]).unwrap(), TEXT);
        assert_eq!(Declared::read(&after).unwrap().packages.len(), 3);
        let off = edited(TEXT, &[copr(false)]).unwrap();
        assert_eq!(off, TEXT.replace("\"y\": 2}", "\"y\": 2, \"enabled\": false}"));
        assert_eq!(Declared::read(&off).unwrap().copr, [("a/b".parse().unwrap(), false)]);
        for nothing in [package("make", true), package("vim", false), copr(true)] {
            assert_eq!(edited(TEXT, &[nothing]).unwrap(), TEXT);
        }
        assert_eq!(edited("", &[package("vim", false), copr(false)]).unwrap(), "");
        assert_eq!(edited("", &[copr(true)]).unwrap().matches("\"enabled\": true").count(), 1);
        assert!(Declared::read("{\"packages\": \"gcc\"}").is_err());
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_named_and_stays_and_the_others_are_used() {
        let text = "{\"packages\": [\"-y\", \"gcc\",\n \"foo >= 1\"], \"copr_repos\": [{\"name\": \"a\"}, {\"name\": \"a/b\"}]}";
        let declared = Declared::read(text).unwrap();
        assert_eq!((declared.packages.len(), declared.copr.len()), (1, 1));
        let lines: Vec<u32> = declared.unread.iter().map(|error| error.line).collect();
        assert_eq!(lines, [1, 2, 2]);
        let after = edited(text, &[package("gcc", false), package("make", true)]).unwrap();
        assert!(after.contains("\"-y\"") && after.contains("\"foo >= 1\"") && after.contains("\"make\""), "{after}");
    }

    #[test]
    fn the_place_decides_how_a_command_gets_there() {
        let line = |place: &Place| place.commands(&[package("git", true)]).first().unwrap().to_string();
        let name = || "dev".parse::<BoxName>().unwrap();
        let list = "ID | NAME | STATUS | IMAGE\n1 | dev | Up | fedora:43\n";
        let host = RecordingHost::default().prints("distrobox list --no-color", list);
        assert_eq!(Place::find(&host, Some(name())).unwrap(), Place::Box(name()));
        assert_eq!(Place::find(&host, None).unwrap(), Place::Toolbox(None));
        assert_eq!(Place::find(&RecordingHost::default(), Some(name())).unwrap(), Place::Toolbox(Some(name())));
        let inside = RecordingHost::default().file("/run/.containerenv", "");
        assert_eq!(Place::find(&inside, None).unwrap(), Place::Here);
        assert_eq!(line(&Place::Here), "sudo dnf -y install git");
        assert_eq!(line(&Place::Box(name())), "distrobox enter --name dev -- sudo dnf -y install git");
        assert_eq!(line(&Place::Toolbox(None)), "toolbox run sudo dnf -y install git");
        assert_eq!(line(&Place::Toolbox(Some(name()))), "toolbox run --container dev sudo dnf -y install git");
        let all: Vec<_> = Place::Here
            .commands(&[package("git", true), copr(true), package("vim", false)])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(all, ["sudo dnf -y remove vim", "sudo dnf copr enable a/b", "sudo dnf -y install git"]);
    }

    #[test]
    fn what_is_missing_is_found_in_two_questions() {
        let host = RecordingHost::default()
            .prints("rpm -qa --qf '%{NAME}\\n'", "gcc\nglibc\n")
            .prints("dnf -q repolist --enabled", "repo id  repo name\nfedora   Fedora 43\n");
        let declared = Declared::read(TEXT).unwrap();
        assert_eq!(missing(&host, &Place::Here, &declared).unwrap(), [copr(true), package("make", true)]);
        assert_eq!(host.effects().len(), 2);
        let nowhere = missing(&host, &Place::Toolbox(None), &declared).unwrap_err();
        assert_eq!((nowhere.code.as_str(), nowhere.message.as_str()), ("command_missing", "toolbox is not installed"));
    }

    #[test]
    fn what_came_of_it_is_looked_at_and_not_only_what_dnf_said() {
        let with = |installed: &str| RecordingHost::default().prints("rpm -qa --qf '%{NAME}\\n'", installed);
        let failing = |said: &str| Output { status: 1, stderr: said.to_owned(), ..Output::default() };
        let wishes = [package("git", true), package("make", true)];
        let line = "sudo dnf -y install git make";
        let done = |host: RecordingHost| carry_out(&host, &Place::Here, &wishes, &mut |_| {});

        assert_eq!(done(with("git\nmake\n").prints(line, "Complete!\n")), Outcome::default());
        // dnf5 calls it a failure of all when a script fails afterwards.
        let said = ">>> Non-critical error in %post scriptlet: git-0:1-1.noarch\nTransaction failed: Rpm transaction failed.\n";
        let outcome = done(with("git\nmake\n").answers(line, failing(said)));
        let notes: Vec<&str> = outcome.notes.iter().map(|note| note.message.as_str()).collect();
        assert_eq!((outcome.unmet.len(), notes), (0, vec!["git was installed, but its %post script failed"]));
        // A package whose %pre fails stays out, and the others come.
        let outcome =
            done(with("make\n").answers(
                line,
                failing("Transaction failed: Rpm transaction failed.\nWarning: skipped OpenPGP checks\n"),
            ));
        assert_eq!(outcome.unmet, [package("git", true)]);
        assert_eq!(outcome.problem.unwrap().message, "dnf failed: Transaction failed: Rpm transaction failed.");
        // Another package has that name among what it provides.
        let outcome = done(with("git-core\nmake\n").prints(line, "Complete!\n"));
        assert_eq!(outcome.problem.unwrap().message, "dnf ended well, but this is not so in the container: git");
        // What cannot be looked at is as dnf says.
        assert_eq!(done(RecordingHost::default().prints(line, "Complete!\n")), Outcome::default());
        assert_eq!(done(RecordingHost::default().answers(line, failing(""))).unmet, wishes);
    }
}
