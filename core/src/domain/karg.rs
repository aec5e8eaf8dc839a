// SPDX-License-Identifier: GPL-3.0-or-later
//! Kernel arguments: declared in `system-config.json`, observed for the running and the next start.
//!
//! A setup is met by the arguments of the *next* start; one that does not run yet waits for the restart.
//! Arguments the image provides (`/usr/lib/bootc/kargs.d/*.toml`) and those that find and start the system
//! are never a change, and the image's are never removed on one computer (bootc documents that as undefined).
//!
//! Invariant: arguments are compared as a set; the same one twice on a command line is one item.

use std::collections::{BTreeMap, BTreeSet};

use jsonc_parser::ast::Object;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::compare::{Change, Effect, Privilege, Shape};
use crate::deployment::{HostKind, System};
use crate::host::{Host, HostError, Invocation};
use crate::manifest::place::{Edit, Entry};
use crate::manifest::{Declarations, Manifest, ManifestError, Reader};
use crate::name::KernelArgument;
use crate::problem::Problem;
use crate::value::Value;

use super::{Actions, Kind, Look, Observation, Observed};
use crate::plan::Action;

/// Where the image keeps its arguments (bootc "kernel arguments").
const IMAGE_ARGUMENTS: &str = "/usr/lib/bootc/kargs.d";

/// Where boot entries live (UAPI Boot Loader Specification, type 1).
const BOOT_ENTRIES: &str = "/boot/loader/entries";

/// What installers write on every computer: no one's choice, though a setup may still ask to remove it.
const INSTALLER_ARGUMENTS: [&str; 3] = ["quiet", "rhgb", "splash"];

/// Reads `{"kargs": {"append": [...], "remove": [...]}}`.
pub(crate) fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    reader.know(root, &["kargs", "systemd", "udev", "selinux", "firmware_notes"]);
    let mut declarations = Declarations::new();
    let Some(kargs) = reader.object(root, "kargs")? else { return Ok(declarations) };
    reader.know(kargs, &["append", "remove"]);
    for (list, value) in [("append", Some(Value::Present)), ("remove", None)] {
        for entry in reader.list(kargs, list)? {
            let argument: KernelArgument = reader.name(entry, reader.string(list, entry)?)?;
            reader.declare(&mut declarations, entry, argument.as_str(), value.clone())?;
        }
    }
    Ok(declarations)
}

/// Splits a kernel command line; arguments with quotes or other unusual characters are left out.
fn parse(cmdline: &str) -> BTreeSet<KernelArgument> {
    cmdline.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[derive(Debug, Deserialize)]
struct KargsFile {
    kargs: Vec<String>,
}

fn image_arguments(host: &dyn Host) -> Result<BTreeSet<KernelArgument>, HostError> {
    let directory = host.at(IMAGE_ARGUMENTS);
    let mut arguments = BTreeSet::new();
    for name in host.list(&directory)?.iter().filter(|name| name.ends_with(".toml")) {
        let text = host.read(&directory.join(name))?.unwrap_or_default();
        // A file bootc itself could not read provides nothing.
        if let Ok(file) = toml::from_str::<KargsFile>(&text) {
            arguments.extend(file.kargs.iter().flat_map(|entry| parse(entry)));
        }
    }
    Ok(arguments)
}

/// The arguments of the next start.
///
/// # Errors
/// The tool or file that knows them cannot be read.
pub fn next_start(host: &dyn Host, kind: HostKind) -> Result<BTreeSet<KernelArgument>, HostError> {
    match kind {
        HostKind::Image | HostKind::Layered | HostKind::Ostree => {
            Ok(parse(&host.run(&Invocation::new("rpm-ostree", ["kargs"]))?.success("rpm-ostree")?))
        }
        HostKind::Package => match default_entry(host) {
            Ok(Some((_, options))) => Ok(parse(&options)),
            // Boot entries are private on some distributions; what runs is the best there is.
            Ok(None) | Err(_) => running(host),
        },
        HostKind::ImageOnly | HostKind::Composefs | HostKind::Container => running(host),
    }
}

fn running(host: &dyn Host) -> Result<BTreeSet<KernelArgument>, HostError> {
    Ok(parse(&host.read(&host.at("/proc/cmdline"))?.unwrap_or_default()))
}

/// The boot entry with the highest name, as boot loaders choose, and its options.
fn default_entry(host: &dyn Host) -> Result<Option<(String, String)>, HostError> {
    let Some(name) = entries(host)?.pop() else { return Ok(None) };
    let text = host.read(&host.at(BOOT_ENTRIES).join(&name))?.unwrap_or_default();
    let options: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("options")).map(str::trim).collect();
    Ok(Some((name, options.join(" "))))
}

fn entries(host: &dyn Host) -> Result<Vec<String>, HostError> {
    Ok(host.list(&host.at(BOOT_ENTRIES))?.into_iter().filter(|name| name.ends_with(".conf")).collect())
}

/// Adds and removes arguments in every boot entry of a package-mode system.
///
/// # Errors
/// There is no boot entry, or one cannot be read or replaced; entries are replaced one by one, atomically.
pub(crate) fn edit_entries(
    host: &dyn Host,
    add: &[&KernelArgument],
    remove: &[&KernelArgument],
) -> Result<(), HostError> {
    let names = entries(host)?;
    if names.is_empty() {
        return Err(HostError::Refused(format!("changing kernel arguments without a boot entry in {BOOT_ENTRIES}")));
    }
    for name in names {
        let path = host.at(BOOT_ENTRIES).join(name);
        let text = host.read(&path)?.unwrap_or_default();
        let edited = edit_options(&text, add, remove);
        if edited != text {
            host.write(&path, &edited)?;
        }
    }
    Ok(())
}

/// Replaces the `options` line of a boot entry; everything else stays byte for byte.
fn edit_options(entry: &str, add: &[&KernelArgument], remove: &[&KernelArgument]) -> String {
    let mut out = String::with_capacity(entry.len() + 64);
    let mut seen = false;
    for line in entry.split_inclusive('\n') {
        let Some(options) = line.strip_prefix("options").filter(|rest| rest.starts_with([' ', '\t'])) else {
            out.push_str(line);
            continue;
        };
        let mut words: Vec<&str> = options
            .split_ascii_whitespace()
            .filter(|word| !remove.iter().any(|argument| argument.as_str() == *word))
            .collect();
        if !seen {
            let missing = add
                .iter()
                .map(|argument| argument.as_str())
                .filter(|argument| !words.contains(argument))
                .collect::<Vec<_>>();
            words.extend(missing);
        }
        seen = true;
        out.push_str("options ");
        out.push_str(&words.join(" "));
        out.push_str(if line.ends_with('\n') { "\n" } else { "" });
    }
    if !seen && !add.is_empty() {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        let words: Vec<&str> = add.iter().map(|argument| argument.as_str()).collect();
        out.push_str(&format!("options {}\n", words.join(" ")));
    }
    out
}

/// Reads the kernel arguments of this computer.
pub(crate) fn observe(host: &dyn Host, system: &System, declared: &Declarations) -> Result<Observation, Problem> {
    let image = image_arguments(host)?;
    let running = running(host)?;
    let next = next_start(host, system.kind)?;
    let mut entries = BTreeMap::new();
    for argument in &next {
        let from_image = image.contains(argument);
        let own = !from_image && !argument.is_essential() && !INSTALLER_ARGUMENTS.contains(&argument.as_str());
        if own || declared.contains_key(argument.as_str()) {
            let fixed = match (from_image, argument.is_essential()) {
                (true, _) => Some("the image provides this argument; remove it in the recipe".to_owned()),
                (_, true) => Some("this argument belongs to the boot loader and the installer".to_owned()),
                _ => None,
            };
            let seen =
                Observed { own, fixed, after_restart: !running.contains(argument), ..Observed::of(Value::Present) };
            entries.insert(argument.to_string(), seen);
        }
    }
    for name in declared.keys().filter(|name| !entries.contains_key(*name)).cloned().collect::<Vec<_>>() {
        if name.parse().is_ok_and(|argument: KernelArgument| argument.is_essential()) {
            let fixed = Some("this argument belongs to the boot loader and the installer".to_owned());
            entries.insert(name, Observed { fixed, ..Observed::default() });
        }
    }
    for argument in running.difference(&next).filter(|argument| declared.contains_key(argument.as_str())) {
        entries.insert(argument.to_string(), Observed { after_restart: true, ..Observed::default() });
    }
    Ok(Observation { entries, cookie: None })
}

/// Kernel arguments.
#[derive(Debug)]
pub(super) struct KernelArguments;

impl Kind for KernelArguments {
    fn manifest(&self) -> Manifest {
        Manifest::SystemConfig
    }

    fn declared(&self, reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
        declared(reader, root)
    }

    fn observe(&self, look: &Look<'_>) -> Result<Observation, Problem> {
        observe(look.host, look.system, look.declared)
    }

    fn value(&self, json: &Json) -> Option<Value> {
        (json == &Json::Bool(true)).then_some(Value::Present)
    }

    /// What is to be there is not to be removed; what is not to be there is only no longer added.
    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let there = value.is_some();
        let edit = |path, there| Edit { path, entry: Entry::Word(key.to_owned()), there };
        (!there || value == Some(&Value::Present))
            .then(|| vec![edit(&["kargs", "append"], there), edit(&["kargs", "remove"], false)])
    }

    fn is_personal(&self) -> bool {
        false
    }

    fn effect(&self, _system: HostKind, _shape: Shape) -> Effect {
        Effect::Restart
    }

    fn privilege(&self, _value: Option<&Value>) -> Privilege {
        Privilege::Admin
    }

    /// Left to a reviewed plan.
    fn at_first_boot(&self, _system: HostKind, _part: Privilege) -> bool {
        false
    }

    fn actions(&self, change: &Change, _system: HostKind) -> Actions {
        let argument = change.id.key.parse();
        Ok(argument.map(|argument| match change.setup {
            Some(_) => vec![Action::AddKernelArgument { argument }],
            None => vec![Action::RemoveKernelArgument { argument }],
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recording::RecordingHost;

    fn argument(text: &str) -> KernelArgument {
        text.parse().unwrap()
    }

    #[test]
    fn only_the_options_line_of_an_entry_changes() {
        let entry = "title Fedora\noptions root=UUID=1 quiet  zswap.enabled=0\nlinux /vmlinuz\n";
        let edited = edit_options(entry, &[&argument("zswap.enabled=1")], &[&argument("zswap.enabled=0")]);
        assert_eq!(edited, "title Fedora\noptions root=UUID=1 quiet zswap.enabled=1\nlinux /vmlinuz\n");
        assert_eq!(edit_options(&edited, &[&argument("zswap.enabled=1")], &[]), edited);
        assert_eq!(edit_options("title x", &[&argument("a")], &[]), "title x\noptions a\n");
    }

    #[test]
    fn image_and_essential_arguments_are_no_changes() {
        let host = RecordingHost::default()
            .file("/usr/lib/bootc/kargs.d/10-os.toml", "kargs = [\"quiet rhgb\"]\n")
            .file("/proc/cmdline", "root=UUID=1 quiet rhgb ostree=/x mitigations=off\n")
            .prints("rpm-ostree kargs", "root=UUID=1 quiet rhgb ostree=/x mitigations=off zswap.enabled=1\n");
        let system = System { kind: HostKind::Image, ..System::probe(&RecordingHost::default()) };
        let seen = observe(&host, &system, &Declarations::new()).unwrap();
        assert_eq!(seen.entries.keys().collect::<Vec<_>>(), ["mitigations=off", "zswap.enabled=1"]);
        assert!(seen.entries["zswap.enabled=1"].after_restart);
    }
}
