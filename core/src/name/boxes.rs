// SPDX-License-Identifier: GPL-3.0-or-later
//! Names of boxes and of the images they are made from.
//!
//! Invariant: distrobox evaluates what it is given as shell text, so these hold nothing a shell would act on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{NameError, alnum, first_then, refuse};

name! {
    /// The name of a box, which is that of its container: `[A-Za-z0-9][A-Za-z0-9_.-]{0,62}`.
    BoxName, "box name", |text| {
        first_then(text, 63, alnum, |c| alnum(c) || "_.-".contains(c))
    }
}

name! {
    /// A container image: `[HOST[:PORT]/]PATH[:TAG][@sha256:DIGEST]`.
    ImageName, "container image", |text| {
        first_then(text, 512, alnum, |c| alnum(c) || "._-/:@".contains(c))?;
        let (name, digest) = text.split_once('@').unwrap_or((text, ""));
        if text.contains('@') && !digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit())) {
            return Err("what follows the @ is not sha256: and 64 hexadecimal digits");
        }
        if name.split('/').any(|part| part.is_empty() || part.starts_with(['.', ':']) || part.ends_with(':')) {
            return Err("a part of it is empty");
        }
        if name.rsplit('/').next().is_some_and(|last| last.matches(':').count() > 1) {
            return Err("it has more than one tag");
        }
        Ok(())
    }
}

impl ImageName {
    /// The name with the tag that a missing one means.
    fn whole(&self) -> String {
        let last = self.0.rsplit('/').next().unwrap_or_default();
        if last.contains([':', '@']) { self.0.clone() } else { format!("{}:latest", self.0) }
    }

    /// Whether it says which registry it comes from.
    pub(super) fn has_registry(&self) -> bool {
        self.0.split_once('/').is_some_and(|(first, _)| first.contains(['.', ':']) || first == "localhost")
    }

    /// Whether a box made from this image may have `other`, which is a whole name: a name without a registry is
    /// looked for in all of them.
    #[must_use]
    pub fn leads_to(&self, other: &Self) -> bool {
        let (mine, its) = (self.whole(), other.whole());
        mine == its || !self.has_registry() && its.strip_suffix(&mine).is_some_and(|registry| registry.ends_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_act_on_is_refused() {
        for text in ["dev", "bootc-dev", "fedora_43.1", "9x"] {
            assert!(text.parse::<BoxName>().is_ok(), "{text}");
        }
        for text in ["", "-x", ".x", "a b", "a;b", "$(id)", "a/b", "a\n", "ä", &"a".repeat(64)] {
            assert!(text.parse::<BoxName>().is_err(), "{text:?}");
        }
        let digest = format!("quay.io/a/b@sha256:{}", "0".repeat(64));
        for text in ["fedora", "fedora:43", "localhost/x", "ghcr.io/a/b-c:tag_1", "host:5000/a/b", &digest] {
            assert!(text.parse::<ImageName>().is_ok(), "{text}");
        }
        for text in ["", "-x", "a b", "a;b", "`id`", "a//b", "a/", "a:", "a/../b", "a:b:c", "a@b", "a@sha256:0"] {
            assert!(text.parse::<ImageName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn short_names_lead_to_whole_ones() {
        let leads = |short: &str, whole: &str| {
            short.parse::<ImageName>().unwrap().leads_to(&whole.parse::<ImageName>().unwrap())
        };
        assert!(leads("fedora:43", "registry.fedoraproject.org/fedora:43"));
        assert!(leads("alpine", "docker.io/library/alpine:latest"));
        assert!(leads("quay.io/toolbx/arch", "quay.io/toolbx/arch:latest"));
        assert!(!leads("fedora:43", "registry.fedoraproject.org/fedora:44"));
        assert!(!leads("dora:43", "registry.fedoraproject.org/fedora:43"));
        assert!(!leads("quay.io/a/b", "evil.io/quay.io/a/b:latest"));
    }
}
