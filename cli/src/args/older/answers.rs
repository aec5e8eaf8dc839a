// SPDX-License-Identifier: GPL-3.0-or-later
//! What is said of commands and options that have another name now, or are there no longer.

use bkt_core::i18n::gettext;

use super::positions;
use crate::args::kinds;
use crate::context::typed;

/// What replaces what was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// This command.
    Command(String),
    /// What this says; commands in it stand between quotes.
    Sentence(String),
}

/// Commands that are called otherwise in any case.
const COMMANDS: [(&str, &str); 2] = [("bootstrap", "bkt first-boot"), ("sync", "bkt apply")];

/// The words of a line.
struct Line<'w> {
    words: &'w [&'w str],
    at: Vec<usize>,
}

impl<'w> Line<'w> {
    fn word(&self, n: usize) -> &'w str {
        self.at.get(n).map_or("", |at| self.words[*at])
    }

    fn has(&self, option: &str) -> bool {
        self.words.contains(&option)
    }

    /// The value of an option.
    fn value(&self, options: &[&str]) -> Option<&'w str> {
        let long = |word: &&'w str| {
            let (option, value) = word.split_once('=')?;
            options.contains(&option).then_some(value)
        };
        let next = self.words.windows(2).find(|pair| options.contains(&pair[0])).map(|pair| pair[1]);
        next.or_else(|| self.words.iter().find_map(long))
    }

    /// All that follows the first words, as it was typed.
    fn rest(&self, from: usize) -> String {
        let after = from.checked_sub(1).and_then(|last| self.at.get(last)).map_or(1, |at| at + 1);
        self.words[after.min(self.words.len())..].iter().map(|word| format!(" {}", typed(word))).collect()
    }

    /// The names that follow the first words, or where they would stand.
    fn names(&self, from: usize, kind: &str) -> String {
        let names: String = (from..self.at.len()).map(|n| format!(" {}", typed(self.word(n)))).collect();
        if names.is_empty() { format!(" {kind}") } else { names }
    }
}

/// What is said of a line in which a word is refused; nothing where that is no older one.
pub(super) fn answer(words: &[&str], refused: &str) -> Option<Answer> {
    let line = Line { words, at: positions(words) };
    let command = |text: String| Some(Answer::Command(text));
    of_command(&line).or_else(|| of_option(&line, refused)).or_else(|| {
        let first = line.word(0);
        COMMANDS.iter().find(|(old, _)| *old == first).and_then(|(_, new)| command((*new).to_owned()))
    })
}

fn of_command(line: &Line<'_>) -> Option<Answer> {
    let command = |text: String| Some(Answer::Command(text));
    let sentence = |text: String| Some(Answer::Sentence(text));
    match (line.word(0), line.word(1)) {
        ("upgrade", _) if line.has("--fetch") => command("bkt admin bootc upgrade".to_owned()),
        ("upgrade", _) => command("bkt system staged".to_owned()),
        ("try", _) => command(tried(line)),
        ("profile", "capture") => command("bkt drift --json".to_owned()),
        ("profile", "unowned") => sentence(gettext("files of no package are listed for /etc alone, by ‘bkt etc list’")),
        ("profile", _) => {
            let only = line.value(&["-s", "--section"]).and_then(|word| kinds::kind(word).ok());
            command(only.map_or_else(|| "bkt drift".to_owned(), |kind| format!("bkt drift --only {kind}")))
        }
        ("migrate", _) => sentence(gettext(
            "only manifests of the setup are read: move those in ~/.config/bootc into its ‘manifests’ folder, then see ‘bkt status’",
        )),
        ("wrap", _) => sentence(gettext(
            "Bucket builds no wrappers: what builds them stays in the Containerfile, outside the managed sections; ‘bkt doctor’ checks image-config.json",
        )),
        ("tune", _) => sentence(gettext(
            "there is no such command now: ‘bkt admin kargs’ has kernel arguments, ‘bkt etc’ files such as those in /etc/sysctl.d",
        )),
        ("admin", "daemon") => {
            sentence(gettext("no daemon is needed: in a container ‘bkt’ runs on the host by itself"))
        }
        ("base", "snapshot") => command("bkt base assume NAME".to_owned()),
        ("build-info", "generate") => {
            let range = match (line.value(&["--from"]), line.value(&["--to"])) {
                (Some(from), Some(to)) => format!(" {}", typed(&format!("{from}..{to}"))),
                (Some(from), None) => format!(" {}", typed(from)),
                (None, Some(to)) => format!(" {}", typed(&format!("{to}~1..{to}"))),
                (None, None) => String::new(),
            };
            command(format!("bkt build-info{range}"))
        }
        ("build-info", "render") => command("bkt build-info".to_owned()),
        ("build-info", "summary") => command("bkt build-info --annotations".to_owned()),
        ("upstream", "check" | "update" | "add" | "pin" | "remove" | "lock" | "generate") => sentence(gettext(
            "Bucket changes no pins: they stand in upstream/manifest.json, and ‘bkt upstream verify’ checks them",
        )),
        ("containerfile", "generate") => command("bkt containerfile sync".to_owned()),
        ("changelog", "generate") => command(format!("bkt changelog add{} -n", line.rest(2))),
        ("drift", "status" | "monitor") => command("bkt drift".to_owned()),
        ("drift", "explain") => command("bkt diff".to_owned()),
        ("drift", "resolve") => command("bkt apply".to_owned()),
        ("system" | "sys", "add") => command(format!("bkt dnf install{}", line.names(2, "NAME"))),
        ("system" | "sys", "remove") => command(format!("bkt dnf remove{}", line.names(2, "NAME"))),
        ("system" | "sys", "list") => command("bkt dnf list".to_owned()),
        ("system" | "sys", "capture") => command("bkt capture pkg".to_owned()),
        ("system" | "sys", "copr") => command(match line.word(2) {
            verb @ ("enable" | "disable") => format!("bkt copr {verb}{}", line.names(3, "OWNER/PROJECT")),
            _ => "bkt copr list".to_owned(),
        }),
        ("gsetting" | "gs", "capture") => {
            let keys = match (line.word(2), line.value(&["-k", "--key"])) {
                ("", _) => "gsetting".to_owned(),
                (schema, Some(key)) => format!("gsetting:{schema}/{key}"),
                (schema, None) => format!("gsetting:{schema}/*"),
            };
            command(format!("bkt capture {}", typed(&keys)))
        }
        (kind, "capture") => command(format!("bkt capture {}", kinds::kind(kind).ok()?)),
        _ => None,
    }
}

/// `bkt try` with its options.
fn tried(line: &Line<'_>) -> String {
    if let Some(name) = line.value(&["--remove"]) {
        return format!("bkt dnf remove {} --here-only", typed(name));
    }
    if let Some(name) = line.value(&["--cleanup"]) {
        return format!("bkt local clear {}", typed(&format!("pkg:{name}")));
    }
    if line.has("--status") {
        return "bkt local list".to_owned();
    }
    format!("bkt dnf install{} --here-only", line.names(1, "NAME"))
}

fn of_option(line: &Line<'_>, refused: &str) -> Option<Answer> {
    let command = |text: String| Some(Answer::Command(text));
    let sentence = |text: String| Some(Answer::Sentence(text));
    // What -n was, beside --dry-run, in two commands.
    let named = |with: &str| {
        let words = line.words[1..].iter().map(|word| if *word == "-n" { with.to_owned() } else { typed(word) });
        words.fold("bkt".to_owned(), |text, word| format!("{text} {word}"))
    };
    let is_name = line.value(&["-n"]) == Some(refused);
    match (line.word(0), line.word(1)) {
        ("dnf", _) if refused == "--context" && line.value(&["--context"]) == Some("dev") => {
            command(format!("bkt dev{}", line.rest(1)))
        }
        _ if refused == "--context" => sentence(gettext(
            "commands that change something have --setup-only for the setup alone; ‘bkt dev’ is about a development container",
        )),
        _ if refused == "--local" => sentence(gettext(
            "commands that add and remove things have --here-only; ‘bkt local’ lists what was changed in this way",
        )),
        ("apply", _) if refused == "--prune-appimages" => command("bkt apply appimage".to_owned()),
        ("doctor", _) if refused == "--fix" => {
            sentence(gettext("‘bkt doctor’ says what helps with each finding, and runs nothing itself"))
        }
        ("gsetting" | "gs", "set" | "add") if matches!(refused, "-c" | "--comment") => sentence(gettext(
            "Bucket writes no comments: what you write beside the entry in manifests/gsettings.json is kept",
        )),
        ("dev", "enter") if is_name => command(named("--box")),
        ("appimage" | "ai", "add") if is_name => command(named("--name")),
        _ => None,
    }
}
