// SPDX-License-Identifier: GPL-3.0-or-later
//! Gear Lever: what it has integrated, where it knows updates come from, and the commands it takes.
//!
//! It writes a desktop entry for each AppImage; its own `--list-installed` starts a sandbox, looks into every file and
//! says less. Up to 4.4 it keeps where updates come from in `apps.json`, by name; since 4.5 in `gearlever.conf`.
//!
//! Invariant: only a file it has a desktop entry for is ever given to it to remove.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use crate::fetch;
use crate::host::{Host, HostError, Invocation, Output, last_words};
use crate::i18n::{fill, gettext};
use crate::keyfile::Keyfile;
use crate::name::{AssetPattern, GithubRepo};
use crate::problem::Problem;
use crate::value::AppImageSource;

use super::super::Log;

const APP: &str = "it.mijorus.gearlever";
const ENTRIES: &str = ".local/share/applications";
const CONFIG: &str = ".var/app/it.mijorus.gearlever/config";

/// Why an AppImage cannot be got here.
pub(super) const MISSING: &str = "Gear Lever, which manages AppImages, is not installed";

/// The same, as a problem.
pub(super) fn missing() -> Problem {
    Problem::new("command_missing", MISSING).hinted("Install it with ‘bkt flatpak add it.mijorus.gearlever’")
}

/// Whether it is there, for everyone or for the person.
pub(super) fn is_installed(host: &dyn Host) -> Result<bool, Problem> {
    let own = host.home().map(|home| home.join(".local/share/flatpak"));
    for installation in [Some(host.at("/var/lib/flatpak")), own].into_iter().flatten() {
        if host.look(&installation.join("app").join(APP))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An AppImage with a desktop entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Integrated {
    /// What people see.
    pub(super) name: String,
    /// The file.
    pub(super) path: String,
}

impl Integrated {
    /// The name without the version that Gear Lever adds to it.
    pub(super) fn plain_name(&self) -> String {
        let version = self.name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
        version.map_or_else(|| self.name.clone(), |(name, _)| name.to_owned())
    }
}

/// Reads a desktop entry; `None` when it is of no AppImage.
fn parse(text: &str) -> Option<Integrated> {
    // Gear Lever adds this at the end, whichever group that is in.
    if !text.lines().any(|line| line.starts_with("X-AppImage-Version=")) {
        return None;
    }
    let entry = Keyfile::parse(text);
    let get = |key: &str| entry.get("Desktop Entry", key);
    let path = get("TryExec").or_else(|| get("Exec")?.split(' ').next())?.trim_matches(['\'', '"']);
    path.starts_with('/').then_some(())?;
    Some(Integrated { name: get("Name")?.to_owned(), path: path.to_owned() })
}

/// Every AppImage that is integrated and there.
pub(super) fn integrated(host: &dyn Host) -> Result<Vec<Integrated>, Problem> {
    let entries = fetch::home(host)?.join(ENTRIES);
    let mut found = Vec::new();
    for file in host.list(&entries)?.into_iter().filter(|file| file.ends_with(".desktop")) {
        // An entry that cannot be read is some other program’s.
        let Ok(Some(text)) = host.read(&entries.join(file)) else { continue };
        let Some(integrated) = parse(&text) else { continue };
        if host.look(Path::new(&integrated.path))?.is_some() {
            found.push(integrated);
        }
    }
    Ok(found)
}

/// Where Gear Lever knows updates come from.
#[derive(Debug, Default)]
pub(super) struct Origins {
    by_name: BTreeMap<String, AppImageSource>,
    by_path: BTreeMap<String, AppImageSource>,
}

impl Origins {
    /// Where updates of one come from.
    pub(super) fn of(&self, integrated: &Integrated) -> Option<&AppImageSource> {
        let by_path = self.by_path.get(&integrated.path);
        let by_name = || self.by_name.get(&integrated.name).or_else(|| self.by_name.get(&integrated.plain_name()));
        by_path.or_else(by_name)
    }
}

/// Reads what Gear Lever keeps.
pub(super) fn origins(host: &dyn Host) -> Result<Origins, Problem> {
    let config = fetch::home(host)?.join(CONFIG);
    let by_name = host.read(&config.join("apps.json"))?.map(|text| parse_json(&text)).unwrap_or_default();
    let by_path = host.read(&config.join("gearlever.conf"))?.map(|text| parse_ini(&text)).unwrap_or_default();
    Ok(Origins { by_name, by_path })
}

fn source(repo: &str, asset: &str, prereleases: bool) -> Option<AppImageSource> {
    let repo: GithubRepo = repo.strip_prefix("https://github.com/").unwrap_or(repo).trim_matches('/').parse().ok()?;
    let asset: AssetPattern = asset.parse().ok()?;
    Some(AppImageSource { repo, asset, prereleases, disabled: false })
}

/// Reads `apps.json`: entries by the base64 of their name.
fn parse_json(text: &str) -> BTreeMap<String, AppImageSource> {
    let list: Json = serde_json::from_str(text).unwrap_or_default();
    let read = |(key, entry): (&String, &Json)| {
        if entry["update_url_manager"] != "GithubUpdater" {
            return None;
        }
        let name = entry["name"].as_str().map(str::to_owned).or_else(|| from_base64(key))?;
        let config = &entry["update_manager_config"];
        let text = |field: &str| config[field].as_str();
        // https://github.com/OWNER/REPOSITORY/releases/download/*/FILE
        let mut url = entry["update_url"].as_str().unwrap_or_default().splitn(9, '/').skip(3);
        let from_url = (|| Some((format!("{}/{}", url.next()?, url.next()?), url.nth(3)?.to_owned())))();
        let repo = text("repo_url").map(str::to_owned).or_else(|| from_url.as_ref().map(|(repo, _)| repo.clone()));
        let asset = text("repo_filename").map(str::to_owned).or_else(|| from_url.map(|(_, asset)| asset));
        let prereleases = config["allow_prereleases"].as_bool().unwrap_or_default();
        Some((name, source(&repo?, &asset?, prereleases)?))
    };
    list.as_object().into_iter().flatten().filter_map(read).collect()
}

/// Reads `gearlever.conf`: `[app.HASH]` has the file, `[app.HASH.update_manager]` where updates come from.
fn parse_ini(text: &str) -> BTreeMap<String, AppImageSource> {
    let file = Keyfile::parse(text);
    let read = |group: &str| {
        let app = group.strip_suffix(".update_manager")?;
        let path = file.get(app, "file_path")?;
        if file.get(group, "manager") != Some("GithubUpdater") {
            return None;
        }
        let repo = file.get(group, "repo").or_else(|| file.get(group, "repo_url"))?;
        let prereleases = file.get(group, "allow_prereleases").is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
        Some((path.to_owned(), source(repo, file.get(group, "repo_filename")?, prereleases)?))
    };
    file.groups().filter_map(read).collect()
}

/// The text that base64 stands for (RFC 4648).
fn from_base64(text: &str) -> Option<String> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for digit in text.trim_end_matches('=').bytes() {
        let value = DIGITS.iter().position(|known| *known == digit)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

fn call<'a>(args: impl IntoIterator<Item = &'a str>) -> Invocation {
    Invocation::new("flatpak", ["run", APP].into_iter().chain(args))
}

fn run(host: &dyn Host, invocation: &Invocation, log: Log<'_>) -> Result<Output, Problem> {
    match host.run_with(invocation, log) {
        Err(HostError::Missing(_)) => Err(missing()),
        said => Ok(said?),
    }
}

/// What went wrong, in the words of a program that prints its errors on standard output.
fn failed(said: &Output) -> Problem {
    let reason = if said.stderr.trim().is_empty() { last_words(&said.stdout) } else { last_words(&said.stderr) };
    Problem::new("command_failed", format!("Gear Lever failed: {reason}"))
}

/// Has a file integrated, and gives where it then is.
pub(super) fn integrate(host: &dyn Host, file: &Path, log: Log<'_>) -> Result<String, Problem> {
    let path = file.to_str().ok_or_else(|| Problem::new("internal", "the download’s place is not UTF-8"))?;
    let said = run(host, &call(["--integrate", path, "--yes"]), log)?;
    let done = said.stdout.lines().find_map(|line| line.strip_suffix(" was integrated successfully"));
    match (said.status, done) {
        (0, Some(path)) => Ok(path.to_owned()),
        _ => Err(failed(&said)),
    }
}

/// Has an AppImage removed, into the trash, with its desktop entry.
pub(super) fn remove(host: &dyn Host, integrated: &Integrated, log: Log<'_>) -> Result<(), Problem> {
    let said = run(host, &call(["--remove", &integrated.path, "--yes"]), log)?;
    if said.status == 0 { Ok(()) } else { Err(failed(&said)) }
}

/// Tells it where updates of a file come from. Versions before and since 4.5 take the repository differently.
pub(super) fn set_origin(host: &dyn Host, path: &str, source: &AppImageSource, log: Log<'_>) -> Result<(), Problem> {
    let known = origins(host)?;
    if integrated(host)?.iter().any(|integrated| integrated.path == path && known.of(integrated) == Some(source)) {
        return Ok(());
    }
    let file = format!("repo_filename={}", source.asset);
    let prereleases = format!("allow_prereleases={}", source.prereleases);
    let mut reason = String::new();
    for repo in [format!("repo_url=https://github.com/{}", source.repo), format!("repo={}", source.repo)] {
        let options = ["--set-update-source", path, "--manager", "GithubUpdater", &repo, &file, &prereleases];
        let said = run(host, &call(options), log)?;
        if said.status == 0 {
            return Ok(());
        }
        reason = last_words(if said.stderr.trim().is_empty() { &said.stdout } else { &said.stderr });
    }
    // The AppImage is there all the same, and Bucket remembers where it is from.
    log(&fill(
        &gettext("Gear Lever was not told where updates come from: {reason}. Set it there, if you want updates."),
        &[("reason", &reason)],
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desktop_entry_of_gear_lever_is_told_from_others() {
        // As Gear Lever 3.4 writes it for an AppImage with an action.
        let text = "[Desktop Entry]\nName=OrcaSlicer (2.1.1)\nExec=/home/sam/AppImages/orcaslicer.appimage %U\nTryExec=/home/sam/AppImages/orcaslicer.appimage\nIcon=/home/sam/AppImages/.icons/orcaslicer.png\nType=Application\nActions=new\n\n[Desktop Action new]\nName=New\nExec=AppRun\n\nX-AppImage-Version=2.1.1";
        let found = parse(text).unwrap();
        assert_eq!(found.path, "/home/sam/AppImages/orcaslicer.appimage");
        assert_eq!((found.name.as_str(), &*found.plain_name()), ("OrcaSlicer (2.1.1)", "OrcaSlicer"));
        assert_eq!(parse(&text.replace("X-AppImage-Version", "X-Other")), None);
        assert_eq!(parse("[Desktop Entry]\nName=x\nExec=true\nX-AppImage-Version=1\n"), None);
    }

    #[test]
    fn origins_are_read_from_both_files() {
        assert_eq!(from_base64("T3JjYVNsaWNlcg==").as_deref(), Some("OrcaSlicer"));
        assert_eq!(from_base64("****"), None);
        let known = source("OrcaSlicer/OrcaSlicer", "OrcaSlicer_Linux_*.AppImage", true);
        // As an older `bkt` and Gear Lever 4.4 write it, and as Gear Lever 3 does.
        let json = r#"{"T3JjYVNsaWNlcg==": {"b64name": "T3JjYVNsaWNlcg==", "name": "OrcaSlicer",
            "update_url": "https://github.com/OrcaSlicer/OrcaSlicer/releases/download/*/OrcaSlicer_Linux_*.AppImage",
            "update_url_manager": "GithubUpdater", "update_manager_config": {"allow_prereleases": true,
            "repo_url": "https://github.com/OrcaSlicer/OrcaSlicer", "repo_filename": "OrcaSlicer_Linux_*.AppImage"}},
            "Yg==": {"b64name": "Yg==", "update_url": "https://github.com/o/r/releases/download/*/b.AppImage",
            "update_url_manager": "GithubUpdater"},
            "Yw==": {"b64name": "Yw==", "update_url": "https://a.b/c.AppImage", "update_url_manager": "StaticFileUpdater"}}"#;
        let read = parse_json(json);
        assert_eq!(read.get("OrcaSlicer").cloned(), known);
        assert_eq!(read.get("b").cloned(), source("o/r", "b.AppImage", false));
        assert_eq!(read.len(), 2);
        let ini = "[app.0a]\nname = OrcaSlicer (2.1.1)\nfile_path = /a/orca.appimage\n\n[app.0a.update_manager]\nrepo = OrcaSlicer/OrcaSlicer\nrepo_filename = OrcaSlicer_Linux_*.AppImage\nallow_prereleases = True\nmanager = GithubUpdater\n\n[app.0b.update_manager]\nmanager = GithubUpdater\nrepo = o/r\n";
        assert_eq!(parse_ini(ini).remove("/a/orca.appimage"), known);
        assert_eq!(parse_ini(ini).len(), 1);
        assert!(parse_json("not json").is_empty() && parse_ini("x").is_empty());
    }
}
