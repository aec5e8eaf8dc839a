// SPDX-License-Identifier: GPL-3.0-or-later
//! Kernel arguments: declared in `system-config.json`, observed for the running and the next start.
//!
//! A setup is met by the arguments of the *next* start; one that does not run yet waits for the restart.
//! Arguments the image provides (`/usr/lib/bootc/kargs.d/*.toml`) and those that find and start the system
//! are never a change, and the image's are never removed on one computer (bootc documents that as undefined).
//!
//! Invariant: arguments are compared as a set of whole arguments: `console=tty0` and `console=ttyS0` are two items,
//! the same one twice on a command line is one.

use std::collections::{BTreeMap, BTreeSet};

use jsonc_parser::ast::Object;
use serde::Serialize;
use serde_json::Value as Json;

use crate::compare::{Change, Effect, Privilege, Shape};
use crate::deployment::{HostKind, System};
use crate::host::{Host, HostError, Invocation};
use crate::i18n::{fill, gettext};
use crate::manifest::place::{Edit, Entry};
use crate::manifest::{Declaration, Declarations, Manifest, ManifestError, Reader, named};
use crate::name::KernelArgument;
use crate::problem::Problem;
use crate::value::Value;

use super::{Actions, Kind, Look, Observation, Observed};
use crate::plan::{Action, Deferral};

pub(crate) use boot::change;

mod boot;
pub(crate) mod image;
pub(crate) mod ours;
mod staged;

/// What installers write on every computer: no one's choice, though a setup may still ask to remove it.
const INSTALLER_ARGUMENTS: [&str; 3] = ["quiet", "rhgb", "splash"];

/// The file the recipe writes the setup's arguments to.
pub const OUR_FILE: &str = "50-bkt.toml";

/// What Bucket calls itself in boot entries.
const OUR_SOURCE: &str = "bkt";

/// Reads `{"kargs": {"append": [...], "remove": [...]}}`.
pub(crate) fn declared(reader: &mut Reader, root: &Object<'_>) -> Result<Declarations, ManifestError> {
    reader.know(root, &["kargs", "systemd", "udev", "selinux", "firmware_notes"]);
    let mut declarations = Declarations::new();
    let Some(kargs) = reader.object(root, "kargs")? else { return Ok(declarations) };
    reader.know(kargs, &["append", "remove"]);
    for (list, value) in [("append", Some(Value::Present)), ("remove", None)] {
        reader.each(reader.list(kargs, list)?, named(&[]), |reader, entry| {
            let argument: KernelArgument = reader.name(entry, reader.string(list, entry)?)?;
            reader.declare(&mut declarations, entry, argument.as_str(), value.clone())
        });
    }
    Ok(declarations)
}

/// Splits a kernel command line; arguments with quotes or other unusual characters are left out.
fn parse(cmdline: &str) -> Vec<KernelArgument> {
    cmdline.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// The arguments of the next start.
///
/// # Errors
/// The tool or file that knows them cannot be read.
pub fn next_start(host: &dyn Host, kind: HostKind) -> Result<BTreeSet<KernelArgument>, HostError> {
    match kind {
        HostKind::Image | HostKind::Layered | HostKind::Ostree => {
            let said = host.run(&Invocation::new("rpm-ostree", ["kargs"]))?.success("rpm-ostree")?;
            Ok(parse(&said).into_iter().collect())
        }
        HostKind::Package => match boot::default_entry(host) {
            Ok(Some(entry)) => Ok(parse(&entry.options).into_iter().collect()),
            // Boot entries are private on some distributions; what they are made from is not.
            Ok(None) | Err(_) => match boot::next_kernel(host)? {
                Some(text) => Ok(parse(&text).into_iter().collect()),
                None => running(host),
            },
        },
        // Boot entries may be private; without anything staged the next start is as this one.
        HostKind::ImageOnly => match staged::entry(host)?.or_else(|| boot::default_entry(host).ok().flatten()) {
            Some(entry) => Ok(parse(&entry.options).into_iter().collect()),
            None => running(host),
        },
        HostKind::Composefs | HostKind::Container => running(host),
    }
}

fn running(host: &dyn Host) -> Result<BTreeSet<KernelArgument>, HostError> {
    Ok(parse(&host.read(&host.at("/proc/cmdline"))?.unwrap_or_default()).into_iter().collect())
}

/// The first of some arguments that the image provides, with the file that does: such a one is never removed on
/// one computer.
///
/// # Errors
/// The image cannot be read.
pub(crate) fn from_image<'a>(
    host: &dyn Host,
    system: &System,
    arguments: &[&'a KernelArgument],
) -> Result<Option<(&'a KernelArgument, String)>, HostError> {
    let image = image::provided(host, system)?;
    Ok(arguments.iter().find_map(|argument| Some((*argument, image.get(*argument)?.clone()))))
}

/// Whose an argument is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Source {
    /// The image's, from this file of its `kargs.d`.
    Image {
        /// The file's name.
        file: String,
    },
    /// Another tool's, which says so in the boot entry.
    Tool {
        /// What it calls itself.
        name: String,
    },
    /// The boot loader's or the installer's: it finds and starts the system.
    Start,
    /// The installer's, on every computer.
    Installer,
    /// The setup's.
    Setup,
    /// Someone's, on this computer alone.
    Computer,
}

impl Source {
    /// Why an argument of this source is not removed on one computer.
    fn keeps(&self) -> Option<String> {
        match self {
            Self::Image { file } => Some(fill(
                &gettext(
                    "the image provides it in {file}, and bootc does not remove such an argument on one computer; \
                     remove it in the recipe",
                ),
                &[("file", &format!("{}/{file}", image::DIRECTORY))],
            )),
            Self::Tool { name } => Some(fill(&gettext("{tool} sets it and would set it again"), &[("tool", name)])),
            Self::Start => Some(gettext("it belongs to the boot loader and the installer")),
            Self::Installer | Self::Setup | Self::Computer => None,
        }
    }

    /// Whether someone chose it for this computer, so that it counts without the setup saying so.
    const fn is_choice(&self) -> bool {
        matches!(self, Self::Setup | Self::Computer)
    }
}

/// All that is known about one argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Which.
    pub argument: KernelArgument,
    /// Whether it runs now.
    pub running: bool,
    /// Whether it is there after a restart.
    pub next: bool,
    /// What the setup says: there, not there, or nothing.
    pub setup: Option<bool>,
    /// Whose it is.
    pub from: Source,
}

/// Every argument that runs, comes, or is in the setup, by name.
///
/// # Errors
/// The arguments of this computer cannot be read.
pub fn facts(host: &dyn Host, system: &System, declared: &Declarations) -> Result<Vec<Fact>, HostError> {
    Ok(facts_beside(host, system, declared)?.0)
}

/// The same, beside the boot entry of the next start, where it can be read.
fn facts_beside(
    host: &dyn Host,
    system: &System,
    declared: &Declarations,
) -> Result<(Vec<Fact>, Option<boot::Entry>), HostError> {
    let image = image::provided(host, system)?;
    let (running, next) = (running(host)?, next_start(host, system.kind)?);
    // Boot entries may be private; then nobody can be named but the image.
    let entry = if system.kind.is_image_based() { ours::next_entry(host) } else { boot::default_entry(host) };
    let entry = entry.ok().flatten();
    let owners = entry.as_ref().map(|entry| &entry.owners);
    let said: BTreeMap<KernelArgument, Option<bool>> = declared
        .iter()
        .filter_map(|(key, said)| Some((key.parse().ok()?, (said.line > 0).then_some(said.value.is_some()))))
        .collect();
    let all: BTreeSet<&KernelArgument> = running.iter().chain(&next).chain(image.keys()).chain(said.keys()).collect();
    // The boot loader adds some itself at every start: nobody wrote them down.
    let is_added = |argument: &KernelArgument| {
        argument.is_essential() && running.contains(argument) && !next.iter().any(|next| next.key() == argument.key())
    };
    let fact = |argument: &KernelArgument| {
        let setup = said.get(argument).copied().flatten();
        let from = match (image.get(argument), owners.and_then(|owners| owners.get(argument))) {
            (Some(file), _) => Source::Image { file: file.clone() },
            _ if argument.is_essential() => Source::Start,
            (None, Some(name)) if name != OUR_SOURCE => Source::Tool { name: name.clone() },
            _ if setup == Some(true) => Source::Setup,
            _ if INSTALLER_ARGUMENTS.contains(&argument.as_str()) => Source::Installer,
            _ => Source::Computer,
        };
        Fact {
            argument: argument.clone(),
            running: running.contains(argument),
            next: next.contains(argument) || is_added(argument),
            setup,
            from,
        }
    };
    let facts = all.into_iter().map(fact).collect();
    Ok((facts, entry))
}

/// Reads the kernel arguments of this computer.
pub(crate) fn observe(host: &dyn Host, system: &System, declared: &Declarations) -> Result<Observation, Problem> {
    let mut entries = BTreeMap::new();
    let (facts, entry) = facts_beside(host, system, declared)?;
    // Asked only where something is to change.
    let lack = std::cell::OnceCell::new();
    let lack = || lack.get_or_init(|| ours::lack(host)).clone();
    // Where bootc alone sets them, what it could not take out.
    let beyond = |argument: &KernelArgument| match (system.kind, &entry) {
        (HostKind::ImageOnly, Some(entry)) => ours::not_ours(argument, entry).or_else(lack),
        (HostKind::ImageOnly, None) => lack(),
        _ => None,
    };
    for fact in facts {
        let own = fact.next && fact.from.is_choice();
        let declaration = declared.get(fact.argument.as_str());
        if !own && declaration.is_none() {
            continue;
        }
        // What is to come is added whoever brought it before; only what is to go may be someone else's.
        let is_wanted = declaration.is_some_and(|said| said.value.is_some());
        let fixed = match &fact.from {
            Source::Start => fact.from.keeps(),
            _ if fact.argument.gives_root() => {
                Some(gettext("it can give root to whoever starts the computer; only an image may have it"))
            }
            _ if is_wanted => None,
            from if fact.next => from.keeps().or_else(|| beyond(&fact.argument)),
            from => from.keeps(),
        };
        let by_image = is_wanted
            && !fact.next
            && match system.kind {
                HostKind::ImageOnly => lack().is_some(),
                kind => kind == HostKind::Composefs,
            };
        let seen = Observed {
            value: fact.next.then_some(Value::Present),
            own,
            fixed,
            by_image,
            after_restart: fact.running != fact.next,
            ..Observed::default()
        };
        entries.insert(fact.argument.to_string(), seen);
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
        json.as_bool().map(|there| if there { Value::Present } else { Value::Absent })
    }

    /// What is to be there is not to be removed, and the other way round; what the setup says nothing about is in
    /// neither list.
    fn places(&self, key: &str, value: Option<&Value>) -> Option<Vec<Edit>> {
        let (append, remove) = match value {
            None => (false, false),
            Some(Value::Present) => (true, false),
            Some(Value::Absent) => (false, true),
            Some(_) => return None,
        };
        let edit = |path, there| Edit { path, entry: Entry::Word(key.to_owned()), there };
        Some(vec![edit(&["kargs", "append"], append), edit(&["kargs", "remove"], remove)])
    }

    fn written(&self, declaration: &Declaration) -> Option<Value> {
        Some(declaration.value.clone().unwrap_or(Value::Absent))
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

    fn actions(&self, change: &Change, system: HostKind) -> Actions {
        match (system, &change.setup) {
            // Only the image has a say there.
            (HostKind::Composefs, Some(_)) => return Err(Deferral::NextImage),
            (HostKind::Composefs, None) => return Err(Deferral::Fixed),
            (HostKind::ImageOnly, Some(_)) if change.effect == Effect::Image => return Err(Deferral::OlderBootc),
            _ => {}
        }
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
    use crate::item::Domain;

    fn facts_of(host: &RecordingHost, kind: HostKind, config: &str) -> Vec<Fact> {
        let system = System { kind, ..System::probe(&RecordingHost::default()) };
        let (declared, _) = Reader::declarations(Manifest::SystemConfig, Domain::Karg, config).unwrap();
        facts(host, &system, &declared).unwrap()
    }

    #[test]
    fn each_argument_says_where_it_is_and_whose_it_is() {
        let host = RecordingHost::default()
            .file("/usr/lib/bootc/kargs.d/10-os.toml", "kargs = [\"quiet\"]\n")
            .file("/proc/cmdline", "root=UUID=1 quiet console=tty0 a=1\n")
            .file("/boot/loader/entries/o.conf", "options x\nx-options-source-tuned skew_tick=1\n")
            .prints("rpm-ostree kargs", "root=UUID=1 quiet console=tty0 console=ttyS0 skew_tick=1 rhgb\n");
        let config = r#"{"kargs": {"append": ["console=ttyS0", "b=2"], "remove": ["quiet", "a=1"]}}"#;
        let told: Vec<String> = facts_of(&host, HostKind::Image, config)
            .iter()
            .map(|fact| {
                let setup = fact.setup.map_or("-", |there| if there { "yes" } else { "no" });
                let from = serde_json::json!(fact.from);
                format!("{} {} {} {setup} {}", fact.argument, fact.running, fact.next, from["kind"].as_str().unwrap())
            })
            .collect();
        assert_eq!(
            told,
            [
                "a=1 true false no computer",
                "b=2 false false yes setup",
                "console=tty0 true true - computer",
                "console=ttyS0 false true yes setup",
                "quiet true true no image",
                "rhgb false true - installer",
                "root=UUID=1 true true - start",
                "skew_tick=1 false true - tool",
            ]
        );
    }

    #[test]
    fn what_the_image_provides_is_never_taken_out_here_but_a_second_console_is() {
        let host = RecordingHost::default()
            .file("/usr/lib/bootc/kargs.d/10-os.toml", "kargs = [\"quiet\"]\n")
            .file("/proc/cmdline", "quiet console=tty0 console=ttyS0\n")
            .prints("rpm-ostree kargs", "quiet console=tty0 console=ttyS0\n");
        let system = System { kind: HostKind::Image, ..System::probe(&RecordingHost::default()) };
        let config = r#"{"kargs": {"append": ["console=tty0"], "remove": ["quiet", "console=ttyS0"]}}"#;
        let (declared, _) = Reader::declarations(Manifest::SystemConfig, Domain::Karg, config).unwrap();
        let seen = observe(&host, &system, &declared).unwrap().entries;
        let why = seen["quiet"].fixed.as_deref().unwrap();
        assert!(why.contains("/usr/lib/bootc/kargs.d/10-os.toml") && why.contains("recipe"), "{why}");
        assert_eq!(seen["console=ttyS0"].fixed, None);
        assert_eq!(seen["console=tty0"].value, Some(Value::Present));
        let quiet: KernelArgument = "quiet".parse().unwrap();
        assert!(from_image(&host, &system, &[&quiet]).unwrap().is_some(), "the executor asks, too");
    }

    #[test]
    fn what_a_staged_image_brings_is_no_change() {
        let staged = crate::deployment::Deployment {
            id: "c0.0".into(),
            stateroot: Some("default".into()),
            ..crate::deployment::Deployment::default()
        };
        let system = System {
            kind: HostKind::Image,
            next: Some(staged.id.clone()),
            staged: Some(staged),
            ..System::probe(&RecordingHost::default())
        };
        let host = RecordingHost::default()
            .file("/ostree/deploy/default/deploy/c0.0/usr/lib/bootc/kargs.d/10-os.toml", "kargs = [\"new=1\"]\n")
            .file("/proc/cmdline", "root=UUID=1\n")
            .prints("rpm-ostree kargs", "root=UUID=1 new=1\n");
        assert!(observe(&host, &system, &Declarations::new()).unwrap().entries.is_empty());
    }

    #[test]
    fn where_boot_entries_are_private_the_next_kernel_tells() {
        let host = RecordingHost::default()
            .file("/proc/cmdline", "BOOT_IMAGE=x root=UUID=1\n")
            .file("/etc/kernel/cmdline", "root=UUID=1 a=1\n");
        let told = facts_of(&host, HostKind::Package, "{}");
        let a = told.iter().find(|fact| fact.argument.as_str() == "a=1").unwrap();
        assert_eq!((a.running, a.next, &a.from), (false, true, &Source::Computer));
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
