// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt doctor`: whether everything Bucket needs is there, each with the one next step.
//!
//! Invariant: only looks; every line was checked just now.

use anstyle::Style;
use bkt_core::host::{Host, Invocation};
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::item::Domain;
use bkt_core::kept::base::{Verdict, verify};
use bkt_core::kept::{Report, State as FileState};
use bkt_core::manifest::ManifestError;
use bkt_core::problem::Problem;
use bkt_core::recipe::behind::behind;
use bkt_core::recipe::file;
use bkt_core::session::Snapshot;
use bkt_helper_api::{BUS_NAME, HelperProxy};
use serde::Serialize;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::ui::{BAD, DIM, GOOD, WARN, padded, styled, widest};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warn,
    Fail,
    Skip,
}

impl State {
    fn word(self) -> (String, Style) {
        match self {
            Self::Ok => (gettext("ok"), GOOD),
            Self::Warn => (gettext("warn"), WARN),
            Self::Fail => (gettext("FAIL"), BAD),
            Self::Skip => (gettext("skip"), DIM),
        }
    }
}

#[derive(Debug, Serialize)]
struct Check {
    name: String,
    state: State,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The files it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<Report>,
}

impl Check {
    fn new(name: String, state: State, message: impl Into<String>) -> Self {
        Self { name, state, message: message.into(), hint: None, files: Vec::new() }
    }

    fn hinted(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

/// `bkt doctor`.
pub(super) fn doctor(context: &Context) -> Result<Answer, Failure> {
    let host = context.host()?;
    let mut checks = Vec::new();
    match context.session().and_then(|session| super::run::compare(context, &session)) {
        Err(failure) => {
            checks
                .push(Check::new(gettext("Setup"), State::Fail, failure.problem.message).hinted(failure.problem.hint));
        }
        Ok(snapshot) => {
            checks.push(setup(context, &snapshot));
            checks.push(manifests(&snapshot));
            checks.extend(recipe(&snapshot));
            checks.extend(base(host.as_ref(), &snapshot));
            checks.extend(Domain::ALL.into_iter().map(|domain| readable(&snapshot, domain)));
        }
    }
    checks.push(tool(host.as_ref(), "git", &["--version"]));
    if host.root().is_none() {
        checks.push(helper());
        checks.push(timer(host.as_ref()));
    }
    let count = |state: State| checks.iter().filter(|check| check.state == state).count();
    let exit = if count(State::Fail) > 0 { exit::FAILED } else { exit::DONE };
    let text = lines(&checks) + &totals(count(State::Fail), count(State::Warn));
    let document = json!({"format": "bkt.doctor", "format_version": "1.0", "checks": checks});
    Ok(Answer::new(text, document).exiting(exit))
}

fn setup(context: &Context, snapshot: &Snapshot) -> Check {
    let path = context.environment.short(&snapshot.setup.directory);
    let broken: Vec<&ManifestError> =
        Domain::ALL.into_iter().filter_map(|domain| snapshot.setup.all_declared(domain).err()).collect();
    if let Some(first) = broken.first() {
        let problem = Problem::from(*first);
        return Check::new(gettext("Setup"), State::Fail, problem.message).hinted(problem.hint);
    }
    let values = [("path", &*path), ("count", &snapshot.setup.len().to_string())];
    let warnings = snapshot.comparison.warnings.len();
    let words = ngettext("{path}, valid, {count} entry", "{path}, valid, {count} entries", entries(snapshot));
    let check = Check::new(gettext("Setup"), State::Ok, fill(&words, &values));
    if warnings == 0 {
        return check;
    }
    let words = ngettext(
        "{count} field is not used; ‘bkt status’ names it",
        "{count} fields are not used; ‘bkt status’ names them",
        u32::try_from(warnings).unwrap_or(u32::MAX),
    );
    Check { state: State::Warn, message: fill(&words, &[("count", &warnings.to_string())]), ..check }
}

/// How each file of the setup reads.
fn manifests(snapshot: &Snapshot) -> Check {
    let files = snapshot.setup.reports();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let broken = files.iter().filter(|file| file.state == FileState::Broken).count();
    let noted = files.iter().filter(|file| file.state == FileState::Noted).count();
    let (state, count, words) = match (broken, noted) {
        (0, 0) => {
            (State::Ok, files.len(), ngettext("{count} file is valid", "{count} files are valid", number(files.len())))
        }
        (0, _) => (
            State::Warn,
            noted,
            ngettext("{count} file holds what is not used", "{count} files hold what is not used", number(noted)),
        ),
        _ => (State::Fail, broken, ngettext("{count} file is wrong", "{count} files are wrong", number(broken))),
    };
    let check = Check::new(gettext("Manifests"), state, fill(&words, &[("count", &count.to_string())]));
    let first = files.iter().find_map(|file| file.problems.first().map(|finding| (file.file, finding)));
    let hint = first.map(|(file, finding)| {
        let values = [("file", file), ("line", &finding.line.to_string()), ("what", &finding.message)];
        fill(&gettext("Correct {file} line {line}: {what}"), &values)
    });
    Check { files, ..check }.hinted(hint)
}

/// Whether the recipe says what the setup declares, where there is one.
fn recipe(snapshot: &Snapshot) -> Option<Check> {
    let name = gettext("Recipe");
    let Some(behind) = behind(&snapshot.setup) else {
        let recipe = file::read(&snapshot.setup.directory).ok()?;
        let follows = fill(&gettext("{file} follows the setup"), &[("file", recipe.name)]);
        return Some(Check::new(name, State::Ok, follows));
    };
    let hint = match behind.sentences().as_slice() {
        [one] => one.clone(),
        _ => gettext("‘bkt containerfile check’ names each"),
    };
    let message = match behind.file {
        "" => return Some(Check::new(name, State::Fail, hint)),
        file => fill(&gettext("{file} does not follow the setup"), &[("file", file)]),
    };
    // What differs is drift; what makes following impossible is a fault.
    let state = if behind.problem.is_some() { State::Fail } else { State::Warn };
    Some(Check::new(name, state, message).hinted(Some(hint)))
}

/// Whether what the setup takes for granted in the base image is there.
fn base(host: &dyn Host, snapshot: &Snapshot) -> Option<Check> {
    let assumed = &snapshot.setup.kept.base;
    if assumed.assumptions.is_empty() {
        return None;
    }
    let verified = verify(assumed, host, &snapshot.comparison.system);
    let count = |wanted: &[Verdict]| verified.iter().filter(|one| wanted.contains(&one.state)).count();
    let (gone, unknown) = (count(&[Verdict::Missing, Verdict::Layered]), count(&[Verdict::Unknown]));
    let (state, number, one, many) = match (gone, unknown) {
        (0, 0) => (State::Ok, verified.len(), "{count} assumption holds", "{count} assumptions hold"),
        (0, _) => (
            State::Warn,
            unknown,
            "{count} assumption could not be checked",
            "{count} assumptions could not be checked",
        ),
        _ => (State::Warn, gone, "{count} assumption does not hold", "{count} assumptions do not hold"),
    };
    let words = ngettext(one, many, u32::try_from(number).unwrap_or(u32::MAX));
    let check = Check::new(gettext("Base image"), state, fill(&words, &[("count", &number.to_string())]));
    Some(check.hinted((state != State::Ok).then(|| gettext("‘bkt base verify’ names each"))))
}

fn entries(snapshot: &Snapshot) -> u32 {
    u32::try_from(snapshot.setup.len()).unwrap_or(u32::MAX)
}

fn readable(snapshot: &Snapshot, domain: Domain) -> Check {
    let name = bkt_core::describe::domain(domain);
    let unknown: Vec<_> = snapshot.comparison.unknown.iter().filter(|unknown| unknown.domain == domain).collect();
    let declares = snapshot.setup.all_declared(domain).map_or(true, |declared| !declared.is_empty());
    let Some(first) = unknown.first() else { return Check::new(name, State::Ok, gettext("can be compared")) };
    let state = match (first.item.is_some(), declares) {
        (true, _) => State::Warn,
        (false, true) => State::Fail,
        (false, false) => State::Skip,
    };
    Check::new(name, state, first.problem.message.clone()).hinted(first.problem.hint.clone())
}

fn tool(host: &dyn Host, program: &str, args: &[&str]) -> Check {
    let version = host.run(&Invocation::new(program, args.iter().copied())).and_then(|output| output.success(program));
    match version {
        Ok(said) => Check::new(program.to_owned(), State::Ok, said.lines().next().unwrap_or_default()),
        Err(error) => Check::new(program.to_owned(), State::Warn, error.to_string()),
    }
}

fn helper() -> Check {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let answer = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        runtime.block_on(async {
            let bus = zbus::Connection::system().await.map_err(|error| error.to_string())?;
            let helper = HelperProxy::new(&bus).await.map_err(|error| error.to_string())?;
            helper.status().await.map_err(|error| error.to_string())
        })
    });
    let name = gettext("Helper");
    match answer {
        Ok(status) => {
            let status: serde_json::Value = serde_json::from_str(&status).unwrap_or_default();
            let version = status["version"].as_str().unwrap_or("?").to_owned();
            let values = [("name", BUS_NAME), ("version", &version)];
            Check::new(name, State::Ok, fill(&gettext("{name} answers, version {version}"), &values))
        }
        Err(reason) => {
            let message = fill(&gettext("system changes are unavailable: {reason}"), &[("reason", &reason)]);
            Check::new(name, State::Fail, message).hinted(Some(gettext("Install Bucket’s system part, or use --root")))
        }
    }
}

fn timer(host: &dyn Host) -> Check {
    let name = gettext("Notifications");
    let asked = host.run(&Invocation::new("systemctl", ["--user", "is-enabled", "bkt-check.timer"]));
    match asked.map(|output| output.stdout.trim().to_owned()) {
        Ok(state) if state == "enabled" => {
            Check::new(name, State::Ok, gettext("checked after signing in and every six hours"))
        }
        Ok(_) => Check::new(name, State::Warn, gettext("changes are not looked for by themselves"))
            .hinted(Some("systemctl --user enable --now bkt-check.timer".to_owned())),
        Err(error) => Check::new(name, State::Skip, error.to_string()),
    }
}

fn lines(checks: &[Check]) -> String {
    let wide = widest(checks.iter().map(|check| &check.name));
    let words = widest([State::Ok, State::Warn, State::Fail, State::Skip].map(|state| state.word().0));
    let indent = " ".repeat(words + 4);
    let mut out = String::new();
    for check in checks {
        let (word, style) = check.state.word();
        let word = styled(style, &padded(&word, words));
        let message = &check.message;
        out.push_str(&if words + 4 + wide + message.width() <= 80 {
            format!("{word}  {}  {message}\n", padded(&check.name, wide))
        } else {
            format!("{word}  {}\n{indent}{message}\n", check.name)
        });
        for file in check.files.iter().filter(|file| file.state != FileState::Valid) {
            let state = match file.state {
                FileState::Broken => gettext("wrong"),
                _ => gettext("partly not used"),
            };
            out.push_str(&format!("{indent}{}  {state}\n", file.file));
        }
        if let Some(hint) = &check.hint {
            out.push_str(&format!("{indent}{}\n", styled(DIM, &format!("→ {hint}"))));
        }
    }
    out
}

fn totals(failures: usize, warnings: usize) -> String {
    let count = |n: usize, one: &str, many: &str| {
        let words = ngettext(one, many, u32::try_from(n).unwrap_or(u32::MAX));
        (n > 0).then(|| fill(&words, &[("count", &n.to_string())]))
    };
    let parts = [
        count(failures, "{count} problem", "{count} problems"),
        count(warnings, "{count} warning", "{count} warnings"),
    ];
    let parts = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    if parts.is_empty() { gettext("Everything is there.") } else { fill(&gettext("{parts}."), &[("parts", &parts)]) }
}
