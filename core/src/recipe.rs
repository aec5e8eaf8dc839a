// SPDX-License-Identifier: GPL-3.0-or-later
//! The recipe: the sections of a setup's Containerfile that Bucket writes.
//!
//! A section stands between `# === NAME (managed by bkt) ===` and `# === END NAME ===`. Its last line is the digest
//! of the lines above it, `# bkt: sha256:…`, put there when they were generated. So an edit by hand is noticed from
//! the file alone, in any checkout and in CI, and is told from a manifest that changed since. Two branches that
//! change the same section conflict in that line; resolving them is `bkt containerfile sync --force`. A section
//! without a digest, from an older version, is ours when it says what such a version made of the same manifests.
//!
//! Invariant: bytes outside the sections are never changed; lines edited by hand are replaced only by force.

pub mod behind;
mod content;
mod diff;
pub mod file;
mod input;
mod older;
mod place;
mod text;

use serde::{Serialize, Serializer};

pub use self::diff::{Counted, counted, unified};
use self::input::Input;
use self::text::{Found, Outline, outline};
use crate::digest::sha256;
use crate::manifest::ManifestError;
use crate::setup::{Setup, SetupError};
use crate::tree::Tree;

/// A managed section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Where packages may come from besides the distribution.
    CoprRepos,
    /// Packages of the image.
    SystemPackages,
    /// Commands of the host for toolboxes.
    HostShims,
    /// Kernel arguments of the image.
    KernelArguments,
    /// Unit states of the image.
    SystemdUnits,
    /// Files of `/etc`.
    EtcFiles,
    /// Bucket itself.
    Bucket,
    /// The setup, for the first start of the image.
    Setup,
}

impl Section {
    /// Every section, in the order a recipe has them.
    pub const ALL: [Self; 8] = [
        Self::CoprRepos,
        Self::SystemPackages,
        Self::HostShims,
        Self::KernelArguments,
        Self::SystemdUnits,
        Self::EtcFiles,
        Self::Bucket,
        Self::Setup,
    ];

    /// Its name in the markers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CoprRepos => "COPR_REPOS",
            Self::SystemPackages => "SYSTEM_PACKAGES",
            Self::HostShims => "HOST_SHIMS",
            Self::KernelArguments => "KERNEL_ARGUMENTS",
            Self::SystemdUnits => "SYSTEMD_UNITS",
            Self::EtcFiles => "ETC_FILES",
            Self::Bucket => "BUCKET",
            Self::Setup => "SETUP",
        }
    }

    /// The section of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }

    /// Where its content is declared.
    #[must_use]
    pub const fn manifest(self) -> &'static str {
        match self {
            Self::CoprRepos | Self::SystemPackages => "manifests/system-packages.json",
            Self::HostShims => input::SHIMS,
            Self::KernelArguments | Self::SystemdUnits => "manifests/system-config.json",
            Self::EtcFiles => Tree::Etc.path(),
            Self::Bucket | Self::Setup => "manifests",
        }
    }

    /// Whether a recipe without it is complete all the same: Bucket and the baked setup are offered, not demanded.
    #[must_use]
    pub const fn is_optional(self) -> bool {
        matches!(self, Self::Bucket | Self::Setup)
    }
}

impl std::fmt::Display for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no section.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("‘{0}’ is not a section; known sections are {names}", names = Section::ALL.map(Section::name).join(", "))]
pub struct UnknownSection(pub String);

impl std::str::FromStr for Section {
    type Err = UnknownSection;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::of_name(text).ok_or_else(|| UnknownSection(text.to_owned()))
    }
}

impl Serialize for Section {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Why a Containerfile cannot be used as a recipe.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say what the fields are")]
pub enum RecipeError {
    /// A section has no end.
    #[error("{section} begins at line {line} and does not end")]
    Unclosed { section: Section, line: u32 },
    /// A section has no beginning.
    #[error("{section} ends at line {line} and does not begin")]
    EndWithoutStart { section: Section, line: u32 },
    /// A section is there more than once.
    #[error("{section} begins a second time at line {line}; the first is at line {first}")]
    Twice { section: Section, line: u32, first: u32 },
    /// A section begins in another.
    #[error("{inner} begins at line {inner_line} inside {section} of line {line}")]
    Nested { section: Section, line: u32, inner: Section, inner_line: u32 },
    /// Another section ends than the one that is open.
    #[error("{ended} ends at line {end_line} while {section} of line {line} is open")]
    OtherEnd { section: Section, line: u32, ended: Section, end_line: u32 },
    /// A marker in the middle of an instruction that is continued over lines.
    #[error("a marker of {section} stands inside an instruction at line {line}")]
    InsideInstruction { section: Section, line: u32 },
    /// A here-document without its last line could hide any marker.
    #[error("the here-document ‘{word}’ of line {line} does not end")]
    UnclosedDocument { word: String, line: u32 },
    /// `# escape=` makes the sections' own line continuations wrong.
    #[error("line {line} sets another escape character than the backslash")]
    Escape { line: u32 },
    /// There is no `FROM` after which sections could stand.
    #[error("there is no FROM in it")]
    NoStage,
    /// There is no Containerfile.
    #[error("{path} has neither a Containerfile nor a Dockerfile", path = .0.display())]
    NotFound(std::path::PathBuf),
    /// It changed since it was shown.
    #[error("the recipe changed meanwhile")]
    Changed,
    /// The setup cannot be read.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// It cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    File { path: std::path::PathBuf, source: std::io::Error },
}

/// What a setup says of packages that concerns the image alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfTheImage {
    /// Groups of packages, without the `@`.
    pub groups: Vec<String>,
    /// Packages that are not to come along with others.
    pub excluded: Vec<String>,
}

/// The groups and exclusions of a setup.
///
/// # Errors
/// Its manifest is broken.
pub fn of_the_image(setup: &Setup) -> Result<OfTheImage, ManifestError> {
    let packages = Input::of(setup).packages?;
    let groups = packages.groups.iter().map(ToString::to_string).collect();
    Ok(OfTheImage { groups, excluded: packages.excluded.iter().map(ToString::to_string).collect() })
}

/// How a section stands to the setup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It says what the setup declares.
    InSync,
    /// It is as it was generated, and the setup declares something else now.
    OutOfDate,
    /// Someone edited it, first at this line.
    HandEdited(u32),
    /// The setup declares something for it, and it is not there.
    Missing,
    /// It is not there and need not be.
    NotNeeded,
    /// Its manifest is broken.
    Unknown(ManifestError),
}

impl State {
    /// The word for it in JSON.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::InSync => "in-sync",
            Self::OutOfDate => "out-of-date",
            Self::HandEdited(_) => "hand-edited",
            Self::Missing => "missing",
            Self::NotNeeded => "not-needed",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Whether recipe and setup differ here.
    #[must_use]
    pub const fn is_drift(&self) -> bool {
        matches!(self, Self::OutOfDate | Self::HandEdited(_) | Self::Missing)
    }
}

/// One section compared with the setup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Which.
    pub section: Section,
    /// How it stands.
    pub state: State,
    /// The line of its start marker.
    pub line: Option<u32>,
    found: Option<Found>,
    body: Vec<String>,
}

/// Something about the file as a whole that a build would stumble over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The last stage does not end with `bootc container lint`.
    NoLint,
    /// Packages are installed, at this line, before their COPRs are known.
    CoprsAfterPackages(u32),
}

/// The lines that do not follow from manifests: those outside of the sections, their markers, and the sections of Bucket
/// itself and of the setup. All, where the markers do not pair up.
pub(crate) fn outside(text: &str) -> impl Iterator<Item = &str> {
    let sections = outline(text).map(|outline| outline.sections).unwrap_or_default();
    let follows = move |at: usize| {
        let mut bodies = sections.iter().filter(|found| !found.section.is_optional()).map(|found| &found.body);
        bodies.any(|body| body.contains(&at))
    };
    let mut at = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let begin = at;
        at += line.len();
        (!follows(begin)).then(|| line.trim_end())
    })
}

/// Compares every section of a recipe with the setup.
///
/// # Errors
/// The recipe's markers do not pair up.
pub fn check(setup: &Setup, text: &str) -> Result<(Vec<Status>, Vec<Note>), RecipeError> {
    let outline = outline(text)?;
    let input = Input::of(setup);
    let statuses = Section::ALL.into_iter().map(|section| status(section, &input, text, &outline)).collect();
    let mut notes = Vec::new();
    if outline.last_stage().is_some() && outline.lint().is_none() {
        notes.push(Note::NoLint);
    }
    if let (Some(packages), Some(coprs)) =
        (outline.section(Section::SystemPackages), outline.section(Section::CoprRepos))
        && packages.line < coprs.line
        && input.packages.as_ref().is_ok_and(|packages| !packages.coprs.is_empty())
    {
        notes.push(Note::CoprsAfterPackages(packages.line));
    }
    Ok((statuses, notes))
}

fn status(section: Section, input: &Input, text: &str, outline: &Outline) -> Status {
    let found = outline.section(section).cloned();
    let line = found.as_ref().map(|found| found.line);
    let content = match content::content(section, input) {
        Ok(content) => content,
        Err(error) => return Status { section, state: State::Unknown(error), line, found, body: Vec::new() },
    };
    let state = match &found {
        None if section == Section::EtcFiles && copies_etc(text) => State::NotNeeded,
        None if content.needed && !section.is_optional() => State::Missing,
        None => State::NotNeeded,
        Some(found) => {
            let body = text.get(found.body.clone()).unwrap_or_default();
            let lines: Vec<&str> = body.split_inclusive('\n').map(text::content).collect();
            compare(section, input, found, &lines, &content.lines)
        }
    };
    let mut body = content.lines;
    body.push(digest_line(body.iter().map(String::as_str)));
    Status { section, state, line, found, body }
}

/// Whether a recipe copies files of `system/etc` by itself, as those made for an older version do.
fn copies_etc(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.any(|line| {
        line.split([' ', '"', '\'', ',', '=']).any(|word| {
            let word = word.trim_start_matches("./").trim_end_matches('/');
            word == "system" || word == Tree::Etc.path() || word.starts_with("system/etc/")
        })
    })
}

fn compare(section: Section, input: &Input, found: &Found, lines: &[&str], wanted: &[String]) -> State {
    let is_wanted = |lines: &[&str]| lines.iter().eq(wanted.iter());
    let (said, digest) = match lines.split_last() {
        Some((last, said)) if last.trim().starts_with(DIGEST) => (said, Some(last.trim())),
        _ => (lines, None),
    };
    let own = digest.is_some_and(|digest| digest == digest_line(said.iter().copied()));
    match (is_wanted(said), own) {
        (true, true) => State::InSync,
        (true, false) | (false, true) => State::OutOfDate,
        (false, false) if digest.is_none() && older::generated(section, input, said) => State::OutOfDate,
        (false, false) => {
            let same = said.iter().zip(wanted).take_while(|(said, wanted)| *said == wanted).count();
            let line = found.line.saturating_add(1).saturating_add(u32::try_from(same).unwrap_or(u32::MAX));
            State::HandEdited(line.min(found.end_line))
        }
    }
}

const DIGEST: &str = "# bkt: sha256:";

fn digest_line<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    let digest = sha256(text.as_bytes());
    format!("{DIGEST}{}", digest.get(..12).unwrap_or_default())
}

impl Status {
    /// The text with this section as the setup wants it; unchanged where the section is not there.
    fn spliced(&self, text: &str) -> String {
        let Some(found) = &self.found else { return text.to_owned() };
        let (Some(before), Some(after)) = (text.get(..found.body.start), text.get(found.body.end..)) else {
            return text.to_owned();
        };
        let mut out = String::with_capacity(text.len() + 256);
        out.push_str(before);
        for line in &self.body {
            out.push_str(line);
            out.push_str(found.line_end);
        }
        out.push_str(after);
        out
    }

    /// What updating this section alone would change in the file, and how many lines come and go.
    #[must_use]
    pub fn difference(&self, text: &str, name: &str) -> Counted {
        match self.state {
            State::OutOfDate | State::HandEdited(_) => counted(text, &self.spliced(text), name),
            _ => Counted::default(),
        }
    }
}

/// A recipe brought together with the setup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// The whole file.
    pub text: String,
    /// The sections that changed.
    pub changed: Vec<Section>,
    /// The sections that were edited by hand, first at this line, and are as they were.
    pub left: Vec<(Section, u32)>,
    /// The sections whose manifest is broken, and are as they were.
    pub unknown: Vec<(Section, ManifestError)>,
}

/// Writes what the setup declares into every section that is there; those edited by hand only by `force`.
///
/// # Errors
/// The recipe's markers do not pair up.
pub fn synced(setup: &Setup, text: &str, force: bool) -> Result<Synced, RecipeError> {
    synced_with(setup, text, |_| force)
}

/// The same, forcing some sections only.
pub(crate) fn synced_with(setup: &Setup, text: &str, force: impl Fn(Section) -> bool) -> Result<Synced, RecipeError> {
    let (mut statuses, _) = check(setup, text)?;
    let mut synced = Synced { text: text.to_owned(), changed: Vec::new(), left: Vec::new(), unknown: Vec::new() };
    // From the end, so that what was found further up stays where it is.
    statuses.sort_by_key(|status| std::cmp::Reverse(status.line));
    for status in statuses {
        match &status.state {
            State::HandEdited(line) if !force(status.section) => synced.left.push((status.section, *line)),
            State::OutOfDate | State::HandEdited(_) => {
                synced.text = status.spliced(&synced.text);
                synced.changed.push(status.section);
            }
            State::Unknown(error) if status.found.is_some() => synced.unknown.push((status.section, error.clone())),
            _ => {}
        }
    }
    synced.changed.reverse();
    synced.left.reverse();
    synced.unknown.reverse();
    Ok(synced)
}

/// Which sections to insert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Those the setup declares something for.
    Missing,
    /// Those, Bucket and the baked setup.
    All,
    /// These, where they are not there yet.
    These(Vec<Section>),
}

/// Inserts sections that are not there, each where it belongs in the last stage.
///
/// # Errors
/// The recipe's markers do not pair up, or it has no `FROM`.
pub fn adopted(setup: &Setup, text: &str, wanted: &Wanted) -> Result<(String, Vec<Section>), RecipeError> {
    let (statuses, _) = check(setup, text)?;
    let mut out = text.to_owned();
    let mut added = Vec::new();
    for status in statuses.iter().filter(|status| status.found.is_none() && !status.body.is_empty()) {
        let chosen = match wanted {
            Wanted::Missing => status.state == State::Missing,
            Wanted::All => status.state == State::Missing || status.section.is_optional(),
            Wanted::These(sections) => sections.contains(&status.section),
        };
        if chosen {
            out = place::inserted(&out, status.section, &status.body)?;
            added.push(status.section);
        }
    }
    Ok((out, added))
}

#[cfg(test)]
mod tests;
