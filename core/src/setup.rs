// SPDX-License-Identifier: GPL-3.0-or-later
//! The setup: a git repository whose manifests say what the computer should be.
//!
//! Invariant: loading reads every manifest once and never fails as a whole; a broken one makes exactly the
//! domains it declares unknown, and an entry that cannot be read itself alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::files;
use crate::item::{Domain, ItemId};
use crate::kept::{Kept, Report};
use crate::manifest::{
    Declaration, Declarations, Fault, Manifest, ManifestError, ManifestErrorKind, Read, Reader, Warning,
};
use crate::problem::Problem;
use crate::tree::{self, Tree};

/// A setup with what it declares, domain by domain.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Its directory.
    pub directory: PathBuf,
    declared: BTreeMap<Domain, Result<Declarations, ManifestError>>,
    /// What an earlier manifest says of items that a later one declares, too.
    also: BTreeMap<ItemId, Declaration>,
    /// What its manifests say that is not used.
    pub warnings: Vec<Warning>,
    /// The files that declare no items.
    pub kept: Kept,
    /// What some of its files are taken to say, by path.
    texts: BTreeMap<&'static str, String>,
    /// Why a tree, files of one or entries of manifests could not be read; by domain and key.
    unread: Vec<(Domain, Option<String>, Problem)>,
    /// Those of them that are entries.
    faults: Vec<(Domain, Fault)>,
}

/// Why there is no setup to read.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The directory has no `manifests` folder.
    #[error("no setup was found in {path}", path = .0.display())]
    NotFound(PathBuf),
}

impl Setup {
    /// Reads the manifests below a directory.
    ///
    /// # Errors
    /// There is no `manifests` folder in it.
    pub fn load(directory: &Path) -> Result<Self, SetupError> {
        Self::load_as(directory, BTreeMap::new())
    }

    /// The same, as if some of its files said something else.
    ///
    /// # Errors
    /// As [`Setup::load`].
    pub(crate) fn load_as(directory: &Path, texts: BTreeMap<&'static str, String>) -> Result<Self, SetupError> {
        if !directory.join("manifests").is_dir() {
            return Err(SetupError::NotFound(directory.to_owned()));
        }
        let mut setup = Self {
            directory: directory.to_owned(),
            declared: BTreeMap::new(),
            also: BTreeMap::new(),
            warnings: Vec::new(),
            kept: Kept::load(directory),
            texts,
            unread: Vec::new(),
            faults: Vec::new(),
        };
        for domain in Domain::ALL {
            setup.declared.insert(domain, Ok(Declarations::new()));
        }
        for manifest in Manifest::ALL {
            match setup.text(manifest.path()) {
                Ok(None) => {}
                Ok(Some(text)) => setup.add(manifest, &text),
                Err(error) => {
                    let kind = ManifestErrorKind::Unreadable(error.to_string());
                    let error = ManifestError { file: manifest.path(), line: 1, kind };
                    for domain in manifest.domains() {
                        setup.declared.insert(*domain, Err(error.clone()));
                    }
                }
            }
        }
        for tree in Tree::ALL {
            setup.add_tree(tree);
        }
        setup.warnings.extend(setup.kept.warnings.iter().cloned());
        Ok(setup)
    }

    /// What one of its files says.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn text(&self, path: &'static str) -> std::io::Result<Option<String>> {
        match self.texts.get(path) {
            Some(text) => Ok(Some(text.clone())),
            None => files::read(&self.directory.join(path)),
        }
    }

    /// How each of its files reads, those with items first.
    #[must_use]
    pub fn reports(&self) -> Vec<Report> {
        let mut reports = Vec::new();
        for manifest in Manifest::ALL.into_iter().filter(|manifest| self.directory.join(manifest.path()).exists()) {
            let file = manifest.path();
            let declared = || manifest.domains().iter().map(|domain| self.declared(*domain));
            let faults = self.faults.iter().map(|(_, fault)| &fault.error);
            let errors = declared().filter_map(Result::err).chain(faults);
            let errors: Vec<ManifestError> = errors.filter(|error| error.file == file).cloned().collect();
            let entries = declared().filter_map(Result::ok).flat_map(BTreeMap::values);
            let entries = entries.filter(|declaration| declaration.manifest == manifest).count();
            let noted = self.warnings.iter().any(|warning| warning.file == file);
            reports.push(Report::new(file, entries, &errors, noted));
        }
        reports.extend(self.kept.reports.iter().cloned());
        reports
    }

    fn add(&mut self, manifest: Manifest, text: &str) {
        for domain in manifest.domains() {
            match Reader::read(manifest, *domain, text) {
                Ok(Read { declarations, warnings, faults }) => {
                    self.warnings.extend(warnings);
                    for fault in faults {
                        self.unread.push((*domain, Some(fault.key.clone()), fault.problem(*domain)));
                        self.faults.push((*domain, fault));
                    }
                    if let Some(Ok(known)) = self.declared.get_mut(domain) {
                        for (key, declaration) in declarations {
                            if let Some(earlier) = known.insert(key.clone(), declaration) {
                                self.also.insert(ItemId::new(*domain, key), earlier);
                            }
                        }
                    }
                }
                Err(error) => {
                    self.declared.insert(*domain, Err(error));
                }
            }
        }
        self.warnings.dedup();
    }

    fn add_tree(&mut self, tree: Tree) {
        match tree::files(&self.directory, tree) {
            Ok(files) => {
                self.declared.insert(tree.domain(), Ok(files.declared));
                let problems = files.problems.into_iter();
                self.unread.extend(problems.map(|(key, problem)| (tree.domain(), Some(key), problem)));
            }
            Err(problem) => self.unread.push((tree.domain(), None, problem)),
        }
    }

    /// What of a domain could not be read, and why: one item, or all of it.
    pub fn unread(&self, domain: Domain) -> impl Iterator<Item = (Option<&str>, &Problem)> {
        let unread = self.unread.iter().filter(move |(of, ..)| *of == domain);
        unread.map(|(_, key, problem)| (key.as_deref(), problem))
    }

    /// What is wrong with the entries of a domain that could not be read.
    pub fn faults(&self, domain: Domain) -> impl Iterator<Item = &Fault> {
        self.faults.iter().filter(move |(of, _)| *of == domain).map(|(_, fault)| fault)
    }

    /// What the setup says about a domain, for whoever can do nothing with a part of it.
    ///
    /// # Errors
    /// The manifest of that domain, or an entry of it, cannot be used.
    pub fn all_declared(&self, domain: Domain) -> Result<&Declarations, &ManifestError> {
        match self.faults(domain).next() {
            Some(fault) => Err(&fault.error),
            None => self.declared(domain),
        }
    }

    /// What the setup says about a domain, without the entries that could not be read.
    ///
    /// # Errors
    /// The manifest of that domain cannot be used.
    pub fn declared(&self, domain: Domain) -> Result<&Declarations, &ManifestError> {
        static NOTHING: Declarations = Declarations::new();
        self.declared.get(&domain).map_or(Ok(&NOTHING), Result::as_ref)
    }

    /// What another manifest says of an item, besides the one in [`Setup::declared`].
    #[must_use]
    pub fn also(&self, item: &ItemId) -> Option<&Declaration> {
        self.also.get(item)
    }

    /// The manifests that declare an item; none where the setup does not mention it.
    #[must_use]
    pub fn manifests_of(&self, item: &ItemId) -> Vec<Manifest> {
        let declared = self.declared(item.domain).ok().and_then(|declared| declared.get(&item.key));
        declared.into_iter().chain(self.also(item)).map(|declaration| declaration.manifest).collect()
    }

    /// The same setup saying something else about one item; no file is written.
    pub(crate) fn declare(&mut self, item: &ItemId, declaration: Declaration) {
        let declared = self.declared.entry(item.domain).or_insert_with(|| Ok(Declarations::new()));
        if declared.is_err() {
            *declared = Ok(Declarations::new());
        }
        if let Ok(declarations) = declared {
            declarations.insert(item.key.clone(), declaration);
        }
        self.also.remove(item);
    }

    /// The same setup without what it says of an item; no file is written.
    pub(crate) fn withdraw(&mut self, item: &ItemId) {
        if let Some(Ok(declarations)) = self.declared.get_mut(&item.domain) {
            declarations.remove(&item.key);
        }
    }

    /// How many items it declares.
    #[must_use]
    pub fn len(&self) -> usize {
        self.declared.values().filter_map(|declared| declared.as_ref().ok()).map(BTreeMap::len).sum()
    }

    /// Whether it declares nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(files: &[(&str, &str)]) -> (tempfile::TempDir, Setup) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("manifests")).unwrap();
        for (name, text) in files {
            files::replace(&dir.path().join("manifests").join(name), text.as_bytes()).unwrap();
        }
        let setup = Setup::load(dir.path()).unwrap();
        (dir, setup)
    }

    #[test]
    fn one_broken_manifest_leaves_the_others_usable() {
        let (_dir, setup) = setup(&[
            ("system-packages.json", "{\"packages\": [\"htop\"]\n  \"x\": 1}"),
            ("system-config.json", r#"{"kargs": {"append": ["quiet"]}, "systemd": {"enable": "sshd"}}"#),
            ("gsettings.json", r#"{"settings": []}"#),
        ]);
        let error = setup.declared(Domain::Pkg).unwrap_err();
        assert_eq!((error.file, error.line), ("manifests/system-packages.json", 1));
        assert_eq!(
            setup.declared(Domain::Unit).unwrap_err().to_string(),
            "manifests/system-config.json line 1: ‘enable’ should be a list"
        );
        assert_eq!(setup.declared(Domain::Karg).unwrap().len(), 1);
        assert!(setup.declared(Domain::Gsetting).unwrap().is_empty());
    }

    #[test]
    fn an_item_of_two_manifests_is_told_of_both() {
        let (_dir, setup) = setup(&[
            ("system-config.json", r#"{"systemd": {"enable": ["a", "b"]}}"#),
            ("systemd-services.json", r#"{"services": {"a": "masked"}}"#),
        ]);
        let (a, b) = (ItemId::new(Domain::Unit, "a.service"), ItemId::new(Domain::Unit, "b.service"));
        assert_eq!(setup.manifests_of(&a), [Manifest::SystemdServices, Manifest::SystemConfig]);
        assert_eq!(setup.manifests_of(&b), [Manifest::SystemConfig]);
        assert_ne!(setup.also(&a).unwrap().value, setup.declared(Domain::Unit).unwrap()["a.service"].value);
    }

    #[test]
    fn an_unknown_field_is_named_and_the_rest_is_used() {
        let (_dir, setup) =
            setup(&[("system-packages.json", "{\n  \"packages\": [\"htop\"],\n  \"packges\": [\"x\"]\n}\n")]);
        assert_eq!(setup.declared(Domain::Pkg).unwrap().len(), 1);
        assert_eq!(
            (setup.warnings[0].line, setup.warnings[0].message.as_str()),
            (3, "unknown field ‘packges’ is kept but not used")
        );
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_told_of_by_line_and_the_others_are_used() {
        let text = "{\"packages\": [\n\"htop\",\n\"-y\",\n\"foo >= 1\",\n\"@module:x/y\",\n7,\n\"nano\"]}";
        let (_dir, setup) = setup(&[("system-packages.json", text)]);
        let names: Vec<_> = setup.declared(Domain::Pkg).unwrap().keys().collect();
        assert_eq!(names, ["htop", "nano"]);
        let unread: Vec<_> = setup.unread(Domain::Pkg).map(|(key, problem)| (key.unwrap(), problem)).collect();
        let keys: Vec<_> = unread.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, ["-y", "foo >= 1", "@module:x/y", "line 6"]);
        let said = &unread[1].1;
        assert!(said.message.starts_with("manifests/system-packages.json line 4: ‘foo >= 1’"), "{said}");
        assert_eq!(said.hint.as_deref(), Some("Write the name of the package alone, without a version"));
        assert!(unread.iter().all(|(_, problem)| problem.hint.is_some()));
        assert_eq!(setup.all_declared(Domain::Pkg).unwrap_err().line, 3);
        assert!(setup.all_declared(Domain::Copr).is_ok());
        let report = setup.reports();
        assert_eq!((report[0].entries, report[0].problems.len()), (2, 4));
    }

    #[test]
    fn a_directory_without_manifests_is_no_setup() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Setup::load(dir.path()), Err(SetupError::NotFound(_))));
    }
}
