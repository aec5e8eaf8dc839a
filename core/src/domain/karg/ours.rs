// SPDX-License-Identifier: GPL-3.0-or-later
//! Kernel arguments where bootc alone sets them: bootc-loader-entries-set-options-for-source(8). Each source has a set
//! of arguments that is replaced as a whole, for the next start; the set is in the boot entry, so it tells whose an
//! argument is.
//!
//! bootc learnt it in 1.15.2 and needs libostree 2026.1, which keeps the sets until the shutdown writes the entry. The
//! command's `--help` says nothing about the library, so both versions are looked at.
//!
//! Invariant: an argument that is there without us is never taken into our set, because bootc would take it away with
//! the set; and no other source's set is named.

use crate::deployment::System;
use crate::host::{Host, HostError, Invocation};
use crate::i18n::{fill, gettext};
use crate::name::KernelArgument;
use crate::problem::Problem;

use super::boot::Entry;
use super::{OUR_SOURCE, boot, staged};

/// The first bootc with the command.
const BOOTC: [u32; 3] = [1, 15, 2];
/// The first libostree that keeps what it writes.
const OSTREE: [u32; 3] = [2026, 1, 0];

/// The boot entry of the next start; `None` where nothing is staged and there are no entries.
///
/// # Errors
/// Entries are private on some distributions.
pub(super) fn next_entry(host: &dyn Host) -> Result<Option<Entry>, HostError> {
    match staged::entry(host)? {
        Some(entry) => Ok(Some(entry)),
        None => boot::default_entry(host),
    }
}

/// Why bootc cannot set arguments on this computer, `None` where it can.
pub(super) fn lack(host: &dyn Host) -> Option<String> {
    let version = |program: &str, find: fn(&str) -> Option<&str>| {
        let output = host.run(&Invocation::new(program, ["--version"])).ok()?;
        let text = output.success(program).ok()?;
        find(&text).map(|version| version.trim_matches(['\'', '"']).to_owned())
    };
    let bootc = version("bootc", |text| text.split_whitespace().nth(1));
    let ostree =
        version("ostree", |text| text.lines().find_map(|line| line.trim().strip_prefix("Version:")?.trim().into()));
    let is_enough =
        |version: &Option<String>, least| version.as_deref().is_some_and(|version| numbers(version) >= least);
    if is_enough(&bootc, BOOTC) && is_enough(&ostree, OSTREE) {
        return None;
    }
    let unknown = gettext("unknown");
    let values = [("bootc", bootc.as_ref().unwrap_or(&unknown)), ("ostree", ostree.as_ref().unwrap_or(&unknown))];
    let sentence = gettext(
        "bootc sets kernel arguments on one computer from 1.15.2 on, with libostree 2026.1; here are bootc {bootc} \
         and libostree {ostree}",
    );
    Some(fill(&sentence, &values.map(|(name, value)| (name, value.as_str()))))
}

/// `1.15.2-dev` to 1, 15, 2.
fn numbers(version: &str) -> [u32; 3] {
    let mut numbers = version.split(['.', '-', '~', '+']).map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

/// Why an argument that is there cannot be taken out here, where that is so.
pub(super) fn not_ours(argument: &KernelArgument, entry: &Entry) -> Option<String> {
    let is_ours = entry.ours.iter().any(|word| word == argument.as_str());
    (!is_ours).then(|| gettext("bootc takes out on one computer only what was added there, and Bucket did not add it"))
}

/// The command that adds and removes arguments for the next start; `None` where it would change nothing.
///
/// # Errors
/// bootc of this computer cannot, the next start is of another version, or something would be lost.
pub(crate) fn command(
    host: &dyn Host,
    system: &System,
    add: &[&KernelArgument],
    remove: &[&KernelArgument],
) -> Result<Option<Vec<String>>, Problem> {
    let refused = |message: String| Problem::new("not_possible", message);
    let entry = next_entry(host)?.ok_or_else(|| refused(gettext("there is no boot entry to take arguments from")))?;
    let there: Vec<&str> = entry.options.split_ascii_whitespace().collect();
    let is_there = |argument: &KernelArgument| there.contains(&argument.as_str());
    let add: Vec<&&KernelArgument> = add.iter().filter(|argument| !is_there(argument)).collect();
    let remove: Vec<&&KernelArgument> = remove.iter().filter(|argument| is_there(argument)).collect();
    if add.is_empty() && remove.is_empty() {
        return Ok(None);
    }
    if let Some(lack) = lack(host) {
        return Err(refused(lack).hinted(gettext("Add them to the recipe: bkt admin kargs append --setup-only")));
    }
    if system.staged.as_ref().is_some_and(|staged| staged.download_only) {
        let message =
            gettext("a version that was only downloaded waits, and the restart would drop it and these arguments");
        return Err(refused(message).hinted(gettext("Prepare it first: bkt admin bootc upgrade")));
    }
    if system.staged.is_none() && system.next_start().is_some() {
        let message = gettext("the next start uses another version of the system, and bootc would set it aside");
        return Err(refused(message).hinted(gettext("Restart first, then do it again")));
    }
    if let Some(argument) = remove.iter().find(|argument| not_ours(argument, &entry).is_some()) {
        let message = gettext("{argument} was not added by Bucket, and bootc takes out on one computer only what was");
        return Err(refused(fill(&message, &[("argument", argument.as_str())])));
    }
    // What was ours and is no longer on the command line was taken out by someone: libostree 2026.2 may keep it in the
    // set for all that (ostree#3609).
    let stays = |word: &&String| {
        there.contains(&word.as_str()) && !remove.iter().any(|argument| argument.as_str() == word.as_str())
    };
    let kept: Vec<&String> = entry.ours.iter().filter(stays).collect();
    if let Some(word) = kept.iter().find(|word| word.parse::<KernelArgument>().is_err()) {
        let message = gettext("the boot entry has {word} as Bucket’s, which cannot be kept safely");
        return Err(refused(fill(&message, &[("word", word)])));
    }
    let set: Vec<&str> = kept.into_iter().map(String::as_str).chain(add.iter().map(|new| new.as_str())).collect();
    let mut words: Vec<String> =
        ["bootc", "loader-entries", "set-options-for-source", "--source", OUR_SOURCE].map(str::to_owned).into();
    // Without any, the source is forgotten.
    if !set.is_empty() {
        words.push(format!("--options={}", set.join(" ")));
    }
    Ok(Some(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Effect, Origin};
    use crate::deployment::{Deployment, HostKind};
    use crate::host::recording::RecordingHost;
    use crate::item::{Domain, ItemId};
    use crate::plan::{Action, Plan, Preconditions, Step};
    use crate::run::administrator::{SystemctlRoot, perform};

    /// `{'kargs': <['root=UUID=1', 'a=1']>, 'bootconfig-extra': <{'x-options-source-bkt': 'a=1'}>, 'locked': <false>}`
    /// as GLib serialises it.
    const STAGED: &str = "kargs\0\0\0root=UUID=1\0a=1\0\x0c\x10\0as\x06\0\0bootconfig-extra\0\0\0\0\0\0\0\0\
        x-options-source-bkt\0a=1\0\x15\x1a\0a{ss}\x11\0\0\0\0\0\0locked\0\0\0\0b\x07\x1eZl";

    fn host(bootc: &str, ostree: &str) -> RecordingHost {
        RecordingHost::default()
            .prints("bootc --version", &format!("bootc {bootc}\n"))
            .prints("ostree --version", &format!("libostree:\n Version: '{ostree}'\n Features:\n  - libcurl\n"))
    }

    fn system() -> System {
        System { kind: HostKind::ImageOnly, ..System::probe(&RecordingHost::default()) }
    }

    fn said(host: &RecordingHost, system: &System, add: &[&str], remove: &[&str]) -> Result<Option<String>, Problem> {
        let parse = |words: &[&str]| words.iter().map(|word| word.parse().unwrap()).collect::<Vec<KernelArgument>>();
        let (add, remove) = (parse(add), parse(remove));
        let words = command(host, system, &add.iter().collect::<Vec<_>>(), &remove.iter().collect::<Vec<_>>())?;
        Ok(words.map(|words| words[3..].join(" ")))
    }

    #[test]
    fn both_versions_count_and_neither_is_guessed() {
        for (bootc, ostree) in [("1.15.2", "2026.1"), ("1.16.9", "2026.3"), ("2.0.0", "2027.1")] {
            assert_eq!(lack(&host(bootc, ostree)), None, "{bootc} {ostree}");
        }
        for (bootc, ostree) in [("1.15.1", "2026.1"), ("1.16.9", "2025.7"), ("0.1.17", "2026.2"), ("1.15", "2026.1")] {
            let why = lack(&host(bootc, ostree)).unwrap();
            assert!(why.contains(&format!("bootc {bootc} and libostree {ostree}")), "{why}");
        }
        let why = lack(&RecordingHost::default().prints("bootc --version", "bootc 1.16.9\n")).unwrap();
        assert!(why.ends_with("libostree unknown"), "{why}");
    }

    #[test]
    fn our_set_is_named_as_a_whole_and_nobody_elses_is_taken_in() {
        let entry = "options root=UUID=1 quiet a=1 b=2 skew_tick=1\nx-options-source-bkt a=1 b=2 gone=1\n\
                     x-options-source-tuned skew_tick=1\n";
        let host = host("1.16.9", "2026.1").file("/boot/loader/entries/ostree-1.conf", entry);
        let said =
            |add: &[&str], remove: &[&str]| said(&host, &system(), add, remove).map_err(|problem| problem.message);
        assert_eq!(said(&["c=3", "quiet"], &["a=1"]).unwrap().unwrap(), "--source bkt --options=b=2 c=3");
        assert_eq!(said(&[], &["a=1", "b=2"]).unwrap().unwrap(), "--source bkt");
        assert_eq!(said(&["a=1", "quiet"], &["none"]), Ok(None), "what is so already needs no bootc");
        for argument in ["quiet", "skew_tick=1"] {
            assert!(said(&[], &[argument]).unwrap_err().starts_with(argument));
        }
    }

    #[test]
    fn what_is_staged_comes_before_the_entries() {
        let host = host("1.16.9", "2026.1")
            .file("/boot/loader/entries/ostree-1.conf", "options root=UUID=1 old\nx-options-source-bkt old\n")
            .file("/run/ostree/staged-deployment", STAGED);
        assert_eq!(said(&host, &system(), &["b=2"], &[]).unwrap().unwrap(), "--source bkt --options=a=1 b=2");
        let host = host.file("/run/ostree/staged-deployment-locked", "");
        assert_eq!(said(&host, &system(), &[], &["old"]).unwrap().unwrap(), "--source bkt");
        let host = host.file("/run/ostree/staged-deployment", "none of ostree’s");
        assert_eq!(said(&host, &system(), &[], &["old"]).unwrap().unwrap(), "--source bkt", "nobody starts that one");
        let broken = RecordingHost::default().file("/run/ostree/staged-deployment", "none of ostree’s");
        assert!(said(&broken, &system(), &["b=2"], &[]).is_err());
    }

    #[test]
    fn nothing_that_waits_is_dropped() {
        let host = host("1.16.9", "2026.1").file("/boot/loader/entries/ostree-1.conf", "options root=UUID=1\n");
        let other = |download_only| Deployment { id: "b.0".into(), download_only, ..Deployment::default() };
        let only_downloaded = System { staged: Some(other(true)), next: Some("b.0".into()), ..system() };
        let going_back = System { rollback: Some(other(false)), next: Some("b.0".into()), ..system() };
        for system in [only_downloaded, going_back] {
            assert_eq!(said(&host, &system, &["a=1"], &[]).unwrap_err().code, "not_possible");
        }
        let prepared = System { staged: Some(other(false)), next: Some("b.0".into()), ..system() };
        assert!(said(&host, &prepared, &["a=1"], &[]).unwrap().is_some());
    }

    #[test]
    fn a_word_that_cannot_be_named_is_not_lost() {
        let entry = "options root=UUID=1 x=\"1\"\nx-options-source-bkt x=\"1\"\n";
        let host = host("1.16.9", "2026.1").file("/boot/loader/entries/ostree-1.conf", entry);
        assert!(said(&host, &system(), &["a=1"], &[]).unwrap_err().message.contains("x=\"1\""));
    }

    #[test]
    fn the_executor_asks_pid_1_once_for_all_and_claims_only_what_it_reads_back() {
        let command = "systemd-run --quiet --collect --wait --pipe --service-type=exec -- \
                       bootc loader-entries set-options-for-source --source bkt '--options=b=2 c=3'";
        let line = format!("root=UUID=1 a=1 ostree=/ostree/boot.1/default/{}/0\n", "b007".repeat(16));
        let host = host("1.16.9", "2026.1")
            .file("/run/ostree-booted", "")
            .file("/proc/cmdline", &line)
            .file("/boot/loader/entries/ostree-1.conf", &format!("options {line}x-options-source-bkt a=1\n"))
            .prints(command, "");
        let step = |key: &str, action| {
            Step::apply(ItemId::new(Domain::Karg, key), action, Effect::Restart, Origin::SetupChanged)
        };
        let argument = |key: &str| key.parse::<KernelArgument>().unwrap();
        let plan = |steps: Vec<Step>| {
            let kernel_arguments = [("a=1", true), ("b=2", false), ("c=3", false)];
            let preconditions = Preconditions {
                deployment: System::probe(&host).deployment_id().to_owned(),
                kernel_arguments: kernel_arguments.map(|(key, there)| (argument(key), there)).into(),
                ..Preconditions::default()
            };
            Plan::new(preconditions, steps, Vec::new())
        };
        let changing = plan(vec![
            step("b=2", Action::AddKernelArgument { argument: argument("b=2") }),
            step("c=3", Action::AddKernelArgument { argument: argument("c=3") }),
            step("a=1", Action::RemoveKernelArgument { argument: argument("a=1") }),
        ]);
        changing.check().unwrap();
        let run = |plan: &Plan| perform(plan, &host, &SystemctlRoot(&host), &|| false, &mut |_| {}).unwrap();
        let results = run(&changing);
        let codes = results.iter().map(|result| result.problem.as_ref().map(|problem| problem.code.as_str()));
        assert_eq!(codes.collect::<Vec<_>>(), [Some("unverified"); 3], "this bootc did nothing");
        assert_eq!(host.effects().iter().filter(|effect| *effect == command).count(), 1);
        let same = plan(vec![step("a=1", Action::AddKernelArgument { argument: argument("a=1") })]);
        assert!(run(&same)[0].problem.is_none(), "what is so already is done");
        assert_eq!(host.effects().iter().filter(|effect| effect.contains("loader-entries")).count(), 1);
    }
}
