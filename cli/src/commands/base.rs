// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt base`: what the setup takes for granted in the image it builds on, and whether it is there.
//!
//! Invariant: only `assume` and `unassume` write, and only the entries they name.

use bkt_core::deployment::System;
use bkt_core::files;
use bkt_core::host::Host;
use bkt_core::i18n::{fill, gettext, ngettext};
use bkt_core::kept::base::{self, BaseAssumptions, Kind, Verdict, Verified};
use bkt_core::name::PackageName;
use bkt_core::setup::Setup;
use serde_json::{Value as Json, json};

use crate::args::{BaseArgs, BaseCommand};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::ui::{BAD, BOLD, DIM, GOOD, WARN, padded, styled, widest};

/// `bkt base verify|list|info|assume|unassume`.
pub(super) fn base(context: &Context, args: &BaseArgs) -> Result<Answer, Failure> {
    match &args.command {
        BaseCommand::Assume { packages, reason } => edit(context, packages, reason.as_deref(), true),
        BaseCommand::Unassume { packages } => edit(context, packages, None, false),
        BaseCommand::List => {
            let assumed = load(context)?;
            Ok(Answer::new(list(&assumed), document(&assumed, None, json!(assumed.assumptions), false)))
        }
        BaseCommand::Info => {
            let assumed = load(context)?;
            let system = System::probe(context.host()?.as_ref());
            let document = document(&assumed, Some(&system), json!(assumed.assumptions), false);
            Ok(Answer::new(info(&assumed, &system), document))
        }
        BaseCommand::Verify => verify(context),
    }
}

/// The assumptions of the setup; a file that is wrong is not judged by what could be read of it.
fn load(context: &Context) -> Result<BaseAssumptions, Failure> {
    let setup = Setup::load(&context.setup()?).map_err(bkt_core::session::SessionError::from)?;
    if let Some((file, finding)) = setup.kept.problems().find(|(file, _)| *file == base::FILE) {
        let values = [("file", file), ("line", &finding.line.to_string()), ("what", &finding.message)];
        let message = fill(&gettext("{file} line {line}: {what}"), &values);
        return Err(Failure::new(exit::NOT_POSSIBLE, "manifest_invalid", message)
            .hinted(fill(&gettext("Correct {file} and try again"), &[("file", file)])));
    }
    Ok(setup.kept.base)
}

fn document(assumed: &BaseAssumptions, system: Option<&System>, assumptions: Json, verified: bool) -> Json {
    let running = system.and_then(|system| system.booted.as_ref());
    json!({
        "format": "bkt.base",
        "format_version": "1.0",
        "image": {
            "source": assumed.source,
            "last_verified_digest": assumed.last_verified_digest,
            "last_verified_at": assumed.last_verified_at,
            "running": running.and_then(|running| running.image.as_ref()),
            "running_digest": running.and_then(|running| running.digest.as_ref()),
        },
        "assumptions": assumptions,
        "verified": verified,
    })
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Package => gettext("package"),
        Kind::Service => gettext("service"),
        Kind::Path => gettext("path"),
    }
}

fn list(assumed: &BaseAssumptions) -> String {
    if assumed.assumptions.is_empty() {
        return gettext("Nothing is assumed of the base image.");
    }
    let kinds = widest(assumed.assumptions.iter().map(|one| kind(one.kind)));
    let names = widest(assumed.assumptions.iter().filter(|one| one.reason.is_some()).map(|one| &one.name));
    let line = |one: &base::Assumption| {
        let reason = one.reason.as_ref().map_or_else(String::new, |reason| format!("  {}", styled(DIM, reason)));
        let name = if reason.is_empty() { one.name.clone() } else { padded(&one.name, names) };
        format!("{}  {name}{reason}\n", padded(&kind(one.kind), kinds))
    };
    assumed.assumptions.iter().map(line).collect()
}

fn info(assumed: &BaseAssumptions, system: &System) -> String {
    let none = || gettext("not known");
    let running = system.booted.as_ref();
    let rows = [
        (gettext("Base image"), assumed.source.clone().unwrap_or_else(none)),
        (gettext("Verified digest"), assumed.last_verified_digest.clone().unwrap_or_else(none)),
        (gettext("Verified at"), assumed.last_verified_at.clone().unwrap_or_else(none)),
        (gettext("Running image"), running.and_then(|running| running.image.clone()).unwrap_or_else(none)),
        (gettext("Running digest"), running.and_then(|running| running.digest.clone()).unwrap_or_else(none)),
        (gettext("Packages"), assumed.count(Kind::Package).to_string()),
        (gettext("Services"), assumed.count(Kind::Service).to_string()),
        (gettext("Paths"), assumed.count(Kind::Path).to_string()),
    ];
    let wide = widest(rows.iter().map(|(label, _)| label));
    rows.iter().map(|(label, text)| format!("{}  {text}\n", styled(BOLD, &padded(label, wide)))).collect()
}

fn verify(context: &Context) -> Result<Answer, Failure> {
    let assumed = load(context)?;
    let host = context.host()?;
    let system = System::probe(host.as_ref());
    let verified = base::verify(&assumed, host.as_ref() as &dyn Host, &system);
    let count = |wanted: &[Verdict]| verified.iter().filter(|one| wanted.contains(&one.state)).count();
    let (gone, unknown) = (count(&[Verdict::Missing, Verdict::Layered]), count(&[Verdict::Unknown]));
    let exit = match (gone, unknown) {
        (0, 0) => exit::DONE,
        (0, _) => exit::UNCHECKED,
        _ => exit::DIFFERENCES,
    };
    let document = document(&assumed, Some(&system), json!(verified), true);
    Ok(Answer::new(verdicts(&verified, gone, unknown), document).exiting(exit))
}

fn verdicts(verified: &[Verified], gone: usize, unknown: usize) -> String {
    let word = |one: &Verified| match one.state {
        Verdict::Holds => (gettext("holds"), GOOD),
        Verdict::Missing => (gettext("missing"), BAD),
        Verdict::Layered => (gettext("only layered here"), BAD),
        Verdict::Unknown => (gettext("unknown"), WARN),
    };
    let wide = widest(verified.iter().map(|one| word(one).0));
    let kinds = widest(verified.iter().map(|one| kind(one.assumption.kind)));
    let mut out = String::new();
    for one in verified {
        let (said, style) = word(one);
        let state = styled(style, &padded(&said, wide));
        out.push_str(&format!("{state}  {}  {}\n", padded(&kind(one.assumption.kind), kinds), one.assumption.name));
        if let Some(problem) = &one.problem {
            out.push_str(&format!("{}  {}\n", " ".repeat(wide), problem.message));
        }
    }
    let (count, one, many) = match (gone, unknown) {
        (0, 0) if verified.is_empty() => return gettext("Nothing is assumed of the base image."),
        (0, 0) => (verified.len(), "The one assumption holds.", "All {count} assumptions hold."),
        (0, _) => (unknown, "{count} assumption could not be checked.", "{count} assumptions could not be checked."),
        _ => (gone, "{count} assumption does not hold.", "{count} assumptions do not hold."),
    };
    let words = ngettext(one, many, u32::try_from(count).unwrap_or(u32::MAX));
    out + &fill(&words, &[("count", &count.to_string())])
}

fn edit(context: &Context, packages: &[PackageName], reason: Option<&str>, there: bool) -> Result<Answer, Failure> {
    let setup = context.setup()?;
    let path = setup.join(base::FILE);
    let unusable = |error: std::io::Error| {
        let values = [("file", base::FILE), ("reason", &error.to_string())];
        Failure::new(exit::FAILED, "file_unusable", fill(&gettext("{file}: {reason}"), &values))
    };
    let _lock = files::lock(&setup.join("manifests")).map_err(unusable)?;
    let text = files::read(&path).map_err(unusable)?.unwrap_or_default();
    let after = base::edited(&text, packages, reason, there)
        .map_err(|error| Failure::new(exit::FAILED, "manifest_invalid", error.to_string()))?;
    let changes = after != text && (there || !text.is_empty());
    let written = changes && !context.globals.dry_run;
    if written {
        files::replace(&path, after.as_bytes()).map_err(unusable)?;
    }
    let names: Vec<&str> = packages.iter().map(PackageName::as_str).collect();
    let names = bkt_core::describe::names(&names);
    let words = match (changes, context.globals.dry_run, there) {
        (false, _, true) => gettext("{packages} is assumed already."),
        (false, _, false) => gettext("{packages} was not assumed."),
        (true, true, true) => gettext("Would assume {packages} in the base image."),
        (true, true, false) => gettext("Would no longer assume {packages}."),
        (true, false, true) => gettext("Assuming {packages} in the base image."),
        (true, false, false) => gettext("No longer assuming {packages}."),
    };
    let document = json!({
        "format": "bkt.base-edit",
        "format_version": "1.0",
        "file": base::FILE,
        "written": written,
        "packages": packages,
        "assumed": there,
    });
    Ok(Answer::new(fill(&words, &[("packages", &names)]), document))
}
