// SPDX-License-Identifier: GPL-3.0-or-later
//! Where AppImages and fetched programs come from.
//!
//! Invariant: the JSON form of each is that of its manifest's entry, without the name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{AssetPattern, BinaryName, CrateName, GithubRepo, NpmPackage, Sha256, VersionWish};

/// An AppImage that Gear Lever manages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppImageSource {
    /// The repository whose releases have it.
    pub repo: GithubRepo,
    /// Which file of a release.
    pub asset: AssetPattern,
    /// Whether releases that are not final yet count.
    #[serde(default, skip_serializing_if = "is_false")]
    pub prereleases: bool,
    /// The setup keeps it and does not want it on a computer.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl AppImageSource {
    pub(super) fn is_met_by(&self, observed: &Self) -> bool {
        self.repo.is(&observed.repo)
            && self.asset == observed.asset
            && self.prereleases == observed.prereleases
            && self.disabled == observed.disabled
    }
}

impl fmt::Display for AppImageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.repo, self.asset)?;
        if self.prereleases {
            f.write_str(", prereleases")?;
        }
        if self.disabled {
            f.write_str(", disabled")?;
        }
        f.write_str(")")
    }
}

/// Where a fetched program comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Registry {
    /// The npm registry.
    Npm {
        /// The package.
        package: NpmPackage,
    },
    /// crates.io, built here.
    Cargo {
        /// The crate.
        crate_name: CrateName,
    },
    /// The releases of a repository on GitHub.
    Github {
        /// The repository.
        repo: GithubRepo,
        /// Which file of a release; without it, the one made for this computer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asset_pattern: Option<AssetPattern>,
    },
}

impl Registry {
    /// What the program is called where nothing else is said.
    #[must_use]
    pub fn default_name(&self) -> &str {
        match self {
            Self::Npm { package } => package.short(),
            Self::Cargo { crate_name } => crate_name.as_str(),
            Self::Github { repo, .. } => repo.repository(),
        }
    }

    fn is_met_by(&self, observed: &Self) -> bool {
        match (self, observed) {
            (
                Self::Github { repo, asset_pattern },
                Self::Github { repo: observed_repo, asset_pattern: observed_pattern },
            ) => {
                repo.is(observed_repo)
                    && (asset_pattern.is_none() || observed_pattern.is_none() || asset_pattern == observed_pattern)
            }
            _ => self == observed,
        }
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Npm { package } => write!(f, "npm:{package}"),
            Self::Cargo { crate_name } => write!(f, "cargo:{crate_name}"),
            Self::Github { repo, asset_pattern: None } => write!(f, "github:{repo}"),
            Self::Github { repo, asset_pattern: Some(pattern) } => write!(f, "github:{repo} ({pattern})"),
        }
    }
}

/// A fetched program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BinarySource {
    /// Where it comes from.
    pub source: Registry,
    /// Which version; in a declaration `None` means whichever was the latest when it was fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionWish>,
    /// What it is called there, where that is not its name here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary: Option<BinaryName>,
    /// The checksum of the downloaded file, where the setup holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
}

impl BinarySource {
    pub(super) fn is_met_by(&self, observed: &Self) -> bool {
        let version = match (&self.version, &observed.version) {
            (Some(wish), Some(version)) => wish.takes(version.as_str()),
            (wish, None) => wish.is_none(),
            (None, _) => true,
        };
        let same = |wanted: Option<&str>, here: Option<&str>| wanted.is_none() || here.is_none() || wanted == here;
        version
            && self.source.is_met_by(&observed.source)
            && same(self.binary.as_ref().map(BinaryName::as_str), observed.binary.as_ref().map(BinaryName::as_str))
            && same(self.sha256.as_ref().map(Sha256::as_str), observed.sha256.as_ref().map(Sha256::as_str))
    }
}

impl fmt::Display for BinarySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, " {version}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(json: &str) -> BinarySource {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn only_what_is_declared_counts() {
        let here = binary(
            r#"{"source": {"type": "github", "repo": "BurntSushi/ripgrep"}, "version": "14.1.0", "binary": "rg"}"#,
        );
        for (wanted, met) in [
            (r#"{"source": {"type": "github", "repo": "burntsushi/ripgrep"}}"#, true),
            (r#"{"source": {"type": "github", "repo": "BurntSushi/ripgrep", "asset_pattern": "musl"}}"#, true),
            (r#"{"source": {"type": "github", "repo": "BurntSushi/ripgrep"}, "version": "^14"}"#, true),
            (r#"{"source": {"type": "github", "repo": "BurntSushi/ripgrep"}, "version": "13.0.0"}"#, false),
            (r#"{"source": {"type": "github", "repo": "BurntSushi/ripgrep"}, "binary": "grep"}"#, false),
            (r#"{"source": {"type": "cargo", "crate_name": "ripgrep"}}"#, false),
        ] {
            assert_eq!(binary(wanted).is_met_by(&here), met, "{wanted}");
        }
        assert!(serde_json::from_str::<BinarySource>(r#"{"source": {"type": "npm", "package": "--x"}}"#).is_err());
        assert!(serde_json::from_str::<BinarySource>(r#"{"source": {"type": "pip", "package": "x"}}"#).is_err());
    }
}
