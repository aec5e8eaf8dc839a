// SPDX-License-Identifier: GPL-3.0-or-later
//! The lines of a build script that say what a manifest can say: packages, COPR projects, unit states.
//!
//! This reads plain commands as people write them in such scripts and understands nothing else: what stands in a
//! condition, a loop or a function, holds a variable or goes through a pipe is left and named by its line.
//!
//! Invariant: nothing is run, and a command is taken only where every word of it is plain.

use super::takeover::Takeover;
use crate::i18n::gettext;
use crate::value::UnitState;

/// Reads a script. With `numbered` each thing is named by its line, else by where the script stands.
pub(super) fn read(takeover: &mut Takeover, at: &str, text: &str, numbered: bool) {
    let mut lines = text.lines().enumerate();
    let mut depth = 0_usize;
    // Where the block that is open was left, to say where it ends.
    let mut block = None;
    while let Some((index, line)) = lines.next() {
        let mut whole = line.trim().to_owned();
        let mut parsed = commands(&whole);
        while parsed == Parsed::Continued {
            let Some((_, next)) = lines.next() else { break };
            if whole.ends_with('\\') {
                whole.pop();
            }
            whole.push(' ');
            whole.push_str(next.trim());
            parsed = commands(&whole);
        }
        let here = if numbered { format!("{at}:{}", index + 1) } else { at.to_owned() };
        let (opened, closed) = nesting(&whole);
        if depth > 0 || opened > 0 {
            let begins = depth == 0;
            depth = (depth + opened).saturating_sub(closed);
            if begins {
                takeover.leave(&here, whole.clone(), gettext("it is a condition, a loop or a function"));
                block = takeover.left.len().checked_sub(1).filter(|_| depth > 0);
            } else if is_telling(&whole) {
                takeover.leave(&here, whole.clone(), gettext("it stands in a condition, a loop or a function"));
            }
            if depth == 0
                && numbered
                && let Some(left) = block.take().and_then(|block| takeover.left.get_mut(block))
            {
                left.at.push_str(&format!("-{}", index + 1));
            }
        } else if let Parsed::Commands(commands) = parsed {
            run(takeover, &here, &commands);
        } else {
            takeover.leave(&here, whole.clone(), gettext("it is not a plain command"));
        }
        if let Some(end) = document(&whole) {
            // Its lines are no commands.
            let _ = lines.by_ref().find(|(_, line)| line.trim() == end);
        }
    }
}

/// Takes the commands of a line; what follows one that is left may depend on it.
fn run(takeover: &mut Takeover, at: &str, commands: &[Vec<String>]) {
    let mut commands = commands.iter().filter(|words| !words.is_empty());
    for words in commands.by_ref() {
        if !command(takeover, at, words) {
            takeover.leave(at, words.join(" "), gettext("it is none of the commands that manifests replace"));
            break;
        }
    }
    for words in commands {
        takeover.leave(at, words.join(" "), gettext("it comes after a command that is left"));
    }
}

/// How many conditions, loops, blocks and functions a line begins and ends.
fn nesting(line: &str) -> (usize, usize) {
    let (mut opened, mut closed) = (0, 0);
    for part in line.split([';', '&', '|']).map(str::trim) {
        let mut words = part.split_whitespace().skip_while(|word| matches!(*word, "then" | "do" | "else" | "!"));
        match words.next() {
            Some("if" | "for" | "while" | "until" | "case" | "select" | "{" | "function") => opened += 1,
            Some("fi" | "done" | "esac" | "}") => closed += 1,
            Some(_) if !part.starts_with('#') && (part.ends_with('{') || part.contains("() {")) => opened += 1,
            _ => {}
        }
    }
    (opened, closed)
}

/// Whether a line inside a block says something that a manifest could, were it outside.
fn is_telling(line: &str) -> bool {
    const PROGRAMS: [&str; 5] = ["dnf", "dnf5", "yum", "rpm-ostree", "systemctl"];
    !line.starts_with('#') && line.split([' ', '\t', ';', '&', '|', '(']).any(|word| PROGRAMS.contains(&word))
}

/// The word that ends a here-document this line begins.
fn document(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("<<")?;
    let rest = rest.trim_start_matches(['-', '<']).trim_start();
    let word: String =
        rest.trim_start_matches(['\'', '"']).chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty() && !line.contains("<<<")).then_some(word)
}

/// A line as commands.
#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    /// Of plain words each.
    Commands(Vec<Vec<String>>),
    /// It goes on with the next line.
    Continued,
    /// There is something else than words in it.
    Other,
}

/// Reads a line; a comment ends it.
fn commands(line: &str) -> Parsed {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut chars = line.chars().peekable();
    let mut plain = true;
    let end = |word: &mut Option<String>, commands: &mut Vec<Vec<String>>| {
        if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
            command.push(word);
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '#' if word.is_none() => break,
            c if c.is_whitespace() => end(&mut word, &mut commands),
            '\'' | '"' => {
                let text = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        None => return Parsed::Continued,
                        Some(next) if next == c => break,
                        Some('\\') if c == '"' => {
                            plain = false;
                            let _ = chars.next();
                        }
                        Some('$' | '`') if c == '"' => plain = false,
                        Some(next) => text.push(next),
                    }
                }
            }
            ';' => {
                end(&mut word, &mut commands);
                commands.push(Vec::new());
            }
            '&' if chars.next_if_eq(&'&').is_some() => {
                end(&mut word, &mut commands);
                commands.push(Vec::new());
            }
            '\\' if chars.peek().is_none() => return Parsed::Continued,
            '\\' => {
                plain = false;
                let _ = chars.next();
            }
            '$' | '`' | '|' | '&' | '<' | '>' | '*' | '?' | '~' | '(' | ')' => {
                plain = false;
                word.get_or_insert_default().push(c);
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    end(&mut word, &mut commands);
    if plain { Parsed::Commands(commands) } else { Parsed::Other }
}

/// Takes what a command says; `false` where it is none that a manifest replaces.
fn command(takeover: &mut Takeover, at: &str, words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).skip_while(|word| *word == "sudo").collect();
    let (Some(program), rest) = (words.first().copied(), words.get(1..).unwrap_or_default()) else {
        return true;
    };
    let plain: Vec<&str> = rest.iter().copied().filter(|word| !word.starts_with('-')).collect();
    match (program, plain.as_slice()) {
        ("dnf" | "dnf5" | "yum", ["copr", "enable", project, ..]) => {
            takeover.copr(at, project);
            true
        }
        // Bucket turns them off itself in the final image.
        ("dnf" | "dnf5" | "yum", ["copr", "disable" | "remove", ..] | ["clean" | "makecache", ..]) => true,
        ("dnf" | "dnf5" | "yum", ["group", "install", groups @ ..] | ["groupinstall", groups @ ..])
            if only(rest, &["-y", "--assumeyes"]) =>
        {
            groups.iter().for_each(|group| takeover.group(at, group));
            true
        }
        ("dnf" | "dnf5" | "yum" | "rpm-ostree", ["install", packages @ ..])
            if rest.iter().all(|word| is_harmless(word)) =>
        {
            packages.iter().for_each(|package| takeover.package(at, package));
            rest.iter().filter_map(|word| excluded(word)).for_each(|name| takeover.exclude(at, name));
            true
        }
        ("systemctl", [verb @ ("enable" | "disable" | "mask"), units @ ..])
            if only(rest, &["--now", "-f", "--force", "--system", "--quiet"]) =>
        {
            let state = match *verb {
                "enable" => UnitState::Enabled,
                "disable" => UnitState::Disabled,
                _ => UnitState::Masked,
            };
            units.iter().for_each(|unit| takeover.unit(at, unit, state));
            true
        }
        // What a script says of itself, and what the recipe does by itself.
        ("set" | "echo" | ":" | "true" | "exit" | "shopt", _) => true,
        ("ostree", ["container", "commit"]) | ("bootc", ["container", "lint"]) => true,
        _ => false,
    }
}

/// Whether a command has no options but these.
fn only(words: &[&str], known: &[&str]) -> bool {
    words.iter().filter(|word| word.starts_with('-')).all(|word| known.contains(word))
}

/// Whether a word of an installation is a name, or an option that the recipe's section has or needs not. A COPR that
/// is enabled for this command alone is enabled by the section, too.
fn is_harmless(word: &str) -> bool {
    !word.starts_with('-')
        || ["-y", "--assumeyes", "-q", "--quiet", "--idempotent", "--allow-inactive", "--refresh"].contains(&word)
        || word.starts_with("--enablerepo=copr:")
        || excluded(word).is_some()
}

/// The one package that an option leaves out.
fn excluded(word: &str) -> Option<&str> {
    word.strip_prefix("--exclude=").or_else(|| word.strip_prefix("-x=")).filter(|name| !name.contains([',', '*']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(script: &str) -> (Vec<String>, Vec<String>) {
        let mut takeover = Takeover::default();
        read(&mut takeover, "build.sh", script, true);
        let taken = takeover.taken.iter().map(|taken| format!("{} {}", taken.at, taken.item));
        (
            taken.chain(takeover.groups()).collect(),
            takeover.left.iter().map(|left| format!("{} {}", left.at, left.what)).collect(),
        )
    }

    #[test]
    fn plain_commands_are_taken_with_their_lines() {
        let (taken, left) = told(
            "#!/bin/bash\nset -ouex pipefail\n\n# Editors\ndnf5 install -y neovim \\\n    'helix' micro  # small\n\
             dnf5 -y copr enable atim/starship && dnf5 -y install starship; dnf5 -y copr disable atim/starship\n\
             dnf -y group install virtualization\ndnf5 install -y @c-development --exclude=gcc-go\n\
             systemctl enable podman.socket tailscaled\nsystemctl mask abrtd\ndnf5 clean all\n",
        );
        assert_eq!(
            taken,
            [
                "build.sh:5 pkg:neovim",
                "build.sh:5 pkg:helix",
                "build.sh:5 pkg:micro",
                "build.sh:7 copr:atim/starship",
                "build.sh:7 pkg:starship",
                "build.sh:10 unit:podman.socket",
                "build.sh:10 unit:tailscaled.service",
                "build.sh:11 unit:abrtd.service",
                "@virtualization",
                "@c-development",
            ]
        );
        assert_eq!(left, Vec::<String>::new());
    }

    #[test]
    fn everything_else_is_left_and_named() {
        let (taken, left) = told(
            "dnf5 install -y $PACKAGES\nif [ \"$X\" = 1 ]; then\n  dnf5 install -y inside\nfi\ninstall_it() {\n  dnf install -y also\n}\n\
             curl -fsS https://example.org/x | sh\ndnf5 install -y https://example.org/x.rpm\n\
             dnf5 install -y --repofrompath=x,y thing\ncat > /etc/x <<'EOF'\ndnf install -y in-a-document\nEOF\n\
             dnf5 remove -y firefox\nsystemctl --global enable x.service\ncp -r /ctx/files/. /\nsystemctl enable 'a b'\n\
             echo \"a sentence\ndnf install -y in-a-sentence\n\"\n[[ -f /x ]] && dnf install -y depending\n\
             while read x; do\n  dnf install -y $x\ndone < list\ntest -f /x || dnf install -y other\n\
             for x in a; do dnf install -y looped; done\ndnf5 install -y after\n",
        );
        assert_eq!(taken, ["build.sh:27 pkg:after"]);
        assert_eq!(
            left,
            [
                "build.sh:1 dnf5 install -y $PACKAGES",
                "build.sh:2-4 if [ \"$X\" = 1 ]; then",
                "build.sh:3 dnf5 install -y inside",
                "build.sh:5-7 install_it() {",
                "build.sh:6 dnf install -y also",
                "build.sh:8 curl -fsS https://example.org/x | sh",
                "build.sh:9 https://example.org/x.rpm",
                "build.sh:10 dnf5 install -y --repofrompath=x,y thing",
                "build.sh:11 cat > /etc/x <<'EOF'",
                "build.sh:14 dnf5 remove -y firefox",
                "build.sh:15 systemctl --global enable x.service",
                "build.sh:16 cp -r /ctx/files/. /",
                "build.sh:17 a b.service",
                "build.sh:21 [[ -f /x ]]",
                "build.sh:21 dnf install -y depending",
                "build.sh:22-24 while read x; do",
                "build.sh:23 dnf install -y $x",
                "build.sh:25 test -f /x || dnf install -y other",
                "build.sh:26 for x in a; do dnf install -y looped; done",
            ]
        );
    }
}
