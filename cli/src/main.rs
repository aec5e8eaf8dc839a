// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt`: this computer and its setup, from a terminal or a script.
//!
//! Invariant: the environment is read here and nowhere else, and every way to end goes through one exit code.

mod args;
mod card;
mod commands;
mod context;
mod delegate;
mod environment;
mod error;
mod interrupt;
mod list;
mod locale;
mod output;
mod privileged;
mod progress;
mod prompt;
mod review;
mod select;
mod ui;

use std::process::ExitCode;

fn main() -> ExitCode {
    locale::init();
    let arguments: Vec<_> = std::env::args_os().collect();
    #[expect(clippy::disallowed_methods, reason = "the one place where the command line reads the environment")]
    let variable = |name: &str| std::env::var_os(name);
    let args = match args::parse(&arguments) {
        Ok(args) => args,
        Err(refused) => return refused.print(),
    };
    let words = arguments.get(1..).unwrap_or_default();
    let context = context::Context::new(args.globals, environment::Environment::new(variable), words);
    let ended = delegate::to_host(&context, args.command.as_ref(), words, variable)
        .and_then(|()| commands::run(&context, args.command));
    context.ui.end(&ended)
}
