// SPDX-License-Identifier: GPL-3.0-or-later
//! What the sections are generated from: the image's part of a setup.
//!
//! Packages and kernel arguments are checked as every other reader checks them ([`Setup::declared`]); what the
//! recipe needs beyond items (groups, exclusions, COPRs, shims, the order of arguments, unit states of the image
//! alone) is read here, and only here.
//!
//! Invariant: everything in it is a validated name; a broken manifest takes only its own sections with it.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use jsonc_parser::ast::{Object, Value as Ast};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, parse_to_ast};

use crate::changelog::Changelog;
use crate::domain::etc::EtcPath;
use crate::domain::pkg::groups;
use crate::ignore::IGNORE_FILE;
use crate::item::Domain;
use crate::manifest::{Manifest, ManifestError, ManifestErrorKind, Reader, dialect};
use crate::name::{CoprProject, GroupName, HostCommand, KernelArgument, NameError, PackageName, ShimName, UnitName};
use crate::setup::Setup;
use crate::tree::FileState;
use crate::value::{UnitState, Value};

/// Where shims are declared.
pub(super) const SHIMS: &str = "manifests/host-shims.json";

/// The image's part of a setup; each part can be broken for itself.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) packages: Result<Packages, ManifestError>,
    pub(super) shims: Result<BTreeMap<ShimName, HostCommand>, ManifestError>,
    pub(super) arguments: Result<Arguments, ManifestError>,
    pub(super) units: Result<BTreeMap<UnitName, UnitState>, ManifestError>,
    /// Whether the setup ignores items, which the baked one then does, too.
    pub(super) ignores: bool,
    /// Whether the setup keeps a changelog, which the image then tells, too.
    pub(super) changelog: bool,
    /// The files of `/etc`, and whether each can be run; links have no permissions.
    pub(super) etc: BTreeMap<EtcPath, Option<bool>>,
    /// Whether the setup has files of the home, which a person's first sign-in brings them from the baked one.
    pub(super) skel: bool,
}

/// What dnf is asked for.
#[derive(Debug, Default)]
pub(super) struct Packages {
    pub(super) names: BTreeSet<PackageName>,
    pub(super) groups: BTreeSet<GroupName>,
    pub(super) excluded: BTreeSet<PackageName>,
    /// The enabled COPR projects, and whether the signatures of their packages are checked.
    pub(super) coprs: BTreeMap<CoprProject, bool>,
}

impl Packages {
    /// Whether there is anything to install.
    pub(super) fn installs_any(&self) -> bool {
        !self.names.is_empty() || !self.groups.is_empty()
    }
}

/// Kernel arguments, in the manifest's order.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) append: Vec<KernelArgument>,
    pub(super) remove: Vec<KernelArgument>,
}

impl Input {
    /// Reads what the recipe needs of a setup.
    pub(super) fn of(setup: &Setup) -> Self {
        Self {
            packages: packages(setup),
            shims: shims(setup),
            arguments: arguments(setup),
            units: units(setup),
            ignores: setup.directory.join(IGNORE_FILE).is_file(),
            changelog: Changelog::has_entries(&setup.directory),
            etc: etc(setup),
            skel: setup.declared(Domain::Skel).is_ok_and(|files| files.values().any(|file| file.value.is_some())),
        }
    }
}

fn packages(setup: &Setup) -> Result<Packages, ManifestError> {
    // A section without what could not be read would take it out of the image.
    let declared = setup.all_declared(Domain::Pkg).map_err(Clone::clone)?;
    let text = read(setup, Manifest::SystemPackages.path())?;
    let file = File::new(Manifest::SystemPackages.path(), &text);
    let mut packages = Packages::default();
    for (name, declaration) in declared {
        if declaration.value.is_some() && groups::of(name).is_none() {
            packages.names.insert(name.parse().map_err(|error: NameError| file.error(0, error.into()))?);
        }
    }
    let parsed = file.parse()?;
    let Some(root) = parsed.as_ref().and_then(Ast::as_object) else { return Ok(packages) };
    for (text, at) in file.strings(root, "groups")? {
        packages.groups.insert(file.name(text.strip_prefix('@').unwrap_or(text), at)?);
    }
    for (text, at) in file.strings(root, "excluded")? {
        packages.excluded.insert(file.name(text, at)?);
    }
    for (name, declaration) in setup.all_declared(Domain::Copr).map_err(Clone::clone)? {
        if let Some(Value::Copr(state)) = declaration.value
            && state.enabled
        {
            let project = name.parse().map_err(|error: NameError| file.error(0, error.into()))?;
            packages.coprs.insert(project, state.gpg_check);
        }
    }
    Ok(packages)
}

fn etc(setup: &Setup) -> BTreeMap<EtcPath, Option<bool>> {
    let declared = setup.declared(Domain::Etc).into_iter().flatten();
    let files = declared.filter_map(|(key, declaration)| {
        let executable = match declaration.value.as_ref()? {
            Value::File(FileState::File { executable, .. }) => Some(*executable),
            Value::File(FileState::Link { .. }) => None,
            _ => return None,
        };
        Some((key.parse().ok()?, executable))
    });
    files.collect()
}

fn shims(setup: &Setup) -> Result<BTreeMap<ShimName, HostCommand>, ManifestError> {
    let text = read(setup, SHIMS)?;
    let file = File::new(SHIMS, &text);
    let parsed = file.parse()?;
    let mut shims = BTreeMap::new();
    let Some(root) = parsed.as_ref().and_then(Ast::as_object) else { return Ok(shims) };
    for entry in file.list(root, "shims")? {
        let Ast::Object(entry) = entry else {
            return Err(file.wrong_type("shims", "a list of objects", entry.start()));
        };
        let text = file.field(entry, "shims", "name")?;
        let name: ShimName = file.name(text, entry.start())?;
        let host = match entry.get("host").map(|field| &field.value) {
            None | Some(Ast::NullKeyword(_)) => text,
            Some(_) => file.field(entry, "shims", "host")?,
        };
        let host: HostCommand = file.name(host, entry.start())?;
        if shims.get(&name).is_some_and(|earlier| *earlier != host) {
            return Err(file.error(entry.start(), ManifestErrorKind::Twice(name.to_string())));
        }
        shims.insert(name, host);
    }
    Ok(shims)
}

fn arguments(setup: &Setup) -> Result<Arguments, ManifestError> {
    setup.all_declared(Domain::Karg).map_err(Clone::clone)?;
    let text = read(setup, Manifest::SystemConfig.path())?;
    let file = File::new(Manifest::SystemConfig.path(), &text);
    let parsed = file.parse()?;
    let mut arguments = Arguments::default();
    let kargs = parsed.as_ref().and_then(Ast::as_object).and_then(|root| root.get("kargs"));
    let Some(kargs) = kargs.and_then(|field| field.value.as_object()) else { return Ok(arguments) };
    for (list, into) in [("append", &mut arguments.append), ("remove", &mut arguments.remove)] {
        for (text, at) in file.strings(kargs, list)? {
            let argument = file.name(text, at)?;
            if !into.contains(&argument) {
                into.push(argument);
            }
        }
    }
    Ok(arguments)
}

/// The image's unit states alone: the run-time ones are not the image's.
fn units(setup: &Setup) -> Result<BTreeMap<UnitName, UnitState>, ManifestError> {
    let manifest = Manifest::SystemConfig;
    let text = read(setup, manifest.path())?;
    let file = File::new(manifest.path(), &text);
    let mut units = BTreeMap::new();
    for (name, declaration) in Reader::declarations(manifest, Domain::Unit, &text)?.0 {
        if let Some(Value::Unit(state)) = declaration.value {
            units.insert(name.parse().map_err(|error: NameError| file.error(0, error.into()))?, state);
        }
    }
    Ok(units)
}

fn read(setup: &Setup, path: &'static str) -> Result<String, ManifestError> {
    setup.text(path).map(Option::unwrap_or_default).map_err(|error| ManifestError {
        file: path,
        line: 1,
        kind: ManifestErrorKind::Unreadable(error.to_string()),
    })
}

/// A manifest being read.
#[derive(Debug)]
struct File<'t> {
    path: &'static str,
    text: &'t str,
}

impl<'t> File<'t> {
    const fn new(path: &'static str, text: &'t str) -> Self {
        Self { path, text }
    }

    fn parse(&self) -> Result<Option<Ast<'t>>, ManifestError> {
        let parsed =
            parse_to_ast(self.text, &CollectOptions::default(), &dialect()).map_err(|error| ManifestError {
                file: self.path,
                line: u32::try_from(error.line_display()).unwrap_or(u32::MAX),
                kind: ManifestErrorKind::Syntax(error.kind().to_string().to_lowercase()),
            })?;
        match parsed.value {
            None | Some(Ast::Object(_)) => Ok(parsed.value),
            Some(other) => Err(self.wrong_type("the file", "an object", other.start())),
        }
    }

    fn error(&self, at: usize, kind: ManifestErrorKind) -> ManifestError {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        ManifestError { file: self.path, line: u32::try_from(line).unwrap_or(u32::MAX), kind }
    }

    fn wrong_type(&self, field: &str, expected: &'static str, at: usize) -> ManifestError {
        self.error(at, ManifestErrorKind::Type { field: field.to_owned(), expected })
    }

    fn list<'o>(&self, object: &'o Object<'t>, field: &str) -> Result<&'o [Ast<'t>], ManifestError> {
        match object.get(field).map(|property| &property.value) {
            None => Ok(&[]),
            Some(Ast::Array(list)) => Ok(&list.elements),
            Some(other) => Err(self.wrong_type(field, "a list", other.start())),
        }
    }

    fn strings<'o>(&self, object: &'o Object<'t>, field: &str) -> Result<Vec<(&'o str, usize)>, ManifestError> {
        let string = |value: &'o Ast<'t>| match value {
            Ast::StringLit(text) => Ok((text.value.as_ref(), value.start())),
            other => Err(self.wrong_type(field, "a list of strings", other.start())),
        };
        self.list(object, field)?.iter().map(string).collect()
    }

    fn field<'o>(
        &self,
        entry: &'o Object<'t>,
        list: &'static str,
        field: &'static str,
    ) -> Result<&'o str, ManifestError> {
        match entry.get(field).map(|property| &property.value) {
            None => Err(self.error(entry.start(), ManifestErrorKind::Missing { list, field })),
            Some(Ast::StringLit(text)) => Ok(text.value.as_ref()),
            Some(other) => Err(self.wrong_type(field, "a string", other.start())),
        }
    }

    fn name<N: FromStr<Err = NameError>>(&self, text: &str, at: usize) -> Result<N, ManifestError> {
        text.parse().map_err(|error: NameError| self.error(at, error.into()))
    }
}
