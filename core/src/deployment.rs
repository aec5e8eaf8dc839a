// SPDX-License-Identifier: GPL-3.0-or-later
//! The system this computer runs: its kind, its deployments, and what was added to them.
//!
//! `deployments[0]` of rpm-ostree is the *next boot*, not the running one, and a bootc status needs root;
//! so the running deployment is found from the `ostree=` kernel argument, unprivileged and without a tool,
//! and the rest from `rpm-ostree status --json` where it exists (`bootc status` is the helper's to give).
//!
//! Invariant: probing never needs privileges and never fails as a whole; what could not be learnt is absent.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::host::{Host, Invocation};

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
    /// `checksum.serial`, the deployment's name on the disk.
    pub id: String,
    /// Whether rpm-ostree changed it, so that bootc cannot update it.
    pub incompatible: bool,
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
    /// Packages layered on the deployment of the next start.
    pub layered: Vec<String>,
    /// Whether `/usr` is covered by a writable overlay until the next start.
    pub usr_overlay: bool,
    /// The running deployment's directory.
    pub deployment_path: Option<String>,
}

impl System {
    /// Learns what can be learnt without privileges.
    #[must_use]
    pub fn probe(host: &dyn Host) -> Self {
        let read = |path: &str| host.read(&host.at(path)).ok().flatten();
        let exists = |path: &str| read(path).is_some();
        let cmdline = read("/proc/cmdline").unwrap_or_default();
        let mounts = read("/proc/self/mountinfo").filter(|_| host.root().is_none()).unwrap_or_default();
        let mut system = Self {
            kind: HostKind::Package,
            boot_id: read("/proc/sys/kernel/random/boot_id").map(|id| id.trim().replace('-', "")),
            booted: None,
            staged: None,
            rollback: None,
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
        if !exists("/run/ostree-booted") {
            if let Some(digest) = cmdline.split_whitespace().find_map(|arg| arg.strip_prefix("composefs=")) {
                system.kind = HostKind::Composefs;
                system.booted = Some(Deployment { id: digest.to_owned(), ..Deployment::default() });
            }
            return system;
        }
        system.deployment_path = deployment_path(host, &cmdline);
        let id = system
            .deployment_path
            .as_deref()
            .and_then(|path| Path::new(path).file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .or_else(|| cmdline.split_whitespace().find_map(|arg| arg.strip_prefix("ostree=")).map(str::to_owned));
        let status =
            host.run(&Invocation::new("rpm-ostree", ["status", "--json"])).ok().filter(|output| output.status == 0);
        match status.and_then(|output| serde_json::from_str::<RpmOstreeStatus>(&output.stdout).ok()) {
            Some(status) => system.fill(&status, id.as_deref()),
            None => {
                system.kind = HostKind::ImageOnly;
                system.booted = id.map(|id| Deployment { id, ..Deployment::default() });
            }
        }
        system
    }

    fn fill(&mut self, status: &RpmOstreeStatus, booted_id: Option<&str>) {
        let booted = status.deployments.iter().position(|deployment| deployment.booted);
        if let Some(next) = status.deployments.first() {
            self.layered.clone_from(&next.requested_packages);
            self.staged = (booted != Some(0) && next.staged).then(|| next.deployment());
        }
        if let Some(index) = booted {
            let running = &status.deployments[index];
            let layered = running.is_changed();
            self.kind = match (&running.container_image_reference, layered) {
                (Some(_), false) => HostKind::Image,
                (Some(_), true) => HostKind::Layered,
                (None, _) => HostKind::Ostree,
            };
            self.booted = Some(running.deployment());
            self.rollback = status.deployments.get(index + 1).map(RpmOstreeDeployment::deployment);
        } else {
            self.kind = HostKind::ImageOnly;
            self.booted = booted_id.map(|id| Deployment { id: id.to_owned(), ..Deployment::default() });
        }
    }

    /// The name that changes with every new deployment; package-mode computers have one for ever.
    #[must_use]
    pub fn deployment_id(&self) -> &str {
        self.booted.as_ref().map_or("package-mode", |booted| booted.id.as_str())
    }
}

fn is_usr_overlay(line: &str) -> bool {
    // mountinfo(5): fields, " - ", file system type, source, options; field 5 is the mount point.
    let Some((fields, kind)) = line.split_once(" - ") else { return false };
    fields.split(' ').nth(4) == Some("/usr") && kind.starts_with("overlay ")
}

/// Follows `ostree=/ostree/boot.1/OS/BOOTCSUM/0` to `/ostree/deploy/OS/deploy/CHECKSUM.SERIAL`.
fn deployment_path(host: &dyn Host, cmdline: &str) -> Option<String> {
    let boot = cmdline.split_whitespace().find_map(|arg| arg.strip_prefix("ostree="))?;
    let target = host.link(&host.at(boot)).ok().flatten()?;
    let mut path = PathBuf::from(boot);
    path.pop();
    for part in target.components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::RootDir => path = PathBuf::from("/"),
            Component::Normal(name) => path.push(name),
            Component::CurDir | Component::Prefix(_) => {}
        }
    }
    Some(path.to_string_lossy().into_owned())
}

/// The parts of `rpm-ostree status --json` that matter here; unknown fields are ignored.
#[derive(Debug, Deserialize)]
struct RpmOstreeStatus {
    #[serde(default)]
    deployments: Vec<RpmOstreeDeployment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RpmOstreeDeployment {
    #[serde(default)]
    checksum: String,
    #[serde(default)]
    serial: u32,
    version: Option<String>,
    #[serde(default)]
    booted: bool,
    #[serde(default)]
    staged: bool,
    #[serde(default)]
    requested_packages: Vec<String>,
    #[serde(default)]
    requested_base_removals: Vec<serde_json::Value>,
    container_image_reference: Option<String>,
    container_image_reference_digest: Option<String>,
}

impl RpmOstreeDeployment {
    fn is_changed(&self) -> bool {
        !self.requested_packages.is_empty() || !self.requested_base_removals.is_empty()
    }

    fn deployment(&self) -> Deployment {
        Deployment {
            version: self.version.clone(),
            image: self.container_image_reference.as_deref().map(short_reference),
            digest: self.container_image_reference_digest.clone(),
            id: format!("{}.{}", self.checksum, self.serial),
            incompatible: self.is_changed(),
        }
    }
}

/// `ostree-image-signed:docker://ghcr.io/a/b:c` to `ghcr.io/a/b:c`.
fn short_reference(reference: &str) -> String {
    let image = reference.split_once("docker://").map_or(reference, |(_, image)| image);
    image.rsplit_once("registry:").map_or(image, |(_, image)| image).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;

    const STATUS: &str = r#"{"deployments":[
        {"checksum":"bbb","serial":0,"version":"44.2","booted":false,"staged":true,"requested-packages":[],"container-image-reference":"ostree-image-signed:docker://ghcr.io/sam/os:latest"},
        {"checksum":"aaa","serial":0,"version":"44.1","booted":true,"staged":false,"container-image-reference":"ostree-image-signed:docker://ghcr.io/sam/os:latest","container-image-reference-digest":"sha256:1"}]}"#;

    fn host() -> RecordingHost {
        RecordingHost::default()
            .file("/run/ostree-booted", "")
            .file("/proc/cmdline", "quiet ostree=/ostree/boot.1/default/ccc/0 rw\n")
            .symlink("/ostree/boot.1/default/ccc/0", "../../../deploy/default/deploy/aaa.0")
    }

    #[test]
    fn the_running_deployment_is_not_the_first_of_the_list() {
        let system = System::probe(&host().prints("rpm-ostree status --json", STATUS));
        assert_eq!(system.kind, HostKind::Image);
        assert_eq!(system.deployment_id(), "aaa.0");
        assert_eq!(system.staged.unwrap().version.as_deref(), Some("44.2"));
        assert_eq!(system.deployment_path.as_deref(), Some("/ostree/deploy/default/deploy/aaa.0"));
        assert_eq!(system.booted.unwrap().image.as_deref(), Some("ghcr.io/sam/os:latest"));
    }

    #[test]
    fn without_rpm_ostree_the_kernel_argument_still_names_it() {
        let system = System::probe(&host());
        assert_eq!((system.kind, system.deployment_id()), (HostKind::ImageOnly, "aaa.0"));
    }

    #[test]
    fn a_plain_computer_is_package_mode() {
        assert_eq!(System::probe(&RecordingHost::default()).kind, HostKind::Package);
    }

    #[test]
    fn an_overlay_on_usr_is_seen_in_the_mounts() {
        assert!(is_usr_overlay("91 29 0:52 / /usr rw,relatime shared:1 - overlay overlay rw,lowerdir=usr"));
        assert!(!is_usr_overlay("29 1 0:52 / / rw,relatime shared:1 - overlay overlay rw"));
    }
}
