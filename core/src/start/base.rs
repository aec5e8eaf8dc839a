// SPDX-License-Identifier: GPL-3.0-or-later
//! The image a new setup builds on: the one this computer runs, pinned by its digest.
//!
//! A computer that follows an ostree remote, or is made of packages, runs no image; Fedora publishes one of the same
//! system. Its digest is not known here: Renovate pins it.
//!
//! Invariant: what is named here is a [`SystemImage`] of a registry, so nothing in it could end a line of the recipe.

use crate::deployment::System;
use crate::host::Host;
use crate::name::SystemImage;

/// The image to build on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Its name, with its digest where that is known.
    pub image: SystemImage,
    /// Why this one.
    pub why: Why,
}

/// Why an image is built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// This computer runs it.
    Running,
    /// The person named it.
    Named,
    /// This computer runs no image, and this is the same system as one.
    SameSystem,
}

impl Base {
    /// Whether it is this very build of the image, and not whatever its tag names.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.image.as_str().contains('@')
    }
}

/// The image of this computer's system; `None` where it has none that another computer could get.
#[must_use]
pub(super) fn of_computer(host: &dyn Host, system: &System) -> Option<Base> {
    let booted = system.booted.as_ref();
    if let Some(image) = booted.and_then(|booted| booted.image.as_deref()) {
        let digest = booted.and_then(|booted| booted.digest.as_deref()).filter(|_| !image.contains('@'));
        let pinned = digest.and_then(|digest| format!("{image}@{digest}").parse::<SystemImage>().ok());
        let image = pinned.or_else(|| image.parse().ok()).filter(is_public)?;
        return Some(Base { image, why: Why::Running });
    }
    let image = match booted.and_then(|booted| booted.remote.as_deref()) {
        Some(remote) => of_remote(remote)?,
        None => of_release(&host.read(&host.at("/etc/os-release")).ok().flatten()?)?,
    };
    Some(Base { image: image.parse().ok()?, why: Why::SameSystem })
}

/// Whether others can get it.
fn is_public(image: &SystemImage) -> bool {
    !image.is_stored() && !image.name().starts_with("localhost")
}

/// `fedora:fedora/44/x86_64/silverblue` to the image with the same content.
fn of_remote(remote: &str) -> Option<String> {
    let branch = remote.split_once(':').map_or(remote, |(_, branch)| branch);
    let mut parts = branch.split('/');
    let (Some("fedora"), Some(release), Some(_), Some(variant)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    fedora(release, variant)
}

/// What os-release says of a Fedora made of packages.
fn of_release(text: &str) -> Option<String> {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(line.trim().trim_matches(['"', '\'']))
    };
    if value("ID") != Some("fedora") {
        return None;
    }
    let variant = match value("VARIANT_ID") {
        Some("workstation" | "silverblue") => "silverblue",
        Some("kde" | "kinoite") => "kinoite",
        _ => "bootc",
    };
    fedora(value("VERSION_ID")?, variant)
}

fn fedora(release: &str, variant: &str) -> Option<String> {
    let is_release = !release.is_empty() && release.bytes().all(|byte| byte.is_ascii_digit());
    (is_release && ["silverblue", "kinoite", "bootc"].contains(&variant))
        .then(|| format!("quay.io/fedora/fedora-{variant}:{release}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::Deployment;
    use crate::host::recording::RecordingHost;

    fn base(os_release: &str, booted: Option<Deployment>) -> Option<String> {
        let host = RecordingHost::default().file("/etc/os-release", os_release);
        let system = System { booted, ..System::probe(&host) };
        of_computer(&host, &system).map(|base| base.image.to_string())
    }

    #[test]
    fn an_image_is_pinned_to_the_build_that_runs() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let booted = |image: &str, digest: Option<&str>| {
            Some(Deployment {
                image: Some(image.to_owned()),
                digest: digest.map(str::to_owned),
                ..Deployment::default()
            })
        };
        let image = "ghcr.io/ublue-os/bluefin:stable";
        assert_eq!(base("", booted(image, Some(&digest))), Some(format!("{image}@{digest}")));
        assert_eq!(base("", booted(image, None)).as_deref(), Some(image));
        assert_eq!(base("", booted(image, Some("sha256:0\nRUN x"))).as_deref(), Some(image));
        let pinned = format!("{image}@{digest}");
        assert_eq!(base("", booted(&pinned, Some("sha256:b"))), Some(pinned));
        for none in ["containers-storage:localhost/os:1", "localhost/os", "oci:/var/x", "x\nRUN rm"] {
            assert_eq!(base("", booted(none, Some(&digest))), None, "{none}");
        }
    }

    #[test]
    fn a_system_without_an_image_is_found_as_one() {
        let remote = |remote: &str| Some(Deployment { remote: Some(remote.to_owned()), ..Deployment::default() });
        assert_eq!(
            base("", remote("fedora:fedora/44/x86_64/silverblue")).as_deref(),
            Some("quay.io/fedora/fedora-silverblue:44")
        );
        assert_eq!(base("", remote("other:os/1/x86_64/silverblue")), None);
        assert_eq!(base("", remote("fedora:fedora/rawhide/x86_64/silverblue")), None);
        let release = |variant: &str| format!("NAME=\"Fedora Linux\"\nID=fedora\nVERSION_ID=44\n{variant}\n");
        for (variant, image) in [
            ("VARIANT_ID=workstation", "quay.io/fedora/fedora-silverblue:44"),
            ("VARIANT_ID=\"kde\"", "quay.io/fedora/fedora-kinoite:44"),
            ("", "quay.io/fedora/fedora-bootc:44"),
        ] {
            assert_eq!(base(&release(variant), None).as_deref(), Some(image));
        }
        assert_eq!(base("ID=debian\nVERSION_ID=13\n", None), None);
    }
}
