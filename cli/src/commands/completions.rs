// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt completions SHELL`: what packages install, for people who build from source.
//!
//! The grammar is completed by the script itself; names on this computer it asks `bkt complete` for.
//!
//! Invariant: made from the same grammar that parses the arguments.

use clap::{Command, CommandFactory, ValueEnum};
use clap_complete::{Shell as Made, generate};
use clap_complete_nushell::Nushell;
use serde_json::json;

use crate::args::{Args, CompletionsArgs, Shell};
use crate::error::{Answer, Failure, exit};

/// The completion script.
pub(super) fn completions(args: &CompletionsArgs) -> Result<Answer, Failure> {
    let (mut command, mut script) = (visible(&Args::command()), Vec::new());
    let made = match args.shell {
        Shell::Bash => Made::Bash,
        Shell::Elvish => Made::Elvish,
        Shell::Fish => Made::Fish,
        Shell::Powershell => Made::PowerShell,
        Shell::Zsh => Made::Zsh,
        Shell::Nushell => {
            generate(Nushell, &mut command, "bkt", &mut script);
            return answer(args.shell, script);
        }
    };
    generate(made, &mut command, "bkt", &mut script);
    answer(args.shell, script)
}

fn answer(shell: Shell, script: Vec<u8>) -> Result<Answer, Failure> {
    let script =
        String::from_utf8(script).map_err(|error| Failure::new(exit::FAILED, "internal", error.to_string()))?;
    let script = with_values(shell, script);
    let document = json!({
        "format": "bkt.completions",
        "format_version": "1.0",
        "shell": shell.to_possible_value().map(|value| value.get_name().to_owned()),
        "script": script,
    });
    Ok(Answer::new(script, document).verbatim())
}

/// The grammar without the commands hidden from people; the generators would offer them.
fn visible(command: &Command) -> Command {
    // The grammar keeps names for as long as the program runs, and this one ends with the script.
    let kept = |name: &str| -> &'static str { name.to_owned().leak() };
    let mut shown = Command::new(kept(command.get_name()))
        .args(command.get_arguments())
        .subcommands(command.get_subcommands().filter(|below| !below.is_hide_set()).map(visible))
        .visible_aliases(command.get_visible_aliases().map(kept).collect::<Vec<_>>());
    if let Some(about) = command.get_about() {
        shown = shown.about(about.clone());
    }
    shown
}

/// The script, which also asks for names.
fn with_values(shell: Shell, script: String) -> String {
    let function = "_bkt() {\n";
    let asking =
        |values: &str| script.replacen(function, &format!("{values}{function}    _bkt_values \"$1\" && return 0\n"), 1);
    match shell {
        Shell::Bash => asking(include_str!("completions/values.bash")),
        Shell::Zsh => asking(include_str!("completions/values.zsh")),
        Shell::Fish => script + include_str!("completions/values.fish"),
        _ => script,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_that_can_asks_for_names() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = completions(&CompletionsArgs { shell }).unwrap().text;
            assert!(script.matches("_bkt_values").count() >= 2, "{shell:?}");
        }
    }
}
