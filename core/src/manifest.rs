// SPDX-License-Identifier: GPL-3.0-or-later
//! Manifests: the JSON files of a setup, read leniently and by line.
//!
//! The formats are those of existing setups. Comments and trailing commas are tolerated; an unknown field
//! is kept and named in a [`Warning`]. An entry that cannot be read is a [`Fault`] of its own, kept as it is; a list of
//! the wrong type makes the file unusable for its domain, because guessing would turn into wrong changes.
//!
//! Invariant: reading never changes a file; everything that could be wrong carries file and line.

pub mod edit;
mod fault;
pub mod place;

use std::collections::BTreeMap;

use jsonc_parser::ast::{self, Object, ObjectProp};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, ParseResult, parse_to_ast};
use serde::{Deserialize, Serialize};

pub(crate) use self::fault::named;
pub use self::fault::{Fault, Read};
use crate::item::Domain;
use crate::name::NameError;
use crate::problem::Problem;
use crate::tree::Tree;
use crate::value::Value;

/// The manifests that say something about the items of a [`Domain`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manifest {
    /// `system-packages.json`: packages of the image or of a package-mode computer.
    SystemPackages,
    /// `system-config.json`: kernel arguments and unit states of the image.
    SystemConfig,
    /// `systemd-services.json`: unit states at run time.
    SystemdServices,
    /// `gsettings.json`: settings.
    Gsettings,
    /// `flatpak-remotes.json`: where Flatpak applications come from.
    FlatpakRemotes,
    /// `flatpak-apps.json`: Flatpak applications.
    FlatpakApps,
    /// `host-shims.json`: commands of the host.
    HostShims,
    /// `homebrew.json`: what Homebrew installs.
    Homebrew,
    /// `host-binaries.json`: fetched programs.
    HostBinaries,
    /// `appimage-apps.json`: AppImages.
    AppImageApps,
    /// `distrobox.json`: boxes.
    Distrobox,
    /// `gnome-extensions.json`: extensions of GNOME Shell.
    GnomeExtensions,
    /// `skel`, a tree of files: those of the person's home.
    Skel,
    /// `system/etc`, a tree of files: those of the image's `/etc`.
    Etc,
}

impl Manifest {
    /// Every manifest that is a file with entries; a [`Tree`] is not.
    pub const ALL: [Self; 12] = [
        Self::SystemPackages,
        Self::SystemConfig,
        Self::SystemdServices,
        Self::Gsettings,
        Self::FlatpakRemotes,
        Self::FlatpakApps,
        Self::HostShims,
        Self::Homebrew,
        Self::HostBinaries,
        Self::AppImageApps,
        Self::Distrobox,
        Self::GnomeExtensions,
    ];

    /// Its path inside the setup.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::SystemPackages => "manifests/system-packages.json",
            Self::SystemConfig => "manifests/system-config.json",
            Self::SystemdServices => "manifests/systemd-services.json",
            Self::Gsettings => "manifests/gsettings.json",
            Self::FlatpakRemotes => "manifests/flatpak-remotes.json",
            Self::FlatpakApps => "manifests/flatpak-apps.json",
            Self::HostShims => "manifests/host-shims.json",
            Self::Homebrew => "manifests/homebrew.json",
            Self::HostBinaries => "manifests/host-binaries.json",
            Self::AppImageApps => "manifests/appimage-apps.json",
            Self::Distrobox => "manifests/distrobox.json",
            Self::GnomeExtensions => "manifests/gnome-extensions.json",
            Self::Skel => Tree::Skel.path(),
            Self::Etc => Tree::Etc.path(),
        }
    }

    /// The domains whose items it declares.
    #[must_use]
    pub const fn domains(self) -> &'static [Domain] {
        match self {
            Self::SystemPackages => &[Domain::Copr, Domain::Pkg],
            Self::SystemConfig => &[Domain::Karg, Domain::Unit],
            Self::SystemdServices => &[Domain::Unit],
            Self::Gsettings => &[Domain::Gsetting],
            Self::FlatpakRemotes => &[Domain::Remote],
            Self::FlatpakApps => &[Domain::Flatpak],
            Self::HostShims => &[Domain::Shim],
            Self::Homebrew => &[Domain::Brew],
            Self::HostBinaries => &[Domain::Bin],
            Self::AppImageApps => &[Domain::AppImage],
            Self::Distrobox => &[Domain::Box],
            Self::GnomeExtensions => &[Domain::Ext],
            Self::Skel => &[Domain::Skel],
            Self::Etc => &[Domain::Etc],
        }
    }

    /// The tree it is, when its items are files and not entries of one.
    #[must_use]
    pub fn tree(self) -> Option<Tree> {
        Tree::ALL.into_iter().find(|tree| tree.manifest() == self)
    }

    /// The file of the setup that an item is declared in.
    #[must_use]
    pub fn file(self, key: &str) -> String {
        match self.tree().map(|tree| (tree, tree.place(key))) {
            Some((tree, Ok(place))) => format!("{}/{place}", tree.path()),
            _ => self.path().to_owned(),
        }
    }

    /// The manifest a captured item of a domain is written to.
    #[must_use]
    pub fn of(domain: Domain) -> Self {
        crate::domain::kind(domain).manifest()
    }
}

/// What the setup says about one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The declared value; `None` when the setup says the item must not be there.
    pub value: Option<Value>,
    /// Where.
    pub manifest: Manifest,
    /// The line it stands on, from 1; 0 where it is no entry but a file.
    pub line: u32,
}

/// The declarations of one domain, by key.
pub type Declarations = BTreeMap<String, Declaration>;

/// Something in a manifest that is kept but not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The manifest's path inside the setup.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// What.
    pub message: String,
}

/// Why a manifest cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file} line {line}: {kind}")]
pub struct ManifestError {
    /// The manifest's path inside the setup.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong there.
    pub kind: ManifestErrorKind,
}

/// What is wrong in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestErrorKind {
    /// Not JSON.
    #[error("{0}")]
    Syntax(String),
    /// A value of another type is needed.
    #[error("‘{field}’ should be {expected}")]
    Type {
        /// The field.
        field: String,
        /// What it should be, for example "a list".
        expected: &'static str,
    },
    /// A field is missing.
    #[error("an entry of ‘{list}’ has no ‘{field}’")]
    Missing {
        /// The list.
        list: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A name that no tool would accept.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A word that is none of the known ones.
    #[error("{0}")]
    Value(String),
    /// The same item is declared twice with different values.
    #[error("‘{0}’ is declared twice")]
    Twice(String),
    /// The file could not be read.
    #[error("{0}")]
    Unreadable(String),
}

impl From<&ManifestError> for Problem {
    fn from(error: &ManifestError) -> Self {
        Self::new("manifest_invalid", error.to_string()).hinted(format!("Correct {} and check again", error.file))
    }
}

/// A file being read: which one, where its lines end, and what was noticed. `M` says which [`Manifest`] it is,
/// where its entries are items.
#[derive(Debug)]
pub struct Reader<M = Manifest> {
    manifest: M,
    file: &'static str,
    /// Where each line ends, to find a line by its offset.
    line_ends: Vec<usize>,
    warnings: Vec<Warning>,
    faults: Vec<Fault>,
}

/// The JSON dialect of manifests: comments and trailing commas, otherwise strict.
pub(crate) fn dialect() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

impl Reader {
    /// Which manifest this is.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        self.manifest
    }

    /// Adds a declaration; the same one twice is a warning, two that disagree are an error.
    ///
    /// # Errors
    /// The key is declared with another value already.
    pub fn declare(
        &mut self,
        into: &mut Declarations,
        at: &impl Ranged,
        key: &str,
        value: Option<Value>,
    ) -> Result<(), ManifestError> {
        let line = self.line_at(at.start());
        match into.get(key) {
            Some(earlier) if earlier.value != value => Err(self.error(at, ManifestErrorKind::Twice(key.to_owned()))),
            Some(_) => {
                let message = format!("‘{key}’ is listed twice");
                self.warnings.push(Warning { file: self.file, line, message });
                Ok(())
            }
            None => {
                into.insert(key.to_owned(), Declaration { value, manifest: self.manifest, line });
                Ok(())
            }
        }
    }
}

impl<M> Reader<M> {
    /// A reader of one file's text.
    pub(crate) fn new(manifest: M, file: &'static str, text: &str) -> Self {
        let line_ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        Self { manifest, file, line_ends, warnings: Vec::new(), faults: Vec::new() }
    }

    /// The syntax tree of its text.
    ///
    /// # Errors
    /// The text is not JSON.
    pub(crate) fn parse<'t>(&self, text: &'t str) -> Result<ParseResult<'t>, ManifestError> {
        parse_to_ast(text, &CollectOptions::default(), &dialect()).map_err(|error| ManifestError {
            file: self.file,
            line: u32::try_from(error.line_display()).unwrap_or(u32::MAX),
            kind: ManifestErrorKind::Syntax(lower_first(&error.kind().to_string())),
        })
    }

    /// The object a file is; `None` where it is empty.
    ///
    /// # Errors
    /// It is something else than an object.
    pub(crate) fn root<'o, 't>(&self, parsed: &'o ParseResult<'t>) -> Result<Option<&'o Object<'t>>, ManifestError> {
        match &parsed.value {
            None => Ok(None),
            Some(ast::Value::Object(root)) => Ok(Some(root)),
            Some(other) => Err(self.wrong_type("the file", "an object", other)),
        }
    }

    /// What was noticed.
    pub(crate) fn into_warnings(self) -> Vec<Warning> {
        self.warnings
    }

    /// The line something begins on.
    pub(crate) fn line_of(&self, at: &impl Ranged) -> u32 {
        self.line_at(at.start())
    }

    fn line_at(&self, offset: usize) -> u32 {
        u32::try_from(self.line_ends.partition_point(|end| *end < offset) + 1).unwrap_or(u32::MAX)
    }

    /// An error at a place in the file.
    pub fn error(&self, at: &impl Ranged, kind: impl Into<ManifestErrorKind>) -> ManifestError {
        ManifestError { file: self.file, line: self.line_at(at.start()), kind: kind.into() }
    }

    pub(crate) fn wrong_type(&self, field: &str, expected: &'static str, at: &impl Ranged) -> ManifestError {
        self.error(at, ManifestErrorKind::Type { field: field.to_owned(), expected })
    }

    /// Notes something that is kept but not used.
    pub fn warn(&mut self, at: &impl Ranged, message: String) {
        self.warnings.push(Warning { file: self.file, line: self.line_at(at.start()), message });
    }

    /// Names every field that is not in `known`, once each.
    pub fn know(&mut self, object: &Object<'_>, known: &[&str]) {
        for property in &object.properties {
            let name = property.name.as_str();
            if !known.contains(&name) && name != "$schema" {
                self.warnings.push(Warning {
                    file: self.file,
                    line: self.line_at(property.start()),
                    message: format!("unknown field ‘{}’ is kept but not used", name.escape_debug()),
                });
            }
        }
    }

    /// A list field; empty where it is missing.
    ///
    /// # Errors
    /// The field is something else than a list.
    pub fn list<'o, 't>(&self, object: &'o Object<'t>, field: &str) -> Result<&'o [ast::Value<'t>], ManifestError> {
        match object.get(field).map(|property| &property.value) {
            None => Ok(&[]),
            Some(ast::Value::Array(list)) => Ok(&list.elements),
            Some(other) => Err(self.wrong_type(field, "a list", other)),
        }
    }

    /// An object field, where it is there.
    ///
    /// # Errors
    /// The field is something else than an object.
    pub fn object<'o, 't>(&self, object: &'o Object<'t>, field: &str) -> Result<Option<&'o Object<'t>>, ManifestError> {
        match object.get(field).map(|property| &property.value) {
            None => Ok(None),
            Some(ast::Value::Object(inner)) => Ok(Some(inner)),
            Some(other) => Err(self.wrong_type(field, "an object", other)),
        }
    }

    /// The text of a string value.
    ///
    /// # Errors
    /// It is something else than a string.
    pub fn string<'o>(&self, field: &str, value: &'o ast::Value<'_>) -> Result<&'o str, ManifestError> {
        value.as_string_lit().map(|text| text.value.as_ref()).ok_or_else(|| self.wrong_type(field, "a string", value))
    }

    /// The text of a string field, where it is there and not `null`.
    ///
    /// # Errors
    /// It is something else than a string.
    pub fn string_field<'o>(&self, object: &'o Object<'_>, field: &str) -> Result<Option<&'o str>, ManifestError> {
        match object.get(field).map(|property| &property.value) {
            None | Some(ast::Value::NullKeyword(_)) => Ok(None),
            Some(value) => self.string(field, value).map(Some),
        }
    }

    /// The text of a string field that must be there.
    ///
    /// # Errors
    /// It is missing or something else than a string.
    pub fn needed<'o>(
        &self,
        object: &'o Object<'_>,
        list: &'static str,
        field: &'static str,
    ) -> Result<&'o str, ManifestError> {
        self.string_field(object, field)?.ok_or_else(|| self.error(object, ManifestErrorKind::Missing { list, field }))
    }

    /// A field that is true or false, where it is there and not `null`.
    ///
    /// # Errors
    /// It is something else.
    pub fn flag(&self, object: &Object<'_>, field: &str) -> Result<Option<bool>, ManifestError> {
        match object.get(field).map(|property| &property.value) {
            None | Some(ast::Value::NullKeyword(_)) => Ok(None),
            Some(ast::Value::BooleanLit(flag)) => Ok(Some(flag.value)),
            Some(other) => Err(self.wrong_type(field, "true or false", other)),
        }
    }

    /// An entry of a list that must be an object.
    ///
    /// # Errors
    /// It is something else.
    pub fn entry<'o, 't>(&self, list: &str, value: &'o ast::Value<'t>) -> Result<&'o Object<'t>, ManifestError> {
        value.as_object().ok_or_else(|| self.wrong_type(list, "a list of objects", value))
    }

    /// Text parsed into a validated name.
    ///
    /// # Errors
    /// The text is no such name.
    pub fn name<N: std::str::FromStr<Err = NameError>>(
        &self,
        at: &impl Ranged,
        text: &str,
    ) -> Result<N, ManifestError> {
        text.parse().map_err(|error: NameError| self.error(at, error))
    }
}

/// The name and value of a property, for maps such as `services`.
pub(crate) fn property<'o, 't>(property: &'o ObjectProp<'t>) -> (&'o str, &'o ast::Value<'t>) {
    let name = match &property.name {
        ast::ObjectPropName::String(text) => text.value.as_ref(),
        ast::ObjectPropName::Word(word) => word.value,
    };
    (name, &property.value)
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
