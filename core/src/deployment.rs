// SPDX-License-Identifier: GPL-3.0-or-later
//! The system this computer runs: its kind, its deployments, and what was added to them.
//!
//! `deployments[0]` of rpm-ostree is the *next boot*, not the running one, and `bootc status` needs root; so the
//! running deployment is found from what is mounted and the `ostree=` kernel argument, unprivileged and without
//! a tool, and the others from `rpm-ostree status --json` where it exists, else from `bootc status`, else from
//! the deployments on the disk.
//!
//! Invariant: probing never needs privileges and never fails as a whole; what could not be learnt is absent.

mod bootc;
mod disk;
pub mod image;
pub mod packages;
pub(crate) mod progress;
mod rpm_ostree;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::host::{Host, HostError, Invocation};
use crate::problem::Problem;

/// How a computer gets its system, which decides every privileged command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostKind {
    /// Booted from a container image, nothing layered.
    Image,
    /// Booted from a container image with packages layered on it; bootc cannot update it.
    Layered,
    /// Booted from an ostree remote, as stock Silverblue.
    Ostree,
    /// Booted from an image without rpm-ostree.
    ImageOnly,
    /// Booted from a sealed composefs image.
    Composefs,
    /// Packages make the system: plain Fedora, or a directory given as root.
    Package,
    /// Inside a container or toolbox; the host is elsewhere.
    Container,
}

impl HostKind {
    /// Whether the system is an image that packages only change for a while.
    #[must_use]
    pub const fn is_image_based(self) -> bool {
        matches!(self, Self::Image | Self::Layered | Self::Ostree | Self::ImageOnly | Self::Composefs)
    }
}

/// One system version on the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// The image's version label.
    pub version: Option<String>,
    /// The image it came from.
    pub image: Option<String>,
    /// The image's digest.
    pub digest: Option<String>,
    /// Whether the signature of the image had to be one that the container policy accepts.
    #[serde(skip)]
    pub signed: bool,
    /// The branch of an ostree remote it came from, where it came from no image.
    pub remote: Option<String>,
    /// `checksum.serial`, the deployment's name on the disk, or the verity digest of a composefs one.
    pub id: String,
    /// The commit of the image, where rpm-ostree made another one of it.
    #[serde(skip)]
    pub base: Option<String>,
    /// The state root it belongs to; they share `/var`.
    pub stateroot: Option<String>,
    /// When the image was built.
    pub timestamp: Option<Timestamp>,
    /// Whether it is kept until someone lets it go.
    pub pinned: bool,
    /// Whether a restart would discard it instead of using it (`bootc upgrade --download-only`).
    pub download_only: bool,
    /// Whether rpm-ostree changed it, so that bootc cannot update it.
    pub incompatible: bool,
    /// Packages layered on it by name.
    pub layered: Vec<String>,
    /// Package files layered on it.
    pub local: Vec<String>,
    /// Packages of the image taken out of it.
    pub removed: Vec<String>,
    /// Packages of the image replaced in it.
    pub replaced: Vec<String>,
}

impl Deployment {
    /// Where its files are, for one that ostree checked out.
    #[must_use]
    pub fn directory(&self) -> Option<String> {
        self.stateroot.as_ref().map(|stateroot| format!("/ostree/deploy/{stateroot}/deploy/{}", self.id))
    }

    /// The name people know it by: its version, or the beginning of its id.
    #[must_use]
    pub fn title(&self) -> String {
        self.version.clone().unwrap_or_else(|| self.id.chars().take(12).collect())
    }
}

/// What a deployment is to the computer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It runs.
    Booted,
    /// Prepared for the next start.
    Staged,
    /// The one before.
    Rollback,
    /// Another one that can be started: pinned, or left over.
    Kept,
}

/// What layering differs between the running deployment and the next start's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Layers {
    /// Packages and package files that the next start has layered, and this one has not.
    pub added: Vec<String>,
    /// Packages and package files layered now, and no longer at the next start.
    pub removed: Vec<String>,
}

/// What is known about the system a computer runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// How it gets its system.
    pub kind: HostKind,
    /// The kernel's id of this boot.
    pub boot_id: Option<String>,
    /// The running deployment.
    pub booted: Option<Deployment>,
    /// The deployment the next start uses, when it was prepared while this one runs.
    pub staged: Option<Deployment>,
    /// The deployment before this one.
    pub rollback: Option<Deployment>,
    /// All others that can be started, pinned ones among them.
    pub kept: Vec<Deployment>,
    /// The id of the deployment the next start uses, where that is known.
    pub next: Option<String>,
    /// Packages layered on the deployment of the next start.
    pub layered: Vec<String>,
    /// Whether `/usr` is covered by a writable overlay until the next start.
    pub usr_overlay: bool,
    /// The running deployment's directory.
    pub deployment_path: Option<String>,
}

/// A deployment as one of the sources tells it, in boot order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Entry {
    deployment: Deployment,
    booted: bool,
    staged: bool,
}

/// The kernel's id of this start of the computer, without its dashes (random(4)); `None` where it cannot be read.
pub(crate) fn boot_id(host: &dyn Host) -> Option<String> {
    let id = host.read(&host.at("/proc/sys/kernel/random/boot_id")).ok().flatten()?;
    Some(id.trim().replace('-', ""))
}

impl System {
    /// Learns what can be learnt without privileges.
    #[must_use]
    pub fn probe(host: &dyn Host) -> Self {
        let read = |path: &str| host.read(&host.at(path)).ok().flatten();
        let exists = |path: &str| read(path).is_some();
        let mounts = read("/proc/self/mountinfo").filter(|_| host.root().is_none()).unwrap_or_default();
        let mut system = Self {
            kind: HostKind::Package,
            boot_id: boot_id(host),
            booted: None,
            staged: None,
            rollback: None,
            kept: Vec::new(),
            next: None,
            layered: Vec::new(),
            usr_overlay: mounts.lines().any(is_usr_overlay),
            deployment_path: None,
        };
        if host.root().is_some() {
            return system;
        }
        if exists("/run/.containerenv") || exists("/run/.toolboxenv") || exists("/.flatpak-info") {
            system.kind = HostKind::Container;
            return system;
        }
        let cmdline = read("/proc/cmdline").unwrap_or_default();
        if !exists("/run/ostree-booted") {
            if let Some(booted) = disk::composefs_booted(&mounts, &cmdline) {
                system.kind = HostKind::Composefs;
                match ask_bootc(host) {
                    Some(told) => system.arrange(told, Some(&booted), true),
                    None => system.arrange(disk::composefs(host, &booted), Some(&booted), false),
                }
            }
            return system;
        }
        system.deployment_path = disk::booted_directory(host, &mounts, &cmdline);
        let directory = system.deployment_path.as_deref().and_then(|path| path.rsplit('/').next());
        let id = directory.or_else(|| disk::boot_argument(&cmdline)).map(str::to_owned);
        let status = host.run(&Invocation::new("rpm-ostree", ["status", "--json"]));
        let has_rpm_ostree = !matches!(status, Err(HostError::Missing(_)));
        let entries = status
            .ok()
            .filter(|output| output.status == 0)
            .and_then(|output| rpm_ostree::parse(&output.stdout))
            .filter(|entries| entries.iter().any(|entry| entry.booted || Some(&entry.deployment.id) == id.as_ref()));
        match entries {
            Some(entries) => system.arrange(entries, id.as_deref(), true),
            None => {
                let (found, ordered) = disk::ostree(host, system.deployment_path.as_deref());
                match ask_bootc(host) {
                    Some(told) => system.arrange(with_origins(told, &found), id.as_deref(), true),
                    None => system.arrange(found, id.as_deref(), ordered),
                }
            }
        }
        if system.booted.is_none() {
            system.booted = id.map(|id| Deployment { id, ..Deployment::default() });
        }
        system.kind = system.ostree_kind(has_rpm_ostree);
        system
    }

    fn ostree_kind(&self, has_rpm_ostree: bool) -> HostKind {
        match &self.booted {
            _ if !has_rpm_ostree => HostKind::ImageOnly,
            Some(booted) if booted.image.is_some() && booted.incompatible => HostKind::Layered,
            Some(booted) if booted.image.is_some() => HostKind::Image,
            Some(booted) if booted.remote.is_some() => HostKind::Ostree,
            _ => HostKind::ImageOnly,
        }
    }

    /// Gives each deployment its role. In boot order, the first one is the next start's.
    fn arrange(&mut self, entries: Vec<Entry>, booted_id: Option<&str>, ordered: bool) {
        let running = entries.iter().position(|entry| entry.booted);
        let running = running.or_else(|| entries.iter().position(|entry| Some(&*entry.deployment.id) == booted_id));
        let staged = entries.iter().position(|entry| entry.staged && !entry.booted);
        let next = staged.or_else(|| ordered.then_some(0).filter(|_| !entries.is_empty()));
        self.next = next.map(|index| entries[index].deployment.id.clone());
        let other = |index: &usize| Some(*index) != running && Some(*index) != staged;
        // The one after the running one; after a queued rollback, the one before it.
        let rollback = (running.map_or(0, |index| index + 1)..entries.len()).find(other);
        let rollback = rollback.or_else(|| (0..entries.len()).find(other));
        if let Some(layered) = next.or(running).map(|index| &entries[index].deployment.layered) {
            self.layered.clone_from(layered);
        }
        for (index, entry) in entries.into_iter().enumerate() {
            let deployment = entry.deployment;
            match Some(index) {
                index if index == running => self.booted = Some(deployment),
                index if index == staged => self.staged = Some(deployment),
                index if index == rollback => self.rollback = Some(deployment),
                _ => self.kept.push(deployment),
            }
        }
    }

    /// The name that changes with every new deployment; package-mode computers have one for ever.
    #[must_use]
    pub fn deployment_id(&self) -> &str {
        self.booted.as_ref().map_or("package-mode", |booted| booted.id.as_str())
    }

    /// Every deployment, the running one first.
    pub fn deployments(&self) -> impl Iterator<Item = (Role, &Deployment)> {
        let booted = self.booted.iter().map(|deployment| (Role::Booted, deployment));
        let staged = self.staged.iter().map(|deployment| (Role::Staged, deployment));
        let rollback = self.rollback.iter().map(|deployment| (Role::Rollback, deployment));
        booted.chain(staged).chain(rollback).chain(self.kept.iter().map(|deployment| (Role::Kept, deployment)))
    }

    /// The deployment the next start uses, where that is another one.
    #[must_use]
    pub fn next_start(&self) -> Option<&Deployment> {
        let next = self.next.as_deref()?;
        self.deployments().find(|(role, found)| *role != Role::Booted && found.id == next).map(|(_, found)| found)
    }

    /// Whether the next start has nothing new but kernel arguments: the same tree is deployed once more.
    #[must_use]
    pub fn waits_for_arguments(&self) -> bool {
        let tree =
            |deployment: &Deployment| (deployment.id.split('.').next().map(str::to_owned), deployment.incompatible);
        self.staged.is_some() && self.staged.as_ref().map(tree) == self.booted.as_ref().map(tree)
    }

    /// Whether the image that is followed must have a signature that the container policy accepts.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.staged.as_ref().or(self.booted.as_ref()).is_some_and(|followed| followed.signed)
    }

    /// How layering changes with the next start.
    #[must_use]
    pub fn layers(&self) -> Layers {
        let (Some(booted), Some(next)) = (&self.booted, self.next_start()) else { return Layers::default() };
        let all = |deployment: &Deployment| [&deployment.layered[..], &deployment.local[..]].concat();
        let (now, then) = (all(booted), all(next));
        let beyond = |some: &[String], others: &[String]| -> Vec<String> {
            some.iter().filter(|name| !others.contains(name)).cloned().collect()
        };
        Layers { added: beyond(&then, &now), removed: beyond(&now, &then) }
    }
}

/// `bootc status` answers only root; whoever else asks learns nothing from it.
fn ask_bootc(host: &dyn Host) -> Option<Vec<Entry>> {
    bootc::parse(&ask(host).ok()?)
}

fn ask(host: &dyn Host) -> Result<String, Problem> {
    let status = Invocation::new("bootc", ["status", "--format=json", "--format-version=1"]);
    Ok(host.run(&status)?.success("bootc")?)
}

/// bootc tells nothing of a deployment that rpm-ostree changed; its origin does.
fn with_origins(mut told: Vec<Entry>, found: &[Entry]) -> Vec<Entry> {
    for entry in &mut told {
        let Some(on_disk) = found.iter().find(|found| found.deployment.id == entry.deployment.id) else { continue };
        let (deployment, other) = (&mut entry.deployment, &on_disk.deployment);
        deployment.version = deployment.version.take().or_else(|| other.version.clone());
        deployment.image = deployment.image.take().or_else(|| other.image.clone());
        deployment.signed |= other.signed;
        deployment.remote.clone_from(&other.remote);
        deployment.layered.clone_from(&other.layered);
        deployment.local.clone_from(&other.local);
        deployment.removed.clone_from(&other.removed);
        deployment.replaced.clone_from(&other.replaced);
    }
    told
}

fn is_usr_overlay(line: &str) -> bool {
    // mountinfo(5): fields, " - ", file system type, source, options; field 5 is the mount point.
    let Some((fields, kind)) = line.split_once(" - ") else { return false };
    fields.split(' ').nth(4) == Some("/usr") && kind.starts_with("overlay ")
}

/// Whether such a reference asks for a signature that the container policy accepts.
fn is_signed(reference: &str) -> bool {
    reference.starts_with("ostree-image-signed:")
}

/// `ostree-image-signed:docker://ghcr.io/a/b:c` to `ghcr.io/a/b:c`.
fn short_reference(reference: &str) -> String {
    let image = reference.split_once("docker://").map_or(reference, |(_, image)| image);
    image.rsplit_once("registry:").map_or(image, |(_, image)| image).to_owned()
}
