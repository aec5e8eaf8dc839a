// SPDX-License-Identifier: GPL-3.0-or-later
//! Validated names: text that is safe to hand to a root tool.
//!
//! Invariant: a value of these types cannot start with `-`, hold white space, control characters or
//! shell syntax, and is only made by [`FromStr`]; the executor parses them again from the plan.
//! Grammars are tighter than the tools' own (rpm `ALLOWED_CHARS_NAME`, systemd.unit(5), BLS entries).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("‘{text}’ is not a valid {what}: {reason}")]
pub struct NameError {
    /// What it should have been, for example "package name".
    pub what: &'static str,
    /// The offending text, escaped.
    pub text: String,
    /// The rule it breaks.
    pub reason: &'static str,
}

fn refuse<T>(what: &'static str, text: &str, reason: &'static str) -> Result<T, NameError> {
    let text: String = text.chars().take(80).collect::<String>().escape_debug().to_string();
    Err(NameError { what, text, reason })
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The validated text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                match check(text) {
                    Ok(()) => Ok(Self(text.to_owned())),
                    Err(reason) => refuse($what, text, reason),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

mod boxes;

pub use boxes::{BoxName, ImageName};

fn first_then(text: &str, max: usize, first: fn(char) -> bool, rest: fn(char) -> bool) -> Result<(), &'static str> {
    let mut chars = text.chars();
    match chars.next() {
        None => return Err("it is empty"),
        Some(c) if !first(c) => return Err("it starts with a character that is not allowed there"),
        Some(_) => {}
    }
    if text.len() > max {
        return Err("it is too long");
    }
    if chars.any(|c| !rest(c)) {
        return Err("it holds a character that is not allowed");
    }
    Ok(())
}

fn alnum(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

mod software;
mod system;

pub use software::{
    AppImageName, AssetPattern, BinaryName, BrewName, CrateName, GithubRepo, HttpsUrl, NpmPackage, Sha256, VersionWish,
};
pub use system::SystemImage;

name! {
    /// An RPM package name: `[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}`; no globs, groups, paths or URLs.
    PackageName, "package name", |text| {
        first_then(text, 128, |c| alnum(c) || c == '_', |c| alnum(c) || "._+-".contains(c))
    }
}

name! {
    /// A unit name of the kinds Bucket manages, at most 255 bytes (systemd.unit(5)).
    UnitName, "unit name", |text| {
        first_then(text, 255, |c| alnum(c) || ":_.\\".contains(c), |c| alnum(c) || ":_.\\@-".contains(c))?;
        if ![".service", ".socket", ".timer", ".path", ".mount", ".target"].iter().any(|kind| text.len() > kind.len() && text.ends_with(kind)) {
            return Err("it does not end in .service, .socket, .timer, .path, .mount or .target");
        }
        match text.matches('@').count() {
            0 => Ok(()),
            1 if text.contains("@.") => Err("a template needs an instance after the @"),
            1 => Ok(()),
            _ => Err("it holds more than one @"),
        }
    }
}

impl UnitName {
    /// Whether turning this unit off would leave a computer that does not start, that nobody can sign in to,
    /// or without Bucket's own helper.
    #[must_use]
    pub fn keeps_computer_usable(&self) -> bool {
        KEEP_PREFIXES.iter().any(|prefix| self.0.starts_with(prefix)) || KEEP_UNITS.contains(&self.as_str())
    }

    /// Whether starting this unit stops or suspends the computer, throws everyone out, or gives a shell of root to
    /// whoever sits at it (systemd.special(7), systemd-debug-generator(8)).
    #[must_use]
    pub fn takes_computer_over(&self) -> bool {
        let name = self.0.rsplit_once('.').map_or(self.as_str(), |(name, _)| name);
        is_among(TAKE_OVER, name) || name.starts_with("runlevel") || name.starts_with("initrd")
    }
}

/// Login managers and networks among them by their names: which one `display-manager.service` is, is the computer's.
const KEEP_PREFIXES: [&str; 15] = [
    "bkt-",
    "cosmic-greeter",
    "dbus",
    "display-manager.",
    "gdm",
    "greetd",
    "lightdm",
    "lxdm",
    "messagebus.",
    "NetworkManager.",
    "plasmalogin",
    "plasma-login",
    "polkit",
    "sddm",
    "systemd-",
];

const KEEP_UNITS: [&str; 17] = [
    "basic.target",
    "boot-efi.mount",
    "boot.mount",
    "default.target",
    "efi.mount",
    "emergency.target",
    "etc.mount",
    "graphical.target",
    "home.mount",
    "local-fs.target",
    "multi-user.target",
    "rescue.target",
    "sockets.target",
    "sysinit.target",
    "sysroot.mount",
    "usr.mount",
    "var.mount",
];

/// Whether a word is among those of a list, with spaces between them.
fn is_among(list: &str, word: &str) -> bool {
    list.split(' ').any(|one| one == word)
}

const TAKE_OVER: &str = "ctrl-alt-del debug-shell emergency exit factory-reset final halt hibernate hybrid-sleep kexec \
    poweroff reboot rescue shutdown sleep soft-reboot storage-target-mode suspend suspend-then-hibernate \
    system-update system-update-pre systemd-exit systemd-factory-reset systemd-factory-reset-request \
    systemd-halt systemd-hibernate systemd-hybrid-sleep systemd-kexec systemd-poweroff systemd-reboot \
    systemd-soft-reboot systemd-suspend systemd-suspend-then-hibernate systemd-storagetm umount \
    usb-gadget";

name! {
    /// One kernel argument, `key` or `key=value`, printable ASCII without quotes, `$` or backslash.
    KernelArgument, "kernel argument", |text| {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        first_then(key, 64, |c| alnum(c) || c == '_', |c| alnum(c) || "._-".contains(c))?;
        if text.len() > 256 {
            return Err("it is too long");
        }
        if value.chars().any(|c| !c.is_ascii_graphic() || "\"'\\$`".contains(c)) {
            return Err("its value holds a character that is not allowed");
        }
        Ok(())
    }
}

impl KernelArgument {
    /// The part before `=`.
    #[must_use]
    pub fn key(&self) -> &str {
        self.0.split_once('=').map_or(self.0.as_str(), |(key, _)| key)
    }

    /// Whether this argument says how the computer finds and starts its system, which Bucket never
    /// changes: the boot loader, the installer and ostree own it.
    #[must_use]
    pub fn is_essential(&self) -> bool {
        // Both are the same to systemd (systemd's proc-cmdline) and to modules of the kernel.
        let key = &*self.key().replace('-', "_");
        key.starts_with("rd.") || key.starts_with("systemd.run") || ESSENTIAL_ARGUMENTS.contains(&key)
    }

    /// Whether with this argument a start gives root to whoever sits at the computer, runs what it names as root, or
    /// leaves out what confines programs. An image may have it; on one computer Bucket never changes it.
    ///
    /// systemd reads more of them with each version, so only those of its own that are known to be harmless are not
    /// (kernel-command-line(7), systemd.system-credentials(7), kernel's sysctl.rst).
    #[must_use]
    pub fn gives_root(&self) -> bool {
        let key = &*self.key().replace('-', "_");
        let below = |prefix, harmless| key.strip_prefix(prefix).is_some_and(|rest| !is_among(harmless, rest));
        below("systemd.", HARMLESS_SYSTEMD)
            || below("sysctl.kernel.", HARMLESS_KERNEL)
            || (key.starts_with("sysctl.fs.") && !key.starts_with("sysctl.fs.inotify."))
            || ["luks.", "mount.", "tmpfiles.", "sysusers."].iter().any(|prefix| key.starts_with(prefix))
            || is_among(POWERFUL_ARGUMENTS, key)
            || is_among(RUN_LEVELS, self.as_str())
    }
}

const HARMLESS_SYSTEMD: &str = "clock_usec condition_first_boot firstboot gpt_auto hostname legacy_systemd_cgroup_controller \
    log_color log_level log_ratelimit_kmsg show_status status_unit_format swap unified_cgroup_hierarchy \
    watchdog_sec zram";

const HARMLESS_KERNEL: &str = "nmi_watchdog panic printk sched_autogroup_enabled split_lock_mitigate sysrq watchdog";

const POWERFUL_ARGUMENTS: &str = "apparmor enforcing fstab lsm roothash security selinux usrhash veritytab";

/// Words, without a value, of which some lead to a shell of root (systemd's `runlevel_to_target`).
const RUN_LEVELS: &str = "1 2 3 4 5 S b emergency rescue s single";

/// Arguments that belong to the boot loader, the installer or the recovery of a computer.
pub const ESSENTIAL_ARGUMENTS: [&str; 17] = [
    "BOOT_IMAGE",
    "init",
    "initrd",
    "ostree",
    "composefs",
    "rdinit",
    "resume",
    "ro",
    "root",
    "rootflags",
    "rootfstype",
    "rw",
    "systemd.debug_shell",
    "systemd.machine_id",
    "systemd.mask",
    "systemd.unit",
    "systemd.wants",
];

name! {
    /// The id of a group of packages, such as `development-tools`, without the `@` dnf wants before it.
    GroupName, "package group", |text| {
        first_then(text, 128, alnum, |c| alnum(c) || "._+-".contains(c))
    }
}

name! {
    /// A COPR project: `OWNER/PROJECT`, or `@GROUP/PROJECT`.
    CoprProject, "COPR project", |text| {
        let (owner, project) = text.split_once('/').ok_or("it is not OWNER/PROJECT")?;
        first_then(owner.strip_prefix('@').unwrap_or(owner), 128, |c| alnum(c) || c == '_', |c| alnum(c) || "._-".contains(c))?;
        first_then(project, 128, |c| alnum(c) || c == '_', |c| alnum(c) || "._+-".contains(c))
    }
}

impl CoprProject {
    /// The id of its repository in dnf's configuration (dnf5-copr(8)).
    #[must_use]
    pub fn repository(&self) -> String {
        let name = self.0.replacen('@', "group_", 1).replacen('/', ":", 1);
        format!("copr:copr.fedorainfracloud.org:{name}")
    }
}

name! {
    /// The file name of a host shim: the command people type in a toolbox.
    ShimName, "shim name", |text| {
        first_then(text, 64, |c| alnum(c) || c == '_', |c| alnum(c) || "._+-".contains(c))
    }
}

name! {
    /// What a shim runs on the host: a program, by name or path, and fixed arguments, one space between them.
    HostCommand, "host command", |text| {
        first_then(text, 256, |c| alnum(c) || "_/.".contains(c), |c| alnum(c) || "._+/=:,@%- ".contains(c))?;
        if text.ends_with(' ') || text.contains("  ") {
            return Err("its words are not separated by one space each");
        }
        Ok(())
    }
}

name! {
    /// The id of an extension of GNOME Shell, such as `caffeine@patapon.info`; also the name of its folder.
    ExtensionId, "extension id", |text| {
        first_then(text, 255, |c| alnum(c) || c == '_', |c| alnum(c) || "@._+-".contains(c))
    }
}

name! {
    /// A Flatpak application id: three or more dot-separated elements.
    FlatpakId, "Flatpak application id", |text| {
        first_then(text, 255, |c| alnum(c) || c == '_', |c| alnum(c) || "._-".contains(c))?;
        if text.split('.').count() < 3 || text.split('.').any(str::is_empty) {
            return Err("it needs at least three elements separated by dots");
        }
        Ok(())
    }
}

name! {
    /// The name of a Flatpak remote.
    RemoteName, "remote name", |text| {
        first_then(text, 128, alnum, |c| alnum(c) || "._-".contains(c))
    }
}

name! {
    /// The address of a Flatpak remote: `https://`, `oci+https://`, or a directory of this computer (`file://`).
    /// Anyone on the way could change what comes over plain `http://`, so that is refused.
    RemoteUrl, "remote address", |text| {
        let rest = ["https://", "oci+https://", "file://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        let rest = rest.ok_or("it does not start with https://")?;
        if text.len() > 1024 {
            return Err("it is too long");
        }
        if text.chars().any(|c| !c.is_ascii_graphic() || "\"'\\$`<>{}|^;".contains(c)) {
            return Err("it holds a character that is not allowed");
        }
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        if host.is_empty() != text.starts_with("file:") || host.contains('@') {
            return Err("its host is not allowed");
        }
        if path.split('/').any(|part| part == "..") {
            return Err("it leads out of its directory");
        }
        Ok(())
    }
}

impl RemoteUrl {
    /// Whether it is a file that describes a remote, not the repository itself.
    #[must_use]
    pub fn is_repo_file(&self) -> bool {
        self.0.ends_with(".flatpakrepo")
    }

    /// Whether it is such a file of this computer. Who adds it for everyone reads it as root, and flatpak quotes what
    /// it cannot read, so the helper takes none.
    #[must_use]
    pub fn is_local_description(&self) -> bool {
        self.is_repo_file() && self.0.starts_with("file:")
    }

    /// Whether a remote added from here has this repository. A description says where the repository is and
    /// only the network could tell; one in the same directory on the same host, or one of its subdomains, is it.
    #[must_use]
    pub fn leads_to(&self, repository: &Self) -> bool {
        let repository_path = repository.0.trim_end_matches('/');
        if !self.is_repo_file() {
            return self.0.trim_end_matches('/') == repository_path;
        }
        let split = |url: &str| {
            let (scheme, rest) = url.split_once("://")?;
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            Some((scheme.to_owned(), host.to_ascii_lowercase(), format!("/{path}/")))
        };
        let directory = self.0.rsplit_once('/').map_or("", |(directory, _)| directory);
        let (Some((scheme, host, directory)), Some((its_scheme, its_host, path))) =
            (split(directory), split(repository_path))
        else {
            return false;
        };
        let same_host = host == its_host || its_host.strip_suffix(&host).is_some_and(|sub| sub.ends_with('.'));
        scheme == its_scheme && same_host && path.starts_with(&directory.replace("//", "/"))
    }

    /// The description of a repository everyone knows.
    #[must_use]
    pub fn known_repo_file(&self) -> Option<Self> {
        let known = [
            ("https://dl.flathub.org/repo", "https://dl.flathub.org/repo/flathub.flatpakrepo"),
            ("https://dl.flathub.org/beta-repo", "https://dl.flathub.org/beta-repo/flathub-beta.flatpakrepo"),
        ];
        known.iter().find(|(repository, _)| self.0.trim_end_matches('/') == *repository)?.1.parse().ok()
    }
}

name! {
    /// A public GPG key in base64, as a `.flatpakrepo` file holds it.
    GpgKey, "GPG key", |text| {
        if text.len() > 1 << 16 {
            return Err("it is too long");
        }
        let digits = text.trim_end_matches('=');
        let is_base64 = digits.chars().all(|c| alnum(c) || "+/".contains(c));
        if digits.len() < 64 || !is_base64 || text.len() % 4 != 0 || text.len() - digits.len() > 2 {
            return Err("it is not base64");
        }
        Ok(())
    }
}

impl GpgKey {
    /// The key as text for gpg (RFC 9580, 6.2).
    #[must_use]
    pub fn armored(&self) -> String {
        let mut armored = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n".to_owned();
        for (n, digit) in self.0.chars().enumerate() {
            armored.push(digit);
            if n % 64 == 63 {
                armored.push('\n');
            }
        }
        armored.push_str("\n-----END PGP PUBLIC KEY BLOCK-----\n");
        armored
    }
}

name! {
    /// A Flatpak branch such as `stable`.
    BranchName, "branch name", |text| {
        first_then(text, 128, |c| alnum(c) || c == '_', |c| alnum(c) || "._-".contains(c))
    }
}

name! {
    /// An ostree commit checksum: 64 lower-case hexadecimal digits, or its beginning, at least 7 of them.
    CommitId, "commit", |text| {
        if (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(())
        } else {
            Err("it is not 7 to 64 hexadecimal digits")
        }
    }
}

impl CommitId {
    /// Whether it is the whole checksum; flatpak takes no shorter one.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.0.len() == 64
    }

    /// Whether it is a commit, or the beginning of it.
    #[must_use]
    pub fn begins(&self, commit: &Self) -> bool {
        commit.0.starts_with(&self.0)
    }

    /// Its beginning, as flatpak lists it.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

name! {
    /// An option of flatpak-override(1) such as `--filesystem=home`. Which ones there are is told apart from this;
    /// none of them can be taken for another argument, because each holds its own value.
    OverrideOption, "override", |text| {
        if text.len() > 2048 {
            return Err("it is too long");
        }
        let (name, _) = text.strip_prefix("--").and_then(|rest| rest.split_once('=')).ok_or("it is not --NAME=VALUE")?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return Err("it is not --NAME=VALUE");
        }
        if text.chars().any(char::is_control) {
            return Err("it holds a character that is not allowed");
        }
        crate::domain::flatpak::overrides::decided(text).map(|_| ()).ok_or("flatpak has no such override")
    }
}

name! {
    /// The SHA-256 of a file's content, in hexadecimal.
    FileDigest, "digest", |text| {
        if text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(())
        } else {
            Err("it is not 64 hexadecimal digits")
        }
    }
}

impl FileDigest {
    /// The digest of some content.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(crate::digest::sha256(content))
    }

    /// The first twelve digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or_default()
    }
}

fn schema(text: &str) -> Result<(), &'static str> {
    let schema = match text.split_once(':') {
        None => text,
        Some((schema, path)) => {
            if !path.starts_with('/')
                || !path.ends_with('/')
                || path.contains("//")
                || path.chars().any(|c| c.is_control())
            {
                return Err("its path does not start and end with one slash");
            }
            schema
        }
    };
    first_then(schema, 255, alnum, |c| alnum(c) || "._-".contains(c))
}

name! {
    /// A GSettings schema: `SCHEMA`, or `SCHEMA:/PATH/` for an instance of a relocatable one.
    SchemaName, "schema", schema
}

impl SchemaName {
    /// The schema id, without path.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.split_once(':').map_or(self.0.as_str(), |(schema, _)| schema)
    }

    /// The path of a relocatable schema's instance.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.0.split_once(':').map(|(_, path)| path)
    }

    /// One of its keys.
    ///
    /// # Errors
    /// No key can be called that.
    pub fn key(&self, key: &str) -> Result<SettingKey, NameError> {
        format!("{}/{key}", self.0).parse()
    }
}

name! {
    /// A GSettings key with its schema: `SCHEMA/KEY`, or `SCHEMA:/PATH//KEY` for a relocatable schema.
    SettingKey, "settings key", |text| {
        let (place, key) = text.rsplit_once('/').ok_or("it has no slash between schema and key")?;
        schema(place)?;
        first_then(key, 255, alnum, |c| alnum(c) || c == '-')
    }
}

impl SettingKey {
    /// The schema id, without path.
    #[must_use]
    pub fn schema(&self) -> &str {
        let schema = self.0.rsplit_once('/').map_or("", |(schema, _)| schema);
        schema.split_once(':').map_or(schema, |(schema, _)| schema)
    }

    /// The path of a relocatable schema's instance.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.0.rsplit_once('/').and_then(|(schema, _)| schema.split_once(':')).map(|(_, path)| path)
    }

    /// The key's name.
    #[must_use]
    pub fn key(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_become_options_or_commands_are_refused() {
        for text in ["-y", "a;b", "a b", "", "@core", "/bin/sh", "a*", "x\n", "https://x"] {
            assert!(text.parse::<PackageName>().is_err(), "{text:?}");
        }
        for text in ["-a.service", "a/b.service", "a b.service", "x", ".service", "a@.service", "a@b@c.service"] {
            assert!(text.parse::<UnitName>().is_err(), "{text:?}");
        }
        for text in ["", "-x@y", "../x", ".x@y", "a/b@c", "a b@c", "a'@b", "x\n"] {
            assert!(text.parse::<ExtensionId>().is_err(), "{text:?}");
        }
        for text in ["quiet splash", "a=\"b\"", "a=$x", "-x", "=1", "a=b\nc"] {
            assert!(text.parse::<KernelArgument>().is_err(), "{text:?}");
        }
        for text in ["a", "a/b/c", "-a/b", "@/b", "a/", "a/-b", "a/b;c", "a b/c", "https://x/y", "a/b\n"] {
            assert!(text.parse::<CoprProject>().is_err(), "{text:?}");
        }
        for text in ["..", "../a", "a/b", "-a", "", "a;b", "a b", "$(a)"] {
            assert!(text.parse::<ShimName>().is_err(), "{text:?}");
        }
        for text in ["-a", "a;b", "a  b", "a ", "a 'b'", "a $b", "a\nb", "a & b", "~/a"] {
            assert!(text.parse::<HostCommand>().is_err(), "{text:?}");
        }
        for text in ["@a", "^a", "a b", "-a", ""] {
            assert!(text.parse::<GroupName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn arguments_that_give_root_away_are_known_in_either_spelling() {
        let argument = |text: &str| text.parse::<KernelArgument>().unwrap();
        for text in [
            "systemd.debug-shell",
            "systemd.debug_shell=1",
            "systemd.set_credential=tmpfiles.extra:x",
            "systemd.set-credential-binary=a:b",
            "systemd.setenv=SYSTEMD_SULOGIN_FORCE=1",
            "systemd.mask=x.service",
            "systemd.new_in_a_later_version=1",
            "sysctl.kernel.core_pattern=|/x",
            "sysctl.fs.binfmt-misc.register=x",
            "single",
            "1",
            "rescue",
            "emergency",
            "selinux=0",
            "enforcing=0",
            "lsm=",
            "luks.key=x",
            "init=/bin/sh",
            "rd.break",
            "systemd.unit=x.target",
        ] {
            assert!(argument(text).gives_root() || argument(text).is_essential(), "{text}");
        }
        assert!(
            argument("systemd.machine-id=1").is_essential() && argument("systemd.run-success-action=x").is_essential()
        );
        for text in ["quiet", "systemd.show_status=0", "systemd.log-level=debug", "sysctl.vm.swappiness=10"]
            .into_iter()
            .chain([
                "sysctl.kernel.sysrq=1",
                "zswap.enabled=1",
                "console=ttyS0",
                "preempt=full",
                "sysctl.fs.inotify.max_user_watches=9",
            ])
        {
            assert!(!argument(text).gives_root() && !argument(text).is_essential(), "{text}");
        }
    }

    #[test]
    fn units_that_take_the_computer_over_are_known() {
        let unit = |text: &str| text.parse::<UnitName>().unwrap();
        for text in
            ["reboot.target", "rescue.service", "debug-shell.service", "runlevel1.target", "systemd-halt.service"]
        {
            assert!(unit(text).takes_computer_over(), "{text}");
        }
        for text in
            ["tuned.service", "multi-user.target", "systemd-oomd.service", "reboot-guard.service", "sleeper.timer"]
        {
            assert!(!unit(text).takes_computer_over(), "{text}");
        }
    }

    #[test]
    fn a_copr_project_has_its_repository() {
        let repository = |text: &str| text.parse::<CoprProject>().unwrap().repository();
        assert_eq!(repository("atim/starship"), "copr:copr.fedorainfracloud.org:atim:starship");
        assert_eq!(repository("@kernel/vanilla"), "copr:copr.fedorainfracloud.org:group_kernel:vanilla");
    }

    #[test]
    fn ordinary_names_are_accepted() {
        for text in ["htop", "gcc-c++", "_x", "python3.12"] {
            assert!(text.parse::<PackageName>().is_ok(), "{text:?}");
        }
        for text in ["tuned.service", "dbus-org.freedesktop.resolve1.service", "getty@tty1.service", "a\\x2db.mount"] {
            assert!(text.parse::<UnitName>().is_ok(), "{text:?}");
        }
        for text in ["quiet", "console=ttyS0,115200n8", "mitigations=auto,nosmt", "rd.luks.uuid=luks-1"] {
            assert!(text.parse::<KernelArgument>().is_ok(), "{text:?}");
        }
        let key: SettingKey = "org.gnome.desktop.interface/clock-format".parse().unwrap();
        assert_eq!((key.schema(), key.path(), key.key()), ("org.gnome.desktop.interface", None, "clock-format"));
        let key: SettingKey =
            "org.gnome.settings-daemon.plugins.media-keys.custom-keybinding:/org/gnome/a/custom0//name"
                .parse()
                .unwrap();
        assert_eq!((key.path(), key.key()), (Some("/org/gnome/a/custom0/"), "name"));
    }
}
