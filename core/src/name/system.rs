// SPDX-License-Identifier: GPL-3.0-or-later
//! The name of the image a computer starts from.
//!
//! Invariant: as in [`super`]; besides, it names its registry, so that no search list decides where a system comes from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ImageName, NameError, refuse};

/// What an image in this computer's own storage is called by.
const STORAGE: &str = "containers-storage:";

name! {
    /// An image a computer can start from: `HOST[:PORT]/PATH[:TAG][@sha256:DIGEST]` of a registry, or
    /// `containers-storage:` and such a name for one that was built on this computer.
    SystemImage, "image of a system", |text| {
        let name = text.strip_prefix(STORAGE).unwrap_or(text);
        if name.len() > 255 {
            return Err("it is too long");
        }
        let image: ImageName = name.parse().map_err(|error: NameError| error.reason)?;
        let host = name.split_once('/').map_or("", |(host, _)| host);
        if !image.has_registry() || host.ends_with('.') || host.contains(['@', '_']) {
            return Err("it does not begin with the host of its registry");
        }
        match host.split_once(':') {
            Some((_, port)) if port.is_empty() || port.len() > 5 || !port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Err("its port is not a number")
            }
            _ => Ok(()),
        }
    }
}

impl SystemImage {
    /// The name in its registry, or in the storage of this computer.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.strip_prefix(STORAGE).unwrap_or(&self.0)
    }

    /// Whether it is in the storage of this computer.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.0.starts_with(STORAGE)
    }

    /// Whether bootc or rpm-ostree means this image by what it tells of a deployment.
    #[must_use]
    pub fn is(&self, told: &str) -> bool {
        told.rsplit_once(STORAGE).map_or(told, |(_, name)| name) == self.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_names_its_registry_and_nothing_else_is_one() {
        let digest = format!("ghcr.io/sam/os@sha256:{}", "0".repeat(64));
        for text in ["ghcr.io/sam/os", "ghcr.io/sam/os:latest", "localhost/os", "reg:5000/a/b:c", &digest] {
            assert_eq!(text.parse::<SystemImage>().unwrap().name(), text);
        }
        let stored: SystemImage = "containers-storage:localhost/os:1".parse().unwrap();
        assert_eq!((stored.is_stored(), stored.name()), (true, "localhost/os:1"));
        let long = format!("ghcr.io/{}", "a".repeat(255));
        let refused = [
            "",
            "os",
            "sam/os",
            "fedora:43",
            "-x.io/a",
            "--apply",
            "ghcr.io/",
            "ghcr.io/a b",
            "ghcr.io/a;b",
            "ghcr.io/$(id)",
            "ghcr.io/a\n",
            "docker://ghcr.io/a/b",
            "oci:/tmp/x.y",
            "dir:/etc/x",
            "/etc/passwd",
            "./a.b/c",
            "ghcr.io/../b",
            "a.b/c@sha256:0",
            "reg:/a",
            "reg:x/a",
            "containers-storage:",
            "containers-storage:-x",
            "containers-storage:containers-storage:a.b/c",
            "ostree-unverified-registry:ghcr.io/a/b",
            "a.b@c/d",
            "ghcr.io/ä",
            &long,
        ];
        for text in refused {
            assert!(text.parse::<SystemImage>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn both_tools_mean_the_same_image() {
        let stored: SystemImage = "containers-storage:localhost/os".parse().unwrap();
        assert!(stored.is("localhost/os") && stored.is("ostree-unverified-image:containers-storage:localhost/os"));
        let there: SystemImage = "ghcr.io/sam/os:1".parse().unwrap();
        assert!(there.is("ghcr.io/sam/os:1") && !there.is("ghcr.io/sam/os:2") && !there.is("evil.io/ghcr.io/sam/os:1"));
    }
}
