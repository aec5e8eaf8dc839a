// SPDX-License-Identifier: GPL-3.0-or-later
//! Getting a program from where it is published to its place.
//!
//! From a release on GitHub: one file, checked against a checksum. From crates.io: `cargo install`, which checks
//! every crate against the index and builds it here. From the npm registry: `npm install` without the packages' own
//! scripts, which checks every package against its lock file; what is placed is a small script that runs it.
//!
//! Invariant: nothing is executable, and nothing is in the program's place, before its checksum was right.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::fetch::{self, archive, github};
use crate::host::{Host, HostError, Invocation};
use crate::name::{AssetPattern, BinaryName, CrateName, GithubRepo, NpmPackage, Sha256, VersionWish};
use crate::problem::Problem;
use crate::value::{BinarySource, Registry};

use super::Log;

/// Where npm keeps the packages, inside the person's home.
const PACKAGES: &str = ".local/share/bkt/npm";

/// Fetches a program and places it; gives what was placed, with its exact version.
pub(super) fn install(
    host: &dyn Host,
    name: &BinaryName,
    wanted: &BinarySource,
    place: &Path,
    log: Log<'_>,
) -> Result<BinarySource, Problem> {
    let program = wanted.binary.as_ref().unwrap_or(name);
    let (version, sha256) = match &wanted.source {
        Registry::Github { repo, asset_pattern } => {
            let (version, sha256) = from_github(host, name, repo, asset_pattern.as_ref(), wanted, program, place, log)?;
            (version, Some(sha256))
        }
        Registry::Cargo { crate_name } => (from_cargo(host, name, crate_name, wanted, program, place, log)?, None),
        Registry::Npm { package } => (from_npm(host, name, package, wanted, program, place, log)?, None),
    };
    let version: VersionWish = version
        .parse()
        .map_err(|error: crate::name::NameError| Problem::new("unexpected_output", error.to_string()))?;
    Ok(BinarySource { version: Some(version), sha256, ..wanted.clone() })
}

#[expect(clippy::too_many_arguments, reason = "each is one fact about the one program")]
fn from_github(
    host: &dyn Host,
    name: &BinaryName,
    repo: &GithubRepo,
    pattern: Option<&AssetPattern>,
    wanted: &BinarySource,
    program: &BinaryName,
    place: &Path,
    log: Log<'_>,
) -> Result<(String, Sha256), Problem> {
    let release = github::release(host, repo, wanted.version.as_ref(), false)?;
    let asset = github::asset(repo, &release, pattern)?;
    let expected = match &wanted.sha256 {
        Some(sha256) => Some(sha256.clone()),
        None => github::checksum(host, &release, asset)?,
    };
    log(&format!("{} {}: {}", repo, release.tag_name, asset.name));
    let file = fetch::directory(host, name.as_str())?.join(plain_name(&asset.name)?);
    let sha256 = fetch::file(host, &asset.url()?, &file, expected.as_ref())?;
    if expected.is_none() {
        host.remove(&file)?;
        let message = format!("{repo} publishes no checksum for {}; that of what came is {sha256}", asset.name);
        let hint = "If you trust it, add it with --sha256, or as ‘sha256’ to its entry in manifests/host-binaries.json";
        return Err(Problem::new("no_checksum", message).hinted(hint));
    }
    let unpacked = archive::program(host, &file, program)?;
    host.place(&unpacked, place, 0o755)?;
    Ok((release.tag_name, sha256))
}

/// The name of a file of a release, which becomes one here.
fn plain_name(name: &str) -> Result<&str, Problem> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._+~@=,()-".contains(c);
    if name.starts_with(['.', '-']) || name.is_empty() || name.len() > 200 || !name.chars().all(is_plain) {
        return Err(Problem::new("name_invalid", format!("‘{}’ is no name for a file", name.escape_debug())));
    }
    Ok(name)
}

/// A tool of the person's own, of Homebrew or of the system.
fn own_tool(host: &dyn Host, places: &[PathBuf], name: &str) -> Result<String, Problem> {
    for place in places {
        if let (Some(_), Some(path)) = (host.look(place)?, place.to_str()) {
            return Ok(path.to_owned());
        }
    }
    Ok(name.to_owned())
}

fn homebrew(host: &dyn Host) -> PathBuf {
    host.at(crate::domain::brew::PREFIX).join("bin")
}

fn run(host: &dyn Host, invocation: &Invocation, name: &str, hint: &str, log: Log<'_>) -> Result<(), Problem> {
    match host.run_with(invocation, log) {
        Err(HostError::Missing(_)) => {
            Err(Problem::new("command_missing", format!("{name} is not installed")).hinted(hint))
        }
        said => {
            said?.success(name)?;
            Ok(())
        }
    }
}

fn from_cargo(
    host: &dyn Host,
    name: &BinaryName,
    crate_name: &CrateName,
    wanted: &BinarySource,
    program: &BinaryName,
    place: &Path,
    log: Log<'_>,
) -> Result<String, Problem> {
    let root = fetch::directory(host, name.as_str())?;
    let cargo = own_tool(host, &[fetch::home(host)?.join(".cargo/bin/cargo"), homebrew(host).join("cargo")], "cargo")?;
    let mut install = Invocation::new(&cargo, ["install", "--locked", "--force", "--root"]).arg(text(&root)?);
    if let Some(version) = &wanted.version {
        install = install.arg("--version").arg(version.as_str());
    }
    let install = install.arg("--bin").arg(program.as_str()).arg("--").arg(crate_name.as_str());
    run(host, &install, "cargo", "Install Rust from https://rustup.rs, or name another source", log)?;
    let list = host.read(&root.join(".crates2.json"))?.unwrap_or_default();
    let version = built_version(&list, crate_name).ok_or_else(|| unread("cargo’s list of what it installed"))?;
    host.place(&root.join("bin").join(program.as_str()), place, 0o755)?;
    Ok(version)
}

/// The version of a crate in `.crates2.json`, whose keys are `NAME VERSION (SOURCE)`.
fn built_version(list: &str, crate_name: &CrateName) -> Option<String> {
    let list: Json = serde_json::from_str(list).ok()?;
    list["installs"].as_object()?.keys().find_map(|key| {
        let mut words = key.split(' ');
        (words.next() == Some(crate_name.as_str())).then(|| words.next().map(str::to_owned))?
    })
}

fn unread(what: &str) -> Problem {
    Problem::new("unexpected_output", format!("{what} could not be read"))
}

fn text(path: &Path) -> Result<&str, Problem> {
    path.to_str().ok_or_else(|| Problem::new("internal", "the home directory’s name is not UTF-8"))
}

fn packages(host: &dyn Host, name: &BinaryName) -> Result<PathBuf, Problem> {
    Ok(fetch::home(host)?.join(PACKAGES).join(name.as_str()))
}

/// npm with what it is to do to the packages of one program.
fn npm(host: &dyn Host, name: &BinaryName, verb: &str) -> Result<(Invocation, PathBuf), Problem> {
    let store = packages(host, name)?;
    let brew = homebrew(host);
    let npm = own_tool(host, &[brew.join("npm")], "npm")?;
    let call = Invocation::new(&npm, [verb, "--prefix", text(&store)?, "--ignore-scripts", "--no-audit", "--no-fund"]);
    // npm looks for node beside itself.
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", brew.display());
    Ok((if npm == "npm" { call } else { call.env("PATH", path) }, store))
}

fn from_npm(
    host: &dyn Host,
    name: &BinaryName,
    package: &NpmPackage,
    wanted: &BinarySource,
    program: &BinaryName,
    place: &Path,
    log: Log<'_>,
) -> Result<String, Problem> {
    let (install, store) = npm(host, name, "install")?;
    let spec = wanted.version.as_ref().map_or_else(|| package.to_string(), |version| format!("{package}@{version}"));
    run(host, &install.arg("--").arg(spec), "npm", "Install Node.js, for example with ‘bkt brew add node’", log)?;
    let module = store.join("node_modules").join(package.as_str());
    let about = host.read(&module.join("package.json"))?.unwrap_or_default();
    let about: Json = serde_json::from_str(&about).map_err(|_| unread(&format!("package.json of {package}")))?;
    let version = about["version"].as_str().ok_or_else(|| unread(&format!("package.json of {package}")))?.to_owned();
    let command = command(&about["bin"], package, program)?;
    let script = script(text(&store)?, &command, text(&homebrew(host))?)?;
    host.put(place, script.as_bytes(), 0o755)?;
    Ok(version)
}

/// Which of a package’s commands is the program: the one of its name, else the only one.
fn command(bin: &Json, package: &NpmPackage, program: &BinaryName) -> Result<BinaryName, Problem> {
    let names: Vec<&str> = match bin {
        Json::String(_) => vec![package.short()],
        Json::Object(commands) => commands.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let found = match names[..] {
        _ if names.contains(&program.as_str()) => program.as_str(),
        [one] => one,
        _ => {
            let problem = Problem::new("program_not_found", format!("{package} has no command ‘{program}’"));
            let hint = format!("It has {}; name one with --binary", names.join(", "));
            return Err(if names.is_empty() { problem } else { problem.hinted(hint) });
        }
    };
    found.parse().map_err(|error: crate::name::NameError| Problem::new("name_invalid", error.to_string()))
}

/// The script that runs a package’s command with the node beside npm.
fn script(store: &str, command: &BinaryName, homebrew: &str) -> Result<String, Problem> {
    if store.contains(['\'', '\n']) {
        return Err(Problem::new("internal", "the home directory’s name cannot be written into a script"));
    }
    Ok(format!(
        "#!/bin/sh\n# Made by Bucket; ‘bkt bin’ changes and removes it.\nPATH=\"$PATH:{homebrew}\"\nexport PATH\nexec '{store}/node_modules/.bin/{command}' \"$@\"\n"
    ))
}

/// Takes away what a program that is gone needed.
pub(super) fn clean(host: &dyn Host, name: &BinaryName, source: &Registry) -> Result<(), Problem> {
    let Registry::Npm { package } = source else { return Ok(()) };
    let (uninstall, _) = npm(host, name, "uninstall")?;
    run(host, &uninstall.arg("--").arg(package.as_str()), "npm", "Remove its packages by hand", &mut |_| {})
}

/// Takes away what a program needed that now comes from elsewhere.
pub(super) fn replaced(host: &dyn Host, name: &BinaryName, before: &Registry, now: &Registry) -> Result<(), Problem> {
    match (before, now) {
        (Registry::Npm { package: old }, Registry::Npm { package: new }) if old == new => Ok(()),
        (Registry::Npm { .. }, _) => clean(host, name, before),
        _ => Ok(()),
    }
}
