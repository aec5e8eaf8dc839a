// SPDX-License-Identifier: GPL-3.0-or-later
//! Making, exporting from, and removing a box: the command lines for distrobox.
//!
//! `distrobox create` hands what it is given to a shell, more than once and without quotes. So a command of a hook
//! that holds anything a shell would act on travels in base64, and elsewhere such a character is refused.
//!
//! Invariant: nothing of a setup runs on the host; what it says is run, if at all, inside the box.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::host::Invocation;
use crate::name::BoxName;
use crate::problem::Problem;
use crate::value::{BoxSource, Words, words};

use super::made::expanded;

/// Where programs of boxes go, below the home.
pub(super) const USUAL_PATH: &str = ".local/bin";

/// Folders that every box looks for programs in.
pub(super) const STANDARD_PATH: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// How a command that travels in base64 ends; `echo` begins it.
pub(super) const RUN: &str = " | base64 -d | sh";

/// Whether a shell, also one that is not told to quote it, leaves text as it is.
fn is_plain(text: &str, also: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_./:=+,@%-".contains(c) || also.contains(c))
}

/// A command of a hook as it travels.
fn encoded(command: &str) -> String {
    let command = command.trim();
    if is_plain(command, " ") && !command.contains("  ") {
        return command.to_owned();
    }
    format!("echo {}{RUN}", STANDARD.encode(command))
}

/// The command of a hook that travelled.
pub(super) fn decoded(text: &str) -> Option<String> {
    match text.strip_prefix("echo ").and_then(|text| text.strip_suffix(RUN)) {
        None => is_plain(text, " ").then(|| text.to_owned()),
        Some(digits) => String::from_utf8(STANDARD.decode(digits).ok()?).ok(),
    }
}

fn hooks(commands: &Words) -> Option<String> {
    let commands: Vec<_> = words(commands).filter(|command| !command.trim().is_empty()).collect();
    let line = commands.into_iter().map(|command| encoded(command)).collect::<Vec<_>>().join(" && ");
    (!line.is_empty()).then_some(line)
}

/// Why a box cannot be made from this; `None` when it can.
pub(super) fn objection(source: &BoxSource) -> Option<String> {
    if source.root == Some(true) {
        return Some("it is to belong to root, and Bucket makes boxes for one person only".to_owned());
    }
    let named = |field: &str, text: &str| {
        let text: String = text.chars().take(80).collect::<String>().escape_debug().to_string();
        Some(format!("distrobox would hand ‘{text}’ in ‘{field}’ to a shell"))
    };
    let lists = [
        ("packages", &source.packages, ""),
        ("volume", &source.volume, "~"),
        ("path", &source.path, "~"),
        ("additional_flags", &source.additional_flags, "~ "),
        ("exported_apps", &source.exported_apps, "~ "),
    ];
    for (field, list, also) in lists {
        let is_option = |word: &str| word.starts_with('-') != (field == "additional_flags");
        if let Some(word) = words(list).find(|word| word.is_empty() || !is_plain(word, also) || is_option(word)) {
            return named(field, word);
        }
    }
    for (name, value) in source.env.iter().flatten() {
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty();
        if !is_name || !is_plain(value, "~") {
            return named("env", &format!("{name}={value}"));
        }
        if name == "PATH" {
            return Some("‘PATH’ is said in ‘path’, not in ‘env’".to_owned());
        }
    }
    let bins = source.bins.clone().unwrap_or_default();
    for path in words(&bins.from).chain(words(&bins.also)).map(String::as_str).chain([bins.to()]) {
        let is_path = path.starts_with('/') || path.starts_with("~/");
        if !is_path || !is_plain(path, "~") || path.split('/').any(|part| part == "..") {
            return Some(format!("‘{}’ in ‘bins’ is not a path", path.escape_debug()));
        }
    }
    None
}

/// Makes a box.
///
/// # Errors
/// Something in it would reach a shell.
pub(super) fn create(name: &BoxName, source: &BoxSource, home: &str) -> Result<Invocation, Problem> {
    if let Some(reason) = objection(source) {
        return Err(Problem::new("box_refused", format!("{name} cannot be made: {reason}")));
    }
    let source = source.clone().map_paths(|text| expanded(text, home));
    let mut create = Invocation::new("distrobox", ["create", "--yes", "--name", name.as_str()]);
    let mut option = |option: &str, value: &str| create.args.extend([option.to_owned(), value.to_owned()]);
    if let Some(image) = &source.image {
        option("--image", image.as_str());
    }
    let packages = words(&source.packages).cloned().collect::<Vec<_>>().join(" ");
    if !packages.is_empty() {
        option("--additional-packages", &packages);
    }
    for (name, commands) in [("--init-hooks", &source.init_hooks), ("--pre-init-hooks", &source.pre_init_hooks)] {
        if let Some(line) = hooks(commands) {
            option(name, &line);
        }
    }
    words(&source.volume).for_each(|volume| option("--volume", volume));
    let path: Vec<&str> = words(&source.path).map(String::as_str).collect();
    if !path.is_empty() {
        let path = path.into_iter().chain(STANDARD_PATH).collect::<Vec<_>>().join(":");
        option("--additional-flags", &format!("--env=PATH={path}"));
    }
    for (name, value) in source.env.iter().flatten() {
        option("--additional-flags", &format!("--env={name}={value}"));
    }
    words(&source.additional_flags).for_each(|flag| option("--additional-flags", flag));
    if source.init == Some(true) {
        create.args.push("--init".to_owned());
    }
    if source.pull == Some(true) {
        create.args.push("--pull".to_owned());
    }
    Ok(create)
}

/// Removes a box; the home stays.
pub(super) fn remove(name: &BoxName) -> Invocation {
    Invocation::new("distrobox", ["rm", "--force", name.as_str()])
}

/// Runs a command in a box.
pub(super) fn inside(name: &BoxName, command: &[&str]) -> Invocation {
    Invocation::new("distrobox", ["enter", "--name", name.as_str(), "--"].iter().chain(command).copied())
}

/// Lists the programs of folders of a box, one path on each line.
pub(super) fn programs(name: &BoxName, folders: &[&str]) -> Invocation {
    let find = ["find"].iter().chain(folders).chain(&["-maxdepth", "1", "!", "-type", "d", "-perm", "/111"]).copied();
    inside(name, &find.collect::<Vec<_>>())
}

/// Exports programs of a box into a folder of the host.
pub(super) fn export(name: &BoxName, to: &str, programs: &[&str]) -> Invocation {
    const EACH: &str = r#"to=$1; shift; for bin; do distrobox-export --bin "$bin" --export-path "$to" || exit; done"#;
    inside(name, &["sh", "-c", EACH, "sh", to].iter().chain(programs).copied().collect::<Vec<_>>())
}

/// Exports an app of a box into the host's menu.
pub(super) fn export_app(name: &BoxName, app: &str) -> Invocation {
    inside(name, &["distrobox-export", "--app", app])
}
