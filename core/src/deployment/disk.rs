// SPDX-License-Identifier: GPL-3.0-or-later
//! Deployments as they lie on the disk, for whoever may not ask bootc: ostree's checkouts with their origins and
//! boot entries, and the states of composefs images.
//!
//! Invariant: everything here is read without privileges; where the boot entries cannot be read, no order is claimed.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::{Deployment, Entry, is_signed, short_reference};
use crate::host::Host;
use crate::keyfile::Keyfile;

/// What the kernel was told to start.
pub(super) fn boot_argument(cmdline: &str) -> Option<&str> {
    cmdline.split_whitespace().find_map(|arg| arg.strip_prefix("ostree="))
}

/// The running deployment's directory: what is mounted, which a soft reboot changes and a later deployment does
/// not; else where the `ostree=` argument leads.
pub(super) fn booted_directory(host: &dyn Host, mounts: &str, cmdline: &str) -> Option<String> {
    let mounted = mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        let (_, below) = root.split_once("/ostree/deploy/").filter(|_| matches!(point, "/" | "/etc" | "/usr"))?;
        let mut parts = below.split('/');
        match (parts.next()?, parts.next()?, parts.next()?) {
            (stateroot, "deploy", id) if is_id(id) => Some(format!("/ostree/deploy/{stateroot}/deploy/{id}")),
            _ => None,
        }
    });
    mounted.or_else(|| follow(host, boot_argument(cmdline)?))
}

/// Whether a name is `checksum.serial`.
fn is_id(name: &str) -> bool {
    name.split_once('.').is_some_and(|(checksum, serial)| {
        !checksum.is_empty()
            && checksum.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !serial.is_empty()
            && serial.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Follows `/ostree/boot.1/OS/BOOTCSUM/0` to `/ostree/deploy/OS/deploy/CHECKSUM.SERIAL`.
fn follow(host: &dyn Host, boot: &str) -> Option<String> {
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

/// The checkouts, in boot order when the second value says so.
pub(super) fn ostree(host: &dyn Host, booted: Option<&str>) -> (Vec<Entry>, bool) {
    let list = |path: &str| host.list(&host.at(path)).unwrap_or_default();
    let by_entries = boot_entries(host);
    let ordered = by_entries.is_some();
    let bootable = by_entries.unwrap_or_else(|| boot_links(host));
    let mut found: Vec<String> = list("/ostree/deploy")
        .iter()
        .map(|stateroot| format!("/ostree/deploy/{stateroot}/deploy"))
        .flat_map(|deploy| list(&deploy).into_iter().filter(|id| is_id(id)).map(move |id| format!("{deploy}/{id}")))
        .collect();
    // One without a boot entry is the staged one, if one is; else it is a leftover that cannot be started.
    let staging = list("/run/ostree");
    let is_staging = |name: &str| staging.iter().any(|file| file == name);
    let stateroot = booted.and_then(|path| path.rsplit_once("/deploy/")).map(|(stateroot, _)| stateroot);
    let is_waiting = |path: &String| {
        !bootable.is_empty()
            && is_staging("staged-deployment")
            && !bootable.contains(path)
            && Some(path.as_str()) != booted
            && stateroot.is_none_or(|stateroot| path.starts_with(stateroot))
    };
    let waiting: Vec<String> = found.iter().filter(|path| is_waiting(path)).cloned().collect();
    let staged = match &waiting[..] {
        [one] => Some(one.clone()),
        _ => None,
    };
    found.retain(|path| bootable.contains(path) || Some(path.as_str()) == booted || Some(path) == staged.as_ref());
    let place = |path: &String| bootable.iter().position(|other| other == path).unwrap_or(bootable.len());
    found.sort_by_key(|path| (Some(path) != staged.as_ref(), place(path)));
    let entry = |path: &String| {
        let is_staged = Some(path) == staged.as_ref();
        let mut deployment = checkout(host, path);
        deployment.download_only = is_staged && is_staging("staged-deployment-locked");
        Entry { deployment, booted: Some(path.as_str()) == booted, staged: is_staged }
    };
    (found.iter().map(entry).collect(), ordered)
}

/// The directories the boot loader can start, first the default; `None` where its entries cannot be read.
fn boot_entries(host: &dyn Host) -> Option<Vec<String>> {
    let directory = "/boot/loader/entries";
    let mut entries = Vec::new();
    for name in host.list(&host.at(directory)).ok()?.iter().filter(|name| name.ends_with(".conf")) {
        let text = host.read(&host.at(&format!("{directory}/{name}"))).ok()??;
        let field =
            |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix([' ', '\t'])).map(str::trim);
        let Some(path) = field("options").and_then(boot_argument).and_then(|boot| follow(host, boot)) else { continue };
        let version: u32 = field("version").and_then(|version| version.parse().ok()).unwrap_or(0);
        entries.push((std::cmp::Reverse(version), path));
    }
    entries.sort();
    Some(entries.into_iter().map(|(_, path)| path).collect()).filter(|paths: &Vec<String>| !paths.is_empty())
}

/// The same in no order, from the links that the entries use.
fn boot_links(host: &dyn Host) -> Vec<String> {
    let list = |path: &str| host.list(&host.at(path)).unwrap_or_default();
    let current = host.link(&host.at("/boot/loader")).ok().flatten();
    let current = current.and_then(|link| Some(link.to_str()?.trim_end_matches('/').rsplit_once('.')?.1.to_owned()));
    let versions = current.map_or_else(|| vec!["0".to_owned(), "1".to_owned()], |version| vec![version]);
    let mut paths: Vec<String> = Vec::new();
    for version in versions {
        let boot = format!("/ostree/boot.{version}");
        for stateroot in list(&boot) {
            for checksum in list(&format!("{boot}/{stateroot}")) {
                let links = format!("{boot}/{stateroot}/{checksum}");
                paths.extend(list(&links).iter().filter_map(|serial| follow(host, &format!("{links}/{serial}"))));
            }
        }
    }
    paths
}

/// What one checkout says of itself.
fn checkout(host: &dyn Host, path: &str) -> Deployment {
    let origin = host.read(&host.at(&format!("{path}.origin"))).ok().flatten().unwrap_or_default();
    let mut parts = path.rsplit('/');
    let (id, stateroot) = (parts.next().unwrap_or_default(), parts.nth(1));
    Deployment {
        id: id.to_owned(),
        stateroot: stateroot.map(str::to_owned),
        version: version(host, path),
        ..from_origin(&Keyfile::parse(&origin))
    }
}

/// What an origin file says; a group of rpm-ostree's own makes a deployment one that bootc does not update.
fn from_origin(origin: &Keyfile) -> Deployment {
    let image = origin.get("origin", "container-image-reference");
    let remote = ["refspec", "baserefspec"].iter().find_map(|key| origin.get("origin", key));
    // `sha256:name-version.arch`
    let files = |group: &str, key: &str| -> Vec<String> {
        let entries = origin.list(group, key);
        entries.iter().map(|entry| entry.split_once(':').map_or(&**entry, |(_, name)| name).to_owned()).collect()
    };
    Deployment {
        image: image.map(short_reference),
        signed: image.is_some_and(is_signed),
        remote: remote.filter(|_| image.is_none()).map(str::to_owned),
        pinned: origin.get("libostree-transient", "pinned") == Some("true"),
        incompatible: ["rpmostree", "packages", "overrides", "modules"].iter().any(|group| origin.has_group(group)),
        layered: origin.list("packages", "requested"),
        local: [files("packages", "requested-local"), files("packages", "requested-local-fileoverride")].concat(),
        removed: origin.list("overrides", "remove"),
        replaced: files("overrides", "replace-local"),
        ..Deployment::default()
    }
}

/// The version a tree names in its os-release. `VERSION_ID` is that of the distribution, the same for many images.
fn version(host: &dyn Host, root: &str) -> Option<String> {
    let text = host.read(&host.at(&format!("{root}/usr/lib/os-release"))).ok().flatten()?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let version = ["OSTREE_VERSION", "IMAGE_VERSION"].iter().find_map(|key| value(key))?;
    Some(version.trim_matches(['"', '\'']).to_owned()).filter(|version| !version.is_empty())
}

/// The verity digest of the running composefs image: what is mounted, since a soft reboot leaves the kernel
/// argument as it was; else the argument, where `?` says that missing verity is allowed.
pub(super) fn composefs_booted(mounts: &str, cmdline: &str) -> Option<String> {
    let mounted = mounts.lines().find_map(|line| {
        let (fields, kind) = line.split_once(" - ")?;
        let source = kind.split(' ').nth(1).filter(|_| fields.split(' ').nth(4) == Some("/"))?;
        source.strip_prefix("composefs:").or_else(|| source.strip_prefix("transient:composefs="))
    });
    let argument = || cmdline.split_whitespace().find_map(|arg| arg.strip_prefix("composefs="));
    mounted.or_else(argument).map(|digest| digest.trim_start_matches('?').to_owned())
}

/// What bootc keeps of a waiting composefs image.
#[derive(Debug, Deserialize)]
struct Waiting {
    depl_id: String,
    #[serde(default)]
    finalization_locked: bool,
}

/// The composefs images with a state, the waiting one first.
pub(super) fn composefs(host: &dyn Host, booted: &str) -> Vec<Entry> {
    let waiting = host.read(Path::new("/run/composefs/staged-deployment")).ok().flatten();
    let waiting: Option<Waiting> = waiting.and_then(|text| serde_json::from_str(&text).ok());
    let mut ids = host.list(Path::new("/sysroot/state/deploy")).unwrap_or_default();
    if !ids.iter().any(|id| id == booted) {
        ids.push(booted.to_owned());
    }
    let entry = |id: String| {
        let origin = host.read(Path::new(&format!("/sysroot/state/deploy/{id}/{id}.origin"))).ok().flatten();
        let staged = waiting.as_ref().filter(|waiting| waiting.depl_id == id);
        Entry {
            booted: id == booted,
            staged: staged.is_some(),
            deployment: Deployment {
                version: (id == booted).then(|| version(host, "")).flatten(),
                download_only: staged.is_some_and(|waiting| waiting.finalization_locked),
                id,
                ..from_origin(&Keyfile::parse(&origin.unwrap_or_default()))
            },
        }
    };
    let mut entries: Vec<Entry> = ids.into_iter().map(entry).collect();
    entries.sort_by_key(|entry| (!entry.staged, !entry.booted));
    entries
}
