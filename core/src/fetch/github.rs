// SPDX-License-Identifier: GPL-3.0-or-later
//! Releases on GitHub: which one, which of its files, and what checksum is published for that.
//!
//! GitHub has the SHA-256 of every file uploaded since June 2025; before that, projects put a file with checksums
//! beside the others.
//!
//! Invariant: a file for another processor or system is never chosen.

use serde::Deserialize;

use crate::host::Host;
use crate::name::{AssetPattern, GithubRepo, HttpsUrl, NameError, Sha256, VersionWish};
use crate::problem::Problem;

use super::archive::Packing;

const API: &str = "https://api.github.com/repos";
const JSON: &str = "application/vnd.github+json";

/// A release.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Release {
    /// Its tag, by which it is known.
    pub(crate) tag_name: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    prerelease: bool,
    #[serde(default)]
    assets: Vec<Asset>,
}

/// A file of a release.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Asset {
    /// Its name.
    pub(crate) name: String,
    browser_download_url: String,
    #[serde(default)]
    digest: Option<String>,
}

impl Asset {
    /// Where it is.
    pub(crate) fn url(&self) -> Result<HttpsUrl, Problem> {
        address(&self.browser_download_url)
    }
}

fn address(text: &str) -> Result<HttpsUrl, Problem> {
    text.parse().map_err(|error: NameError| Problem::new("not_downloaded", error.to_string()))
}

fn ask<T: serde::de::DeserializeOwned>(host: &dyn Host, repo: &GithubRepo, path: &str) -> Result<Option<T>, Problem> {
    let Some(text) = super::text(host, &address(&format!("{API}/{repo}/{path}"))?, JSON)? else { return Ok(None) };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| Problem::new("unexpected_output", format!("GitHub’s answer about {repo}: {error}")))
}

/// The release that is wanted.
pub(crate) fn release(
    host: &dyn Host,
    repo: &GithubRepo,
    wish: Option<&VersionWish>,
    prereleases: bool,
) -> Result<Release, Problem> {
    let none = |what: &str| Problem::new("release_not_found", format!("{repo} has no {what} on GitHub"));
    let list = || -> Result<Vec<Release>, Problem> {
        let all: Option<Vec<Release>> = ask(host, repo, "releases?per_page=50")?;
        let counts = |release: &Release| !release.draft && (prereleases || !release.prerelease);
        Ok(all.unwrap_or_default().into_iter().filter(counts).collect())
    };
    match wish.filter(|wish| !wish.is_any()) {
        None if prereleases => list()?.into_iter().next().ok_or_else(|| none("release")),
        None => ask(host, repo, "releases/latest")?.ok_or_else(|| none("release")),
        Some(wish) if wish.is_exact() => {
            let mut tags = vec![wish.to_string()];
            tags.extend((!wish.as_str().starts_with('v')).then(|| format!("v{wish}")));
            for tag in tags {
                if let Some(release) = ask(host, repo, &format!("releases/tags/{tag}"))? {
                    return Ok(release);
                }
            }
            Err(none(&format!("release {wish}")))
        }
        // They come newest first.
        Some(wish) => list()?
            .into_iter()
            .find(|release| wish.takes(&release.tag_name))
            .ok_or_else(|| none(&format!("release {wish} among the last"))),
    }
}

/// Words of other processors, and of this one, in the names of files.
const fn processors() -> (&'static [&'static str], &'static [&'static str]) {
    const OTHERS: [&str; 10] =
        ["armv6", "armv7", "armhf", "i686", "i386", "ppc64", "powerpc", "riscv64", "s390x", "loong"];
    match std::env::consts::ARCH.as_bytes() {
        b"aarch64" => {
            (&["aarch64", "arm64"], &["x86_64", "amd64", "x64", "x86-64", "i686", "i386", "armv7", "riscv64"])
        }
        b"x86_64" => (
            &["x86_64", "amd64", "x64", "x86-64"],
            &["aarch64", "arm64", "armv6", "armv7", "armhf", "i686", "i386", "riscv64", "s390x", "ppc64"],
        ),
        _ => (&[], &OTHERS),
    }
}

const SYSTEMS: [&str; 14] = [
    "windows", "win32", "win64", ".exe", ".msi", "darwin", "macos", "apple", "osx", ".dmg", "freebsd", "openbsd",
    "netbsd", "android",
];
const NO_PROGRAMS: [&str; 17] = [
    ".sha256",
    ".sha256sum",
    ".sha512",
    ".md5",
    ".sig",
    ".asc",
    ".minisig",
    ".pem",
    ".json",
    ".jsonl",
    ".txt",
    ".deb",
    ".rpm",
    ".apk",
    ".zsync",
    ".vsix",
    ".sbom",
];

/// Whether a file of this name can be a program for this computer.
fn fits(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let (_, others) = processors();
    !others.iter().chain(&SYSTEMS).any(|word| name.contains(word)) && !NO_PROGRAMS.iter().any(|end| name.ends_with(end))
}

/// The file that is wanted: of those the pattern covers, or of all, the one made for this computer.
pub(crate) fn asset<'r>(
    repo: &GithubRepo,
    release: &'r Release,
    pattern: Option<&AssetPattern>,
) -> Result<&'r Asset, Problem> {
    let covered = |asset: &&Asset| pattern.is_none_or(|pattern| pattern.covers(&asset.name));
    let mut fitting: Vec<&Asset> = release.assets.iter().filter(covered).filter(|asset| fits(&asset.name)).collect();
    fitting.sort_by_key(|asset| {
        let name = asset.name.to_ascii_lowercase();
        let (here, _) = processors();
        let says_processor = here.iter().any(|word| name.contains(word));
        let is_named = pattern.is_some_and(|pattern| pattern.as_str() == asset.name);
        (!is_named, !name.contains("linux"), !says_processor, Packing::of(&name), name.contains("musl"), name)
    });
    fitting.first().copied().ok_or_else(|| {
        let names: Vec<&str> = release.assets.iter().map(|asset| asset.name.as_str()).take(12).collect();
        let wanted = pattern.map_or_else(String::new, |pattern| format!(" ‘{pattern}’"));
        let message = format!("release {} of {repo} has no file{wanted} for this computer", release.tag_name);
        let problem = Problem::new("asset_not_found", message);
        if names.is_empty() { problem } else { problem.hinted(format!("It has {}", names.join(", "))) }
    })
}

/// The checksum that is published for a file of a release.
pub(crate) fn checksum(host: &dyn Host, release: &Release, asset: &Asset) -> Result<Option<Sha256>, Problem> {
    let digest = asset.digest.as_deref().and_then(|digest| digest.strip_prefix("sha256:"));
    if let Some(digest) = digest.and_then(|digest| digest.parse().ok()) {
        return Ok(Some(digest));
    }
    let own = [format!("{}.sha256", asset.name), format!("{}.sha256sum", asset.name)];
    let is_own = |name: &str| own.iter().any(|own| own == name);
    let is_list = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.ends_with("checksums.txt")
            || ["sha256sums", "sha256sums.txt", "shasums256.txt", "sha256sum.txt"].contains(&&*name)
    };
    let found = release.assets.iter().find(|other| is_own(&other.name));
    let Some(found) = found.or_else(|| release.assets.iter().find(|other| is_list(&other.name))) else {
        return Ok(None);
    };
    let text = super::text(host, &found.url()?, "application/octet-stream")?.unwrap_or_default();
    Ok(listed(&text, &asset.name, is_own(&found.name)))
}

/// The checksum of a file in a list as `sha256sum` and the BSDs write it; alone where the list is of this file only.
fn listed(text: &str, name: &str, alone: bool) -> Option<Sha256> {
    text.lines().find_map(|line| {
        let line = line.trim();
        let (sum, file) = match line.strip_prefix("SHA256 (").and_then(|rest| rest.split_once(") = ")) {
            Some((file, sum)) => (sum, file),
            None => line.split_once(char::is_whitespace).unwrap_or((line, "")),
        };
        let file = file.trim().trim_start_matches('*').trim_start_matches("./");
        let is_it = file == name || alone && (file.is_empty() || file.ends_with(&format!("/{name}")));
        if is_it { sum.to_ascii_lowercase().parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release_of(names: &[&str]) -> Release {
        let assets: Vec<_> = names
            .iter()
            .map(|name| serde_json::json!({"name": name, "browser_download_url": format!("https://a.b/{name}")}))
            .collect();
        serde_json::from_value(serde_json::json!({"tag_name": "v1", "assets": assets})).unwrap()
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_file_for_this_computer_is_chosen() {
        let repo: GithubRepo = "o/r".parse().unwrap();
        let chosen = |names: &[&str], pattern: Option<&str>| {
            let pattern: Option<AssetPattern> = pattern.map(|pattern| pattern.parse().unwrap());
            asset(&repo, &release_of(names), pattern.as_ref()).map(|asset| asset.name.clone())
        };
        // As BurntSushi/ripgrep 14.1.0 and mikefarah/yq v4.44.1 have them, shortened.
        let ripgrep = [
            "ripgrep-14.1.0-aarch64-unknown-linux-gnu.tar.gz",
            "ripgrep-14.1.0-i686-unknown-linux-gnu.tar.gz",
            "ripgrep-14.1.0-x86_64-apple-darwin.tar.gz",
            "ripgrep-14.1.0-x86_64-pc-windows-msvc.zip",
            "ripgrep-14.1.0-x86_64-unknown-linux-musl.tar.gz",
            "ripgrep-14.1.0-x86_64-unknown-linux-musl.tar.gz.sha256",
            "ripgrep_14.1.0-1_amd64.deb",
        ];
        assert_eq!(chosen(&ripgrep, None).unwrap(), "ripgrep-14.1.0-x86_64-unknown-linux-musl.tar.gz");
        let yq = [
            "checksums",
            "yq_darwin_amd64",
            "yq_linux_386",
            "yq_linux_amd64",
            "yq_linux_amd64.tar.gz",
            "yq_linux_arm64",
        ];
        assert_eq!(chosen(&yq, None).unwrap(), "yq_linux_amd64.tar.gz");
        assert_eq!(chosen(&yq, Some("linux_amd64")).unwrap(), "yq_linux_amd64.tar.gz");
        assert_eq!(chosen(&yq, Some("yq_linux_amd64")).unwrap(), "yq_linux_amd64");
        assert_eq!(chosen(&yq, Some("yq_*_amd64")).unwrap(), "yq_linux_amd64");
        let problem = chosen(&["tool.exe", "tool-arm64"], None).unwrap_err();
        assert_eq!(problem.message, "release v1 of o/r has no file for this computer");
        assert_eq!(problem.hint.as_deref(), Some("It has tool.exe, tool-arm64"));
    }

    #[test]
    fn checksums_are_read_as_tools_write_them() {
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        let text = format!("# x\n{a}  other.gz\nSHA256 (tool.zip) = {b}\n{b} *./tool.bin\n");
        let sum = |text: &str, name: &str, alone: bool| listed(text, name, alone).map(|sum| sum.to_string());
        assert_eq!(sum(&text, "tool.zip", false), Some(b.clone()));
        assert_eq!(sum(&text, "tool.bin", false), Some(b.clone()));
        assert_eq!(sum(&text, "tool", false), None);
        assert_eq!(sum(&a.to_uppercase(), "tool", true), Some(a.clone()));
        assert_eq!(sum(&format!("{a}  dist/tool\n"), "tool", true), Some(a));
        assert_eq!(sum("<html>", "tool", true), None);
    }
}
