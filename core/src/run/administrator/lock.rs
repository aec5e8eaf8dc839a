// SPDX-License-Identifier: GPL-3.0-or-later
//! Who else is changing this computer's software: the locks of rpm, dnf, ostree and rpm-ostree.
//!
//! rpm and dnf5 lock with fcntl(2), ostree, rpm-ostree and bootc with an open file description (or flock(2)); dnf4
//! leaves a file with its process number. proc_locks(5) knows all but the last, by device and inode. The device is the
//! mount's, as stat(2) gives another one for Btrfs.
//!
//! Invariant: a lock file is never opened and never taken here: closing it would drop a lock, and the tool takes its
//! own. What cannot be read is no holder; the tool then decides, and its words say so.

use std::path::Path;

use crate::host::Host;
use crate::i18n::{fill, gettext};
use crate::plan::Action;
use crate::problem::{Holder, Problem};

const LOCKS: &str = "/proc/locks";
const MOUNTS: &str = "/proc/self/mountinfo";

/// What rpm and dnf5 lock for a transaction.
const PACKAGES: [&str; 3] =
    ["/usr/lib/sysimage/rpm/.rpm.lock", "/var/lib/rpm/.rpm.lock", "/run/dnf/rpmtransaction.lock"];
/// Where dnf4 writes its process number for as long as it works.
const PROCESS_FILES: [&str; 3] =
    ["/var/lib/dnf/rpmdb_lock.pid", "/var/cache/dnf/metadata_lock.pid", "/var/cache/dnf/download_lock.pid"];
/// What everything that writes deployments or boot entries of an ostree system locks.
const SYSROOT: &str = "/sysroot/ostree/lock";
/// The programs that do. Their lock belongs to no process, so they are found by name.
const OSTREE: [&str; 3] = ["rpm-ostree", "bootc", "ostree"];

/// That another program holds a lock which one of these actions needs.
pub(super) fn busy<'a>(host: &dyn Host, actions: impl Iterator<Item = &'a Action> + Clone) -> Option<Problem> {
    let packages = |action: &Action| matches!(action, Action::InstallPackage { .. } | Action::RemovePackage { .. });
    let sysroot = |action: &Action| {
        use Action::{AddKernelArgument, LayerPackage, RemoveKernelArgument, UnlayerPackage, UnlockSystem};
        use Action::{RemoveBasePackage, ResetBasePackage};
        matches!(action, AddKernelArgument { .. } | RemoveKernelArgument { .. } | UnlockSystem { .. })
            || matches!(action, LayerPackage { .. } | UnlayerPackage { .. })
            || matches!(action, ResetBasePackage { .. } | RemoveBasePackage { .. })
            || action.is_of_image()
    };
    let of_packages = || of_files(host, &PACKAGES).or_else(|| of_process_files(host));
    let holder = actions
        .clone()
        .any(packages)
        .then(of_packages)
        .flatten()
        .or_else(|| actions.clone().any(sysroot).then(|| of_files(host, &[SYSROOT])).flatten())?;
    let sentence = match (&holder.name, holder.pid) {
        (Some(name), Some(pid)) => {
            let sentence = gettext("{program} (PID {pid}) is working; try again when it is done");
            fill(&sentence, &[("program", name), ("pid", &pid.to_string())])
        }
        (Some(name), None) => fill(&gettext("{program} is working; try again when it is done"), &[("program", name)]),
        (None, _) => gettext("another program is changing this computer’s software; try again when it is done"),
    };
    Some(Problem { holder: Some(Box::new(holder)), ..Problem::new("busy", sentence) })
}

/// Who holds one of these files for writing.
fn of_files(host: &dyn Host, files: &[&str]) -> Option<Holder> {
    let locks = host.read(Path::new(LOCKS)).ok()??;
    let mounts = host.read(Path::new(MOUNTS)).ok()??;
    files.iter().find_map(|file| {
        let path = host.at(file);
        let inode = host.stamp(&path).ok()??.inode;
        let pid = holder(&locks, device(&mounts, &path)?, inode)?;
        Some(match u32::try_from(pid) {
            Ok(pid) => Holder { name: name(host, pid), pid: Some(pid) },
            Err(_) => of_ostree(host, &host.list(Path::new("/proc")).unwrap_or_default()),
        })
    })
}

/// The process whose number dnf4 left, if it is still there.
fn of_process_files(host: &dyn Host) -> Option<Holder> {
    PROCESS_FILES.iter().find_map(|file| {
        let pid = host.read(&host.at(file)).ok()??.trim().parse().ok()?;
        Some(Holder { name: Some(name(host, pid)?), pid: Some(pid) })
    })
}

/// The one program among these processes that may hold an ostree lock now.
fn of_ostree(host: &dyn Host, processes: &[String]) -> Holder {
    let mut found = processes
        .iter()
        .filter_map(|entry| entry.parse().ok())
        .filter_map(|pid| Some((name(host, pid)?, pid)))
        .filter(|(name, _)| OSTREE.contains(&name.as_str()));
    match (found.next(), found.next()) {
        (Some((name, pid)), None) => Holder { name: Some(name), pid: Some(pid) },
        (Some((name, _)), Some((other, _))) if name == other && found.all(|(more, _)| more == name) => {
            Holder { name: Some(name), pid: None }
        }
        _ => Holder { name: None, pid: None },
    }
}

/// What a process calls itself, `None` when it is not there.
fn name(host: &dyn Host, pid: u32) -> Option<String> {
    let name = host.read(Path::new(&format!("/proc/{pid}/comm"))).ok()??;
    Some(name.chars().filter(|c| !c.is_control()).collect())
}

/// The process that holds a file for writing, as proc_locks(5) tells: -1 for a lock that belongs to no process.
fn holder(locks: &str, device: (u32, u32), inode: u64) -> Option<i64> {
    locks.lines().find_map(|line| {
        // "1: POSIX  ADVISORY  WRITE 812 00:1b:3412 0 EOF"; one that waits has "->" for its second word.
        let [_, _, _, "WRITE", pid, file, ..] = line.split_whitespace().collect::<Vec<_>>()[..] else { return None };
        let [major, minor, number] = file.split(':').collect::<Vec<_>>()[..] else { return None };
        let hexadecimal = |text| u32::from_str_radix(text, 16).ok();
        let is_it = (hexadecimal(major)?, hexadecimal(minor)?) == device && number.parse() == Ok(inode);
        is_it.then(|| pid.parse().ok()).flatten()
    })
}

/// The device of the file system a path is on, as proc_pid_mountinfo(5) tells.
fn device(mounts: &str, path: &Path) -> Option<(u32, u32)> {
    let mount = |line: &str| -> Option<(usize, (u32, u32))> {
        // "36 35 98:0 /mnt1 /mnt2 rw,noatime …"
        let [_, _, device, _, place, ..] = line.split_whitespace().collect::<Vec<_>>()[..] else { return None };
        let (major, minor) = device.split_once(':')?;
        path.starts_with(place).then_some((place.len(), (major.parse().ok()?, minor.parse().ok()?)))
    };
    // Of two mounts in one place the later one is seen.
    mounts.lines().filter_map(mount).max_by_key(|(length, _)| *length).map(|(_, device)| device)
}

#[cfg(test)]
mod tests;
