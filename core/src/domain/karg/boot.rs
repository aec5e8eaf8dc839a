// SPDX-License-Identifier: GPL-3.0-or-later
//! Kernel arguments where packages make the system: boot entries (UAPI Boot Loader Specification, type 1), and
//! `/etc/kernel/cmdline`, from which kernel-install(8) makes the entry of the next kernel.
//!
//! Fedora's own tool is grubby(8), which changes both and GRUB's defaults. It replaces every value of a key it adds,
//! and takes every value of a key it removes without one, so all values that are to stay are named in the call.
//! Where there is no grubby (systemd-boot, a directory given as root) the files are changed here.
//!
//! Invariant: everything in a file but the arguments that change stays byte for byte; each file is replaced atomically.

use std::collections::BTreeMap;

use crate::host::{Host, HostError, Invocation};
use crate::name::KernelArgument;
use crate::problem::Problem;

/// Where boot entries live.
const ENTRIES: &str = "/boot/loader/entries";
/// What the entry of the next kernel begins with.
const NEXT_KERNEL: &str = "/etc/kernel/cmdline";

/// One boot entry's arguments, and whose they are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its `options`, as one line.
    pub(super) options: String,
    /// The tool that set an argument (bootc-loader-entries-set-options-for-source(8)), where one said so.
    pub(super) owners: BTreeMap<KernelArgument, String>,
    /// The words that are ours, as they stand there.
    pub(super) ours: Vec<String>,
}

impl Entry {
    /// Takes in a key of the entry that may name the source of some arguments.
    pub(super) fn note(&mut self, key: &str, words: &str) {
        let Some(source) = key.strip_prefix("x-options-source-") else { return };
        self.owners.extend(super::parse(words).into_iter().map(|argument| (argument, source.to_owned())));
        if source == super::OUR_SOURCE {
            self.ours = words.split_ascii_whitespace().map(str::to_owned).collect();
        }
    }
}

/// Reads one entry.
fn parse(text: &str) -> Entry {
    let mut entry = Entry::default();
    for line in text.lines() {
        let Some((key, rest)) = line.split_once([' ', '\t']) else { continue };
        if key == "options" {
            if !entry.options.is_empty() {
                entry.options.push(' ');
            }
            entry.options.push_str(rest.trim());
        } else {
            entry.note(key, rest);
        }
    }
    entry
}

/// The boot entry with the highest name, as boot loaders choose.
///
/// # Errors
/// Entries are private on some distributions.
pub(super) fn default_entry(host: &dyn Host) -> Result<Option<Entry>, HostError> {
    let Some(name) = names(host)?.pop() else { return Ok(None) };
    Ok(Some(parse(&host.read(&host.at(ENTRIES).join(&name))?.unwrap_or_default())))
}

fn names(host: &dyn Host) -> Result<Vec<String>, HostError> {
    Ok(host.list(&host.at(ENTRIES))?.into_iter().filter(|name| name.ends_with(".conf")).collect())
}

/// What the entry of the next kernel will begin with, where that is written down; anyone may read it.
pub(super) fn next_kernel(host: &dyn Host) -> Result<Option<String>, HostError> {
    host.read(&host.at(NEXT_KERNEL))
}

/// Adds and removes arguments for the next start and for every kernel to come.
///
/// # Errors
/// There is no boot entry, or a tool or file refuses; files are replaced one by one.
pub(crate) fn change(
    host: &dyn Host,
    add: &[&KernelArgument],
    remove: &[&KernelArgument],
    tool: &mut dyn FnMut(Invocation) -> Result<(), Problem>,
) -> Result<(), Problem> {
    if host.root().is_none() {
        let now = default_entry(host)?.map(|entry| entry.options).unwrap_or_default();
        match tool(grubby(&now, add, remove)?) {
            Err(problem) if problem.code == "command_missing" => {}
            Err(problem) => return Err(problem),
            // Older versions of it leave this file behind.
            Ok(()) => return Ok(edit_next_kernel(host, add, remove)?),
        }
    }
    edit_entries(host, add, remove)?;
    Ok(edit_next_kernel(host, add, remove)?)
}

/// The call that makes the change in every entry, given the arguments of one of them.
fn grubby(now: &str, add: &[&KernelArgument], remove: &[&KernelArgument]) -> Result<Invocation, Problem> {
    let is_removed = |word: &str| remove.iter().any(|argument| argument.as_str() == word);
    let key = |word: &str| word.split_once('=').map_or_else(|| word.to_owned(), |(key, _)| key.to_owned());
    let bare = remove.iter().filter(|argument| !argument.as_str().contains('='));
    let touched: Vec<&str> = add.iter().chain(bare).map(|argument| argument.key()).collect();
    let mut args: Vec<String> = Vec::new();
    for word in now.split_ascii_whitespace().filter(|word| touched.contains(&key(word).as_str()) && !is_removed(word)) {
        if word.parse::<KernelArgument>().is_err() {
            let message = format!("the boot entry has {word}, which cannot be kept safely");
            return Err(Problem::new("not_possible", message).hinted("Change these arguments with grubby by hand"));
        }
        args.push(word.to_owned());
    }
    for argument in add {
        if !args.iter().any(|word| word == argument.as_str()) {
            args.push(argument.to_string());
        }
    }
    let mut invocation = Invocation::new("grubby", ["--update-kernel=ALL"]);
    if !remove.is_empty() {
        let words: Vec<&str> = remove.iter().map(|argument| argument.as_str()).collect();
        invocation = invocation.arg(format!("--remove-args={}", words.join(" ")));
    }
    if !args.is_empty() {
        invocation = invocation.arg(format!("--args={}", args.join(" ")));
    }
    Ok(invocation)
}

/// Changes every boot entry.
fn edit_entries(host: &dyn Host, add: &[&KernelArgument], remove: &[&KernelArgument]) -> Result<(), HostError> {
    let names = names(host)?;
    if names.is_empty() {
        return Err(HostError::Refused(format!("changing kernel arguments without a boot entry in {ENTRIES}")));
    }
    for name in names {
        let path = host.at(ENTRIES).join(name);
        let text = host.read(&path)?.unwrap_or_default();
        let edited = edit_options(&text, add, remove);
        if edited != text {
            host.write(&path, &edited)?;
        }
    }
    Ok(())
}

/// Changes what the entry of the next kernel begins with, where that is written down.
fn edit_next_kernel(host: &dyn Host, add: &[&KernelArgument], remove: &[&KernelArgument]) -> Result<(), HostError> {
    let Some(text) = next_kernel(host)? else { return Ok(()) };
    let edited = words(&text, add, remove);
    if text.split_ascii_whitespace().eq(edited.iter().copied()) {
        return Ok(());
    }
    host.write(&host.at(NEXT_KERNEL), &format!("{}\n", edited.join(" ")))
}

/// The words of a command line without those that go, and with those that come at its end.
fn words<'w>(line: &'w str, add: &[&'w KernelArgument], remove: &[&KernelArgument]) -> Vec<&'w str> {
    let stays = |word: &&str| !remove.iter().any(|argument| argument.as_str() == *word);
    let mut words: Vec<&str> = line.split_ascii_whitespace().filter(stays).collect();
    for argument in add {
        if !words.contains(&argument.as_str()) {
            words.push(argument.as_str());
        }
    }
    words
}

/// Replaces the `options` lines of a boot entry; what is added comes to the first one.
fn edit_options(entry: &str, add: &[&KernelArgument], remove: &[&KernelArgument]) -> String {
    let mut out = String::with_capacity(entry.len() + 64);
    let mut add = add;
    for line in entry.split_inclusive('\n') {
        let Some(options) = line.strip_prefix("options").filter(|rest| rest.starts_with([' ', '\t'])) else {
            out.push_str(line);
            continue;
        };
        let edited = words(options, std::mem::take(&mut add), remove);
        if options.split_ascii_whitespace().eq(edited.iter().copied()) {
            out.push_str(line);
            continue;
        }
        out.push_str("options ");
        out.push_str(&edited.join(" "));
        out.push_str(if line.ends_with('\n') { "\n" } else { "" });
    }
    if !add.is_empty() {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(&format!("options {}\n", words("", add, remove).join(" ")));
    }
    out
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
        assert_eq!(edit_options(entry, &[&argument("quiet")], &[&argument("rhgb")]), entry);
        assert_eq!(edit_options("title x", &[&argument("a")], &[]), "title x\noptions a\n");
    }

    #[test]
    fn an_entry_says_whose_an_argument_is() {
        let sources = "x-options-source-tuned a=1 skew_tick=1\nx-options-source-bkt b \"c\"\n";
        let entry = parse(&format!("title x\noptions root=UUID=1 a=1\noptions b\n{sources}"));
        assert_eq!(entry.options, "root=UUID=1 a=1 b");
        assert_eq!(entry.ours, ["b", "\"c\""], "what cannot be an item is not lost");
        assert_eq!(entry.owners.get(&argument("a=1")).map(String::as_str), Some("tuned"));
    }

    #[test]
    fn grubby_is_told_every_value_of_a_key_that_stays() {
        let said = |now: &str, add: &[&str], remove: &[&str]| {
            let parse = |words: &[&str]| words.iter().map(|word| argument(word)).collect::<Vec<_>>();
            let (add, remove) = (parse(add), parse(remove));
            grubby(now, &add.iter().collect::<Vec<_>>(), &remove.iter().collect::<Vec<_>>())
                .map(|invocation| invocation.to_string())
        };
        assert_eq!(said("ro quiet", &["a=1"], &[]).unwrap(), "grubby --update-kernel=ALL --args=a=1");
        assert_eq!(
            said("console=tty0 quiet", &["console=ttyS0,115200n8"], &[]).unwrap(),
            "grubby --update-kernel=ALL '--args=console=tty0 console=ttyS0,115200n8'"
        );
        assert_eq!(
            said("a=1 a=2", &["a=3"], &["a=1"]).unwrap(),
            "grubby --update-kernel=ALL --remove-args=a=1 '--args=a=2 a=3'"
        );
        assert_eq!(said("a=1 a=2", &[], &["a=1"]).unwrap(), "grubby --update-kernel=ALL --remove-args=a=1");
        assert_eq!(
            said("foo foo=1 quiet", &[], &["foo"]).unwrap(),
            "grubby --update-kernel=ALL --remove-args=foo --args=foo=1"
        );
        assert!(said("a=\"x\"", &["a=1"], &[]).is_err(), "a value that cannot be named is not lost");
    }

    #[test]
    fn without_grubby_entries_and_the_next_kernel_are_changed_and_with_it_only_what_it_left() {
        let host = || {
            RecordingHost::default()
                .file("/boot/loader/entries/a.conf", "options root=UUID=1 old\n")
                .file("/etc/kernel/cmdline", "root=UUID=1 old\n")
        };
        let run = |host: &RecordingHost| {
            let mut tool = |invocation: Invocation| {
                host.run(&invocation)?.success("grubby")?;
                Ok(())
            };
            change(host, &[&argument("new")], &[&argument("old")], &mut tool).unwrap();
            host.effects()
        };
        let plain = host();
        assert_eq!(run(&plain), ["write /boot/loader/entries/a.conf", "write /etc/kernel/cmdline"]);
        assert_eq!(next_kernel(&plain).unwrap().unwrap(), "root=UUID=1 new\n");
        let grubby = "grubby --update-kernel=ALL --remove-args=old --args=new";
        assert_eq!(run(&host().prints(grubby, "")), [grubby, "write /etc/kernel/cmdline"]);
    }
}
