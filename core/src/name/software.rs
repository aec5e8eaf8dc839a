// SPDX-License-Identifier: GPL-3.0-or-later
//! Names of software that comes from elsewhere than the distribution: Homebrew, AppImages, fetched programs.
//!
//! Invariant: as in [`super`]: none of these can be an option, a path that leads elsewhere, or shell syntax.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{NameError, alnum, first_then, refuse};

fn formula(text: &str) -> Result<(), &'static str> {
    first_then(text, 128, alnum, |c| alnum(c) || "@+._-".contains(c))
}

fn tap(user: &str, repository: &str) -> Result<(), &'static str> {
    first_then(user, 64, alnum, |c| alnum(c) || "_-".contains(c))?;
    first_then(repository, 128, alnum, |c| alnum(c) || "._-".contains(c))
}

name! {
    /// What Homebrew installs: a formula, `bat` or with its tap `user/tap/bat`, or a tap, `user/tap`.
    BrewName, "Homebrew name", |text| {
        match text.split('/').collect::<Vec<_>>()[..] {
            [name] => formula(name),
            [user, repository] => tap(user, repository),
            [user, repository, name] => tap(user, repository).and_then(|()| formula(name)),
            _ => Err("it is not FORMULA, USER/TAP or USER/TAP/FORMULA"),
        }
    }
}

impl BrewName {
    /// Whether it is a tap, which has formulae, and not one of them.
    #[must_use]
    pub fn is_tap(&self) -> bool {
        self.0.matches('/').count() == 1
    }

    /// The tap, where one is named, and the formula, where it is one.
    #[must_use]
    pub fn parts(&self) -> (Option<&str>, Option<&str>) {
        match self.0.rsplit_once('/') {
            None => (None, Some(self.as_str())),
            Some(_) if self.is_tap() => (Some(self.as_str()), None),
            Some((tap, formula)) => (Some(tap), Some(formula)),
        }
    }
}

name! {
    /// What an AppImage is called, as people read it: letters, digits, single spaces and `._+()-`.
    AppImageName, "name of an AppImage", |text| {
        first_then(text, 128, char::is_alphanumeric, |c| c.is_alphanumeric() || "._+()- ".contains(c))?;
        if text.ends_with(' ') || text.contains("  ") {
            return Err("its words are not separated by one space each");
        }
        Ok(())
    }
}

name! {
    /// A repository on GitHub: `OWNER/REPOSITORY`.
    GithubRepo, "GitHub repository", |text| {
        let (owner, repository) = text.split_once('/').ok_or("it is not OWNER/REPOSITORY")?;
        first_then(owner, 64, alnum, |c| alnum(c) || "_-".contains(c))?;
        first_then(repository, 128, |c| alnum(c) || "._-".contains(c), |c| alnum(c) || "._-".contains(c))?;
        if [".", ".."].contains(&repository) || repository.starts_with('-') {
            return Err("its repository is not allowed");
        }
        Ok(())
    }
}

impl GithubRepo {
    /// The repository without its owner.
    #[must_use]
    pub fn repository(&self) -> &str {
        self.0.split_once('/').map_or(self.0.as_str(), |(_, repository)| repository)
    }

    /// Whether it is the same one; GitHub takes capitals for small letters.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

name! {
    /// Which file of a release: a file name in which `*`, `?` and `[…]` stand for others.
    AssetPattern, "pattern of a file name", |text| {
        first_then(text, 256, |c| alnum(c) || "*?[_.".contains(c), |c| alnum(c) || "*?[]!._+~@=,-".contains(c))
    }
}

impl AssetPattern {
    /// Whether a file's name is one of these: all of it where there is something to stand for others, else a part.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        let (pattern, name) = (self.0.to_ascii_lowercase(), name.to_ascii_lowercase());
        if pattern.contains(['*', '?', '[']) {
            glob(pattern.as_bytes(), name.as_bytes())
        } else {
            name.contains(&pattern)
        }
    }
}

/// Whether a pattern covers a whole text.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], _) => text.is_empty(),
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|at| glob(rest, &text[at..])),
        ([b'?', rest @ ..], [_, text @ ..]) => glob(rest, text),
        ([b'[', rest @ ..], [c, text @ ..]) => match rest.iter().skip(1).position(|end| *end == b']') {
            Some(end) => {
                let (set, rest) = (&rest[..=end], &rest[end + 2..]);
                let (set, wanted) = set.strip_prefix(b"!").map_or((set, true), |set| (set, false));
                is_in(set, *c) == wanted && glob(rest, text)
            }
            None => *c == b'[' && glob(rest, text),
        },
        ([first, rest @ ..], [c, text @ ..]) => first == c && glob(rest, text),
        (_, []) => false,
    }
}

fn is_in(set: &[u8], c: u8) -> bool {
    match set {
        [from, b'-', to, rest @ ..] => (*from..=*to).contains(&c) || is_in(rest, c),
        [one, rest @ ..] => *one == c || is_in(rest, c),
        [] => false,
    }
}

name! {
    /// The file name of a fetched program: the command people type.
    BinaryName, "program name", |text| {
        first_then(text, 64, |c| alnum(c) || c == '_', |c| alnum(c) || "._+-".contains(c))
    }
}

name! {
    /// A package of the npm registry: `NAME` or `@SCOPE/NAME`.
    NpmPackage, "npm package", |text| {
        let name = match text.strip_prefix('@') {
            None => text,
            Some(scoped) => {
                let (scope, name) = scoped.split_once('/').ok_or("it has a scope and no name")?;
                first_then(scope, 128, alnum, |c| alnum(c) || "._~-".contains(c))?;
                name
            }
        };
        first_then(name, 128, alnum, |c| alnum(c) || "._~-".contains(c))
    }
}

impl NpmPackage {
    /// The name without its scope.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

name! {
    /// A crate of crates.io.
    CrateName, "crate", |text| {
        first_then(text, 64, alnum, |c| alnum(c) || "_-".contains(c))
    }
}

name! {
    /// Which version: one, `1.2.3`, or a requirement as Cargo and npm write them, `^1.2` or `>=1, <3`, or `latest`.
    VersionWish, "version", |text| {
        first_then(text, 64, |c| alnum(c) || "^~<>=*".contains(c), |c| alnum(c) || "^~<>=*., +-_".contains(c))?;
        if text.starts_with(|c: char| "^~<>=*".contains(c)) && semver::VersionReq::parse(text).is_err() {
            return Err("it is no requirement such as ^1.2 or >=1, <3");
        }
        if text.starts_with(alnum) && text.contains([' ', ',', '<', '>', '=']) {
            return Err("it holds a character that is not allowed");
        }
        Ok(())
    }
}

impl VersionWish {
    /// Whether any version will do.
    #[must_use]
    pub fn is_any(&self) -> bool {
        ["latest", "*"].contains(&self.as_str())
    }

    /// Whether it names one version.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.0.starts_with(alnum) && !self.is_any() && !self.0.contains('*')
    }

    /// Whether a version is one it asks for; a `v` before the number counts for nothing.
    #[must_use]
    pub fn takes(&self, version: &str) -> bool {
        let plain = |text: &str| text.strip_prefix('v').unwrap_or(text).to_owned();
        if self.is_any() || plain(&self.0) == plain(version) {
            return true;
        }
        let version = semver::Version::parse(&plain(version));
        !self.is_exact()
            && version.is_ok_and(|version| semver::VersionReq::parse(&self.0).is_ok_and(|wish| wish.matches(&version)))
    }
}

name! {
    /// A SHA-256: 64 lower-case hexadecimal digits.
    Sha256, "SHA-256", |text| {
        if text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(())
        } else {
            Err("it is not 64 hexadecimal digits")
        }
    }
}

name! {
    /// An address to download from, `https://` only: anyone on the way could change what comes over plain `http://`.
    HttpsUrl, "address", |text| {
        let rest = text.strip_prefix("https://").ok_or("it does not start with https://")?;
        if text.len() > 2048 {
            return Err("it is too long");
        }
        if text.chars().any(|c| !c.is_ascii_graphic() || "\"'\\`<>^".contains(c)) {
            return Err("it holds a character that is not allowed");
        }
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.is_empty() || host.contains('@') {
            return Err("its host is not allowed");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for text in ["", "-x", "a", "a/b/c", "a/..", "a/-b", "/b", "a/", "a b/c", "https://github.com/a/b"] {
            assert!(text.parse::<GithubRepo>().is_err(), "{text:?}");
        }
        for text in ["", "-x", ".x", "a/b", "a  b", "a ", "a\nb", "a'b", "a;b", "a$b"] {
            assert!(text.parse::<AppImageName>().is_err(), "{text:?}");
        }
        for text in ["", "-x", "a/b", "a b", "$(x)", "a;b", "a'b"] {
            assert!(text.parse::<AssetPattern>().is_err(), "{text:?}");
            assert!(text.parse::<BinaryName>().is_err(), "{text:?}");
        }
        for text in ["", "-x", "@a", "@/a", "a/b", "../a", "@a/../b", "a@1", "a b"] {
            assert!(text.parse::<NpmPackage>().is_err(), "{text:?}");
        }
        for text in ["http://a/b", "https://", "https:///a", "https://a@b/c", "file:///a", "https://a/b c", "-x"] {
            assert!(text.parse::<HttpsUrl>().is_err(), "{text:?}");
        }
        for text in ["", "-1", "1 2", "1;2", ">1 <", "1=2", "^x y", "$v"] {
            assert!(text.parse::<VersionWish>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_pattern_covers_whole_names_or_a_part() {
        for (pattern, name, covers) in [
            ("OrcaSlicer_Linux_*.AppImage", "OrcaSlicer_Linux_V2.1.1.AppImage", true),
            ("*.AppImage", "a.AppImage.zsync", false),
            ("x86_64", "tool-x86_64-linux.tar.gz", true),
            ("tool-?.[0-9].bin", "tool-1.2.bin", true),
            ("tool-[!a].bin", "tool-a.bin", false),
            ("[ab", "[ab", true),
            ("*a*b", "xxaxxb", true),
            ("*a*b", "xxaxx", false),
        ] {
            assert_eq!(pattern.parse::<AssetPattern>().unwrap().covers(name), covers, "{pattern} {name}");
        }
    }

    #[test]
    fn a_version_is_one_or_a_requirement() {
        for (wish, version, takes) in [
            ("1.2.3", "v1.2.3", true),
            ("v1.2.3", "1.2.3", true),
            ("1.2", "1.2.3", false),
            ("^1.2", "1.9.0", true),
            ("^1.2", "2.0.0", false),
            (">=1, <3", "2.5.0", true),
            ("~1.2", "v1.2.9", true),
            ("latest", "2024-01-01", true),
            ("2024-01-01", "2024-01-01", true),
            ("1.*", "1.5.0", true),
        ] {
            assert_eq!(wish.parse::<VersionWish>().unwrap().takes(version), takes, "{wish} {version}");
        }
    }
}
