// SPDX-License-Identifier: GPL-3.0-or-later
//! Image references: the three spellings of one image (bootc's JSON, the origin file, a lab ref).

use crate::host::{ImageReference, Signature};

impl ImageReference {
    /// Reads `container-image-reference` of an origin file, such as
    /// `ostree-unverified-image:docker://quay.io/x/y:z` or `ostree-image-signed:oci:/dir`.
    pub fn from_origin(text: &str) -> Option<Self> {
        let (signature, rest) = match text.split_once(':')? {
            ("ostree-unverified-image", rest) => (None, rest.to_owned()),
            ("ostree-unverified-registry", rest) => (None, format!("docker://{rest}")),
            ("ostree-image-signed", rest) => (Some(Signature::ContainerPolicy), rest.to_owned()),
            _ => return None,
        };
        let (transport, image) = rest.split_once(':')?;
        let (transport, image) = match transport {
            "docker" => ("registry", image.trim_start_matches("//")),
            other => (other, image),
        };
        Some(Self { image: image.to_owned(), transport: transport.to_owned(), signature })
    }

    pub fn to_origin(&self) -> String {
        let prefix = match self.signature {
            Some(Signature::ContainerPolicy) => "ostree-image-signed",
            _ => "ostree-unverified-image",
        };
        match self.transport.as_str() {
            "registry" => format!("{prefix}:docker://{}", self.image),
            other => format!("{prefix}:{other}:{}", self.image),
        }
    }

    /// The ref of the lab's repository that plays this image in a registry: NAME:TAG is
    /// `images/NAME/TAG`, and any transport finds the same.
    pub fn lab_ref(&self) -> String {
        let image = self.image.trim_start_matches('/');
        match image.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => format!("images/{name}/{tag}"),
            _ => format!("images/{image}/latest"),
        }
    }

    /// As the images of `status` name it: without the signature policy, which belongs to `spec`.
    pub fn unsigned(&self) -> Self {
        Self { signature: None, ..self.clone() }
    }
}
