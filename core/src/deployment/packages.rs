// SPDX-License-Identifier: GPL-3.0-or-later
//! The packages of deployments, and how two deployments differ in them.
//!
//! Each deployment has an rpm database of its own; it is read where it lies. One that is no checkout lies inside a
//! composefs image, which only root can mount, and bootc does not tell its packages either (bootc#2451). Versions are in
//! rpm's order, not in that of text: `1.10` is newer than `1.9`, `2.0~rc1` older than `2.0`.
//!
//! Invariant: a list that cannot be read is an error with its reason, never an empty list.

use std::collections::BTreeMap;

use rpm_version::{Nevra, rpm_evr_compare};
use serde::Serialize;

use super::{Deployment, System};
use crate::host::{Host, Invocation};
use crate::i18n::{fill, gettext};
use crate::problem::Problem;

/// One installed version of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    evr: String,
    arch: String,
}

/// The packages of one deployment, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packages(BTreeMap<String, Vec<Version>>);

/// What happens to a package between two deployments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageStep {
    /// It comes.
    Added,
    /// It goes.
    Removed,
    /// A newer version comes.
    Upgraded,
    /// An older version comes.
    Downgraded,
}

impl PackageStep {
    /// All of them, in the order they are told.
    pub const ALL: [Self; 4] = [Self::Upgraded, Self::Downgraded, Self::Added, Self::Removed];
}

/// One package that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageChange {
    /// Its name.
    pub name: String,
    /// Its architecture, after the change where it is there.
    pub arch: String,
    /// What happens to it.
    pub change: PackageStep,
    /// The version before, `epoch:version-release` with an epoch only where there is one.
    pub from: Option<String>,
    /// The version after.
    pub to: Option<String>,
    /// Whether it is the kernel, which only a full restart changes.
    pub kernel: bool,
}

/// How two deployments differ, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PackageDiff(pub Vec<PackageChange>);

impl PackageDiff {
    /// The packages something happens to.
    pub fn of(&self, step: PackageStep) -> impl Iterator<Item = &PackageChange> {
        self.0.iter().filter(move |change| change.change == step)
    }

    /// Whether the packages are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

const FORMAT: &str = "%{NAME}\\t%{EVR}\\t%{ARCH}\\n";

impl Packages {
    /// Reads `rpm -qa --qf '%{NAME}\t%{EVR}\t%{ARCH}\n'`. Keys to check signatures with are no packages.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut packages: BTreeMap<String, Vec<Version>> = BTreeMap::new();
        for line in text.lines() {
            let mut fields = line.split('\t');
            let (Some(name), Some(evr), Some(arch)) = (fields.next(), fields.next(), fields.next()) else { continue };
            if name != "gpg-pubkey" {
                let version = Version { evr: evr.to_owned(), arch: arch.to_owned() };
                packages.entry(name.to_owned()).or_default().push(version);
            }
        }
        for versions in packages.values_mut() {
            versions
                .sort_by(|one, other| rpm_evr_compare(&one.evr, &other.evr).then_with(|| one.arch.cmp(&other.arch)));
        }
        Self(packages)
    }

    /// Reads the database of a deployment.
    ///
    /// # Errors
    /// The deployment's files are not on this computer, or its database cannot be read.
    pub fn read(host: &dyn Host, deployment: &Deployment) -> Result<Self, Problem> {
        let directory = deployment.directory().ok_or_else(|| inside_an_image(deployment))?;
        let database = DATABASES
            .map(|place| format!("{directory}{place}"))
            .into_iter()
            .find(|path| host.list(&host.at(path)).is_ok_and(|files| !files.is_empty()))
            .ok_or_else(|| {
                let message = gettext("the package list of {version} is not readable on this computer");
                Problem::new("no_rpm_database", fill(&message, &[("version", &deployment.title())]))
            })?;
        let query = Invocation::new("rpm", ["-qa", "--dbpath", &database, "--qf", FORMAT]);
        Ok(Self::parse(&host.run(&query)?.success("rpm")?))
    }

    /// How many packages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a package is there in any version.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// What happens to packages on the way from these to `other`.
    #[must_use]
    pub fn diff(&self, other: &Self) -> PackageDiff {
        let nothing = Vec::new();
        let mut names: Vec<&String> = self.0.keys().chain(other.0.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let changes = names.into_iter().flat_map(|name| {
            let side = |packages: &Self| packages.0.get(name).unwrap_or(&nothing).clone();
            changes(name, side(self), side(other))
        });
        PackageDiff(changes.collect())
    }
}

/// Why the packages of a composefs deployment are not known, and who can tell them.
fn inside_an_image(deployment: &Deployment) -> Problem {
    let message = gettext(
        "each list lies inside a composefs image, which only an administrator can open, and bootc does not tell it",
    );
    let problem = Problem::new("composefs_image", message);
    let Some((image, digest)) = deployment.image.as_ref().zip(deployment.digest.as_ref()) else { return problem };
    // With a digest there is no tag.
    let name = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    };
    let hint = gettext("‘podman run --rm {image} rpm -qa’ lists the packages of {version}");
    let values = [("image", format!("{name}@{digest}")), ("version", deployment.title())];
    problem.hinted(fill(&hint, &values.each_ref().map(|(name, value)| (*name, value.as_str()))))
}

/// Where a deployment keeps its database: Fedora's place, and the one rpm-ostree makes.
const DATABASES: [&str; 2] = ["/usr/lib/sysimage/rpm", "/usr/share/rpm"];

/// What happens to one package, which may be there in several versions and for several architectures.
fn changes(name: &str, mut before: Vec<Version>, mut after: Vec<Version>) -> Vec<PackageChange> {
    before.retain(|version| {
        let same = after.iter().position(|other| other == version);
        same.map(|index| after.remove(index)).is_none()
    });
    let mut pairs: Vec<(Option<Version>, Option<Version>)> = Vec::new();
    // The newest of an architecture replaces the newest; then whatever is left, whatever its architecture.
    for by_arch in [true, false] {
        for index in (0..before.len()).rev() {
            let fits = |other: &Version| !by_arch || other.arch == before[index].arch;
            if let Some(place) = after.iter().rposition(fits) {
                pairs.push((Some(before.remove(index)), Some(after.remove(place))));
            }
        }
    }
    pairs.extend(before.into_iter().map(|version| (Some(version), None)));
    pairs.extend(after.into_iter().map(|version| (None, Some(version))));
    pairs.into_iter().filter_map(|(from, to)| change(name, from, to)).collect()
}

fn change(name: &str, from: Option<Version>, to: Option<Version>) -> Option<PackageChange> {
    let step = match (&from, &to) {
        (None, _) => PackageStep::Added,
        (_, None) => PackageStep::Removed,
        (Some(from), Some(to)) if rpm_evr_compare(&from.evr, &to.evr).is_gt() => PackageStep::Downgraded,
        (Some(_), Some(_)) => PackageStep::Upgraded,
    };
    Some(PackageChange {
        name: name.to_owned(),
        arch: to.as_ref().or(from.as_ref())?.arch.clone(),
        change: step,
        from: from.map(|version| version.evr),
        to: to.map(|version| version.evr),
        kernel: is_kernel(name),
    })
}

/// `kernel`, `kernel-core`, `kernel-modules-extra`, `kernel-rt-core`, but neither its headers nor its tools.
fn is_kernel(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    parts[0] == "kernel"
        && !parts.iter().any(|part| ["headers", "devel", "tools", "doc", "macros", "selftests"].contains(part))
        && (parts.len() == 1 || parts.iter().any(|part| ["core", "modules", "uki"].contains(part)))
}

/// How the packages differ between two deployments; both databases are read at the same time.
///
/// # Errors
/// One of the two cannot be read.
pub fn between(host: &dyn Host, from: &Deployment, to: &Deployment) -> Result<PackageDiff, Problem> {
    if from.id == to.id {
        return Ok(PackageDiff::default());
    }
    if from.directory().is_none() {
        return Err(inside_an_image(to));
    }
    let (from, to) = std::thread::scope(|scope| {
        let from = scope.spawn(|| Packages::read(host, from));
        let to = Packages::read(host, to);
        (from.join(), to)
    });
    let from = from.map_err(|_| Problem::new("internal", "reading ended unexpectedly"))?;
    Ok(from?.diff(&to?))
}

impl System {
    /// The packages whose layer goes with the next start, and that its image does not have instead.
    ///
    /// # Errors
    /// Layers go, and the package list of the next start cannot be read.
    pub fn leaving(&self, host: &dyn Host) -> Result<Vec<String>, Problem> {
        let mut removed = self.layers().removed;
        if let (false, Some(next)) = (removed.is_empty(), self.next_start()) {
            let packages = Packages::read(host, next)?;
            // A layered file is named with its version and architecture.
            removed.retain(|name| !packages.contains(name) && !packages.contains(Nevra::parse(name).name()));
        }
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;

    fn told(diff: &PackageDiff) -> Vec<String> {
        let text = |change: &PackageChange| {
            let side = |version: &Option<String>| version.clone().unwrap_or_else(|| "-".to_owned());
            format!("{:?} {} {} {}", change.change, change.name, side(&change.from), side(&change.to))
        };
        diff.0.iter().map(text).collect()
    }

    #[test]
    fn versions_are_compared_as_rpm_does() {
        let before = Packages::parse(
            "bash\t5.2.9-1\tx86_64\nvim\t2:9.1-1\tx86_64\ngo\t1.9-1\tx86_64\nzlib\t2.0-1\tx86_64\nsame\t1-1\tnoarch\n\
             old\t1-1\tnoarch\ngpg-pubkey\tabc-1\t(none)\n",
        );
        let after = Packages::parse(
            "bash\t5.2.10-1\tx86_64\nvim\t9.2-1\tx86_64\ngo\t1.9^git1-1\tx86_64\nzlib\t2.0~rc1-1\tx86_64\nsame\t1-1\tnoarch\n\
             new\t1-1\tnoarch\n",
        );
        assert_eq!(
            told(&before.diff(&after)),
            [
                "Upgraded bash 5.2.9-1 5.2.10-1",
                "Upgraded go 1.9-1 1.9^git1-1",
                "Added new - 1-1",
                "Removed old 1-1 -",
                "Downgraded vim 2:9.1-1 9.2-1",
                "Downgraded zlib 2.0-1 2.0~rc1-1",
            ]
        );
        assert!(before.diff(&before).is_empty());
        assert_eq!(before.len(), 6);
    }

    #[test]
    fn several_versions_and_architectures_are_paired() {
        let before = Packages::parse(
            "kernel-core\t6.16-1\tx86_64\nkernel-core\t6.17-1\tx86_64\nwine\t9-1\ti686\nfont\t1-1\tx86_64\n",
        );
        let after = Packages::parse(
            "kernel-core\t6.17-1\tx86_64\nkernel-core\t6.18-1\tx86_64\nwine\t9-1\ti686\nwine\t9-1\tx86_64\nfont\t2-1\tnoarch\n",
        );
        let diff = before.diff(&after);
        assert_eq!(told(&diff), ["Upgraded font 1-1 2-1", "Upgraded kernel-core 6.16-1 6.18-1", "Added wine - 9-1"]);
        assert_eq!(diff.0[0].arch, "noarch");
        assert_eq!(diff.of(PackageStep::Upgraded).filter(|change| change.kernel).count(), 1);
    }

    #[test]
    fn the_kernel_is_marked_and_what_is_named_after_it_is_not() {
        for name in ["kernel", "kernel-core", "kernel-modules-extra", "kernel-rt-modules-core", "kernel-uki-virt"] {
            assert!(is_kernel(name), "{name}");
        }
        for name in ["kernel-headers", "kernel-tools-libs", "kernel-srpm-macros", "kernelshark", "kernel-devel-matched"]
        {
            assert!(!is_kernel(name), "{name}");
        }
    }

    fn deployment(id: &str, stateroot: Option<&str>) -> Deployment {
        Deployment { id: id.to_owned(), stateroot: stateroot.map(str::to_owned), ..Deployment::default() }
    }

    #[test]
    fn each_deployment_is_asked_once_in_its_own_state_root() {
        let query = |path: &str| format!("rpm -qa --dbpath {path} --qf '%{{NAME}}\\t%{{EVR}}\\t%{{ARCH}}\\n'");
        let host = RecordingHost::default()
            .file("/ostree/deploy/fedora/deploy/aaa.0/usr/lib/sysimage/rpm/rpmdb.sqlite", "")
            .file("/ostree/deploy/fedora/deploy/bbb.0/usr/share/rpm/rpmdb.sqlite", "")
            .prints(&query("/ostree/deploy/fedora/deploy/aaa.0/usr/lib/sysimage/rpm"), "htop\t3.3-1\tx86_64\n")
            .prints(&query("/ostree/deploy/fedora/deploy/bbb.0/usr/share/rpm"), "htop\t3.4-1\tx86_64\n");
        let [from, to] = ["aaa.0", "bbb.0"].map(|id| deployment(id, Some("fedora")));
        assert_eq!(told(&between(&host, &from, &to).unwrap()), ["Upgraded htop 3.3-1 3.4-1"]);
        assert_eq!(host.effects().len(), 2);
    }

    #[test]
    fn an_unreadable_list_is_not_an_empty_one() {
        let host = RecordingHost::default();
        let error = between(&host, &deployment("aaa.0", Some("fedora")), &deployment("b.0", Some("x"))).unwrap_err();
        assert_eq!(error.code, "no_rpm_database");
        assert!(error.message.contains("aaa.0"), "{}", error.message);
    }

    #[test]
    fn what_lies_inside_an_image_is_told_with_who_can_list_it() {
        let host = RecordingHost::default();
        let to = Deployment {
            image: Some("localhost:5000/me/os:latest".to_owned()),
            digest: Some("sha256:abc".to_owned()),
            version: Some("44.1".to_owned()),
            ..deployment("ab12", None)
        };
        let error = between(&host, &deployment("cd34", None), &to).unwrap_err();
        assert_eq!(error.code, "composefs_image");
        let hint = error.hint.unwrap();
        assert!(hint.contains("podman run --rm localhost:5000/me/os@sha256:abc rpm -qa"), "{hint}");
        assert!(hint.contains("44.1"), "{hint}");
        let untagged = Deployment { image: Some("localhost:5000/me/os".to_owned()), ..to };
        let hint = between(&host, &deployment("cd34", None), &untagged).unwrap_err().hint.unwrap();
        assert!(hint.contains(" localhost:5000/me/os@sha256:abc "), "{hint}");
        assert!(host.effects().is_empty());
    }
}
