// SPDX-License-Identifier: GPL-3.0-or-later
//! RPM packages: declared in `system-packages.json`, observed in the rpm database.
//!
//! What someone chose on this computer is what counts: on package-mode hosts the packages dnf recorded as
//! installed by a person; on ostree hosts the layered ones and those an overlay on `/usr` adds to the
//! deployment. Base-image content and dependencies are never a change (dnf5 `repoquery`, rpm-ostree
//! `status --json` `requested-packages`).
//!
//! Invariant: the rpm database is read once per comparison; its cookie is the digest of all installed versions.

pub mod groups;
mod layers;
mod reason;
pub(crate) mod scripts;

use std::collections::{BTreeMap, BTreeSet};

use jsonc_parser::ast::Object;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::compare::{Change, Effect, Privilege, Shape};
use crate::deployment::{HostKind, System};
use crate::host::{Basis, Host, HostError, Invocation};
use crate::i18n::gettext;
use crate::manifest::place::{Edit, Entry};
use crate::manifest::{Declarations, Manifest, ManifestError, Reader, named};
use crate::name::PackageName;
use crate::problem::Problem;
use crate::value::{PackageOverride, Value};

use super::{Actions, Kind, Look, Observation, Observed};
use crate::plan::{Action, Deferral};

/// Reads `{"packages": [...], "groups": [...], "excluded": [...]}`. Groups and excluded packages are the recipe's: a
/// group, whose item is `pkg:@NAME`, is no package, and what a computer has of its image is not compared.
pub(crate) fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    reader.know(root, &["packages", "groups", "excluded", "copr_repos"]);
    let mut declarations = Declarations::new();
    reader.each(reader.list(root, "packages")?, named(&[]), |reader, value| {
        let name: PackageName = reader.name(value, reader.string("packages", value)?)?;
        reader.declare(&mut declarations, value, name.as_str(), Some(Value::Present))
    });
    reader.each(reader.list(root, "groups")?, named(&[]), |reader, value| {
        // One that is none concerns the recipe alone, which says so.
        match groups::name(reader.string("groups", value)?) {
            Ok(group) => reader.declare(&mut declarations, value, &groups::key(&group), Some(Value::Present)),
            Err(_) => Ok(()),
        }
    });
    reader.each(reader.list(root, "excluded")?, named(&[]), |reader, value| {
        let name: PackageName = reader.name(value, reader.string("excluded", value)?)?;
        if declarations.contains_key(name.as_str()) {
            reader.warn(value, format!("{name} is both in ‘packages’ and in ‘excluded’; the first is used"));
        }
        Ok(())
    });
    Ok(declarations)
}

/// What to write instead of what dnf takes for a package, and a list of names does not.
fn advice(key: &str) -> Option<String> {
    if key.starts_with('@') {
        return Some(gettext("Write the name of a group into ‘groups’; modules belong in the recipe"));
    }
    if key.starts_with('/') || key.contains("://") || key.ends_with(".rpm") {
        return Some(gettext("Write the name of the package; a file or an address belongs in the recipe"));
    }
    let is_compared = key.contains(['<', '=', '>']) && !key.starts_with('-');
    is_compared.then(|| gettext("Write the name of the package alone, without a version"))
}

/// One installed package: name and `epoch:version-release.arch`.
type Installed = BTreeMap<String, String>;

fn rpm_query(host: &dyn Host, database: Option<&str>) -> Invocation {
    let mut query = Invocation::new("rpm", ["-qa", "--qf", "%{NAME}\\t%{EVR}.%{ARCH}\\n"]);
    if let Some(root) = host.root() {
        query = query.arg("--root").arg(root.display().to_string());
    }
    match database {
        Some(path) => query.arg("--dbpath").arg(path),
        None => query,
    }
}

fn parse_installed(text: &str) -> Installed {
    let mut installed = Installed::new();
    for (name, version) in text.lines().filter_map(|line| line.split_once('\t')) {
        let versions = installed.entry(name.to_owned()).or_default();
        if !versions.is_empty() {
            versions.push(' ');
        }
        versions.push_str(version);
    }
    installed
}

/// The installed packages and the digest of all their versions.
///
/// # Errors
/// rpm is missing or its database cannot be read.
pub fn installed(host: &dyn Host) -> Result<(BTreeSet<String>, String), HostError> {
    let installed = parse_installed(&host.run(&rpm_query(host, None))?.success("rpm")?);
    let cookie = cookie(&installed);
    Ok((installed.into_keys().collect(), cookie))
}

/// The packages the base image itself has: those installed, without what was layered on it or is only in an
/// overlay on `/usr` until the next start.
///
/// # Errors
/// There is no rpm database, or it cannot be read.
pub(crate) fn in_base(host: &dyn Host, system: &System) -> Result<BTreeSet<String>, Problem> {
    if !has_database(host)? {
        return Err(Problem::new("no_rpm_database", "there is no rpm database"));
    }
    let image = system.deployment_path.as_ref().filter(|_| system.usr_overlay);
    let database = image.map(|path| format!("{path}/usr/lib/sysimage/rpm"));
    let installed = parse_installed(&host.run(&rpm_query(host, database.as_deref()))?.success("rpm")?);
    let layered = |name: &String| {
        system.layered.contains(name) || system.booted.iter().any(|booted| booted.layered.contains(name))
    };
    Ok(installed.into_keys().filter(|name| !layered(name)).collect())
}

fn cookie(installed: &Installed) -> String {
    let mut digest = Sha256::new();
    for (name, versions) in installed {
        digest.update(name.as_bytes());
        digest.update(b"\t");
        digest.update(versions.as_bytes());
        digest.update(b"\n");
    }
    crate::digest::hex(&digest.finalize())
}

/// Where rpm keeps its database: Fedora’s place, the one rpm-ostree makes, and the older one.
const DATABASES: [&str; 3] = ["/usr/lib/sysimage/rpm", "/usr/share/rpm", "/var/lib/rpm"];

/// The files of a database that change with it, in either place and whichever backend.
const DATABASE_FILES: [&str; 4] = ["rpmdb.sqlite", "rpmdb.sqlite-wal", "Packages.db", "Packages"];

/// What an answer about the installed packages depends on. Files of different deployments may have the same
/// stamps, and a deployment or an overlay on `/usr` can only begin and end with a start of the computer.
fn basis(host: &dyn Host, system: &System) -> Basis {
    let files = DATABASES.iter().flat_map(|directory| DATABASE_FILES.map(|file| format!("{directory}/{file}")));
    let boot = system.boot_id.as_deref().unwrap_or_default();
    Basis {
        files: files.map(|path| host.at(&path)).collect(),
        contents: Vec::new(),
        on: format!("{} {boot} overlay {}", system.deployment_id(), system.usr_overlay),
    }
}

/// rpm and dnf make a database where they find none; below a root there must be one already.
fn has_database(host: &dyn Host) -> Result<bool, HostError> {
    if host.root().is_none() {
        return Ok(true);
    }
    for directory in DATABASES {
        if !host.list(&host.at(directory))?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a package is layered on what the next start uses.
pub(crate) fn is_layered(system: &System, name: &PackageName) -> bool {
    system.next_start().or(system.booted.as_ref()).is_some_and(|next| layers::layered(next).contains(name.as_str()))
}

/// What was done to a package of the image, in what the next start uses.
pub(crate) fn override_of(system: &System, name: &PackageName) -> Option<PackageOverride> {
    system.next_start().or(system.booted.as_ref()).and_then(|next| layers::override_of(next, name.as_str()))
}

/// Reads the packages of this computer.
pub(crate) fn observe(host: &dyn Host, system: &System, declared: &Declarations) -> Result<Observation, Problem> {
    if !has_database(host)? {
        return Err(Problem::new("no_rpm_database", "there is no rpm database"));
    }
    let basis = basis(host, system);
    let installed = parse_installed(&host.recall(&rpm_query(host, None), &basis)?.success("rpm")?);
    let own = match system.kind {
        HostKind::Package => reason::chosen(host, basis)?,
        _ => own_on_image(host, system, &installed, basis)?,
    };
    let mut entries = BTreeMap::new();
    for name in installed.keys().filter(|name| own.contains(*name) || declared.contains_key(*name)) {
        entries.insert(name.clone(), Observed { own: own.contains(name), ..Observed::of(Value::Present) });
    }
    entries.extend(layers::beyond_installed(system, &installed));
    // What a waiting deployment takes away is as good as gone; one that cannot be read says nothing.
    for name in system.leaving(host).unwrap_or_default() {
        entries.remove(layers::package(&name, &installed));
    }
    entries.extend(layers::overridden(system, declared, &installed));
    Ok(Observation { entries, cookie: Some(cookie(&installed)) })
}

/// What was added to an image: layered packages, and what an overlay on `/usr` holds beyond the deployment.
fn own_on_image(
    host: &dyn Host,
    system: &System,
    installed: &Installed,
    basis: Basis,
) -> Result<BTreeSet<String>, Problem> {
    let mut own = layers::all(system);
    if let (true, Some(path)) = (system.usr_overlay, &system.deployment_path) {
        let database = format!("{path}/usr/lib/sysimage/rpm");
        let image = parse_installed(&host.run(&rpm_query(host, Some(&database)))?.success("rpm")?);
        let chosen = reason::chosen(host, basis)?;
        own.extend(installed.keys().filter(|name| !image.contains_key(*name) && chosen.contains(*name)).cloned());
    }
    Ok(own)
}

/// Whether a side of a change is what was done to a package of the image.
fn is_override(change: &Change) -> bool {
    [&change.setup, &change.computer].into_iter().any(|side| matches!(side, Some(Value::Override(_))))
}

/// RPM packages.
#[derive(Debug)]
pub(super) struct Packages;

impl Kind for Packages {
    fn manifest(&self) -> Manifest {
        Manifest::SystemPackages
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared(reader, root)
    }

    fn advice(&self, key: &str) -> Option<String> {
        advice(key)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        observe(look.host, look.system, look.declared)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        let overridden = || serde_json::from_value(json.clone()).ok().map(Value::Override);
        (json == &Json::Bool(true)).then_some(Value::Present).or_else(overridden)
    }

    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let there = value.is_some();
        if let Some(group) = groups::of(key) {
            return Some(groups::places(group, there));
        }
        let entry = Entry::Word(key.to_owned());
        (!there || value == Some(&Value::Present)).then(|| vec![Edit { path: &["packages"], entry, there }])
    }

    fn is_compared(&self, key: &str) -> bool {
        groups::of(key).is_none()
    }

    fn is_personal(&self) -> bool {
        false
    }

    fn effect_of(&self, change: &Change, system: HostKind) -> Effect {
        if is_override(change) { Effect::Restart } else { self.effect(system, change.shape) }
    }

    /// A setup can only say that a package is there.
    fn captured(&self, change: &Change) -> Option<Value> {
        change.computer.clone().filter(|value| !(change.setup.is_some() && matches!(value, Value::Override(_))))
    }

    /// On an image that is built for this computer a declared package comes with the next one; one that follows an
    /// ostree remote has packages layered, which is how such a system is added to. What was added leaves at the restart.
    fn effect(&self, system: HostKind, shape: Shape) -> Effect {
        match shape {
            _ if !system.is_image_based() => Effect::Now,
            Shape::OnlyHere => Effect::Restart,
            Shape::Missing | Shape::Different if system == HostKind::Ostree => Effect::Restart,
            Shape::Missing | Shape::Different => Effect::Image,
        }
    }

    fn privilege(&self, _value: Option<&Value>) -> Privilege {
        Privilege::Admin
    }

    fn at_first_boot(&self, system: HostKind, part: Privilege) -> bool {
        part == Privilege::Admin && !system.is_image_based()
    }

    fn actions(&self, change: &Change, system: HostKind) -> Actions {
        let name = change.id.key.parse();
        if is_override(change) {
            return match change.setup {
                Some(Value::Override(PackageOverride::Removed)) => {
                    Ok(name.map(|name| vec![Action::RemoveBasePackage { name }]))
                }
                Some(Value::Override(PackageOverride::Replaced)) => Err(Deferral::Fixed),
                _ => Ok(name.map(|name| vec![Action::ResetBasePackage { name }])),
            };
        }
        match (change.effect, &change.setup) {
            (Effect::Image, _) => Err(Deferral::NextImage),
            (Effect::Restart, _) if matches!(system, HostKind::Image | HostKind::ImageOnly) => {
                Err(Deferral::EndsAtRestart)
            }
            (Effect::Restart, Some(_)) => Ok(name.map(|name| vec![Action::LayerPackage { name }])),
            (Effect::Restart, None) if matches!(system, HostKind::Layered | HostKind::Ostree) => {
                Ok(name.map(|name| vec![Action::UnlayerPackage { name }]))
            }
            (Effect::Restart, None) => Err(Deferral::Fixed),
            (_, Some(_)) => Ok(name.map(|name| vec![Action::InstallPackage { name }])),
            (_, None) => Ok(name.map(|name| vec![Action::RemovePackage { name }])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;
    use crate::host::remembering::Remembering;
    use crate::item::Domain;
    use crate::manifest::Declaration;
    use std::path::Path;

    #[test]
    fn a_package_in_two_versions_is_one_entry_with_both_in_the_cookie() {
        let one = parse_installed("kernel\t0:6.1-1.x86_64\nkernel\t0:6.2-1.x86_64\n");
        let other = parse_installed("kernel\t0:6.2-1.x86_64\n");
        assert_eq!(one.len(), 1);
        assert_ne!(cookie(&one), cookie(&other));
        assert_eq!(cookie(&one).len(), 64);
    }

    #[test]
    fn a_layer_that_the_waiting_deployment_drops_is_as_good_as_gone() {
        let rpm = "rpm -qa --qf '%{NAME}\\t%{EVR}.%{ARCH}\\n'";
        let status = include_str!("../../fixtures/hosts/b-layered.rpm-ostree.json");
        let waiting = format!("/ostree/deploy/default/deploy/{}.0/usr/lib/sysimage/rpm", "d".repeat(64));
        let there = format!("rpm -qa --dbpath {waiting} --qf '%{{NAME}}\\t%{{EVR}}\\t%{{ARCH}}\\n'");
        let observed = |next: &str| {
            let host = RecordingHost::default()
                .file("/run/ostree-booted", "")
                .file(&format!("{waiting}/rpmdb.sqlite"), "")
                .prints("rpm-ostree status --json", status)
                .prints(rpm, "htop\t3-1.x86_64\ntmux\t3-1.x86_64\n")
                .prints(&there, next);
            let declared = Declarations::from([(
                "htop".to_owned(),
                Declaration { value: Some(Value::Present), manifest: Manifest::SystemPackages, line: 1 },
            )]);
            observe(&host, &System::probe(&host), &declared).unwrap().entries
        };
        assert_eq!(observed("tmux\t3-1\tx86_64\n").into_keys().collect::<Vec<_>>(), ["tmux"]);
        // The next image has it itself.
        assert_eq!(observed("htop\t3-1\tx86_64\n").into_keys().collect::<Vec<_>>(), ["htop", "tmux"]);
    }

    #[test]
    fn groups_and_excluded_packages_are_read_and_not_compared() {
        let read = |text: &str| Reader::declarations(Manifest::SystemPackages, Domain::Pkg, text);
        let (declared, warnings) =
            read(r#"{"packages": ["htop"], "groups": ["core"], "excluded": ["firefox", "htop"]}"#).unwrap();
        assert_eq!(declared.into_keys().collect::<Vec<_>>(), ["@core", "htop"]);
        assert!(!Packages.is_compared("@core") && Packages.is_compared("htop"));
        assert_eq!(warnings.len(), 1, "htop is in both lists");
        assert!(read(r#"{"excluded": ["--all"]}"#).is_err());
        assert!(read(r#"{"groups": [1]}"#).is_err());
    }

    #[test]
    fn tools_are_asked_again_only_when_the_database_or_the_history_changed() {
        let rpm = "rpm -qa --qf '%{NAME}\\t%{EVR}.%{ARCH}\\n'";
        let dnf = "dnf -q '--disablerepo=*' repoquery --installed --qf '%{name} %{reason}\\n'";
        let host = RecordingHost::default()
            .file("/usr/lib/sysimage/rpm/rpmdb.sqlite", "1")
            .file("/var/lib/dnf/history.sqlite", "1")
            .prints(rpm, "htop\t3-1.noarch\n")
            .prints(dnf, "htop user\n");
        let state = tempfile::tempdir().unwrap();
        let look = || {
            let host = Remembering::new(&host, state.path());
            let seen = observe(&host, &System::probe(&host), &Declarations::new()).unwrap();
            assert!(seen.entries["htop"].own);
        };
        look();
        look();
        assert_eq!(host.effects(), [rpm, dnf]);
        host.write(Path::new("/var/lib/dnf/history.sqlite"), "2").unwrap();
        look();
        assert_eq!(host.effects()[3..], [dnf]);
        host.write(Path::new("/usr/lib/sysimage/rpm/rpmdb.sqlite-wal"), "3").unwrap();
        look();
        assert_eq!(host.effects()[5..], [rpm, dnf]);
    }
}
