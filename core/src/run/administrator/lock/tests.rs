// SPDX-License-Identifier: GPL-3.0-or-later
//! Real processes hold the locks of a computer below a directory; one is recorded from Btrfs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::*;
use crate::host::NoSettings;
use crate::host::live::LiveHost;

/// A program that has a lock.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Takes a lock under a name, and says so.
const TAKE: &str = "
import fcntl, struct, sys
path, kind, name = sys.argv[1:]
open('/proc/self/comm', 'w').write(name)
file = open(path, 'w')
if kind == 'fcntl':
    fcntl.lockf(file, fcntl.LOCK_EX)
elif kind == 'flock':
    fcntl.flock(file, fcntl.LOCK_EX)
else:
    fcntl.fcntl(file, 37, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))
print('held', flush=True)
sys.stdin.read()
";

#[expect(clippy::disallowed_methods, reason = "the test needs another process")]
fn hold(root: &Path, file: &str, kind: &str, name: &str) -> Process {
    let path = root.join(file.trim_start_matches('/'));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut child = Command::new("python3")
        .args(["-c", TAKE])
        .arg(&path)
        .args([kind, name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    Process(child)
}

fn below(root: &Path) -> LiveHost {
    LiveHost::of_user(Some(root.to_owned()), Arc::new(NoSettings))
}

fn install() -> Action {
    Action::InstallPackage { name: "htop".parse().unwrap() }
}

fn argument() -> Action {
    Action::AddKernelArgument { argument: "quiet".parse().unwrap() }
}

fn said(root: &Path, action: &Action) -> Option<(String, Holder)> {
    busy(&below(root), std::iter::once(action)).map(|problem| {
        assert_eq!(problem.code, "busy");
        (problem.message, *problem.holder.unwrap())
    })
}

#[test]
fn a_program_that_holds_the_lock_of_packages_is_named_until_it_lets_go() {
    for (file, name) in [(PACKAGES[0], "rpm"), (PACKAGES[1], "packagekitd"), (PACKAGES[2], "dnf5")] {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(said(dir.path(), &install()), None);
        let process = hold(dir.path(), file, "fcntl", name);
        let pid = process.0.id();
        let message = format!("{name} (PID {pid}) is working; try again when it is done");
        let holder = Holder { name: Some(name.to_owned()), pid: Some(pid) };
        assert_eq!(said(dir.path(), &install()), Some((message, holder)), "{file}");
        assert_eq!(said(dir.path(), &argument()), None, "{file} is nothing to boot entries");
        drop(process);
        assert_eq!(said(dir.path(), &install()), None, "{file} is there and free");
    }
}

#[test]
fn dnf4_is_found_by_the_process_number_it_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let process = hold(dir.path(), "/unrelated", "fcntl", "dnf");
    let pid = process.0.id();
    let write = |text: String| crate::files::replace(&dir.path().join("var/lib/dnf/rpmdb_lock.pid"), text.as_bytes());
    std::fs::create_dir_all(dir.path().join("var/lib/dnf")).unwrap();
    write(pid.to_string()).unwrap();
    let holder = Holder { name: Some("dnf".to_owned()), pid: Some(pid) };
    assert_eq!(said(dir.path(), &install()).unwrap().1, holder);
    drop(process);
    assert_eq!(said(dir.path(), &install()), None, "a file that a crash left is nobody's");
}

#[test]
fn a_lock_of_no_process_is_ostrees_and_flock_has_its_process() {
    let dir = tempfile::tempdir().unwrap();
    let process = hold(dir.path(), SYSROOT, "flock", "ostree");
    let pid = process.0.id();
    assert_eq!(said(dir.path(), &argument()).unwrap().1, Holder { name: Some("ostree".to_owned()), pid: Some(pid) });
    assert_eq!(said(dir.path(), &install()), None, "packages of a package system are nothing to ostree");
    drop(process);
    let process = hold(dir.path(), SYSROOT, "ofd", "rpm-ostree");
    assert!(said(dir.path(), &argument()).is_some());
    // Of all processes of this machine there may be more of the name.
    let processes = [process.0.id().to_string(), std::process::id().to_string(), "self".to_owned()];
    let holder = Holder { name: Some("rpm-ostree".to_owned()), pid: Some(process.0.id()) };
    assert_eq!(of_ostree(&below(dir.path()), &processes), holder);
    let twin = hold(dir.path(), "/unrelated", "flock", "rpm-ostree");
    let processes = [process.0.id().to_string(), twin.0.id().to_string()];
    assert_eq!(of_ostree(&below(dir.path()), &processes), Holder { pid: None, ..holder });
    drop(process);
    assert_eq!(said(dir.path(), &argument()), None);
}

#[test]
fn only_the_one_that_has_the_very_file_for_writing_counts() {
    let locks = "1: POSIX  ADVISORY  WRITE 812 00:1b:3412 0 EOF\n\
                 1: -> POSIX  ADVISORY  WRITE 900 00:1b:77 0 EOF\n\
                 2: POSIX  ADVISORY  READ  901 00:1b:77 0 EOF\n\
                 3: OFDLCK ADVISORY  WRITE -1 fe:02:12 0 EOF\n";
    assert_eq!(holder(locks, (0, 27), 3412), Some(812));
    assert_eq!(holder(locks, (0, 28), 3412), None);
    assert_eq!(holder(locks, (0, 27), 77), None, "who reads or waits holds nothing");
    assert_eq!(holder(locks, (254, 2), 12), Some(-1));
    assert_eq!(holder("nonsense\n", (0, 0), 0), None);
}

#[test]
fn the_device_is_that_of_the_innermost_mount() {
    let mounts = "60 1 0:31 /root / rw,relatime shared:1 - btrfs /dev/sda3 rw,subvol=/root\n\
                  61 60 0:24 / /run rw,nosuid - tmpfs tmpfs rw\n\
                  62 60 8:1 / /usr rw - ext4 /dev/sda1 rw\n\
                  63 60 8:2 / /usr rw - ext4 /dev/sda2 rw\n";
    assert_eq!(device(mounts, Path::new("/var/lib/rpm/.rpm.lock")), Some((0, 31)));
    assert_eq!(device(mounts, Path::new("/run/dnf/rpmtransaction.lock")), Some((0, 24)));
    assert_eq!(device(mounts, Path::new("/runner")), Some((0, 31)));
    assert_eq!(device(mounts, Path::new("/usr/lib")), Some((8, 2)));
    assert_eq!(device("", Path::new("/")), None);
}
